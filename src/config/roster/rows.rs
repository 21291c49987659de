//! A roster's bytes to rows of cells: UTF-8, UTF-16 or GBK, parted by commas, semicolons or tabs, as Excel writes them.

use encoding_rs::{GB18030, UTF_16BE, UTF_16LE};

/// A row with the line of the file, or of the sheet, it stands on.
pub type Line = (usize, Vec<String>);

/// What is wrong with a file of which no rows can be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub line: Option<usize>,
    pub text: String,
}

/// The rows, empty ones left out, cells trimmed; with them the lines that are no valid CSV.
pub(super) fn rows_of(bytes: &[u8]) -> Result<(Vec<Line>, Vec<Unreadable>), Unreadable> {
    let Some(text) = decode(bytes) else {
        return Err(Unreadable { line: None, text: "is neither UTF-8 nor GBK; save it as \"CSV UTF-8\"".to_owned() });
    };
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .has_headers(false)
        .delimiter(delimiter(&text))
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    let mut lines = Lines { text: &text, byte: 0, line: 1 };
    for record in reader.records() {
        match record {
            Ok(record) if record.iter().all(str::is_empty) => {}
            Ok(record) => rows.push((lines.at(record.position()), record.iter().map(str::to_owned).collect())),
            Err(error) => {
                let text = format!("is no valid CSV: {error}");
                wrong.push(Unreadable { line: Some(lines.at(error.position())), text });
            }
        }
    }
    Ok((rows, wrong))
}

/// UTF-8 with or without a byte order mark, UTF-16 with one (Excel's "Unicode text"), else GBK. Some short GBK texts are
/// valid UTF-8 by chance: where UTF-8 gives no Chinese character at all and GBK does, it is GBK.
fn decode(bytes: &[u8]) -> Option<String> {
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return std::str::from_utf8(rest).ok().map(str::to_owned);
    }
    for (mark, encoding) in [(b"\xff\xfe", UTF_16LE), (b"\xfe\xff", UTF_16BE)] {
        if let Some(rest) = bytes.strip_prefix(mark) {
            return encoding
                .decode_without_bom_handling_and_without_replacement(rest)
                .map(std::borrow::Cow::into_owned);
        }
    }
    let has_han = |text: &str| text.chars().any(|sign| ('\u{4e00}'..='\u{9fff}').contains(&sign));
    let utf8 = std::str::from_utf8(bytes).ok();
    if let Some(text) = utf8.filter(|text| text.is_ascii() || has_han(text)) {
        return Some(text.to_owned());
    }
    let gbk = GB18030.decode_without_bom_handling_and_without_replacement(bytes);
    match (utf8, gbk) {
        (_, Some(text)) if has_han(&text) => Some(text.into_owned()),
        (Some(text), _) => Some(text.to_owned()),
        (None, text) => text.map(std::borrow::Cow::into_owned),
    }
}

/// The lines of a text, counted once from its beginning to its end: the reader tells octets alone.
struct Lines<'t> {
    text: &'t str,
    /// How far it is counted, and which line that is.
    byte: usize,
    line: usize,
}

impl Lines<'_> {
    /// The line that begins at this place, or behind the ends of lines that stand there: the csv reader has not passed
    /// the second half of Excel's CR LF when it says where a record begins. Places are asked for in their order.
    fn at(&mut self, place: Option<&csv::Position>) -> usize {
        let Some(byte) = place.and_then(|place| usize::try_from(place.byte()).ok()) else { return 1 };
        let ends = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count();
        let bytes = self.text.as_bytes();
        self.line += ends(bytes.get(self.byte..byte).unwrap_or_default());
        self.byte = byte.max(self.byte);
        let rest = bytes.get(self.byte..).unwrap_or_default();
        let blank = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.line + ends(rest.get(..blank).unwrap_or_default())
    }
}

/// What parts the names of the columns in the first line; lists inside a cell hold `;` too, but no column is called so.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |sign: u8| first.bytes().filter(|byte| *byte == sign).count();
    [b',', b';', b'\t']
        .into_iter()
        .rev()
        .max_by_key(|sign| count(*sign))
        .filter(|sign| count(*sign) > 0)
        .unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_export_of_excel_gives_the_same_rows() {
        let cells = ["code\tname\tgroup\temails", "A1\t岢岚县\t县市区\ta@x.example"];
        let tabs = format!("{}\r\n", cells.join("\r\n"));
        let expected = rows_of(tabs.as_bytes()).unwrap().0;
        assert_eq!(expected[1], (2, ["A1", "岢岚县", "县市区", "a@x.example"].map(str::to_owned).to_vec()));
        let semicolons = tabs.replace('\t', ";");
        let unicode: Vec<u8> = [0xfffe]
            .into_iter()
            .chain(tabs.encode_utf16().flat_map(|unit| unit.to_le_bytes().map(u16::from)))
            .flat_map(|unit: u16| if unit == 0xfffe { vec![0xff, 0xfe] } else { vec![u8::try_from(unit).unwrap()] })
            .collect();
        for bytes in [semicolons.as_bytes(), &GB18030.encode(&semicolons).0, &GB18030.encode(&tabs).0, &unicode] {
            assert_eq!(rows_of(bytes).unwrap().0, expected);
        }
        let quoted = "code;name;aliases\nA1;岢岚县;\"岢岚;岢岚双拥办\"\n";
        assert_eq!(rows_of(quoted.as_bytes()).unwrap().0[1].1[2], "岢岚;岢岚双拥办");
    }
}
