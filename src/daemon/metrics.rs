//! `/metrics`: what is counted, in the text form that Prometheus reads. No name of a person and no address is in it.

use std::collections::BTreeMap;

use prometheus::{Encoder as _, GaugeVec, IntCounterVec, Opts, Registry, TextEncoder};

use super::Engine;
use crate::judge::progress;
use crate::model::ledger::{Nature, UnitStatus};
use crate::model::letter::{LetterKind, LetterState};
use crate::work::{WorkError, standings, without_addresses};

/// Why there are no numbers.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    #[error(transparent)]
    Work(#[from] WorkError),
    #[error(transparent)]
    Form(#[from] prometheus::Error),
}

impl From<crate::store::StoreError> for MetricsError {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Work(error.into())
    }
}

/// The media type of [`metrics`].
pub const MEDIA_TYPE: &str = prometheus::TEXT_FORMAT;

/// Gauges are set from what stands in the store at this moment, so that a restart does not begin them anew.
struct Board(Registry);

impl Board {
    fn gauge(&self, name: &str, help: &str, labels: &[&str]) -> Result<GaugeVec, prometheus::Error> {
        let gauge = GaugeVec::new(Opts::new(name, help), labels)?;
        self.0.register(Box::new(gauge.clone()))?;
        Ok(gauge)
    }

    fn set(&self, name: &str, help: &str, value: f64) -> Result<(), prometheus::Error> {
        self.gauge(name, help, &[])?.with_label_values::<&str>(&[]).set(value);
        Ok(())
    }

    fn counter(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, prometheus::Error> {
        let counter = IntCounterVec::new(Opts::new(name, help), labels)?;
        self.0.register(Box::new(counter.clone()))?;
        Ok(counter)
    }
}

/// Everything that is counted at this moment.
///
/// # Errors
/// The store's.
pub async fn metrics(engine: &Engine) -> Result<Vec<u8>, MetricsError> {
    let board = Board(Registry::new());
    of_the_process(engine, &board)?;
    of_mail(engine, &board).await?;
    of_units(engine, &board).await?;
    of_letters(engine, &board).await?;
    of_mailboxes(engine, &board).await?;
    let mut text = Vec::new();
    TextEncoder::new().encode(&board.0.gather(), &mut text)?;
    Ok(text)
}

fn of_the_process(engine: &Engine, board: &Board) -> Result<(), MetricsError> {
    let vitals = &engine.desk.vitals;
    let build = board.gauge("mailtally_build_info", "Always 1; the version is its label.", &["version"])?;
    build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1.0);
    if let Some(started) = vitals.started() {
        let seconds = float(started.timestamp_millis()) / 1000.0;
        board.set("process_start_time_seconds", "When the process started, in seconds since 1970.", seconds)?;
    }
    let stuck = u32::try_from(vitals.stuck().len()).unwrap_or(u32::MAX);
    board.set("mailtally_loops_stuck", "Loops that have not moved for too long.", f64::from(stuck))?;
    if let Some(free) = vitals.free() {
        let free = i64::try_from(free).unwrap_or(i64::MAX);
        board.set("mailtally_disk_free_bytes", "Room on the disk of the storage.", float(free))?;
    }
    if let Some(taking) = vitals.taking() {
        board.0.register(Box::new(taking))?;
    }
    Ok(())
}

async fn of_mail(engine: &Engine, board: &Board) -> Result<(), MetricsError> {
    let mails = board.gauge("mailtally_mails", "Mails that are recorded, by what they are.", &["nature"])?;
    for nature in Nature::ALL {
        mails.with_label_values(&[nature.as_str()]).set(0.0);
    }
    for (nature, count) in engine.desk.store.mails_by_nature().await? {
        mails.with_label_values(&[nature.as_str()]).set(float(count));
    }
    let (unrecorded, missing) = engine.desk.vitals.unaccounted();
    let help = "Mails that are not accounted for: not recorded for an hour, missing from the archive, or listed by a server and not handed over.";
    let unaccounted = board.gauge("mailtally_mails_unaccounted", help, &["how"])?;
    for (how, count) in
        [("unrecorded", unrecorded), ("missing", missing), ("withheld", engine.desk.vitals.withheld(engine.now()))]
    {
        unaccounted.with_label_values(&[how]).set(f64::from(count));
    }
    Ok(())
}

