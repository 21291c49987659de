//! The store on a real SQLite file: what is recorded stays, once, whole, and for every process to see.

mod store_support;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use mailtally::model::authenticity::SignatureCheck;
use mailtally::model::decision::{Origin, Place};
use mailtally::model::ledger::{Actor, EventKind, Nature, ReviewReason};
use mailtally::model::mail::Digest;
use mailtally::model::returns::Item;
use mailtally::model::unit::UnitCode;
use mailtally::store::{AccountState, Change, PlaceContent, Sighting, Store, StoreError};
use store_support::*;

#[tokio::test]
async fn a_decision_comes_back_as_it_was_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let decision = submission("first", "141102");
    let recorded = store.record(&decision, &seen_at(7), DOMAIN, at(10, 0)).await.unwrap();
    assert!(recorded.new);
    assert_eq!(recorded.event_ids.len(), decision.events.len());

    let sha256 = &decision.record.sha256;
    assert_eq!(store.mail(sha256).await.unwrap().as_ref(), Some(&decision.record));
    assert_eq!(store.readings_of(sha256).await.unwrap(), decision.readings);
    let mut events = store.events(CAMPAIGN).await.unwrap();
    assert_eq!(events.iter().map(|event| event.id).collect::<Vec<_>>(), recorded.event_ids);
    assert!(events.iter().all(|event| event.act == recorded.event_ids[0]), "one transaction, one act");
    events.iter_mut().for_each(|event| (event.id, event.act) = (0, 0));
    assert_eq!(events, decision.events);
    assert_eq!(store.events_of(CAMPAIGN, &UnitCode::new("141102")).await.unwrap().len(), 2);
    assert_eq!(store.events_of(CAMPAIGN, &UnitCode::new("141121")).await.unwrap(), []);

    let letter = store.letter_by_message_id(&format!("<{}>", ack(sha256).message_id(DOMAIN))).await.unwrap().unwrap();
    assert_eq!(letter.order, decision.letters[0]);
    assert_eq!(letter.order.due_at.offset(), at(0, 0).offset(), "moments come back in the office's time zone");
    let known = store.known_folder("office", "INBOX").await.unwrap();
    assert_eq!(known, (1, BTreeMap::from([(7, (1234, 1_627_800_000))])));

    let reading = store.reading(sha256, Item::Table, "1", "Sheet1").await.unwrap();
    assert_eq!(reading.as_ref(), Some(&decision.readings[0]));
    let wanted = [(sha256.clone(), Item::Report, "2".to_owned()), (Digest::of(b"?"), Item::Table, "1".to_owned())];
    assert_eq!(store.readings_of_many(&wanted).await.unwrap(), decision.readings[1..]);
}

#[tokio::test]
async fn a_mail_seen_again_adds_its_place_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let first = submission("first", "141102");
    store.record(&first, &seen_at(7), DOMAIN, at(10, 0)).await.unwrap();
    let mut otherwise = submission("first", "141121");
    otherwise.record.nature = Nature::Question;
    let again = store.record(&otherwise, &seen_at(8), DOMAIN, at(11, 0)).await.unwrap();
    assert_eq!((again.new, again.event_ids.len()), (false, 0));
    assert_eq!(store.mail(&first.record.sha256).await.unwrap(), Some(first.record.clone()));
    assert_eq!(store.events(CAMPAIGN).await.unwrap().len(), 3);
    assert_eq!(store.letters(&Default::default()).await.unwrap().len(), 1);
    assert_eq!(store.known_folder("office", "INBOX").await.unwrap().1.len(), 2);
    assert_eq!(store.mail_counts(CAMPAIGN, at(0, 0), None).await.unwrap(), BTreeMap::from([(Nature::Submission, 1)]));
    assert_eq!(store.seen_count(CAMPAIGN, at(0, 0), None).await.unwrap(), 1);
}

#[tokio::test]
async fn what_fails_in_the_middle_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut decision = submission("first", "141102");
    decision.events.push(event(None, None, EventKind::ReviewSettled { review: 99, act: "accept".into() }));
    let error = store.record(&decision, &seen_at(7), DOMAIN, at(10, 0)).await.unwrap_err();
    assert!(matches!(error, StoreError::NoSuchReview(99)), "{error}");
    assert!(!store.is_recorded(&decision.record.sha256).await.unwrap());
    assert_eq!(store.events(CAMPAIGN).await.unwrap(), []);
    assert_eq!(store.letters(&Default::default()).await.unwrap(), []);
    assert!(store.known_folder("office", "INBOX").await.unwrap().1.is_empty());
    decision.events.pop();
    assert!(store.record(&decision, &seen_at(7), DOMAIN, at(10, 0)).await.unwrap().new, "and may be tried again");
}

