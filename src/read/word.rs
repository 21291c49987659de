//! Word documents (docx): the paragraphs in reading order, and the tables as grids beside them.
//!
//! Source: ECMA-376 part 1, 17.3 (paragraphs and runs), 17.4 (tables), 17.13.5 (revisions: what was inserted counts,
//! what was deleted does not).

mod table;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use self::table::{CellShape, Merging, Table};
use super::limits::Limits;
use super::workbook::Budget;
use super::workbook::package::{Package, damaged, too_large};
use super::workbook::xml;
use crate::model::grid::{Document, Sheet};
use crate::model::mail::Oddity;

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
    let main = main_part(&mut package)?;
    let body = package.member(&main)?.ok_or_else(damaged)?;
    let text = xml::decode(&body);
    let mut document = Walk::new(&text, limits).run()?;
    // The count Word kept when it last saved; a hint that may be stale or missing.
    document.pages = package.member("docProps/app.xml").ok().flatten().and_then(|app| pages_in(&xml::decode(&app)));
    Ok(document)
}

/// The name of the part that holds the text: by the package's relationships, else the usual one.
fn main_part(package: &mut Package<'_>) -> Result<String, Oddity> {
    const USUAL: &str = "word/document.xml";
    let Some(relations) = package.member("_rels/.rels")? else { return Ok(USUAL.to_owned()) };
    let text = xml::decode(&relations);
    let mut reader = xml::reader(&text);
    loop {
        match reader.read_event() {
            Ok(Event::Start(element)) if element.local_name().as_ref() == "Relationship" => {
                let kind = xml::attribute(&element, "Type").unwrap_or_default();
                if kind.ends_with("/officeDocument") {
                    return Ok(xml::attribute(&element, "Target").unwrap_or_else(|| USUAL.to_owned()));
                }
            }
            Ok(Event::Eof) | Err(_) => return Ok(USUAL.to_owned()),
            Ok(_) => {}
        }
    }
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

/// One pass over the main part. Tables and paragraphs are kept on stacks of their own, so that no depth of nesting
/// costs call stack.
struct Walk<'a> {
    reader: Reader<&'a [u8]>,
    paragraphs: Vec<String>,
    /// Finished tables by the order in which they began.
    tables: Vec<Option<Sheet>>,
    /// Paragraphs begun; a text box's paragraphs stand inside the one it is anchored in.
    open_paragraphs: Vec<String>,
    open_tables: Vec<Table>,
    /// Whether the element being read is a piece of text.
    in_text: bool,
    in_row_properties: bool,
    images: u32,
    has_text: bool,
    paragraphs_left: usize,
    budget: Budget,
}

impl<'a> Walk<'a> {
    fn new(text: &'a str, limits: &Limits) -> Self {
        Self {
            reader: xml::reader(text),
            paragraphs: Vec::new(),
            tables: Vec::new(),
            open_paragraphs: Vec::new(),
            open_tables: Vec::new(),
            in_text: false,
            in_row_properties: false,
            images: 0,
            has_text: false,
            paragraphs_left: limits.paragraphs,
            budget: Budget::new(limits),
        }
    }

    fn run(mut self) -> Result<Document, Oddity> {
        let mut seen_body = false;
        loop {
            match self.reader.read_event() {
                Ok(Event::Start(element)) => {
                    seen_body |= element.local_name().as_ref() == "body";
                    self.start(&element)?;
                }
                Ok(Event::End(element)) => self.end(element.local_name().as_ref())?,
                Ok(Event::Text(text)) if self.in_text => self.push(&text.xml10_content()),
                Ok(Event::CData(text)) if self.in_text => self.push(&text.xml10_content()),
                Ok(Event::GeneralRef(reference)) if self.in_text => {
                    let mut text = String::new();
                    xml::push_reference(&reference, &mut text);
                    self.push(&text);
                }
                Ok(Event::Eof) => break,
                Ok(_) => {}
                Err(_) => return Err(damaged()),
            }
        }
        // A part that ends inside a table was cut off: half a table must not pass for a whole one.
        if !seen_body || !self.open_tables.is_empty() {
            return Err(damaged());
        }
        let numbered = self.tables.into_iter().flatten().enumerate();
        let tables = numbered.map(|(index, sheet)| Sheet { name: format!("表{}", index + 1), ..sheet }).collect();
        Ok(Document {
            paragraphs: self.paragraphs,
            tables,
            has_text: self.has_text,
            images: self.images,
            ..Document::default()
        })
    }

