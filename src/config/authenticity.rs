//! `[authenticity]`: whether the signatures of mail are verified, and whom DNS is asked of.

use std::net::SocketAddr;
use std::time::Duration;

use super::toml_reader::Section;

/// How the origin of mail is checked, beyond what the receiving server reports in the mail itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authenticity {
    /// `None`: DKIM is not verified, and DNS never asked. So it is unless somebody wants it: many offices' machines
    /// reach their mail server and nothing else, and most providers verify DKIM themselves.
    pub dkim: Option<Dkim>,
}

/// Verifying DKIM signatures by the keys in DNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dkim {
    /// `None`: the resolvers of the machine.
    pub dns: Option<SocketAddr>,
    /// What verifying one mail may take at most.
    pub patience: Duration,
}

#[derive(Clone, Copy)]
enum Choice {
    Off,
    Dns,
}

pub(super) fn read_authenticity(section: &Section<'_>) -> Option<Authenticity> {
    let choices = [("off", Choice::Off), ("dns", Choice::Dns)];
    let choice = if section.has("dkim") { section.choice("dkim", &choices) } else { Some(Choice::Off) };
    let patience = section.number("timeout_seconds", 1..=30).map_or(5, i64::unsigned_abs);
    let dns = if section.has("dns") { read_server(section) } else { None };
    match choice? {
        Choice::Off => {
            if dns.is_some() {
                section.warning("dns", "nobody is asked: write dkim = \"dns\" beside it");
            }
            Some(Authenticity { dkim: None })
        }
        Choice::Dns => {
            Some(Authenticity { dkim: Some(Dkim { dns: dns.flatten(), patience: Duration::from_secs(patience) }) })
        }
    }
}

/// `system`, or an address with or without a port.
fn read_server(section: &Section<'_>) -> Option<Option<SocketAddr>> {
    let written = section.text("dns")?;
    if written == "system" {
        return Some(None);
    }
    let server = written.parse().ok().or_else(|| Some(SocketAddr::new(written.parse().ok()?, 53)));
    if server.is_none() {
        let text = format!("\"{written}\" is no address; write \"system\" or one such as \"127.0.0.1:53\"");
        section.mistake("dns", text);
    }
    server.map(Some)
}
