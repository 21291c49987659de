//! Which tables and reports of a mail are filed for which unit, with which verdict.

use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset};

use super::authenticity;
use super::decide::{Past, is_accepted};
use super::doubts::{self, Doubt};
use super::nature::comes_with_every_mail;
use super::shares;
use crate::model::campaign::{Campaign, ScanPolicy};
use crate::model::decision::{Role, Understanding};
use crate::model::form::{FindingCode, Severity};
use crate::model::ledger::{Filing, ReviewReason, Verdict};
use crate::model::mail::{Digest, Kind, OddityCode, Piece};
use crate::model::returns::{Finding, Item, ReportReturn, TableReturn, Totals};
use crate::model::unit::UnitCode;

/// All that is to be filed from one mail, and what a person must see.
#[derive(Debug, Default)]
pub struct Plan {
    pub items: Vec<Planned>,
    pub reviews: Vec<(Option<UnitCode>, ReviewReason, String)>,
}

/// One item that is to be filed.
#[derive(Clone, Debug)]
pub struct Planned {
    pub unit: UnitCode,
    pub item: Item,
    pub piece: String,
    pub verdict: Verdict,
    pub content: Digest,
    pub totals: Option<Totals>,
    /// Why a person must look, where the verdict says so.
    pub reasons: Vec<String>,
    /// Why the sender may not file it, or may not replace what is accepted.
    pub doubt: Option<Doubt>,
}

impl Planned {
    /// As the ledger keeps it.
    #[must_use]
    pub fn into_filing(self, received_at: DateTime<FixedOffset>) -> Filing {
        Filing {
            item: self.item,
            piece: self.piece,
            verdict: self.verdict,
            received_at,
            content: self.content,
            totals: self.totals,
        }
    }
}

/// A table with what earlier returns make doubtful about it. The doubts decide with the table's own findings, but are
/// no part of what it says: the same table sent again is a repetition, whatever came between.
#[derive(Clone, Copy)]
struct Held<'a> {
    table: &'a TableReturn,
    doubts: &'a [Finding],
}

impl Held<'_> {
    fn verdict(&self) -> Verdict {
        verdict(&self.table.findings).max(verdict(self.doubts))
    }
}

/// Plans the filings of a submission. `doubts` are about each of its tables, in their order.
#[must_use]
pub fn plan(understanding: &Understanding, campaign: &Campaign, past: &Past, doubts: &[Vec<Finding>]) -> Plan {
    let mut plan = plan_items(understanding, campaign, past, doubts);
    plan.items.retain(|planned| campaign.asks_for(planned.item));
    for planned in &mut plan.items {
        planned.doubt = doubts::of_sender(understanding, campaign, past, &planned.unit);
    }
    plan
}

fn plan_items(understanding: &Understanding, campaign: &Campaign, past: &Past, doubts: &[Vec<Finding>]) -> Plan {
    let mut plan = Plan::default();
    for (unit, places) in shares::tables_by_unit(understanding) {
        let held = |place: usize| {
            let doubts = doubts.get(place).map(Vec::as_slice).unwrap_or_default();
            understanding.tables.get(place).map(|table| Held { table, doubts })
        };
        let tables: Vec<Held> = places.into_iter().filter_map(held).collect();
        plan_table(&mut plan, past, &unit, &tables);
    }
    doubt_part_read(&mut plan, understanding);
    for (unit, reports) in shares::reports_by_unit(understanding) {
        plan_report(&mut plan, understanding, campaign, unit, &reports);
    }
    let Some(claim) = &understanding.unit else {
        plan.items.retain(|planned| campaign.asks_for(planned.item));
        plan.reviews.push(unknown_unit(understanding, !plan.items.is_empty()));
        return plan;
    };
    plan_unopened(&mut plan, understanding, campaign, past, &claim.code);
    plan_unread_table(&mut plan, understanding, past, &claim.code);
    if plan.items.is_empty() && plan.reviews.is_empty() {
        let text = "来信附件中没有识别出统计表或专题报告，请人工查看。".to_owned();
        plan.reviews.push((Some(claim.code.clone()), ReviewReason::FileUnread, text));
    }
    plan
}