async fn of_units(engine: &Engine, board: &Board) -> Result<(), MetricsError> {
    let help = "Units of each collection, by how they stand.";
    let units = board.gauge("mailtally_units", help, &["campaign", "status"])?;
    let reviews = board.gauge("mailtally_reviews_waiting", "Reviews that wait for a person.", &["campaign"])?;
    let now = engine.now();
    for campaign in engine.desk.register().campaigns() {
        let ledgers = standings::latest(&engine.desk.store, &campaign.id).await?;
        let standing = progress::standing_of(campaign, &ledgers, now);
        let mut counts: BTreeMap<&str, u32> = UnitStatus::ALL.iter().map(|status| (status.as_str(), 0)).collect();
        for unit in &standing.units {
            *counts.entry(unit.status.as_str()).or_default() += 1;
        }
        for (status, count) in counts {
            units.with_label_values(&[campaign.id.as_str(), status]).set(f64::from(count));
        }
        let waiting = engine.desk.store.open_reviews(Some(&campaign.id)).await?.len();
        let waiting = u32::try_from(waiting).unwrap_or(u32::MAX);
        reviews.with_label_values(&[campaign.id.as_str()]).set(f64::from(waiting));
    }
    Ok(())
}

async fn of_letters(engine: &Engine, board: &Board) -> Result<(), MetricsError> {
    let help = "Letters by kind and state; held, refused and unknown wait for a person.";
    let letters = board.gauge("mailtally_letters", help, &["kind", "state"])?;
    for kind in LetterKind::ALL {
        for state in LetterState::ALL {
            letters.with_label_values(&[kind.as_str(), state.as_str()]).set(0.0);
        }
    }
    for (kind, state, count) in engine.desk.store.letters_by_state().await? {
        letters.with_label_values(&[kind.as_str(), state.as_str()]).set(float(count));
    }
    let now = engine.now();
    let due = engine.desk.store.due(now).await?;
    board.set("mailtally_outbox_due", "Letters whose turn has come.", f64::from(due.letters))?;
    let oldest = due.since.map_or(0, |since| (now - since).num_seconds().max(0));
    board.set("mailtally_outbox_oldest_due_seconds", "How long the oldest of them has waited.", float(oldest))?;
    Ok(())
}

async fn of_mailboxes(engine: &Engine, board: &Board) -> Result<(), MetricsError> {
    let age =
        board.gauge("mailtally_poll_age_seconds", "Since the last look that went well, or the start.", &["mailbox"])?;
    let every = board.gauge("mailtally_poll_interval_seconds", "The configured pause between looks.", &["mailbox"])?;
    let polls =
        board.counter("mailtally_polls_total", "Looks into each mailbox since the start.", &["mailbox", "outcome"])?;
    for (name, looks) in engine.desk.vitals.looks() {
        let name = without_addresses(&name);
        age.with_label_values(&[&name]).set(looks.age().as_secs_f64());
        every.with_label_values(&[&name]).set(looks.every.as_secs_f64());
        polls.with_label_values(&[name.as_str(), "well"]).inc_by(looks.well);
        polls.with_label_values(&[name.as_str(), "failed"]).inc_by(looks.failed);
    }
    let help = "1 where an account waits for a person after refused logins; smtp is the sending one.";
    let parked = board.gauge("mailtally_account_parked", help, &["account"])?;
    for name in engine.desk.vitals.looks().keys().map(String::as_str).chain(["smtp"]) {
        let state = engine.desk.store.account_state(name).await?;
        parked.with_label_values(&[&without_addresses(name)]).set(f64::from(u8::from(state.parked)));
    }
    Ok(())
}

/// Counts and moments here are far below 2^53, up to which a float is exact.
#[allow(clippy::cast_precision_loss, reason = "said above")]
fn float(whole: i64) -> f64 {
    whole as f64
}
