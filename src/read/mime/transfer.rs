//! Transfer encodings undone as far as they go: base64 cut off or with junk behind it, sloppy quoted-printable.

/// Decoded bytes, and whether something was missing or in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transferred {
    pub bytes: Vec<u8>,
    pub damaged: bool,
}

/// Undoes a `Content-Transfer-Encoding` (RFC 2045 §6); an unknown one is taken as it stands.
#[must_use]
pub fn decode(encoding: &str, raw: &[u8]) -> Transferred {
    let encoding = encoding.trim().trim_matches('"').to_ascii_lowercase();
    if encoding.starts_with("base64") {
        base64(raw)
    } else if encoding.starts_with("quoted-printable") {
        Transferred { bytes: quoted_printable(raw, false), damaged: false }
    } else if matches!(encoding.as_str(), "x-uuencode" | "uuencode" | "x-uue" | "uue") {
        uuencoded(raw)
    } else {
        Transferred { bytes: raw.to_vec(), damaged: false }
    }
}

/// What old clients wrote before MIME (POSIX `uuencode`): lines of a length and four characters for three octets.
fn uuencoded(raw: &[u8]) -> Transferred {
    let mut lines = raw.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    if !lines.any(|line| line.starts_with(b"begin ")) {
        return Transferred { bytes: raw.to_vec(), damaged: true };
    }
    let mut bytes = Vec::new();
    for line in lines {
        if line == b"end" {
            return Transferred { bytes, damaged: false };
        }
        let Some((length, groups)) = line.split_first() else { continue };
        let mut decoded = Vec::new();
        for group in groups.chunks(4) {
            let sextet = |place: usize| u32::from(group.get(place).unwrap_or(&b' ').wrapping_sub(b' ') & 0x3F);
            let joined = sextet(0) << 18 | sextet(1) << 12 | sextet(2) << 6 | sextet(3);
            decoded.extend(joined.to_be_bytes().into_iter().skip(1));
        }
        decoded.truncate(usize::from(length.wrapping_sub(b' ') & 0x3F));
        bytes.append(&mut decoded);
    }
    Transferred { bytes, damaged: true }
}

/// Base64 line by line: what is no base64 is left out, text behind the end ends it, a broken last group gives what it has.
#[must_use]
pub fn base64(raw: &[u8]) -> Transferred {
    let mut decoder = Sextets { bytes: Vec::with_capacity(raw.len() / 4 * 3), ..Sextets::default() };
    let mut damaged = false;
    let mut lines = raw.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()).peekable();
    while let Some(line) = lines.next() {
        if decoder.ended && !(starts_a_block(line, lines.peek().is_none())) {
            damaged = true;
            break;
        }
        if !line.iter().all(|byte| is_alphabet(*byte)) {
            damaged = true;
            if line.iter().filter(|byte| !is_alphabet(**byte)).count() * 8 > line.len() {
                // Prose such as a mailing list's footer, not a scratched line.
                if decoder.bytes.is_empty() { continue } else { break }
            }
        }
        line.iter().for_each(|byte| decoder.take(*byte));
    }
    damaged |= decoder.count != 0;
    decoder.flush();
    Transferred { bytes: decoder.bytes, damaged }
}

/// Some programs join several padded blocks; anything else behind the padding is junk.
fn starts_a_block(line: &[u8], last: bool) -> bool {
    line.iter().all(|byte| is_alphabet(*byte))
        && line.len().is_multiple_of(4)
        && (line.len() >= 60 || last && line.ends_with(b"="))
}

fn is_alphabet(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=') || byte.is_ascii_whitespace()
}

#[derive(Default)]
struct Sextets {
    bytes: Vec<u8>,
    group: u32,
    count: u8,
    ended: bool,
}

impl Sextets {
    fn take(&mut self, byte: u8) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                self.flush();
                self.ended = true;
                return;
            }
            _ => return,
        };
        self.ended = false;
        self.group = self.group << 6 | u32::from(value);
        self.count += 1;
        if self.count == 4 {
            let [_, first, second, third] = self.group.to_be_bytes();
            self.bytes.extend([first, second, third]);
            self.group = 0;
            self.count = 0;
        }
    }

    fn flush(&mut self) {
        // Twelve bits hold one octet, eighteen hold two; six hold none.
        let [_, first, second, _] = match self.count {
            2 => (self.group << 12).to_be_bytes(),
            _ => (self.group << 6).to_be_bytes(),
        };
        match self.count {
            2 => self.bytes.push(first),
            3 => self.bytes.extend([first, second]),
            _ => {}
        }
        self.group = 0;
        self.count = 0;
    }
}

