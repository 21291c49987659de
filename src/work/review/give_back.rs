//! `review return`: the item goes back to the unit, which is asked to mend it.

use super::accept::standing_items;
use super::answers::Answered;
use super::{ActError, Acted, Case, Change, Person, again, waiting_for};
use crate::judge::letters::Word;
use crate::model::ledger::{EventKind, ReviewReason};
use crate::model::returns::Item;
use crate::work::desk::Desk;

/// The item is given back to the unit for this reason, in the office's own words; a letter in the mail's thread says so.
/// `only` names the item where the mail brought several.
///
/// # Errors
/// [`ActError::Refused`] for an unknown or settled review, and where there is nothing that could be given back.
pub async fn give_back(
    desk: &Desk,
    id: i64,
    only: Option<Item>,
    reason: &str,
    person: Person<'_>,
) -> Result<Acted, ActError> {
    again(async || {
        let case = Case::open(&desk.store, id).await?;
        give_back_once(desk, &case, only, reason, person).await
    })
    .await
}

async fn give_back_once(
    desk: &Desk,
    case: &Case,
    only: Option<Item>,
    reason: &str,
    person: Person<'_>,
) -> Result<Acted, ActError> {
    let Some(unit) = &case.unit else {
        return Err(case.refuse("it is not known whose the mail is; first: mailtally review assign ID UNIT"));
    };
    let mut change = Change::begin(desk, &case.campaign, person).await?;
    let events = change.of_unit(unit).await?;
    let items = match case.reason {
        ReviewReason::ItemNeedsReview | ReviewReason::RaisedByPerson => {
            let asked = only.or(case.item).map_or_else(|| Item::ALL.to_vec(), |item| vec![item]);
            let standing = standing_items(case, &events, &asked)?;
            let items: Vec<Item> = standing.into_iter().map(|(item, _)| item).collect();
            for item in &items {
                let kind = EventKind::ReturnedByPerson { item: *item, reason: reason.to_owned() };
                change.add(Some(unit), Some(&case.mail), kind);
                for review in waiting_for(&events, *item) {
                    change.settle(&review, "return");
                }
            }
            items
        }
        // Nothing of it was filed, so nothing is taken out of the tally; the sender is told.
        ReviewReason::SenderDoubtful | ReviewReason::FileUnread => case.item.into_iter().collect(),
        ReviewReason::UnitUnknown | ReviewReason::UnitConflict => {
            return Err(case.refuse("say whose the mail is first: mailtally review assign ID UNIT"));
        }
        ReviewReason::Question => {
            return Err(case.refuse("a question is answered by mail or telephone; then: mailtally review dismiss ID"));
        }
        ReviewReason::TimeDoubtful | ReviewReason::SetAside => {
            return Err(case.refuse(
                "there is no item in it that could be given back; once it is dealt with: mailtally review dismiss ID",
            ));
        }
    };
    change.settle(&case.event, "return");
    let word = Word::Returned { reason: reason.to_owned() };
    change.answer(&case.mail, Some(unit), Answered { word, items, changes: Vec::new() }).await?;
    change.done().await
}
