//! The outbox on a real SQLite file: no letter twice, no letter lost, every attempt written down before it is made.

mod store_support;

use chrono::Duration;
use mailtally::model::ledger::{EventKind, Nature};
use mailtally::model::letter::{LetterKey, LetterKind, LetterState};
use mailtally::model::mail::Digest;
use mailtally::model::unit::UnitCode;
use mailtally::store::{LetterFilter, Settled, Store, StoreError};
use store_support::*;

fn reminder(unit: &str, stage: &str) -> LetterKey {
    LetterKey::Reminder { campaign: CAMPAIGN.into(), unit: UnitCode::new(unit), stage: stage.into() }
}

fn settled(state: LetterState, reply: &str) -> Settled {
    Settled { state, next_attempt_at: None, reply: reply.into() }
}

#[allow(clippy::unwrap_used, reason = "clippy sees tests only in functions marked as such")]
async fn keys_due(store: &Store, hour: u32) -> Vec<String> {
    store.due_letters(at(hour, 0), 100).await.unwrap().iter().map(|letter| letter.order.key.text()).collect()
}

#[tokio::test]
async fn receipts_go_first_and_a_key_stands_there_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let receipt = ack(&Digest::of(b"mail"));
    let orders = [
        order(reminder("S02", "-7"), "S02", at(9, 0)),
        order(reminder("S01", "-7"), "S01", at(8, 0)),
        order(receipt.clone(), "S03", at(10, 0)),
        order(reminder("S04", "-7"), "S04", at(15, 0)),
    ];
    assert_eq!(store.queue(&orders, DOMAIN, at(7, 0)).await.unwrap(), 4);
    let mut changed = orders[2].clone();
    changed.recipients = vec!["another@unit.example".into()];
    assert_eq!(store.queue(&[changed], "elsewhere.example", at(8, 0)).await.unwrap(), 0);
    let kept = store.letter(&receipt).await.unwrap().unwrap();
    assert_eq!((kept.order, kept.message_id), (orders[2].clone(), receipt.message_id(DOMAIN)));
    assert_eq!(
        keys_due(&store, 12).await,
        [receipt.text(), reminder("S01", "-7").text(), reminder("S02", "-7").text()]
    );
    assert_eq!(store.due_letters(at(12, 0), 1).await.unwrap().len(), 1);
    assert_eq!(keys_due(&store, 8).await, [reminder("S01", "-7").text()]);
}

#[tokio::test]
async fn a_letter_is_claimed_by_one_and_settled_with_its_event() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let key = reminder("S01", "-7");
    store.queue(&[order(key.clone(), "S01", at(8, 0))], DOMAIN, at(7, 0)).await.unwrap();
    let unclaimed = store.settle(&key, &settled(LetterState::Sent, "250 ok"), None, at(9, 0)).await.unwrap_err();
    assert!(matches!(unclaimed, StoreError::NotBeingSent(_)), "{unclaimed}");

    let (one, two) = tokio::join!(store.claim(&key, at(9, 0)), store.claim(&key, at(9, 0)));
    assert_eq!(u32::from(one.unwrap()) + u32::from(two.unwrap()), 1);
    assert!(keys_due(&store, 12).await.is_empty());
    assert_eq!(store.sent_since(at(9, 0)).await.unwrap(), 1, "an attempt under way counts");

    let sent =
        event(Some(&UnitCode::new("S01")), None, EventKind::LetterSent { kind: LetterKind::Reminder, key: key.text() });
    store.settle(&key, &settled(LetterState::Sent, "250 ok"), Some(&sent), at(9, 1)).await.unwrap();
    let letter = store.letter(&key).await.unwrap().unwrap();
    assert_eq!((letter.state, letter.attempts, letter.sent_at), (LetterState::Sent, 1, Some(at(9, 0))));
    assert_eq!(letter.last_reply.as_deref(), Some("250 ok"));
    assert_eq!(store.events_of(CAMPAIGN, &UnitCode::new("S01")).await.unwrap().len(), 1);
    assert!(!store.claim(&key, at(10, 0)).await.unwrap());
    assert!(!store.set_letter_state(&key, LetterState::Queued, "again", None, at(10, 0)).await.unwrap());
    assert_eq!(store.queue(&[order(key, "S01", at(8, 0))], DOMAIN, at(11, 0)).await.unwrap(), 0);
}

#[tokio::test]
async fn a_letter_to_try_again_waits_its_time() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let key = reminder("S01", "-7");
    store.queue(&[order(key.clone(), "S01", at(8, 0))], DOMAIN, at(7, 0)).await.unwrap();
    assert!(store.claim(&key, at(9, 0)).await.unwrap());
    let later = Settled { next_attempt_at: Some(at(11, 0)), ..settled(LetterState::Queued, "451 MI:SFQ") };
    store.settle(&key, &later, None, at(9, 0)).await.unwrap();
    assert!(keys_due(&store, 10).await.is_empty());
    assert_eq!(keys_due(&store, 11).await, [key.text()]);
    assert_eq!(store.sent_since(at(0, 0)).await.unwrap(), 0, "what was not accepted does not count");
    assert_eq!(store.letter(&key).await.unwrap().unwrap().attempts, 1);
}

