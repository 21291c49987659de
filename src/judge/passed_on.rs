//! Mail that passes on what another wrote: nested in it, or quoted below a forwarder's words.

use crate::model::mail::{Address, Content, Mail, Piece};

/// The mail that is passed on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inner {
    pub from: Option<Address>,
    pub subject: Option<String>,
    pub text: String,
}

/// What stands before a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefix {
    Nothing,
    Reply,
    Forward,
}

const REPLY: [&str; 6] = ["回复", "答复", "回覆", "re", "答覆", "aw"];
const FORWARD: [&str; 6] = ["转发", "fw", "fwd", "转寄", "轉寄", "转送"];
/// Words by which a letter says that it brings another's return.
const SAYING_SO: [&str; 7] = ["转报", "代报", "代为报送", "代为上报", "代为转", "转呈", "现转"];
/// Lines of a quoted mail's head that are looked at below its first.
const HEAD_LINES: usize = 8;
/// Lines of a body that are looked at.
const MOST_LINES: usize = 2_000;

/// A subject without 转发, 回复 and the like before it, and the outermost of those.
#[must_use]
pub fn without_prefixes(subject: &str) -> (&str, Prefix) {
    let mut rest = subject.trim();
    let mut outermost = Prefix::Nothing;
    while let Some((word, after)) = rest.split_once([':', '：']) {
        let word: String = word.to_lowercase().chars().filter(|letter| letter.is_alphabetic()).collect();
        let prefix = if REPLY.contains(&word.as_str()) {
            Prefix::Reply
        } else if FORWARD.contains(&word.as_str()) {
            Prefix::Forward
        } else {
            break;
        };
        if outermost == Prefix::Nothing {
            outermost = prefix;
        }
        rest = after.trim();
    }
    (rest, outermost)
}

/// The mail in a piece, unless it is one of the office's own letters.
#[must_use]
pub fn in_piece(piece: &Piece, own_addresses: &[String]) -> Option<Inner> {
    let Content::Document(document) = &piece.content else { return None };
    let letter = document.letter.as_ref()?;
    let from = letter.from.first().cloned();
    if from.as_ref().is_some_and(|from| is_own(&from.address, own_addresses)) {
        return None;
    }
    Some(Inner { from, subject: letter.subject.clone(), text: document.paragraphs.join("\n") })
}

/// The mail quoted below the words of one that forwards it: of several the one at the bottom, which was written first.
#[must_use]
pub fn in_words(mail: &Mail, own_addresses: &[String]) -> Option<Inner> {
    if prefix(mail) != Prefix::Forward && !has_forwarded_heading(mail) {
        return None;
    }
    quoted(mail).into_iter().rev().find(|inner| !is_ours(inner, own_addresses))
}

/// Whether a mail says in its subject or words that it brings what another wrote. Our own notice sent on with a filled
/// form is no such mail.
#[must_use]
pub fn says_so(mail: &Mail, own_addresses: &[String]) -> bool {
    let quoted = quoted(mail);
    let only_ours = !quoted.is_empty() && quoted.iter().all(|inner| is_ours(inner, own_addresses));
    let forwards = prefix(mail) == Prefix::Forward && !only_ours;
    forwards || SAYING_SO.iter().any(|word| mail.body.own_text.contains(word))
}

fn prefix(mail: &Mail) -> Prefix {
    without_prefixes(mail.headers.subject.as_deref().unwrap_or_default()).1
}

fn is_own(address: &str, own_addresses: &[String]) -> bool {
    own_addresses.contains(&address.to_lowercase())
}

fn is_ours(inner: &Inner, own_addresses: &[String]) -> bool {
    inner.from.as_ref().is_some_and(|from| is_own(&from.address, own_addresses))
}

/// `-----转发邮件-----` and the like.
fn has_forwarded_heading(mail: &Mail) -> bool {
    mail.body.text.lines().take(MOST_LINES).any(|line| {
        let line = line.trim();
        (line.starts_with("---") || line.starts_with("===") || line.starts_with("———"))
            && ["转发", "forwarded", "轉寄"].iter().any(|word| line.to_lowercase().contains(word))
            && line.chars().count() <= 60
    })
}

