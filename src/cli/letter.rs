//! `letter`: what is owed, held or gone, and a person's word on what is held.

use std::io::Write;

use chrono::{DateTime, FixedOffset};
use clap::Subcommand;
use serde_json::{Value, json};

use super::history::one_line;
use super::review::{Format, unit_name};
use super::review_act::ByArg;
use super::setup::{self, Call};
use super::{CampaignArg, Failure, person};
use crate::config::Config;
use crate::judge::letters::labels;
use crate::model::letter::{LetterKey, LetterState};
use crate::model::standing::LetterLine;
use crate::store::{LetterFilter, Store, StoredLetter};
use crate::work::collect::Span;
use crate::work::render::{self, Rendering};

#[derive(Subcommand)]
pub(super) enum LetterCommand {
    /// The letters that wait for a person, one a line, the key first
    List {
        /// Those that are on their way, gone or cancelled as well
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        campaign: CampaignArg,
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// One letter as it would go out now
    Show {
        /// Its key, or enough of its beginning
        #[arg(value_name = "KEY")]
        key: String,
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// A held letter goes out
    Release {
        #[arg(value_name = "KEY")]
        key: String,
        #[command(flatten)]
        by: ByArg,
    },
    /// A letter that has not gone out never will
    Cancel {
        #[arg(value_name = "KEY")]
        key: String,
        #[command(flatten)]
        by: ByArg,
    },
}

pub(super) async fn letter(call: &Call, command: LetterCommand) -> Result<(), Failure> {
    let config = call.load()?;
    match command {
        LetterCommand::List { all, campaign, format } => list(&config, campaign.id, all, format).await,
        LetterCommand::Show { key, format } => show(call, &config, &key, format).await,
        LetterCommand::Release { key, by } => {
            let said = Said { to: LetterState::Queued, from: &[LetterState::Held], told: "放行" };
            say(call, &config, &key, by.name.as_deref(), &said).await
        }
        LetterCommand::Cancel { key, by } => {
            let from = [LetterState::Held, LetterState::Queued, LetterState::Refused, LetterState::Unknown];
            let said = Said { to: LetterState::Cancelled, from: &from, told: "取消" };
            say(call, &config, &key, by.name.as_deref(), &said).await
        }
    }
}

async fn list(config: &Config, campaign: Option<String>, all: bool, format: Format) -> Result<(), Failure> {
    if let Some(id) = &campaign {
        setup::campaign(&config.campaigns, Some(id))?;
    }
    let store = Store::open_reading(&config.storage_dir, config.offset).await?;
    let mut letters = store.letters(&LetterFilter { campaign, ..LetterFilter::default() }).await?;
    letters.retain(|letter| all || waits(letter.state));
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    match format {
        Format::Text => {
            for letter in &letters {
                writeln!(out, "{}", line(config, letter))?;
            }
        }
        Format::Json => {
            let documents: Vec<Value> = letters.iter().map(document).collect();
            serde_json::to_writer_pretty(&mut out, &documents)?;
            writeln!(out)?;
        }
    }
    out.flush()?;
    Ok(())
}

/// Whether nothing happens to it until a person acts.
fn waits(state: LetterState) -> bool {
    matches!(state, LetterState::Held | LetterState::Unknown | LetterState::Refused)
}

fn line(config: &Config, letter: &LetterLine) -> String {
    let who = letter.unit.as_ref().and_then(|code| unit_name(config, code)).unwrap_or("-");
    format!(
        "{}  {}  {}  {who}  {}  {}  {}",
        letter.key,
        letter.sent_at.unwrap_or(letter.due_at).format("%Y-%m-%d %H:%M"),
        labels::letter_kind(letter.kind),
        one_line(&letter.recipients.join("，")),
        labels::letter_state(letter.state),
        one_line(letter.last_reply.as_deref().unwrap_or_default()),
    )
}

fn document(letter: &LetterLine) -> Value {
    json!({
        "key": letter.key,
        "kind": letter.kind,
        "campaign": letter.campaign,
        "unit": letter.unit,
        "recipients": letter.recipients,
        "state": letter.state,
        "due_at": letter.due_at.to_rfc3339(),
        "sent_at": letter.sent_at.map(|at| at.to_rfc3339()),
        "last_reply": letter.last_reply,
    })
}

/// The letter of this key, or the only one whose key begins so.
async fn found(store: &Store, key: &str) -> Result<StoredLetter, Failure> {
    let unknown = || Failure::Wrong(format!("there is no letter {}", one_line(key)));
    if let Some(known) = LetterKey::parse(key)
        && let Some(letter) = store.letter(&known).await?
    {
        return Ok(letter);
    }
    let mut lines = store.letters(&LetterFilter::default()).await?;
    lines.retain(|line| !key.trim().is_empty() && line.key.starts_with(key.trim()));
    let [line] = lines.as_slice() else {
        return Err(match lines.len() {
            0 => unknown(),
            count => Failure::Wrong(format!("{count} letters have a key that begins with {}", one_line(key))),
        });
    };
    let known = LetterKey::parse(&line.key).ok_or_else(unknown)?;
    store.letter(&known).await?.ok_or_else(unknown)
}

async fn show(call: &Call, config: &Config, key: &str, format: Format) -> Result<(), Failure> {
    let store = Store::open_reading(&config.storage_dir, config.offset).await?;
    let stored = found(&store, key).await?;
    let register = setup::register(config);
    let now = call.clock().now(config.offset);
    let rendered = render::letter(&store, &register, &stored, Span::All, now).await?;
    let (subject, text, fault) = match rendered {
        Rendering::Letter(letter) => (Some(letter.subject), Some(letter.text), None),
        Rendering::NotOwed(why) | Rendering::Faulty(why) => (None, None, Some(why)),
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    match format {
        Format::Json => {
            let document = json!({
                "key": stored.order.key.text(),
                "kind": stored.order.key.kind(),
                "campaign": stored.order.campaign,
                "unit": stored.order.unit,
                "recipients": stored.order.recipients,
                "state": stored.state,
                "message_id": stored.message_id,
                "due_at": stored.order.due_at.to_rfc3339(),
                "sent_at": stored.sent_at.map(|at| at.to_rfc3339()),
                "attempts": stored.attempts,
                "last_reply": stored.last_reply,
                "subject": subject,
                "text": text,
                "fault": fault,
            });
            serde_json::to_writer_pretty(&mut out, &document)?;
            writeln!(out)?;
        }
        Format::Text => {
            facts(&mut out, &stored)?;
            if let (Some(subject), Some(text)) = (&subject, &text) {
                writeln!(out, "\n主题：{}\n\n{}", one_line(subject), shown(text))?;
            }
            if let Some(fault) = &fault {
                writeln!(out, "\n现在不能成文：{}", one_line(fault))?;
            }
            if stored.state == LetterState::Held {
                let key = stored.order.key.text();
                writeln!(
                    out,
                    "可以：\n  mailtally letter release {key}　发出\n  mailtally letter cancel {key}　不再发送"
                )?;
            }
        }
    }
    out.flush()?;
    Ok(())
}

fn facts(out: &mut impl Write, stored: &StoredLetter) -> std::io::Result<()> {
    let at = |moment: DateTime<FixedOffset>| moment.format("%Y-%m-%d %H:%M").to_string();
    writeln!(out, "{}：{}", labels::letter_kind(stored.order.key.kind()), stored.order.key.text())?;
    writeln!(out, "  收件人：{}", one_line(&stored.order.recipients.join("，")))?;
    writeln!(out, "  状态：{}", labels::letter_state(stored.state))?;
    if let Some(reply) = &stored.last_reply {
        writeln!(out, "  说明：{}", one_line(reply))?;
    }
    match stored.sent_at {
        Some(sent) => writeln!(out, "  发出：{}", at(sent)),
        None => writeln!(out, "  应发：{}", at(stored.order.due_at)),
    }
}

/// A letter's text, harmless on a terminal.
fn shown(text: &str) -> String {
    text.lines().map(|line| one_line_kept(line) + "\n").collect()
}

/// Like [`one_line`], with the blanks a letter begins its lines with.
fn one_line_kept(line: &str) -> String {
    let indent = line.len() - line.trim_start().len();
    format!("{}{}", " ".repeat(indent.min(12)), one_line(line))
}

/// A person's word on a letter.
struct Said<'a> {
    to: LetterState,
    from: &'a [LetterState],
    told: &'a str,
}

async fn say(call: &Call, config: &Config, key: &str, by: Option<&str>, said: &Said<'_>) -> Result<(), Failure> {
    let name = person::name(by)?;
    let store = Store::open(&config.storage_dir, config.offset).await?;
    let done = say_once(&store, call.clock().now(config.offset), key, &name, said).await;
    store.close().await;
    println!("{}", done?);
    Ok(())
}

async fn say_once(
    store: &Store,
    now: DateTime<FixedOffset>,
    key: &str,
    name: &str,
    said: &Said<'_>,
) -> Result<String, Failure> {
    let stored = found(store, key).await?;
    let key = &stored.order.key;
    if !said.from.contains(&stored.state) {
        let is = labels::letter_state(stored.state);
        return Err(Failure::Wrong(format!("the letter {} is {} ({is})", key.text(), stored.state.as_str())));
    }
    let reason = format!("由{name}{}", said.told);
    if !store.set_letter_state(key, said.to, &reason, None, now).await? {
        return Err(Failure::Wrong(format!("the letter {} is being sent at this moment", key.text())));
    }
    Ok(format!("{} {}：{reason}", labels::letter_kind(key.kind()), key.text()))
}
