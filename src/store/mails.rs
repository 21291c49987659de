//! Mails: seen, recorded in one transaction with everything that follows from them, judged again, looked up.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset};
use sqlx::{FromRow, QueryBuilder, Sqlite, SqliteConnection};

use super::acts::refuse_if_overtaken;
use super::rows::{MOST_ROWS, insertions, run};
use super::{Store, StoreError, digest, garbled, millis, unit_code};
use crate::model::decision::{Decision, MailRecord, Origin};
use crate::model::ledger::Nature;
use crate::model::mail::Digest;
use crate::model::unit::UnitCode;

/// What recording came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// `false` where the mail was recorded before: then nothing but its place was added.
    pub new: bool,
    /// Of the events, in the order of the decision.
    pub event_ids: Vec<i64>,
}

/// A mail that was handed in and is safe in the archive, before anything has read it.
#[derive(Clone, Copy, Debug)]
pub struct Sighting<'a> {
    pub mail: &'a Digest,
    pub received_at: DateTime<FixedOffset>,
    pub origin: &'a Origin,
}

#[derive(FromRow)]
struct MailRow {
    sha256: String,
    size: i64,
    received_at: i64,
    nature: String,
    campaign: Option<String>,
    unit: Option<String>,
    from_address: Option<String>,
    from_name: Option<String>,
    subject: Option<String>,
    message_id: Option<String>,
}

impl Store {
    /// Notes that reading this mail begins, and returns how often it has begun by now. A mail that was begun and never
    /// recorded killed its reader. One that is recorded is not counted again.
    ///
    /// # Errors
    /// The database's.
    pub async fn note_sighting(&self, sighting: Sighting<'_>, now: DateTime<FixedOffset>) -> Result<u32, StoreError> {
        let mut write = self.begin().await?;
        insert_sighting(&mut write, sighting, now).await?;
        let tries = sqlx::query_scalar(
            "UPDATE sightings
             SET tries = tries + (NOT EXISTS (SELECT 1 FROM mails WHERE mails.sha256 = sightings.sha256))
             WHERE sha256 = ?1 RETURNING tries",
        )
        .bind(sighting.mail.as_str())
        .fetch_one(&mut *write)
        .await?;
        write.commit().await?;
        Ok(tries)
    }

