//! The log on stderr: words on a terminal, JSON where `MAILTALLY_LOG_FORMAT=json`; level by `MAILTALLY_LOG`. What mail and
//! servers brought begins no line of its own in it.

use std::io::{self, IsTerminal, Write};

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
        let writer = || OneLine { out: io::stderr(), color: false };
        let layer = tracing_subscriber::fmt::layer().json().with_writer(writer).with_filter(never);
        registry.with(layer).init();
    } else {
        let color = io::stderr().is_terminal();
        let writer = move || OneLine { out: io::stderr(), color };
        let layer =
            tracing_subscriber::fmt::layer().with_target(false).with_ansi(color).with_writer(writer).with_filter(never);
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

/// Writes each event as one line, whatever its fields hold: tracing-subscriber escapes what steers a terminal, and lets
/// line breaks of an error's words and turns in the direction of writing through.
struct OneLine<W> {
    out: W,
    /// The log's own colours are let through; in fields they were escaped before.
    color: bool,
}

impl<W: Write> Write for OneLine<W> {
    /// Called once for each event.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let shown = |sign: char| match sign {
            '\u{1b}' if self.color => sign,
            '\u{200E}' | '\u{200F}' | '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
                '?'
            }
            sign if sign.is_control() => '?',
            sign => sign,
        };
        let mut line: String = text.trim_end_matches('\n').chars().map(shown).collect();
        line.push('\n');
        self.out.write_all(line.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_whatever_it_holds() {
        let written = |event: &str, color| {
            let mut line = OneLine { out: Vec::new(), color };
            line.write_all(event.as_bytes()).unwrap();
            String::from_utf8(line.out).unwrap()
        };
        let forged = "WARN file not read error=a\n2021-08-01 INFO forged\r\u{1b}[2J \u{202e}elif\u{85}\n";
        let expected = "WARN file not read error=a?2021-08-01 INFO forged??[2J ?elif?\n";
        assert_eq!(written(forged, false), expected);
        assert_eq!(written("\u{1b}[33mWARN\u{1b}[0m 报表\n", true), "\u{1b}[33mWARN\u{1b}[0m 报表\n");
    }
}
