//! `reread`: all archived mail judged again under today's configuration; shown unit by unit, written on request.

use std::io::Write;

use chrono::{DateTime, FixedOffset};
use serde_json::{Value, json};

use super::history::one_line;
use super::inspect_json;
use super::review::{Format, unit_name};
use super::setup::{self, Call};
use super::{Failure, office};
use crate::config::Config;
use crate::judge::letters::{column_name, labels};
use crate::judge::replay::Kept;
use crate::judge::revision::Revision;
use crate::judge::unit_changes::{Stand, UnitChange, unit_changes};
use crate::model::campaign::Campaign;
use crate::model::decision::MailRecord;
use crate::model::ledger::{Event, EventKind};
use crate::model::unit::UnitCode;
use crate::work::reread::{self, Reread, Scope};

/// Shows what would change, or changes it.
pub(super) async fn reread(call: &Call, campaign: Option<&str>, apply: bool, format: Format) -> Result<(), Failure> {
    let config = call.load()?;
    let scope = match campaign {
        Some(id) => Scope::Campaign(setup::campaign(&config.campaigns, Some(id))?.id.clone()),
        None => Scope::All,
    };
    let now = call.clock().now(config.offset);
    let reread = if apply {
        let lock = office::locked(&config, "reread --apply")?;
        let desk = setup::desk(&config).await?;
        let done = reread::apply(&desk, &scope, now).await;
        desk.store.close().await;
        drop(lock);
        done?
    } else {
        let desk = setup::reading_desk(&config).await?;
        reread::plan(&desk, &scope, now).await?
    };
    let found = Found::of(&config, &reread);
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    match format {
        Format::Text => found.print(&mut out, &config, apply)?,
        Format::Json => {
            serde_json::to_writer_pretty(&mut out, &found.document(apply, now))?;
            writeln!(out)?;
        }
    }
    out.flush()?;
    Ok(())
}

/// The difference as people are shown it.
struct Found<'r> {
    judged: usize,
    units: Vec<(&'r Campaign, Vec<UnitChange>)>,
    mails: Vec<&'r Revision>,
    opened: Vec<&'r Event>,
    /// Reviews that wait and need not any more.
    closed: Vec<&'r Event>,
    reopened: Vec<i64>,
    receipts: usize,
    kept: Vec<&'r Revision>,
    /// Mails whose originals were removed on purpose.
    purged: usize,
}

impl<'r> Found<'r> {
    fn of(config: &'r Config, reread: &'r Reread) -> Self {
        let after = reread.events_after();
        let of_campaign = |events: &[Event], id: &str| -> Vec<Event> {
            events.iter().filter(|event| event.campaign == id).cloned().collect()
        };
        let units = config.campaigns.iter().map(|campaign| {
            let (before, after) = (of_campaign(&reread.given.events, &campaign.id), of_campaign(&after, &campaign.id));
            (campaign, unit_changes(campaign, &before, &after))
        });
        let mut found = Self {
            judged: reread.revisions.len(),
            units: units.filter(|(_, changes)| !changes.is_empty()).collect(),
            mails: reread.changes().collect(),
            opened: Vec::new(),
            closed: Vec::new(),
            reopened: Vec::new(),
            receipts: 0,
            kept: reread
                .revisions
                .iter()
                .filter(|revision| worth_telling(revision.kept) && !reread.purged.contains(&revision.before.sha256))
                .collect(),
            purged: reread.revisions.iter().filter(|revision| reread.purged.contains(&revision.before.sha256)).count(),
        };
        let asked = |review: i64| {
            reread
                .given
                .events
                .iter()
                .find(move |event| event.id == review && matches!(event.kind, EventKind::ReviewAsked { .. }))
        };
        for revision in reread.changes() {
            found.receipts += revision.letters.len();
            for event in &revision.add {
                match event.kind {
                    EventKind::ReviewAsked { .. } => found.opened.push(event),
                    EventKind::ReviewSettled { review, .. } => found.closed.extend(asked(review)),
                    _ => {}
                }
            }
            for event in &revision.undo {
                match event.kind {
                    EventKind::ReviewAsked { .. } => found.closed.push(event),
                    EventKind::ReviewSettled { review, .. } => found.reopened.push(review),
                    _ => {}
                }
            }
        }
        found
    }