#[tokio::test]
async fn a_mail_judged_again_keeps_its_history() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let first = submission("first", "141102");
    let mut second = submission("first", "141121");
    second.readings.truncate(1);
    let change = Change {
        record: second.record.clone(),
        readings: Some(second.readings.clone()),
        events: second.events[1..].to_vec(),
        letters: second.letters.clone(),
        bounced_letters: Vec::new(),
    };
    let revised = |known| store.revise(std::slice::from_ref(&change), None, known, DOMAIN, at(12, 0));
    let unknown = revised(0).await.unwrap_err();
    assert!(matches!(unknown, StoreError::NoSuchMail(_)), "{unknown}");
    store.record(&first, &seen_at(7), DOMAIN, at(10, 0)).await.unwrap();
    assert_eq!(revised(0).await.unwrap(), None, "something was recorded meanwhile");
    assert!(revised(store.last_event().await.unwrap()).await.unwrap().is_some());
    assert_eq!(store.mail(&first.record.sha256).await.unwrap(), Some(second.record.clone()));
    assert_eq!(store.readings_of(&first.record.sha256).await.unwrap(), second.readings);
    assert_eq!(store.events_of_mail(&first.record.sha256).await.unwrap().len(), 5);
    assert_eq!(store.letters(&Default::default()).await.unwrap().len(), 1, "one receipt a mail");
}

