//! The one pipeline for mail: archive, read, judge, record. IMAP, `ingest`, `demo` and the tests all go through it.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, FixedOffset, TimeDelta};
use tokio::sync::Mutex;

use super::WorkError;
use super::accepted::Accepted;
use super::opener::Opener;
use crate::archive::Archive;
use crate::judge::decide::{BouncedLetter, OpenReview, Past, Times, decide};
use crate::judge::register::Register;
use crate::judge::said::Said;
use crate::judge::understand::understand;
use crate::judge::{peers, progress};
use crate::model::decision::{Arrival, Decision, MailRecord, Origin, Understanding};
use crate::model::ledger::{Actor, Event, EventKind, Nature, ReviewReason, in_force};
use crate::model::mail::{DeliveryReport, Digest, MachineReport, Opened, Refusal};
use crate::model::unit::UnitCode;
use crate::sandbox::Unopened;
use crate::store::{PlaceContent, Sighting, Store};

/// How long reading one mail may take before it is set aside.
const READING_TIME: Duration = Duration::from_secs(60);
/// How often reading a mail is begun before it is set aside without another try.
const MOST_TRIES: u32 = 3;
/// A bounce that does not name its letter is matched to one sent to that address within this span.
const BOUNCE_SPAN: TimeDelta = TimeDelta::days(7);

/// Where mail is opened, judged and recorded.
pub struct Desk {
    pub store: Store,
    pub archive: Archive,
    pub register: Arc<Register>,
    opener: Arc<Opener>,
    /// Message-IDs of our letters end in it.
    pub sender_domain: String,
    /// Judging looks at the ledger and recording changes it: one mail at a time between the two.
    ledger: Mutex<()>,
    accepted: Accepted,
}

/// What became of a mail, for the log and for `ingest`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenIn {
    pub mail: Digest,
    /// `false` where the mail was recorded before.
    pub new: bool,
    pub nature: Nature,
    pub campaign: Option<String>,
    pub unit: Option<UnitCode>,
    /// What was filed and what waits, in a few words: `table accepted, report needs_review`.
    pub outcome: String,
}

impl Desk {
    #[must_use]
    pub fn new(store: Store, archive: Archive, register: Arc<Register>, opener: Opener, sender_domain: String) -> Self {
        Self {
            store,
            archive,
            register,
            opener: Arc::new(opener),
            sender_domain,
            ledger: Mutex::new(()),
            accepted: Accepted::default(),
        }
    }

    /// Takes one mail in, from archive to record. Repeating it changes nothing.
    ///
    /// # Errors
    /// Where disk or database fail; then the mail is as if it had not come, and comes again.
    pub async fn take_in(&self, arrival: Arrival, now: DateTime<FixedOffset>) -> Result<TakenIn, WorkError> {
        let Arrival { origin, received_at, bytes } = arrival;
        // Servers tell the moment in whatever zone they like; the office reads its own.
        let received_at = received_at.with_timezone(now.offset());
        let mail = self.archive.put(&bytes)?;
        if let Some(record) = self.store.mail(&mail).await? {
            self.note_place(&origin, &mail, now).await?;
            return Ok(known(record));
        }
        let tries = self.store.note_sighting(Sighting { mail: &mail, received_at, origin: &origin }, now).await?;
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let understanding = if tries > MOST_TRIES {
            Err("reading it ended the program several times".to_owned())
        } else {
            self.understand(bytes).await?
        };
        let times = Times { received_at, now };
        let recording = self.ledger.lock().await;
        let decision = match understanding {
            Ok(understanding) => {
                let past = self.past(&understanding, now).await?;
                decide(&understanding, &self.register, &past, times)
            }
            Err(reason) => {
                self.store.note_failure(&mail, &reason).await?;
                tracing::warn!(mail = mail.short(), reason, "mail set aside");
                set_aside(&mail, size, times)
            }
        };
        let recorded = self.store.record(&decision, &origin, &self.sender_domain, now).await?;
        drop(recording);
        Ok(TakenIn { new: recorded.new, outcome: outcome(&decision), ..known(decision.record) })
    }

    async fn note_place(&self, origin: &Origin, mail: &Digest, now: DateTime<FixedOffset>) -> Result<(), WorkError> {
        if let Origin::Imap(place) = origin {
            self.store.record_place(place, &PlaceContent::Mail(mail.clone()), now).await?;
        }
        Ok(())
    }

    /// Opens a mail in a reading process and judges it, apart from the async threads and under a clock; the inner error
    /// says why the mail itself could not be read.
    ///
    /// # Errors
    /// Where the machine cannot start a reading process.
    pub(super) async fn understand(&self, bytes: Vec<u8>) -> Result<Result<Understanding, String>, WorkError> {
        self.judged(bytes, Arc::clone(&self.register)).await
    }

