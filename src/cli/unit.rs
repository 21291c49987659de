//! `unit`: the roster, and how one unit stands and why.

use std::collections::BTreeSet;
use std::io::Write;

use clap::{ArgGroup, Subcommand};

use super::history::{one_line, told};
use super::review::item;
use super::review_act::{ByArg, WordArgs};
use super::review_show::read_table;
use super::setup::{self, Call};
use super::status::padded;
use super::unit_act::{self, Given, RecordArgs, Whose};
use super::unit_import::{self, ImportArgs};
use super::{CampaignArg, Failure};
use crate::judge::changes;
use crate::judge::letters::{column_name, labels};
use crate::judge::progress;
use crate::model::campaign::Campaign;
use crate::model::ledger::{Actor, Event, EventKind, UnitLedger, in_force};
use crate::model::returns::Item;
use crate::model::standing::UnitStanding;
use crate::model::unit::Unit;
use crate::store::{LetterFilter, Store};
use crate::work::desk::Desk;
use crate::work::unit_words::Lesson;

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
    /// The unit has more time: its lateness and its reminders go by this deadline
    Extend {
        #[arg(value_name = "CODE")]
        code: String,
        /// A day, which is included, or a moment (RFC 3339)
        #[arg(long, value_name = "WHEN")]
        until: String,
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        campaign: CampaignArg,
        #[command(flatten)]
        by: ByArg,
    },
    /// The unit is known by this address, or by this short name, from now on
    #[command(group(ArgGroup::new("lesson").required(true).args(["address", "name"])))]
    Teach {
        #[arg(value_name = "CODE")]
        code: String,
        #[arg(long, value_name = "ADDRESS")]
        address: Option<String>,
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        #[command(flatten)]
        campaign: CampaignArg,
        #[command(flatten)]
        by: ByArg,
    },
    /// A return on paper or by fax, entered by hand; it is kept, read and judged like a mail. No letter follows
    Record {
        #[arg(value_name = "CODE")]
        code: String,
        #[command(flatten)]
        record: RecordArgs,
        #[command(flatten)]
        campaign: CampaignArg,
        #[command(flatten)]
        word: WordArgs,
    },
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
            let whose = Whose::of(&config, campaign.id.as_deref(), &code, call.clock().now(config.offset))?;
            show(call, &whose).await
        }
        UnitCommand::Import(arguments) => unit_import::import(call, &config, arguments).await,
        UnitCommand::Waive { code, item, reason, campaign, by } => {
            let whose = Whose::of(&config, campaign.id.as_deref(), &code, call.clock().now(config.offset))?;
            unit_act::waive(call, &whose, item, &reason, &by.into()).await
        }
        UnitCommand::Extend { code, until, reason, campaign, by } => {
            let whose = Whose::of(&config, campaign.id.as_deref(), &code, call.clock().now(config.offset))?;
            unit_act::extend(call, &whose, &until, &reason, &by.into()).await
        }
        UnitCommand::Teach { code, address, name, campaign, by } => {
            let whose = Whose::of(&config, campaign.id.as_deref(), &code, call.clock().now(config.offset))?;
            let lesson = address.map(Lesson::Address).or(name.map(Lesson::Name));
            let lesson = lesson.ok_or_else(|| Failure::Wrong("give --address or --name".to_owned()))?;
            unit_act::teach(call, &whose, lesson, &by.into()).await
        }
        UnitCommand::Record { code, record, campaign, word } => {
            let whose = Whose::of(&config, campaign.id.as_deref(), &code, call.clock().now(config.offset))?;
            let RecordArgs { table, report, note, received_at } = record;
            let given = Given { table: table.as_deref(), report: report.as_deref(), note: &note, received_at };
            unit_act::record(call, &whose, &given, &word).await
        }
    }
}

