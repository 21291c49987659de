//! Gathers from the store what the digest, the workbook and `status` tell.

use chrono::{DateTime, FixedOffset};

use super::WorkError;
use crate::judge::{due, newcomers, progress};
use crate::model::campaign::Campaign;
use crate::model::decision::Returned;
use crate::model::ledger::{Event, EventKind};
use crate::model::mail::Digest;
use crate::model::returns::Item;
use crate::model::standing::{CampaignStanding, DigestInput, StandingTable};
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
            | EventKind::OriginalsPurged { .. }
            | EventKind::Bounced { .. } => event.at,
        };
        happened_at <= end
    }
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
    let events = events_of(store, campaign, span).await?;
    Ok(progress::standing(campaign, &events, as_of))
}

async fn events_of(store: &Store, campaign: &Campaign, span: Span) -> Result<Vec<Event>, WorkError> {
    let mut events = store.events(&campaign.id).await?;
    events.retain(|event| span.holds(event));
    Ok(events)
}

/// The table that stands for each unit, in the order of the roster, with the file it came from.
///
/// # Errors
/// The store's.
pub async fn standing_tables(store: &Store, campaign: &Campaign, span: Span) -> Result<Vec<StandingTable>, WorkError> {
    let events = events_of(store, campaign, span).await?;
    let ledgers = progress::ledgers(&events);
    let current: Vec<_> = campaign
        .roster
        .units()
        .iter()
        .filter_map(|unit| {
            let standing = ledgers.get(&unit.code)?.items.get(&Item::Table)?.current.clone()?;
            Some((unit.code.clone(), standing))
        })
        .collect();
    let wanted: Vec<(Digest, Item, String)> = current
        .iter()
        .map(|(_, standing)| (standing.mail.clone(), Item::Table, standing.filing.piece.clone()))
        .collect();
    let readings = store.readings_of_many(&wanted).await?;
    let mut tables = Vec::new();
    for (unit, standing) in current {
        let found = readings.iter().find_map(|reading| {
            let same = reading.mail == standing.mail
                && reading.piece == standing.filing.piece
                && reading.unit.as_ref() == Some(&unit);
            match &reading.returned {
                Returned::Table(table) if same && Some(&table.totals) == standing.filing.totals.as_ref() => {
                    Some((table, &reading.file_name))
                }
                Returned::Table(_) | Returned::Report(_) => None,
            }
        });
        let Some((table, file_name)) = found else { continue };
        tables.push(StandingTable {
            unit,
            mail: standing.mail,
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
    faults.extend(off_the_roster(campaign, &store.events(&campaign.id).await?));
    let since = due::digest_since(campaign, due::digest_due(campaign, now).unwrap_or(now));
    let mut arrivals = store.arrivals_since(&campaign.id, since).await?;
    if let Span::Until(end) = span {
        arrivals.retain(|arrival| arrival.received_at <= end);
    }
    let mut filed = store.filed_from(&campaign.id).await?;
    if let Span::Until(end) = span {
        filed.retain(|filing| filing.received_at <= end);
    }
    Ok(DigestInput {
        standing: standing(store, campaign, span, now).await?,
        since,
        arrivals,
        newcomers: newcomers::newcomers(&filed, &campaign.roster, since),
        reviews: store.open_reviews(Some(&campaign.id)).await?,
        mails: store.mail_counts(&campaign.id, campaign.opens).await?,
        seen: store.seen_count(&campaign.id, campaign.opens).await?,
        stuck_letters: store.stuck_letters(&campaign.id).await?,
        faults,
        tables: standing_tables(store, campaign, span).await?,
    })
}

/// Units that have filed and stand on the roster no more, in Chinese words: what they filed is counted nowhere.
#[must_use]
pub fn off_the_roster(campaign: &Campaign, events: &[Event]) -> Vec<String> {
    let ledgers = progress::ledgers(events);
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
