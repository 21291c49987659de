//! A person's act in the store: in one transaction, refused where it was overtaken, its letters held or withdrawn.

#![allow(clippy::unwrap_used, reason = "clippy sees tests only in functions marked as such")]

mod store_support;

use mailtally::model::ledger::{EventKind, ReviewReason};
use mailtally::model::letter::{LetterKey, LetterState};
use mailtally::model::returns::Item;
use mailtally::model::unit::UnitCode;
use mailtally::store::{Act, Store, StoreError};
use store_support::*;

fn waived(unit: &UnitCode) -> mailtally::model::ledger::Event {
    event(Some(unit), None, EventKind::Waived { item: Item::Report, reason: "撤并".into() })
}

async fn state(store: &Store, key: &LetterKey) -> LetterState {
    store.letter(key).await.unwrap().unwrap().state
}

#[tokio::test]
async fn an_act_is_refused_where_its_units_or_mails_have_changed_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let (ours, other) = (UnitCode::new("141102"), UnitCode::new("141121"));
    let act = |seen, unit: &UnitCode| Act {
        seen,
        units: [unit.clone()].into(),
        events: vec![waived(unit)],
        ..Act::default()
    };
    let seen = store.last_event().await.unwrap();
    store.record(&submission("first", "141102"), &seen_at(7), DOMAIN, at(10, 0)).await.unwrap();
    let refused = store.act(&act(seen, &ours), DOMAIN, at(10, 1)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Overtaken), "{refused}");
    assert!(store.act(&act(seen, &other), DOMAIN, at(10, 1)).await.is_ok(), "another unit's mail matters to nobody");
    let seen = store.last_event().await.unwrap();
    assert!(store.act(&act(seen, &ours), DOMAIN, at(10, 2)).await.is_ok());
    let waivers = store.events(CAMPAIGN).await.unwrap();
    assert_eq!(waivers.iter().filter(|event| matches!(event.kind, EventKind::Waived { .. })).count(), 2);
}

#[tokio::test]
async fn a_mail_that_was_judged_before_a_person_acted_is_judged_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let unit = UnitCode::new("141102");
    let seen = store.last_event().await.unwrap();
    store.append(&[waived(&unit)]).await.unwrap();
    let decision = submission("first", "141102");
    let judged_on = (seen, [unit.clone()].into());
    let refused = store.record_judged(&decision, judged_on, &seen_at(7), DOMAIN, at(10, 0)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Overtaken), "{refused}");
    assert!(!store.is_recorded(&decision.record.sha256).await.unwrap());
    let judged_on = (store.last_event().await.unwrap(), [unit].into());
    assert!(store.record_judged(&decision, judged_on, &seen_at(7), DOMAIN, at(10, 0)).await.unwrap().new);
}

#[tokio::test]
async fn nothing_of_an_act_stands_where_a_part_of_it_cannot() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let decision = submission("first", "141102");
    store.record(&decision, &seen_at(7), DOMAIN, at(10, 0)).await.unwrap();
    let (unit, mail) = (UnitCode::new("141102"), &decision.record.sha256);
    let asked = EventKind::ReviewAsked { reason: ReviewReason::Question, item: None, text: "请阅复".into() };
    let review = store.append(&[event(Some(&unit), Some(mail), asked)]).await.unwrap()[0];
    let settled = EventKind::ReviewSettled { review, act: "dismiss".into() };
    let twice = event(Some(&unit), Some(mail), settled);
    let seen = store.last_event().await.unwrap();
    let letter = order(LetterKey::Answer { mail: mail.clone(), number: 1 }, "141102", at(10, 0));
    let act = Act { seen, events: vec![twice.clone(), twice], letters: vec![letter.clone()], ..Act::default() };
    assert!(matches!(store.act(&act, DOMAIN, at(10, 1)).await, Err(StoreError::ReviewAlreadySettled(_))));
    assert_eq!(store.settlement(review).await.unwrap(), None);
    assert_eq!(store.letter(&letter.key).await.unwrap(), None);
}

#[tokio::test]
async fn letters_of_an_act_are_held_withdrawn_and_owed_again_but_never_called_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let decision = submission("first", "141102");
    store.record(&decision, &seen_at(7), DOMAIN, at(10, 0)).await.unwrap();
    let mail = &decision.record.sha256;
    let key = |number| LetterKey::Answer { mail: mail.clone(), number };
    let owe = |number| order(key(number), "141102", at(10, 0));
    let seen = store.last_event().await.unwrap();
    let quiet =
        Act { seen, letters: vec![owe(1)], held: Some("按王五的要求暂不发送".into()), ..Act::default() };
    store.act(&quiet, DOMAIN, at(10, 1)).await.unwrap();
    let held = store.letter(&key(1)).await.unwrap().unwrap();
    assert_eq!((held.state, held.last_reply.as_deref()), (LetterState::Held, Some("按王五的要求暂不发送")));
    store.act(&Act { seen, letters: vec![owe(2)], ..Act::default() }, DOMAIN, at(10, 2)).await.unwrap();
    assert_eq!(state(&store, &key(2)).await, LetterState::Queued);
    let about: Vec<LetterKey> =
        store.letters_about(mail).await.unwrap().into_iter().map(|letter| letter.order.key).collect();
    assert_eq!(about, [ack(mail), key(1), key(2)]);

    assert!(store.claim(&ack(mail), at(10, 3)).await.unwrap(), "the receipt is on its way");
    let withdrawn = Act { seen, withdrawn: vec![ack(mail), key(1), key(2)], ..Act::default() };
    store.act(&withdrawn, DOMAIN, at(10, 4)).await.unwrap();
    assert_eq!(state(&store, &key(1)).await, LetterState::Cancelled);
    assert_eq!(state(&store, &key(2)).await, LetterState::Cancelled);
    assert_eq!(state(&store, &ack(mail)).await, LetterState::Sending, "what is on its way is not called back");
    store.act(&Act { seen, restored: vec![key(2), ack(mail)], ..Act::default() }, DOMAIN, at(10, 5)).await.unwrap();
    assert_eq!(state(&store, &key(2)).await, LetterState::Queued);
    assert_eq!(state(&store, &ack(mail)).await, LetterState::Sending);
}
