//! What is known beside a mail itself when it is judged whose it is.

use std::collections::BTreeMap;

use super::unit::UnitCode;

/// What staff taught of one campaign's units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taught {
    /// Lower case.
    pub addresses: BTreeMap<String, UnitCode>,
    pub names: BTreeMap<String, UnitCode>,
}
