//! How each account on a server stands, kept over restarts: a daemon that is started again must not try a refused
//! password again at once.

use chrono::{DateTime, FixedOffset};
use sqlx::FromRow;

use super::{Store, StoreError, millis};

/// One account, IMAP or SMTP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountState {
    /// Refused logins in a row.
    pub refused: u32,
    /// Waits for a person.
    pub parked: bool,
    /// No login and no letter before this moment.
    pub not_before: Option<DateTime<FixedOffset>>,
    /// Why it is parked or paused, for people.
    pub reason: Option<String>,
    /// Since when a mailbox could not be looked into, whatever the reason.
    pub unreachable_since: Option<DateTime<FixedOffset>>,
}

#[derive(FromRow)]
struct AccountRow {
    name: String,
    refused: u32,
    parked: bool,
    not_before: Option<i64>,
    reason: Option<String>,
    unreachable_since: Option<i64>,
}

impl Store {
    /// How this account stands; one that was never written down is well.
    ///
    /// # Errors
    /// The database's.
    pub async fn account_state(&self, name: &str) -> Result<AccountState, StoreError> {
        let row: Option<AccountRow> = sqlx::query_as(
            "SELECT name, refused, parked, not_before, reason, unreachable_since FROM accounts WHERE name = ?1",
        )
        .bind(name)
        .fetch_optional(&self.reader)
        .await?;
        row.map_or_else(|| Ok(AccountState::default()), |row| Ok(self.account_from(row)?.1))
    }

    /// Every account that was ever written down, by name.
    ///
    /// # Errors
    /// The database's.
    pub async fn accounts(&self) -> Result<Vec<(String, AccountState)>, StoreError> {
        let rows: Vec<AccountRow> = sqlx::query_as(
            "SELECT name, refused, parked, not_before, reason, unreachable_since FROM accounts ORDER BY name",
        )
        .fetch_all(&self.reader)
        .await?;
        rows.into_iter().map(|row| self.account_from(row)).collect()
    }

    /// Writes down how this account stands.
    ///
    /// # Errors
    /// The database's.
    pub async fn set_account_state(
        &self,
        name: &str,
        state: &AccountState,
        now: DateTime<FixedOffset>,
    ) -> Result<(), StoreError> {
        let mut write = self.begin().await?;
        sqlx::query(
            "INSERT INTO accounts (name, refused, parked, not_before, reason, changed_at, unreachable_since)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (name) DO UPDATE
             SET refused = excluded.refused, parked = excluded.parked, not_before = excluded.not_before,
                 reason = excluded.reason, changed_at = excluded.changed_at,
                 unreachable_since = excluded.unreachable_since",
        )
        .bind(name)
        .bind(state.refused)
        .bind(state.parked)
        .bind(state.not_before.map(millis))
        .bind(&state.reason)
        .bind(millis(now))
        .bind(state.unreachable_since.map(millis))
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(())
    }

    fn account_from(&self, row: AccountRow) -> Result<(String, AccountState), StoreError> {
        let state = AccountState {
            refused: row.refused,
            parked: row.parked,
            not_before: self.moment_if_any(row.not_before)?,
            reason: row.reason,
            unreachable_since: self.moment_if_any(row.unreachable_since)?,
        };
        Ok((row.name, state))
    }
}
