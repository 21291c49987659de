//! `run`, `once` and `ingest`: the commands that work on the storage.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use chrono::{DateTime, FixedOffset};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::history::one_line;
use super::setup::{self, Call};
use super::{Failure, log};
use crate::config::{self, Config, LogConfig};
use crate::daemon::{self, Engine, supervisor};
use crate::inbox::folder;
use crate::model::alarm::{Alarm, alarm};
use crate::model::decision::{Arrival, Origin};
use crate::store::{StorageLock, Store};
use crate::work::desk::TakenIn;
use crate::work::{deliver, poll, standings};

/// The daemon.
pub(super) async fn run(call: &Call) -> Result<(), Failure> {
    if call.now.is_some() {
        return Err(Failure::Wrong("`run` goes by the real time: --now is for the other commands".to_owned()));
    }
    let config = call.load()?;
    log_as_configured(&config.log);
    let (engine, lock) = opened(&config, call, "run").await?;
    if engine.mailboxes.is_empty() {
        return Err(Failure::Wrong(format!(
            "{}: there is no [[mailbox]], so there is nothing to run",
            config.file.display()
        )));
    }
    let stop = told_to_stop()?;
    let status = listening(&config).await?;
    let version = env!("CARGO_PKG_VERSION");
    tracing::info!(version, storage = %config.storage_dir.display(), mailboxes = engine.mailboxes.len(), "started");
    let engine = Arc::new(engine);
    reload_when_told(&engine, config.file.clone())?;
    daemon::run(Arc::clone(&engine), stop, status).await?;
    engine.desk.store.close().await;
    drop(lock);
    tracing::info!("stopped");
    Ok(())
}

/// One round.
pub(super) async fn once(call: &Call) -> Result<(), Failure> {
    let config = call.load()?;
    log_as_configured(&config.log);
    let (engine, lock) = opened(&config, call, "once").await?;
    let stop = told_to_stop()?;
    deliver::take_up(&engine.desk.store).await?;
    let mut failed = Vec::new();
    let mut polled = poll::Polled::default();
    for mailbox in &engine.mailboxes {
        match engine.look_once(mailbox, &stop).await {
            Ok(Some(looked)) => {
                polled.new += looked.new;
                polled.known += looked.known;
                polled.skipped += looked.skipped;
            }
            Ok(None) => {
                failed.push(format!("mailbox {}: parked or waiting after refused logins", mailbox.settings.mailbox))
            }
            Err(error) => failed.push(format!("mailbox {}: {error}", mailbox.settings.mailbox)),
        }
    }
    // Letters that are owed do not wait for a mailbox that cannot be reached.
    engine.measure_room();
    let delivered = engine.clerk().await?;
    if polled.new > 0 || delivered.sent > 0 {
        engine.keep_standings().await;
    }
    engine.desk.store.close().await;
    drop(lock);
    println!(
        "mails: {} new, {} known, {} skipped; letters: {} sent, {} postponed, {} cancelled, {} for a person",
        polled.new,
        polled.known,
        polled.skipped,
        delivered.sent,
        delivered.postponed,
        delivered.cancelled,
        delivered.stuck
    );
    if failed.is_empty() { Ok(()) } else { Err(Failure::World(anyhow::anyhow!(failed.join("\n")))) }
}