fn has(table: &TableReturn, code: FindingCode) -> bool {
    table.findings.iter().any(|finding| finding.code == code)
}

fn plan_table(plan: &mut Plan, past: &Past, unit: &UnitCode, tables: &[Held]) {
    let is_blank = |held: &&Held| held.table.is_untouched();
    let mut filled: Vec<Held> = tables.iter().filter(|table| !is_blank(table)).copied().collect();
    // A sheet from which nothing could be read counts beside nothing that could.
    if filled.iter().any(|held| !held.table.rows.is_empty()) {
        filled.retain(|held| !held.table.rows.is_empty() || !has(held.table, FindingCode::ColumnMissing));
    }
    // The blank form sent along as an annex takes nothing back.
    let accepted = past.ledgers.get(unit).is_some_and(|ledger| is_accepted(ledger, Item::Table));
    let candidates = match (filled.is_empty(), accepted) {
        (true, true) => return,
        (true, false) => tables.to_vec(),
        (false, _) => filled,
    };
    let Some(best) = candidates.iter().min_by_key(|held| held.verdict()) else { return };
    let different: BTreeSet<Digest> = candidates.iter().map(|held| table_content(held.table)).collect();
    let Held { table, doubts } = *best;
    let mut planned = Planned {
        unit: unit.clone(),
        item: Item::Table,
        piece: table.piece.clone(),
        verdict: best.verdict(),
        content: table_content(table),
        totals: Some(table.totals.clone()),
        reasons: review_reasons(table.findings.iter().chain(doubts)),
        doubt: None,
    };
    if different.len() > 1 {
        planned.verdict = Verdict::NeedsReview;
        planned.reasons.push(format!("同一封邮件中有{}份内容不同的统计表，无法判断以哪份为准", different.len()));
        planned.content = Digest::of(different.iter().map(Digest::as_str).collect::<Vec<_>>().join(",").as_bytes());
    }
    if table.hidden {
        planned.verdict = planned.verdict.max(Verdict::NeedsReview);
        planned.reasons.push("统计表在隐藏的工作表中".to_owned());
    }
    plan.items.push(planned);
}

/// Where one table of a file was read and another was not, a person looks at both.
fn doubt_part_read(plan: &mut Plan, understanding: &Understanding) {
    for planned in &mut plan.items {
        let piece = understanding.mail.pieces.iter().find(|piece| piece.path == planned.piece);
        let unread =
            piece.and_then(|piece| piece.oddities.iter().find(|oddity| oddity.code == OddityCode::TableUnread));
        if let Some(oddity) = unread {
            planned.verdict = planned.verdict.max(Verdict::NeedsReview);
            planned.reasons.push(oddity.text.clone());
        }
    }
}

fn plan_report(
    plan: &mut Plan,
    understanding: &Understanding,
    campaign: &Campaign,
    unit: &UnitCode,
    reports: &[&ReportReturn],
) {
    let rank = |report: &&&ReportReturn| {
        (
            report.has_text,
            report.document_number.is_some(),
            report.title.is_some(),
            std::cmp::Reverse(report.piece.len()),
        )
    };
    let Some(best) = reports.iter().max_by_key(rank) else { return };
    let mut planned = Planned {
        unit: unit.clone(),
        item: Item::Report,
        piece: best.piece.clone(),
        verdict: verdict(&best.findings),
        content: report_content(understanding, best),
        totals: None,
        reasons: review_reasons(best.findings.iter()),
        doubt: None,
    };
    if !best.has_text && campaign.reports.scans == ScanPolicy::Review {
        planned.verdict = planned.verdict.max(Verdict::NeedsReview);
        planned.reasons.push("报告是扫描件或图片，机器读不出文字".to_owned());
    }
    plan.items.push(planned);
}

