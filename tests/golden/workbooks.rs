//! Workbooks of every kind. Those of real programs, and the binary ones, are made by `tests/generate`.

use std::io::{Cursor, Write as _};

use mailtally::demo::build::form::{GROUPS, HEADERS, TITLE};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Formula, Workbook};

use super::Case;

/// Three sums (元) that come to 6.812 万元.
const ROW: [&str; 9] = ["121", "米、面、油", "34120", "45", "慰问金", "22000", "武警支队", "牛奶、水果", "12000"];
/// Top, left, bottom and right of what is merged.
const MERGED: [(u32, u16, u32, u16); 7] =
    [(0, 0, 0, 10), (1, 0, 1, 6), (1, 7, 1, 10), (2, 0, 2, 5), (2, 6, 2, 8), (2, 9, 3, 9), (2, 10, 3, 10)];

/// The cases of this file, always the same bytes.
pub fn cases() -> Vec<Case> {
    let case = |name: &str, file: &str, bytes: Vec<u8>| Case { name: name.into(), file: file.into(), bytes };
    let rounded = "ROUND(SUM(C5,F5,I5)/10000,2)";
    vec![
        // A 0 kept for each formula, as writers do that cannot compute: worked out, or to a person.
        case("workbook-formula-zero-kept", "表.xlsx", with_formula(rounded, Some("0"))),
        case("workbook-formula-unknown", "表.xlsx", with_formula("ROUND(SUMIF(C5:I5,\">0\")/10000,2)", Some("0"))),
        // An honest result of a formula that is not worked out here counts.
        case("workbook-formula-trusted", "表.xlsx", with_formula("ROUND(SUMIF(C5:I5,\">0\")/10000,2)", Some("6.81"))),
        case("workbook-formula-contradicted", "表.xlsx", with_formula(rounded, Some("9.99"))),
        case("workbook-formula-other-sheet", "表.xlsx", with_formula("ROUND('明细 表'!B1+C5/10000,2)", None)),
        case("workbook-xlsx-by-hand", "表.xlsx", by_hand()),
        case("workbook-xml-formulas", "表.xls", spreadsheet_2003()),
        case("workbook-flat-ods", "表.fods", flat_ods()),
        case("workbook-xls-bare-stream", "导出.xls", bare_stream()),
        case("workbook-html-kept-numbers", "网页.xls", web_page()),
        case("workbook-csv-utf-16", "Unicode文本.txt", utf16(&lines("\t"))),
        case("workbook-csv-utf-16-unmarked", "导出.csv", utf16(&lines(","))[2..].to_vec()),
        case(
            "workbook-csv-utf-16-unmarked-big",
            "导出.txt",
            utf16(&lines("\t"))[2..].chunks(2).flat_map(|pair| [pair[1], pair[0]]).collect(),
        ),
        case("workbook-sylk", "统计表.xls", gbk(&sylk())),
        case("workbook-sylk-cut-off", "统计表.slk", gbk(sylk().trim_end_matches("E\r\n"))),
        case("workbook-dif", "统计表.dif", gbk(&dif())),
        case("workbook-csv-gbk-semicolons", "表.csv", gbk(&format!("sep=;\r\n{}", lines(";")))),
    ]
}

/// The form's cells by row and column; the total as given.
fn cells(unit: &str, total: &str) -> Vec<(u32, u16, String)> {
    let mut cells = vec![
        (0, 0, TITLE.to_owned()),
        (1, 0, format!("县(市、区)/单位名称：{unit}")),
        (1, 7, "填报时间：2021年8月5日".to_owned()),
        (2, 0, GROUPS[0].to_owned()),
        (2, 6, GROUPS[1].to_owned()),
        (2, 9, HEADERS[9].to_owned()),
        (2, 10, HEADERS[10].to_owned()),
    ];
    cells.extend((0..).zip(&HEADERS[..9]).map(|(column, header)| (3, column, (*header).to_owned())));
    cells.extend((0..).zip(ROW).map(|(column, value)| (4, column, value.to_owned())));
    cells.push((4, 9, total.to_owned()));
    cells
}

