//! `[status]`: the listener that tells how the program is.

use std::net::SocketAddr;

use super::toml_reader::Section;

/// Where `/healthz` and `/metrics` are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusConfig {
    pub listen: SocketAddr,
}

pub(super) fn read_status(section: &Section<'_>) -> Option<StatusConfig> {
    let written = section.need_text("listen", "listen = \"127.0.0.1:9925\"");
    let remote = section.boolean("allow_remote").unwrap_or(false);
    let written = written?;
    let Ok(listen) = written.parse::<SocketAddr>() else {
        section.mistake(
            "listen",
            format!("\"{written}\" is no address with a port; write one such as \"127.0.0.1:9925\""),
        );
        return None;
    };
    if !listen.ip().is_loopback() && !remote {
        let text = format!(
            "\"{written}\" can be reached from other machines, and nobody is asked for a password; write a loopback address such as \"127.0.0.1:{}\", or allow_remote = true beside it",
            listen.port()
        );
        section.mistake("listen", text);
        return None;
    }
    Some(StatusConfig { listen })
}
