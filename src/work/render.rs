//! A letter that is owed, made into the letter that is sent: what it says is decided at that moment.

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use super::WorkError;
use super::collect::{self, Span};
use super::enclose::{Copyist, XLSX, fit_for_files};
use super::owe::looked_at;
use super::workbook::{self, Filling};
use crate::judge::arrears::readers;
use crate::judge::letters::{
    self, AlertFacts, ArrearsFacts, DigestFacts, FinalFacts, ReminderFacts, Rendered, Template, TemplateError,
};
use crate::judge::receipts::{MailLetter, Thread};
use crate::judge::register::Register;
use crate::judge::{due, progress};
use crate::model::campaign::Campaign;
use crate::model::decision::Returned;
use crate::model::ledger::ItemStatus;
use crate::model::letter::{Enclosure, Letter, LetterKey, LetterOrder};
use crate::model::returns::{Finding, Item};
use crate::model::standing::{self, UnitStanding};
use crate::model::unit::{Unit, UnitCode};
use crate::store::{Store, StoredLetter};

/// What became of a letter's turn.
pub enum Rendering {
    Letter(Box<Letter>),
    /// It is no longer owed; why.
    NotOwed(String),
    /// It cannot be made; a person must mend something.
    Faulty(String),
}

/// The body of a letter with its thread.
struct Content {
    rendered: Rendered,
    attachments: Vec<Enclosure>,
    in_reply_to: Option<String>,
    references: Vec<String>,
}

impl Content {
    fn plain(rendered: Rendered) -> Self {
        Self { rendered, attachments: Vec::new(), in_reply_to: None, references: Vec::new() }
    }
}

/// Facts of an alert as the outbox keeps them.
#[derive(Serialize, Deserialize)]
pub struct AlertOrder(pub AlertFacts);

/// Makes the letter, or says why not. `span` matters to digests alone.
///
/// # Errors
/// The store's.
pub async fn letter(
    store: &Store,
    register: &Register,
    copyist: Copyist<'_>,
    stored: &StoredLetter,
    span: Span,
    now: DateTime<FixedOffset>,
) -> Result<Rendering, WorkError> {
    let order = &stored.order;
    let Some(campaign) = register.campaign(&order.campaign) else {
        return Ok(Rendering::Faulty(format!("the campaign {} is not configured", order.campaign)));
    };
    let content = match &order.key {
        LetterKey::Ack { .. } | LetterKey::Answer { .. } => about_mail(store, campaign, copyist, order, now).await?,
        LetterKey::Reminder { unit, stage, .. } => match reminder(store, campaign, unit, stage, now).await? {
            Some(content) => content,
            None => return Ok(Rendering::NotOwed("nothing is owed any more".to_owned())),
        },
        LetterKey::Arrears { stage, reader, .. } => match arrears(store, campaign, stage, reader, now).await? {
            Some(content) => content,
            None => return Ok(Rendering::NotOwed("nothing is owed any more".to_owned())),
        },
        LetterKey::Digest { slot, .. } => match digest(store, register, campaign, slot, span, now).await? {
            Some(content) => content,
            None => return Ok(Rendering::NotOwed("the deadline was moved".to_owned())),
        },
        LetterKey::Alert { .. } => alert(campaign, order.facts.clone(), now),
    };
    let content = match content {
        Ok(content) => content,
        Err(fault) => return Ok(Rendering::Faulty(fault.to_string())),
    };
    Ok(Rendering::Letter(Box::new(Letter {
        kind: order.key.kind(),
        campaign: order.campaign.clone(),
        unit: order.unit.clone(),
        message_id: stored.message_id.clone(),
        recipients: order.recipients.clone(),
        subject: content.rendered.subject,
        text: content.rendered.text,
        html: content.rendered.html,
        pictures: content.rendered.pictures,
        attachments: content.attachments,
        in_reply_to: content.in_reply_to,
        references: content.references,
        date: now,
    })))
}