/// What a finding list comes to: an error only the office can decide on outweighs one the unit can mend.
fn verdict(findings: &[Finding]) -> Verdict {
    let errors = || findings.iter().filter(|finding| finding.severity == Severity::Error);
    if errors().any(|finding| !finding.code.mended_by_unit()) {
        Verdict::NeedsReview
    } else if errors().next().is_some() {
        Verdict::NeedsCorrection
    } else {
        Verdict::Accepted
    }
}

fn review_reasons<'f>(findings: impl Iterator<Item = &'f Finding>) -> Vec<String> {
    findings
        .filter(|finding| finding.severity == Severity::Error && !finding.code.mended_by_unit())
        .map(|finding| finding.text.clone())
        .collect()
}

/// Same figures, words and errors, same digest; where they stand does not matter. A unit may mend its sum row alone,
/// and that is no repetition.
fn table_content(table: &TableReturn) -> Digest {
    let mut text = String::new();
    for row in &table.rows {
        for (key, filled) in &row.0 {
            let value = filled.value.as_ref().map(|value| match value {
                crate::model::returns::Value::Figure(figure) => figure.normalize().to_string(),
                crate::model::returns::Value::Words(words) => words.clone(),
            });
            // A cell that could not be read differs from an empty one.
            let value = value.or_else(|| filled.written.clone()).unwrap_or_default();
            text.push_str(&format!("{key}\u{1f}{value}\u{1e}"));
        }
        text.push('\u{1d}');
    }
    for finding in table.findings.iter().filter(|finding| finding.severity == Severity::Error) {
        text.push_str(&format!("{:?}\u{1f}", finding.code));
    }
    Digest::of(text.as_bytes())
}

/// A report is the bytes of its file; one written as the mail itself is its words.
fn report_content(understanding: &Understanding, report: &ReportReturn) -> Digest {
    let piece = understanding.mail.pieces.iter().find(|piece| piece.path == report.piece);
    piece.map_or_else(|| Digest::of(understanding.mail.body.own_text.as_bytes()), |piece| piece.sha256.clone())
}

/// A file named as the table in which nobody found one (a picture, a PDF, another form): never silence about it.
fn plan_unread_table(plan: &mut Plan, understanding: &Understanding, past: &Past, unit: &UnitCode) {
    let planned = plan.items.iter().any(|planned| planned.item == Item::Table);
    if planned || past.ledgers.get(unit).is_some_and(|ledger| is_accepted(ledger, Item::Table)) {
        return;
    }
    let named = understanding.mail.pieces.iter().zip(&understanding.roles).find(|(piece, (_, role))| {
        let by_name = matches!(role, Role::Attachment)
            && ["统计表", "报表"].iter().any(|word| piece.name.contains(word))
            && !piece.name.contains("通知");
        by_name || (matches!(role, Role::Report) && piece.has(OddityCode::TableUnread))
    });
    if let Some((piece, _)) = named.filter(|(piece, _)| !is_container(piece.kind)) {
        plan.items.push(Planned {
            unit: unit.clone(),
            item: Item::Table,
            piece: piece.path.clone(),
            verdict: Verdict::NeedsReview,
            content: piece.sha256.clone(),
            totals: None,
            reasons: vec![format!("附件“{}”像是统计表，但没有读出表格", file_name(piece))],
            doubt: None,
        });
    }
}

/// What it holds stands as pieces of its own.
fn is_container(kind: Kind) -> bool {
    matches!(kind, Kind::Zip | Kind::Rar | Kind::SevenZip | Kind::Tar | Kind::Gz | Kind::Tnef | Kind::Eml)
}

