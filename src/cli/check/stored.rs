//! The storage: whether the database is sound, the archive whole, and nothing is stuck.

use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset, TimeDelta};

use super::{Mark, Report};
use crate::archive::Archive;
use crate::cli::Failure;
use crate::config::Config;
use crate::judge::progress;
use crate::store::{Store, StoreError};

/// How far back arrivals are held against the clock.
const LATELY: TimeDelta = TimeDelta::days(7);
/// Fewer looks into a mailbox prove nothing.
const ENOUGH_LOOKS: usize = 5;
/// Clocks of servers are not exact to the second.
const TOLERANCE: TimeDelta = TimeDelta::minutes(2);

pub(super) async fn storage(config: &Config, now: DateTime<FixedOffset>, report: &mut Report) -> Result<(), Failure> {
    let place = config.storage_dir.display();
    let store = match Store::open_reading(&config.storage_dir, config.offset).await {
        Ok(store) => store,
        Err(StoreError::Absent { .. }) => {
            return report.say(Mark::Warn, &format!("{place}: no database yet; the first `once` or `run` makes it"));
        }
        Err(StoreError::Outdated { .. }) => {
            let text =
                format!("{place}: the database is of an older version; the next `run` or `once` brings it up to date");
            return report.say(Mark::Warn, &format!("{text}; make a backup of the folder before"));
        }
        Err(error) => return report.say(Mark::Fail, &error.to_string()),
    };
    match store.check().await {
        Ok(wrong) if wrong.is_empty() => report.say(Mark::Ok, &format!("{place}: the database is sound"))?,
        Ok(wrong) => {
            for line in wrong {
                let text = format!("{place}: {line}; stop the daemon and restore the last backup");
                report.say(Mark::Fail, &text)?;
            }
        }
        Err(error) => report.say(Mark::Fail, &format!("{place}: {error}"))?,
    }
    archive(config, &store, report).await?;
    for mailbox in &config.mailboxes {
        let seen = store.seen_lately(&mailbox.name, now - LATELY).await?;
        if let Some(text) =
            clock(&seen, TimeDelta::seconds(i64::try_from(mailbox.poll_seconds).unwrap_or(i64::MAX / 1000)))
        {
            report.say(Mark::Warn, &format!("mailbox {}: {text}", mailbox.name))?;
        }
    }
    for (name, state) in store.accounts().await? {
        let reason = state.reason.unwrap_or_default();
        if state.parked {
            let text = format!("account {name} is parked ({reason}); mend the password, then run `check --online`");
            report.say(Mark::Fail, &text)?;
        } else if state.not_before.is_some_and(|moment| moment > now) {
            report.say(Mark::Warn, &format!("account {name} waits before the next login ({reason})"))?;
        }
    }
    for campaign in &config.campaigns {
        for told in
            crate::work::collect::off_the_roster(campaign, &progress::ledgers(&store.events(&campaign.id).await?))
        {
            report.say(Mark::Warn, &format!("campaign {}: {told}", campaign.id))?;
        }
        let mut awaiting = 0_usize;
        for letter in store.stuck_letters(&campaign.id).await? {
            if letter.awaits_release() {
                awaiting += 1;
                continue;
            }
            let unit = letter.unit.as_ref().map_or("-", |unit| unit.as_str());
            let said = letter.last_reply.unwrap_or_default();
            let text = format!("letter {} to unit {unit} is {}: {said}", letter.key, letter.state.as_str());
            report.say(Mark::Warn, &text)?;
        }
        if awaiting > 0 {
            let text = format!(
                "campaign {}: {awaiting} letters wait for release; see `mailtally letters list --waiting`",
                campaign.id
            );
            report.say(Mark::Warn, &text)?;
        }
    }
    Ok(())
}

/// Every mail that was ever handed in must be there with the bytes it came with.
async fn archive(config: &Config, store: &Store, report: &mut Report) -> Result<(), Failure> {
    let mails = store.handed_in().await?;
    let archive = Archive::open(&config.storage_dir);
    let looking = tokio::task::spawn_blocking(move || {
        let wrong: Vec<String> =
            mails.iter().filter_map(|mail| archive.get(mail).err()).map(|error| error.to_string()).collect();
        (mails.len(), wrong)
    });
    let (looked_at, wrong) = looking.await.map_err(anyhow::Error::from)?;
    for words in &wrong {
        report.say(Mark::Fail, &format!("{words}; put the file back from a backup"))?;
    }
    let purged = store.purged().await?;
    if wrong.is_empty() {
        let gone = if purged.is_empty() { String::new() } else { format!("; {} were purged on purpose", purged.len()) };
        let text = format!("the archive holds all {looked_at} mails with the bytes they came with{gone}");
        report.say(Mark::Ok, &text)?;
    }
    let archive = Archive::open(&config.storage_dir);
    let left_over = purged.iter().filter(|mail| archive.contains(mail)).count();
    if left_over > 0 {
        let text = format!("{left_over} purged mails are still in the archive; run the `purge --apply` of then again");
        report.say(Mark::Warn, &text)?;
    }
    Ok(())
}

/// What the arrivals of late say about this machine's clock, when each mail was seen and when its server says that it came.
/// A mail is seen after it came, and within the time between two looks. Silent where nothing is wrong.
fn clock(seen: &[(DateTime<FixedOffset>, DateTime<FixedOffset>)], between_looks: TimeDelta) -> Option<String> {
    let delay = seen.iter().map(|(seen_at, came)| *seen_at - *came).min()?;
    let looks: BTreeSet<DateTime<FixedOffset>> = seen.iter().map(|(seen_at, _)| *seen_at).collect();
    let by = |delay: TimeDelta| format!("{} min", delay.num_minutes());
    if delay < -TOLERANCE {
        let text = "mail was seen before it came: this machine's clock is behind the server's by";
        return Some(format!("{text} {} or more; set it (timedatectl set-ntp true)", by(-delay)));
    }
    if looks.len() >= ENOUGH_LOOKS && delay > between_looks * 2 + TimeDelta::minutes(10) {
        let text = "mail is seen later than it should be, each at least";
        let cause = "this machine's clock is ahead (timedatectl), or it is polled less often than configured";
        return Some(format!("{text} {} after it came: {cause}", by(delay)));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(delays: &[i64]) -> Vec<(DateTime<FixedOffset>, DateTime<FixedOffset>)> {
        let start = DateTime::parse_from_rfc3339("2026-11-02T09:00:00+08:00").unwrap();
        let arrivals = (0_i64..).map(|hour| start + TimeDelta::hours(hour));
        delays.iter().zip(arrivals).map(|(delay, came)| (came + TimeDelta::seconds(*delay), came)).collect()
    }

    #[test]
    fn a_clock_that_is_wrong_shows_in_when_mail_is_seen() {
        let told = |delays: &[i64]| clock(&seen(delays), TimeDelta::seconds(60));
        assert_eq!(told(&[]), None);
        assert_eq!(told(&[30, 3_600, 45, 9_000, 20]), None, "the machine was off twice");
        assert_eq!(told(&[-90]), None, "within the tolerance");
        assert!(told(&[-600, 3_000]).unwrap().contains("behind the server's by 10 min"));
        assert!(told(&[3_000, 3_010, 3_050, 4_000, 3_020]).unwrap().contains("at least 50 min"));
        assert_eq!(told(&[3_000, 3_010]), None, "two looks prove nothing");
    }
}
