//! `review`: what waits for a person, and a person's word on it.

use std::io::Write;
use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::history::{act_in_chinese, one_line};
use super::setup::{self, Call};
use super::{CampaignArg, Failure, person, review_show};
use crate::archive::Archive;
use crate::config::Config;
use crate::judge::letters::labels;
use crate::model::campaign::Campaign;
use crate::model::ledger::{Event, EventKind, ReviewReason, Verdict};
use crate::model::returns::Item;
use crate::model::standing::ReviewLine;
use crate::model::unit::UnitCode;
use crate::store::{Store, StoreError};
use crate::work::review::{self, ActError, Acted, Person};

#[derive(Subcommand)]
pub(super) enum ReviewCommand {
    /// One line an item, its ID first
    List {
        #[command(flatten)]
        campaign: CampaignArg,
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Why it is there, the mail, what was read of it and what is wrong with that
    Show {
        #[arg(value_name = "ID")]
        id: i64,
        /// Writes the mail and its files there
        #[arg(long, value_name = "DIR")]
        files: Option<PathBuf>,
    },
    /// The item counts as it was read; of a doubtful sender the withheld item is filed
    Accept {
        #[arg(value_name = "ID")]
        id: i64,
        #[command(flatten)]
        by: ByArg,
    },
    /// The mail is this unit's: it is judged again, filed, and answered
    Assign {
        #[arg(value_name = "ID")]
        id: i64,
        #[arg(value_name = "UNIT")]
        unit: String,
        #[command(flatten)]
        by: ByArg,
    },
    /// Nothing is to be done
    Dismiss {
        #[arg(value_name = "ID")]
        id: i64,
        #[command(flatten)]
        by: ByArg,
    },
}

/// Whose word it is.
#[derive(clap::Args)]
pub(super) struct ByArg {
    /// Stands in the history beside the act [default: the login name]
    #[arg(long = "by", value_name = "NAME")]
    pub name: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
}

impl From<ActError> for Failure {
    fn from(error: ActError) -> Self {
        match error {
            ActError::Work(error) => error.into(),
            ActError::Refused(words) => Self::Wrong(words),
        }
    }
}

pub(super) async fn review(call: &Call, command: ReviewCommand) -> Result<(), Failure> {
    let config = call.load()?;
    match command {
        ReviewCommand::List { campaign, format } => list(&config, campaign.id.as_deref(), format).await,
        ReviewCommand::Show { id, files } => review_show::show(&config, id, files.as_deref()).await,
        ReviewCommand::Accept { id, by } => {
            let name = person::name(by.name.as_deref())?;
            must_exist(&config).await?;
            let desk = setup::desk(&config).await?;
            let person = Person { name: &name, now: call.clock().now(config.offset) };
            let done = review::accept(&desk, id, person).await;
            desk.store.close().await;
            tell(&config, "accept", id, &done?)
        }
        ReviewCommand::Assign { id, unit, by } => {
            let name = person::name(by.name.as_deref())?;
            must_exist(&config).await?;
            let desk = setup::desk(&config).await?;
            let person = Person { name: &name, now: call.clock().now(config.offset) };
            let code = UnitCode::new(&unit);
            let done = match campaign_of(&desk.store, &config, id).await {
                Ok(campaign) => match campaign.roster.unit(&code) {
                    Some(unit) => review::assign(&desk, id, unit, person).await.map_err(Failure::from),
                    None => Err(no_such_unit(&code, campaign)),
                },
                Err(failure) => Err(failure),
            };
            desk.store.close().await;
            tell(&config, &format!("assign {code}"), id, &done?)
        }
        ReviewCommand::Dismiss { id, by } => {
            let name = person::name(by.name.as_deref())?;
            must_exist(&config).await?;
            let store = Store::open(&config.storage_dir, config.offset).await?;
            let person = Person { name: &name, now: call.clock().now(config.offset) };
            let done = review::dismiss(&store, id, person).await;
            store.close().await;
            tell(&config, "dismiss", id, &done?)
        }
    }
}

pub(super) fn no_such_unit(code: &UnitCode, campaign: &Campaign) -> Failure {
    Failure::Wrong(format!("there is no unit {} on the roster of {}", one_line(code.as_str()), campaign.id))
}

/// An act on a review makes no database: without one there is nothing to act on.
async fn must_exist(config: &Config) -> Result<(), Failure> {
    match Store::open_reading(&config.storage_dir, config.offset).await {
        Ok(store) => {
            store.close().await;
            Ok(())
        }
        Err(absent @ StoreError::Absent { .. }) => Err(absent.into()),
        // Opening it for writing brings it up to date, or says what is wrong.
        Err(_) => Ok(()),
    }
}

/// The campaign a review belongs to. A mail nobody could read has none.
async fn campaign_of<'a>(store: &Store, config: &'a Config, id: i64) -> Result<&'a Campaign, Failure> {
    let event = store.event(id).await?;
    let asked = event.filter(|event| matches!(event.kind, EventKind::ReviewAsked { .. }));
    let Some(event) = asked else { return Err(ActError::from(StoreError::NoSuchReview(id)).into()) };
    let known = config.campaigns.iter().find(|campaign| campaign.id == event.campaign);
    known.ok_or_else(|| match event.campaign.as_str() {
        "" => Failure::Wrong(format!("review {id}: its mail belongs to no campaign; once dealt with: dismiss")),
        gone => Failure::Wrong(format!("review {id}: its campaign {gone} is not configured")),
    })
}

