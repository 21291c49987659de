//! Word documents (docx): the paragraphs in reading order, and the tables as grids beside them.
//!
//! Source: ECMA-376 part 1, 17.3 (paragraphs and runs), 17.4 (tables), 17.13.5 (revisions: what was inserted counts,
//! what was deleted does not).

mod assembly;
pub mod binary;
mod edges;
pub mod flat;
mod red_head;
pub mod rich;
mod shelf;
mod symbols;
mod table;
mod walk;

use std::collections::HashMap;

use quick_xml::events::Event;

use self::walk::Walk;
use super::limits::Limits;
use super::workbook::package::{Package, damaged};
use super::workbook::xml;
use super::{charset, sniff};
use crate::model::grid::Document;
use crate::model::mail::{Content, Kind, Oddity, OddityCode};

/// More tables than this no report has.
const TABLES: usize = 1000;

/// Reads a docx.
///
/// Automatic numbers of paragraphs, headers, footers and notes are left out, but for a document's head that stands in
/// the header of its page; text boxes stand where they are anchored.
///
/// # Errors
/// `PasswordProtected`, `Damaged`, `TooLarge`, `Bomb`.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Document, Oddity> {
    let mut package = Package::open(bytes, limits)?;
    let (main, body) = main_part(&mut package)?;
    let text = xml::decode(&body);
    let relations = relations_of(&mut package, &main);
    let chunks = if text.contains("altChunk") {
        chunks(&mut package, &main, relations.as_slice(), limits)?
    } else {
        HashMap::new()
    };
    let mut document = Walk::new(&text, chunks, limits).run()?;
    if let Some(head) = head_in_header(&mut package, &main, &relations, limits) {
        red_head::put_before(head, &mut document.paragraphs);
    }
    // The count Word kept when it last saved; a hint that may be stale or missing.
    document.pages = package.member("docProps/app.xml").ok().flatten().and_then(|app| pages_in(&xml::decode(&app)));
    Ok(document)
}

/// The part that holds the text, with its name: by the package's relationships, by its type, or where it usually is.
fn main_part(package: &mut Package<'_>) -> Result<(String, Vec<u8>), Oddity> {
    let by_relation = package
        .member("_rels/.rels")?
        .and_then(|relations| {
            let relations = relations_in(&xml::decode(&relations));
            relations.into_iter().find(|relation| relation.kind.ends_with("/officeDocument"))
        })
        .map(|relation| relation.target);
    let by_type = package.member("[Content_Types].xml")?.and_then(|types| typed_main(&xml::decode(&types)));
    for name in by_relation.into_iter().chain(by_type).chain(["word/document.xml".to_owned()]) {
        if let Some(body) = package.member(&name)? {
            return Ok((name, body));
        }
    }
    Err(damaged())
}

/// One relationship of a part.
struct Relation {
    id: String,
    kind: String,
    target: String,
}

impl Relation {
    /// The name of the part it leads to, from the part it belongs to.
    fn member(&self, from: &str) -> String {
        match (self.target.strip_prefix('/'), from.rsplit_once('/')) {
            (Some(absolute), _) => absolute.to_owned(),
            (None, Some((folder, _))) => format!("{folder}/{}", self.target),
            (None, None) => self.target.clone(),
        }
    }
}

/// The relationships of a part.
fn relations_of(package: &mut Package<'_>, part: &str) -> Vec<Relation> {
    let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
    let relations = package.member(&format!("{folder}/_rels/{file}.rels")).ok().flatten();
    relations.map(|relations| relations_in(&xml::decode(&relations))).unwrap_or_default()
}

/// The lines of a page header that holds the document's head.
fn head_in_header(
    package: &mut Package<'_>,
    main: &str,
    relations: &[Relation],
    limits: &Limits,
) -> Option<Vec<String>> {
    const MOST: usize = 6;
    relations.iter().filter(|relation| relation.kind.ends_with("/header")).take(MOST).find_map(|relation| {
        let header = package.member(&relation.member(main)).ok()??;
        let lines = Walk::new(&xml::decode(&header), HashMap::new(), limits).fragment().ok()?.paragraphs;
        red_head::is_head(&lines).then_some(lines)
    })
}

fn relations_in(text: &str) -> Vec<Relation> {
    const MOST: usize = 10_000;
    let mut reader = xml::reader(text);
    let mut found = Vec::new();
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Start(element) if element.local_name().as_ref() == "Relationship" => {
                let told = |name: &str| xml::attribute(&element, name).unwrap_or_default();
                found.push(Relation { id: told("Id"), kind: told("Type"), target: told("Target") });
            }
            Event::Eof => break,
            _ => {}
        }
        if found.len() >= MOST {
            break;
        }
    }
    found
}

/// The part whose content type is a Word document's or template's, with or without macros.
fn typed_main(text: &str) -> Option<String> {
    let mut reader = xml::reader(text);
    loop {
        match reader.read_event().ok()? {
            Event::Start(element) if element.local_name().as_ref() == "Override" => {
                let kind = xml::attribute(&element, "ContentType").unwrap_or_default();
                let word = kind.contains("wordprocessingml") || kind.contains("ms-word");
                if word && kind.contains(".main") {
                    return xml::attribute(&element, "PartName");
                }
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

/// Pages and texts that stand in the document as they are (`altChunk`, 17.17.2): some office systems put the whole text
/// into one. What one of them holds is not looked into again.
///
/// # Errors
/// `UnreadKind` where one cannot be read: nobody must think the rest were all.
fn chunks(
    package: &mut Package<'_>,
    main: &str,
    relations: &[Relation],
    limits: &Limits,
) -> Result<HashMap<String, Document>, Oddity> {
    const MOST: usize = 100;
    let mut found = HashMap::new();
    for relation in relations.iter().filter(|relation| relation.kind.ends_with("/aFChunk")).take(MOST) {
        let name = relation.member(main);
        let bytes = package.member(&name)?.unwrap_or_default();
        let chunk = match sniff::kind(&bytes, &name) {
            Kind::Html => match super::piece::html(&bytes, limits)? {
                Content::Document(document) => Some(document),
                Content::Workbook(tables) => {
                    Some(Document { has_text: !tables.is_empty(), tables, ..Document::default() })
                }
                Content::Nothing => None,
            },
            Kind::Rtf => rich::read(&bytes, limits).ok(),
            Kind::Text | Kind::Csv => Some(super::piece::plain(&charset::guess(&bytes), limits)?),
            Kind::Docx => inner(&bytes, limits),
            _ => None,
        };
        let chunk = chunk.ok_or_else(|| {
            Oddity::new(OddityCode::UnreadKind, "文档的正文是嵌入的另一个文件，不能自动打开，请人工查看")
        })?;
        found.insert(relation.id.clone(), chunk);
    }
    Ok(found)
}

/// A docx inside a docx.
fn inner(bytes: &[u8], limits: &Limits) -> Option<Document> {
    let mut package = Package::open(bytes, limits).ok()?;
    let (_, body) = main_part(&mut package).ok()?;
    Walk::new(&xml::decode(&body), HashMap::new(), limits).run().ok()
}

/// `<Pages>` of the application's properties.
fn pages_in(text: &str) -> Option<u32> {
    let mut reader = xml::reader(text);
    loop {
        match reader.read_event().ok()? {
            Event::Start(element) if element.local_name().as_ref() == "Pages" => {
                let Event::Text(count) = reader.read_event().ok()? else { return None };
                return count.trim().parse().ok().filter(|pages| *pages > 0);
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
