//! `review show`: one item that waits for a person, with all a person needs to decide about it.

use std::io::Write;
use std::panic::AssertUnwindSafe;
use std::path::Path;

use super::history::{act_in_chinese, one_line, told};
use super::setup;
use super::{Failure, files, inspect, review};
use crate::config::Config;
use crate::judge::letters::{column_name, labels};
use crate::judge::newcomers;
use crate::model::campaign::Campaign;
use crate::model::decision::Understanding;
use crate::model::form::Severity;
use crate::model::ledger::{Actor, Event, EventKind};
use crate::model::mail::{Address, Headers, Mail};
use crate::model::returns::{TableReturn, Value};
use crate::model::standing::ReviewLine;
use crate::read::{Limits, raw};
use crate::store::HistoryLine;
use crate::work::desk::Desk;

/// Lines of the mail's own words that are shown.
const MOST_LINES: usize = 60;
/// Rows of a table that are shown.
const MOST_ROWS: usize = 40;

/// Prints it, and writes the mail's files where a folder is given.
pub(super) async fn show(config: &Config, id: i64, folder: Option<&Path>) -> Result<(), Failure> {
    let desk = setup::reading_desk(config).await?;
    let (line, settlement) = review::found(&desk.store, id).await?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    why(&mut out, &line, settlement.as_ref())?;
    writeln!(out, "\n原件：{}", desk.archive.path(&line.mail).display())?;
    match crate::work::review::understood_today(&desk, &line.mail).await? {
        Ok(understanding) => {
            headers(&mut out, &understanding.mail.headers)?;
            let campaign = config.campaigns.iter().find(|known| Some(&known.id) == understanding.campaign.as_ref());
            sender(&mut out, &desk, campaign, &understanding.mail).await?;
            own_words(&mut out, &understanding.mail.body.own_text)?;
            writeln!(out)?;
            inspect::words(&mut out, "按现在的配置判读：", &understanding, false)?;
            if let Some(campaign) = campaign {
                figures(&mut out, campaign, &understanding)?;
            }
        }
        Err(reason) => writeln!(out, "\n现在仍不能判读：{}", one_line(&reason))?,
    }
    past(&mut out, &desk, &line).await?;
    if settlement.is_none() {
        writeln!(out, "\n可以：")?;
        for hint in review::hints(id, line.reason) {
            writeln!(out, "  {hint}")?;
        }
    }
    if let Some(folder) = folder {
        write_files(&mut out, &desk, &line, folder)?;
    }
    out.flush()?;
    Ok(())
}

fn why(out: &mut impl Write, line: &ReviewLine, settlement: Option<&Event>) -> std::io::Result<()> {
    writeln!(out, "待办 {}：{}", line.id, labels::reason(line.reason))?;
    writeln!(out, "  {}", one_line(&line.text))?;
    writeln!(out, "  来信到达：{}", line.received_at.format("%Y-%m-%d %H:%M"))?;
    if let Some(Event { at, by, kind: EventKind::ReviewSettled { act, .. }, .. }) = settlement {
        let by = match by {
            Actor::Machine => "程序",
            Actor::Person(name) => name,
        };
        writeln!(out, "  已处理：{}（{}，{}）", act_in_chinese(act), one_line(by), at.format("%Y-%m-%d %H:%M"))?;
    }
    Ok(())
}

fn headers(out: &mut impl Write, headers: &Headers) -> std::io::Result<()> {
    let people = |people: &[Address]| {
        let person = |person: &Address| match &person.name {
            Some(name) => format!("{} <{}>", one_line(name), one_line(&person.address)),
            None => one_line(&person.address),
        };
        people.iter().map(person).collect::<Vec<_>>().join("，")
    };
    let date = headers.date.map(|date| date.format("%Y-%m-%d %H:%M %:z").to_string());
    let fields = [
        ("发件人", people(&headers.from)),
        ("收件人", people(&headers.to)),
        ("抄送", people(&headers.cc)),
        ("回复地址", people(&headers.reply_to)),
        ("主题", one_line(headers.subject.as_deref().unwrap_or_default())),
        ("发信时间", date.unwrap_or_default()),
        ("Message-ID", one_line(headers.message_id.as_deref().unwrap_or_default())),
    ];
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        writeln!(out, "  {name}：{value}")?;
    }
    for sign in &headers.automatic {
        writeln!(out, "  自动标记：{}", one_line(&sign.field))?;
    }
    Ok(())
}

