//! The one pipeline for mail: archive, read, judge, record. IMAP, `ingest`, `demo` and the tests all go through it.

mod folded;
mod keeping;
mod known;
mod line;
mod outcome;
mod recording;
mod understood;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use tokio::sync::{Mutex, Semaphore};

use self::folded::Folded;
pub(super) use self::known::Supposed;
pub(super) use self::recording::slim;
use super::WorkError;
use super::enclose::Copyist;
use super::opener::Opener;
use super::vitals::Vitals;
use crate::archive::Archive;
use crate::dkim::Verifier;
use crate::judge::register::Register;
use crate::model::decision::{Arrival, MailRecord};
use crate::model::ledger::Nature;
use crate::model::mail::Digest;
use crate::model::unit::UnitCode;
use crate::store::Store;

/// Reading processes at work at once. Each holds some memory, and one a processor is enough.
const MOST_READERS: usize = 4;

/// Where mail is opened, judged and recorded.
pub struct Desk {
    pub store: Store,
    pub archive: Arc<Archive>,
    /// Swapped as a whole when the configuration changes.
    register: RwLock<Arc<Register>>,
    opener: Arc<Opener>,
    /// One permit for each mail that may be opened at the same time.
    readers: Semaphore,
    /// Message-IDs of our letters end in it.
    pub sender_domain: String,
    /// Judging looks at the ledger and recording changes it: one at a time between the two.
    ledger: Mutex<Folded>,
    /// `None` where DNS is not to be asked.
    verifier: Option<Verifier>,
    /// How the work goes, for whoever watches it.
    pub vitals: Vitals,
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
    /// From its bytes to its record.
    pub took: Duration,
}

impl Desk {
    #[must_use]
    pub fn new(store: Store, archive: Archive, register: Arc<Register>, opener: Opener, sender_domain: String) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            store,
            archive: Arc::new(archive),
            register: RwLock::new(register),
            opener: Arc::new(opener),
            readers: Semaphore::new(processors.min(MOST_READERS)),
            sender_domain,
            ledger: Mutex::default(),
            verifier: None,
            vitals: Vitals::default(),
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
        let (sender, receiver) = tokio::sync::mpsc::channel(1);
        // There is room for one, and the receiver is here.
        let _ = sender.try_send(arrival);
        drop(sender);
        let mut taken = Vec::new();
        self.take_in_all(receiver, &|| now, &mut |one, _| taken.push(one)).await?;
        taken.pop().ok_or(WorkError::Interrupted)
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
        took: Duration::ZERO,
    }
}
