//! The second and the last step: a mail read, and decisions taken and recorded, those of many mails in one transaction.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, FixedOffset};
use tracing::Instrument as _;

use super::folded::Folded;
use super::keeping::{Kept, content_of_place};
use super::outcome::{outcome, set_aside};
use super::{Desk, TakenIn, known};
use crate::judge::decide::{Times, decide};
use crate::judge::replay::may_be_otherwise;
use crate::model::alarm::{Alarm, alarm};
use crate::model::decision::{Decision, Origin, Understanding};
use crate::model::mail::{Content, Digest};
use crate::store::Recording;
use crate::work::failpoint::reached;
use crate::work::{WorkError, reread};

/// How often reading a mail is begun before it is set aside without another try.
const MOST_TRIES: u32 = 3;

/// A mail that was read, or that cannot be.
pub(super) struct Read {
    mail: Digest,
    size: u64,
    received_at: DateTime<FixedOffset>,
    origins: Vec<Origin>,
    began: Instant,
    /// The error says why.
    understanding: Result<Understanding, String>,
}

/// A mail that arrived before others which are recorded, and what was decided on it.
struct Late {
    read: Read,
    decision: Decision,
}

impl Desk {
    /// Opens and judges a mail that is kept.
    ///
    /// # Errors
    /// Where the machine cannot start a reading process, or the database fails.
    pub(super) async fn read(&self, kept: Kept, now: DateTime<FixedOffset>) -> Result<Read, WorkError> {
        let span = tracing::info_span!("mail", id = %kept.mail.short());
        self.read_within(kept, now).instrument(span).await
    }

    async fn read_within(&self, kept: Kept, now: DateTime<FixedOffset>) -> Result<Read, WorkError> {
        let tries = match kept.sighting() {
            Some(sighting) if kept.begun_before => self.store.note_sighting(sighting, now).await?,
            Some(_) | None => 1,
        };
        let Kept { mail, received_at, bytes, origins, share, began, .. } = kept;
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let understanding = if tries > MOST_TRIES {
            Err("reading it ended the program several times".to_owned())
        } else {
            match self.open(Arc::clone(&bytes)).await? {
                Ok(opened) => {
                    let signature = self.verify(&opened, bytes, now).await?;
                    drop(share);
                    self.judge(opened, signature, self.register_at(received_at)).await?.map(slim)
                }
                Err(reason) => Err(reason),
            }
        };
        reached("understood");
        Ok(Read { mail, size, received_at, origins, began, understanding })
    }

    /// Decides on mails in their order and records them, each on what was recorded of earlier arrivals. A person who acts
    /// beside us has acted before all of it or acts after: meanwhile nobody else writes.
    ///
    /// # Errors
    /// The database's, or that a mail which came late cannot be fitted in. What was not recorded is as if it had not come.
    pub(super) async fn record(
        &self,
        mut read: Vec<Read>,
        now: DateTime<FixedOffset>,
    ) -> Result<Vec<(TakenIn, Origin)>, WorkError> {
        let mut told = Vec::new();
        // Each is decided by what arrived before it.
        read.sort_by_key(|read| read.received_at);
        let mut waiting = VecDeque::from(read);
        let mut folded = self.ledger.lock().await;
        while !waiting.is_empty() {
            let Some(late) = self.record_until_late(&mut waiting, &mut folded, &mut told, now).await? else { continue };
            // Others were decided before this one came, and arrived after it: they are decided again.
            let Late { read: Read { received_at, origins, understanding, began, .. }, decision } = late;
            let (Ok(understanding), Some(origin)) = (understanding, origins.first()) else { continue };
            let times = Times { received_at, now };
            let (recorded, decision) = reread::take_in_late(self, &understanding, decision, (origin, times)).await?;
            let places: Vec<_> =
                origins.iter().filter_map(|origin| content_of_place(origin, &decision.record.sha256)).collect();
            self.store.record_places(&places, now).await?;
            told.extend(taken(&decision, recorded.new, origins, began));
        }
        drop(folded);
        for (taken, origin) in &told {
            reached("recorded");
            if taken.new {
                self.vitals.took(taken.took);
            }
            if let Origin::Imap(place) = origin {
                self.vitals.steps(&place.mailbox);
            }
        }
        Ok(told)
    }

