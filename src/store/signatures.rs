//! What verifying the signatures of a mail came to.

use chrono::{DateTime, FixedOffset};

use super::{Store, StoreError, garbled, millis};
use crate::model::authenticity::SignatureCheck;
use crate::model::mail::Digest;

impl Store {
    /// Keeps what the first verification came to; a later one changes nothing, so that a mail is always judged by what
    /// was true when it came.
    ///
    /// # Errors
    /// The database's.
    pub async fn note_signature(
        &self,
        mail: &Digest,
        outcome: &SignatureCheck,
        now: DateTime<FixedOffset>,
    ) -> Result<(), StoreError> {
        let mut write = self.begin().await?;
        sqlx::query(
            "INSERT INTO signatures (mail, outcome, checked_at) VALUES (?1, ?2, ?3) ON CONFLICT (mail) DO NOTHING",
        )
        .bind(mail.as_str())
        .bind(serde_json::to_string(outcome).map_err(|error| garbled("signature", error))?)
        .bind(millis(now))
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(())
    }

    /// What verifying this mail's signatures came to; `None` where nobody did.
    ///
    /// # Errors
    /// The database's.
    pub async fn signature(&self, mail: &Digest) -> Result<Option<SignatureCheck>, StoreError> {
        let outcome: Option<String> = sqlx::query_scalar("SELECT outcome FROM signatures WHERE mail = ?1")
            .bind(mail.as_str())
            .fetch_optional(&self.reader)
            .await?;
        outcome.map(|outcome| serde_json::from_str(&outcome).map_err(|_| garbled("signature", outcome))).transpose()
    }
}