    fn print(&self, out: &mut impl Write, config: &Config, applied: bool) -> std::io::Result<()> {
        let units: usize = self.units.iter().map(|(_, changes)| changes.len()).sum();
        writeln!(
            out,
            "重新研判 {} 封邮件：{} 封有变化，涉及 {units} 个单位的报送情况。",
            self.judged,
            self.mails.len()
        )?;
        for (campaign, changes) in &self.units {
            writeln!(out, "\n【{}】{}", campaign.id, campaign.title)?;
            for change in changes {
                print_unit(out, campaign, change)?;
            }
        }
        if !self.mails.is_empty() {
            writeln!(out, "\n邮件：")?;
        }
        for revision in &self.mails {
            print_mail(out, config, revision)?;
        }
        for (title, events) in [("新增待办", &self.opened), ("了结待办", &self.closed)] {
            if !events.is_empty() {
                writeln!(out, "\n{title} {} 件：", events.len())?;
            }
            for event in events {
                let EventKind::ReviewAsked { reason, text, .. } = &event.kind else { continue };
                let number = if event.id > 0 { format!("待办 {} ", event.id) } else { String::new() };
                let unit = event.unit.as_ref().map_or_else(|| "单位不明".to_owned(), |code| named(config, code));
                writeln!(out, "  {number}{unit}　{}：{}", labels::reason(*reason), one_line(text))?;
            }
        }
        for review in &self.reopened {
            writeln!(out, "\n待办 {review} 重新打开")?;
        }
        if self.receipts > 0 {
            writeln!(out, "\n补发回执 {} 封（此前单位不明，未曾回复）", self.receipts)?;
        }
        for revision in &self.kept {
            let why = match revision.kept {
                Some(Kept::ByPerson) => "工作人员已有处理，维持不变",
                Some(Kept::Unopened | Kept::Bounce) | None => "原件现在无法打开，维持原有记录",
            };
            writeln!(out, "\n{}　{why}", mail_line(&revision.before))?;
        }
        if self.purged > 0 {
            writeln!(out, "\n{} 封邮件的原件已按规定清除，维持原有记录。", self.purged)?;
        }
        match (self.mails.is_empty(), applied) {
            (true, _) => writeln!(out, "没有变化。"),
            (false, true) => writeln!(out, "\n已写入。"),
            (false, false) => writeln!(out, "\n以上尚未写入；确认无误后执行 mailtally reread --apply"),
        }
    }

    fn document(&self, applied: bool, now: DateTime<FixedOffset>) -> Value {
        let units = self.units.iter().flat_map(|(campaign, changes)| {
            changes.iter().map(|change| {
                json!({
                    "campaign": campaign.id,
                    "code": change.code,
                    "name": change.name,
                    "before": stand_document(&change.before),
                    "after": stand_document(&change.after),
                })
            })
        });
        let reviews = |events: &[&Event]| -> Vec<Value> {
            let document = |event: &&Event| {
                json!({
                    "id": (event.id > 0).then_some(event.id),
                    "campaign": event.campaign,
                    "unit": event.unit,
                    "mail": event.mail,
                    "what": event.kind,
                })
            };
            events.iter().map(document).collect()
        };
        json!({
            "as_of": now.to_rfc3339(),
            "applied": applied && !self.mails.is_empty(),
            "judged": self.judged,
            "units": units.collect::<Vec<_>>(),
            "mails": self.mails.iter().map(|revision| mail_document(revision)).collect::<Vec<_>>(),
            "reviews_opened": reviews(&self.opened),
            "reviews_closed": reviews(&self.closed),
            "reviews_reopened": self.reopened,
            "receipts_owed": self.receipts,
            "purged": self.purged,
            "kept": self.kept.iter().map(|revision| json!(revision.before.sha256)).collect::<Vec<_>>(),
        })
    }
}

/// That a bounce stays what it is goes without saying.
fn worth_telling(kept: Option<Kept>) -> bool {
    matches!(kept, Some(Kept::ByPerson | Kept::Unopened))
}

fn named(config: &Config, code: &UnitCode) -> String {
    unit_name(config, code).map_or_else(|| code.to_string(), |name| format!("{code} {name}"))
}

