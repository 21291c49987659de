//! Whose mail is it? Evidence is gathered, agreed or contradicted; never a guess without a reason.

use std::collections::{BTreeMap, BTreeSet};

use super::authenticity;
use super::names::{Mentions, NameBook};
use crate::model::decision::{Certainty, Claim, Evidence, EvidenceSource, Role};
use crate::model::mail::Mail;
use crate::model::returns::{ReportReturn, TableReturn};
use crate::model::unit::{Roster, UnitCode};

/// The last lines of a mail's own text, where a signature stands. Higher up units name the troops they visited.
const SIGNATURE_LINES: usize = 4;

/// What may be judged of one mail.
#[derive(Clone, Copy)]
pub struct Clues<'a> {
    pub mail: &'a Mail,
    pub roles: &'a [(String, Role)],
    pub tables: &'a [TableReturn],
    pub reports: &'a [ReportReturn],
}

/// Whom the mail and each of its tables were recognised as.
#[derive(Clone, Debug, Default)]
pub struct Recognition {
    pub unit: Option<Claim>,
    /// Where `unit` is `None`: whom it might be from.
    pub candidates: Vec<Claim>,
    /// For each table, whom its own unit cell means; the mail's unit where that cell is empty.
    pub table_units: Vec<Option<UnitCode>>,
    /// For each table, whether its unit cell contradicts the rest.
    pub table_conflicts: Vec<bool>,
}

/// All that speaks for one unit.
#[derive(Default)]
struct Case {
    evidence: Vec<Evidence>,
    sources: BTreeSet<EvidenceSource>,
    /// The address is this unit's alone.
    own_address: bool,
    /// The address stands in the roster for this unit and others.
    shared_address: bool,
    form: bool,
}

impl Case {
    fn add(&mut self, source: EvidenceSource, text: String) {
        self.sources.insert(source);
        let evidence = Evidence { source, text };
        if !self.evidence.contains(&evidence) {
            self.evidence.push(evidence);
        }
    }

    /// Independent pieces; an address shared with others weighs, but cannot contradict.
    fn weight(&self) -> usize {
        self.sources.len() + usize::from(self.own_address) + usize::from(self.form)
    }

    /// What the mail itself says beside the form's cell.
    fn words(&self) -> usize {
        self.sources.iter().filter(|source| !matches!(source, EvidenceSource::Address | EvidenceSource::Form)).count()
    }

    fn only_address(&self) -> bool {
        self.sources.iter().all(|source| *source == EvidenceSource::Address)
    }
}

/// Recognises the sender and the unit of each table.
#[must_use]
pub fn recognise(clues: Clues<'_>, roster: &Roster, names: &NameBook) -> Recognition {
    let mut cases: BTreeMap<UnitCode, Case> = BTreeMap::new();
    weigh_address(clues.mail, roster, &mut cases);
    let cells: Vec<Option<Mentions>> =
        clues.tables.iter().map(|table| table.unit_name.as_deref().map(|name| names.whole(name))).collect();
    weigh_forms(clues.tables, &cells, &mut cases);
    weigh_words(clues, names, &mut cases);

    let visible = |index: usize| clues.tables.get(index).is_some_and(|table| !table.hidden);
    let named: BTreeSet<&UnitCode> = cells
        .iter()
        .enumerate()
        .filter(|(index, _)| visible(*index))
        .filter_map(|(_, cell)| cell.as_ref()?.single())
        .collect();
    let stranger = cells
        .iter()
        .enumerate()
        .any(|(index, cell)| visible(index) && cell.as_ref().is_some_and(|cell| !cell.parents.is_empty()));
    let unit = if named.len() > 1 || stranger { None } else { settle(&cases) };

    let unit_code = unit.as_ref().map(|(code, _)| code.clone());
    let several = named.len() > 1;
    let table_units = cells
        .iter()
        .map(|cell| match cell {
            Some(cell) => cell.single().cloned(),
            None => unit_code.clone(),
        })
        .collect();
    let address_speaks = cases.values().any(|case| case.own_address);
    let table_conflicts = cells
        .iter()
        .map(|cell| match (cell, &unit_code) {
            (None, _) => false,
            (Some(cell), Some(code)) => cell.single() != Some(code),
            // Several units' tables in one mail are no contradiction of each cell; otherwise the address and the cell differ.
            (Some(cell), None) => !several && address_speaks && !own_address_is(&cases, cell.single()),
        })
        .collect();
    let claim_of = |code: &UnitCode, case: &Case, certainty: Certainty| Claim {
        code: code.clone(),
        name: roster.unit(code).map(|unit| unit.name.clone()).unwrap_or_default(),
        certainty,
        evidence: case.evidence.clone(),
    };
    let candidates = if unit.is_some() {
        Vec::new()
    } else {
        let mut ranked: Vec<_> = cases.iter().collect();
        ranked.sort_by_key(|(_, case)| std::cmp::Reverse(case.weight()));
        ranked.into_iter().map(|(code, case)| claim_of(code, case, Certainty::Probable)).collect()
    };
    let unit = unit.and_then(|(code, certainty)| cases.get(&code).map(|case| claim_of(&code, case, certainty)));
    Recognition { unit, candidates, table_units, table_conflicts }
}

