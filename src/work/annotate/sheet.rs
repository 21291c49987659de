//! The cells of a sheet given another style, at their places in its markup; cells and rows that are not there are made.

use std::collections::BTreeMap;
use std::ops::Range;

use quick_xml::events::BytesStart;
use rust_decimal::prelude::ToPrimitive;

use super::Unfit;
use super::markup::{Edits, Seen, number, own_attribute, prefix_of, tag_with, walk};
use super::styles::Wanted;
use crate::model::grid::{cell_name, cell_place};
use crate::model::mark::Tone;
use crate::read::workbook::xml;

const DATA: [&str; 2] = ["worksheet", "sheetData"];

/// The sheets that a workbook lists, with the names of their relations.
///
/// # Errors
/// Where the list is not well-formed.
pub(super) fn listed(workbook: &str) -> Result<Vec<(String, String)>, Unfit> {
    let mut sheets = Vec::new();
    walk(workbook, |seen| {
        if let Some((tag, _)) = seen.opened().filter(|_| seen.is_in(&["workbook", "sheets"]) && seen.opens("sheet")) {
            let id = tag.attributes().with_checks(false).flatten().find_map(|attribute| {
                let is_relation = attribute.key.local_name().as_ref() == "id" && attribute.key.prefix().is_some();
                is_relation.then(|| attribute.value.into_owned())
            });
            let name = own_attribute(tag, "name");
            let (Some(name), Some(id)) = (name, id) else { return Err(Unfit("a sheet without a name")) };
            sheets.push((name, id));
        }
        Ok(())
    })?;
    Ok(sheets)
}

/// A cell that gets a colour.
pub(super) struct Slot {
    place: (u32, u32),
    tone: Tone,
    /// The number of the style it has.
    style: u32,
    at: At,
}

/// Where in the markup a cell is, or is to be.
enum At {
    /// Its tag, with its style as `@`.
    Cell(Range<usize>, String),
    /// Between the cells of its row, whose tag must no longer say which columns it spans.
    Row { at: usize, row: (Range<usize>, String), prefix: String },
    /// In its row, which is an empty element of this name.
    EmptyRow { row: (Range<usize>, String), name: String, prefix: String },
    /// In a row of its own, between rows.
    Between { at: usize, prefix: String },
    /// In a sheet whose data is an empty element of this name.
    EmptySheet { data: (Range<usize>, String), name: String, prefix: String },
}

impl Slot {
    pub(super) fn wanted_style(&self) -> Wanted {
        (self.style, self.tone)
    }
}

/// A row that is being gone through.
struct OpenRow {
    number: u32,
    style: Option<u32>,
    tag: (Range<usize>, String),
    /// Of the last cell seen.
    column: Option<u32>,
}

/// Where the wanted cells are. Rows and cells may leave out their names, and then follow the one before.
struct Search {
    wanted: Vec<((u32, u32), Tone)>,
    /// How many of them are found, from the first.
    found: usize,
    slots: Vec<Slot>,
    /// Styles of columns: first, last (from 0), style.
    columns: Vec<(u32, u32, u32)>,
    prefix: String,
    last_row: Option<u32>,
    row: Option<OpenRow>,
}

/// The places of these cells in the sheet's markup, and their styles.
///
/// # Errors
/// Where the sheet is written in an unusual way.
pub(super) fn slots(text: &str, wanted: &BTreeMap<(u32, u32), Tone>) -> Result<Vec<Slot>, Unfit> {
    let mut search = Search {
        wanted: wanted.iter().map(|(place, tone)| (*place, *tone)).collect(),
        found: 0,
        slots: Vec::new(),
        columns: Vec::new(),
        prefix: String::new(),
        last_row: None,
        row: None,
    };
    walk(text, |seen| search.visit(seen))?;
    if search.slots.len() == wanted.len() { Ok(search.slots) } else { Err(Unfit("a sheet without data")) }
}

