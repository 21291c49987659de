//! Encoded words (RFC 2047) as senders really write them: split inside a character, blanks inside, raw octets around.

use super::transfer;
use crate::read::charset;

/// Octets of a quoted-printable word searched for its end where it holds bare question marks.
const LONGEST_UNQUOTED: usize = 8_192;

/// A run of one header value.
enum Run<'a> {
    Raw(&'a [u8]),
    /// Neighbouring words of one charset.
    Words {
        charset: String,
        words: Vec<Word<'a>>,
    },
}

/// The encoded text of one word.
struct Word<'a> {
    in_base64: bool,
    data: &'a [u8],
}

/// Decodes an unstructured value. Neighbouring words of one charset are joined as bytes first, because many senders
/// cut them inside a character (against RFC 2047 §5). What a gateway encoded a second time is decoded a second time.
#[must_use]
pub fn decode(value: &[u8]) -> String {
    let once = decode_once(value);
    if once.contains("=?") && once.contains("?=") && !is_word_written_out(value) {
        decode_once(once.as_bytes())
    } else {
        once
    }
}

/// Whether the value itself shows words that could not be read.
fn is_word_written_out(value: &[u8]) -> bool {
    find_word(value).is_none()
}

fn decode_once(value: &[u8]) -> String {
    let mut runs: Vec<Run<'_>> = Vec::new();
    let mut rest = value;
    while !rest.is_empty() {
        match find_word(rest) {
            Some(Found { before, charset, word, after }) => {
                let blank = before.iter().all(u8::is_ascii_whitespace);
                match runs.last_mut() {
                    Some(Run::Words { charset: known, words }) if blank && charset::is_same(known, &charset) => {
                        words.push(word);
                    }
                    last => {
                        let between_words = blank && matches!(last, Some(Run::Words { .. }));
                        if !before.is_empty() && !between_words {
                            runs.push(Run::Raw(before));
                        }
                        runs.push(Run::Words { charset, words: vec![word] });
                    }
                }
                rest = after;
            }
            None => {
                runs.push(Run::Raw(rest));
                break;
            }
        }
    }
    let mut text = String::with_capacity(value.len());
    for run in &runs {
        match run {
            Run::Raw(bytes) => text.push_str(&charset::guess(bytes)),
            Run::Words { charset, words } => text.push_str(&joined(charset, words)),
        }
    }
    let shown = |character: char| match character {
        '\r' | '\n' | '\t' => Some(' '),
        other => (!other.is_control()).then_some(other),
    };
    text.chars().filter_map(shown).collect()
}

/// Some senders encode the whole text and cut the base64 anywhere, others leave its padding out: where the words do
/// not end on whole groups, that way is right which gives fewer characters that nobody writes.
fn joined(charset: &str, words: &[Word<'_>]) -> String {
    let bytes: Vec<u8> = words.iter().flat_map(Word::bytes).collect();
    let text = charset::decode(Some(charset), &bytes).text;
    let (last, others) = match words.split_last() {
        Some((last, others)) if !others.is_empty() => (last, others),
        _ => return text,
    };
    let torn = |word: &Word<'_>| word.in_base64 && !word.digits().is_multiple_of(4) && !word.data.ends_with(b"=");
    if !last.in_base64 || !others.iter().any(torn) || !others.iter().all(|word| word.in_base64) {
        return text;
    }
    let data: Vec<u8> = words.iter().flat_map(|word| word.data.iter().copied()).collect();
    let other = charset::decode(Some(charset), &transfer::base64(&data).bytes).text;
    if strangeness(&other) < strangeness(&text) { other } else { text }
}

/// Characters that no subject or name holds: lost ones, controls, rare ideographs, private use.
fn strangeness(text: &str) -> usize {
    let strange = |character: &char| {
        *character == '\u{FFFD}'
            || character.is_control()
            || matches!(*character, '\u{80}'..='\u{FF}' | '\u{E000}'..='\u{F8FF}' | '\u{3400}'..='\u{4DBF}')
            || *character as u32 > 0x1_FFFF
    };
    text.chars().filter(strange).count()
}

impl Word<'_> {
    fn bytes(&self) -> Vec<u8> {
        if self.in_base64 { transfer::base64(self.data).bytes } else { transfer::quoted_printable(self.data, true) }
    }

    fn digits(&self) -> usize {
        self.data.iter().filter(|byte| !byte.is_ascii_whitespace()).count()
    }
}

