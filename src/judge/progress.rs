//! Status as a fold over events: how one unit stands, and how the whole campaign stands.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset};
use rust_decimal::Decimal;

use crate::model::campaign::Campaign;
use crate::model::ledger::{
    Event, EventKind, ItemLedger, ItemStatus, Nature, StandingFiling, UnitLedger, UnitStatus, Verdict, in_force,
};
use crate::model::letter::LetterKind;
use crate::model::mail::Digest;
use crate::model::returns::{Item, Totals};
use crate::model::standing::{CampaignStanding, UnitStanding};
use crate::model::unit::{Unit, UnitCode};

/// One step of the fold. Events of other units must not be handed in, nor what was undone ([`in_force`]): that a step was
/// undone cannot be folded onto it.
#[must_use]
pub fn apply(mut ledger: UnitLedger, event: &Event) -> UnitLedger {
    match &event.kind {
        EventKind::MailRecorded { nature, .. } => {
            if *nature == Nature::Submission || *nature == Nature::Question {
                ledger.dead_addresses.clear();
            }
        }
        EventKind::Filed(filing) => {
            let Some(mail) = event.mail.clone() else { return ledger };
            let received_at = filing.received_at;
            let known = ledger.items.values().flat_map(|item| &item.earlier).any(|earlier| earlier.mail == mail);
            if !known {
                ledger.version += 1;
            }
            ledger.first_received_at = earliest(ledger.first_received_at, received_at);
            ledger.last_received_at = latest(ledger.last_received_at, received_at);
            let item = ledger.items.entry(filing.item).or_default();
            file(item, StandingFiling { mail, filing: filing.clone() });
        }
        // What a person says the unit sent is mail from it, as one recognised at once would be.
        EventKind::AssignedByPerson => ledger.dead_addresses.clear(),
        EventKind::AcceptedByPerson { item } => {
            let Some(mail) = &event.mail else { return ledger };
            rule(ledger.items.entry(*item).or_default(), mail, Verdict::Accepted);
        }
        EventKind::ReturnedByPerson { item, .. } => {
            let Some(mail) = &event.mail else { return ledger };
            rule(ledger.items.entry(*item).or_default(), mail, Verdict::NeedsCorrection);
        }
        EventKind::Duplicated { item, received_at: Some(received_at), .. } => {
            ledger.first_received_at = earliest(ledger.first_received_at, *received_at);
            let item = ledger.items.entry(*item).or_default();
            item.first_received_at = earliest(item.first_received_at, *received_at);
        }
        EventKind::DeadlineExtended { until, .. } => ledger.extended_until = Some(*until),
        EventKind::Duplicated { received_at: None, .. }
        | EventKind::ReviewAsked { .. }
        | EventKind::ReviewSettled { .. }
        | EventKind::AddressTaught { .. }
        | EventKind::NameTaught { .. }
        | EventKind::LetterRuled { .. }
        | EventKind::Undone { .. } => {}
        EventKind::Waived { item, .. } => ledger.items.entry(*item).or_default().waived = true,
        EventKind::LetterSent { kind, .. } => {
            if *kind == LetterKind::Reminder {
                ledger.reminders_sent += 1;
            }
        }
        EventKind::Bounced { recipient, hard, .. } => {
            if *hard && !ledger.dead_addresses.contains(recipient) {
                ledger.dead_addresses.push(recipient.clone());
            }
        }
    }
    ledger
}

/// All events of one unit, folded in the order they were recorded, without what was undone.
#[must_use]
pub fn fold(events: &[Event]) -> UnitLedger {
    in_force(events).fold(UnitLedger::default(), apply)
}

/// What arrived last stands, in whatever order the mails were processed.
fn file(item: &mut ItemLedger, filed: StandingFiling) {
    item.first_received_at = earliest(item.first_received_at, filed.filing.received_at);
    let place = item.earlier.partition_point(|earlier| earlier.filing.received_at <= filed.filing.received_at);
    item.earlier.insert(place, filed);
    item.current = item.earlier.last().cloned();
}

