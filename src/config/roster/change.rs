//! Two rosters compared by code, and a roster as `units.csv` holds it.

use super::superiors::written;
use crate::model::unit::{Roster, Unit};

/// What is different in another roster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RosterChange {
    pub added: Vec<Unit>,
    pub removed: Vec<Unit>,
    pub changed: Vec<UnitDifference>,
}

/// A unit that stands in both, with the fields that differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitDifference {
    pub unit: Unit,
    /// The field's name for people, what it was, what it is.
    pub fields: Vec<(&'static str, String, String)>,
}

impl RosterChange {
    #[must_use]
    pub fn between(before: &Roster, after: &Roster) -> Self {
        let absent_in = |roster: &Roster, unit: &&Unit| roster.unit(&unit.code).is_none();
        let changed = after.units().iter().filter_map(|unit| {
            let fields = differences(before.unit(&unit.code)?, unit);
            (!fields.is_empty()).then(|| UnitDifference { unit: unit.clone(), fields })
        });
        Self {
            added: after.units().iter().filter(|unit| absent_in(before, unit)).cloned().collect(),
            removed: before.units().iter().filter(|unit| absent_in(after, unit)).cloned().collect(),
            changed: changed.collect(),
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

fn differences(before: &Unit, after: &Unit) -> Vec<(&'static str, String, String)> {
    let optional = |text: &Option<String>| text.clone().unwrap_or_default();
    [
        ("单位名称", before.name.clone(), after.name.clone()),
        ("分组", before.group.clone(), after.group.clone()),
        ("别名", before.aliases.join("；"), after.aliases.join("；")),
        ("邮箱", before.emails.join("；"), after.emails.join("；")),
        ("电话", optional(&before.phone), optional(&after.phone)),
        ("联系人", optional(&before.contact), optional(&after.contact)),
        ("上级单位", written(before.superior.as_ref()), written(after.superior.as_ref())),
    ]
    .into_iter()
    .filter(|(_, before, after)| before != after)
    .collect()
}

/// The roster as `units.csv`, with the mark by which Excel knows UTF-8.
#[must_use]
pub fn roster_csv(roster: &Roster) -> Vec<u8> {
    let mut text = String::from("\u{feff}");
    let mut line = |cells: &[&str]| {
        let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    };
    // The last column is the office's choice; a roster without it stays as it was.
    let columns = if roster.units().iter().any(|unit| unit.superior.is_some()) { 8 } else { 7 };
    line(super::COLUMNS.get(..columns).unwrap_or_default());
    for unit in roster.units() {
        let optional = |text: &'_ Option<String>| text.clone().unwrap_or_default();
        let superior = written(unit.superior.as_ref());
        let cells = [
            unit.code.as_str(),
            &unit.name,
            &unit.group,
            &unit.aliases.join(";"),
            &unit.emails.join(";"),
            &optional(&unit.phone),
            &optional(&unit.contact),
            &superior,
        ];
        line(cells.get(..columns).unwrap_or_default());
    }
    text.into_bytes()
}

fn quoted(cell: &str) -> String {
    let needs = cell.contains([',', '"', '\n', '\r', '\t']) || cell.trim() != cell;
    if needs { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}
