//! What becomes of recorded mails in the mailbox, where the office wants anything to become of them.

use super::imap::Session;
use super::{After, InboxError, names, utf7};
use crate::model::decision::Place;

impl Session {
    /// Marks or moves these mails of a folder as the settings say. Each is compared with the server's listing first:
    /// under a UID that means another mail by now, nothing is touched. Repeating it is harmless.
    ///
    /// # Errors
    /// The connection failed or the server refused; what is left is settled another time.
    pub async fn settle(&mut self, folder: &str, places: &[Place]) -> Result<(), InboxError> {
        let after = self.settings.after.clone();
        if after == After::Leave || places.is_empty() {
            return Ok(());
        }
        let Some(wire) = self.resolve(folder) else { return Ok(()) };
        self.ensure_open(&wire, true).await?;
        for places in places.chunks(100) {
            let uids = self.still_the_same(places).await?;
            if uids.is_empty() {
                continue;
            }
            match &after {
                After::Leave => {}
                After::Seen => self.done("UID STORE", &format!("UID STORE {uids} +FLAGS.SILENT (\\Seen)")).await?,
                After::Move(to) => self.move_to(&wire, &uids, to).await?,
            }
        }
        Ok(())
    }

    /// The UIDs, joined by commas, under which the server still has the mails that were recorded.
    async fn still_the_same(&mut self, places: &[Place]) -> Result<String, InboxError> {
        let asked: Vec<String> = places.iter().map(|place| place.uid.to_string()).collect();
        let count = u32::try_from(places.len()).unwrap_or(u32::MAX);
        let listed = self.list(&asked.join(","), count).await?;
        let same: Vec<String> = listed
            .iter()
            .filter(|mail| {
                places.iter().any(|place| {
                    (place.uid, place.size, place.internal_date) == (mail.uid, mail.size, mail.internal_seconds())
                })
            })
            .map(|mail| mail.uid.to_string())
            .collect();
        Ok(same.join(","))
    }

    /// MOVE (RFC 6851) where there is one; else COPY, `\Deleted` and an EXPUNGE of just these, where the server can do
    /// that (UIDPLUS): a plain EXPUNGE would also remove what staff have deleted and may want back.
    async fn move_to(&mut self, from: &str, uids: &str, to: &str) -> Result<(), InboxError> {
        let wire = self.resolve(to).unwrap_or_else(|| utf7::encode(to));
        if wire == from {
            return Ok(());
        }
        let Some(quoted) = names::quoted(&wire) else {
            return Err(InboxError::Declined { command: "UID MOVE", said: "no folder has such a name".to_owned() });
        };
        if self.resolve(to).is_none() {
            self.done("CREATE", &format!("CREATE {quoted}")).await?;
            self.list_folders().await?;
        }
        if self.talk.can("MOVE") {
            return self.done("UID MOVE", &format!("UID MOVE {uids} {quoted}")).await;
        }
        self.done("UID COPY", &format!("UID COPY {uids} {quoted}")).await?;
        self.done("UID STORE", &format!("UID STORE {uids} +FLAGS.SILENT (\\Deleted)")).await?;
        if self.talk.can("UIDPLUS") {
            self.done("UID EXPUNGE", &format!("UID EXPUNGE {uids}")).await?;
        }
        Ok(())
    }

    async fn done(&mut self, command: &'static str, line: &str) -> Result<(), InboxError> {
        self.talk.command(command, line, |_| ()).await?.or_declined(command)
    }
}
