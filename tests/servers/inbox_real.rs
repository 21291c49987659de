//! The inbox against a real Dovecot.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use mailtally::inbox::{
    After, Fetched, Found, ImapSettings, InboxError, KnownFolder, Listed, Listing, Patience, Session,
};
use mailtally::model::account::{Account, TlsMode};
use mailtally::model::decision::{Arrival, Origin, Place};
use mailtally::wire::{CertificateFault, WireError};
use tokio::sync::mpsc;

use crate::support::dovecot::{Dovecot, PROGRAMS};
use crate::support::have;

pub const USER: &str = "office@office.example";
const AUGUST: u64 = 1_627_777_800;

pub fn settings(account: Account, folders: &[&str], after: After) -> ImapSettings {
    ImapSettings {
        mailbox: "office".to_owned(),
        account,
        folders: folders.iter().map(|folder| (*folder).to_owned()).collect(),
        after,
        max_mail_bytes: 1 << 20,
        patience: Patience {
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(10),
            command: Duration::from_secs(30),
        },
    }
}

pub fn now() -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339("2021-08-09T12:00:00+08:00").unwrap()
}

pub async fn look(session: &mut Session, folder: &str, known: &KnownFolder) -> Found {
    match session.look(folder, known).await.unwrap() {
        Listing::Found(found) => found,
        Listing::Missing { .. } => panic!("{folder} is missing"),
    }
}

/// Fetches, and tells how it ended beside what came.
pub async fn fetch(session: &mut Session, folder: &str, listed: &[Listed]) -> (Vec<Fetched>, Result<(), InboxError>) {
    let (sender, mut receiver) = mpsc::channel(1);
    let collect = async {
        let mut all = Vec::new();
        while let Some(fetched) = receiver.recv().await {
            all.push(fetched);
        }
        all
    };
    let fetching = async move { session.fetch(folder, listed, now(), &sender).await };
    let (outcome, all) = tokio::join!(fetching, collect);
    (all, outcome)
}

pub fn arrivals(fetched: Vec<Fetched>) -> Vec<Arrival> {
    let arrival = |fetched| match fetched {
        Fetched::Mail(arrival) => arrival,
        other => panic!("no mail: {other:?}"),
    };
    fetched.into_iter().map(arrival).collect()
}

pub fn place(arrival: &Arrival) -> Place {
    match &arrival.origin {
        Origin::Imap(place) => place.clone(),
        Origin::File { .. } => panic!("from a file"),
    }
}

pub fn known(arrivals: &[Arrival]) -> KnownFolder {
    let places: Vec<Place> = arrivals.iter().map(place).collect();
    KnownFolder {
        uid_validity: places.first().map_or(0, |place| place.uid_validity),
        places: places.iter().map(|place| (place.uid, (place.size, place.internal_date))).collect::<BTreeMap<_, _>>(),
    }
}

/// A mail with 8-bit text, NULs left out, lines that begin with dots, and no end of line at its end.
pub fn mail(number: u64) -> Vec<u8> {
    let mut mail =
        format!("From: unit{number}@unit.example\r\nSubject: 统计表 {number}\r\n\r\n.\r\n)\r\nA1 OK\r\n").into_bytes();
    mail.extend([0xB5, 0xC7, 0xC2, 0xBC, b'{', b'9', b'9', b'}', b'\r', b'\n']);
    mail.extend(vec![b'x'; usize::try_from(number).unwrap() * 997]);
    mail
}

async fn fetches_all(tls: TlsMode) {
    if !have(&PROGRAMS) {
        return;
    }
    let dovecot = Dovecot::start();
    for number in 1..=30 {
        dovecot.put(USER, "INBOX", &mail(number), AUGUST + number);
    }
    let settings = settings(dovecot.account(USER, tls), &["INBOX"], After::Leave);
    let mut session = Session::connect(&settings).await.unwrap();
    let found = look(&mut session, "INBOX", &KnownFolder::default()).await;
    assert_eq!((found.exists, found.fresh.len()), (30, 30));
    let (fetched, outcome) = fetch(&mut session, "INBOX", &found.fresh).await;
    outcome.unwrap();
    let arrived = arrivals(fetched);
    assert_eq!(arrived.len(), 30);
    for (arrival, number) in arrived.iter().zip(1..) {
        assert_eq!(arrival.bytes, mail(number), "mail {number} as it lies on disk");
        assert_eq!(arrival.received_at.timestamp(), i64::try_from(AUGUST + number).unwrap());
        assert_eq!(place(arrival).mailbox, "office");
    }
    let known = known(&arrived);
    // On this connection, and on the next: nothing is new, and one more mail is one.
    assert!(look(&mut session, "INBOX", &known).await.fresh.is_empty());
    session.leave().await;
    let mut session = Session::connect(&settings).await.unwrap();
    assert!(look(&mut session, "INBOX", &known).await.fresh.is_empty());
    dovecot.put(USER, "INBOX", &mail(31), AUGUST + 31);
    let found = look(&mut session, "INBOX", &known).await;
    assert_eq!(found.fresh.len(), 1);
    // What nobody has recorded is found again.
    assert_eq!(look(&mut session, "INBOX", &known).await.fresh, found.fresh);
    session.leave().await;
    let flags: Vec<String> = dovecot.mails(USER, "INBOX").into_iter().map(|(flags, _)| flags).collect();
    assert_eq!(flags.len(), 31);
    assert!(flags.iter().all(String::is_empty), "reading marks nothing: {flags:?}");
}

