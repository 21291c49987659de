//! Transfer encodings undone as far as they go: base64 cut off or with junk behind it, sloppy quoted-printable.

/// Decoded bytes, and whether something was missing or in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transferred {
    pub bytes: Vec<u8>,
    pub damaged: bool,
}

/// Octets at the start of a part that are looked at to see how it is encoded where its label is wrong.
const HEAD: usize = 4_096;

/// Undoes a `Content-Transfer-Encoding` (RFC 2045 §6). Where the label is missing or wrong, the octets tell: base64 that
/// holds a known kind of file, uuencode, or a file as it stands under the label base64.
#[must_use]
pub fn decode(encoding: &str, raw: &[u8]) -> Transferred {
    let encoding = encoding.trim().trim_matches('"').to_ascii_lowercase();
    match encoding.as_str() {
        _ if encoding.starts_with("base64") => {
            if is_file_as_it_stands(raw) {
                return Transferred { bytes: raw.to_vec(), damaged: false };
            }
            base64(raw)
        }
        "x-uuencode" | "uuencode" | "x-uue" | "uue" => uuencoded(raw),
        _ if is_file_in_base64(raw) => base64(raw),
        _ if encoding.starts_with("quoted-printable") => {
            Transferred { bytes: quoted_printable(raw, false), damaged: false }
        }
        _ if raw.starts_with(b"begin ") => {
            let undone = uuencoded(raw);
            if undone.damaged { Transferred { bytes: raw.to_vec(), damaged: false } } else { undone }
        }
        _ => Transferred { bytes: raw.to_vec(), damaged: false },
    }
}

/// A compound file, a zip or the like begins with octets that base64 never holds.
fn is_file_as_it_stands(raw: &[u8]) -> bool {
    const STARTS: [&[u8]; 7] =
        [b"PK\x03\x04", b"\xD0\xCF\x11\xE0", b"%PDF-", b"{\\rtf", b"Rar!\x1A", b"\x89PNG", b"\xFF\xD8\xFF"];
    STARTS.iter().any(|start| raw.starts_with(start))
}

/// Nothing but base64, and a file that is no text in it.
fn is_file_in_base64(raw: &[u8]) -> bool {
    let raw = raw.trim_ascii_start();
    let head = raw.get(..HEAD).unwrap_or(raw);
    if raw.len() < 64 || !head.iter().all(|byte| is_alphabet(*byte)) {
        return false;
    }
    let start = base64(head.get(..head.len().min(128)).unwrap_or_default()).bytes;
    is_file_as_it_stands(&start) || start.starts_with(b"7z\xBC\xAF") || start.starts_with(b"\x1F\x8B\x08")
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
        uuencoded_line(line, &mut bytes);
    }
    Transferred { bytes, damaged: true }
}

fn uuencoded_line(line: &[u8], bytes: &mut Vec<u8>) {
    let Some((length, groups)) = line.split_first() else { return };
    let length = usize::from(length.wrapping_sub(b' ') & 0x3F);
    let start = bytes.len();
    for group in groups.chunks(4).take(length.div_ceil(3)) {
        let sextet = |place: usize| u32::from(group.get(place).unwrap_or(&b' ').wrapping_sub(b' ') & 0x3F);
        let joined = sextet(0) << 18 | sextet(1) << 12 | sextet(2) << 6 | sextet(3);
        bytes.extend(joined.to_be_bytes().into_iter().skip(1));
    }
    // Blanks stand for zeros, and servers cut blanks off the end of a line.
    bytes.resize(start + length, 0);
}

/// A file found in a text, with its name as written.
pub struct Enclosed {
    pub name: Vec<u8>,
    pub content: Transferred,
}

