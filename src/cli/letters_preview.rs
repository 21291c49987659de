//! `letters preview`: a letter as a unit would get it, to look at before anything is sent.

use std::path::{Path, PathBuf};

use clap::Args;

use super::history::one_line;
use super::letters::shown;
use super::review_act::no_such_unit;
use super::setup::{self, Call};
use super::{CampaignArg, Failure, files};
use crate::config::Config;
use crate::judge::due;
use crate::judge::register::Register;
use crate::model::campaign::Campaign;
use crate::model::letter::{Letter, LetterKey, LetterKind, LetterOrder, LetterState};
use crate::model::mail::Address;
use crate::model::unit::{Unit, UnitCode};
use crate::post::compose;
use crate::store::{LetterFilter, Store, StoreError, StoredLetter};
use crate::work::collect::Span;
use crate::work::render::{self, Rendering};

#[derive(Args)]
pub(super) struct PreviewArgs {
    /// `ack`, `reminder`, `digest` or `alert`
    #[arg(value_name = "KIND", value_parser = kind)]
    kind: LetterKind,
    /// Whose letter it is; the first unit of the roster where none is named
    #[arg(long, value_name = "CODE")]
    unit: Option<String>,
    /// Writes it there as .eml and .html with its attachments, instead of showing its text
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    campaign: CampaignArg,
}

fn kind(text: &str) -> Result<LetterKind, String> {
    LetterKind::parse(text).ok_or_else(|| "a letter is `ack`, `reminder`, `digest` or `alert`".to_owned())
}

pub(super) async fn preview(call: &Call, config: &Config, arguments: PreviewArgs) -> Result<(), Failure> {
    let PreviewArgs { kind, unit, out, campaign } = arguments;
    let campaign = setup::campaign(&config.campaigns, campaign.id.as_deref())?;
    let unit = match unit {
        Some(code) => {
            let code = UnitCode::new(&code);
            campaign.roster.unit(&code).ok_or_else(|| no_such_unit(&code, campaign))?
        }
        None => campaign.roster.units().first().ok_or_else(|| Failure::Wrong("the roster is empty".to_owned()))?,
    };
    let (letter, is_sample) = letter(call, config, campaign, kind, unit).await?;
    if is_sample {
        eprintln!("以下内容以示例数据生成：目前没有可据以生成此信的登记情况。");
    }
    match out {
        Some(folder) => write(config, campaign, unit, &letter, &folder),
        None => {
            println!("主题：{}\n\n{}", one_line(&letter.subject), shown(&letter.text));
            for file in &letter.attachments {
                println!("附件：{}", one_line(&file.name));
            }
            Ok(())
        }
    }
}

/// The letter by what is recorded, or from sample data where that gives none; `true` for a sample.
async fn letter(
    call: &Call,
    config: &Config,
    campaign: &Campaign,
    kind: LetterKind,
    unit: &Unit,
) -> Result<(Letter, bool), Failure> {
    let now = call.clock().now(config.offset);
    let store = match Store::open_reading(&config.storage_dir, config.offset).await {
        Ok(store) => Some(store),
        Err(StoreError::Absent { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    if let Some(store) = store
        && let Some(stored) = recorded(&store, config, campaign, kind, unit, now).await?
    {
        let register: std::sync::Arc<Register> = setup::register(config);
        let copying = setup::Copying::from(config);
        match render::letter(&store, &register, copying.copyist(), &stored, Span::All, now).await? {
            Rendering::Letter(letter) => return Ok((*letter, false)),
            Rendering::NotOwed(_) => {}
            Rendering::Faulty(reason) => return Err(Failure::Wrong(reason)),
        }
    }
    Ok((render::sample(campaign, kind, unit, now)?, true))
}

/// The letter as it would stand in the outbox: the unit's last receipt, its reminder of today, today's digest.
async fn recorded(
    store: &Store,
    config: &Config,
    campaign: &Campaign,
    kind: LetterKind,
    unit: &Unit,
    now: chrono::DateTime<chrono::FixedOffset>,
) -> Result<Option<StoredLetter>, Failure> {
    let key = match kind {
        LetterKind::Ack => {
            let filter = LetterFilter {
                campaign: Some(campaign.id.clone()),
                unit: Some(unit.code.clone()),
                kind: Some(LetterKind::Ack),
                state: None,
            };
            let last = store.letters(&filter).await?.pop();
            let Some(key) = last.and_then(|line| LetterKey::parse(&line.key)) else { return Ok(None) };
            return Ok(store.letter(&key).await?);
        }
        LetterKind::Reminder => {
            let events = store.events_of(&campaign.id, &unit.code).await?;
            let extended = crate::judge::progress::fold(&events).extended_until;
            let Some(stage) = campaign.reminders.first() else { return Ok(None) };
            let stage = due::stage_key(stage, extended);
            LetterKey::Reminder { campaign: campaign.id.clone(), unit: unit.code.clone(), stage }
        }
        LetterKind::Digest => LetterKey::Digest { campaign: campaign.id.clone(), slot: due::slot_name(now) },
        LetterKind::Alert => return Ok(None),
    };
    let (to, of) = match kind {
        LetterKind::Digest | LetterKind::Alert => (config.staff.digest_to.clone(), None),
        LetterKind::Ack | LetterKind::Reminder => {
            (unit.emails.first().cloned().into_iter().collect(), Some(unit.code.clone()))
        }
    };
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

fn write(config: &Config, campaign: &Campaign, unit: &Unit, letter: &Letter, folder: &Path) -> Result<(), Failure> {
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
    let of = match letter.kind {
        LetterKind::Ack | LetterKind::Reminder => unit.code.as_str(),
        LetterKind::Digest | LetterKind::Alert => campaign.id.as_str(),
    };
    for path in files::write_letter(folder, &format!("{}-{of}", letter.kind.as_str()), letter, &eml)? {
        println!("{}", path.display());
    }
    Ok(())
}