    /// Notes that reading these mails begins, all at once, and returns those of which it is noted for the first time.
    /// The others were begun before, and one of them may have ended the program: they are left as they are, to be begun
    /// alone ([`Store::note_sighting`]).
    ///
    /// # Errors
    /// The database's.
    pub async fn note_sightings(
        &self,
        sightings: &[Sighting<'_>],
        now: DateTime<FixedOffset>,
    ) -> Result<BTreeSet<Digest>, StoreError> {
        let mut first = BTreeSet::new();
        if sightings.is_empty() {
            return Ok(first);
        }
        let mut write = self.begin().await?;
        for some in sightings.chunks(MOST_ROWS) {
            let mut statement = QueryBuilder::<Sqlite>::new(
                "INSERT INTO sightings (sha256, received_at, first_seen_at, seen_in, tries) ",
            );
            statement.push_values(some, |mut row, sighting| {
                row.push_bind(sighting.mail.as_str())
                    .push_bind(millis(sighting.received_at))
                    .push_bind(millis(now))
                    .push_bind(seen_in(sighting.origin))
                    .push_bind(1);
            });
            statement.push(" ON CONFLICT (sha256) DO NOTHING RETURNING sha256");
            let query = statement.build_query_scalar::<String>().persistent(false);
            for row in query.fetch_all(&mut *write).await? {
                first.insert(digest(&row)?);
            }
        }
        write.commit().await?;
        Ok(first)
    }

    /// Those of these mails that are recorded.
    ///
    /// # Errors
    /// The database's.
    pub async fn mails_of(&self, mails: &[&Digest]) -> Result<BTreeMap<Digest, MailRecord>, StoreError> {
        let mails: Vec<&str> = mails.iter().map(|mail| mail.as_str()).collect();
        let rows: Vec<MailRow> =
            sqlx::query_as("SELECT * FROM mails WHERE sha256 IN (SELECT value FROM json_each(?1))")
                .bind(serde_json::to_string(&mails)?)
                .fetch_all(&self.reader)
                .await?;
        let records = rows.into_iter().map(|row| self.mail_from(row));
        records.map(|record| record.map(|record| (record.sha256.clone(), record))).collect()
    }

    /// How often reading this mail was begun, and why it last failed.
    ///
    /// # Errors
    /// The database's.
    pub async fn failures(&self, mail: &Digest) -> Result<(u32, Option<String>), StoreError> {
        let row = sqlx::query_as("SELECT tries, last_failure FROM sightings WHERE sha256 = ?1")
            .bind(mail.as_str())
            .fetch_optional(&self.reader)
            .await?;
        Ok(row.unwrap_or((0, None)))
    }

    /// Records a decision in one transaction: the mail, its readings, its events, the letters owed, the letters it sends
    /// back, and the place where it was seen. Of a mail that is recorded already only the place is added. The ids of
    /// letters derive from `sender_domain`.
    ///
    /// # Errors
    /// The database's; then nothing of it is recorded.
    pub async fn record(
        &self,
        decision: &Decision,
        origin: &Origin,
        sender_domain: &str,
        now: DateTime<FixedOffset>,
    ) -> Result<Recorded, StoreError> {
        let nobody = (i64::MAX, BTreeSet::new());
        self.record_judged(decision, nobody, origin, sender_domain, now).await
    }

    /// The same for a decision that was judged on what had been recorded of some units until then: a person may act
    /// beside the daemon, between its judging and its recording.
    ///
    /// # Errors
    /// [`StoreError::Overtaken`] where something was recorded of these units since; else as [`Store::record`].
    pub async fn record_judged(
        &self,
        decision: &Decision,
        (seen, units): (i64, BTreeSet<UnitCode>),
        origin: &Origin,
        sender_domain: &str,
        now: DateTime<FixedOffset>,
    ) -> Result<Recorded, StoreError> {
        let mut recording = self.begin_recording(sender_domain, now).await?;
        refuse_if_overtaken(&mut recording.write, seen, &units, &BTreeSet::new()).await?;
        let recorded = recording.add_one(decision, origin).await?;
        recording.commit().await?;
        Ok(recorded)
    }

    /// Whether this mail was recorded.
    ///
    /// # Errors
    /// The database's.
    pub async fn is_recorded(&self, mail: &Digest) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM mails WHERE sha256 = ?1)")
            .bind(mail.as_str())
            .fetch_one(&self.reader)
            .await?)
    }

    /// The mail of this digest.
    ///
    /// # Errors
    /// The database's.
    pub async fn mail(&self, mail: &Digest) -> Result<Option<MailRecord>, StoreError> {
        let row: Option<MailRow> = sqlx::query_as("SELECT * FROM mails WHERE sha256 = ?1")
            .bind(mail.as_str())
            .fetch_optional(&self.reader)
            .await?;
        row.map(|row| self.mail_from(row)).transpose()
    }

    /// The recorded mails whose digests begin so, at most two: a person gives the short form that lists show.
    ///
    /// # Errors
    /// The database's.
    pub async fn mails_beginning(&self, start: &str) -> Result<Vec<MailRecord>, StoreError> {
        let rows: Vec<MailRow> =
            sqlx::query_as("SELECT * FROM mails WHERE substr(sha256, 1, length(?1)) = ?1 ORDER BY sha256 LIMIT 2")
                .bind(start)
                .fetch_all(&self.reader)
                .await?;
        rows.into_iter().map(|row| self.mail_from(row)).collect()
    }

    /// Recorded mails in the order of arrival, those of one campaign or all, received in `[since, until)`.
    ///
    /// # Errors
    /// The database's.
    pub async fn mails(
        &self,
        campaign: Option<&str>,
        since: Option<DateTime<FixedOffset>>,
        until: Option<DateTime<FixedOffset>>,
    ) -> Result<Vec<MailRecord>, StoreError> {
        let rows: Vec<MailRow> = sqlx::query_as(
            "SELECT * FROM mails
             WHERE (?1 IS NULL OR campaign = ?1)
               AND (?2 IS NULL OR received_at >= ?2) AND (?3 IS NULL OR received_at < ?3)
             ORDER BY received_at, recorded_at, sha256",
        )
        .bind(campaign)
        .bind(since.map(millis))
        .bind(until.map(millis))
        .fetch_all(&self.reader)
        .await?;
        rows.into_iter().map(|row| self.mail_from(row)).collect()
    }

    fn mail_from(&self, row: MailRow) -> Result<MailRecord, StoreError> {
        Ok(MailRecord {
            sha256: digest(&row.sha256)?,
            size: u64::try_from(row.size).map_err(|_| garbled("size", row.size))?,
            received_at: self.moment(row.received_at)?,
            nature: nature(&row.nature)?,
            campaign: row.campaign,
            unit: unit_code(row.unit),
            from_address: row.from_address,
            from_name: row.from_name,
            subject: row.subject,
            message_id: row.message_id,
        })
    }
}

