//! How units stand, kept beside the events it follows from: only as good as new, or not used at all.

use std::collections::{BTreeMap, BTreeSet};

use super::{Store, StoreError, garbled};
use crate::model::ledger::UnitLedger;
use crate::model::unit::UnitCode;

/// What is kept of a campaign.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeptStandings {
    /// Without their history.
    pub ledgers: BTreeMap<UnitCode, UnitLedger>,
    /// The units of which something is recorded and nothing that is up to date is kept.
    pub outdated: BTreeSet<UnitCode>,
}

impl Store {
    /// Keeps how these units stand by all events up to `seen`, folded by this fold.
    ///
    /// # Errors
    /// The database's; then none is kept.
    pub async fn keep_standings(
        &self,
        campaign: &str,
        seen: i64,
        fold: i64,
        ledgers: &BTreeMap<UnitCode, UnitLedger>,
    ) -> Result<(), StoreError> {
        let mut write = self.begin().await?;
        for (unit, ledger) in ledgers {
            sqlx::query(
                "INSERT INTO standings (campaign, unit, seen, fold, ledger) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (campaign, unit) DO UPDATE
                 SET seen = excluded.seen, fold = excluded.fold, ledger = excluded.ledger",
            )
            .bind(campaign)
            .bind(unit.as_str())
            .bind(seen)
            .bind(fold)
            .bind(serde_json::to_string(ledger)?)
            .execute(&mut *write)
            .await?;
        }
        write.commit().await?;
        Ok(())
    }

    /// How the units of this campaign stand, as far as it is kept and still true.
    ///
    /// # Errors
    /// The database's.
    pub async fn kept_standings(&self, campaign: &str, fold: i64) -> Result<KeptStandings, StoreError> {
        let rows: Vec<(String, Option<String>)> = sqlx::query_as(
            // From one unit of the index to the next, and to the last event of each: not through all events.
            "WITH RECURSIVE known (unit) AS (
                 SELECT min(unit) FROM events WHERE campaign = ?1
                 UNION ALL
                 SELECT (SELECT min(unit) FROM events WHERE campaign = ?1 AND unit > known.unit)
                 FROM known WHERE known.unit IS NOT NULL)
             SELECT known.unit,
                    CASE WHEN seen >= (SELECT max(id) FROM events WHERE campaign = ?1 AND unit = known.unit)
                          AND seen >= (SELECT coalesce(max(id), 0) FROM events INDEXED BY events_of_undoing
                                        WHERE kind = 'undone')
                         THEN ledger END
             FROM known
             LEFT JOIN standings ON standings.campaign = ?1 AND standings.unit = known.unit AND fold = ?2
             WHERE known.unit IS NOT NULL",
        )
        .bind(campaign)
        .bind(fold)
        .fetch_all(&self.reader)
        .await?;
        let mut kept = KeptStandings::default();
        for (unit, ledger) in rows {
            let unit = UnitCode::new(&unit);
            match ledger {
                Some(ledger) => {
                    let ledger = serde_json::from_str(&ledger).map_err(|error| garbled("standing", error))?;
                    kept.ledgers.insert(unit, ledger);
                }
                None => {
                    kept.outdated.insert(unit);
                }
            }
        }
        Ok(kept)
    }
}
