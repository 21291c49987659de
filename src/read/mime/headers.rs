//! The header fields of a mail as the judges want them, with what is odd about them.

use super::fields::Fields;
use super::{addresses, authentication, dates, words};
use crate::model::authenticity::Authentication;
use crate::model::mail::{Address, Headers, Oddity, OddityCode};
use crate::read::automatic;

/// Most identifiers taken from References.
const MOST_IDENTIFIERS: usize = 200;
/// Octets of identifiers that are looked at in one field.
const LONGEST_LIST: usize = 1 << 16;
/// Most mailboxes taken from all fields of one name.
const MOST_MAILBOXES: usize = 1_000;
/// Longest subject kept, in characters.
const LONGEST_SUBJECT: usize = 2_000;

/// Reads the top header block.
#[must_use]
pub fn read(fields: &Fields) -> (Headers, Vec<Oddity>) {
    let mut oddities = Vec::new();
    let from = mailboxes(fields, "from");
    if fields.all("from").count() > 1 || from.len() > 1 {
        oddities.push(Oddity::new(OddityCode::SeveralSenders, "邮件写有多个发件人，来源存疑"));
    }
    let message_id = fields.first("message-id").and_then(|value| identifiers(value).into_iter().next());
    if message_id.is_none() {
        oddities.push(Oddity::new(OddityCode::MessageIdMissing, "邮件没有 Message-ID"));
    }
    let date = match fields.first("date").map(words::decode).filter(|text| !text.trim().is_empty()) {
        None => {
            oddities.push(Oddity::new(OddityCode::DateMissing, "邮件没有写明发送时间"));
            None
        }
        Some(text) => {
            let date = dates::parse(&text);
            if date.is_none() {
                oddities.push(Oddity::new(OddityCode::DateImpossible, "邮件写的发送时间不成立"));
            }
            date
        }
    };
    let headers = Headers {
        message_id,
        from,
        sender: mailboxes(fields, "sender").into_iter().next(),
        reply_to: mailboxes(fields, "reply-to"),
        to: mailboxes(fields, "to"),
        cc: mailboxes(fields, "cc"),
        subject: fields.text("subject").map(|subject| one_line(&subject)),
        date,
        topmost_received_at: fields.text("received").and_then(|text| dates::of_received(&text)),
        in_reply_to: fields.all("in-reply-to").flat_map(identifiers).collect(),
        references: fields.all("references").flat_map(identifiers).take(MOST_IDENTIFIERS).collect(),
        automatic: automatic::signs(fields),
        authentication: Authentication { reported: authentication::read(fields), signature: None },
    };
    (headers, oddities)
}

fn mailboxes(fields: &Fields, name: &'static str) -> Vec<Address> {
    fields.all(name).flat_map(addresses::parse).take(MOST_MAILBOXES).collect()
}

fn one_line(subject: &str) -> String {
    let words: Vec<&str> = subject.split_whitespace().collect();
    words.join(" ").chars().take(LONGEST_SUBJECT).collect()
}

/// Message identifiers of a field, without brackets; where a client wrote none, the tokens that look like one.
#[must_use]
pub fn identifiers(value: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(value.get(..LONGEST_LIST).unwrap_or(value));
    let bracketed: Vec<String> = text
        .split('<')
        .skip(1)
        .filter_map(|part| part.split_once('>'))
        .map(|(identifier, _)| identifier.split_whitespace().collect::<String>())
        .filter(|identifier| is_identifier(identifier))
        .collect();
    if !bracketed.is_empty() {
        return bracketed;
    }
    text.split([' ', '\t', ',', ';'])
        .map(|token| token.trim_matches(['<', '>', '"', '\'']).to_owned())
        .filter(|token| is_identifier(token))
        .take(if text.contains('@') { MOST_IDENTIFIERS } else { 1 })
        .collect()
}

fn is_identifier(token: &str) -> bool {
    !token.is_empty() && token.len() <= 998 && !token.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(header: &[u8]) -> Vec<OddityCode> {
        read(&Fields::parse(header)).1.into_iter().map(|oddity| oddity.code).collect()
    }

    #[test]
    fn what_is_missing_is_told() {
        assert_eq!(codes(b"From: a@b.example\r\n"), [OddityCode::MessageIdMissing, OddityCode::DateMissing]);
        let impossible = b"From: a@b.example\r\nMessage-ID: <1@b>\r\nDate: Wed, 31 Feb 2021 10:00:00 +0800\r\n";
        assert_eq!(codes(impossible), [OddityCode::DateImpossible]);
    }

    #[test]
    fn two_senders_are_suspicious_and_all_kept() {
        for header in [
            b"From: a@b.example\r\nFrom: c@d.example\r\nMessage-ID: <1@b>\r\nDate: 5 Aug 2021 10:00 +0800".as_slice(),
            b"From: a@b.example, c@d.example\r\nMessage-ID: <1@b>\r\nDate: 5 Aug 2021 10:00 +0800",
        ] {
            assert_eq!(codes(header), [OddityCode::SeveralSenders]);
            assert_eq!(read(&Fields::parse(header)).0.from.len(), 2);
        }
    }

    #[test]
    fn identifiers_with_and_without_brackets() {
        assert_eq!(identifiers(b"<a@b> <c@\r\n d>"), ["a@b", "c@d"]);
        assert_eq!(identifiers(b"a@b c@d"), ["a@b", "c@d"]);
        assert_eq!(identifiers(b"tencent_ABC123@qq.example"), ["tencent_ABC123@qq.example"]);
        assert!(identifiers(b"<>").is_empty());
    }

    #[test]
    fn the_whole_header_is_decoded() {
        let mut header = encoding_rs::GB18030.encode("Subject: 离石区\r\n 走访情况\r\n").0.into_owned();
        header.extend(b"From: \"=?gbk?B?wOvKr8f4?=\" <ls@gov.example>\r\nReply-To: x@y.example\r\nTo: t@o.example\r\n");
        header.extend(b"Received: from a by b; Thu, 5 Aug 2021 10:00:00 +0800 (CST)\r\n");
        header.extend(
            b"Received: from c by d; Thu, 5 Aug 2021 09:59:00 +0800 (CST)\r\nDate: Thu, 5 Aug 2021 9:58 CST\r\n",
        );
        let (headers, _) = read(&Fields::parse(&header));
        assert_eq!(headers.subject.as_deref(), Some("离石区 走访情况"));
        assert_eq!(headers.from[0].name.as_deref(), Some("离石区"));
        assert_eq!(headers.topmost_received_at.unwrap().to_rfc3339(), "2021-08-05T10:00:00+08:00");
        assert_eq!(headers.date.unwrap().to_rfc3339(), "2021-08-05T09:58:00+08:00");
    }
}