/// Whether From may be believed.
async fn sender(out: &mut impl Write, desk: &Desk, campaign: Option<&Campaign>, mail: &Mail) -> Result<(), Failure> {
    let Some(campaign) = campaign else { return Ok(()) };
    let filed = desk.store.filed_from(&campaign.id).await?;
    for sentence in newcomers::sender_in_words(mail, &campaign.roster, &filed) {
        writeln!(out, "  来源：{}", one_line(&sentence))?;
    }
    Ok(())
}

fn own_words(out: &mut impl Write, text: &str) -> std::io::Result<()> {
    let lines: Vec<String> = text.lines().map(one_line).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n正文：")?;
    for line in lines.iter().take(MOST_LINES) {
        writeln!(out, "  | {line}")?;
    }
    if lines.len() > MOST_LINES {
        writeln!(out, "  | ……（共 {} 行）", lines.len())?;
    }
    Ok(())
}

/// Each figure with its cell, and beside it what is wrong with that cell.
fn figures(out: &mut impl Write, campaign: &Campaign, understanding: &Understanding) -> std::io::Result<()> {
    for table in &understanding.tables {
        writeln!(out, "\n统计表 {} “{}” 逐行：", table.piece, one_line(&table.sheet))?;
        for (number, row) in table.rows.iter().enumerate().take(MOST_ROWS) {
            writeln!(out, "  第 {} 行", number + 1)?;
            for column in &campaign.form.columns {
                let Some(filled) = row.0.get(&column.key) else { continue };
                let value = match &filled.value {
                    Some(Value::Figure(figure)) => figure.to_string(),
                    Some(Value::Words(words)) => one_line(words),
                    None => "—".to_owned(),
                };
                let written = filled.written.as_ref().map(|written| format!("（原文“{}”）", one_line(written)));
                let cell = filled.cell.as_deref().unwrap_or_default();
                let name = one_line(&column_name(&campaign.form, column));
                writeln!(out, "    {cell:<5} {name} = {value}{}{}", written.unwrap_or_default(), wrong(table, cell))?;
            }
        }
        if table.rows.len() > MOST_ROWS {
            writeln!(out, "  ……（共 {} 行）", table.rows.len())?;
        }
    }
    Ok(())
}

fn wrong(table: &TableReturn, cell: &str) -> String {
    let here = table.findings.iter().filter(|finding| !cell.is_empty() && finding.cell.as_deref() == Some(cell));
    let words = here.map(|finding| {
        let weight = match finding.severity {
            Severity::Error => "错误",
            Severity::Warning => "提示",
        };
        format!("　← {weight}：{}", one_line(&finding.text))
    });
    words.collect()
}

/// What has come of the mail so far.
async fn past(out: &mut impl Write, desk: &Desk, line: &ReviewLine) -> Result<(), Failure> {
    let events = desk.store.events_of_mail(&line.mail).await?;
    writeln!(out, "\n这封邮件的经过：")?;
    for event in events {
        let unit = event.unit.as_ref().map_or("-", |unit| unit.as_str()).to_owned();
        let at = event.at.format("%Y-%m-%d %H:%M:%S");
        let told = told(&HistoryLine {
            event: event.clone(),
            subject: Some(line.subject.clone()),
            from: Some(line.from.clone()),
        });
        writeln!(out, "  {at}  {unit}  {told}")?;
    }
    Ok(())
}

fn write_files(out: &mut impl Write, desk: &Desk, line: &ReviewLine, folder: &Path) -> Result<(), Failure> {
    let bytes = desk.archive.get(&line.mail)?;
    let opened = std::panic::catch_unwind(AssertUnwindSafe(|| raw::pieces(&bytes, &Limits::default())));
    let written = match &opened {
        Ok((mail, pieces)) => files::write(folder, &bytes, &mail.sha256, &mail.pieces, pieces)?,
        // A mail that breaks its reader is still one that another program may open.
        Err(_) => files::write(folder, &bytes, &line.mail, &[], &std::collections::BTreeMap::new())?,
    };
    writeln!(out, "\n已写出：")?;
    for file in &written.files {
        writeln!(out, "  {}", file.display())?;
    }
    for name in &written.missing {
        writeln!(out, "  附件 {} 没有单独写出，见上面的 .eml", one_line(name))?;
    }
    writeln!(out, "  附件来自外部，打开前请先查毒；不要启用宏。")?;
    Ok(())
}
