//! Word documents made here, whole and broken.

use std::io::{Cursor, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use proptest::prelude::*;

use super::*;
use crate::model::grid::{Sheet, Span, cell_name};
use crate::model::mail::OddityCode;

fn docx(body: &str) -> Vec<u8> {
    let document = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{body}</w:body></w:document>"#
    );
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in [
        (
            "_rels/.rels",
            r#"<Relationships><Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>"#,
        ),
        ("docProps/app.xml", "<Properties><Pages>3</Pages></Properties>"),
        ("word/document.xml", &document),
    ] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn opened(body: &str) -> Document {
    read(&docx(body), &Limits::default()).unwrap()
}

fn p(text: &str) -> String {
    format!("<w:p><w:r><w:t xml:space=\"preserve\">{text}</w:t></w:r></w:p>")
}

fn tc(properties: &str, text: &str) -> String {
    format!("<w:tc><w:tcPr>{properties}</w:tcPr>{}</w:tc>", p(text))
}

fn cells(sheet: &Sheet) -> Vec<(String, String)> {
    sheet.grid.cells().iter().map(|cell| (cell_name(cell.row, cell.column), cell.value.shown())).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(place, value)| ((*place).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn runs_breaks_revisions_and_fields() {
    let document = opened(concat!(
        "<w:p><w:pPr><w:tabs><w:tab w:val=\"left\"/></w:tabs></w:pPr><w:r><w:t>离双拥办〔2021〕</w:t></w:r><w:r><w:t>5号</w:t></w:r></w:p>",
        "<w:p/><w:p><w:r><w:t>  </w:t></w:r></w:p>",
        "<w:p><w:r><w:t>甲</w:t><w:tab/><w:t>乙&amp;丙</w:t><w:br/><w:t>丁</w:t><w:noBreakHyphen/><w:softHyphen/><w:t>戊&#21271;</w:t></w:r></w:p>",
        "<w:p><w:del><w:r><w:delText>旧</w:delText><w:t>旧</w:t></w:r></w:del><w:ins><w:r><w:t>新</w:t></w:r></w:ins>",
        "<w:moveFrom><w:r><w:t>搬</w:t></w:r></w:moveFrom><w:r><w:instrText>PAGE</w:instrText></w:r><w:hyperlink><w:r><w:t>链</w:t></w:r></w:hyperlink></w:p>",
    ));
    assert_eq!(document.paragraphs, ["离双拥办〔2021〕5号", "甲\t乙&丙\n丁-戊北", "新链"]);
    assert_eq!((document.pages, document.has_text, document.images), (Some(3), true, 0));
}

#[test]
fn merged_cells_become_areas() {
    let table = format!(
        "<w:tbl><w:tr>{}{}{}</w:tr><w:tr>{}{}{}{}</w:tr><w:tr><w:trPr><w:gridBefore w:val=\"1\"/></w:trPr>{}{}</w:tr></w:tbl>",
        tc("<w:vMerge w:val=\"restart\"/>", "单位"),
        tc("<w:gridSpan w:val=\"2\"/>", "慰问情况"),
        tc("", "备注"),
        tc("<w:vMerge/>", "盖住"),
        tc("", "人数"),
        tc("", "经费"),
        tc("", "1"),
        tc("", "12"),
        tc("", "3400"),
    );
    let document = opened(&format!("{}{table}{}", p("前"), p("后")));
    assert_eq!(document.paragraphs, ["前", "后"]);
    let sheet = &document.tables[0];
    assert_eq!(sheet.name, "表1");
    assert_eq!(
        cells(sheet),
        pairs(&[
            ("A1", "单位"),
            ("B1", "慰问情况"),
            ("D1", "备注"),
            ("B2", "人数"),
            ("C2", "经费"),
            ("D2", "1"),
            ("B3", "12"),
            ("C3", "3400")
        ])
    );
    assert_eq!(
        sheet.grid.merges(),
        [Span { top: 0, left: 0, bottom: 1, right: 0 }, Span { top: 0, left: 1, bottom: 0, right: 2 }]
    );
}

#[test]
fn nested_tables_follow_the_outer_one_and_deleted_rows_go() {
    let inner = format!("<w:tbl><w:tr>{}</w:tr></w:tbl>", tc("", "内"));
    let table = format!(
        "<w:tbl><w:tr><w:tc>{}{inner}{}</w:tc></w:tr><w:tr><w:trPr><w:del w:id=\"1\"/></w:trPr>{}</w:tr><w:tr>{}</w:tr></w:tbl>",
        p("上"),
        p("下"),
        tc("", "删"),
        tc("", "留")
    );
    let document = opened(&table);
    assert_eq!(document.tables.len(), 2);
    assert_eq!(cells(&document.tables[0]), pairs(&[("A1", "上\n下"), ("A2", "留")]));
    assert_eq!((document.tables[1].name.as_str(), cells(&document.tables[1])), ("表2", pairs(&[("A1", "内")])));
    assert!(document.paragraphs.is_empty() && document.has_text);
}

#[test]
fn a_text_box_is_read_once_and_pictures_are_counted() {
    let boxed = |inner: &str| format!("<w:txbxContent>{inner}</w:txbxContent>");
    let document = opened(&format!(
        "<w:p><w:r><mc:AlternateContent><mc:Choice><w:drawing><wps:wsp>{}</wps:wsp></w:drawing></mc:Choice><mc:Fallback><w:pict>{}</w:pict></mc:Fallback></mc:AlternateContent><w:t>正文</w:t></w:r></w:p>",
        boxed(&p("框")),
        boxed(&p("框"))
    ));
    assert_eq!(document.paragraphs, ["框", "正文"]);
    assert_eq!(document.images, 0);
    let scan = opened(
        "<w:p><w:r><w:drawing><a:graphic><pic:pic><a:blip/></pic:pic></a:graphic></w:drawing></w:r><w:r><w:pict><v:shape><v:imagedata/></v:shape></w:pict></w:r></w:p>",
    );
    assert_eq!((scan.has_text, scan.images), (false, 2));
}

#[test]
fn broken_and_boundless_files_are_refused() {
    let whole = docx(&p("文"));
    let code = |bytes: &[u8], limits: &Limits| read(bytes, limits).unwrap_err().code;
    assert_eq!(code(b"PK\x03\x04", &Limits::default()), OddityCode::Damaged);
    assert_eq!(code(&whole[..whole.len() / 2], &Limits::default()), OddityCode::Damaged);
    assert_eq!(code(&docx("<w:tbl><w:tr><w:tc>"), &Limits::default()), OddityCode::Damaged);
    let few = Limits { paragraphs: 3, cells: 3, ..Limits::default() };
    assert_eq!(code(&docx(&p("a").repeat(4)), &few), OddityCode::TooLarge);
    assert_eq!(
        code(&docx(&format!("<w:tbl><w:tr>{}</w:tr></w:tbl>", tc("", "").repeat(4))), &few),
        OddityCode::TooLarge
    );
    let bomb = docx(&" ".repeat(80 << 20));
    assert_eq!(code(&bomb, &Limits::default()), OddityCode::Bomb);
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    file.create_stream("/EncryptedPackage").unwrap().write_all(b"x").unwrap();
    file.flush().unwrap();
    assert_eq!(code(&file.into_inner().into_inner(), &Limits::default()), OddityCode::PasswordProtected);
}

#[test]
fn deep_nesting_costs_no_stack() {
    let depth = 900;
    let body = "<w:tbl><w:tr><w:tc>".repeat(depth) + &p("底") + &"</w:tc></w:tr></w:tbl>".repeat(depth);
    assert_eq!(opened(&body).tables.len(), depth);
    assert!(opened(&("<w:sdt>".repeat(100_000) + &p("底"))).has_text);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]
    #[test]
    fn broken_documents_end_quickly(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..10),
        markup in "(<(/)?w:(p|tbl|tr|tc|t|del|gridSpan w:val=\"9+\"|vMerge|hMerge|trPr)(/)?>|文){0,60}") {
        let mut bytes = docx(&markup);
        for (at, byte) in &changes {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        let started = Instant::now();
        let read = catch_unwind(AssertUnwindSafe(|| read(&bytes, &Limits::default())));
        prop_assert!(read.is_ok());
        prop_assert!(started.elapsed().as_secs() < 5);
    }
}
