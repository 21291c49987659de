//! `history`: everything that happened, oldest first.

use std::collections::BTreeSet;
use std::io::Write;

use clap::ValueEnum;
use serde_json::json;

use super::Failure;
use super::setup::{self, Call};
use crate::judge::letters::labels;
use crate::judge::undoing::can_be_undone;
use crate::model::ledger::{Actor, EventKind, LetterRuling};
use crate::model::unit::UnitCode;
use crate::store::{HistoryLine, Store};

/// How `history` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Text,
    /// One JSON object a line.
    Json,
}

/// Prints the events of a campaign or of one unit.
pub(super) async fn history(
    call: &Call,
    campaign: Option<&str>,
    unit: Option<&str>,
    format: Format,
) -> Result<(), Failure> {
    let config = call.load()?;
    if let Some(id) = campaign {
        setup::campaign(&config.campaigns, Some(id))?;
    }
    let unit = unit.map(UnitCode::new);
    if let Some(code) = &unit
        && !config.campaigns.iter().any(|campaign| campaign.roster.unit(code).is_some())
    {
        return Err(Failure::Wrong(format!("there is no unit {code} on any roster")));
    }
    let store = Store::open_reading(&config.storage_dir, config.offset).await?;
    let undone = store.undone().await?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in store.history(unit.as_ref(), campaign).await? {
        match format {
            Format::Text => {
                let unit = line.event.unit.as_ref().map_or_else(
                    || "-".to_owned(),
                    |code| {
                        let mut units = config.campaigns.iter().filter_map(|campaign| campaign.roster.unit(code));
                        units.next().map_or_else(|| code.to_string(), |unit| format!("{code} {}", unit.name))
                    },
                );
                let campaign = match line.event.campaign.as_str() {
                    id if config.campaigns.len() > 1 && !id.is_empty() => format!("{id}  "),
                    _ => String::new(),
                };
                writeln!(
                    out,
                    "{}  {campaign}{unit}  {}",
                    line.event.at.format("%Y-%m-%d %H:%M:%S"),
                    told(&line, &undone)
                )?;
            }
            Format::Json => {
                serde_json::to_writer(&mut out, &document(&line, &undone))?;
                writeln!(out)?;
            }
        }
    }
    out.flush()?;
    Ok(())
}

fn document(line: &HistoryLine, undone: &BTreeSet<i64>) -> serde_json::Value {
    let event = &line.event;
    let by = match &event.by {
        Actor::Machine => "machine".to_owned(),
        Actor::Person(name) => name.clone(),
    };
    json!({
        "id": event.id,
        "act": event.act,
        "undone": undone.contains(&event.id),
        "at": event.at.to_rfc3339(),
        "campaign": event.campaign,
        "unit": event.unit,
        "mail": event.mail,
        "by": by,
        "what": event.kind,
        "from": line.from,
        "subject": line.subject,
    })
}

/// An event as a sentence: what a person did with the number that takes it back, what was undone marked as such.
pub(super) fn told(line: &HistoryLine, undone: &BTreeSet<i64>) -> String {
    let by = match &line.event.by {
        Actor::Machine => String::new(),
        Actor::Person(name) if can_be_undone(&line.event.kind) => {
            format!("（{}）〔操作 {}〕", one_line(name), line.event.act)
        }
        Actor::Person(name) => format!("（{}）", one_line(name)),
    };
    let mark = if undone.contains(&line.event.id) { "【已撤销】" } else { "" };
    let sentence = match &line.event.kind {
        EventKind::MailRecorded { nature, received_at } => format!(
            "来信（{}） {} “{}”，到达 {}，邮件 {}",
            labels::nature(*nature),
            one_line(line.from.as_deref().unwrap_or("-")),
            one_line(line.subject.as_deref().unwrap_or("-")),
            received_at.format("%Y-%m-%d %H:%M"),
            line.event.mail.as_ref().map_or("-", |mail| mail.short())
        ),
        EventKind::Filed(filing) => {
            let verdict = labels::verdict(filing.verdict);
            format!("报送{}（附件 {}）：{verdict}", labels::item(filing.item), filing.piece)
        }
        EventKind::Duplicated { item, first_mail, .. } => {
            format!("重复报送{}，内容与邮件 {} 相同，未作变动", labels::item(*item), first_mail.short())
        }
        EventKind::ReviewAsked { text, .. } => format!("待办 {}：{}", line.event.id, one_line(text)),
        EventKind::ReviewSettled { review, act } => format!("待办 {review} 已处理：{}", act_in_chinese(act)),
        EventKind::AssignedByPerson => "来信由工作人员指定为本单位".to_owned(),
        EventKind::AcceptedByPerson { item } => format!("{}由工作人员核定采用", labels::item(*item)),
        EventKind::ReturnedByPerson { item, reason } => {
            format!("{}由工作人员退回更正：{}", labels::item(*item), one_line(reason))
        }
        EventKind::DeadlineExtended { until, reason } => {
            format!("报送期限延至 {}：{}", until.format("%Y-%m-%d %H:%M"), one_line(reason))
        }
        EventKind::AddressTaught { address } => format!("记住：{} 是本单位的邮箱", one_line(address)),
        EventKind::NameTaught { name } => format!("记住：“{}”指本单位", one_line(name)),
        EventKind::Undone { event_id, reason } => format!("撤销第 {event_id} 条：{}", one_line(reason)),
        EventKind::Waived { item, reason } => format!("免报{}：{}", labels::item(*item), one_line(reason)),
        EventKind::LetterRuled { key, ruling } => {
            let ruling = match ruling {
                LetterRuling::Held => "暂停",
                LetterRuling::Released => "放行",
                LetterRuling::Cancelled => "取消",
            };
            format!("信件由工作人员{ruling}（{}）", one_line(key))
        }
        EventKind::LetterSent { kind, key } => format!("发出{}（{key}）", labels::letter_kind(*kind)),
        EventKind::Bounced { recipient, hard, .. } => {
            format!("退信 {recipient}（{}）", if *hard { "地址无效" } else { "暂时未能投递" })
        }
        EventKind::OriginalsPurged { before, mails } => {
            format!("清除 {before} 以前收到的邮件原件 {mails} 封；统计数字和经过保留")
        }
    };
    format!("{mark}{sentence}{by}")
}

/// What a person did about a review, in the words of staff.
pub(super) fn act_in_chinese(act: &str) -> String {
    match act.split_once(' ') {
        Some(("assign", unit)) => format!("指定单位 {unit}"),
        Some(_) => one_line(act),
        None => match act {
            "accept" => "采用".to_owned(),
            "return" => "退回单位更正".to_owned(),
            "dismiss" => "不作处理".to_owned(),
            other => one_line(other),
        },
    }
}

/// Nothing from a mail may forge a line of its own, steer a terminal, or turn the direction of writing.
pub(super) fn one_line(text: &str) -> String {
    let turns =
        |letter: &char| matches!(letter, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let breaks = |letter: char| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}');
    let shown = text.trim().chars().filter(|letter| !turns(letter));
    shown.map(|letter| if breaks(letter) { ' ' } else { letter }).collect()
}
