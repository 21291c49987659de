//! Which mails were removed from the archive on purpose, by whom and when.

use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, FixedOffset, NaiveDate};

use super::acts::refuse_if_overtaken;
use super::{Store, StoreError, digest, events};
use crate::model::ledger::{Actor, Event, EventKind};
use crate::model::mail::Digest;

/// The mails of one collection that are purged together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portion {
    /// Empty for mail that belongs to none.
    pub campaign: String,
    pub mails: Vec<Digest>,
}

/// Who had a mail removed, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurgedBy {
    pub at: DateTime<FixedOffset>,
    pub name: String,
}

impl fmt::Display for PurgedBy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "its original was purged on {} by {}", self.at.format("%Y-%m-%d"), self.name)
    }
}

impl Store {
    /// Records in one transaction that these mails are purged, with an event in the history of each collection. The
    /// files are removed afterwards. `seen` is the event recorded last when the mails were chosen.
    ///
    /// # Errors
    /// [`StoreError::Overtaken`] where something was recorded of one of the mails since: it may be needed now. The
    /// database's; then nothing is recorded.
    pub async fn purge(
        &self,
        portions: &[Portion],
        before: NaiveDate,
        (name, now): (&str, DateTime<FixedOffset>),
        seen: i64,
    ) -> Result<(), StoreError> {
        let mut write = self.begin().await?;
        let mails: BTreeSet<Digest> = portions.iter().flat_map(|portion| portion.mails.iter().cloned()).collect();
        refuse_if_overtaken(&mut write, seen, &BTreeSet::new(), &mails).await?;
        let events: Vec<Event> = portions
            .iter()
            .map(|portion| Event {
                id: 0,
                act: 0,
                at: now,
                campaign: portion.campaign.clone(),
                unit: None,
                mail: None,
                by: Actor::Person(name.to_owned()),
                kind: EventKind::OriginalsPurged {
                    before,
                    mails: u32::try_from(portion.mails.len()).unwrap_or(u32::MAX),
                },
            })
            .collect();
        let ids = events::insert(&mut write, &events).await?;
        for (portion, event) in portions.iter().zip(ids) {
            for mail in &portion.mails {
                sqlx::query("INSERT INTO purged (mail, event) VALUES (?1, ?2)")
                    .bind(mail.as_str())
                    .bind(event)
                    .execute(&mut *write)
                    .await?;
            }
        }
        write.commit().await?;
        Ok(())
    }

    /// Every mail that was ever purged.
    ///
    /// # Errors
    /// The database's.
    pub async fn purged(&self) -> Result<BTreeSet<Digest>, StoreError> {
        let rows: Vec<String> = sqlx::query_scalar("SELECT mail FROM purged").fetch_all(&self.reader).await?;
        rows.iter().map(|row| digest(row)).collect()
    }

    /// Who had this mail removed; `None` where it was not.
    ///
    /// # Errors
    /// The database's.
    pub async fn purged_by(&self, mail: &Digest) -> Result<Option<PurgedBy>, StoreError> {
        let row: Option<(i64, Option<String>)> = sqlx::query_as(
            "SELECT at, person FROM purged JOIN events ON events.id = purged.event WHERE purged.mail = ?1",
        )
        .bind(mail.as_str())
        .fetch_optional(&self.reader)
        .await?;
        row.map(|(at, name)| Ok(PurgedBy { at: self.moment(at)?, name: name.unwrap_or_default() })).transpose()
    }

    /// The mails about which a letter waits: to be sent, to be let go, or for somebody to say whether it went out.
    ///
    /// # Errors
    /// The database's.
    pub async fn mails_with_letters_waiting(&self) -> Result<BTreeSet<Digest>, StoreError> {
        let rows: Vec<String> = sqlx::query_scalar(
            "SELECT DISTINCT substr(key, 5, 64) FROM letters
             WHERE key GLOB 'ack/*' AND state IN ('queued', 'sending', 'unknown', 'held')",
        )
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(|row| digest(row)).collect()
    }
}
