//! Servers that never fall silent and never come to an end: each exchange is bounded as a whole, not only the pause
//! between two octets.

use std::time::{Duration, Instant};

use mailtally::inbox::{ImapSettings, InboxError, KnownFolder, Session};
use mailtally::model::account::TlsMode;
use mailtally::model::letter::Delivery;
use mailtally::post::{Post, SmtpPatience, SmtpPost, SmtpSettings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::inbox_real::look;
use crate::inbox_scripted::{impatient, with_faults};
use crate::post_real::{from, letter};
use crate::support::scripted_imap::{Fault, Script, ScriptedImap};
use crate::support::scripted_smtp::ScriptedSmtp;

/// The whole of an exchange may take two seconds, and no pause more than 0.6 s.
fn bounded(server: &ScriptedImap) -> ImapSettings {
    let mut settings = impatient(server);
    settings.patience.command = Duration::from_secs(2);
    settings
}

/// What waiting for a server came to, and that it came to an end.
async fn ends<T>(waiting: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let outcome = tokio::time::timeout(Duration::from_secs(12), waiting).await.expect("it waits for ever");
    assert!(begun.elapsed() < Duration::from_secs(9), "after {:?}", begun.elapsed());
    outcome
}

#[tokio::test]
async fn a_server_that_babbles_instead_of_answering_is_given_up_at_every_step() {
    for command in ["CAPABILITY", "LOGIN", "ID", "LIST"] {
        let server = ScriptedImap::start(with_faults(0, &[(command, Fault::Babble(b"", 300))])).await;
        let error = ends(Session::connect(&bounded(&server))).await.err().unwrap();
        assert!(matches!(error, InboxError::Silent { .. }), "{command}: {error:?}");
    }
    for command in ["EXAMINE", "UID FETCH"] {
        let server = ScriptedImap::start(with_faults(2, &[(command, Fault::Babble(b"", 300))])).await;
        let mut session = Session::connect(&bounded(&server)).await.unwrap();
        let error = ends(session.look("INBOX", &KnownFolder::default())).await.unwrap_err();
        assert!(matches!(error, InboxError::Silent { .. }), "{command}: {error:?}");
    }
}

#[tokio::test]
async fn an_idle_full_of_babble_ends_when_its_time_is_over() {
    // Before the invitation, behind it at leisure, and behind it without drawing breath.
    for (words, pause) in [(&b""[..], 300), (b"+ idling\r\n", 300), (b"+ idling\r\n", 0)] {
        let faults = [("IDLE", Fault::Babble(words, pause))];
        let script = Script { capabilities: "IMAP4rev1 IDLE ID", ..with_faults(1, &faults) };
        let server = ScriptedImap::start(script).await;
        let mut session = Session::connect(&bounded(&server)).await.unwrap();
        look(&mut session, "INBOX", &KnownFolder::default()).await;
        let error = ends(session.wait(Duration::from_secs(1))).await.unwrap_err();
        assert!(matches!(error, InboxError::Silent { .. }), "{pause}: {error:?}");
    }
}

/// Before TLS stands the lines are read here and not by the library.
#[tokio::test]
async fn an_smtp_server_that_goes_on_and_on_before_tls_is_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        while stream.write_all(b"220-still here\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    });
    let scripted = ScriptedSmtp::start(&[]).await;
    let mut account = scripted.account();
    (account.port, account.tls) = (port, TlsMode::StartTls);
    let patience = SmtpPatience {
        connect: Duration::from_secs(2),
        reply: Duration::from_secs(1),
        after_dot: Duration::from_secs(2),
    };
    let mut post = Post::Smtp(Box::new(SmtpPost::new(SmtpSettings { account, patience })));
    let outcome = ends(post.deliver(&letter(&["lishi@unit.example"]), &from())).await;
    assert!(matches!(outcome, Delivery::NotReached { .. }), "{outcome:?}");
    server.abort();
}

/// A reply without an end of line is not collected until memory is full.
#[tokio::test]
async fn an_smtp_reply_without_end_is_cut() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut sent = 0_usize;
        while stream.write_all(&[b'2'; 4096]).await.is_ok() {
            sent += 4096;
            if sent > 64 << 20 {
                break;
            }
        }
        // Until the client has had enough.
        let _ = stream.read_u8().await;
        sent
    });
    let scripted = ScriptedSmtp::start(&[]).await;
    let mut account = scripted.account();
    account.port = port;
    let patience = SmtpPatience {
        connect: Duration::from_secs(2),
        reply: Duration::from_secs(8),
        after_dot: Duration::from_secs(2),
    };
    let mut post = Post::Smtp(Box::new(SmtpPost::new(SmtpSettings { account, patience })));
    let outcome = ends(post.deliver(&letter(&["lishi@unit.example"]), &from())).await;
    assert!(matches!(outcome, Delivery::NotReached { .. }), "{outcome:?}");
    drop(post);
    let sent = server.await.unwrap();
    assert!(sent < 16 << 20, "{sent} octets were taken");
}
