//! `config show`: what is in force, with every default filled in, in the form of a configuration file. Passwords are
//! never fetched: it says where each is kept.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::Failure;
use super::campaign_text::quoted;
use super::history::one_line;
use super::setup::Call;
use crate::config::{After, Config, MailboxConfig, Server, SmtpConfig, StatusConfig, Transport};
use crate::model::account::TlsMode;
use crate::model::campaign::Campaign;
use crate::model::letter::LetterKind;

#[derive(Subcommand)]
pub(super) enum ConfigCommand {
    /// Prints what is in force, with every default; secrets by their place alone
    Show,
}

pub(super) fn config(call: &Call, command: &ConfigCommand) -> Result<(), Failure> {
    match command {
        ConfigCommand::Show => {
            let config = call.load()?;
            std::io::Write::write_all(&mut std::io::stdout().lock(), document(&config).as_bytes())?;
            Ok(())
        }
    }
}

/// A configuration file that says the same from any folder.
fn document(config: &Config) -> String {
    // Taken apart whole, so that nothing new is forgotten here.
    let Config {
        file,
        offset,
        holidays,
        storage_dir,
        mailboxes,
        smtp,
        staff,
        campaigns_dir,
        campaigns,
        limits,
        authenticity,
        log,
        status,
        warnings: _,
    } = config;
    let mut text = Text(format!("# What {} comes to.\n", file.display()));
    text.line("timezone", &quoted(&offset.to_string()));
    match holidays {
        Some(file) => text.path("holidays", file),
        None => text.remark("holidays: those that came with the program"),
    }
    text.section("[storage]");
    text.path("dir", storage_dir);
    for mailbox in mailboxes {
        text.mailbox(mailbox);
    }
    match smtp {
        Some(smtp) => text.smtp(smtp),
        None => text.remark("no [smtp]: nothing is sent"),
    }
    text.section("[staff]");
    text.line("digest_to", &list(&staff.digest_to));
    text.line("alert_to", &list(&staff.alert_to));
    text.section("[campaigns]");
    text.path("dir", campaigns_dir);
    text.section("[limits]");
    text.line("max_mail_bytes", &limits.max_mail_bytes.to_string());
    text.section("[authenticity]");
    match &authenticity.dkim {
        Some(dkim) => {
            text.line("dkim", "\"dns\"");
            text.line("dns", &quoted(&dkim.dns.map_or_else(|| "system".to_owned(), |server| server.to_string())));
            text.line("timeout_seconds", &dkim.patience.as_secs().to_string());
        }
        None => text.line("dkim", "\"off\""),
    }
    match &log.level {
        Some(level) => {
            text.section("[log]");
            text.line("level", &quoted(level));
        }
        None => text.remark("no [log]: each command logs as it usually does"),
    }
    match status {
        Some(StatusConfig { listen }) => {
            text.section("[status]");
            text.line("listen", &quoted(&listen.to_string()));
            text.line("allow_remote", &(!listen.ip().is_loopback()).to_string());
        }
        None => text.remark("no [status]: nothing listens"),
    }
    for campaign in campaigns {
        text.campaign(campaign);
    }
    text.0
}

/// The file as it grows.
struct Text(String);

impl Text {
    fn section(&mut self, heading: &str) {
        let _ = writeln!(self.0, "\n{heading}");
    }

    fn line(&mut self, key: &str, value: &str) {
        let _ = writeln!(self.0, "{key} = {value}");
    }

    fn remark(&mut self, text: &str) {
        let _ = writeln!(self.0, "# {}", one_line(text));
    }

    fn path(&mut self, key: &str, path: &Path) {
        self.line(key, &quoted(&absolute(path).display().to_string()));
    }

    fn mailbox(&mut self, mailbox: &MailboxConfig) {
        let MailboxConfig { name, server, folders, poll_seconds, after } = mailbox;
        self.section("[[mailbox]]");
        self.line("name", &quoted(name));
        self.server(server);
        self.line("folders", &list(folders));
        self.line("poll_seconds", &poll_seconds.to_string());
        let after = match after {
            After::Leave => "leave".to_owned(),
            After::Seen => "seen".to_owned(),
            After::Move(folder) => format!("move:{folder}"),
        };
        self.line("after", &quoted(&after));
    }

    fn smtp(&mut self, smtp: &SmtpConfig) {
        let SmtpConfig { transport, from, per_minute, per_day, hold_reminders } = smtp;
        self.section("[smtp]");
        match transport {
            Transport::Smtp(server) => {
                self.line("transport", "\"smtp\"");
                self.server(server);
            }
            Transport::Folder(path) => {
                self.line("transport", "\"folder\"");
                self.path("path", path);
            }
        }
        let written = match &from.name {
            Some(name) => format!("{name} <{}>", from.address),
            None => from.address.clone(),
        };
        self.line("from", &quoted(&written));
        self.line("per_minute", &per_minute.to_string());
        self.line("per_day", &per_day.to_string());
        let held: &[String] = if *hold_reminders { &[LetterKind::Reminder.as_str().to_owned()] } else { &[] };
        self.line("hold", &list(held));
    }

    fn server(&mut self, server: &Server) {
        self.line("host", &quoted(&server.host));
        self.line("port", &server.port.to_string());
        let tls = match server.tls {
            TlsMode::Implicit => "implicit",
            TlsMode::StartTls => "starttls",
            TlsMode::None => "none",
        };
        self.line("tls", &quoted(tls));
        self.line("username", &quoted(&server.username));
        match server.password.said() {
            ("password_file", path) => self.path("password_file", Path::new(&path)),
            (key, name) => self.line(key, &quoted(&name)),
        }
        if let Some(file) = &server.ca_file {
            self.path("ca_file", file);
        }
    }

    /// What a collection's own files come to; as remarks, since they stand elsewhere.
    fn campaign(&mut self, campaign: &Campaign) {
        let Campaign { id, title, office, contact, year, .. } = campaign;
        self.0.push('\n');
        self.remark(&format!("collection {id}: {title}"));
        self.remark(&format!("  office: {office}, {}, {}; year {year}", contact.phone, contact.email));
        let (opens, deadline) = (campaign.opens.to_rfc3339(), campaign.deadline.to_rfc3339());
        self.remark(&format!("  opens {opens}, deadline {deadline}, last digest {}", campaign.last_digest));
        let times: Vec<String> = campaign.digest_times.iter().map(|time| time.format("%H:%M").to_string()).collect();
        let (from, to) = campaign.office_hours;
        self.remark(&format!(
            "  office hours {} to {}, digest at {}",
            from.format("%H:%M"),
            to.format("%H:%M"),
            if times.is_empty() { "no time".to_owned() } else { times.join(", ") }
        ));
        if let Some(moment) =
            campaign.final_report.and_then(|report| report.moment(campaign.deadline, &campaign.calendar))
        {
            self.remark(&format!("  final report {}", moment.to_rfc3339()));
        }
        for stage in &campaign.reminders {
            let day = stage.day(campaign.deadline_day(), &campaign.calendar);
            let day = day.map_or_else(|| "no day".to_owned(), |day| day.to_string());
            self.remark(&format!("  reminder {}: {day} {}", stage.name(), stage.time.format("%H:%M")));
        }
        let items: Vec<&str> = campaign.items.iter().map(|due| due.title.as_str()).collect();
        self.remark(&format!("  {} units, each owes: {}", campaign.roster.units().len(), items.join(", ")));
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn list(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "))
}
