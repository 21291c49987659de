//! How many units will have reported at the deadline, by the pace of the last working days: an estimate, and a range.
//!
//! Only what this collection has shown counts, since how others went says little. Of the last working days each two in a
//! row are taken for a pace: the slowest and the fastest of them, kept up until the deadline, give the two ends. Days
//! off bring little and are no days of their own: what came on them counts with the working day before. Where too few
//! days or units are there to go on, nothing is foretold. A rush on the last day is nothing that earlier days can show;
//! whoever tells the forecast says so.

use chrono::NaiveDate;

use crate::model::calendar::WorkCalendar;
use crate::model::standing::DayCount;

/// Working days that are looked back on at most.
const LOOK_BACK: usize = 5;
/// Working days that must have passed.
const LEAST_DAYS: usize = 3;
/// Units that must have come in on these days.
const LEAST_UNITS: usize = 3;
/// Working days in a row whose sum is one pace: of single days one is nearly always empty.
const STRETCH: usize = 2;

/// What can be said of the deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forecast {
    /// Nothing is left to foretell.
    AllDone,
    /// The deadline has passed.
    Past,
    /// Fewer working days have passed than can be gone by; how many.
    TooFewDays(usize),
    /// Too few units have come in on the last working days; how many.
    TooFewUnits(usize),
    /// No working day is left, and days off have no pace.
    DaysOff,
    Expected {
        /// At least as many as are done now.
        low: usize,
        /// At most all units.
        high: usize,
        /// Working days that were looked back on.
        days: usize,
        /// Units that came in on them.
        units: usize,
        /// Working days left, today with them where it is not over.
        left: usize,
    },
}

/// Where a collection stands in time.
#[derive(Clone, Copy, Debug)]
pub struct Today {
    pub day: NaiveDate,
    /// The office is closed: what this day was to bring it has brought.
    pub is_over: bool,
    /// The moment of the deadline has passed.
    pub past: bool,
}

/// The forecast from `course`, whose days follow each other and end today, for the day of the deadline. `total` units
/// report in all.
#[must_use]
pub fn forecast(
    course: &[DayCount],
    total: usize,
    today: Today,
    deadline: NaiveDate,
    calendar: &WorkCalendar,
) -> Forecast {
    let now = course.last().map_or(0, |last| last.done);
    if now >= total {
        return Forecast::AllDone;
    }
    if today.past {
        return Forecast::Past;
    }
    let (before, won) = won_by_working_day(course, today, calendar);
    let recent = won.get(won.len().saturating_sub(LOOK_BACK)..).unwrap_or_default();
    let units: usize = recent.iter().sum();
    if recent.len() < LEAST_DAYS {
        return Forecast::TooFewDays(recent.len());
    }
    if units < LEAST_UNITS {
        return Forecast::TooFewUnits(units);
    }
    // A working day that is not over is foretold whole; what it has brought so far is part of that.
    let today_counts = !today.is_over && calendar.is_worked(today.day);
    let base = if today_counts { before } else { now };
    let left = calendar.worked_between(today.day, deadline) + usize::from(today_counts);
    if left == 0 {
        return Forecast::DaysOff;
    }
    let sums = recent.windows(STRETCH).map(|stretch| stretch.iter().sum::<usize>());
    let (slowest, fastest) = (sums.clone().min().unwrap_or(0), sums.max().unwrap_or(0));
    let reached = |more: usize| base.saturating_add(more).clamp(now, total);
    Forecast::Expected {
        low: reached(slowest.saturating_mul(left) / STRETCH),
        high: reached(fastest.saturating_mul(left).div_ceil(STRETCH)),
        days: recent.len(),
        units,
        left,
    }
}

/// How many were done when the last whole day ended, and how many each working day until then had won. A day on which
/// units fell back has won nothing.
fn won_by_working_day(course: &[DayCount], today: Today, calendar: &WorkCalendar) -> (usize, Vec<usize>) {
    let mut won: Vec<usize> = Vec::new();
    // What came on days off before the first working day counts with that one.
    let mut early = 0;
    let mut before = 0;
    for count in course.iter().filter(|count| count.day < today.day || today.is_over) {
        let more = count.done.saturating_sub(before);
        before = count.done;
        if calendar.is_worked(count.day) {
            won.push(more + std::mem::take(&mut early));
        } else if let Some(last) = won.last_mut() {
            *last += more;
        } else {
            early += more;
        }
    }
    (before, won)
}

#[cfg(test)]
mod tests {
    use chrono::Days;
    use proptest::prelude::*;

    use super::*;

    /// July 22nd 2021 is a Thursday.
    fn day(number: u64) -> NaiveDate {
        NaiveDate::from_ymd_opt(2021, 7, 22).unwrap() + Days::new(number)
    }

