//! Two hundred mixed mails: the sample campaign, and plain returns of many units before it.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

use chrono::{DateTime, FixedOffset, TimeDelta};
use mail_parser::MessageParser;
use mailtally::config;
use mailtally::demo::build::form::{Figures, FilledForm, KEYS, Troop, Visit, Writing};
use mailtally::demo::build::mime::Draft;
use mailtally::demo::build::mimicry::Dialect;
use mailtally::demo::build::sheet::{Placement, workbook};
use mailtally::demo::campaign_mails;
use mailtally::model::campaign::Campaign;
use mailtally::model::ledger::{Nature, Verdict};
use rust_decimal::Decimal;

use crate::office::OFFICE;

/// A mail with what it must come to.
pub struct Mail {
    pub received_at: DateTime<FixedOffset>,
    pub bytes: Vec<u8>,
    pub nature: Nature,
    pub unit: Option<String>,
    /// Sums by column key, with the verdict on the table.
    pub table: Option<(BTreeMap<String, Option<Decimal>>, Verdict)>,
}

pub fn shipped() -> (FixedOffset, Campaign) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/mailtally.toml");
    let (offset, mut campaigns) = config::load_campaigns(&file).unwrap();
    (offset, campaigns.remove(0))
}

/// The figures of a plain return, different for each number.
fn figures(number: u32) -> Figures {
    let money = |yuan: u32, fen: u32| Decimal::new(i64::from(yuan) * 100 + i64::from(fen), 2);
    let visit = |people: u32, cost| Visit { people, gifts: "米、面、油".to_owned(), cost };
    Figures {
        veterans: visit(20 + number, money(9_000 + 137 * number, number % 100)),
        others: visit(5 + number % 7, money(2_000 + 61 * number, 0)),
        troops: vec![Troop {
            name: format!("驻地部队{number}"), gifts: "慰问金".to_owned(), cost: money(5_000, 50)
        }],
        remarks: String::new(),
    }
}

/// A return like many others; each number has figures of its own, and the units take turns.
pub fn plain_return(campaign: &Campaign, offset: FixedOffset, number: u32) -> Mail {
    let with_address: Vec<_> = campaign.roster.units().iter().filter(|unit| !unit.emails.is_empty()).collect();
    let unit = with_address[number as usize % with_address.len()];
    let opens = DateTime::parse_from_rfc3339("2021-07-22T00:00:00+08:00").unwrap().with_timezone(&offset);
    let received_at = opens + TimeDelta::minutes(i64::from(number) + 1);
    let figures = figures(number);
    let writing = [Writing::Plain, Writing::Separated, Writing::FullWidth][number as usize % 3];
    let form = FilledForm::new(&unit.name, "2021年7月22日", &figures, writing, 4);
    let bytes = Draft::new(Dialect::Qq, (&unit.name, &unit.emails[0]), OFFICE, received_at)
        .subject(format!("{}统计表", unit.name))
        .text("请查收附件。\n")
        .attach("统计表.xlsx", workbook(&form, Placement::Usual).unwrap())
        .bytes();
    let sums = [
        ("veterans_visited", Decimal::from(figures.veterans.people)),
        ("veterans_cost", figures.veterans.cost),
        ("others_visited", Decimal::from(figures.others.people)),
        ("others_cost", figures.others.cost),
        ("troop_cost", figures.troops[0].cost),
        ("total_wan", figures.total_wan(4)),
    ];
    assert!(sums.iter().all(|(key, _)| KEYS.contains(key)));
    Mail {
        received_at,
        bytes,
        nature: Nature::Submission,
        unit: Some(unit.code.to_string()),
        table: Some((sums.map(|(key, sum)| (key.to_owned(), Some(sum))).into(), Verdict::Accepted)),
    }
}

/// Two hundred mails, oldest first.
pub fn two_hundred(campaign: &Campaign, offset: FixedOffset) -> Vec<Mail> {
    let samples = campaign_mails(&campaign.roster, offset).unwrap();
    let more = u32::try_from(200 - samples.len()).unwrap();
    let mut mails: Vec<Mail> = (0..more).map(|number| plain_return(campaign, offset, number)).collect();
    mails.extend(samples.into_iter().map(|sample| Mail {
        received_at: sample.received_at,
        bytes: sample.bytes,
        nature: sample.truth.nature,
        unit: sample.truth.unit.map(|unit| unit.to_string()),
        table: sample.truth.table.map(|table| {
            let sum = |sum: &String| Decimal::from_str(sum).unwrap();
            let sums = table.totals.iter().map(|(key, value)| ((*key).to_owned(), value.as_ref().map(sum)));
            (sums.collect(), table.verdict)
        }),
    }));
    mails.sort_by_key(|mail| mail.received_at);
    assert_eq!(mails.len(), 200);
    mails
}

/// The sums of each unit's table: of each unit its last one, where that is right.
pub fn truth(campaign: &Campaign, mails: &[Mail]) -> BTreeMap<String, BTreeMap<String, Decimal>> {
    let mut standing: BTreeMap<&str, &(BTreeMap<String, Option<Decimal>>, Verdict)> = BTreeMap::new();
    for mail in mails.iter().filter(|mail| mail.received_at >= campaign.opens) {
        let (Some(unit), Some(table)) = (&mail.unit, &mail.table) else { continue };
        let blank = table.0.values().all(Option::is_none);
        // An address the roster does not know may file what is missing, and not replace what is accepted.
        let from = MessageParser::default().parse(&mail.bytes).unwrap();
        let from = from.from().and_then(|from| from.first()?.address()).unwrap_or_default().to_lowercase();
        let stranger = !campaign.roster.units().iter().any(|unit| unit.emails.contains(&from));
        let accepted = standing.get(unit.as_str()).is_some_and(|(_, verdict)| *verdict == Verdict::Accepted);
        let changes_nothing = (blank && standing.contains_key(unit.as_str())) || (stranger && accepted);
        if !changes_nothing {
            standing.insert(unit, table);
        }
    }
    let figures = |table: &BTreeMap<String, Option<Decimal>>| {
        table.iter().filter_map(|(key, value)| Some((key.clone(), (*value)?))).collect()
    };
    let right = standing.into_iter().filter(|(_, (_, verdict))| *verdict == Verdict::Accepted);
    right.map(|(unit, (table, _))| (unit.to_owned(), figures(table))).collect()
}
