//! The total (万元) against the costs (元) it stands for: which rows a total is meant for, and whether it agrees.

use std::ops::Range;

use rust_decimal::Decimal;

use super::check::{cell_of, exact_add, rounded_total, rows_of_sum};
use super::fill::{FilledTable, GridRow};
use super::layout::Layout;
use super::money::{Part, Segment, Suspects, explain, tell};
use super::remarks::{Remarks, column_title};
use crate::model::form::{Check, FindingCode, Form};

/// Rows that share one total because its cell is merged over them; mostly a single row.
#[derive(Clone, Debug)]
struct Block {
    rows: Range<usize>,
    total: Option<Decimal>,
    /// The total's cell holds no number: told already, nothing to compare.
    unreadable: bool,
}

impl Block {
    fn without_zero(&self) -> Self {
        Self { total: self.total.filter(|total| !total.is_zero()), ..self.clone() }
    }
}

/// A total and the rows it is taken to stand for.
#[derive(Clone, Debug)]
struct Claim {
    rows: Range<usize>,
    /// The row whose cell carries (or should carry) the total.
    at: usize,
    total: Option<Decimal>,
}

/// Checks every `TotalAgrees` of the form over these rows of one unit. `sums` is false where the sum rows of the
/// table are about several units.
pub fn check_totals(table: &FilledTable, sums: bool, layout: &Layout, form: &Form, remarks: &mut Remarks) {
    for check in &form.checks {
        let Check::TotalAgrees { total, parts } = check else { continue };
        let present = parts.iter().chain([total]).all(|key| layout.columns.contains_key(key));
        if present && !table.rows.is_empty() {
            Totals { table, total, parts, form }.check(sums, remarks);
        }
    }
}

struct Totals<'a> {
    table: &'a FilledTable,
    total: &'a str,
    parts: &'a [String],
    form: &'a Form,
}

