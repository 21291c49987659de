//! What mail.md says of the providers' IMAP, item by item, from the first connection to what is recorded.
//!
//! | mail.md | shown here, and elsewhere |
//! | --- | --- |
//! | 1 ID | `id_comes_behind_login…`, `qq_hangs_up…`; `inbox_scripted::unsafe_login…`, `engine_scripted::an_unsafe_login…` |
//! | 2 LOGIN, no IDLE | `login_is_used…`, `without_idle…` |
//! | 3 UIDs | `whatever_uidvalidity…`, `another_uidvalidity…`, `uids_that_are_dealt_anew…`, `two_accounts…` |
//! | 4 SEARCH | `search_envelope_and_bodystructure…`; `inbox_scripted::netease_without_uidnext…` for `n:*` |
//! | 5 odd answers | `an_answer_that_makes_no_sense…`; `inbox_scripted::no_bad_answer…` |
//! | 6 folders, `\Seen` | `what_staff_have_read…`; `inbox_real::folders_are_found…`, `staff` |
//! | 7 thirty days | `mail_hidden_by_a_window…` |
//! | 8 one connection | `one_connection_an_account`; `engine_scripted::a_refused_login…`, `slow_servers` |
//! | 9 an old mailbox | `an_old_mailbox…` |

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mailtally::demo::campaign_mails;
use mailtally::inbox::{After, KnownFolder, Session};
use mailtally::model::letter::LetterKind;

use crate::engine_scripted::{Drill, drill, drill_on, morning};
use crate::inbox_real::{look, mail, settings};
use crate::inbox_scripted::{DATES, impatient, mails, say, with_faults};
use crate::support::scripted_imap::{Fault, Script, ScriptedImap, ScriptedMail};

async fn recorded_once(drill: &Drill, count: usize) {
    let recorded = drill.recorded().await;
    assert_eq!(recorded.len(), count);
    assert_eq!(recorded.iter().collect::<BTreeSet<_>>().len(), count);
}

#[tokio::test]
async fn id_comes_behind_login_and_before_the_first_folder_on_every_connection() {
    let server = ScriptedImap::start(with_faults(1, &[])).await;
    let drill = drill(&server).await;
    assert!(drill.look(0).await && drill.look(1).await);
    let commands = server.commands.lock().unwrap().clone();
    let logins: Vec<usize> = (0..commands.len()).filter(|at| commands[*at].starts_with("LOGIN")).collect();
    assert_eq!(logins.len(), 2);
    for login in logins {
        let at = |verb: &str| login + commands[login..].iter().position(|command| command.starts_with(verb)).unwrap();
        assert!(at("LOGIN") < at("ID (") && at("ID (") < at("EXAMINE"), "{commands:?}");
        let id = &commands[at("ID (")];
        assert!(!id.contains("( ") && !id.contains(" )"), "Coremail takes no blank inside the parentheses: {id}");
    }
}

/// QQ ends the connection on a command it does not know, and it advertises neither ID nor IDLE.
#[tokio::test]
async fn qq_hangs_up_on_what_it_does_not_know_and_is_never_asked() {
    let unknown = ["ID", "NAMESPACE", "ENABLE", "XLIST", "IDLE", "UNSELECT", "AUTHENTICATE", "MOVE", "NOOP"];
    let server = ScriptedImap::start(Script {
        capabilities: "IMAP4 IMAP4rev1 AUTH=LOGIN UIDPLUS",
        ids_wanted: 0,
        faults: unknown.map(|verb| (verb, Fault::SayAndHangUp(Vec::new()))).to_vec(),
        ..with_faults(3, &[])
    })
    .await;
    let drill = drill(&server).await;
    assert!(drill.look(0).await);
    recorded_once(&drill, 3).await;
    assert_eq!(server.script.lock().unwrap().faults.len(), unknown.len(), "none of them was sent");
}

