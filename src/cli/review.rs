//! `review`: what waits for a person, and a person's word on it.

use std::io::Write;
use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::history::one_line;
use super::review_act::{self, ByArg, Deed, WordArgs};
use super::setup::{self, Call};
use super::{CampaignArg, Failure, review_show};
use crate::archive::Archive;
use crate::config::Config;
use crate::judge::letters::labels;
use crate::model::ledger::Event;
use crate::model::returns::Item;
use crate::model::standing::ReviewLine;
use crate::model::unit::UnitCode;
use crate::store::{Store, StoreError};
use crate::work::review::ActError;

#[derive(Subcommand)]
pub(super) enum ReviewCommand {
    /// One line an item, its ID first
    List {
        #[command(flatten)]
        campaign: CampaignArg,
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Why it is there, the mail, what was read of it, what is wrong with that, and what can be done
    Show {
        #[arg(value_name = "ID")]
        id: i64,
        /// Writes the mail and its files there
        #[arg(long, value_name = "DIR")]
        files: Option<PathBuf>,
    },
    /// The item counts as it was read; of a doubtful sender the withheld item is filed. The unit is told
    Accept {
        #[arg(value_name = "ID")]
        id: i64,
        #[command(flatten)]
        word: WordArgs,
    },
    /// The mail is this unit's: it is judged again, filed, and answered; what was filed of it for another unit is undone
    Assign {
        #[arg(value_name = "ID")]
        id: i64,
        #[arg(value_name = "UNIT")]
        unit: String,
        /// Mail from this sender is this unit's from now on
        #[arg(long)]
        remember: bool,
        #[command(flatten)]
        word: WordArgs,
    },
    /// The item goes back to the unit, which is asked to mend it
    Return {
        #[arg(value_name = "ID")]
        id: i64,
        /// What the unit is asked to mend, as it will read it
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// `table` or `report`, where the mail brought both
        #[arg(long, value_name = "ITEM", value_parser = item)]
        item: Option<Item>,
        #[command(flatten)]
        word: WordArgs,
    },
    /// Nothing is to be done
    Dismiss {
        #[arg(value_name = "ID")]
        id: i64,
        #[command(flatten)]
        by: ByArg,
    },
    /// Lays a mail that was recorded before a person again: it was booked to the wrong unit, or must be given back
    Raise {
        /// Its number, or the beginning of it, as `history` and `unit show` print it
        #[arg(value_name = "MAIL")]
        mail: String,
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        #[command(flatten)]
        campaign: CampaignArg,
        #[command(flatten)]
        by: ByArg,
    },
    /// Takes back what a person did; undoing that does it again
    Undo {
        /// A review whose settlement is taken back, or an act's number as `history` prints it
        #[arg(value_name = "ID")]
        id: i64,
        #[arg(long, value_name = "TEXT", default_value = "处理有误")]
        reason: String,
        #[command(flatten)]
        word: WordArgs,
    },
}

pub(super) fn item(text: &str) -> Result<Item, String> {
    Item::parse(text).ok_or_else(|| "an item is `table` or `report`".to_owned())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
}

pub(super) async fn review(call: &Call, command: ReviewCommand) -> Result<(), Failure> {
    let config = call.load()?;
    let (deed, word) = match command {
        ReviewCommand::List { campaign, format } => return list(&config, campaign.id.as_deref(), format).await,
        ReviewCommand::Show { id, files } => return review_show::show(&config, id, files.as_deref()).await,
        ReviewCommand::Accept { id, word } => (Deed::Accept { id }, word),
        ReviewCommand::Assign { id, unit, remember, word } => (Deed::Assign { id, unit, remember }, word),
        ReviewCommand::Return { id, reason, item, word } => (Deed::Return { id, item, reason }, word),
        ReviewCommand::Dismiss { id, by } => (Deed::Dismiss { id }, by.into()),
        ReviewCommand::Raise { mail, reason, campaign, by } => {
            (Deed::Raise { mail, campaign: campaign.id, reason }, by.into())
        }
        ReviewCommand::Undo { id, reason, word } => (Deed::Undo { number: id, reason }, word),
    };
    review_act::act(call, &config, deed, &word).await
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
                // A settlement may have been undone since.
                let purged = store.purged_by(&line.mail).await?;
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
                    "archived_at": purged.is_none().then(|| Archive::open(&config.storage_dir).path(&line.mail)),
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

/// The review of this number with its settlement.
pub(super) async fn found(store: &Store, id: i64) -> Result<(ReviewLine, Option<Event>), Failure> {
    let line = store.review(id).await?.ok_or_else(|| Failure::from(ActError::from(StoreError::NoSuchReview(id))))?;
    Ok((line, store.settlement(id).await?))
}
