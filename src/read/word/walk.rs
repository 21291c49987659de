//! One pass over the markup of a text: the body of a docx, or a whole Word 2003 XML document.

use std::collections::HashMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::shelf::Shelf;
use super::symbols::symbol;
use super::table::{CellShape, Merging, Table};
use crate::model::grid::Document;
use crate::model::mail::{Oddity, OddityCode};
use crate::read::limits::Limits;
use crate::read::workbook::Budget;
use crate::read::workbook::package::{damaged, too_large};
use crate::read::workbook::xml;

/// Tables and paragraphs are kept on stacks of their own, so that no depth of nesting costs call stack.
pub(super) struct Walk<'a> {
    reader: Reader<&'a [u8]>,
    /// Documents embedded in this one, by their relationship.
    chunks: HashMap<String, Document>,
    paragraphs: Vec<String>,
    tables: Shelf,
    /// Paragraphs begun; a text box's paragraphs stand inside the one it is anchored in.
    open_paragraphs: Vec<Paragraph>,
    open_tables: Vec<Table>,
    /// Runs begun: whether each is hidden.
    open_runs: Vec<bool>,
    /// Prefixes of DrawingML, whose `a:p` and `a:t` in a chart or shape are no text of Word's own.
    drawing_prefixes: Vec<String>,
    /// A paragraph whose mark was struck out goes on with the next one.
    carried: String,
    /// Whether the element being read is a piece of text.
    in_text: bool,
    in_row_properties: bool,
    images: u32,
    has_text: bool,
    pages: Option<u32>,
    /// Tables whose rows lack cells are refused.
    only_whole_rows: bool,
    /// It is a header itself.
    is_fragment: bool,
    paragraphs_left: usize,
    budget: Budget,
}

/// A paragraph that is not finished.
#[derive(Default)]
struct Paragraph {
    text: String,
    mark_struck_out: bool,
}

impl<'a> Walk<'a> {
    pub(super) fn new(text: &'a str, chunks: HashMap<String, Document>, limits: &Limits) -> Self {
        Self {
            reader: xml::reader(text),
            chunks,
            paragraphs: Vec::new(),
            tables: Shelf::default(),
            open_paragraphs: Vec::new(),
            open_tables: Vec::new(),
            open_runs: Vec::new(),
            drawing_prefixes: vec!["a".to_owned()],
            carried: String::new(),
            in_text: false,
            in_row_properties: false,
            images: 0,
            has_text: false,
            pages: None,
            only_whole_rows: false,
            is_fragment: false,
            paragraphs_left: limits.paragraphs,
            budget: Budget::new(limits),
        }
    }

    /// Refuses tables whose rows lack cells: LibreOffice leaves out cells merged from above in Word 2003 XML.
    pub(super) fn only_whole_rows(mut self) -> Self {
        self.only_whole_rows = true;
        self
    }

    /// Reads a whole text.
    pub(super) fn run(self) -> Result<Document, Oddity> {
        self.read(false)
    }

    /// Reads a part that has no body of its own, such as a header.
    pub(super) fn fragment(self) -> Result<Document, Oddity> {
        self.read(true)
    }

    fn read(mut self, is_fragment: bool) -> Result<Document, Oddity> {
        self.is_fragment = is_fragment;
        let mut seen_body = is_fragment;
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
        self.finish_carried();
        let tables = self.tables.into_sheets();
        let Self { paragraphs, has_text, images, pages, .. } = self;
        Ok(Document { paragraphs, tables, pages, has_text, images, ..Document::default() })
    }

