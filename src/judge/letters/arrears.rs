//! The list of units that still owe something, for a superior or one who gets a copy.

use chrono::{DateTime, FixedOffset};
use serde::Serialize;

use super::words::{Due, Office, clean, due_of, local, office, short_moment};
use crate::judge::due;
use crate::model::campaign::Campaign;
use crate::model::ledger::ItemStatus;
use crate::model::standing::UnitStanding;

/// The words used where a campaign has none of its own: `arrears.txt` and `arrears.html` in its folder.
pub(super) const TEXT: &str = include_str!("arrears.txt");
pub(super) const HTML: &str = include_str!("arrears.html");

/// What `arrears.txt` and `arrears.html` see. Made and sent in one go, so never kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ArrearsFacts {
    office: Office,
    due: Due,
    as_of: String,
    /// Whom the letter addresses; empty where only an address is known.
    reader: String,
    units: Vec<InArrears>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct InArrears {
    name: String,
    contact: String,
    phone: String,
    /// `统计表、专题报告尚未报送`, `统计表需更正`.
    owed: Vec<String>,
    /// No letter reaches it.
    unreachable: bool,
}

impl ArrearsFacts {
    /// The facts for one reader; units that owe nothing are left out. All of `units` have the same deadline.
    #[must_use]
    pub fn new(campaign: &Campaign, reader: Option<&str>, units: &[&UnitStanding], now: DateTime<FixedOffset>) -> Self {
        let extended_until = units.first().and_then(|unit| unit.extended_until);
        Self {
            office: office(campaign, now),
            due: due_of(campaign, extended_until, now),
            as_of: short_moment(local(campaign, now)),
            reader: reader.map(|name| clean(name, 60)).unwrap_or_default(),
            units: units.iter().filter_map(|unit| in_arrears(campaign, unit)).collect(),
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.units.is_empty()
    }
}

fn in_arrears(campaign: &Campaign, standing: &UnitStanding) -> Option<InArrears> {
    let owed = due::owed(standing);
    let titles = |wanted: ItemStatus| -> Option<String> {
        let titles: Vec<&str> =
            owed.iter().filter(|(_, status)| *status == wanted).map(|(item, _)| campaign.item_title(*item)).collect();
        (!titles.is_empty()).then(|| titles.join("、"))
    };
    let missing = titles(ItemStatus::Missing).map(|titles| format!("{titles}尚未报送"));
    let to_correct = titles(ItemStatus::NeedsCorrection).map(|titles| format!("{titles}需更正"));
    let owed: Vec<String> = missing.into_iter().chain(to_correct).collect();
    let said = |text: &Option<String>| text.as_deref().map(|text| clean(text, 40)).unwrap_or_default();
    (!owed.is_empty()).then(|| InArrears {
        name: clean(&standing.unit.name, 60),
        contact: said(&standing.unit.contact),
        phone: said(&standing.unit.phone),
        owed,
        unreachable: standing.cannot_be_written_to(),
    })
}
