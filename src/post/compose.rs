//! A letter as the text of a mail (RFC 5322, MIME). Pure: the same letter is always the same bytes.

use lettre::message::header::{ContentDisposition, ContentId, ContentType, HeaderName, HeaderValue, Headers};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use thiserror::Error;

use crate::model::invisible::is_invisible;
use crate::model::letter::{Enclosure, Letter, LetterKind};
use crate::model::mail::{Address, Digest};

/// Why a letter cannot be written. The texts are for office staff.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ComposeError {
    #[error("发件地址写法不对：{0}")]
    Sender(String),
    #[error("收件地址写法不对：{0}")]
    Recipient(String),
    #[error("这封信没有收件人")]
    NoRecipient,
}

/// Writes the mail.
///
/// # Errors
/// An address is none, or nobody is addressed.
pub fn compose(letter: &Letter, from: &Address) -> Result<Vec<u8>, ComposeError> {
    let mut headers = Headers::new();
    let sender = one_line(&from.address).parse().map_err(|_| ComposeError::Sender(one_line(&from.address)))?;
    let name = from.name.as_deref().map(one_line).filter(|name| !name.is_empty());
    headers.set(lettre::message::header::From::from(lettre::message::Mailboxes::from(Mailbox::new(name, sender))));
    if letter.recipients.is_empty() {
        return Err(ComposeError::NoRecipient);
    }
    if let Some(bad) = letter.recipients.iter().find(|recipient| !is_address(recipient)) {
        return Err(ComposeError::Recipient(one_line(bad)));
    }
    // Written bare, because real addresses such as `a..b@qq.com` are none to a strict parser.
    raw(&mut headers, "To", &letter.recipients.join(", "));
    raw(&mut headers, "Subject", &one_line(&letter.subject));
    raw(&mut headers, "Date", &letter.date.to_rfc2822());
    raw(&mut headers, "Message-ID", &format!("<{}>", message_id(&letter.message_id)));
    if let Some(answered) = letter.in_reply_to.as_deref().map(message_id).filter(|id| !id.is_empty()) {
        raw(&mut headers, "In-Reply-To", &format!("<{answered}>"));
    }
    let references: Vec<String> = letter
        .references
        .iter()
        .map(|id| message_id(id))
        .filter(|id| !id.is_empty())
        .map(|id| format!("<{id}>"))
        .collect();
    if !references.is_empty() {
        raw(&mut headers, "References", &references.join(" "));
    }
    let automatic = match letter.kind {
        LetterKind::Ack => "auto-replied",
        LetterKind::Reminder | LetterKind::Digest | LetterKind::Alert => "auto-generated",
    };
    raw(&mut headers, "Auto-Submitted", automatic);
    raw(&mut headers, "X-Mailtally-Kind", letter.kind.as_str());
    raw(&mut headers, "X-Mailtally-Campaign", &one_line(&letter.campaign));
    if let (LetterKind::Ack | LetterKind::Reminder, Some(unit)) = (letter.kind, &letter.unit) {
        raw(&mut headers, "X-Mailtally-Unit", &one_line(unit.as_str()));
    }
    raw(&mut headers, "MIME-Version", "1.0");
    let mut mail = headers.to_string().into_bytes();
    mail.extend(content(letter).formatted());
    Ok(mail)
}

/// The letter's HTML as a page of its own, its pictures within it.
#[must_use]
pub fn page(letter: &Letter) -> String {
    letter.pictures.iter().fold(letter.html.clone(), |page, picture| {
        let data = data_encoding::BASE64.encode(&picture.bytes);
        page.replace(&format!("cid:{}", picture.name), &format!("data:{};base64,{data}", picture.media_type))
    })
}

/// Text and HTML as alternatives, the HTML with its pictures, everything with its attachments.
fn content(letter: &Letter) -> MultiPart {
    let id = Digest::of(letter.message_id.as_bytes());
    let boundary = |part: &str| format!("{part}-{}", id.short());
    let mut alternative =
        MultiPart::alternative().boundary(boundary("alternative")).singlepart(SinglePart::plain(letter.text.clone()));
    if !letter.html.is_empty() {
        let html = SinglePart::html(letter.html.clone());
        alternative = match letter.pictures.is_empty() {
            true => alternative.singlepart(html),
            false => {
                let related = MultiPart::related().boundary(boundary("related")).singlepart(html);
                alternative.multipart(letter.pictures.iter().map(picture).fold(related, MultiPart::singlepart))
            }
        };
    }
    if letter.attachments.is_empty() {
        return alternative;
    }
    let mixed = MultiPart::mixed().boundary(boundary("mixed")).multipart(alternative);
    letter.attachments.iter().map(attachment).fold(mixed, MultiPart::singlepart)
}

