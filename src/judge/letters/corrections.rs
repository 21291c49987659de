//! The tables that go back with a receipt for the unit to mend: which, and what is remarked at which cell.

use serde::Serialize;

use super::receipt::{ReceiptFacts, TableFacts};
use super::remarks::{Remark, Weight, told};
use super::words::clean;
use crate::model::form::FindingCode;
use crate::model::ledger::ItemStatus;
use crate::model::mark::{Mark, Tone};
use crate::model::returns::{Finding, Item, TableReturn};

/// A file with tables in it that the unit must mend.
#[derive(Clone, Debug, PartialEq)]
pub struct Correction<'a> {
    /// Path of the piece, or `body`.
    pub piece: &'a str,
    /// What is remarked on all its tables together.
    pub marks: Vec<Mark>,
    /// Its tables with something to mend.
    pub tables: Vec<CorrectedTable<'a>>,
}

/// One table to be mended.
#[derive(Clone, Debug, PartialEq)]
pub struct CorrectedTable<'a> {
    /// Of a long table only its first rows.
    pub table: &'a TableReturn,
    /// How many rows it has.
    pub rows: usize,
    pub marks: Vec<Mark>,
}

/// A table that goes with the letter, as the templates see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Enclosed {
    /// The attachment's name.
    pub name: String,
    /// A copy of the unit's own file; otherwise the official form, filled with what was understood.
    pub own: bool,
    /// Whether cells are only told of, in the other colour.
    pub hints: bool,
}

impl ReceiptFacts {
    /// What goes back for the unit to mend; nothing where the table is not the unit's to mend now.
    #[must_use]
    pub fn corrections(&self) -> Vec<Correction<'_>> {
        let is_asked =
            |item: &super::receipt::ItemFacts| item.item == Item::Table && item.status == ItemStatus::NeedsCorrection;
        if !self.items.iter().any(is_asked) {
            return Vec::new();
        }
        let mut corrections: Vec<Correction<'_>> = Vec::new();
        for facts in &self.tables {
            let marks: Vec<Mark> = self.told_of(facts).filter_map(|finding| mark(facts, finding)).collect();
            if !marks.iter().any(|mark| mark.tone == Tone::Mend) {
                continue;
            }
            let table = CorrectedTable { table: &facts.table, rows: facts.rows, marks: marks.clone() };
            match corrections.iter_mut().find(|correction| correction.piece == facts.table.piece) {
                Some(correction) => {
                    correction.marks.extend(marks);
                    correction.tables.push(table);
                }
                None => corrections.push(Correction { piece: &facts.table.piece, marks, tables: vec![table] }),
            }
        }
        corrections
    }

    /// With the files that go with the letter.
    #[must_use]
    pub fn enclosing(mut self, enclosed: Vec<Enclosed>) -> Self {
        let told = |file: Enclosed| Enclosed { name: clean(&file.name, 120), ..file };
        self.enclosed = enclosed.into_iter().map(told).collect();
        self
    }

    /// What the unit is told of a table: of a hidden sheet beside a visible one, only that it is hidden.
    pub(super) fn told_of<'a>(&'a self, facts: &'a TableFacts) -> impl Iterator<Item = &'a Finding> {
        let beside_visible = facts.table.hidden && self.tables.iter().any(|other| !other.table.hidden);
        told(&facts.table.findings).filter(move |finding| !beside_visible || finding.code == FindingCode::HiddenSheet)
    }
}

/// In the words of the letter; nothing of what only the office looks at.
fn mark(facts: &TableFacts, finding: &Finding) -> Option<Mark> {
    let remark = Remark::new(&facts.file, finding);
    let tone = match remark.weight {
        Weight::Mend => Tone::Mend,
        Weight::Hint => Tone::Hint,
        Weight::Office => return None,
    };
    let sheet = finding.sheet.clone().unwrap_or_else(|| facts.table.sheet.clone());
    Some(Mark { sheet, cell: finding.cell.clone(), tone, text: remark.text })
}
