//! HTML tables and paragraphs, hostile nesting included.

use proptest::prelude::*;

use super::*;
use crate::model::grid::cell_name;

fn page(text: &str) -> Document {
    read(text, &Limits::default()).unwrap_or_default()
}

fn cells(document: &Document, table: usize) -> Vec<(String, String)> {
    let cells = document.tables[table].grid.cells();
    cells.iter().map(|cell| (cell_name(cell.row, cell.column), cell.value.shown())).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(place, value)| ((*place).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn paragraphs_outside_and_cells_inside() {
    let document = page(
        "<html><head><title>不要</title><style>p{}</style></head><body><p>市双拥办：</p><div>现将\n  报表 报上。<br>请查收&nbsp;谢谢</div>\
         <table><tr><td>单位</td><td>人数<br>(人)</td></tr><tr><td>孝义市</td><td><p>12</p><p>&lt;约&gt;</p></td></tr></table>此致</body></html>",
    );
    assert_eq!(document.paragraphs, ["市双拥办：", "现将 报表 报上。", "请查收 谢谢", "此致"]);
    assert_eq!(
        cells(&document, 0),
        pairs(&[("A1", "单位"), ("B1", "人数\n(人)"), ("A2", "孝义市"), ("B2", "12\n<约>")])
    );
    assert_eq!(document.tables[0].name, "表1");
    assert!(document.has_text);
}

#[test]
fn spans_push_later_cells_aside() {
    let document = page(
        "<table><tr><th rowspan=2>甲</th><th colspan=\"2\">乙</th></tr><tr><td>丙</td><td>丁</td></tr><tr><td>1<td>2<td>3</table>",
    );
    assert_eq!(
        cells(&document, 0),
        pairs(&[("A1", "甲"), ("B1", "乙"), ("B2", "丙"), ("C2", "丁"), ("A3", "1"), ("B3", "2"), ("C3", "3")])
    );
    assert_eq!(
        document.tables[0].grid.merges(),
        [Span { top: 0, left: 0, bottom: 1, right: 0 }, Span { top: 0, left: 1, bottom: 0, right: 2 }]
    );
}

#[test]
fn nested_tables_are_tables_of_their_own() {
    let document = page("<table><tr><td>外一<table><tr><td>内</td></tr></table>外二</td><td>旁</td></tr></table>");
    assert_eq!(document.tables.len(), 2);
    assert_eq!(cells(&document, 0), pairs(&[("A1", "外一\n外二"), ("B1", "旁")]));
    assert_eq!(cells(&document, 1), pairs(&[("A1", "内")]));
}

#[test]
fn markup_left_open_is_closed() {
    let document = page("<table><tr><td>甲<td>乙<tr><td>丙");
    assert_eq!(cells(&document, 0), pairs(&[("A1", "甲"), ("B1", "乙"), ("A2", "丙")]));
}

#[test]
fn hostile_depth_and_spans_are_bounded() {
    for tag in ["div", "table", "b", "td", "table><tr><td"] {
        let text = format!("<{tag}>").repeat(100_000) + "终";
        let document = page(&text);
        assert!(document.tables.len() <= TABLES, "{tag}");
    }
    let wide = "<table><tr><td rowspan=1000000 colspan=99999999999>甲</td><td>乙</td></tr></table>";
    let document = page(wide);
    assert_eq!(document.tables[0].grid.merges(), [Span { top: 0, left: 0, bottom: 999, right: 999 }]);
    assert_eq!(document.tables[0].grid.cells().iter().map(|cell| cell.column).max(), Some(1000));
    let deep = format!("<table><tr>{}", "<td rowspan=1000 colspan=1000>".repeat(20)) + &"<tr><td>1".repeat(200_000);
    page(&deep);
    let attributes = format!("<td {}>1", "a=1 ".repeat(300_000));
    page(&attributes);
}

#[test]
fn pictures_alone_are_no_text() {
    let document = page("<body><img src=\"cid:scan\"><br>&nbsp;</body>");
    assert_eq!((document.has_text, document.images), (false, 1));
}

#[test]
fn beyond_the_limits_nothing_is_read_rather_than_half() {
    let limits = Limits { cells: 10, paragraphs: 5, ..Limits::default() };
    let table = |rows: usize| format!("<table>{}</table>", "<tr><td>1<td>2".repeat(rows));
    assert!(read(&table(5), &limits).is_ok());
    assert_eq!(read(&table(6), &limits), Err(too_large()));
    assert_eq!(read(&"<p>一".repeat(6), &limits), Err(too_large()));
    assert_eq!(read(&"<table><tr><td colspan=999>1".repeat(3), &limits), Err(too_large()));
}

proptest! {
    #[test]
    fn any_markup_is_read(text in "(<(/)?(table|tr|td|p|br|div|script|!--)( (col|row)span=[0-9]{1,7})?>|[甲乙 &;]{0,3}){0,60}") {
        let document = page(&text);
        for sheet in &document.tables {
            for span in sheet.grid.merges() {
                prop_assert!(span.right - span.left < SPAN && span.bottom - span.top < SPAN);
            }
        }
    }
}
