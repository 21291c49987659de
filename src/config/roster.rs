//! `units.csv`: the units that owe a return, as UTF-8 or as Excel writes it on a Chinese desk (GBK).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use encoding_rs::GB18030;

use super::address::{bare_address, named_address};
use super::mistakes::{Mistake, Notes, did_you_mean};
use crate::model::mail::Address;
use crate::model::unit::{Roster, Superior, Unit, UnitCode};

/// The columns, in the order the interface names them; the first three are compulsory.
const COLUMNS: [&str; 8] = ["code", "name", "group", "aliases", "emails", "phone", "contact", "superior"];
const COMPULSORY: [&str; 3] = ["code", "name", "group"];

pub(super) fn read_roster(file: &Path, notes: &Notes) -> Option<Roster> {
    let bytes = std::fs::read(file)
        .map_err(|error| notes.mistake(Mistake::of_file(file, format!("cannot be read: {error}"))))
        .ok()?;
    let Some(text) = decode(&bytes) else {
        notes.mistake(Mistake::of_file(file, "is neither UTF-8 nor GBK; save it as \"CSV UTF-8\""));
        return None;
    };
    let reading = Reading { file, notes };
    let units = reading.units(&text)?;
    if units.is_empty() {
        notes.mistake(Mistake::of_file(file, "names no unit; write one line for each unit that owes a return"));
        return None;
    }
    reading.check_names(&units);
    reading.check_addresses(&units);
    reading.check_superiors(&units);
    Some(Roster::new(units.into_iter().map(|(_, unit)| unit).collect()))
}

/// UTF-8 with or without a byte order mark, else GBK. Some short GBK texts are valid UTF-8 by chance: where UTF-8
/// gives no Chinese character at all and GBK does, it is GBK.
fn decode(bytes: &[u8]) -> Option<String> {
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return std::str::from_utf8(rest).ok().map(str::to_owned);
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

struct Reading<'a> {
    file: &'a Path,
    notes: &'a Notes,
}