fn merged_at(row: u32, column: u16) -> Option<(u32, u16)> {
    MERGED.iter().find(|area| (area.0, area.1) == (row, column)).map(|area| (area.2 - row, area.3 - column))
}

/// By rust_xlsxwriter, the total a formula with this result; it keeps 0 where none is given.
fn with_formula(formula: &str, result: Option<&str>) -> Vec<u8> {
    let mut book = Workbook::new();
    let created = ExcelDateTime::from_ymd(2021, 8, 5).unwrap();
    book.set_properties(&DocProperties::new().set_creation_datetime(&created));
    let sheet = book.add_worksheet().set_name("统计表").unwrap();
    for (top, left, bottom, right) in MERGED {
        sheet.merge_range(top, left, bottom, right, "", &Format::new()).unwrap();
    }
    for (row, column, value) in cells("孝义市", "") {
        match value.parse::<f64>() {
            Ok(number) => sheet.write(row, column, number).unwrap(),
            Err(_) => sheet.write(row, column, value).unwrap(),
        };
    }
    let formula = Formula::new(formula);
    let formula = match result {
        Some(result) => formula.set_result(result),
        None => formula,
    };
    sheet.write(4, 9, formula).unwrap();
    let detail = book.add_worksheet().set_name("明细 表").unwrap();
    detail.write(0, 0, "其他两项(万元)").unwrap();
    detail.write(0, 1, 3.4).unwrap();
    book.save_to_buffer().unwrap()
}

