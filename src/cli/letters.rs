//! `letters`: what is owed, held or gone, and a person's word on what has not gone out.

use std::io::Write;

use chrono::{DateTime, FixedOffset};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::history::{one_line, told};
use super::letters_preview::{self as preview, PreviewArgs};
use super::review::{Format, unit_name};
use super::review_act::ByArg;
use super::setup::{self, Call};
use super::{CampaignArg, Failure, person};
use crate::config::Config;
use crate::judge::letters::labels;
use crate::model::ledger::{EventKind, LetterRuling};
use crate::model::letter::{LetterKey, LetterState};
use crate::model::standing::LetterLine;
use crate::model::unit::UnitCode;
use crate::store::{LetterFilter, Store, StoredLetter};
use crate::work::collect::Span;
use crate::work::render::{self, Rendering};
use crate::work::review::Person;
use crate::work::ruling::{self, RulingError, Word};

#[derive(Subcommand)]
pub(super) enum LettersCommand {
    /// The letters that wait for a person, one a line, the key first
    List(ListArgs),
    /// One letter as it would go out now, what was tried, and who said what of it
    Show {
        /// Its key, or enough of its beginning
        #[arg(value_name = "KEY")]
        key: String,
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// A letter that waits for its turn is kept back
    Hold {
        #[arg(required = true, value_name = "KEY")]
        keys: Vec<String>,
        #[command(flatten)]
        by: ByArg,
    },
    /// Held letters go out
    Release {
        #[arg(required_unless_present = "waiting", value_name = "KEY")]
        keys: Vec<String>,
        /// All that wait by the setting `hold`
        #[arg(long, conflicts_with_all = ["keys", "not_sent"])]
        waiting: bool,
        /// A letter of unknown fate is not among the sent mail: it may go again
        #[arg(long)]
        not_sent: bool,
        #[command(flatten)]
        campaign: CampaignArg,
        #[command(flatten)]
        by: ByArg,
    },
    /// Letters that have not gone out never will
    Cancel {
        #[arg(required = true, value_name = "KEY")]
        keys: Vec<String>,
        #[command(flatten)]
        by: ByArg,
    },
    /// What a letter of this kind would look like; nothing is sent or written down
    Preview(PreviewArgs),
}

#[derive(Args)]
pub(super) struct ListArgs {
    /// Those that are on their way, gone or cancelled as well
    #[arg(long, conflicts_with_all = ["waiting", "state"])]
    all: bool,
    /// Only those that wait by the setting `hold`
    #[arg(long, conflicts_with = "state")]
    waiting: bool,
    /// Only those in this state: queued, sending, sent, unknown, held, refused, cancelled
    #[arg(long, value_name = "STATE", value_parser = state)]
    state: Option<LetterState>,
    /// Only those to this unit
    #[arg(long, value_name = "CODE")]
    unit: Option<String>,
    #[command(flatten)]
    campaign: CampaignArg,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

fn state(text: &str) -> Result<LetterState, String> {
    LetterState::parse(text).ok_or_else(|| {
        let known: Vec<&str> = LetterState::ALL.into_iter().map(LetterState::as_str).collect();
        format!("a state is one of {}", known.join(", "))
    })
}

pub(super) async fn letters(call: &Call, command: LettersCommand) -> Result<(), Failure> {
    let config = call.load()?;
    match command {
        LettersCommand::List(arguments) => list(&config, arguments).await,
        LettersCommand::Show { key, format } => show(call, &config, &key, format).await,
        LettersCommand::Hold { keys, by } => {
            let word = Word { ruling: LetterRuling::Held, not_sent: false };
            say(call, &config, &Which::Keys(keys), word, &by).await
        }
        LettersCommand::Release { keys, waiting, not_sent, campaign, by } => {
            let which = if waiting { Which::Waiting(campaign.id) } else { Which::Keys(keys) };
            say(call, &config, &which, Word { ruling: LetterRuling::Released, not_sent }, &by).await
        }
        LettersCommand::Cancel { keys, by } => {
            let word = Word { ruling: LetterRuling::Cancelled, not_sent: false };
            say(call, &config, &Which::Keys(keys), word, &by).await
        }
        LettersCommand::Preview(arguments) => preview::preview(call, &config, arguments).await,
    }
}

async fn list(config: &Config, arguments: ListArgs) -> Result<(), Failure> {
    let ListArgs { all, waiting, state, unit, campaign, format } = arguments;
    if let Some(id) = &campaign.id {
        setup::campaign(&config.campaigns, Some(id))?;
    }
    let unit = unit.map(|code| UnitCode::new(&code));
    if let Some(code) = unit.as_ref().filter(|code| unit_name(config, code).is_none()) {
        return Err(Failure::Wrong(format!("there is no unit {}", one_line(code.as_str()))));
    }
    let store = Store::open_reading(&config.storage_dir, config.offset).await?;
    let filter = LetterFilter { campaign: campaign.id, unit, kind: None, state };
    let mut letters = store.letters(&filter).await?;
    letters.retain(|letter| match (waiting, state) {
        (true, _) => letter.awaits_release(),
        (false, Some(_)) => true,
        (false, None) => all || waits(letter.state),
    });
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
    let copying = setup::Copying::from(config);
    let rendered = render::letter(&store, &register, copying.copyist(), &stored, Span::All, now).await?;
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
            past(&mut out, &store, &stored).await?;
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
                    "可以：\n  mailtally letters release {key}　发出\n  mailtally letters cancel {key}　不再发送"
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

/// What was tried, and what people said of the letter, oldest first.
async fn past(out: &mut impl Write, store: &Store, stored: &StoredLetter) -> Result<(), Failure> {
    let key = stored.order.key.text();
    let mut lines: Vec<(DateTime<FixedOffset>, String)> = Vec::new();
    for attempt in store.attempts(&stored.order.key).await? {
        let outcome = LetterState::parse(&attempt.outcome).map_or("—", labels::letter_state);
        let reply = attempt.reply.map(|reply| format!("（{}）", one_line(&reply))).unwrap_or_default();
        lines.push((attempt.at, format!("发送：{outcome}{reply}")));
    }
    let undone = store.undone().await?;
    for line in store.history(stored.order.unit.as_ref(), Some(&stored.order.campaign)).await? {
        if matches!(&line.event.kind, EventKind::LetterRuled { key: of, .. } if *of == key) {
            lines.push((line.event.at, told(&line, &undone)));
        }
    }
    lines.sort_by_key(|(at, _)| *at);
    for (at, words) in lines {
        writeln!(out, "  {}  {words}", at.format("%Y-%m-%d %H:%M:%S"))?;
    }
    Ok(())
}

/// A letter's text, harmless on a terminal.
pub(super) fn shown(text: &str) -> String {
    text.lines().map(|line| one_line_kept(line) + "\n").collect()
}

/// Like [`one_line`], with the blanks a letter begins its lines with.
fn one_line_kept(line: &str) -> String {
    let indent = line.len() - line.trim_start().len();
    format!("{}{}", " ".repeat(indent.min(12)), one_line(line))
}

/// The letters a person means.
enum Which {
    Keys(Vec<String>),
    /// Those that wait by the office's setting, of this campaign or of all.
    Waiting(Option<String>),
}

async fn say(call: &Call, config: &Config, which: &Which, word: Word, by: &ByArg) -> Result<(), Failure> {
    let name = person::name(by.name.as_deref())?;
    let store = Store::open(&config.storage_dir, config.offset).await?;
    let person = Person { name: &name, now: call.clock().now(config.offset), quiet: false };
    let done = say_each(&store, which, word, person).await;
    store.close().await;
    done
}

/// The first letter that does not allow it ends the command; those before it stay as they were said.
async fn say_each(store: &Store, which: &Which, word: Word, person: Person<'_>) -> Result<(), Failure> {
    let letters = match which {
        Which::Keys(keys) => {
            let mut letters = Vec::new();
            for key in keys {
                letters.push(found(store, key).await?);
            }
            letters
        }
        Which::Waiting(campaign) => waiting(store, campaign.clone()).await?,
    };
    for letter in &letters {
        let reason = ruling::rule(store, letter, word, person).await.map_err(|error| match error {
            RulingError::Store(error) => Failure::from(error),
            wrong => Failure::Wrong(wrong.to_string()),
        })?;
        println!("{} {}：{reason}", labels::letter_kind(letter.order.key.kind()), letter.order.key.text());
    }
    if letters.is_empty() {
        println!("没有待放行的信件");
    }
    Ok(())
}

async fn waiting(store: &Store, campaign: Option<String>) -> Result<Vec<StoredLetter>, Failure> {
    let filter = LetterFilter { campaign, state: Some(LetterState::Held), ..LetterFilter::default() };
    let mut letters = Vec::new();
    for line in store.letters(&filter).await?.into_iter().filter(LetterLine::awaits_release) {
        if let Some(key) = LetterKey::parse(&line.key) {
            letters.extend(store.letter(&key).await?);
        }
    }
    Ok(letters)
}
