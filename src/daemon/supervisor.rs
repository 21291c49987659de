//! What the service manager is told (sd_notify(3)): ready, reloading, stopping, how things stand, and that the loops move.
//!
//! Ready means that the storage is open, the status listener has its port and the loops run. A mailbox that cannot be
//! reached is no reason to be not ready: starting again would not mend it, and its letters must go out meanwhile.

use std::time::Duration;

use sd_notify::NotifyState;

use super::Engine;
use crate::model::alarm::{Alarm, alarm};
use crate::work::without_addresses;

/// How often the state is told where no watchdog asks for it.
const USUALLY: Duration = Duration::from_secs(10);

fn notify(states: &[NotifyState<'_>]) {
    // Without a service manager there is nobody to tell, and a deaf one is no reason to stop working.
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "the service manager does not hear");
    }
}

/// The loops run.
pub fn ready() {
    notify(&[NotifyState::Ready]);
}

/// The step in hand is finished, and no other begun.
pub fn stopping() {
    notify(&[NotifyState::Stopping, NotifyState::Status("stopping: the step in hand is finished first")]);
}

/// The configuration is read again; [`ready`] ends it.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(_) => notify(&[NotifyState::Reloading]),
    }
}

/// Feeds the watchdog while every loop moves, and tells how things stand, until it is dropped. A loop that is stuck is
/// told once in the log, and the watchdog is left to act.
pub async fn watch(engine: &Engine) {
    let watchdog = sd_notify::watchdog_enabled();
    // Half of the time, as sd_watchdog_enabled(3) recommends.
    let pause = watchdog.map_or(USUALLY, |within| (within / 2).min(USUALLY));
    let (mut told, mut was_stuck) = (String::new(), false);
    loop {
        engine.measure_room();
        let stuck = engine.desk.vitals.stuck();
        if stuck.is_empty() && watchdog.is_some() {
            notify(&[NotifyState::Watchdog]);
        }
        if !was_stuck {
            for (name, still) in &stuck {
                alarm!(Alarm::LoopStuck, which = without_addresses(name), seconds = still.as_secs());
            }
        }
        was_stuck = !stuck.is_empty();
        // A database that does not answer must not keep the watchdog from being fed: the loops tell of that by themselves.
        let status = tokio::time::timeout(pause / 2, status(engine)).await;
        let status = status.unwrap_or_else(|_| "DATABASE does not answer".to_owned());
        if status != told {
            notify(&[NotifyState::Status(&status)]);
            told = status;
        }
        tokio::time::sleep(pause).await;
    }
}

/// One line on how things stand; it changes only when they do.
async fn status(engine: &Engine) -> String {
    let mut words = Vec::new();
    for (name, looks) in engine.desk.vitals.looks() {
        let shown = without_addresses(&name);
        let account = engine.desk.store.account_state(&name).await.unwrap_or_default();
        words.push(match (account.parked, looks.in_a_row) {
            (true, _) => format!("{shown}: PARKED after refused logins"),
            (false, 0) if looks.well > 0 => format!("{shown}: looked into every {} s", looks.every.as_secs()),
            (false, 0) => format!("{shown}: not looked into yet"),
            (false, _) => format!("{shown}: NOT REACHABLE"),
        });
    }
    match engine.desk.store.due(engine.now()).await {
        Ok(due) => words.push(format!("letters due: {}", due.letters)),
        Err(_) => words.push("DATABASE cannot be read".to_owned()),
    }
    if engine.desk.store.account_state(crate::work::deliver::SENDING_ACCOUNT).await.is_ok_and(|state| state.parked) {
        words.push("sending is PARKED".to_owned());
    }
    if let Ok(reviews) = engine.desk.store.open_reviews(None).await {
        words.push(format!("reviews waiting: {}", reviews.len()));
    }
    words.join("; ")
}
