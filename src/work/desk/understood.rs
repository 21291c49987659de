//! A mail opened and judged: in a reading process, under a clock, with what the desk knows beside it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, FixedOffset};

use super::Desk;
use crate::judge::register::Register;
use crate::judge::said::Said;
use crate::judge::taught::taught;
use crate::judge::understand::understand;
use crate::model::authenticity::{SignatureCheck, domain_of};
use crate::model::decision::Understanding;
use crate::model::hints::{Hints, ReplyTo};
use crate::model::mail::{Mail, Opened, Refusal};
use crate::sandbox::Unopened;
use crate::work::WorkError;

/// How long reading one mail may take before it is set aside.
const READING_TIME: Duration = Duration::from_secs(60);
/// References of one mail that are looked up among our letters, newest first.
const MOST_REFERENCES: usize = 10;

impl Desk {
    /// Opens and judges a mail that came at that moment, by the collections that were open then and by what was known of its
    /// signatures; the inner error says why the mail itself could not be read.
    ///
    /// # Errors
    /// Where the machine cannot start a reading process, or the database fails.
    pub(in crate::work) async fn understand_at(
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
    pub(in crate::work) async fn understand_as_said(
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
    pub(super) async fn open(&self, bytes: Arc<Vec<u8>>) -> Result<Result<Mail, String>, WorkError> {
        // Only a closed semaphore gives none, and nobody closes this one.
        let _turn = self.readers.acquire().await.ok();
        let opener = Arc::clone(&self.opener);
        in_time(move || match opener.open(&bytes, None)? {
            Opened::Mail(mail) => Ok(*mail),
            Opened::Bare { .. } => Err(Unopened::Poison(Refusal::Broken)),
        })
        .await
    }

    pub(super) async fn judge(
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
    pub(super) async fn verify(
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
}

/// Does this apart from the async threads and under a clock; the inner error says what was wrong with the mail.
async fn in_time<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Unopened> + Send + 'static,
) -> Result<Result<T, String>, WorkError> {
    // What is logged there is of this mail too.
    let span = tracing::Span::current();
    let work = move || span.in_scope(work);
    match tokio::time::timeout(READING_TIME, tokio::task::spawn_blocking(work)).await {
        Ok(Ok(Ok(done))) => Ok(Ok(done)),
        Ok(Ok(Err(Unopened::World(error)))) => Err(WorkError::Reader(error)),
        Ok(Ok(Err(poison @ Unopened::Poison(_)))) => Ok(Err(poison.to_string())),
        Ok(Err(_)) => Ok(Err("a reader failed on it".to_owned())),
        Err(_) => Ok(Err(format!("reading it took more than {} s", READING_TIME.as_secs()))),
    }
}
