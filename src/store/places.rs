//! Where in the mailboxes mail was seen, so that it is not fetched twice.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset};
use sqlx::SqliteConnection;

use super::rows::{insertions, run};
use super::{Store, StoreError, millis};
use crate::model::decision::{FolderSeen, Place};
use crate::model::mail::Digest;

/// What stands at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlaceContent {
    /// A mail that is recorded.
    Mail(Digest),
    /// Something that was not fetched, and why (too large).
    Skipped { reason: String },
}

impl Store {
    /// Notes what stands at a place; replaces what stood there under a UID the server has used again.
    ///
    /// # Errors
    /// The database's, also where the mail is not recorded.
    pub async fn record_place(
        &self,
        place: &Place,
        content: &PlaceContent,
        now: DateTime<FixedOffset>,
    ) -> Result<(), StoreError> {
        self.record_places(&[(place.clone(), content.clone())], now).await
    }

    /// The same of many places at once.
    ///
    /// # Errors
    /// The database's, also where one of the mails is not recorded.
    pub async fn record_places(
        &self,
        places: &[(Place, PlaceContent)],
        now: DateTime<FixedOffset>,
    ) -> Result<(), StoreError> {
        if places.is_empty() {
            return Ok(());
        }
        let mut write = self.begin().await?;
        insert(&mut write, places, now).await?;
        write.commit().await?;
        Ok(())
    }

    /// When each mail that came to this mailbox since then was seen, and when its server says that it came (INTERNALDATE).
    ///
    /// # Errors
    /// The database's.
    pub async fn seen_lately(
        &self,
        mailbox: &str,
        since: DateTime<FixedOffset>,
    ) -> Result<Vec<(DateTime<FixedOffset>, DateTime<FixedOffset>)>, StoreError> {
        let rows: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT seen_at, internal_date * 1000 FROM places
             WHERE mailbox = ?1 AND mail IS NOT NULL AND internal_date * 1000 >= ?2",
        )
        .bind(mailbox)
        .bind(millis(since))
        .fetch_all(&self.reader)
        .await?;
        rows.into_iter().map(|(seen_at, came)| Ok((self.moment(seen_at)?, self.moment(came)?))).collect()
    }

    /// What is known of a folder: the UIDVALIDITY recorded last (0 where none is), and what was recorded last under each
    /// UID: RFC822.SIZE and INTERNALDATE in seconds since 1970. A place whose size or date differ from what the server
    /// says now is another mail under a reshuffled UID.
    ///
    /// # Errors
    /// The database's.
    pub async fn known_folder(
        &self,
        mailbox: &str,
        folder: &str,
    ) -> Result<(u32, BTreeMap<u32, (u32, i64)>), StoreError> {
        let rows: Vec<(u32, u32, u32, i64)> = sqlx::query_as(
            "SELECT uid_validity, uid, size, internal_date FROM places WHERE mailbox = ?1 AND folder = ?2
             ORDER BY seen_at, uid_validity, uid",
        )
        .bind(mailbox)
        .bind(folder)
        .fetch_all(&self.reader)
        .await?;
        let uid_validity = rows.last().map_or(0, |(uid_validity, ..)| *uid_validity);
        Ok((uid_validity, rows.into_iter().map(|(_, uid, size, date)| (uid, (size, date))).collect()))
    }

    /// What the server said of a folder when all in it was recorded, and when it was listed as a whole last.
    ///
    /// # Errors
    /// The database's.
    pub async fn folder_seen(
        &self,
        mailbox: &str,
        folder: &str,
    ) -> Result<Option<(FolderSeen, DateTime<FixedOffset>)>, StoreError> {
        let row: Option<(u32, u32, u32, i64)> = sqlx::query_as(
            "SELECT uid_validity, uid_next, mails, listed_at FROM folders WHERE mailbox = ?1 AND folder = ?2",
        )
        .bind(mailbox)
        .bind(folder)
        .fetch_optional(&self.reader)
        .await?;
        row.map(|(uid_validity, uid_next, exists, listed_at)| {
            Ok((FolderSeen { uid_validity, uid_next, exists }, self.moment(listed_at)?))
        })
        .transpose()
    }

    /// Notes what the server says of a folder in which all is recorded. `listed_at` is when it was listed as a whole;
    /// `None` where it was not this time.
    ///
    /// # Errors
    /// The database's.
    pub async fn note_folder_seen(
        &self,
        (mailbox, folder): (&str, &str),
        seen: FolderSeen,
        listed_at: Option<DateTime<FixedOffset>>,
    ) -> Result<(), StoreError> {
        let mut write = self.begin().await?;
        let listed_at = listed_at.map(millis);
        // Where nothing is known of a whole listing, it was long ago.
        sqlx::query(
            "INSERT INTO folders (mailbox, folder, uid_validity, uid_next, mails, listed_at)
             VALUES (?1, ?2, ?3, ?4, ?5, coalesce(?6, 0))
             ON CONFLICT (mailbox, folder) DO UPDATE
             SET uid_validity = excluded.uid_validity, uid_next = excluded.uid_next, mails = excluded.mails,
                 listed_at = coalesce(?6, folders.listed_at)",
        )
        .bind(mailbox)
        .bind(folder)
        .bind(seen.uid_validity)
        .bind(seen.uid_next)
        .bind(seen.exists)
        .bind(listed_at)
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(())
    }

    /// Places whose content was never fetched, as folder and reason; a person must look there.
    ///
    /// # Errors
    /// The database's.
    pub async fn skipped_places(&self) -> Result<Vec<(String, String)>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT mailbox || '/' || folder, skipped_reason FROM places
             WHERE skipped_reason IS NOT NULL ORDER BY mailbox, folder, uid",
        )
        .fetch_all(&self.reader)
        .await?)
    }
}

/// Notes what stands at many places; of one named twice the last word counts.
pub(super) async fn insert(
    write: &mut SqliteConnection,
    places: &[(Place, PlaceContent)],
    now: DateTime<FixedOffset>,
) -> Result<(), StoreError> {
    let start = "INSERT INTO places (mailbox, folder, uid_validity, uid, size, internal_date, mail, skipped_reason,
                                     seen_at) ";
    let statements = insertions(start, REPLACING, places.iter(), |row, (place, content)| {
        let (mail, skipped_reason) = columns(content);
        row.push_bind(&place.mailbox)
            .push_bind(&place.folder)
            .push_bind(place.uid_validity)
            .push_bind(place.uid)
            .push_bind(place.size)
            .push_bind(place.internal_date)
            .push_bind(mail)
            .push_bind(skipped_reason)
            .push_bind(millis(now));
        Ok(())
    })?;
    run(write, statements).await?;
    Ok(())
}

/// What stood at a place under a UID the server has used again is forgotten.
const REPLACING: &str = " ON CONFLICT (mailbox, folder, uid_validity, uid) DO UPDATE
     SET size = excluded.size, internal_date = excluded.internal_date, mail = excluded.mail,
         skipped_reason = excluded.skipped_reason, seen_at = excluded.seen_at";

fn columns(content: &PlaceContent) -> (Option<&str>, Option<&str>) {
    match content {
        PlaceContent::Mail(digest) => (Some(digest.as_str()), None),
        PlaceContent::Skipped { reason } => (None, Some(reason.as_str())),
    }
}
