//! The post against answers that no real server gives on request.

use std::time::{Duration, Instant};

use mailtally::model::letter::Delivery;
use mailtally::post::{FolderPost, Post, SmtpPatience, SmtpPost, SmtpSettings};

use crate::post_real::{from, letter};
use crate::support::scripted_smtp::{Answer, ScriptedSmtp};

const UNIT: &str = "lishi@unit.example";

fn impatient(server: &ScriptedSmtp) -> Post {
    let short = Duration::from_millis(600);
    let patience = SmtpPatience { connect: short, reply: short, after_dot: short };
    Post::Smtp(Box::new(SmtpPost::new(SmtpSettings { account: server.account(), patience })))
}

#[tokio::test]
async fn each_step_that_fails_says_what_may_be_done() {
    for (command, answer, expected) in [
        ("", Answer::Say(b"554 IP is rejected, smtp auth error limit exceed"), "Stop"),
        ("", Answer::Say(b"421 HL:ICC 163 smtp1"), "Retry"),
        ("", Answer::HangUp, "NotReached"),
        ("", Answer::Silence, "NotReached"),
        ("AUTH", Answer::Say(b"535 Error: authentication failed"), "Credentials"),
        // 登录失败 in GBK: to lettre a broken network.
        ("AUTH", Answer::Say(b"535 \xB5\xC7\xC2\xBC\xCA\xA7\xB0\xDC"), "Credentials"),
        ("AUTH", Answer::Say(b"550 User has no permission"), "Credentials"),
        ("AUTH", Answer::HangUp, "NotReached"),
        ("MAIL", Answer::Say(b"553 Mail from must equal authorized user"), "Stop"),
        ("MAIL", Answer::Say(b"451 MI:SFQ 163 smtp1"), "Retry"),
        ("MAIL", Answer::HangUp, "NotReached"),
        ("RCPT", Answer::Say(b"550 Invalid User: lishi@unit.example"), "NoSuchRecipient"),
        ("RCPT", Answer::Say(b"550 RP:TRC 163 smtp1"), "Tomorrow"),
        ("RCPT", Answer::Silence, "NotReached"),
        ("DATA", Answer::HangUp, "NotReached"),
        ("DATA", Answer::Say(b"554 DT:SPM 163 smtp1"), "Hold"),
        (".", Answer::Say(b"554 DT:SPM 163 smtp1"), "Hold"),
        (".", Answer::Say(b"451 DT:SPM please try again"), "Retry"),
        (".", Answer::HangUp, "Unknown"),
        (".", Answer::Silence, "Unknown"),
        (".", Answer::Say(b"what?"), "Unknown"),
    ] {
        let server = ScriptedSmtp::start(&[(command, answer.clone())]).await;
        let began = Instant::now();
        let mut post = impatient(&server);
        // In a task, as the daemon does it.
        let outcome = tokio::spawn(async move { post.deliver(&letter(&[UNIT]), &from()).await }).await.unwrap();
        assert!(format!("{outcome:?}").starts_with(expected), "{command} {answer:?}: {outcome:?}");
        assert!(began.elapsed() < Duration::from_secs(5), "{command} {answer:?}");
        assert_eq!(server.commands_like("AUTH"), usize::from(!command.is_empty()), "never tried twice");
        assert!(server.letters.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn letters_share_a_connection_and_a_dead_one_is_replaced() {
    let server = ScriptedSmtp::start(&[]).await;
    let mut post = impatient(&server);
    for _ in 0..2 {
        let outcome = post.deliver(&letter(&[UNIT, "fenyang..office@unit.example"]), &from()).await;
        assert!(matches!(outcome, Delivery::Accepted { .. }), "{outcome:?}");
    }
    assert_eq!(server.commands_like("EHLO"), 1);
    assert_eq!(server.commands_like("RCPT TO:<fenyang..office@unit.example>"), 2);
    assert_eq!(server.letters.lock().unwrap().len(), 4, "an envelope a recipient");
    // The server hangs up between letters, as these do after a minute.
    server.answers.lock().unwrap().push(("RSET", Answer::HangUp));
    let outcome = post.deliver(&letter(&[UNIT]), &from()).await;
    assert!(matches!(outcome, Delivery::Accepted { .. }), "{outcome:?}");
    assert_eq!(server.commands_like("EHLO"), 2);
}

#[tokio::test]
async fn a_trouble_of_ours_stops_at_the_first_recipient() {
    let server = ScriptedSmtp::start(&[("MAIL", Answer::Say(b"550 MI:STC 163 smtp1"))]).await;
    let outcome = impatient(&server).deliver(&letter(&[UNIT, "fenyang@unit.example"]), &from()).await;
    assert!(matches!(outcome, Delivery::Tomorrow { .. }), "{outcome:?}");
    assert_eq!(server.commands_like("MAIL"), 1);
}

#[tokio::test]
async fn no_address_breaks_out_of_its_command() {
    let server = ScriptedSmtp::start(&[]).await;
    let outcome = impatient(&server).deliver(&letter(&["a@unit.example>\r\nRCPT TO:<b@unit.example"]), &from()).await;
    assert!(matches!(outcome, Delivery::Hold { .. }), "{outcome:?}");
    assert_eq!(server.commands_like("RCPT"), 0);
}

#[tokio::test]
async fn a_folder_holds_each_letter_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut post = Post::Folder(FolderPost::new(folder.path().join("out")));
    post.check().await.unwrap();
    for _ in 0..2 {
        let outcome = post.deliver(&letter(&[UNIT]), &from()).await;
        assert!(matches!(outcome, Delivery::Accepted { .. }), "{outcome:?}");
    }
    let files: Vec<_> =
        std::fs::read_dir(folder.path().join("out")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1);
    assert!(files[0].ends_with("reminder.00ff@office.example.eml"));
    let text = std::fs::read_to_string(&files[0]).unwrap();
    assert!(text.contains("X-Mailtally-Unit: 141102\r\n"));
}

#[tokio::test]
async fn a_relay_that_offers_no_login_is_not_asked_for_one() {
    let server = ScriptedSmtp::start(&[("EHLO", Answer::Say(b"250 mail"))]).await;
    let outcome = impatient(&server).deliver(&letter(&[UNIT]), &from()).await;
    assert!(matches!(outcome, Delivery::Accepted { .. }), "{outcome:?}");
    assert_eq!(server.commands_like("AUTH"), 0);
}
