//! `[[reminders]]`: when the units still missing are reminded, and who else is told.

use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime};

use super::address::bare_address;
use super::toml_reader::Section;
use crate::model::calendar::WorkCalendar;
use crate::model::campaign::ReminderStage;

/// Whom a stage writes to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whom {
    Unit,
    Superior,
}

pub(super) fn read_reminders(section: &Section<'_>) -> Vec<ReminderStage> {
    let mut stages = section.each("reminders", read_stage);
    stages.sort_by_key(|stage| (stage.days, stage.time));
    let different: BTreeSet<i64> = stages.iter().map(|stage| stage.days).collect();
    if different.len() < stages.len() {
        section.mistake("reminders", "has two reminders on the same day; a unit gets one a day");
    }
    stages
}

fn read_stage(stage: &Section<'_>) -> Option<ReminderStage> {
    if !stage.has("days") {
        stage.missing("days", "days = -7 (a week before the day of the deadline)");
    }
    if !stage.has("time") {
        stage.missing("time", "time = \"09:00\"");
    }
    let (days, time) = (stage.number("days", -365..=365), stage.time("time"));
    let whom = read_whom(stage);
    let mut copy_to: Vec<String> = Vec::new();
    for written in stage.texts("copy_to") {
        match bare_address(&written) {
            Ok(address) if copy_to.contains(&address) => {}
            Ok(address) => copy_to.push(address),
            Err(wrong) => stage.mistake("copy_to", wrong),
        }
    }
    Some(ReminderStage {
        days: days?,
        time: time?,
        working_days: stage.boolean("working_days").unwrap_or(false),
        also_on_holidays: stage.boolean("also_on_holidays").unwrap_or(false),
        to_unit: whom.contains(&Whom::Unit),
        to_superior: whom.contains(&Whom::Superior),
        copy_to,
    })
}

fn read_whom(stage: &Section<'_>) -> Vec<Whom> {
    if !stage.has("to") {
        return vec![Whom::Unit];
    }
    let mut whom = Vec::new();
    for word in stage.texts("to") {
        match word.as_str() {
            "unit" => whom.push(Whom::Unit),
            "superior" => whom.push(Whom::Superior),
            other => stage.mistake("to", format!("\"{other}\" is not known; write \"unit\" or \"superior\"")),
        }
    }
    if whom.is_empty() {
        stage.mistake("to", "names nobody; write to = [\"unit\"], or leave the line out");
    }
    whom
}

/// What the stages are held against.
pub(super) struct Times<'a> {
    pub opens: DateTime<FixedOffset>,
    pub deadline: DateTime<FixedOffset>,
    pub hours: Option<(NaiveTime, NaiveTime)>,
    pub last_digest: NaiveDate,
    pub calendar: &'a WorkCalendar,
}

/// Whether the stages fit the campaign's times, and the calendar reaches far enough.
pub(super) fn check_stages(section: &Section<'_>, times: &Times<'_>, stages: &[ReminderStage]) {
    let (opens, deadline) = (times.opens.date_naive(), times.deadline.date_naive());
    let mut days = vec![opens, deadline];
    for stage in stages {
        let name = stage.name();
        if let Some((from, to)) = times.hours.filter(|(from, to)| stage.time < *from || stage.time >= *to) {
            let text =
                format!("stage {name} at {} is outside the office hours {from}–{to} and waits for them", stage.time);
            section.warning("reminders", text);
        }
        let Some(day) = stage.day(deadline, times.calendar) else { continue };
        days.push(day);
        if day < opens {
            section.warning("reminders", format!("stage {name} falls on {day}, before the campaign opens"));
        }
    }
    let unknown = times.calendar.unknown_years(days.into_iter());
    if !unknown.is_empty() && !stages.is_empty() {
        let years: Vec<String> = unknown.iter().map(i32::to_string).collect();
        let text = format!(
            "the days off of {} are not known, so Monday to Friday are taken for worked; add the State Council's notice \
             to holidays.toml and name that file in mailtally.toml (holidays = \"holidays.toml\")",
            years.join(", ")
        );
        section.warning("reminders", text);
    }
}