impl Search {
    fn visit(&mut self, seen: &Seen<'_, '_>) -> Result<(), Unfit> {
        if seen.around.iter().any(|name| name == "AlternateContent") && seen.around.len() < 4 {
            return Err(Unfit("a sheet with alternatives"));
        }
        if let Some((tag, empty)) = seen.opened() {
            if seen.is_in(&["worksheet", "cols"]) && seen.opens("col") {
                let (min, max) = (number(tag, "min")?.unwrap_or(1), number(tag, "max")?.unwrap_or(1));
                self.columns.push((min.saturating_sub(1), max.saturating_sub(1), number(tag, "style")?.unwrap_or(0)));
            } else if seen.is_in(&["worksheet"]) && seen.opens("sheetData") {
                self.prefix = prefix_of(tag);
                if empty {
                    let data = (seen.range.clone(), tag_with(tag, false, &[])?);
                    let name = tag.name().as_ref().to_owned();
                    let prefix = self.prefix.clone();
                    self.take_rows(u32::MAX, || At::EmptySheet {
                        data: data.clone(),
                        name: name.clone(),
                        prefix: prefix.clone(),
                    });
                }
            } else if seen.is_in(&DATA) && seen.opens("row") {
                self.open_row(tag, empty, seen.range.clone())?;
            } else if seen.is_in(&["worksheet", "sheetData", "row"]) && seen.opens("c") {
                self.cell(tag, empty, seen.range.clone())?;
            }
        } else if seen.is_in(&DATA) && seen.closes("row") {
            self.take_cells(u32::MAX, seen.range.start);
            self.row = None;
        } else if seen.is_in(&["worksheet"]) && seen.closes("sheetData") {
            self.take_rows_before(u32::MAX, seen.range.start);
        }
        Ok(())
    }

    fn open_row(&mut self, tag: &BytesStart<'_>, empty: bool, range: Range<usize>) -> Result<(), Unfit> {
        let next = self.last_row.map_or(0, |row| row.saturating_add(1));
        let row = match number(tag, "r")? {
            Some(named) => named.checked_sub(1).filter(|row| *row >= next).ok_or(Unfit("rows out of order"))?,
            None => next,
        };
        self.take_rows_before(row, range.start);
        self.last_row = Some(row);
        let formatted = own_attribute(tag, "customFormat").is_some_and(|value| matches!(value.trim(), "1" | "true"));
        let style = if formatted { number(tag, "s")? } else { None };
        let opened = (range, tag_with(tag, false, &[("spans", None)])?);
        if empty {
            let name = tag.name().as_ref().to_owned();
            while let Some((place, tone)) = self.next().filter(|(place, _)| place.0 == row) {
                let (row, name, prefix) = (opened.clone(), name.clone(), self.prefix.clone());
                let style = style.unwrap_or_else(|| self.column_style(place.1));
                self.push(place, tone, style, At::EmptyRow { row, name, prefix });
            }
        } else {
            self.row = Some(OpenRow { number: row, style, tag: opened, column: None });
        }
        Ok(())
    }

    fn cell(&mut self, tag: &BytesStart<'_>, empty: bool, range: Range<usize>) -> Result<(), Unfit> {
        let Some(row) = &self.row else { return Err(Unfit("a cell in no row")) };
        let next = row.column.map_or(0, |column| column.saturating_add(1));
        let place = match own_attribute(tag, "r") {
            Some(name) => {
                let place = cell_place(name.trim()).ok_or(Unfit("no name of a cell"))?;
                if place.0 != row.number || place.1 < next {
                    return Err(Unfit("cells out of order"));
                }
                place
            }
            None => (row.number, next),
        };
        self.take_cells(place.1, range.start);
        if let Some(row) = &mut self.row {
            row.column = Some(place.1);
        }
        if let Some((_, tone)) = self.next().filter(|(wanted, _)| *wanted == place) {
            let styled = tag_with(tag, empty, &[("s", Some("@"))])?;
            if styled.matches('@').count() != 1 {
                return Err(Unfit("a cell written in an unusual way"));
            }
            self.push(place, tone, number(tag, "s")?.unwrap_or(0), At::Cell(range, styled));
        }
        Ok(())
    }

    fn next(&self) -> Option<((u32, u32), Tone)> {
        self.wanted.get(self.found).copied()
    }

    fn push(&mut self, place: (u32, u32), tone: Tone, style: u32, at: At) {
        self.slots.push(Slot { place, tone, style, at });
        self.found += 1;
    }

    /// The wanted cells of the open row that stand before this column and are not there.
    fn take_cells(&mut self, before: u32, at: usize) {
        let Some((number, style, row)) = self.row.as_ref().map(|row| (row.number, row.style, row.tag.clone())) else {
            return;
        };
        while let Some((place, tone)) = self.next().filter(|(place, _)| place.0 == number && place.1 < before) {
            let style = style.unwrap_or_else(|| self.column_style(place.1));
            let prefix = self.prefix.clone();
            self.push(place, tone, style, At::Row { at, row: row.clone(), prefix });
        }
    }

    /// The wanted cells of rows above this one that are not there.
    fn take_rows(&mut self, above: u32, at: impl Fn() -> At) {
        while let Some((place, tone)) = self.next().filter(|(place, _)| place.0 < above) {
            self.push(place, tone, self.column_style(place.1), at());
        }
    }

