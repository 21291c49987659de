//! Gathers from the store what the digest, the workbook and `status` tell.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset};

use super::{WorkError, standings};
use crate::judge::{closing, course, due, newcomers, progress};
use crate::model::campaign::Campaign;
use crate::model::decision::{Reading, Returned};
use crate::model::ledger::{Event, UnitLedger};
use crate::model::letter::LetterState;
use crate::model::mail::Digest;
use crate::model::returns::Item;
use crate::model::standing::{CampaignStanding, Closing, DayCount, DigestInput, Fault, StandingTable};
use crate::model::unit::UnitCode;
use crate::store::{LetterFilter, Store};

/// Which events count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// All that is recorded, whatever the clock of this command shows.
    All,
    /// What had come in by then.
    Until(DateTime<FixedOffset>),
}

impl Span {
    fn of(self, events: Vec<Event>) -> Vec<Event> {
        match self {
            Self::All => events,
            Self::Until(end) => course::until(&events, end),
        }
    }

    fn holds(self, moment: DateTime<FixedOffset>) -> bool {
        match self {
            Self::All => true,
            Self::Until(end) => moment <= end,
        }
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

async fn events_of(store: &Store, campaign: &Campaign, span: Span) -> Result<Vec<Event>, WorkError> {
    Ok(span.of(store.events(&campaign.id).await?))
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
    Ok(progress::ledgers(&events_of(store, campaign, span).await?))
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
    mut faults: Vec<Fault>,
) -> Result<DigestInput, WorkError> {
    let recorded = store.events(&campaign.id).await?;
    faults.extend(
        off_the_roster(campaign, &progress::ledgers(&recorded)).into_iter().map(|text| Fault { text, grave: false }),
    );
    let events = span.of(recorded);
    let since = told_until(store, campaign, now).await?;
    let mut arrivals = store.arrivals_since(&campaign.id, since).await?;
    arrivals.retain(|arrival| span.holds(arrival.received_at));
    let on_the_roster: BTreeSet<&str> =
        campaign.roster.units().iter().flat_map(|unit| unit.emails.iter().map(String::as_str)).collect();
    let mut filed = store.filed_from_others(&campaign.id, &on_the_roster).await?;
    filed.retain(|filing| span.holds(filing.received_at));
    let mut reviews = store.open_reviews(Some(&campaign.id)).await?;
    reviews.retain(|review| span.holds(review.received_at));
    let ledgers = progress::ledgers(&events);
    let standing = progress::standing_of(campaign, &ledgers, now);
    // What had come by then and was recorded later is news all the same; only where a day is looked back on, all of it
    // may have been recorded at once.
    let known_then = match span {
        Span::All => events.iter().filter(|event| event.at <= since).cloned().collect(),
        Span::Until(_) => course::until(&events, since),
    };
    let done_then = course::done(campaign, &known_then);
    let changed = |became: bool| -> Vec<UnitCode> {
        let units = standing.units.iter().filter(|unit| course::is_done(unit.status) == became);
        units.map(|unit| unit.unit.code.clone()).filter(|code| done_then.contains(code) != became).collect()
    };
    let (newly_done, fallen_back) = (changed(true), changed(false));
    let until = match span {
        Span::All => None,
        Span::Until(end) => Some(end),
    };
    Ok(DigestInput {
        since,
        arrivals,
        newcomers: newcomers::newcomers(&filed, &campaign.roster, since),
        newly_done,
        fallen_back,
        course: today_as_it_stands(course::course(campaign, &events, now), &standing),
        reviews,
        mails: store.mail_counts(&campaign.id, campaign.opens, until).await?,
        seen: store.seen_count(&campaign.id, campaign.opens, until).await?,
        unfetched: u32::try_from(store.skipped_places().await?.len()).unwrap_or(u32::MAX),
        stuck_letters: store.stuck_letters(&campaign.id).await?,
        faults,
        tables: tables_of(store, campaign, &ledgers).await?,
        standing,
    })
}

/// The last day counts as everything stands, so that the picture's end is what the digest says beside it.
fn today_as_it_stands(mut days: Vec<DayCount>, standing: &CampaignStanding) -> Vec<DayCount> {
    if let Some(today) = days.last_mut() {
        today.done = standing.units.iter().filter(|unit| course::is_done(unit.status)).count();
    }
    days
}

/// Where the news of this digest begin: with the digest before it, by the times of the day, and farther back where that
/// one and others before it did not go out.
async fn told_until(
    store: &Store,
    campaign: &Campaign,
    now: DateTime<FixedOffset>,
) -> Result<DateTime<FixedOffset>, WorkError> {
    let slot = due::digest_due(campaign, now).unwrap_or(now);
    let planned = due::digest_since(campaign, slot);
    Ok(match store.digests_before(&campaign.id, slot).await? {
        (0, _) => planned,
        (_, Some(sent)) => planned.min(sent.max(campaign.opens)),
        (_, None) => campaign.opens,
    })
}

/// What the final report tells beyond a digest of the same moment.
///
/// # Errors
/// The store's.
pub async fn closing(store: &Store, campaign: &Campaign, span: Span) -> Result<Closing, WorkError> {
    let events = events_of(store, campaign, span).await?;
    let sent =
        LetterFilter { campaign: Some(campaign.id.clone()), state: Some(LetterState::Sent), ..LetterFilter::default() };
    let mut closing = closing::closing(campaign, &events);
    for letter in store.letters(&sent).await? {
        if letter.sent_at.is_none_or(|sent_at| span.holds(sent_at)) {
            *closing.letters.entry(letter.kind).or_default() += 1;
        }
    }
    Ok(closing)
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
pub async fn faults(store: &Store, now: DateTime<FixedOffset>) -> Result<Vec<Fault>, WorkError> {
    let accounts = store.accounts().await?;
    let told = accounts.into_iter().filter_map(|(name, state)| {
        let reason = state.reason.unwrap_or_default();
        if state.parked {
            Some(Fault { text: format!("账号“{name}”已停用，需管理员处理：{reason}"), grave: true })
        } else if state.not_before.is_some_and(|moment| moment > now) {
            Some(Fault { text: format!("账号“{name}”暂停中：{reason}"), grave: false })
        } else {
            None
        }
    });
    let mut faults: Vec<Fault> = told.collect();
    for (folder, reason) in store.skipped_places().await? {
        faults.push(Fault { text: format!("信箱 {folder}：{reason}，请人工查看"), grave: false });
    }
    Ok(faults)
}
