//! What the desk knows of a mail beside its bytes: letters of ours that it answers, and what staff have taught.

use std::collections::BTreeMap;

use super::unit::UnitCode;

/// Handed to the judges with a mail; empty for `inspect`, which knows the mail alone.
#[derive(Clone, Debug, Default)]
pub struct Hints {
    /// Letters of ours that this mail answers by its In-Reply-To or References, newest first.
    pub replies_to: Vec<ReplyTo>,
    /// By id of the campaign.
    pub taught: BTreeMap<String, Taught>,
}

/// One letter of ours that a mail answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyTo {
    /// Id of the campaign the letter was about.
    pub campaign: String,
    /// Whom it was written to; `None` for a digest or an alert.
    pub unit: Option<UnitCode>,
}

/// What staff taught for one campaign.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taught {
    /// Mail from this address, lower case, is this unit's.
    pub addresses: BTreeMap<String, UnitCode>,
    /// This name, as staff wrote it, means this unit.
    pub names: BTreeMap<String, UnitCode>,
}
