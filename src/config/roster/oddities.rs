//! What is not wrong in a roster, and should be known: whom no letter reaches, and who can be taken for another.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};

use crate::model::unit::Unit;

/// Pairs of names that are told one by one.
const MOST_ALIKE: usize = 12;

/// Each oddity as a sentence with the column it is about.
pub(super) fn oddities(units: &[Unit]) -> Vec<(&'static str, String)> {
    let mut told = Vec::new();
    let mut owners: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for unit in units {
        for address in &unit.emails {
            owners.entry(address).or_default().push(&unit.name);
        }
    }
    for (address, owners) in owners.iter().filter(|(_, owners)| owners.len() > 1) {
        let owners = owners.join("、");
        told.push(("emails", format!("{address} is shared by {owners}; it alone will not tell whose a mail is")));
    }
    let silent: Vec<String> = units.iter().filter(|unit| unit.emails.is_empty()).map(reached).collect();
    if !silent.is_empty() {
        told.push(("emails", format!("no address, so no reminder; to be telephoned: {}", silent.join(", "))));
    }
    let alike = alike(units);
    for (one, other) in alike.iter().take(MOST_ALIKE) {
        told.push(("name", format!("{one} and {other} differ by one character; letters and tables may be mixed up")));
    }
    if alike.len() > MOST_ALIKE {
        told.push(("name", format!("{} more pairs of names differ by one character", alike.len() - MOST_ALIKE)));
    }
    told
}

fn reached(unit: &Unit) -> String {
    match &unit.phone {
        Some(phone) => format!("{} {} ({phone})", unit.code, unit.name),
        None => format!("{} {} (no telephone either)", unit.code, unit.name),
    }
}

/// Names of one length that begin alike and differ in one character: 市水利局 and 市水务局.
fn alike(units: &[Unit]) -> Vec<(&str, &str)> {
    let names: Vec<Vec<char>> = units.iter().map(|unit| unit.name.chars().collect()).collect();
    // By what is left of a name without one character: whoever shares it may differ there alone.
    let mut shared: HashMap<u64, Vec<usize>> = HashMap::new();
    let hasher = RandomState::new();
    let mut pairs = Vec::new();
    for (number, name) in names.iter().enumerate() {
        for place in 1..name.len() {
            let rest = (place, name.get(..place), name.get(place + 1..));
            let others = shared.entry(hasher.hash_one(rest)).or_default();
            let near = others.iter().filter(|other| names.get(**other).is_some_and(|other| near(other, name)));
            pairs.extend(near.map(|other| (*other, number)));
            others.push(number);
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    let name = |number: usize| units.get(number).map_or("", |unit| unit.name.as_str());
    pairs.into_iter().map(|(one, other)| (name(one), name(other))).collect()
}

/// Where the region is all that stands before the difference (市教育局, 市体育局; 兴县, 临县), people know them apart.
fn near(one: &[char], other: &[char]) -> bool {
    let differs = one.iter().zip(other).position(|(one, other)| one != other);
    let (Some(place), true) = (differs, one.len() == other.len() && one.len() >= 4) else { return false };
    let before = place.checked_sub(1).and_then(|before| one.get(before));
    let alike = one.get(place + 1..) == other.get(place + 1..);
    alike && before.is_some_and(|sign| !"省市县区州盟旗".contains(*sign))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::unit::UnitCode;

    fn unit(code: &str, name: &str, emails: &[&str], phone: Option<&str>) -> Unit {
        Unit {
            code: UnitCode::new(code),
            name: name.to_owned(),
            group: "市直".to_owned(),
            aliases: Vec::new(),
            emails: emails.iter().map(|&email| email.to_owned()).collect(),
            phone: phone.map(str::to_owned),
            contact: None,
            superior: None,
        }
    }

    #[test]
    fn who_cannot_be_reached_or_told_apart_is_told() {
        let units = [
            unit("S1", "市水利局", &["a@x.example"], None),
            unit("S2", "市水务局", &["A@x.example".to_lowercase().as_str()], None),
            unit("S3", "兴县", &[], Some("0358-1")),
            unit("S4", "临县", &["l@x.example"], None),
        ];
        let told: Vec<String> = oddities(&units).into_iter().map(|(_, text)| text).collect();
        assert_eq!(told.len(), 3, "{told:#?}");
        assert!(told[0].contains("a@x.example is shared by 市水利局、市水务局"), "{told:#?}");
        assert!(told[1].contains("S3 兴县 (0358-1)"), "{told:#?}");
        assert!(told[2].contains("市水利局 and 市水务局"), "{told:#?}");
    }
}