/// A person's verdict on whatever this mail filed of the item; which filing stands does not change by it.
fn rule(item: &mut ItemLedger, mail: &Digest, verdict: Verdict) {
    for filed in item.earlier.iter_mut().filter(|filed| &filed.mail == mail) {
        filed.filing.verdict = verdict;
    }
    item.current = item.earlier.last().cloned();
}

fn earliest(known: Option<DateTime<FixedOffset>>, new: DateTime<FixedOffset>) -> Option<DateTime<FixedOffset>> {
    Some(known.map_or(new, |known| known.min(new)))
}

fn latest(known: Option<DateTime<FixedOffset>>, new: DateTime<FixedOffset>) -> Option<DateTime<FixedOffset>> {
    Some(known.map_or(new, |known| known.max(new)))
}

/// How each item a campaign asks for stands.
#[must_use]
pub fn item_statuses(campaign: &Campaign, ledger: &UnitLedger) -> BTreeMap<Item, ItemStatus> {
    campaign
        .items
        .iter()
        .map(|due| (due.item, ledger.items.get(&due.item).map_or(ItemStatus::Missing, ItemLedger::status)))
        .collect()
}

/// A unit's status from its items: what the office must do first, then what the unit must do.
#[must_use]
pub fn unit_status(items: &BTreeMap<Item, ItemStatus>) -> UnitStatus {
    let any = |wanted: ItemStatus| items.values().any(|status| *status == wanted);
    let all = |wanted: ItemStatus| items.values().all(|status| *status == wanted);
    if all(ItemStatus::Waived) {
        UnitStatus::Waived
    } else if any(ItemStatus::NeedsReview) {
        UnitStatus::NeedsReview
    } else if any(ItemStatus::NeedsCorrection) {
        UnitStatus::NeedsCorrection
    } else if !any(ItemStatus::Missing) {
        UnitStatus::Complete
    } else if any(ItemStatus::Accepted) {
        UnitStatus::Partial
    } else {
        UnitStatus::Missing
    }
}

/// The totals of the unit's table, if that is accepted and so counts.
#[must_use]
pub fn counted_totals(ledger: &UnitLedger) -> Option<&Totals> {
    let table = ledger.items.get(&Item::Table)?;
    if table.waived {
        return None;
    }
    let filing = &table.current.as_ref()?.filing;
    if filing.verdict == Verdict::Accepted { filing.totals.as_ref() } else { None }
}

/// Until when the unit has time.
#[must_use]
pub fn deadline_of(campaign: &Campaign, ledger: &UnitLedger) -> DateTime<FixedOffset> {
    ledger.extended_until.unwrap_or(campaign.deadline)
}

/// Whether something due first arrived after the unit's deadline.
#[must_use]
pub fn is_late(campaign: &Campaign, ledger: &UnitLedger) -> bool {
    let deadline = deadline_of(campaign, ledger);
    campaign.items.iter().any(|due| {
        ledger
            .items
            .get(&due.item)
            .filter(|item| !item.waived)
            .and_then(|item| item.first_received_at)
            .is_some_and(|received| received > deadline)
    })
}

fn unit_standing(campaign: &Campaign, unit: &Unit, ledger: &UnitLedger) -> UnitStanding {
    let items = item_statuses(campaign, ledger);
    UnitStanding {
        status: unit_status(&items),
        late: is_late(campaign, ledger),
        items,
        first_received_at: ledger.first_received_at,
        last_received_at: ledger.last_received_at,
        version: ledger.version,
        reminders_sent: ledger.reminders_sent,
        undeliverable: ledger.dead_addresses.iter().any(|dead| unit.emails.contains(dead)),
        extended_until: ledger.extended_until,
        row: counted_totals(ledger).cloned(),
        unit: unit.clone(),
    }
}

