//! What speaks against taking a mail as the unit's own, and what a person is told about it.

use super::authenticity::{self, Authenticity};
use super::decide::Past;
use super::lookalike;
use crate::model::campaign::Campaign;
use crate::model::decision::{EvidenceSource, Understanding};
use crate::model::mail::OddityCode;
use crate::model::returns::Item;
use crate::model::unit::UnitCode;

/// A doubt about the sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The mail may be forged: nothing of it counts before a person's word. Otherwise the sender is only not known, may
    /// file what is missing, and may not replace what is accepted (mail.md 24).
    pub denies: bool,
    /// In Chinese, without a full stop.
    pub text: String,
}

/// The doubt about this mail's sender where it files for `unit`; none where a person has said whose the mail is, and so
/// has looked at it.
#[must_use]
pub fn of_sender(understanding: &Understanding, campaign: &Campaign, past: &Past, unit: &UnitCode) -> Option<Doubt> {
    if assigned_by_person(understanding) {
        return None;
    }
    if let Some(text) = denied(understanding, campaign) {
        return Some(Doubt { denies: true, text });
    }
    let from = understanding.mail.headers.from.first()?.address.to_lowercase();
    let in_roster = campaign.roster.units().iter().any(|unit| unit.emails.contains(&from));
    let used_before = past.senders.get(unit).is_some_and(|senders| senders.contains(&from));
    let text = || "发件地址不在名册中，此前也未代该单位报送过".to_owned();
    (!in_roster && !used_before).then(|| Doubt { denies: false, text: text() })
}

/// Why the sender may be another than it seems, in Chinese without a full stop. That such an address sent something for
/// the unit before changes nothing: it may have been the same forger.
#[must_use]
pub fn denied(understanding: &Understanding, campaign: &Campaign) -> Option<String> {
    if assigned_by_person(understanding) {
        return None;
    }
    let mail = &understanding.mail;
    // Two From mailboxes prove nothing (mail.md 24).
    if mail.oddities.iter().any(|oddity| oddity.code == OddityCode::SeveralSenders) {
        return Some("邮件写有多个发件人，无法确认是谁发出".to_owned());
    }
    match authenticity::of(mail) {
        Authenticity::Failed(checks) => {
            return Some(format!("{}，发件地址可能被冒用，或邮件在途中被改动", checks.join("、")));
        }
        Authenticity::Confirmed(_) | Authenticity::Unknown => {}
    }
    let sender = mail.headers.from.first()?;
    lookalike::imitation(sender, &campaign.roster).map(|why| format!("{why}，可能是冒名发送"))
}

/// What a person reads about an item that is held back for its sender, and what to do.
#[must_use]
pub fn withheld(doubt: &Doubt, campaign: &Campaign, unit: &UnitCode, item: Item, replaces: bool) -> String {
    let title = campaign.item_title(item);
    let done = match (replaces, doubt.denies) {
        (true, true) => format!("所报{title}与已登记的不同，未替换，也未回复来信"),
        (true, false) => format!("所报{title}与已采用的不同，未自动替换"),
        (false, _) => format!("所报{title}未登记，也未回复来信"),
    };
    format!("{}。{done}。{}", doubt.text, how_to_verify(campaign, unit))
}

/// By the roster's telephone: a forger writes one into the mail as well.
fn how_to_verify(campaign: &Campaign, code: &UnitCode) -> String {
    let Some(unit) = campaign.roster.unit(code) else { return "请核定。".to_owned() };
    let name = &unit.name;
    match (&unit.phone, &unit.contact) {
        (Some(phone), Some(contact)) => format!(
            "请按名册上{name}的电话 {phone}（{contact}）核实，不要拨打来信中的电话；属实则采用，不属实则不予采用。"
        ),
        (Some(phone), None) => {
            format!("请按名册上{name}的电话 {phone} 核实，不要拨打来信中的电话；属实则采用，不属实则不予采用。")
        }
        (None, _) => format!("名册上没有{name}的电话，请用来信以外的途径核实；属实则采用，不属实则不予采用。"),
    }
}

fn assigned_by_person(understanding: &Understanding) -> bool {
    let evidence = understanding.unit.iter().flat_map(|claim| &claim.evidence);
    evidence.into_iter().any(|evidence| evidence.source == EvidenceSource::Person)
}