impl Totals<'_> {
    fn check(&self, sums: bool, remarks: &mut Remarks) {
        let blocks = self.blocks();
        let rows = 0..self.table.rows.len();
        let written = blocks.iter().filter(|block| block.total.is_some()).count();
        if blocks.iter().any(|block| block.unreadable) {
            // What the unreadable one stands for is not known; the others are judged each for itself.
            for claim in self.each(&blocks).into_iter().filter(|claim| claim.total.is_some()) {
                self.judge(&claim, remarks);
            }
            return;
        }
        if written == 0 {
            if !sums || !self.judge_sum_rows(remarks) {
                self.judge(&Claim { rows, at: 0, total: None }, remarks);
            }
            return;
        }
        let claims = self.claims(&blocks, written);
        // A 0 beside a total that stands for all rows is an empty cell filled in.
        let plain: Vec<Block> = blocks.iter().map(Block::without_zero).collect();
        let wrote = plain.iter().filter(|block| block.total.is_some()).count();
        let plain = (self.wrong(&claims) > 0 && (1..written).contains(&wrote)).then(|| self.claims(&plain, wrote));
        for claim in &plain.filter(|plain| self.wrong(plain) == 0).unwrap_or(claims) {
            self.judge(claim, remarks);
        }
    }

    fn claims(&self, blocks: &[Block], written: usize) -> Vec<Claim> {
        if written > 1 {
            return self.best_claims(blocks, written);
        }
        let rows = 0..self.table.rows.len();
        let block = blocks.iter().find(|block| block.total.is_some());
        block.map(|block| vec![Claim { rows, at: block.rows.start, total: block.total }]).unwrap_or_default()
    }

    fn row(&self, index: usize) -> Option<&GridRow> {
        self.table.rows.get(index)
    }

    fn blocks(&self) -> Vec<Block> {
        let mut blocks: Vec<Block> = Vec::new();
        let mut reach = None;
        for (index, row) in self.table.rows.iter().enumerate() {
            let inside = reach.is_some_and(|reach| row.at <= reach);
            if let Some(block) = blocks.last_mut().filter(|_| inside) {
                block.rows.end = index + 1;
                continue;
            }
            reach = row.reaches.get(self.total).copied();
            blocks.push(Block {
                rows: index..index + 1,
                total: row.row.figure(self.total),
                unreadable: row.faults.contains_key(self.total),
            });
        }
        blocks
    }

    /// Each total stands for its own rows alone; rows without one lack theirs.
    fn each(&self, blocks: &[Block]) -> Vec<Claim> {
        blocks
            .iter()
            .map(|block| Claim { rows: block.rows.clone(), at: block.rows.start, total: block.total })
            .collect()
    }

    /// Each total stands for its rows and those without one below it.
    fn downward(&self, blocks: &[Block]) -> Vec<Claim> {
        let mut claims: Vec<Claim> = Vec::new();
        let mut leading = None;
        for block in blocks {
            match (block.total, claims.last_mut()) {
                (Some(_), _) => {
                    let start = leading.take().unwrap_or(block.rows.start);
                    claims.push(Claim { rows: start..block.rows.end, at: block.rows.start, total: block.total });
                }
                (None, Some(claim)) => claim.rows.end = block.rows.end,
                (None, None) => {
                    leading.get_or_insert(block.rows.start);
                }
            }
        }
        claims
    }

    /// Each total stands for its rows and those without one above it.
    fn upward(&self, blocks: &[Block]) -> Vec<Claim> {
        let mut claims: Vec<Claim> = Vec::new();
        let mut start = 0;
        for block in blocks {
            if block.total.is_some() {
                claims.push(Claim { rows: start..block.rows.end, at: block.rows.start, total: block.total });
                start = block.rows.end;
            } else if let Some(claim) = claims.last_mut().filter(|_| block.rows.end == self.table.rows.len()) {
                claim.rows.end = block.rows.end;
            }
        }
        claims
    }

    fn best_claims(&self, blocks: &[Block], written: usize) -> Vec<Claim> {
        if written == blocks.len() {
            return self.each(blocks);
        }
        // Of equally good readings the first: units write a shared total in its first row.
        [self.downward(blocks), self.upward(blocks), self.each(blocks)]
            .into_iter()
            .min_by_key(|claims| self.wrong(claims))
            .unwrap_or_default()
    }

    fn wrong(&self, claims: &[Claim]) -> usize {
        claims.iter().filter(|claim| self.agrees(claim) == Some(false)).count()
    }

    /// The sum of the costs of these rows; `None` where one cannot be read.
    fn costs(&self, rows: &Range<usize>) -> Option<Decimal> {
        let rows = self.table.rows.get(rows.clone())?;
        let mut sum = Decimal::ZERO;
        for row in rows {
            for key in self.parts {
                if row.faults.contains_key(key) {
                    return None;
                }
                sum = exact_add(sum, row.row.figure(key).unwrap_or_default())?;
            }
        }
        Some(sum)
    }

    /// `None` where it cannot be judged.
    fn agrees(&self, claim: &Claim) -> Option<bool> {
        let costs = self.costs(&claim.rows)?;
        match claim.total {
            Some(total) => Some(rounded_total(costs, total.scale())? == total),
            None => Some(costs.is_zero()),
        }
    }

    fn judge(&self, claim: &Claim, remarks: &mut Remarks) {
        let cell = self.row(claim.at).and_then(|row| cell_of(row, self.total));
        self.compare(&claim.rows, claim.total, cell, remarks);
    }

    /// Totals that only sum rows carry, each for all rows above it or for those since the last sum row. `false` where
    /// none carries one.
    fn judge_sum_rows(&self, remarks: &mut Remarks) -> bool {
        let (mut since, mut any) = (0, false);
        for (above, sum) in &self.table.sums {
            let all = 0..rows_of_sum(self.table, *above).len();
            let part = since..*above;
            since = *above;
            any |= sum.faults.contains_key(self.total);
            let Some(total) = sum.row.figure(self.total) else { continue };
            any = true;
            let claim = Claim { rows: part.clone(), at: part.start, total: Some(total) };
            let rows = if !part.is_empty() && self.agrees(&claim) == Some(true) { part } else { all };
            self.compare(&rows, Some(total), cell_of(sum, self.total), remarks);
        }
        any
    }

    fn compare(&self, rows: &Range<usize>, total: Option<Decimal>, cell: Option<&str>, remarks: &mut Remarks) {
        let claim = Claim { rows: rows.clone(), at: rows.start, total };
        let (Some(false), Some(costs)) = (self.agrees(&claim), self.costs(rows)) else { return };
        let Some(right) = rounded_total(costs, total.map_or(1, |total| total.scale())) else { return };
        let title = self.form.column(self.total).map(|column| column_title(column, self.form)).unwrap_or_default();
        let at = cell.unwrap_or_default();
        let Some(total) = total else {
            let text = format!("{at} {title}没有填写，各项经费相加为 {costs} 元，应为 {right} 万元，请补填。");
            remarks.add(FindingCode::TotalMismatch, cell, text);
            return;
        };
        let segment = Segment { total, cell: at, title: &title, parts: self.parts_of(rows) };
        let suspects = explain(&segment, self.form);
        let advice = match suspects {
            // Where the costs are what is wrong, 应为 0.0 万元 would lead the unit astray.
            Suspects::Costs(_) => "疑因经费栏的金额单位有误，请一并核对".to_owned(),
            Suspects::Total | Suspects::Nothing => format!("应为 {right} 万元，请核对"),
        };
        let text = format!("{at} {title}填写为 {total} 万元，各项经费相加为 {costs} 元，{advice}。");
        remarks.add(FindingCode::TotalMismatch, cell, text);
        tell(&suspects, &segment, remarks);
    }

    fn parts_of(&self, rows: &Range<usize>) -> Vec<Part> {
        let rows = self.table.rows.get(rows.clone()).unwrap_or_default();
        rows.iter().flat_map(|row| self.parts.iter().filter_map(move |key| Part::of(row, key, self.form))).collect()
    }
}