/// Parts in UTF-16, a relative target, rows and cells without their places, words in runs with their reading.
fn by_hand() -> Vec<u8> {
    let mut rows = String::new();
    for row in 0..5 {
        rows.push_str("<row>");
        for column in 0..11 {
            let cell = cells("汾阳市", "6.8").into_iter().find(|cell| (cell.0, cell.1) == (row, column));
            rows.push_str(&match cell {
                None => "<c/>".to_owned(),
                Some((4, 6, _)) => r#"<c t="s"><v>0</v></c>"#.to_owned(),
                Some((.., value)) if value.parse::<f64>().is_ok() => format!("<c><v>{value}</v></c>"),
                Some((.., value)) => format!(r#"<c t="inlineStr"><is><t>{value}</t></is></c>"#),
            });
        }
        rows.push_str("</row>");
    }
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006/relationships";
    let head = r#"<?xml version="1.0" encoding="UTF-16"?>"#;
    let sheet = format!(r#"{head}<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>"#);
    let strings = format!(
        r#"{head}<sst xmlns="{main}"><si><r><t>武警</t></r><r><rPr><b/></rPr><t>支队</t></r><rPh sb="0" eb="2"><t>wǔ jǐng</t></rPh></si></sst>"#
    );
    let workbook = format!(
        r#"{head}<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="统计表" sheetId="1" r:id="a"/></sheets></workbook>"#
    );
    let relations = format!(
        r#"<Relationships xmlns="{package}"><Relationship Id="a" Type="{office}/worksheet" Target="./表/一.xml"/><Relationship Id="b" Type="{office}/sharedStrings" Target="../xl/sharedStrings.xml"/></Relationships>"#
    );
    let roots = format!(
        r#"<Relationships xmlns="{package}"><Relationship Id="a" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
    );
    let types = r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>"#;
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let moment = zip::DateTime::from_date_and_time(2021, 8, 5, 9, 0, 0).unwrap();
    for (name, content) in [
        ("[Content_Types].xml", types.as_bytes().to_vec()),
        ("_rels/.rels", roots.into_bytes()),
        ("xl/workbook.xml", utf16(&workbook)),
        ("xl/_rels/workbook.xml.rels", relations.into_bytes()),
        ("xl/sharedStrings.xml", utf16(&strings)),
        ("xl/表/一.xml", utf16(&sheet)),
    ] {
        zip.start_file(name, zip::write::SimpleFileOptions::default().last_modified_time(moment)).unwrap();
        zip.write_all(&content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Excel 2003's XML in GBK; the total a formula by row and column without result.
fn spreadsheet_2003() -> Vec<u8> {
    let mut rows = String::new();
    for row in 0..5 {
        rows.push_str(&format!(r#"<Row ss:Index="{}">"#, row + 1));
        for (_, column, value) in cells("交城县", "").into_iter().filter(|cell| cell.0 == row) {
            let (down, across) = merged_at(row, column).unwrap_or_default();
            let place = format!(r#"ss:Index="{}" ss:MergeDown="{down}" ss:MergeAcross="{across}""#, column + 1);
            let kind = if value.parse::<f64>().is_ok() { "Number" } else { "String" };
            rows.push_str(&if value.is_empty() {
                format!(r#"<Cell {place} ss:Formula="=ROUND((RC[-7]+RC[-4]+R5C9)/10000,2)"/>"#)
            } else {
                format!(r#"<Cell {place}><Data ss:Type="{kind}">{value}</Data></Cell>"#)
            });
        }
        rows.push_str("</Row>");
    }
    gbk(&format!(
        r#"<?xml version="1.0" encoding="gb2312"?><?mso-application progid="Excel.Sheet"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="统计表"><Table>{rows}</Table></Worksheet></Workbook>"#
    ))
}

/// An OpenDocument in one file; the total a formula whose kept result is 0.
fn flat_ods() -> Vec<u8> {
    let mut rows = String::new();
    for row in 0..5 {
        rows.push_str("<table:table-row>");
        for column in 0..11 {
            let cell = cells("石楼县", "").into_iter().find(|cell| (cell.0, cell.1) == (row, column));
            let (down, across) = merged_at(row, column).unwrap_or_default();
            let spans =
                format!(r#"table:number-rows-spanned="{}" table:number-columns-spanned="{}""#, down + 1, across + 1);
            rows.push_str(&match cell.map(|(.., value)| value) {
                None => "<table:table-cell/>".to_owned(),
                Some(value) if value.is_empty() => r#"<table:table-cell table:formula="of:=ROUND(SUM([.C5];[.F5];[.$I$5])/10000;2)" office:value-type="float" office:value="0"><text:p>0</text:p></table:table-cell>"#.to_owned(),
                Some(value) if value.parse::<f64>().is_ok() => format!(r#"<table:table-cell office:value-type="float" office:value="{value}"><text:p>{value}</text:p></table:table-cell>"#),
                Some(value) => format!(r#"<table:table-cell office:value-type="string" {spans}><text:p>{value}</text:p></table:table-cell>"#),
            });
        }
        rows.push_str("</table:table-row>");
    }
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2" office:mimetype="application/vnd.oasis.opendocument.spreadsheet"><office:body><office:spreadsheet><table:table table:name="统计表">{rows}</table:table></office:spreadsheet></office:body></office:document>"#
    )
    .into_bytes()
}

/// What small exporters write: no compound file, no code page, words in GBK.
fn bare_stream() -> Vec<u8> {
    let record = |kind: u16, data: &[u8]| {
        let length = u16::try_from(data.len()).unwrap();
        [&kind.to_le_bytes()[..], &length.to_le_bytes(), data].concat()
    };
    let mut stream = record(0x0809, &[0, 0, 0x10, 0, 0, 0, 0, 0]);
    for (row, column, value) in cells("临县", "6.81") {
        let place = [u16::try_from(row).unwrap(), column, 0].map(u16::to_le_bytes).concat();
        stream.extend(match value.parse::<f64>() {
            Ok(number) => record(0x0203, &[&place[..], &number.to_le_bytes()].concat()),
            Err(_) => {
                let words = gbk(&value);
                let length = u16::try_from(words.len()).unwrap().to_le_bytes();
                record(0x0204, &[&place[..], &length, &words].concat())
            }
        });
    }
    stream.extend(record(0x000A, &[]));
    stream
}

/// Excel's web page in GBK: the total shows 6.8 and keeps 6.812, the day keeps its serial number.
fn web_page() -> Vec<u8> {
    let mut rows = String::new();
    for row in 0..5 {
        rows.push_str("<tr>");
        for (_, column, value) in cells("方山县", "6.8").into_iter().filter(|cell| cell.0 == row) {
            let (down, across) = merged_at(row, column).unwrap_or_default();
            let spans = format!("colspan={} rowspan={}", across + 1, down + 1);
            rows.push_str(&match (row, column) {
                (4, 9) => format!("<td {spans} x:num=\"6.8120000000000003\">{value}</td>"),
                (4, _) if value.parse::<f64>().is_ok() => format!("<td {spans} x:num>{value}</td>"),
                _ => format!("<td {spans}>&nbsp;{}</td>", value.replace('(', "<br>(")),
            });
        }
        rows.push_str("</tr>");
    }
    gbk(&format!(
        "<html xmlns:x=\"urn:schemas-microsoft-com:office:excel\"><head><meta http-equiv=Content-Type content=\"text/html; charset=gb2312\"></head><body><table>{rows}</table></body></html>"
    ))
}

/// Delimited text of the form.
fn lines(delimiter: &str) -> String {
    let cells = cells("柳林县", "6.81");
    let line = |row: u32| {
        let value =
            |column: u16| cells.iter().find(|cell| (cell.0, cell.1) == (row, column)).map(|cell| cell.2.as_str());
        (0..11).map(|column| value(column).unwrap_or_default()).collect::<Vec<_>>().join(delimiter) + "\r\n"
    };
    (0..5).map(line).collect()
}

/// As Excel writes SYLK: formats beside the values, formulas by row and column with their results.
fn sylk() -> String {
    let mut out = "ID;PWXL;N;E\r\nP;PGeneral\r\nP;P0\r\nF;P0;DG0G8;M270\r\nB;Y5;X11;D0 0 4 10\r\n".to_owned();
    for (row, column, value) in cells("交口县", "6.81") {
        let formula = if (row, column) == (4, 9) { ";EROUND(SUM(RC3,RC6,RC[-1])/10000,2)" } else { "" };
        let value = if value.parse::<f64>().is_ok() { value } else { format!("\"{value}\"").replace(';', ";;") };
        out += &format!("C;Y{};X{};K{value}{formula}\r\n", row + 1, column + 1);
    }
    out + "E\r\n"
}

/// As Excel writes DIF: every cell of a row, blank ones as texts without letters.
fn dif() -> String {
    let cells = cells("石楼县", "6.81");
    let mut out =
        "TABLE\r\n0,1\r\n\"EXCEL\"\r\nVECTORS\r\n0,5\r\n\"\"\r\nTUPLES\r\n0,11\r\n\"\"\r\nDATA\r\n0,0\r\n\"\"\r\n"
            .to_owned();
    for row in 0..5 {
        out += "-1,0\r\nBOT\r\n";
        for column in 0..11 {
            let value = cells.iter().find(|cell| (cell.0, cell.1) == (row, column)).map_or("", |cell| cell.2.as_str());
            out += &match value.parse::<f64>() {
                Ok(_) => format!("0,{value}\r\nV\r\n"),
                Err(_) => format!("1,0\r\n\"{value}\"\r\n"),
            };
        }
    }
    out + "-1,0\r\nEOD\r\n"
}

fn gbk(text: &str) -> Vec<u8> {
    encoding_rs::GBK.encode(text).0.into_owned()
}

fn utf16(text: &str) -> Vec<u8> {
    let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}
