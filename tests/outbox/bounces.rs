//! Bounces as the providers write them: matched to our letter, the address marked; what matches nothing changes nothing.

use mailtally::model::ledger::{EventKind, Nature};
use mailtally::model::letter::{LetterKey, LetterState};

use super::office::{CAMPAIGN, Office, at, unit};

const TO: &str = "wsxsyb@wenshui.example";

/// NetEase: a report whose Status is always 5.0.0, our Message-ID in a header of its own, here without brackets.
fn netease(id: &str, diagnostic: &str) -> String {
    format!(
        "From: Postmaster@163.com.example\r\nTo: office@163.example\r\nSubject: =?utf-8?B?57O757uf6YCA5L+h?=\r\n\
         X-CM-Original-Message-ID: {id}\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>很抱歉，您的邮件被退回来了</p>\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mail.163.com.example\r\n\r\n\
         Final-Recipient: RFC822; {TO}\r\nAction: failed\r\nStatus: 5.0.0\r\nDiagnostic-Code: SMTP; {diagnostic}\r\n\r\n--b--\r\n"
    )
}

fn netease_in_brackets(id: &str, diagnostic: &str) -> String {
    netease(&format!("<{id}>"), diagnostic)
}

/// 21cn: no delivery-status part; our letter's headers are embedded.
fn of_21cn(id: &str, reason: &str) -> String {
    format!(
        "From: postmaster@21cn.example\r\nTo: office@163.example\r\nSubject: =?utf-8?B?6YCA5L+h6YCa55+l?=\r\n\
         Hmm-Notify: bounce\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n您的邮件未能送达 {TO}。\r\n退信原因：{reason}\r\n\
         --b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <{id}>\r\nFrom: office@163.example\r\nTo: {TO}\r\n\
         Subject: x\r\n\r\nx\r\n--b--\r\n"
    )
}

/// QQ: nothing but HTML, no Message-ID at all: matched by recipient and time.
fn qq(_: &str, reason: &str) -> String {
    format!(
        "From: PostMaster@qq.com.example\r\nTo: office@163.example\r\n\
         Subject: =?utf-8?B?5p2l6IeqcXEuY29t55qE6YCA5L+h?=\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/html; charset=utf-8\r\n\r\n<div><p>抱歉，您的邮件被退回来了……</p>\
         <p>收件人：{TO}</p><p>退信原因：</p><p>{reason}</p></div>\r\n"
    )
}

/// By the book (RFC 3464), with a whole copy of our letter and so with our form in it.
fn by_the_book(letter: &[u8], status: &str) -> Vec<u8> {
    let head = format!(
        "From: MAILER-DAEMON@mx.example\r\nTo: office@163.example\r\nSubject: Undelivered Mail Returned to Sender\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"outer\"\r\n\r\n\
         --outer\r\nContent-Type: text/plain\r\n\r\nI'm sorry.\r\n\
         --outer\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
         Final-Recipient: rfc822; {TO}\r\nAction: failed\r\nStatus: {status}\r\n\r\n\
         --outer\r\nContent-Type: message/rfc822\r\n\r\n"
    );
    [head.as_bytes(), letter, b"\r\n--outer--\r\n"].concat()
}

async fn reminded() -> (Office, String, Vec<u8>) {
    let office = Office::with("office@163.example", vec![unit("141121", "文水县", TO)]).await;
    let letters = office.works(at("2021-08-03T09:00")).await;
    assert_eq!(letters.len(), 1);
    (office, letters[0].letter.message_id.clone(), letters[0].bytes.clone())
}

