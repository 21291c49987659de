//! Letters that come to be owed inside another transaction, and those that a bounce sends back.

use chrono::{DateTime, FixedOffset};
use sqlx::SqliteConnection;

use super::letters::bare;
use super::{StoreError, millis};
use crate::model::decision::Decision;
use crate::model::ledger::{Event, EventKind};
use crate::model::letter::{LetterKey, LetterOrder};
use crate::model::mail::Digest;
use crate::model::unit::UnitCode;

/// Queues inside a transaction; returns how many are new.
pub(super) async fn insert(
    write: &mut SqliteConnection,
    orders: &[LetterOrder],
    sender_domain: &str,
    now: DateTime<FixedOffset>,
) -> Result<usize, StoreError> {
    let mut new = 0;
    for order in orders {
        let inserted = sqlx::query(
            "INSERT INTO letters (key, message_id, kind, campaign, unit, recipients, facts, state, priority, due_at,
                                  expires_at, attempts, next_attempt_at, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7,
                     iif(?12 < (SELECT max(at) FROM restorations), 'unknown', 'queued'), ?8, ?9, ?10, 0, ?9, ?11)
             ON CONFLICT (key) DO NOTHING",
        )
        .bind(order.key.text())
        .bind(order.key.message_id(sender_domain))
        .bind(order.key.kind().as_str())
        .bind(&order.campaign)
        .bind(order.unit.as_ref().map(UnitCode::as_str))
        .bind(serde_json::to_string(&order.recipients)?)
        .bind(serde_json::to_string(&order.facts)?)
        .bind(order.key.kind().priority())
        .bind(millis(order.due_at))
        .bind(order.expires_at.map(millis))
        .bind(millis(now))
        .bind(caused_at(write, order).await?)
        .execute(&mut *write)
        .await?;
        new += usize::from(inserted.rows_affected() > 0);
    }
    Ok(new)
}

/// When what the letter is about happened: of a receipt, when its mail arrived. Where that lies before the storage was
/// filled from a backup, the letter may have gone out already.
async fn caused_at(write: &mut SqliteConnection, order: &LetterOrder) -> Result<i64, StoreError> {
    let due_at = millis(order.due_at);
    let LetterKey::Ack { mail } = &order.key else { return Ok(due_at) };
    let received_at: Option<i64> = sqlx::query_scalar("SELECT received_at FROM mails WHERE sha256 = ?1")
        .bind(mail.as_str())
        .fetch_optional(write)
        .await?;
    Ok(received_at.map_or(due_at, |received_at| received_at.min(due_at)))
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
