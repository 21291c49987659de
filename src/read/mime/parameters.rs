//! `Content-Type` and `Content-Disposition`: the value and its parameters, with every way senders write a file name.

use super::{transfer, words};
use crate::read::charset;

/// Octets of one field that are looked at.
const LONGEST_FIELD: usize = 65_536;

/// A field with parameters; names and the main value in lower case.
#[derive(Clone, Debug, Default)]
pub struct Parametrised {
    pub value: String,
    parameters: Vec<(String, Vec<u8>)>,
}

impl Parametrised {
    /// Splits `value; name=value; …` (RFC 2045 §5.1, forgiving).
    #[must_use]
    pub fn parse(field: &[u8]) -> Self {
        let field = field.get(..LONGEST_FIELD).unwrap_or(field);
        let not_unicode = std::str::from_utf8(field).is_err();
        let mut items = split_items(field, not_unicode).into_iter();
        let (value, first) = split_value(items.next().unwrap_or_default());
        let value = String::from_utf8_lossy(value).to_ascii_lowercase();
        let parameters = first
            .into_iter()
            .chain(items)
            .filter_map(|item| {
                let equals = item.iter().position(|byte| *byte == b'=')?;
                let name = String::from_utf8_lossy(item.get(..equals)?.trim_ascii()).to_ascii_lowercase();
                Some((name, unquote(item.get(equals + 1..)?.trim_ascii(), not_unicode)))
            })
            .collect();
        Self { value, parameters }
    }

    /// A plain parameter such as `charset`, undecoded.
    #[must_use]
    pub fn plain(&self, name: &str) -> Option<String> {
        let (_, value) = self.parameters.iter().find(|(known, _)| known == name)?;
        Some(String::from_utf8_lossy(value).trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// A plain parameter as it stands.
    #[must_use]
    pub fn octets(&self, name: &str) -> Option<&[u8]> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_slice())
    }

    /// A parameter that carries words of people (a file name): RFC 2231 first, then RFC 2047 or raw octets.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        let extended = self.extended(name);
        let plain = self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| plain_text(value));
        let usable = |text: &String| !text.trim().is_empty();
        match (extended.filter(usable), plain.filter(usable)) {
            (Some(extended), Some(plain)) if extended.contains('\u{FFFD}') && !plain.contains('\u{FFFD}') => {
                Some(plain)
            }
            (Some(extended), _) => Some(extended),
            (None, plain) => plain,
        }
    }

    /// `name*=charset''%..` and `name*0*=`, `name*1=` … in any order; octets are joined before decoding, because
    /// senders cut GBK inside a character (RFC 2231 §3, §4).
    fn extended(&self, name: &str) -> Option<String> {
        let mut sections: Vec<(u32, bool, &[u8])> = self
            .parameters
            .iter()
            .filter_map(|(known, value)| {
                let (index, encoded) = section(known.strip_prefix(name)?.strip_prefix('*')?)?;
                Some((index, encoded, value.as_slice()))
            })
            .collect();
        sections.sort_by_key(|(index, ..)| *index);
        sections.dedup_by_key(|(index, ..)| *index);
        let mut label = None;
        let mut bytes = Vec::new();
        for (place, (_, encoded, value)) in sections.iter().enumerate() {
            let mut value = *value;
            if place == 0
                && *encoded
                && let Some((charset, rest)) = split_charset(value)
            {
                label = Some(charset).filter(|charset| !charset.is_empty());
                value = rest;
            }
            if *encoded { bytes.extend(transfer::percent(value)) } else { bytes.extend_from_slice(value) }
        }
        match label {
            _ if sections.is_empty() => None,
            Some(label) => Some(charset::decode(Some(&label), &bytes).text),
            None => Some(plain_text(&bytes)),
        }
    }
}

/// The main value, and a parameter that stands with it because a semicolon is missing (`attachment filename=…`) or there
/// is no value at all (`filename=…`).
fn split_value(item: &[u8]) -> (&[u8], Option<&[u8]>) {
    let item = item.trim_ascii();
    let Some(equals) = item.iter().position(|byte| *byte == b'=') else { return (item, None) };
    let before = item.get(..equals).unwrap_or_default().trim_ascii_end();
    let cut = before.iter().rposition(u8::is_ascii_whitespace).map_or(0, |blank| blank + 1);
    (item.get(..cut).unwrap_or_default().trim_ascii(), item.get(cut..))
}

/// What stands behind `name*`: nothing, `0`, `0*`. The number orders the sections.
fn section(suffix: &str) -> Option<(u32, bool)> {
    match suffix.strip_suffix('*') {
        _ if suffix.is_empty() => Some((0, true)),
        Some(number) => number.parse().ok().map(|number| (number, true)),
        None => suffix.parse().ok().map(|number| (number, false)),
    }
}

/// `charset'language'rest`.
fn split_charset(value: &[u8]) -> Option<(String, &[u8])> {
    let mut quotes = value.iter().enumerate().filter(|(_, byte)| **byte == b'\'').map(|(place, _)| place);
    let (first, second) = (quotes.next()?, quotes.next()?);
    let label = value.get(..first)?;
    let fit = label.len() <= 40 && label.iter().all(u8::is_ascii_graphic);
    fit.then(|| Some((String::from_utf8_lossy(label).into_owned(), value.get(second + 1..)?))).flatten()
}

