//! A person's word on a unit itself: what it need not file, how long it has time, by which address and name it is known.

use chrono::{DateTime, FixedOffset};

use super::review::{ActError, Person};
use crate::judge::register::Register;
use crate::judge::{progress, taught};
use crate::model::campaign::Campaign;
use crate::model::ledger::{Actor, Event, EventKind};
use crate::model::returns::Item;
use crate::model::unit::Unit;
use crate::store::{Act, Store};

/// By what else a unit is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lesson {
    Address(String),
    Name(String),
}

/// The unit need not file this item. Returns the number of the act.
///
/// # Errors
/// [`ActError::Refused`] where that was said before, or the campaign asks nobody for it.
pub async fn waive(
    store: &Store,
    campaign: &Campaign,
    unit: &Unit,
    item: Item,
    reason: &str,
    person: Person<'_>,
) -> Result<i64, ActError> {
    if !campaign.asks_for(item) {
        return Err(ActError::Refused(format!("the campaign {} asks for no {}", campaign.id, item.as_str())));
    }
    let seen = store.last_event().await?;
    let ledger = progress::fold(&store.events_of(&campaign.id, &unit.code).await?);
    if ledger.items.get(&item).is_some_and(|item| item.waived) {
        return Err(ActError::Refused(format!("the {} of unit {} is waived already", item.as_str(), unit.code)));
    }
    say(store, campaign, unit, EventKind::Waived { item, reason: reason.to_owned() }, seen, person).await
}

/// The unit has time until then. Returns the number of the act.
///
/// # Errors
/// [`ActError::Refused`] where that is no more time than it has.
pub async fn extend(
    store: &Store,
    campaign: &Campaign,
    unit: &Unit,
    until: DateTime<FixedOffset>,
    reason: &str,
    person: Person<'_>,
) -> Result<i64, ActError> {
    let seen = store.last_event().await?;
    let ledger = progress::fold(&store.events_of(&campaign.id, &unit.code).await?);
    let deadline = progress::deadline_of(campaign, &ledger);
    if until <= deadline {
        let until = until.to_rfc3339();
        let has = deadline.to_rfc3339();
        return Err(ActError::Refused(format!("unit {} has time until {has}; {until} is not later", unit.code)));
    }
    say(store, campaign, unit, EventKind::DeadlineExtended { until, reason: reason.to_owned() }, seen, person).await
}

/// The unit is known by this address or short name from now on. Returns the number of the act.
///
/// # Errors
/// [`ActError::Refused`] where it means somebody else, or nobody.
pub async fn teach(
    store: &Store,
    register: &Register,
    campaign: &Campaign,
    unit: &Unit,
    lesson: &Lesson,
    person: Person<'_>,
) -> Result<i64, ActError> {
    let seen = store.last_event().await?;
    let known = taught::taught(&store.lessons().await?).remove(&campaign.id).unwrap_or_default();
    let kind = match lesson {
        Lesson::Address(address) => {
            let address = taught::address(register, campaign, &known, unit, address).map_err(ActError::Refused)?;
            EventKind::AddressTaught { address }
        }
        Lesson::Name(name) => {
            let name = taught::name(campaign, &known, unit, name).map_err(ActError::Refused)?;
            EventKind::NameTaught { name }
        }
    };
    say(store, campaign, unit, kind, seen, person).await
}

async fn say(
    store: &Store,
    campaign: &Campaign,
    unit: &Unit,
    kind: EventKind,
    seen: i64,
    person: Person<'_>,
) -> Result<i64, ActError> {
    let event = Event {
        id: 0,
        act: 0,
        at: person.now,
        campaign: campaign.id.clone(),
        unit: Some(unit.code.clone()),
        mail: None,
        by: Actor::Person(person.name.to_owned()),
        kind,
    };
    let act = Act { seen, units: [unit.code.clone()].into(), events: vec![event], ..Act::default() };
    // No letter follows, so the domain of its Message-ID does not matter.
    let ids = store.act(&act, "", person.now).await?;
    Ok(ids.first().copied().unwrap_or_default())
}
