//! TOML and CSV into one valid [`Config`], or every mistake at once.

mod address;
mod authenticity;
mod campaign;
mod file;
mod final_report;
mod form;
mod holidays;
mod locate;
mod log;
mod mailbox;
mod mistakes;
mod reminders;
mod roster;
mod server;
mod smtp;
mod status;
#[cfg(test)]
mod tests;
mod toml_reader;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::FixedOffset;

pub use address::bare_address;
pub use authenticity::{Authenticity, Dkim};
pub use locate::{USUAL_PLACES, VARIABLE, locate};
pub use log::LogConfig;
pub use mailbox::{After, MailboxConfig};
pub use mistakes::{Mistake, Mistakes};
pub use roster::{Line, RosterChange, UnitDifference, import_roster, names_the_columns, roster_csv, roster_rows};
pub use server::{PasswordSource, Server};
pub use smtp::{SmtpConfig, Transport};
pub use status::StatusConfig;

use crate::model::calendar::WorkCalendar;
use crate::model::campaign::Campaign;
use mistakes::Notes;
use toml_reader::{Section, read_document};

/// Everything the program is told; valid in itself. Passwords are fetched only where somebody logs in.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it was read from.
    pub file: PathBuf,
    pub offset: FixedOffset,
    /// `None`: the days off that came with the program.
    pub holidays: Option<PathBuf>,
    pub storage_dir: PathBuf,
    /// May be empty: then mail comes by `ingest` alone.
    pub mailboxes: Vec<MailboxConfig>,
    /// `None`: nothing is sent.
    pub smtp: Option<SmtpConfig>,
    pub staff: Staff,
    /// The folder of the campaigns' folders.
    pub campaigns_dir: PathBuf,
    /// In the order of their ids; at least one.
    pub campaigns: Vec<Campaign>,
    pub limits: Limits,
    pub authenticity: Authenticity,
    pub log: LogConfig,
    /// `None`: nothing listens.
    pub status: Option<StatusConfig>,
    /// What works and is probably not meant; `check` tells it.
    pub warnings: Vec<Mistake>,
}

/// Whom the office's own letters go to: bare addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Staff {
    pub digest_to: Vec<String>,
    pub alert_to: Vec<String>,
}

/// Bounds of what is taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A larger mail is not fetched; a person must look.
    pub max_mail_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_mail_bytes: 50 * 1024 * 1024 }
    }
}

/// Reads the whole configuration.
///
/// # Errors
/// Every mistake in all its files.
pub fn load(file: &Path) -> Result<Config, Mistakes> {
    let notes = Notes::default();
    let config = read_document(file, &notes, |section| {
        let holidays = section.path("holidays");
        let (offset, folder, campaigns) = read_campaign_keys(section, &notes, holidays.as_deref());
        let storage_dir = read_storage(section);
        let mailboxes = section.each("mailbox", mailbox::read_mailbox);
        check_mailbox_names(section, &mailboxes);
        let smtp = section.within("smtp", smtp::read_smtp);
        let staff = section.within("staff", |staff| Some(read_staff(staff))).unwrap_or_default();
        for (key, list) in [("staff.digest_to", &staff.digest_to), ("staff.alert_to", &staff.alert_to)] {
            if list.is_empty() {
                section.warning(key, "names nobody: these letters reach no one");
            }
        }
        let limits = section.within("limits", |limits| Some(read_limits(limits))).unwrap_or_default();
        let authenticity = section.within("authenticity", authenticity::read_authenticity).unwrap_or_default();
        let log = section.within("log", log::read_log).unwrap_or_default();
        let status = section.within("status", status::read_status);
        Some(Config {
            file: file.to_path_buf(),
            offset: offset?,
            holidays,
            storage_dir: storage_dir?,
            mailboxes,
            smtp,
            staff,
            campaigns_dir: folder?,
            campaigns: campaigns?,
            limits,
            authenticity,
            log,
            status,
            warnings: Vec::new(),
        })
    });
    let (config, warnings) = notes.settle(file, config)?;
    Ok(Config { warnings, ..config })
}

/// The time zone and the campaigns alone: `inspect` needs no mailbox, no secrets and no storage, so what is wrong
/// there does not matter to it.
///
/// # Errors
/// Every mistake in the campaigns' files.
pub fn load_campaigns(file: &Path) -> Result<(FixedOffset, Vec<Campaign>), Mistakes> {
    let notes = Notes::default();
    let read = read_document(file, &notes, |section| {
        section.ignore(&["*"]);
        let holidays = section.path("holidays");
        let (offset, _, campaigns) = read_campaign_keys(section, &notes, holidays.as_deref());
        offset.zip(campaigns)
    });
    notes.settle(file, read).map(|(read, _)| read)
}

