//! The office's own word about a mail: an item of it is taken, given back to be mended, or an earlier word is withdrawn.

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use super::receipt::{ItemFacts, Outcome};
use super::receipt_view::ItemView;
use super::table::column_name;
use super::words::{Due, Office, clean, due_of, figure, local, moment, office, within_title_marks};
use crate::judge::changes::Change;
use crate::model::campaign::Campaign;
use crate::model::ledger::{ItemLedger, UnitLedger};
use crate::model::mail::Digest;
use crate::model::returns::Item;

/// The words used where a campaign has none of its own: `answer.txt` and `answer.html` in its folder.
pub(super) const TEXT: &str = include_str!("answer.txt");
pub(super) const HTML: &str = include_str!("answer.html");

/// Longest reason told, in characters.
const LONGEST_REASON: usize = 500;

/// What one such letter tells; kept in the outbox as JSON until it is sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswerFacts {
    pub unit: String,
    pub mail: Digest,
    pub received_at: DateTime<FixedOffset>,
    pub subject: String,
    pub word: Word,
    /// The items it is about; empty where it is about the files of the mail.
    pub items: Vec<Item>,
    /// What an accepted table changes of the figures that counted before.
    pub changes: Vec<Change>,
}

/// The office's word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    Accepted,
    /// What the unit is asked to mend, in the office's own words.
    Returned {
        reason: String,
    },
    /// What was told of the mail before holds no more.
    Withdrawn,
}

impl AnswerFacts {
    /// Whether both say the same of the same mail.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.mail == other.mail && self.unit == other.unit && self.word == other.word && self.items == other.items
    }

    /// The facts in the words the templates use.
    pub(super) fn view(&self, campaign: &Campaign, ledger: &UnitLedger, now: DateTime<FixedOffset>) -> AnswerView {
        let nothing = ItemLedger::default();
        let items: Vec<ItemFacts> = campaign
            .items
            .iter()
            .map(|due| ItemFacts {
                item: due.item,
                status: ledger.items.get(&due.item).unwrap_or(&nothing).status(),
                outcome: Outcome::Absent,
                late: false,
                changes: Vec::new(),
                incomparable: false,
            })
            .collect();
        let titles = |wanted: &str| -> Vec<String> {
            let standing = items.iter().filter(|item| item.tone() == wanted);
            standing.map(|item| campaign.item_title(item.item).to_owned()).collect()
        };
        AnswerView {
            office: office(campaign, now),
            due: due_of(campaign, ledger.extended_until, now),
            unit: clean(&self.unit, 60),
            received: moment(local(campaign, self.received_at)),
            subject: within_title_marks(&clean(&self.subject, 120)),
            word: match self.word {
                Word::Accepted => "accepted",
                Word::Returned { .. } => "returned",
                Word::Withdrawn => "withdrawn",
            },
            about: self.items.iter().map(|item| campaign.item_title(*item).to_owned()).collect(),
            reason: match &self.word {
                Word::Returned { reason } => clean(reason, LONGEST_REASON),
                Word::Accepted | Word::Withdrawn => String::new(),
            },
            missing: titles("owed"),
            to_correct: titles("mend"),
            in_review: titles("wait"),
            done: titles("good"),
            items: items.iter().map(|item| item.view(campaign)).collect(),
            changes: self.changes.clone(),
            figures: self.figures(campaign, ledger),
            mail: self.mail.short().to_owned(),
        }
    }

    /// What counts of the unit now, where its table was accepted.
    fn figures(&self, campaign: &Campaign, ledger: &UnitLedger) -> Vec<FigureView> {
        if self.word != Word::Accepted || !self.items.contains(&Item::Table) {
            return Vec::new();
        }
        let totals = crate::judge::progress::counted_totals(ledger);
        let figures = totals.map(|totals| {
            campaign.form.number_columns().map(|column| FigureView {
                header: column_name(&campaign.form, column),
                value: totals
                    .get(&column.key)
                    .copied()
                    .flatten()
                    .map_or_else(|| "—".to_owned(), |total| figure(total, column.kind)),
            })
        });
        figures.into_iter().flatten().collect()
    }
}

/// What `answer.txt` and `answer.html` see.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct AnswerView {
    office: Office,
    due: Due,
    unit: String,
    received: String,
    subject: String,
    /// `accepted`, `returned`, `withdrawn`
    word: &'static str,
    /// Titles of the items it is about; may be empty.
    about: Vec<String>,
    reason: String,
    items: Vec<ItemView>,
    missing: Vec<String>,
    to_correct: Vec<String>,
    in_review: Vec<String>,
    done: Vec<String>,
    changes: Vec<Change>,
    figures: Vec<FigureView>,
    mail: String,
}

/// A figure that counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct FigureView {
    header: String,
    value: String,
}
