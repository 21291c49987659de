//! Two states of a collection's events, compared unit by unit.

use std::collections::{BTreeMap, BTreeSet};

use super::progress;
use crate::model::campaign::Campaign;
use crate::model::ledger::{Event, ItemStatus, UnitLedger, UnitStatus};
use crate::model::returns::{Item, Totals};
use crate::model::unit::UnitCode;

/// How a unit stands, as far as a comparison tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Stand {
    pub status: UnitStatus,
    pub late: bool,
    pub items: BTreeMap<Item, ItemStatus>,
    /// The figures that count.
    pub row: Option<Totals>,
}

/// One unit that stands otherwise than before.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitChange {
    pub code: UnitCode,
    /// `None` for one that is not on the roster.
    pub name: Option<String>,
    pub before: Stand,
    pub after: Stand,
}

impl Stand {
    fn of(campaign: &Campaign, ledger: &UnitLedger) -> Self {
        let items = progress::item_statuses(campaign, ledger);
        Self {
            status: progress::unit_status(&items),
            late: progress::is_late(campaign, ledger),
            items,
            row: progress::counted_totals(ledger).cloned(),
        }
    }
}

/// The units that stand otherwise, those of the roster first, in its order. Both lists hold all events of the campaign.
#[must_use]
pub fn unit_changes(campaign: &Campaign, before: &[Event], after: &[Event]) -> Vec<UnitChange> {
    let (before, after) = (progress::ledgers(before), progress::ledgers(after));
    let listed: Vec<&UnitCode> = campaign.roster.units().iter().map(|unit| &unit.code).collect();
    let others: BTreeSet<&UnitCode> = before.keys().chain(after.keys()).filter(|code| !listed.contains(code)).collect();
    let nothing = UnitLedger::default();
    let stand =
        |ledgers: &BTreeMap<UnitCode, UnitLedger>, code| Stand::of(campaign, ledgers.get(code).unwrap_or(&nothing));
    listed
        .into_iter()
        .chain(others)
        .map(|code| UnitChange {
            code: code.clone(),
            name: campaign.roster.unit(code).map(|unit| unit.name.clone()),
            before: stand(&before, code),
            after: stand(&after, code),
        })
        .filter(|change| change.before != change.after)
        .collect()
}