/// Takes uuencoded files (`begin 644 name` … `end`) out of a text; at most so many.
pub fn uuencoded_files(text: &mut Vec<u8>, most: usize) -> Vec<Enclosed> {
    let mut files: Vec<Enclosed> = Vec::new();
    if !(text.starts_with(b"begin ") || text.windows(7).any(|window| window == b"\nbegin ")) {
        return files;
    }
    let mut kept = Vec::with_capacity(text.len());
    let mut open: Option<(Enclosed, Vec<u8>)> = None;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let bare = line.trim_ascii_end();
        match &mut open {
            None => match uuencoded_name(bare).filter(|_| files.len() < most) {
                Some(name) => {
                    let content = Transferred { bytes: Vec::new(), damaged: true };
                    open = Some((Enclosed { name: name.to_vec(), content }, line.to_vec()));
                }
                None => kept.extend_from_slice(line),
            },
            Some((file, as_written)) => {
                as_written.extend_from_slice(line);
                if bare == b"end" {
                    file.content.damaged = false;
                    files.extend(open.take().map(|(file, _)| file));
                } else if bare.len() <= 90 && bare.iter().all(|byte| (b' '..=b'`').contains(byte)) {
                    uuencoded_line(bare, &mut file.content.bytes);
                } else {
                    // Words, not a file.
                    kept.append(as_written);
                    open = None;
                }
            }
        }
    }
    match open {
        Some((file, _)) if file.content.bytes.len() > 256 => files.push(file),
        Some((_, as_written)) => kept.extend(as_written),
        None => {}
    }
    *text = kept;
    files
}

/// `begin`, three or four octal digits, a name.
fn uuencoded_name(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"begin ")?;
    let digits = rest.iter().take_while(|byte| (b'0'..=b'7').contains(byte)).count();
    let name = rest.get(digits..)?.trim_ascii();
    ((3..=4).contains(&digits) && !name.is_empty()).then_some(name)
}

/// Base64 line by line: what is no base64 is left out, text behind the end ends it, a broken last group gives what it has.
#[must_use]
pub fn base64(raw: &[u8]) -> Transferred {
    faultless_base64(raw).map_or_else(|| forgiving_base64(raw), |bytes| Transferred { bytes, damaged: false })
}

/// As nearly every part is: lines of nothing but base64, padded once, at the end. `None` for anything else, be it still
/// in order.
fn faultless_base64(raw: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut from = 0;
    for end in memchr::memchr_iter(b'\n', raw).chain(std::iter::once(raw.len())) {
        let line = raw.get(from..end)?;
        bytes.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        from = end + 1;
    }
    let decoded = base64_simd::STANDARD.decode_inplace(&mut bytes).ok()?.len();
    bytes.truncate(decoded);
    Some(bytes)
}

fn forgiving_base64(raw: &[u8]) -> Transferred {
    let mut decoder = Sextets { bytes: Vec::with_capacity(raw.len() / 4 * 3), ..Sextets::default() };
    let mut damaged = false;
    let mut lines = raw.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()).peekable();
    while let Some(line) = lines.next() {
        if decoder.ended && !(starts_a_block(line, lines.peek().is_none())) {
            damaged = true;
            break;
        }
        if decoder.take_line(line) {
            continue;
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

/// The value of each octet in base64; 255 for what is none.
const VALUES: [u8; 256] = values();

const fn values() -> [u8; 256] {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut values = [255; 256];
    let mut place = 0;
    while place < 64 {
        #[allow(clippy::indexing_slicing, reason = "worked out when compiled")]
        {
            values[letters[place] as usize] = place as u8;
        }
        place += 1;
    }
    values
}

impl Sextets {
    /// Takes a line of whole groups at once, as nearly every line is; `false` where it is not, and nothing was taken.
    fn take_line(&mut self, line: &[u8]) -> bool {
        if self.count != 0 || self.ended || !line.len().is_multiple_of(4) {
            return false;
        }
        let start = self.bytes.len();
        for group in line.chunks_exact(4) {
            let mut joined = 0_u32;
            let mut strange = 0_u8;
            for byte in group {
                let value = VALUES.get(usize::from(*byte)).copied().unwrap_or(255);
                strange |= value & 0xC0;
                joined = joined << 6 | u32::from(value);
            }
            if strange != 0 {
                self.bytes.truncate(start);
                return false;
            }
            let [_, first, second, third] = joined.to_be_bytes();
            self.bytes.extend_from_slice(&[first, second, third]);
        }
        true
    }

    fn take(&mut self, byte: u8) {
        if byte == b'=' {
            self.flush();
            self.ended = true;
            return;
        }
        let Some(value) = VALUES.get(usize::from(byte)).copied().filter(|value| *value < 64) else { return };
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
mod tests;
