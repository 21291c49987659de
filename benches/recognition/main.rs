//! Recognition measured on labelled mails: how often the unit is right, how often it is wrong, and how sure it was.
//!
//! Each mail is made from bytes, with its label known because of how it was made, and goes through the real reading and
//! judging. `make bench-recognition` prints a confusion table and fails where a goal is missed. `-v` lists every mail
//! that was not recognised for certain.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod adversary;
mod confused;
mod made;
mod rosters;
mod scenes;
mod second;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;

use mailtally::config;
use mailtally::judge::register::Register;
use mailtally::judge::understand::understand;
use mailtally::model::campaign::Campaign;
use mailtally::model::decision::{Certainty, Understanding};
use mailtally::model::unit::{Roster, UnitCode};
use mailtally::read::{self, Limits};

use self::made::{Made, OFFICE, Truth};
use self::scenes::Stage;

/// What became of a mail, or of a table or report in a mail of several units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    CertainRight,
    ProbableRight,
    /// Left to a person.
    Person,
    /// Left to a person, as is right: it is nobody's on the roster.
    PersonRight,
    ProbableWrong,
    CertainWrong,
}

#[derive(Default)]
struct Score {
    scenes: BTreeMap<&'static str, BTreeMap<Outcome, usize>>,
    units: BTreeSet<UnitCode>,
    mails: usize,
    /// Mails with two honest pieces and nothing against them: all, and those certain.
    plain: (usize, usize),
    /// The same with those in which something misleads.
    honest: (usize, usize),
}

/// Judges mails of one roster and adds to the score; says of each that went wrong what was made of it.
fn judge(mails: &[Made], campaign: &Campaign, roster: &Roster, score: &mut Score, verbose: bool) {
    let campaign = Campaign { roster: roster.clone(), ..campaign.clone() };
    let register = Register::new(vec![campaign], vec![OFFICE.to_owned()]);
    for made in mails {
        let understanding = understand(read::open(&made.bytes, &Limits::default()), &register, &made.hints);
        let outcomes = outcomes(made, &understanding);
        score.mails += 1;
        if let Truth::Unit(unit) = &made.truth {
            score.units.insert(unit.clone());
        }
        let certain = outcomes == [Outcome::CertainRight];
        for (counted, counts) in [(made.is_plain(), &mut score.plain), (made.honest.len() >= 2, &mut score.honest)] {
            counts.0 += usize::from(counted);
            counts.1 += usize::from(counted && certain);
        }
        for outcome in &outcomes {
            *score.scenes.entry(made.scene).or_default().entry(*outcome).or_default() += 1;
        }
        let wrong = outcomes.iter().any(|outcome| matches!(outcome, Outcome::ProbableWrong | Outcome::CertainWrong));
        if wrong || (made.is_plain() && !certain) || (verbose && !certain) {
            tell(made, &outcomes, &understanding);
        }
    }
}

fn outcomes(made: &Made, found: &Understanding) -> Vec<Outcome> {
    match &made.truth {
        Truth::Unit(unit) => vec![match &found.unit {
            Some(claim) => outcome(&claim.code == unit, claim.certainty),
            None => Outcome::Person,
        }],
        Truth::Nobody => vec![match &found.unit {
            Some(claim) => outcome(false, claim.certainty),
            None => Outcome::PersonRight,
        }],
        Truth::Parts { tables, reports } => {
            let found_tables = found.tables.iter().map(|table| table.unit.clone());
            let found_reports = found.reports.iter().map(|report| report.unit.clone());
            assert_eq!((found.tables.len(), found.reports.len()), (tables.len(), reports.len()), "{}", made.scene);
            let pairs = tables.iter().zip(found_tables).chain(reports.iter().zip(found_reports));
            // Of a part no certainty is told: a wrong one counts as the worst.
            let part = |(truth, found): (&Option<UnitCode>, Option<UnitCode>)| match found {
                None if truth.is_none() => Outcome::PersonRight,
                None => Outcome::Person,
                found => outcome(found == *truth, Certainty::Certain),
            };
            let mut outcomes: Vec<Outcome> = pairs.map(part).collect();
            outcomes.extend(found.unit.as_ref().map(|claim| outcome(false, claim.certainty)));
            outcomes
        }
    }
}

