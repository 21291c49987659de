//! Pulls typed values out of a TOML file and notes everything that is wrong, with its line, instead of stopping.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::{Component, Path, PathBuf};

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::file::{self, LARGEST_TEXT};
use super::mistakes::{Mistake, Notes, did_you_mean};

/// Broken places of a file, and unknown keys of a section, that are told: more says no more.
const MOST_TOLD: usize = 50;

/// One file's text, to turn places into lines.
struct Source {
    file: PathBuf,
    text: String,
    /// The syntax is broken: what seems to be missing may only be unreadable, and is not told.
    broken: bool,
}

impl Source {
    fn line(&self, place: usize) -> usize {
        self.text.bytes().take(place).filter(|byte| *byte == b'\n').count() + 1
    }
}

/// A table of the file. Remembers which keys were asked for; the others are mistakes.
pub(super) struct Section<'d> {
    source: &'d Source,
    notes: &'d Notes,
    /// `mailbox[1]`; empty for the file's top.
    path: String,
    line: usize,
    table: &'d DeTable<'d>,
    asked: RefCell<BTreeSet<&'static str>>,
}

/// Reads `file` and hands its top table to `read`. `None` where the file cannot be read at all, or `read` says so;
/// the reason is noted.
pub(super) fn read_document<T>(file: &Path, notes: &Notes, read: impl FnOnce(&Section<'_>) -> Option<T>) -> Option<T> {
    let text = match file::read(file, LARGEST_TEXT).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) => {
            notes.mistake(Mistake::of_file(file, "is not UTF-8; save it as UTF-8"));
            return None;
        }
        Err(wrong) => {
            notes.mistake(Mistake::of_file(file, wrong));
            return None;
        }
    };
    read_text(file, &text, notes, read)
}

