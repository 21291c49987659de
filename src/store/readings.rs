//! What was read of the tables and reports of each mail.

use std::collections::BTreeSet;

use sqlx::{FromRow, SqliteConnection};

use super::rows::{insertions, run};
use super::{Store, StoreError, digest, garbled, unit_code};
use crate::model::decision::Reading;
use crate::model::mail::Digest;
use crate::model::returns::Item;
use crate::model::unit::UnitCode;

#[derive(FromRow)]
struct ReadingRow {
    mail: String,
    item: String,
    piece: String,
    file_name: String,
    sheet: String,
    unit: Option<String>,
    returned: String,
}

impl TryFrom<ReadingRow> for Reading {
    type Error = StoreError;

    fn try_from(row: ReadingRow) -> Result<Self, StoreError> {
        Ok(Self {
            mail: digest(&row.mail)?,
            item: Item::parse(&row.item).ok_or_else(|| garbled("item", &row.item))?,
            returned: serde_json::from_str(&row.returned)
                .map_err(|error| garbled("reading", format!("{} {}: {error}", row.mail, row.piece)))?,
            piece: row.piece,
            file_name: row.file_name,
            sheet: row.sheet,
            unit: unit_code(row.unit),
        })
    }
}

impl Store {
    /// All tables and reports read from this mail.
    ///
    /// # Errors
    /// The database's.
    pub async fn readings_of(&self, mail: &Digest) -> Result<Vec<Reading>, StoreError> {
        let rows: Vec<ReadingRow> = sqlx::query_as(
            "SELECT mail, item, piece, file_name, sheet, unit, returned FROM readings WHERE mail = ?1 ORDER BY rowid",
        )
        .bind(mail.as_str())
        .fetch_all(&self.reader)
        .await?;
        rows.into_iter().map(Reading::try_from).collect()
    }

    /// One table or report; `sheet` is empty for a report.
    ///
    /// # Errors
    /// The database's.
    pub async fn reading(
        &self,
        mail: &Digest,
        item: Item,
        piece: &str,
        sheet: &str,
    ) -> Result<Option<Reading>, StoreError> {
        let row: Option<ReadingRow> = sqlx::query_as(
            "SELECT mail, item, piece, file_name, sheet, unit, returned FROM readings
             WHERE mail = ?1 AND item = ?2 AND piece = ?3 AND sheet = ?4",
        )
        .bind(mail.as_str())
        .bind(item.as_str())
        .bind(piece)
        .bind(sheet)
        .fetch_optional(&self.reader)
        .await?;
        row.map(Reading::try_from).transpose()
    }

    /// The readings of all these pieces in one query: a workbook asks for hundreds. Grouped by mail, in the order in
    /// which they were read; a piece with several sheets gives several.
    ///
    /// # Errors
    /// The database's.
    pub async fn readings_of_many(&self, pieces: &[(Digest, Item, String)]) -> Result<Vec<Reading>, StoreError> {
        let wanted: BTreeSet<(&str, &str, &str)> =
            pieces.iter().map(|(mail, item, piece)| (mail.as_str(), item.as_str(), piece.as_str())).collect();
        let rows: Vec<ReadingRow> = sqlx::query_as(
            "SELECT readings.mail, item, piece, file_name, sheet, unit, returned
             FROM json_each(?1) AS wanted
             JOIN readings ON readings.mail = wanted.value ->> 0 AND item = wanted.value ->> 1
                          AND piece = wanted.value ->> 2
             ORDER BY readings.mail, readings.rowid",
        )
        .bind(serde_json::to_string(&wanted)?)
        .fetch_all(&self.reader)
        .await?;
        rows.into_iter().map(Reading::try_from).collect()
    }
}

/// Writes the readings of mails inside a transaction, those of each mail together and in their order.
pub(super) async fn insert(
    write: &mut SqliteConnection,
    of_mails: impl Iterator<Item = &[Reading]>,
) -> Result<(), StoreError> {
    let start = "INSERT INTO readings (mail, number, item, piece, file_name, sheet, unit, returned) ";
    let numbered = of_mails.flat_map(|readings| readings.iter().enumerate());
    let statements = insertions(start, "", numbered, |row, (number, reading)| {
        row.push_bind(reading.mail.as_str())
            .push_bind(i64::try_from(number).unwrap_or(i64::MAX))
            .push_bind(reading.item.as_str())
            .push_bind(&reading.piece)
            .push_bind(&reading.file_name)
            .push_bind(&reading.sheet)
            .push_bind(reading.unit.as_ref().map(UnitCode::as_str))
            .push_bind(serde_json::to_string(&reading.returned)?);
        Ok(())
    })?;
    run(write, statements).await?;
    Ok(())
}

/// Forgets what was read of this mail, before it is read again.
pub(super) async fn delete(write: &mut SqliteConnection, mail: &Digest) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM readings WHERE mail = ?1").bind(mail.as_str()).execute(write).await?;
    Ok(())
}