    fn start(&mut self, element: &BytesStart<'_>) -> Result<(), Oddity> {
        self.note_prefixes(element);
        match element.local_name().as_ref() {
            // A table row may carry a deletion mark in its properties.
            "del" if self.in_row_properties => {
                if let Some(table) = self.open_tables.last_mut() {
                    table.drop_row();
                }
            }
            // Deleted or moved away; said a second time for old readers; pinyin; and what Word 2003 XML puts in the
            // middle of the text: headers, footers, notes, bytes of pictures.
            "hdr" | "ftr" if self.is_fragment => {}
            "del" | "moveFrom" | "Fallback" | "rt" | "hdr" | "ftr" | "footnote" | "endnote" | "binData" => {
                self.skip(element)?;
            }
            "annotation" if deletes(element) => self.skip(element)?,
            "pPr" => self.paragraph_properties()?,
            "rPr" => self.run_properties()?,
            "r" if self.is_word(element) => self.open_runs.push(false),
            "p" if self.is_word(element) => {
                self.paragraphs_left = self.paragraphs_left.checked_sub(1).ok_or_else(too_large)?;
                self.open_paragraphs.push(Paragraph::default());
            }
            "t" if self.is_word(element) => self.in_text = true,
            "tab" | "ptab" => self.push("\t"),
            "br" | "cr" => self.push("\n"),
            "noBreakHyphen" => self.push("-"),
            "sym" => self.symbol(element),
            "pic" | "imagedata" => self.images = self.images.saturating_add(1),
            "altChunk" => self.chunk(element)?,
            // `<o:Pages>` of Word 2003 XML.
            "Pages" => {
                if let Ok(Event::Text(count)) = self.reader.read_event() {
                    self.pages = count.trim().parse().ok().filter(|pages| *pages > 0);
                }
            }
            "tbl" => {
                self.finish_carried();
                let order = self.tables.begin()?;
                self.open_tables.push(Table::new(order));
            }
            name => self.start_in_table(name, element)?,
        }
        Ok(())
    }

