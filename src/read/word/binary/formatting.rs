//! Properties of characters and paragraphs: the pages they lie on ([MS-DOC] 2.9.33, 2.9.174), and what of them says
//! which text counts and which table it stands in.

use std::collections::HashSet;

use super::octets::{place, slice, u8_at, u32_at};
use super::row::RowDefinition;
use super::sprm::{Property, properties};

/// Octets of a page of properties.
const PAGE: usize = 512;

/// A run of bytes of the main stream with one list of properties.
#[derive(Clone, Copy, Debug)]
struct Run<T> {
    start: u32,
    end: u32,
    value: T,
}

/// Runs in the order of their bytes.
#[derive(Debug)]
pub(super) struct Runs<T> {
    runs: Vec<Run<T>>,
}

impl<T: Copy> Runs<T> {
    /// What holds at this byte, and up to which byte.
    pub(super) fn at(&self, byte: u32) -> Option<(T, u32)> {
        let after = self.runs.partition_point(|run| run.start <= byte);
        let run = self.runs.get(after.checked_sub(1)?)?;
        (byte < run.end).then_some((run.value, run.end))
    }

    /// Where the next run begins behind this byte.
    pub(super) fn next_after(&self, byte: u32) -> u32 {
        let after = self.runs.partition_point(|run| run.start <= byte);
        self.runs.get(after).map_or(u32::MAX, |run| run.start)
    }
}

/// What of a character's properties matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Character {
    /// Struck out under tracked changes.
    pub(super) deleted: bool,
    pub(super) hidden: bool,
    /// It is no letter but stands for something (a picture, a field's mark).
    pub(super) special: bool,
    /// A picture's place in the data stream is told.
    pub(super) picture: bool,
    /// The data at that place are a form field's, or an embedded object's.
    pub(super) is_data: bool,
    /// A letter of a symbol font.
    pub(super) symbol: Option<u16>,
}

impl Character {
    pub(super) fn apply(&mut self, list: &[u8]) {
        for property in properties(list) {
            match property.code {
                // sprmCFRMarkDel, and its newer form for moved text.
                0x0800 => self.deleted = property.flag(),
                0x083C => self.hidden = property.flag(),
                0x0855 => self.special = property.flag(),
                0x0806 => self.is_data = property.flag(),
                0x6A03 => {
                    self.picture = true;
                    self.special = true;
                }
                // sprmCSymbol: font, character.
                0x6A09 => self.symbol = super::octets::u16_at(property.operand, 2),
                _ => {}
            }
        }
    }
}

/// What of a paragraph's properties matters.
#[derive(Clone, Debug, Default)]
pub(super) struct Paragraph {
    in_table: bool,
    /// In how many tables it stands, where that is told.
    depth: u32,
    /// Its mark ends a row of the outermost table.
    ends_outer_row: bool,
    /// Its mark ends a cell of an inner table.
    pub(super) ends_inner_cell: bool,
    /// Its mark ends a row of an inner table.
    ends_inner_row: bool,
    pub(super) row: RowDefinition,
}

impl Paragraph {
    /// In how many tables it stands.
    pub(super) fn depth(&self) -> usize {
        let told = usize::try_from(self.depth).unwrap_or(usize::MAX);
        if self.in_table { told.max(1) } else { told }
    }

    pub(super) fn ends_row(&self) -> bool {
        self.ends_inner_row || self.ends_outer_row
    }

    /// Takes a list of properties; those too long for a page lie in the data stream.
    ///
    /// Returns how many octets were looked at.
    pub(super) fn apply(&mut self, list: &[u8], data: &[u8]) -> usize {
        let mut read = list.len();
        for property in properties(list) {
            match property.code {
                // sprmPHugePapx in both its numbers, sprmPTableProps ([MS-DOC] 2.6.2, 2.9.209 PrcData).
                0x6645 | 0x6646 | 0x646B => {
                    let at = place(property.number());
                    let length = super::octets::u16_at(data, at).map_or(0, usize::from);
                    let list = at.checked_add(2).and_then(|at| slice(data, at, length)).unwrap_or_default();
                    read = read.saturating_add(list.len());
                    properties(list).for_each(|property| self.set(&property));
                }
                _ => self.set(&property),
            }
        }
        read
    }

    fn set(&mut self, property: &Property<'_>) {
        match property.code {
            0x2416 => self.in_table = property.flag(),
            0x2417 => self.ends_outer_row = property.flag(),
            0x6649 => self.depth = property.number(),
            // sprmPDtap adds to it.
            0x664A => self.depth = self.depth.wrapping_add(property.number()),
            0x244B => self.ends_inner_cell = property.flag(),
            0x244C => self.ends_inner_row = property.flag(),
            _ => self.row.apply(property),
        }
    }
}

/// Reads all runs of character properties.
pub(super) fn characters(pages: &[u8], main: &[u8]) -> Runs<Character> {
    runs_of(pages, main, 1, |page, _, offset| {
        let mut character = Character::default();
        if offset > 0 {
            let length = u8_at(page, offset).map_or(0, usize::from);
            character.apply(slice(page, offset + 1, length).unwrap_or_default());
        }
        character
    })
}

/// Reads all runs of paragraph properties, each as the place of its list in the main stream.
pub(super) fn paragraphs(pages: &[u8], main: &[u8]) -> Runs<(usize, usize)> {
    runs_of(pages, main, 13, |page, page_start, offset| {
        // PapxInFkp ([MS-DOC] 2.9.181): counted in pairs, less one octet; where that is 0 the next octet counts pairs.
        // The first two octets name the style.
        let (at, length) = match u8_at(page, offset) {
            Some(0) => (offset + 2, u8_at(page, offset + 1).map_or(0, usize::from) * 2),
            Some(pairs) => (offset + 1, usize::from(pairs) * 2 - 1),
            None => (0, 0),
        };
        let fits = offset > 0 && length > 2 && slice(page, at, length).is_some();
        if fits { (page_start + at + 2, length - 2) } else { (0, 0) }
    })
}

/// Goes through the pages that a PlcfBte lists, each once: the ends of its runs, then an entry of so many octets for
/// each, whose first tells where on the page the properties lie (in pairs of octets); the last octet counts the runs.
fn runs_of<T>(pages: &[u8], main: &[u8], entry: usize, value: impl Fn(&[u8], usize, usize) -> T) -> Runs<T> {
    let count = pages.len().saturating_sub(4) / 8;
    let mut seen = HashSet::new();
    let mut runs = Vec::new();
    for number in 0..count {
        let Some(page_number) = u32_at(pages, (count + 1) * 4 + number * 4) else { break };
        let page_start = place(page_number & 0x003F_FFFF).saturating_mul(PAGE);
        let Some(page) = slice(main, page_start, PAGE) else { continue };
        if !seen.insert(page_start) {
            continue;
        }
        let in_page = u8_at(page, PAGE - 1).map_or(0, usize::from);
        for run in 0..in_page {
            let (Some(start), Some(end)) = (u32_at(page, run * 4), u32_at(page, run * 4 + 4)) else { break };
            let Some(offset) = u8_at(page, (in_page + 1) * 4 + run * entry) else { break };
            if start < end {
                runs.push(Run { start, end, value: value(page, page_start, usize::from(offset) * 2) });
            }
        }
    }
    runs.sort_by_key(|run| run.start);
    Runs { runs }
}