#[tokio::test]
async fn login_is_used_whatever_else_is_offered() {
    for capabilities in ["IMAP4rev1 ID", "IMAP4rev1 ID AUTH=PLAIN AUTH=LOGIN SASL-IR", "IMAP4rev1 ID AUTH=XOAUTH2"] {
        let server = ScriptedImap::start(Script { capabilities, ..with_faults(0, &[]) }).await;
        Session::connect(&impatient(&server)).await.unwrap();
        assert_eq!(server.commands_like("LOGIN").len(), 1, "{capabilities}");
        assert!(server.commands_like("AUTHENTICATE").is_empty(), "{capabilities}");
    }
}

#[tokio::test]
async fn without_idle_the_server_is_left_in_peace_between_looks() {
    let server = ScriptedImap::start(with_faults(1, &[])).await;
    let mut session = Session::connect(&impatient(&server)).await.unwrap();
    look(&mut session, "INBOX", &KnownFolder::default()).await;
    let before = server.commands.lock().unwrap().len();
    session.wait(Duration::from_millis(50)).await.unwrap();
    assert_eq!(server.commands.lock().unwrap().len(), before);
}

/// 163 says 1 to everybody, Exmail may say nothing, and 0 is no number a server may say (RFC 3501 §9).
#[tokio::test]
async fn whatever_uidvalidity_and_uidnext_say_each_mail_is_recorded_once() {
    for uid_validity in [Some(1), None, Some(0), Some(u32::MAX)] {
        for uid_next in [false, true] {
            let server = ScriptedImap::start(Script { uid_validity, uid_next, ..with_faults(2, &[]) }).await;
            let drill = drill(&server).await;
            for (minutes, count) in [(0, 2), (1, 3), (2, 3), (3, 5)] {
                server.script.lock().unwrap().mails = mails(count);
                assert!(drill.look(minutes).await, "{uid_validity:?}");
                recorded_once(&drill, count as usize).await;
            }
            let fetched = server.commands_like("UID FETCH 1").into_iter().filter(|line| line.contains("BODY.PEEK[]"));
            assert_eq!(fetched.count(), 1, "{uid_validity:?}: what is known is not fetched again");
        }
    }
}

#[tokio::test]
async fn another_uidvalidity_doubles_nothing_and_hides_nothing() {
    let server = ScriptedImap::start(with_faults(3, &[])).await;
    let drill = drill(&server).await;
    assert!(drill.look(0).await);
    for (minutes, uid_validity) in [(1, Some(2)), (2, None), (3, Some(1)), (4, Some(0))] {
        {
            let mut script = server.script.lock().unwrap();
            script.uid_validity = uid_validity;
            // With a new UIDVALIDITY the UIDs are dealt anew: UID 1 is another mail each time.
            script.mails.rotate_left(1);
            for (mail, uid) in script.mails.iter_mut().zip(1..) {
                mail.uid = uid;
            }
            let uid = u32::try_from(script.mails.len()).unwrap() + 1;
            let fresh = ScriptedMail { uid, date: DATES[0], bytes: mail(u64::from(uid) + 40) };
            script.mails.push(fresh);
        }
        assert!(drill.look(minutes).await);
        recorded_once(&drill, 3 + usize::try_from(minutes).unwrap()).await;
    }
}

#[tokio::test]
async fn uids_that_are_dealt_anew_between_sessions_lose_no_mail_and_double_none() {
    let server = ScriptedImap::start(with_faults(3, &[])).await;
    let drill = drill(&server).await;
    assert!(drill.look(0).await);
    for minutes in 1..=4 {
        {
            let mut script = server.script.lock().unwrap();
            let uids: Vec<u32> = script.mails.iter().map(|mail| mail.uid).collect();
            let many = script.mails.len();
            for (at, mail) in script.mails.iter_mut().enumerate() {
                mail.uid = uids[(at + 1) % many];
            }
            script.mails.sort_by_key(|mail| mail.uid);
            let fresh = ScriptedMail {
                uid: u32::try_from(many).unwrap() + 1,
                date: DATES[1],
                bytes: mail(60 + u64::try_from(minutes).unwrap()),
            };
            script.mails.insert(0, ScriptedMail { uid: fresh.uid, ..fresh.clone() });
            script.mails.sort_by_key(|mail| mail.uid);
        }
        assert!(drill.look(minutes).await);
        recorded_once(&drill, 3 + usize::try_from(minutes).unwrap()).await;
    }
}

