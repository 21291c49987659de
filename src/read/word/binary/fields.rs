//! Fields: of `{ code | result }` only the result is text ([MS-DOC] 2.8.25).

use super::Text;
use crate::model::mail::Oddity;

const BEGIN: u16 = 0x13;
const SEPARATOR: u16 = 0x14;
const END: u16 = 0x15;

/// The stretches of the text that are code, in order, none in another.
pub(super) struct Fields {
    codes: Vec<(u32, u32)>,
}

impl Fields {
    /// Finds the codes of main text and text boxes. Marks without their partner are no fields.
    pub(super) fn find(text: &Text<'_>, main: u32, boxes: (u32, u32)) -> Result<Self, Oddity> {
        let mut codes = Vec::new();
        let (first, count) = boxes;
        for (from, to) in [(0, main), (first, first.saturating_add(count))] {
            if from == to {
                continue;
            }
            // Begun fields: where, and where their result begins.
            let mut open: Vec<(u32, Option<u32>)> = Vec::new();
            for letter in text.letters(from, to)?.filter(|letter| letter.properties.special) {
                match letter.unit {
                    BEGIN => open.push((letter.number, None)),
                    SEPARATOR => {
                        if let Some((_, result)) = open.last_mut() {
                            result.get_or_insert(letter.number);
                        }
                    }
                    END => {
                        if let Some((begin, result)) = open.pop() {
                            codes.push((begin, result.unwrap_or(letter.number)));
                        }
                    }
                    _ => {}
                }
            }
        }
        codes.sort_unstable();
        let mut reached = 0;
        codes.retain(|(begin, end)| {
            let outer = *begin >= reached;
            if outer {
                reached = *end;
            }
            outer
        });
        Ok(Self { codes })
    }

    /// Whether this character belongs to a field's code.
    pub(super) fn in_code(&self, number: u32) -> bool {
        let after = self.codes.partition_point(|(begin, _)| *begin <= number);
        let code = after.checked_sub(1).and_then(|index| self.codes.get(index));
        code.is_some_and(|(_, end)| number < *end)
    }
}