    fn take_rows_before(&mut self, above: u32, at: usize) {
        let prefix = self.prefix.clone();
        self.take_rows(above, || At::Between { at, prefix: prefix.clone() });
    }

    fn column_style(&self, column: u32) -> u32 {
        let styled = self.columns.iter().find(|(first, last, _)| (*first..=*last).contains(&column));
        styled.map_or(0, |(_, _, style)| *style)
    }
}

/// The sheet's markup with the cells in their new styles.
///
/// # Errors
/// Where a style was not made.
pub(super) fn restyled(text: &str, slots: &[Slot], made: &BTreeMap<Wanted, u32>) -> Result<String, Unfit> {
    let style_of = |slot: &Slot| made.get(&slot.wanted_style()).copied().ok_or(Unfit("a style that was not made"));
    let cells = |slots: &[Slot], prefix: &str| -> Result<String, Unfit> {
        let cell = |slot: &Slot| {
            let name = cell_name(slot.place.0, slot.place.1);
            Ok(format!("<{prefix}c r=\"{name}\" s=\"{}\"/>", style_of(slot)?))
        };
        slots.iter().map(cell).collect()
    };
    let rows = |slots: &[Slot], prefix: &str| -> Result<String, Unfit> {
        let row = |slots: &[Slot]| {
            let number = slots.first().map_or(1, |slot| u64::from(slot.place.0) + 1);
            Ok(format!("<{prefix}row r=\"{number}\">{}</{prefix}row>", cells(slots, prefix)?))
        };
        slots.chunk_by(|one, other| one.place.0 == other.place.0).map(row).collect()
    };
    let mut edits = Edits::default();
    let mut mended_rows: Vec<usize> = Vec::new();
    for group in slots.chunk_by(|one, other| one.at.is_with(&other.at)) {
        let Some(first) = group.first() else { continue };
        match &first.at {
            At::Cell(range, tag) => edits.replace(range.clone(), tag.replace('@', &style_of(first)?.to_string())),
            At::Row { at, row: (range, tag), prefix } => {
                edits.insert(*at, cells(group, prefix)?);
                if !mended_rows.contains(&range.start) {
                    mended_rows.push(range.start);
                    edits.replace(range.clone(), tag.clone());
                }
            }
            At::EmptyRow { row: (range, tag), name, prefix } => {
                edits.replace(range.clone(), format!("{tag}{}</{name}>", cells(group, prefix)?));
            }
            At::Between { at, prefix } => edits.insert(*at, rows(group, prefix)?),
            At::EmptySheet { data: (range, tag), name, prefix } => {
                edits.replace(range.clone(), format!("{tag}{}</{name}>", rows(group, prefix)?));
            }
        }
    }
    edits.apply(text)
}

impl At {
    /// Whether both are made by one edit.
    fn is_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Row { at: one, .. }, Self::Row { at: other, .. })
            | (Self::Between { at: one, .. }, Self::Between { at: other, .. }) => one == other,
            (Self::EmptyRow { row: (one, _), .. }, Self::EmptyRow { row: (other, _), .. })
            | (Self::EmptySheet { data: (one, _), .. }, Self::EmptySheet { data: (other, _), .. }) => one == other,
            _ => false,
        }
    }
}

/// Widths of columns and heights of rows as they are shown, for a note that is to be as large as its words.
pub(super) struct Measures {
    /// First and last column from 0, pixels.
    columns: Vec<(u32, u32, u32)>,
    /// Pixels by row from 0.
    rows: BTreeMap<u32, u32>,
    usual: (u32, u32),
}

impl Measures {
    /// # Errors
    /// Where the sheet is written in an unusual way.
    pub(super) fn of(text: &str) -> Result<Self, Unfit> {
        let mut measures = Self { columns: Vec::new(), rows: BTreeMap::new(), usual: (64, 18) };
        walk(text, |seen| {
            let Some((tag, _)) = seen.opened() else { return Ok(()) };
            let size = |name: &str, pixels: f64| xml::attribute(tag, name).and_then(|size| pixels_of(&size, pixels));
            let hidden = own_attribute(tag, "hidden").is_some_and(|value| matches!(value.trim(), "1" | "true"));
            if seen.is_in(&["worksheet"]) && seen.opens("sheetFormatPr") {
                measures.usual.0 = size("defaultColWidth", 7.0).unwrap_or(64);
                measures.usual.1 = size("defaultRowHeight", 4.0 / 3.0).unwrap_or(18);
            } else if seen.is_in(&["worksheet", "cols"]) && seen.opens("col") {
                let width = if hidden { 0 } else { size("width", 7.0).unwrap_or(measures.usual.0) };
                let (min, max) = (number(tag, "min")?.unwrap_or(1), number(tag, "max")?.unwrap_or(1));
                measures.columns.push((min.saturating_sub(1), max.saturating_sub(1), width));
            } else if seen.is_in(&DATA) && seen.opens("row") {
                let height = if hidden { Some(0) } else { size("ht", 4.0 / 3.0) };
                if let (Some(height), Some(row)) = (height, number(tag, "r")?) {
                    measures.rows.insert(row.saturating_sub(1), height);
                }
            }
            Ok(())
        })?;
        Ok(measures)
    }

