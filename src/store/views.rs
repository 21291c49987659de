//! What people are shown: the history, the mail that came in, the reviews that wait, and the counts.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset};
use sqlx::FromRow;

use super::events::EventRow;
use super::mails::nature;
use super::{Store, StoreError, digest, garbled, millis, unit_code};
use crate::model::ledger::{Actor, Event, EventKind, Nature};
use crate::model::standing::{ArrivalLine, FiledFrom, ReviewLine};
use crate::model::unit::UnitCode;

/// One line of the history.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryLine {
    pub event: Event,
    /// Of the mail it came from, where there is one.
    pub subject: Option<String>,
    /// Name and address of that mail's sender.
    pub from: Option<String>,
}

#[derive(FromRow)]
struct EventWithMailRow {
    #[sqlx(flatten)]
    event: EventRow,
    from_name: Option<String>,
    from_address: Option<String>,
    subject: Option<String>,
    received_at: Option<i64>,
}

#[derive(FromRow)]
struct ArrivalRow {
    sha256: String,
    received_at: i64,
    nature: String,
    unit: Option<String>,
    from_name: Option<String>,
    from_address: Option<String>,
    subject: Option<String>,
}

impl Store {
    /// Everything that happened, to one unit or to all, in one campaign or in all, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn history(
        &self,
        unit: Option<&UnitCode>,
        campaign: Option<&str>,
    ) -> Result<Vec<HistoryLine>, StoreError> {
        let rows: Vec<EventWithMailRow> = sqlx::query_as(
            "SELECT events.*, from_name, from_address, subject, received_at
             FROM events LEFT JOIN mails ON mails.sha256 = events.mail
             WHERE (?1 IS NULL OR events.unit = ?1) AND (?2 IS NULL OR events.campaign = ?2)
             ORDER BY events.id",
        )
        .bind(unit.map(UnitCode::as_str))
        .bind(campaign)
        .fetch_all(&self.reader)
        .await?;
        rows.into_iter()
            .map(|row| {
                let from = sender(row.from_name, row.from_address);
                let event = self.event_from(row.event)?;
                Ok(HistoryLine { event, subject: row.subject, from: (!from.is_empty()).then_some(from) })
            })
            .collect()
    }

    /// Mail of this campaign or of none that was recorded at `since` or later, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn arrivals_since(
        &self,
        campaign: &str,
        since: DateTime<FixedOffset>,
    ) -> Result<Vec<ArrivalLine>, StoreError> {
        let rows: Vec<ArrivalRow> = sqlx::query_as(
            "SELECT sha256, received_at, nature, unit, from_name, from_address, subject FROM mails
             WHERE (campaign = ?1 OR campaign IS NULL) AND recorded_at >= ?2
             ORDER BY recorded_at, received_at, sha256",
        )
        .bind(campaign)
        .bind(millis(since))
        .fetch_all(&self.reader)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(ArrivalLine {
                    mail: digest(&row.sha256)?,
                    received_at: self.moment(row.received_at)?,
                    nature: nature(&row.nature)?,
                    unit: unit_code(row.unit),
                    from: sender(row.from_name, row.from_address),
                    subject: row.subject.unwrap_or_default(),
                })
            })
            .collect()
    }

    /// Every item filed in this campaign with the address it came from, in the order of recording.
    ///
    /// # Errors
    /// The database's.
    pub async fn filed_from(&self, campaign: &str) -> Result<Vec<FiledFrom>, StoreError> {
        let rows: Vec<EventWithMailRow> = sqlx::query_as(
            "SELECT events.*, from_name, from_address, subject, received_at
             FROM events JOIN mails ON mails.sha256 = events.mail
             WHERE events.kind = 'filed' AND events.campaign = ?1
             ORDER BY events.id",
        )
        .bind(campaign)
        .fetch_all(&self.reader)
        .await?;
        self.filed(rows)
    }

    /// The same of what came from other addresses than these, which are lower case.
    ///
    /// # Errors
    /// The database's.
    pub async fn filed_from_others(&self, campaign: &str, than: &BTreeSet<&str>) -> Result<Vec<FiledFrom>, StoreError> {
        // SQLite's lower() knows ASCII alone: what it leaves over is not all from others, and the judge looks again.
        let rows: Vec<EventWithMailRow> = sqlx::query_as(
            "SELECT events.*, from_name, from_address, subject, received_at
             FROM mails JOIN events ON events.mail = mails.sha256
             WHERE lower(coalesce(from_address, '')) NOT IN (SELECT value FROM json_each(?2))
               AND events.kind = 'filed' AND events.campaign = ?1
             ORDER BY events.id",
        )
        .bind(campaign)
        .bind(serde_json::to_string(than)?)
        .fetch_all(&self.reader)
        .await?;
        self.filed(rows)
    }

    fn filed(&self, rows: Vec<EventWithMailRow>) -> Result<Vec<FiledFrom>, StoreError> {
        let mut filed = Vec::with_capacity(rows.len());
        for row in rows {
            let event = self.event_from(row.event)?;
            let (Some(mail), Some(unit), EventKind::Filed(filing)) = (event.mail, event.unit, event.kind) else {
                continue;
            };
            filed.push(FiledFrom {
                mail,
                unit,
                item: filing.item,
                received_at: filing.received_at,
                recorded_at: event.at,
                vouched: event.by != Actor::Machine,
                address: row.from_address.unwrap_or_default(),
            });
        }
        Ok(filed)
    }

    /// The reviews nobody has settled, of one campaign (with those of mail that belongs to none) or of all, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn open_reviews(&self, campaign: Option<&str>) -> Result<Vec<ReviewLine>, StoreError> {
        let rows: Vec<EventWithMailRow> = sqlx::query_as(
            "SELECT asked.*, from_name, from_address, subject, received_at
             FROM events AS asked JOIN mails ON mails.sha256 = asked.mail
             WHERE asked.kind = 'review_asked' AND (?1 IS NULL OR asked.campaign IN (?1, ''))
               AND NOT EXISTS (SELECT 1 FROM events AS settled
                               WHERE settled.kind = 'review_settled'
                                 AND json_extract(settled.detail, '$.review') = asked.id
                                 AND settled.id NOT IN (SELECT value FROM json_each(?2)))
               AND asked.id NOT IN (SELECT value FROM json_each(?2))
             ORDER BY asked.id",
        )
        .bind(campaign)
        .bind(serde_json::to_string(&self.undone().await?)?)
        .fetch_all(&self.reader)
        .await?;
        rows.into_iter().map(|row| self.review_from(row)).collect()
    }

    /// The review of this number, settled or not.
    ///
    /// # Errors
    /// The database's.
    pub async fn review(&self, id: i64) -> Result<Option<ReviewLine>, StoreError> {
        let row: Option<EventWithMailRow> = sqlx::query_as(
            "SELECT asked.*, from_name, from_address, subject, received_at
             FROM events AS asked JOIN mails ON mails.sha256 = asked.mail
             WHERE asked.id = ?1 AND asked.kind = 'review_asked'",
        )
        .bind(id)
        .fetch_optional(&self.reader)
        .await?;
        row.map(|row| self.review_from(row)).transpose()
    }

    /// Who settled the review of this number, when and how; `None` while it waits, or waits again.
    ///
    /// # Errors
    /// The database's.
    pub async fn settlement(&self, id: i64) -> Result<Option<Event>, StoreError> {
        let rows: Vec<EventRow> = sqlx::query_as(
            "SELECT id, act, at, campaign, unit, mail, person, detail FROM events
             WHERE kind = 'review_settled' AND json_extract(detail, '$.review') = ?1 ORDER BY id",
        )
        .bind(id)
        .fetch_all(&self.reader)
        .await?;
        let undone = self.undone().await?;
        let mut settlements = rows.into_iter().map(|row| self.event_from(row));
        settlements.find(|event| !event.as_ref().is_ok_and(|event| undone.contains(&event.id))).transpose()
    }

    /// How many mails of this campaign and of none were received from `since` on, until then where that is said, by what
    /// they are.
    ///
    /// # Errors
    /// The database's.
    pub async fn mail_counts(
        &self,
        campaign: &str,
        since: DateTime<FixedOffset>,
        until: Option<DateTime<FixedOffset>>,
    ) -> Result<BTreeMap<Nature, u32>, StoreError> {
        let rows: Vec<(String, u32)> = sqlx::query_as(
            "SELECT nature, count(*) FROM mails
             WHERE (campaign = ?1 OR campaign IS NULL) AND received_at >= ?2 AND (?3 IS NULL OR received_at <= ?3)
             GROUP BY nature",
        )
        .bind(campaign)
        .bind(millis(since))
        .bind(until.map(millis))
        .fetch_all(&self.reader)
        .await?;
        rows.into_iter().map(|(text, count)| Ok((nature(&text)?, count))).collect()
    }

    /// How many different mails received in that span were handed in: those [`Store::mail_counts`] counts, and those that
    /// were never recorded. Where the two differ, a mail is being read, or was lost.
    ///
    /// # Errors
    /// The database's.
    pub async fn seen_count(
        &self,
        campaign: &str,
        since: DateTime<FixedOffset>,
        until: Option<DateTime<FixedOffset>>,
    ) -> Result<u32, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT count(*) FROM sightings LEFT JOIN mails USING (sha256)
             WHERE (mails.campaign = ?1 OR mails.campaign IS NULL)
               AND coalesce(mails.received_at, sightings.received_at) >= ?2
               AND (?3 IS NULL OR coalesce(mails.received_at, sightings.received_at) <= ?3)",
        )
        .bind(campaign)
        .bind(millis(since))
        .bind(until.map(millis))
        .fetch_one(&self.reader)
        .await?)
    }

    fn review_from(&self, row: EventWithMailRow) -> Result<ReviewLine, StoreError> {
        let received_at = self.moment(row.received_at.unwrap_or_default())?;
        let from = sender(row.from_name, row.from_address);
        let event = self.event_from(row.event)?;
        match (event.kind, event.mail) {
            (EventKind::ReviewAsked { reason, text, .. }, Some(mail)) => Ok(ReviewLine {
                id: event.id,
                received_at,
                mail,
                unit: event.unit,
                from,
                subject: row.subject.unwrap_or_default(),
                reason,
                text,
            }),
            _ => Err(garbled("review", event.id)),
        }
    }
}

/// A sender for people: `张三 <a@unit.example>`, or what there is of it.
fn sender(name: Option<String>, address: Option<String>) -> String {
    match (name.filter(|name| !name.is_empty()), address) {
        (Some(name), Some(address)) => format!("{name} <{address}>"),
        (Some(name), None) => name,
        (None, address) => address.unwrap_or_default(),
    }
}
