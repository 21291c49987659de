//! The annotated tables that go with a receipt, made when it is sent: a copy of the unit's own workbook, or the official
//! form where there is none that can be copied.

use std::sync::Arc;

use super::opener::Opener;
use super::workbook::{Filling, form_filled};
use crate::archive::Archive;
use crate::judge::letters::{CorrectedTable, Correction, Enclosed, ReceiptFacts, clean};
use crate::model::alarm::{Alarm, alarm};
use crate::model::campaign::Campaign;
use crate::model::decision::Returned;
use crate::model::letter::Enclosure;
use crate::model::mail::Digest;
use crate::model::mark::{CopyOrder, Mark, Tone};
use crate::model::returns::{Item, Row};
use crate::store::{Store, StoreError};

/// Of a workbook of Excel 2007 and later.
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// Files that go with one receipt at most.
const MOST_FILES: usize = 3;
/// Octets of all of them; what is larger, mailboxes refuse.
const MOST_OCTETS: usize = 8 << 20;
/// Characters of a file's name, without what is added to it.
const NAME_LENGTH: usize = 60;
/// Said of a file that is annotated.
const ANNOTATED: &str = "（标注）";

/// Where mails are kept, and where they are opened.
#[derive(Clone, Copy)]
pub struct Copyist<'a> {
    pub archive: &'a Archive,
    pub opener: &'a Arc<Opener>,
}

impl Copyist<'_> {
    /// The tables of this mail that the unit is to mend. What cannot be made is left out: the letter says it all itself.
    ///
    /// # Errors
    /// The store's.
    pub async fn enclosures(
        self,
        store: &Store,
        campaign: &Campaign,
        facts: &ReceiptFacts,
    ) -> Result<Vec<(Enclosure, Enclosed)>, StoreError> {
        let mut enclosures: Vec<(Enclosure, Enclosed)> = Vec::new();
        for correction in facts.corrections() {
            match self.own_copy(campaign, facts.mail(), &correction).await {
                Some(copy) => enclosures.push(copy),
                None => {
                    for table in &correction.tables {
                        enclosures.extend(form(store, campaign, facts, table).await?);
                    }
                }
            }
        }
        enclosures.truncate(MOST_FILES);
        let mut octets = 0;
        enclosures.retain(|(enclosure, _)| {
            octets += enclosure.bytes.len();
            octets <= MOST_OCTETS
        });
        name_apart(&mut enclosures);
        Ok(enclosures)
    }

    /// The unit's own workbook with the remarks in it, made in a reading process.
    async fn own_copy(
        self,
        campaign: &Campaign,
        mail: &Digest,
        correction: &Correction<'_>,
    ) -> Option<(Enclosure, Enclosed)> {
        if correction.piece == "body" {
            return None;
        }
        let bytes = match self.archive.get(mail) {
            Ok(bytes) => bytes,
            Err(error) => {
                alarm!(Alarm::CopyNotMade, mail = mail.short(), what = "annotated copy", %error);
                return None;
            }
        };
        let order = CopyOrder {
            piece: correction.piece.to_owned(),
            author: clean(&campaign.office, NAME_LENGTH),
            marks: correction.marks.clone(),
        };
        let opener = Arc::clone(self.opener);
        let copied = tokio::task::spawn_blocking(move || opener.copy(&bytes, &order)).await;
        match copied {
            Ok(Ok(copied)) => copied.map(|copied| {
                let name = file_name(&copied.name, campaign.item_title(Item::Table));
                enclosed(name, copied.bytes, true, &correction.marks)
            }),
            Ok(Err(error)) => {
                alarm!(Alarm::CopyNotMade, mail = mail.short(), what = "annotated copy", %error);
                None
            }
            Err(_) => None,
        }
    }
}

