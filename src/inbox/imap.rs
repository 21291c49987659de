//! A mailbox over IMAP: what is there, what of it is new, and the mails themselves. Reading changes nothing in it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use async_imap::imap_proto::{AttributeValue, MailboxDatum, NameAttribute, Response, ResponseCode};
use chrono::{DateTime, FixedOffset};
use tokio::time::Instant;

use super::cursor::{self, KnownFolder, Listed, Plan, Selected};
use super::names::{self, Folder};
use super::talk::{Outcome, Talk};
use super::{ImapSettings, InboxError, quirks, utf7};
use crate::model::decision::FolderSeen;
use crate::wire::Stream;

/// How long a connection goes on listing only a folder's end before it compares the whole folder again.
const FULL_LISTING_EVERY: Duration = Duration::from_secs(3600);
/// The most that is added for long listings, whatever number of mails the server claims to have.
const LONGEST_LISTING: Duration = Duration::from_secs(1800);

/// A logged-in connection. After an error it is spent: drop it and connect again.
pub struct Session {
    pub(super) settings: ImapSettings,
    pub(super) talk: Talk,
    folders: Vec<Folder>,
    /// Under the configured name: what this connection saw of the folder.
    pub(super) looks: HashMap<String, Look>,
    /// Configured folders that this mailbox turned out not to have.
    missing: HashSet<String>,
    /// Wire name of the folder that is open, and whether for writing.
    open: Option<(String, bool)>,
    /// Wire name of the folder that was opened for the look that follows, and what the server said.
    opened: Option<(String, Selected)>,
}

/// What was seen of a folder at the last look.
pub(super) struct Look {
    pub selected: Selected,
    highest: u32,
    compared_whole: Instant,
    /// That was the whole folder.
    listed_whole: bool,
    /// New mails that nobody has recorded yet.
    pub pending: BTreeMap<u32, Listed>,
}

/// What a look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listing {
    /// The mailbox has no such folder: worth a warning, the first time on a connection, and no failure.
    Missing {
        first: bool,
    },
    Found(Found),
}

/// What a folder holds that is not recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// 0 where the server does not tell.
    pub uid_validity: u32,
    /// Mails in the folder.
    pub exists: u32,
    /// To be fetched, in the order of their UIDs.
    pub fresh: Vec<Listed>,
}

impl Session {
    /// Connects, logs in, introduces itself and lists the folders.
    ///
    /// # Errors
    /// The server cannot be reached or trusted, or refuses the login.
    pub async fn connect(settings: &ImapSettings) -> Result<Self, InboxError> {
        Self::begin(settings, Talk::open(settings).await?).await
    }

    /// The same over a connection that stands; TLS, where it is wanted, stands already.
    ///
    /// # Errors
    /// The server refuses the login, or its answers make no sense.
    pub async fn over(stream: Stream, settings: &ImapSettings) -> Result<Self, InboxError> {
        Self::begin(settings, Talk::over(stream, settings).await?).await
    }

    async fn begin(settings: &ImapSettings, talk: Talk) -> Result<Self, InboxError> {
        let mut session = Self {
            settings: settings.clone(),
            talk,
            folders: Vec::new(),
            looks: HashMap::new(),
            missing: HashSet::new(),
            open: None,
            opened: None,
        };
        if quirks::wants_id(&settings.account.host, session.talk.can("ID")) {
            session.introduce().await?;
        }
        session.list_folders().await?;
        Ok(session)
    }

    /// ID (RFC 2971), without which NetEase opens no folder. What the server answers does not matter.
    async fn introduce(&mut self) -> Result<(), InboxError> {
        // No space inside the parentheses: Coremail takes none.
        let line = concat!(
            "ID (\"name\" \"mailtally\" \"version\" \"",
            env!("CARGO_PKG_VERSION"),
            "\" \"vendor\" \"mailtally\")"
        );
        self.talk.command("ID", line, |_| ()).await.map(|_| ())
    }

    pub(super) async fn list_folders(&mut self) -> Result<(), InboxError> {
        let line = match self.talk.can("SPECIAL-USE") && self.talk.can("LIST-EXTENDED") {
            true => "LIST \"\" \"*\" RETURN (SPECIAL-USE)",
            false => "LIST \"\" \"*\"",
        };
        let mut folders = Vec::new();
        let listed = self.talk.command("LIST", line, |response| {
            if let Response::MailboxData(MailboxDatum::List(list)) = response {
                let has = |attribute: NameAttribute<'static>| list.name_attributes.contains(&attribute);
                folders.push(Folder {
                    wire: list.name.to_string(),
                    junk: has(NameAttribute::Junk),
                    sent: has(NameAttribute::Sent),
                    selectable: !has(NameAttribute::NoSelect),
                });
            }
        });
        listed.await?.or_declined("LIST")?;
        self.folders = folders;
        Ok(())
    }

    /// The names of all folders, decoded, as the server lists them.
    #[must_use]
    pub fn folder_names(&self) -> Vec<String> {
        self.folders.iter().map(|folder| utf7::decode(&folder.wire)).collect()
    }

