//! Whether the program does its work: a few facts, each well or not, for `/healthz` and the service manager's status.

use std::time::Duration;

use chrono::{DateTime, FixedOffset, TimeDelta};
use serde::Serialize;

use super::{Engine, LONGEST_PAUSE};
use crate::store::{AccountState, Due};
use crate::work::alarm::LITTLE_ROOM;
use crate::work::deliver::SENDING_ACCOUNT;
use crate::work::vitals::Looks;
use crate::work::{WorkError, without_addresses};

/// A letter whose turn has come may wait so long while others go.
const OUTBOX_STANDS: TimeDelta = TimeDelta::hours(1);
/// How long the database may take for a small write.
const WRITE_TIME: Duration = Duration::from_secs(5);
/// The clock may be so far behind what was recorded: it is corrected in small steps.
const CLOCK_SLIP: TimeDelta = TimeDelta::minutes(2);

/// One thing that was looked at. Holds no address and nothing a server said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// `loops`, `mailbox`, `outbox`, `database`, `clock` or `disk`.
    pub fact: &'static str,
    /// Of the mailbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub ok: bool,
    /// In a few words.
    pub told: String,
    /// How long ago it was well, or how long something waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
}

/// Everything that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Health {
    /// `ok` where every fact is, else `failed`.
    pub status: &'static str,
    pub version: &'static str,
    pub facts: Vec<Fact>,
}

impl Health {
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.facts.iter().all(|fact| fact.ok)
    }
}

fn fact(fact: &'static str, ok: bool, told: impl Into<String>) -> Fact {
    Fact { fact, name: None, ok, told: told.into(), seconds: None }
}

/// Looks at everything. A fact that cannot be had is not well.
pub async fn health(engine: &Engine) -> Health {
    let now = engine.now();
    let mut facts = vec![loops(engine)];
    for (name, looks) in engine.desk.vitals.looks() {
        let account = engine.desk.store.account_state(&name).await;
        facts.push(match account {
            Ok(account) => mailbox(&name, &looks, &account, engine.desk.vitals.still_for(&name), now),
            Err(_) => fact("mailbox", false, "how its account stands cannot be read"),
        });
    }
    if engine.sending.is_some() {
        facts.push(outbox(engine, now).await.unwrap_or_else(|_| fact("outbox", false, "it cannot be read")));
    }
    facts.push(database(engine, now).await);
    facts.push(clock(engine, now).await.unwrap_or_else(|_| fact("clock", false, "nothing to hold it against")));
    facts.extend(engine.desk.vitals.free().map(disk));
    let status = if facts.iter().all(|fact| fact.ok) { "ok" } else { "failed" };
    Health { status, version: env!("CARGO_PKG_VERSION"), facts }
}

fn loops(engine: &Engine) -> Fact {
    let stuck = engine.desk.vitals.stuck();
    let names: Vec<String> = stuck.iter().map(|(name, _)| without_addresses(name)).collect();
    let told = if names.is_empty() { "all move".to_owned() } else { format!("stuck: {}", names.join(", ")) };
    fact("loops", names.is_empty(), told)
}

/// A mailbox may be silent for two of its pauses and the longest pause after failures. One whose first look takes long is
/// well as long as mail comes in.
fn mailbox(
    name: &str,
    looks: &Looks,
    account: &AccountState,
    still: Option<Duration>,
    now: DateTime<FixedOffset>,
) -> Fact {
    let (age, limit) = (looks.age(), silence(looks));
    let waits = account.refused > 0 && account.not_before.is_some_and(|moment| moment > now);
    let (ok, told) = if account.parked {
        (false, "parked after refused logins: a person must act".to_owned())
    } else if waits {
        (false, "waiting after a refused login".to_owned())
    } else if age <= limit {
        (true, format!("looked into {} s ago", age.as_secs()))
    } else if looks.in_a_row == 0 && still.is_some_and(|still| still <= limit) {
        (true, "much mail is coming in".to_owned())
    } else {
        (false, format!("not looked into for {} s", age.as_secs()))
    };
    let name = Some(without_addresses(name));
    Fact { name, seconds: Some(age.as_secs()), ..fact("mailbox", ok, told) }
}

fn silence(looks: &Looks) -> Duration {
    looks.every * 2 + LONGEST_PAUSE.mul_f64(1.2)
}

/// The outbox moves while letters whose turn has come are tried. A day's quota that is used up is nobody's fault.
async fn outbox(engine: &Engine, now: DateTime<FixedOffset>) -> Result<Fact, WorkError> {
    let store = &engine.desk.store;
    let Due { letters, since } = store.due(now).await?;
    let age = since.map_or(TimeDelta::zero(), |since| now - since);
    let tried = store.last_attempt().await?.is_some_and(|at| now - at < OUTBOX_STANDS);
    let (ok, told) = if store.account_state(SENDING_ACCOUNT).await?.parked {
        (false, format!("sending is parked: a person must act; {letters} letters wait"))
    } else if age < OUTBOX_STANDS || tried {
        (true, format!("{letters} letters are due"))
    } else if engine.quota_is_used_up(now).await? {
        (true, format!("{letters} letters wait for tomorrow's quota"))
    } else {
        (false, format!("{letters} letters are due and none was tried for an hour"))
    };
    Ok(Fact { seconds: u64::try_from(age.num_seconds()).ok(), ..fact("outbox", ok, told) })
}

async fn database(engine: &Engine, now: DateTime<FixedOffset>) -> Fact {
    match tokio::time::timeout(WRITE_TIME, engine.desk.store.probe(now)).await {
        Ok(Ok(())) => fact("database", true, "took a write"),
        Ok(Err(_)) => fact("database", false, "refuses to write: run `mailtally check`"),
        Err(_) => fact("database", false, format!("took no write within {} s", WRITE_TIME.as_secs())),
    }
}

async fn clock(engine: &Engine, now: DateTime<FixedOffset>) -> Result<Fact, WorkError> {
    let last = engine.desk.store.last_recording().await?;
    let behind = last.map_or(TimeDelta::zero(), |last| last - now);
    Ok(if behind <= CLOCK_SLIP {
        fact("clock", true, now.to_rfc3339_opts(chrono::SecondsFormat::Secs, false))
    } else {
        fact("clock", false, format!("it stands {} s before the last mail that was recorded", behind.num_seconds()))
    })
}

fn disk(free: u64) -> Fact {
    fact("disk", free >= LITTLE_ROOM, format!("{} MB free", free / 1_048_576))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::vitals::Vitals;

    fn looks(every: u64) -> Looks {
        let vitals = Vitals::default();
        vitals.watches("office", Duration::from_secs(every));
        vitals.looks()["office"].clone()
    }

    #[test]
    fn a_mailbox_is_well_by_its_age_and_never_while_it_is_parked() {
        let now = DateTime::parse_from_rfc3339("2021-08-05T09:00:00+08:00").unwrap();
        let well = AccountState::default();
        let of = |account: &AccountState| mailbox("office@163.example", &looks(60), account, None, now);
        assert!(of(&well).ok);
        assert_eq!(of(&well).name.as_deref(), Some("(address)"), "a mailbox may be called by its address");
        assert!(!of(&AccountState { parked: true, ..well.clone() }).ok);
        let waiting = AccountState { refused: 1, not_before: Some(now + TimeDelta::minutes(15)), ..well.clone() };
        assert!(!of(&waiting).ok);
        assert!(of(&AccountState { not_before: Some(now - TimeDelta::minutes(1)), ..waiting }).ok);
        assert_eq!(silence(&looks(60)), Duration::from_secs(480));
    }
}
