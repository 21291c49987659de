//! `check`: configuration, database, and with `--online` the servers; one line each with what to do.

mod configured;
mod machine;
mod online;
mod stored;

use std::io::Write;

use super::Failure;
use super::history::one_line;
use super::setup::Call;
use crate::config;

/// How a line begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    Ok,
    Warn,
    Fail,
}

/// The lines said so far.
struct Report {
    worst: Mark,
}

impl Report {
    fn say(&mut self, mark: Mark, text: &str) -> Result<(), Failure> {
        self.worst = self.worst.max(mark);
        let word = match mark {
            Mark::Ok => "OK",
            Mark::Warn => "WARN",
            Mark::Fail => "FAIL",
        };
        // Names of folders come from a server, and names of files from whoever made them.
        writeln!(std::io::stdout(), "{word:<4} {}", one_line(text))?;
        Ok(())
    }
}

/// Checks everything and fails with 3 where something must be fixed.
pub(super) async fn check(call: &Call, online: bool) -> Result<(), Failure> {
    let mut report = Report { worst: Mark::Ok };
    let file = call.config_file()?;
    let config = match config::load(&file) {
        Ok(config) => config,
        Err(mistakes) => {
            for mistake in mistakes.list() {
                report.say(Mark::Fail, &mistake.to_string())?;
            }
            return Err(Failure::MustBeFixed);
        }
    };
    let now = call.clock().now(config.offset);
    configured::configuration(&config, now, &mut report)?;
    configured::secrets(&config, online, &mut report)?;
    machine::disk(&config, &mut report)?;
    machine::reading_process(&mut report).await?;
    stored::storage(&config, now, &mut report).await?;
    if online {
        for mailbox in &config.mailboxes {
            online::imap(&config, mailbox, (now, call.now.is_some()), &mut report).await?;
        }
        online::smtp(&config, now, &mut report).await?;
        online::dns(&config, &mut report).await?;
    }
    if report.worst == Mark::Fail { Err(Failure::MustBeFixed) } else { Ok(()) }
}
