//! The reminder (催报): what a unit still owes, until when, and how to send it.

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use super::remarks::{Remark, Weight, told};
use super::words::{Due, Office, clean, due_of, local, office, short_moment};
use crate::model::campaign::{Campaign, ReminderStage};
use crate::model::ledger::{ItemStatus, UnitLedger};
use crate::model::returns::{Finding, Item};
use crate::model::unit::Unit;

/// Findings restated for one item at most: the receipt has told them all.
const BRIEFLY: usize = 5;

/// What one reminder tells; kept in the outbox as JSON until the letter is sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReminderFacts {
    unit: String,
    stage: String,
    as_of: DateTime<FixedOffset>,
    items: Vec<Owed>,
    /// The unit's own deadline, where the office gave it one.
    #[serde(default)]
    extended_until: Option<DateTime<FixedOffset>>,
}

/// One item and how it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Owed {
    item: Item,
    status: ItemStatus,
    /// When the filing that needs correction came.
    received_at: Option<DateTime<FixedOffset>>,
    remarks: Vec<Remark>,
    more_remarks: usize,
}

impl ReminderFacts {
    /// The facts for one unit as its ledger stands at `now`.
    #[must_use]
    pub fn new(
        campaign: &Campaign,
        unit: &Unit,
        ledger: &UnitLedger,
        stage: &ReminderStage,
        now: DateTime<FixedOffset>,
    ) -> Self {
        let owed = |item: Item| {
            let standing = ledger.items.get(&item);
            Owed {
                item,
                status: standing.map_or(ItemStatus::Missing, |standing| standing.status()),
                received_at: standing.and_then(|standing| Some(standing.current.as_ref()?.filing.received_at)),
                remarks: Vec::new(),
                more_remarks: 0,
            }
        };
        Self {
            unit: clean(&unit.name, 60),
            stage: stage.name(),
            as_of: now,
            items: campaign.items.iter().map(|due| owed(due.item)).collect(),
            extended_until: ledger.extended_until,
        }
    }

    /// Adds what was found wrong with the filing of `item` that stands, read from the file of this name.
    #[must_use]
    pub fn with_findings(mut self, item: Item, file: &str, findings: &[Finding]) -> Self {
        if let Some(owed) = self.items.iter_mut().find(|owed| owed.item == item) {
            let mut remarks: Vec<Remark> = told(findings).map(|finding| Remark::new(file, finding)).collect();
            remarks.retain(|remark| remark.weight == Weight::Mend);
            owed.more_remarks = remarks.len().saturating_sub(BRIEFLY);
            remarks.truncate(BRIEFLY);
            owed.remarks = remarks;
        }
        self
    }

    /// Whether the unit itself has anything to do; otherwise no reminder is due.
    #[must_use]
    pub fn owes_anything(&self) -> bool {
        self.items.iter().any(|owed| matches!(owed.status, ItemStatus::Missing | ItemStatus::NeedsCorrection))
    }

    /// Whether the table has not come at all, so that a form to fill in helps.
    #[must_use]
    pub fn asks_for_form(&self) -> bool {
        self.items.iter().any(|owed| owed.item == Item::Table && owed.status == ItemStatus::Missing)
    }

    /// The facts in the words the templates use.
    pub(super) fn view(&self, campaign: &Campaign, now: DateTime<FixedOffset>) -> ReminderView {
        let of = |wanted: ItemStatus| self.items.iter().filter(move |owed| owed.status == wanted);
        let titles = |wanted| of(wanted).map(|owed| campaign.item_title(owed.item).to_owned()).collect();
        ReminderView {
            office: office(campaign, now),
            due: due_of(campaign, self.extended_until, now),
            unit: self.unit.clone(),
            as_of: short_moment(local(campaign, self.as_of)),
            missing: titles(ItemStatus::Missing),
            to_correct: of(ItemStatus::NeedsCorrection)
                .map(|owed| ToCorrect {
                    title: campaign.item_title(owed.item).to_owned(),
                    received: owed.received_at.map(|at| short_moment(local(campaign, at))).unwrap_or_default(),
                    remarks: owed.remarks.clone(),
                    more: owed.more_remarks,
                })
                .collect(),
            in_review: titles(ItemStatus::NeedsReview),
            done: titles(ItemStatus::Accepted),
            form: campaign.form.title.clone(),
            attached: if self.asks_for_form() { campaign.form.title.clone() } else { String::new() },
            asks_for_table: of(ItemStatus::Missing).any(|owed| owed.item == Item::Table),
            asks_for_report: of(ItemStatus::Missing).any(|owed| owed.item == Item::Report),
        }
    }
}

/// What `reminder.txt` and `reminder.html` see.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct ReminderView {
    office: Office,
    due: Due,
    unit: String,
    as_of: String,
    missing: Vec<String>,
    to_correct: Vec<ToCorrect>,
    in_review: Vec<String>,
    done: Vec<String>,
    /// Title of the form.
    form: String,
    /// Title of the blank form that goes with the letter; empty where none does.
    attached: String,
    asks_for_table: bool,
    asks_for_report: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct ToCorrect {
    title: String,
    received: String,
    remarks: Vec<Remark>,
    more: usize,
}
