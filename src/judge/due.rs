//! Who is owed which letter now: reminders by stage, digests by their times of the day.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, FixedOffset, NaiveDate, NaiveTime, TimeDelta};

use crate::model::campaign::{Campaign, ReminderStage};
use crate::model::ledger::{Event, EventKind, ItemStatus, ReviewReason, UnitStatus, in_force};
use crate::model::mail::Digest;
use crate::model::returns::Item;
use crate::model::standing::UnitStanding;
use crate::model::unit::UnitCode;

/// A queued reminder is worth sending this long at most, where no later stage ends it before.
const WORTH: TimeDelta = TimeDelta::days(7);

/// A stage of reminders on the day it falls on for one deadline, with the span in which its letters are worth sending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageDue<'a> {
    pub stage: &'a ReminderStage,
    pub due_at: DateTime<FixedOffset>,
    /// The end of office hours on the stage's day: what was not written down by then is not made good.
    pub closes_at: DateTime<FixedOffset>,
    /// When the next stage begins, a week later at most; a letter not gone by then is stale. What it says is decided when
    /// it is sent, so a letter that a quota made wait is true as well.
    pub expires_at: DateTime<FixedOffset>,
}

/// The stage whose letters to units with this deadline fall due now, if any. Of stages missed while the daemon was away
/// none is made good: two letters in a row say no more than one.
#[must_use]
pub fn stage_due(
    campaign: &Campaign,
    deadline: DateTime<FixedOffset>,
    now: DateTime<FixedOffset>,
) -> Option<StageDue<'_>> {
    if campaign.opens > now {
        return None;
    }
    stages(campaign, deadline, now).into_iter().find(|due| due.due_at <= now && now < due.closes_at)
}

/// All stages for this deadline in the order of their days. Where several fall on one day, since that is the last worked
/// one, the latest counts: a unit gets one letter a day.
fn stages(campaign: &Campaign, deadline: DateTime<FixedOffset>, now: DateTime<FixedOffset>) -> Vec<StageDue<'_>> {
    let deadline_day = deadline.with_timezone(now.offset()).date_naive();
    let mut by_day: BTreeMap<NaiveDate, &ReminderStage> = BTreeMap::new();
    for stage in &campaign.reminders {
        if let Some(day) = stage.day(deadline_day, &campaign.calendar) {
            by_day.insert(day, stage);
        }
    }
    let (opening, closing) = campaign.office_hours;
    let mut stages: Vec<StageDue<'_>> = by_day
        .into_iter()
        .filter_map(|(day, stage)| {
            let due_at = moment(day, stage.time.max(opening), now)?;
            let closes_at = moment(day, closing, now)?;
            Some(StageDue { stage, due_at, closes_at, expires_at: due_at + WORTH })
        })
        .collect();
    let next: Vec<DateTime<FixedOffset>> = stages.iter().skip(1).map(|stage| stage.due_at).collect();
    for (stage, next) in stages.iter_mut().zip(next) {
        stage.expires_at = stage.expires_at.min(next);
    }
    stages
}

/// The stage of this name in a letter's key, whichever deadline it was counted from.
#[must_use]
pub fn stage_named<'a>(campaign: &'a Campaign, name: &str) -> Option<&'a ReminderStage> {
    let name = name.split('@').next().unwrap_or(name);
    campaign.reminders.iter().find(|stage| stage.name() == name)
}

/// When a letter of this stage may go out: `None` where that is now, else the next opening of the office. Letters nobody
/// asked for go out neither at night nor, unless the stage says so, on days off.
#[must_use]
pub fn must_wait_until(
    campaign: &Campaign,
    stage: &ReminderStage,
    now: DateTime<FixedOffset>,
) -> Option<DateTime<FixedOffset>> {
    let (opening, closing) = campaign.office_hours;
    let may = |day: NaiveDate| stage.also_on_holidays || campaign.calendar.is_worked(day);
    let (today, time) = (now.date_naive(), now.time());
    if may(today) && opening <= time && time < closing {
        return None;
    }
    let first = if time < opening { today } else { today.succ_opt()? };
    first.iter_days().take(100).find(|day| may(*day)).and_then(|day| moment(day, opening, now))
}

/// The stage's name in the key of a unit's reminder. Counted from another deadline it is another letter, so that a unit
/// with more time is reminded again before the day that counts for it.
#[must_use]
pub fn stage_key(stage: &ReminderStage, extended_until: Option<DateTime<FixedOffset>>) -> String {
    match extended_until {
        Some(until) => format!("{}@{}", stage.name(), until.format("%Y-%m-%d")),
        None => stage.name(),
    }
}