#[tokio::test]
async fn events_cannot_be_changed_or_deleted_by_anybody() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.record(&submission("first", "141102"), &seen_at(7), DOMAIN, at(10, 0)).await.unwrap();
    let other = raw(dir.path()).await;
    for statement in ["UPDATE events SET at = 0", "DELETE FROM events"] {
        let error = sqlx::query(statement).execute(&other).await.unwrap_err();
        assert!(error.to_string().contains("events are only added"), "{error}");
    }
    assert_eq!(store.events(CAMPAIGN).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_review_waits_until_one_person_settles_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut decision = submission("unknown unit", "141102");
    let asked =
        EventKind::ReviewAsked { reason: ReviewReason::UnitUnknown, item: None, text: "不知是哪个单位".into() };
    decision.events.push(event(None, Some(&decision.record.sha256), asked));
    let id = *store.record(&decision, &seen_at(7), DOMAIN, at(10, 0)).await.unwrap().event_ids.last().unwrap();

    let waiting = store.open_reviews(Some(CAMPAIGN)).await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!((waiting[0].id, waiting[0].reason), (id, ReviewReason::UnitUnknown));
    assert_eq!(waiting[0].from, "离石区双拥办 <office@lishi.example>");
    assert_eq!(waiting[0].received_at, decision.record.received_at);
    assert!(store.open_reviews(Some("another")).await.unwrap().is_empty());

    let mut settled = event(None, None, EventKind::ReviewSettled { review: id, act: "dismiss".into() });
    settled.by = Actor::Person("wang".into());
    store.append(std::slice::from_ref(&settled)).await.unwrap();
    let twice = store.append(&[settled]).await.unwrap_err();
    assert!(matches!(twice, StoreError::ReviewAlreadySettled(review) if review == id), "{twice}");
    assert!(store.open_reviews(None).await.unwrap().is_empty());

    let history = store.history(None, Some(CAMPAIGN)).await.unwrap();
    assert_eq!(history.len(), 5);
    assert_eq!(history[0].subject.as_deref(), Some("关于报送“八一”走访慰问情况的报告"));
    assert_eq!(history[4].event.by, Actor::Person("wang".into()));
    assert_eq!(history[4].from, None);
    assert_eq!(store.history(Some(&UnitCode::new("141102")), None).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_mail_that_was_seen_and_never_recorded_is_missed() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let decision = submission("first", "141102");
    let (mail, origin) = (decision.record.sha256.clone(), seen_at(7));
    let sighting = Sighting { mail: &mail, received_at: decision.record.received_at, origin: &origin };
    assert_eq!(store.note_sighting(sighting, at(10, 0)).await.unwrap(), 1);
    assert_eq!(store.note_sighting(sighting, at(10, 1)).await.unwrap(), 2);
    assert_eq!(store.failures(&mail).await.unwrap(), (2, None));
    assert_eq!(store.seen_count(CAMPAIGN, at(0, 0), None).await.unwrap(), 1);
    assert!(store.mail_counts(CAMPAIGN, at(0, 0), None).await.unwrap().is_empty());

    let mut recording = store.begin_recording(DOMAIN, at(10, 2)).await.unwrap();
    recording.add(decision, std::slice::from_ref(&origin), Some("the reader died".into()));
    recording.commit().await.unwrap();
    assert_eq!(store.failures(&mail).await.unwrap(), (2, Some("the reader died".into())));
    assert_eq!(store.note_sighting(sighting, at(10, 3)).await.unwrap(), 2, "a recorded mail is not counted again");
    let mut elsewhere = submission("second", "141121");
    elsewhere.record.campaign = Some("2022-bayi".into());
    store.record(&elsewhere, &Origin::File { path: "b.eml".into() }, DOMAIN, at(10, 4)).await.unwrap();
    assert_eq!(
        store.seen_count(CAMPAIGN, at(0, 0), None).await.unwrap(),
        1,
        "another campaign's mail is not missed here"
    );
    assert_eq!(store.seen_count(CAMPAIGN, at(23, 0), None).await.unwrap(), 0);

    let arrivals = store.arrivals_since(CAMPAIGN, at(10, 2)).await.unwrap();
    assert_eq!(arrivals.iter().map(|line| &line.mail).collect::<Vec<_>>(), [&mail]);
    assert!(store.arrivals_since(CAMPAIGN, at(10, 3)).await.unwrap().is_empty());
    assert_eq!(store.mails(None, None, None).await.unwrap().len(), 2);
    assert_eq!(store.mails(Some(CAMPAIGN), Some(at(0, 0)), Some(at(23, 0))).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_used_again_uid_is_another_place() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let Origin::Imap(place) = seen_at(7) else { unreachable!() };
    let unrecorded = PlaceContent::Mail(Digest::of(b"never recorded"));
    assert!(matches!(store.record_place(&place, &unrecorded, at(9, 0)).await, Err(StoreError::Database(_))));
    let skipped = PlaceContent::Skipped { reason: "61 MB".into() };
    store.record_place(&place, &skipped, at(9, 0)).await.unwrap();
    let known = async || store.known_folder(&place.mailbox, &place.folder).await.unwrap().1;
    let told = ("office/INBOX".to_owned(), "61 MB".to_owned());
    assert_eq!(store.skipped_places().await.unwrap(), [told]);
    assert_eq!(known().await, [(place.uid, (place.size, place.internal_date))].into());
    let reshuffled = Place { size: 99, ..place.clone() };
    let decision = submission("first", "141102");
    store.record(&decision, &Origin::Imap(reshuffled.clone()), DOMAIN, at(10, 0)).await.unwrap();
    assert_eq!(known().await, [(place.uid, (99, place.internal_date))].into(), "what stood there is forgotten");
    assert!(store.skipped_places().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_account_is_still_parked_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    assert_eq!(store.account_state("imap/office").await.unwrap(), AccountState::default());
    let parked = AccountState {
        refused: 3,
        parked: true,
        not_before: Some(at(12, 0)),
        reason: Some("535 authentication failed".into()),
        unreachable_since: Some(at(10, 30)),
    };
    store.set_account_state("imap/office", &parked, at(11, 0)).await.unwrap();
    store.close().await;
    let store = open(dir.path()).await;
    assert_eq!(store.accounts().await.unwrap(), [("imap/office".to_owned(), parked)]);
}

#[tokio::test]
async fn files_are_the_offices_alone_and_opening_again_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let storage = dir.path().join("deep/data");
    assert!(matches!(Store::open_reading(&storage, offset()).await, Err(StoreError::Absent { .. })));
    let (one, two) = tokio::join!(Store::open(&storage, offset()), Store::open(&storage, offset()));
    let (one, two) = (one.unwrap(), two.unwrap());
    one.record(&submission("first", "141102"), &seen_at(7), DOMAIN, at(10, 0)).await.unwrap();
    assert_eq!(two.events(CAMPAIGN).await.unwrap().len(), 3);
    let mode = |name: &str| std::fs::metadata(storage.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(""), mode("mailtally.sqlite"), mode("mailtally.sqlite-wal")), (0o700, 0o600, 0o600));
    one.close().await;
    two.close().await;

    let again = Store::open(&storage, offset()).await.unwrap();
    assert_eq!(again.events(CAMPAIGN).await.unwrap().len(), 3);
    assert_eq!(again.check().await.unwrap(), Vec::<String>::new());
    again.close().await;
    let reading = Store::open_reading(&storage, offset()).await.unwrap();
    assert_eq!(reading.events(CAMPAIGN).await.unwrap().len(), 3);
    let refused = reading.append(&[]).await.unwrap_err();
    assert!(matches!(refused, StoreError::ReadOnly { .. }) && refused.to_string().contains("deep/data"), "{refused}");
}

#[tokio::test]
async fn a_signature_is_judged_by_what_was_true_when_the_mail_came() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let (mail, domain) = (Digest::of(b"signed"), "a.example".to_owned());
    assert_eq!(store.signature(&mail).await.unwrap(), None);
    let failed = SignatureCheck::Failed { domain: domain.clone() };
    store.note_signature(&mail, &failed, at(9, 0)).await.unwrap();
    store.note_signature(&mail, &SignatureCheck::Undecided { domain }, at(10, 0)).await.unwrap();
    assert_eq!(store.signature(&mail).await.unwrap(), Some(failed));
}

