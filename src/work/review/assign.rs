//! `review assign`: the mail is this unit's, whatever it was taken for before.

use std::collections::BTreeSet;

use super::{ActError, Acted, Case, Change, Person, again};
use crate::judge::taught;
use crate::model::ledger::{Actor, Event, EventKind, ReviewReason};
use crate::model::unit::{Unit, UnitCode};
use crate::store::StoreError;
use crate::work::desk::Desk;

/// The mail is this unit's: it is judged again with that as a person's word, filed, and answered in its thread; what was
/// filed from it for other units counts no more. With `remember`, so is what comes from its sender from now on.
///
/// # Errors
/// [`ActError::Refused`] for an unknown or settled review, and one that is not about the unit.
pub async fn assign(desk: &Desk, id: i64, unit: &Unit, remember: bool, person: Person<'_>) -> Result<Acted, ActError> {
    again(async || {
        let case = Case::open(&desk.store, id).await?;
        assign_once(desk, &case, unit, remember, person).await
    })
    .await
}

async fn assign_once(
    desk: &Desk,
    case: &Case,
    unit: &Unit,
    remember: bool,
    person: Person<'_>,
) -> Result<Acted, ActError> {
    let mut change = Change::begin(desk, &case.campaign, person).await?;
    let standing = change.standing(&case.mail).await?;
    may_be_assigned(desk, case, &standing).await?;
    let act = format!("assign {}", unit.code);
    let reason = format!("来信改为{}的", unit.name);
    let others = |event: &&Event| event.unit.as_ref() != Some(&unit.code);
    for event in standing.iter().filter(others) {
        match &event.kind {
            EventKind::AssignedByPerson
            | EventKind::AcceptedByPerson { .. }
            | EventKind::ReturnedByPerson { .. }
            | EventKind::Filed(_)
            | EventKind::Duplicated { .. } => change.undo(event, &reason),
            EventKind::MailRecorded { .. }
            | EventKind::ReviewAsked { .. }
            | EventKind::ReviewSettled { .. }
            | EventKind::Waived { .. }
            | EventKind::DeadlineExtended { .. }
            | EventKind::AddressTaught { .. }
            | EventKind::NameTaught { .. }
            | EventKind::Undone { .. }
            | EventKind::LetterRuled { .. }
            | EventKind::LetterSent { .. }
            | EventKind::OriginalsPurged { .. }
            | EventKind::Bounced { .. } => {}
        }
    }
    change.add(Some(&unit.code), Some(&case.mail), EventKind::AssignedByPerson);
    let waiting = change.waiting(&case.mail).await?;
    let decision = change.rejudge(&case.mail, &reason).await?;
    for review in waiting {
        let EventKind::ReviewAsked { reason, .. } = &review.kind else { continue };
        if is_about_unit(*reason) || review.unit.as_ref().is_some_and(|of| *of != unit.code) {
            change.settle(&review, &act);
        }
    }
    let units: BTreeSet<UnitCode> = change.touched_units();
    change.adopt_orphans(units).await?;
    if remember {
        remember_sender(&mut change, case, unit).await?;
    }
    change.receipt(&case.mail, decision.letters).await?;
    change.done().await
}

fn is_about_unit(reason: ReviewReason) -> bool {
    matches!(reason, ReviewReason::UnitUnknown | ReviewReason::UnitConflict | ReviewReason::RaisedByPerson)
}

async fn may_be_assigned(desk: &Desk, case: &Case, standing: &[Event]) -> Result<(), ActError> {
    let short = case.mail.short();
    if !is_about_unit(case.reason) {
        return Err(case.refuse(&format!(
            "it is not about whose the mail is; if it is another unit's: mailtally review raise {short}"
        )));
    }
    let register = desk.register();
    let Some(campaign) = register.campaign(&case.campaign) else {
        return Err(case.refuse(&format!("its campaign {} is not configured", case.campaign)));
    };
    let record = desk.store.mail(&case.mail).await?.ok_or_else(|| StoreError::NoSuchMail(case.mail.clone()))?;
    if record.received_at < campaign.opens {
        return Err(case.refuse("the mail came before the collection opened"));
    }
    // One mail with the tables of several units: each was given its own, and that is not lost by a slip.
    let filed: BTreeSet<&UnitCode> = standing
        .iter()
        .filter(|event| event.by == Actor::Machine && matches!(event.kind, EventKind::Filed(_)))
        .filter_map(|event| event.unit.as_ref())
        .collect();
    if filed.len() > 1 && case.reason != ReviewReason::RaisedByPerson {
        let codes: Vec<&str> = filed.iter().map(|code| code.as_str()).collect();
        return Err(case.refuse(&format!(
            "the mail holds returns that were filed for units {}; to give all of it to one unit, raise it first: \
             mailtally review raise {short}",
            codes.join(", ")
        )));
    }
    Ok(())
}

async fn remember_sender(change: &mut Change<'_>, case: &Case, unit: &Unit) -> Result<(), ActError> {
    let desk = change.desk;
    let register = desk.register();
    let Some(campaign) = register.campaign(&case.campaign) else { return Ok(()) };
    let record = desk.store.mail(&case.mail).await?;
    let Some(sender) = record.and_then(|record| record.from_address) else {
        return Err(case.refuse("the mail names no sender that could be remembered"));
    };
    let known = taught::taught(&desk.store.lessons().await?).remove(&case.campaign).unwrap_or_default();
    let address = taught::address(&register, campaign, &known, unit, &sender)
        .map_err(|words| case.refuse(&format!("the sender cannot be remembered: {words}")))?;
    change.add(Some(&unit.code), Some(&case.mail), EventKind::AddressTaught { address });
    Ok(())
}
