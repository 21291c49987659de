//! mbox files: mails one after another, each behind a `From ` line; read one mail at a time.

use std::io::{self, BufRead, Read as _};

use chrono::{DateTime, FixedOffset, NaiveDateTime};

/// A mail in an mbox file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The time in its `From ` line; mbox knows no zone, most writers mean UTC.
    pub at: Option<DateTime<FixedOffset>>,
    pub bytes: Vec<u8>,
    /// It was longer than allowed; `bytes` is only its beginning.
    pub cut: bool,
}

/// How much of a line is read at once, octets.
const LONGEST_PART: u64 = 64 * 1024;

/// Whether a file begins like an mbox.
pub(super) fn is_mbox(start: &[u8]) -> bool {
    start.starts_with(b"From ")
}

/// Reads mails until the end.
pub(super) struct Mbox<R> {
    input: R,
    /// The `From ` line of the mail to come.
    next: Option<Vec<u8>>,
    longest: usize,
    done: bool,
}

impl<R: BufRead> Mbox<R> {
    /// `longest`: octets kept of one mail; what is longer is cut there and says so, so that a file that is no mbox after all cannot
    /// fill the memory.
    pub fn new(input: R, longest: usize) -> Self {
        Self { input, next: None, longest, done: false }
    }

    fn read(&mut self) -> io::Result<Option<Entry>> {
        let mut separator = self.next.take();
        let mut bytes = Vec::new();
        let (mut blank_before, mut line_starts, mut cut) = (true, true, false);
        loop {
            let mut line = Vec::new();
            // A line without end comes in parts.
            if (&mut self.input).take(LONGEST_PART).read_until(b'\n', &mut line)? == 0 {
                self.done = true;
                break;
            }
            // A separator stands at the start or behind an empty line; text that merely begins with From does not.
            if blank_before && line_starts && line.starts_with(b"From ") {
                if separator.is_none() && bytes.is_empty() {
                    separator = Some(line);
                    continue;
                }
                self.next = Some(line);
                break;
            }
            let part = if line_starts { unescaped(&line) } else { &line };
            cut |= bytes.len().saturating_add(part.len()) > self.longest;
            if !cut {
                bytes.extend_from_slice(part);
            }
            blank_before = line_starts && line.trim_ascii().is_empty();
            line_starts = line.ends_with(b"\n");
        }
        // The empty line before the next separator belongs to the mbox, not to the mail.
        if bytes.ends_with(b"\r\n\r\n") {
            bytes.truncate(bytes.len() - 2);
        } else if bytes.ends_with(b"\n\n") {
            bytes.truncate(bytes.len() - 1);
        }
        if bytes.is_empty() && separator.is_none() {
            return Ok(None);
        }
        Ok(Some(Entry { at: separator.as_deref().and_then(separator_time), bytes, cut }))
    }
}

impl<R: BufRead> Iterator for Mbox<R> {
    type Item = io::Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done && self.next.is_none() {
            return None;
        }
        match self.read() {
            Ok(entry) => entry.map(Ok),
            Err(error) => {
                self.done = true;
                Some(Err(error))
            }
        }
    }
}

/// `>From ` loses one `>`: mboxo writers added exactly one to `From `, mboxrd writers one to any number of them.
fn unescaped(line: &[u8]) -> &[u8] {
    let arrows = line.iter().take_while(|octet| **octet == b'>').count();
    let behind = line.get(arrows..).unwrap_or_default();
    if arrows > 0 && behind.starts_with(b"From ") { line.get(1..).unwrap_or_default() } else { line }
}

/// `From sender Sun Aug  1 08:30:00 2021`, perhaps with a zone before or behind the year.
fn separator_time(line: &[u8]) -> Option<DateTime<FixedOffset>> {
    let line = String::from_utf8_lossy(line);
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let weekday = words
        .iter()
        .rposition(|word| ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].contains(&word.trim_end_matches(',')))?;
    let zone = words.iter().skip(weekday).find(|word| word.len() == 5 && word.starts_with(['+', '-']));
    let [_, month, day, time, rest @ ..] = words.get(weekday..)? else { return None };
    let year = rest.iter().find(|word| word.len() == 4 && word.bytes().all(|digit| digit.is_ascii_digit()))?;
    let written = format!("{day} {month} {year} {time}");
    let naive = NaiveDateTime::parse_from_str(&written, "%d %b %Y %H:%M:%S").ok()?;
    match zone {
        Some(zone) => DateTime::parse_from_str(&format!("{written} {zone}"), "%d %b %Y %H:%M:%S %z").ok(),
        None => Some(naive.and_utc().fixed_offset()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Vec<Entry> {
        Mbox::new(text.as_bytes(), 1 << 20).map(Result::unwrap).collect()
    }

    #[test]
    fn mails_are_told_apart_and_unescaped() {
        let found = entries(
            "From a@unit.example Sun Aug  1 08:30:00 2021\nSubject: one\n\n>From me\n>>From you\n> From them\nFrom here on\n\n\
             From b@unit.example Mon Aug  2 09:00:00 2021 +0800\nSubject: two\n\nx\n",
        );
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].bytes, b"Subject: one\n\nFrom me\n>From you\n> From them\nFrom here on\n".to_vec());
        assert_eq!(found[0].at.unwrap().to_rfc3339(), "2021-08-01T08:30:00+00:00");
        assert_eq!(found[1].bytes, b"Subject: two\n\nx\n".to_vec());
        assert_eq!(found[1].at.unwrap().to_rfc3339(), "2021-08-02T09:00:00+08:00");
    }

    #[test]
    fn line_ends_stay_as_they_are() {
        let found =
            entries("From - Sun Aug 01 08:30:00 2021\r\nSubject: one\r\n\r\nx\r\n\r\nFrom -\r\nSubject: two\r\n\r\n");
        assert_eq!(found[0].bytes, b"Subject: one\r\n\r\nx\r\n");
        assert_eq!(found[1], Entry { at: None, bytes: b"Subject: two\r\n".to_vec(), cut: false });
    }

    #[test]
    fn rubbish_is_no_mail_and_no_panic() {
        assert!(entries("").is_empty());
        assert_eq!(entries("From ").len(), 1);
        assert_eq!(separator_time("From x Sun 99 99".as_bytes()), None);
    }

    #[test]
    fn a_mail_is_cut_at_the_limit() {
        let text = format!("From x\n\n{}", "0123456789\n".repeat(100));
        let found: Vec<Entry> = Mbox::new(text.as_bytes(), 50).map(Result::unwrap).collect();
        assert_eq!(found.len(), 1);
        assert!(found[0].cut && found[0].bytes.len() <= 50);
    }
}
