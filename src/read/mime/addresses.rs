//! Mailboxes in address fields, as Chinese clients write them: `张三(办公室) <…>`, `a..b@qq.com`, no quotes, raw octets.

use super::words;
use crate::model::mail::Address;
use crate::read::charset;

/// Most mailboxes taken from one field.
const MOST: usize = 1_000;

/// Octets of one field that are looked at: some five thousand mailboxes.
const LONGEST_FIELD: usize = 1 << 18;

/// Octets of a name that goes on behind a comma; beyond it there is no mailbox to come.
const LONGEST_NAME: usize = 1_000;

/// Every mailbox of one address field (RFC 5322 §3.4, forgiving); what names no mailbox is passed over.
#[must_use]
pub fn parse(field: &[u8]) -> Vec<Address> {
    let field = field.get(..LONGEST_FIELD).unwrap_or(field);
    let mut text = charset::guess(field);
    if !text.contains('<') && text.contains('＜') {
        // Typed with a Chinese keyboard.
        text = text.replace('＜', "<").replace('＞', ">");
    }
    if !text.contains('@') && text.contains('＠') {
        text = text.replace('＠', "@");
    }
    let mailboxes = mailboxes(&text);
    if mailboxes.is_empty() && text.contains("=?") {
        // Some senders encode the whole mailbox, address and all.
        let decoded = words::decode(field);
        if decoded.contains('@') && !decoded.contains("=?") {
            return self::mailboxes(&decoded);
        }
    }
    mailboxes
}

fn mailboxes(text: &str) -> Vec<Address> {
    let mut found = Vec::new();
    let mut pending = String::new();
    for item in split(text) {
        let item = if pending.is_empty() { item } else { format!("{pending},{item}") };
        pending.clear();
        if item.contains('@') || item.contains('<') {
            found.extend(mailbox(&item));
        } else {
            // `张,三 <a@b>`: a comma nobody quoted. The name goes on in the next item.
            pending = if item.len() <= LONGEST_NAME { item } else { String::new() };
        }
        if found.len() >= MOST {
            break;
        }
    }
    let lone = pending.trim();
    if found.is_empty()
        && !lone.is_empty()
        && lone.len() <= 64
        && lone.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    {
        // `From: MAILER-DAEMON`
        found.push(Address { name: None, address: lone.to_owned() });
    }
    found
}

/// Cuts at commas and semicolons outside quotes, comments, brackets and encoded words; group names are dropped.
fn split(text: &str) -> Vec<String> {
    let mut items = Vec::new();
    let mut item = String::new();
    let (mut quoted, mut angled, mut comment) = (false, false, 0_u32);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if quoted => {
                item.push(character);
                item.extend(characters.next());
                continue;
            }
            '"' if comment == 0 => quoted = !quoted,
            '(' if !quoted => comment = comment.saturating_add(1),
            ')' if !quoted => comment = comment.saturating_sub(1),
            '<' if !quoted && comment == 0 => angled = true,
            '>' if !quoted && comment == 0 => angled = false,
            '=' if !quoted && characters.peek() == Some(&'?') => {
                item.push(character);
                take_word(&mut characters, &mut item);
                continue;
            }
            ':' if !quoted && !angled && comment == 0 && !item.contains('@') => {
                item.clear();
                continue;
            }
            ',' | ';' | '，' | '；' if !quoted && !angled && comment == 0 => {
                items.push(std::mem::take(&mut item));
                continue;
            }
            _ => {}
        }
        item.push(character);
    }
    items.push(item);
    items.retain(|item| !item.trim().is_empty());
    items
}

/// Takes an encoded word whole, so that a comma in it divides nothing; stops at a blank.
fn take_word(characters: &mut std::iter::Peekable<std::str::Chars<'_>>, item: &mut String) {
    let mut marks = 0;
    while let Some(next) = characters.next_if(|next| !next.is_whitespace() && !matches!(next, '<' | '"')) {
        item.push(next);
        marks += u8::from(next == '?');
        if marks == 4 {
            item.extend(characters.next_if_eq(&'='));
            return;
        }
    }
}

fn mailbox(item: &str) -> Option<Address> {
    let (name, address) = match item.rfind('<') {
        Some(open) => {
            let (before, inside) = item.split_at_checked(open)?;
            let inside = inside.trim_start_matches('<');
            let inside = inside.split('>').next().unwrap_or_default();
            (before.to_owned(), inside.to_owned())
        }
        None => bare(item),
    };
    let address: String = address
        .chars()
        .filter(|character| !character.is_whitespace() && !character.is_control() && *character != '"')
        .collect();
    let address = address.strip_prefix("mailto:").unwrap_or(&address).to_owned();
    // `<@relay:a@b>`: a route (RFC 5322 §4.4).
    let address = match address.rsplit_once(':') {
        Some((route, address)) if route.starts_with('@') => address.to_owned(),
        _ => address,
    };
    let address = if address.contains("=?") { words::decode(address.as_bytes()) } else { address };
    let name = clean_name(&name);
    (!address.is_empty() && address.len() <= 320).then_some(Address { name, address })
}

