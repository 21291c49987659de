//! The parts of a mail, found by its boundaries (RFC 2046 §5.1) without recursion and in time linear to its length.
//! Whatever is wrong with a boundary (none declared, never used, blanks behind it, no end), the parts are found.

use std::borrow::Cow;
use std::io::BufRead as _;
use std::ops::Range;

use super::fields::{Fields, split_field};
use super::parameters::Parametrised;

/// How many multiparts may stand in one another; real mail has four or five. Each level is one more pass over its octets.
const DEEPEST: usize = 32;
/// How many multiparts with a boundary that is missing or never used are searched for the one they do use.
const MOST_GUESSES: usize = 8;

/// A part without parts of its own, as places in the mail.
#[derive(Debug)]
pub struct Section {
    pub fields: Fields,
    /// Where its content stands, still as transferred.
    pub content: Range<usize>,
    /// It stands directly in a `multipart/digest`.
    pub in_digest: bool,
    /// Which `multipart/alternative` it is a version in.
    pub alternative: Option<usize>,
    /// It is a part of a multipart, and nothing ends it but the end of the mail.
    pub open_ended: bool,
}

/// The leaves of a mail's structure, in order, and whether some were left out because there were too many or they
/// stood too deep. A nested mail is a leaf.
#[must_use]
pub fn sections(bytes: &[u8], most: usize) -> (Vec<Section>, bool) {
    let mut sections = Vec::new();
    let mut left_out = false;
    let mut guesses = 0;
    let mut waiting = vec![(0..bytes.len(), 0_usize, false, None)];
    while let Some((range, depth, in_digest, alternative)) = waiting.pop() {
        let part = bytes.get(range.clone()).unwrap_or_default();
        let (header, body) = header_and_body(part);
        let fields = Fields::parse(part.get(..header).unwrap_or_default());
        let content = range.start + body..range.end;
        let content_type = fields.first("content-type").map(Parametrised::parse).unwrap_or_default();
        let subtype = content_type.value.strip_prefix("multipart/");
        let children = match subtype {
            Some(_) if depth < DEEPEST => children(bytes, &content, &content_type, &mut guesses),
            Some(_) => {
                left_out = true;
                Vec::new()
            }
            None => Vec::new(),
        };
        if !children.is_empty() {
            let alternative = if subtype == Some("alternative") { Some(range.start) } else { alternative };
            let in_digest = subtype == Some("digest");
            waiting.extend(children.into_iter().rev().map(|child| (child, depth + 1, in_digest, alternative)));
            continue;
        }
        // Nothing between two boundaries is no part; a mail of nothing is one.
        let is_hollow = bytes.get(content.clone()).unwrap_or_default().trim_ascii().is_empty();
        if depth > 0 && is_hollow && (fields.is_empty() || subtype.is_some()) {
            continue;
        }
        if sections.len() >= most {
            return (sections, true);
        }
        let open_ended = depth > 0 && content.end >= bytes.len();
        sections.push(Section { fields, content, in_digest, alternative, open_ended });
    }
    (sections, left_out)
}

/// The mail with line ends that can be found: programs for old Macs wrote CR alone.
#[must_use]
pub fn with_line_ends(bytes: &[u8]) -> Cow<'_, [u8]> {
    let head = bytes.get(..4_096).unwrap_or(bytes);
    if head.contains(&b'\n') || !head.contains(&b'\r') {
        return Cow::Borrowed(bytes);
    }
    Cow::Owned(bytes.iter().map(|byte| if *byte == b'\r' { b'\n' } else { *byte }).collect())
}

/// Where the header ends and where the body begins. The empty line between them may be missing: then the body begins
/// with the first line that is no field, unless fields follow (a stray line among them is passed over).
#[must_use]
pub fn header_and_body(part: &[u8]) -> (usize, usize) {
    let mut stray = None;
    for line in Lines::of(part, 0..part.len()) {
        let text = part.get(line.clone()).unwrap_or_default().trim_ascii_end();
        if text.is_empty() {
            return stray.map_or((line.start, line.end), |at| (at, at));
        }
        if text.first().is_some_and(|first| matches!(first, b' ' | b'\t')) {
            continue;
        }
        if split_field(text).is_some() {
            stray = None;
        } else {
            stray = stray.or(Some(line.start));
        }
    }
    stray.map_or((part.len(), part.len()), |at| (at, at))
}

fn children(
    bytes: &[u8],
    content: &Range<usize>,
    content_type: &Parametrised,
    guesses: &mut usize,
) -> Vec<Range<usize>> {
    let declared = content_type.octets("boundary").map(|boundary| boundary.trim_ascii_end().to_vec());
    if let Some(boundary) = declared.filter(|boundary| !boundary.is_empty()) {
        let found = between(bytes, content, &boundary);
        if !found.is_empty() {
            return found;
        }
    }
    *guesses += 1;
    if *guesses > MOST_GUESSES {
        return Vec::new();
    }
    used_boundary(bytes, content).map(|boundary| between(bytes, content, boundary)).unwrap_or_default()
}