    /// Whether the server tells of new mail by itself (IDLE).
    #[must_use]
    pub fn tells_of_new_mail(&self) -> bool {
        self.talk.can("IDLE")
    }

    /// Whether it was told who we are (ID).
    #[must_use]
    pub fn was_introduced(&self) -> bool {
        quirks::wants_id(&self.settings.account.host, self.talk.can("ID"))
    }

    /// Junk folders of the server that are not among the configured ones, by their names as people read them.
    #[must_use]
    pub fn junk_not_looked_into(&self) -> Vec<String> {
        let looked_into: Vec<String> =
            self.settings.folders.iter().filter_map(|name| names::resolve(&self.folders, name)).collect();
        let junk =
            |folder: &&Folder| folder.selectable && (folder.junk || quirks::means_junk(&utf7::decode(&folder.wire)));
        let others = self.folders.iter().filter(junk).filter(|folder| !looked_into.contains(&folder.wire));
        others.map(|folder| utf7::decode(&folder.wire)).collect()
    }

    pub(super) fn resolve(&self, name: &str) -> Option<String> {
        names::resolve(&self.folders, name)
    }

    pub(super) fn sent_folder(&self) -> Option<String> {
        names::sent(&self.folders)
    }

    /// Opens a folder by its wire name, for reading (EXAMINE) or writing (SELECT).
    pub(super) async fn open(&mut self, wire: &str, writing: bool) -> Result<Selected, InboxError> {
        let command = if writing { "SELECT" } else { "EXAMINE" };
        let Some(quoted) = names::quoted(wire) else {
            return Err(InboxError::Declined { command, said: "a folder name of forbidden characters".to_owned() });
        };
        self.open = None;
        let (mut outcome, mut selected) = self.select(command, &quoted).await?;
        if matches!(&outcome, Outcome::No(said) if quirks::is_unsafe_login(said)) {
            self.introduce().await?;
            (outcome, selected) = self.select(command, &quoted).await?;
        }
        match outcome {
            Outcome::Ok => {}
            Outcome::No(said) if quirks::is_unsafe_login(&said) => return Err(InboxError::UnsafeLogin),
            Outcome::No(said) => return Err(InboxError::Declined { command, said }),
        }
        self.open = Some((wire.to_owned(), writing));
        Ok(selected)
    }

    async fn select(&mut self, command: &'static str, quoted: &str) -> Result<(Outcome, Selected), InboxError> {
        let mut selected = Selected::default();
        let line = format!("{command} {quoted}");
        let outcome = self.talk.command(command, &line, |response| match response {
            Response::MailboxData(MailboxDatum::Exists(count)) => selected.exists = *count,
            Response::Data { outcome, .. } => match &outcome.code {
                Some(ResponseCode::UidValidity(validity)) => selected.uid_validity = Some(*validity),
                Some(ResponseCode::UidNext(next)) => selected.uid_next = Some(*next),
                _ => {}
            },
            _ => {}
        });
        let outcome = outcome.await?;
        Ok((outcome, selected))
    }

    /// Opens a folder unless it is open (for reading, an open one of either kind will do).
    pub(super) async fn ensure_open(&mut self, wire: &str, writing: bool) -> Result<(), InboxError> {
        match &self.open {
            Some((open, for_writing)) if open == wire && (*for_writing || !writing) => Ok(()),
            _ => self.open(wire, writing).await.map(|_| ()),
        }
    }

    /// Whether a configured folder holds nothing but what was recorded, by what the server says as it is opened: the same
    /// as at the last look of this connection, or as `seen`, which another connection left behind. `false` wherever that
    /// is not certain: then [`Session::look`] tells.
    ///
    /// # Errors
    /// The connection failed, or the server refused; the session is spent.
    pub async fn holds_nothing_new(&mut self, folder: &str, seen: Option<&FolderSeen>) -> Result<bool, InboxError> {
        let Some(wire) = self.resolve(folder) else { return Ok(false) };
        let selected = self.open(&wire, false).await?;
        let unchanged = match self.looks.get(folder) {
            Some(look) => {
                let overdue = look.compared_whole.elapsed() >= FULL_LISTING_EVERY;
                selected.uid_next.is_some() && selected == look.selected && look.pending.is_empty() && !overdue
            }
            None => {
                let trusted = !quirks::reshuffles_uids(&self.settings.account.host);
                let same = trusted && seen.is_some() && selected.seen().as_ref() == seen;
                if same {
                    let highest = selected.uid_next.unwrap_or(0).saturating_sub(1);
                    let look = Look {
                        selected,
                        highest,
                        compared_whole: Instant::now(),
                        listed_whole: false,
                        pending: BTreeMap::new(),
                    };
                    self.looks.insert(folder.to_owned(), look);
                }
                same
            }
        };
        self.opened = (!unchanged).then_some((wire, selected));
        Ok(unchanged)
    }