    fn course(won: &[usize]) -> Vec<DayCount> {
        let mut done = 0;
        let count = |(number, more): (u64, &usize)| {
            done += more;
            DayCount { day: day(number), done }
        };
        (0..).zip(won).map(count).collect()
    }

    /// In the morning of the last day of `won`, the deadline so many days later.
    fn told(won: &[usize], total: usize, later: u64) -> Forecast {
        let last = day(won.len() as u64 - 1);
        let today = Today { day: last, is_over: false, past: false };
        forecast(&course(won), total, today, last + Days::new(later), &WorkCalendar::default())
    }

    #[test]
    fn the_slowest_and_the_fastest_two_days_give_the_ends() {
        // Thu 2, Fri 4, a weekend of 1 and 1, Mon 4, Tue 8, Wed 0 so far; until Friday three working days are left.
        let expected = Forecast::Expected { low: 32, high: 38, days: 4, units: 20, left: 3 };
        assert_eq!(told(&[2, 4, 1, 1, 4, 8, 0], 110, 2), expected, "slowest 2+6, fastest 4+8");
        let Forecast::Expected { low, high, .. } = told(&[2, 4, 1, 1, 4, 8, 0], 35, 2) else { panic!() };
        assert_eq!((low, high), (32, 35), "never more than there are");
        let Forecast::Expected { low, .. } = told(&[2, 4, 1, 1, 4, 8, 15], 110, 0) else { panic!() };
        assert_eq!(low, 35, "never fewer than there are already");
    }

    #[test]
    fn too_little_is_said_to_be_too_little() {
        assert_eq!(told(&[0], 110, 12), Forecast::TooFewDays(0));
        assert_eq!(told(&[9, 9, 9], 110, 12), Forecast::TooFewDays(2));
        assert_eq!(told(&[1, 0, 0, 0, 0, 1, 0], 110, 12), Forecast::TooFewUnits(2));
        assert_eq!(told(&[9, 9, 9, 9, 9, 9, 0], 50, 12), Forecast::AllDone);
        // Saturday and Sunday are left.
        let saturday = told(&[9, 9, 0, 0, 9, 9, 9, 9, 9, 0], 110, 1);
        assert_eq!(saturday, Forecast::DaysOff);
    }

    #[test]
    fn a_day_that_is_over_has_shown_its_pace_and_the_deadline_ends_it() {
        let (won, calendar) = (course(&[2, 4, 0, 0, 4, 8]), WorkCalendar::default());
        let today = Today { day: day(5), is_over: true, past: false };
        let expected = Forecast::Expected { low: 21, high: 24, days: 4, units: 18, left: 1 };
        assert_eq!(forecast(&won, 110, today, day(6), &calendar), expected);
        assert_eq!(forecast(&won, 110, today, day(5), &calendar), Forecast::DaysOff);
        assert_eq!(forecast(&won, 110, Today { past: true, ..today }, day(5), &calendar), Forecast::Past);
    }

    fn range(forecast: Forecast) -> Option<(usize, usize)> {
        match forecast {
            Forecast::Expected { low, high, .. } => Some((low, high)),
            _ => None,
        }
    }

    proptest! {
        #[test]
        fn it_stays_between_what_is_done_and_all(
            won in proptest::collection::vec(0_usize..30, 1..40), spare in 0_usize..200, later in 0_u64..30,
        ) {
            let done: usize = won.iter().sum();
            if let Some((low, high)) = range(told(&won, done + spare, later)) {
                prop_assert!(done <= low && low <= high && high <= done + spare);
            }
        }

        #[test]
        fn more_time_and_more_units_never_promise_less(
            won in proptest::collection::vec(0_usize..30, 6..30), later in 0_u64..20,
            more_days in 0_u64..9, more in 1_usize..9, place in 0_usize..30,
        ) {
            let total = 2_000;
            if let Some((low, high)) = range(told(&won, total, later)) {
                let longer = range(told(&won, total, later + more_days)).unwrap();
                prop_assert!(longer.0 >= low && longer.1 >= high);
                let mut faster = won.clone();
                let place = place % won.len();
                faster[place] += more;
                let faster = range(told(&faster, total, later)).unwrap();
                prop_assert!(faster.0 >= low && faster.1 >= high);
            }
        }

        #[test]
        fn falling_back_and_gaps_break_nothing(
            done in proptest::collection::vec(0_usize..50, 0..40), total in 0_usize..60, is_over: bool,
        ) {
            let course: Vec<DayCount> = (0..).zip(done).map(|(number, done)| DayCount { day: day(number), done }).collect();
            let last = course.last().map_or(day(0), |last| last.day);
            let today = Today { day: last, is_over, past: false };
            if let Some((low, high)) = range(forecast(&course, total, today, last + Days::new(7), &WorkCalendar::default())) {
                prop_assert!(low <= high && high <= total);
            }
        }
    }
}
