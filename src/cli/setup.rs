//! From arguments and configuration to the parts a command works with.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, FixedOffset};

use super::Failure;
use super::reload::Files;
use crate::archive::Archive;
use crate::clock::Clock;
use crate::config::{self, Config, MailboxConfig, Transport};
use crate::daemon::reload::Watch;
use crate::daemon::{Engine, Mailbox, Sending};
use crate::dkim::{Dns, NoResolver, Verifier};
use crate::inbox::{After, ImapSettings, Patience};
use crate::judge::register::Register;
use crate::model::alarm::{Alarm, alarm};
use crate::model::campaign::Campaign;
use crate::post::{FolderPost, Post, SmtpPatience, SmtpPost, SmtpSettings};
use crate::store::Store;
use crate::work::deliver::Quota;
use crate::work::desk::Desk;
use crate::work::enclose::Copyist;
use crate::work::haste::hurried;
use crate::work::opener::Opener;

/// What every command is told before its own arguments.
pub(super) struct Call {
    pub config: Option<PathBuf>,
    pub now: Option<DateTime<FixedOffset>>,
}

impl Call {
    pub fn clock(&self) -> Clock {
        self.now.map_or(Clock::System, Clock::fixed)
    }

    /// The configuration file that counts.
    pub fn config_file(&self) -> Result<PathBuf, Failure> {
        Ok(config::locate(self.config.as_deref())?)
    }

    /// The whole configuration.
    pub fn load(&self) -> Result<Config, Failure> {
        Ok(config::load(&self.config_file()?)?)
    }
}

/// The campaign that is meant; with several, it must be named.
pub(super) fn campaign<'a>(campaigns: &'a [Campaign], id: Option<&str>) -> Result<&'a Campaign, Failure> {
    let known = || campaigns.iter().map(|campaign| campaign.id.as_str()).collect::<Vec<_>>().join(", ");
    match (id, campaigns) {
        (Some(id), _) => campaigns
            .iter()
            .find(|campaign| campaign.id == id)
            .ok_or_else(|| Failure::Wrong(format!("there is no campaign {id}; there is: {}", known()))),
        (None, [campaign]) => Ok(campaign),
        (None, _) => Err(Failure::Wrong(format!("which campaign? Say --campaign ID; there is: {}", known()))),
    }
}

/// The campaign that is meant at this moment: where none is named, the one that is under way, if there is one alone.
pub(super) fn campaign_now<'a>(
    campaigns: &'a [Campaign],
    id: Option<&str>,
    now: DateTime<FixedOffset>,
) -> Result<&'a Campaign, Failure> {
    let under_way = |campaign: &&Campaign| campaign.opens <= now && now.date_naive() <= campaign.last_digest;
    let mut running = campaigns.iter().filter(under_way);
    match (id, campaigns, running.next(), running.next()) {
        (None, [_, _, ..], Some(campaign), None) => {
            eprintln!("campaign {}: the only one under way; another is chosen by --campaign ID", campaign.id);
            Ok(campaign)
        }
        _ => self::campaign(campaigns, id),
    }
}

/// The register of all campaigns, with every address that is the office's own.
pub(super) fn register(config: &Config) -> Arc<Register> {
    Arc::new(Register::new(config.campaigns.clone(), own_addresses(config)))
}

pub(super) fn own_addresses(config: &Config) -> Vec<String> {
    let mut own: Vec<String> = config.mailboxes.iter().map(|mailbox| mailbox.server.username.clone()).collect();
    own.extend(config.smtp.as_ref().map(|smtp| smtp.from.address.clone()));
    own
}

/// The domain our Message-IDs end in: that of the sender, so that it is ours to use.
pub(super) fn sender_domain(config: &Config) -> String {
    let own = config.smtp.as_ref().map(|smtp| smtp.from.address.as_str());
    let campaign = config.campaigns.first().map(|campaign| campaign.contact.email.as_str());
    let domain = own.or(campaign).and_then(|address| address.rsplit_once('@')).map(|(_, domain)| domain);
    domain.unwrap_or("mailtally.invalid").to_lowercase()
}

/// The desk on the configured storage. Who takes mail in holds the storage's lock; a person's acts need none.
pub(super) async fn desk(config: &Config) -> Result<Desk, Failure> {
    let store = Store::open(&config.storage_dir, config.offset).await?;
    let archive = Archive::open(&config.storage_dir);
    let desk = Desk::new(store, archive, register(config), Opener::for_the_desk(), sender_domain(config));
    // Without DNS mail is still taken in; its signatures stay undecided.
    let verifier = verifier(config).unwrap_or_else(|error| {
        alarm!(Alarm::DkimOff, %error);
        None
    });
    Ok(desk.with_verifier(verifier))
}

