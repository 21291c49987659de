//! The one pipeline for mail: archive, read, judge, record. IMAP, `ingest`, `demo` and the tests all go through it.

mod known;
mod outcome;
mod understood;

use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, FixedOffset};
use tokio::sync::Mutex;

use self::outcome::{outcome, set_aside};
use super::WorkError;
use super::enclose::Copyist;
use super::failpoint::reached;
use super::opener::Opener;
use super::recorded::Recorded as Events;
use super::reread;
use crate::archive::Archive;
use crate::dkim::Verifier;
use crate::judge::decide::{Times, decide};
use crate::judge::past::Moment;
use crate::judge::register::Register;
use crate::judge::replay::may_be_otherwise;
use crate::model::decision::{Arrival, Decision, MailRecord, Origin, Understanding};
use crate::model::ledger::Nature;
use crate::model::mail::Digest;
use crate::model::unit::UnitCode;
use crate::store::{PlaceContent, Recorded, Sighting, Store, StoreError};

pub(super) use self::known::Supposed;

/// How often reading a mail is begun before it is set aside without another try.
const MOST_TRIES: u32 = 3;
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
            if past.later.values().flatten().any(may_be_otherwise) {
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
