//! The post against a real Exim that delivers into a real Dovecot.

use std::time::Duration;

use chrono::DateTime;
use mail_parser::{MessageParser, MimeHeaders as _};
use mailtally::model::account::{Account, TlsMode};
use mailtally::model::letter::{Delivery, Enclosure, Letter, LetterKind};
use mailtally::model::mail::Address;
use mailtally::model::unit::UnitCode;
use mailtally::post::{Post, SmtpPatience, SmtpPost, SmtpSettings};

use crate::support::dovecot::Dovecot;
use crate::support::exim::Exim;

pub const OFFICE: &str = "office@office.example";
const UNIT: &str = "lishi@unit.example";

pub fn from() -> Address {
    Address { name: Some("吕梁市双拥办".to_owned()), address: OFFICE.to_owned() }
}

pub fn letter(recipients: &[&str]) -> Letter {
    Letter {
        kind: LetterKind::Reminder,
        campaign: "2021-bayi".to_owned(),
        unit: Some(UnitCode::new("141102")),
        message_id: "reminder.00ff@office.example".to_owned(),
        recipients: recipients.iter().map(|recipient| (*recipient).to_owned()).collect(),
        subject: "请报送“八一”期间走访慰问情况统计表".to_owned(),
        text: "离石区：\n.请于8月10日前报送。\n".to_owned(),
        html: "<p>离石区：请于8月10日前报送。</p>".to_owned(),
        pictures: Vec::new(),
        attachments: vec![Enclosure {
            name: "统计表.xlsx".to_owned(),
            media_type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet".to_owned(),
            bytes: (0..=255).cycle().take(70_000).collect(),
        }],
        in_reply_to: None,
        references: Vec::new(),
        date: DateTime::parse_from_rfc3339("2021-08-05T09:00:00+08:00").unwrap(),
    }
}

pub fn post(account: Account) -> Post {
    let patience = SmtpPatience {
        connect: Duration::from_secs(10),
        reply: Duration::from_secs(10),
        after_dot: Duration::from_secs(20),
    };
    Post::Smtp(Box::new(SmtpPost::new(SmtpSettings { account, patience })))
}

/// Waits for the mails of a user: delivery takes a moment.
async fn delivered(dovecot: &Dovecot, exim: &Exim, user: &str, count: usize) -> Vec<Vec<u8>> {
    for _ in 0..200 {
        let mails = dovecot.mails(user, "INBOX");
        if mails.len() >= count {
            return mails.into_iter().map(|(_, mail)| mail).collect();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nothing came: {}", exim.log());
}

#[tokio::test]
async fn a_letter_arrives_as_it_was_written_however_the_server_is_reached() {
    if !Exim::is_possible() {
        return;
    }
    let dovecot = Dovecot::start();
    let exim = Exim::start(&dovecot, &[OFFICE, UNIT]);
    for (count, tls) in [(1, TlsMode::Implicit), (2, TlsMode::StartTls), (3, TlsMode::None)] {
        let mut post = post(exim.account(OFFICE, tls));
        let outcome = post.deliver(&letter(&[UNIT]), &from()).await;
        assert!(matches!(outcome, Delivery::Accepted { .. }), "{tls:?}: {outcome:?} {}", exim.log());
        post.close().await;
        let mails = delivered(&dovecot, &exim, UNIT, count).await;
        let mail = MessageParser::default().parse(mails.last().unwrap()).unwrap();
        assert_eq!(mail.message_id().unwrap(), "reminder.00ff@office.example");
        assert_eq!(mail.subject().unwrap(), letter(&[]).subject);
        assert_eq!(mail.from().unwrap().first().unwrap().address().unwrap(), OFFICE);
        assert_eq!(mail.header_raw("Auto-Submitted").unwrap().trim(), "auto-generated");
        assert_eq!(mail.header_raw("X-Mailtally-Kind").unwrap().trim(), "reminder");
        assert_eq!(mail.header_raw("X-Mailtally-Campaign").unwrap().trim(), "2021-bayi");
        assert_eq!(mail.header_raw("X-Mailtally-Unit").unwrap().trim(), "141102");
        assert!(mail.header_raw("Return-path").unwrap().contains(OFFICE));
        assert!(mail.body_text(0).unwrap().contains("\n.请于8月10日前报送"), "the dot at the start of a line");
        let attached = mail.attachments().next().unwrap();
        assert_eq!(attached.attachment_name().unwrap(), "统计表.xlsx");
        assert_eq!(attached.contents(), letter(&[]).attachments[0].bytes);
    }
}

#[tokio::test]
async fn the_connection_serves_several_letters_and_outlives_a_refused_recipient() {
    if !Exim::is_possible() {
        return;
    }
    let dovecot = Dovecot::start();
    let exim = Exim::start(&dovecot, &[OFFICE, UNIT]);
    let mut post = post(exim.account(OFFICE, TlsMode::Implicit));
    post.check().await.unwrap();
    let nobody = post.deliver(&letter(&["nobody@unit.example"]), &from()).await;
    assert!(matches!(&nobody, Delivery::NoSuchRecipient { reply } if reply.contains("Invalid User")), "{nobody:?}");
    // One bad recipient does not keep the letter from the others.
    let both = post.deliver(&letter(&["nobody@unit.example", UNIT]), &from()).await;
    assert!(matches!(both, Delivery::NoSuchRecipient { .. }), "{both:?}");
    delivered(&dovecot, &exim, UNIT, 1).await;
    let accepted = post.deliver(&letter(&[UNIT]), &from()).await;
    assert!(matches!(accepted, Delivery::Accepted { .. }), "{accepted:?}");
    delivered(&dovecot, &exim, UNIT, 2).await;
}

#[tokio::test]
async fn refusals_are_told_apart() {
    if !Exim::is_possible() {
        return;
    }
    let dovecot = Dovecot::start();
    let exim = Exim::start(&dovecot, &[OFFICE, UNIT]);
    let mut account = exim.account(OFFICE, TlsMode::Implicit);
    account.password = "the password of the web page".into();
    let outcome = post(account).deliver(&letter(&[UNIT]), &from()).await;
    assert!(matches!(outcome, Delivery::Credentials { .. }), "{outcome:?}");
    let other = Address { address: "other@office.example".to_owned(), ..from() };
    let outcome = post(exim.account(OFFICE, TlsMode::Implicit)).deliver(&letter(&[UNIT]), &other).await;
    assert!(matches!(outcome, Delivery::Stop { .. }), "{outcome:?}");
    let mut account = exim.account(OFFICE, TlsMode::StartTls);
    account.ca_file = None;
    let outcome = post(account).deliver(&letter(&[UNIT]), &from()).await;
    assert!(matches!(&outcome, Delivery::NotReached { reply } if reply.contains("certificate")), "{outcome:?}");
    assert!(dovecot.mails(UNIT, "INBOX").is_empty());
}
