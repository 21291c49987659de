//! Which of a mail's tables and reports each unit's filings are made from.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::decision::Understanding;
use crate::model::form::FindingCode;
use crate::model::returns::{ReportReturn, TableReturn};
use crate::model::unit::UnitCode;

/// The places of each unit's tables in the mail: visible ones before hidden ones.
#[must_use]
pub fn tables_by_unit(understanding: &Understanding) -> BTreeMap<UnitCode, Vec<usize>> {
    let mut by_unit: BTreeMap<UnitCode, Vec<usize>> = BTreeMap::new();
    let several = named(understanding).len() > 1;
    for (place, table) in understanding.tables.iter().enumerate() {
        let unit = match (&understanding.unit, &table.unit) {
            (Some(claim), _) => claim.code.clone(),
            // One mail with several units' tables: each to its own, unless a cell contradicts the address.
            (None, Some(unit)) if several && !contradicts(table) => unit.clone(),
            (None, _) => continue,
        };
        by_unit.entry(unit).or_default().push(place);
    }
    let is_visible = |place: &usize| understanding.tables.get(*place).is_some_and(|table| !table.hidden);
    for places in by_unit.values_mut() {
        if places.iter().any(is_visible) {
            places.retain(is_visible);
        }
    }
    by_unit
}

/// The same of its reports. A report of another unit beside one unit's table is a contradiction, no second return.
#[must_use]
pub fn reports_by_unit(understanding: &Understanding) -> BTreeMap<&UnitCode, Vec<&ReportReturn>> {
    let mut by_unit: BTreeMap<&UnitCode, Vec<&ReportReturn>> = BTreeMap::new();
    let named = named(understanding);
    let reported: BTreeSet<&UnitCode> =
        understanding.reports.iter().filter_map(|report| report.unit.as_ref()).collect();
    let several = named.len() > 1 || (named.is_empty() && reported.len() > 1);
    let is_safe = several && !understanding.tables.iter().any(contradicts);
    for report in &understanding.reports {
        let unit = match (&understanding.unit, &report.unit) {
            (Some(claim), _) => &claim.code,
            (None, Some(unit)) if is_safe => unit,
            (None, _) => continue,
        };
        by_unit.entry(unit).or_default().push(report);
    }
    by_unit
}

/// The units that visible tables are of.
fn named(understanding: &Understanding) -> BTreeSet<&UnitCode> {
    understanding.tables.iter().filter(|table| !table.hidden).filter_map(|table| table.unit.as_ref()).collect()
}

fn contradicts(table: &TableReturn) -> bool {
    table.findings.iter().any(|finding| finding.code == FindingCode::UnitNameConflict)
}
