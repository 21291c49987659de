//! Which days are worked in China: weeks as everywhere, but for the holidays and the weekends worked instead (调休) that
//! the State Council gives out for each year.

use std::collections::BTreeSet;

use chrono::{Datelike, Days, NaiveDate, Weekday};

/// Farther than any stage of reminders lies from its deadline, in days.
const FARTHEST: usize = 1_000;

/// Holidays and worked weekends of the years that are known. Of other years Monday to Friday are worked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkCalendar {
    /// Holidays, Saturdays and Sundays among them.
    pub holidays: BTreeSet<NaiveDate>,
    /// Saturdays and Sundays that are worked.
    pub worked: BTreeSet<NaiveDate>,
    /// Years whose notice is known.
    pub years: BTreeSet<i32>,
}

impl WorkCalendar {
    /// Whether the notice for this day's year is known.
    #[must_use]
    pub fn knows(&self, day: NaiveDate) -> bool {
        self.years.contains(&day.year())
    }

    /// The years of these days whose notice is not known.
    #[must_use]
    pub fn unknown_years(&self, days: impl Iterator<Item = NaiveDate>) -> BTreeSet<i32> {
        days.filter(|day| !self.knows(*day)).map(|day| day.year()).collect()
    }

    #[must_use]
    pub fn is_worked(&self, day: NaiveDate) -> bool {
        let weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
        self.worked.contains(&day) || !(weekend || self.holidays.contains(&day))
    }

    /// The day itself where it is worked, else the last worked day before.
    #[must_use]
    pub fn worked_until(&self, day: NaiveDate) -> Option<NaiveDate> {
        backwards(day).find(|day| self.is_worked(*day))
    }

    /// The day itself where it is worked, else the next worked day.
    #[must_use]
    pub fn worked_from(&self, day: NaiveDate) -> Option<NaiveDate> {
        day.iter_days().take(FARTHEST).find(|day| self.is_worked(*day))
    }

    /// So many worked days away: −1 is the last worked day before `day`, 1 the first after; 0 is the day itself, or the last
    /// worked day before it.
    #[must_use]
    pub fn away(&self, day: NaiveDate, worked_days: i64) -> Option<NaiveDate> {
        let steps = usize::try_from(worked_days.unsigned_abs()).ok()?;
        match worked_days {
            0 => self.worked_until(day),
            1.. => day.iter_days().skip(1).take(FARTHEST).filter(|day| self.is_worked(*day)).nth(steps - 1),
            _ => backwards(day).skip(1).filter(|day| self.is_worked(*day)).nth(steps - 1),
        }
    }

    /// How many worked days lie after `from`, up to and with `until`.
    #[must_use]
    pub fn worked_between(&self, from: NaiveDate, until: NaiveDate) -> usize {
        let after = from.iter_days().skip(1).take(FARTHEST);
        after.take_while(|day| *day <= until).filter(|day| self.is_worked(*day)).count()
    }
}

fn backwards(day: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    std::iter::successors(Some(day), |day| day.checked_sub_days(Days::new(1))).take(FARTHEST)
}