#[tokio::test]
async fn thirty_mails_over_tls() {
    fetches_all(TlsMode::Implicit).await;
}

#[tokio::test]
async fn thirty_mails_over_starttls() {
    fetches_all(TlsMode::StartTls).await;
}

#[tokio::test]
async fn thirty_mails_on_loopback_without_tls() {
    fetches_all(TlsMode::None).await;
}

#[tokio::test]
async fn folders_are_found_by_their_chinese_names_and_by_flag() {
    if !have(&PROGRAMS) {
        return;
    }
    let dovecot =
        Dovecot::start_with("namespace inbox {\n mailbox Spam {\n auto = create\n special_use = \\Junk\n }\n}\n");
    dovecot.put(USER, "已发送", &mail(1), AUGUST);
    dovecot.put(USER, "Spam", &mail(2), AUGUST);
    let account = dovecot.account(USER, TlsMode::None);
    let mut session = Session::connect(&settings(account, &[], After::Leave)).await.unwrap();
    assert_eq!(look(&mut session, "已发送", &KnownFolder::default()).await.exists, 1);
    assert_eq!(look(&mut session, "垃圾邮件", &KnownFolder::default()).await.exists, 1);
    assert_eq!(session.look("广告邮件", &KnownFolder::default()).await.unwrap(), Listing::Missing { first: true });
    assert!(session.folder_names().contains(&"已发送".to_owned()));
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_a_wrong_certificate_named() {
    if !have(&PROGRAMS) {
        return;
    }
    let dovecot = Dovecot::start();
    let mut account = dovecot.account(USER, TlsMode::Implicit);
    account.password = "the password of the web page".into();
    let refused = Session::connect(&settings(account, &["INBOX"], After::Leave)).await.err().unwrap();
    assert!(matches!(refused, InboxError::Refused { .. }), "{refused:?}");
    assert!(refused.needs_a_person());
    let mut account = dovecot.account(USER, TlsMode::Implicit);
    account.ca_file = None;
    let error = Session::connect(&settings(account, &["INBOX"], After::Leave)).await.err().unwrap();
    let fault = CertificateFault::UnknownIssuer;
    assert!(
        matches!(&error, InboxError::Wire(WireError::Certificate { fault: found, .. }) if *found == fault),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_mail_that_is_too_long_is_told_and_left() {
    if !have(&PROGRAMS) {
        return;
    }
    let dovecot = Dovecot::start();
    dovecot.put(USER, "INBOX", &mail(5), AUGUST);
    dovecot.put(USER, "INBOX", &mail(1), AUGUST);
    let mut settings = settings(dovecot.account(USER, TlsMode::None), &["INBOX"], After::Leave);
    settings.max_mail_bytes = 3000;
    let mut session = Session::connect(&settings).await.unwrap();
    let found = look(&mut session, "INBOX", &KnownFolder::default()).await;
    let (fetched, outcome) = fetch(&mut session, "INBOX", &found.fresh).await;
    outcome.unwrap();
    let [Fetched::TooLarge { place, size, .. }, Fetched::Mail(arrival)] = fetched.as_slice() else {
        panic!("{fetched:?}")
    };
    assert_eq!((place.uid, *size), (1, mail(5).len() as u64));
    assert_eq!(arrival.bytes, mail(1));
}

#[tokio::test]
async fn idle_wakes_up_for_new_mail() {
    if !have(&PROGRAMS) {
        return;
    }
    let dovecot = Dovecot::start_with("mailbox_idle_check_interval = 1s\n");
    dovecot.put(USER, "INBOX", &mail(1), AUGUST);
    let settings = settings(dovecot.account(USER, TlsMode::Implicit), &["INBOX"], After::Leave);
    let mut session = Session::connect(&settings).await.unwrap();
    assert!(session.tells_of_new_mail());
    let first = look(&mut session, "INBOX", &KnownFolder::default()).await;
    // The folder looked at last is not the one that is watched.
    dovecot.put(USER, "已发送", &mail(9), AUGUST);
    session = Session::connect(&settings).await.unwrap();
    look(&mut session, "INBOX", &KnownFolder::default()).await;
    look(&mut session, "已发送", &KnownFolder::default()).await;
    let began = std::time::Instant::now();
    let (woken, ()) = tokio::join!(session.wait(Duration::from_secs(60)), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        dovecot.put(USER, "INBOX", &mail(2), AUGUST + 2);
    });
    woken.unwrap();
    assert!(began.elapsed() < Duration::from_secs(30), "woken by the mail, not by the clock");
    assert_eq!(look(&mut session, "INBOX", &KnownFolder::default()).await.fresh.len(), first.fresh.len() + 1);
    // What came before the IDLE wakes it as well.
    dovecot.put(USER, "INBOX", &mail(3), AUGUST + 3);
    session.wait(Duration::from_secs(60)).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(30));
    // And without any mail it ends when the time is over, with the connection in order.
    assert_eq!(look(&mut session, "INBOX", &KnownFolder::default()).await.exists, 3);
    let began = std::time::Instant::now();
    session.wait(Duration::from_secs(1)).await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(1), "nothing came, and nothing is made of it");
}

