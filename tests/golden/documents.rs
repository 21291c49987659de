//! Word and RTF documents. Those that only a word processor writes come from `tests/generate/documents.py`.

use std::io::{Cursor, Write as _};

use mailtally::demo::build::form::{Cell, Figures, FilledForm, GROUPS, HEADERS, TITLE, Troop, Visit, Writing};
use mailtally::demo::build::html;
use mailtally::demo::build::report::Report;
use mailtally::demo::build::word::{Stand, document, form_body, paragraph, report_body};
use rust_decimal::Decimal;

use super::Case;

/// The cases of this file, always the same bytes.
pub fn cases() -> Vec<Case> {
    let case = |name: &str, file: &str, bytes: Vec<u8>| Case { name: name.to_owned(), file: file.to_owned(), bytes };
    vec![
        case("docx-foreign-shape", "统计表.docx", foreign_shape()),
        case("docx-text-boxes", "临县统计表.docx", docx(&text_boxes())),
        case("docx-split-by-page", "统计表.docx", docx(&split_by_page(false))),
        case("docx-split-by-page-headed", "统计表.docx", docx(&split_by_page(true))),
        case("docx-dragged-edges", "统计表.docx", docx(&dragged_edges())),
        case("docx-hidden-and-struck-out", "统计表.docx", docx(&hidden_and_struck_out())),
        case("docx-page-inside", "兴县报告.docx", page_inside()),
        case("docx-unread-inside", "兴县报告.docx", unread_inside()),
        case("docx-red-head-in-header", "交口县报告.docx", red_head_in_header()),
        case("rtf-by-an-office-system", "中阳县统计表.doc", rtf()),
        case("rtf-cut-off", "中阳县统计表.doc", rtf().into_iter().take(2_600).collect()),
        case("word-2003-xml", "汾阳市统计表.doc", word_2003_xml().into_bytes()),
        case("word-flat-package", "汾阳市统计表.xml", flat_package().into_bytes()),
        case("word-page-named-doc", "柳林县统计表.doc", page_named_doc()),
    ]
}

fn visit(people: u32, gifts: &str, cost: i64) -> Visit {
    Visit { people, gifts: gifts.to_owned(), cost: Decimal::from(cost) }
}

fn figures() -> Figures {
    let troop = |name: &str, cost: i64| Troop {
        name: name.to_owned(),
        gifts: "西瓜、毛巾".to_owned(),
        cost: Decimal::from(cost),
    };
    Figures {
        veterans: visit(64, "慰问金", 32_000),
        others: visit(31, "米、面、油", 9_300),
        troops: vec![troop("武警吕梁支队", 5_000), troop("驻吕某部一营", 3_700)],
        remarks: String::new(),
    }
}

fn form(unit: &str) -> FilledForm {
    FilledForm::new(unit, "2021年8月5日", &figures(), Writing::Plain, 2)
}

fn docx(body: &str) -> Vec<u8> {
    document(body).unwrap()
}

