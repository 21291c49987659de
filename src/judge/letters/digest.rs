//! The daily digest (每日简报): how the campaign stands, what is new, what waits for a person, who is missing.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use serde::Serialize;

use super::first_time::{Newcomer, first_time};
use super::labels::{letter_kind, letter_state, nature, reason};
use super::mail_ledger::{MailLedger, mail_ledger};
use super::table::{Sum, column_name, group_title, sums};
use super::words::{Due, Office, clean, due, figure, local, moment, month_day, office, short_moment, weekday};
use crate::model::campaign::Campaign;
use crate::model::ledger::{ItemStatus, Nature, UnitStatus};
use crate::model::returns::Item;
use crate::model::standing::{ArrivalLine, CampaignStanding, DigestInput, LetterLine, ReviewLine, UnitStanding};
use crate::model::unit::UnitCode;

/// Lines of one list at most; the rest is counted.
const MOST_LINES: usize = 60;

/// What one digest tells, as its templates see it. Made and sent in one go, so never kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DigestFacts {
    office: Office,
    due: Due,
    /// `8月5日（星期四）`
    day: String,
    as_of: String,
    since: String,
    total: usize,
    /// Complete or waived.
    done: usize,
    percent: usize,
    counts: Vec<Count>,
    groups: Vec<Group>,
    arrivals: Vec<Arrival>,
    more_arrivals: usize,
    newcomers: Vec<Newcomer>,
    more_newcomers: usize,
    /// New mail that filed nothing: `自动回复 2 封`.
    other_mail: Vec<String>,
    reviews: Vec<Review>,
    more_reviews: usize,
    missing: Vec<MissingGroup>,
    missing_total: usize,
    incomplete: Vec<Incomplete>,
    late: Vec<String>,
    /// Units with a deadline of their own.
    extended: Vec<Extended>,
    figures: Vec<Figure>,
    counted_tables: usize,
    sums: Vec<Sum>,
    stuck: Vec<Stuck>,
    more_stuck: usize,
    /// Letters that wait for release by the office's own setting.
    to_release: usize,
    faults: Vec<String>,
    /// Units that letters do not reach.
    telephone: Vec<Person>,
    ledger: MailLedger,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Count {
    label: &'static str,
    number: usize,
    /// `good`, `mend`, `wait`, `owed`, `plain`
    tone: &'static str,
}