impl Reading<'_> {
    fn at(&self, line: usize, column: &str, text: impl Into<String>) -> Mistake {
        Mistake {
            file: self.file.to_path_buf(),
            line: Some(line),
            key: (!column.is_empty()).then(|| column.to_owned()),
            text: text.into(),
        }
    }

    fn mistake(&self, line: usize, column: &str, text: impl Into<String>) {
        self.notes.mistake(self.at(line, column, text));
    }

    /// Each unit with the line it stands on.
    fn units(&self, text: &str) -> Option<Vec<(usize, Unit)>> {
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .has_headers(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let header = match reader.headers() {
            Ok(header) => header.clone(),
            Err(error) => {
                self.mistake(1, "", format!("is no valid CSV: {error}"));
                return None;
            }
        };
        self.check_header(&header)?;
        let mut units = Vec::new();
        for record in reader.records() {
            match record {
                Ok(record) if record.iter().all(str::is_empty) => {}
                Ok(record) => {
                    let line = record.position().map_or(1, |place| usize::try_from(place.line()).unwrap_or(1));
                    units.extend(self.unit(line, &header, &record).map(|unit| (line, unit)));
                }
                Err(error) => {
                    let line = error.position().map_or(1, |place| usize::try_from(place.line()).unwrap_or(1));
                    self.mistake(line, "", format!("is no valid CSV: {error}"));
                }
            }
        }
        Some(units)
    }

    fn check_header(&self, header: &csv::StringRecord) -> Option<()> {
        let mut seen = BTreeSet::new();
        for name in header.iter().filter(|name| !name.is_empty()) {
            if !COLUMNS.contains(&name) {
                self.mistake(1, name, format!("is no known column{}", did_you_mean(name, COLUMNS)));
            } else if !seen.insert(name) {
                self.mistake(1, name, "stands twice in the first line");
            }
        }
        let absent: Vec<&str> = COMPULSORY.into_iter().filter(|name| !seen.contains(name)).collect();
        if absent.is_empty() {
            return Some(());
        }
        let text = format!("lacks {}; the first line must be {}", absent.join(", "), COLUMNS.join(","));
        self.mistake(1, "", text);
        None
    }

    fn unit(&self, line: usize, header: &csv::StringRecord, record: &csv::StringRecord) -> Option<Unit> {
        if record.iter().skip(header.len()).any(|field| !field.is_empty()) {
            let text = format!(
                "has more fields ({}) than the first line ({}); put a text that holds a comma in quotes, and separate addresses by ;",
                record.len(),
                header.len()
            );
            self.mistake(line, "", text);
        }
        let field = |name: &str| {
            header.iter().position(|column| column == name).and_then(|index| record.get(index)).unwrap_or_default()
        };
        let needed = |name: &str| {
            let text = field(name);
            if text.is_empty() {
                self.mistake(line, name, "is empty");
            }
            (!text.is_empty()).then(|| text.to_owned())
        };
        let (code, name, group) = (needed("code"), needed("name"), needed("group"));
        let fits = |sign: char| sign.is_alphanumeric() || sign == '-' || sign == '_';
        if let Some(code) = code.as_deref().filter(|code| code.chars().count() > 32 || !code.chars().all(fits)) {
            self.mistake(line, "code", format!("\"{code}\" must be a short word of letters, digits, - and _"));
        }
        let mut emails: Vec<String> = Vec::new();
        for written in split(field("emails")) {
            match bare_address(written) {
                Ok(address) if emails.contains(&address) => {
                    self.notes.warning(self.at(line, "emails", format!("names {address} twice")));
                }
                Ok(address) => emails.push(address),
                Err(wrong) => self.mistake(line, "emails", wrong),
            }
        }
        let optional = |name: &str| Some(field(name)).filter(|text| !text.is_empty()).map(str::to_owned);
        Some(Unit {
            code: UnitCode::new(&code?),
            name: name?,
            group: group?,
            aliases: split(field("aliases")).map(str::to_owned).collect(),
            emails,
            phone: optional("phone"),
            contact: optional("contact"),
            superior: self.superior(line, field("superior")),
        })
    }

    /// Another unit's code, or an address: `S01`, `office@county.example`, `县政府办 <office@county.example>`.
    fn superior(&self, line: usize, written: &str) -> Option<Superior> {
        if written.is_empty() {
            return None;
        }
        if !written.contains('@') {
            return Some(Superior::Unit(UnitCode::new(written)));
        }
        match named_address(written) {
            Ok(Address { name, address }) => Some(Superior::Address { name, address }),
            Err(wrong) => {
                self.mistake(line, "superior", wrong);
                None
            }
        }
    }

    /// A superior that is a unit stands on the roster, is another unit, and can be written to.
    fn check_superiors(&self, units: &[(usize, Unit)]) {
        for (line, unit) in units {
            let Some(Superior::Unit(code)) = &unit.superior else { continue };
            match units.iter().find(|(_, other)| &other.code == code) {
                _ if code == &unit.code => self.mistake(*line, "superior", "is the unit itself"),
                None => self.mistake(
                    *line,
                    "superior",
                    format!("\"{code}\" is no unit's code; write a code of this file, or an address"),
                ),
                Some((_, other)) if other.emails.is_empty() => {
                    let text = format!("{} ({code}) has no address, so it is told nothing", other.name);
                    self.notes.warning(self.at(*line, "superior", text));
                }
                Some(_) => {}
            }
        }
    }

    /// Codes, names and aliases each mean one unit.
    fn check_names(&self, units: &[(usize, Unit)]) {
        let mut codes: BTreeMap<String, usize> = BTreeMap::new();
        let mut names: BTreeMap<String, (usize, &Unit)> = BTreeMap::new();
        for (line, unit) in units {
            // Codes are typed on the command line: s01 and S01 must not be two units.
            if let Some(first) = codes.insert(unit.code.as_str().to_lowercase(), *line) {
                self.mistake(*line, "code", format!("\"{}\" stands on line {first} already", unit.code));
            }
            let wordings =
                [("name", &unit.name)].into_iter().chain(unit.aliases.iter().map(|alias| ("aliases", alias)));
            for (column, wording) in wordings {
                match names.get(&plain(wording)) {
                    Some((first, other)) if first == line && other.code == unit.code => {
                        self.notes.warning(self.at(*line, column, format!("\"{wording}\" is written twice")));
                    }
                    Some((first, other)) => {
                        let text = format!("\"{wording}\" already means \"{}\" (line {first})", other.name);
                        self.mistake(*line, column, text);
                    }
                    None => {
                        names.insert(plain(wording), (*line, unit));
                    }
                }
            }
        }
    }

    /// Nothing here is wrong, but the office should know whom no reminder reaches, and who cannot be told apart.
    fn check_addresses(&self, units: &[(usize, Unit)]) {
        let mut owners: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (_, unit) in units {
            for address in &unit.emails {
                owners.entry(address).or_default().push(&unit.name);
            }
        }
        for (address, owners) in owners.iter().filter(|(_, owners)| owners.len() > 1) {
            let text = format!("{address} is shared by {}; it alone will not tell whose a mail is", owners.join("、"));
            self.notes.warning(Mistake { key: Some("emails".into()), ..Mistake::of_file(self.file, text) });
        }
        let silent: Vec<&str> =
            units.iter().filter(|(_, unit)| unit.emails.is_empty()).map(|(_, unit)| unit.code.as_str()).collect();
        if !silent.is_empty() {
            let text = format!("no address, so no reminder, for {}", silent.join(", "));
            self.notes.warning(Mistake { key: Some("emails".into()), ..Mistake::of_file(self.file, text) });
        }
    }
}

/// The parts of a list, separated by `;` or `；`.
fn split(list: &str) -> impl Iterator<Item = &str> {
    list.split([';', '；']).map(str::trim).filter(|part| !part.is_empty())
}

/// A name as compared: blank space and the width of brackets make no other unit.
fn plain(name: &str) -> String {
    let name: String = name.chars().filter(|sign| !sign.is_whitespace()).collect();
    name.replace('（', "(").replace('）', ")").to_lowercase()
}