fn zip(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

const WORDS: &str = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
const MAIN: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml";

/// Package parts around a main part, with its relationships.
fn package(main: &str, body: &[u8], relations: &str, more: &[(&str, &[u8])]) -> Vec<u8> {
    let (folder, file) = main.rsplit_once('/').unwrap();
    let types = format!(
        "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Override PartName=\"/{main}\" \
         ContentType=\"{MAIN}\"/></Types>"
    );
    let root = format!(
        "<Relationships><Relationship Id=\"r1\" Type=\"http://purl.oclc.org/ooxml/officeDocument/relationships/\
         officeDocument\" Target=\"/{main}\"/></Relationships>"
    );
    let own = format!("<Relationships>{relations}</Relationships>");
    let own_name = format!("{folder}/_rels/{file}.rels");
    let mut parts: Vec<(&str, &[u8])> =
        vec![("[Content_Types].xml", types.as_bytes()), ("_rels/.rels", root.as_bytes()), (main, body)];
    parts.push((&own_name, own.as_bytes()));
    parts.extend(more);
    zip(&parts)
}

/// As an office system writes it: other prefixes, another place for the text, UTF-16, ISO's strict namespace, content
/// controls, pages told.
fn foreign_shape() -> Vec<u8> {
    let body = form_body(&form("孝义市")).replace("<w:tbl>", "<w:sdt><w:sdtContent><w:tbl>");
    let body = body.replace("</w:tbl>", "</w:tbl></w:sdtContent></w:sdt>").replace("w:", "ns0:");
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-16\"?><ns0:document \
         xmlns:ns0=\"http://purl.oclc.org/ooxml/wordprocessingml/main\"><ns0:body>{body}</ns0:body></ns0:document>"
    );
    let wide: Vec<u8> = [0xFEFF].into_iter().chain(xml.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let app = b"<Properties><Pages>2</Pages></Properties>".as_slice();
    package("office/text.xml", &wide, "", &[("docProps/app.xml", app)])
}

/// Unit and day stand in text boxes above the table, each said twice for old and new readers.
fn text_boxes() -> String {
    let boxed = |words: &str| {
        let inner = format!("<w:txbxContent>{}</w:txbxContent>", paragraph(words, Stand::Left));
        format!(
            "<w:p><w:r><mc:AlternateContent><mc:Choice><w:drawing><wps:txbx>{inner}</wps:txbx></w:drawing></mc:Choice>\
             <mc:Fallback><w:pict><v:textbox>{inner}</v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>"
        )
    };
    let whole = form_body(&form("临县"));
    let table = whole.split_at(whole.find("<w:tbl>").unwrap()).1.to_owned();
    paragraph(TITLE, Stand::Title) + &boxed("单位名称：临县") + &boxed("填报时间：2021年8月3日") + &table
}

/// A table that goes on as another table on the next page, with its header again or without.
fn split_by_page(headed: bool) -> String {
    let whole = form_body(&form("汾阳市"));
    let rows: Vec<&str> = whole.split("<w:tr>").collect();
    let grid = whole.split_once("<w:tblGrid>").unwrap().1.split_once("</w:tblGrid>").unwrap().0;
    let again = if headed { format!("<w:tr>{}<w:tr>{}", rows[1], rows[2]) } else { String::new() };
    let cut = format!(
        "</w:tbl><w:p><w:r><w:br w:type=\"page\"/></w:r></w:p><w:tbl><w:tblGrid>{grid}</w:tblGrid>{again}<w:tr>{}",
        rows[4]
    );
    rows[..4].join("<w:tr>") + &cut
}

/// Column edges dragged by hand: the group header ends a millimetre beside the columns below it, and one row has an edge
/// elsewhere than the others.
fn dragged_edges() -> String {
    let whole = form_body(&form("交城县"));
    // A narrow column stands between the sixth and the seventh.
    let grid = "<w:gridCol w:w=\"1240\"/>".repeat(6)
        + "<w:gridCol w:w=\"60\"/>"
        + "<w:gridCol w:w=\"1180\"/>"
        + &"<w:gridCol w:w=\"1240\"/>".repeat(4);
    let before = "<w:gridCol w:w=\"1240\"/>".repeat(HEADERS.len());
    // Groups end behind the narrow column; leaves and the first row begin before it, the second row behind it.
    let mut rows: Vec<String> = whole.split("<w:tr>").map(str::to_owned).collect();
    rows[1] = rows[1].replacen("<w:gridSpan w:val=\"6\"/>", "<w:gridSpan w:val=\"7\"/>", 1);
    for (row, cell) in [(2, 6), (3, 6), (4, 5)] {
        let mut cells: Vec<String> = rows[row].split("<w:tcPr>").map(str::to_owned).collect();
        cells[cell + 1] = format!("<w:gridSpan w:val=\"2\"/>{}", cells[cell + 1]);
        rows[row] = cells.join("<w:tcPr>");
    }
    rows.join("<w:tr>").replacen(&before, &grid, 1)
}

/// Hidden letters, a struck-out paragraph mark inside a number, old column widths under tracked changes, a tick.
fn hidden_and_struck_out() -> String {
    let number = "<w:p><w:pPr><w:rPr><w:del w:id=\"1\"/></w:rPr></w:pPr><w:r><w:t>6</w:t></w:r></w:p>\
                  <w:p><w:r><w:t>4</w:t></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t>00</w:t></w:r></w:p>";
    let tick = "<w:p><w:r><w:sym w:font=\"Wingdings\" w:char=\"F0FE\"/><w:t>已核对</w:t></w:r></w:p>";
    let form = form("离石区").with(0, "veterans_visited", Cell::Text("人数在此".to_owned())).with(
        0,
        "remarks",
        Cell::Text("备注在此".to_owned()),
    );
    let mut body = form_body(&form).replace(
        "</w:tblGrid>",
        "<w:tblGridChange w:id=\"2\"><w:tblGrid><w:gridCol w:w=\"9000\"/></w:tblGrid></w:tblGridChange></w:tblGrid>",
    );
    for (words, by) in [("人数在此", number), ("备注在此", tick)] {
        let written = paragraph(words, Stand::Left);
        body = body.replace(&written, by);
    }
    body
}

/// The whole text is a web page inside the document.
fn page_inside() -> Vec<u8> {
    let form = form("兴县");
    let page = format!("<html><body>{}</body></html>", html::table(&form));
    let body = format!(
        "<w:document xmlns:w=\"{WORDS}\" xmlns:r=\"r\"><w:body><w:altChunk r:id=\"c1\"/><w:sectPr/></w:body></w:document>"
    );
    let relation = "<Relationship Id=\"c1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/\
                    aFChunk\" Target=\"chunk.html\"/>";
    package("word/document.xml", body.as_bytes(), relation, &[("word/chunk.html", page.as_bytes())])
}

/// As before, but what stands inside is of a kind nobody here reads.
fn unread_inside() -> Vec<u8> {
    let body = format!(
        "<w:document xmlns:w=\"{WORDS}\" xmlns:r=\"r\"><w:body><w:altChunk r:id=\"c1\"/><w:sectPr/></w:body></w:document>"
    );
    let relation = "<Relationship Id=\"c1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/\
                    aFChunk\" Target=\"chunk.bin\"/>";
    package("word/document.xml", body.as_bytes(), relation, &[("word/chunk.bin", b"\x00\x01\x02\x03")])
}

/// The office's name and the document's number stand in the header of the first page.
fn red_head_in_header() -> Vec<u8> {
    let mut report = Report::on("交口县双拥工作领导小组办公室", None, "2021年8月4日", &figures());
    report.title = report.title.replace("交口县双拥工作领导小组办公室", "");
    let body = format!(
        "<w:document xmlns:w=\"{WORDS}\" xmlns:r=\"r\"><w:body>{}<w:sectPr><w:headerReference w:type=\"first\" \
         r:id=\"h1\"/><w:titlePg/></w:sectPr></w:body></w:document>",
        report_body(&report)
    );
    let header = format!(
        "<w:hdr xmlns:w=\"{WORDS}\">{}{}</w:hdr>",
        paragraph("交口县拥军优属拥政爱民工作领导小组文件", Stand::Centred),
        paragraph("交双拥办〔2021〕9号", Stand::Centred)
    );
    let relation = "<Relationship Id=\"h1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/\
                    header\" Target=\"header1.xml\"/>";
    package("word/document.xml", body.as_bytes(), relation, &[("word/header1.xml", header.as_bytes())])
}

/// Bytes of GBK as hexadecimal escapes, broken anywhere.
fn escaped(words: &str) -> String {
    let (bytes, ..) = encoding_rs::GB18030.encode(words);
    bytes
        .iter()
        .map(|byte| if byte.is_ascii() { char::from(*byte).to_string() } else { format!("\\'{byte:02x}") })
        .collect()
}

fn rtf_row(cells: &[(&str, u32, &str)]) -> String {
    let mut edge = 0;
    let mut out = "\\trowd\\trgaph108\\trleft0".to_owned();
    for (_, columns, merging) in cells {
        edge += columns * 1240;
        out += &format!("{merging}\\cellx{edge}");
    }
    out.push('\n');
    for (words, ..) in cells {
        out += &format!("\\pard\\intbl {}\\cell\n", escaped(words).replace('\n', "\\par "));
    }
    out + "\\row\n"
}

/// RTF under the name of a Word document, in GBK, with what a reader must pass over.
fn rtf() -> Vec<u8> {
    let form = form("中阳县");
    let [own, troops] = GROUPS;
    let mut out = String::from(
        "{\\rtf1\\ansi\\ansicpg936\\deff0{\\fonttbl{\\f0\\fnil\\fcharset134 \\'cb\\'ce\\'cc\\'e5;}{\\f1\\fswiss Arial;}}\n\
         {\\stylesheet{\\s0 Normal;}}{\\info{\\title x}{\\nofpages2}}{\\*\\generator Office 1.0;}\n\
         {\\header \\pard \\'d2\\'b3\\'c3\\'bc\\par}\n",
    );
    out += &format!("\\pard\\qc\\f0 {}\\par\n", escaped(TITLE));
    out += &format!(
        "\\pard {}{{\\v 99}}\\u8195?{}\\par\n",
        escaped("单位名称：中阳县"),
        escaped("填报时间：2021年8月5日")
    );
    out += &rtf_row(&[
        (own, 6, ""),
        (troops, 1, "\\clmgf"),
        ("", 1, "\\clmrg"),
        ("", 1, "\\clmrg"),
        (HEADERS[9], 1, "\\clvmgf"),
        (HEADERS[10], 1, "\\clvmgf"),
    ]);
    let leaves: Vec<(&str, u32, &str)> = HEADERS
        .iter()
        .enumerate()
        .map(|(column, header)| if column < 9 { (*header, 1, "") } else { ("", 1, "\\clvmrg") })
        .collect();
    out += &rtf_row(&leaves);
    for row in &form.rows {
        let shown: Vec<String> = row.iter().map(Cell::shown).collect();
        out += &rtf_row(&shown.iter().map(|words| (words.as_str(), 1, "")).collect::<Vec<_>>());
    }
    out += "\\pard{\\*\\shppict{\\pict\\pngblip\\bin4 }{{}}}\\par}";
    out.into_bytes()
}

/// The body with what Word 2003 writes otherwise.
fn word_2003_xml() -> String {
    let body = form_body(&form("汾阳市"))
        .replace("w:vMerge w:val", "w:vmerge w:val")
        .replace("<w:vMerge/>", "<w:vmerge/>")
        .replace("<w:tbl>", "<wx:sub-section><w:tbl>")
        .replace("</w:tbl>", "</w:tbl></wx:sub-section>");
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><?mso-application progid=\"Word.Document\"?>\
         <w:wordDocument xmlns:w=\"http://schemas.microsoft.com/office/word/2003/wordml\" \
         xmlns:wx=\"http://schemas.microsoft.com/office/word/2003/auxHint\" xmlns:o=\"urn:schemas-microsoft-com:office:office\" \
         xmlns:aml=\"http://schemas.microsoft.com/aml/2001/core\"><o:DocumentProperties><o:Pages>1</o:Pages>\
         </o:DocumentProperties><w:body><wx:sect>{body}<w:p><aml:annotation w:type=\"Word.Deletion\"><aml:content><w:r>\
         <w:delText>旧</w:delText></w:r></aml:content></aml:annotation></w:p><w:sectPr><w:hdr w:type=\"odd\"><w:p><w:r>\
         <w:t>单位名称：页眉县</w:t></w:r></w:p></w:hdr></w:sectPr></wx:sect></w:body></w:wordDocument>"
    )
}

