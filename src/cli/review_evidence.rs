//! The parts of `review show` that a person decides by: whose the mail may be, what it brought, what is wrong with it,
//! and what would change.

use std::io::Write;

use super::history::one_line;
use super::inspect::role_in_chinese;
use crate::judge::changes;
use crate::judge::letters::{column_name, labels};
use crate::judge::register::Register;
use crate::model::campaign::Campaign;
use crate::model::decision::{Certainty, Claim, Understanding};
use crate::model::form::Severity;
use crate::model::ledger::StandingFiling;
use crate::model::mail::{Address, Headers};
use crate::model::returns::{Finding, TableReturn, Value};

/// Rows of a table that are shown.
const MOST_ROWS: usize = 40;

/// What the roster and the past say of the sender.
pub(super) struct SenderFacts {
    /// Mails from this address that were recorded before, and those of them taken for this unit.
    pub mails_before: usize,
    pub of_unit_before: usize,
    /// Whom staff taught that the address means, with who said so.
    pub taught: Option<String>,
}

/// Who sent it: the header, the roster, the past.
pub(super) fn sender(
    out: &mut impl Write,
    understanding: &Understanding,
    register: &Register,
    facts: &SenderFacts,
) -> std::io::Result<()> {
    let headers = &understanding.mail.headers;
    writeln!(out, "\n发件人：")?;
    fields(out, headers)?;
    if let Some(from) = headers.from.first() {
        if register.is_own(&from.address) {
            writeln!(out, "  名册：本办公室自己的邮箱")?;
        }
        if let Some(taught) = &facts.taught {
            writeln!(out, "  记住：{}", one_line(taught))?;
        }
        let before = match (facts.mails_before, facts.of_unit_before) {
            (0, _) => "首次来信".to_owned(),
            (mails, 0) => format!("此前来信 {mails} 封"),
            (mails, of_unit) => format!("此前来信 {mails} 封，其中 {of_unit} 封为该单位报送"),
        };
        writeln!(out, "  往来：{before}")?;
    }
    for sign in &headers.automatic {
        writeln!(out, "  自动标记：{}", one_line(&sign.field))?;
    }
    for oddity in &understanding.mail.oddities {
        writeln!(out, "  注意：{}", one_line(&oddity.text))?;
    }
    Ok(())
}