/// The letters of a template from sample data, for a look; their Message-IDs are nobody's.
///
/// # Errors
/// The template's; a form that no workbook can hold.
pub fn samples(
    campaign: &Campaign,
    template: Template,
    unit: &Unit,
    now: DateTime<FixedOffset>,
) -> Result<Vec<Letter>, WorkError> {
    let blank = template == Template::Reminder && campaign.asks_for(Item::Table);
    let form = if blank { Some(blank_form(campaign, unit)?) } else { None };
    let to = unit.emails.first().filter(|_| template.is_to_a_unit()).or(Some(&campaign.contact.email));
    let letter = |rendered: Rendered| Letter {
        kind: template.kind(),
        campaign: campaign.id.clone(),
        unit: template.is_to_a_unit().then(|| unit.code.clone()),
        message_id: format!("{}.preview@mailtally.invalid", template.as_str()),
        recipients: to.cloned().into_iter().collect(),
        subject: rendered.subject,
        text: rendered.text,
        html: rendered.html,
        pictures: rendered.pictures,
        attachments: form.iter().cloned().collect(),
        in_reply_to: None,
        references: Vec::new(),
        date: now,
    };
    Ok(letters::samples(campaign, template, unit, now)?.into_iter().map(letter).collect())
}

/// Why a letter could not be made.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error("the letter's facts cannot be read: {0}")]
    Facts(#[from] serde_json::Error),
}

/// A receipt, or a later word of the office, in the thread of the mail.
async fn about_mail(
    store: &Store,
    campaign: &Campaign,
    copyist: Copyist<'_>,
    order: &LetterOrder,
    now: DateTime<FixedOffset>,
) -> Result<Result<Content, Fault>, WorkError> {
    let thread: Result<Thread<MailLetter>, _> = serde_json::from_value(order.facts.clone());
    let Thread { letter, in_reply_to, references } = match thread {
        Ok(thread) => thread,
        Err(error) => return Ok(Err(error.into())),
    };
    let (rendered, attachments) = match letter {
        MailLetter::Receipt(facts) => {
            let enclosures = copyist.enclosures(store, campaign, &facts).await?;
            let (attachments, enclosed) = enclosures.into_iter().unzip();
            (letters::receipt(campaign, &facts.enclosing(enclosed), now), attachments)
        }
        MailLetter::Answer(facts) => {
            let events = match &order.unit {
                Some(unit) => store.events_of(&campaign.id, unit).await?,
                None => Vec::new(),
            };
            (letters::answer(campaign, &facts, &progress::fold(&events), now), Vec::new())
        }
    };
    let content = |rendered| Content { rendered, attachments, in_reply_to, references };
    Ok(rendered.map(content).map_err(Fault::from))
}

fn alert(campaign: &Campaign, facts: serde_json::Value, now: DateTime<FixedOffset>) -> Result<Content, Fault> {
    let AlertOrder(facts) = serde_json::from_value(facts)?;
    Ok(Content::plain(letters::alert(campaign, &facts, now)?))
}

/// The reminder as it is true now; `None` where nothing is owed any more.
async fn reminder(
    store: &Store,
    campaign: &Campaign,
    code: &UnitCode,
    stage: &str,
    now: DateTime<FixedOffset>,
) -> Result<Option<Result<Content, Fault>>, WorkError> {
    let events = store.events_of(&campaign.id, code).await?;
    let standing = progress::standing(campaign, &events, now);
    let Some(unit) = standing.units.iter().find(|unit| &unit.unit.code == code) else { return Ok(None) };
    // A deadline of its own that was given or taken back since has stages of its own.
    let Some(stage) = due::stage_of_key(campaign, stage, unit.extended_until) else { return Ok(None) };
    let owed = due::owed(unit);
    if owed.is_empty() || !looked_at(store, &events).await?.is_empty() {
        return Ok(None);
    }
    let ledger = progress::fold(&events);
    let mut facts = ReminderFacts::new(campaign, &unit.unit, &ledger, stage, now);
    for (item, _) in owed.iter().filter(|(_, status)| *status == ItemStatus::NeedsCorrection) {
        let Some(current) = ledger.items.get(item).and_then(|item| item.current.as_ref()) else { continue };
        let readings = store.readings_of_many(&[(current.mail.clone(), *item, current.filing.piece.clone())]).await?;
        if let Some(reading) = readings.first() {
            facts = facts.with_findings(*item, &reading.file_name, findings(&reading.returned));
        }
    }
    let rendered = match letters::reminder(campaign, &facts, now) {
        Ok(rendered) => rendered,
        Err(fault) => return Ok(Some(Err(fault.into()))),
    };
    let attachments = if facts.asks_for_form() { vec![blank_form(campaign, &unit.unit)?] } else { Vec::new() };
    Ok(Some(Ok(Content { attachments, ..Content::plain(rendered) })))
}

