//! `check`: configuration, database, and with `--online` the servers; one line each with what to do.

use std::io::Write;

use chrono::{DateTime, FixedOffset};

use super::Failure;
use super::setup::{self, Call};
use crate::archive::Archive;
use crate::config::{self, Config, MailboxConfig, Transport};
use crate::inbox::{KnownFolder, Listing, Session};
use crate::judge::{letters, progress};
use crate::model::letter::Delivery;
use crate::store::{Store, StoreError};

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
        writeln!(std::io::stdout(), "{word:<4} {text}")?;
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
    configuration(&config, &mut report)?;
    secrets(&config, &mut report)?;
    storage(&config, now, &mut report).await?;
    if online {
        for mailbox in &config.mailboxes {
            imap(&config, mailbox, now, &mut report).await?;
        }
        smtp(&config, now, &mut report).await?;
        dns(&config, &mut report).await?;
    }
    if report.worst == Mark::Fail { Err(Failure::MustBeFixed) } else { Ok(()) }
}

fn configuration(config: &Config, report: &mut Report) -> Result<(), Failure> {
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
    Ok(())
}

fn secrets(config: &Config, report: &mut Report) -> Result<(), Failure> {
    let mut servers: Vec<_> = config.mailboxes.iter().map(|mailbox| &mailbox.server).collect();
    if let Some(smtp) = &config.smtp
        && let Transport::Smtp(server) = &smtp.transport
    {
        servers.push(server);
    }
    for server in servers {
        match server.password.resolve() {
            Ok(_) => report.say(Mark::Ok, &format!("the password for {} is there", server.host))?,
            Err(mistake) => report.say(Mark::Fail, &mistake.to_string())?,
        }
    }
    Ok(())
}

async fn storage(config: &Config, now: DateTime<FixedOffset>, report: &mut Report) -> Result<(), Failure> {
    let place = config.storage_dir.display();
    let store = match Store::open_reading(&config.storage_dir, config.offset).await {
        Ok(store) => store,
        Err(StoreError::Absent { .. }) => {
            return report.say(Mark::Warn, &format!("{place}: no database yet; the first `once` or `run` makes it"));
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
    if wrong.is_empty() {
        report.say(Mark::Ok, &format!("the archive holds all {looked_at} mails with the bytes they came with"))?;
    }
    Ok(())
}

async fn imap(
    config: &Config,
    mailbox: &MailboxConfig,
    now: DateTime<FixedOffset>,
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
    report.say(Mark::Ok, &format!("{place}: login accepted, {idle}"))?;
    for folder in &mailbox.folders {
        // Opened as the daemon does it: 163 lets one in and then refuses every folder (Unsafe Login).
        match session.look(folder, &KnownFolder::default()).await {
            Ok(Listing::Found(found)) => {
                report.say(Mark::Ok, &format!("{place}: folder {folder}, {} mails", found.exists))?;
            }
            Ok(Listing::Missing { .. }) => {
                let names = session.folder_names().join(", ");
                report.say(Mark::Warn, &format!("{place}: there is no folder {folder}; there is: {names}"))?;
            }
            Err(error) => return report.say(Mark::Fail, &format!("{place}: folder {folder}: {error}")),
        }
    }
    if crate::inbox::quirks::is_netease(&mailbox.server.host) {
        let text = format!("{place}: in the web mail's IMAP settings choose 收取全部邮件, not 收取最近30天");
        report.say(Mark::Warn, &text)?;
    }
    session.leave().await;
    clear_account(config, &mailbox.name, now).await
}

async fn smtp(config: &Config, now: DateTime<FixedOffset>, report: &mut Report) -> Result<(), Failure> {
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
async fn dns(config: &Config, report: &mut Report) -> Result<(), Failure> {
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
        Delivery::Accepted { reply }
        | Delivery::Retry { reply, .. }
        | Delivery::Tomorrow { reply }
        | Delivery::Hold { reply }
        | Delivery::Stop { reply }
        | Delivery::NoSuchRecipient { reply }
        | Delivery::Unknown { reply } => reply.clone(),
    }
}