fn fields(out: &mut impl Write, headers: &Headers) -> std::io::Result<()> {
    let people = |people: &[Address]| {
        let person = |person: &Address| match &person.name {
            Some(name) => format!("{} <{}>", one_line(name), one_line(&person.address)),
            None => one_line(&person.address),
        };
        people.iter().map(person).collect::<Vec<_>>().join("，")
    };
    let date = headers.date.map(|date| date.format("%Y-%m-%d %H:%M %:z").to_string());
    let fields = [
        ("发件地址", people(&headers.from)),
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
    Ok(())
}

/// Whose it is, or may be, each reason a sentence.
pub(super) fn evidence(out: &mut impl Write, understanding: &Understanding) -> std::io::Result<()> {
    writeln!(out, "\n判断依据（按现在的配置；来信性质：{}）：", labels::nature(understanding.nature))?;
    match &understanding.unit {
        Some(claim) => {
            let certainty = match claim.certainty {
                Certainty::Certain => "可以确定",
                Certainty::Probable => "很可能",
            };
            said_of(out, certainty, claim)?;
        }
        None if understanding.candidates.is_empty() => {
            writeln!(out, "  没有任何线索指向名册中的单位")?;
        }
        None => {
            for claim in &understanding.candidates {
                said_of(out, "可能", claim)?;
            }
        }
    }
    Ok(())
}

fn said_of(out: &mut impl Write, certainty: &str, claim: &Claim) -> std::io::Result<()> {
    writeln!(out, "  {certainty}是 {} {}：", claim.code, claim.name)?;
    for evidence in &claim.evidence {
        writeln!(out, "    · {}。", one_line(evidence.text.trim_end_matches('。')))?;
    }
    Ok(())
}

/// The files, each with what it was taken for.
pub(super) fn files(out: &mut impl Write, understanding: &Understanding) -> std::io::Result<()> {
    let pieces = &understanding.mail.pieces;
    writeln!(out, "\n附件：{}", if pieces.is_empty() { "无" } else { "" })?;
    for (piece, (_, role)) in pieces.iter().zip(&understanding.roles) {
        let name = if piece.name.is_empty() { "（未命名）".to_owned() } else { one_line(&piece.name) };
        writeln!(out, "  {}：{name}（{}，{} 字节）", piece.path, role_in_chinese(*role), piece.size)?;
        for oddity in &piece.oddities {
            writeln!(out, "    注意：{}", one_line(&oddity.text))?;
        }
    }
    Ok(())
}

/// The figures of every table, each with its cell, as it was written, and what is wrong with it.
pub(super) fn figures(out: &mut impl Write, campaign: &Campaign, understanding: &Understanding) -> std::io::Result<()> {
    for table in &understanding.tables {
        let unit = table.unit_name.as_deref().unwrap_or("（未填）");
        let hidden = if table.hidden { "，隐藏" } else { "" };
        writeln!(
            out,
            "\n统计表 {} 工作表“{}”{hidden}：填报单位 {}，{} 行",
            table.piece,
            one_line(&table.sheet),
            one_line(unit),
            table.rows.len()
        )?;
        for finding in table.findings.iter().filter(|finding| finding.cell.is_none()) {
            writeln!(out, "  {}", weighed(finding))?;
        }
        rows(out, campaign, table)?;
        for finding in table.findings.iter().filter(|finding| !stands_beside_a_figure(table, finding)) {
            let cell = finding.cell.as_deref().map(|cell| format!("{} ", one_line(cell))).unwrap_or_default();
            writeln!(out, "  {cell}{}", weighed(finding))?;
        }
    }
    for report in &understanding.reports {
        writeln!(out, "\n报告 {}：", report.piece)?;
        let or_none = |text: &Option<String>| text.as_deref().map_or_else(|| "（未读出）".to_owned(), one_line);
        writeln!(out, "  标题：{}", or_none(&report.title))?;
        writeln!(out, "  文号：{}　落款：{}", or_none(&report.document_number), or_none(&report.issuer))?;
        let dated = report.dated.map_or_else(|| "（未读出）".to_owned(), |day| day.to_string());
        writeln!(out, "  日期：{dated}{}", if report.has_text { "" } else { "　没有可读的文字（扫描件或图片）" })?;
        for finding in &report.findings {
            writeln!(out, "  {}", weighed(finding))?;
        }
    }
    Ok(())
}

fn rows(out: &mut impl Write, campaign: &Campaign, table: &TableReturn) -> std::io::Result<()> {
    for (number, row) in table.rows.iter().enumerate().take(MOST_ROWS) {
        writeln!(out, "  第 {} 行", number + 1)?;
        for column in &campaign.form.columns {
            let Some(filled) = row.0.get(&column.key) else { continue };
            let value = match &filled.value {
                Some(Value::Figure(figure)) => figure.to_string(),
                Some(Value::Words(words)) => one_line(words),
                None if filled.written.is_none() => continue,
                None => "（未能识别）".to_owned(),
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
    Ok(())
}

/// Whether `rows` has told the finding already.
fn stands_beside_a_figure(table: &TableReturn, finding: &Finding) -> bool {
    let Some(cell) = finding.cell.as_deref() else { return true };
    let shown = |filled: &crate::model::returns::Filled| {
        filled.cell.as_deref() == Some(cell) && (filled.value.is_some() || filled.written.is_some())
    };
    table.rows.iter().take(MOST_ROWS).any(|row| row.0.values().any(shown))
}

fn wrong(table: &TableReturn, cell: &str) -> String {
    let here = table.findings.iter().filter(|finding| !cell.is_empty() && finding.cell.as_deref() == Some(cell));
    here.map(|finding| format!("　← {}", weighed(finding))).collect()
}

/// A finding as a sentence, with what the figure probably is.
pub(super) fn weighed(finding: &Finding) -> String {
    let weight = match finding.severity {
        Severity::Error => "错误",
        Severity::Warning => "提示",
    };
    let suggested = finding.suggested.as_deref().map(|figure| format!("（可能应为 {}）", one_line(figure)));
    format!("{weight}：{}{}", one_line(&finding.text), suggested.unwrap_or_default())
}

/// What stands for the unit now beside what this mail brings: what taking it would change.
pub(super) fn beside_standing(
    out: &mut impl Write,
    campaign: &Campaign,
    table: &TableReturn,
    standing: &StandingFiling,
    before: Option<&TableReturn>,
) -> std::io::Result<()> {
    let verdict = labels::verdict(standing.filing.verdict);
    writeln!(
        out,
        "\n与现在登记的统计表相比（邮件 {}，{}收到，{verdict}）：",
        standing.mail.short(),
        standing.filing.received_at.format("%Y-%m-%d %H:%M")
    )?;
    let changes = match before {
        Some(before) => changes::of_tables(&campaign.form, before, table),
        None => changes::of_totals(&campaign.form, standing.filing.totals.as_ref(), Some(&table.totals)),
    };
    if changes.is_empty() {
        writeln!(out, "  各项合计数字没有变化")?;
    }
    for change in changes {
        writeln!(out, "  {}", one_line(&change.in_words()))?;
    }
    Ok(())
}