    /// What the server said of a folder at the last look, and whether all of it was listed then; `None` where it does
    /// not tell enough to know it again.
    #[must_use]
    pub fn seen(&self, folder: &str) -> Option<(FolderSeen, bool)> {
        let look = self.looks.get(folder)?;
        Some((look.selected.seen()?, look.listed_whole))
    }

    /// Looks what a configured folder holds that is not in `known`. What was found and is still not in `known` at the
    /// next look is found again.
    ///
    /// # Errors
    /// The connection failed, or the server refused; the session is spent.
    pub async fn look(&mut self, folder: &str, known: &KnownFolder) -> Result<Listing, InboxError> {
        let Some(wire) = self.resolve(folder) else {
            return Ok(Listing::Missing { first: self.missing.insert(folder.to_owned()) });
        };
        let selected = match self.opened.take() {
            // It was opened this very moment, to see whether anything is new.
            Some((opened, selected)) if opened == wire => selected,
            Some(_) | None => self.open(&wire, false).await?,
        };
        let before = self.looks.get(folder);
        let overdue = before.is_some_and(|look| look.compared_whole.elapsed() >= FULL_LISTING_EVERY);
        let plan = cursor::plan(known, &selected, before.map(|look| (&look.selected, look.highest)), overdue);
        let listed = match plan {
            Plan::Nothing => Vec::new(),
            Plan::All => self.list("1:*", selected.exists).await?,
            Plan::From(uid) => self.list(&format!("{uid}:*"), selected.exists).await?,
        };
        let whole = plan == Plan::All || selected.exists == 0;
        let (pending, highest, compared_whole) = match self.looks.remove(folder) {
            Some(look) if !whole => (look.pending, look.highest, look.compared_whole),
            _ => (BTreeMap::new(), 0, Instant::now()),
        };
        let highest = listed.iter().map(|mail| mail.uid).max().unwrap_or(0).max(highest);
        let fresh = cursor::fresh(known, pending.into_values().chain(listed));
        let pending = fresh.iter().map(|mail| (mail.uid, mail.clone())).collect();
        let listed_whole = whole;
        self.looks.insert(folder.to_owned(), Look { selected, highest, compared_whole, listed_whole, pending });
        let uid_validity = selected.uid_validity.unwrap_or(0);
        Ok(Listing::Found(Found { uid_validity, exists: selected.exists, fresh }))
    }

    /// Lists UIDs of the open folder. Never UID SEARCH: on 163 and QQ its answers are wrong.
    pub(super) async fn list(&mut self, uids: &str, exists: u32) -> Result<Vec<Listed>, InboxError> {
        let mut listed = Vec::new();
        let line = format!("UID FETCH {uids} (UID FLAGS INTERNALDATE RFC822.SIZE)");
        let bound = self.talk.patience.command + time_to_list(exists);
        let answer = self.talk.command_within("UID FETCH", &line, bound, |response| {
            if let Response::Fetch(_, attributes) = response {
                listed.extend(listed_mail(attributes));
            }
        });
        answer.await?.or_declined("UID FETCH")?;
        Ok(listed)
    }

    pub(super) fn uid_validity(&self, folder: &str) -> u32 {
        self.looks.get(folder).and_then(|look| look.selected.uid_validity).unwrap_or(0)
    }
}

/// How much longer than another answer the listing of so many mails may take: 200 of them a second.
fn time_to_list(exists: u32) -> Duration {
    Duration::from_secs(u64::from(exists / 200)).min(LONGEST_LISTING)
}

fn listed_mail(attributes: &[AttributeValue<'_>]) -> Option<Listed> {
    let (mut uid, mut size, mut internal_date, mut seen) = (None, 0, None, false);
    for attribute in attributes {
        match attribute {
            AttributeValue::Uid(number) => uid = Some(*number),
            AttributeValue::Rfc822Size(octets) => size = *octets,
            AttributeValue::InternalDate(text) => internal_date = internal_date_of(text),
            AttributeValue::Flags(flags) => seen = flags.iter().any(|flag| flag.eq_ignore_ascii_case("\\Seen")),
            _ => {}
        }
    }
    Some(Listed { uid: uid?, size, internal_date, seen })
}

/// `17-Jul-2021 02:44:25 +0800`, the day perhaps led by a space (RFC 3501 §9, date-time).
fn internal_date_of(text: &str) -> Option<DateTime<FixedOffset>> {
    DateTime::parse_from_str(text.trim(), "%d-%b-%Y %H:%M:%S %z").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_of_mails_is_waited_for_for_years() {
        assert_eq!(time_to_list(199), Duration::ZERO);
        assert_eq!(time_to_list(20_000), Duration::from_secs(100));
        assert_eq!(time_to_list(u32::MAX), LONGEST_LISTING);
    }

    #[test]
    fn internal_dates_as_servers_write_them() {
        for text in ["01-Aug-2021 08:30:00 +0800", " 1-Aug-2021 08:30:00 +0800", "1-Aug-2021 00:30:00 +0000"] {
            let date = internal_date_of(text).unwrap();
            assert_eq!(date.timestamp(), 1_627_777_800, "{text}");
        }
        assert_eq!(internal_date_of("yesterday"), None);
    }
}
