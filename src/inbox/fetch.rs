//! The mails themselves: asked for in batches of bounded size, handed over as they come, none holding back another.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_imap::imap_proto::{AttributeValue, Response};
use chrono::{DateTime, FixedOffset};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use super::InboxError;
use super::cursor::{self, Listed};
use super::folder::topmost_received;
use super::imap::Session;
use super::talk::{Answer, Outcome};
use crate::model::decision::{Arrival, Origin, Place};

/// Mails are asked for in batches of at most so many octets: what still comes where nobody takes any more.
const BATCH_OCTETS: u64 = 8 * 1024 * 1024;
/// And at most so many mails.
const BATCH_MAILS: usize = 100;
/// After so many refusals in a row the server refuses everything: back off.
const MOST_REFUSALS: usize = 3;

/// What became of a mail that was to be fetched. One that vanished in between is not told of.
#[derive(Clone, Debug)]
pub enum Fetched {
    Mail(Arrival),
    /// Longer than `max_mail_bytes`, and therefore left where it is; a person must look. `size` in octets.
    TooLarge {
        place: Place,
        received_at: DateTime<FixedOffset>,
        size: u64,
    },
    /// The server does not hand this one out.
    Declined {
        place: Place,
        said: String,
    },
}

impl Session {
    /// Fetches mails that `look` found and hands each over as it comes. `now` is the arrival of a mail for which the
    /// server gives no readable time and which carries none itself. Ends early where nobody takes them any more.
    ///
    /// # Errors
    /// The connection failed or the server refuses everything; what had arrived was handed over. A mail whose literal
    /// was announced far longer than listed is handed over as too large before the error.
    pub async fn fetch(
        &mut self,
        folder: &str,
        listed: &[Listed],
        now: DateTime<FixedOffset>,
        on_mail: &mpsc::Sender<Fetched>,
    ) -> Result<(), InboxError> {
        let Some(wire) = self.resolve(folder) else { return Ok(()) };
        self.ensure_open(&wire, false).await?;
        let batch_of = Batch { folder, uid_validity: self.uid_validity(folder), now };
        let (small, large): (Vec<Listed>, Vec<Listed>) =
            listed.iter().cloned().partition(|mail| mail.size <= self.settings.max_mail_bytes);
        for mail in &large {
            let size = u64::from(mail.size);
            let place = self.place(&batch_of, mail);
            let received_at = mail.internal_date.unwrap_or(now);
            if on_mail.send(Fetched::TooLarge { place, received_at, size }).await.is_err() {
                return Ok(());
            }
        }
        let mut refusals = 0;
        let mut batches: Vec<Vec<Listed>> = cursor::batches(&small, BATCH_OCTETS, BATCH_MAILS);
        batches.reverse();
        while let Some(batch) = batches.pop() {
            let Answered { left, wanted, outcome } = self.fetch_batch(&batch_of, &batch, on_mail).await;
            if !wanted && outcome.is_ok() {
                return Ok(());
            }
            match (outcome?, left.as_slice()) {
                (Outcome::Ok, vanished) => {
                    refusals = 0;
                    self.forget(folder, vanished);
                }
                (Outcome::No(said), [mail]) if batch.len() == 1 => {
                    refusals += 1;
                    if refusals >= MOST_REFUSALS {
                        return Err(InboxError::Declined { command: "UID FETCH", said });
                    }
                    let place = self.place(&batch_of, mail);
                    if on_mail.send(Fetched::Declined { place, said }).await.is_err() {
                        return Ok(());
                    }
                }
                // One bad mail must not hold back the others: ask for each alone.
                (Outcome::No(_), left) => batches.extend(left.iter().rev().map(|mail| vec![mail.clone()])),
            }
        }
        Ok(())
    }

    /// Fetches one batch and hands over each mail as it comes.
    async fn fetch_batch(&mut self, of: &Batch<'_>, batch: &[Listed], on_mail: &mpsc::Sender<Fetched>) -> Answered {
        let octets: u64 = batch.iter().map(|mail| u64::from(mail.size)).sum();
        let silence = self.talk.patience.silence;
        let most = u64::from(self.settings.max_mail_bytes);
        let longest = batch.iter().map(|mail| longest_literal(mail.size).min(most));
        self.talk.guard().set_literals(longest.clone().max().unwrap_or(0), longest.sum());
        self.talk.guard().set_silence(silence);
        let mut due: BTreeMap<u32, &Listed> = batch.iter().map(|mail| (mail.uid, mail)).collect();
        let mut wanted = true;
        let outcome = self.take_answer(of, (batch, octets), &mut due, &mut wanted, on_mail).await;
        let mut left = Vec::new();
        for mail in batch.iter().filter(|mail| due.contains_key(&mail.uid)) {
            let Some(size) = self.refused_literal_of(mail.uid, batch.len()) else {
                left.push(mail.clone());
                continue;
            };
            let received_at = mail.internal_date.unwrap_or(of.now);
            let too_large = Fetched::TooLarge { place: self.place(of, mail), received_at, size };
            wanted = wanted && on_mail.send(too_large).await.is_ok();
        }
        self.talk.guard().set_literals(longest_literal(0), 0);
        Answered { left, wanted, outcome }
    }