fn picture(picture: &Enclosure) -> SinglePart {
    let media_type = media_type(picture, None);
    SinglePart::builder()
        .header(media_type)
        .header(ContentId::from(format!("<{}>", message_id(&picture.name))))
        .header(ContentDisposition::inline())
        .body(picture.bytes.clone())
}

/// The name stands twice: as RFC 2231 says, and as an encoded word in `name`, without which QQ shows `tcmime….bin`.
fn attachment(attached: &Enclosure) -> SinglePart {
    let name = file_name(&attached.name);
    Attachment::new(name.clone()).body(attached.bytes.clone(), media_type(attached, Some(&name)))
}

fn media_type(enclosure: &Enclosure, name: Option<&str>) -> ContentType {
    let declared = enclosure.media_type.split(';').next().unwrap_or_default().trim();
    let parse = |text: &str| ContentType::parse(text).ok();
    name.and_then(|name| parse(&format!("{declared}; name=\"{}\"", encoded_words(name))))
        .or_else(|| parse(declared))
        .or_else(|| parse("application/octet-stream"))
        .unwrap_or(ContentType::TEXT_PLAIN)
}

/// The name as encoded words (RFC 2047) of at most 75 characters each, never split inside a character; as it stands
/// where it is plain ASCII.
pub(super) fn encoded_words(name: &str) -> String {
    const OCTETS_A_WORD: usize = 45;
    if name.is_ascii() {
        return name.to_owned();
    }
    let mut words: Vec<String> = Vec::new();
    for character in name.chars() {
        match words.last_mut() {
            Some(word) if word.len() + character.len_utf8() <= OCTETS_A_WORD => word.push(character),
            _ => words.push(character.to_string()),
        }
    }
    let encode = |word: &String| format!("=?UTF-8?B?{}?=", data_encoding::BASE64.encode(word.as_bytes()));
    words.iter().map(encode).collect::<Vec<_>>().join(" ")
}

/// Longest name of a file, in octets, without its ending: file systems take 255.
const LONGEST_NAME: usize = 200;

/// Nothing in a file's name that Windows takes for a path or refuses, no control characters; the ending stays.
pub(super) fn file_name(name: &str) -> String {
    let unfit = |character: char| "\"\\/:*?<>|".contains(character);
    let proper: String =
        one_line(name).chars().map(|character| if unfit(character) { '_' } else { character }).collect();
    let (stem, ending) = match proper.rsplit_once('.') {
        Some((stem, ending)) if ending.len() <= 10 => (stem, format!(".{ending}")),
        _ => (proper.as_str(), String::new()),
    };
    let mut length = 0;
    let kept = stem.chars().take_while(|character| {
        length += character.len_utf8();
        length <= LONGEST_NAME
    });
    match kept.collect::<String>() + &ending {
        name if name.is_empty() => "attachment".to_owned(),
        name => name,
    }
}

fn raw(headers: &mut Headers, name: &'static str, value: &str) {
    headers.insert_raw(HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned()));
}

