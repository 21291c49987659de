//! `letters preview`: a letter as a unit would get it, to look at before anything is sent.

use std::path::{Path, PathBuf};

use chrono::{DateTime, FixedOffset};
use clap::Args;

use super::history::one_line;
use super::letters::shown;
use super::review_act::no_such_unit;
use super::setup::{self, Call};
use super::{CampaignArg, Failure, files};
use crate::config::Config;
use crate::judge::letters::Template;
use crate::judge::register::Register;
use crate::judge::{arrears, due, progress};
use crate::model::campaign::Campaign;
use crate::model::letter::{Letter, LetterKey, LetterOrder, LetterState};
use crate::model::mail::Address;
use crate::model::unit::{Unit, UnitCode};
use crate::post::compose;
use crate::store::{LetterFilter, Store, StoreError, StoredLetter};
use crate::work::collect::Span;
use crate::work::render::{self, Rendering};

#[derive(Args)]
pub(super) struct PreviewArgs {
    /// `ack`, `answer` (a person's word), `reminder`, `arrears` (the list for a superior), `digest`, `final` (the
    /// final report) or `alert`
    #[arg(value_name = "KIND", value_parser = template)]
    template: Template,
    /// Whose letter it is, by what is recorded of it; without it, what is to a unit is made from sample data
    #[arg(long, value_name = "CODE")]
    unit: Option<String>,
    /// Writes it there as .eml and .html with its attachments, instead of showing its text
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    campaign: CampaignArg,
}

fn template(text: &str) -> Result<Template, String> {
    Template::parse(text).ok_or_else(|| {
        let known: Vec<&str> = Template::ALL.into_iter().map(Template::as_str).collect();
        format!("a letter is one of {}", known.join(", "))
    })
}

pub(super) async fn preview(call: &Call, config: &Config, arguments: PreviewArgs) -> Result<(), Failure> {
    let PreviewArgs { template, unit, out, campaign } = arguments;
    let campaign = setup::campaign(&config.campaigns, campaign.id.as_deref())?;
    let named = match unit {
        Some(code) => {
            let code = UnitCode::new(&code);
            Some(campaign.roster.unit(&code).ok_or_else(|| no_such_unit(&code, campaign))?)
        }
        None => None,
    };
    let now = call.clock().now(config.offset);
    let letters = match recorded(config, campaign, template, named, now).await? {
        Some(letter) => vec![letter],
        None => {
            eprintln!("以下内容以示例数据生成：没有可据以生成此信的登记情况。");
            let unit = named.or(campaign.roster.units().first());
            let unit = unit.ok_or_else(|| Failure::Wrong("the roster is empty".to_owned()))?;
            render::samples(campaign, template, unit, now)?
        }
    };
    for (place, letter) in letters.iter().enumerate() {
        match &out {
            Some(folder) => write(config, campaign, &stem(template, letter, place), letter, folder)?,
            None => show(letter, place),
        }
    }
    Ok(())
}

fn show(letter: &Letter, place: usize) {
    if place > 0 {
        println!("\n────────────────\n");
    }
    println!("主题：{}\n\n{}", one_line(&letter.subject), shown(&letter.text));
    for file in &letter.attachments {
        println!("附件：{}", one_line(&file.name));
    }
}

