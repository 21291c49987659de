//! The money detective's second look: figures of one table against the accepted returns of the other units of its
//! group, and against the unit's own earlier one. Only what 10⁴ brings among them is suspected, and nothing is changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::{Decimal, RoundingStrategy};

use super::decide::Past;
use super::figures::ten_thousandth;
use super::remarks::{column_title, unit_word};
use crate::model::campaign::Campaign;
use crate::model::decision::Understanding;
use crate::model::form::{Check, Column, ColumnKind, FindingCode, Form, MoneyUnit};
use crate::model::ledger::{UnitLedger, Verdict};
use crate::model::returns::{Finding, Item, TableReturn, Totals, Value};
use crate::model::unit::UnitCode;

/// Fewer other units tell nothing about what is usual.
const ENOUGH_UNITS: usize = 5;
/// As written the figure lies this many times beyond what others wrote: honest units differ much, but not so much.
const FAR: Decimal = Decimal::ONE_HUNDRED;
/// Moved by 10⁴ it lies among the others, give or take this factor.
const CLOSE: Decimal = Decimal::from_parts(3, 0, 0, false, 0);
/// Beside the unit's own earlier figure the ratio is 10⁴ give or take this factor: people were added or left out since.
const ALIKE: Decimal = Decimal::TWO;
/// A table in a wrong unit throughout is told by its first cells.
const MOST_CELLS: usize = 20;

/// What the accepted returns say, for one unit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Peers {
    /// The totals of the other units of its group whose table is accepted.
    pub others: Vec<Arc<Totals>>,
}

/// The findings about each table of this mail that only the returns of before give rise to, in the tables' order;
/// empty where there are none at all.
#[must_use]
pub fn doubts(understanding: &Understanding, campaign: &Campaign, past: &Past) -> Vec<Vec<Finding>> {
    let claimed = understanding.unit.as_ref().map(|claim| &claim.code);
    let found: Vec<Vec<Finding>> = understanding
        .tables
        .iter()
        .map(|table| {
            let Some(unit) = claimed.or(table.unit.as_ref()) else { return Vec::new() };
            let earlier = past.ledgers.get(unit).and_then(earlier_totals);
            let none = Peers::default();
            suspects(table, past.peers.get(unit).unwrap_or(&none), earlier, &campaign.form)
        })
        .collect();
    if found.iter().all(Vec::is_empty) { Vec::new() } else { found }
}

/// What each of these units is measured by: the accepted totals of the rest of its group.
#[must_use]
pub fn peers_of<'u>(
    units: impl Iterator<Item = &'u UnitCode>,
    accepted: &BTreeMap<UnitCode, Arc<Totals>>,
    campaign: &Campaign,
) -> BTreeMap<UnitCode, Peers> {
    let group = |code: &UnitCode| campaign.roster.unit(code).map(|unit| unit.group.as_str());
    units
        .map(|unit| {
            let alike = |other: &UnitCode| other != unit && group(other).is_some() && group(other) == group(unit);
            let others =
                accepted.iter().filter(|(other, _)| alike(other)).map(|(_, totals)| Arc::clone(totals)).collect();
            (unit.clone(), Peers { others })
        })
        .collect()
}

/// The totals of the unit's table that was accepted last.
#[must_use]
pub fn earlier_totals(ledger: &UnitLedger) -> Option<&Totals> {
    let item = ledger.items.get(&Item::Table)?;
    let mut filings = item.current.iter().chain(item.earlier.iter().rev()).map(|standing| &standing.filing);
    filings.find(|filing| filing.verdict == Verdict::Accepted)?.totals.as_ref()
}

/// Why a column is suspected.
enum Witness {
    /// The others' median, a head where the form counts heads.
    Others { median: Decimal, a_head: bool },
    /// What the unit itself wrote before.
    Itself(Decimal),
}

/// Every figure of the table's money columns that probably stands in the wrong unit of money.
#[must_use]
pub fn suspects(table: &TableReturn, peers: &Peers, earlier: Option<&Totals>, form: &Form) -> Vec<Finding> {
    let mut findings = Vec::new();
    for column in &form.columns {
        let ColumnKind::Money(unit) = column.kind else { continue };
        let Some(written) = positive(&table.totals, &column.key) else { continue };
        let usual = Usual::of(column, &table.totals, peers, form);
        let witness = usual.as_ref().and_then(|usual| usual.accuses(unit)).or_else(|| {
            let before = positive(earlier?, &column.key)?;
            let cleared = usual.as_ref().is_some_and(Usual::is_usual);
            let alike = shifted(written, unit).is_some_and(|likely| within(likely, before, before, ALIKE));
            (alike && !cleared).then_some(Witness::Itself(before))
        });
        if let Some(witness) = witness {
            findings.extend(cells(table, column, unit, &witness, form).take(MOST_CELLS));
        }
    }
    findings
}

