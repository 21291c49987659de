//! A person's act: everything it comes to, in one transaction, and only if nothing it was judged on has changed.

use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset};
use sqlx::SqliteConnection;

use super::letters::{LetterRow, StoredLetter};
use super::{Store, StoreError, events, mails, millis, owed, readings};
use crate::model::decision::{MailRecord, Reading};
use crate::model::ledger::Event;
use crate::model::letter::{LetterKey, LetterOrder};
use crate::model::mail::Digest;
use crate::model::unit::UnitCode;

/// What a person's act comes to.
#[derive(Clone, Debug, Default)]
pub struct Act {
    /// The event recorded last when the act was thought through.
    pub seen: i64,
    /// The units and mails it was judged on: where something happened to them since, the act is refused.
    pub units: BTreeSet<UnitCode>,
    pub mails: BTreeSet<Digest>,
    pub events: Vec<Event>,
    /// Mails that are read otherwise now, with what is read of them.
    pub reread: Vec<(MailRecord, Vec<Reading>)>,
    /// Letters that follow.
    pub letters: Vec<LetterOrder>,
    /// Letters that have not gone out and must not any more.
    pub withdrawn: Vec<LetterKey>,
    /// Letters that were withdrawn before and are owed again.
    pub restored: Vec<LetterKey>,
    /// Why the letters that follow are held; `None` where they go out.
    pub held: Option<String>,
}

/// What stands beside a letter that a person's later act made pointless.
const WITHDRAWN: &str = "工作人员改变处理意见，不再发送";

impl Store {
    /// Records an act, and returns the ids of its events in their order.
    ///
    /// # Errors
    /// [`StoreError::Overtaken`] where something else happened meanwhile: it is to be thought through again.
    /// [`StoreError::NoSuchReview`] and [`StoreError::ReviewAlreadySettled`] for settlements; the database's.
    pub async fn act(
        &self,
        act: &Act,
        sender_domain: &str,
        now: DateTime<FixedOffset>,
    ) -> Result<Vec<i64>, StoreError> {
        let mut write = self.begin().await?;
        refuse_if_overtaken(&mut write, act.seen, &act.units, &act.mails).await?;
        for (record, read) in &act.reread {
            mails::update(&mut write, record).await?;
            readings::delete(&mut write, &record.sha256).await?;
            readings::insert(&mut write, std::iter::once(read.as_slice())).await?;
        }
        let ids = events::insert(&mut write, &act.events).await?;
        for key in &act.withdrawn {
            move_letter(&mut write, key, &["queued", "held"], "cancelled", Some(WITHDRAWN), now).await?;
        }
        let (state, reason) = match &act.held {
            Some(reason) => ("held", Some(reason.as_str())),
            None => ("queued", None),
        };
        for key in &act.restored {
            move_letter(&mut write, key, &["cancelled"], state, reason, now).await?;
        }
        owed::insert(&mut write, act.letters.iter(), sender_domain, now).await?;
        if act.held.is_some() {
            for order in &act.letters {
                move_letter(&mut write, &order.key, &["queued"], state, reason, now).await?;
            }
        }
        write.commit().await?;
        Ok(ids)
    }

    /// All letters about this mail, whatever became of them, in the order they were owed.
    ///
    /// # Errors
    /// The database's.
    pub async fn letters_about(&self, mail: &Digest) -> Result<Vec<StoredLetter>, StoreError> {
        let rows: Vec<LetterRow> = sqlx::query_as(
            "SELECT * FROM letters WHERE key = ?1 OR (key > ?1 || '/' AND key < ?1 || '0') ORDER BY created_at, key",
        )
        .bind(LetterKey::Ack { mail: mail.clone() }.text())
        .fetch_all(&self.reader)
        .await?;
        rows.into_iter().map(|row| self.letter_from(row)).collect()
    }
}

/// Whether anything was recorded of these units and mails since `seen`, on which something was judged.
pub(super) async fn refuse_if_overtaken(
    write: &mut SqliteConnection,
    seen: i64,
    units: &BTreeSet<UnitCode>,
    mails: &BTreeSet<Digest>,
) -> Result<(), StoreError> {
    let units: Vec<&str> = units.iter().map(UnitCode::as_str).collect();
    let mails: Vec<&str> = mails.iter().map(Digest::as_str).collect();
    let overtaken: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM events
                        WHERE id > ?1 AND kind <> 'letter_sent'
                          AND (unit IN (SELECT value FROM json_each(?2)) OR mail IN (SELECT value FROM json_each(?3))))",
    )
    .bind(seen)
    .bind(serde_json::to_string(&units)?)
    .bind(serde_json::to_string(&mails)?)
    .fetch_one(write)
    .await?;
    if overtaken { Err(StoreError::Overtaken) } else { Ok(()) }
}

/// Moves a letter that nobody is sending from one of these states to another; in any other state it stays.
async fn move_letter(
    write: &mut SqliteConnection,
    key: &LetterKey,
    from: &[&str],
    to: &str,
    reason: Option<&str>,
    now: DateTime<FixedOffset>,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE letters SET state = ?2, last_reply = ?3, next_attempt_at = max(next_attempt_at, ?4)
         WHERE key = ?1 AND state IN (SELECT value FROM json_each(?5))",
    )
    .bind(key.text())
    .bind(to)
    .bind(reason)
    .bind(millis(now))
    .bind(serde_json::to_string(from)?)
    .execute(write)
    .await?;
    Ok(())
}
