//! Whose mail is it, and whose is each table and report in it? Clues agree or contradict; never a guess without a reason.
//!
//! A clue names one unit, comes by one hand ([`Hand`]), and speaks either of who sends or of whose return it is
//! ([`Side`]). The rules, each of which can be told to whoever asks:
//!
//! 1. *Independent* are clues by different hands. A file's name was given by who filled the file, and a subject that
//!    repeats it by the mail program; an answer's subject is ours. Copies count once.
//! 2. All agree, and come by two hands at least: `certain`. One hand alone: `probable`.
//! 3. What the mail brings (form, report, subject, folders, its own announcement) names two units: nobody's, until a
//!    person looks. An office that is not on the roster counts as another unit here.
//! 4. A forwarder is not the unit. Where what the mail brings names one unit by two hands, of which one is form or
//!    report, a sender who is another unit is set aside: surely, if form and report both name it, if three hands do, or
//!    if the mail visibly passes on another's; else probably. By one hand alone it is a contradiction.
//! 5. Where nothing but the sender speaks, it is the sender's; but no more than probably where the mail passes on
//!    another's, and nobody's where two senders are named.
//! 6. An address of several units, and a domain in which one unit alone has addresses, support and no more: they decide
//!    nothing alone and contradict nothing.
//! 7. A unit cell that names nobody on the roster leaves nothing certain.
//! 8. Tables that name several units (or reports, where no table names any) are each recognised by their own clues
//!    alone: cell, sheet, file, folder, the mail around them.

use std::collections::{BTreeMap, BTreeSet};

use super::clue::{Clue, Clues, Hand, Part, Side, Sources, Who};
use super::clues::gather;
use super::names::NameBook;
use crate::model::decision::{Certainty, Claim, Evidence};
use crate::model::unit::{Roster, UnitCode};

/// Most pieces of evidence told for one unit; a mail may hold thousands of files.
const MOST_EVIDENCE: usize = 60;

/// Whom the mail and each of its tables and reports were recognised as.
#[derive(Clone, Debug, Default)]
pub struct Recognition {
    pub unit: Option<Claim>,
    /// Where `unit` is `None`: whom it might be from.
    pub candidates: Vec<Claim>,
    /// For each table, whom its own unit cell means; the mail's unit where that cell is empty.
    pub table_units: Vec<Option<UnitCode>>,
    /// For each table, whether its unit cell contradicts the rest.
    pub table_conflicts: Vec<bool>,
    /// For each report, whose it is.
    pub report_units: Vec<Option<UnitCode>>,
}

/// Recognises the sender and the unit of each table and report.
#[must_use]
pub fn recognise(sources: Sources<'_>, roster: &Roster, names: &NameBook) -> Recognition {
    let clues = gather(sources, roster, names);
    let settled: Vec<Settled> =
        clues.tables.iter().map(|part| settle(&part.clues.iter().collect::<Vec<_>>(), Way::default())).collect();
    let settled_reports: Vec<Settled> =
        clues.reports.iter().map(|part| settle(&part.clues.iter().collect::<Vec<_>>(), Way::default())).collect();
    let pooled = pool(&clues);
    let several = names_several(&clues, &settled, &settled_reports);
    let unknown_cell = clues.tables.iter().any(|part| part.visible && names_nobody(part));
    let whole =
        if several { Settled::default() } else { settle(&pooled, Way { passed_on: clues.passed_on, unknown_cell }) };
    let claims = Claims { roster, clues: &pooled, passed_on: clues.passed_on };
    let unit = whole.unit.as_ref().map(|(code, certainty)| claims.claim(code, *certainty, &whole.set_aside));
    let code = unit.as_ref().map(|claim| claim.code.clone());
    let own = |settled: &Settled| settled.unit.as_ref().map(|(code, _)| code.clone());
    let table_units = clues.tables.iter().zip(&settled).map(|(part, settled)| match (&part.cell, several) {
        (_, true) => own(settled),
        (Some(cell), false) => cell.single().cloned(),
        (None, false) => code.clone(),
    });
    let report_units = settled_reports.iter().map(|settled| if several { own(settled) } else { code.clone() });
    Recognition {
        candidates: if unit.is_some() { Vec::new() } else { claims.candidates() },
        table_units: table_units.collect(),
        table_conflicts: conflicts(&clues, code.as_ref(), several),
        report_units: report_units.collect(),
        unit,
    }
}

