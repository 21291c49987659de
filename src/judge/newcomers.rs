//! Returns that came from addresses nobody knew: what the digest shows, and what a person is told of a sender.

use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset};

use super::{authenticity, lookalike};
use crate::model::mail::Mail;
use crate::model::standing::{FiledFrom, NewcomerLine};
use crate::model::unit::{Roster, UnitCode};

/// The returns recorded at `since` or later whose address stands on no line of the roster and had filed nothing for
/// that unit before; one line for each mail and unit. What a person had filed is known to the office. `filed` is in the order of recording.
#[must_use]
pub fn newcomers(filed: &[FiledFrom], roster: &Roster, since: DateTime<FixedOffset>) -> Vec<NewcomerLine> {
    let known: BTreeSet<&str> = roster.units().iter().flat_map(|unit| unit.emails.iter().map(String::as_str)).collect();
    let mut seen: BTreeSet<(&UnitCode, String)> = BTreeSet::new();
    let mut lines: Vec<NewcomerLine> = Vec::new();
    for filing in filed {
        let address = filing.address.to_lowercase();
        if known.contains(address.as_str()) {
            continue;
        }
        let same = |line: &&mut NewcomerLine| line.mail == filing.mail && line.unit == filing.unit;
        if let Some(line) = lines.iter_mut().find(same) {
            if !line.items.contains(&filing.item) {
                line.items.push(filing.item);
            }
        } else if seen.insert((&filing.unit, address)) && filing.recorded_at >= since && !filing.vouched {
            lines.push(NewcomerLine {
                mail: filing.mail.clone(),
                received_at: filing.received_at,
                unit: filing.unit.clone(),
                address: filing.address.clone(),
                items: vec![filing.item],
            });
        }
    }
    lines
}

/// All that is known of a mail's sender, in sentences for a person. `filed` holds what this and other addresses filed.
#[must_use]
pub fn sender_in_words(mail: &Mail, roster: &Roster, filed: &[FiledFrom]) -> Vec<String> {
    let mut words = Vec::new();
    match mail.headers.from.as_slice() {
        [] => words.push("没有写明发件人。".to_owned()),
        [from] => {
            words.push(address_in_words(mail, &from.address.to_lowercase(), roster, filed));
            words.extend(lookalike::imitation(from, roster).map(|why| format!("{why}，可能是冒名发送。")));
        }
        [_, ..] => words.push("写有多个发件人，无法确认是谁发出。".to_owned()),
    }
    words.push(authenticity::in_words(mail));
    words
}

fn address_in_words(mail: &Mail, address: &str, roster: &Roster, filed: &[FiledFrom]) -> String {
    let units = roster.units();
    let owners: Vec<&str> = units
        .iter()
        .filter(|unit| unit.emails.iter().any(|own| own == address))
        .map(|unit| unit.name.as_str())
        .collect();
    if !owners.is_empty() {
        return format!("发件地址是名册中{}的邮箱。", owners.join("、"));
    }
    let others = filed.iter().filter(|filing| filing.mail != mail.sha256 && filing.address.to_lowercase() == address);
    let before: BTreeSet<&UnitCode> = others.map(|filing| &filing.unit).collect();
    if before.is_empty() {
        return "发件地址不在名册中，是首次来信报送。".to_owned();
    }
    let name = |code: &UnitCode| roster.unit(code).map_or_else(|| code.to_string(), |unit| unit.name.clone());
    let names: Vec<String> = before.into_iter().map(name).collect();
    format!("发件地址不在名册中，曾代{}报送。", names.join("、"))
}