fn own_address_is(cases: &BTreeMap<UnitCode, Case>, code: Option<&UnitCode>) -> bool {
    code.and_then(|code| cases.get(code)).is_some_and(|case| case.own_address)
}

/// The unit all agree on, with how sure that is; `None` where nothing or contradictory things are said.
fn settle(cases: &BTreeMap<UnitCode, Case>) -> Option<(UnitCode, Certainty)> {
    let (code, best) = cases.iter().max_by_key(|(_, case)| case.weight())?;
    let mut certainty =
        if best.sources.len() >= 2 || best.own_address { Certainty::Certain } else { Certainty::Probable };
    for (other_code, other) in cases {
        if other_code == code || (other.shared_address && other.only_address()) {
            if other_code != code && best.only_address() {
                return None;
            }
            continue;
        }
        let forwarded = other.only_address() && best.form && best.words() >= 1;
        let outweighed = !other.own_address && !other.form && best.weight() >= other.weight() + 3;
        if !(forwarded || outweighed) {
            return None;
        }
        certainty = Certainty::Probable;
    }
    Some((code.clone(), certainty))
}

fn weigh_address(mail: &Mail, roster: &Roster, cases: &mut BTreeMap<UnitCode, Case>) {
    // Two From fields or mailboxes prove nothing about the writer.
    let [from] = mail.headers.from.as_slice() else { return };
    // Nor does an address whose domain denies the mail.
    if !authenticity::address_counts(mail) {
        return;
    }
    let address = from.address.to_lowercase();
    let owners: Vec<_> = roster.units().iter().filter(|unit| unit.emails.contains(&address)).collect();
    for unit in &owners {
        let case = cases.entry(unit.code.clone()).or_default();
        if owners.len() == 1 {
            case.own_address = true;
            case.add(EvidenceSource::Address, format!("发件地址是名册中{}的邮箱", unit.name));
        } else {
            case.shared_address = true;
            case.add(EvidenceSource::Address, format!("发件地址是名册中{}与其他单位共用的邮箱", unit.name));
        }
    }
}

fn weigh_forms(tables: &[TableReturn], cells: &[Option<Mentions>], cases: &mut BTreeMap<UnitCode, Case>) {
    for (table, cell) in tables.iter().zip(cells) {
        let (Some(cell), Some(written)) = (cell, &table.unit_name) else { continue };
        if let Some(code) = cell.single() {
            let case = cases.entry(code.clone()).or_default();
            case.form = true;
            case.add(EvidenceSource::Form, format!("统计表的单位名称栏填写“{written}”"));
        }
        for (code, office) in &cell.parents {
            cases
                .entry(code.clone())
                .or_default()
                .add(EvidenceSource::Form, format!("统计表的单位名称栏填写“{office}”，是其下属单位，不在名册中"));
        }
    }
}

fn weigh_words(clues: Clues<'_>, names: &NameBook, cases: &mut BTreeMap<UnitCode, Case>) {
    let mut weigh = |source: EvidenceSource, text: &str, what: &str| {
        if let Some(code) = names.mentions(text).single() {
            cases.entry(code.clone()).or_default().add(source, format!("{what}“{}”", excerpt(text)));
        }
    };
    let headers = &clues.mail.headers;
    if let Some(subject) = &headers.subject {
        weigh(EvidenceSource::Subject, subject, "邮件主题写明");
    }
    if let Some(name) = headers.from.first().and_then(|from| from.name.as_deref()) {
        weigh(EvidenceSource::SenderName, name, "发件人名称为");
    }
    for (piece, (_, role)) in clues.mail.pieces.iter().zip(clues.roles) {
        if matches!(role, Role::Table | Role::Report | Role::Unopened | Role::CloudLink) {
            let name = piece.name.rsplit('/').next().unwrap_or_default();
            weigh(EvidenceSource::FileName, name, "附件名为");
        }
    }
    for report in clues.reports {
        if let Some(title) = &report.title {
            weigh(EvidenceSource::Report, title, "报告标题为");
        }
        if let Some(issuer) = &report.issuer {
            weigh(EvidenceSource::Report, issuer, "报告落款为");
        }
    }
    let lines: Vec<&str> = clues
        .mail
        .body
        .own_text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && line.chars().count() <= 40)
        .collect();
    for line in lines.iter().rev().take(SIGNATURE_LINES) {
        weigh(EvidenceSource::Body, line, "邮件署名处写有");
    }
}

/// The start of a text on one line, for a sentence.
fn excerpt(text: &str) -> String {
    let mut excerpt: String = text.chars().filter(|letter| !letter.is_control()).take(40).collect();
    if text.chars().count() > 40 {
        excerpt.push('…');
    }
    excerpt
}

#[cfg(test)]
mod tests;
