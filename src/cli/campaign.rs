//! `campaign`: the collections of the office, and next year's folder made from this year's.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::{DateTime, Datelike, FixedOffset, NaiveDate};
use clap::Subcommand;
use serde_json::json;

use super::Failure;
use super::campaign_text::{Wanted, campaign_toml, with_year};
use super::history::one_line;
use super::review::Format;
use super::setup::{self, Call};
use super::status::padded;
use crate::config::{self, Config};
use crate::judge::{letters, progress};
use crate::model::campaign::Campaign;
use crate::model::ledger::{EventKind, in_force};
use crate::store::{Store, StoreError};

/// Lines to be looked at that are named in each file.
const MOST_LINES: usize = 5;

#[derive(Subcommand)]
pub(super) enum CampaignCommand {
    /// Every campaign with its times and whether it is open
    List {
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Makes a new campaign's folder from an old one's: form, letters, roster, dates a year on
    New(NewArgs),
}

#[derive(clap::Args)]
pub(super) struct NewArgs {
    /// The new folder's name, such as `2022-bayi`
    #[arg(value_name = "ID")]
    id: String,
    #[arg(long, value_name = "OLD")]
    from: String,
    #[arg(long, value_name = "TITLE")]
    title: Option<String>,
    /// The day it opens [default: the old one's, whole years later]
    #[arg(long, value_name = "DATE")]
    opens: Option<NaiveDate>,
    /// The day of its deadline [default: the old one's, whole years later]
    #[arg(long, value_name = "DATE")]
    deadline: Option<NaiveDate>,
}

pub(super) async fn campaign(call: &Call, command: CampaignCommand) -> Result<(), Failure> {
    let config = call.load()?;
    match command {
        CampaignCommand::List { format } => list(&config, call.clock().now(config.offset), format),
        CampaignCommand::New(arguments) => new(&config, arguments).await,
    }
}

/// Where a campaign stands in its time.
fn phase(campaign: &Campaign, now: DateTime<FixedOffset>) -> (&'static str, &'static str) {
    if now < campaign.opens {
        ("not_open", "未开始")
    } else if now <= campaign.deadline {
        ("open", "进行中")
    } else if now.date_naive() <= campaign.last_digest {
        ("after_deadline", "已截止，收尾中")
    } else {
        ("closed", "已结束")
    }
}

fn list(config: &Config, now: DateTime<FixedOffset>, format: Format) -> Result<(), Failure> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    match format {
        Format::Text => {
            for campaign in &config.campaigns {
                let (opens, deadline) = (campaign.opens.format("%Y-%m-%d"), campaign.deadline.format("%Y-%m-%d %H:%M"));
                let units = campaign.roster.units().len();
                let (id, phase) = (padded(&campaign.id, 16), padded(phase(campaign, now).1, 16));
                writeln!(out, "{id}{opens} — {deadline}  {phase}{units} 个单位  {}", one_line(&campaign.title))?;
            }
        }
        Format::Json => {
            let document = |campaign: &Campaign| {
                json!({
                    "id": campaign.id,
                    "title": campaign.title,
                    "opens": campaign.opens.to_rfc3339(),
                    "deadline": campaign.deadline.to_rfc3339(),
                    "last_digest": campaign.last_digest,
                    "phase": phase(campaign, now).0,
                    "units": campaign.roster.units().len(),
                })
            };
            serde_json::to_writer_pretty(&mut out, &config.campaigns.iter().map(document).collect::<Vec<_>>())?;
            writeln!(out)?;
        }
    }
    out.flush()?;
    Ok(())
}

