//! The units that owe a return, and the roster they stand on.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A unit's short code, such as `141102` or `S01`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnitCode(Arc<str>);

impl UnitCode {
    #[must_use]
    pub fn new(code: &str) -> Self {
        Self(Arc::from(code))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UnitCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// One line of `units.csv`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    pub code: UnitCode,
    pub name: String,
    /// Free text: 县市区, 市直, 驻吕部队.
    pub group: String,
    pub aliases: Vec<String>,
    /// Lower case; may be empty; one may be shared with another unit.
    pub emails: Vec<String>,
    pub phone: Option<String>,
    pub contact: Option<String>,
    /// Who is told where the unit is overdue, if anybody.
    pub superior: Option<Superior>,
}

/// Whom a unit stands under.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Superior {
    /// Another unit of the roster.
    Unit(UnitCode),
    /// A bare address, with the name it is addressed by.
    Address { name: Option<String>, address: String },
}

/// All units of a campaign, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    units: Vec<Unit>,
    /// Where each code stands among them: a digest asks for every unit several times.
    places: BTreeMap<UnitCode, usize>,
}

impl Roster {
    /// The caller has made sure that codes are unique.
    #[must_use]
    pub fn new(units: Vec<Unit>) -> Self {
        let mut places = BTreeMap::new();
        for (place, unit) in units.iter().enumerate() {
            places.entry(unit.code.clone()).or_insert(place);
        }
        Self { units, places }
    }

    #[must_use]
    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    #[must_use]
    pub fn unit(&self, code: &UnitCode) -> Option<&Unit> {
        self.units.get(*self.places.get(code)?)
    }

    /// The groups in the order they first appear.
    #[must_use]
    pub fn groups(&self) -> Vec<&str> {
        let mut groups: Vec<&str> = Vec::new();
        for unit in &self.units {
            if !groups.contains(&unit.group.as_str()) {
                groups.push(&unit.group);
            }
        }
        groups
    }
}
