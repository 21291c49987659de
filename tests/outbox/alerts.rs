//! Alerts to the office's own people: each cause provoked once, told once a day, and silent once it is over.

use std::time::Duration;

use chrono::{DateTime, FixedOffset, TimeDelta};
use mailtally::model::decision::Origin;
use mailtally::model::letter::LetterKind;
use mailtally::model::mail::Digest;
use mailtally::store::{AccountState, LetterFilter, Sighting};
use mailtally::work::deliver::SENDING_ACCOUNT;

use crate::office::{Office, at, unit};

const ADMIN: &str = "admin@office.example";

async fn office() -> Office {
    let mut office = Office::with("office@163.example", vec![unit("N1", "市民政局", "mz@unit.example")]).await;
    office.engine.alert_to = vec![ADMIN.to_owned()];
    office
}

/// The alerts of one round at that moment: to the admin, whole.
async fn alerts(office: &Office, now: DateTime<FixedOffset>) -> Vec<String> {
    let letters = office.works(now).await.into_iter().map(|posted| posted.letter);
    let alerts = letters.filter(|letter| letter.kind == LetterKind::Alert);
    alerts
        .map(|letter| {
            assert_eq!(letter.recipients, [ADMIN]);
            format!("{}\n{}", letter.subject, letter.text)
        })
        .collect()
}

async fn one_alert(office: &Office, now: DateTime<FixedOffset>, words: &[&str]) {
    let told = alerts(office, now).await;
    assert_eq!(told.len(), 1, "{told:?}");
    for words in words {
        assert!(told[0].contains(words), "{words} is not in {}", told[0]);
    }
    assert_eq!(alerts(office, now + TimeDelta::minutes(30)).await, Vec::<String>::new(), "once that day");
}

#[tokio::test]
async fn a_mailbox_out_of_reach_is_told_after_an_hour_and_each_day_until_it_is_back() {
    let office = office().await;
    let began = at("2021-08-05T08:00");
    let away = AccountState { unreachable_since: Some(began), ..AccountState::default() };
    office.store().set_account_state("office", &away, began).await.unwrap();
    let vitals = &office.engine.desk.vitals;
    vitals.watches("office", Duration::from_secs(60));
    assert_eq!(alerts(&office, began + TimeDelta::hours(12)).await, Vec::<String>::new(), "not looked into since");
    let began = began + TimeDelta::days(1);
    let away = AccountState { unreachable_since: Some(began), ..AccountState::default() };
    office.store().set_account_state("office", &away, began).await.unwrap();
    vitals.failed("office", "no route");
    assert_eq!(alerts(&office, began + TimeDelta::minutes(59)).await, Vec::<String>::new());
    one_alert(&office, began + TimeDelta::minutes(60), &["信箱连接不上", "08月06日 08:00", "check --online"]).await;
    one_alert(&office, began + TimeDelta::days(1), &["信箱连接不上"]).await;
    office.store().set_account_state("office", &AccountState::default(), began).await.unwrap();
    assert_eq!(alerts(&office, began + TimeDelta::days(2)).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_refused_login_is_told_and_the_sending_accounts_is_not() {
    let office = office().await;
    let now = at("2021-08-05T09:00");
    let parked = AccountState {
        refused: 3,
        parked: true,
        reason: Some("LOGIN Login error".to_owned()),
        unreachable_since: Some(now - TimeDelta::hours(3)),
        ..AccountState::default()
    };
    office.store().set_account_state("office", &parked, now).await.unwrap();
    one_alert(&office, now, &["信箱登录失败", "Login error", "授权码"]).await;
    office.store().set_account_state("office", &AccountState::default(), now).await.unwrap();
    office.store().set_account_state(SENDING_ACCOUNT, &parked, now).await.unwrap();
    office.works(now + TimeDelta::days(1)).await;
    let alerts = LetterFilter { kind: Some(LetterKind::Alert), ..LetterFilter::default() };
    let letters = office.store().letters(&alerts).await.unwrap();
    assert_eq!(letters.len(), 1, "it could not leave, and is not owed: {letters:?}");
}

#[tokio::test]
async fn a_mail_that_is_set_aside_is_told_the_same_day() {
    let office = office().await;
    let now = at("2021-08-05T09:00");
    let bytes = b"From: a@unit.example\r\nSubject: x\r\n\r\nx\r\n";
    let (mail, origin) = (Digest::of(bytes), Origin::File { path: "a".to_owned() });
    for _ in 0..3 {
        let sighting = Sighting { mail: &mail, received_at: now, origin: &origin };
        office.store().note_sighting(sighting, now).await.unwrap();
    }
    let taken = office.receives("a", bytes, now).await;
    assert!(taken.outcome.contains("a person must look"), "{}", taken.outcome);
    one_alert(&office, now, &["有邮件无法读取", "1 封", mail.short(), "review show"]).await;
    assert_eq!(alerts(&office, now + TimeDelta::days(1)).await, Vec::<String>::new(), "it stands in the digest");
}

#[tokio::test]
async fn mail_that_is_not_accounted_for_is_told_whichever_book_it_is_missing_from() {
    let office = office().await;
    let now = at("2021-08-05T09:00");
    let (lost, origin) = (Digest::of(b"lost"), Origin::File { path: "a".to_owned() });
    office.engine.desk.archive.put(b"lost").unwrap();
    office.store().note_sighting(Sighting { mail: &lost, received_at: now, origin: &origin }, now).await.unwrap();
    assert_eq!(alerts(&office, now + TimeDelta::minutes(20)).await, Vec::<String>::new(), "it is on its way");
    one_alert(&office, now + TimeDelta::minutes(90), &["账实不符", "1 封", lost.short()]).await;

    let tomorrow = now + TimeDelta::days(1);
    let taken = office.receives("b", b"From: a@unit.example\r\nSubject: y\r\n\r\ny\r\n", tomorrow).await;
    std::fs::remove_file(office.engine.desk.archive.path(&taken.mail)).unwrap();
    one_alert(&office, tomorrow, &["账实不符", "不在归档中", taken.mail.short()]).await;
    assert_eq!(office.engine.desk.vitals.unaccounted(), (1, 1), "as /metrics shows it");
}

#[tokio::test]
async fn a_disk_that_is_nearly_full_is_told() {
    let office = office().await;
    let now = at("2021-08-05T09:00");
    office.engine.desk.vitals.note_free(2 << 30);
    assert_eq!(alerts(&office, now).await, Vec::<String>::new());
    office.engine.desk.vitals.note_free(500 << 20);
    one_alert(&office, now, &["磁盘空间不足", "500 MB"]).await;
}