/// The `[log]` alone, to change it under a running program.
///
/// # Errors
/// Every mistake in it, or a file that cannot be read.
pub fn load_log(file: &Path) -> Result<LogConfig, Mistakes> {
    let notes = Notes::default();
    let read = read_document(file, &notes, |section| {
        section.ignore(&["*"]);
        if section.has("log") { section.within("log", log::read_log) } else { Some(LogConfig::default()) }
    });
    notes.settle(file, read).map(|(log, _)| log)
}

/// One campaign's folder, without a main file; its days off are those that come with the program.
///
/// # Errors
/// Every mistake in the campaign's files.
pub fn load_campaign(folder: &Path, offset: FixedOffset) -> Result<Campaign, Mistakes> {
    let notes = Notes::default();
    let calendar = Arc::new(holidays::shipped(&notes));
    let campaign = campaign::read_campaign(folder, &notes, offset, &calendar);
    notes.settle(folder, campaign).map(|(campaign, _)| campaign)
}

fn read_campaign_keys(
    section: &Section<'_>,
    notes: &Notes,
    holidays: Option<&Path>,
) -> (Option<FixedOffset>, Option<PathBuf>, Option<Vec<Campaign>>) {
    let offset = read_offset(section);
    let calendar = Arc::new(read_calendar(holidays, notes));
    let folder = section.within("campaigns", |campaigns| {
        if !campaigns.has("dir") {
            campaigns.missing("dir", "dir = \"campaigns\"");
        }
        campaigns.path("dir")
    });
    if !section.has("campaigns") {
        section.missing("campaigns", "[campaigns] with dir = \"campaigns\"");
    }
    // A wrong time zone should not hide what is wrong in the campaigns.
    let stand_in = offset.or_else(|| FixedOffset::east_opt(8 * 3600));
    let campaigns = folder
        .clone()
        .zip(stand_in)
        .and_then(|(folder, offset)| campaign::read_campaigns(&folder, notes, offset, &calendar));
    (offset, folder, campaigns)
}

/// The days off of the file that is named, or else those that come with the program.
fn read_calendar(file: Option<&Path>, notes: &Notes) -> WorkCalendar {
    let named = file.and_then(|file| holidays::read_holidays(file, notes));
    named.unwrap_or_else(|| holidays::shipped(notes))
}

/// China has had one zone without summer time since 1991, so the name stands for a fixed offset.
fn read_offset(section: &Section<'_>) -> Option<FixedOffset> {
    if !section.has("timezone") {
        return FixedOffset::east_opt(8 * 3600);
    }
    let written = section.text("timezone")?;
    let offset = match written.as_str() {
        "Asia/Shanghai" | "Asia/Chongqing" | "PRC" => FixedOffset::east_opt(8 * 3600),
        other => other.parse().ok().filter(|_| other.len() == 6),
    };
    if offset.is_none() {
        let text = format!("\"{written}\" is not known; write \"Asia/Shanghai\" or an offset such as \"+08:00\"");
        section.mistake("timezone", text);
    }
    offset
}

fn read_storage(section: &Section<'_>) -> Option<PathBuf> {
    if !section.has("storage") {
        section.missing("storage", "[storage] with dir = \"../data\"");
    }
    section.within("storage", |storage| {
        if !storage.has("dir") {
            storage.missing("dir", "dir = \"../data\"");
        }
        storage.path("dir")
    })
}

fn check_mailbox_names(section: &Section<'_>, mailboxes: &[MailboxConfig]) {
    let mut names = BTreeSet::new();
    for mailbox in mailboxes {
        if !names.insert(&mailbox.name) {
            section
                .mistake("mailbox", format!("two mailboxes are called \"{}\"; each needs its own name", mailbox.name));
        }
    }
    if !section.has("mailbox") {
        section.warning("mailbox", "there is none: mail comes in by `ingest` alone");
    }
    if !section.has("smtp") {
        section.warning("smtp", "there is none: no letter is sent");
    }
}

fn read_staff(section: &Section<'_>) -> Staff {
    let addresses = |key: &'static str| {
        let mut addresses: Vec<String> = Vec::new();
        for written in section.texts(key) {
            match bare_address(&written) {
                Ok(address) if addresses.contains(&address) => {}
                Ok(address) => addresses.push(address),
                Err(wrong) => section.mistake(key, wrong),
            }
        }
        addresses
    };
    Staff { digest_to: addresses("digest_to"), alert_to: addresses("alert_to") }
}

fn read_limits(section: &Section<'_>) -> Limits {
    let usual = Limits::default();
    let max_mail_bytes = section.number("max_mail_bytes", 1024..=1024 * 1024 * 1024);
    Limits { max_mail_bytes: max_mail_bytes.map_or(usual.max_mail_bytes, i64::unsigned_abs) }
}
