//! Word documents as one XML file, which office systems save under `.doc`: Word 2003 XML (`w:wordDocument`), and the flat
//! form of a docx (`pkg:package`).
//!
//! Source: WordprocessingML of Office 2003; ECMA-376 parts as `pkg:part` ([MS-OFFMACRO2] has the namespace).

use std::collections::HashMap;

use quick_xml::events::Event;

use super::walk::Walk;
use crate::model::grid::Document;
use crate::model::mail::Oddity;
use crate::read::limits::Limits;
use crate::read::workbook::package::damaged;
use crate::read::workbook::xml;

/// Namespaces that tell the two.
const WORD_2003: &str = "schemas.microsoft.com/office/word/2003/wordml";
const PACKAGE: &str = "schemas.microsoft.com/office/2006/xmlPackage";

/// Whether an XML file is one of these, by its beginning.
#[must_use]
pub fn is_word(text: &str) -> bool {
    let head: String = text.chars().take(8_192).collect();
    head.contains(WORD_2003) || head.contains(PACKAGE)
}

/// Reads such a document.
///
/// # Errors
/// `Damaged` where it is cut off or holds no text part, `TooLarge`.
pub fn read(text: &str, limits: &Limits) -> Result<Document, Oddity> {
    let head: String = text.chars().take(8_192).collect();
    if !head.contains(PACKAGE) {
        let document = Walk::new(text, HashMap::new(), limits).only_whole_rows().run()?;
        return if whole(text) { Ok(document) } else { Err(damaged()) };
    }
    let main = part(text, |kind| kind.contains("wordprocessingml") && kind.contains(".main")).ok_or_else(damaged)?;
    let mut document = Walk::new(main, HashMap::new(), limits).run()?;
    document.pages = part(text, |kind| kind.contains("extended-properties")).and_then(super::pages_in);
    Ok(document)
}

/// Whether the outermost element is closed.
fn whole(text: &str) -> bool {
    text.trim_end_matches(|last: char| last.is_whitespace() || last == '\0').ends_with("wordDocument>")
}

/// The XML of the first part of such a content type.
fn part(text: &str, wanted: impl Fn(&str) -> bool) -> Option<&str> {
    let mut reader = xml::reader(text);
    loop {
        match reader.read_event().ok()? {
            Event::Start(element) if element.local_name().as_ref() == "part" => {
                let kind = xml::attribute(&element, "contentType").unwrap_or_default();
                if wanted(&kind) {
                    let span = reader.read_to_end(element.name()).ok()?;
                    let (start, end) = (usize::try_from(span.start).ok()?, usize::try_from(span.end).ok()?);
                    return text.get(start..end);
                }
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}