/// An encoded word and what stands around it.
struct Found<'a> {
    before: &'a [u8],
    /// Lower case.
    charset: String,
    word: Word<'a>,
    after: &'a [u8],
}

/// The next encoded word.
fn find_word(value: &[u8]) -> Option<Found<'_>> {
    let mut from = 0;
    while let Some(start) = position(value.get(from..)?, b"=?").map(|found| found + from) {
        if let Some((charset, word, after)) = read_word(value.get(start + 2..)?) {
            return Some(Found { before: value.get(..start)?, charset, word, after });
        }
        from = start + 2;
    }
    None
}

/// Reads a word behind its `=?`.
fn read_word(value: &[u8]) -> Option<(String, Word<'_>, &[u8])> {
    let (charset, value) = split_at_mark(value)?;
    let fit = !charset.is_empty() && charset.len() <= 40 && charset.iter().all(u8::is_ascii_graphic);
    let (encoding, value) = split_at_mark(value).filter(|_| fit)?;
    let in_base64 = match encoding {
        b"B" | b"b" => true,
        b"Q" | b"q" => false,
        _ => return None,
    };
    // The first question mark ends a word of any length: none stands inside one. Some senders leave theirs bare in
    // quoted-printable.
    let mark = value.iter().position(|byte| *byte == b'?')?;
    let end = if value.get(mark + 1) == Some(&b'=') {
        mark
    } else if in_base64 {
        return None;
    } else {
        position(value.get(..value.len().min(LONGEST_UNQUOTED))?, b"?=")?
    };
    let word = Word { in_base64, data: value.get(..end)? };
    // RFC 2231 §5 allows a language behind the charset.
    let charset = charset.split(|byte| *byte == b'*').next().unwrap_or_default();
    Some((String::from_utf8_lossy(charset).to_ascii_lowercase(), word, value.get(end + 2..)?))
}

fn split_at_mark(value: &[u8]) -> Option<(&[u8], &[u8])> {
    // No charset or encoding is longer; looking further would take for ever on a value full of `=?`.
    let mark = value.iter().take(64).position(|byte| *byte == b'?')?;
    Some((value.get(..mark)?, value.get(mark + 1..)?))
}

fn position(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gbk(text: &str) -> Vec<u8> {
        encoding_rs::GB18030.encode(text).0.into_owned()
    }

    fn word(charset: &str, bytes: &[u8]) -> String {
        format!("=?{charset}?B?{}?=", data_encoding::BASE64.encode(bytes))
    }

    #[test]
    fn words_split_inside_a_character_are_joined() {
        let bytes = gbk("离石区走访慰问情况统计表");
        let value = format!("{} {}", word("GB2312", &bytes[..7]), word("gb2312", &bytes[7..]));
        assert_eq!(decode(value.as_bytes()), "离石区走访慰问情况统计表");
        let bytes = "柳林县报表".as_bytes();
        let value = format!("Re: {}  {} 2021", word("utf-8", &bytes[..4]), word("UTF-8", &bytes[4..]));
        assert_eq!(decode(value.as_bytes()), "Re: 柳林县报表 2021");
    }

    #[test]
    fn quoted_and_base64_words_mix() {
        assert_eq!(decode(b"=?gbk?Q?=C0=EB=CA=AF?= =?GBK?B?x/g=?="), "离石区");
        assert_eq!(decode(b"=?utf-8?Q?=E7=A6=BB_=E7=9F=B3?="), "离 石");
        assert_eq!(decode(b"=?gb2312?B?wOvK?=\t=?gb2312?B?r8f4?="), "离石区");
    }

    #[test]
    fn raw_octets_and_mislabelled_words() {
        assert_eq!(decode(&gbk("关于报送报表的函")), "关于报送报表的函");
        assert_eq!(decode("孝义市报表".as_bytes()), "孝义市报表");
        assert_eq!(decode(word("unknown-8bit", &gbk("文水县上报表格")).as_bytes()), "文水县上报表格");
        assert_eq!(decode(word("utf-8", &gbk("交口县统计表")).as_bytes()), "交口县统计表");
    }

    #[test]
    fn what_is_no_word_stays() {
        assert_eq!(decode(b"a =? b ?= c"), "a =? b ?= c");
        assert_eq!(decode(b"=?utf-8?X?abc?="), "=?utf-8?X?abc?=");
        assert_eq!(decode(b"=?utf-8?B?"), "=?utf-8?B?");
        assert_eq!(decode(b""), "");
    }
}