fn positive(totals: &Totals, key: &str) -> Option<Decimal> {
    totals.get(key).copied().flatten().filter(|figure| *figure > Decimal::ZERO)
}

/// The figure in the other unit: 元 where 万元 was meant, and the other way round.
fn shifted(figure: Decimal, asked: MoneyUnit) -> Option<Decimal> {
    match asked {
        MoneyUnit::Yuan => figure.checked_mul(Decimal::from(10_000)).map(|likely| likely.normalize()),
        MoneyUnit::TenThousandYuan => ten_thousandth(figure),
    }
}

/// Whether a figure lies between two others, or outside them by no more than this factor.
fn within(figure: Decimal, low: Decimal, high: Decimal, factor: Decimal) -> bool {
    let least = low.checked_div(factor);
    let most = high.checked_mul(factor);
    least.is_some_and(|least| figure >= least) && most.is_some_and(|most| figure <= most)
}

/// One column's measure beside the same of the others: a head where the form counts heads, else the sum itself.
struct Usual {
    own: Decimal,
    low: Decimal,
    median: Decimal,
    high: Decimal,
    a_head: bool,
}

impl Usual {
    fn of(column: &Column, own: &Totals, peers: &Peers, form: &Form) -> Option<Self> {
        let heads = form.checks.iter().find_map(|check| match check {
            Check::CountWithCost { count, cost } if *cost == column.key => Some(count.as_str()),
            _ => None,
        });
        let measure = |totals: &Totals| {
            let sum = positive(totals, &column.key)?;
            heads.map_or(Some(sum), |heads| sum.checked_div(positive(totals, heads)?))
        };
        let mut others: Vec<Decimal> = peers.others.iter().filter_map(|totals| measure(totals)).collect();
        if others.len() < ENOUGH_UNITS {
            return None;
        }
        others.sort_unstable();
        // A tenth at either end may itself be wrong.
        let cut = others.len() / 10;
        Some(Self {
            own: measure(own)?,
            low: *others.get(cut)?,
            median: *others.get(others.len() / 2)?,
            high: *others.get(others.len() - 1 - cut)?,
            a_head: heads.is_some(),
        })
    }

    fn is_usual(&self) -> bool {
        within(self.own, self.low, self.high, CLOSE)
    }

    fn accuses(&self, asked: MoneyUnit) -> Option<Witness> {
        let likely = shifted(self.own, asked)?;
        let accused = !within(self.own, self.low, self.high, FAR) && within(likely, self.low, self.high, CLOSE);
        accused.then_some(Witness::Others { median: self.median, a_head: self.a_head })
    }
}

