//! `status`: every unit and the totals, as a table for people, as JSON or CSV for programs.

use std::collections::BTreeMap;
use std::io::Write;

use clap::ValueEnum;
use serde::Serialize;
use serde_json::{Value, json};

use crate::model::campaign::Campaign;
use crate::model::ledger::{ItemStatus, UnitStatus};
use crate::model::returns::{Item, Totals};
use crate::model::standing::{CampaignStanding, UnitStanding};
use crate::model::unit::UnitCode;

/// How `status` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Table,
    Json,
    Csv,
}

/// Prints a standing.
///
/// # Errors
/// Where `out` cannot be written to.
pub fn print(
    out: &mut impl Write,
    campaign: &Campaign,
    standing: &CampaignStanding,
    format: Format,
) -> anyhow::Result<()> {
    match format {
        Format::Table => table(out, campaign, standing),
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, &document(standing))?;
            writeln!(out)?;
            Ok(())
        }
        Format::Csv => csv(out, campaign, standing),
    }
}

/// The JSON document of the interface, written as it is read: thousands of units are not built up twice.
#[derive(Serialize)]
struct Document<'s> {
    as_of: String,
    campaign: &'s str,
    counts: BTreeMap<&'static str, usize>,
    deadline: String,
    title: &'s str,
    totals: &'s Totals,
    units: Vec<Line<'s>>,
}

#[derive(Serialize)]
struct Line<'s> {
    code: &'s UnitCode,
    first_received_at: Option<String>,
    group: &'s str,
    items: &'s BTreeMap<Item, ItemStatus>,
    last_received_at: Option<String>,
    late: bool,
    name: &'s str,
    reminders_sent: u32,
    row: Option<&'s Totals>,
    status: UnitStatus,
    undeliverable: bool,
    version: u32,
}

fn document(standing: &CampaignStanding) -> Document<'_> {
    let mut counts: BTreeMap<&'static str, usize> =
        UnitStatus::ALL.into_iter().map(|status| (status.as_str(), standing.count(status))).collect();
    counts.extend([("units", standing.units.len()), ("late", standing.late())]);
    Document {
        as_of: standing.as_of.to_rfc3339(),
        campaign: &standing.campaign,
        counts,
        deadline: standing.deadline.to_rfc3339(),
        title: &standing.title,
        totals: &standing.totals,
        units: standing.units.iter().map(line).collect(),
    }
}

fn line(standing: &UnitStanding) -> Line<'_> {
    Line {
        code: &standing.unit.code,
        first_received_at: standing.first_received_at.map(|moment| moment.to_rfc3339()),
        group: &standing.unit.group,
        items: &standing.items,
        last_received_at: standing.last_received_at.map(|moment| moment.to_rfc3339()),
        late: standing.late,
        name: &standing.unit.name,
        reminders_sent: standing.reminders_sent,
        row: standing.row.as_ref(),
        status: standing.status,
        undeliverable: standing.undeliverable,
        version: standing.version,
    }
}

fn csv(out: &mut impl Write, campaign: &Campaign, standing: &CampaignStanding) -> anyhow::Result<()> {
    let keys: Vec<&str> = campaign.form.number_columns().map(|column| column.key.as_str()).collect();
    let mut writer = ::csv::Writer::from_writer(out);
    let fixed = ["code", "name", "group", "status", "late", "table", "report", "first_received_at", "last_received_at"];
    let more = ["version", "reminders_sent", "undeliverable"];
    writer.write_record(fixed.iter().chain(&more).chain(&keys))?;
    for unit in &standing.units {
        let item = |item| unit.items.get(&item).map_or(Value::Null, |status| json!(status));
        let word = |value: Value| value.as_str().unwrap_or_default().to_owned();
        let moment = |moment: Option<chrono::DateTime<_>>| {
            moment.map(|moment: chrono::DateTime<chrono::FixedOffset>| moment.to_rfc3339()).unwrap_or_default()
        };
        let mut record = vec![
            unit.unit.code.to_string(),
            without_formula(&unit.unit.name),
            without_formula(&unit.unit.group),
            unit.status.as_str().to_owned(),
            unit.late.to_string(),
            word(item(crate::model::returns::Item::Table)),
            word(item(crate::model::returns::Item::Report)),
            moment(unit.first_received_at),
            moment(unit.last_received_at),
            unit.version.to_string(),
            unit.reminders_sent.to_string(),
            unit.undeliverable.to_string(),
        ];
        record.extend(keys.iter().map(|key| {
            let figure = unit.row.as_ref().and_then(|row| row.get(*key).copied().flatten());
            figure.map(|figure| figure.to_string()).unwrap_or_default()
        }));
        writer.write_record(&record)?;
    }
    writer.flush()?;
    Ok(())
}

/// A cell that a spreadsheet would take for a formula gets an apostrophe before it.
fn without_formula(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

fn table(out: &mut impl Write, campaign: &Campaign, standing: &CampaignStanding) -> anyhow::Result<()> {
    writeln!(out, "{}", standing.title)?;
    writeln!(
        out,
        "截至 {}　截止时间 {}",
        standing.as_of.format("%Y-%m-%d %H:%M"),
        standing.deadline.format("%Y-%m-%d %H:%M")
    )?;
    let counts: Vec<String> = UnitStatus::ALL
        .into_iter()
        .map(|status| format!("{} {}", status.in_chinese(), standing.count(status)))
        .collect();
    writeln!(out, "共 {} 个单位：{}，其中迟报 {}", standing.units.len(), counts.join("，"), standing.late())?;
    for group in campaign.roster.groups() {
        writeln!(out, "\n【{group}】")?;
        for unit in standing.units.iter().filter(|unit| unit.unit.group == group) {
            let mut notes = Vec::new();
            if unit.late {
                notes.push("迟报".to_owned());
            }
            if unit.undeliverable {
                notes.push("邮箱退信".to_owned());
            }
            if unit.reminders_sent > 0 {
                notes.push(format!("已催 {} 次", unit.reminders_sent));
            }
            let received = unit.last_received_at.map(|at| at.format("%m-%d %H:%M").to_string()).unwrap_or_default();
            writeln!(
                out,
                "{}{}{}{:<12}{}",
                padded(unit.unit.code.as_str(), 8),
                padded(&unit.unit.name, 36),
                padded(unit.status.in_chinese(), 16),
                received,
                notes.join("，")
            )?;
        }
    }
    writeln!(out, "\n已采用报表合计：")?;
    for column in campaign.form.number_columns() {
        let sum = standing.totals.get(&column.key).copied().flatten();
        let sum = sum.map_or_else(|| "—".to_owned(), |sum| sum.to_string());
        writeln!(out, "  {}  {sum}", padded(&column.header.replace('\n', ""), 48))?;
    }
    Ok(())
}

/// Pads by the width a terminal gives Chinese characters: two columns each.
pub(super) fn padded(text: &str, width: usize) -> String {
    let used: usize = text.chars().map(|letter| if letter.is_ascii() { 1 } else { 2 }).sum();
    format!("{text}{} ", " ".repeat(width.saturating_sub(used)))
}
