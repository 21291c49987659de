//! Bytes of a declared, wrongly declared or undeclared charset into text, as Chinese mail really carries them.

use encoding_rs::{Encoding, GB18030, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE};

/// Text, and whether its label lied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    pub text: String,
    /// The declared charset did not fit and another was used.
    pub mislabelled: bool,
}

/// Beyond this many octets outside ASCII, valid UTF-8 without Han is believed to be UTF-8: chance no longer explains it.
const SHORT: usize = 64;

/// Decodes under a label (`None`: unlabelled). `unknown-8bit`, `us-ascii` and unheard-of labels count as none.
#[must_use]
pub fn decode(label: Option<&str>, bytes: &[u8]) -> Decoded {
    if let Some((encoding, start)) = Encoding::for_bom(bytes) {
        let (text, _) = encoding.decode_without_bom_handling(bytes.get(start..).unwrap_or_default());
        return Decoded { text: text.into_owned(), mislabelled: false };
    }
    if bytes.is_ascii() && !label.is_some_and(is_seven_bit_code) {
        return Decoded { text: ascii(bytes), mislabelled: false };
    }
    let Some(label) = label.map(normal_label).filter(|label| !says_nothing(label)) else {
        return Decoded { text: guess(bytes), mislabelled: false };
    };
    if label.starts_with("hz") {
        return Decoded { text: guess(&without_hz(bytes)), mislabelled: false };
    }
    match named(&label) {
        Some(encoding) if encoding == UTF_8 => as_declared_utf8(bytes),
        Some(encoding) if encoding == GB18030 => as_declared_chinese(bytes),
        Some(encoding) if encoding.name() == "windows-1252" => as_declared_latin(bytes),
        Some(encoding) => {
            let (text, failed) = encoding.decode_without_bom_handling(bytes);
            if failed && let Some(text) = strict_utf8_with_han(bytes) {
                return Decoded { text, mislabelled: true };
            }
            Decoded { text: text.into_owned(), mislabelled: false }
        }
        None => match mail_parser::decoders::charsets::map::charset_decoder(label.as_bytes()) {
            Some(decoder) => Decoded { text: decoder(bytes), mislabelled: false },
            None => Decoded { text: guess(bytes), mislabelled: false },
        },
    }
}

/// Decodes bytes nobody labelled: strict UTF-8, then GB18030; GBK is preferred for short text where UTF-8 yields no Han
/// (系统 in GBK is valid UTF-8 for two other letters). Big5 is never guessed.
#[must_use]
pub fn guess(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if let Some(encoding) = wide(bytes) {
        return encoding.decode(bytes).0.into_owned();
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() || text.chars().any(is_han) => text.to_owned(),
        Ok(text) => match strict_gb2312(bytes) {
            Some(chinese) if high_octets(bytes) <= SHORT && chinese.chars().any(is_han) => chinese,
            _ => text.to_owned(),
        },
        Err(error) if error.error_len().is_none() && error.valid_up_to() > 0 => {
            // Only the last character is cut off: a truncated file is UTF-8 still, if GB18030 does not read whole.
            let (chinese, failed) = GB18030.decode_without_bom_handling(bytes);
            let kept = String::from_utf8_lossy(bytes);
            if failed || kept.chars().filter(|character| is_han(*character)).count() >= 2 {
                kept.into_owned()
            } else {
                chinese.into_owned()
            }
        }
        Err(_) => better_of_two(bytes).0,
    }
}

/// Whether two labels name one encoding.
#[must_use]
pub fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (normal_label(one), normal_label(other));
    one == other || named(&one).is_some_and(|encoding| named(&other) == Some(encoding))
}

/// HZ (RFC 1843) as the eight-bit GB2312 it stands for: between `~{` and `~}` the high bits are left out.
fn without_hz(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut chinese = false;
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match (first, tail.split_first()) {
            (b'~', Some((b'{', after))) => (chinese, rest) = (true, after),
            (b'~', Some((b'}', after))) => (chinese, rest) = (false, after),
            (b'~', Some((b'~' | b'\n', after))) if !chinese => {
                if tail.starts_with(b"~") {
                    plain.push(b'~');
                }
                rest = after;
            }
            (b'\r' | b'\n', _) => {
                chinese = false;
                plain.push(*first);
            }
            (byte, _) => plain.push(if chinese { byte | 0x80 } else { *byte }),
        }
    }
    plain
}

/// Whether this is a Chinese ideograph (CJK Unified, Extension A, compatibility, 〇).
#[must_use]
pub fn is_han(character: char) -> bool {
    matches!(character, '\u{3007}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{3FFFF}')
}

