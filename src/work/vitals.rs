//! How the running program fares: when each of its loops moved last and should move again, what the looks into the
//! mailboxes came to, and how long reading takes. Kept in memory, and read by the watchdog, `/healthz` and `/metrics`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, FixedOffset, TimeDelta};
use prometheus::{Histogram, HistogramOpts};

use super::alarm::Found;

/// The name of the loop that owes and delivers letters; the others are called as their mailboxes.
pub const LETTERS: &str = "letters";
/// Upper ends of the buckets in which the time of taking in a mail is counted; seconds.
const BUCKETS: [f64; 9] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];

/// A folder is listed as a whole once an hour (`inbox::Session::look`): what is missing in two such looks is withheld, and
/// what three of them do not list is gone.
const TWICE_APART: TimeDelta = TimeDelta::minutes(50);
const FORGOTTEN: TimeDelta = TimeDelta::hours(3);

/// The vital signs of one process.
#[derive(Debug)]
pub struct Vitals {
    signs: Mutex<Signs>,
    /// Seconds from a mail's bytes to its record. `None` cannot be: it is made of constants.
    taking: Option<Histogram>,
}

#[derive(Debug, Default)]
struct Signs {
    loops: BTreeMap<String, Pulse>,
    mailboxes: BTreeMap<String, Looks>,
    /// Causes of alarm and the day they were told last.
    told: BTreeMap<String, String>,
    /// What was found when the books were gone through last, and when.
    found: Option<(DateTime<FixedOffset>, Found)>,
    /// By folder and UID: mail that the server lists and did not hand over, with the first and the last time.
    withheld: BTreeMap<(String, u32), (DateTime<FixedOffset>, DateTime<FixedOffset>)>,
    /// Octets free on the disk, as measured last.
    free: Option<u64>,
    /// When the loops of this process started.
    started: Option<DateTime<FixedOffset>>,
}

/// When a loop moved last, and within which time it should move again.
#[derive(Clone, Copy, Debug)]
struct Pulse {
    moved: Instant,
    within: Duration,
}

/// What the looks into one mailbox came to, since this process began to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looks {
    /// Pause between two looks, as configured.
    pub every: Duration,
    pub well: u64,
    pub failed: u64,
    /// Failures since the last look that went well.
    pub in_a_row: u32,
    /// The last look that went well, or else the beginning.
    last_well: Instant,
    /// What was told of the present trouble.
    told: Option<String>,
}

impl Looks {
    /// How long ago the last look went well, or this process began.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.last_well.elapsed()
    }
}

/// What a failed look is worth in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worth {
    /// The first after looks that went well: servers end connections, and the next one is made at once.
    Nothing,
    /// The trouble lasts, or is another one.
    Telling,
    /// The same as told before.
    Repeating,
}

impl Default for Vitals {
    fn default() -> Self {
        let options = HistogramOpts::new("mailtally_take_in_seconds", "Seconds from a mail's bytes to its record.");
        let taking = Histogram::with_opts(options.buckets(BUCKETS.to_vec())).ok();
        Self { signs: Mutex::default(), taking }
    }
}

