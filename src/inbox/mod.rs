//! The inbox: looks into mailboxes (IMAP) and into files, and hands over what is there. Nothing in a mailbox changes
//! by being read.
//!
//! async-imap writes the LOGIN command, password included, to the log at TRACE: whoever sets up logging must pin the
//! target `async_imap` to `warn`, whatever the filter says (crates.md, trap 8).

mod cursor;
mod fetch;
pub mod folder;
mod guard;
pub mod imap;
mod mbox;
mod names;
pub mod quirks;
mod sent;
mod settle;
mod talk;
mod utf7;
mod wait;

use std::time::Duration;

use thiserror::Error;

use crate::model::account::Account;
use crate::wire::WireError;

pub use cursor::{KnownFolder, Listed};
pub use fetch::Fetched;
pub use imap::{Found, Listing, Session};

/// One mailbox and how to treat it.
#[derive(Clone, Debug)]
pub struct ImapSettings {
    /// The name of the `[[mailbox]]`.
    pub mailbox: String,
    pub account: Account,
    /// Names as people read them, such as `INBOX` and `垃圾邮件`.
    pub folders: Vec<String>,
    pub after: After,
    /// A mail longer than this is reported and never fetched; octets.
    pub max_mail_bytes: u32,
    pub patience: Patience,
}

/// What becomes of a mail in the mailbox once it is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After {
    Leave,
    /// Marked as read.
    Seen,
    /// Moved to this folder (its name as people read it), which is made where it is missing.
    Move(String),
}

/// How long to wait for a server.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For the connection and TLS.
    pub connect: Duration,
    /// Without a single octet while an answer is due.
    pub silence: Duration,
    /// For the whole answer to one command; the transfer of mails gets a second more for each 8 KiB.
    pub command: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { connect: Duration::from_secs(30), silence: Duration::from_secs(60), command: Duration::from_secs(180) }
    }
}

/// Why the mailbox could not be read. The world failed: the connection is spent, a new one may do better.
///
/// Texts hold at most 80 characters of what the server said, in ASCII, and never a password.
#[derive(Debug, Error)]
pub enum InboxError {
    #[error(transparent)]
    Wire(#[from] WireError),
    /// User name or password; these providers want an authorisation code (授权码). To be tried again after fifteen
    /// minutes at the earliest, and not after the third time: accounts get locked.
    #[error("the server refused the login: {said}")]
    Refused { said: String },
    /// NetEase's `Unsafe Login` in spite of ID: the account's IMAP access must be allowed on its web page. The password
    /// is right.
    #[error("the server lets this program not into the mailbox (Unsafe Login); IMAP must be allowed in its settings")]
    UnsafeLogin,
    /// Too many connections, or a server out of order: later.
    #[error("the server is busy: {said}")]
    Busy { said: String },
    #[error("the server said nothing for {seconds} s during {command}")]
    Silent { command: &'static str, seconds: u64 },
    /// BYE, or an end without a word.
    #[error("the server hung up during {command}: {said}")]
    Closed { command: &'static str, said: String },
    /// Answers no client could understand; among them QQ's tagged `ERR Fetch frequency limited!`. Back off.
    #[error("the server's answer to {command} makes no sense: {said}")]
    Protocol { command: &'static str, said: String },
    /// A tagged NO or BAD.
    #[error("the server refused {command}: {said}")]
    Declined { command: &'static str, said: String },
}

impl InboxError {
    /// Whether somebody must change something before another attempt makes sense.
    #[must_use]
    pub fn needs_a_person(&self) -> bool {
        match self {
            Self::Refused { .. } | Self::UnsafeLogin => true,
            Self::Wire(error) => matches!(
                error,
                WireError::Certificate { .. }
                    | WireError::CaFile { .. }
                    | WireError::PlainNotLoopback { .. }
                    | WireError::StartTls { .. }
                    | WireError::OldTls { .. }
            ),
            Self::Busy { .. }
            | Self::Silent { .. }
            | Self::Closed { .. }
            | Self::Protocol { .. }
            | Self::Declined { .. } => false,
        }
    }
}
