//! `holidays.toml`: the days off and the weekends worked instead, year by year.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::{Datelike, NaiveDate, Weekday};

use super::mistakes::Notes;
use super::toml_reader::{Section, read_document, read_text};
use crate::model::calendar::WorkCalendar;

/// The years known when the program was built.
const SHIPPED: &str = include_str!("../../config/holidays.toml");
/// No notice gives more days in one go.
const LONGEST: i64 = 31;

/// The years of the office's own file.
pub(super) fn read_holidays(file: &Path, notes: &Notes) -> Option<WorkCalendar> {
    read_document(file, notes, |section| Some(read_years(section)))
}

/// The years that come with the program.
pub(super) fn shipped(notes: &Notes) -> WorkCalendar {
    read_text(Path::new("config/holidays.toml"), SHIPPED, notes, |section| Some(read_years(section)))
        .unwrap_or_default()
}

fn read_years(section: &Section<'_>) -> WorkCalendar {
    let years = section.each("years", read_year);
    if !section.has("years") {
        section.missing("years", "[[years]] with year, holidays and worked");
    }
    let mut calendar = WorkCalendar::default();
    for (year, holidays, worked) in years {
        if !calendar.years.insert(year) {
            section.mistake("years", format!("names the year {year} twice"));
        }
        calendar.holidays.extend(holidays);
        calendar.worked.extend(worked);
    }
    calendar
}

fn read_year(section: &Section<'_>) -> Option<(i32, BTreeSet<NaiveDate>, BTreeSet<NaiveDate>)> {
    // Whose words they are; for people alone.
    section.ignore(&["notice"]);
    for (key, like) in [("year", "year = 2027"), ("holidays", "holidays = [\"2027-01-01/2027-01-03\"]")] {
        if !section.has(key) {
            section.missing(key, like);
        }
    }
    let year = section.number("year", 1990..=2200).and_then(|year| i32::try_from(year).ok());
    let mut days = [BTreeSet::new(), BTreeSet::new()];
    for (key, days) in ["holidays", "worked"].into_iter().zip(&mut days) {
        for text in section.texts(key) {
            match interval(&text) {
                Some(found) => days.extend(found),
                None => {
                    let text = format!("\"{text}\" is no day; write 2027-01-01, or 2027-01-01/2027-01-03 for several");
                    section.mistake(key, text);
                }
            }
        }
    }
    let [holidays, worked] = days;
    let year = year?;
    // New Year's days off may begin in December.
    let strange = |day: &&NaiveDate| day.year() != year && !(day.year() == year - 1 && day.month() == 12);
    for (key, days) in [("holidays", &holidays), ("worked", &worked)] {
        if let Some(day) = days.iter().find(strange) {
            section.mistake(key, format!("{day} is not in {year}"));
        }
    }
    if let Some(day) = holidays.intersection(&worked).next() {
        section.mistake("worked", format!("{day} stands among the holidays as well"));
    }
    if let Some(day) = worked.iter().find(|day| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun)) {
        section.mistake("worked", format!("{day} is neither a Saturday nor a Sunday"));
    }
    Some((year, holidays, worked))
}

/// `2021-10-01/2021-10-07`, or a single day.
fn interval(text: &str) -> Option<Vec<NaiveDate>> {
    let (first, last) = text.split_once('/').unwrap_or((text, text));
    let (first, last) = (first.trim().parse::<NaiveDate>().ok()?, last.trim().parse::<NaiveDate>().ok()?);
    (first <= last && (last - first).num_days() < LONGEST)
        .then(|| first.iter_days().take_while(|day| *day <= last).collect())
}