    /// The same under a person's word on the mail.
    ///
    /// # Errors
    /// Where the machine cannot start a reading process.
    pub(super) async fn understand_as_said(
        &self,
        bytes: Vec<u8>,
        said: &Said,
    ) -> Result<Result<Understanding, String>, WorkError> {
        let alone = said.campaign().and_then(|campaign| self.register.alone(campaign)).map(Arc::new);
        let understood = self.judged(bytes, alone.unwrap_or_else(|| Arc::clone(&self.register))).await?;
        Ok(understood.map(|understanding| said.apply(understanding, &self.register)))
    }

    async fn judged(
        &self,
        bytes: Vec<u8>,
        register: Arc<Register>,
    ) -> Result<Result<Understanding, String>, WorkError> {
        let opener = Arc::clone(&self.opener);
        let reading = tokio::task::spawn_blocking(move || {
            let mail = match opener.open(&bytes, None)? {
                Opened::Mail(mail) => *mail,
                Opened::Bare { .. } => return Err(Unopened::Poison(Refusal::Broken)),
            };
            std::panic::catch_unwind(AssertUnwindSafe(|| understand(mail, &register)))
                .map_err(|_| Unopened::Poison(Refusal::Broken))
        });
        match tokio::time::timeout(READING_TIME, reading).await {
            Ok(Ok(Ok(understanding))) => Ok(Ok(understanding)),
            Ok(Ok(Err(Unopened::World(error)))) => Err(WorkError::Reader(error)),
            Ok(Ok(Err(poison @ Unopened::Poison(_)))) => Ok(Err(poison.to_string())),
            Ok(Err(_)) => Ok(Err("a reader failed on it".to_owned())),
            Err(_) => Ok(Err(format!("reading it took more than {} s", READING_TIME.as_secs()))),
        }
    }

    /// What the store knows of everybody this mail may concern.
    pub(super) async fn past(
        &self,
        understanding: &Understanding,
        now: DateTime<FixedOffset>,
    ) -> Result<Past, WorkError> {
        self.past_if(understanding, Supposed::default(), now).await
    }

    /// The same, supposing that things had gone otherwise.
    pub(super) async fn past_if(
        &self,
        understanding: &Understanding,
        supposed: Supposed<'_>,
        now: DateTime<FixedOffset>,
    ) -> Result<Past, WorkError> {
        let mut past = Past { bounced: self.bounced(understanding, now).await?, ..Past::default() };
        let Some(campaign) = &understanding.campaign else { return Ok(past) };
        let yesterday = now - TimeDelta::days(1);
        let mut units: BTreeSet<&UnitCode> =
            understanding.tables.iter().filter_map(|table| table.unit.as_ref()).collect();
        units.extend(understanding.unit.as_ref().map(|claim| &claim.code));
        for unit in units {
            let events = supposed.events(self.store.events_of(campaign, unit).await?, campaign, unit);
            let duplicated =
                |event: &&Event| event.at > yesterday && matches!(event.kind, EventKind::Duplicated { .. });
            let repeated: BTreeSet<&Option<Digest>> =
                events.iter().filter(duplicated).map(|event| &event.mail).collect();
            past.duplicates_today += u32::try_from(repeated.len()).unwrap_or(u32::MAX);
            let ledger = progress::fold(&events);
            let mut senders = BTreeSet::new();
            for standing in ledger.items.values().filter_map(|item| item.current.as_ref()) {
                let record = self.store.mail(&standing.mail).await?;
                senders.extend(record.and_then(|record| record.from_address).map(|address| address.to_lowercase()));
            }
            past.senders.insert(unit.clone(), senders);
            past.ledgers.insert(unit.clone(), ledger);
        }
        let register = self.register.campaign(campaign).filter(|_| !past.ledgers.is_empty());
        if let Some(campaign) = register {
            let accepted = self.accepted.totals(&self.store, &campaign.id).await?;
            past.peers = peers::peers_of(past.ledgers.keys(), &accepted, campaign);
        }
        let open = self.store.open_reviews(Some(campaign)).await?;
        past.open_reviews = open
            .into_iter()
            .filter_map(|review| Some(OpenReview { id: review.id, unit: review.unit?, reason: review.reason }))
            .filter(|review| past.ledgers.contains_key(&review.unit))
            .collect();
        if let Some(from) = understanding.mail.headers.from.first() {
            past.answers_today = self.store.owed_to_since(&from.address, yesterday).await?;
        }
        Ok(past)
    }

