//! The daily digest (每日简报): one screen first, then the lists behind it.

mod lists;
mod outlook;
mod units;

use std::collections::BTreeSet;

use serde::Serialize;

use self::lists::{Arrival, Figure, Review, Stuck, arrival, figures, other_mail, review, stuck, unit_name};
use self::outlook::{Chart, Outlook};
use self::units::{
    Count, Extended, Group, Incomplete, MissingGroup, Person, counts, extended, groups, incomplete, missing, person,
    share,
};
use super::first_time::{Newcomer, first_time};
use super::mail_ledger::{MailLedger, mail_ledger};
use super::table::{Sum, sums};
use super::words::{Due, Office, clean, due, local, moment, month_day, office, short_moment, weekday};
use crate::judge::course::is_done;
use crate::model::campaign::Campaign;
use crate::model::ledger::Nature;
use crate::model::letter::Enclosure;
use crate::model::standing::{ArrivalLine, DigestInput, Fault, StandingTable};
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
    /// The day of the final report, where that lies behind; else empty.
    after_final: String,
    total: usize,
    /// Complete or waived.
    done: usize,
    percent: usize,
    counts: Vec<Count>,
    groups: Vec<Group>,
    /// Units that have everything in since then.
    newly_done: Vec<String>,
    /// Units that had, and have not now.
    fallen_back: Vec<String>,
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
    forecast: Outlook,
    chart: Option<Chart>,
    #[serde(skip)]
    picture: Option<Enclosure>,
    stuck: Vec<Stuck>,
    more_stuck: usize,
    /// Letters that wait for release by the office's own setting.
    to_release: usize,
    /// All faults.
    faults: Vec<String>,
    /// Those that are told first: mail was lost, or an account stands still.
    graves: Vec<String>,
    other_faults: Vec<String>,
    /// Units that letters do not reach.
    telephone: Vec<Person>,
    ledger: MailLedger,
}

impl DigestFacts {
    #[must_use]
    pub fn new(campaign: &Campaign, input: &DigestInput) -> Self {
        let standing = &input.standing;
        let now = local(campaign, standing.as_of);
        let done = standing.units.iter().filter(|unit| is_done(unit.status)).count();
        let total = standing.units.len();
        let missing = missing(campaign, standing);
        let submissions = |line: &&ArrivalLine| line.nature == Nature::Submission || line.nature == Nature::Question;
        let arrivals: Vec<&ArrivalLine> = input.arrivals.iter().filter(submissions).collect();
        let (awaiting, stuck_letters): (Vec<_>, Vec<_>) =
            input.stuck_letters.iter().partition(|line| line.awaits_release());
        let rows: Vec<_> = counted(input).flat_map(|table| table.table.rows.iter().cloned()).collect();
        let names = |codes: &[UnitCode]| codes.iter().filter_map(|code| unit_name(standing, Some(code))).collect();
        let ledger = mail_ledger(&input.mails, input.seen, input.unfetched);
        let (graves, other_faults) = faults(input, &ledger);
        let forecast = outlook::forecast(campaign, input, total);
        let (chart, picture) = outlook::chart(campaign, input, total, &forecast).unzip();
        Self {
            office: office(campaign, now),
            due: due(campaign, now),
            day: format!("{}（{}）", month_day(now.date_naive()), weekday(now.date_naive())),
            as_of: moment(now),
            since: short_moment(local(campaign, input.since)),
            after_final: outlook::after_final(campaign, now),
            total,
            done,
            percent: share(done, total),
            counts: counts(standing),
            groups: groups(campaign, standing),
            newly_done: names(&input.newly_done),
            fallen_back: names(&input.fallen_back),
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
            late: standing.units.iter().filter(|unit| unit.late).map(|unit| clean(&unit.unit.name, 60)).collect(),
            figures: figures(campaign, standing),
            counted_tables: standing.units.iter().filter(|unit| unit.row.is_some()).count(),
            sums: sums(&campaign.form, &standing.totals, &rows),
            forecast: outlook::told(campaign, forecast, total),
            chart,
            picture,
            to_release: awaiting.len(),
            more_stuck: stuck_letters.len().saturating_sub(MOST_LINES),
            stuck: stuck_letters.into_iter().take(MOST_LINES).map(|line| stuck(standing, line)).collect(),
            faults: told(&input.faults),
            graves,
            other_faults,
            telephone: standing
                .units
                .iter()
                .filter(|unit| unit.cannot_be_written_to() && !is_done(unit.status))
                .map(|unit| person(campaign, unit))
                .collect(),
            ledger,
        }
    }

    /// The picture of the progress, if there is one and this page shows it.
    pub(super) fn pictures(&self, html: &str) -> Vec<Enclosure> {
        let shown = self.picture.iter().filter(|picture| html.contains(&picture.name));
        shown.cloned().collect()
    }
}

/// What must be told before everything else, and the other faults.
fn faults(input: &DigestInput, ledger: &MailLedger) -> (Vec<String>, Vec<String>) {
    let (graves, others): (Vec<&Fault>, Vec<&Fault>) = input.faults.iter().partition(|fault| fault.grave);
    (ledger.alarm().into_iter().chain(told(graves)).collect(), told(others))
}

fn told<'a>(faults: impl IntoIterator<Item = &'a Fault>) -> Vec<String> {
    faults.into_iter().take(MOST_LINES).map(|fault| clean(&fault.text, 300)).collect()
}

/// The tables whose figures count.
pub(super) fn counted(input: &DigestInput) -> impl Iterator<Item = &StandingTable> {
    let counting = input.standing.units.iter().filter(|unit| unit.row.is_some());
    let codes: BTreeSet<&UnitCode> = counting.map(|unit| &unit.unit.code).collect();
    input.tables.iter().filter(move |table| codes.contains(&table.unit))
}
