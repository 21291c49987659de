//! How units stand as it is kept, against the events it follows from: the same, or not used.
#![allow(clippy::unwrap_used, reason = "a test that fails has to panic")]

mod store_support;

use mailtally::judge::progress;
use mailtally::model::ledger::{Actor, Event, EventKind};
use mailtally::model::unit::UnitCode;
use mailtally::store::Store;
use mailtally::work::standings;
use store_support::*;

const UNITS: [&str; 3] = ["141102", "141121", "S01"];

/// What all events come to, without history.
async fn truth(store: &Store) -> std::collections::BTreeMap<UnitCode, mailtally::model::ledger::UnitLedger> {
    let events = store.events(CAMPAIGN).await.unwrap();
    let ledgers = progress::ledgers(&events).into_iter();
    ledgers.map(|(unit, ledger)| (unit, ledger.without_history())).collect()
}

async fn outdated(store: &Store) -> Vec<String> {
    let kept = store.kept_standings(CAMPAIGN, progress::FOLD).await.unwrap();
    kept.outdated.iter().map(ToString::to_string).collect()
}

async fn keep(store: &Store) {
    standings::keep(store, std::iter::once(CAMPAIGN)).await;
}

#[tokio::test]
async fn what_is_kept_is_what_the_events_come_to() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    for (place, unit) in (1..).zip(UNITS) {
        store.record(&submission(unit, unit), &seen_at(place), DOMAIN, at(10, 0)).await.unwrap();
    }
    assert_eq!(outdated(&store).await, UNITS);
    assert_eq!(standings::latest(&store, CAMPAIGN).await.unwrap(), truth(&store).await);
    keep(&store).await;
    let kept = store.kept_standings(CAMPAIGN, progress::FOLD).await.unwrap();
    assert!(kept.outdated.is_empty());
    assert_eq!(kept.ledgers, truth(&store).await);
    assert_eq!(kept.ledgers.len(), UNITS.len());
    assert!(kept.ledgers.values().all(|ledger| ledger.version == 1 && !ledger.items.is_empty()));
}

#[tokio::test]
async fn whatever_is_recorded_of_a_unit_outdates_what_is_kept_of_it_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    for (place, unit) in (1..).zip(UNITS) {
        store.record(&submission(unit, unit), &seen_at(place), DOMAIN, at(10, 0)).await.unwrap();
    }
    keep(&store).await;
    let unit = UnitCode::new(UNITS[1]);
    let accepted = EventKind::AcceptedByPerson { item: mailtally::model::returns::Item::Table };
    let mail = submission(UNITS[1], UNITS[1]).record.sha256;
    let by = Actor::Person("甲".into());
    let ids = store.append(&[Event { by, ..event(Some(&unit), Some(&mail), accepted) }]).await.unwrap();
    assert_eq!(outdated(&store).await, [UNITS[1]]);
    let stands = standings::latest(&store, CAMPAIGN).await.unwrap();
    assert_eq!(stands, truth(&store).await);
    keep(&store).await;
    assert_eq!(outdated(&store).await, Vec::<String>::new());
    assert_eq!(standings::latest(&store, CAMPAIGN).await.unwrap(), stands);

    // An undoing outdates whatever was kept before it, of whichever unit it is.
    let undone = EventKind::Undone { event_id: ids[0], reason: "弄错了".into() };
    store.append(&[event(None, None, undone)]).await.unwrap();
    assert_eq!(outdated(&store).await, UNITS);
    let after = standings::latest(&store, CAMPAIGN).await.unwrap();
    assert_eq!(after, truth(&store).await);
    assert_ne!(after, stands);
    keep(&store).await;
    assert_eq!(store.kept_standings(CAMPAIGN, progress::FOLD).await.unwrap().ledgers, after);
}

#[tokio::test]
async fn what_another_fold_made_or_was_made_too_early_is_not_used() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.record(&submission("first", UNITS[0]), &seen_at(1), DOMAIN, at(10, 0)).await.unwrap();
    let right = truth(&store).await;
    let wrong = [(UnitCode::new(UNITS[0]), mailtally::model::ledger::UnitLedger::default())].into();
    let last = store.last_event().await.unwrap();
    store.keep_standings(CAMPAIGN, last, progress::FOLD.wrapping_add(1), &wrong).await.unwrap();
    assert_eq!(standings::latest(&store, CAMPAIGN).await.unwrap(), right);
    store.keep_standings(CAMPAIGN, last - 1, progress::FOLD, &wrong).await.unwrap();
    assert_eq!(standings::latest(&store, CAMPAIGN).await.unwrap(), right);
}