async fn show(call: &Call, whose: &Whose<'_>) -> Result<(), Failure> {
    let Whose { config, campaign, unit } = whose;
    let desk = setup::reading_desk(config).await?;
    let events = desk.store.events_of(&campaign.id, &unit.code).await?;
    let standing = progress::standing(campaign, &events, call.clock().now(config.offset));
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    roster_lines(&mut out, unit)?;
    taught_lines(&mut out, &events)?;
    if let Some(standing) = standing.units.iter().find(|standing| standing.unit.code == unit.code) {
        let ledger = progress::fold(&events);
        standing_lines(&mut out, campaign, standing, &ledger)?;
        change_lines(&mut out, &desk, campaign, unit, &ledger).await?;
    }
    past_lines(&mut out, &desk.store, campaign, unit).await?;
    out.flush()?;
    Ok(())
}

/// What staff taught of the unit, with who and when.
fn taught_lines(out: &mut impl Write, events: &[Event]) -> std::io::Result<()> {
    for event in in_force(events) {
        let what = match &event.kind {
            EventKind::AddressTaught { address } => format!("邮箱 {}", one_line(address)),
            EventKind::NameTaught { name } => format!("简称“{}”", one_line(name)),
            _ => continue,
        };
        let by = match &event.by {
            Actor::Machine => "程序",
            Actor::Person(name) => name,
        };
        let at = event.at.format("%Y-%m-%d %H:%M");
        writeln!(out, "  记住：{what}（{}，{at}；撤销：mailtally review undo {}）", one_line(by), event.act)?;
    }
    Ok(())
}

fn list_line(out: &mut impl Write, campaign: &Campaign, unit: &UnitStanding) -> std::io::Result<()> {
    let items = unit.items.iter();
    let items: Vec<String> = items
        .map(|(item, status)| format!("{}：{}", campaign.item_title(*item), labels::item_status(*status)))
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
    if let Some(until) = standing.extended_until {
        notes.push(format!("期限延至 {}", until.format("%Y-%m-%d %H:%M")));
    }
    if standing.undeliverable {
        notes.push("邮箱退信".to_owned());
    }
    notes.push(format!("已催 {} 次", standing.reminders_sent));
    writeln!(out, "\n状态：{}", notes.join("，"))?;
    for (item, status) in &standing.items {
        writeln!(out, "  {}：{}", campaign.item_title(*item), labels::item_status(*status))?;
        let Some(item) = ledger.items.get(item) else { continue };
        for filed in item.earlier.iter().rev() {
            let stands = if item.current.as_ref() == Some(filed) { "现用" } else { "旧件" };
            writeln!(
                out,
                "    {}  {stands}  {}  邮件 {} 附件 {}",
                filed.filing.received_at.format("%Y-%m-%d %H:%M"),
                labels::verdict(filed.filing.verdict),
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

/// What changed from each version of the table to the next, latest first.
async fn change_lines(
    out: &mut impl Write,
    desk: &Desk,
    campaign: &Campaign,
    unit: &Unit,
    ledger: &UnitLedger,
) -> Result<(), Failure> {
    let filings = ledger.items.get(&Item::Table).map(|item| item.earlier.as_slice()).unwrap_or_default();
    for pair in filings.windows(2).rev() {
        let [old, new] = pair else { continue };
        let changes = match (read_table(desk, old, &unit.code).await?, read_table(desk, new, &unit.code).await?) {
            (Some(old), Some(new)) => changes::of_tables(&campaign.form, &old, &new),
            _ => changes::of_totals(&campaign.form, old.filing.totals.as_ref(), new.filing.totals.as_ref()),
        };
        writeln!(out, "  邮件 {} 与上次报送（邮件 {}）相比：", new.mail.short(), old.mail.short())?;
        if changes.is_empty() {
            writeln!(out, "    各项合计数字没有变化")?;
        }
        for change in changes {
            writeln!(out, "    {}", one_line(&change.in_words()))?;
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
    let undone: BTreeSet<i64> = store.undone().await?;
    for line in store.history(Some(&unit.code), Some(&campaign.id)).await? {
        writeln!(out, "  {}  {}", line.event.at.format("%Y-%m-%d %H:%M:%S"), told(&line, &undone))?;
    }
    Ok(())
}
