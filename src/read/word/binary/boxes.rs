//! Text boxes: their text lies behind the main text, their shapes are anchored in it ([MS-DOC] 2.8.30, 2.8.37).

use std::collections::{HashMap, HashSet};

use super::file::{File, Part};
use super::octets::{place, u16_at, u32_at};

/// Octets of a Spa and of an FTXBXS ([MS-DOC] 2.9.253, 2.9.99).
const SHAPE: usize = 26;
const BOX: usize = 22;

/// The text of each box, as the numbers of its characters, by where it is anchored.
#[derive(Debug, Default)]
pub(super) struct Boxes {
    anchored: HashMap<u32, (u32, u32)>,
    unanchored: Vec<(u32, u32)>,
}

impl Boxes {
    pub(super) fn read(file: &File) -> Self {
        let shapes = file.part(Part::Shapes);
        let mut anchors: HashMap<u32, u32> = HashMap::new();
        let count = shapes.len().saturating_sub(4) / (SHAPE + 4);
        for number in 0..count {
            let anchor = u32_at(shapes, number * 4);
            let shape = u32_at(shapes, (count + 1) * 4 + number * SHAPE);
            if let (Some(anchor), Some(shape)) = (anchor, shape) {
                anchors.entry(shape).or_insert(anchor);
            }
        }
        let boxes = file.part(Part::TextBoxes);
        let (first, length) = file.boxes;
        let count = boxes.len().saturating_sub(4) / (BOX + 4);
        let mut found = Self::default();
        let mut taken = HashSet::new();
        let mut reached = 0;
        for number in 0..count {
            let (Some(from), Some(to)) = (u32_at(boxes, number * 4), u32_at(boxes, number * 4 + 4)) else { break };
            let entry = (count + 1) * 4 + number * BOX;
            // fReusable: a box that is gone.
            let unused = u16_at(boxes, entry + 8).is_none_or(|reusable| reusable != 0);
            let shape = u32_at(boxes, entry + 14).unwrap_or(0);
            // In order, inside the boxes' text: none is read twice.
            if from < reached || to <= from || to > length || unused {
                continue;
            }
            reached = to;
            let text = (first.saturating_add(from), first.saturating_add(to));
            match anchors.get(&shape).filter(|anchor| taken.insert(**anchor)) {
                Some(anchor) => {
                    found.anchored.insert(*anchor, text);
                }
                None => found.unanchored.push(text),
            }
        }
        found
    }

    /// Takes the box anchored at this character.
    pub(super) fn anchored_at(&mut self, number: u32) -> Option<(u32, u32)> {
        self.anchored.remove(&number)
    }

    /// Takes the boxes without an anchor.
    pub(super) fn unanchored(&mut self) -> Vec<(u32, u32)> {
        std::mem::take(&mut self.unanchored)
    }
}

/// Pictures kept with the drawings: the entries of the store of pictures ([MS-ODRAW] 2.2.20).
pub(super) fn pictures(drawings: &[u8]) -> u32 {
    const GROUP: u16 = 0xF000;
    const STORE: u16 = 0xF001;
    const ENTRY: u16 = 0xF007;
    let mut count = 0_u32;
    let mut at = 0;
    while let (Some(kind), Some(length)) = (u16_at(drawings, at + 2), u32_at(drawings, at + 4)) {
        match kind {
            // Containers: what they hold follows.
            GROUP | STORE => at += 8,
            _ => {
                count = count.saturating_add(u32::from(kind == ENTRY));
                at = at.saturating_add(8).saturating_add(place(length));
            }
        }
        // The store stands in the first container; drawings of shapes follow.
        if kind != GROUP && kind != STORE && kind != ENTRY && count > 0 {
            break;
        }
        if at > drawings.len() {
            break;
        }
    }
    count
}