/// A name written plainly: encoded words, raw octets, or the percent signs of a web form.
fn plain_text(value: &[u8]) -> String {
    // `'报表.xls'`: quotes of another language.
    let value = value.strip_prefix(b"'").and_then(|value| value.strip_suffix(b"'")).unwrap_or(value);
    if value.is_ascii() && value.windows(3).any(|three| three.first() == Some(&b'%')) {
        let bytes = transfer::percent(value);
        if !bytes.is_ascii() && (std::str::from_utf8(&bytes).is_ok() || !value.contains(&b' ')) {
            return charset::guess(&bytes);
        }
    }
    words::decode(value)
}

/// Splits at semicolons outside quotes; an unclosed quote reaches to the end.
fn split_items(field: &[u8], not_unicode: bool) -> Vec<&[u8]> {
    let mut items = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (place, byte) in field.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted && !(not_unicode && after_lead(field, place)) => {
                escaped = matches!(field.get(place + 1), Some(b'"' | b'\\'));
            }
            b'"' => quoted = !quoted,
            b';' if !quoted => {
                items.extend(field.get(start..place));
                start = place + 1;
            }
            _ => {}
        }
    }
    items.extend(field.get(start..));
    items
}

/// Whether the octet at `place` is the second half of a raw GBK character: 0x5C is no backslash there.
fn after_lead(field: &[u8], place: usize) -> bool {
    let leads = field.get(..place).unwrap_or_default().iter().rev().take_while(|byte| **byte >= 0x81).count();
    leads % 2 == 1
}

/// Takes quotes off and undoes `\"` and `\\`; other backslashes stay (Windows paths, GBK second octets).
fn unquote(value: &[u8], not_unicode: bool) -> Vec<u8> {
    let Some(inner) = value.strip_prefix(b"\"") else { return value.to_vec() };
    let mut bytes = Vec::with_capacity(inner.len());
    let mut place = 0;
    while let Some(byte) = inner.get(place) {
        match (byte, inner.get(place + 1)) {
            (b'\\', Some(next @ (b'"' | b'\\'))) if !(not_unicode && after_lead(inner, place)) => {
                bytes.push(*next);
                place += 1;
            }
            (b'"', _) => match another(inner, place) {
                // `"=?…?="` and another below it: a name folded into several quoted words.
                Some(next) => {
                    bytes.push(b' ');
                    place = next;
                }
                None => break,
            },
            _ => bytes.push(*byte),
        }
        place += 1;
    }
    bytes
}

/// Where the next quoted string opens, if nothing but blanks stands between.
fn another(inner: &[u8], closed: usize) -> Option<usize> {
    let rest = inner.get(closed + 1..)?;
    let blanks = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    (blanks > 0 && rest.get(blanks) == Some(&b'"')).then_some(closed + 1 + blanks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gbk(text: &str) -> Vec<u8> {
        encoding_rs::GB18030.encode(text).0.into_owned()
    }

    fn percent_encoded(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("%{byte:02X}")).collect()
    }

    #[test]
    fn continuations_in_gbk_split_inside_a_character_and_out_of_order() {
        let bytes = percent_encoded(&gbk("离石区统计表.xls"));
        let (head, tail) = bytes.split_at(9);
        let field = format!("attachment; filename*1*={tail}; filename*0*=GBK''{head}");
        assert_eq!(Parametrised::parse(field.as_bytes()).text("filename").unwrap(), "离石区统计表.xls");
    }

    #[test]
    fn every_way_of_writing_a_name() {
        let utf8 = percent_encoded("报表.xlsx".as_bytes());
        let word = format!("=?GB2312?B?{}?=", data_encoding::BASE64.encode(&gbk("报表.xlsx")));
        for field in [
            format!("attachment; filename*=UTF-8''{utf8}"),
            format!("attachment; filename*=utf-8'zh-CN'{utf8}; filename=\"x.bin\""),
            format!("attachment; filename=\"{word}\""),
            format!("attachment; filename={word}"),
            format!("attachment; filename=\"{utf8}\""),
            "attachment; filename=\"报表.xlsx\"".to_owned(),
            "attachment; filename=报表.xlsx".to_owned(),
            "attachment; filename=\"报表.xlsx".to_owned(),
            format!("attachment; filename*0=\"{word}\""),
            format!("attachment; filename*=\"{word}\""),
        ] {
            assert_eq!(Parametrised::parse(field.as_bytes()).text("filename").unwrap(), "报表.xlsx", "{field}");
        }
    }

    #[test]
    fn raw_gbk_with_a_backslash_octet_survives() {
        // 誠 is 0xD5 0x5C in GBK.
        let mut field = b"attachment; filename=\"".to_vec();
        field.extend(gbk("张誠报表.xls"));
        field.extend(b"\"; size=12");
        let parsed = Parametrised::parse(&field);
        assert_eq!(parsed.text("filename").unwrap(), "张誠报表.xls");
        assert_eq!(parsed.plain("size").unwrap(), "12");
    }

    #[test]
    fn quotes_semicolons_and_paths() {
        let parsed =
            Parametrised::parse(br#"Application/X; name="a;b\"c.xls"; charset = GB2312 ; path="C:\temp\x.xls""#);
        assert_eq!(parsed.value, "application/x");
        assert_eq!(parsed.text("name").unwrap(), "a;b\"c.xls");
        assert_eq!(parsed.plain("charset").unwrap(), "GB2312");
        assert_eq!(parsed.text("path").unwrap(), "C:\\temp\\x.xls");
        assert_eq!(parsed.text("filename"), None);
    }
}