    /// Sends the command and takes its answer to the end, even where nobody takes mail any more: else the connection
    /// would be spent. Only waiting for the server counts against the time it has.
    async fn take_answer(
        &mut self,
        of: &Batch<'_>,
        (batch, octets): (&[Listed], u64),
        due: &mut BTreeMap<u32, &Listed>,
        wanted: &mut bool,
        on_mail: &mpsc::Sender<Fetched>,
    ) -> Result<Outcome, InboxError> {
        const COMMAND: &str = "UID FETCH";
        let uids: BTreeSet<u32> = batch.iter().map(|mail| mail.uid).collect();
        let uids: Vec<String> = uids.iter().map(u32::to_string).collect();
        let line = format!("{COMMAND} {} (UID BODY.PEEK[])", uids.join(","));
        let bound = self.talk.patience.command + Duration::from_secs(octets / 8192);
        let silent = |_| InboxError::Silent { command: COMMAND, seconds: bound.as_secs() };
        let mut time = bound;
        let tag = timeout(time, self.talk.send(COMMAND, &line)).await.map_err(silent)??;
        loop {
            let begun = Instant::now();
            let look = |response: &Response<'_>| match response {
                Response::Fetch(_, attributes) => body(attributes),
                _ => None,
            };
            let answer = timeout(time, self.talk.next(COMMAND, &tag, look)).await.map_err(silent)??;
            time = time.saturating_sub(begun.elapsed());
            let (uid, bytes) = match answer {
                Answer::Done(outcome) => return Ok(outcome),
                Answer::Untagged(None) => continue,
                Answer::Untagged(Some(come)) => come,
            };
            if let Some(mail) = due.remove(&uid)
                && *wanted
            {
                let received_at = mail.internal_date.or_else(|| topmost_received(&bytes)).unwrap_or(of.now);
                let origin = Origin::Imap(self.place(of, mail));
                *wanted = on_mail.send(Fetched::Mail(Arrival { origin, received_at, bytes })).await.is_ok();
            }
        }
    }

    /// The announced length where the guard refused the literal of this very mail.
    fn refused_literal_of(&mut self, uid: u32, batch: usize) -> Option<u64> {
        let guard = self.talk.guard();
        let size = guard.refused_literal()?;
        let line = String::from_utf8_lossy(guard.last_line()).into_owned();
        let mut words = line.split([' ', '(', ')']).skip_while(|word| !word.eq_ignore_ascii_case("UID")).skip(1);
        let named = words.next().and_then(|word| word.parse::<u32>().ok());
        (named == Some(uid) || (named.is_none() && batch == 1)).then_some(size)
    }

    /// What was asked for and did not come is gone; a later look at the whole folder finds it if it is not.
    fn forget(&mut self, folder: &str, vanished: &[Listed]) {
        if let Some(look) = self.looks.get_mut(folder) {
            look.pending.retain(|uid, _| vanished.iter().all(|mail| mail.uid != *uid));
        }
    }

    fn place(&self, of: &Batch<'_>, mail: &Listed) -> Place {
        Place {
            mailbox: self.settings.mailbox.clone(),
            folder: of.folder.to_owned(),
            uid_validity: of.uid_validity,
            uid: mail.uid,
            size: mail.size,
            internal_date: mail.internal_seconds(),
        }
    }
}

/// What came of one batch.
struct Answered {
    /// What did not come.
    left: Vec<Listed>,
    /// Whether anybody takes mail still.
    wanted: bool,
    outcome: Result<Outcome, InboxError>,
}

/// What the mails of one fetch have in common.
struct Batch<'a> {
    folder: &'a str,
    uid_validity: u32,
    now: DateTime<FixedOffset>,
}

/// How long a literal may be for a mail listed with this size: servers count line ends differently, never fourfold.
fn longest_literal(listed: u32) -> u64 {
    u64::from(listed) * 4 + 1024 * 1024
}

fn body(attributes: &[AttributeValue<'_>]) -> Option<(u32, Vec<u8>)> {
    let (mut uid, mut bytes) = (None, None);
    for attribute in attributes {
        match attribute {
            AttributeValue::Uid(number) => uid = Some(*number),
            AttributeValue::BodySection { section: None, data: Some(data), .. } => bytes = Some(data.to_vec()),
            _ => {}
        }
    }
    Some((uid?, bytes?))
}
