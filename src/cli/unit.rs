//! `unit`: the roster, how one unit stands and why, and what it need not file.

use std::io::Write;

use clap::Subcommand;

use super::history::{one_line, told};
use super::review::{ByArg, no_such_unit};
use super::setup::{self, Call};
use super::status::padded;
use super::unit_import::{self, ImportArgs};
use super::{CampaignArg, Failure, person};
use crate::judge::letters::{column_name, labels};
use crate::judge::progress;
use crate::model::campaign::Campaign;
use crate::model::ledger::{ItemStatus, UnitLedger, Verdict};
use crate::model::returns::Item;
use crate::model::standing::UnitStanding;
use crate::model::unit::{Unit, UnitCode};
use crate::store::{LetterFilter, Store};
use crate::work::review::{self, Person};

#[derive(Subcommand)]
pub(super) enum UnitCommand {
    /// Every unit of the roster and how it stands
    List {
        #[command(flatten)]
        campaign: CampaignArg,
    },
    /// One unit: its line of the roster, what it filed, its letters, its history
    Show {
        #[arg(value_name = "CODE")]
        code: String,
        #[command(flatten)]
        campaign: CampaignArg,
    },
    /// Reads a list of units from a workbook or a text file and says what is different from the roster
    Import(ImportArgs),
    /// The unit need not file this item
    Waive {
        #[arg(value_name = "CODE")]
        code: String,
        /// `table` or `report`
        #[arg(value_name = "ITEM", value_parser = item)]
        item: Item,
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        campaign: CampaignArg,
        #[command(flatten)]
        by: ByArg,
    },
}

fn item(text: &str) -> Result<Item, String> {
    Item::parse(text).ok_or_else(|| "an item is `table` or `report`".to_owned())
}

pub(super) async fn unit(call: &Call, command: UnitCommand) -> Result<(), Failure> {
    let config = call.load()?;
    match command {
        UnitCommand::List { campaign } => {
            let campaign =
                setup::campaign_now(&config.campaigns, campaign.id.as_deref(), call.clock().now(config.offset))?;
            let store = Store::open_reading(&config.storage_dir, config.offset).await?;
            let events = store.events(&campaign.id).await?;
            let standing = progress::standing(campaign, &events, call.clock().now(config.offset));
            let mut out = std::io::BufWriter::new(std::io::stdout().lock());
            for unit in &standing.units {
                list_line(&mut out, campaign, unit)?;
            }
            out.flush()?;
            Ok(())
        }
        UnitCommand::Show { code, campaign } => {
            let campaign =
                setup::campaign_now(&config.campaigns, campaign.id.as_deref(), call.clock().now(config.offset))?;
            let unit = known(campaign, &code)?;
            let store = Store::open_reading(&config.storage_dir, config.offset).await?;
            let events = store.events_of(&campaign.id, &unit.code).await?;
            let standing = progress::standing(campaign, &events, call.clock().now(config.offset));
            let mut out = std::io::BufWriter::new(std::io::stdout().lock());
            roster_lines(&mut out, unit)?;
            if let Some(standing) = standing.units.iter().find(|standing| standing.unit.code == unit.code) {
                standing_lines(&mut out, campaign, standing, &progress::fold(&events))?;
            }
            past_lines(&mut out, &store, campaign, unit).await?;
            out.flush()?;
            Ok(())
        }
        UnitCommand::Import(arguments) => unit_import::import(call, &config, arguments).await,
        UnitCommand::Waive { code, item, reason, campaign, by } => {
            let campaign =
                setup::campaign_now(&config.campaigns, campaign.id.as_deref(), call.clock().now(config.offset))?;
            let unit = known(campaign, &code)?;
            let reason = one_line(&reason);
            if reason.is_empty() {
                return Err(Failure::Wrong("--reason: say why the unit need not file it".to_owned()));
            }
            let name = person::name(by.name.as_deref())?;
            let store = Store::open(&config.storage_dir, config.offset).await?;
            let person = Person { name: &name, now: call.clock().now(config.offset) };
            let done = review::waive(&store, campaign, unit, item, &reason, person).await;
            store.close().await;
            done?;
            println!("{} {}　{}：免报（{reason}）", unit.code, unit.name, campaign.item_title(item));
            Ok(())
        }
    }
}

fn known<'a>(campaign: &'a Campaign, code: &str) -> Result<&'a Unit, Failure> {
    let code = UnitCode::new(code);
    campaign.roster.unit(&code).ok_or_else(|| no_such_unit(&code, campaign))
}

