//! Text → the formal report it is, with title, document number, issuer and day; or the notice sent back; or neither.

use super::heading::{TITLE_WORDS, TOP_LINES, Top, is_prose};
use super::signature::{Close, editor_and_day};
use super::words::{han_count, normalise};
use crate::model::campaign::ReportRules;
use crate::model::form::{FindingCode, Form, Severity};
use crate::model::grid::Document;
use crate::model::mail::Kind;
use crate::model::returns::{Finding, ReportReturn};

/// A piece that may be a report.
#[derive(Clone, Copy, Debug)]
pub struct ReportSource<'a> {
    /// `None` for an image.
    pub document: Option<&'a Document>,
    /// Path of the piece, or `body`.
    pub piece: &'a str,
    /// The file name; empty where there is none.
    pub name: &'a str,
    pub kind: Kind,
}

/// What of the campaign a report is read against.
#[derive(Clone, Copy, Debug)]
pub struct NoticeFacts<'a> {
    /// Completes days written without a year.
    pub year: i32,
    /// 文号 of the notice.
    pub number: &'a str,
    /// Title of the notice.
    pub title: &'a str,
}

/// What a document turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub enum ReportVerdict {
    Report(ReportReturn),
    /// The campaign's own notice, sent back; its empty form is no return either.
    Notice,
    NoReport,
}

/// A scan's file name tells a report by these.
const NAME_WORDS: [&str; 6] = ["报告", "总结", "汇报", "情况", "小结", "红头"];
/// A file with such a name is the table, unless it is named like a report too.
const TABLE_NAME_WORDS: [&str; 5] = ["统计表", "报表", "表格", "附表", "明细"];
/// Files so named show the visits.
const PHOTO_NAME_WORDS: [&str; 6] = ["照片", "图片", "合影", "剪影", "截图", "活动图"];
/// Prose, in Chinese characters: less is a covering note or a form's own words.
const LEAST_PROSE: usize = 50;
/// Without a title of its own a text must be longer to be a report.
const LEAST_PROSE_UNTITLED: usize = 150;
/// A report that nothing was done is short: with a title and such words this much prose is enough.
const LEAST_PROSE_NIL: usize = 12;
/// Words of units that have nothing to report.
const NIL_WORDS: [&str; 22] = [
    "未开展",
    "没有开展",
    "未组织",
    "未走访",
    "没有走访",
    "无走访",
    "无慰问",
    "未慰问",
    "未进行",
    "无驻军",
    "没有驻军",
    "无驻地",
    "无军队",
    "没有军队",
    "无退役",
    "没有退役",
    "无优抚",
    "无此项",
    "无相关",
    "不涉及",
    "零报告",
    "无部队",
];
/// Occasions that have a collection of their own.
const OCCASIONS: [&str; 11] =
    ["八一", "春节", "元旦", "清明", "端午", "七一", "中秋", "国庆", "烈士纪念日", "重阳", "双拥月"];

/// Whether a text says that there was nothing to do.
#[must_use]
pub fn says_nothing_was_done(text: &str) -> bool {
    let text = normalise(text);
    NIL_WORDS.iter().any(|word| text.contains(word))
}

/// Judges whether a piece is a report and reads what it says of itself.
#[must_use]
pub fn read_report(source: &ReportSource, rules: &ReportRules, notice: &NoticeFacts, form: &Form) -> ReportVerdict {
    let lines = source.document.filter(|document| document.has_text).map(lines_of).unwrap_or_default();
    if lines.is_empty() {
        return scan(source, rules, form);
    }
    let top = Top::of(&lines, rules);
    if is_notice(&lines, &top, notice) {
        return ReportVerdict::Notice;
    }
    let number = top.number.clone().filter(|number| normalise(number) != normalise(notice.number));
    if top.other
        || is_of_another(&lines, &top, notice, rules, form)
        || !is_report(&lines, &top, number.is_some(), source, rules)
    {
        return ReportVerdict::NoReport;
    }
    let close = match &top.editor {
        Some(line) => editor_and_day(line, notice.year),
        None => Close::of(&lines, top.body, notice.year),
    };
    let mut findings = Vec::new();
    if number.is_none() {
        let text = "报告中没有找到本单位的发文字号（文号），请确认是否为正式文件。";
        findings.push(finding(FindingCode::DocumentNumberMissing, text, form));
    }
    ReportVerdict::Report(ReportReturn {
        piece: source.piece.to_owned(),
        format: source.kind,
        unit: None,
        title: top.title,
        document_number: number,
        issuer: close.issuer.or(top.red_head),
        dated: close.dated,
        pages: source.document.and_then(|document| document.pages),
        has_text: true,
        findings,
    })
}

fn finding(code: FindingCode, text: &str, form: &Form) -> Finding {
    let severity: Severity = form.severity(code);
    Finding { severity, code, sheet: None, cell: None, text: text.to_owned(), suggested: None }
}

