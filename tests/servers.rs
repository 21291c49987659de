//! Contract of `inbox` and `post`: against real servers where they are installed, and against scripted ones that do
//! what NetEase's and Tencent's do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that fails has to panic"
)]

mod support;

#[path = "servers/engine_scripted.rs"]
mod engine_scripted;
#[path = "servers/inbox_real.rs"]
mod inbox_real;
#[path = "servers/inbox_scripted.rs"]
mod inbox_scripted;
#[path = "servers/odd_servers.rs"]
mod odd_servers;
#[path = "servers/outbox_scripted.rs"]
mod outbox_scripted;
#[path = "servers/post_real.rs"]
mod post_real;
#[path = "servers/post_scripted.rs"]
mod post_scripted;
#[path = "servers/slow_servers.rs"]
mod slow_servers;
#[path = "servers/staff.rs"]
mod staff;
