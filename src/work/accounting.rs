//! Whether every mail is accounted for: what is in the mailbox was handed in, what was handed in is recorded, and what is
//! recorded is in the archive.

use std::io;

use chrono::{DateTime, FixedOffset, TimeDelta};

use super::WorkError;
use crate::archive::Archive;
use crate::model::mail::Digest;
use crate::store::Store;

/// How long a mail may be on its way from the archive to the record.
const ON_ITS_WAY: TimeDelta = TimeDelta::hours(1);

/// What the books do not say of the mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unaccounted {
    /// Handed in more than an hour ago, and not recorded.
    pub unrecorded: Vec<Digest>,
    /// The database speaks of them, and the archive has no such file.
    pub missing: Vec<Digest>,
    /// How many mails the servers list and do not hand over.
    pub withheld: u32,
}

impl Unaccounted {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.unrecorded.is_empty() && self.missing.is_empty() && self.withheld == 0
    }
}

/// Goes through the books of this storage; what servers withhold does not stand there. Looks for every
/// file and opens none.
///
/// # Errors
/// The store's.
pub async fn unaccounted(
    store: &Store,
    archive: &Archive,
    now: DateTime<FixedOffset>,
) -> Result<Unaccounted, WorkError> {
    let unrecorded = store.unrecorded(now - ON_ITS_WAY).await?;
    let places: Vec<_> = store.handed_in().await?.into_iter().map(|mail| (archive.path(&mail), mail)).collect();
    let missing = tokio::task::spawn_blocking(move || {
        places.into_iter().filter(|(path, _)| !path.is_file()).map(|(_, mail)| mail).collect()
    });
    Ok(Unaccounted { unrecorded, missing: missing.await.map_err(io::Error::other)?, withheld: 0 })
}