#[tokio::test]
async fn settling_marks_or_moves_what_was_recorded_and_nothing_else() {
    if !have(&PROGRAMS) {
        return;
    }
    let dovecot = Dovecot::start();
    for number in 1..=3 {
        dovecot.put(USER, "INBOX", &mail(number), AUGUST + number);
    }
    let account = dovecot.account(USER, TlsMode::None);
    let mut session = Session::connect(&settings(account.clone(), &["INBOX"], After::Seen)).await.unwrap();
    let found = look(&mut session, "INBOX", &KnownFolder::default()).await;
    let (fetched, _) = fetch(&mut session, "INBOX", &found.fresh).await;
    let places: Vec<Place> = arrivals(fetched).iter().map(place).collect();
    // The second mail's UID means another mail by now, as far as the record goes: it stays untouched.
    let stale = Place { size: places[1].size + 1, ..places[1].clone() };
    session.settle("INBOX", &[places[0].clone(), stale]).await.unwrap();
    let flags =
        |dovecot: &Dovecot| dovecot.mails(USER, "INBOX").into_iter().map(|(flags, _)| flags).collect::<Vec<_>>();
    assert_eq!(flags(&dovecot), ["S", "", ""]);
    session.leave().await;
    let mut session = Session::connect(&settings(account, &["INBOX"], After::Move("已处理".to_owned()))).await.unwrap();
    look(&mut session, "INBOX", &KnownFolder::default()).await;
    session.settle("INBOX", &places[2..]).await.unwrap();
    assert_eq!(dovecot.mails(USER, "INBOX").len(), 2);
    assert_eq!(dovecot.mails(USER, "已处理").first().unwrap().1, mail(3));
    // Once more is harmless.
    session.settle("INBOX", &places[2..]).await.unwrap();
    assert_eq!(dovecot.mails(USER, "已处理").len(), 1);
}

#[tokio::test]
async fn our_letter_is_found_in_the_folder_of_sent_mail() {
    if !have(&PROGRAMS) {
        return;
    }
    let dovecot = Dovecot::start();
    let account = dovecot.account(USER, TlsMode::None);
    let mut session = Session::connect(&settings(account.clone(), &["INBOX"], After::Leave)).await.unwrap();
    assert_eq!(session.find_in_sent("ack.1@office.example").await.unwrap(), None);
    for number in 0..205 {
        let letter = format!("Message-ID:\r\n <ack.{number}@office.example>\r\nSubject: x\r\n\r\n");
        dovecot.put(USER, "已发送", letter.as_bytes(), AUGUST + number);
    }
    let mut session = Session::connect(&settings(account, &["INBOX"], After::Leave)).await.unwrap();
    assert_eq!(session.find_in_sent("<ack.204@office.example>").await.unwrap(), Some(true));
    assert_eq!(session.find_in_sent("ack.5@office.example").await.unwrap(), Some(true));
    assert_eq!(session.find_in_sent("ack.4@office.example").await.unwrap(), Some(false));
    assert_eq!(session.find_in_sent("ack.204@office").await.unwrap(), Some(false));
}
