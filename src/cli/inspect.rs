//! `inspect`: what the pipeline makes of a mail or a bare attachment, recorded nowhere.

use std::io::Write;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;

use super::Failure;
use super::history::one_line;
use super::inspect_json::document;
use super::setup::Call;
use crate::config;
use crate::judge::letters::labels;
use crate::judge::register::Register;
use crate::judge::understand::understand;
use crate::model::decision::{Certainty, Claim, Role, Understanding};
use crate::model::form::Severity;
use crate::model::ledger::Nature;
use crate::model::mail::{Body, Digest, Headers, Mail, Oddity, OddityCode};
use crate::model::returns::Finding;
use crate::read::{self, Limits, Opened};

/// Inspects files in the order given. What is in a mail is never a failure; a file that cannot be read is.
pub(super) fn inspect(call: &Call, files: &[PathBuf], json: bool) -> Result<(), Failure> {
    let (_, campaigns) = config::load_campaigns(&call.config_file()?)?;
    let register = Register::new(campaigns, Vec::new());
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut unread = Vec::new();
    for file in files {
        let source = file.display().to_string();
        let bytes = match std::fs::read(file) {
            Ok(bytes) => bytes,
            Err(error) => {
                unread.push(format!("{source}: {error}"));
                continue;
            }
        };
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let (understanding, bare) = inspected(&bytes, &name, &register);
        if !json {
            words(&mut out, &source, &understanding, bare)?;
        } else if files.len() == 1 {
            serde_json::to_writer_pretty(&mut out, &document(&source, &understanding, bare))?;
            writeln!(out)?;
        } else {
            serde_json::to_writer(&mut out, &document(&source, &understanding, bare))?;
            writeln!(out)?;
        }
        out.flush()?;
    }
    if unread.is_empty() { Ok(()) } else { Err(Failure::World(anyhow::anyhow!(unread.join("\n")))) }
}

/// Reads and judges one file; `true` where it is no mail but a bare attachment.
#[must_use]
pub fn inspected(bytes: &[u8], name: &str, register: &Register) -> (Understanding, bool) {
    let judged =
        std::panic::catch_unwind(AssertUnwindSafe(|| match read::open_file(bytes, name, &Limits::default()) {
            Opened::Mail(mail) => (understand(*mail, register), false),
            Opened::Bare { sha256, pieces } => {
                let mail = Mail { pieces, ..empty(sha256, bytes.len()) };
                (understand(mail, register), true)
            }
        }));
    judged.unwrap_or_else(|_| (unreadable(bytes), false))
}

fn empty(sha256: Digest, size: usize) -> Mail {
    Mail {
        sha256,
        size: u64::try_from(size).unwrap_or(u64::MAX),
        headers: Headers::default(),
        body: Body::default(),
        pieces: Vec::new(),
        oddities: Vec::new(),
        machine_report: None,
    }
}

/// What is said of a file on which a reader failed.
fn unreadable(bytes: &[u8]) -> Understanding {
    let mut mail = empty(Digest::of(bytes), bytes.len());
    mail.oddities.push(Oddity::new(OddityCode::Damaged, "读取时程序出错，请人工查看。"));
    Understanding {
        mail,
        nature: Nature::Unreadable,
        campaign: None,
        roles: Vec::new(),
        unit: None,
        candidates: Vec::new(),
        tables: Vec::new(),
        reports: Vec::new(),
    }
}

/// The same for people.
pub(super) fn words(
    out: &mut impl Write,
    source: &str,
    understanding: &Understanding,
    bare: bool,
) -> std::io::Result<()> {
    let mail = &understanding.mail;
    writeln!(out, "{source}")?;
    if !bare {
        let from = mail.headers.from.first().map(|from| {
            let name = from.name.as_deref().unwrap_or_default();
            format!("{name} <{}>", from.address)
        });
        writeln!(out, "  来信：{}", one_line(&from.unwrap_or_else(|| "（没有发件人）".to_owned())))?;
        writeln!(out, "  主题：{}", one_line(mail.headers.subject.as_deref().unwrap_or("（无主题）")))?;
        writeln!(out, "  性质：{}", labels::nature(understanding.nature))?;
    }
    match &understanding.unit {
        Some(claim) => unit_words(out, "单位", claim)?,
        None if understanding.candidates.is_empty() => writeln!(out, "  单位：未能识别")?,
        None => {
            writeln!(out, "  单位：未能确定")?;
            for claim in &understanding.candidates {
                unit_words(out, "可能", claim)?;
            }
        }
    }
    for oddity in &mail.oddities {
        writeln!(out, "  注意：{}", one_line(&oddity.text))?;
    }
    for (piece, (_, role)) in mail.pieces.iter().zip(&understanding.roles) {
        writeln!(out, "  附件 {}：{}（{}）", piece.path, one_line(&piece.name), role_in_chinese(*role))?;
        for oddity in &piece.oddities {
            writeln!(out, "    注意：{}", one_line(&oddity.text))?;
        }
    }
    for table in &understanding.tables {
        let unit = table.unit_name.as_deref().unwrap_or("（单位名称未填）");
        let (unit, sheet) = (one_line(unit), one_line(&table.sheet));
        writeln!(out, "  统计表 {} “{sheet}”：{unit}，{} 行", table.piece, table.rows.len())?;
        for (key, total) in &table.totals {
            writeln!(out, "    {key} = {}", total.map_or_else(|| "—".to_owned(), |total| total.to_string()))?;
        }
        finding_words(out, &table.findings)?;
    }
    for report in &understanding.reports {
        writeln!(
            out,
            "  报告 {}：{}　{}　{}",
            report.piece,
            one_line(report.title.as_deref().unwrap_or("（未读出标题）")),
            one_line(report.document_number.as_deref().unwrap_or("（无文号）")),
            report.dated.map(|day| day.to_string()).unwrap_or_default()
        )?;
        finding_words(out, &report.findings)?;
    }
    Ok(())
}

fn unit_words(out: &mut impl Write, label: &str, claim: &Claim) -> std::io::Result<()> {
    let certainty = match claim.certainty {
        Certainty::Certain => "确定",
        Certainty::Probable => "可能",
    };
    writeln!(out, "  {label}：{} {}（{certainty}）", claim.code, claim.name)?;
    for evidence in &claim.evidence {
        writeln!(out, "    依据：{}", one_line(&evidence.text))?;
    }
    Ok(())
}

fn finding_words(out: &mut impl Write, findings: &[Finding]) -> std::io::Result<()> {
    for finding in findings {
        let weight = match finding.severity {
            Severity::Error => "错误",
            Severity::Warning => "提示",
        };
        let place = finding.cell.as_ref().map(|cell| format!("{} ", one_line(cell))).unwrap_or_default();
        writeln!(out, "    {weight}：{place}{}", one_line(&finding.text))?;
    }
    Ok(())
}

fn role_in_chinese(role: Role) -> &'static str {
    match role {
        Role::Table => "统计表",
        Role::Report => "报告",
        Role::Attachment => "附件",
        Role::CloudLink => "云附件链接",
        Role::Inline => "正文插图",
        Role::Unopened => "未能打开",
    }
}