/// What stands between the lines of this boundary. Parts behind the last one (`--boundary--`) are parts too where
/// another boundary begins them: a nested multipart may share its boundary with the outer one.
fn between(bytes: &[u8], content: &Range<usize>, boundary: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = None;
    for line in Lines::of(bytes, content.clone()) {
        let text = bytes.get(line.clone()).unwrap_or_default();
        let Some(rest) = text.strip_prefix(b"--").and_then(|text| text.strip_prefix(boundary)) else { continue };
        let rest = rest.trim_ascii_end();
        if !rest.is_empty() && rest != b"--" {
            continue;
        }
        if let Some(start) = start {
            found.push(start..without_line_end(bytes, start, line.start));
        }
        start = rest.is_empty().then_some(line.end);
    }
    // No end: the mail was cut off, or a server took the last line for a signature.
    found.extend(start.map(|start| start..content.end));
    found
}

/// The line end before a boundary belongs to it (RFC 2046 §5.1.1).
fn without_line_end(bytes: &[u8], start: usize, end: usize) -> usize {
    let part = bytes.get(start..end).unwrap_or_default();
    let part = part.strip_suffix(b"\n").unwrap_or(part);
    start + part.strip_suffix(b"\r").unwrap_or(part).len()
}

/// The boundary really used: the first line of dashes with a MIME field below.
fn used_boundary<'a>(bytes: &'a [u8], content: &Range<usize>) -> Option<&'a [u8]> {
    let mut lines = Lines::of(bytes, content.clone());
    let mut before = lines.next()?;
    for line in lines {
        let text = bytes.get(before.clone())?.trim_ascii_end();
        let next = bytes.get(line.clone())?;
        let is_field = next.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"content-"));
        if is_field && let Some(boundary) = text.strip_prefix(b"--").filter(|boundary| !boundary.is_empty()) {
            return Some(boundary);
        }
        before = line;
    }
    None
}

/// The lines of a stretch of octets, each with its end.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    end: usize,
}

impl<'a> Lines<'a> {
    fn of(bytes: &'a [u8], range: Range<usize>) -> Self {
        Self { bytes, at: range.start, end: range.end }
    }
}

impl Iterator for Lines<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let mut rest = self.bytes.get(self.at..self.end).filter(|rest| !rest.is_empty())?;
        // A slice never fails to be read.
        let length = rest.skip_until(b'\n').ok()?;
        let line = self.at..self.at + length;
        self.at = line.end;
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn contents(mail: &str) -> Vec<String> {
        let (sections, _) = sections(mail.as_bytes(), 100);
        let content = |section: Section| mail.get(section.content).unwrap().trim_end().to_owned();
        sections.into_iter().map(content).collect()
    }

    #[test]
    fn boundaries_as_programs_write_them() {
        for (declared, used, last) in [
            ("boundary=\"b\"", "--b", "--b--"),
            ("boundary=b", "--b  \t", "--b--"),
            ("boundary=\"b \"", "--b", "--b--"),
            ("boundary=\"b\"", "--b", ""),
            ("boundary=\"other\"", "--b", "--b--"),
            ("x=y", "------=_Part", ""),
            ("boundary=\"\"", "--b", "--b--"),
        ] {
            let mail = format!(
                "Content-Type: multipart/mixed; {declared}\r\n\r\npreamble\r\n{used}\r\nContent-Type: text/plain\r\n\r\none\r\n{used}\r\nContent-Type: text/plain\r\n\r\ntwo\r\n{last}\r\n"
            );
            assert_eq!(contents(&mail), ["one", "two"], "{declared} {used}");
        }
    }

    #[test]
    fn a_boundary_that_begins_like_another_is_another() {
        let mail = "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/related; boundary=bb\n\n--bb\n\none\n--bb--\n--b\n\ntwo\n--b--\n";
        assert_eq!(contents(mail), ["one", "two"]);
    }

    #[test]
    fn the_empty_line_below_the_header_may_be_missing() {
        assert_eq!(header_and_body(b"A: b\nQUJD\nREVG\n\nx"), (5, 5));
        assert_eq!(header_and_body(b"A: b\nstray\nC: d\n\nx"), (16, 17));
        assert_eq!(header_and_body(b"\nx"), (0, 1));
        assert_eq!(header_and_body(b"A: b"), (4, 4));
    }

    #[test]
    fn depth_and_number_are_bounded() {
        let nested: String = (0..40_000)
            .map(|level| format!("Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n"))
            .collect();
        assert!(sections(nested.as_bytes(), 100).1);
        let many = format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(1_000));
        let (found, left_out) = sections(many.as_bytes(), 100);
        assert_eq!((found.len(), left_out), (100, true));
    }

    proptest! {
        #[test]
        fn any_bytes_have_sections(mail in "(Content-Type: multipart/(mixed|digest); boundary=(a|b)\n|--(a|b)(--)?\n|\n|x|\r){0,40}") {
            let (sections, _) = sections(mail.as_bytes(), 10);
            prop_assert!(sections.len() <= 10);
            for section in sections {
                prop_assert!(mail.as_bytes().get(section.content).is_some());
            }
        }
    }
}