/// The campaign's form with the unit's name in it, ready to be filled in.
fn blank_form(campaign: &Campaign, unit: &Unit) -> Result<Enclosure, WorkError> {
    let bytes = workbook::form_filled(campaign, &unit.name, Filling::default())
        .map_err(|error| WorkError::Workbook(error.to_string()))?;
    let name = format!(
        "{}（{}）.xlsx",
        letters::clean(campaign.form.title.trim_matches(['《', '》']), 60),
        letters::clean(&unit.name, 40)
    );
    Ok(Enclosure { name: fit_for_files(&name), media_type: XLSX.to_owned(), bytes })
}

/// The list for a superior or a copy as it is true now; `None` where no unit on it owes anything any more.
async fn arrears(
    store: &Store,
    campaign: &Campaign,
    stage: &str,
    reader: &str,
    now: DateTime<FixedOffset>,
) -> Result<Option<Result<Content, Fault>>, WorkError> {
    let events = store.events(&campaign.id).await?;
    let standing = progress::standing(campaign, &events, now);
    let looked_at = looked_at(store, &events).await?;
    let mut name: Option<String> = None;
    let mut units: Vec<&UnitStanding> = Vec::new();
    for unit in &standing.units {
        let Some(stage) = due::stage_of_key(campaign, stage, unit.extended_until) else { continue };
        let found = readers(campaign, &unit.unit, stage).into_iter().find(|known| known.address == reader);
        let owes = !due::owed(unit).is_empty() && !looked_at.contains(&unit.unit.code);
        if let Some(found) = found.filter(|_| owes) {
            name = name.or(found.name);
            units.push(unit);
        }
    }
    if units.is_empty() {
        return Ok(None);
    }
    let facts = ArrearsFacts::new(campaign, name.as_deref(), &units, now);
    Ok(Some(letters::arrears(campaign, &facts).map(Content::plain).map_err(Fault::from)))
}

fn findings(returned: &Returned) -> &[Finding] {
    match returned {
        Returned::Table(table) => &table.findings,
        Returned::Report(report) => &report.findings,
    }
}

async fn digest(
    store: &Store,
    register: &Register,
    campaign: &Campaign,
    slot: &str,
    span: Span,
    now: DateTime<FixedOffset>,
) -> Result<Option<Result<Content, Fault>>, WorkError> {
    let is_final = due::is_final(slot);
    if is_final && slot != due::final_slot(campaign) {
        return Ok(None);
    }
    let mut faults = collect::faults(store, now).await?;
    let notes = register.notes().iter().map(|note| standing::Fault { text: note.text.clone(), grave: false });
    faults.extend(notes);
    let input = collect::digest_input(store, campaign, span, now, faults).await?;
    let rendered = if is_final {
        let closing = collect::closing(store, campaign, span).await?;
        letters::final_report(campaign, &FinalFacts::new(campaign, &input, &closing))
    } else {
        letters::digest(campaign, &DigestFacts::new(campaign, &input))
    };
    let rendered = match rendered {
        Ok(rendered) => rendered,
        Err(fault) => return Ok(Some(Err(fault.into()))),
    };
    let bytes = workbook::consolidated(campaign, &input.standing, &input.tables, &input.reviews)
        .map_err(|error| WorkError::Workbook(error.to_string()))?;
    let name = match slot.get(..10) {
        Some(day) if !is_final => format!("汇总表-{day}.xlsx"),
        _ => format!("汇总表-终报-{}.xlsx", now.format("%Y-%m-%d")),
    };
    let attachments = vec![Enclosure { name, media_type: XLSX.to_owned(), bytes }];
    Ok(Some(Ok(Content { attachments, ..Content::plain(rendered) })))
}
