//! Waiting for new mail, by IDLE where the server can do it, and taking leave.

use std::time::Duration;

use async_imap::imap_proto::{MailboxDatum, RequestId, Response};
use tokio::time::Instant;

use super::imap::Session;
use super::talk::within;
use super::{InboxError, Patience};

/// Servers end an IDLE after half an hour (RFC 2177); some home routers forget a connection much earlier.
const LONGEST_IDLE: Duration = Duration::from_secs(9 * 60);
const IDLE: &str = "IDLE";

impl Session {
    /// Waits until the server tells of a change in the first of the configured folders, or `duration` has passed. Without
    /// IDLE it just waits. May be dropped at any time; in the middle of an IDLE that spends the session.
    ///
    /// # Errors
    /// The connection has ended.
    pub async fn wait(&mut self, duration: Duration) -> Result<(), InboxError> {
        let until = Instant::now() + duration;
        let watched = self.settings.folders.first().cloned().unwrap_or_else(|| "INBOX".to_owned());
        let wire = self.resolve(&watched).filter(|_| self.tells_of_new_mail());
        let Some(wire) = wire else {
            tokio::time::sleep_until(until).await;
            return Ok(());
        };
        // What came while other folders were looked at is no news to an IDLE that begins now.
        let selected = self.open(&wire, false).await?;
        if self.looks.get(&watched).is_some_and(|look| look.selected != selected) {
            return Ok(());
        }
        while Instant::now() < until {
            let pause = until.saturating_duration_since(Instant::now()).min(LONGEST_IDLE);
            if self.idle(pause).await? {
                break;
            }
        }
        Ok(())
    }

    /// One IDLE: `true` where something changed.
    async fn idle(&mut self, pause: Duration) -> Result<bool, InboxError> {
        let Patience { silence, command, .. } = self.talk.patience;
        self.talk.guard().set_silence(silence);
        let (tag, mut changed) = within(IDLE, command, self.begin_idle()).await?;
        self.talk.guard().set_silence(pause + silence);
        let until = Instant::now() + pause;
        // The clock is asked each time round: a server that never stops talking would be ready to be read for ever.
        while !changed && Instant::now() < until {
            match tokio::time::timeout_at(until, self.talk.response(IDLE, is_change)).await {
                Ok(response) => changed = response?,
                Err(_) => break,
            }
        }
        self.talk.guard().set_silence(silence);
        let ending = async {
            self.talk.send_untagged(IDLE, "DONE").await?;
            self.talk.answer(IDLE, &tag, |response| changed |= is_change(response)).await?.or_declined(IDLE)
        };
        within(IDLE, command, ending).await?;
        Ok(changed)
    }

    /// Up to the server's invitation: the command's tag, and whether something changed meanwhile.
    async fn begin_idle(&mut self) -> Result<(RequestId, bool), InboxError> {
        let tag = self.talk.send(IDLE, IDLE).await?;
        let mut changed = false;
        // A NO instead of the invitation would otherwise be waited out (crates.md, trap 1).
        loop {
            let invited = self.talk.response(IDLE, |response| match response {
                Response::Continue(_) => Some(Ok(())),
                Response::Done { tag: theirs, .. } if *theirs == tag => Some(Err(())),
                other => {
                    changed |= is_change(other);
                    None
                }
            });
            match invited.await? {
                Some(Ok(())) => return Ok((tag, changed)),
                Some(Err(())) => {
                    return Err(InboxError::Declined { command: IDLE, said: "although it offers it".to_owned() });
                }
                None => {}
            }
        }
    }

    /// LOGOUT, for politeness; at most two seconds are spent on it.
    pub async fn leave(mut self) {
        let farewell = self.talk.command("LOGOUT", "LOGOUT", |_| ());
        let _ = tokio::time::timeout(Duration::from_secs(2), farewell).await;
    }
}

/// Whether a response means that it is worth looking. Flags of other mails are not.
fn is_change(response: &Response<'_>) -> bool {
    matches!(response, Response::MailboxData(MailboxDatum::Exists(_)))
}