/// The sum of tables, exact; a column nobody has a value for is `None`, and so is a sum too large for a decimal.
#[must_use]
pub fn sum_totals<'a>(campaign: &Campaign, rows: impl IntoIterator<Item = &'a Totals>) -> Totals {
    let mut sums: BTreeMap<String, Result<Option<Decimal>, ()>> =
        campaign.form.number_columns().map(|column| (column.key.clone(), Ok(None))).collect();
    for row in rows {
        for (key, sum) in &mut sums {
            if let (Ok(known), Some(Some(figure))) = (&sum, row.get(key)) {
                *sum = known.unwrap_or(Decimal::ZERO).checked_add(*figure).map(Some).ok_or(());
            }
        }
    }
    sums.into_iter().map(|(key, sum)| (key, sum.unwrap_or(None))).collect()
}

/// The ledgers of all units with events, folded in one pass.
#[must_use]
pub fn ledgers(events: &[Event]) -> BTreeMap<UnitCode, UnitLedger> {
    let mut ledgers: BTreeMap<UnitCode, UnitLedger> = BTreeMap::new();
    for event in in_force(events) {
        if let Some(code) = &event.unit {
            let ledger = ledgers.entry(code.clone()).or_default();
            *ledger = apply(std::mem::take(ledger), event);
        }
    }
    ledgers
}