    /// The elements that shape the table being read.
    fn start_in_table(&mut self, name: &str, element: &BytesStart<'_>) -> Result<(), Oddity> {
        let Some(table) = self.open_tables.last_mut() else { return Ok(()) };
        match name {
            // Some programs write fractions of twips.
            "gridCol" => {
                let width = xml::attribute(element, "w").unwrap_or_default();
                table.add_column(width.split('.').next().and_then(|whole| whole.trim().parse().ok()).unwrap_or(0));
            }
            // The grid as it was before a tracked change.
            "tblGridChange" | "tcPrChange" | "trPrChange" | "tblPrChange" | "tblPrExChange" => self.skip(element)?,
            "tr" => table.start_row(),
            "trPr" => self.in_row_properties = true,
            "gridBefore" => table.skip_columns(xml::number(element, "val", 0)),
            "gridAfter" => table.ends_early(),
            "tc" => {
                self.budget.take(1)?;
                table.start_cell();
            }
            "gridSpan" => table.shape(|shape| shape.columns = xml::number(element, "val", 1)),
            // Word 2003 XML writes them small.
            "vMerge" | "vmerge" => {
                let merging = match xml::attribute(element, "val").as_deref() {
                    Some("restart") => Merging::Starts,
                    _ => Merging::Continues,
                };
                table.shape(|shape: &mut CellShape| shape.down = merging);
            }
            "hMerge" | "hmerge" if xml::attribute(element, "val").as_deref() != Some("restart") => {
                table.shape(|shape| shape.joins_left = true);
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, name: &str) -> Result<(), Oddity> {
        match name {
            "t" => self.in_text = false,
            "r" => {
                self.open_runs.pop();
            }
            "p" => {
                if let Some(paragraph) = self.open_paragraphs.pop() {
                    self.carried.push_str(&paragraph.text);
                    if !paragraph.mark_struck_out {
                        let text = std::mem::take(&mut self.carried);
                        self.finish_paragraph(&text);
                    }
                }
            }
            "trPr" => self.in_row_properties = false,
            "tc" => {
                self.finish_carried();
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
                self.finish_carried();
                if let Some(table) = self.open_tables.pop() {
                    if self.only_whole_rows && table.lacks_cells() {
                        let text = "文档中的表格缺少单元格，无法确定各数字的位置，请人工查看";
                        return Err(Oddity::new(OddityCode::UnreadKind, text));
                    }
                    let inner = !self.open_tables.is_empty();
                    self.tables.end(table.order, table.into_edges(), self.paragraphs.len(), inner);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Properties of a paragraph: of interest is only whether its mark was struck out, by itself or with what follows.
    fn paragraph_properties(&mut self) -> Result<(), Oddity> {
        let mut in_mark = false;
        loop {
            match self.reader.read_event() {
                Ok(Event::Start(element)) => match element.local_name().as_ref() {
                    "rPr" => in_mark = true,
                    "del" if in_mark => {
                        if let Some(paragraph) = self.open_paragraphs.last_mut() {
                            paragraph.mark_struck_out = true;
                        }
                    }
                    // How it was formatted before; where the section ends (Word 2003 keeps headers there).
                    "pPrChange" | "rPrChange" | "sectPr" => self.skip(&element)?,
                    _ => {}
                },
                Ok(Event::End(element)) => match element.local_name().as_ref() {
                    "rPr" => in_mark = false,
                    "pPr" => return Ok(()),
                    _ => {}
                },
                Ok(Event::Eof) | Err(_) => return Err(damaged()),
                Ok(_) => {}
            }
        }
    }

    /// Properties of a run: of interest is only whether it is hidden (17.3.2.41).
    fn run_properties(&mut self) -> Result<(), Oddity> {
        loop {
            match self.reader.read_event() {
                Ok(Event::Start(element)) => match element.local_name().as_ref() {
                    "vanish" => {
                        let off = matches!(xml::attribute(&element, "val").as_deref(), Some("0" | "false" | "off"));
                        if let Some(hidden) = self.open_runs.last_mut() {
                            *hidden = !off;
                        }
                    }
                    "rPrChange" => self.skip(&element)?,
                    _ => {}
                },
                Ok(Event::End(element)) if element.local_name().as_ref() == "rPr" => return Ok(()),
                Ok(Event::Eof) | Err(_) => return Err(damaged()),
                Ok(_) => {}
            }
        }
    }

    fn symbol(&mut self, element: &BytesStart<'_>) {
        let letter = xml::attribute(element, "char").and_then(|letter| u16::from_str_radix(letter.trim(), 16).ok());
        if let Some(letter) = letter.and_then(|letter| char::from_u32(u32::from(symbol(letter)))) {
            self.push(letter.encode_utf8(&mut [0; 4]));
        }
    }

    /// A document of another kind that stands in place of text (17.17.2.1).
    fn chunk(&mut self, element: &BytesStart<'_>) -> Result<(), Oddity> {
        let Some(chunk) = xml::attribute(element, "id").and_then(|id| self.chunks.remove(&id)) else { return Ok(()) };
        self.has_text |= chunk.has_text;
        self.images = self.images.saturating_add(chunk.images);
        for paragraph in &chunk.paragraphs {
            self.paragraphs_left = self.paragraphs_left.checked_sub(1).ok_or_else(too_large)?;
            self.finish_paragraph(paragraph);
        }
        self.tables.add_sheets(chunk.tables)
    }

    fn skip(&mut self, element: &BytesStart<'_>) -> Result<(), Oddity> {
        self.reader.read_to_end(element.name()).map(|_| ()).map_err(|_| damaged())
    }

    fn push(&mut self, text: &str) {
        if self.open_runs.last() == Some(&true) {
            return;
        }
        if let Some(paragraph) = self.open_paragraphs.last_mut() {
            // A soft hyphen shows only where a line happens to break.
            paragraph.text.extend(text.chars().filter(|character| *character != '\u{ad}'));
        }
    }

    /// What was to go on with the next paragraph, where none came.
    fn finish_carried(&mut self) {
        let text = std::mem::take(&mut self.carried);
        if !text.is_empty() {
            self.finish_paragraph(&text);
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

    /// Programs may give DrawingML any prefix.
    fn note_prefixes(&mut self, element: &BytesStart<'_>) {
        const MOST: usize = 16;
        for attribute in element.attributes().with_checks(false).flatten() {
            let Some(prefix) = attribute.key.as_ref().strip_prefix("xmlns:") else { continue };
            let drawing =
                attribute.value.contains("drawingml/2006/main") || attribute.value.ends_with("drawingml/main");
            let known = self.drawing_prefixes.iter().any(|known| known == prefix);
            if drawing && !known && self.drawing_prefixes.len() < MOST {
                self.drawing_prefixes.push(prefix.to_owned());
            }
        }
    }

    /// Whether a short name is Word's own.
    fn is_word(&self, element: &BytesStart<'_>) -> bool {
        let name = element.name();
        let prefix = name.prefix();
        prefix.is_none_or(|prefix| !self.drawing_prefixes.iter().any(|drawing| drawing == prefix.as_ref()))
    }
}

/// Word 2003 marks tracked changes by their kind.
fn deletes(element: &BytesStart<'_>) -> bool {
    xml::attribute(element, "type").is_some_and(|kind| kind.ends_with("Deletion"))
}