/// Files that could not be opened stand for what their names say, so that the unit is told and the office knows.
fn plan_unopened(plan: &mut Plan, understanding: &Understanding, campaign: &Campaign, past: &Past, unit: &UnitCode) {
    for (piece, (_, role)) in understanding.mail.pieces.iter().zip(&understanding.roles) {
        if !matches!(role, Role::Unopened | Role::CloudLink) || comes_with_every_mail(piece) {
            continue;
        }
        let reason = unopened_reason(piece);
        let by_content = piece.has(OddityCode::TableUnread).then_some(Item::Table);
        let item = by_content.or_else(|| item_by_name(&piece.name)).filter(|item| campaign.asks_for(*item));
        let free = item.filter(|item| {
            let planned = plan.items.iter().any(|planned| planned.item == *item);
            !planned && !past.ledgers.get(unit).is_some_and(|ledger| is_accepted(ledger, *item))
        });
        match free {
            Some(item) => plan.items.push(Planned {
                unit: unit.clone(),
                item,
                piece: piece.path.clone(),
                verdict: if unit_can_mend(piece) { Verdict::NeedsCorrection } else { Verdict::NeedsReview },
                content: piece.sha256.clone(),
                totals: None,
                reasons: vec![reason],
                doubt: None,
            }),
            None if told_by_its_archive(piece, &understanding.mail.pieces) => {}
            None => plan.reviews.push((Some(unit.clone()), ReviewReason::FileUnread, reason)),
        }
    }
}

/// Whether the archive a file lies in could not be opened for the same reason: one look answers both.
fn told_by_its_archive(piece: &Piece, pieces: &[Piece]) -> bool {
    let archive = piece.inside.as_ref().and_then(|inside| pieces.iter().find(|other| other.path == *inside));
    let why = piece.oddities.first().map(|oddity| oddity.code);
    archive.is_some_and(|archive| why.is_some_and(|why| archive.has(why)))
}

fn unopened_reason(piece: &Piece) -> String {
    let why = piece.oddities.first().map_or("无法打开", |oddity| oddity.text.as_str());
    format!("附件“{}”：{}", file_name(piece), why.trim_end_matches('。'))
}

/// The name without the folders of its archive.
fn file_name(piece: &Piece) -> &str {
    let name = piece.name.rsplit('/').next().unwrap_or_default();
    if name.is_empty() { "未命名" } else { name }
}

/// A password, damage or a cloud link the unit can mend by sending the file again; an unread kind only the office.
fn unit_can_mend(piece: &Piece) -> bool {
    [OddityCode::PasswordProtected, OddityCode::Damaged, OddityCode::CloudAttachment, OddityCode::TooLarge]
        .into_iter()
        .any(|code| piece.has(code))
}

/// What a file that nobody opened probably is, by its name.
fn item_by_name(name: &str) -> Option<Item> {
    let name = name.to_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    if name.contains("统计表") || name.contains("报表") || ends(&[".xls", ".xlsx", ".et", ".xlsb", ".ods", ".csv"])
    {
        Some(Item::Table)
    } else if name.contains("报告") || name.contains("总结") || ends(&[".doc", ".docx", ".wps", ".pdf", ".ofd"]) {
        Some(Item::Report)
    } else {
        None
    }
}

fn unknown_unit(understanding: &Understanding, filed: bool) -> (Option<UnitCode>, ReviewReason, String) {
    let names: Vec<&str> = understanding.candidates.iter().map(|claim| claim.name.as_str()).collect();
    match (names.as_slice(), filed) {
        ([], _) => {
            let why =
                if authenticity::address_counts(&understanding.mail) { "也不在名册中" } else { "不足为凭" };
            let text = format!("报送材料没有写明单位，发件地址{why}，请指定单位。");
            (None, ReviewReason::UnitUnknown, text)
        }
        (names, true) => {
            let text = format!("一封邮件报送了{}的材料，已分别登记，请核对；未自动回复。", names.join("、"));
            (None, ReviewReason::UnitConflict, text)
        }
        ([name], false) => (None, ReviewReason::UnitUnknown, format!("不能确定报送单位，线索指向{name}，请指定单位。")),
        (names, false) => {
            (None, ReviewReason::UnitConflict, format!("报送单位的线索互相矛盾：{}，请指定单位。", names.join("、")))
        }
    }
}
