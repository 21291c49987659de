//! A person's word on a letter that has not gone out: hold it, let it go, or cancel it. Each stands in the history.

use chrono::{DateTime, FixedOffset};

use super::review::Person;
use crate::model::ledger::{Actor, Event, EventKind, LetterRuling};
use crate::model::letter::LetterState;
use crate::store::{Store, StoreError, StoredLetter};

/// Why a word on a letter was not taken.
#[derive(Debug, thiserror::Error)]
pub enum RulingError {
    #[error("the letter {key} is {}: it cannot be {word}", .state.as_str())]
    WrongState { key: String, state: LetterState, word: &'static str },
    #[error(
        "whether the letter {key} went out is not known; look among the sent mail, and if it is not there add --not-sent"
    )]
    MayHaveGone { key: String },
    #[error("the letter {key} is being sent at this moment")]
    BeingSent { key: String },
    #[error("the letter {key} was worth sending until {}; now it says nothing new", .until.format("%Y-%m-%d %H:%M"))]
    Stale { key: String, until: DateTime<FixedOffset> },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is to become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    pub ruling: LetterRuling,
    /// The person has looked: a letter of unknown fate did not go out.
    pub not_sent: bool,
}

/// Does what the person says, and tells the reason as it stands at the letter from now on.
///
/// # Errors
/// [`RulingError`]; then nothing has changed.
pub async fn rule(store: &Store, letter: &StoredLetter, word: Word, person: Person<'_>) -> Result<String, RulingError> {
    let key = letter.order.key.text();
    allowed(letter, word, person.now)?;
    let (state, told) = match word.ruling {
        LetterRuling::Held => (LetterState::Held, "暂停"),
        LetterRuling::Released => (LetterState::Queued, "放行"),
        LetterRuling::Cancelled => (LetterState::Cancelled, "取消"),
    };
    let reason = format!("由{}{told}", person.name);
    let event = Event {
        id: 0,
        act: 0,
        at: person.now,
        campaign: letter.order.campaign.clone(),
        unit: letter.order.unit.clone(),
        mail: None,
        by: Actor::Person(person.name.to_owned()),
        kind: EventKind::LetterRuled { key: key.clone(), ruling: word.ruling },
    };
    if store.set_letter_state(&letter.order.key, state, &reason, Some(&event), person.now).await? {
        Ok(reason)
    } else {
        Err(RulingError::BeingSent { key })
    }
}

fn allowed(letter: &StoredLetter, word: Word, now: DateTime<FixedOffset>) -> Result<(), RulingError> {
    let key = || letter.order.key.text();
    let wrong = |word| Err(RulingError::WrongState { key: key(), state: letter.state, word });
    match word.ruling {
        LetterRuling::Held if letter.state == LetterState::Queued => Ok(()),
        LetterRuling::Held => wrong("held"),
        LetterRuling::Released => match letter.state {
            LetterState::Unknown if !word.not_sent => Err(RulingError::MayHaveGone { key: key() }),
            LetterState::Held | LetterState::Unknown => match letter.order.expires_at {
                Some(until) if until <= now => Err(RulingError::Stale { key: key(), until }),
                Some(_) | None => Ok(()),
            },
            LetterState::Queued
            | LetterState::Sending
            | LetterState::Sent
            | LetterState::Refused
            | LetterState::Cancelled => wrong("released"),
        },
        LetterRuling::Cancelled => match letter.state {
            LetterState::Queued | LetterState::Held | LetterState::Unknown | LetterState::Refused => Ok(()),
            LetterState::Sending | LetterState::Sent | LetterState::Cancelled => wrong("cancelled"),
        },
    }
}