/// One group's bar; the three parts make 100.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Group {
    name: String,
    done: usize,
    total: usize,
    done_percent: usize,
    /// Something came, not all is well.
    started_percent: usize,
    rest_percent: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Arrival {
    at: String,
    who: String,
    subject: String,
    /// How the unit stands now; empty for mail of nobody known.
    status: String,
    nature: &'static str,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Review {
    id: i64,
    at: String,
    who: String,
    subject: String,
    reason: &'static str,
    text: String,
    command: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct MissingGroup {
    name: String,
    units: Vec<Person>,
}

/// A unit with the person to telephone.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Person {
    name: String,
    contact: String,
    phone: String,
    reminders: u32,
    undeliverable: bool,
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Incomplete {
    person: Person,
    /// `专题报告尚未收到`, `统计表需更正`.
    owed: Vec<String>,
}

/// A unit that was given more time.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Extended {
    name: String,
    until: String,
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Figure {
    group: String,
    header: String,
    value: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Stuck {
    kind: &'static str,
    who: String,
    state: &'static str,
    reply: String,
}

impl DigestFacts {
    #[must_use]
    pub fn new(campaign: &Campaign, input: &DigestInput) -> Self {
        let standing = &input.standing;
        let now = standing.as_of;
        let done = standing.units.iter().filter(|unit| is_done(unit)).count();
        let total = standing.units.len();
        let late: Vec<&UnitStanding> = standing.units.iter().filter(|unit| unit.late).collect();
        let missing = missing(campaign, standing);
        let submissions = |line: &&ArrivalLine| line.nature == Nature::Submission || line.nature == Nature::Question;
        let arrivals: Vec<&ArrivalLine> = input.arrivals.iter().filter(submissions).collect();
        let (awaiting, stuck_letters): (Vec<_>, Vec<_>) =
            input.stuck_letters.iter().partition(|line| line.awaits_release());
        let rows: Vec<_> = counted(input).flat_map(|table| table.table.rows.iter().cloned()).collect();
        Self {
            office: office(campaign, now),
            due: due(campaign, now),
            day: {
                let date = local(campaign, now).date_naive();
                format!("{}（{}）", month_day(date), weekday(date))
            },
            as_of: moment(local(campaign, now)),
            since: short_moment(local(campaign, input.since)),
            total,
            done,
            percent: share(done, total),
            counts: counts(standing),
            groups: groups(campaign, standing),
            more_arrivals: arrivals.len().saturating_sub(MOST_LINES),
            arrivals: arrivals.into_iter().take(MOST_LINES).map(|line| arrival(campaign, standing, line)).collect(),
            more_newcomers: input.newcomers.len().saturating_sub(MOST_LINES),
            newcomers: first_time(campaign, input, MOST_LINES),
            other_mail: other_mail(&input.arrivals),
            more_reviews: input.reviews.len().saturating_sub(MOST_LINES),
            reviews: input.reviews.iter().take(MOST_LINES).map(|line| review(campaign, standing, line)).collect(),
            missing_total: missing.iter().map(|group| group.units.len()).sum(),
            missing,
            incomplete: incomplete(campaign, standing),
            extended: standing.units.iter().filter_map(|unit| extended(campaign, unit)).collect(),
            late: late.iter().map(|unit| clean(&unit.unit.name, 60)).collect(),
            figures: figures(campaign, standing),
            counted_tables: standing.units.iter().filter(|unit| unit.row.is_some()).count(),
            sums: sums(&campaign.form, &standing.totals, &rows),
            to_release: awaiting.len(),
            more_stuck: stuck_letters.len().saturating_sub(MOST_LINES),
            stuck: stuck_letters.into_iter().take(MOST_LINES).map(|line| stuck(standing, line)).collect(),
            faults: input.faults.iter().take(MOST_LINES).map(|fault| clean(fault, 300)).collect(),
            telephone: standing
                .units
                .iter()
                .filter(|unit| unit.cannot_be_written_to() && !is_done(unit))
                .map(person)
                .collect(),
            ledger: mail_ledger(&input.mails, input.seen),
        }
    }
}

fn is_done(unit: &UnitStanding) -> bool {
    matches!(unit.status, UnitStatus::Complete | UnitStatus::Waived)
}

fn counted(input: &DigestInput) -> impl Iterator<Item = &crate::model::standing::StandingTable> {
    let counting = input.standing.units.iter().filter(|unit| unit.row.is_some());
    let codes: BTreeSet<&UnitCode> = counting.map(|unit| &unit.unit.code).collect();
    input.tables.iter().filter(move |table| codes.contains(&table.unit))
}

/// Whole percent, rounded down, so that 100 means all.
fn share(part: usize, whole: usize) -> usize {
    part.saturating_mul(100).checked_div(whole).unwrap_or(0)
}

fn counts(standing: &CampaignStanding) -> Vec<Count> {
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

fn groups(campaign: &Campaign, standing: &CampaignStanding) -> Vec<Group> {
    let group = |name: &str| {
        let units: Vec<&UnitStanding> = standing.units.iter().filter(|unit| unit.unit.group == name).collect();
        let done = units.iter().filter(|unit| is_done(unit)).count();
        let started = units.iter().filter(|unit| !is_done(unit) && unit.status != UnitStatus::Missing).count();
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

fn unit_name(standing: &CampaignStanding, code: Option<&UnitCode>) -> Option<String> {
    let unit = standing.units.iter().find(|unit| Some(&unit.unit.code) == code)?;
    Some(clean(&unit.unit.name, 60))
}

fn arrival(campaign: &Campaign, standing: &CampaignStanding, line: &ArrivalLine) -> Arrival {
    let unit = standing.units.iter().find(|unit| Some(&unit.unit.code) == line.unit.as_ref());
    Arrival {
        at: short_moment(local(campaign, line.received_at)),
        who: unit.map_or_else(|| clean(&line.from, 60), |unit| clean(&unit.unit.name, 60)),
        subject: clean(&line.subject, 80),
        status: unit.map_or_else(|| "单位待认定", |unit| unit.status.in_chinese()).to_owned(),
        nature: nature(line.nature),
    }
}

fn other_mail(arrivals: &[ArrivalLine]) -> Vec<String> {
    let others = Nature::ALL.into_iter().filter(|nature| !matches!(nature, Nature::Submission | Nature::Question));
    others
        .map(|kind| (kind, arrivals.iter().filter(|line| line.nature == kind).count()))
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| format!("{} {count} 封", nature(kind)))
        .collect()
}

fn review(campaign: &Campaign, standing: &CampaignStanding, line: &ReviewLine) -> Review {
    Review {
        id: line.id,
        at: short_moment(local(campaign, line.received_at)),
        who: unit_name(standing, line.unit.as_ref()).unwrap_or_else(|| clean(&line.from, 60)),
        subject: clean(&line.subject, 80),
        reason: reason(line.reason),
        text: clean(&line.text, 300),
        command: format!("mailtally review show {}", line.id),
    }
}

fn person(unit: &UnitStanding) -> Person {
    let said = |text: &Option<String>| text.as_deref().map(|text| clean(text, 40)).unwrap_or_default();
    Person {
        name: clean(&unit.unit.name, 60),
        contact: said(&unit.unit.contact),
        phone: said(&unit.unit.phone),
        reminders: unit.reminders_sent,
        undeliverable: unit.undeliverable,
        status: unit.status.in_chinese(),
    }
}

fn missing(campaign: &Campaign, standing: &CampaignStanding) -> Vec<MissingGroup> {
    let of = |name: &str| MissingGroup {
        name: clean(name, 20),
        units: standing
            .units
            .iter()
            .filter(|unit| unit.unit.group == name && unit.status == UnitStatus::Missing)
            .map(person)
            .collect(),
    };
    campaign.roster.groups().into_iter().map(of).filter(|group| !group.units.is_empty()).collect()
}

fn incomplete(campaign: &Campaign, standing: &CampaignStanding) -> Vec<Incomplete> {
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
        .filter(|unit| !is_done(unit) && unit.status != UnitStatus::Missing)
        .map(|unit| Incomplete { person: person(unit), owed: owed(unit) })
        .collect()
}

fn extended(campaign: &Campaign, unit: &UnitStanding) -> Option<Extended> {
    let until = local(campaign, unit.extended_until?);
    Some(Extended { name: clean(&unit.unit.name, 60), until: short_moment(until), status: unit.status.in_chinese() })
}

fn figures(campaign: &Campaign, standing: &CampaignStanding) -> Vec<Figure> {
    let mut group: Option<&str> = None;
    let mut figures = Vec::new();
    for column in campaign.form.number_columns() {
        let opens = column.group.as_deref() != group;
        group = column.group.as_deref();
        let total: Option<Decimal> = standing.totals.get(&column.key).copied().flatten();
        figures.push(Figure {
            group: if opens { group_title(group, figures.is_empty()) } else { String::new() },
            header: column_name(&campaign.form, column),
            value: total.map_or_else(|| "—".to_owned(), |total| figure(total, column.kind)),
        });
    }
    figures
}

fn stuck(standing: &CampaignStanding, line: &LetterLine) -> Stuck {
    let recipients = || clean(&line.recipients.join("、"), 80);
    Stuck {
        kind: letter_kind(line.kind),
        who: unit_name(standing, line.unit.as_ref()).unwrap_or_else(recipients),
        state: letter_state(line.state),
        reply: line.last_reply.as_deref().map(|reply| clean(reply, 160)).unwrap_or_default(),
    }
}