/// A docx as one XML file.
fn flat_package() -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><?mso-application progid=\"Word.Document\"?>\
         <pkg:package xmlns:pkg=\"http://schemas.microsoft.com/office/2006/xmlPackage\"><pkg:part pkg:name=\"/word/header1.xml\" \
         pkg:contentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.header+xml\"><pkg:xmlData><w:hdr \
         xmlns:w=\"{WORDS}\"><w:p><w:r><w:t>单位名称：页眉县</w:t></w:r></w:p></w:hdr></pkg:xmlData></pkg:part><pkg:part \
         pkg:name=\"/word/document.xml\" pkg:contentType=\"{MAIN}\"><pkg:xmlData><w:document xmlns:w=\"{WORDS}\"><w:body>{}\
         </w:body></w:document></pkg:xmlData></pkg:part><pkg:part pkg:name=\"/docProps/app.xml\" \
         pkg:contentType=\"application/vnd.openxmlformats-officedocument.extended-properties+xml\"><pkg:xmlData><Properties>\
         <Pages>1</Pages></Properties></pkg:xmlData></pkg:part></pkg:package>",
        form_body(&form("汾阳市"))
    )
}

/// A web page that Word saved, under the name of a Word document, in GBK.
fn page_named_doc() -> Vec<u8> {
    let page = format!(
        "<html xmlns:o=\"urn:schemas-microsoft-com:office:office\" xmlns:w=\"urn:schemas-microsoft-com:office:word\"><head>\
         <meta http-equiv=Content-Type content=\"text/html; charset=gb2312\"><meta name=ProgId content=Word.Document></head>\
         <body><div class=Section1>{}</div></body></html>",
        html::table(&form("柳林县"))
    );
    encoding_rs::GB18030.encode(&page).0.into_owned()
}