/// The mail's own clues and those of all its visible tables and reports, each once.
fn pool(clues: &Clues) -> Vec<&Clue> {
    let parts = clues.tables.iter().filter(|part| part.visible).chain(&clues.reports);
    let mut seen: BTreeSet<(&Who, Hand, &str)> = BTreeSet::new();
    let all = parts.flat_map(|part| &part.clues).chain(&clues.mail);
    all.filter(|clue| seen.insert((&clue.who, clue.hand, &clue.evidence.text))).collect()
}

/// Whether the mail brings several units' returns. A table and a report that differ contradict each other instead.
fn names_several(clues: &Clues, tables: &[Settled], reports: &[Settled]) -> bool {
    let visible = clues.tables.iter().zip(tables).filter(|(part, _)| part.visible).map(|(_, settled)| settled);
    let named: BTreeSet<&UnitCode> = visible.filter_map(Settled::code).collect();
    let reported: BTreeSet<&UnitCode> = reports.iter().filter_map(Settled::code).collect();
    named.len() > 1 || (named.is_empty() && reported.len() > 1)
}

/// Whether a unit cell is filled and names neither a unit nor an office of one.
fn names_nobody(part: &Part) -> bool {
    part.cell.as_ref().is_some_and(|cell| cell.single().is_none() && cell.parents.is_empty())
}

/// For each table, whether its cell contradicts the rest of the mail.
fn conflicts(clues: &Clues, unit: Option<&UnitCode>, several: bool) -> Vec<bool> {
    let senders: BTreeSet<&UnitCode> = clues
        .mail
        .iter()
        .filter(|clue| clue.side == Side::Sender && clue.hand == Hand::Account && !clue.only_supports)
        .filter_map(|clue| clue.who.unit())
        .collect();
    let cells: BTreeSet<&UnitCode> =
        clues.tables.iter().filter(|part| part.visible).filter_map(|part| part.cell.as_ref()?.single()).collect();
    let differs = |part: &Part| {
        let Some(cell) = &part.cell else { return false };
        match unit {
            Some(unit) => cell.single() != Some(unit),
            // Several units' tables in one mail are no contradiction of each cell.
            None if several => false,
            None => cells.len() > 1 || senders.iter().any(|sender| cell.single() != Some(sender)),
        }
    };
    clues.tables.iter().map(differs).collect()
}

/// How a set of clues reached the office.
#[derive(Clone, Copy, Default)]
struct Way {
    passed_on: bool,
    unknown_cell: bool,
}

/// What a set of clues comes to.
#[derive(Clone, Debug, Default)]
struct Settled {
    unit: Option<(UnitCode, Certainty)>,
    /// Senders that were set aside, as they pass on what is another's.
    set_aside: Vec<Clue>,
}

impl Settled {
    fn code(&self) -> Option<&UnitCode> {
        self.unit.as_ref().map(|(code, _)| code)
    }
}

