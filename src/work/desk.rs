//! The one pipeline for mail: archive, read, judge, record. IMAP, `ingest`, `demo` and the tests all go through it.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, FixedOffset, TimeDelta};
use tokio::sync::Mutex;

use super::WorkError;
use super::enclose::Copyist;
use super::failpoint::reached;
use super::opener::Opener;
use super::recorded::Recorded as Events;
use super::reread;
use crate::archive::Archive;
use crate::dkim::Verifier;
use crate::judge::decide::{BouncedLetter, Past, Times, decide};
use crate::judge::past::{Arrivals, Moment, past_as_of, standing_mails, taught_addresses, units_of};
use crate::judge::register::Register;
use crate::judge::said::Said;
use crate::judge::taught::taught;
use crate::judge::understand::understand;
use crate::model::authenticity::{SignatureCheck, domain_of};
use crate::model::decision::{Arrival, Decision, MailRecord, Origin, Understanding};
use crate::model::hints::{Hints, ReplyTo};
use crate::model::ledger::{Actor, Event, EventKind, Nature, ReviewReason, undone_by};
use crate::model::mail::{DeliveryReport, Digest, MachineReport, Mail, Opened, Refusal};
use crate::model::unit::UnitCode;
use crate::sandbox::Unopened;
use crate::store::{PlaceContent, Recorded, Sighting, Store, StoreError};

/// How long reading one mail may take before it is set aside.
const READING_TIME: Duration = Duration::from_secs(60);
/// How often reading a mail is begun before it is set aside without another try.
const MOST_TRIES: u32 = 3;
/// References of one mail that are looked up among our letters, newest first.
const MOST_REFERENCES: usize = 10;
/// A bounce that does not name its letter is matched to one sent to that address within this span.
const BOUNCE_SPAN: TimeDelta = TimeDelta::days(7);

