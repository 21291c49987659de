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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::mail::Digest;
    use crate::model::returns::Item;
    use crate::model::unit::Unit;

    fn at(hour: u32) -> DateTime<FixedOffset> {
        DateTime::parse_from_rfc3339(&format!("2021-08-05T{hour:02}:00:00+08:00")).unwrap()
    }

    fn roster() -> Roster {
        let unit = |code: &str, name: &str, email: &str| Unit {
            code: UnitCode::new(code),
            name: name.to_owned(),
            group: String::new(),
            aliases: Vec::new(),
            emails: vec![email.to_owned()],
            phone: None,
            contact: None,
            superior: None,
        };
        Roster::new(vec![unit("1", "甲县", "jia@gov.example"), unit("2", "乙县", "yi@gov.example")])
    }

    fn filed(mail: &str, unit: &str, item: Item, hour: u32, address: &str) -> FiledFrom {
        FiledFrom {
            mail: Digest::of(mail.as_bytes()),
            unit: UnitCode::new(unit),
            item,
            received_at: at(hour),
            recorded_at: at(hour),
            vouched: false,
            address: address.to_owned(),
        }
    }

    #[test]
    fn only_what_came_for_the_first_time_since_then_is_shown() {
        let all = [
            filed("a", "1", Item::Table, 8, "old@mail.example"),
            filed("b", "1", Item::Table, 10, "jia@gov.example"),
            filed("c", "1", Item::Report, 11, "OLD@mail.example"),
            filed("d", "2", Item::Table, 11, "new@mail.example"),
            filed("d", "2", Item::Report, 11, "new@mail.example"),
            filed("e", "2", Item::Table, 12, "new@mail.example"),
            // For another unit the same address is new again.
            filed("f", "1", Item::Table, 13, "new@mail.example"),
            FiledFrom { vouched: true, ..filed("g", "1", Item::Table, 14, "known@mail.example") },
            filed("h", "1", Item::Table, 15, "known@mail.example"),
        ];
        let shown = newcomers(&all, &roster(), at(9));
        let shown: Vec<_> =
            shown.iter().map(|line| (line.unit.as_str(), line.address.as_str(), line.items.len())).collect();
        assert_eq!(shown, [("2", "new@mail.example", 2), ("1", "new@mail.example", 1)]);
    }

    #[test]
    fn a_sender_is_told_in_sentences() {
        let open =
            |from: &str| crate::read::open(format!("From: {from}\r\n\r\n").as_bytes(), &crate::read::Limits::default());
        let before = [filed("a", "2", Item::Table, 8, "zhao@mail.example")];
        for (from, words) in [
            ("jia@gov.example", "是名册中甲县的邮箱"),
            ("zhao@mail.example", "曾代乙县报送"),
            ("qian@mail.example", "首次来信"),
            ("jia@g0v.example", "可能是冒名发送"),
            ("a@b.example, c@d.example", "多个发件人"),
        ] {
            let told = sender_in_words(&open(from), &roster(), &before).concat();
            assert!(told.contains(words) && told.contains("来源检验结果"), "{from}: {told}");
        }
    }
}
