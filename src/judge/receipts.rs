//! Whether a submission is answered with a receipt, to whom, and with which facts.

use serde::{Deserialize, Serialize};

use super::decide::{Filed, Past, Times, may_answer};
use super::letters::{AnswerFacts, ReceiptFacts};
use super::register::Register;
use crate::model::campaign::Campaign;
use crate::model::decision::Understanding;
use crate::model::form::FindingCode;
use crate::model::letter::{LetterKey, LetterOrder};
use crate::model::mail::Mail;
use crate::model::returns::TableReturn;

/// Letters to one sender within a day (mail.md 22).
const MOST_A_DAY: u32 = 10;
/// Receipts that say the same, to one sender within a day (mail.md 22).
const MOST_ALIKE_A_DAY: u32 = 2;

/// What the outbox keeps of a letter about a mail: what it tells, and the thread it stands in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thread<L> {
    #[serde(flatten)]
    pub letter: L,
    /// Without angle brackets.
    pub in_reply_to: Option<String>,
    /// Without angle brackets, oldest first.
    pub references: Vec<String>,
}

/// What such a letter tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailLetter {
    Receipt(ReceiptFacts),
    /// A later word of the office.
    Answer(AnswerFacts),
}

impl<L> Thread<L> {
    /// Puts a letter into the thread of this mail.
    #[must_use]
    pub fn of(mail: &Mail, letter: L) -> Self {
        let headers = &mail.headers;
        Self {
            letter,
            in_reply_to: headers.message_id.clone(),
            references: headers.references.iter().chain(&headers.message_id).cloned().collect(),
        }
    }
}

/// Whether the receipt of which the outbox keeps these facts says that the office looks at what came; so too where it
/// cannot be read, since then nobody knows better.
#[must_use]
pub fn says_that_the_office_looks(facts: &serde_json::Value) -> bool {
    match serde_json::from_value::<Thread<MailLetter>>(facts.clone()) {
        Ok(Thread { letter: MailLetter::Receipt(receipt), .. }) => receipt.says_that_the_office_looks(),
        Ok(Thread { letter: MailLetter::Answer(_), .. }) | Err(_) => true,
    }
}

/// Nothing but a blank form that came before: a machine sends our own reminder back, and has been told once.
fn is_blank_again(understanding: &Understanding, filed: &Filed) -> bool {
    let is_blank = |table: &TableReturn| table.findings.iter().any(|finding| finding.code == FindingCode::BlankForm);
    filed.only_duplicates && understanding.reports.is_empty() && understanding.tables.iter().all(is_blank)
}

/// The receipt this submission is owed, if any.
#[must_use]
pub fn owed(
    understanding: &Understanding,
    register: &Register,
    campaign: &Campaign,
    past: &Past,
    filed: &Filed,
    times: Times,
) -> Option<LetterOrder> {
    // A forger learns nothing of what stands for the unit.
    if filed.sender_denied {
        return None;
    }
    let claim = understanding.unit.as_ref()?;
    let unit = campaign.roster.unit(&claim.code)?;
    let [from] = understanding.mail.headers.from.as_slice() else { return None };
    let too_many =
        past.answers_today >= MOST_A_DAY || (filed.only_duplicates && past.duplicates_today >= MOST_ALIKE_A_DAY);
    if too_many
        || is_blank_again(understanding, filed)
        || !may_answer(understanding, register)
        || !from.address.contains('@')
    {
        return None;
    }
    let before = past.ledgers.get(&claim.code).cloned().unwrap_or_default();
    let receipt = ReceiptFacts::new(campaign, understanding, unit, &before, &filed.ledger_after, times.received_at);
    let facts = Thread::of(&understanding.mail, MailLetter::Receipt(receipt));
    Some(LetterOrder {
        key: LetterKey::Ack { mail: understanding.mail.sha256.clone() },
        campaign: campaign.id.clone(),
        unit: Some(claim.code.clone()),
        recipients: vec![from.address.clone()],
        facts: serde_json::to_value(facts).unwrap_or_default(),
        due_at: times.now,
        expires_at: None,
    })
}