fn as_declared_utf8(bytes: &[u8]) -> Decoded {
    match std::str::from_utf8(bytes) {
        Ok(text) => Decoded { text: text.to_owned(), mislabelled: false },
        Err(_) => {
            let (text, mislabelled) = better_of_two(bytes);
            Decoded { text, mislabelled }
        }
    }
}

fn as_declared_chinese(bytes: &[u8]) -> Decoded {
    let (text, failed) = GB18030.decode_without_bom_handling(bytes);
    // Three octets a character, all of them fitting, are no accident: two such characters settle it.
    if let Some(unicode) = strict_utf8_with_han(bytes)
        && (failed || unicode.chars().filter(|character| is_han(*character)).count() >= 2)
    {
        return Decoded { text: unicode, mislabelled: true };
    }
    Decoded { text: text.into_owned(), mislabelled: false }
}

fn as_declared_latin(bytes: &[u8]) -> Decoded {
    if let Some(text) = strict_utf8_with_han(bytes) {
        return Decoded { text, mislabelled: true };
    }
    match strict_gb2312(bytes) {
        Some(text) if text.chars().filter(|character| is_han(*character)).count() >= 2 => {
            Decoded { text, mislabelled: true }
        }
        _ => Decoded {
            text: encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
            mislabelled: false,
        },
    }
}

/// Neither reads whole: the one with fewer characters lost. `true` where that is GB18030.
fn better_of_two(bytes: &[u8]) -> (String, bool) {
    let unicode = String::from_utf8_lossy(bytes);
    let (chinese, failed) = GB18030.decode_without_bom_handling(bytes);
    if !failed {
        // A few stray octets in long UTF-8 text can still read as GB18030: three quarters Han beyond doubt is UTF-8.
        let lost = unicode.chars().filter(|character| *character == '\u{FFFD}').count();
        let han = unicode.chars().filter(|character| is_han(*character)).count();
        if han <= lost.saturating_mul(8) {
            return (chinese.into_owned(), true);
        }
        return (unicode.into_owned(), false);
    }
    let lost = |text: &str| text.chars().filter(|character| *character == '\u{FFFD}').count();
    if lost(&chinese) < lost(&unicode) { (chinese.into_owned(), true) } else { (unicode.into_owned(), false) }
}

fn strict_utf8_with_han(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().filter(|text| text.chars().any(is_han)).map(str::to_owned)
}

/// The text if every pair lies in the narrow GB2312 square (both octets from 0xA1), which foreign text seldom fits.
fn strict_gb2312(bytes: &[u8]) -> Option<String> {
    let mut octets = bytes.iter();
    while let Some(first) = octets.next() {
        if first.is_ascii() {
            continue;
        }
        if !(0xA1..=0xF7).contains(first) || !octets.next().is_some_and(|second| (0xA1..=0xFE).contains(second)) {
            return None;
        }
    }
    GB18030.decode_without_bom_handling_and_without_replacement(bytes).map(std::borrow::Cow::into_owned)
}

fn high_octets(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| !byte.is_ascii()).count()
}

/// Octets that show whether a text is UTF-16.
const WIDE_SAMPLE: usize = 4_096;

