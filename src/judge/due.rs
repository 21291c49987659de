//! Who is owed which letter now: reminders by stage, digests by their times of the day.

use chrono::{DateTime, Days, FixedOffset, NaiveDate, NaiveTime, TimeDelta};

use crate::model::campaign::{Campaign, ReminderStage};
use crate::model::ledger::{ItemStatus, UnitStatus};
use crate::model::returns::Item;
use crate::model::standing::UnitStanding;

/// A stage of reminders that is due, with the span in which its letters are worth sending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageDue<'a> {
    pub stage: &'a ReminderStage,
    pub due_at: DateTime<FixedOffset>,
    /// The end of office hours on the stage's day; a letter not gone by then is stale.
    pub expires_at: DateTime<FixedOffset>,
}

/// The stage whose letters may go out now to a unit with this deadline, if any. Of stages missed while the daemon was
/// away none is made good: "三天后截止" is wrong a day later.
#[must_use]
pub fn stage_due(
    campaign: &Campaign,
    deadline: DateTime<FixedOffset>,
    now: DateTime<FixedOffset>,
) -> Option<StageDue<'_>> {
    campaign
        .reminders
        .iter()
        .filter_map(|stage| {
            let day = shifted(deadline.with_timezone(now.offset()).date_naive(), stage.days)?;
            let due_at = moment(day, stage.time.max(campaign.office_hours.0), now)?;
            let expires_at = moment(day, campaign.office_hours.1, now)?;
            Some(StageDue { stage, due_at, expires_at })
        })
        .filter(|due| campaign.opens <= now && due.due_at <= now && now < due.expires_at)
        .max_by_key(|due| due.due_at)
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

fn shifted(day: NaiveDate, days: i64) -> Option<NaiveDate> {
    day.checked_add_signed(TimeDelta::try_days(days)?)
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

    #[test]
    fn reminders_fall_due_seven_three_one_and_no_days_before_and_the_day_after() {
        assert_eq!(stage("2021-08-03T08:59"), None);
        assert_eq!(stage("2021-08-03T09:00"), Some(-7));
        assert_eq!(stage("2021-08-07T10:00"), Some(-3));
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