/// The official form with what was understood; nothing where not all rows are at hand, since a unit may send it back as
/// its table.
async fn form(
    store: &Store,
    campaign: &Campaign,
    facts: &ReceiptFacts,
    of: &CorrectedTable<'_>,
) -> Result<Option<(Enclosure, Enclosed)>, StoreError> {
    let rows =
        if of.rows == of.table.rows.len() { Some(of.table.rows.clone()) } else { rows(store, facts, of).await? };
    let Some(rows) = rows else { return Ok(None) };
    let filling = Filling { filled_on: of.table.filled_on, rows: &rows, marks: &of.marks };
    let unit_name = of.table.unit_name.as_deref().unwrap_or_else(|| facts.unit_name());
    match form_filled(campaign, unit_name, filling) {
        Ok(bytes) => {
            let name = file_name("", campaign.item_title(Item::Table));
            Ok(Some(enclosed(name, bytes, false, &of.marks)))
        }
        Err(error) => {
            alarm!(Alarm::CopyNotMade, mail = facts.mail().short(), what = "filled form", %error);
            Ok(None)
        }
    }
}

/// All rows of a table of which the facts hold only the first.
async fn rows(store: &Store, facts: &ReceiptFacts, of: &CorrectedTable<'_>) -> Result<Option<Vec<Row>>, StoreError> {
    let wanted = (facts.mail().clone(), Item::Table, of.table.piece.clone());
    let readings = store.readings_of_many(&[wanted]).await?;
    Ok(readings.into_iter().find_map(|reading| match reading.returned {
        Returned::Table(table) => {
            let same = table.sheet == of.table.sheet
                && table.totals == of.table.totals
                && table.rows.len() == of.rows
                && table.rows.starts_with(&of.table.rows);
            same.then_some(table.rows)
        }
        Returned::Report(_) => None,
    }))
}

fn enclosed(name: String, bytes: Vec<u8>, own: bool, marks: &[Mark]) -> (Enclosure, Enclosed) {
    let hints = marks.iter().any(|mark| mark.tone == Tone::Hint);
    (Enclosure { name: name.clone(), media_type: XLSX.to_owned(), bytes }, Enclosed { name, own, hints })
}

/// The name of an annotated file: the unit's own, whatever folder of an archive it lay in, or the table's.
fn file_name(own: &str, otherwise: &str) -> String {
    let bare = own.rsplit(['/', '\\']).next().unwrap_or(own);
    let stem = bare.rsplit_once('.').map_or(bare, |(stem, _)| stem);
    let stem = fit_for_files(&clean(stem, NAME_LENGTH));
    // A copy that came back is not annotated twice over.
    let stem = stem.trim_end_matches(ANNOTATED).trim();
    format!("{}{ANNOTATED}.xlsx", if stem.is_empty() { otherwise } else { stem })
}

/// Without what some file system does not take.
pub(super) fn fit_for_files(name: &str) -> String {
    name.replace(['/', '\\', ':', '*', '?', '"', '<', '>', '|'], "_")
}

/// No two files of one name.
fn name_apart(enclosures: &mut [(Enclosure, Enclosed)]) {
    let mut taken: Vec<String> = Vec::new();
    for (enclosure, enclosed) in enclosures {
        let mut name = enclosure.name.clone();
        let mut number = 2;
        while taken.contains(&name) {
            name = enclosure.name.replace(ANNOTATED, &format!("（标注{number}）"));
            number += 1;
        }
        enclosure.name.clone_from(&name);
        enclosed.name.clone_from(&name);
        taken.push(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_after_the_units_own() {
        assert_eq!(file_name("离石区八一统计表.xlsx", "统计表"), "离石区八一统计表（标注）.xlsx");
        assert_eq!(file_name("报表/离石区（标注）.xls", "统计表"), "离石区（标注）.xlsx");
        assert_eq!(file_name("（标注）.xlsx", "统计表"), "统计表（标注）.xlsx");
        assert_eq!(file_name("", "统计表"), "统计表（标注）.xlsx");
        assert_eq!(file_name("a:b*c?.xlsx", "统计表"), "a_b_c_（标注）.xlsx");
        let mut two = vec![enclosed(file_name("", "表"), Vec::new(), false, &[]); 3];
        name_apart(&mut two);
        let names: Vec<&str> = two.iter().map(|(_, enclosed)| enclosed.name.as_str()).collect();
        assert_eq!(names, ["表（标注）.xlsx", "表（标注2）.xlsx", "表（标注3）.xlsx"]);
    }
}