/// UTF-16 without a mark shows itself by its zeros, which no other charset of text has, and by reading like Chinese in
/// one order of octets and not in the other (Excel's "Unicode text" has a mark; others forget it). Zeros alone do not tell
/// the order: 一 holds one too.
fn wide(bytes: &[u8]) -> Option<&'static Encoding> {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return Some(encoding);
    }
    let sample = bytes.get(..bytes.len().min(WIDE_SAMPLE) & !1)?;
    if sample.len() < 8 || !sample.contains(&0) {
        return None;
    }
    let units = sample.len() / 2;
    let usual = |unit_of: fn([u8; 2]) -> u16| {
        sample
            .chunks_exact(2)
            .filter(|pair| <[u8; 2]>::try_from(*pair).is_ok_and(|pair| is_usual(unit_of(pair))))
            .count()
    };
    let (little, big) = (usual(u16::from_le_bytes), usual(u16::from_be_bytes));
    let clear = |one: usize, other: usize| one * 20 >= units * 19 && other * 20 < units * 19;
    if clear(little, big) {
        Some(UTF_16LE)
    } else if clear(big, little) {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// Whether a unit of UTF-16 is what Chinese text is made of: ASCII, Han, their punctuation and full-width forms.
fn is_usual(unit: u16) -> bool {
    matches!(unit, 0x09 | 0x0A | 0x0D | 0x20..=0x7E | 0xA0..=0xFF | 0x2010..=0x2060 | 0x3000..=0x303F | 0x4E00..=0x9FFF | 0xFF00..=0xFFEF)
}

fn ascii(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn is_seven_bit_code(label: &str) -> bool {
    let label = normal_label(label);
    label.starts_with("iso-2022") || label.starts_with("hz") || label.contains("utf-7") || label.contains("utf-16")
}

fn normal_label(label: &str) -> String {
    label.trim().trim_matches(|character| character == '"' || character == '\'').trim().to_ascii_lowercase()
}

fn says_nothing(label: &str) -> bool {
    matches!(
        label,
        "" | "unknown-8bit"
            | "x-unknown"
            | "unknown"
            | "us-ascii"
            | "ascii"
            | "ansi_x3.4-1968"
            | "default"
            | "8bit"
            | "7bit"
            | "binary"
            | "none"
            | "_autodetect"
            | "_autodetect_all"
    )
}

/// The encoding of a label; every name the field has for GB2312 and its children is GB18030.
fn named(label: &str) -> Option<&'static Encoding> {
    match label {
        "gb2312" | "gbk" | "x-gbk" | "gb18030" | "euc-cn" | "euccn" | "euc_cn" | "x-euc-cn" | "cp936" | "ms936"
        | "936" | "windows-936" | "x-cp936" | "gb_2312-80" | "gb_2312" | "csgb2312" | "gb2312-80" | "gb-2312"
        | "x-gb2312" | "gb_1988-80" | "cn-gb" | "chinese" | "iso-ir-58" | "gb 2312" | "gb2312_charset" => Some(GB18030),
        "utf8" | "utf-8" | "utf_8" | "unicode-utf-8" | "cp65001" | "x-utf-8" => Some(UTF_8),
        _ => Encoding::for_label(label.as_bytes()).filter(|encoding| *encoding != REPLACEMENT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gbk(text: &str) -> Vec<u8> {
        GB18030.encode(text).0.into_owned()
    }

    #[test]
    fn short_words_that_are_utf8_by_chance_are_chinese() {
        for word in ["系统", "学校", "农业", "统一"] {
            assert!(std::str::from_utf8(&gbk(word)).is_ok(), "{word} is no example");
            assert_eq!(guess(&gbk(word)), word);
            assert_eq!(decode(Some("unknown-8bit"), &gbk(word)).text, word);
        }
    }

    #[test]
    fn real_utf8_stays_utf8() {
        for text in ["离石区报表", "say “hi” – now", "慰问金100元"] {
            assert_eq!(guess(text.as_bytes()), text);
        }
        let cut = &"离石区退役军人事务局关于报送报表的报告".as_bytes()[..53];
        assert!(guess(cut).starts_with("离石区退役军人事务局"), "{}", guess(cut));
    }

    #[test]
    fn all_names_of_gb2312_decode_rare_characters() {
        for label in ["gb2312", "GBK", "x-gbk", "EUC-CN", "cp936", "\"gb18030\""] {
            assert_eq!(decode(Some(label), &gbk("岚县昇镕㐂")).text, "岚县昇镕㐂", "{label}");
        }
    }

    #[test]
    fn a_lying_label_is_noticed() {
        let body = "各位领导：现将我县走访慰问情况报上，请查收。";
        assert_eq!(decode(Some("utf-8"), &gbk(body)), Decoded { text: body.into(), mislabelled: true });
        assert_eq!(decode(Some("gb2312"), body.as_bytes()), Decoded { text: body.into(), mislabelled: true });
        assert_eq!(decode(Some("iso-8859-1"), &gbk(body)), Decoded { text: body.into(), mislabelled: true });
        assert_eq!(decode(Some("gbk"), &gbk(body)), Decoded { text: body.into(), mislabelled: false });
        assert_eq!(decode(Some("iso-8859-1"), b"caf\xE9").text, "café");
    }

    #[test]
    fn big5_only_where_declared() {
        let bytes = encoding_rs::BIG5.encode("離石區").0.into_owned();
        assert_eq!(decode(Some("big5"), &bytes).text, "離石區");
        assert_ne!(guess(&bytes), "離石區");
    }

    #[test]
    fn marks_and_wide_text_are_seen() {
        let mut wide: Vec<u8> = vec![0xFF, 0xFE];
        wide.extend("县,金额\r\n".encode_utf16().flat_map(u16::to_le_bytes));
        assert_eq!(guess(&wide), "县,金额\r\n");
        assert_eq!(guess(wide.get(2..).unwrap()), "县,金额\r\n");
        // More Han than ASCII, and 一, whose zero stands in the other place.
        let text = "2021年“八一”期间走访慰问情况统计表\t\r\n县(市、区)/单位名称：离石区\t填报时间：8月5日\r\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!((guess(&little), guess(&big)), (text.to_owned(), text.to_owned()));
        assert_eq!(guess("\u{FEFF}单位".as_bytes()), "单位");
    }
}
