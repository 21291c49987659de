//! `[smtp]`: how letters leave.

use std::path::PathBuf;

use super::address::named_address;
use super::server::{Ports, Server, read_server};
use super::toml_reader::Section;
use crate::model::letter::LetterKind;
use crate::model::mail::Address;

/// How letters leave, under whose name, and how fast.
#[derive(Clone, Debug)]
pub struct SmtpConfig {
    pub transport: Transport,
    pub from: Address,
    /// Letters a minute; the providers' own limits are unpublished (mail.md 13).
    pub per_minute: u32,
    /// Letters a calendar day.
    pub per_day: u32,
    /// Reminders wait until a person lets them go.
    pub hold_reminders: bool,
}

/// What carries the letters.
#[derive(Clone, Debug)]
pub enum Transport {
    Smtp(Server),
    /// Each letter becomes an .eml file in this folder.
    Folder(PathBuf),
}

#[derive(Clone, Copy)]
enum Carrier {
    Smtp,
    Folder,
}

pub(super) fn read_smtp(section: &Section<'_>) -> Option<SmtpConfig> {
    let carriers = [("smtp", Carrier::Smtp), ("folder", Carrier::Folder)];
    let carrier = if section.has("transport") { section.choice("transport", &carriers) } else { Some(Carrier::Smtp) };
    let from = section
        .need_text("from", "from = \"吕梁市双拥办 <office@163.example>\"")
        .and_then(|written| named_address(&written).inspect_err(|wrong| section.mistake("from", wrong.as_str())).ok());
    let transport = match carrier {
        Some(Carrier::Smtp) => {
            // Left standing from a drill: harmless.
            section.ignore(&["path"]);
            let server = read_server(section, &Ports { implicit: 465, plain: 587 });
            if let (Some(server), Some(from)) = (&server, &from)
                && server.username.contains('@')
                && !server.username.eq_ignore_ascii_case(&from.address)
            {
                // NetEase answers 553 and QQ 501 (mail.md 10).
                let text =
                    "differs from username; most providers refuse to send under another address than the login's";
                section.warning("from", text);
            }
            server.map(Transport::Smtp)
        }
        Some(Carrier::Folder) => {
            // A drill keeps the real server's keys beside it.
            section.ignore(&[
                "host",
                "port",
                "tls",
                "username",
                "password_env",
                "password_file",
                "password_credential",
                "ca_file",
            ]);
            if !section.has("path") {
                section.missing("path", "path = \"../letters\"");
            }
            section.path("path").map(Transport::Folder)
        }
        None => {
            section.ignore(&["*"]);
            None
        }
    };
    let per_minute = section.number("per_minute", 1..=100_000).unwrap_or(5);
    let per_day = section.number("per_day", 1..=10_000_000).unwrap_or(200);
    let hold_reminders = read_hold(section);
    Some(SmtpConfig {
        hold_reminders,
        transport: transport?,
        from: from?,
        per_minute: u32::try_from(per_minute).ok()?,
        per_day: u32::try_from(per_day).ok()?,
    })
}

/// `hold = ["reminder"]`. Other letters answer somebody or are for the office itself, and do not wait.
fn read_hold(section: &Section<'_>) -> bool {
    let kinds = section.texts("hold");
    for kind in kinds.iter().filter(|kind| *kind != LetterKind::Reminder.as_str()) {
        section.mistake("hold", format!("\"{kind}\" cannot be held; only \"reminder\" can"));
    }
    kinds.iter().any(|kind| kind == LetterKind::Reminder.as_str())
}
