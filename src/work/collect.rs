//! Gathers from the store what the digest, the workbook and `status` tell.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset};

use super::{WorkError, standings};
use crate::judge::{due, newcomers, progress};
use crate::model::campaign::Campaign;
use crate::model::decision::{Reading, Returned};
use crate::model::ledger::{Event, EventKind, UnitLedger};
use crate::model::mail::Digest;
use crate::model::returns::Item;
use crate::model::standing::{CampaignStanding, DigestInput, StandingTable};
use crate::model::unit::UnitCode;
use crate::store::Store;

/// Which events count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// All that is recorded, whatever the clock of this command shows.
    All,
    /// What had come in by then.
    Until(DateTime<FixedOffset>),
}

impl Span {
    fn holds(self, event: &Event) -> bool {
        let Self::Until(end) = self else { return true };
        let happened_at = match &event.kind {
            EventKind::MailRecorded { received_at, .. } => *received_at,
            EventKind::Filed(filing) => filing.received_at,
            EventKind::Duplicated { received_at: Some(received_at), .. } => *received_at,
            EventKind::Duplicated { received_at: None, .. }
            | EventKind::ReviewAsked { .. }
            | EventKind::ReviewSettled { .. }
            | EventKind::AssignedByPerson
            | EventKind::AcceptedByPerson { .. }
            | EventKind::Waived { .. }
            | EventKind::ReturnedByPerson { .. }
            | EventKind::DeadlineExtended { .. }
            | EventKind::AddressTaught { .. }
            | EventKind::NameTaught { .. }
            | EventKind::Undone { .. }
            | EventKind::LetterRuled { .. }
            | EventKind::LetterSent { .. }
            | EventKind::Bounced { .. } => event.at,
        };
        happened_at <= end
    }
}

/// How the campaign stands, with the tables that stand in it.
#[derive(Clone, Debug)]
pub struct Tally {
    pub standing: CampaignStanding,
    /// In the order of the roster.
    pub tables: Vec<StandingTable>,
}

/// How the campaign stands; `as_of` is only told.
///
/// # Errors
/// The store's.
pub async fn standing(
    store: &Store,
    campaign: &Campaign,
    span: Span,
    as_of: DateTime<FixedOffset>,
) -> Result<CampaignStanding, WorkError> {
    Ok(progress::standing_of(campaign, &ledgers(store, campaign, span).await?, as_of))
}

/// How the campaign stands, and the tables that do: both from the events read once.
///
/// # Errors
/// The store's.
pub async fn tally(
    store: &Store,
    campaign: &Campaign,
    span: Span,
    as_of: DateTime<FixedOffset>,
) -> Result<Tally, WorkError> {
    let ledgers = ledgers(store, campaign, span).await?;
    let tables = tables_of(store, campaign, &ledgers).await?;
    Ok(Tally { standing: progress::standing_of(campaign, &ledgers, as_of), tables })
}

type Ledgers = BTreeMap<UnitCode, UnitLedger>;

async fn ledgers(store: &Store, campaign: &Campaign, span: Span) -> Result<Ledgers, WorkError> {
    if span == Span::All {
        return standings::latest(store, &campaign.id).await;
    }
    let mut events = store.events(&campaign.id).await?;
    events.retain(|event| span.holds(event));
    Ok(progress::ledgers(&events))
}

/// The table that stands for each unit, in the order of the roster, with the file it came from.
///
/// # Errors
/// The store's.
pub async fn standing_tables(store: &Store, campaign: &Campaign, span: Span) -> Result<Vec<StandingTable>, WorkError> {
    tables_of(store, campaign, &ledgers(store, campaign, span).await?).await
}