/// The inverse of [`stage_key`] for a unit as it stands now; `None` where its deadline has changed since.
#[must_use]
pub fn stage_of_key<'c>(
    campaign: &'c Campaign,
    key: &str,
    extended_until: Option<DateTime<FixedOffset>>,
) -> Option<&'c ReminderStage> {
    campaign.reminders.iter().find(|stage| stage_key(stage, extended_until) == key)
}

/// What a unit still owes: what has not come, and what it must mend. Empty while its return waits for the office,
/// since nobody is reminded of what lies on our own desk.
#[must_use]
pub fn owed(unit: &UnitStanding) -> Vec<(Item, ItemStatus)> {
    match unit.status {
        UnitStatus::Complete | UnitStatus::Waived | UnitStatus::NeedsReview => Vec::new(),
        UnitStatus::Missing | UnitStatus::Partial | UnitStatus::NeedsCorrection => unit
            .items
            .iter()
            .filter(|(_, status)| matches!(status, ItemStatus::Missing | ItemStatus::NeedsCorrection))
            .map(|(item, status)| (*item, *status))
            .collect(),
    }
}

/// Units of which the office has still to find out what they sent, with the mails that are looked at.
#[must_use]
pub fn unread(events: &[Event]) -> Vec<(UnitCode, Digest)> {
    let settled: BTreeSet<i64> = in_force(events)
        .filter_map(|event| match event.kind {
            EventKind::ReviewSettled { review, .. } => Some(review),
            _ => None,
        })
        .collect();
    in_force(events)
        .filter(|event| matches!(event.kind, EventKind::ReviewAsked { reason: ReviewReason::FileUnread, .. }))
        .filter(|event| !settled.contains(&event.id))
        .filter_map(|event| Some((event.unit.clone()?, event.mail.clone()?)))
        .collect()
}

/// The latest time at or before `now` at which a digest was due, if the campaign is in its days of digests.
#[must_use]
pub fn digest_due(campaign: &Campaign, now: DateTime<FixedOffset>) -> Option<DateTime<FixedOffset>> {
    let today = now.date_naive();
    let yesterday = today.checked_sub_days(Days::new(1))?;
    [yesterday, today]
        .into_iter()
        .filter(|day| *day <= campaign.last_digest)
        .flat_map(|day| campaign.digest_times.iter().filter_map(move |time| moment(day, *time, now)))
        .filter(|slot| *slot <= now && *slot > campaign.opens)
        .max()
}

/// The final report stays owed so many days after its moment, where the digests do not go on longer.
const FINAL_WORTH: TimeDelta = TimeDelta::days(7);

/// When the final report fell due, if it did and is owed still: unlike a digest it is made good, since no later letter
/// says the same.
#[must_use]
pub fn final_due(campaign: &Campaign, now: DateTime<FixedOffset>) -> Option<DateTime<FixedOffset>> {
    let moment = campaign.final_moment().filter(|moment| *moment <= now)?;
    let last_day = campaign.last_digest.max((moment + FINAL_WORTH).date_naive());
    (now.with_timezone(moment.offset()).date_naive() <= last_day).then_some(moment)
}

/// The final report's name in letter keys. A collection whose deadline is moved gets another one, and one whose report
/// is only put off by some days does not.
#[must_use]
pub fn final_slot(campaign: &Campaign) -> String {
    format!("final-{}", campaign.deadline_day())
}

/// Whether a digest of this slot is a final report.
#[must_use]
pub fn is_final(slot: &str) -> bool {
    slot.starts_with("final-")
}

/// The slot's name in letter keys: local day and time.
#[must_use]
pub fn slot_name(slot: DateTime<FixedOffset>) -> String {
    slot.format("%Y-%m-%dT%H:%M").to_string()
}

/// Where the span a digest tells of begins: the digest before it, or the opening.
#[must_use]
pub fn digest_since(campaign: &Campaign, slot: DateTime<FixedOffset>) -> DateTime<FixedOffset> {
    digest_due(campaign, slot - TimeDelta::seconds(1)).unwrap_or(campaign.opens).max(campaign.opens)
}

