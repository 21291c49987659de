//! XML edited as text: found by a strict reader, changed at places, everything between left as it stands.

use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::Unfit;
use crate::read::workbook::xml;

/// Nesting deeper than this no part of a workbook has.
const DEPTH: usize = 200;

/// One event with where it stands.
pub(super) struct Seen<'e, 't> {
    pub(super) event: &'e Event<'t>,
    /// In octets of the text.
    pub(super) range: Range<usize>,
    /// Local names of the elements around it, outermost first; of an end, without its own.
    pub(super) around: &'e [String],
}

impl<'t> Seen<'_, 't> {
    /// The tag that opens an element here, and whether the element is empty.
    pub(super) fn opened(&self) -> Option<(&BytesStart<'t>, bool)> {
        match self.event {
            Event::Start(tag) => Some((tag, false)),
            Event::Empty(tag) => Some((tag, true)),
            _ => None,
        }
    }

    /// Whether it stands in exactly these elements.
    pub(super) fn is_in(&self, path: &[&str]) -> bool {
        self.around.len() == path.len() && self.around.iter().zip(path).all(|(one, other)| one == other)
    }

    /// Whether it opens this element.
    pub(super) fn opens(&self, name: &str) -> bool {
        self.opened().is_some_and(|(tag, _)| tag.local_name().as_ref() == name)
    }

    /// Whether it closes this element.
    pub(super) fn closes(&self, name: &str) -> bool {
        matches!(self.event, Event::End(tag) if tag.local_name().as_ref() == name)
    }
}

/// Goes through a well-formed document.
///
/// # Errors
/// Where it is not well-formed, or declares a document type, or `visit` has enough.
pub(super) fn walk<'t>(text: &'t str, mut visit: impl FnMut(&Seen<'_, 't>) -> Result<(), Unfit>) -> Result<(), Unfit> {
    let mut reader = Reader::from_str(text);
    let mut around: Vec<String> = Vec::new();
    let mut from = 0;
    loop {
        let event = reader.read_event().map_err(|_| Unfit("not well-formed"))?;
        let to = usize::try_from(reader.buffer_position()).map_err(|_| Unfit("too large"))?;
        match &event {
            Event::DocType(_) => return Err(Unfit("a document type")),
            Event::Eof => return if around.is_empty() { Ok(()) } else { Err(Unfit("not well-formed")) },
            Event::End(_) => {
                around.pop();
            }
            _ => {}
        }
        visit(&Seen { event: &event, range: from..to, around: &around })?;
        if let Event::Start(tag) = &event {
            around.push(tag.local_name().as_ref().to_owned());
            if around.len() > DEPTH {
                return Err(Unfit("nested too deep"));
            }
        }
        from = to;
    }
}

/// The prefix of an element's name with its colon, or nothing.
pub(super) fn prefix_of(tag: &BytesStart<'_>) -> String {
    tag.name().as_ref().split_once(':').map(|(prefix, _)| format!("{prefix}:")).unwrap_or_default()
}

/// A whole number in an attribute without a prefix; `None` where it is absent.
///
/// # Errors
/// Where it is no number.
pub(super) fn number(tag: &BytesStart<'_>, name: &str) -> Result<Option<u32>, Unfit> {
    match own_attribute(tag, name) {
        Some(value) => value.trim().parse().map(Some).map_err(|_| Unfit("no number")),
        None => Ok(None),
    }
}

/// An attribute without a prefix.
pub(super) fn own_attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let is_own = tag.attributes().with_checks(false).flatten().any(|attribute| attribute.key.as_ref() == name);
    is_own.then(|| xml::attribute(tag, name)).flatten()
}

/// The tag again with these attributes set or, where there is no value, left out.
///
/// # Errors
/// Where its attributes cannot be told apart.
pub(super) fn tag_with(tag: &BytesStart<'_>, empty: bool, changes: &[(&str, Option<&str>)]) -> Result<String, Unfit> {
    let mut out = format!("<{}", tag.name().as_ref());
    for attribute in tag.attributes().with_checks(false) {
        let attribute = attribute.map_err(|_| Unfit("not well-formed"))?;
        let key = attribute.key.as_ref();
        if !changes.iter().any(|(changed, _)| *changed == key) {
            // As it stood, still escaped; it may have stood between single quotes.
            out.push_str(&format!(" {key}=\"{}\"", attribute.value.replace('"', "&quot;")));
        }
    }
    for (key, value) in changes {
        if let Some(value) = value {
            out.push_str(&format!(" {key}=\"{value}\""));
        }
    }
    out.push_str(if empty { "/>" } else { ">" });
    Ok(out)
}

/// Changes to a text, none inside another.
#[derive(Default)]
pub(super) struct Edits(Vec<(Range<usize>, String)>);

impl Edits {
    pub(super) fn replace(&mut self, range: Range<usize>, by: String) {
        self.0.push((range, by));
    }

    /// Of several insertions at one place the first comes first.
    pub(super) fn insert(&mut self, at: usize, what: String) {
        self.0.push((at..at, what));
    }

    /// The text with all of them.
    ///
    /// # Errors
    /// Where two overlap.
    pub(super) fn apply(mut self, text: &str) -> Result<String, Unfit> {
        self.0.sort_by_key(|(range, _)| (range.start, range.end));
        let mut out = String::with_capacity(text.len() + 1_024);
        let mut at = 0;
        for (range, by) in self.0 {
            out.push_str(text.get(at..range.start).ok_or(Unfit("edits that overlap"))?);
            out.push_str(&by);
            at = range.end;
        }
        out.push_str(text.get(at..).ok_or(Unfit("edits that overlap"))?);
        Ok(out)
    }
}
