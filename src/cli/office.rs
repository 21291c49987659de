//! `run`, `once` and `ingest`: the commands that work on the storage.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use chrono::{DateTime, FixedOffset};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::Failure;
use super::setup::{self, Call};
use crate::config::Config;
use crate::daemon::{self, Engine};
use crate::inbox::folder;
use crate::model::decision::{Arrival, Origin};
use crate::store::{StorageLock, Store};
use crate::work::desk::TakenIn;
use crate::work::{deliver, poll};

/// The daemon.
pub(super) async fn run(call: &Call) -> Result<(), Failure> {
    if call.now.is_some() {
        return Err(Failure::Wrong("`run` goes by the real time: --now is for the other commands".to_owned()));
    }
    let config = call.load()?;
    let (engine, lock) = opened(&config, call, "run").await?;
    if engine.mailboxes.is_empty() {
        return Err(Failure::Wrong(format!(
            "{}: there is no [[mailbox]], so there is nothing to run",
            config.file.display()
        )));
    }
    let stop = told_to_stop()?;
    let version = env!("CARGO_PKG_VERSION");
    tracing::info!(version, storage = %config.storage_dir.display(), mailboxes = engine.mailboxes.len(), "started");
    let engine = Arc::new(engine);
    reload_when_told(&engine)?;
    daemon::run(Arc::clone(&engine), stop).await?;
    engine.desk.store.close().await;
    drop(lock);
    tracing::info!("stopped");
    Ok(())
}

/// One round.
pub(super) async fn once(call: &Call) -> Result<(), Failure> {
    let config = call.load()?;
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
    let delivered = engine.clerk().await?;
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
                    tracing::warn!(error = %unread, "file not read");
                    failed.push(unread.to_string());
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
    desk.store.close().await;
    drop(lock);
    println!("mails: {new} new, {known} known, {} not read", failed.len());
    if failed.is_empty() { Ok(()) } else { Err(Failure::World(anyhow::anyhow!(failed.join("\n")))) }
}

async fn opened(config: &Config, call: &Call, command: &str) -> Result<(Engine, StorageLock), Failure> {
    for campaign in &config.campaigns {
        let years = campaign.unknown_years();
        if !years.is_empty() {
            tracing::warn!(
                campaign = campaign.id,
                ?years,
                "days off not known; reminders take Monday to Friday for worked"
            );
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

/// SIGHUP has the campaigns' files read again, changed or not.
fn reload_when_told(engine: &Arc<Engine>) -> Result<(), Failure> {
    let mut told = signal(SignalKind::hangup())?;
    let engine = Arc::downgrade(engine);
    tokio::spawn(async move {
        while told.recv().await.is_some() {
            match engine.upgrade() {
                Some(engine) => engine.reload(true),
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
