//! The outbox under a set clock, through the real desk and the real clerk: quotas, loops, bounces, and whom not to answer.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that fails has to panic"
)]

#[path = "outbox/alerts.rs"]
mod alerts;
#[path = "outbox/bounces.rs"]
mod bounces;
#[path = "outbox/digests.rs"]
mod digests;
#[path = "outbox/loops.rs"]
mod loops;
#[path = "outbox/office.rs"]
mod office;
#[path = "outbox/quotas.rs"]
mod quotas;
#[path = "outbox/reminders.rs"]
mod reminders;
#[path = "outbox/silence.rs"]
mod silence;