/// The letter by what is recorded; `None` where that gives none.
async fn recorded(
    config: &Config,
    campaign: &Campaign,
    template: Template,
    unit: Option<&Unit>,
    now: DateTime<FixedOffset>,
) -> Result<Option<Letter>, Failure> {
    let store = match Store::open_reading(&config.storage_dir, config.offset).await {
        Ok(store) => store,
        Err(StoreError::Absent { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let Some(stored) = stored(&store, config, campaign, template, unit, now).await? else { return Ok(None) };
    let register: std::sync::Arc<Register> = setup::register(config);
    let copying = setup::Copying::from(config);
    match render::letter(&store, &register, copying.copyist(), &stored, Span::All, now).await? {
        Rendering::Letter(letter) => Ok(Some(*letter)),
        Rendering::NotOwed(_) => Ok(None),
        Rendering::Faulty(reason) => Err(Failure::Wrong(reason)),
    }
}

/// The letter as it would stand in the outbox: the unit's last receipt or answer, its reminder of today, the list on which
/// it stands, today's digest, the final report as it would be now.
async fn stored(
    store: &Store,
    config: &Config,
    campaign: &Campaign,
    template: Template,
    unit: Option<&Unit>,
    now: DateTime<FixedOffset>,
) -> Result<Option<StoredLetter>, Failure> {
    let (key, to) = match (template, unit) {
        (Template::Receipt | Template::Answer, Some(unit)) => return last_about(store, campaign, template, unit).await,
        (Template::Reminder, Some(unit)) => {
            let Some(stage) = campaign.reminders.first() else { return Ok(None) };
            let stage = due::stage_key(stage, extension(store, campaign, unit).await?);
            let key = LetterKey::Reminder { campaign: campaign.id.clone(), unit: unit.code.clone(), stage };
            (key, unit.emails.first().cloned().into_iter().collect())
        }
        (Template::Arrears, Some(unit)) => {
            let of_stage =
                |stage| arrears::readers(campaign, unit, stage).into_iter().next().map(|reader| (stage, reader));
            let Some((stage, reader)) = campaign.reminders.iter().find_map(of_stage) else { return Ok(None) };
            let stage = due::stage_key(stage, extension(store, campaign, unit).await?);
            let key = LetterKey::Arrears { campaign: campaign.id.clone(), stage, reader: reader.address.clone() };
            (key, vec![reader.address])
        }
        (Template::Digest, _) => {
            let key = LetterKey::Digest { campaign: campaign.id.clone(), slot: due::slot_name(now) };
            (key, config.staff.digest_to.clone())
        }
        (Template::FinalReport, _) => {
            let key = LetterKey::Digest { campaign: campaign.id.clone(), slot: due::final_slot(campaign) };
            (key, config.staff.digest_to.clone())
        }
        (Template::Alert, _)
        | (Template::Receipt | Template::Answer | Template::Reminder | Template::Arrears, None) => {
            return Ok(None);
        }
    };
    let of = unit.filter(|_| template.is_to_a_unit()).map(|unit| unit.code.clone());
    let message_id = key.message_id(&setup::sender_domain(config));
    let order = LetterOrder {
        key,
        campaign: campaign.id.clone(),
        unit: of,
        recipients: to,
        facts: serde_json::Value::Null,
        due_at: now,
        expires_at: None,
    };
    Ok(Some(StoredLetter {
        order,
        message_id,
        attempts: 0,
        state: LetterState::Queued,
        sent_at: None,
        last_reply: None,
        owed_at: now,
    }))
}

/// The last letter about a mail of the unit that this template made.
async fn last_about(
    store: &Store,
    campaign: &Campaign,
    template: Template,
    unit: &Unit,
) -> Result<Option<StoredLetter>, Failure> {
    let filter = LetterFilter {
        campaign: Some(campaign.id.clone()),
        unit: Some(unit.code.clone()),
        kind: Some(template.kind()),
        state: None,
    };
    let keys = store.letters(&filter).await?.into_iter().rev().filter_map(|line| LetterKey::parse(&line.key));
    let is_answer = |key: &LetterKey| matches!(key, LetterKey::Answer { .. });
    let last = keys.into_iter().find(|key| is_answer(key) == (template == Template::Answer));
    match last {
        Some(key) => Ok(store.letter(&key).await?),
        None => Ok(None),
    }
}

/// The unit's own deadline, where the office gave it one.
async fn extension(store: &Store, campaign: &Campaign, unit: &Unit) -> Result<Option<DateTime<FixedOffset>>, Failure> {
    let events = store.events_of(&campaign.id, &unit.code).await?;
    Ok(progress::fold(&events).extended_until)
}

/// What its files are called.
fn stem(template: Template, letter: &Letter, place: usize) -> String {
    let of = letter.unit.as_ref().map_or(letter.campaign.as_str(), UnitCode::as_str);
    let number = if place > 0 { format!("-{}", place + 1) } else { String::new() };
    format!("{}-{of}{number}", template.as_str())
}

fn write(config: &Config, campaign: &Campaign, stem: &str, letter: &Letter, folder: &Path) -> Result<(), Failure> {
    let from = config.smtp.as_ref().map_or_else(
        || Address { name: Some(campaign.office.clone()), address: campaign.contact.email.clone() },
        |smtp| smtp.from.clone(),
    );
    // A unit may have no address; the letter is to be looked at all the same.
    let mut addressed = letter.clone();
    if addressed.recipients.is_empty() {
        addressed.recipients.push(campaign.contact.email.clone());
    }
    let eml = compose::compose(&addressed, &from).map_err(|error| Failure::Wrong(error.to_string()))?;
    for path in files::write_letter(folder, stem, letter, &eml)? {
        println!("{}", path.display());
    }
    Ok(())
}