fn list_line(out: &mut impl Write, campaign: &Campaign, unit: &UnitStanding) -> std::io::Result<()> {
    let items = unit.items.iter();
    let items: Vec<String> = items
        .map(|(item, status)| format!("{}：{}", campaign.item_title(*item), item_status_in_chinese(*status)))
        .collect();
    writeln!(
        out,
        "{}{}{}{}{}",
        padded(unit.unit.code.as_str(), 8),
        padded(&unit.unit.name, 36),
        padded(&unit.unit.group, 12),
        padded(unit.status.in_chinese(), 16),
        items.join("，")
    )
}

fn roster_lines(out: &mut impl Write, unit: &Unit) -> std::io::Result<()> {
    writeln!(out, "{} {}（{}）", unit.code, unit.name, unit.group)?;
    let or_none = |text: String| if text.is_empty() { "—".to_owned() } else { text };
    writeln!(out, "  别名：{}", or_none(unit.aliases.join("；")))?;
    writeln!(out, "  邮箱：{}", or_none(unit.emails.join("；")))?;
    writeln!(out, "  联系人：{}", or_none(unit.contact.clone().unwrap_or_default()))?;
    writeln!(out, "  电话：{}", or_none(unit.phone.clone().unwrap_or_default()))
}

fn standing_lines(
    out: &mut impl Write,
    campaign: &Campaign,
    standing: &UnitStanding,
    ledger: &UnitLedger,
) -> std::io::Result<()> {
    let mut notes = vec![standing.status.in_chinese().to_owned()];
    if standing.late {
        notes.push("迟报".to_owned());
    }
    if standing.undeliverable {
        notes.push("邮箱退信".to_owned());
    }
    notes.push(format!("已催 {} 次", standing.reminders_sent));
    writeln!(out, "\n状态：{}", notes.join("，"))?;
    for (item, status) in &standing.items {
        writeln!(out, "  {}：{}", campaign.item_title(*item), item_status_in_chinese(*status))?;
        let Some(item) = ledger.items.get(item) else { continue };
        for filed in item.earlier.iter().rev() {
            let stands = if item.current.as_ref() == Some(filed) { "现用" } else { "旧件" };
            writeln!(
                out,
                "    {}  {stands}  {}  邮件 {} 附件 {}",
                filed.filing.received_at.format("%Y-%m-%d %H:%M"),
                verdict_in_chinese(filed.filing.verdict),
                filed.mail.short(),
                filed.filing.piece
            )?;
        }
    }
    if let Some(row) = &standing.row {
        writeln!(out, "  计入汇总：")?;
        for column in campaign.form.number_columns() {
            let figure = row.get(&column.key).copied().flatten();
            let figure = figure.map_or_else(|| "—".to_owned(), |figure| figure.to_string());
            writeln!(out, "    {} = {figure}", column_name(&campaign.form, column).replace('\n', ""))?;
        }
    }
    Ok(())
}

async fn past_lines(out: &mut impl Write, store: &Store, campaign: &Campaign, unit: &Unit) -> Result<(), Failure> {
    let filter =
        LetterFilter { campaign: Some(campaign.id.clone()), unit: Some(unit.code.clone()), ..LetterFilter::default() };
    let letters = store.letters(&filter).await?;
    writeln!(out, "\n发出的信件：{}", if letters.is_empty() { "无" } else { "" })?;
    for letter in letters {
        let at = letter.sent_at.unwrap_or(letter.due_at);
        writeln!(
            out,
            "  {}  {}  {}  {}",
            at.format("%Y-%m-%d %H:%M"),
            labels::letter_kind(letter.kind),
            labels::letter_state(letter.state),
            one_line(&letter.recipients.join("，"))
        )?;
    }
    writeln!(out, "\n经过：")?;
    for line in store.history(Some(&unit.code), Some(&campaign.id)).await? {
        writeln!(out, "  {}  {}", line.event.at.format("%Y-%m-%d %H:%M:%S"), told(&line))?;
    }
    Ok(())
}

pub(super) fn item_status_in_chinese(status: ItemStatus) -> &'static str {
    match status {
        ItemStatus::Missing => "未报",
        ItemStatus::Accepted => "已采用",
        ItemStatus::NeedsCorrection => "待单位更正",
        ItemStatus::NeedsReview => "待办公室核定",
        ItemStatus::Waived => "免报",
    }
}

fn verdict_in_chinese(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted => "采用",
        Verdict::NeedsCorrection => "待单位更正",
        Verdict::NeedsReview => "待人工核定",
    }
}