/// Who verifies signatures, where the configuration wants it.
pub(super) fn verifier(config: &Config) -> Result<Option<Verifier>, NoResolver> {
    let Some(dkim) = &config.authenticity.dkim else { return Ok(None) };
    let dns = dkim.dns.map_or(Dns::System, Dns::Server);
    Verifier::new(dns, dkim.patience).map(Some)
}

/// The desk on the configured storage, for looking only.
pub(super) async fn reading_desk(config: &Config) -> Result<Desk, Failure> {
    let store = Store::open_reading(&config.storage_dir, config.offset).await?;
    let archive = Archive::open(&config.storage_dir);
    Ok(Desk::new(store, archive, register(config), Opener::for_the_desk(), sender_domain(config)))
}

/// Everything `run` and `once` need, secrets included.
pub(super) async fn engine(config: &Config, clock: Clock) -> Result<Engine, Failure> {
    let mut mistakes = Vec::new();
    let mut mailboxes = Vec::new();
    for mailbox in &config.mailboxes {
        match imap_settings(config, mailbox) {
            Ok(settings) => {
                mailboxes.push(Mailbox { settings, every: Duration::from_secs(mailbox.poll_seconds) });
            }
            Err(mistake) => mistakes.push(mistake.to_string()),
        }
    }
    let sending = match sending(config) {
        Ok(sending) => sending,
        Err(mistake) => {
            mistakes.push(mistake.to_string());
            None
        }
    };
    if !mistakes.is_empty() {
        return Err(Failure::Wrong(mistakes.join("\n")));
    }
    Ok(Engine {
        desk: desk(config).await?,
        mailboxes,
        sending,
        digest_to: config.staff.digest_to.clone(),
        alert_to: config.staff.alert_to.clone(),
        clock,
        offset: config.offset,
        watch: Some(Watch::new(Box::new(Files::of(config)))),
    })
}

/// How to look into a mailbox.
pub(super) fn imap_settings(config: &Config, mailbox: &MailboxConfig) -> Result<ImapSettings, config::Mistake> {
    Ok(ImapSettings {
        mailbox: mailbox.name.clone(),
        account: mailbox.server.account()?,
        folders: mailbox.folders.clone(),
        after: after(&mailbox.after),
        max_mail_bytes: u32::try_from(config.limits.max_mail_bytes).unwrap_or(u32::MAX),
        patience: imap_patience(),
    })
}

/// How letters leave; `None` where nothing is to be sent.
pub(super) fn sending(config: &Config) -> Result<Option<Sending>, config::Mistake> {
    let Some(smtp) = &config.smtp else { return Ok(None) };
    let post = match &smtp.transport {
        Transport::Smtp(server) => {
            let settings = SmtpSettings { account: server.account()?, patience: smtp_patience() };
            Post::Smtp(Box::new(SmtpPost::new(settings)))
        }
        Transport::Folder(path) => Post::Folder(FolderPost::new(path)),
    };
    let quota = Quota { per_minute: smtp.per_minute, per_day: smtp.per_day };
    Ok(Some(Sending {
        post: tokio::sync::Mutex::new(post),
        from: smtp.from.clone(),
        quota,
        hold_reminders: smtp.hold_reminders,
    }))
}

fn imap_patience() -> Patience {
    let Patience { connect, silence, command } = Patience::default();
    Patience { connect: hurried(connect), silence: hurried(silence), command: hurried(command) }
}

fn smtp_patience() -> SmtpPatience {
    let SmtpPatience { connect, reply, after_dot } = SmtpPatience::default();
    SmtpPatience { connect: hurried(connect), reply: hurried(reply), after_dot: hurried(after_dot) }
}

fn after(after: &config::After) -> After {
    match after {
        config::After::Leave => After::Leave,
        config::After::Seen => After::Seen,
        config::After::Move(folder) => After::Move(folder.clone()),
    }
}

/// What makes the tables that go with receipts, for a command that only shows a letter.
pub(super) struct Copying {
    archive: Archive,
    opener: Arc<Opener>,
}

impl Copying {
    pub fn from(config: &Config) -> Self {
        Self { archive: Archive::open(&config.storage_dir), opener: Arc::new(Opener::for_a_look()) }
    }

    pub fn copyist(&self) -> Copyist<'_> {
        Copyist { archive: &self.archive, opener: &self.opener }
    }
}