    pub(super) fn width(&self, column: u32) -> u32 {
        let measured = self.columns.iter().find(|(first, last, _)| (*first..=*last).contains(&column));
        measured.map_or(self.usual.0, |(_, _, width)| *width)
    }

    pub(super) fn height(&self, row: u32) -> u32 {
        self.rows.get(&row).copied().unwrap_or(self.usual.1)
    }
}

fn pixels_of(size: &str, pixels: f64) -> Option<u32> {
    let size: f64 = size.trim().parse().ok().filter(|size: &f64| size.is_finite())?;
    (size * pixels).round().clamp(0.0, 2_000.0).to_u32()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coloured(text: &str, cells: &[&str]) -> Result<String, Unfit> {
        let wanted = cells.iter().map(|cell| (cell_place(cell).unwrap(), Tone::Mend)).collect();
        let slots = slots(text, &wanted)?;
        let made = slots.iter().map(|slot| (slot.wanted_style(), slot.style + 70)).collect();
        restyled(text, &slots, &made)
    }

    #[test]
    fn cells_that_are_not_there_are_made_at_their_places() {
        let sheet = |data: &str| {
            format!("<worksheet><cols><col min=\"3\" max=\"4\" style=\"5\"/></cols>{data}<pageSetup/></worksheet>")
        };
        for (data, cells, made) in [
            (
                "<sheetData/>",
                &["B2", "C1"][..],
                "<sheetData><row r=\"1\"><c r=\"C1\" s=\"75\"/></row><row r=\"2\"><c r=\"B2\" s=\"70\"/></row></sheetData>",
            ),
            (
                "<sheetData><row r=\"3\" spans=\"1:2\" s=\"9\" customFormat=\"1\"/></sheetData>",
                &["A3", "C3", "A5"],
                "<sheetData><row r=\"3\" s=\"9\" customFormat=\"1\"><c r=\"A3\" s=\"79\"/><c r=\"C3\" s=\"79\"/></row>\
                 <row r=\"5\"><c r=\"A5\" s=\"70\"/></row></sheetData>",
            ),
            (
                "<sheetData><row r='3' spans=\"2:2\"><c r=\"B3\" s='4'><v>1</v></c></row></sheetData>",
                &["A1", "A2", "A3", "B3", "C3"],
                "<sheetData><row r=\"1\"><c r=\"A1\" s=\"70\"/></row><row r=\"2\"><c r=\"A2\" s=\"70\"/></row>\
                 <row r=\"3\"><c r=\"A3\" s=\"70\"/><c r=\"B3\" s=\"74\"><v>1</v></c><c r=\"C3\" s=\"75\"/></row></sheetData>",
            ),
            (
                "<sheetData><row><c><v>1</v></c><c/></row><row><c t=\"s\"><v>0</v></c></row></sheetData>",
                &["B1", "A2"],
                "<sheetData><row><c><v>1</v></c><c s=\"70\"/></row><row><c t=\"s\" s=\"70\"><v>0</v></c></row></sheetData>",
            ),
        ] {
            assert_eq!(coloured(&sheet(data), cells).unwrap(), sheet(made), "{data}");
        }
        for odd in [
            "",
            "<sheetData><row r=\"3\"/><row r=\"2\"/></sheetData>",
            "<sheetData><row r=\"1\"><c r=\"B1\"/><c r=\"A1\"/></row></sheetData>",
            "<sheetData><row r=\"1\"><c r=\"B2\"/></row></sheetData>",
            "<sheetData><row r=\"1\"><c r=\"B1\"></row></sheetData>",
        ] {
            assert!(coloured(&sheet(odd), &["A1"]).is_err(), "{odd}");
        }
        assert!(coloured("<!DOCTYPE x><worksheet><sheetData/></worksheet>", &["A1"]).is_err());
    }
}