async fn list(config: &Config, campaign: Option<&str>, format: Format) -> Result<(), Failure> {
    if let Some(id) = campaign {
        setup::campaign(&config.campaigns, Some(id))?;
    }
    let store = Store::open_reading(&config.storage_dir, config.offset).await?;
    let lines = store.open_reviews(campaign).await?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    match format {
        Format::Text => {
            for line in &lines {
                let who = line.unit.as_ref().and_then(|code| unit_name(config, code));
                writeln!(
                    out,
                    "{}  {}  {}  {}  “{}”  {}",
                    line.id,
                    line.received_at.format("%Y-%m-%d %H:%M"),
                    labels::reason(line.reason),
                    who.map_or_else(|| one_line(&line.from), str::to_owned),
                    one_line(&line.subject),
                    one_line(&line.text),
                )?;
            }
        }
        Format::Json => {
            let mut documents = Vec::new();
            for line in &lines {
                let campaign = store.event(line.id).await?.map(|event| event.campaign);
                documents.push(json!({
                    "id": line.id,
                    "received_at": line.received_at.to_rfc3339(),
                    "from": line.from,
                    "subject": line.subject,
                    "reason": line.reason,
                    "text": line.text,
                    "campaign": campaign.filter(|campaign| !campaign.is_empty()),
                    "unit": line.unit,
                    "unit_name": line.unit.as_ref().and_then(|code| unit_name(config, code)),
                    "mail": line.mail,
                    "archived_at": Archive::open(&config.storage_dir).path(&line.mail),
                }));
            }
            serde_json::to_writer_pretty(&mut out, &documents)?;
            writeln!(out)?;
        }
    }
    out.flush()?;
    Ok(())
}

pub(super) fn unit_name<'a>(config: &'a Config, code: &UnitCode) -> Option<&'a str> {
    config.campaigns.iter().find_map(|campaign| campaign.roster.unit(code)).map(|unit| unit.name.as_str())
}

/// Says what was done.
fn tell(config: &Config, act: &str, id: i64, acted: &Acted) -> Result<(), Failure> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    writeln!(out, "待办 {id} 已处理：{}", act_in_chinese(act))?;
    let campaign = config.campaigns.iter().find(|campaign| campaign.id == acted.campaign);
    let title = |item: Item| campaign.map_or(item.as_str(), |campaign| campaign.item_title(item));
    for (unit, filing) in &acted.filed {
        let verdict = match filing.verdict {
            Verdict::Accepted => "采用",
            Verdict::NeedsCorrection => "待单位更正",
            Verdict::NeedsReview => "待人工核定",
        };
        let name = unit_name(config, unit).unwrap_or_default();
        writeln!(out, "  {unit} {name}　{}（附件 {}）：{verdict}", title(filing.item), filing.piece)?;
    }
    for item in &acted.known_already {
        writeln!(out, "  {}与已收的相同，未作变动", title(*item))?;
    }
    for (asked, text) in &acted.asked {
        writeln!(out, "  新的待办 {asked}：{}", one_line(text))?;
    }
    for other in acted.settled.iter().filter(|other| **other != id) {
        writeln!(out, "  待办 {other} 一并处理")?;
    }
    if acted.receipt {
        writeln!(out, "  回执已列入待发")?;
    }
    out.flush()?;
    Ok(())
}

/// The review of this number with its settlement.
pub(super) async fn found(store: &Store, id: i64) -> Result<(ReviewLine, Option<Event>), Failure> {
    let line = store.review(id).await?.ok_or_else(|| Failure::from(ActError::from(StoreError::NoSuchReview(id))))?;
    Ok((line, store.settlement(id).await?))
}

/// What may be done about a review.
pub(super) fn hints(id: i64, reason: ReviewReason) -> Vec<String> {
    let accept = || format!("mailtally review accept {id}　按读出的内容采用");
    let assign = || format!("mailtally review assign {id} 单位代码　指定报送单位");
    let dismiss = format!("mailtally review dismiss {id}　不作处理");
    match reason {
        ReviewReason::UnitUnknown | ReviewReason::UnitConflict => vec![assign(), dismiss],
        ReviewReason::ItemNeedsReview | ReviewReason::SenderDoubtful => vec![accept(), dismiss],
        ReviewReason::FileUnread
        | ReviewReason::TimeDoubtful
        | ReviewReason::OtherCampaign
        | ReviewReason::Question
        | ReviewReason::SetAside
        | ReviewReason::RaisedByPerson => vec![dismiss],
    }
}
