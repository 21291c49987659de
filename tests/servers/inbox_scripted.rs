//! The inbox against what providers do and real servers do not.

use std::time::{Duration, Instant};

use mailtally::inbox::{After, Fetched, ImapSettings, InboxError, KnownFolder, Listing, Session};
use mailtally::model::account::TlsMode;

use crate::inbox_real::{arrivals, fetch, known, look, mail, settings};
use crate::support::scripted_imap::{Fault, Script, ScriptedImap, ScriptedMail};

pub const DATES: [&str; 3] = ["01-Aug-2021 08:30:00 +0800", "02-Aug-2021 08:30:00 +0800", "03-Aug-2021 08:30:00 +0800"];

pub fn mails(count: u32) -> Vec<ScriptedMail> {
    let numbered = (1..=count).zip(DATES.into_iter().cycle());
    numbered.map(|(uid, date)| ScriptedMail { uid, date, bytes: mail(u64::from(uid)) }).collect()
}

pub fn with_faults(count: u32, faults: &[(&'static str, Fault)]) -> Script {
    Script { mails: mails(count), faults: faults.to_vec(), ..Script::default() }
}

pub fn impatient(server: &ScriptedImap) -> ImapSettings {
    let mut settings = settings(server.account(), &["INBOX", "垃圾邮件"], After::Leave);
    settings.patience.silence = Duration::from_millis(600);
    settings
}

pub fn say(words: &[u8]) -> Fault {
    Fault::Say(words.to_vec())
}

#[tokio::test]
async fn netease_without_uidnext_gives_everything_once() {
    let server = ScriptedImap::start(with_faults(3, &[])).await;
    let settings = impatient(&server);
    let mut session = Session::connect(&settings).await.unwrap();
    let id = server.commands_like("ID (\"name\" \"mailtally\" ");
    assert_eq!(id.len(), 1, "no blank behind the parenthesis");
    assert!(!session.tells_of_new_mail());
    let found = look(&mut session, "INBOX", &KnownFolder::default()).await;
    assert_eq!((found.uid_validity, found.fresh.len()), (1, 3));
    let (fetched, outcome) = fetch(&mut session, "INBOX", &found.fresh).await;
    outcome.unwrap();
    let arrived = arrivals(fetched);
    assert_eq!(arrived[1].bytes, mail(2));
    assert_eq!(arrived[1].received_at.to_rfc3339(), "2021-08-02T08:30:00+08:00");
    // `UID FETCH 4:*` gives mail 3 once more; it is known.
    assert!(look(&mut session, "INBOX", &known(&arrived)).await.fresh.is_empty());
    assert_eq!(server.commands_like("UID FETCH 4:*").len(), 1);
    assert!(server.commands_like("UID SEARCH").is_empty());
    assert!(server.commands_like("SELECT").is_empty(), "only EXAMINE");
}

#[tokio::test]
async fn reshuffled_uids_lose_no_mail() {
    let server = ScriptedImap::start(with_faults(3, &[])).await;
    let settings = impatient(&server);
    let mut session = Session::connect(&settings).await.unwrap();
    let found = look(&mut session, "INBOX", &KnownFolder::default()).await;
    let (fetched, _) = fetch(&mut session, "INBOX", &found.fresh).await;
    let known = known(&arrivals(fetched));
    // Between sessions UID 2 came to mean a mail never seen before, and what was 2 is 4 now.
    {
        let mut script = server.script.lock().unwrap();
        let moved = ScriptedMail { uid: 4, ..script.mails[1].clone() };
        script.mails[1] = ScriptedMail { uid: 2, date: DATES[0], bytes: mail(9) };
        script.mails.push(moved);
    }
    let mut session = Session::connect(&settings).await.unwrap();
    let found = look(&mut session, "INBOX", &known).await;
    let uids: Vec<u32> = found.fresh.iter().map(|listed| listed.uid).collect();
    assert_eq!(uids, [2, 4]);
    let (fetched, _) = fetch(&mut session, "INBOX", &found.fresh).await;
    assert_eq!(arrivals(fetched)[0].bytes, mail(9));
}

#[tokio::test]
async fn unsafe_login_is_no_bad_password() {
    // Once more ID helps.
    let server = ScriptedImap::start(Script { ids_wanted: 2, ..with_faults(1, &[]) }).await;
    let mut session = Session::connect(&impatient(&server)).await.unwrap();
    assert_eq!(look(&mut session, "INBOX", &KnownFolder::default()).await.exists, 1);
    // Nothing helps.
    let server = ScriptedImap::start(Script { ids_wanted: 99, ..with_faults(1, &[]) }).await;
    let mut session = Session::connect(&impatient(&server)).await.unwrap();
    let error = session.look("INBOX", &KnownFolder::default()).await.unwrap_err();
    assert!(matches!(error, InboxError::UnsafeLogin), "{error:?}");
    assert_eq!(server.commands_like("EXAMINE").len(), 2, "asked twice and not for ever");
}

#[tokio::test]
async fn a_refusal_in_gbk_is_a_refusal() {
    for words in [
        b"TAG NO \xB5\xC7\xC2\xBC\xCA\xA7\xB0\xDC\r\n".as_slice(),
        "TAG NO [ALERT]登录失败\r\n".as_bytes(),
        b"TAG NO LOGIN Login error or password error\r\n",
        b"TAG BAD password\r\n",
    ] {
        let server = ScriptedImap::start(with_faults(0, &[("LOGIN", say(words))])).await;
        let error = Session::connect(&impatient(&server)).await.err().unwrap();
        assert!(matches!(error, InboxError::Refused { .. }), "{error:?}");
        assert!(error.to_string().is_ascii() && !error.to_string().contains("authorisation"), "{error}");
    }
    let busy = say(b"TAG NO [UNAVAILABLE] later\r\n");
    let server = ScriptedImap::start(with_faults(0, &[("LOGIN", busy)])).await;
    let error = Session::connect(&impatient(&server)).await.err().unwrap();
    assert!(matches!(error, InboxError::Busy { .. }), "{error:?}");
}

#[tokio::test]
async fn no_bad_answer_looks_like_an_empty_mailbox() {
    let mail = mail(1);
    let filling = "x".repeat(500);
    let half = format!("* 1 FETCH (UID 1 BODY[] {{{}}}\r\nFrom: unit1@", mail.len()).into_bytes();
    let odd_line = format!("* 1 FETCH UID 1 {filling} From: unit1\r\n").into_bytes();
    for (command, fault, expected) in [
        // QQ's own kind of status.
        ("UID FETCH", say(b"TAG ERR Fetch frequency limited!\r\n"), "Protocol"),
        ("UID FETCH", say(b"TAG NO Fetch frequency limited!\r\n"), "Declined"),
        ("UID FETCH", say(b"TAG BAD \xB2\xCE\xCA\xFD\r\n"), "Declined"),
        ("UID FETCH", say(b"* BYE too long idle\r\n"), "Closed"),
        ("UID FETCH", Fault::SayAndHangUp(Vec::new()), "Closed"),
        ("EXAMINE", Fault::SayAndHangUp(b"* 3 EXISTS\r\n".to_vec()), "Closed"),
        ("EXAMINE", say(b"TAG NO \xB2\xBB\xB4\xE6\xD4\xDA\r\n"), "Declined"),
        ("EXAMINE", say(b"* XLIST odd\r\n"), "Protocol"),
        ("UID FETCH", say(b"* 1 FETCH (UID 1 INTERNALDATE NIL)\r\n"), "Protocol"),
        ("UID FETCH", say(&odd_line), "Protocol"),
        ("UID FETCH", Fault::SayAndHangUp(half), "Closed"),
        ("UID FETCH", Fault::Silence, "Silent"),
        ("EXAMINE", Fault::Silence, "Silent"),
    ] {
        let server = ScriptedImap::start(with_faults(3, &[(command, fault.clone())])).await;
        let mut session = Session::connect(&impatient(&server)).await.unwrap();
        let began = Instant::now();
        let error = session.look("INBOX", &KnownFolder::default()).await.unwrap_err();
        assert!(format!("{error:?}").starts_with(expected), "{fault:?}: {error:?}");
        assert!(began.elapsed() < Duration::from_secs(5), "{fault:?}");
        let words = error.to_string();
        assert!(words.is_ascii() && words.len() < 250 && !words.contains("From:"), "{words}");
        // Nothing is lost: the next connection finds them all.
        let mut session = Session::connect(&impatient(&server)).await.unwrap();
        assert_eq!(look(&mut session, "INBOX", &KnownFolder::default()).await.fresh.len(), 3);
    }
}

#[tokio::test]
async fn a_spent_connection_gives_nothing_more() {
    let server = ScriptedImap::start(with_faults(3, &[("UID FETCH", Fault::Silence)])).await;
    let mut session = Session::connect(&impatient(&server)).await.unwrap();
    session.look("INBOX", &KnownFolder::default()).await.unwrap_err();
    let error = session.look("INBOX", &KnownFolder::default()).await.unwrap_err();
    assert!(matches!(error, InboxError::Closed { .. }), "{error:?}");
}

#[tokio::test]
async fn a_silent_server_is_given_up_at_every_step() {
    for command in ["CAPABILITY", "LOGIN", "ID", "LIST"] {
        let server = ScriptedImap::start(with_faults(0, &[(command, Fault::Silence)])).await;
        let began = Instant::now();
        let error = Session::connect(&impatient(&server)).await.err().unwrap();
        assert!(matches!(error, InboxError::Silent { .. }), "{command}: {error:?}");
        assert!(began.elapsed() < Duration::from_secs(5), "{command}");
    }
}

#[tokio::test]
async fn a_drop_in_the_middle_keeps_what_had_come_whole() {
    let (first, second) = (mail(1), mail(2));
    let mut words = format!("* 1 FETCH (UID 1 BODY[] {{{}}}\r\n", first.len()).into_bytes();
    words.extend(&first);
    words.extend(format!(")\r\n* 2 FETCH (UID 2 BODY[] {{{}}}\r\n", second.len()).bytes());
    words.extend(&second[..50]);
    let server = ScriptedImap::start(with_faults(3, &[("UID FETCH 1,2,3", Fault::SayAndHangUp(words))])).await;
    let mut session = Session::connect(&impatient(&server)).await.unwrap();
    let found = look(&mut session, "INBOX", &KnownFolder::default()).await;
    let (fetched, outcome) = fetch(&mut session, "INBOX", &found.fresh).await;
    assert!(matches!(outcome, Err(InboxError::Closed { .. })), "{outcome:?}");
    let arrived = arrivals(fetched);
    assert_eq!(arrived.len(), 1);
    assert_eq!(arrived[0].bytes, first);
}

#[tokio::test]
async fn an_announced_flood_is_never_taken() {
    let flood = say(b"* 2 FETCH (UID 2 BODY[] {400000000}\r\nxxxx");
    let server = ScriptedImap::start(with_faults(3, &[("UID FETCH 1,2,3", flood)])).await;
    let mut session = Session::connect(&impatient(&server)).await.unwrap();
    let found = look(&mut session, "INBOX", &KnownFolder::default()).await;
    let (fetched, outcome) = fetch(&mut session, "INBOX", &found.fresh).await;
    assert!(matches!(outcome, Err(InboxError::Protocol { .. })), "{outcome:?}");
    let [Fetched::TooLarge { place, size, .. }] = fetched.as_slice() else { panic!("{fetched:?}") };
    assert_eq!((place.uid, *size), (2, 400_000_000));
}

#[tokio::test]
async fn one_mail_the_server_withholds_does_not_hold_back_the_others() {
    let no = || say(b"TAG NO [SERVERBUG] cannot open it\r\n");
    let faults = [("UID FETCH 1,2,3", no()), ("UID FETCH 2 ", no())];
    let server = ScriptedImap::start(with_faults(3, &faults)).await;
    let mut session = Session::connect(&impatient(&server)).await.unwrap();
    let found = look(&mut session, "INBOX", &KnownFolder::default()).await;
    let (fetched, outcome) = fetch(&mut session, "INBOX", &found.fresh).await;
    outcome.unwrap();
    let [Fetched::Mail(_), Fetched::Declined { place, .. }, Fetched::Mail(_)] = fetched.as_slice() else {
        panic!("{fetched:?}")
    };
    assert_eq!(place.uid, 2);
}

#[tokio::test]
async fn a_mail_that_vanished_is_simply_not_there() {
    let server = ScriptedImap::start(with_faults(3, &[])).await;
    let mut session = Session::connect(&impatient(&server)).await.unwrap();
    let found = look(&mut session, "INBOX", &KnownFolder::default()).await;
    server.script.lock().unwrap().mails.remove(1);
    let (fetched, outcome) = fetch(&mut session, "INBOX", &found.fresh).await;
    outcome.unwrap();
    let arrived = arrivals(fetched);
    assert_eq!(arrived.len(), 2);
    assert!(look(&mut session, "INBOX", &known(&arrived)).await.fresh.is_empty());
}

#[tokio::test]
async fn qq_gets_no_id_and_a_missing_folder_is_no_failure() {
    let server = ScriptedImap::start(Script {
        capabilities: "IMAP4 IMAP4rev1 AUTH=LOGIN NAMESPACE UIDPLUS",
        folders: vec!["INBOX"],
        uid_validity: None,
        ids_wanted: 0,
        ..with_faults(1, &[])
    })
    .await;
    let mut session = Session::connect(&impatient(&server)).await.unwrap();
    assert!(server.commands_like("ID").is_empty());
    assert_eq!(look(&mut session, "INBOX", &KnownFolder::default()).await.uid_validity, 0);
    assert_eq!(session.look("垃圾邮件", &KnownFolder::default()).await.unwrap(), Listing::Missing { first: true });
}

#[tokio::test]
async fn an_idle_that_ends_is_noticed() {
    let capabilities = "IMAP4rev1 IDLE ID";
    for (fault, expected) in [
        (Fault::SayAndHangUp(b"+ idling\r\n".to_vec()), "Closed"),
        (say(b"TAG NO not now\r\n"), "Declined"),
        (Fault::Silence, "Silent"),
    ] {
        let script = Script { capabilities, ..with_faults(1, &[("IDLE", fault)]) };
        let server = ScriptedImap::start(script).await;
        let mut session = Session::connect(&impatient(&server)).await.unwrap();
        look(&mut session, "INBOX", &KnownFolder::default()).await;
        let began = Instant::now();
        let error = session.wait(Duration::from_secs(60)).await.unwrap_err();
        assert!(format!("{error:?}").starts_with(expected), "{error:?}");
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn what_is_slipped_in_before_tls_is_never_believed() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"* OK ready\r\n").await.unwrap();
        let mut heard = vec![0; 100];
        let count = stream.read(&mut heard).await.unwrap();
        stream.write_all(b"M0 OK begin TLS\r\n* CAPABILITY IMAP4rev1\r\nM0 OK\r\n").await.unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        (heard[..count].to_vec(), rest)
    });
    let scripted = ScriptedImap::start(Script::default()).await;
    let mut settings = impatient(&scripted);
    settings.account.port = port;
    settings.account.tls = TlsMode::StartTls;
    let error = Session::connect(&settings).await.err().unwrap();
    assert!(matches!(error, InboxError::Wire(_)), "{error:?}");
    let (before, after) = server.await.unwrap();
    assert_eq!(before, b"M0 STARTTLS\r\n");
    assert!(!after.windows(5).any(|words| words == b"LOGIN"), "no password without TLS");
}

/// The daemon runs mailboxes as tasks, which may move between threads.
#[tokio::test]
async fn a_session_may_live_in_a_task() {
    let server = ScriptedImap::start(with_faults(2, &[])).await;
    let settings = impatient(&server);
    let task = tokio::spawn(async move {
        let mut session = Session::connect(&settings).await.unwrap();
        let found = look(&mut session, "INBOX", &KnownFolder::default()).await;
        let (fetched, outcome) = fetch(&mut session, "INBOX", &found.fresh).await;
        outcome.unwrap();
        session.settle("INBOX", &[]).await.unwrap();
        session.find_in_sent("none@office.example").await.unwrap();
        session.wait(Duration::from_millis(10)).await.unwrap();
        session.leave().await;
        fetched.len()
    });
    assert_eq!(task.await.unwrap(), 2);
}