    /// Records those that wait up to one that arrived before others of its units; that one is handed back.
    async fn record_until_late(
        &self,
        waiting: &mut VecDeque<Read>,
        folded: &mut Folded,
        told: &mut Vec<(TakenIn, Origin)>,
        now: DateTime<FixedOffset>,
    ) -> Result<Option<Late>, WorkError> {
        let mut recording = self.store.begin_recording(&self.sender_domain, now).await?;
        folded.begin();
        let digests: Vec<&Digest> = waiting.iter().map(|read| &read.mail).collect();
        // Another mailbox may have brought the same mail meanwhile.
        let mut recorded = recording.recorded_among(&digests).await?;
        let mut late = None;
        let (mut decided, mut again) = (Vec::new(), Vec::new());
        let many = waiting.len();
        while let Some(mut read) = waiting.pop_front() {
            if !recorded.insert(read.mail.clone()) {
                read.origins.iter().for_each(|origin| recording.add_place(origin, &read.mail));
                again.push(read);
                continue;
            }
            let (decision, is_late) = self.decision_on(&mut read, &mut recording, folded, now).await?;
            reached("decided");
            if is_late {
                late = Some(Late { read, decision });
                break;
            }
            decided.extend(taken(&decision, true, read.origins.clone(), read.began));
            for event in recording.add(decision, &read.origins, read.understanding.err()) {
                folded.add(event);
            }
            if waiting.len() == many / 2 {
                reached("half_decided");
            }
        }
        recording.write().await?;
        reached("written");
        let until = recording.last_event();
        recording.commit().await?;
        folded.commit(until);
        told.extend(decided);
        for read in again {
            let Some(record) = self.store.mail(&read.mail).await? else { continue };
            let taken = known(record);
            told.extend(read.origins.into_iter().map(|origin| (taken.clone(), origin)));
        }
        Ok(late)
    }

    /// The decision on one mail, and whether it arrived before others that are recorded and may be decided otherwise now.
    async fn decision_on(
        &self,
        read: &mut Read,
        recording: &mut Recording<'_>,
        folded: &mut Folded,
        now: DateTime<FixedOffset>,
    ) -> Result<(Decision, bool), WorkError> {
        let times = Times { received_at: read.received_at, now };
        if let Ok(understanding) = &read.understanding {
            let past = self.past_within(understanding, recording, folded, times).await?;
            let register = self.register();
            // A fault in judging this mail is no reason for the others to wait.
            match catch_unwind(AssertUnwindSafe(|| decide(understanding, &register, &past, times))) {
                Ok(decision) => return Ok((decision, past.later.values().flatten().any(may_be_otherwise))),
                Err(_) => read.understanding = Err("judging it was ended by a fault of the program".to_owned()),
            }
        }
        let reason = read.understanding.as_ref().err().map_or("", String::as_str);
        alarm!(Alarm::MailSetAside, mail = %read.mail.short(), reason);
        Ok((set_aside(&read.mail, read.size, times), false))
    }
}

/// What became of a mail, once for each place it was seen at: at all but the first it is known.
fn taken(
    decision: &Decision,
    new: bool,
    origins: Vec<Origin>,
    began: Instant,
) -> impl Iterator<Item = (TakenIn, Origin)> {
    let again = known(decision.record.clone());
    let mut first = Some(TakenIn { new, outcome: outcome(decision), took: began.elapsed(), ..again.clone() });
    origins.into_iter().map(move |origin| (first.take().unwrap_or_else(|| again.clone()), origin))
}

/// Without the sheets and documents: what is decided by is read from them already, and they are large.
pub(in crate::work) fn slim(mut understanding: Understanding) -> Understanding {
    for piece in &mut understanding.mail.pieces {
        piece.content = Content::Nothing;
    }
    understanding.mail.body.sheets = Vec::new();
    understanding
}