/// What the mail is and whose, as it is judged now.
pub(super) async fn update(write: &mut SqliteConnection, record: &MailRecord) -> Result<(), StoreError> {
    let changed = sqlx::query(
        "UPDATE mails SET nature = ?2, campaign = ?3, unit = ?4, from_address = ?5, from_name = ?6, subject = ?7,
                          message_id = ?8
         WHERE sha256 = ?1",
    )
    .bind(record.sha256.as_str())
    .bind(record.nature.as_str())
    .bind(&record.campaign)
    .bind(record.unit.as_ref().map(UnitCode::as_str))
    .bind(&record.from_address)
    .bind(&record.from_name)
    .bind(&record.subject)
    .bind(&record.message_id)
    .execute(write)
    .await?;
    if changed.rows_affected() == 0 {
        return Err(StoreError::NoSuchMail(record.sha256.clone()));
    }
    Ok(())
}

pub(super) fn nature(text: &str) -> Result<Nature, StoreError> {
    Nature::parse(text).ok_or_else(|| garbled("nature", text))
}

/// Writes mails that are not recorded yet inside a transaction.
pub(super) async fn insert(
    write: &mut SqliteConnection,
    records: impl Iterator<Item = &MailRecord>,
    now: DateTime<FixedOffset>,
) -> Result<(), StoreError> {
    let start = "INSERT INTO mails (sha256, size, received_at, nature, campaign, unit, from_address, from_name,
                                    subject, message_id, recorded_at) ";
    let statements = insertions(start, "", records, |row, record| {
        row.push_bind(record.sha256.as_str())
            .push_bind(i64::try_from(record.size).unwrap_or(i64::MAX))
            .push_bind(millis(record.received_at))
            .push_bind(record.nature.as_str())
            .push_bind(&record.campaign)
            .push_bind(record.unit.as_ref().map(UnitCode::as_str))
            .push_bind(&record.from_address)
            .push_bind(&record.from_name)
            .push_bind(&record.subject)
            .push_bind(&record.message_id)
            .push_bind(millis(now));
        Ok(())
    })?;
    run(write, statements).await?;
    Ok(())
}

pub(super) async fn insert_sighting(
    write: &mut SqliteConnection,
    sighting: Sighting<'_>,
    now: DateTime<FixedOffset>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO sightings (sha256, received_at, first_seen_at, seen_in, tries) VALUES (?1, ?2, ?3, ?4, 0)
         ON CONFLICT (sha256) DO NOTHING",
    )
    .bind(sighting.mail.as_str())
    .bind(millis(sighting.received_at))
    .bind(millis(now))
    .bind(seen_in(sighting.origin))
    .execute(write)
    .await?;
    Ok(())
}

fn seen_in(origin: &Origin) -> String {
    match origin {
        Origin::Imap(place) => format!("{}/{}", place.mailbox, place.folder),
        Origin::File { path } => path.clone(),
    }
}