async fn new(config: &Config, arguments: NewArgs) -> Result<(), Failure> {
    let NewArgs { id, from, title, opens, deadline } = arguments;
    let old = setup::campaign(&config.campaigns, Some(&from))?;
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') {
        return Err(Failure::Wrong(format!("\"{}\" must be ASCII letters, digits, - and _", one_line(&id))));
    }
    let (source, target) = (config.campaigns_dir.join(&from), config.campaigns_dir.join(&id));
    if target.exists() {
        return Err(Failure::Wrong(format!("{} is there already; nothing was changed", target.display())));
    }
    let wanted = wanted(old, &id, title, opens, deadline)?;
    // Made and checked beside the others, under a name nobody reads, and only then put in its place.
    let workshop = config.campaigns_dir.join(format!(".new-{}", std::process::id()));
    let made =
        make(&source, &workshop.join(&id), old, &wanted).and_then(|()| verify(&workshop.join(&id), config, &wanted));
    let placed = made.and_then(|campaign| {
        std::fs::rename(workshop.join(&id), &target).with_context(|| target.display().to_string())?;
        Ok(campaign)
    });
    // Empty by now, or holding what is wrong.
    let _ = std::fs::remove_dir_all(&workshop);
    let campaign = placed?;
    let learnt = learnt_addresses(config, old).await?;
    tell(&target, old, &campaign, &learnt)
}

/// The dates and words of the new campaign.
fn wanted(
    old: &Campaign,
    id: &str,
    title: Option<String>,
    opens: Option<NaiveDate>,
    deadline: Option<NaiveDate>,
) -> Result<Wanted, Failure> {
    let (old_opens, old_deadline) = (old.opens.date_naive(), old.deadline_day());
    let named = id.get(..4).and_then(|year| year.parse::<i32>().ok()).filter(|year| *year > old_deadline.year());
    let year = deadline.map(|day| day.year()).or(named).unwrap_or(old_deadline.year() + 1);
    let years = year - old_deadline.year();
    let later = |day: NaiveDate| {
        let year = day.year() + years;
        // A 29 February has no anniversary in most years.
        day.with_year(year).or_else(|| NaiveDate::from_ymd_opt(year, 2, 28)).unwrap_or(day)
    };
    let wanted_deadline = deadline.unwrap_or_else(|| later(old_deadline));
    let wanted = Wanted {
        id: id.to_owned(),
        title: title.unwrap_or_else(|| with_year(&old.title, old.year, old.year + years)),
        opens: opens.unwrap_or_else(|| later(old_opens)),
        deadline: wanted_deadline,
        last_digest: wanted_deadline + (old.last_digest - old_deadline),
        years: (old.year, old.year + years),
    };
    if wanted.opens >= wanted.deadline {
        return Err(Failure::Wrong(format!("it would open on {} and end on {}", wanted.opens, wanted.deadline)));
    }
    Ok(wanted)
}

/// Copies the folder, with what is known to be different.
fn make(source: &Path, target: &Path, old: &Campaign, wanted: &Wanted) -> Result<(), Failure> {
    std::fs::create_dir_all(target).with_context(|| target.display().to_string())?;
    for path in files_of(source)? {
        let name = path.file_name().unwrap_or_default();
        let copy = target.join(name);
        if name == "campaign.toml" {
            let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            let text = campaign_toml(&text, old.deadline_day(), wanted);
            std::fs::write(&copy, text).with_context(|| copy.display().to_string())?;
        } else {
            std::fs::copy(&path, &copy).with_context(|| path.display().to_string())?;
        }
    }
    Ok(())
}

/// What belongs to a campaign: no copies of old rosters, nothing hidden.
fn files_of(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    files.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        ["toml", "csv", "txt", "html"].iter().any(|ending| name.ends_with(&format!(".{ending}")))
            && !name.starts_with('.')
    });
    files.sort();
    Ok(files)
}

/// Reads what was made, as the program will; and that it says what it should.
fn verify(folder: &Path, config: &Config, wanted: &Wanted) -> Result<Campaign, Failure> {
    let campaign = config::load_campaign(folder, config.offset)?;
    let mistakes = letters::check(&campaign);
    if let Some(mistake) = mistakes.first() {
        return Err(Failure::Wrong(format!("a letter: {mistake}")));
    }
    let said = (&campaign.id, &campaign.title, campaign.opens.date_naive(), campaign.deadline_day());
    if said != (&wanted.id, &wanted.title, wanted.opens, wanted.deadline) {
        let text =
            "the old campaign.toml is written in a way that could not be changed by itself; copy the folder by hand";
        return Err(Failure::Wrong(text.to_owned()));
    }
    Ok(campaign)
}

