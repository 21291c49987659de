//! The running program as those see it who look after it: the service manager, `/healthz`, `/metrics`, the log.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that fails has to panic"
)]

mod support;

#[path = "watched/exposition.rs"]
mod exposition;
#[path = "watched/log.rs"]
mod log;
#[path = "watched/program.rs"]
mod program;
#[path = "watched/service_manager.rs"]
mod service_manager;
#[path = "watched/status.rs"]
mod status;
#[path = "watched/stuck.rs"]
mod stuck;