fn print_unit(out: &mut impl Write, campaign: &Campaign, change: &UnitChange) -> std::io::Result<()> {
    let UnitChange { code, name, before, after } = change;
    let name = name.as_deref().unwrap_or("（不在名册中）");
    writeln!(out, "{code} {name}：{} → {}", before.status.in_chinese(), after.status.in_chinese())?;
    for due in &campaign.items {
        let (old, new) = (before.items.get(&due.item), after.items.get(&due.item));
        if let (Some(old), Some(new), true) = (old, new, old != new) {
            writeln!(out, "  {}：{} → {}", due.title, labels::item_status(*old), labels::item_status(*new))?;
        }
    }
    if before.late != after.late {
        let word = |late: bool| if late { "迟报" } else { "按时" };
        writeln!(out, "  {} → {}", word(before.late), word(after.late))?;
    }
    for column in campaign.form.number_columns() {
        let figure = |stand: &Stand| stand.row.as_ref().and_then(|row| row.get(&column.key).copied().flatten());
        if figure(before) != figure(after) {
            let shown = |figure: Option<_>| {
                figure.map_or_else(|| "—".to_owned(), |figure: rust_decimal::Decimal| figure.to_string())
            };
            let title = column_name(&campaign.form, column).replace('\n', "");
            writeln!(out, "  {title}：{} → {}", shown(figure(before)), shown(figure(after)))?;
        }
    }
    Ok(())
}

fn mail_line(record: &MailRecord) -> String {
    format!(
        "{} {} “{}”",
        record.received_at.format("%Y-%m-%d %H:%M"),
        one_line(record.from_address.as_deref().unwrap_or("-")),
        one_line(record.subject.as_deref().unwrap_or_default())
    )
}

fn print_mail(out: &mut impl Write, config: &Config, revision: &Revision) -> std::io::Result<()> {
    let Revision { before, after, .. } = revision;
    writeln!(out, "  {}（{}）", mail_line(after), after.sha256.short())?;
    if before.nature != after.nature {
        writeln!(out, "    性质：{} → {}", labels::nature(before.nature), labels::nature(after.nature))?;
    }
    let campaign = |record: &MailRecord| record.campaign.clone().unwrap_or_else(|| "无".to_owned());
    if before.campaign != after.campaign {
        writeln!(out, "    所属工作：{} → {}", campaign(before), campaign(after))?;
    }
    let unit = |record: &MailRecord| record.unit.as_ref().map_or_else(|| "不明".to_owned(), |code| named(config, code));
    if before.unit != after.unit {
        writeln!(out, "    单位：{} → {}", unit(before), unit(after))?;
    }
    for (word, events) in [("撤销", &revision.undo), ("登记", &revision.add)] {
        for event in events {
            let EventKind::Filed(filing) = &event.kind else { continue };
            let unit = event.unit.as_ref().map(|code| named(config, code)).unwrap_or_default();
            writeln!(out, "    {word}：{unit} {}（附件 {}）", labels::item(filing.item), filing.piece)?;
        }
    }
    if revision.readings.is_some() && revision.add.is_empty() && revision.undo.is_empty() {
        writeln!(out, "    读取结果或提示有更新")?;
    }
    Ok(())
}

fn stand_document(stand: &Stand) -> Value {
    json!({
        "status": stand.status,
        "late": stand.late,
        "items": stand.items,
        "row": stand.row.as_ref().map(inspect_json::totals),
    })
}

fn mail_document(revision: &Revision) -> Value {
    let record =
        |record: &MailRecord| json!({ "nature": record.nature, "campaign": record.campaign, "unit": record.unit });
    json!({
        "mail": revision.before.sha256,
        "received_at": revision.before.received_at.to_rfc3339(),
        "from": revision.after.from_address,
        "subject": revision.after.subject,
        "before": record(&revision.before),
        "after": record(&revision.after),
        "undone": revision.undo.iter().map(|event| json!({ "id": event.id, "unit": event.unit, "what": event.kind })).collect::<Vec<_>>(),
        "added": revision.add.iter().map(|event| json!({ "unit": event.unit, "what": event.kind })).collect::<Vec<_>>(),
        "readings_differ": revision.readings.is_some(),
    })
}