#[tokio::test]
async fn what_a_crash_interrupted_is_unknown_and_never_sent_again_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let key = reminder("S01", "-7");
    store.queue(&[order(key.clone(), "S01", at(8, 0))], DOMAIN, at(7, 0)).await.unwrap();
    assert!(store.claim(&key, at(9, 0)).await.unwrap());
    drop(store);
    let store = open(dir.path()).await;
    let interrupted = store.recover_interrupted().await.unwrap();
    assert_eq!(interrupted.len(), 1);
    assert_eq!((&interrupted[0].order.key, interrupted[0].state), (&key, LetterState::Unknown));
    assert!(store.recover_interrupted().await.unwrap().is_empty());
    assert!(keys_due(&store, 23).await.is_empty());
    assert_eq!(store.sent_since(at(0, 0)).await.unwrap(), 1, "it may have been accepted");
    assert_eq!(store.stuck_letters(CAMPAIGN).await.unwrap().len(), 1);

    assert!(store.set_letter_state(&key, LetterState::Sent, "found in Sent", None, at(12, 0)).await.unwrap());
    assert_eq!(store.letter(&key).await.unwrap().unwrap().sent_at, Some(at(9, 0)), "the attempt's time");
    assert!(store.stuck_letters(CAMPAIGN).await.unwrap().is_empty());
    let nobody = store.set_letter_state(&reminder("S09", "0"), LetterState::Held, "", None, at(12, 0)).await;
    assert!(matches!(nobody, Err(StoreError::NoSuchLetter(_))));
}

#[tokio::test]
async fn a_held_letter_goes_by_a_persons_word_and_an_expired_one_never() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let (held, expiring) = (reminder("S01", "-7"), reminder("S02", "-7"));
    let mut worthless = order(expiring.clone(), "S02", at(8, 0));
    worthless.expires_at = Some(at(8, 0) + Duration::hours(2));
    store.queue(&[order(held.clone(), "S01", at(8, 0)), worthless], DOMAIN, at(7, 0)).await.unwrap();
    assert!(store.set_letter_state(&held, LetterState::Held, "550 DT:SPM", None, at(8, 0)).await.unwrap());
    assert_eq!(keys_due(&store, 9).await, [expiring.text()]);
    assert!(keys_due(&store, 10).await.is_empty());
    let cancelled = store.cancel_expired(at(10, 0)).await.unwrap();
    assert_eq!(cancelled.iter().map(|letter| &letter.order.key).collect::<Vec<_>>(), [&expiring]);
    assert!(!store.claim(&expiring, at(10, 0)).await.unwrap());
    assert!(store.set_letter_state(&held, LetterState::Queued, "released", None, at(10, 0)).await.unwrap());
    assert_eq!(keys_due(&store, 10).await, [held.text()]);

    let cancelled = LetterFilter { state: Some(LetterState::Cancelled), ..LetterFilter::default() };
    assert_eq!(store.letters(&cancelled).await.unwrap()[0].key, expiring.text());
    let of_unit = LetterFilter { unit: Some(UnitCode::new("S01")), ..LetterFilter::default() };
    assert_eq!(store.letters(&of_unit).await.unwrap().len(), 1);
}

#[tokio::test]
async fn quotas_count_recipients_and_what_one_address_got() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let digest = LetterKey::Digest { campaign: CAMPAIGN.into(), slot: "2021-08-01T08:30".into() };
    let mut to_staff = order(digest.clone(), "S01", at(8, 30));
    to_staff.recipients = vec!["One@office.example".into(), "two@office.example".into()];
    to_staff.unit = None;
    let receipt = ack(&Digest::of(b"mail"));
    store.queue(&[to_staff, order(receipt.clone(), "S01", at(9, 0))], DOMAIN, at(7, 0)).await.unwrap();
    for (key, hour) in [(&digest, 9), (&receipt, 10)] {
        assert!(store.claim(key, at(hour, 0)).await.unwrap());
        store.settle(key, &settled(LetterState::Sent, "250"), None, at(hour, 1)).await.unwrap();
    }
    assert_eq!(store.sent_since(at(0, 0)).await.unwrap(), 3);
    assert_eq!(store.sent_since(at(9, 30)).await.unwrap(), 1);
}

#[tokio::test]
async fn a_bounce_marks_the_letter_it_sends_back_and_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let (sent, queued) = (reminder("S01", "-7"), reminder("S02", "-7"));
    let orders = [order(sent.clone(), "S01", at(8, 0)), order(queued.clone(), "S02", at(8, 0))];
    store.queue(&orders, DOMAIN, at(7, 0)).await.unwrap();
    assert!(store.claim(&sent, at(9, 0)).await.unwrap());
    store.settle(&sent, &settled(LetterState::Sent, "250"), None, at(9, 0)).await.unwrap();

    let mut bounce = submission("a bounce", "S01");
    bounce.record.nature = Nature::Bounce;
    bounce.readings.clear();
    bounce.letters.clear();
    bounce.events.truncate(1);
    let bounced = EventKind::Bounced {
        recipient: "s01@unit.example".into(),
        hard: true,
        diagnostic: Some("550 User not found".into()),
    };
    bounce.events.push(event(Some(&UnitCode::new("S01")), Some(&bounce.record.sha256), bounced));
    bounce.bounced_letters =
        vec![format!("<{}>", sent.message_id(DOMAIN)), queued.message_id(DOMAIN), "forged@elsewhere.example".into()];
    store.record(&bounce, &seen_at(9), DOMAIN, at(10, 0)).await.unwrap();

    let back = store.letter(&sent).await.unwrap().unwrap();
    assert_eq!((back.state, back.sent_at), (LetterState::Refused, Some(at(9, 0))));
    assert_eq!(back.last_reply.as_deref(), Some("550 User not found"));
    assert_eq!(store.stuck_letters(CAMPAIGN).await.unwrap().len(), 1);
    assert_eq!(store.letter(&queued).await.unwrap().unwrap().state, LetterState::Queued, "it never went out");
    assert_eq!(store.sent_since(at(0, 0)).await.unwrap(), 1, "it counted all the same");
}
