//! Whether a letter of ours is in the folder of sent mail: how a letter whose fate SMTP left unknown is found again.

use async_imap::imap_proto::{AttributeValue, Response};

use super::InboxError;
use super::imap::Session;

/// How many of the newest sent mails are looked at.
const NEWEST: u32 = 200;

impl Session {
    /// Whether one of the newest 200 mails in the folder of sent mail has this Message-ID (with or without angle
    /// brackets); `None` where the mailbox has no such folder. The headers are compared here: these providers' SEARCH
    /// is not to be relied on (mail.md 4).
    ///
    /// # Errors
    /// The connection failed or the server refused; the session is spent.
    pub async fn find_in_sent(&mut self, message_id: &str) -> Result<Option<bool>, InboxError> {
        let Some(wire) = self.sent_folder() else { return Ok(None) };
        let selected = self.open(&wire, false).await?;
        if selected.exists == 0 {
            return Ok(Some(false));
        }
        let wanted = bare(message_id.as_bytes()).to_vec();
        let mut found = false;
        let first = selected.exists.saturating_sub(NEWEST - 1).max(1);
        let line = format!("FETCH {first}:{} (BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])", selected.exists);
        let answer = self.talk.command("FETCH", &line, |response| {
            if let Response::Fetch(_, attributes) = response {
                found |= attributes.iter().any(|attribute| match attribute {
                    AttributeValue::BodySection { data: Some(header), .. } => message_id_in(header) == wanted,
                    _ => false,
                });
            }
        });
        answer.await?.or_declined("FETCH")?;
        Ok(Some(found))
    }
}

/// The Message-ID in a header of that one field, however it is folded.
fn message_id_in(header: &[u8]) -> Vec<u8> {
    let colon = header.iter().position(|octet| *octet == b':').map_or(0, |colon| colon + 1);
    let unfolded: Vec<u8> =
        header.get(colon..).unwrap_or_default().iter().copied().filter(|octet| !octet.is_ascii_whitespace()).collect();
    bare(&unfolded).to_vec()
}

fn bare(id: &[u8]) -> &[u8] {
    let id = id.trim_ascii();
    id.strip_prefix(b"<").and_then(|id| id.strip_suffix(b">")).unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_is_unfolded_and_bared() {
        assert_eq!(message_id_in(b"Message-ID:\r\n <ack.0a@unit.example>\r\n\r\n"), b"ack.0a@unit.example");
        assert_eq!(message_id_in(b"message-id: ack.0a@unit.example\r\n"), b"ack.0a@unit.example");
        assert_eq!(message_id_in(b"\r\n"), b"");
    }
}
