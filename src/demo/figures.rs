//! Plausible figures for any unit, the same for the same seed, and the totals they must come to.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::ExpectedTable;
use super::build::form::{Figures, KEYS, Troop, Visit, Writing};
use crate::model::form::FindingCode;
use crate::model::ledger::Verdict;

const TROOPS: [&str; 7] = [
    "武警吕梁支队",
    "吕梁军分区机关",
    "武警吕梁支队机动中队",
    "吕梁市消防救援支队",
    "驻吕某部一营",
    "驻吕某部通信连",
    "武警离石中队",
];

/// A visit to so many people for so many 元 in all.
pub(super) fn visit(people: u32, gifts: &str, cost: i64) -> Visit {
    Visit { people, gifts: gifts.to_owned(), cost: Decimal::from(cost) }
}

/// A visit to troops.
pub(super) fn troop(name: &str, gifts: &str, cost: i64) -> Troop {
    Troop { name: name.to_owned(), gifts: gifts.to_owned(), cost: Decimal::from(cost) }
}

/// Figures of a unit of middling size. All costs are whole hundreds, so that two decimals of 万元 are exact.
pub(super) fn of_seed(seed: u32) -> Figures {
    let people = 18 + seed * 37 % 89;
    let others = 6 + seed * 23 % 41;
    let per_head = [300, 400, 500, 600].into_iter().nth(seed as usize % 4).unwrap_or(500);
    let gifts = ["慰问金", "米、面、油", "慰问金及毛巾被", "牛奶、食用油"];
    let gifts = gifts.into_iter().nth(seed as usize % 4).unwrap_or("慰问金");
    let troops = if seed.is_multiple_of(3) {
        Vec::new()
    } else {
        let name = TROOPS.into_iter().nth(seed as usize % TROOPS.len()).unwrap_or("武警吕梁支队");
        vec![troop(name, "西瓜、矿泉水、毛巾", 3_000 + i64::from(seed % 7) * 1_000)]
    };
    Figures {
        veterans: visit(people, gifts, i64::from(people * per_head)),
        others: visit(others, "慰问金", i64::from(others * 300)),
        troops,
        remarks: String::new(),
    }
}

impl ExpectedTable {
    /// What a table with these figures must come to, written this way.
    #[must_use]
    pub fn of(figures: &Figures, writing: Writing, decimals: u32) -> Self {
        let scale = if writing == Writing::CostsInWan { Decimal::from(10_000) } else { Decimal::ONE };
        let troops =
            (!figures.troops.is_empty()).then(|| figures.troops.iter().map(|troop| troop.cost).sum::<Decimal>());
        let total = match writing {
            Writing::TotalInYuan => figures.spent(),
            _ => figures.total_wan(decimals),
        };
        let mut totals: BTreeMap<&'static str, Option<String>> = BTreeMap::new();
        for key in KEYS {
            let figure = match key {
                "veterans_visited" => Some(Decimal::from(figures.veterans.people)),
                "veterans_cost" => Some(figures.veterans.cost / scale),
                "others_visited" => Some(Decimal::from(figures.others.people)),
                "others_cost" => Some(figures.others.cost / scale),
                "troop_cost" => troops.map(|cost| cost / scale),
                "total_wan" => Some(total),
                _ => continue,
            };
            totals.insert(key, figure.map(|figure| figure.normalize().to_string()));
        }
        Self { totals, verdict: Verdict::Accepted, codes: Vec::new() }
    }

    /// The same with errors found.
    #[must_use]
    pub fn wrong(mut self, code: FindingCode) -> Self {
        self.verdict = if code.mended_by_unit() { Verdict::NeedsCorrection } else { Verdict::NeedsReview };
        self.codes.push(code);
        self
    }

    /// The same with a warning, which keeps nothing from being counted.
    #[must_use]
    pub fn warned(mut self, code: FindingCode) -> Self {
        self.codes.push(code);
        self
    }

    /// The same with another total under one key.
    #[must_use]
    pub fn but(mut self, key: &'static str, figure: Option<&str>) -> Self {
        self.totals.insert(key, figure.map(str::to_owned));
        self
    }
}