impl Vitals {
    fn with<T>(&self, look: impl FnOnce(&mut Signs) -> T) -> T {
        look(&mut self.signs.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// This loop moves, and will move again within that time.
    pub fn moves(&self, name: &str, within: Duration) {
        let pulse = Pulse { moved: Instant::now(), within };
        self.with(|signs| signs.loops.insert(name.to_owned(), pulse));
    }

    /// This loop, if there is one of the name, has done a step and goes on as it said.
    pub fn steps(&self, name: &str) {
        self.with(|signs| {
            if let Some(pulse) = signs.loops.get_mut(name) {
                pulse.moved = Instant::now();
            }
        });
    }

    /// The loops that should have moved long ago, with the time since they did.
    #[must_use]
    pub fn stuck(&self) -> Vec<(String, Duration)> {
        self.with(|signs| {
            let late = signs.loops.iter().filter(|(_, pulse)| pulse.moved.elapsed() > pulse.within);
            late.map(|(name, pulse)| (name.clone(), pulse.moved.elapsed())).collect()
        })
    }

    /// This mailbox is to be looked into so often; its age begins to count.
    pub fn watches(&self, mailbox: &str, every: Duration) {
        let looks = Looks { every, well: 0, failed: 0, in_a_row: 0, last_well: Instant::now(), told: None };
        self.with(|signs| {
            signs.mailboxes.entry(mailbox.to_owned()).or_insert(looks);
        });
    }

    /// A look went well. `Some` with how long it had not, where trouble had been told of.
    pub fn looked(&self, mailbox: &str) -> Option<Duration> {
        self.with(|signs| {
            let looks = signs.mailboxes.get_mut(mailbox)?;
            let ended = looks.told.take().map(|_| looks.last_well.elapsed());
            looks.well += 1;
            looks.in_a_row = 0;
            looks.last_well = Instant::now();
            ended
        })
    }

    /// A look failed with this error, which is told once as long as it stays the same.
    pub fn failed(&self, mailbox: &str, error: &str) -> Worth {
        self.with(|signs| {
            let Some(looks) = signs.mailboxes.get_mut(mailbox) else { return Worth::Telling };
            looks.failed += 1;
            looks.in_a_row += 1;
            if looks.in_a_row == 1 && looks.well > 0 {
                return Worth::Nothing;
            }
            if looks.told.as_deref() == Some(error) {
                return Worth::Repeating;
            }
            looks.told = Some(error.to_owned());
            Worth::Telling
        })
    }

    /// Whether the last look of this process into this mailbox failed. Of one that is not watched any more, it did not.
    #[must_use]
    pub fn is_failing(&self, mailbox: &str) -> bool {
        self.with(|signs| signs.mailboxes.get(mailbox).is_some_and(|looks| looks.in_a_row > 0))
    }

    /// What the looks into every mailbox came to, by name.
    #[must_use]
    pub fn looks(&self) -> BTreeMap<String, Looks> {
        self.with(|signs| signs.mailboxes.clone())
    }

    /// Whether this cause of alarm was told of on that day.
    #[must_use]
    pub fn was_told(&self, cause: &str, day: &str) -> bool {
        self.with(|signs| signs.told.get(cause).is_some_and(|told| told == day))
    }

    /// This cause of alarm is told of on that day.
    pub fn tell(&self, cause: &str, day: &str) {
        self.with(|signs| signs.told.insert(cause.to_owned(), day.to_owned()));
    }

    /// What was found last, unless that is older than `at_most`.
    #[must_use]
    pub fn found(&self, now: DateTime<FixedOffset>, at_most: TimeDelta) -> Option<Found> {
        self.with(|signs| {
            let (at, found) = signs.found.as_ref()?;
            // A clock that was set back must not keep an old finding for ever.
            (now >= *at && now - *at < at_most).then(|| found.clone())
        })
    }

    /// A look into a folder is over: these mails were handed over, and those were listed and were not. One that was
    /// deleted in between is not listed again.
    pub fn note_withheld(&self, folder: &str, handed: &BTreeSet<u32>, withheld: &[u32], now: DateTime<FixedOffset>) {
        self.with(|signs| {
            signs
                .withheld
                .retain(|(of, uid), (_, last)| now - *last < FORGOTTEN && !(of == folder && handed.contains(uid)));
            for uid in withheld {
                signs.withheld.entry((folder.to_owned(), *uid)).or_insert((now, now)).1 = now;
            }
        });
    }

    /// How many mails the servers have listed twice, an hour apart, and handed over neither time.
    #[must_use]
    pub fn withheld(&self, now: DateTime<FixedOffset>) -> u32 {
        let lasts = |(first, last): &(DateTime<FixedOffset>, DateTime<FixedOffset>)| {
            *last - *first >= TWICE_APART && now - *last < FORGOTTEN
        };
        self.with(|signs| u32::try_from(signs.withheld.values().filter(|seen| lasts(seen)).count()).unwrap_or(u32::MAX))
    }

    /// How many mails were not recorded and how many were missing from the archive when the books were gone through last.
    #[must_use]
    pub fn unaccounted(&self) -> (u32, u32) {
        let count = |mails: &[_]| u32::try_from(mails.len()).unwrap_or(u32::MAX);
        self.with(|signs| {
            let found = signs.found.as_ref().map(|(_, found)| &found.unaccounted);
            found.map_or((0, 0), |found| (count(&found.unrecorded), count(&found.missing)))
        })
    }

    /// Octets free on the disk, where somebody measured them.
    #[must_use]
    pub fn free(&self) -> Option<u64> {
        self.with(|signs| signs.free)
    }

    pub fn note_free(&self, free: u64) {
        self.with(|signs| signs.free = Some(free));
    }

    /// When the loops of this process started.
    #[must_use]
    pub fn started(&self) -> Option<DateTime<FixedOffset>> {
        self.with(|signs| signs.started)
    }

    pub fn note_start(&self, now: DateTime<FixedOffset>) {
        self.with(|signs| signs.started = Some(now));
    }

    pub fn note_found(&self, now: DateTime<FixedOffset>, found: Found) {
        self.with(|signs| signs.found = Some((now, found)));
    }

    /// How long this loop, if there is one of the name, has not moved.
    #[must_use]
    pub fn still_for(&self, name: &str) -> Option<Duration> {
        self.with(|signs| signs.loops.get(name).map(|pulse| pulse.moved.elapsed()))
    }

    /// A mail was taken in within that time.
    pub fn took(&self, time: Duration) {
        if let Some(taking) = &self.taking {
            taking.observe(time.as_secs_f64());
        }
    }

    /// How long taking mail in has taken, to be shown.
    #[must_use]
    pub fn taking(&self) -> Option<Histogram> {
        self.taking.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_is_stuck_once_its_time_is_over_and_a_step_frees_it() {
        let vitals = Vitals::default();
        vitals.moves("office", Duration::from_millis(20));
        vitals.moves(LETTERS, Duration::from_secs(60));
        assert_eq!(vitals.stuck(), []);
        std::thread::sleep(Duration::from_millis(30));
        let stuck: Vec<String> = vitals.stuck().into_iter().map(|(name, _)| name).collect();
        assert_eq!(stuck, ["office"]);
        vitals.steps("office");
        vitals.steps("nobody");
        assert_eq!(vitals.stuck(), []);
    }

    #[test]
    fn mail_that_is_listed_and_not_handed_over_is_withheld_after_an_hour() {
        let vitals = Vitals::default();
        let began = DateTime::parse_from_rfc3339("2021-08-05T09:00:00+08:00").unwrap();
        let after = |minutes| began + TimeDelta::minutes(minutes);
        let handed = |uids: &[u32]| uids.iter().copied().collect::<BTreeSet<_>>();
        vitals.note_withheld("office/INBOX", &handed(&[1]), &[2, 3], began);
        assert_eq!(vitals.withheld(began), 0, "it may have been deleted that moment");
        vitals.note_withheld("office/INBOX", &handed(&[3]), &[2], after(60));
        vitals.note_withheld("office/other", &handed(&[2]), &[], after(61));
        assert_eq!(vitals.withheld(after(61)), 1, "3 has come, and 2 of another folder is another mail");
        assert_eq!(vitals.withheld(after(60 + 180)), 0, "it is not listed any more");
        vitals.note_withheld("office/INBOX", &handed(&[2]), &[], after(120));
        assert_eq!(vitals.withheld(after(120)), 0);
    }

    #[test]
    fn trouble_is_told_once_and_so_is_its_end() {
        let vitals = Vitals::default();
        vitals.watches("office", Duration::from_secs(60));
        assert_eq!(vitals.failed("office", "no route"), Worth::Telling, "it never went well");
        assert_eq!(vitals.failed("office", "no route"), Worth::Repeating);
        assert_eq!(vitals.failed("office", "refused"), Worth::Telling);
        assert!(vitals.looked("office").is_some());
        assert_eq!(vitals.looked("office"), None, "the end is told once");
        assert_eq!(vitals.failed("office", "hung up"), Worth::Nothing, "connections end");
        assert_eq!(vitals.looked("office"), None);
        let looks = &vitals.looks()["office"];
        assert_eq!((looks.well, looks.failed, looks.in_a_row), (3, 4, 0));
    }
}