/// Without line breaks, other control characters and hidden marks: nothing a unit wrote may become a header of its own.
pub(super) fn one_line(text: &str) -> String {
    let shown = text.chars().filter(|character| !is_invisible(*character));
    let spaced: String = shown.map(|character| if character.is_control() { ' ' } else { character }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A Message-ID fit to stand between angle brackets: printable ASCII without blanks and brackets.
fn message_id(id: &str) -> String {
    id.chars().filter(|character| character.is_ascii_graphic() && !"<>".contains(*character)).collect()
}

/// Whether text may stand as an address in an envelope and a header: ASCII, one `@` between two parts, nothing that
/// could end a command. Stricter grammars refuse addresses that are really in use.
#[must_use]
pub fn is_address(text: &str) -> bool {
    let proper = |character: char| character.is_ascii_graphic() && !"<>()[],;:\\\"".contains(character);
    match text.split_once('@') {
        Some((local, domain)) => {
            !local.is_empty()
                && !domain.is_empty()
                && !domain.contains('@')
                && text.len() <= 254
                && text.chars().all(proper)
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use mail_parser::{MessageParser, MimeHeaders as _};

    fn letter() -> Letter {
        Letter {
            kind: LetterKind::Ack,
            campaign: "2021-bayi".to_owned(),
            unit: Some(crate::model::unit::UnitCode::new("141102")),
            message_id: "ack.0a1b@office.example".to_owned(),
            recipients: vec!["lishi..office@unit.example".to_owned()],
            subject: "收到：离石区“八一”期间走访慰问情况统计表及专题报告（第二次报送）".to_owned(),
            text: "你单位的材料已收到。".to_owned(),
            html: "<p>你单位的材料已收到。<img src=\"cid:chart\"></p>".to_owned(),
            pictures: vec![Enclosure {
                name: "chart".to_owned(),
                media_type: "image/png".to_owned(),
                bytes: vec![1, 2, 3],
            }],
            attachments: vec![Enclosure {
                name: "2021年“八一”期间走访慰问情况统计表（需要修改的地方已经标出）.xlsx".to_owned(),
                media_type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet".to_owned(),
                bytes: b"PK rest".to_vec(),
            }],
            in_reply_to: Some("question@unit.example".to_owned()),
            references: vec!["first@unit.example".to_owned(), "question@unit.example".to_owned()],
            date: DateTime::parse_from_rfc3339("2021-08-01T08:30:00+08:00").unwrap(),
        }
    }

    fn office() -> Address {
        Address { name: Some("吕梁市双拥办（专用）".to_owned()), address: "office@office.example".to_owned() }
    }

    fn header<'a>(text: &'a str, name: &str) -> Option<&'a str> {
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        head.split("\r\n").find_map(|line| line.strip_prefix(&format!("{name}: ")))
    }

    #[test]
    fn everything_is_read_back_as_it_was_meant() {
        let bytes = compose(&letter(), &office()).unwrap();
        assert!(bytes.is_ascii(), "nothing depends on 8BITMIME");
        let mail = MessageParser::default().parse(&bytes).unwrap();
        assert_eq!(mail.subject().unwrap(), letter().subject);
        assert_eq!(mail.message_id().unwrap(), "ack.0a1b@office.example");
        let from = mail.from().unwrap().first().unwrap();
        assert_eq!(from.name().unwrap(), "吕梁市双拥办（专用）");
        assert_eq!(from.address().unwrap(), "office@office.example");
        assert_eq!(mail.body_text(0).unwrap().trim(), "你单位的材料已收到。");
        assert!(mail.body_html(0).unwrap().contains("cid:chart"));
        let attached = mail.attachments().find(|part| part.contents() == b"PK rest").unwrap();
        assert_eq!(attached.attachment_name().unwrap(), letter().attachments[0].name);
        let picture = mail.attachments().find(|part| part.contents() == [1, 2, 3]).unwrap();
        assert_eq!(picture.content_id().unwrap(), "chart");
        assert_eq!(mail.references().as_text_list().unwrap().len(), 2);
    }

    #[test]
    fn the_headers_others_rely_on() {
        let text = String::from_utf8(compose(&letter(), &office()).unwrap()).unwrap();
        for (name, value) in [
            ("To", "lishi..office@unit.example"),
            ("Message-ID", "<ack.0a1b@office.example>"),
            ("Auto-Submitted", "auto-replied"),
            ("X-Mailtally-Kind", "ack"),
            ("X-Mailtally-Campaign", "2021-bayi"),
            ("X-Mailtally-Unit", "141102"),
            ("In-Reply-To", "<question@unit.example>"),
            ("Date", "Sun, 1 Aug 2021 08:30:00 +0800"),
            ("MIME-Version", "1.0"),
        ] {
            assert_eq!(header(&text, name), Some(value));
        }
        // QQ knows attachments only by an encoded word in Content-Type.
        let unfolded = text.replace("\r\n ", " ");
        assert!(unfolded.contains("name=\"=?UTF-8?B?"), "{text}");
        assert!(unfolded.contains("filename*0*=utf-8''"), "{text}");
        let reminder = Letter { kind: LetterKind::Digest, ..letter() };
        let text = String::from_utf8(compose(&reminder, &office()).unwrap()).unwrap();
        assert_eq!(header(&text, "Auto-Submitted"), Some("auto-generated"));
        assert_eq!(header(&text, "X-Mailtally-Unit"), None);
    }

    #[test]
    fn no_word_of_a_unit_becomes_a_header() {
        let mut hostile = letter();
        hostile.subject = "回执\r\nBcc: all@unit.example\r\n\r\nbody".to_owned();
        hostile.in_reply_to = Some("x>\r\nX-Injected: 1".to_owned());
        hostile.attachments[0].name = "a\"\r\nX-Injected: 2\r\n/../b.xlsx".to_owned();
        let mut from = office();
        from.name = Some("office\r\nX-Injected: 3".to_owned());
        let text = String::from_utf8(compose(&hostile, &from).unwrap()).unwrap();
        assert!(!text.contains("\nX-Injected") && !text.contains("\nBcc"), "{text}");
    }

    #[test]
    fn bad_addresses_are_named() {
        for bad in [
            "nobody",
            "a@b@c",
            "a b@unit.example",
            "a@unit.example>\r\nRCPT TO:<b@unit.example",
            "@unit.example",
            "张三@unit.example",
        ] {
            let letter = Letter { recipients: vec![bad.to_owned()], ..letter() };
            assert!(matches!(compose(&letter, &office()), Err(ComposeError::Recipient(_))), "{bad}");
        }
    }

    #[test]
    fn the_same_letter_is_the_same_bytes() {
        assert_eq!(compose(&letter(), &office()).unwrap(), compose(&letter(), &office()).unwrap());
    }
}
