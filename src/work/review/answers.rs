//! The letters that follow from a person's act: at most one an act, in the thread of the mail, to its sender.

use std::collections::BTreeSet;

use serde_json::Value;

use super::change::Change;
use super::{ActError, Letter, understood_today};
use crate::judge::changes::Change as Difference;
use crate::judge::decide::may_answer;
use crate::judge::letters::{AnswerFacts, Word};
use crate::judge::receipts::{MailLetter, Thread};
use crate::model::decision::Understanding;
use crate::model::ledger::{Event, EventKind};
use crate::model::letter::{LetterKey, LetterOrder, LetterState};
use crate::model::mail::Digest;
use crate::model::returns::Item;
use crate::model::unit::UnitCode;
use crate::store::StoredLetter;

/// What the office says about a mail.
pub(super) struct Answered {
    pub word: Word,
    pub items: Vec<Item>,
    pub changes: Vec<Difference>,
}

/// Where a letter goes, and the thread it stands in.
struct Addressed {
    recipient: String,
    understanding: Option<Box<Understanding>>,
}

impl Change<'_> {
    /// Owes the receipt a mail is due once it is known whose it is. Where one went out before, it is another letter; one
    /// that still waits to go out would say what holds no more.
    pub async fn receipt(&mut self, mail: &Digest, orders: Vec<LetterOrder>) -> Result<(), ActError> {
        let known = self.desk.store.letters_about(mail).await?;
        let Some(mut order) = orders.into_iter().next() else { return Ok(()) };
        self.act
            .withdrawn
            .extend(known.iter().filter(|letter| still_here(letter)).map(|letter| letter.order.key.clone()));
        if !known.is_empty() {
            order.key = next_key(mail, &known);
        }
        self.owe(order);
        Ok(())
    }

    /// Owes the office's own word about a mail, unless the last that was said of it is the same.
    pub async fn answer(&mut self, mail: &Digest, unit: Option<&UnitCode>, answered: Answered) -> Result<(), ActError> {
        let record = self.desk.store.mail(mail).await?;
        let Some(record) = record else { return Ok(()) };
        let campaign = record.campaign.clone().unwrap_or_default();
        let register = self.desk.register();
        let known_unit = register.campaign(&campaign).and_then(|campaign| campaign.roster.unit(unit?));
        let name = known_unit.map(|unit| unit.name.clone()).unwrap_or_default();
        let roster = known_unit.and_then(|unit| unit.emails.first().cloned());
        let facts = AnswerFacts {
            unit: name,
            mail: mail.clone(),
            received_at: record.received_at,
            subject: record.subject.clone().unwrap_or_default(),
            word: answered.word,
            items: answered.items,
            changes: answered.changes,
        };
        let known = self.desk.store.letters_about(mail).await?;
        let standing = known.iter().rev().find(|letter| letter.state != LetterState::Cancelled);
        if standing.and_then(answer_of).is_some_and(|said| said.says_the_same(&facts)) {
            return Ok(());
        }
        let Some(Addressed { recipient, understanding }) = self.addressed(mail, roster).await? else {
            self.letter = Letter::NotPossible("来信不宜回复，名册中也没有该单位的邮箱，请电话告知".to_owned());
            return Ok(());
        };
        let letter = MailLetter::Answer(facts);
        let thread = match &understanding {
            Some(understanding) => Thread::of(&understanding.mail, letter),
            None => Thread { letter, in_reply_to: None, references: Vec::new() },
        };
        self.act.withdrawn.extend(
            known
                .iter()
                .filter(|letter| still_here(letter) && answer_of(letter).is_some())
                .map(|l| l.order.key.clone()),
        );
        self.owe(LetterOrder {
            key: next_key(mail, &known),
            campaign,
            unit: unit.cloned(),
            recipients: vec![recipient],
            facts: serde_json::to_value(thread).unwrap_or(Value::Null),
            due_at: self.person.now,
            expires_at: None,
        });
        Ok(())
    }

    /// The mail's sender, if it may be answered; else the unit's own address on the roster, outside the thread.
    async fn addressed(&self, mail: &Digest, roster: Option<String>) -> Result<Option<Addressed>, ActError> {
        if let Ok(understanding) = understood_today(self.desk, mail).await?
            && may_answer(&understanding, &self.desk.register())
            && let [from] = understanding.mail.headers.from.as_slice()
            && from.address.contains('@')
        {
            let recipient = from.address.clone();
            return Ok(Some(Addressed { recipient, understanding: Some(Box::new(understanding)) }));
        }
        Ok(roster.map(|recipient| Addressed { recipient, understanding: None }))
    }

    fn owe(&mut self, order: LetterOrder) {
        self.letter = Letter::Owed { key: order.key.clone(), held: self.act.held.is_some() };
        self.act.letters.push(order);
    }

    /// After an act was undone: its letters that have not gone out are withdrawn; who got one is told. Where an undoing
    /// is undone, the letters that were withdrawn are owed again, or said again to whom the opposite was told.
    pub async fn take_back_letters(
        &mut self,
        act: &[Event],
        targets: &[&Event],
        mails: &BTreeSet<Digest>,
    ) -> Result<(), ActError> {
        let Some(first) = act.first() else { return Ok(()) };
        for mail in mails {
            let known = self.desk.store.letters_about(mail).await?;
            let of_act = |letter: &&StoredLetter| letter.owed_at == first.at;
            let gone: Vec<&StoredLetter> =
                known.iter().filter(of_act).filter(|letter| went_out(letter.state)).collect();
            let here = known.iter().filter(of_act).filter(|letter| still_here(letter));
            self.act.withdrawn.extend(here.map(|letter| letter.order.key.clone()));
            let original = self.restored_act(targets, mail).await?;
            match (original, gone.last()) {
                (Some(at), gone) => {
                    let of_original = known.iter().filter(|letter| letter.owed_at == at);
                    for letter in of_original {
                        match letter.state {
                            LetterState::Cancelled => self.restore(letter),
                            state if went_out(state) && gone.is_some() => self.say_again(mail, &known, letter),
                            _ => {}
                        }
                    }
                }
                (None, Some(told)) => self.withdraw(mail, &known, told),
                (None, None) => {}
            }
        }
        Ok(())
    }

    /// When the act happened whose undoing is undone now; `None` where this is no such case.
    async fn restored_act(
        &self,
        targets: &[&Event],
        mail: &Digest,
    ) -> Result<Option<chrono::DateTime<chrono::FixedOffset>>, ActError> {
        for target in targets.iter().filter(|event| event.mail.as_ref() == Some(mail)) {
            if let EventKind::Undone { event_id, .. } = target.kind
                && let Some(event) = self.desk.store.event(event_id).await?
                && !matches!(event.kind, EventKind::Undone { .. })
            {
                return Ok(Some(event.at));
            }
        }
        Ok(None)
    }

    fn restore(&mut self, letter: &StoredLetter) {
        let key = letter.order.key.clone();
        self.letter = Letter::Owed { key: key.clone(), held: self.act.held.is_some() };
        self.act.restored.push(key);
    }

    fn say_again(&mut self, mail: &Digest, known: &[StoredLetter], letter: &StoredLetter) {
        let key = next_key(mail, known);
        self.owe(LetterOrder { key, due_at: self.person.now, expires_at: None, ..letter.order.clone() });
    }

    /// Tells whoever got a letter that it holds no more. Whose the mail is may be open again, so no unit is named where
    /// the letter was a receipt.
    fn withdraw(&mut self, mail: &Digest, known: &[StoredLetter], told: &StoredLetter) {
        let thread: Result<Thread<MailLetter>, _> = serde_json::from_value(told.order.facts.clone());
        let Ok(Thread { letter, in_reply_to, references }) = thread else { return };
        let (facts, unit) = match letter {
            MailLetter::Answer(facts) if facts.word == Word::Withdrawn => return,
            MailLetter::Answer(facts) => {
                (AnswerFacts { word: Word::Withdrawn, changes: Vec::new(), ..facts }, told.order.unit.clone())
            }
            MailLetter::Receipt(receipt) => (receipt.withdrawn(), None),
        };
        let thread = Thread { letter: MailLetter::Answer(facts), in_reply_to, references };
        let order = LetterOrder {
            key: next_key(mail, known),
            unit,
            facts: serde_json::to_value(thread).unwrap_or(Value::Null),
            due_at: self.person.now,
            expires_at: None,
            ..told.order.clone()
        };
        self.owe(order);
    }
}

/// The key of the next letter about a mail.
fn next_key(mail: &Digest, known: &[StoredLetter]) -> LetterKey {
    let last = known.iter().map(|letter| match letter.order.key {
        LetterKey::Answer { number, .. } => number,
        LetterKey::Ack { .. }
        | LetterKey::Reminder { .. }
        | LetterKey::Arrears { .. }
        | LetterKey::Digest { .. }
        | LetterKey::Alert { .. } => 0,
    });
    LetterKey::Answer { mail: mail.clone(), number: last.max().unwrap_or(0).saturating_add(1) }
}

fn answer_of(letter: &StoredLetter) -> Option<AnswerFacts> {
    match serde_json::from_value::<Thread<MailLetter>>(letter.order.facts.clone()).ok()?.letter {
        MailLetter::Answer(facts) => Some(facts),
        MailLetter::Receipt(_) => None,
    }
}

/// It has not gone out and could still.
fn still_here(letter: &StoredLetter) -> bool {
    matches!(letter.state, LetterState::Queued | LetterState::Held)
}

/// Somebody has it, or may have it.
fn went_out(state: LetterState) -> bool {
    matches!(state, LetterState::Sending | LetterState::Sent | LetterState::Unknown)
}