    fn start(&mut self, element: &BytesStart<'_>) -> Result<(), Oddity> {
        match element.local_name().as_ref() {
            // A table row may carry a deletion mark in its properties.
            "del" if self.in_row_properties => {
                if let Some(table) = self.open_tables.last_mut() {
                    table.drop_row();
                }
            }
            // Deleted or moved away; said a second time for old readers; tab stops and marks, no text; pinyin.
            "del" | "moveFrom" | "Fallback" | "pPr" | "rPr" | "rt" => self.skip(element)?,
            "p" if is_word(element) => {
                self.paragraphs_left = self.paragraphs_left.checked_sub(1).ok_or_else(too_large)?;
                self.open_paragraphs.push(String::new());
            }
            "t" if is_word(element) => self.in_text = true,
            "tab" | "ptab" => self.push("\t"),
            "br" | "cr" => self.push("\n"),
            "noBreakHyphen" => self.push("-"),
            "pic" | "imagedata" => self.images = self.images.saturating_add(1),
            "tbl" => {
                if self.tables.len() >= TABLES {
                    return Err(too_large());
                }
                self.open_tables.push(Table::new(self.tables.len()));
                self.tables.push(None);
            }
            name => self.start_in_table(name, element)?,
        }
        Ok(())
    }

    /// The elements that shape the table being read.
    fn start_in_table(&mut self, name: &str, element: &BytesStart<'_>) -> Result<(), Oddity> {
        let Some(table) = self.open_tables.last_mut() else { return Ok(()) };
        match name {
            "tr" => table.start_row(),
            "trPr" => self.in_row_properties = true,
            "gridBefore" => table.skip_columns(xml::number(element, "val", 0)),
            "tc" => {
                self.budget.take(1)?;
                table.start_cell();
            }
            "gridSpan" => table.shape(|shape| shape.columns = xml::number(element, "val", 1)),
            "vMerge" => {
                let merging = match xml::attribute(element, "val").as_deref() {
                    Some("restart") => Merging::Starts,
                    _ => Merging::Continues,
                };
                table.shape(|shape: &mut CellShape| shape.down = merging);
            }
            "hMerge" if xml::attribute(element, "val").as_deref() != Some("restart") => {
                table.shape(|shape| shape.joins_left = true);
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, name: &str) -> Result<(), Oddity> {
        match name {
            "t" => self.in_text = false,
            "p" => {
                if let Some(text) = self.open_paragraphs.pop() {
                    self.finish_paragraph(&text);
                }
            }
            "trPr" => self.in_row_properties = false,
            "tc" => {
                if let Some(table) = self.open_tables.last_mut() {
                    table.end_cell();
                }
            }
            "tr" => {
                if let Some(table) = self.open_tables.last_mut() {
                    table.end_row();
                }
            }
            "tbl" => {
                if let Some(table) = self.open_tables.pop() {
                    let order = table.order;
                    if let Some(place) = self.tables.get_mut(order) {
                        *place = Some(Sheet { grid: table.into_grid(), ..Sheet::default() });
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn skip(&mut self, element: &BytesStart<'_>) -> Result<(), Oddity> {
        self.reader.read_to_end(element.name()).map(|_| ()).map_err(|_| damaged())
    }

    fn push(&mut self, text: &str) {
        if let Some(paragraph) = self.open_paragraphs.last_mut() {
            // A soft hyphen shows only where a line happens to break.
            paragraph.extend(text.chars().filter(|character| *character != '\u{ad}'));
        }
    }

    fn finish_paragraph(&mut self, text: &str) {
        let text = text.trim();
        self.has_text |= !text.is_empty();
        match self.open_tables.last_mut() {
            Some(table) => table.add_paragraph(text),
            None if text.is_empty() => {}
            None => self.paragraphs.push(text.to_owned()),
        }
    }
}

/// Whether a short name is Word's own, not DrawingML's `a:p` and `a:t` in a chart or shape.
fn is_word(element: &BytesStart<'_>) -> bool {
    element.name().prefix().is_none_or(|prefix| prefix.as_ref() != "a")
}

#[cfg(test)]
mod tests;
