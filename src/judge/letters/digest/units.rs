//! Units in the digest: how many stand how, by group, who is missing and what others still owe.

use serde::Serialize;

use super::super::words::{clean, local, short_moment};
use crate::judge::course::is_done;
use crate::model::campaign::Campaign;
use crate::model::ledger::{ItemStatus, UnitStatus};
use crate::model::returns::Item;
use crate::model::standing::{CampaignStanding, UnitStanding};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Count {
    label: &'static str,
    number: usize,
    /// `good`, `mend`, `wait`, `owed`, `plain`
    tone: &'static str,
}

/// One group's bar; the three parts make 100.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Group {
    name: String,
    done: usize,
    total: usize,
    done_percent: usize,
    /// Something came, not all is well.
    started_percent: usize,
    rest_percent: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct MissingGroup {
    name: String,
    pub(super) units: Vec<Person>,
}

/// A unit with the person to telephone.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Person {
    name: String,
    contact: String,
    phone: String,
    reminders: u32,
    undeliverable: bool,
    status: &'static str,
    /// What has not come at all.
    lacks: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Incomplete {
    person: Person,
    /// `专题报告尚未收到`, `统计表需更正`.
    owed: Vec<String>,
}

/// A unit that was given more time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Extended {
    name: String,
    until: String,
    status: &'static str,
}

/// Whole percent, rounded down, so that 100 means all.
pub(super) fn share(part: usize, whole: usize) -> usize {
    part.saturating_mul(100).checked_div(whole).unwrap_or(0)
}

pub(super) fn counts(standing: &CampaignStanding) -> Vec<Count> {
    let mut counts: Vec<Count> = UnitStatus::ALL
        .into_iter()
        .map(|status| Count {
            label: status.in_chinese(),
            number: standing.count(status),
            tone: match status {
                UnitStatus::Complete => "good",
                UnitStatus::Waived => "plain",
                UnitStatus::Partial | UnitStatus::NeedsCorrection => "mend",
                UnitStatus::NeedsReview => "wait",
                UnitStatus::Missing => "owed",
            },
        })
        .collect();
    counts.push(Count { label: "逾期", number: standing.late(), tone: "plain" });
    counts.retain(|count| count.number > 0 || matches!(count.tone, "good" | "owed"));
    counts
}

pub(super) fn groups(campaign: &Campaign, standing: &CampaignStanding) -> Vec<Group> {
    let group = |name: &str| {
        let units: Vec<&UnitStanding> = standing.units.iter().filter(|unit| unit.unit.group == name).collect();
        let done = units.iter().filter(|unit| is_done(unit.status)).count();
        let started = units.iter().filter(|unit| !is_done(unit.status) && unit.status != UnitStatus::Missing).count();
        let done_percent = share(done, units.len());
        let started_percent = share(started, units.len());
        Group {
            name: clean(name, 20),
            done,
            total: units.len(),
            done_percent,
            started_percent,
            rest_percent: 100_usize.saturating_sub(done_percent).saturating_sub(started_percent),
        }
    };
    campaign.roster.groups().into_iter().map(group).filter(|group| group.total > 0).collect()
}

pub(super) fn person(campaign: &Campaign, unit: &UnitStanding) -> Person {
    let said = |text: &Option<String>| text.as_deref().map(|text| clean(text, 40)).unwrap_or_default();
    Person {
        name: clean(&unit.unit.name, 60),
        contact: said(&unit.unit.contact),
        phone: said(&unit.unit.phone),
        reminders: unit.reminders_sent,
        undeliverable: unit.undeliverable,
        status: unit.status.in_chinese(),
        lacks: campaign
            .items
            .iter()
            .filter(|due| unit.items.get(&due.item) == Some(&ItemStatus::Missing))
            .map(|due| due.title.clone())
            .collect(),
    }
}

pub(super) fn missing(campaign: &Campaign, standing: &CampaignStanding) -> Vec<MissingGroup> {
    let of = |name: &str| MissingGroup {
        name: clean(name, 20),
        units: standing
            .units
            .iter()
            .filter(|unit| unit.unit.group == name && unit.status == UnitStatus::Missing)
            .map(|unit| person(campaign, unit))
            .collect(),
    };
    campaign.roster.groups().into_iter().map(of).filter(|group| !group.units.is_empty()).collect()
}

pub(super) fn incomplete(campaign: &Campaign, standing: &CampaignStanding) -> Vec<Incomplete> {
    let owed = |unit: &UnitStanding| -> Vec<String> {
        let said = |(item, status): (&Item, &ItemStatus)| {
            let what = match status {
                ItemStatus::Missing => "尚未收到",
                ItemStatus::NeedsCorrection => "待单位更正",
                ItemStatus::NeedsReview => "待办公室核定",
                ItemStatus::Accepted | ItemStatus::Waived => return None,
            };
            Some(format!("{}{what}", campaign.item_title(*item)))
        };
        unit.items.iter().filter_map(said).collect()
    };
    standing
        .units
        .iter()
        .filter(|unit| !is_done(unit.status) && unit.status != UnitStatus::Missing)
        .map(|unit| Incomplete { person: person(campaign, unit), owed: owed(unit) })
        .collect()
}

pub(super) fn extended(campaign: &Campaign, unit: &UnitStanding) -> Option<Extended> {
    let until = local(campaign, unit.extended_until?);
    Some(Extended { name: clean(&unit.unit.name, 60), until: short_moment(until), status: unit.status.in_chinese() })
}