/// Every quoted mail that has a head of its own, from top to bottom.
fn quoted(mail: &Mail) -> Vec<Inner> {
    let lines: Vec<&str> = mail.body.text.lines().take(MOST_LINES).map(bare).collect();
    let heads: Vec<usize> = lines
        .iter()
        .enumerate()
        .filter(|(place, line)| {
            let below = lines.get(place + 1..).unwrap_or_default();
            labelled(line, &["发件人", "寄件者", "from"]).is_some()
                && below.iter().take(HEAD_LINES).any(|line| labelled(line, &["主题", "主旨", "subject"]).is_some())
        })
        .map(|(place, _)| place)
        .collect();
    heads
        .iter()
        .enumerate()
        .map(|(index, place)| {
            let end = heads.get(index + 1).copied().unwrap_or(lines.len());
            let block = lines.get(*place..end).unwrap_or_default();
            let subject =
                block.iter().take(HEAD_LINES).position(|line| labelled(line, &["主题", "主旨", "subject"]).is_some());
            let below = subject.map_or(1, |subject| subject + 1);
            Inner {
                from: block.first().and_then(|line| labelled(line, &["发件人", "寄件者", "from"])).and_then(mailbox),
                subject: subject
                    .and_then(|at| block.get(at))
                    .and_then(|line| labelled(line, &["主题", "主旨", "subject"]))
                    .map(str::to_owned),
                text: block.get(below..).unwrap_or_default().join("\n"),
            }
        })
        .collect()
}

fn bare(line: &str) -> &str {
    line.trim().trim_start_matches(['>', '*', '|', ' ', '\u{A0}']).trim_end_matches(['*', '|', ' '])
}

/// What stands behind one of these labels and its colon; a table's `|` may stand between.
fn labelled<'a>(line: &'a str, labels: &[&str]) -> Option<&'a str> {
    let (label, rest) = line.split_once([':', '：', '|'])?;
    let label: String = label.to_lowercase().chars().filter(|letter| letter.is_alphabetic()).collect();
    let rest = rest.trim_matches([' ', '*', '|', '\u{A0}', '\u{3000}']);
    (labels.contains(&label.as_str()) && !rest.is_empty()).then_some(rest)
}

/// `"张三" <a@b.example>`, `张三(a@b.example)`, `张三 [mailto:a@b.example]`, or a name alone.
fn mailbox(text: &str) -> Option<Address> {
    let letters = |letter: char| letter.is_ascii_alphanumeric() || "@._-+".contains(letter);
    let address = text.split(|letter| !letters(letter)).find(|word| word.contains('@') && word.len() >= 3);
    let name =
        text.split(['<', '(', '（', '[', '＜']).next().unwrap_or_default().trim_matches(['"', ' ', '“', '”', '\'']);
    let name = Some(name.to_owned()).filter(|name| !name.is_empty() && !name.contains('@'));
    (address.is_some() || name.is_some())
        .then(|| Address { name, address: address.unwrap_or_default().trim_matches('.').to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::{self, Limits};

    fn mail(subject: &str, text: &str) -> Mail {
        read::open(format!("From: a@x.example\r\nSubject: {subject}\r\n\r\n{text}\r\n").as_bytes(), &Limits::default())
    }

    const OURS: &str = "office@163.example";

    #[test]
    fn prefixes_are_told_from_words() {
        assert_eq!(without_prefixes("转发：Re: 离石区报表"), ("离石区报表", Prefix::Forward));
        assert_eq!(without_prefixes("回复: 提醒：请报送"), ("提醒：请报送", Prefix::Reply));
        assert_eq!(without_prefixes("离石区：报表"), ("离石区：报表", Prefix::Nothing));
    }

    #[test]
    fn the_mail_at_the_bottom_was_written_first() {
        let text = "请收\n------------------ 转发邮件 ------------------\n发件人：\"县办\" <county@x.example>\n主题：转\n\n\
                    > 发件人: 王五(wang@y.example)\n> 发送时间: 昨天\n> 主题: 市教育局报表\n> 见附件";
        let inner = in_words(&mail("转发：市教育局报表", text), &[]).unwrap();
        assert_eq!(inner.from, Some(Address { name: Some("王五".into()), address: "wang@y.example".into() }));
        assert_eq!((inner.subject.as_deref(), inner.text.as_str()), (Some("市教育局报表"), "见附件"));
        assert_eq!(in_words(&mail("回复：报表", &text.replace("转发", "原始")), &[]), None);
    }

    #[test]
    fn our_own_notice_sent_on_is_not_passed_on() {
        let text = format!("已填\n-----原始邮件-----\n发件人：市双拥办 <{OURS}>\n主题：通知\n请报送");
        let sent_on = mail("转发：通知", &text);
        assert_eq!(in_words(&sent_on, &[OURS.to_owned()]), None);
        assert!(!says_so(&sent_on, &[OURS.to_owned()]));
        assert!(says_so(&sent_on, &[]) && says_so(&mail("报表", "现代为报送"), &[]));
    }
}