/// Mail from files.
pub(super) async fn ingest(
    call: &Call,
    paths: &[PathBuf],
    received_at: Option<DateTime<FixedOffset>>,
) -> Result<(), Failure> {
    if let Some(missing) = paths.iter().find(|path| !path.exists()) {
        return Err(Failure::World(anyhow::anyhow!("{}: there is no such file or folder", missing.display())));
    }
    let config = call.load()?;
    log_as_configured(&config.log);
    let lock = locked(&config, "ingest")?;
    let desk = setup::desk(&config).await?;
    let clock = call.clock();
    let (mut new, mut known) = (0_u32, 0_u32);
    let max = u32::try_from(config.limits.max_mail_bytes).unwrap_or(u32::MAX);
    let now = || clock.now(config.offset);
    let (arrivals, line) = tokio::sync::mpsc::channel(1);
    let finding = async {
        let arrivals = arrivals;
        let mut failed = Vec::new();
        for found in folder::mails(paths, max) {
            match found {
                Ok(found) => {
                    let received_at = found.received_at.or(received_at).unwrap_or_else(now);
                    let origin = Origin::File { path: found.path };
                    if arrivals.send(Arrival { origin, received_at, bytes: found.bytes }).await.is_err() {
                        break;
                    }
                }
                Err(unread) => {
                    alarm!(Alarm::FileNotRead, error = %unread);
                    failed.push(one_line(&unread.to_string()));
                }
            }
        }
        failed
    };
    let mut on_taken = |taken: TakenIn, _| {
        poll::log(&taken);
        *(if taken.new { &mut new } else { &mut known }) += 1;
    };
    let (failed, taken) = tokio::join!(finding, desk.take_in_all(line, &now, &mut on_taken));
    taken?;
    if new > 0 {
        standings::keep(&desk.store, config.campaigns.iter().map(|campaign| campaign.id.as_str())).await;
    }
    desk.store.close().await;
    drop(lock);
    println!("mails: {new} new, {known} known, {} not read", failed.len());
    if failed.is_empty() { Ok(()) } else { Err(Failure::World(anyhow::anyhow!(failed.join("\n")))) }
}

async fn opened(config: &Config, call: &Call, command: &str) -> Result<(Engine, StorageLock), Failure> {
    for campaign in &config.campaigns {
        let years = campaign.unknown_years();
        if !years.is_empty() {
            alarm!(Alarm::DaysOffUnknown, campaign = campaign.id, ?years);
        }
    }
    let lock = locked(config, command)?;
    Ok((setup::engine(config, call.clock()).await?, lock))
}

/// One process works on a storage.
pub(super) fn locked(config: &Config, command: &str) -> Result<StorageLock, Failure> {
    make_private(&config.storage_dir)?;
    Ok(Store::lock(&config.storage_dir, command)?)
}

fn make_private(directory: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::DirBuilderExt;
    if !directory.exists() {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .with_context(|| format!("{}: the storage cannot be made", directory.display()))?;
    }
    Ok(())
}

/// The port on which it is told how the program is.
async fn listening(config: &Config) -> Result<Option<TcpListener>, Failure> {
    let Some(status) = &config.status else { return Ok(None) };
    let listener = TcpListener::bind(status.listen).await;
    let listener = listener.with_context(|| format!("[status] listen = \"{}\" cannot be had", status.listen))?;
    let address = listener.local_addr()?;
    tracing::info!(%address, "status on /healthz and /metrics");
    Ok(Some(listener))
}

/// The level that the configuration names, if it names one.
fn log_as_configured(log: &LogConfig) {
    if let Some(level) = &log.level {
        log::set_level(level);
    }
}

/// What SIGHUP has read again of the main file: the level of the log. Everything else in it wants a restart.
fn reload_log(file: &Path) {
    match config::load_log(file) {
        Ok(log) => {
            let level = log.level.as_deref().unwrap_or(log::USUAL_LEVEL);
            log::set_level(level);
            tracing::info!(level, "log level read again");
        }
        Err(mistakes) => {
            for mistake in mistakes.list() {
                alarm!(Alarm::LogSettingRefused, %mistake);
            }
        }
    }
}

/// SIGHUP has the level of the log and the campaigns' files read again, changed or not.
fn reload_when_told(engine: &Arc<Engine>, file: PathBuf) -> Result<(), Failure> {
    let mut told = signal(SignalKind::hangup())?;
    let engine = Arc::downgrade(engine);
    tokio::spawn(async move {
        while told.recv().await.is_some() {
            match engine.upgrade() {
                Some(engine) => {
                    supervisor::reloading();
                    reload_log(&file);
                    engine.reload(true);
                    supervisor::ready();
                }
                None => break,
            }
        }
    });
    Ok(())
}

/// Becomes `true` at SIGTERM or SIGINT.
fn told_to_stop() -> Result<watch::Receiver<bool>, Failure> {
    let (sender, receiver) = watch::channel(false);
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        // Nobody listens any more where the command has ended.
        let _ = sender.send(true);
        std::future::pending::<()>().await;
    });
    Ok(receiver)
}
