//! What mail is taken for changes after it was recorded: of many mails at once, in one transaction.

use chrono::{DateTime, FixedOffset};
use sqlx::SqliteConnection;

use super::mails::{self, Recorded};
use super::{Store, StoreError, events, owed, readings};
use crate::model::decision::{Decision, MailRecord, Origin, Reading};
use crate::model::ledger::Event;
use crate::model::letter::LetterOrder;

/// What changes about one mail.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What the mail is, and whose, from now on.
    pub record: MailRecord,
    /// What is read of it from now on; `None` where that stays.
    pub readings: Option<Vec<Reading>>,
    pub events: Vec<Event>,
    /// Letters whose key is known stay as they are.
    pub letters: Vec<LetterOrder>,
    /// Message-IDs of letters of ours that it sends back.
    pub bounced_letters: Vec<String>,
}

/// A mail that comes in while others change.
#[derive(Clone, Copy, Debug)]
pub struct NewMail<'a> {
    pub decision: &'a Decision,
    pub origin: &'a Origin,
}

impl Store {
    /// Changes what these mails are, whose and what is read of them, and adds the events that say so, in one transaction;
    /// with them the new mail, if there is one. `None` where anything but a letter's sending was recorded since the event
    /// `known_until`, by a person beside us: then nothing is written, and it must be worked out again.
    ///
    /// # Errors
    /// [`StoreError::NoSuchMail`]; the database's. Then nothing of it is recorded.
    pub async fn revise(
        &self,
        changes: &[Change],
        new: Option<NewMail<'_>>,
        known_until: i64,
        sender_domain: &str,
        now: DateTime<FixedOffset>,
    ) -> Result<Option<Recorded>, StoreError> {
        let mut recording = self.begin_recording(sender_domain, now).await?;
        let spoken: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM events WHERE id > ?1 AND kind <> 'letter_sent')")
                .bind(known_until)
                .fetch_one(&mut *recording.write)
                .await?;
        if spoken {
            return Ok(None);
        }
        let recorded = match new {
            Some(NewMail { decision, origin }) => recording.add_one(decision, origin).await?,
            None => Recorded { new: false, event_ids: Vec::new() },
        };
        recording.write().await?;
        let write = &mut *recording.write;
        // All of it is one act, to be taken back as a whole.
        let added: Vec<Event> = changes.iter().flat_map(|change| change.events.iter().cloned()).collect();
        for change in changes {
            mails::update(write, &change.record).await?;
            if let Some(read) = &change.readings {
                readings::delete(write, &change.record.sha256).await?;
                readings::insert(write, std::iter::once(read.as_slice())).await?;
            }
        }
        events::insert(write, &added).await?;
        for change in changes {
            settle_letters(write, change, sender_domain, now).await?;
        }
        recording.commit().await?;
        Ok(Some(recorded))
    }

    /// Everything that happened in every campaign, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn all_events(&self) -> Result<Vec<Event>, StoreError> {
        let lines = self.history(None, None).await?;
        Ok(lines.into_iter().map(|line| line.event).collect())
    }
}

async fn settle_letters(
    write: &mut SqliteConnection,
    change: &Change,
    sender_domain: &str,
    now: DateTime<FixedOffset>,
) -> Result<(), StoreError> {
    owed::insert(write, change.letters.iter(), sender_domain, now).await?;
    owed::note_bounces_of(write, &change.record.sha256, &change.events, &change.bounced_letters).await
}
