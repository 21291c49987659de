//! A whole campaign under a set clock: every sample mail is judged by the truth its generator wrote down beside it,
//! and the demo's play ends with exactly the totals those truths add up to.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::str::FromStr;

use chrono::FixedOffset;
use mailtally::config;
use mailtally::demo::{ExpectedTable, SampleMail, campaign_mails, player};
use mailtally::judge::register::Register;
use mailtally::judge::understand::understand;
use mailtally::model::campaign::Campaign;
use mailtally::model::form::Severity;
use mailtally::model::hints::Hints;
use mailtally::model::ledger::{ItemStatus, Nature, Verdict};
use mailtally::model::returns::{Item, TableReturn};
use mailtally::model::unit::UnitCode;
use mailtally::read::{self, Limits};
use rust_decimal::Decimal;

fn shipped() -> (FixedOffset, Campaign) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/mailtally.toml");
    let (offset, mut campaigns) = config::load_campaigns(&file).expect("the shipped configuration");
    (offset, campaigns.remove(0))
}

fn decimal(text: &str) -> Decimal {
    Decimal::from_str(text).unwrap()
}

/// What is wrong with a table read, against what its generator put in.
fn compare(table: &TableReturn, expected: &ExpectedTable) -> Vec<String> {
    let mut wrong = Vec::new();
    for (key, value) in &expected.totals {
        let found = table.totals.get(*key).copied().flatten();
        if found != value.as_deref().map(decimal) {
            wrong.push(format!("{key}: expected {value:?}, found {found:?}"));
        }
    }
    for code in &expected.codes {
        if !table.findings.iter().any(|finding| finding.code == *code) {
            wrong.push(format!("{code:?} was not found"));
        }
    }
    let errors: Vec<_> = table.findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
    if (expected.verdict == Verdict::Accepted) != errors.is_empty() {
        wrong.push(format!("expected {:?}, found errors {errors:?}", expected.verdict));
    }
    wrong
}

fn judged(mail: &SampleMail, register: &Register) -> Vec<String> {
    let understanding = understand(read::open(&mail.bytes, &Limits::default()), register, &Hints::default());
    let truth = &mail.truth;
    let mut wrong = Vec::new();
    if understanding.nature != truth.nature {
        wrong.push(format!("expected {:?}, found {:?}", truth.nature, understanding.nature));
    }
    let unit = understanding.unit.as_ref().map(|claim| claim.code.clone());
    if unit != truth.unit && matches!(truth.nature, Nature::Submission | Nature::Question) {
        wrong.push(format!("expected unit {:?}, found {unit:?} of {:?}", truth.unit, understanding.candidates));
    }
    let visible: Vec<&TableReturn> = understanding.tables.iter().filter(|table| !table.hidden).collect();
    match (&truth.table, visible.as_slice()) {
        (None, []) => {}
        (Some(expected), [table, ..]) => wrong.extend(compare(table, expected)),
        (expected, found) => wrong.push(format!("expected table {}, found {}", expected.is_some(), found.len())),
    }
    // A report in a kind nobody reads yet is laid before a person.
    let unread = understanding.roles.iter().any(|(_, role)| *role == mailtally::model::decision::Role::Unopened);
    let found_report = !understanding.reports.is_empty();
    if truth.report != found_report && !(truth.report && unread) {
        wrong.push(format!("expected report {}, found {}", truth.report, understanding.reports.len()));
    }
    wrong.into_iter().map(|words| format!("{}: {words} ({})", mail.name, truth.note)).collect()
}

#[test]
fn every_sample_mail_is_understood_as_its_truth_says() {
    let (offset, campaign) = shipped();
    let mails = campaign_mails(&campaign.roster, offset).unwrap();
    assert!(mails.len() >= 60);
    let register = Register::new(vec![campaign], Vec::new());
    let wrong: Vec<String> = mails.iter().flat_map(|mail| judged(mail, &register)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The table that should stand for each unit at the end: the last one, where it is right.
fn standing_by_truth(campaign: &Campaign, mails: &[SampleMail]) -> BTreeMap<UnitCode, ExpectedTable> {
    let mut standing: BTreeMap<UnitCode, ExpectedTable> = BTreeMap::new();
    for mail in mails.iter().filter(|mail| mail.received_at >= campaign.opens) {
        let (Some(unit), Some(table)) = (&mail.truth.unit, &mail.truth.table) else { continue };
        let blank = table.totals.values().all(Option::is_none);
        if !(blank && standing.contains_key(unit)) {
            standing.insert(unit.clone(), table.clone());
        }
    }
    standing.retain(|_, table| table.verdict == Verdict::Accepted);
    standing
}

#[tokio::test]
async fn the_whole_campaign_ends_with_the_true_totals() {
    let folder = tempfile::tempdir().unwrap();
    let (offset, campaign) = shipped();
    let mails = campaign_mails(&campaign.roster, offset).unwrap();
    let played = player::play(folder.path(), &|_, _, _| {}).await.unwrap();
    let expected = standing_by_truth(&campaign, &mails);

    let accepted: Vec<&UnitCode> = played
        .standing
        .units
        .iter()
        .filter(|unit| unit.items[&Item::Table] == ItemStatus::Accepted)
        .map(|unit| &unit.unit.code)
        .collect();
    assert_eq!(accepted.len(), expected.len(), "{accepted:?} against {:?}", expected.keys());
    for column in campaign.form.number_columns() {
        let key = column.key.as_str();
        let figures = expected.values().filter_map(|table| table.totals.get(key).cloned().flatten());
        let truth: Decimal = figures.map(|figure| decimal(&figure)).sum();
        assert_eq!(played.standing.totals[key], Some(truth), "{key}");
    }
    assert!(played.letters > played.mails, "receipts, reminders and digests went out: {}", played.letters);
    assert!(fs::read_to_string(&played.index).unwrap().contains("</html>"));
    assert!(fs::metadata(&played.tally).unwrap().len() > 10_000);
    for unit in &played.standing.units {
        assert!(unit.reminders_sent <= 5, "{} was reminded {} times", unit.unit.code, unit.reminders_sent);
    }
}
