//! Word documents (docx): the paragraphs in reading order, and the tables as grids beside them.
//!
//! Source: ECMA-376 part 1, 17.3 (paragraphs and runs), 17.4 (tables), 17.13.5 (revisions: what was inserted counts,
//! what was deleted does not).

mod assembly;
pub mod binary;
mod edges;
pub mod flat;
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
use crate::model::mail::{Content, Kind, Oddity};

/// More tables than this no report has.
const TABLES: usize = 1000;

/// Reads a docx.
///
/// Automatic numbers of paragraphs, headers, footers and notes are left out; text boxes stand where they are anchored.
///
/// # Errors
/// `PasswordProtected`, `Damaged`, `TooLarge`, `Bomb`.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Document, Oddity> {
    let mut package = Package::open(bytes, limits)?;
    let (main, body) = main_part(&mut package)?;
    let text = xml::decode(&body);
    let chunks = if text.contains("altChunk") { chunks(&mut package, &main, limits) } else { HashMap::new() };
    let mut document = Walk::new(&text, chunks, limits).run()?;
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
fn chunks(package: &mut Package<'_>, main: &str, limits: &Limits) -> HashMap<String, Document> {
    const MOST: usize = 100;
    let (folder, file) = main.rsplit_once('/').unwrap_or(("", main));
    let relations = package.member(&format!("{folder}/_rels/{file}.rels")).ok().flatten();
    let relations = relations.map(|relations| relations_in(&xml::decode(&relations))).unwrap_or_default();
    let mut found = HashMap::new();
    for relation in relations.into_iter().filter(|relation| relation.kind.ends_with("/aFChunk")).take(MOST) {
        let name = match relation.target.strip_prefix('/') {
            Some(absolute) => absolute.to_owned(),
            None => format!("{folder}/{}", relation.target),
        };
        let Some(bytes) = package.member(&name).ok().flatten() else { continue };
        let chunk = match sniff::kind(&bytes, &name) {
            Kind::Html => match super::piece::html(&bytes, limits) {
                Content::Document(document) => Some(document),
                Content::Workbook(tables) => {
                    Some(Document { has_text: !tables.is_empty(), tables, ..Document::default() })
                }
                Content::Nothing => None,
            },
            Kind::Rtf => rich::read(&bytes, limits).ok(),
            Kind::Text | Kind::Csv => Some(super::piece::plain(&charset::guess(&bytes), limits)),
            Kind::Docx => inner(&bytes, limits),
            _ => None,
        };
        found.extend(chunk.map(|chunk| (relation.id, chunk)));
    }
    found
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
