//! The merged areas of an xlsb's sheets, which the library does not tell.
//!
//! Source: [MS-XLSB] 2.1.4 (records), 2.4.301 (BrtBundleSh), 2.4.746 (BrtMergeCell).

use std::collections::HashMap;

use quick_xml::events::Event;

use crate::model::grid::Span;
use crate::model::mail::Oddity;
use crate::read::workbook::package::Package;
use crate::read::workbook::{spans_of, xml};

const BUNDLE_SHEET: u32 = 156;
const MERGE_CELL: u32 = 176;

/// The merged areas by the sheet's name. What is broken is left out; whether the file can be read is told elsewhere.
///
/// # Errors
/// `Bomb`, `TooLarge`.
pub(super) fn by_sheet(package: &mut Package<'_>) -> Result<HashMap<String, Vec<Span>>, Oddity> {
    let Some(workbook) = package.member("xl/workbook.bin")? else { return Ok(HashMap::new()) };
    let Some(relations) = package.member("xl/_rels/workbook.bin.rels")? else { return Ok(HashMap::new()) };
    let targets = targets(&relations);
    let mut found = HashMap::new();
    for (_, data) in Records(&workbook).filter(|(kind, _)| *kind == BUNDLE_SHEET) {
        // Two numbers, then the relation and the name.
        let Some((relation, rest)) = data.get(8..).and_then(wide_string) else { continue };
        let Some((name, _)) = wide_string(rest) else { continue };
        let Some(target) = targets.get(&relation) else { continue };
        let part = target.strip_prefix('/').map_or_else(|| format!("xl/{target}"), str::to_owned);
        let Some(sheet) = package.member(&part)? else { continue };
        let areas = Records(&sheet).filter(|(kind, _)| *kind == MERGE_CELL).filter_map(|(_, data)| {
            let (top, bottom) = (number(data, 0)?, number(data, 4)?);
            Some(((top, number(data, 8)?), (bottom, number(data, 12)?)))
        });
        found.insert(name, spans_of(areas)?);
    }
    Ok(found)
}

fn targets(relations: &[u8]) -> HashMap<String, String> {
    let text = xml::decode(relations);
    let mut reader = xml::reader(&text);
    let mut targets = HashMap::new();
    loop {
        match reader.read_event() {
            Ok(Event::Start(element)) if element.local_name().as_ref() == "Relationship" => {
                if let (Some(id), Some(target)) = (xml::attribute(&element, "Id"), xml::attribute(&element, "Target")) {
                    targets.insert(id, target);
                }
            }
            Ok(Event::Eof) | Err(_) => return targets,
            Ok(_) => {}
        }
    }
}

fn number(data: &[u8], at: usize) -> Option<u32> {
    data.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)
}

/// A string behind its length in UTF-16 units, and what follows it.
fn wide_string(data: &[u8]) -> Option<(String, &[u8])> {
    let length = usize::try_from(number(data, 0)?).ok()?.checked_mul(2)?;
    let (characters, rest) = data.get(4..)?.split_at_checked(length)?;
    let units: Vec<u16> = characters.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
    Some((String::from_utf16_lossy(&units), rest))
}

/// The records of a part: their types and data.
struct Records<'a>(&'a [u8]);

impl Records<'_> {
    /// A number in groups of seven bits, the lowest first, over at most so many bytes.
    fn groups(&mut self, most: u32) -> Option<u32> {
        let mut value = 0_u32;
        for group in 0..most {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u32::from(byte & 0x7F) << (7 * group);
            if byte & 0x80 == 0 {
                break;
            }
        }
        Some(value)
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = (u32, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let kind = self.groups(2)?;
        let size = usize::try_from(self.groups(4)?).ok()?;
        let (data, rest) = self.0.split_at_checked(size)?;
        self.0 = rest;
        Some((kind, data))
    }
}