/// Quoted-printable; in a header word `_` is a space (RFC 2047 §4.2). A broken escape stays as written.
#[must_use]
pub fn quoted_printable(raw: &[u8], in_word: bool) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match (first, tail) {
            (b'=', [high, low, after @ ..]) if hex(*high).is_some() && hex(*low).is_some() => {
                bytes.push(hex(*high).unwrap_or(0) << 4 | hex(*low).unwrap_or(0));
                rest = after;
            }
            (b'=', _) => match soft_break(tail) {
                Some(after) => rest = after,
                None => bytes.push(b'='),
            },
            (b'_', _) if in_word => bytes.push(b' '),
            (byte, _) => bytes.push(*byte),
        }
    }
    bytes
}

/// What follows a soft line break: optional blanks, then the line's end.
fn soft_break(tail: &[u8]) -> Option<&[u8]> {
    let blanks = tail.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    match tail.get(blanks..)? {
        [b'\r', b'\n', after @ ..] | [b'\n', after @ ..] => Some(after),
        [] => Some(&[]),
        _ => None,
    }
}

/// Undoes `%XX`; a broken escape stays as written.
#[must_use]
pub fn percent(raw: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if hex(*high).is_some() && hex(*low).is_some() => {
                bytes.push(hex(*high).unwrap_or(0) << 4 | hex(*low).unwrap_or(0));
                rest = after;
            }
            (byte, _) => bytes.push(*byte),
        }
    }
    bytes
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_base64_is_whole() {
        let encoded = data_encoding::BASE64.encode("慰问金：一万二千元".as_bytes());
        let (head, tail) = encoded.split_at(20);
        let folded = format!("{head}\r\n{tail}\r\n\r\n");
        assert_eq!(base64(folded.as_bytes()), Transferred { bytes: "慰问金：一万二千元".into(), damaged: false });
        assert_eq!(base64(b"QQ=="), Transferred { bytes: b"A".to_vec(), damaged: false });
        assert_eq!(base64(b"QUI="), Transferred { bytes: b"AB".to_vec(), damaged: false });
        assert!(!base64(b"").damaged);
    }

    #[test]
    fn cut_off_base64_gives_what_is_there() {
        assert_eq!(base64(b"QUJDRE"), Transferred { bytes: b"ABCD".to_vec(), damaged: true });
        assert_eq!(base64(b"QUJDR"), Transferred { bytes: b"ABC".to_vec(), damaged: true });
    }

    #[test]
    fn junk_behind_base64_is_left_out_and_told() {
        let junk = b"QUJDRA==\r\n-- \r\nScanned by a gateway. Safe.\r\n";
        assert_eq!(base64(junk), Transferred { bytes: b"ABCD".to_vec(), damaged: true });
        assert_eq!(base64(b"QUJDRA==\r\nScanned\r\n"), Transferred { bytes: b"ABCD".to_vec(), damaged: true });
        assert_eq!(base64(b"QUJD!REVG").bytes, b"ABC".iter().chain(b"DEF").copied().collect::<Vec<u8>>());
    }

    #[test]
    fn joined_padded_blocks_are_one() {
        assert_eq!(base64(b"QUJDRA==\r\nRUY=\r\n"), Transferred { bytes: b"ABCDEF".to_vec(), damaged: false });
    }

    #[test]
    fn uuencode_is_undone() {
        let text = b"begin 644 a.txt\r\n#0V%T\r\n$0V%T<P``\r\n`\r\nend\r\n";
        assert_eq!(decode("x-uuencode", text), Transferred { bytes: b"CatCats".to_vec(), damaged: false });
        assert!(decode("x-uuencode", b"begin 644 a.txt\n#0V%T\n").damaged);
    }

    #[test]
    fn quoted_printable_forgives() {
        assert_eq!(quoted_printable(b"a=E4=bd=A0=  \r\nb=3", false), "a你b=3".as_bytes());
        assert_eq!(quoted_printable(b"a_b", true), b"a b");
        assert_eq!(quoted_printable(b"end=", false), b"end");
    }
}