/// How the whole campaign stands at `as_of`, given all its events until then.
#[must_use]
pub fn standing(campaign: &Campaign, events: &[Event], as_of: DateTime<FixedOffset>) -> CampaignStanding {
    let ledgers = ledgers(events);
    let nothing = UnitLedger::default();
    let units: Vec<UnitStanding> = campaign
        .roster
        .units()
        .iter()
        .map(|unit| unit_standing(campaign, unit, ledgers.get(&unit.code).unwrap_or(&nothing)))
        .collect();
    let totals = sum_totals(campaign, units.iter().filter_map(|unit| unit.row.as_ref()));
    CampaignStanding {
        campaign: campaign.id.clone(),
        title: campaign.title.clone(),
        as_of,
        deadline: campaign.deadline,
        units,
        totals,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::model::ledger::{Actor, Filing};
    use crate::model::mail::Digest;

    fn campaign() -> Campaign {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/campaigns/2021-bayi");
        crate::config::load_campaign(&folder, FixedOffset::east_opt(8 * 3600).unwrap()).unwrap()
    }

    fn at(day: u32, hour: u32) -> DateTime<FixedOffset> {
        DateTime::parse_from_rfc3339(&format!("2021-08-{day:02}T{hour:02}:00:00+08:00")).unwrap()
    }

    fn event(mail: &str, kind: EventKind) -> Event {
        Event {
            id: 0,
            act: 0,
            at: at(1, 0),
            campaign: "2021-bayi".to_owned(),
            unit: Some(UnitCode::new("141102")),
            mail: Some(Digest::of(mail.as_bytes())),
            by: Actor::Machine,
            kind,
        }
    }

    fn filed(mail: &str, item: Item, verdict: Verdict, received_at: DateTime<FixedOffset>, cost: i64) -> Event {
        let totals = (item == Item::Table).then(|| Totals::from([("veterans_cost".to_owned(), Some(cost.into()))]));
        let content = Digest::of(format!("{mail}{cost}").as_bytes());
        event(mail, EventKind::Filed(Filing { item, piece: "1".to_owned(), verdict, received_at, content, totals }))
    }

    fn lishi(events: &[Event]) -> UnitStanding {
        let units = standing(&campaign(), events, at(12, 0)).units;
        units.into_iter().find(|unit| unit.unit.code.as_str() == "141102").unwrap()
    }

    #[test]
    fn a_unit_goes_from_missing_by_partial_to_complete() {
        assert_eq!(lishi(&[]).status, UnitStatus::Missing);
        let table = filed("one", Item::Table, Verdict::Accepted, at(5, 9), 100);
        assert_eq!(lishi(std::slice::from_ref(&table)).status, UnitStatus::Partial);
        let report = filed("two", Item::Report, Verdict::Accepted, at(6, 9), 0);
        let unit = lishi(&[table, report]);
        assert_eq!((unit.status, unit.late, unit.version), (UnitStatus::Complete, false, 2));
        assert_eq!(unit.first_received_at, Some(at(5, 9)));
        assert_eq!(unit.last_received_at, Some(at(6, 9)));
    }

    #[test]
    fn a_wrong_later_table_takes_the_earlier_figures_out_of_the_sum() {
        let good = filed("one", Item::Table, Verdict::Accepted, at(5, 9), 100);
        let wrong = filed("two", Item::Table, Verdict::NeedsCorrection, at(6, 9), 200);
        let unit = lishi(&[good.clone(), wrong.clone()]);
        assert_eq!((unit.status, unit.row), (UnitStatus::NeedsCorrection, None));
        let mended = filed("three", Item::Table, Verdict::Accepted, at(7, 9), 300);
        let sum = standing(&campaign(), &[good, wrong, mended], at(12, 0)).totals;
        assert_eq!(sum["veterans_cost"], Some(Decimal::from(300)));
        assert_eq!(sum["troop_cost"], None, "nobody has a value for it");
    }

    #[test]
    fn late_is_what_first_came_after_the_deadline() {
        let late = filed("one", Item::Table, Verdict::Accepted, at(11, 0), 1);
        assert!(lishi(std::slice::from_ref(&late)).late);
        let in_time = filed("zero", Item::Table, Verdict::NeedsCorrection, at(10, 23), 1);
        assert!(!lishi(&[in_time, late]).late, "a correction after the deadline of what came in time is not late");
    }

    #[test]
    fn a_dead_address_is_alive_again_once_the_unit_writes() {
        let address = lishi(&[]).unit.emails[0].clone();
        let bounced = event("b", EventKind::Bounced { recipient: address, hard: true, diagnostic: None });
        assert!(lishi(std::slice::from_ref(&bounced)).undeliverable);
        let other = EventKind::Bounced { recipient: "gone@else.example".to_owned(), hard: true, diagnostic: None };
        assert!(!lishi(&[event("b", other)]).undeliverable, "an address that is not the unit's any more");
        let mail = EventKind::MailRecorded { nature: Nature::Submission, received_at: at(5, 0) };
        assert!(!lishi(&[bounced, event("m", mail)]).undeliverable);
    }

    #[test]
    fn what_is_waived_is_neither_owed_nor_counted() {
        let table = filed("one", Item::Table, Verdict::Accepted, at(5, 9), 100);
        let waived = |item| event("one", EventKind::Waived { item, reason: "无驻军".to_owned() });
        let unit = lishi(&[table.clone(), waived(Item::Report)]);
        assert_eq!(unit.status, UnitStatus::Complete);
        let unit = lishi(&[table, waived(Item::Report), waived(Item::Table)]);
        assert_eq!((unit.status, unit.row), (UnitStatus::Waived, None));
    }

    #[test]
    fn what_a_person_accepts_counts_and_does_not_change_which_filing_stands() {
        let accepted = |mail| event(mail, EventKind::AcceptedByPerson { item: Item::Table });
        let one = filed("one", Item::Table, Verdict::NeedsReview, at(5, 9), 100);
        let two = filed("two", Item::Table, Verdict::NeedsReview, at(6, 9), 200);
        let unit = lishi(&[one.clone(), two.clone(), accepted("one")]);
        assert_eq!((unit.items[&Item::Table], unit.row), (ItemStatus::NeedsReview, None));
        let unit = lishi(&[one.clone(), two.clone(), accepted("two")]);
        assert_eq!(unit.row.unwrap()["veterans_cost"], Some(Decimal::from(200)));
        let wrong = filed("three", Item::Table, Verdict::NeedsCorrection, at(7, 9), 300);
        let unit = lishi(&[one, two, accepted("two"), wrong]);
        assert_eq!(unit.items[&Item::Table], ItemStatus::NeedsCorrection, "a later mail is judged for itself");
        assert_eq!(lishi(&[accepted("never")]).items[&Item::Table], ItemStatus::Missing);
    }

    #[test]
    fn what_is_undone_counts_no_more_until_that_is_undone() {
        let numbered = |id, event: Event| Event { id, ..event };
        let undo = |id, event_id| numbered(id, event("", EventKind::Undone { event_id, reason: "记错".to_owned() }));
        let mut events = vec![
            numbered(1, filed("one", Item::Table, Verdict::Accepted, at(5, 9), 100)),
            numbered(2, filed("two", Item::Table, Verdict::Accepted, at(6, 9), 200)),
        ];
        let cost = |events: &[Event]| lishi(events).row.and_then(|row| row["veterans_cost"]);
        events.push(undo(3, 2));
        assert_eq!(cost(&events), Some(Decimal::from(100)));
        events.push(undo(4, 3));
        assert_eq!(cost(&events), Some(Decimal::from(200)));
        events.push(undo(5, 4));
        events.push(undo(6, 1));
        assert_eq!((cost(&events), lishi(&events).version), (None, 0));
    }

    #[test]
    fn a_person_returns_what_the_machine_took_and_gives_more_time() {
        let table = filed("one", Item::Table, Verdict::Accepted, at(11, 9), 100);
        let returned =
            event("one", EventKind::ReturnedByPerson { item: Item::Table, reason: "金额与台账不符".to_owned() });
        let unit = lishi(&[table.clone(), returned]);
        assert_eq!((unit.status, unit.row, unit.late), (UnitStatus::NeedsCorrection, None, true));
        let extended = EventKind::DeadlineExtended { until: at(12, 18), reason: "汛情".to_owned() };
        assert!(!lishi(&[table, event("", extended)]).late);
    }

    #[test]
    fn a_repetition_sent_before_what_it_repeats_says_when_the_item_first_came() {
        let table = filed("late", Item::Table, Verdict::Accepted, at(11, 9), 100);
        let repeated = |received_at| EventKind::Duplicated {
            item: Item::Table,
            piece: "1".to_owned(),
            first_mail: Digest::of(b"late"),
            received_at,
        };
        assert!(lishi(&[table.clone(), event("early", repeated(None))]).late, "recorded before moments were kept");
        let unit = lishi(&[table, event("early", repeated(Some(at(9, 9))))]);
        assert_eq!((unit.late, unit.first_received_at, unit.version), (false, Some(at(9, 9)), 1));
    }

    #[test]
    fn a_mail_that_a_person_gives_to_a_unit_is_mail_from_it() {
        let address = lishi(&[]).unit.emails[0].clone();
        let bounced = event("b", EventKind::Bounced { recipient: address, hard: true, diagnostic: None });
        assert!(!lishi(&[bounced, event("m", EventKind::AssignedByPerson)]).undeliverable);
    }

    proptest! {
        /// In whatever order mails are processed, the one that arrived last stands.
        #[test]
        fn the_order_of_processing_does_not_matter(order in Just((1_u32..9).collect::<Vec<_>>()).prop_shuffle()) {
            let events: Vec<Event> = order
                .iter()
                .map(|day| filed(&day.to_string(), Item::Table, Verdict::Accepted, at(*day, 9), i64::from(*day)))
                .collect();
            let unit = lishi(&events);
            prop_assert_eq!(unit.row.unwrap()["veterans_cost"], Some(Decimal::from(8)));
            prop_assert_eq!((unit.version, unit.first_received_at), (8, Some(at(1, 9))));
        }
    }
}
