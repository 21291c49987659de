//! The only place that asks the time; everything else is told it.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, FixedOffset, Utc};

/// Where the time comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's own clock.
    System,
    /// A clock that stands still until it is set: `--now`, the demo, tests.
    Hand(HandClock),
}

/// A clock moved by hand. Clones show the same time.
#[derive(Clone, Debug)]
pub struct HandClock(Arc<Mutex<DateTime<FixedOffset>>>);

impl HandClock {
    #[must_use]
    pub fn new(moment: DateTime<FixedOffset>) -> Self {
        Self(Arc::new(Mutex::new(moment)))
    }

    /// Moves every clone of this clock to `moment`; backwards too, as a drill may want.
    pub fn set(&self, moment: DateTime<FixedOffset>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = moment;
    }

    fn shows(&self) -> DateTime<FixedOffset> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock {
    /// A clock that always shows `moment`.
    #[must_use]
    pub fn fixed(moment: DateTime<FixedOffset>) -> Self {
        Self::Hand(HandClock::new(moment))
    }

    /// The time now, told in the zone of `offset`.
    #[must_use]
    #[allow(clippy::disallowed_methods, reason = "the one place that may ask the machine's clock")]
    pub fn now(&self, offset: FixedOffset) -> DateTime<FixedOffset> {
        match self {
            Self::System => Utc::now().with_timezone(&offset),
            Self::Hand(hand) => hand.shows().with_timezone(&offset),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> DateTime<FixedOffset> {
        DateTime::parse_from_rfc3339(text).unwrap()
    }

    fn shanghai() -> FixedOffset {
        FixedOffset::east_opt(8 * 3600).unwrap()
    }

    #[test]
    fn a_fixed_clock_is_told_in_the_zone_asked_for() {
        let clock = Clock::fixed(moment("2021-08-10T16:30:00Z"));
        assert_eq!(clock.now(shanghai()).to_rfc3339(), "2021-08-11T00:30:00+08:00");
    }

    #[test]
    fn setting_a_hand_clock_moves_every_clone() {
        let hand = HandClock::new(moment("2021-07-22T09:00:00+08:00"));
        let clock = Clock::Hand(hand.clone());
        let other = clock.clone();
        hand.set(moment("2021-08-03T09:00:00+08:00"));
        assert_eq!(other.now(shanghai()), moment("2021-08-03T09:00:00+08:00"));
        assert_eq!(clock.now(shanghai()), other.now(shanghai()));
    }

    #[test]
    fn the_system_clock_goes_forward() {
        let first = Clock::System.now(shanghai());
        let second = Clock::System.now(FixedOffset::east_opt(0).unwrap());
        assert!(second >= first);
        assert_eq!(first.offset().local_minus_utc(), 28800);
    }
}