/// A finding for each figure of the column that is not suspected already.
fn cells<'a>(
    table: &'a TableReturn,
    column: &'a Column,
    asked: MoneyUnit,
    witness: &'a Witness,
    form: &'a Form,
) -> impl Iterator<Item = Finding> + 'a {
    let known = |cell: &str| {
        table
            .findings
            .iter()
            .any(|finding| finding.code == FindingCode::UnitOfMoneySuspect && finding.cell.as_deref() == Some(cell))
    };
    let title = column_title(column, form);
    let unit = unit_word(column.kind);
    let (other, than) = match asked {
        MoneyUnit::Yuan => ("万元", "小"),
        MoneyUnit::TenThousandYuan => ("元", "大"),
    };
    let beside = match witness {
        Witness::Others { median, a_head } => {
            let each = if *a_head { "人均约" } else { "约" };
            format!(
                "比同组其他单位（{each} {}{unit}）{than}约一万倍",
                median.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero).normalize()
            )
        }
        Witness::Itself(before) => format!("比本单位此前报送的 {}{unit} {than}约一万倍", before.normalize()),
    };
    table.rows.iter().filter_map(move |row| {
        let filled = row.0.get(&column.key)?;
        let Some(Value::Figure(figure)) = filled.value.as_ref() else { return None };
        let cell = filled.cell.clone().filter(|cell| *figure > Decimal::ZERO && !known(cell))?;
        let likely = shifted(*figure, asked)?;
        Some(Finding {
            severity: form.severity(FindingCode::UnitOfMoneySuspect),
            code: FindingCode::UnitOfMoneySuspect,
            sheet: Some(table.sheet.clone()),
            text: format!(
                "{cell} {title}填写为 {figure}{unit}，{beside}，疑似按“{other}”填写；如是，应为 {likely}{unit}，请核对金额单位。"
            ),
            cell: Some(cell),
            suggested: Some(likely.to_string()),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::tables::read_tables;
    use crate::judge::testing::{bayi_form, paper};

    fn returned(rows: &str) -> TableReturn {
        read_tables(&[paper(rows)], "1", &bayi_form(), 2021).remove(0)
    }

    /// Six units that gave 250 to 500 元 a head and 5 to 30 thousand 元 to troops.
    fn others() -> Peers {
        let rows = [
            "100 | 米 | 30000 | 40 | 油 | 12000 | 甲部 | 米 | 5000 | 4.7 |",
            "50 | 米 | 25000 | 10 | 油 | 5000 | 乙部 | 米 | 30000 | 6.0 |",
            "300 | 米 | 90000 | 0 | 无 | 0 | 丙部 | 米 | 10000 | 10.0 |",
            "20 | 米 | 8000 | 20 | 油 | 8000 | 丁部 | 米 | 8000 | 2.4 |",
            "80 | 米 | 20000 | 60 | 油 | 18000 | 戊部 | 米 | 20000 | 5.8 |",
            "10 | 米 | 5000 | 8 | 油 | 3200 | 己部 | 米 | 6000 | 1.42 |",
        ];
        Peers { others: rows.iter().map(|row| Arc::new(returned(row).totals)).collect() }
    }

    fn told(rows: &str, peers: &Peers, earlier: Option<&str>) -> Vec<String> {
        let earlier = earlier.map(|rows| returned(rows).totals);
        suspects(&returned(rows), peers, earlier.as_ref(), &bayi_form())
            .into_iter()
            .map(|finding| format!("{} {}", finding.cell.unwrap(), finding.suggested.unwrap()))
            .collect()
    }

    #[test]
    fn figures_that_agree_with_each_other_are_held_against_the_group() {
        // Troops alone in 万元, and the total made from it by a formula.
        let rows = "0 | 无 | 0 | 0 | 无 | 0 | 甲部 | 米 | 1.5 | 0.00015 |";
        assert_eq!(told(rows, &others(), None), ["I5 15000"]);
        // The whole total in 元 while the costs are left empty.
        let rows = "0 | 无 | 0 | 0 | 无 | 0 | 无 | 无 | 0 | 45000 |";
        assert_eq!(told(rows, &others(), None), ["J5 4.5"]);
    }

    #[test]
    fn honest_differences_are_not_suspected() {
        for rows in [
            "100 | 米 | 1000 | 40 | 油 | 200000 | 甲部 | 米 | 200 | 20.12 |",
            "3000 | 米 | 900000 | 400 | 油 | 120000 | 甲部 | 米 | 2000000 | 302.0 |",
            "1 | 米 | 50 | 0 | 无 | 0 | 无 | 无 | 0 | 0.0 |",
        ] {
            assert!(told(rows, &others(), None).is_empty(), "{rows}");
        }
        let few = Peers { others: others().others.into_iter().take(4).collect() };
        assert!(told("0 | 无 | 0 | 0 | 无 | 0 | 甲部 | 米 | 1.5 | 0.00015 |", &few, None).is_empty());
    }

    #[test]
    fn a_unit_is_held_against_its_own_earlier_return() {
        let before = "0 | 无 | 0 | 0 | 无 | 0 | 甲部 | 米 | 16000 | 1.6 |";
        let rows = "0 | 无 | 0 | 0 | 无 | 0 | 甲部 | 米 | 1.5 | 0.00015 |";
        assert_eq!(told(rows, &Peers::default(), Some(before)), ["I5 15000"]);
        let rows = "0 | 无 | 0 | 0 | 无 | 0 | 甲部 | 米 | 15 | 0.0015 |";
        assert!(told(rows, &Peers::default(), Some(before)).is_empty());
        // What was wrong is the earlier one, as the group shows.
        let before = "0 | 无 | 0 | 0 | 无 | 0 | 甲部 | 米 | 1.5 | 15000 |";
        let rows = "0 | 无 | 0 | 0 | 无 | 0 | 甲部 | 米 | 15000 | 1.5 |";
        assert!(told(rows, &others(), Some(before)).is_empty());
    }
}
