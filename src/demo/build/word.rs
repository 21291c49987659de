//! Reports and forms as .docx: WordprocessingML written by hand into a zip.

use std::io::{Cursor, Write as _};

use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::form::{FilledForm, GROUPS, HEADERS, TITLE};
use super::html::escape;
use super::report::Report;

const CONTENT_TYPES: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
    <Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
    <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
    <Default Extension=\"xml\" ContentType=\"application/xml\"/><Override PartName=\"/word/document.xml\" \
    ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/></Types>";
const RELATIONS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
    <Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" \
    Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" \
    Target=\"word/document.xml\"/></Relationships>";

const PICTURE_RELATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
    <Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" \
    Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/image\" \
    Target=\"media/image1.jpeg\"/></Relationships>";
/// A paragraph of one picture, 12 by 9 cm.
const DRAWING: &str = "<w:p><w:r><w:drawing><wp:inline \
    xmlns:wp=\"http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing\"><wp:extent cx=\"4320000\" \
    cy=\"3240000\"/><wp:docPr id=\"1\" name=\"图片 1\"/><a:graphic \
    xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\"><a:graphicData \
    uri=\"http://schemas.openxmlformats.org/drawingml/2006/picture\"><pic:pic \
    xmlns:pic=\"http://schemas.openxmlformats.org/drawingml/2006/picture\"><pic:nvPicPr><pic:cNvPr id=\"1\" \
    name=\"图片 1\"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip \
    xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\" r:embed=\"rId1\"/><a:stretch>\
    <a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x=\"0\" y=\"0\"/><a:ext cx=\"4320000\" \
    cy=\"3240000\"/></a:xfrm><a:prstGeom prst=\"rect\"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData>\
    </a:graphic></wp:inline></w:drawing></w:r></w:p>";

/// How a paragraph stands on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    Title,
    Centred,
    Body,
    Left,
    Right,
}

/// One paragraph; its words are cut into two runs, as word processors do, so that a reader must join them.
#[must_use]
pub fn paragraph(words: &str, stand: Stand) -> String {
    let alignment = match stand {
        Stand::Title | Stand::Centred => "<w:jc w:val=\"center\"/>",
        Stand::Body => "<w:ind w:firstLine=\"640\"/>",
        Stand::Left => "",
        Stand::Right => "<w:jc w:val=\"right\"/>",
    };
    let (font, size) = if stand == Stand::Title { ("方正小标宋简体", 44) } else { ("仿宋_GB2312", 32) };
    let look = format!("<w:rPr><w:rFonts w:eastAsia=\"{font}\" w:hint=\"eastAsia\"/><w:sz w:val=\"{size}\"/></w:rPr>");
    let middle = words.chars().count() / 2;
    let first: String = words.chars().take(middle).collect();
    let second: String = words.chars().skip(middle).collect();
    let runs: String = [first, second]
        .iter()
        .filter(|run| !run.is_empty())
        .map(|run| format!("<w:r>{look}<w:t xml:space=\"preserve\">{}</w:t></w:r>", escape(run)))
        .collect();
    format!("<w:p><w:pPr>{alignment}</w:pPr>{runs}</w:p>")
}

/// The body of a report as paragraphs.
#[must_use]
pub fn report_body(report: &Report) -> String {
    let mut body = String::new();
    if let Some(number) = &report.number {
        body.push_str(&paragraph(number, Stand::Centred));
    }
    body.push_str(&paragraph(&report.title, Stand::Title));
    body.push_str(&paragraph("", Stand::Body));
    body.push_str(&paragraph(&report.addressee, Stand::Left));
    for words in &report.paragraphs {
        body.push_str(&paragraph(words, Stand::Body));
    }
    body.push_str(&paragraph("", Stand::Body));
    body.push_str(&paragraph(&report.issuer, Stand::Right));
    body.push_str(&paragraph(&report.dated, Stand::Right));
    body
}

/// The body of a form: title, unit and day, the table with its spans, the notes.
#[must_use]
pub fn form_body(form: &FilledForm) -> String {
    let mut body = paragraph(TITLE, Stand::Title);
    let line = format!("县(市、区)/单位名称：{}        填报时间：{}", form.unit_name, form.filled_on);
    body.push_str(&paragraph(&line, Stand::Left));
    body.push_str("<w:tbl><w:tblPr><w:tblW w:w=\"0\" w:type=\"auto\"/></w:tblPr><w:tblGrid>");
    body.push_str(&"<w:gridCol w:w=\"1240\"/>".repeat(HEADERS.len()));
    body.push_str("</w:tblGrid>");
    let [own, troops] = GROUPS;
    let mut groups = cell(own, "<w:gridSpan w:val=\"6\"/>") + &cell(troops, "<w:gridSpan w:val=\"3\"/>");
    let mut leaves = String::new();
    for (column, header) in HEADERS.iter().enumerate() {
        if column >= 9 {
            groups.push_str(&cell(header, "<w:vMerge w:val=\"restart\"/>"));
            leaves.push_str(&cell("", "<w:vMerge/>"));
        } else {
            leaves.push_str(&cell(header, ""));
        }
    }
    body.push_str(&format!("<w:tr>{groups}</w:tr><w:tr>{leaves}</w:tr>"));
    for row in form.rows.iter().chain(form.sum_row.as_ref()) {
        let cells: String = row.iter().map(|written| cell(&written.shown(), "")).collect();
        body.push_str(&format!("<w:tr>{cells}</w:tr>"));
    }
    body.push_str("</w:tbl>");
    for note in &form.notes {
        body.push_str(&paragraph(note, Stand::Left));
    }
    body
}

fn cell(words: &str, properties: &str) -> String {
    format!("<w:tc><w:tcPr>{properties}</w:tcPr>{}</w:tc>", paragraph(words, Stand::Left))
}

/// The .docx around a body made by the functions above.
///
/// # Errors
/// What the writer of archives reports.
pub fn document(body: &str) -> Result<Vec<u8>, ZipError> {
    package(body, &[("[Content_Types].xml", CONTENT_TYPES), ("_rels/.rels", RELATIONS)], None)
}

/// The same with a photograph at its end, which is stored as cameras leave them: packed already.
///
/// # Errors
/// What the writer of archives reports.
pub fn illustrated(body: &str, photograph: &[u8]) -> Result<Vec<u8>, ZipError> {
    let types = CONTENT_TYPES.replace("<Override", "<Default Extension=\"jpeg\" ContentType=\"image/jpeg\"/><Override");
    let body = format!("{body}{DRAWING}");
    let parts = [
        ("[Content_Types].xml", types.as_str()),
        ("_rels/.rels", RELATIONS),
        ("word/_rels/document.xml.rels", PICTURE_RELATION),
    ];
    package(&body, &parts, Some(photograph))
}

fn package(body: &str, parts: &[(&str, &str)], photograph: Option<&[u8]>) -> Result<Vec<u8>, ZipError> {
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<w:document \
         xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body>{body}<w:sectPr><w:pgSz \
         w:w=\"11906\" w:h=\"16838\"/></w:sectPr></w:body></w:document>"
    );
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    // Without a time of its own every entry carries 1980-01-01: the same bytes each time.
    let options = SimpleFileOptions::default();
    for (name, content) in parts.iter().chain([&("word/document.xml", xml.as_str())]) {
        archive.start_file(*name, options)?;
        archive.write_all(content.as_bytes())?;
    }
    if let Some(photograph) = photograph {
        archive.start_file("word/media/image1.jpeg", options.compression_method(CompressionMethod::Stored))?;
        archive.write_all(photograph)?;
    }
    Ok(archive.finish()?.into_inner())
}