/// The unit that clues agree on, by the rules at the top; none where nothing or contradictory things are said.
fn settle(clues: &[&Clue], way: Way) -> Settled {
    let named = |side: Side| -> BTreeSet<&Who> {
        clues.iter().filter(|clue| clue.side == side && !clue.only_supports).map(|clue| &clue.who).collect()
    };
    let matter = named(Side::Matter);
    let sure = |sure: bool| if sure && !way.unknown_cell { Certainty::Certain } else { Certainty::Probable };
    let mut brought = matter.iter();
    let Some(who) = brought.next() else { return by_sender(clues, way, sure) };
    let (Who::Unit(unit), None) = (who, brought.next()) else { return Settled::default() };
    // Who shares the mailbox may answer a letter to the other.
    let shares = clues.iter().any(|clue| clue.only_supports && clue.hand == Hand::Account && clue.who == **who);
    let against: Vec<&&Clue> = clues
        .iter()
        .filter(|clue| clue.side == Side::Sender && !clue.only_supports && clue.who != **who)
        .filter(|clue| !(shares && clue.hand == Hand::Thread))
        .collect();
    let hands = |for_unit: &dyn Fn(&Clue) -> bool| -> BTreeSet<Hand> {
        clues.iter().filter(|clue| clue.who == **who && for_unit(clue)).map(|clue| clue.hand).collect()
    };
    let all = hands(&|_| true);
    if against.is_empty() {
        return Settled { unit: Some((unit.clone(), sure(all.len() >= 2))), set_aside: Vec::new() };
    }
    let (form, report) = (all.contains(&Hand::Form), all.contains(&Hand::Report));
    if all.len() < 2 || !(form || report) {
        return Settled::default();
    }
    let certainty = sure(way.passed_on || (form && report) || all.len() >= 3);
    Settled {
        unit: Some((unit.clone(), certainty)),
        set_aside: against.into_iter().map(|clue| (*clue).clone()).collect(),
    }
}

/// Where what the mail brings names nobody.
fn by_sender(clues: &[&Clue], way: Way, sure: impl Fn(bool) -> Certainty) -> Settled {
    let speaking = |inner: bool| -> BTreeSet<&Who> {
        let speaks = |clue: &&&Clue| !clue.only_supports && (!inner || clue.hand == Hand::Forwarded);
        clues.iter().filter(speaks).map(|clue| &clue.who).collect()
    };
    // Who wrote what is passed on is the sender, not who passes it on.
    let inner = speaking(true);
    let senders = if inner.is_empty() { speaking(false) } else { inner };
    let mut senders = senders.into_iter();
    let (Some(who @ Who::Unit(unit)), None) = (senders.next(), senders.next()) else { return Settled::default() };
    let hands: BTreeSet<Hand> = clues.iter().filter(|clue| clue.who == *who).map(|clue| clue.hand).collect();
    Settled { unit: Some((unit.clone(), sure(hands.len() >= 2 && !way.passed_on))), set_aside: Vec::new() }
}

/// Clues as claims with their evidence.
struct Claims<'a> {
    roster: &'a Roster,
    clues: &'a [&'a Clue],
    passed_on: bool,
}

impl Claims<'_> {
    fn claim(&self, code: &UnitCode, certainty: Certainty, set_aside: &[Clue]) -> Claim {
        let mut evidence: Vec<Evidence> = Vec::new();
        let spoken = self.clues.iter().filter(|clue| clue.who.about() == code).map(|clue| clue.evidence.clone());
        let mut spoken: Vec<Evidence> = spoken.collect();
        spoken.sort_by_key(|piece| piece.source);
        spoken.truncate(MOST_EVIDENCE);
        let set_aside = set_aside.iter().map(|clue| {
            let why = if self.passed_on {
                "此信系转发，转发者不作为报送单位"
            } else {
                "材料写明的是另一单位，视为代报"
            };
            Evidence { source: clue.evidence.source, text: format!("{}；{why}", clue.evidence.text) }
        });
        for piece in spoken.into_iter().chain(set_aside) {
            if !evidence.contains(&piece) {
                evidence.push(piece);
            }
        }
        let name = self.roster.unit(code).map(|unit| unit.name.clone()).unwrap_or_default();
        Claim { code: code.clone(), name, certainty, evidence }
    }

    /// Everybody named, whom most hands name first.
    fn candidates(&self) -> Vec<Claim> {
        let mut hands: BTreeMap<&UnitCode, BTreeSet<Hand>> = BTreeMap::new();
        for clue in self.clues {
            hands.entry(clue.who.about()).or_default().insert(clue.hand);
        }
        let mut ranked: Vec<_> = hands.into_iter().collect();
        ranked.sort_by_key(|(_, hands)| std::cmp::Reverse(hands.len()));
        ranked.into_iter().map(|(code, _)| self.claim(code, Certainty::Probable, &[])).collect()
    }
}

#[cfg(test)]
mod tests;
