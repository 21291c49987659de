//! Encoded words (RFC 2047) as senders really write them: split inside a character, blanks inside, raw octets around.

use super::transfer;
use crate::read::charset;

/// Octets of encoded data searched for a word's end: RFC 2047 allows 75, senders write whole subjects, attackers more.
const LONGEST_WORD: usize = 8_192;

/// A run of one header value.
enum Run<'a> {
    Raw(&'a [u8]),
    Word { charset: String, bytes: Vec<u8> },
}

/// Decodes an unstructured value. Neighbouring words of one charset are joined as bytes first, because many senders
/// cut them inside a character (against RFC 2047 §5).
#[must_use]
pub fn decode(value: &[u8]) -> String {
    let mut runs: Vec<Run<'_>> = Vec::new();
    let mut rest = value;
    while !rest.is_empty() {
        match find_word(rest) {
            Some(Found { before, charset, bytes, after }) => {
                let blank = before.iter().all(u8::is_ascii_whitespace);
                match runs.last_mut() {
                    Some(Run::Word { charset: known, bytes: joined }) if blank && *known == charset => {
                        joined.extend(bytes);
                    }
                    last => {
                        let between_words = blank && matches!(last, Some(Run::Word { .. }));
                        if !before.is_empty() && !between_words {
                            runs.push(Run::Raw(before));
                        }
                        runs.push(Run::Word { charset, bytes });
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
    let text: String = runs
        .iter()
        .map(|run| match run {
            Run::Raw(bytes) => charset::guess(bytes),
            Run::Word { charset, bytes } => charset::decode(Some(charset), bytes).text,
        })
        .collect();
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// An encoded word and what stands around it.
struct Found<'a> {
    before: &'a [u8],
    /// Lower case.
    charset: String,
    bytes: Vec<u8>,
    after: &'a [u8],
}

/// The next encoded word.
fn find_word(value: &[u8]) -> Option<Found<'_>> {
    let mut from = 0;
    while let Some(start) = position(value.get(from..)?, b"=?").map(|found| found + from) {
        if let Some((charset, bytes, after)) = read_word(value.get(start + 2..)?) {
            return Some(Found { before: value.get(..start)?, charset, bytes, after });
        }
        from = start + 2;
    }
    None
}

/// Reads a word behind its `=?`.
fn read_word(value: &[u8]) -> Option<(String, Vec<u8>, &[u8])> {
    let (charset, value) = split_at_mark(value)?;
    let fit = !charset.is_empty() && charset.len() <= 40 && charset.iter().all(u8::is_ascii_graphic);
    let (encoding, value) = split_at_mark(value).filter(|_| fit)?;
    if !matches!(encoding, b"B" | b"b" | b"Q" | b"q") {
        return None;
    }
    let end = position(value.get(..value.len().min(LONGEST_WORD))?, b"?=")?;
    let data = value.get(..end)?;
    let bytes = match encoding {
        b"B" | b"b" => transfer::base64(data).bytes,
        _ => transfer::quoted_printable(data, true),
    };
    // RFC 2231 §5 allows a language behind the charset.
    let charset = charset.split(|byte| *byte == b'*').next().unwrap_or_default();
    Some((String::from_utf8_lossy(charset).to_ascii_lowercase(), bytes, value.get(end + 2..)?))
}

fn split_at_mark(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let mark = value.iter().position(|byte| *byte == b'?')?;
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