#[tokio::test]
async fn another_programs_database_is_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).await.close().await;
    let other = raw(dir.path()).await;
    sqlx::query("UPDATE _sqlx_migrations SET version = version + 9000").execute(&other).await.unwrap();
    for result in [Store::open(dir.path(), offset()).await, Store::open_reading(dir.path(), offset()).await] {
        let words = result.unwrap_err().to_string();
        assert!(words.contains("newer mailtally") && words.contains("mailtally.sqlite"), "{words}");
    }
    sqlx::query("DELETE FROM _sqlx_migrations").execute(&other).await.unwrap();
    let outdated = Store::open_reading(dir.path(), offset()).await.unwrap_err();
    assert!(matches!(outdated, StoreError::Outdated { .. }), "{outdated}");

    let torn = tempfile::tempdir().unwrap();
    std::fs::write(torn.path().join("mailtally.sqlite"), "this is a letter, not a database ".repeat(50)).unwrap();
    for result in [Store::open(torn.path(), offset()).await, Store::open_reading(torn.path(), offset()).await] {
        let words = result.unwrap_err().to_string();
        assert!(words.contains("mailtally.sqlite") && words.contains("cannot be opened"), "{words}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_write_at_once_while_others_read() {
    let dir = tempfile::tempdir().unwrap();
    let daemon = open(dir.path()).await;
    let person = open(dir.path()).await;
    let clerk = Store::open_reading(dir.path(), offset()).await.unwrap();
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..160_u32 {
        let store = if number % 8 == 0 { person.clone() } else { daemon.clone() };
        writers.spawn(async move {
            let decision = submission(&format!("mail {number}"), "141102");
            store.record(&decision, &seen_at(number), DOMAIN, at(10, 0)).await.unwrap().new
        });
    }
    let mut seen = 0;
    while seen < 3 * 160 {
        let now_seen = clerk.events(CAMPAIGN).await.unwrap().len();
        assert!(now_seen >= seen && now_seen % 3 == 0, "a reader sees whole decisions: {now_seen}");
        seen = now_seen;
        while let Some(written) = writers.try_join_next() {
            assert!(written.unwrap());
        }
    }
    let (_, known) = clerk.known_folder("office", "INBOX").await.unwrap();
    assert_eq!(known.len(), 160);
    assert_eq!(daemon.check().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_thousand_mails_are_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut wanted = Vec::new();
    for number in 0..1000_u32 {
        let decision = submission(&format!("mail {number}"), &format!("U{}", number % 300));
        store.record(&decision, &seen_at(number), DOMAIN, at(10, 0)).await.unwrap();
        wanted.push((decision.record.sha256.clone(), Item::Table, "1".to_owned()));
    }
    assert_eq!(store.events(CAMPAIGN).await.unwrap().len(), 3000);
    assert_eq!(store.readings_of_many(&wanted).await.unwrap().len(), 1000);
    assert_eq!(store.due_letters(at(12, 0), 5000).await.unwrap().len(), 1000);
    assert_eq!(store.history(Some(&UnitCode::new("U7")), None).await.unwrap().len(), 8);
}

#[test]
fn a_second_handle_is_told_who_works_here() {
    let dir = tempfile::tempdir().unwrap();
    let lock = Store::lock(dir.path(), "mailtally run").unwrap();
    let words = Store::lock(dir.path(), "mailtally once").unwrap_err().to_string();
    assert!(words.contains(&format!("process {}", std::process::id())) && words.contains("mailtally run"), "{words}");
    drop(lock);
    let _again = Store::lock(dir.path(), "mailtally once").unwrap();
}

#[test]
fn a_killed_process_gives_the_storage_free() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "holds_the_lock_for_another_test", "--ignored", "--nocapture"])
        .env("STORE_TEST_DIR", dir.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("the lock is held")));
    match Store::lock(dir.path(), "mailtally ingest").unwrap_err() {
        StoreError::Busy { pid, command, .. } => {
            assert_eq!((pid, command.as_str()), (Some(child.id()), "mailtally run --config a.toml"));
        }
        other => panic!("{other}"),
    }
    child.kill().unwrap();
    child.wait().unwrap();
    Store::lock(dir.path(), "mailtally ingest").unwrap();
}

#[test]
#[ignore = "the child of a_killed_process_gives_the_storage_free"]
fn holds_the_lock_for_another_test() {
    let Some(dir) = std::env::var_os("STORE_TEST_DIR") else { return };
    let _lock = Store::lock(dir.as_ref(), "mailtally run --config a.toml").unwrap();
    println!("the lock is held");
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}
