//! Bounces and receipts as servers write them.

use super::*;
use crate::read::limits::Limits;
use crate::read::mime;

fn report(mail: &str) -> Option<MachineReport> {
    let parts = mime::take_apart(mail.replace('\n', "\r\n").as_bytes(), &Limits::default());
    let (headers, _) = headers::read(&parts.fields);
    read(&parts.fields, &headers, &parts.leaves, &mime::words_of(&parts.leaves).text)
}

fn delivery_of(mail: &str) -> DeliveryReport {
    match report(mail) {
        Some(MachineReport::Delivery(delivery)) => delivery,
        other => panic!("{other:?}"),
    }
}

fn dsn(top: &str, status: &str, last: &str) -> String {
    format!(
        "From: Postmaster@163.example\nTo: office@163.example\n{top}Content-Type: multipart/report; report-type=delivery-status; boundary=bb\n\n--bb\nContent-Type: text/plain; charset=utf-8\n\n退信\n--bb\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.163.example\n\n{status}\n--bb\n{last}\n--bb--\n"
    )
}

#[test]
fn a_report_by_the_book() {
    let mail = dsn(
        "Subject: Undelivered\n",
        "Final-Recipient: rfc822; LS@gov.example\nAction: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 5.2.2 Mailbox full\n",
        "Content-Type: text/rfc822-headers\n\nMessage-ID: <ack.1@163.example>\nTo: ls@gov.example\n",
    );
    assert_eq!(
        delivery_of(&mail),
        DeliveryReport {
            original_message_id: Some("ack.1@163.example".into()),
            recipient: Some("ls@gov.example".into()),
            status: Some("5.2.2".into()),
            diagnostic: Some("552 5.2.2 Mailbox full".into()),
            hard: false,
        }
    );
}

#[test]
fn neteases_diagnostic_knows_better_than_its_status() {
    let mail = dsn(
        "Subject: 系统退信\nX-CM-Original-Message-ID: remind.7@163.example\n",
        "Final-Recipient: rfc822;nobody@gov.example\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp;550 5.1.1 <nobody@gov.example>: Recipient address rejected\n",
        "Content-Type: message/rfc822\n\nFrom: office@163.example\nSubject: x\n\nx",
    );
    let delivery = delivery_of(&mail);
    assert_eq!(delivery.status.as_deref(), Some("5.1.1"));
    assert_eq!(delivery.original_message_id.as_deref(), Some("remind.7@163.example"));
    assert!(delivery.hard);
}

#[test]
fn qq_tells_its_reason_in_html_alone() {
    let mail = "From: PostMaster@qq.example\nTo: office@qq.example\nSubject: 来自qq.com的退信\nContent-Type: text/html; charset=utf-8\n\n<div>很抱歉，您发送的邮件被退回</div><div>无法发送到 lishi@qq.example</div><div>退信原因</div><div>收件人邮件地址（lishi@qq.example）不存在，邮件无法送达。</div><div>host mx said: 550 Mailbox not found</div><div>解决方案</div><div>请联系</div>";
    let delivery = delivery_of(mail);
    assert_eq!(delivery.recipient.as_deref(), Some("lishi@qq.example"));
    assert!(delivery.diagnostic.as_deref().unwrap().contains("550 Mailbox not found"));
    assert!(delivery.hard);
}

#[test]
fn the_21cn_bounce_has_no_status_part() {
    let mail = "From: System@21cn.example\nTo: office@163.example\nHmm-Notify: bounce\nSubject: 信件\nContent-Type: text/plain; charset=utf-8\n\n您的信件发往 wen@21cn.example 失败\n552 5.3.4 message too big\nMessage-ID: <ack.3@163.example>\n";
    let delivery = delivery_of(mail);
    assert_eq!(delivery.recipient.as_deref(), Some("wen@21cn.example"));
    assert_eq!(delivery.original_message_id.as_deref(), Some("ack.3@163.example"));
    assert_eq!((delivery.status.as_deref(), delivery.hard), (Some("5.3.4"), false));
}

#[test]
fn hard_and_soft() {
    for (status, words, hard) in [
        (Some("5.1.1"), "x", true),
        (Some("5.1.8"), "bad sender", false),
        (Some("4.1.1"), "User unknown", false),
        (Some("5.7.1"), "550 User unknown", false),
        (Some("5.0.0"), "550 Invalid User: a@b", true),
        (None, "用户不存在", true),
        (None, "550 spam suspected, no such user", false),
        (None, "554 DT:SPM", false),
        (None, "收件人邮箱空间不足", false),
    ] {
        assert_eq!(is_hard(status, words), hard, "{status:?} {words}");
    }
}

#[test]
fn receipts_and_other_reports() {
    let mail = "From: a@b.example\nContent-Type: multipart/report; report-type=disposition-notification; boundary=bb\n\n--bb\n\nread\n--bb--\n";
    assert_eq!(report(mail), Some(MachineReport::Disposition));
    let mail = "From: a@b.example\nContent-Type: multipart/report; report-type=feedback-report; boundary=bb\n\n--bb\n\nread\n--bb--\n";
    assert_eq!(report(mail), Some(MachineReport::Other));
    let success = dsn("", "Final-Recipient: rfc822; a@b.example\nAction: delivered\nStatus: 2.0.0\n", "\n");
    assert_eq!(report(&success), Some(MachineReport::Other));
    assert_eq!(report("From: postmaster@gov.example\nSubject: 报表\n\n见附件"), None);
    assert_eq!(report("From: ls@gov.example\nSubject: 系统退信问题咨询\n\nx"), None);
}
