//! The log on stderr: words on a terminal, prioritised lines for the journal, JSON where it is asked for; its level can be
//! changed while the program runs. What mail and servers brought begins no line of its own in it.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::format::{Format, Full, Writer};
use tracing_subscriber::fmt::time::ChronoLocal;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, reload};

use crate::model::alarm::{Alarm, alarm};

/// The environment's word on the level stands above the configuration's.
const LEVEL: &str = "MAILTALLY_LOG";
/// `text`, `json` or `journal`; anything else, or nothing: as stderr is.
const FORMAT: &str = "MAILTALLY_LOG_FORMAT";
/// Libraries whose ordinary words nobody needs.
const QUIET: &str = "sqlx=warn,hickory_resolver=warn,hickory_proto=warn,hickory_net=warn,hyper=warn";

/// The level of a command that keeps a diary.
pub const USUAL_LEVEL: &str = "info";

/// The level that is in force, to be changed.
static FILTER: OnceLock<reload::Handle<EnvFilter, Registry>> = OnceLock::new();

/// How lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Text,
    Json,
    Journal,
}

/// Starts the log; `level` holds where neither `MAILTALLY_LOG` nor, later, the configuration says anything. Called once,
/// by `main`.
pub fn start(level: &str) {
    let (filter, handle) = reload::Layer::new(from_environment().unwrap_or_else(|| filter(level)));
    let _ = FILTER.set(handle);
    // async-imap writes passwords at TRACE and mail content at DEBUG; no filter may let that through.
    let never = filter_fn(|line| *line.level() <= Level::WARN || !is_wire(line.target()));
    let registry = tracing_subscriber::registry().with(filter);
    let shape = shape();
    let color = shape == Shape::Text && io::stderr().is_terminal();
    match shape {
        Shape::Json => {
            let layer = tracing_subscriber::fmt::layer()
                .json()
                .flatten_event(true)
                .with_timer(ChronoLocal::rfc_3339())
                .with_writer(move || OneLine { out: io::stderr(), color });
            registry.with(layer.with_filter(never)).init();
        }
        Shape::Journal => {
            let lines = Prioritised(Format::default().without_time().with_level(false).with_target(false));
            let layer = tracing_subscriber::fmt::layer()
                .with_ansi(false)
                .event_format(lines)
                .with_writer(move || OneLine { out: io::stderr(), color });
            registry.with(layer.with_filter(never)).init();
        }
        Shape::Text => {
            let layer = tracing_subscriber::fmt::layer()
                .with_target(false)
                .with_timer(ChronoLocal::new("%Y-%m-%d %H:%M:%S".to_owned()))
                .with_ansi(color)
                .with_writer(move || OneLine { out: io::stderr(), color });
            registry.with(layer.with_filter(never)).init();
        }
    }
}

/// From now on the log has this level, unless the environment names one. `level` is as in `[log] level`.
pub fn set_level(level: &str) {
    let Some(handle) = FILTER.get() else { return };
    if from_environment().is_some() {
        tracing::debug!(level, "{LEVEL} is set and stands above the configuration");
        return;
    }
    // It fails only where the log itself is gone.
    let _ = handle.reload(filter(level));
}

/// Parsers may panic on hostile bytes and are caught; the log names the place, and never the message, which may hold
/// what stands in a mail.
pub fn tell_panics_in_one_line() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        alarm!(Alarm::PanicCaught, place);
    }));
}

fn filter(level: &str) -> EnvFilter {
    EnvFilter::new(format!("{QUIET},{level}"))
}

fn from_environment() -> Option<EnvFilter> {
    EnvFilter::try_from_env(LEVEL).ok()
}

fn is_wire(target: &str) -> bool {
    ["async_imap", "imap_proto", "lettre", "rustls"].iter().any(|library| target.starts_with(library))
}

fn shape() -> Shape {
    match std::env::var(FORMAT).as_deref() {
        Ok("json") => Shape::Json,
        Ok("journal") => Shape::Journal,
        Ok("text") => Shape::Text,
        Ok(_) | Err(_) if stderr_is_the_journal() => Shape::Journal,
        Ok(_) | Err(_) => Shape::Text,
    }
}

/// Whether systemd connected stderr to the journal: `JOURNAL_STREAM` then names its device and inode (systemd.exec(5)). A
/// variable that was only inherited names others.
fn stderr_is_the_journal() -> bool {
    let Ok(named) = std::env::var("JOURNAL_STREAM") else { return false };
    let Ok(stat) = rustix::fs::fstat(std::io::stderr()) else { return false };
    named == format!("{}:{}", stat.st_dev, stat.st_ino)
}

/// Lines that begin with their priority, as sd-daemon(3) describes; the journal adds time and program itself.
struct Prioritised(Format<Full, ()>);

impl<S, N> FormatEvent<S, N> for Prioritised
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        write!(writer, "<{}>", priority(*event.metadata().level()))?;
        self.0.format_event(context, writer, event)
    }
}

/// syslog(3): 3 is an error, 4 a warning, 6 information, 7 for whoever looks for faults.
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        Level::DEBUG | Level::TRACE => 7,
    }
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
