//! Mail that machines send: vacation notices, read receipts, bounces, newsletters.

use chrono::{DateTime, FixedOffset};
use data_encoding::BASE64_MIME;

use super::mime::{Charset, Draft, HeaderForm, header_text, push};
use super::mimicry::Dialect;
use crate::model::mail::Digest;

/// A vacation notice as QQ sends it: no `Auto-Submitted`, but its own field and subject.
#[must_use]
pub fn qq_vacation(from: (&str, &str), to: &str, at: DateTime<FixedOffset>) -> Vec<u8> {
    Draft::new(Dialect::Qq, from, to, at)
        .subject("自动回复:收到")
        .text("您好，我正在休假，您的邮件已收到，回来后尽快回复。\n")
        .header("X-QQ-AUTO-REPLY: true")
        .bytes()
}

/// A read receipt (RFC 8098) for the notice.
#[must_use]
pub fn read_receipt(from: &str, to: &str, at: DateTime<FixedOffset>) -> Vec<u8> {
    let date = at.to_rfc2822();
    let token = Digest::of(format!("{from}{date}").as_bytes()).short().to_owned();
    let subject = header_text("已读: 关于扎实做好“八一”期间双拥工作的通知", Charset::Utf8, HeaderForm::Base64Words);
    let subject = String::from_utf8_lossy(&subject);
    format!(
        "Received: from mail.lvliang.example (unknown [192.0.2.17])\r\n\tby mx22 (Coremail) with SMTP id {token};\r\n\
         \t{date}\r\nDate: {date}\r\nMessage-ID: <{token}.receipt@lvliang.example>\r\nFrom: <{from}>\r\nTo: <{to}>\r\n\
         Subject: {subject}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=disposition-notification;\r\n\
         \tboundary=\"mdn_{token}\"\r\n\r\n--mdn_{token}\r\nContent-Type: text/plain; charset=UTF-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\r\n这是邮件收条，表示收件人已打开该邮件。\r\n--mdn_{token}\r\n\
         Content-Type: message/disposition-notification\r\n\r\nReporting-UA: mail.lvliang.example; Coremail\r\n\
         Final-Recipient: rfc822; {from}\r\nOriginal-Message-ID: <20210722153000.notice@163.example>\r\n\
         Disposition: manual-action/MDN-sent-manually; displayed\r\n\r\n--mdn_{token}--\r\n"
    )
    .into_bytes()
}

/// NetEase's 系统退信 for a letter of ours: `Status: 5.0.0` although the diagnostic says 5.1.1, and the Message-ID in
/// a field of its own, without angle brackets.
#[must_use]
pub fn netease_bounce(message_id: &str, recipient: &str, office: &str, at: DateTime<FixedOffset>) -> Vec<u8> {
    let message_id = message_id.trim_start_matches('<').trim_end_matches('>');
    let date = at.to_rfc2822();
    let token = Digest::of(format!("{message_id}|{recipient}|{date}").as_bytes()).short().to_owned();
    let subject = BASE64_MIME.encode(&encoding_rs::GBK.encode("系统退信").0);
    let reason = format!(
        "抱歉，您的邮件被退回来了……\r\n收件人邮件地址（{recipient}）不存在，邮件无法送达。\r\n\
         建议您联系您的收件人，确认正确的邮件地址后再重新发送。\r\n"
    );
    let mut out = Vec::new();
    push(
        &mut out,
        &format!(
            "Received: from localhost (localhost [127.0.0.1])\r\n\tby m12-18 (Coremail) with SMTP id {token};\r\n\
             \t{date}\r\nFrom: Postmaster@163.example\r\nTo: <{office}>\r\nSubject: =?GBK?B?{}?=\r\nDate: {date}\r\n\
             Message-ID: <{token}.postmaster@163.example>\r\nX-CM-Original-Message-ID: {message_id}\r\n\
             MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status;\r\n\
             \tboundary=\"dsn_{token}\"\r\n\r\n--dsn_{token}\r\nContent-Type: text/plain; charset=GBK\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{}--dsn_{token}\r\n",
            subject.trim_end(),
            BASE64_MIME.encode(&encoding_rs::GBK.encode(&reason).0)
        ),
    );
    push(
        &mut out,
        &format!(
            "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; m12-18.163.example\r\n\
             Arrival-Date: {date}\r\n\r\nFinal-Recipient: RFC822; {recipient}\r\nAction: failed\r\nStatus: 5.0.0\r\n\
             Remote-MTA: dns; mx.lvliang.example\r\nDiagnostic-Code: SMTP; 550 5.1.1 User unknown <{recipient}>\r\n\r\n\
             --dsn_{token}\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{message_id}>\r\nFrom: <{office}>\r\n\
             To: <{recipient}>\r\n\r\n--dsn_{token}--\r\n"
        ),
    );
    out
}
