//! `[[mailbox]]`: where returns come in.

use super::server::{Ports, Server, read_server};
use super::toml_reader::Section;

/// One mailbox that is polled.
#[derive(Clone, Debug)]
pub struct MailboxConfig {
    /// Unique; stands in the store beside every place a mail was seen at.
    pub name: String,
    pub server: Server,
    /// Decoded names, as staff see them.
    pub folders: Vec<String>,
    /// Seconds between two polls.
    pub poll_seconds: u64,
    pub after: After,
}

/// What becomes of a mail in the mailbox once it is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After {
    Leave,
    /// Marked as read.
    Seen,
    /// Moved to this folder.
    Move(String),
}

pub(super) fn read_mailbox(section: &Section<'_>) -> Option<MailboxConfig> {
    let name = section.need_text("name", "name = \"office\"");
    if name.as_deref().is_some_and(|name| name.contains('@')) {
        section.warning("name", "is an address, and stands in the log, in alerts and in /metrics; a short name such as \"office\" is better");
    }
    let server = read_server(section, &Ports { implicit: 993, plain: 143 });
    let mut folders = section.texts("folders");
    if !section.has("folders") {
        folders.push("INBOX".to_owned());
    } else if folders.is_empty() {
        section.mistake("folders", "names no folder; write folders = [\"INBOX\"]");
    }
    let poll_seconds = section.number("poll_seconds", 1..=86_400).unwrap_or(60).unsigned_abs();
    let after = read_after(section, &folders);
    Some(MailboxConfig { name: name?, server: server?, folders, poll_seconds, after: after? })
}

fn read_after(section: &Section<'_>, folders: &[String]) -> Option<After> {
    if !section.has("after") {
        return Some(After::Leave);
    }
    let written = section.text("after")?;
    match written.as_str() {
        "leave" => return Some(After::Leave),
        "seen" => return Some(After::Seen),
        _ => {}
    }
    match written.strip_prefix("move:").map(str::trim) {
        Some(folder) if folders.iter().any(|polled| polled == folder) => {
            section.mistake("after", format!("moves mail to \"{folder}\", which is polled itself"));
            None
        }
        Some(folder) if !folder.is_empty() => Some(After::Move(folder.to_owned())),
        Some(_) | None => {
            let text = format!("\"{written}\" is not known; write \"leave\", \"seen\" or \"move:文件夹\"");
            section.mistake("after", text);
            None
        }
    }
}
