//! One collection: who asks, of whom, for what, until when, in which words.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, TimeDelta};

use super::calendar::WorkCalendar;
use super::form::Form;
use super::letter::LetterKind;
use super::returns::Item;
use super::unit::Roster;

/// A campaign, as its folder describes it; valid in itself.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// The folder's name, such as `2021-bayi`.
    pub id: String,
    /// The title shown in letters and digests.
    pub title: String,
    /// 文号 of the notice: `吕拥办发〔2021〕3号`.
    pub notice_number: String,
    /// Title of the notice, to know it when it is sent back.
    pub notice_title: String,
    /// The office that asks; letters are signed by it.
    pub office: String,
    pub contact: Contact,
    /// Mail that arrived before is recorded and never answered.
    pub opens: DateTime<FixedOffset>,
    /// The last moment that is in time.
    pub deadline: DateTime<FixedOffset>,
    /// Year that completes dates written without one.
    pub year: i32,
    /// In the order they are told.
    pub items: Vec<ItemDue>,
    pub reminders: Vec<ReminderStage>,
    /// Letters to units that nobody asked for go out only between these times of the day.
    pub office_hours: (NaiveTime, NaiveTime),
    /// The days on which they go out.
    pub calendar: Arc<WorkCalendar>,
    /// Times of the day at which the digest is due.
    pub digest_times: Vec<NaiveTime>,
    /// The last day with a digest.
    pub last_digest: NaiveDate,
    /// When the final report is due, if there is one.
    pub final_report: Option<FinalReport>,
    pub form: Form,
    pub reports: ReportRules,
    pub roster: Roster,
    pub templates: Templates,
}

/// Whom units may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    pub phone: String,
    pub email: String,
}

/// One thing every unit owes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemDue {
    pub item: Item,
    /// As units call it: 统计表, 专题报告.
    pub title: String,
}

/// When the units still missing are reminded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReminderStage {
    /// Days from the day of the deadline: −7 is a week before, 1 the day after.
    pub days: i64,
    pub time: NaiveTime,
    /// Only days that are worked are counted.
    pub working_days: bool,
    /// Goes out on its day even where that is not worked.
    pub also_on_holidays: bool,
    /// The unit itself gets it.
    pub to_unit: bool,
    /// The unit's superior is told which of its units owe what.
    pub to_superior: bool,
    /// Bare addresses that are told of all units reminded.
    pub copy_to: Vec<String>,
}

impl ReminderStage {
    /// A stage as most are: to the unit alone, on a worked day.
    #[must_use]
    pub fn usual(days: i64, time: NaiveTime) -> Self {
        Self {
            days,
            time,
            working_days: false,
            also_on_holidays: false,
            to_unit: true,
            to_superior: false,
            copy_to: Vec::new(),
        }
    }

    /// The day the stage falls on: on a day off it moves to the last worked day before, after the deadline to the next one.
    #[must_use]
    pub fn day(&self, deadline_day: NaiveDate, calendar: &WorkCalendar) -> Option<NaiveDate> {
        if self.working_days && self.days != 0 {
            return calendar.away(deadline_day, self.days);
        }
        let day = deadline_day.checked_add_signed(TimeDelta::try_days(self.days)?)?;
        match self.days {
            _ if self.also_on_holidays => Some(day),
            1.. => calendar.worked_from(day),
            _ => calendar.worked_until(day),
        }
    }

    /// The stage's name in letter keys: `-7`, `0`, `+1`.
    #[must_use]
    pub fn name(&self) -> String {
        if self.days > 0 { format!("+{}", self.days) } else { self.days.to_string() }
    }
}

/// When the final report (终报) goes out: once, after the deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FinalReport {
    /// Days from the day of the deadline; a day that is not worked moves to the next one that is.
    pub days_after: i64,
    pub time: NaiveTime,
}

impl FinalReport {
    /// The moment it is due, in the time zone of the deadline.
    #[must_use]
    pub fn moment(&self, deadline: DateTime<FixedOffset>, calendar: &WorkCalendar) -> Option<DateTime<FixedOffset>> {
        let day = deadline.date_naive().checked_add_signed(TimeDelta::try_days(self.days_after)?)?;
        calendar.worked_from(day)?.and_time(self.time).and_local_timezone(*deadline.offset()).single()
    }
}

/// How reports are recognised and what is done with scans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportRules {
    /// A text that holds enough of these is a report: 慰问, 双拥, 八一, ….
    pub words: Vec<String>,
    pub scans: ScanPolicy,
}

/// What becomes of a report that is only a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanPolicy {
    /// Taken as filed; nobody can read it by machine, and it is said so.
    Accept,
    /// Laid before a person.
    Review,
}

/// The sources of the letters, by kind.
#[derive(Clone, Debug, Default)]
pub struct Templates {
    pub letters: BTreeMap<LetterKind, TemplatePair>,
    /// The office's own word about a mail (accepted, returned), where the campaign words it otherwise than usual.
    pub answer: Option<TemplatePair>,
    /// The list of units that owe something, for a superior or a copy; likewise.
    pub arrears: Option<TemplatePair>,
    /// The final report; likewise.
    pub final_report: Option<TemplatePair>,
}

/// One letter's two forms, as minijinja source with the path each came from.
#[derive(Clone, Debug)]
pub struct TemplatePair {
    pub text: String,
    pub html: String,
}

impl Campaign {
    /// The day of the deadline, in the campaign's own time zone.
    #[must_use]
    pub fn deadline_day(&self) -> NaiveDate {
        self.deadline.date_naive()
    }

    /// The years whose days off would matter to reminders and are not known; Monday to Friday are taken for worked then.
    #[must_use]
    pub fn unknown_years(&self) -> BTreeSet<i32> {
        if self.reminders.is_empty() {
            return BTreeSet::new();
        }
        let deadline = self.deadline_day();
        let of_stages = self.reminders.iter().filter_map(|stage| stage.day(deadline, &self.calendar));
        self.calendar.unknown_years([self.opens.date_naive(), deadline].into_iter().chain(of_stages))
    }

    /// When the final report is due.
    #[must_use]
    pub fn final_moment(&self) -> Option<DateTime<FixedOffset>> {
        self.final_report.and_then(|report| report.moment(self.deadline, &self.calendar))
    }

    #[must_use]
    pub fn item_title(&self, item: Item) -> &str {
        self.items.iter().find(|due| due.item == item).map_or(item.as_str(), |due| &due.title)
    }

    /// Whether units owe this item.
    #[must_use]
    pub fn asks_for(&self, item: Item) -> bool {
        self.items.iter().any(|due| due.item == item)
    }
}
