//! The log on stderr: words on a terminal, JSON where `MAILTALLY_LOG_FORMAT=json`; level by `MAILTALLY_LOG`.

use std::io::IsTerminal;

use tracing::Level;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// Starts the log; `level` holds where `MAILTALLY_LOG` says nothing. Called once, by `main`.
pub fn start(level: &str) {
    let filter =
        EnvFilter::try_from_env("MAILTALLY_LOG").unwrap_or_else(|_| EnvFilter::new(format!("{level},{QUIET}")));
    // async-imap writes passwords at TRACE and mail content at DEBUG; no filter may let that through.
    let never = filter_fn(|line| *line.level() <= Level::WARN || !is_wire(line.target()));
    let json = std::env::var("MAILTALLY_LOG_FORMAT").is_ok_and(|format| format == "json");
    let registry = tracing_subscriber::registry().with(filter);
    if json {
        let layer = tracing_subscriber::fmt::layer().json().with_writer(std::io::stderr).with_filter(never);
        registry.with(layer).init();
    } else {
        let color = std::io::stderr().is_terminal();
        let layer = tracing_subscriber::fmt::layer()
            .with_target(false)
            .with_ansi(color)
            .with_writer(std::io::stderr)
            .with_filter(never);
        registry.with(layer).init();
    }
}

/// Parsers may panic on hostile bytes and are caught; the log names the place, and never the message, which may hold
/// what stands in a mail.
pub fn tell_panics_in_one_line() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::warn!(place, "a panic was caught or ends the program");
    }));
}

/// Libraries whose ordinary words nobody needs.
const QUIET: &str = "sqlx=warn,hickory_resolver=warn,hickory_proto=warn,hickory_net=warn";

fn is_wire(target: &str) -> bool {
    ["async_imap", "imap_proto", "lettre", "rustls"].iter().any(|library| target.starts_with(library))
}