/// Where mail is opened, judged and recorded.
pub struct Desk {
    pub store: Store,
    pub archive: Archive,
    /// Swapped as a whole when the configuration changes.
    register: RwLock<Arc<Register>>,
    opener: Arc<Opener>,
    /// Message-IDs of our letters end in it.
    pub sender_domain: String,
    /// Judging looks at the ledger and recording changes it: one mail at a time between the two.
    ledger: Mutex<()>,
    recorded: Events,
    /// `None` where DNS is not to be asked.
    verifier: Option<Verifier>,
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
            register: RwLock::new(register),
            opener: Arc::new(opener),
            sender_domain,
            ledger: Mutex::new(()),
            recorded: Events::default(),
            verifier: None,
        }
    }

    /// The same desk, which verifies the signatures of the mail it takes in.
    #[must_use]
    pub fn with_verifier(mut self, verifier: Option<Verifier>) -> Self {
        self.verifier = verifier;
        self
    }

    /// All campaigns as they are configured at this moment.
    #[must_use]
    pub fn register(&self) -> Arc<Register> {
        Arc::clone(&self.register.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The campaigns that were open at that moment.
    fn register_at(&self, received_at: DateTime<FixedOffset>) -> Arc<Register> {
        Arc::new(self.register().at(received_at))
    }

    /// From the next mail on, this register counts.
    pub fn set_register(&self, register: Arc<Register>) {
        *self.register.write().unwrap_or_else(PoisonError::into_inner) = register;
    }

    /// Makes the tables that go with receipts, from the mails kept here.
    #[must_use]
    pub fn copyist(&self) -> Copyist<'_> {
        Copyist { archive: &self.archive, opener: &self.opener }
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
        reached("archived");
        if let Some(record) = self.store.mail(&mail).await? {
            self.note_place(&origin, &mail, now).await?;
            return Ok(known(record));
        }
        let tries = self.store.note_sighting(Sighting { mail: &mail, received_at, origin: &origin }, now).await?;
        reached("sighted");
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let understanding = if tries > MOST_TRIES {
            Err("reading it ended the program several times".to_owned())
        } else {
            let bytes = Arc::new(bytes);
            match self.open(Arc::clone(&bytes)).await? {
                Ok(opened) => {
                    let signature = self.verify(&opened, bytes, now).await?;
                    self.judge(opened, signature, self.register_at(received_at)).await?
                }
                Err(reason) => Err(reason),
            }
        };
        reached("understood");
        let times = Times { received_at, now };
        let recording = self.ledger.lock().await;
        let (decision, recorded) = match understanding {
            Ok(understanding) => self.decide_and_record(&understanding, &origin, times).await?,
            Err(reason) => {
                self.store.note_failure(&mail, &reason).await?;
                tracing::warn!(mail = mail.short(), reason, "mail set aside");
                let decision = set_aside(&mail, size, times);
                let recorded = self.store.record(&decision, &origin, &self.sender_domain, now).await?;
                (decision, recorded)
            }
        };
        drop(recording);
        reached("recorded");
        Ok(TakenIn { new: recorded.new, outcome: outcome(&decision), ..known(decision.record) })
    }

    /// Judges a mail on what was recorded of earlier arrivals and records it; anew where a person acted on its units in
    /// between.
    async fn decide_and_record(
        &self,
        understanding: &Understanding,
        origin: &Origin,
        times: Times,
    ) -> Result<(Decision, Recorded), WorkError> {
        loop {
            let seen = self.store.last_event().await?;
            let moment = Moment::of_new(times.received_at);
            let past = self.past_of(understanding, moment, Supposed::default(), times.now).await?;
            let decision = decide(understanding, &self.register(), &past, times);
            reached("decided");
            if past.later.values().flatten().any(decides) {
                // Others were decided before this one came, and arrived after it: they are decided again.
                let (recorded, decision) = reread::take_in_late(self, understanding, decision, (origin, times)).await?;
                return Ok((decision, recorded));
            }
            let judged_on = (seen, past.ledgers.into_keys().collect());
            match self.store.record_judged(&decision, judged_on, origin, &self.sender_domain, times.now).await {
                Err(StoreError::Overtaken) => tracing::debug!("a person acted meanwhile; judged anew"),
                recorded => return Ok((decision, recorded?)),
            }
        }
    }

    async fn note_place(&self, origin: &Origin, mail: &Digest, now: DateTime<FixedOffset>) -> Result<(), WorkError> {
        if let Origin::Imap(place) = origin {
            self.store.record_place(place, &PlaceContent::Mail(mail.clone()), now).await?;
        }
        Ok(())
    }

    /// Opens and judges a mail that came at that moment, by the collections that were open then and by what was known of its
    /// signatures; the inner error says why the mail itself could not be read.
    ///
    /// # Errors
    /// Where the machine cannot start a reading process, or the database fails.
    pub(super) async fn understand_at(
        &self,
        bytes: Vec<u8>,
        received_at: DateTime<FixedOffset>,
    ) -> Result<Result<Understanding, String>, WorkError> {
        self.judged_again(bytes, self.register_at(received_at)).await
    }

    /// The same under a person's word on the mail.
    ///
    /// # Errors
    /// Where the machine cannot start a reading process, or the database fails.
    pub(super) async fn understand_as_said(
        &self,
        bytes: Vec<u8>,
        received_at: DateTime<FixedOffset>,
        said: &Said,
    ) -> Result<Result<Understanding, String>, WorkError> {
        let register = self.register();
        let alone = said.campaign().and_then(|campaign| register.alone(campaign)).map(Arc::new);
        let understood = self.judged_again(bytes, alone.unwrap_or_else(|| Arc::new(register.at(received_at)))).await?;
        Ok(understood.map(|understanding| said.apply(understanding, &register)))
    }

    async fn judged_again(
        &self,
        bytes: Vec<u8>,
        register: Arc<Register>,
    ) -> Result<Result<Understanding, String>, WorkError> {
        match self.open(Arc::new(bytes)).await? {
            Ok(opened) => {
                let signature = self.store.signature(&opened.sha256).await?;
                self.judge(opened, signature, register).await
            }
            Err(reason) => Ok(Err(reason)),
        }
    }

    /// Opens a mail in a reading process, apart from the async threads and under a clock.
    async fn open(&self, bytes: Arc<Vec<u8>>) -> Result<Result<Mail, String>, WorkError> {
        let opener = Arc::clone(&self.opener);
        in_time(move || match opener.open(&bytes, None)? {
            Opened::Mail(mail) => Ok(*mail),
            Opened::Bare { .. } => Err(Unopened::Poison(Refusal::Broken)),
        })
        .await
    }

    async fn judge(
        &self,
        mut mail: Mail,
        signature: Option<SignatureCheck>,
        register: Arc<Register>,
    ) -> Result<Result<Understanding, String>, WorkError> {
        mail.headers.authentication.signature = signature;
        let hints = self.hints(&mail).await?;
        in_time(move || {
            std::panic::catch_unwind(AssertUnwindSafe(|| understand(mail, &register, &hints)))
                .map_err(|_| Unopened::Poison(Refusal::Broken))
        })
        .await
    }

    /// What the signatures of a new mail prove: asked once, and kept, since keys are withdrawn.
    async fn verify(
        &self,
        mail: &Mail,
        bytes: Arc<Vec<u8>>,
        now: DateTime<FixedOffset>,
    ) -> Result<Option<SignatureCheck>, WorkError> {
        let known = self.store.signature(&mail.sha256).await?;
        let [from] = mail.headers.from.as_slice() else { return Ok(known) };
        let (None, Some(verifier), Some(domain)) = (&known, &self.verifier, domain_of(&from.address)) else {
            return Ok(known);
        };
        let check = verifier.verify(bytes, &domain).await;
        if check != SignatureCheck::Unsigned {
            self.store.note_signature(&mail.sha256, &check, now).await?;
        }
        Ok(Some(check))
    }

    /// What the store knows of a mail before it is judged: which letters of ours it answers.
    async fn hints(&self, mail: &Mail) -> Result<Hints, WorkError> {
        let headers = &mail.headers;
        let mut named: Vec<&String> = Vec::new();
        for id in headers.in_reply_to.iter().rev().chain(headers.references.iter().rev()) {
            if !named.contains(&id) {
                named.push(id);
            }
        }
        let mut replies_to: Vec<ReplyTo> = Vec::new();
        for id in named.into_iter().take(MOST_REFERENCES) {
            let Some(letter) = self.store.letter_by_message_id(id).await? else { continue };
            let reply = ReplyTo { campaign: letter.order.campaign, unit: letter.order.unit };
            if !replies_to.contains(&reply) {
                replies_to.push(reply);
            }
        }
        Ok(Hints { replies_to, taught: taught(&self.store.lessons().await?) })
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
        self.past_of(understanding, Moment::end(), supposed, now).await
    }

    /// As of the moment the mail arrived.
    async fn past_of(
        &self,
        understanding: &Understanding,
        moment: Moment,
        supposed: Supposed<'_>,
        now: DateTime<FixedOffset>,
    ) -> Result<Past, WorkError> {
        let bounced = self.bounced(understanding, now).await?;
        let Some(campaign_id) = &understanding.campaign else { return Ok(Past { bounced, ..Past::default() }) };
        let yesterday = now - TimeDelta::days(1);
        let units = units_of(understanding);
        let events = self.recorded.events(&self.store, campaign_id).await?;
        let register = self.register();
        let campaign = register.campaign(campaign_id).map(AsRef::as_ref);
        let counting = supposed.events(&events, campaign_id);
        let mut past = past_as_of(counting.iter().copied(), &Arrivals::of(events.iter()), &units, campaign, moment);
        past.bounced = bounced;
        let mut senders = taught_addresses(counting.iter().copied(), &units);
        for (unit, mail) in standing_mails(&past) {
            let record = self.store.mail(mail).await?;
            let from = record.and_then(|record| record.from_address).map(|address| address.to_lowercase());
            senders.entry(unit.clone()).or_default().extend(from);
        }
        past.senders = senders;
        let repeated: BTreeSet<&Option<Digest>> = events
            .iter()
            .filter(|event| event.at > yesterday && matches!(event.kind, EventKind::Duplicated { .. }))
            .filter(|event| event.unit.as_ref().is_some_and(|unit| units.contains(unit)))
            .map(|event| &event.mail)
            .collect();
        past.duplicates_today = u32::try_from(repeated.len()).unwrap_or(u32::MAX);
        if let Some(from) = understanding.mail.headers.from.first() {
            past.answers_today = self.store.owed_to_since(&from.address, yesterday).await?;
        }
        Ok(past)
    }

    /// The letter of ours a bounce sends back: by its Message-ID, else by recipient and time (mail.md 23).
    pub(super) async fn bounced(
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

/// Does this apart from the async threads and under a clock; the inner error says what was wrong with the mail.
async fn in_time<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Unopened> + Send + 'static,
) -> Result<Result<T, String>, WorkError> {
    match tokio::time::timeout(READING_TIME, tokio::task::spawn_blocking(work)).await {
        Ok(Ok(Ok(done))) => Ok(Ok(done)),
        Ok(Ok(Err(Unopened::World(error)))) => Err(WorkError::Reader(error)),
        Ok(Ok(Err(poison @ Unopened::Poison(_)))) => Ok(Err(poison.to_string())),
        Ok(Err(_)) => Ok(Err("a reader failed on it".to_owned())),
        Err(_) => Ok(Err(format!("reading it took more than {} s", READING_TIME.as_secs()))),
    }
}

/// Whether the machine decided this about a mail: what might be decided otherwise.
fn decides(event: &Event) -> bool {
    let decided = match event.kind {
        EventKind::Filed(_) | EventKind::Duplicated { .. } | EventKind::ReviewAsked { .. } => true,
        EventKind::MailRecorded { .. }
        | EventKind::ReviewSettled { .. }
        | EventKind::AssignedByPerson
        | EventKind::AcceptedByPerson { .. }
        | EventKind::ReturnedByPerson { .. }
        | EventKind::Waived { .. }
        | EventKind::DeadlineExtended { .. }
        | EventKind::AddressTaught { .. }
        | EventKind::NameTaught { .. }
        | EventKind::Undone { .. }
        | EventKind::LetterSent { .. }
        | EventKind::LetterRuled { .. }
        | EventKind::Bounced { .. } => false,
    };
    decided && event.by == Actor::Machine
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
    /// The collection's events in force, so supposing.
    fn events<'e>(&'e self, recorded: &'e [Event], campaign: &str) -> Vec<&'e Event> {
        let also = self.also.iter().filter(|event| event.campaign == campaign);
        let mut all: Vec<&Event> = recorded.iter().chain(also).collect();
        let undoings = all.iter().filter_map(|event| match event.kind {
            EventKind::Undone { event_id, .. } => Some((event.id, event_id)),
            _ => None,
        });
        let undone = undone_by(undoings);
        let counts = |event: &Event| event.mail.is_none() || event.mail.as_ref() != self.without;
        all.retain(|event| !undone.contains(&event.id) && counts(event));
        all
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
