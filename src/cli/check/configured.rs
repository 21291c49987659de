//! The configuration as far as it can be judged by itself: campaigns, letters, calendar, passwords.

use chrono::{DateTime, Datelike as _, FixedOffset, TimeDelta};

use super::{Mark, Report};
use crate::cli::Failure;
use crate::config::{Config, Transport};
use crate::judge::letters;

/// Days ahead for which the days off should be known.
const SOON: i64 = 31;

pub(super) fn configuration(config: &Config, now: DateTime<FixedOffset>, report: &mut Report) -> Result<(), Failure> {
    let campaigns: Vec<String> = config
        .campaigns
        .iter()
        .map(|campaign| format!("{} ({} units)", campaign.id, campaign.roster.units().len()))
        .collect();
    report.say(Mark::Ok, &format!("{}: read; campaigns: {}", config.file.display(), campaigns.join(", ")))?;
    for warning in &config.warnings {
        report.say(Mark::Warn, &warning.to_string())?;
    }
    for campaign in &config.campaigns {
        let mistakes = letters::check(campaign);
        for mistake in &mistakes {
            report.say(Mark::Fail, &format!("campaign {}: template {mistake}", campaign.id))?;
        }
        if mistakes.is_empty() {
            report.say(Mark::Ok, &format!("campaign {}: every letter renders with sample data", campaign.id))?;
        }
    }
    calendar(config, now, report)
}

/// The year that begins soon matters to whoever plans the next collection, though no stage falls into it yet.
fn calendar(config: &Config, now: DateTime<FixedOffset>, report: &mut Report) -> Result<(), Failure> {
    let Some(calendar) = config.campaigns.first().map(|campaign| &campaign.calendar) else { return Ok(()) };
    let today = now.date_naive();
    let unknown = calendar.unknown_years([today, today + TimeDelta::days(SOON)].into_iter());
    match unknown.first() {
        None => report.say(Mark::Ok, &format!("the days off of {} are known", today.year())),
        Some(year) => {
            let text = format!(
                "the days off of {year} are not known; the State Council tells them in November; put them into \
                 holidays.toml and name that file in mailtally.toml (holidays = \"holidays.toml\")"
            );
            report.say(Mark::Warn, &text)
        }
    }
}

/// `online`: they are about to be used.
pub(super) fn secrets(config: &Config, online: bool, report: &mut Report) -> Result<(), Failure> {
    let mut servers: Vec<_> = config.mailboxes.iter().map(|mailbox| &mailbox.server).collect();
    if let Some(smtp) = &config.smtp
        && let Transport::Smtp(server) = &smtp.transport
    {
        servers.push(server);
    }
    for server in servers {
        match server.password.resolve() {
            Ok(_) => report.say(Mark::Ok, &format!("the password for {} is there", server.host))?,
            Err(mistake) => {
                let mark = if server.password.is_out_of_reach() && !online { Mark::Warn } else { Mark::Fail };
                report.say(mark, &mistake.to_string())?;
            }
        }
    }
    Ok(())
}