/// No brackets: the token with the `@` is the address, a comment or the rest its name.
fn bare(item: &str) -> (String, String) {
    let outside: String = item.split('(').enumerate().map(|(place, part)| outside_comment(place, part)).collect();
    let address = outside.split_whitespace().find(|token| token.contains('@')).unwrap_or_default().to_owned();
    let rest = item.replacen(&address, "", 1);
    let rest = rest.trim();
    let comment = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(rest);
    (comment.to_owned(), address)
}

fn outside_comment(place: usize, part: &str) -> &str {
    match part.split_once(')') {
        Some((_, after)) => after,
        None if place == 0 => part,
        None => "",
    }
}

fn clean_name(name: &str) -> Option<String> {
    let name = name.trim();
    let name = name.strip_prefix('"').map_or(name, |inner| inner.strip_suffix('"').unwrap_or(inner));
    let name = name.replace("\\\"", "\"").replace("\\\\", "\\");
    let decoded = words::decode(name.as_bytes());
    let decoded = decoded.trim().trim_matches(|character| character == '"' || character == '\'').trim();
    (!decoded.is_empty()).then(|| decoded.chars().take(200).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(field: &[u8]) -> Vec<(String, String)> {
        parse(field).into_iter().map(|one| (one.name.unwrap_or_default(), one.address)).collect()
    }

    fn one(field: &[u8]) -> (String, String) {
        let mut found = pairs(field);
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    fn pair(name: &str, address: &str) -> (String, String) {
        (name.to_owned(), address.to_owned())
    }

    #[test]
    fn what_strict_parsers_refuse() {
        assert_eq!(one("张三(办公室) <a@b.example>".as_bytes()), pair("张三(办公室)", "a@b.example"));
        assert_eq!(one(b"a..b@qq.example"), pair("", "a..b@qq.example"));
        assert_eq!(one("离石区双拥办 <a..b.@qq.example>".as_bytes()), pair("离石区双拥办", "a..b.@qq.example"));
        assert_eq!(one("张,三 <a@b.example>".as_bytes()), pair("张,三", "a@b.example"));
        assert_eq!(one(b"a@b.example (Zhang San)"), pair("Zhang San", "a@b.example"));
        assert_eq!(one(b"<a@b.example"), pair("", "a@b.example"));
        assert_eq!(one(b"MAILER-DAEMON"), pair("", "MAILER-DAEMON"));
        assert_eq!(one(b"Mail Delivery System <MAILER-DAEMON>"), pair("Mail Delivery System", "MAILER-DAEMON"));
    }

    #[test]
    fn raw_gbk_and_encoded_names() {
        let raw = encoding_rs::GB18030.encode("\"柳林县双拥办\" <ll@gov.example>").0;
        assert_eq!(one(&raw), pair("柳林县双拥办", "ll@gov.example"));
        let word = data_encoding::BASE64.encode("离石区".as_bytes());
        assert_eq!(one(format!("=?utf-8?B?{word}?= <a@b.example>").as_bytes()), pair("离石区", "a@b.example"));
        assert_eq!(one(format!("\"=?utf-8?B?{word}?=\" <a@b.example>").as_bytes()), pair("离石区", "a@b.example"));
        assert_eq!(one(b"=?utf-8?Q?Zhang,_San?= <a@b.example>"), pair("Zhang, San", "a@b.example"));
        let whole = data_encoding::BASE64.encode("离石区 <a@b.example>".as_bytes());
        assert_eq!(one(format!("=?utf-8?B?{whole}?=").as_bytes()), pair("离石区", "a@b.example"));
    }

    #[test]
    fn lists_and_groups() {
        let found = pairs(b"\"Li, Si\" <l@b.example>, c@d.example; Team: x@y.example, z@y.example;");
        let expected = [("Li, Si", "l@b.example"), ("", "c@d.example"), ("", "x@y.example"), ("", "z@y.example")];
        assert_eq!(found, expected.map(|(name, address)| pair(name, address)));
        assert!(pairs(b"undisclosed-recipients:;").is_empty());
        assert!(pairs(b"<>").is_empty());
        assert!(pairs("张三".as_bytes()).is_empty());
    }
}