/// The same for a text in hand; `file` is where mistakes are said to stand.
pub(super) fn read_text<T>(
    file: &Path,
    text: &str,
    notes: &Notes,
    read: impl FnOnce(&Section<'_>) -> Option<T>,
) -> Option<T> {
    // Windows editors put a byte order mark in front, which TOML does not know.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    let source = Source { file: file.to_path_buf(), text: text.to_owned(), broken: !errors.is_empty() };
    for error in errors.iter().take(MOST_TOLD) {
        let line = error.span().map(|span| source.line(span.start));
        let text = format!("is no valid TOML: {}", error.message().trim());
        notes.mistake(Mistake { file: file.to_path_buf(), line, key: None, text });
    }
    let section = Section {
        source: &source,
        notes,
        path: String::new(),
        line: 1,
        table: table.get_ref(),
        asked: RefCell::default(),
    };
    let value = read(&section);
    section.finish();
    value
}

impl<'d> Section<'d> {
    /// The file's folder: relative paths start there.
    pub(super) fn folder(&self) -> &Path {
        self.source.file.parent().unwrap_or(Path::new(""))
    }

    pub(super) fn file(&self) -> &Path {
        &self.source.file
    }

    /// `mailbox[1]`, or nothing at the file's top.
    pub(super) fn name(&self) -> &str {
        &self.path
    }

    /// Notes a mistake at `key`'s line, or the section's where the key is absent.
    pub(super) fn mistake(&self, key: &str, text: impl Into<String>) {
        self.notes.mistake(self.at(key, text));
    }

    /// Notes a mistake in one of the tables that [`Section::each`] read, by the line it stands on.
    pub(super) fn mistake_on(&self, line: usize, key: &str, text: impl Into<String>) {
        self.notes.mistake(Mistake { line: Some(line), ..self.at(key, text) });
    }

    /// The line this section begins on.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// Notes something that works and is probably not meant.
    pub(super) fn warning(&self, key: &str, text: impl Into<String>) {
        self.notes.warning(self.at(key, text));
    }

    fn at(&self, key: &str, text: impl Into<String>) -> Mistake {
        let place = self.table.iter().find(|(name, _)| name.get_ref() == key).map(|(name, _)| name.span().start);
        Mistake {
            file: self.source.file.clone(),
            line: Some(place.map_or(self.line, |place| self.source.line(place))),
            key: Some(self.named(key)),
            text: text.into(),
        }
    }

    fn named(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Notes that a key is missing; `like` shows how it is written.
    pub(super) fn missing(&self, key: &str, like: &str) {
        if !self.source.broken {
            self.mistake(key, format!("is missing; write {like}"));
        }
    }

    /// Whether the key is there at all. Counts as asking for it.
    pub(super) fn has(&self, key: &'static str) -> bool {
        self.value(key).is_some()
    }

    /// Lets keys stand that this reader has no use for.
    pub(super) fn ignore(&self, keys: &[&'static str]) {
        self.asked.borrow_mut().extend(keys);
    }

    fn value(&self, key: &'static str) -> Option<&'d Spanned<DeValue<'d>>> {
        self.asked.borrow_mut().insert(key);
        self.table.get(key)
    }

    /// Text that is not empty, trimmed.
    pub(super) fn text(&self, key: &'static str) -> Option<String> {
        match self.value(key)?.get_ref() {
            DeValue::String(text) if text.trim().is_empty() => {
                self.mistake(key, "is empty");
                None
            }
            DeValue::String(text) => match file::wrong_sign(text.trim()) {
                None => Some(text.trim().to_owned()),
                Some(wrong) => {
                    self.mistake(key, wrong);
                    None
                }
            },
            _ => {
                self.mistake(key, format!("must be text in quotes: {key} = \"…\""));
                None
            }
        }
    }

    /// Text that must be there; `like` is an example of the whole line.
    pub(super) fn need_text(&self, key: &'static str, like: &str) -> Option<String> {
        if !self.has(key) {
            self.missing(key, like);
        }
        self.text(key)
    }

    /// A list of texts, none of them empty; no list where the key is absent.
    pub(super) fn texts(&self, key: &'static str) -> Vec<String> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            self.mistake(key, format!("must be a list of texts: {key} = [\"…\", \"…\"]"));
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in items.iter() {
            match item.get_ref() {
                DeValue::String(text) if !text.trim().is_empty() => match file::wrong_sign(text.trim()) {
                    None => texts.push(text.trim().to_owned()),
                    Some(wrong) => self.mistake(key, wrong),
                },
                _ => self.mistake(key, "holds something other than a text in quotes that is not empty"),
            }
        }
        texts
    }

    /// A whole number within `range`.
    pub(super) fn number(&self, key: &'static str, range: RangeInclusive<i64>) -> Option<i64> {
        let value = self.value(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            self.mistake(key, format!("must be a whole number from {} to {}", range.start(), range.end()));
        }
        number
    }

    pub(super) fn boolean(&self, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        let found = value.get_ref().as_bool();
        if found.is_none() {
            self.mistake(key, "must be true or false, without quotes");
        }
        found
    }

    /// One of a few named things.
    pub(super) fn choice<T: Copy>(&self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let written = self.text(key)?;
        let found = choices.iter().find(|(name, _)| *name == written).map(|(_, value)| *value);
        if found.is_none() {
            let names: Vec<String> = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect();
            self.mistake(key, format!("\"{written}\" is not known; write {}", names.join(" or ")));
        }
        found
    }

    /// A path, relative to the file it stands in.
    pub(super) fn path(&self, key: &'static str) -> Option<PathBuf> {
        self.text(key).map(|path| without_detours(&self.folder().join(path)))
    }

    /// A date or time as it was written, with or without quotes.
    fn written_time(&self, key: &'static str) -> Option<String> {
        match self.value(key)?.get_ref() {
            DeValue::Datetime(moment) => Some(moment.to_string()),
            DeValue::String(text) => Some(text.trim().to_owned()),
            _ => Some(String::new()),
        }
    }

    /// A time of the day: `"09:00"`.
    pub(super) fn time(&self, key: &'static str) -> Option<NaiveTime> {
        let time = parse_time(&self.written_time(key)?);
        if time.is_none() {
            self.mistake(key, format!("must be a time of the day: {key} = \"09:00\""));
        }
        time
    }

    /// Times of the day: `["08:00", "16:00"]`.
    pub(super) fn times(&self, key: &'static str) -> Vec<NaiveTime> {
        let mut times = Vec::new();
        for text in self.texts(key) {
            match parse_time(&text) {
                Some(time) if times.contains(&time) => self.mistake(key, format!("names \"{text}\" twice")),
                Some(time) => times.push(time),
                None => self.mistake(key, format!("\"{text}\" is no time of the day; write it like \"09:00\"")),
            }
        }
        times.sort_unstable();
        times
    }

    /// A day: `2021-08-10`.
    pub(super) fn day(&self, key: &'static str) -> Option<NaiveDate> {
        let day = NaiveDate::parse_from_str(&self.written_time(key)?, "%Y-%m-%d").ok();
        if day.is_none() {
            self.mistake(key, format!("must be a day: {key} = 2021-08-10"));
        }
        day
    }

    /// A moment: a day (its first second), a local time, or a time with its offset.
    pub(super) fn moment(&self, key: &'static str, offset: FixedOffset) -> Option<DateTime<FixedOffset>> {
        let moment = parse_moment(&self.written_time(key)?, offset);
        if moment.is_none() {
            self.mistake(key, format!("must be a day or a moment: {key} = 2021-07-22 or 2021-07-22T08:30:00"));
        }
        moment
    }

    /// Whether the key holds a table rather than a single value.
    pub(super) fn is_table(&self, key: &'static str) -> bool {
        self.value(key).is_some_and(|value| matches!(value.get_ref(), DeValue::Table(_)))
    }

    /// The table under `key`, if it is there; its unknown keys are noted.
    pub(super) fn within<T>(&self, key: &'static str, read: impl FnOnce(&Section<'_>) -> Option<T>) -> Option<T> {
        let value = self.value(key)?;
        let DeValue::Table(table) = value.get_ref() else {
            self.mistake(key, format!("must be a section of its own: [{}]", self.named(key)));
            return None;
        };
        let section = self.below(self.named(key), value.span().start, table);
        let read = read(&section);
        section.finish();
        read
    }

    /// The tables of the list under `key`, in order; those that could not be understood are left out and noted.
    pub(super) fn each<T>(&self, key: &'static str, read: impl Fn(&Section<'_>) -> Option<T>) -> Vec<T> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            self.mistake(key, format!("must be written in double brackets: [[{}]]", self.named(key)));
            return Vec::new();
        };
        let mut found = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let name = format!("{}[{}]", self.named(key), index + 1);
            if let DeValue::Table(table) = item.get_ref() {
                let section = self.below(name, item.span().start, table);
                found.extend(read(&section));
                section.finish();
            } else {
                self.mistake(key, format!("must be written in double brackets: [[{}]]", self.named(key)));
            }
        }
        found
    }

    /// The names and texts of a free table, such as severities by code.
    pub(super) fn entries(&self) -> Vec<(String, Option<String>)> {
        let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
            let key: &std::borrow::Cow<'_, str> = key.get_ref();
            (key.to_string(), value.get_ref().as_str().map(str::to_owned))
        };
        self.table.iter().map(entry).collect()
    }

    fn below<'s>(&'s self, path: String, place: usize, table: &'s DeTable<'s>) -> Section<'s> {
        let line = self.source.line(place);
        Section { source: self.source, notes: self.notes, path, line, table, asked: RefCell::default() }
    }

    /// Notes the keys nobody asked for.
    fn finish(&self) {
        let asked = self.asked.borrow();
        #[cfg(test)]
        self.notes.asked(&self.path, &asked);
        let keys = self.table.keys().map(|key| key.get_ref().as_ref());
        for key in keys.filter(|key| !asked.contains(key) && !asked.contains("*")).take(MOST_TOLD) {
            self.mistake(key, format!("is no known key here{}", did_you_mean(key, asked.iter().copied())));
        }
    }
}

/// `09:00` or `09:00:30`; a colon as typed by a Chinese keyboard is taken too.
fn parse_time(text: &str) -> Option<NaiveTime> {
    let text = text.replace('：', ":");
    ["%H:%M", "%H:%M:%S"].iter().find_map(|shape| NaiveTime::parse_from_str(&text, shape).ok())
}

fn parse_moment(text: &str, offset: FixedOffset) -> Option<DateTime<FixedOffset>> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(moment.with_timezone(&offset));
    }
    let shapes = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
    let local = shapes.iter().find_map(|shape| NaiveDateTime::parse_from_str(text, shape).ok());
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(|day| day.and_time(NaiveTime::MIN));
    local.or_else(day)?.and_local_timezone(offset).single()
}

/// `config/../data` is `data`: paths are shown to people. Leading `..` stay.
fn without_detours(path: &Path) -> PathBuf {
    let mut short = PathBuf::new();
    for part in path.components() {
        let goes_back =
            part == Component::ParentDir && matches!(short.components().next_back(), Some(Component::Normal(_)));
        if goes_back {
            short.pop();
        } else {
            short.push(part);
        }
    }
    short
}
