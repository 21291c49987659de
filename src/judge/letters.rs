//! Letters: facts in, subject, text and HTML out, through templates that an office can edit.
//!
//! Every letter has facts (what is told, kept as JSON in the outbox where it cannot be looked up again), a view
//! (those facts in Chinese words, as the templates see them) and a pair of templates. The subject is the first line
//! of the text template: `主题：…`.

mod alert;
mod answer;
mod arrears;
mod corrections;
mod digest;
mod engine;
mod final_report;
mod first_time;
pub mod labels;
mod mail_ledger;
mod receipt;
mod receipt_view;
mod remarks;
mod reminder;
mod sample;
mod table;
mod template;
mod words;

use std::fmt;

use chrono::{DateTime, FixedOffset};

use crate::model::campaign::Campaign;
use crate::model::ledger::UnitLedger;
use crate::model::letter::{Enclosure, LetterKind};
use crate::model::unit::Unit;

pub use alert::AlertFacts;
pub use answer::{AnswerFacts, Word};
pub use arrears::ArrearsFacts;
pub use corrections::{CorrectedTable, Correction, Enclosed};
pub use digest::DigestFacts;
pub use final_report::FinalFacts;
pub use receipt::ReceiptFacts;
pub use remarks::told;
pub use reminder::ReminderFacts;
pub use table::column_name;
pub use template::Template;
pub(in crate::judge) use words::figure;
pub use words::{clean, day, moment, weekday};

/// A letter as its templates made it, before it has a recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// One line, free of control characters.
    pub subject: String,
    pub text: String,
    pub html: String,
    /// Pictures the HTML refers to as `cid:<name>`.
    pub pictures: Vec<Enclosure>,
}

/// Why a template made no letter. Shown to the office, so in its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// Name of the template file, such as `ack.html`.
    pub file: String,
    /// Counted from 1, where it is known.
    pub line: Option<usize>,
    pub message: String,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(formatter, "{} 第 {line} 行：{}", self.file, self.message),
            None => write!(formatter, "{}：{}", self.file, self.message),
        }
    }
}

impl std::error::Error for TemplateError {}

/// The receipt (回执) for one mail. `now` dates the letter and counts the days that are left.
///
/// # Errors
/// Where a template is missing or faulty.
pub fn receipt(
    campaign: &Campaign,
    facts: &ReceiptFacts,
    now: DateTime<FixedOffset>,
) -> Result<Rendered, TemplateError> {
    engine::render(&campaign.templates, LetterKind::Ack, &facts.view(campaign, now))
}

/// The office's own word about a mail: an item of it is taken, or given back. How the unit stands is told as its ledger
/// says at `now`.
///
/// # Errors
/// Where a template is faulty.
pub fn answer(
    campaign: &Campaign,
    facts: &AnswerFacts,
    ledger: &UnitLedger,
    now: DateTime<FixedOffset>,
) -> Result<Rendered, TemplateError> {
    let view = facts.view(campaign, ledger, now);
    match &campaign.templates.answer {
        Some(pair) => engine::render_pair("answer", &pair.text, &pair.html, &view),
        None => engine::render_pair("answer", answer::TEXT, answer::HTML, &view),
    }
}

/// The reminder (催报). Its wording follows the days that are left at `now`, not the stage it was planned for, so that
/// a letter that had to wait still tells the truth.
///
/// # Errors
/// Where a template is missing or faulty.
pub fn reminder(
    campaign: &Campaign,
    facts: &ReminderFacts,
    now: DateTime<FixedOffset>,
) -> Result<Rendered, TemplateError> {
    engine::render(&campaign.templates, LetterKind::Reminder, &facts.view(campaign, now))
}

/// The list of units that still owe something, for a superior or one who gets a copy.
///
/// # Errors
/// Where a template is faulty.
pub fn arrears(campaign: &Campaign, facts: &ArrearsFacts) -> Result<Rendered, TemplateError> {
    match &campaign.templates.arrears {
        Some(pair) => engine::render_pair("arrears", &pair.text, &pair.html, facts),
        None => engine::render_pair("arrears", arrears::TEXT, arrears::HTML, facts),
    }
}

/// The daily digest (每日简报), as of the moment of its standing.
///
/// # Errors
/// Where a template is missing or faulty.
pub fn digest(campaign: &Campaign, facts: &DigestFacts) -> Result<Rendered, TemplateError> {
    let rendered = engine::render(&campaign.templates, LetterKind::Digest, facts)?;
    Ok(Rendered { pictures: facts.pictures(&rendered.html), ..rendered })
}

/// The final report (终报), as of the moment of its standing.
///
/// # Errors
/// Where a template is faulty.
pub fn final_report(campaign: &Campaign, facts: &FinalFacts) -> Result<Rendered, TemplateError> {
    let rendered = match &campaign.templates.final_report {
        Some(pair) => engine::render_pair("final", &pair.text, &pair.html, facts)?,
        None => engine::render_pair("final", final_report::TEXT, final_report::HTML, facts)?,
    };
    Ok(Rendered { pictures: facts.pictures(&rendered.html), ..rendered })
}

/// An alert to staff: something stands still until a person acts.
///
/// # Errors
/// Where a template is missing or faulty.
pub fn alert(campaign: &Campaign, facts: &AlertFacts, now: DateTime<FixedOffset>) -> Result<Rendered, TemplateError> {
    engine::render(&campaign.templates, LetterKind::Alert, &facts.view(campaign, now))
}

/// The letters one template makes as this unit would get them, with sample data where mail would speak: for a look at the
/// templates. One letter, but for the office's own word, which has a letter for each word.
///
/// # Errors
/// Where a template is missing or faulty.
pub fn samples(
    campaign: &Campaign,
    template: Template,
    unit: &Unit,
    now: DateTime<FixedOffset>,
) -> Result<Vec<Rendered>, TemplateError> {
    sample::of(campaign, template, unit, now)
}

/// Renders every template with samples of every situation (full and empty, before and after the deadline) and returns
/// what is wrong with them, each mistake once. The samples are made from the campaign's own form and roster.
#[must_use]
pub fn check(campaign: &Campaign) -> Vec<TemplateError> {
    let mut mistakes: Vec<TemplateError> = Vec::new();
    for mistake in sample::every_letter(campaign).into_iter().filter_map(Result::err) {
        if !mistakes.contains(&mistake) {
            mistakes.push(mistake);
        }
    }
    mistakes
}