    /// The letter of ours a bounce sends back: by its Message-ID, else by recipient and time (mail.md 23).
    async fn bounced(
        &self,
        understanding: &Understanding,
        now: DateTime<FixedOffset>,
    ) -> Result<Option<BouncedLetter>, WorkError> {
        let Some(MachineReport::Delivery(report)) = &understanding.mail.machine_report else { return Ok(None) };
        let DeliveryReport { original_message_id, recipient, .. } = report;
        let mut letter = None;
        if let Some(id) = original_message_id {
            letter = self.store.letter_by_message_id(id).await?;
        }
        if letter.is_none()
            && original_message_id.is_none()
            && let Some(recipient) = recipient
        {
            letter = self.store.last_letter_to(recipient, now - BOUNCE_SPAN).await?;
        }
        Ok(letter.map(|letter| {
            let order = letter.order;
            let first = order.recipients.first().map(|address| address.to_lowercase()).unwrap_or_default();
            let named =
                recipient.clone().filter(|named| order.recipients.iter().any(|to| to.eq_ignore_ascii_case(named)));
            BouncedLetter {
                campaign: order.campaign,
                unit: order.unit,
                recipient: named.unwrap_or(first),
                message_id: letter.message_id,
            }
        }))
    }
}

/// What is supposed to have happened beside what is recorded.
#[derive(Clone, Copy, Default)]
pub(super) struct Supposed<'a> {
    /// This mail had never come.
    pub without: Option<&'a Digest>,
    /// These events had been recorded too.
    pub also: &'a [Event],
}

impl Supposed<'_> {
    /// The unit's events in force, so supposing.
    fn events(self, mut recorded: Vec<Event>, campaign: &str, unit: &UnitCode) -> Vec<Event> {
        if self.without.is_none() && self.also.is_empty() {
            return recorded;
        }
        let also = self.also.iter().filter(|event| event.campaign == campaign && event.unit.as_ref() == Some(unit));
        recorded.extend(also.cloned());
        let counts = |event: &&Event| event.mail.is_none() || event.mail.as_ref() != self.without;
        in_force(&recorded).filter(counts).cloned().collect()
    }
}

fn known(record: MailRecord) -> TakenIn {
    TakenIn {
        mail: record.sha256,
        new: false,
        nature: record.nature,
        campaign: record.campaign,
        unit: record.unit,
        outcome: "known already".to_owned(),
    }
}

/// A mail nobody could read: recorded as such, laid before a person, in nobody's way.
fn set_aside(mail: &Digest, size: u64, times: Times) -> Decision {
    let event = |kind| Event {
        id: 0,
        act: 0,
        at: times.now,
        campaign: String::new(),
        unit: None,
        mail: Some(mail.clone()),
        by: Actor::Machine,
        kind,
    };
    let text = "读取这封邮件时程序出错，已搁置，原件已存档，请人工查看。".to_owned();
    Decision {
        record: MailRecord {
            sha256: mail.clone(),
            size,
            received_at: times.received_at,
            nature: Nature::Unreadable,
            campaign: None,
            unit: None,
            from_address: None,
            from_name: None,
            subject: None,
            message_id: None,
        },
        readings: Vec::new(),
        events: vec![
            event(EventKind::MailRecorded { nature: Nature::Unreadable, received_at: times.received_at }),
            event(EventKind::ReviewAsked { reason: ReviewReason::SetAside, item: None, text }),
        ],
        letters: Vec::new(),
        bounced_letters: Vec::new(),
    }
}

fn outcome(decision: &Decision) -> String {
    let mut words: BTreeMap<usize, String> = BTreeMap::new();
    for (place, event) in decision.events.iter().enumerate() {
        let word = match &event.kind {
            EventKind::Filed(filing) => format!("{} {}", filing.item.as_str(), verdict_word(filing.verdict)),
            EventKind::Duplicated { item, .. } => format!("{} duplicate", item.as_str()),
            EventKind::ReviewAsked { .. } => "a person must look".to_owned(),
            EventKind::Bounced { hard, .. } => if *hard { "hard bounce" } else { "soft bounce" }.to_owned(),
            EventKind::MailRecorded { .. }
            | EventKind::ReviewSettled { .. }
            | EventKind::AssignedByPerson
            | EventKind::AcceptedByPerson { .. }
            | EventKind::Waived { .. }
            | EventKind::ReturnedByPerson { .. }
            | EventKind::DeadlineExtended { .. }
            | EventKind::AddressTaught { .. }
            | EventKind::NameTaught { .. }
            | EventKind::Undone { .. }
            | EventKind::LetterRuled { .. }
            | EventKind::LetterSent { .. } => continue,
        };
        words.insert(place, word);
    }
    if words.is_empty() { "recorded".to_owned() } else { words.into_values().collect::<Vec<_>>().join(", ") }
}

fn verdict_word(verdict: crate::model::ledger::Verdict) -> &'static str {
    use crate::model::ledger::Verdict;
    match verdict {
        Verdict::Accepted => "accepted",
        Verdict::NeedsCorrection => "needs_correction",
        Verdict::NeedsReview => "needs_review",
    }
}
