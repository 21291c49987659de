//! `review raise`: a recorded mail is laid before a person again.

use super::{ActError, Acted, Change, Person, again};
use crate::model::decision::MailRecord;
use crate::model::ledger::{EventKind, ReviewReason};
use crate::store::Store;
use crate::work::desk::Desk;

/// Fewer digits of a digest name a mail by chance.
const FEWEST_DIGITS: usize = 6;

/// The recorded mail a person means: its digest, or the beginning of it that lists show.
///
/// # Errors
/// [`ActError::Refused`] where there is none, or more than one.
pub async fn found_mail(store: &Store, mail: &str) -> Result<MailRecord, ActError> {
    let start = mail.trim().to_lowercase();
    let proper = start.len() >= FEWEST_DIGITS && start.chars().all(|digit| digit.is_ascii_hexdigit());
    if !proper {
        let words = format!("a mail is named by at least {FEWEST_DIGITS} digits of its number, as `history` shows it");
        return Err(ActError::Refused(words));
    }
    let mut found = store.mails_beginning(&start).await?;
    match (found.pop(), found.pop()) {
        (Some(record), None) => Ok(record),
        (Some(_), Some(_)) => Err(ActError::Refused(format!("several mails begin with {start}; give more digits"))),
        (None, _) => Err(ActError::Refused(format!("there is no mail {start}"))),
    }
}

/// Lays the mail before a person again, in this campaign where the mail has none of its own.
///
/// # Errors
/// [`ActError::Refused`] where it waits already.
pub async fn raise(
    desk: &Desk,
    record: &MailRecord,
    campaign: &str,
    reason: Option<&str>,
    person: Person<'_>,
) -> Result<Acted, ActError> {
    let mail = &record.sha256;
    again(async || {
        if let Some(purged) = desk.store.purged_by(mail).await? {
            return Err(ActError::Refused(format!("the mail {} cannot be judged again: {purged}", mail.short())));
        }
        let mut change = Change::begin(desk, campaign, person).await?;
        for review in change.waiting(mail).await? {
            let id = review.id;
            match review.kind {
                EventKind::ReviewAsked { reason: ReviewReason::RaisedByPerson, .. } => {
                    return Err(ActError::Refused(format!("the mail {} waits already: review {id}", mail.short())));
                }
                EventKind::ReviewAsked { reason: ReviewReason::UnitUnknown | ReviewReason::UnitConflict, .. }
                    if record.unit.is_none() && desk.store.settlement(id).await?.is_none() =>
                {
                    // Where it is only unknown whose it is, that review is the place to say it.
                    let filed = change.standing(mail).await?;
                    if !filed.iter().any(|event| matches!(event.kind, EventKind::Filed(_))) {
                        return Err(ActError::Refused(format!("the mail {} waits already: review {id}", mail.short())));
                    }
                }
                _ => {}
            }
        }
        let text = reason.map_or_else(|| "工作人员要求复核这封邮件。".to_owned(), str::to_owned);
        let kind = EventKind::ReviewAsked { reason: ReviewReason::RaisedByPerson, item: None, text };
        change.add(record.unit.as_ref(), Some(mail), kind);
        change.done().await
    })
    .await
}