/// A picture of a report: known by its file's name; a PDF that is only pictures is one unless named like the table.
fn scan(source: &ReportSource, rules: &ReportRules, form: &Form) -> ReportVerdict {
    let name = normalise(source.name);
    let strong = NAME_WORDS.iter().any(|word| *word != "情况" && name.contains(word));
    let about = rules.words.iter().any(|word| name.contains(&normalise(word)));
    let table = TABLE_NAME_WORDS.iter().any(|word| name.contains(word));
    let photo = PHOTO_NAME_WORDS.iter().any(|word| name.contains(word));
    let named = strong || (name.contains("情况") && about && !table);
    let pictures = source.document.is_some_and(|document| {
        !document.has_text && (document.images > 0 || document.pages.is_some_and(|pages| pages > 0))
    });
    let is_scan = match source.kind {
        Kind::Image => named,
        // Photographs of the visits often come beside the report.
        Kind::Pdf | Kind::Ofd | Kind::Docx | Kind::Doc | Kind::Rtf => pictures && (named || !(table || photo)),
        _ => false,
    };
    if !is_scan {
        return ReportVerdict::NoReport;
    }
    let pages = source.document.and_then(|document| document.pages).or((source.kind == Kind::Image).then_some(1));
    let text = "报告是扫描件或图片，没有可读取的文字，需人工查看。";
    ReportVerdict::Report(ReportReturn {
        piece: source.piece.to_owned(),
        format: source.kind,
        unit: None,
        title: None,
        document_number: None,
        issuer: None,
        dated: None,
        pages,
        has_text: false,
        findings: vec![finding(FindingCode::ScanOnly, text, form)],
    })
}

/// The document's lines, trimmed, without page numbers.
fn lines_of(document: &Document) -> Vec<String> {
    let page_number = |line: &str| {
        let bare: String =
            line.chars().filter(|character| !matches!(character, '-' | '—' | '–' | '－' | ' ' | '第' | '页')).collect();
        bare.is_empty() || (bare.len() <= 3 && bare.bytes().all(|byte| byte.is_ascii_digit()))
    };
    document
        .paragraphs
        .iter()
        .flat_map(|paragraph| paragraph.lines())
        .map(str::trim)
        .filter(|line| !line.is_empty() && !page_number(line))
        .take(5000)
        .map(str::to_owned)
        .collect()
}

/// The notice itself: its title as a title, with its number or its addressees.
fn is_notice(lines: &[String], top: &Top, notice: &NoticeFacts) -> bool {
    let title = normalise(notice.title);
    if title.is_empty() {
        return false;
    }
    let head: Vec<String> = lines.iter().take(TOP_LINES).map(|line| normalise(line)).collect();
    let titled = (0..head.len())
        .any(|from| (1..=3).any(|count| head.get(from..from + count).is_some_and(|lines| lines.concat() == title)));
    let numbered = top.number.as_deref().is_some_and(|number| normalise(number) == normalise(notice.number));
    let addressed = head.iter().any(|line| line.starts_with("各县(市、区)"));
    titled && (numbered || (addressed && top.number.is_none()))
}

/// Headed as the report on another year or another occasion: last year's file, or another collection's.
fn is_of_another(lines: &[String], top: &Top, notice: &NoticeFacts, rules: &ReportRules, form: &Form) -> bool {
    let Some(title) = top.title.as_deref().map(normalise) else { return false };
    // A collection may ask about a year before the one it runs in; then its form or notice names that year.
    let mut our_years = years_in(&normalise(&format!("{}{}", form.title, notice.title)));
    our_years.push(notice.year);
    let is_past = |year: &i32| our_years.iter().all(|ours| year < ours);
    let years = years_in(&title);
    // A wrong year in the title alone is a slip of the pen.
    let other_year = !years.is_empty() && years.iter().all(is_past) && {
        let text: String = lines.iter().filter(|line| !line.contains('〔')).map(|line| normalise(line)).collect();
        !years_in(&text).iter().any(|year| our_years.contains(year))
    };
    let ours = normalise(notice.title) + &normalise(&rules.words.concat());
    let named: Vec<&&str> = OCCASIONS.iter().filter(|word| title.contains(**word)).collect();
    let other_occasion = !named.is_empty() && !named.iter().any(|word| ours.contains(**word));
    other_year || other_occasion
}

/// The years written in figures before 年.
fn years_in(text: &str) -> Vec<i32> {
    text.match_indices('年')
        .filter_map(|(place, _)| {
            let before = text.get(..place)?;
            let start = before.len().checked_sub(4)?;
            before.get(start..)?.parse().ok()
        })
        .filter(|year| (1990..=2100).contains(year))
        .collect()
}

fn is_report(lines: &[String], top: &Top, numbered: bool, source: &ReportSource, rules: &ReportRules) -> bool {
    let whole = normalise(&lines.concat());
    let mut words: Vec<String> =
        rules.words.iter().map(|word| normalise(word)).filter(|word| !word.is_empty()).collect();
    words.sort();
    words.dedup();
    let about = words.iter().filter(|word| whole.contains(word.as_str())).count();
    let prose: usize = lines.iter().filter(|line| is_prose(line)).map(|line| han_count(line)).sum();
    // A PDF breaks its paragraphs into lines of some forty characters, most without a full stop.
    let running: usize = lines.get(top.body..).unwrap_or_default().iter().map(|line| han_count(line)).sum();
    let has_sentences = prose > 0 || lines.iter().any(|line| line.contains('，'));
    let prose = if has_sentences && source.kind == Kind::Pdf { prose.max(running) } else { prose };
    let headed = top.title.is_some() || numbered;
    let is_nil = headed && running >= LEAST_PROSE_NIL && says_nothing_was_done(&whole);
    if about < 2.min(words.len()) || prose < LEAST_PROSE && !is_nil {
        return false;
    }
    if headed {
        return true;
    }
    // A mail's own words often announce the report they bring.
    let own_words = source.piece == "body" || source.kind == Kind::Eml;
    let named = TITLE_WORDS.iter().any(|word| whole.contains(word));
    !own_words && named && prose >= LEAST_PROSE_UNTITLED
}

#[cfg(test)]
mod tests;
