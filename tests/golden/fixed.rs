//! Documents with fixed pages: PDF and OFD.

#[path = "fixed/ofd.rs"]
mod ofd;
#[path = "fixed/paper.rs"]
mod paper;
#[path = "fixed/pdf.rs"]
mod pdf;

use self::ofd::Beside;
use self::paper::{Mark, Page, Row, form, report};
use self::pdf::Lying;
use super::Case;

const FIRST: Row = [
    "120",
    "慰问金500元、大米2袋",
    "60,000.00",
    "30",
    "米面油",
    "9,000.00",
    "武警吕梁支队",
    "牛奶、水果",
    "20,000.00",
    "10.90",
    "无",
];
const SECOND: Row = ["", "", "", "", "", "", "县人武部", "慰问金", "20,000.00", "", ""];
const OTHER: Row = ["80", "慰问金", "40000", "无", "", "无", "消防救援大队", "牛奶", "5000", "4.5", ""];
const DAY: &str = "2021年8月5日";

/// The cases of this file, always the same bytes.
pub fn cases() -> Vec<Case> {
    let one = || form("离石区", DAY, &[FIRST, SECOND], true);
    let mut cases = vec![
        case("pdf-table", "统计表.pdf", pdf::file(&[one()], Lying::Wide)),
        case(
            "pdf-table-open-sides",
            "统计表.pdf",
            pdf::file(&[form("离石区", DAY, &[FIRST, SECOND], false)], Lying::Wide),
        ),
        case("pdf-table-turned", "统计表.pdf", pdf::file(&[one()], Lying::Turned)),
        case("pdf-table-rotated", "统计表.pdf", pdf::file(&[one()], Lying::Rotated)),
        case("pdf-table-two-pages", "统计表.pdf", pdf::file(&two_pages(false), Lying::Wide)),
        case("pdf-table-header-again", "统计表.pdf", pdf::file(&two_pages(true), Lying::Wide)),
        case("pdf-two-forms", "两县.pdf", pdf::file(&[one(), form("柳林县", DAY, &[OTHER], true)], Lying::Wide)),
        case("pdf-report-and-table", "报告及统计表.pdf", pdf::file(&[report(), one()], Lying::Wide)),
        case("pdf-table-straddling", "表.pdf", pdf::file(&[straddling()], Lying::Wide)),
        case("pdf-table-typed-over", "表.pdf", pdf::file(&[typed_over()], Lying::Wide)),
        case("pdf-table-unruled", "表.pdf", pdf::file(&[without_lines(&one())], Lying::Wide)),
        case("pdf-table-guessed", "统计表.pdf", pdf::file(&[guessed(&one())], Lying::Wide)),
        case("pdf-report-then-scans", "报告.pdf", pdf::file(&[report(), picture(), picture()], Lying::Wide)),
        case("pdf-cut-off", "统计表.pdf", pdf::file(&[one()], Lying::Wide)[..300].to_vec()),
    ];
    cases.extend([
        case("ofd-table", "统计表.ofd", ofd::file(&[one()], Beside::Nothing)),
        case("ofd-table-on-template", "统计表.ofd", ofd::file(&[one()], Beside::Template)),
        case("ofd-table-two-pages", "统计表.ofd", ofd::file(&two_pages(false), Beside::Nothing)),
        case("ofd-report", "报告.ofd", ofd::file(&[report()], Beside::Nothing)),
        case("ofd-report-with-attachment", "报告.ofd", ofd::file(&[report()], Beside::Attachment)),
        case("ofd-table-straddling", "表.ofd", ofd::file(&[straddling()], Beside::Nothing)),
        case("ofd-scan", "走访慰问报告.ofd", ofd::file(&[picture(), picture()], Beside::Nothing)),
        case("ofd-scan-guessed", "走访慰问报告.ofd", ofd::file(&[guessed(&report())], Beside::Nothing)),
        case("ofd-encrypted", "统计表.ofd", ofd::encrypted()),
    ]);
    cases
}

fn case(name: &str, file: &str, bytes: Vec<u8>) -> Case {
    Case { name: name.to_owned(), file: file.to_owned(), bytes }
}

/// The last row stands alone on the second page.
fn two_pages(header_again: bool) -> [Page; 2] {
    let first = form("离石区", DAY, &[FIRST], true);
    let mut second = Page::default();
    let top = if header_again { second.header(40.0, true) } else { 40.0 };
    if !header_again {
        second.line((31.0, top), (811.0, top));
    }
    second.rows(&[SECOND], top, true);
    second.words("— 2 —", 400.0, 570.0, 12.0);
    [first, second]
}

/// A figure too long for its cell reaches into the next.
fn straddling() -> Page {
    let mut page = form("离石区", DAY, &[SECOND], true);
    page.words("1234567890123", 240.0, 225.0, 9.0);
    page
}

/// A figure under a white box, with another typed over it.
fn typed_over() -> Page {
    let mut page = form("离石区", DAY, &[FIRST], true);
    page.marks.push(Mark::White { x: 190.0, y: 210.0, width: 55.0, height: 20.0 });
    page.words("90,000.00", 200.0, 224.0, 9.0);
    page
}

fn without_lines(page: &Page) -> Page {
    Page { marks: page.marks.iter().filter(|mark| !matches!(mark, Mark::Line { .. })).cloned().collect() }
}

fn picture() -> Page {
    Page { marks: vec![Mark::Picture] }
}

/// A scan under which a program has laid the words that it guessed.
fn guessed(page: &Page) -> Page {
    let unseen = page.marks.iter().filter_map(|mark| match mark {
        Mark::Words { text, x, y, size } => Some(Mark::Unseen { text: text.clone(), x: *x, y: *y, size: *size }),
        _ => None,
    });
    Page { marks: std::iter::once(Mark::Picture).chain(unseen).collect() }
}
