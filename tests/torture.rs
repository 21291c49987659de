//! The real program between a real Dovecot and a real Exim, and everything cruel done to it: killed at random moments
//! and at named steps, its database held by another process, its disk full, the line bad, the servers away, their
//! certificates wrong, and so many mails that whatever grows would show. At the end every mail is accounted for once, no
//! letter went out twice, and the totals are the truth.
//!
//! A short form runs with every test. `make torture` runs the long one and prints what came of it in one table:
//! `TORTURE_KILLS`, `TORTURE_FAULTS`, `TORTURE_POLLS` and `TORTURE_MAILS` say how long, and `TORTURE_PROGRAM` names a
//! build without the cost of debugging, for the many mails.
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

#[path = "torture/away.rs"]
mod away;
#[path = "torture/certificates.rs"]
mod certificates;
#[path = "end_to_end/crowd.rs"]
mod crowd;
#[path = "torture/kills.rs"]
mod kills;
#[path = "torture/network.rs"]
mod network;
#[path = "torture/scene.rs"]
mod scene;
#[path = "torture/soak.rs"]
mod soak;
#[path = "torture/table.rs"]
mod table;