#[tokio::test]
async fn two_accounts_with_the_same_uids_hold_different_mail() {
    let servers = [ScriptedImap::start(with_faults(2, &[])).await, ScriptedImap::start(with_faults(0, &[])).await];
    let others = [(1, 71), (2, 72)];
    servers[1].script.lock().unwrap().mails =
        others.map(|(uid, number)| ScriptedMail { uid, date: DATES[uid as usize - 1], bytes: mail(number) }).to_vec();
    let mailboxes = servers.iter().zip(["one", "two"]).map(|(server, name)| {
        let mut settings = settings(server.account(), &["INBOX"], After::Leave);
        settings.mailbox = name.to_owned();
        settings
    });
    let drill = drill_on(mailboxes.collect()).await;
    for _ in 0..2 {
        for mailbox in &drill.engine.mailboxes {
            assert!(drill.engine.look_once(mailbox, &drill.stop).await.unwrap().is_some());
        }
        recorded_once(&drill, 4).await;
    }
}

/// SEARCH lies, and ENVELOPE and BODYSTRUCTURE come malformed: nothing in a mailbox's whole life asks for them.
#[tokio::test]
async fn search_envelope_and_bodystructure_are_never_asked_for() {
    for after in [After::Leave, After::Seen, After::Move("已处理".to_owned())] {
        let server = ScriptedImap::start(with_faults(3, &[])).await;
        let drill = drill_on(vec![settings(server.account(), &["INBOX", "垃圾邮件"], after)]).await;
        assert!(drill.look(0).await);
        let mut session = Session::connect(&impatient(&server)).await.unwrap();
        session.find_in_sent("none@office.example").await.unwrap();
        session.wait(Duration::from_millis(5)).await.unwrap();
        session.leave().await;
        for command in server.commands.lock().unwrap().iter() {
            for word in ["SEARCH", "ENVELOPE", "BODYSTRUCTURE", "SORT", "THREAD", "STATUS"] {
                assert!(!command.contains(word), "{command}");
            }
        }
    }
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_costs_a_connection_and_no_mail() {
    // ENVELOPEs and BODYSTRUCTUREs as go-imap#659 and mailcore2#1220 show them, unasked for.
    let envelope =
        b"* 1 FETCH (UID 1 ENVELOPE (\"Sun, 1 Aug\" \"=?gbk?B?tcfCvA==\" ((NIL NIL \"x\")) NIL NIL) FLAGS ())\r\n";
    let structure =
        b"* 1 FETCH (UID 1 BODYSTRUCTURE ((\"text\" \"plain\" (\"charset\") NIL NIL \"7bit\" -1 NIL)) FLAGS ())\r\n";
    for (command, words) in [
        ("UID FETCH 1:*", &envelope[..]),
        ("UID FETCH 1:*", structure),
        ("UID FETCH 1:*", b"TAG ERR Fetch frequency limited!\r\n"),
        ("UID FETCH 1,2,3", b"TAG ERR Fetch frequency limited!\r\n"),
        ("UID FETCH 1:*", b"TAG NO \xB5\xC7\xC2\xBC\xCA\xA7\xB0\xDC\r\n"),
        ("LIST", b"* XLIST (\\HasNoChildren \\Inbox) \"/\" \"INBOX\"\r\n"),
        ("EXAMINE", b"* XLIST (\\HasNoChildren) \"/\" \"&V4NXPpCuTvY-\"\r\n"),
        ("EXAMINE", b"TAG NO \xB2\xBB\xB4\xE6\xD4\xDA\r\n"),
        ("EXAMINE", b"* OK [UIDVALIDITY -1] odd\r\n* OK [UIDNEXT] odd\r\n* x EXISTS\r\n"),
        ("CAPABILITY", b"* CAPABILITY\r\nTAG ERR\r\n"),
        ("ID", b"* ID NIL NIL NIL\r\nTAG WHAT\r\n"),
    ] {
        let server = ScriptedImap::start(with_faults(3, &[(command, say(words))])).await;
        let drill = drill(&server).await;
        let first = drill.look(0).await;
        let shown = String::from_utf8_lossy(words).into_owned();
        assert!(server.script.lock().unwrap().faults.is_empty(), "it was said: {shown}");
        assert!(drill.look(1).await, "the next connection is in order: {shown}");
        recorded_once(&drill, 3).await;
        assert!(drill.alerts().await.is_empty(), "nobody is called for a moment's nonsense ({first}): {shown}");
    }
}

/// `\Seen` is no cursor: staff read the mailbox too.
#[tokio::test]
async fn what_staff_have_read_before_us_is_new_to_us() {
    let server = ScriptedImap::start(Script { seen: true, ..with_faults(3, &[]) }).await;
    let drill = drill(&server).await;
    assert!(drill.look(0).await);
    recorded_once(&drill, 3).await;
}

/// 163's setting 收取最近30天 takes older mail out of sight, and choosing 收取全部邮件 brings it back.
#[tokio::test]
async fn mail_hidden_by_a_window_of_thirty_days_is_neither_gone_nor_new() {
    let server = ScriptedImap::start(with_faults(5, &[])).await;
    let drill = drill(&server).await;
    assert!(drill.look(0).await);
    let all = server.script.lock().unwrap().mails.clone();
    let events = drill.engine.desk.store.last_event().await.unwrap();
    for (minutes, shown) in [(1, 3..5), (2, 4..5), (3, 0..0), (4, 0..5)] {
        server.script.lock().unwrap().mails = all[shown].to_vec();
        assert!(drill.look(minutes).await);
        recorded_once(&drill, 5).await;
    }
    // Some servers deal new UIDs on that occasion.
    for mail in &mut server.script.lock().unwrap().mails {
        mail.uid += 100;
    }
    assert!(drill.look(5).await);
    recorded_once(&drill, 5).await;
    assert_eq!(drill.engine.desk.store.last_event().await.unwrap(), events, "nothing happened");
}

#[tokio::test]
async fn one_connection_an_account() {
    let server = ScriptedImap::start(with_faults(3, &[])).await;
    let drill = drill(&server).await;
    for minutes in 0..5 {
        assert!(drill.look(minutes).await);
    }
    assert_eq!(server.most_at_once.load(Ordering::SeqCst), 1);
}

/// zammad#3006: thousands of letters about years-old mail.
#[tokio::test]
async fn an_old_mailbox_is_recorded_and_never_answered() {
    let offset = *morning().offset();
    let shipped = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/campaigns/2021-bayi");
    let campaign = mailtally::config::load_campaign(&shipped, offset).unwrap();
    let samples = campaign_mails(&campaign.roster, offset).unwrap();
    let whole = samples.into_iter().find(|sample| sample.name == "lishi-whole").unwrap();
    let dated = |uid: u32, date: &'static str| ScriptedMail {
        uid,
        date,
        bytes: [format!("X-Number: {uid}\r\n").as_bytes(), &whole.bytes].concat(),
    };
    let old = vec![
        dated(1, "03-Aug-2017 08:30:00 +0800"),
        dated(2, "03-Aug-2020 08:30:00 +0800"),
        dated(3, "21-Jul-2021 23:59:59 +0800"),
    ];
    let server = ScriptedImap::start(Script { mails: old, ..Script::default() }).await;
    let drill = drill(&server).await;
    assert!(drill.look(0).await);
    recorded_once(&drill, 3).await;
    assert!(drill.letters(LetterKind::Ack).await.is_empty());
    server.script.lock().unwrap().mails.push(dated(4, "04-Aug-2021 08:30:00 +0800"));
    assert!(drill.look(1).await);
    recorded_once(&drill, 4).await;
    assert_eq!(drill.letters(LetterKind::Ack).await.len(), 1, "only what came since the opening is answered");
}
