//! What is said to a unit about its files and figures: which findings are told, where they stand, what to do.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::words::clean;
use crate::model::decision::Role;
use crate::model::form::{FindingCode, Severity};
use crate::model::mail::{OddityCode, Piece};
use crate::model::returns::Finding;

/// Findings a letter lists at most; more help nobody.
pub(super) const MOST_REMARKS: usize = 40;

/// The findings worth telling: a total that does not agree says nothing new where the same cell is suspected to be in
/// the wrong unit of money, since mending the unit mends both.
pub fn told(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    let suspects: HashSet<_> = findings
        .iter()
        .filter(|finding| finding.code == FindingCode::UnitOfMoneySuspect)
        .map(|finding| (finding.sheet.as_deref(), finding.cell.as_deref()))
        .collect();
    findings.iter().filter(move |finding| {
        finding.code != FindingCode::TotalMismatch
            || !suspects.contains(&(finding.sheet.as_deref(), finding.cell.as_deref()))
    })
}

/// One finding in a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Remark {
    /// File, sheet and cell, as far as known: `统计表.xls，工作表“Sheet1”，N6 单元格`.
    pub place: String,
    pub text: String,
    /// Who does something about it.
    pub weight: Weight,
}

/// What a remark asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Weight {
    /// The unit must mend it.
    Mend,
    /// The office looks at it.
    Office,
    /// Only told.
    Hint,
}

impl Remark {
    pub(super) fn new(file: &str, finding: &Finding) -> Self {
        let mut place = vec![clean(file, 80)];
        place.extend(
            finding
                .sheet
                .as_deref()
                .filter(|sheet| !sheet.is_empty())
                .map(|sheet| format!("工作表“{}”", clean(sheet, 40))),
        );
        place.extend(finding.cell.as_deref().map(|cell| format!("{} 单元格", clean(cell, 20))));
        place.retain(|part| !part.is_empty());
        let mut text = clean(&finding.text, 300);
        if let Some(suggested) = finding.suggested.as_deref().map(|suggested| clean(suggested, 40))
            && !text.contains(&suggested)
        {
            text = format!("{}（疑应为 {suggested}）", text.trim_end_matches('。'));
        }
        let weight = match finding.severity {
            Severity::Warning => Weight::Hint,
            Severity::Error if finding.code.mended_by_unit() => Weight::Mend,
            Severity::Error => Weight::Office,
        };
        Self { place: place.join("，"), text, weight }
    }
}

/// What the unit is told of a file that could not simply be taken, and whether a person of the office looks at it.
pub(super) fn about_file(piece: &Piece, role: Role) -> (Vec<String>, bool) {
    let mut notes: Vec<String> = Vec::new();
    let mut by_person = false;
    for oddity in &piece.oddities {
        let note = match oddity.code {
            OddityCode::PasswordProtected => "文件设有打开密码，无法读取，请取消密码后重新报送。",
            OddityCode::Damaged => "文件已损坏，无法完整读取，请重新保存后再报送。",
            OddityCode::TooLarge => "文件过大，未予打开，请精简或拆分后重新报送。",
            OddityCode::Bomb => "压缩包解开后体积异常，未予打开，请将文件直接作为附件报送。",
            OddityCode::CloudAttachment => "此为网盘或超大附件链接，我办不作下载，请将文件直接作为邮件附件报送。",
            OddityCode::ScanOnly => "此为扫描件或图片，文字无法自动读取。",
            OddityCode::UnreadKind => {
                by_person = true;
                "此类文件无法自动读取，已转工作人员核对。"
            }
            OddityCode::TableUnread => {
                by_person = true;
                "文件中的表格无法准确读取，已转工作人员核对；如有 Excel 或 Word 原表，请一并报送。"
            }
            OddityCode::CharsetMislabelled
            | OddityCode::DateMissing
            | OddityCode::DateImpossible
            | OddityCode::MessageIdMissing
            | OddityCode::SeveralSenders
            | OddityCode::NotAMail
            | OddityCode::OtherCampaign
            | OddityCode::NotOpened => continue,
        };
        if !notes.iter().any(|present| present == note) {
            notes.push(note.to_owned());
        }
    }
    if notes.is_empty() && role == Role::Unopened {
        by_person = true;
        notes.push("未能自动读取，已转工作人员核对。".to_owned());
    }
    (notes, by_person)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(code: FindingCode, cell: &str) -> Finding {
        Finding {
            severity: code.severity(),
            code,
            sheet: Some("Sheet1".into()),
            cell: Some(cell.into()),
            text: "总额疑似以元填写。".into(),
            suggested: Some("1.5".into()),
        }
    }

    #[test]
    fn a_mismatch_hides_behind_the_suspected_unit_of_the_same_cell_only() {
        let findings = [
            finding(FindingCode::TotalMismatch, "J6"),
            finding(FindingCode::TotalMismatch, "J7"),
            finding(FindingCode::UnitOfMoneySuspect, "J6"),
        ];
        let cells: Vec<_> = told(&findings).map(|told| (told.code, told.cell.as_deref().unwrap())).collect();
        assert_eq!(cells, [(FindingCode::TotalMismatch, "J7"), (FindingCode::UnitOfMoneySuspect, "J6")]);
    }

    #[test]
    fn a_remark_names_its_place_and_the_likely_figure() {
        let remark = Remark::new("统计表.xls", &finding(FindingCode::UnitOfMoneySuspect, "J6"));
        assert_eq!(remark.place, "统计表.xls，工作表“Sheet1”，J6 单元格");
        assert_eq!(remark.text, "总额疑似以元填写（疑应为 1.5）");
        assert_eq!(remark.weight, Weight::Mend);
    }
}
