//! The store when events are undone: what waits again, what can be settled again, and stores made before there was undoing.

mod store_support;

use mailtally::model::ledger::{EventKind, ReviewReason};
use mailtally::model::unit::UnitCode;
use mailtally::store::{Store, StoreError};
use store_support::*;

fn undo(unit: &UnitCode, event_id: i64) -> mailtally::model::ledger::Event {
    event(Some(unit), None, EventKind::Undone { event_id, reason: "弄错了".into() })
}

#[tokio::test]
async fn a_review_waits_again_once_its_settlement_is_undone() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let decision = submission("first", "141102");
    store.record(&decision, &seen_at(7), DOMAIN, at(10, 0)).await.unwrap();
    let unit = UnitCode::new("141102");
    let mail = &decision.record.sha256;
    let asked = EventKind::ReviewAsked { reason: ReviewReason::Question, item: None, text: "请阅复".into() };
    let review = store.append(&[event(Some(&unit), Some(mail), asked)]).await.unwrap()[0];
    let settled = |act: &str| event(Some(&unit), Some(mail), EventKind::ReviewSettled { review, act: act.into() });
    let waiting = async || store.open_reviews(None).await.unwrap().iter().map(|line| line.id).collect::<Vec<_>>();

    let first = store.append(&[settled("dismiss")]).await.unwrap()[0];
    assert_eq!(waiting().await, Vec::<i64>::new());
    let undoing = store.append(&[undo(&unit, first)]).await.unwrap()[0];
    assert_eq!(waiting().await, [review]);
    assert_eq!(store.settlement(review).await.unwrap(), None);

    let second = store.append(&[settled("accept")]).await.unwrap()[0];
    assert_eq!(store.settlement(review).await.unwrap().map(|event| event.id), Some(second));
    let twice = store.append(&[settled("dismiss")]).await.unwrap_err();
    assert!(matches!(twice, StoreError::ReviewAlreadySettled(_)), "{twice}");
    assert_eq!(store.undone().await.unwrap().into_iter().collect::<Vec<_>>(), [first]);

    // A review that was itself undone is nobody's to settle.
    store.append(&[undo(&unit, second), undo(&unit, review)]).await.unwrap();
    assert_eq!(waiting().await, Vec::<i64>::new());
    let gone = store.append(&[settled("dismiss")]).await.unwrap_err();
    assert!(matches!(gone, StoreError::NoSuchReview(_)), "{gone}");
    assert_eq!(store.event(undoing).await.unwrap().map(|event| event.act), Some(undoing));
}

#[tokio::test]
async fn only_what_was_recorded_can_be_undone() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    assert!(store.append(&[undo(&UnitCode::new("141102"), 7)]).await.is_err());
    let nameless = event(None, None, EventKind::NameTaught { name: "区里".into() });
    assert!(store.append(&[nameless]).await.is_err(), "what is taught is taught of a unit");
}

/// The tables of the first release with data in them, as that release wrote it.
#[tokio::test]
async fn a_store_from_before_there_was_undoing_is_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let decision = submission("first", "141102");
    let recorded = store.record(&decision, &seen_at(7), DOMAIN, at(10, 0)).await.unwrap();
    let before = store.events(CAMPAIGN).await.unwrap();
    store.close().await;

    let database = raw(dir.path()).await;
    let back = "DROP TRIGGER events_name_what_they_are_about; DROP TRIGGER events_undone_were_recorded;
                DROP INDEX events_by_act; DROP INDEX events_of_undoing; DROP INDEX events_of_settlement;
                ALTER TABLE events DROP COLUMN act;
                CREATE UNIQUE INDEX events_one_settlement ON events (json_extract(detail, '$.review'))
                WHERE kind = 'review_settled';
                DROP TABLE standings; DROP TABLE folders; DROP TRIGGER letters_have_recipients;
                DROP TABLE letter_recipients; DROP INDEX events_of_lessons; DROP TABLE probe;
                ALTER TABLE accounts DROP COLUMN unreachable_since;
                DROP TABLE purged; DROP TABLE restorations; DROP TABLE signatures;
                DELETE FROM _sqlx_migrations WHERE version >= 2";
    sqlx::raw_sql(back).execute(&database).await.unwrap();
    database.close().await;
    let outdated = Store::open_reading(dir.path(), offset()).await.unwrap_err();
    assert!(matches!(outdated, StoreError::Outdated { .. }), "{outdated}");

    let store = open(dir.path()).await;
    assert_eq!(store.events(CAMPAIGN).await.unwrap(), before);
    let of_act = store.events_of_act(recorded.event_ids[0]).await.unwrap();
    assert_eq!(of_act.len(), decision.events.len(), "what has moment, mail and person in common is one act");
    assert!(sqlx::query("DELETE FROM events").execute(&raw(dir.path()).await).await.is_err(), "still only added");
    assert!(sqlx::query("UPDATE events SET act = 1").execute(&raw(dir.path()).await).await.is_err());
}