/// Day and time of the campaign's own zone, which is the offset `now` stands in.
fn moment(day: NaiveDate, time: NaiveTime, now: DateTime<FixedOffset>) -> Option<DateTime<FixedOffset>> {
    day.and_time(time).and_local_timezone(*now.offset()).single()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;
    use crate::judge::progress;

    fn campaign() -> Campaign {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/campaigns/2021-bayi");
        crate::config::load_campaign(&folder, FixedOffset::east_opt(8 * 3600).unwrap()).unwrap()
    }

    fn at(text: &str) -> DateTime<FixedOffset> {
        DateTime::parse_from_rfc3339(&format!("{text}:00+08:00")).unwrap()
    }

    fn stage(moment: &str) -> Option<i64> {
        let campaign = campaign();
        stage_due(&campaign, campaign.deadline, at(moment)).map(|due| due.stage.days)
    }

    /// Each stage as `-3 2021-08-06`.
    fn days(campaign: &Campaign, deadline: &str) -> Vec<String> {
        let stages = stages(campaign, at(deadline), at("2021-01-01T00:00"));
        stages.iter().map(|due| format!("{} {}", due.stage.name(), due.due_at.date_naive())).collect()
    }

    #[test]
    fn reminders_fall_due_before_on_and_after_the_day_and_leave_the_weekend_alone() {
        assert_eq!(stage("2021-08-03T08:59"), None);
        assert_eq!(stage("2021-08-03T09:00"), Some(-7));
        assert_eq!(stage("2021-08-06T10:00"), Some(-3), "August 7th is a Saturday");
        assert_eq!(stage("2021-08-07T10:00"), None);
        assert_eq!(stage("2021-08-09T12:00"), Some(-1));
        assert_eq!(stage("2021-08-10T17:29"), Some(0));
        assert_eq!(stage("2021-08-11T09:00"), Some(1));
        assert_eq!(stage("2021-08-12T09:00"), None);
    }

    #[test]
    fn nobody_is_reminded_at_night_and_a_missed_stage_is_not_made_good() {
        assert_eq!(stage("2021-08-03T17:30"), None, "office hours are over");
        assert_eq!(stage("2021-08-04T09:00"), None, "a week before was yesterday");
        assert_eq!(stage("2021-08-10T03:00"), None);
    }

    #[test]
    fn stages_move_around_the_national_holiday() {
        let mut campaign = campaign();
        campaign.deadline = at("2021-10-08T23:59");
        // -7 would be October 1st, -3 the 5th, -1 the 7th: all of them holidays, and one letter a day is enough.
        assert_eq!(days(&campaign, "2021-10-08T23:59"), ["-1 2021-09-30", "0 2021-10-08", "+1 2021-10-09"]);
        for stage in &mut campaign.reminders {
            stage.working_days = true;
        }
        assert_eq!(
            days(&campaign, "2021-10-08T23:59"),
            ["-7 2021-09-23", "-3 2021-09-28", "-1 2021-09-30", "0 2021-10-08", "+1 2021-10-09"],
            "Sunday the 26th of September is worked, and so is Saturday the 9th of October"
        );
        for stage in &mut campaign.reminders {
            (stage.working_days, stage.also_on_holidays) = (false, true);
        }
        assert_eq!(days(&campaign, "2021-10-08T23:59")[..2], ["-7 2021-10-01", "-3 2021-10-05"]);
    }

    #[test]
    fn a_unit_with_its_own_deadline_goes_through_the_stages_again() {
        let campaign = campaign();
        let days = days(&campaign, "2021-08-20T18:00");
        assert_eq!(days[0], "-7 2021-08-13");
        assert_eq!(stage_named(&campaign, "-7@2021-08-20").unwrap().days, -7);
        let due = stage_due(&campaign, at("2021-08-20T18:00"), at("2021-08-19T09:30")).unwrap();
        assert_eq!((due.stage.days, due.expires_at), (-1, at("2021-08-20T09:00")), "the next stage says more");
    }

    #[test]
    fn a_letter_that_had_to_wait_goes_when_the_office_opens() {
        let mut campaign = campaign();
        let stage = campaign.reminders[0].clone();
        let until = |campaign: &Campaign, stage: &ReminderStage, now: &str| must_wait_until(campaign, stage, at(now));
        assert_eq!(until(&campaign, &stage, "2021-08-06T10:00"), None);
        assert_eq!(until(&campaign, &stage, "2021-08-06T05:00"), Some(at("2021-08-06T08:30")));
        assert_eq!(until(&campaign, &stage, "2021-08-06T17:30"), Some(at("2021-08-09T08:30")));
        assert_eq!(until(&campaign, &stage, "2021-10-01T10:00"), Some(at("2021-10-08T08:30")));
        assert_eq!(until(&campaign, &stage, "2021-09-26T10:00"), None, "a Sunday that is worked");
        campaign.reminders[0].also_on_holidays = true;
        assert_eq!(until(&campaign, &campaign.reminders[0], "2021-10-01T10:00"), None);
    }

    #[test]
    fn a_unit_with_more_time_is_reminded_before_its_own_deadline() {
        let campaign = campaign();
        let until = at("2021-08-14T23:59");
        let stage = |moment: &str| stage_due(&campaign, until, at(moment)).map(|due| due.stage);
        assert_eq!(stage("2021-08-10T10:00"), None, "the others' last day");
        let three = stage("2021-08-11T09:00").unwrap();
        assert_eq!((three.days, stage_key(three, Some(until))), (-3, "-3@2021-08-14".to_owned()));
        assert_eq!(stage_of_key(&campaign, "-3@2021-08-14", Some(until)), Some(three));
        assert_eq!(stage_of_key(&campaign, "-3@2021-08-14", None), None, "the extension was taken back");
        assert_eq!(stage_of_key(&campaign, "-3", None), Some(three));
    }

    #[test]
    fn what_waits_for_the_office_is_not_asked_of_the_unit() {
        let campaign = campaign();
        let mut unit = progress::standing(&campaign, &[], at("2021-08-03T09:00")).units.remove(0);
        assert_eq!(owed(&unit).len(), 2);
        unit.items = BTreeMap::from([(Item::Table, ItemStatus::NeedsReview), (Item::Report, ItemStatus::Missing)]);
        unit.status = progress::unit_status(&unit.items);
        assert_eq!(owed(&unit), []);
        unit.items = BTreeMap::from([(Item::Table, ItemStatus::Accepted), (Item::Report, ItemStatus::NeedsCorrection)]);
        unit.status = progress::unit_status(&unit.items);
        assert_eq!(owed(&unit), [(Item::Report, ItemStatus::NeedsCorrection)]);
    }

    #[test]
    fn the_final_report_is_due_once_after_the_deadline_and_made_good() {
        let mut campaign = campaign();
        let due = |campaign: &Campaign, now: &str| final_due(campaign, at(now));
        let moment = Some(at("2021-08-11T08:00"));
        assert_eq!(due(&campaign, "2021-08-10T23:59"), None);
        assert_eq!(due(&campaign, "2021-08-11T07:59"), None);
        assert_eq!(due(&campaign, "2021-08-11T08:00"), moment);
        assert_eq!(due(&campaign, "2021-08-20T23:00"), moment, "the daemon was down for days");
        assert_eq!(due(&campaign, "2021-08-21T00:00"), None, "the collection is over");
        campaign.last_digest = NaiveDate::from_ymd_opt(2021, 8, 10).unwrap();
        assert_eq!(due(&campaign, "2021-08-18T12:00"), moment);
        assert_eq!(due(&campaign, "2021-08-19T12:00"), None);
        assert_eq!(final_slot(&campaign), "final-2021-08-10");
        // A Friday's is told on Monday.
        campaign.deadline = at("2021-08-13T23:59");
        assert_eq!(due(&campaign, "2021-08-15T12:00"), None);
        assert_eq!(due(&campaign, "2021-08-16T12:00"), Some(at("2021-08-16T08:00")));
        campaign.final_report = None;
        assert_eq!(due(&campaign, "2021-08-16T12:00"), None);
    }

    #[test]
    fn of_missed_digests_only_the_last_is_due() {
        let campaign = campaign();
        assert_eq!(digest_due(&campaign, at("2021-07-22T07:59")), None);
        let due = digest_due(&campaign, at("2021-08-05T13:00")).unwrap();
        assert_eq!(slot_name(due), "2021-08-05T08:00");
        assert_eq!(digest_since(&campaign, due), at("2021-08-04T08:00"));
        assert_eq!(slot_name(digest_due(&campaign, at("2021-08-05T07:00")).unwrap()), "2021-08-04T08:00");
        assert_eq!(digest_due(&campaign, at("2021-08-25T13:00")), None, "the collection is over");
        let first = digest_due(&campaign, at("2021-07-22T09:00")).unwrap();
        assert_eq!(digest_since(&campaign, first), campaign.opens);
    }
}