/// Addresses from which returns of each unit were accepted, or which staff taught, and that stand on no roster.
async fn learnt_addresses(config: &Config, old: &Campaign) -> Result<BTreeMap<String, BTreeSet<String>>, Failure> {
    let mut learnt: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let store = match Store::open_reading(&config.storage_dir, config.offset).await {
        Ok(store) => store,
        Err(StoreError::Absent { .. }) => return Ok(learnt),
        Err(error) => return Err(error.into()),
    };
    let events = store.events(&old.id).await?;
    let known: BTreeSet<&String> = old.roster.units().iter().flat_map(|unit| &unit.emails).collect();
    for event in in_force(&events) {
        if let (EventKind::AddressTaught { address }, Some(unit)) = (&event.kind, &event.unit) {
            learnt.entry(unit.to_string()).or_default().insert(address.clone());
        }
    }
    for (code, ledger) in progress::ledgers(&events) {
        for standing in ledger.items.values().filter_map(|item| item.current.as_ref()) {
            let accepted = standing.filing.verdict == crate::model::ledger::Verdict::Accepted;
            let record = if accepted { store.mail(&standing.mail).await? } else { None };
            let from = record.and_then(|record| record.from_address).map(|address| address.to_lowercase());
            learnt.entry(code.to_string()).or_default().extend(from);
        }
    }
    store.close().await;
    for addresses in learnt.values_mut() {
        addresses.retain(|address| !known.contains(address));
    }
    learnt.retain(|_, addresses| !addresses.is_empty());
    Ok(learnt)
}

fn tell(
    folder: &Path,
    old: &Campaign,
    campaign: &Campaign,
    learnt: &BTreeMap<String, BTreeSet<String>>,
) -> Result<(), Failure> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    writeln!(out, "已建立 {}", folder.display())?;
    writeln!(out, "  标题：{}", one_line(&campaign.title))?;
    writeln!(out, "  开始：{}", campaign.opens.format("%Y-%m-%d %H:%M"))?;
    writeln!(out, "  截止：{}", campaign.deadline.format("%Y-%m-%d %H:%M"))?;
    writeln!(out, "  最后一期日报：{}", campaign.last_digest)?;
    writeln!(out, "  名册：{} 个单位；配置检查通过", campaign.roster.units().len())?;
    writeln!(out, "\n请核对并修改：")?;
    writeln!(out, "  campaign.toml 的 notice_number（现为 {}）、notice_title", one_line(&campaign.notice_number))?;
    writeln!(out, "  campaign.toml 的 office、contact、reminders、digest_times")?;
    writeln!(out, "  form.toml 的表头，如果新通知的表样有变")?;
    writeln!(out, "  units.csv，如果单位有变（mailtally unit import FILE --campaign {}）", campaign.id)?;
    let year = old.year.to_string();
    for path in files_of(folder)?.iter().filter(|path| !path.ends_with("units.csv")) {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let lines: Vec<String> = text
            .lines()
            .enumerate()
            .filter(|(_, line)| line.contains(&year))
            .map(|(place, _)| (place + 1).to_string())
            .collect();
        if !lines.is_empty() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let shown = lines.iter().take(MOST_LINES).cloned().collect::<Vec<_>>().join("、");
            let more = if lines.len() > MOST_LINES { "等" } else { "" };
            writeln!(out, "  {name} 第 {shown} 行{more}仍写有 {year}")?;
        }
    }
    if !learnt.is_empty() {
        writeln!(out, "\n上一次从以下邮箱报送并被采用，但名册未列；确认属于该单位后可自行写入 units.csv：")?;
        for (code, addresses) in learnt {
            let unit = campaign.roster.units().iter().find(|unit| unit.code.as_str() == code);
            let name = unit.map(|unit| one_line(&unit.name)).unwrap_or_default();
            let addresses: Vec<String> = addresses.iter().map(|address| one_line(address)).collect();
            writeln!(out, "  {code} {name}：{}", addresses.join("；"))?;
        }
    }
    out.flush()?;
    Ok(())
}