fn outcome(right: bool, certainty: Certainty) -> Outcome {
    match (right, certainty) {
        (true, Certainty::Certain) => Outcome::CertainRight,
        (true, Certainty::Probable) => Outcome::ProbableRight,
        (false, Certainty::Probable) => Outcome::ProbableWrong,
        (false, Certainty::Certain) => Outcome::CertainWrong,
    }
}

fn tell(made: &Made, outcomes: &[Outcome], found: &Understanding) {
    println!(
        "  {} [{}]: {:?}, {outcomes:?}",
        made.scene,
        found.mail.headers.subject.as_deref().unwrap_or_default(),
        made.truth
    );
    for claim in found.unit.iter().chain(&found.candidates) {
        println!("    {} {:?}", claim.name, claim.certainty);
        for evidence in &claim.evidence {
            println!("      {}", evidence.text);
        }
    }
}

/// Prints the confusion table; whether the goals are met.
fn report(title: &str, score: &Score) -> bool {
    let columns = [
        Outcome::CertainRight,
        Outcome::ProbableRight,
        Outcome::Person,
        Outcome::PersonRight,
        Outcome::ProbableWrong,
        Outcome::CertainWrong,
    ];
    println!("\n{title}: {} mails, {} units", score.mails, score.units.len());
    println!("{:<48}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}", "", "certain", "probable", "person", "nobody", "WRONG", "WRONG");
    println!("{:<48}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}", "", "right", "right", "asked", "right", "probable", "CERTAIN");
    let mut sums = BTreeMap::new();
    for (scene, counts) in &score.scenes {
        print!("{scene:<48}");
        for column in columns {
            let count = counts.get(&column).copied().unwrap_or_default();
            *sums.entry(column).or_insert(0) += count;
            print!("{count:>9}");
        }
        println!();
    }
    print!("{:<48}", "all");
    columns.iter().for_each(|column| print!("{:>9}", sums[column]));
    let percent = |(of, part): (usize, usize)| 100.0 * part as f64 / of.max(1) as f64;
    let wrong = percent((score.mails, sums[&Outcome::ProbableWrong]));
    println!("\nwrong certain: {}   wrong probable: {wrong:.2} %", sums[&Outcome::CertainWrong]);
    println!("certain of those with two honest pieces: {:.1} % of {}", percent(score.plain), score.plain.0);
    println!("the same with those in which something misleads: {:.1} % of {}", percent(score.honest), score.honest.0);
    sums[&Outcome::CertainWrong] == 0 && wrong <= 1.0 && (score.plain.0 == 0 || percent(score.plain) >= 95.0)
}

fn main() -> ExitCode {
    let verbose = std::env::args().any(|argument| argument == "-v");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/mailtally.toml");
    let (_, campaigns) = config::load_campaigns(&file).expect("the shipped configuration");
    let campaign = &campaigns[0];
    let (anhe, linjiang) = (rosters::anhe(), rosters::linjiang());
    let shipped = rosters::members(&campaign.roster);
    let (anhe_members, linjiang_members) = (rosters::members(&anhe), rosters::members(&linjiang));
    let stage = |members, city| Stage { campaign: &campaign.id, members, city };

    let mut first = Score::default();
    judge(&scenes::mails(&stage(&shipped, "吕梁市"), 5, 1), campaign, &campaign.roster, &mut first, verbose);
    judge(&scenes::mails(&stage(&anhe_members, "安和市"), 5, 2), campaign, &anhe, &mut first, verbose);
    let mut met = report("First set", &first);

    let mut second = Score::default();
    judge(&second::mails(&stage(&shipped, "吕梁市"), 3, 177), campaign, &campaign.roster, &mut second, verbose);
    judge(&second::mails(&stage(&anhe_members, "安和市"), 3, 178), campaign, &anhe, &mut second, verbose);
    judge(&second::mails(&stage(&linjiang_members, "临江区"), 6, 179), campaign, &linjiang, &mut second, verbose);
    met &= report("Second set, other words and another district", &second);

    let mut third = Score::default();
    judge(&adversary::mails(&campaign.id), campaign, &campaign.roster, &mut third, verbose);
    met &= report("Mails made to be booked wrongly", &third);
    if met { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
