//! `units.csv`: the units that owe a return. Refused whole where anything in it is wrong, with every mistake at once.

mod change;
mod oddities;
mod rows;
mod superiors;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::address::bare_address;
use super::file::{self, LARGEST_LIST};
use super::mistakes::{Mistake, Mistakes, Notes, did_you_mean};
use crate::model::unit::{Roster, Unit, UnitCode};

pub use change::{RosterChange, UnitDifference, roster_csv};
pub use rows::Line;

/// The columns, in the order the interface names them; the first three are compulsory.
const COLUMNS: [&str; 8] = ["code", "name", "group", "aliases", "emails", "phone", "contact", "superior"];
const COMPULSORY: [&str; 3] = ["code", "name", "group"];

/// What offices call the columns in their own lists.
const WORDS: [(&str, &[&str]); 8] = [
    ("code", &["代码", "编码", "单位代码", "单位编码", "编号", "单位编号", "行政区划代码", "区划代码"]),
    ("name", &["名称", "单位名称", "单位", "单位全称", "县(市、区)/单位名称", "报送单位"]),
    ("group", &["分组", "类别", "组别", "单位类别", "单位性质"]),
    ("aliases", &["别名", "简称", "单位简称", "曾用名", "别名/简称"]),
    ("emails", &["邮箱", "电子邮箱", "电子邮件", "邮件地址", "邮箱地址", "e-mail", "email"]),
    ("phone", &["电话", "联系电话", "办公电话", "手机", "手机号", "联系方式"]),
    ("contact", &["联系人", "联络员", "经办人", "联系人姓名"]),
    ("superior", &["上级", "上级单位", "主管单位", "主管部门"]),
];

/// Rows above the header that a list made for people may have: its title, its date.
const MOST_ROWS_ABOVE: usize = 10;

/// A province has some three thousand offices; each is held against each other.
const MOST_UNITS: usize = 10_000;

pub(super) fn read_roster(path: &Path, notes: &Notes) -> Option<Roster> {
    let bytes = file::read(path, LARGEST_LIST).map_err(|wrong| notes.mistake(Mistake::of_file(path, wrong))).ok()?;
    let file = path;
    let reading = Reading { file, notes };
    let rows = reading.rows(&bytes)?;
    let (header, rows) = rows.split_first().map_or((None, &[][..]), |(header, rows)| (Some(header), rows));
    let columns = reading.columns(header)?;
    reading.roster(&columns, rows, None)
}

/// The rows of a roster in a text file, as Excel saves one.
///
/// # Errors
/// What is wrong with it as a file.
pub fn roster_rows(file: &Path, bytes: &[u8]) -> Result<Vec<Line>, Mistakes> {
    let notes = Notes::default();
    let rows = Reading { file, notes: &notes }.rows(bytes);
    notes.settle(file, rows).map(|(rows, _)| rows)
}

/// Reads a list made for people: its header stands in one of the first rows, in an office's own words. A column that the
/// list lacks is taken from `present`, by code. The warnings come with the roster.
///
/// # Errors
/// Everything that is wrong with it.
pub fn import_roster(file: &Path, rows: &[Line], present: Option<&Roster>) -> Result<(Roster, Vec<Mistake>), Mistakes> {
    let notes = Notes::default();
    let reading = Reading { file, notes: &notes };
    let roster = match header_of(rows).and_then(|place| rows.split_at_checked(place)) {
        Some((_, [header, rows @ ..])) => {
            let columns = header.1.iter().map(|cell| column_of(cell)).collect();
            reading.check_columns(header.0, &columns, present).and_then(|()| reading.roster(&columns, rows, present))
        }
        Some((_, [])) | None => {
            let text = "no row names the columns 代码 and 单位名称; put the names of the columns above the units";
            notes.mistake(Mistake::of_file(file, text));
            None
        }
    };
    notes.settle(file, roster)
}

/// Whether these rows are a list of units.
#[must_use]
pub fn names_the_columns(rows: &[Line]) -> bool {
    header_of(rows).is_some()
}

fn header_of(rows: &[Line]) -> Option<usize> {
    rows.iter().take(MOST_ROWS_ABOVE).position(|(_, cells)| {
        let known: BTreeSet<&str> = cells.iter().filter_map(|cell| column_of(cell)).collect();
        known.contains("code") && known.contains("name")
    })
}

