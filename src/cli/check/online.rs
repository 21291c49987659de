//! The servers: logins, folders, what they hide, and whose clock is right.

use chrono::{DateTime, FixedOffset, TimeDelta};

use super::{Mark, Report};
use crate::cli::Failure;
use crate::cli::setup;
use crate::config::{Config, MailboxConfig, Transport};
use crate::inbox::quirks::{Hides, hides, may_hide};
use crate::inbox::{Found, KnownFolder, Listing, Session};
use crate::model::letter::Delivery;
use crate::store::Store;

/// By so much a server's clock and ours may differ.
const INEXACT: TimeDelta = TimeDelta::minutes(1);
/// By so much reminders and digests go out at the wrong time, and arrivals are told wrongly.
const WRONG: TimeDelta = TimeDelta::minutes(10);

pub(super) async fn imap(
    config: &Config,
    mailbox: &MailboxConfig,
    (now, fixed): (DateTime<FixedOffset>, bool),
    report: &mut Report,
) -> Result<(), Failure> {
    // A missing password has been told already.
    let Ok(settings) = setup::imap_settings(config, mailbox) else { return Ok(()) };
    let place = format!("mailbox {} ({})", mailbox.name, mailbox.server.host);
    let mut session = match Session::connect(&settings).await {
        Ok(session) => session,
        Err(error) => return report.say(Mark::Fail, &format!("{place}: {error}")),
    };
    let idle = if session.tells_of_new_mail() { "IDLE" } else { "polling" };
    let introduced = if session.was_introduced() { "; introduced by ID" } else { "" };
    report.say(Mark::Ok, &format!("{place}: login accepted, {idle}{introduced}"))?;
    let mut listed = Vec::new();
    for folder in &mailbox.folders {
        // Opened as the daemon does it: 163 lets one in and then refuses every folder (Unsafe Login).
        match session.look(folder, &KnownFolder::default()).await {
            Ok(Listing::Found(found)) => {
                report.say(Mark::Ok, &format!("{place}: folder {folder}, {} mails", found.exists))?;
                listed.push(found);
            }
            Ok(Listing::Missing { .. }) => {
                let names = session.folder_names().into_iter().take(50).collect::<Vec<_>>().join(", ");
                report.say(Mark::Warn, &format!("{place}: there is no folder {folder}; there is: {names}"))?;
            }
            Err(error) => return report.say(Mark::Fail, &format!("{place}: folder {folder}: {error}")),
        }
    }
    for junk in session.junk_not_looked_into() {
        let text = format!("{place}: folder {junk} is not looked into, and returns do land there; add it to folders");
        report.say(Mark::Warn, &text)?;
    }
    arrivals(mailbox, &listed, (now, fixed), (&place, report))?;
    session.leave().await;
    clear_account(config, &mailbox.name, now).await
}

/// What the server's own times of arrival say: about a setting that hides older mail, and about our clock.
fn arrivals(
    mailbox: &MailboxConfig,
    listed: &[Found],
    (now, fixed): (DateTime<FixedOffset>, bool),
    (place, report): (&str, &mut Report),
) -> Result<(), Failure> {
    let dates: Vec<DateTime<FixedOffset>> =
        listed.iter().flat_map(|found| &found.fresh).filter_map(|mail| mail.internal_date).collect();
    let ages: Vec<i64> = dates.iter().map(|date| (now - *date).num_days()).collect();
    let hint = "in the web mail's IMAP settings choose 收取全部邮件, not 收取最近30天";
    match hides(&ages) {
        Hides::Nothing => report.say(Mark::Ok, &format!("{place}: mail older than a month is shown"))?,
        Hides::Probably => {
            let text =
                format!("{place}: the oldest mail is just 30 days old, so older mail is probably hidden: {hint}");
            report.say(Mark::Warn, &text)?;
        }
        Hides::Unknown if may_hide(&mailbox.server.host) => {
            report.say(Mark::Warn, &format!("{place}: whether older mail is hidden cannot be seen; {hint}"))?;
        }
        Hides::Unknown => {}
    }
    // A clock that was fixed for a drill says nothing about the machine's.
    match dates.iter().max().filter(|_| !fixed).map(|newest| *newest - now) {
        Some(ahead) if ahead > WRONG => {
            let text = format!(
                "{place}: a mail came {} min after this machine's time of day, so its clock is wrong; set it \
                 (timedatectl set-ntp true)",
                ahead.num_minutes()
            );
            report.say(Mark::Fail, &text)
        }
        Some(ahead) if ahead > INEXACT => {
            let text =
                format!("{place}: this machine's clock is behind the server's by {} s or more", ahead.num_seconds());
            report.say(Mark::Warn, &text)
        }
        Some(_) => report.say(Mark::Ok, &format!("{place}: no mail came later than this machine's clock says it is")),
        None => Ok(()),
    }
}

