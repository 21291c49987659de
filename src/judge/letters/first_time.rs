//! The lines of the digest about addresses that sent a return for the first time.

use serde::Serialize;

use super::words::{clean, local, short_moment};
use crate::model::campaign::Campaign;
use crate::model::standing::{DigestInput, NewcomerLine};

/// A return from an address nobody knew.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Newcomer {
    at: String,
    who: String,
    address: String,
    /// `统计表、专题报告`
    items: String,
}

/// At most so many of them, oldest first.
pub(super) fn first_time(campaign: &Campaign, input: &DigestInput, most: usize) -> Vec<Newcomer> {
    input.newcomers.iter().take(most).map(|line| newcomer(campaign, line)).collect()
}

fn newcomer(campaign: &Campaign, line: &NewcomerLine) -> Newcomer {
    let items: Vec<&str> = line.items.iter().map(|item| campaign.item_title(*item)).collect();
    let unit = campaign.roster.unit(&line.unit);
    Newcomer {
        at: short_moment(local(campaign, line.received_at)),
        who: unit.map_or_else(|| line.unit.to_string(), |unit| clean(&unit.name, 60)),
        address: clean(&line.address, 80),
        items: items.join("、"),
    }
}
