//! Letters that come to be owed inside another transaction, and those that a bounce sends back.

use chrono::{DateTime, FixedOffset};
use sqlx::SqliteConnection;

use super::letters::bare;
use super::rows::{insertions, run};
use super::{StoreError, millis};
use crate::model::decision::Decision;
use crate::model::ledger::{Event, EventKind};
use crate::model::letter::{LetterKey, LetterOrder};
use crate::model::mail::Digest;
use crate::model::unit::UnitCode;

/// Queues inside a transaction; returns how many are new.
///
/// What a receipt is about happened when its mail arrived, anything else when it is due. Where that lies before the storage
/// was filled from a backup, the letter may have gone out already.
pub(super) async fn insert(
    write: &mut SqliteConnection,
    orders: impl Iterator<Item = &LetterOrder>,
    sender_domain: &str,
    now: DateTime<FixedOffset>,
) -> Result<u64, StoreError> {
    let start = "INSERT INTO letters (key, message_id, kind, campaign, unit, recipients, facts, priority, due_at,
                                      expires_at, attempts, next_attempt_at, created_at, state) ";
    let statements = insertions(start, " ON CONFLICT (key) DO NOTHING", orders, |row, order| {
        let due_at = millis(order.due_at);
        let of_mail = match &order.key {
            LetterKey::Ack { mail } => Some(mail.as_str()),
            LetterKey::Answer { .. }
            | LetterKey::Reminder { .. }
            | LetterKey::Arrears { .. }
            | LetterKey::Digest { .. }
            | LetterKey::Alert { .. } => None,
        };
        row.push_bind(order.key.text())
            .push_bind(order.key.message_id(sender_domain))
            .push_bind(order.key.kind().as_str())
            .push_bind(&order.campaign)
            .push_bind(order.unit.as_ref().map(UnitCode::as_str))
            .push_bind(serde_json::to_string(&order.recipients)?)
            .push_bind(serde_json::to_string(&order.facts)?)
            .push_bind(order.key.kind().priority())
            .push_bind(due_at)
            .push_bind(order.expires_at.map(millis))
            .push_bind(0)
            .push_bind(due_at)
            .push_bind(millis(now))
            .push("iif(min(")
            .push_bind_unseparated(due_at)
            .push_unseparated(", coalesce((SELECT received_at FROM mails WHERE sha256 = ")
            .push_bind_unseparated(of_mail)
            .push_unseparated("), ")
            .push_bind_unseparated(due_at)
            .push_unseparated(")) < (SELECT max(at) FROM restorations), 'unknown', 'queued')");
        Ok(())
    })?;
    run(write, statements).await
}

/// The letters that this mail sends back did go out, and did not arrive: a person should know. Letters that never went
/// out are not touched, whatever a bounce claims.
pub(super) async fn note_bounces(write: &mut SqliteConnection, decision: &Decision) -> Result<(), StoreError> {
    note_bounces_of(write, &decision.record.sha256, &decision.events, &decision.bounced_letters).await
}

/// The same, of a mail that turns out to be a bounce when it is read again.
pub(super) async fn note_bounces_of(
    write: &mut SqliteConnection,
    mail: &Digest,
    events: &[Event],
    bounced_letters: &[String],
) -> Result<(), StoreError> {
    let diagnostic = events.iter().find_map(|event| match &event.kind {
        EventKind::Bounced { diagnostic, .. } => diagnostic.as_deref(),
        _ => None,
    });
    for message_id in bounced_letters {
        sqlx::query(
            "UPDATE letters SET state = 'refused', bounced_by = ?2, last_reply = coalesce(?3, last_reply)
             WHERE message_id = ?1 AND state IN ('sent', 'unknown')",
        )
        .bind(bare(message_id))
        .bind(mail.as_str())
        .bind(diagnostic)
        .execute(&mut *write)
        .await?;
    }
    Ok(())
}
