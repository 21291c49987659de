//! The real program against a real Dovecot and a real Exim: units mail in, receipts come back, totals are exact.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that fails has to panic"
)]

mod office;
mod support;

#[path = "end_to_end/correspondence.rs"]
mod correspondence;
#[path = "end_to_end/crowd.rs"]
mod crowd;
#[path = "end_to_end/doctor.rs"]
mod doctor;
#[path = "end_to_end/reload.rs"]
mod reload;
#[path = "end_to_end/two_hundred.rs"]
mod two_hundred;