/// What the bounce came to: `hard`, `soft` or nothing, whether the unit can still be written to, and the letter's state.
async fn after(office: &Office, bounce: &[u8]) -> (Option<&'static str>, bool, LetterState) {
    let now = at("2021-08-03T09:05");
    assert_eq!(office.receives("a bounce", bounce, now).await.nature, Nature::Bounce);
    assert!(office.works(now).await.is_empty(), "a bounce is never answered");
    let events = office.store().events(CAMPAIGN).await.unwrap();
    let told = events.iter().find_map(|event| match &event.kind {
        EventKind::Bounced { hard, recipient, .. } => {
            assert_eq!(recipient, TO);
            Some(if *hard { "hard" } else { "soft" })
        }
        _ => None,
    });
    let key = LetterKey::parse("remind/2021-bayi/141121/-7").unwrap();
    let state = office.store().letter(&key).await.unwrap().unwrap().state;
    (told, office.standing("141121", now).await.undeliverable, state)
}

#[tokio::test]
async fn every_providers_bounce_finds_its_letter() {
    type Bounce = fn(&str, &str) -> String;
    for (name, bounce, reason, told) in [
        ("NetEase, no such user", netease as Bounce, "550 User not found: wsxsyb@wenshui.example", "hard"),
        ("NetEase, its header in brackets", netease_in_brackets, "550 User not found: wsxsyb@wenshui.example", "hard"),
        ("NetEase, 5.1.1", netease, "550 5.1.1 unknown or illegal alias", "hard"),
        ("NetEase, full", netease, "552 5.2.2 mailbox is full", "soft"),
        ("NetEase, spam", netease, "554 DT:SPM 163 mx1", "soft"),
        ("21cn, no such user", of_21cn, "550 user not found", "hard"),
        ("21cn, full", of_21cn, "552 对方邮箱已满", "soft"),
        (
            "QQ, no such user",
            qq,
            "收件人邮件地址（wsxsyb@wenshui.example）不存在，邮件无法送达。550 Mailbox not found",
            "hard",
        ),
        ("QQ, frequency", qq, "发信频率过高，550 Connection frequency limited", "soft"),
    ] {
        let (office, id, _) = reminded().await;
        let came = after(&office, bounce(&id, reason).as_bytes()).await;
        assert_eq!(came, (Some(told), told == "hard", LetterState::Refused), "{name}");
    }
}

#[tokio::test]
async fn a_bounce_that_brings_our_form_back_files_nothing() {
    for (status, told) in [
        ("5.1.1", "hard"),
        ("5.1.2", "hard"),
        ("5.1.10", "hard"),
        ("5.2.2", "soft"),
        ("5.7.1", "soft"),
        ("4.2.2", "soft"),
        ("4.4.7", "soft"),
    ] {
        let (office, _, letter) = reminded().await;
        let came = after(&office, &by_the_book(&letter, status)).await;
        assert_eq!((came.0, came.1), (Some(told), told == "hard"), "{status}");
        assert_eq!(office.standing("141121", at("2021-08-03T09:10")).await.version, 0);
    }
}

#[tokio::test]
async fn a_bounce_that_names_no_letter_is_matched_by_recipient_and_for_a_while_only() {
    let (office, ..) = reminded().await;
    let now = at("2021-08-20T09:00");
    let late = qq("", "收件人邮件地址（wsxsyb@wenshui.example）不存在，邮件无法送达。550 Mailbox not found");
    assert_eq!(office.receives("late", late.as_bytes(), now).await.nature, Nature::Bounce);
    assert!(!office.standing("141121", now).await.undeliverable, "two weeks after the letter it may be of any other");
    let (office, ..) = reminded().await;
    let other = late.replace("wsxsyb", "someone");
    let came = after(&office, other.as_bytes()).await;
    assert_eq!(came, (None, false, LetterState::Sent), "nobody we wrote to");
}

#[tokio::test]
async fn a_bounce_of_nothing_we_sent_changes_nothing() {
    let (office, ..) = reminded().await;
    let forged = netease("reminder.0000000000000000@163.example", "550 User not found: wsxsyb@wenshui.example");
    assert_eq!(after(&office, forged.as_bytes()).await, (None, false, LetterState::Sent));
}
