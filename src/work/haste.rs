//! Waits made shorter in builds for tests, so that a server's day away can be played in seconds.
//!
//! With `MAILTALLY_HASTE=30` in the environment a debug build waits a thirtieth of what it otherwise would: for servers,
//! between attempts, between letters. A release build does not ask.

use std::time::Duration;

use chrono::TimeDelta;

/// How many times shorter every wait is.
#[cfg(debug_assertions)]
fn haste() -> u32 {
    use std::sync::LazyLock;

    static HASTE: LazyLock<u32> = LazyLock::new(|| {
        let asked = std::env::var("MAILTALLY_HASTE").ok().and_then(|haste| haste.parse().ok());
        asked.filter(|haste| (1..=1000).contains(haste)).unwrap_or(1)
    });
    *HASTE
}

/// How many times shorter every wait is: a release build takes its time.
#[cfg(not(debug_assertions))]
const fn haste() -> u32 {
    1
}

/// This wait, or the part of it that was asked for.
#[must_use]
pub fn hurried(wait: Duration) -> Duration {
    wait / haste()
}

/// This pause by the clock, or the part of it that was asked for.
#[must_use]
pub fn hurried_pause(pause: TimeDelta) -> TimeDelta {
    pause / i32::try_from(haste()).unwrap_or(1)
}
