//! The column `superior`: who is told that a unit has not answered.

use std::collections::BTreeMap;

use super::Reading;
use crate::config::address::named_address;
use crate::model::mail::Address;
use crate::model::unit::{Superior, Unit, UnitCode};

impl Reading<'_> {
    /// Another unit's code, or an address: `S01`, `office@county.example`, `县政府办 <office@county.example>`.
    pub(super) fn superior(&self, line: usize, written: &str) -> Option<Superior> {
        if written.is_empty() {
            return None;
        }
        if !written.contains('@') {
            return Some(Superior::Unit(UnitCode::new(written)));
        }
        match named_address(written) {
            Ok(Address { name, address }) => Some(Superior::Address { name, address }),
            Err(wrong) => {
                self.mistake(line, "superior", wrong);
                None
            }
        }
    }

    /// A superior that is a unit stands on the roster, is another unit, and can be written to.
    pub(super) fn check_superiors(&self, units: &[(usize, Unit)]) {
        let by_code: BTreeMap<&UnitCode, &Unit> = units.iter().map(|(_, unit)| (&unit.code, unit)).collect();
        for (line, unit) in units {
            let Some(Superior::Unit(code)) = &unit.superior else { continue };
            match by_code.get(code) {
                _ if code == &unit.code => self.mistake(*line, "superior", "is the unit itself"),
                None => self.mistake(
                    *line,
                    "superior",
                    format!("\"{code}\" is no unit's code; write a code of this file, or an address"),
                ),
                Some(other) if other.emails.is_empty() => {
                    let text = format!("{} ({code}) has no address, so it is told nothing", other.name);
                    self.notes.warning(self.at(*line, "superior", text));
                }
                Some(_) => {}
            }
        }
    }
}

/// As the column holds it.
pub(super) fn written(superior: Option<&Superior>) -> String {
    match superior {
        None => String::new(),
        Some(Superior::Unit(code)) => code.to_string(),
        Some(Superior::Address { name: Some(name), address }) => format!("{name} <{address}>"),
        Some(Superior::Address { name: None, address }) => address.clone(),
    }
}