async fn tables_of(store: &Store, campaign: &Campaign, ledgers: &Ledgers) -> Result<Vec<StandingTable>, WorkError> {
    let current: Vec<_> = campaign
        .roster
        .units()
        .iter()
        .filter_map(|unit| {
            let standing = ledgers.get(&unit.code)?.items.get(&Item::Table)?.current.as_ref()?;
            Some((&unit.code, standing))
        })
        .collect();
    let wanted: Vec<(Digest, Item, String)> = current
        .iter()
        .map(|(_, standing)| (standing.mail.clone(), Item::Table, standing.filing.piece.clone()))
        .collect();
    // By mail and piece; of a piece with several sheets each in its order.
    let mut readings: BTreeMap<(Digest, String), Vec<Reading>> = BTreeMap::new();
    for reading in store.readings_of_many(&wanted).await? {
        readings.entry((reading.mail.clone(), reading.piece.clone())).or_default().push(reading);
    }
    let mut tables = Vec::with_capacity(current.len());
    for (unit, standing) in current {
        let place = (standing.mail.clone(), standing.filing.piece.clone());
        let found = readings.get(&place).into_iter().flatten().find_map(|reading| {
            let is_of_unit = reading.unit.as_ref() == Some(unit);
            match &reading.returned {
                Returned::Table(table) if is_of_unit && Some(&table.totals) == standing.filing.totals.as_ref() => {
                    Some((table, &reading.file_name))
                }
                Returned::Table(_) | Returned::Report(_) => None,
            }
        });
        let Some((table, file_name)) = found else { continue };
        tables.push(StandingTable {
            unit: unit.clone(),
            mail: standing.mail.clone(),
            received_at: standing.filing.received_at,
            file_name: file_name.clone(),
            table: table.clone(),
        });
    }
    Ok(tables)
}

/// Everything the digest of this moment tells.
///
/// # Errors
/// The store's.
pub async fn digest_input(
    store: &Store,
    campaign: &Campaign,
    span: Span,
    now: DateTime<FixedOffset>,
    mut faults: Vec<String>,
) -> Result<DigestInput, WorkError> {
    let mut ledgers = standings::latest(store, &campaign.id).await?;
    // Who has left the roster is told of all that is recorded, whatever the span.
    faults.extend(off_the_roster(campaign, &ledgers));
    if let Span::Until(_) = span {
        ledgers = self::ledgers(store, campaign, span).await?;
    }
    let since = due::digest_since(campaign, due::digest_due(campaign, now).unwrap_or(now));
    let mut arrivals = store.arrivals_since(&campaign.id, since).await?;
    if let Span::Until(end) = span {
        arrivals.retain(|arrival| arrival.received_at <= end);
    }
    let on_the_roster: BTreeSet<&str> =
        campaign.roster.units().iter().flat_map(|unit| unit.emails.iter().map(String::as_str)).collect();
    let mut filed = store.filed_from_others(&campaign.id, &on_the_roster).await?;
    if let Span::Until(end) = span {
        filed.retain(|filing| filing.received_at <= end);
    }
    Ok(DigestInput {
        standing: progress::standing_of(campaign, &ledgers, now),
        since,
        arrivals,
        newcomers: newcomers::newcomers(&filed, &campaign.roster, since),
        reviews: store.open_reviews(Some(&campaign.id)).await?,
        mails: store.mail_counts(&campaign.id, campaign.opens).await?,
        seen: store.seen_count(&campaign.id, campaign.opens).await?,
        stuck_letters: store.stuck_letters(&campaign.id).await?,
        faults,
        tables: tables_of(store, campaign, &ledgers).await?,
    })
}

/// Units that have filed and stand on the roster no more, in Chinese words: what they filed is counted nowhere.
#[must_use]
pub fn off_the_roster(campaign: &Campaign, ledgers: &BTreeMap<UnitCode, UnitLedger>) -> Vec<String> {
    let gone = ledgers.iter().filter(|(code, ledger)| ledger.version > 0 && campaign.roster.unit(code).is_none());
    gone.map(|(code, ledger)| {
        let filed = ledger.items.iter().filter(|(_, item)| item.current.is_some());
        let titles: Vec<&str> = filed.map(|(item, _)| campaign.item_title(*item)).collect();
        format!("单位 {code} 已报送{}，但已不在名册中，未计入汇总，请核对名册", titles.join("、"))
    })
    .collect()
}

/// What stands in the way of mail or letters, in Chinese words for the digest.
///
/// # Errors
/// The store's.
pub async fn faults(store: &Store, now: DateTime<FixedOffset>) -> Result<Vec<String>, WorkError> {
    let accounts = store.accounts().await?;
    let told = accounts.into_iter().filter_map(|(name, state)| {
        let reason = state.reason.unwrap_or_default();
        if state.parked {
            Some(format!("账号“{name}”已停用，需管理员处理：{reason}"))
        } else if state.not_before.is_some_and(|moment| moment > now) {
            Some(format!("账号“{name}”暂停中：{reason}"))
        } else {
            None
        }
    });
    let mut faults: Vec<String> = told.collect();
    for (folder, reason) in store.skipped_places().await? {
        faults.push(format!("信箱 {folder}：{reason}，请人工查看"));
    }
    Ok(faults)
}