/// Which column a header means, whatever the office calls it.
fn column_of(header: &str) -> Option<&'static str> {
    let plain: String = plain(header).chars().filter(|sign| !matches!(sign, ':' | '：' | '*')).collect();
    WORDS.iter().find(|(column, words)| *column == plain || words.contains(&plain.as_str())).map(|(column, _)| *column)
}

type Columns = Vec<Option<&'static str>>;

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

    fn rows(&self, bytes: &[u8]) -> Option<Vec<Line>> {
        match rows::rows_of(bytes) {
            Ok((rows, wrong)) => {
                for wrong in wrong {
                    self.mistake(wrong.line.unwrap_or(1), "", wrong.text);
                }
                Some(rows)
            }
            Err(unreadable) => {
                self.notes.mistake(Mistake { line: unreadable.line, ..Mistake::of_file(self.file, unreadable.text) });
                None
            }
        }
    }

    /// The columns of `units.csv`, which are called as the interface calls them, or as offices do.
    fn columns(&self, header: Option<&Line>) -> Option<Columns> {
        let empty = (1, Vec::new());
        let (line, names) = header.unwrap_or(&empty);
        let mut columns = Columns::new();
        let mut seen = BTreeSet::new();
        for name in names {
            let column = column_of(name);
            match column {
                None if !name.is_empty() => {
                    self.mistake(*line, name, format!("is no known column{}", did_you_mean(name, COLUMNS)));
                }
                Some(column) if !seen.insert(column) => self.mistake(*line, name, "stands twice in the first line"),
                Some(_) | None => {}
            }
            columns.push(column);
        }
        let absent: Vec<&str> = COMPULSORY.into_iter().filter(|name| !seen.contains(name)).collect();
        if absent.is_empty() {
            return Some(columns);
        }
        let text = format!("lacks {}; the first line must be {}", absent.join(", "), COLUMNS.join(","));
        self.mistake(*line, "", text);
        None
    }

    /// Whether an imported list has what a roster needs; columns it does not know are no harm.
    fn check_columns(&self, line: usize, columns: &Columns, present: Option<&Roster>) -> Option<()> {
        let known: Vec<&str> = columns.iter().flatten().copied().collect();
        let different: BTreeSet<&str> = known.iter().copied().collect();
        if different.len() < known.len() {
            self.mistake(line, "", "two columns mean the same; leave one of them out");
            return None;
        }
        if !different.contains("group") && present.is_none() {
            self.mistake(line, "", "lacks a column 分组 (or 类别)");
            return None;
        }
        Some(())
    }

    fn roster(&self, columns: &Columns, rows: &[Line], present: Option<&Roster>) -> Option<Roster> {
        if rows.len() > MOST_UNITS {
            let text = format!("names {} units; more than {MOST_UNITS} are not taken", rows.len());
            self.notes.mistake(Mistake::of_file(self.file, text));
            return None;
        }
        let units: Vec<(usize, Unit)> =
            rows.iter().filter_map(|(line, cells)| Some((*line, self.unit(*line, columns, cells, present)?))).collect();
        if units.is_empty() {
            let text = "names no unit; write one line for each unit that owes a return";
            self.notes.mistake(Mistake::of_file(self.file, text));
            return None;
        }
        self.check_names(&units);
        self.check_superiors(&units);
        let units: Vec<Unit> = units.into_iter().map(|(_, unit)| unit).collect();
        for (column, text) in oddities::oddities(&units) {
            self.notes.warning(Mistake { key: Some(column.into()), ..Mistake::of_file(self.file, text) });
        }
        Some(Roster::new(units))
    }

    fn unit(&self, line: usize, columns: &Columns, cells: &[String], present: Option<&Roster>) -> Option<Unit> {
        if cells.iter().skip(columns.len()).any(|field| !field.is_empty()) {
            let text = format!(
                "has more fields ({}) than the first line ({}); put a text that holds a comma in quotes, and separate addresses by ;",
                cells.len(),
                columns.len()
            );
            self.mistake(line, "", text);
        }
        self.check_signs(line, columns, cells);
        let place = |name: &str| columns.iter().position(|column| *column == Some(name));
        let field = |name: &str| place(name).and_then(|index| cells.get(index)).map(String::as_str).unwrap_or_default();
        let known = present.and_then(|roster| roster.unit(&UnitCode::new(field("code"))));
        let needed = |name: &str| {
            let text = field(name);
            if text.is_empty() {
                self.mistake(line, name, "is empty");
            }
            (!text.is_empty()).then(|| text.to_owned())
        };
        let (code, name) = (needed("code"), needed("name"));
        let group = match (place("group"), known) {
            (None, Some(known)) => Some(known.group.clone()),
            (_, _) => needed("group"),
        };
        let fits = |sign: char| sign.is_alphanumeric() || sign == '-' || sign == '_';
        if let Some(code) = code.as_deref().filter(|code| code.chars().count() > 32 || !code.chars().all(fits)) {
            self.mistake(line, "code", format!("\"{code}\" must be a short word of letters, digits, - and _"));
        }
        // What the list has no column for stays as it was.
        let kept = |name: &str| known.filter(|_| place(name).is_none());
        let optional = |name: &str| Some(field(name)).filter(|text| !text.is_empty()).map(str::to_owned);
        Some(Unit {
            code: UnitCode::new(&code?),
            name: name?,
            group: group?,
            aliases: kept("aliases")
                .map_or_else(|| split(field("aliases")).map(str::to_owned).collect(), |known| known.aliases.clone()),
            emails: kept("emails").map_or_else(|| self.emails(line, field("emails")), |known| known.emails.clone()),
            phone: kept("phone").map_or_else(|| optional("phone"), |known| known.phone.clone()),
            contact: kept("contact").map_or_else(|| optional("contact"), |known| known.contact.clone()),
            superior: kept("superior")
                .map_or_else(|| self.superior(line, field("superior")), |known| known.superior.clone()),
        })
    }

    /// What is shown to people, stands in letters, and is written back as a list that Excel opens.
    fn check_signs(&self, line: usize, columns: &Columns, cells: &[String]) {
        for (column, cell) in columns.iter().zip(cells).filter_map(|(column, cell)| Some(((*column)?, cell))) {
            let parts: Vec<&str> =
                if ["aliases", "emails"].contains(&column) { split(cell).collect() } else { vec![cell.as_str()] };
            if let Some(wrong) = parts.iter().find_map(|part| file::wrong_sign(part)) {
                self.mistake(line, column, wrong);
            }
            if parts.iter().any(|part| file::is_formula(part)) {
                self.mistake(line, column, "begins like a formula, which Excel would work out; leave that sign out");
            }
        }
    }

    fn emails(&self, line: usize, list: &str) -> Vec<String> {
        let mut emails: Vec<String> = Vec::new();
        for written in split(list) {
            match bare_address(written) {
                Ok(address) if emails.contains(&address) => {
                    self.notes.warning(self.at(line, "emails", format!("names {address} twice")));
                }
                Ok(address) => emails.push(address),
                Err(wrong) => self.mistake(line, "emails", wrong),
            }
        }
        emails
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
                let name = plain(wording);
                match names.get(&name) {
                    Some((first, other)) if first == line && other.code == unit.code => {
                        self.notes.warning(self.at(*line, column, format!("\"{wording}\" is written twice")));
                    }
                    Some((first, other)) => {
                        let text = format!("\"{wording}\" already means \"{}\" (line {first})", other.name);
                        self.mistake(*line, column, text);
                    }
                    None => {
                        names.insert(name, (*line, unit));
                    }
                }
            }
        }
    }
}

/// The parts of a list, separated by `;` or `；`, or by lines within a cell.
fn split(list: &str) -> impl Iterator<Item = &str> {
    list.split([';', '；', '\n']).map(str::trim).filter(|part| !part.is_empty())
}

/// A name as compared: blank space and the width of brackets make no other unit.
fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for sign in name.chars().filter(|sign| !sign.is_whitespace()) {
        match sign {
            '（' => plain.push('('),
            '）' => plain.push(')'),
            sign => plain.extend(sign.to_lowercase()),
        }
    }
    plain
}