pub(super) async fn smtp(config: &Config, now: DateTime<FixedOffset>, report: &mut Report) -> Result<(), Failure> {
    let Some(smtp) = &config.smtp else {
        return report.say(Mark::Warn, "there is no [smtp]: nothing is sent");
    };
    let server = match &smtp.transport {
        Transport::Folder(path) => {
            return report.say(Mark::Warn, &format!("letters become files in {}", path.display()));
        }
        Transport::Smtp(server) => server,
    };
    let Ok(Some(sending)) = setup::sending(config) else { return Ok(()) };
    if !smtp.from.address.eq_ignore_ascii_case(&server.username) {
        let text = "smtp.from is another address than smtp.username: 163 and QQ refuse such letters (553, 501)";
        report.say(Mark::Warn, text)?;
    }
    match sending.post.into_inner().check().await {
        Ok(()) => {
            report.say(Mark::Ok, &format!("smtp {}: reached, and we are let in", server.host))?;
            clear_account(config, crate::work::deliver::SENDING_ACCOUNT, now).await
        }
        Err(outcome) => report.say(Mark::Fail, &format!("smtp {}: {}", server.host, words(&outcome))),
    }
}

/// A resolver that does not answer delays nothing and loses nothing: signatures stay undecided meanwhile.
pub(super) async fn dns(config: &Config, report: &mut Report) -> Result<(), Failure> {
    let Some(dkim) = &config.authenticity.dkim else { return Ok(()) };
    let place = dkim.dns.map_or_else(|| "the machine's resolver".to_owned(), |server| server.to_string());
    let answers = match setup::verifier(config) {
        Ok(Some(verifier)) => verifier.answers().await,
        Ok(None) => return Ok(()),
        Err(error) => Err(error.to_string()),
    };
    match answers {
        Ok(()) => report.say(Mark::Ok, &format!("dns {place}: answers; DKIM signatures are verified")),
        Err(wrong) => report.say(Mark::Warn, &format!("dns {place}: {wrong}; DKIM signatures are not verified")),
    }
}

/// A login that works again ends the parking of its account.
async fn clear_account(config: &Config, name: &str, now: DateTime<FixedOffset>) -> Result<(), Failure> {
    let Ok(reading) = Store::open_reading(&config.storage_dir, config.offset).await else { return Ok(()) };
    let known = reading.account_state(name).await?;
    reading.close().await;
    if known.parked {
        let store = Store::open(&config.storage_dir, config.offset).await?;
        store.set_account_state(name, &crate::store::AccountState::default(), now).await?;
        store.close().await;
    }
    Ok(())
}

/// What the server said, with what it means.
fn words(outcome: &Delivery) -> String {
    match outcome {
        Delivery::Credentials { reply } => {
            format!("the login is refused: {reply}; 163 and QQ want an authorisation code")
        }
        Delivery::NotReached { reply } => format!("not reached: {reply}"),
        other => other.reply().to_owned(),
    }
}
