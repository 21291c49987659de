//! Whether a piece holds the form although no table of it was read: never silence about it.

use std::collections::BTreeSet;

use super::headers::split_header;
use super::labels::read_lines;
use super::words::{is_han, normalise};
use crate::model::campaign::Campaign;
use crate::model::form::Form;
use crate::model::grid::Document;
use crate::model::mail::{Content, Kind, Oddity, OddityCode, Piece};
use crate::model::returns::ReportReturn;

/// So many headers of the form are not named by chance in a report.
const HEADERS: usize = 4;
/// Beside a table that could not be read so many do.
const HEADERS_IN_DOUBT: usize = 3;
/// A shorter header (备注) is a word of any text.
const LONG: usize = 4;
/// A line with the form's title may hold so many other characters and still be a title.
const TITLE_SPARE: usize = 10;
/// Lines that are looked at.
const MOST_LINES: usize = 5_000;
/// A picture so named is the table.
const TABLE_NAMES: [&str; 4] = ["统计表", "报表", "附表", "表格"];

/// A page that Chinese staff sends holds more Han than this, wherever its letters could be read.
const FEWEST_HAN: usize = 10;

/// What a person must be told of this piece, if its table was not read. `no_table`, `no_report`: none was found in it.
#[must_use]
pub fn form_not_read(piece: &Piece, no_table: bool, no_report: bool, campaign: &Campaign) -> Option<Oddity> {
    let named = TABLE_NAMES.iter().any(|word| piece.name.contains(word));
    let document = match &piece.content {
        Content::Document(document) => document,
        Content::Nothing if piece.kind == Kind::Image && named => {
            return Some(Oddity::new(OddityCode::ScanOnly, "表格是图片，其中的数字没有读取，请人工查看"));
        }
        Content::Nothing | Content::Workbook(_) => return None,
    };
    if no_table
        && no_report
        && let Some(why) = lost(piece.kind, named, document)
    {
        return Some(Oddity::new(OddityCode::TableUnread, format!("{why}，请人工查看")));
    }
    let may_hide_one = match piece.kind {
        Kind::Pdf | Kind::Ofd => true,
        // Revisions may leave no more of a form than its title and some headers.
        Kind::Doc => !document.tables.is_empty(),
        _ => false,
    };
    if document.doubts.is_empty() && !(may_hide_one && no_table) || !holds_form(document, campaign) {
        return None;
    }
    let why = document.doubts.first().map_or("文件中有统计表的文字，但没有画出可读的表格", String::as_str);
    Some(Oddity::new(OddityCode::TableUnread, format!("{why}，请人工查看")))
}

/// Why a file with fixed pages, in which neither table nor report was found, probably holds what was not read.
fn lost(kind: Kind, named: bool, document: &Document) -> Option<&'static str> {
    if !matches!(kind, Kind::Pdf | Kind::Ofd) || !document.has_text || !document.doubts.is_empty() {
        return None;
    }
    let letters = document.paragraphs.iter().flat_map(|line| line.chars());
    if letters.filter(|letter| is_han(*letter)).take(FEWEST_HAN).count() < FEWEST_HAN {
        return Some("文件中的文字没有读出");
    }
    named.then_some("文件名称是统计表，但没有读出表格")
}

/// Whether a report is one by its own title or number, beside a form in the same file.
#[must_use]
pub fn is_titled_report(report: &ReportReturn) -> bool {
    let title = report.title.as_deref().unwrap_or_default();
    let named = ["报告", "总结", "汇报", "小结"].iter().any(|word| title.contains(word));
    named || report.document_number.is_some()
}

fn holds_form(document: &Document, campaign: &Campaign) -> bool {
    let lines: Vec<String> = document.paragraphs.iter().take(MOST_LINES).map(|line| normalise(line)).collect();
    let title = normalise(&campaign.form.title);
    let spare = title.chars().count() + TITLE_SPARE;
    let titled = lines.iter().any(|line| {
        !title.is_empty() && line.contains(&title) && line.chars().count() <= spare && !line.starts_with('附')
    });
    let headers = headers_in(&lines.concat(), &campaign.form);
    if !document.doubts.is_empty() {
        return titled || headers >= HEADERS_IN_DOUBT;
    }
    let labelled = || !read_lines(&document.paragraphs, &campaign.form, campaign.year).is_empty();
    headers >= HEADERS || titled && labelled()
}

/// How many different headers of the form a text names, as they are printed: their short forms are words of any report.
fn headers_in(text: &str, form: &Form) -> usize {
    let headers: BTreeSet<String> = form.columns.iter().map(|column| split_header(&column.header).bare).collect();
    headers.iter().filter(|header| header.chars().count() >= LONG && text.contains(header.as_str())).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testing::bayi_form;

    #[test]
    fn a_page_without_readable_words_or_named_as_a_table_is_for_a_person() {
        let lost = |kind: Kind, named: bool, line: &str| {
            let paragraphs = vec![line.to_owned()];
            lost(kind, named, &Document { paragraphs, has_text: true, ..Document::default() })
        };
        let words = "关于开展走访慰问活动的工作情况说明";
        assert_eq!(lost(Kind::Pdf, false, "86 43000 15 3000 6000 5.20"), Some("文件中的文字没有读出"));
        assert_eq!(lost(Kind::Ofd, true, words), Some("文件名称是统计表，但没有读出表格"));
        assert_eq!(lost(Kind::Pdf, false, words), None);
        assert_eq!(lost(Kind::Text, true, "86 43000"), None);
    }

    #[test]
    fn a_report_names_few_headers_and_a_form_many() {
        let form = bayi_form();
        let report =
            normalise("慰问部队三个，部队名称见附表，慰问折算经费共计五万元。附：2021年“八一”期间走访慰问情况统计表");
        assert!(headers_in(&report, &form) < HEADERS_IN_DOUBT);
        let words = "慰问军队退役人员人数（人） 慰问形式及慰问品名称 慰问折算经费（元） 部队名称 备注";
        assert_eq!(headers_in(&normalise(words), &form), 4);
    }
}
