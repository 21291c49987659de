//! What a file really is, by its bytes; its name only decides between kinds of plain text.

pub mod compound;

use super::charset;
use super::mime::fields::{Fields, split_field};
use super::mime::structure::with_line_ends;
use super::mime::{header_block, without_preamble};
use super::unpack::{Package, is_tar_header};
use crate::model::mail::Kind;

/// Octets at the start of a text that are looked at.
const HEAD: usize = 8_192;
/// Octets of a zip's own description (`[Content_Types].xml`) that are looked at.
const DESCRIPTION: u64 = 1 << 20;

/// The kind of these bytes. `name` may be empty.
#[must_use]
pub fn kind(bytes: &[u8], name: &str) -> Kind {
    if let Some(kind) = by_signature(bytes) {
        return kind;
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return super::guarded(|| in_zip(bytes, name)).unwrap_or(Kind::Zip);
    }
    if compound::is_compound(bytes) {
        return in_compound(bytes);
    }
    match in_text(bytes, name) {
        // Junk before an archive: a line some mail program lost, a program that unpacks it.
        Kind::Unknown | Kind::Text if super::unpack::is_zip_within(bytes) => {
            super::guarded(|| in_zip(bytes, name)).unwrap_or(Kind::Zip)
        }
        kind => kind,
    }
}

fn by_signature(bytes: &[u8]) -> Option<Kind> {
    const SIGNATURES: [(&[u8], Kind); 20] = [
        (b"\x89PNG\r\n\x1A\n", Kind::Image),
        (b"\xFF\xD8\xFF", Kind::Image),
        (b"GIF87a", Kind::Image),
        (b"GIF89a", Kind::Image),
        (b"II*\0", Kind::Image),
        (b"MM\0*", Kind::Image),
        (b"Rar!\x1A\x07", Kind::Rar),
        (b"7z\xBC\xAF\x27\x1C", Kind::SevenZip),
        (b"\x1F\x8B\x08", Kind::Gz),
        (b"\x78\x9F\x3E\x22", Kind::Tnef),
        (b"{\\rtf", Kind::Rtf),
        // A workbook stream without its compound file: Excel 2 to 5.
        (b"\x09\x00\x04\x00", Kind::Xls),
        (b"\x09\x02\x06\x00", Kind::Xls),
        (b"\x09\x04\x06\x00", Kind::Xls),
        (b"\x09\x08\x08\x00", Kind::Xls),
        (b"\x09\x08\x10\x00", Kind::Xls),
        (b"%PDF-", Kind::Pdf),
        (b"\xD7\xCD\xC6\x9A", Kind::Image),
        (b"\x00\x00\x01\x00\x01\x00", Kind::Image),
        (b"PK00PK\x03\x04", Kind::Zip),
    ];
    let found = SIGNATURES.iter().find(|(signature, _)| bytes.starts_with(signature)).map(|(_, kind)| *kind);
    if found.is_some() {
        return found;
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Some(Kind::Image);
    }
    if bytes.get(4..8) == Some(b"ftyp") && matches!(bytes.get(8..12), Some(b"heic" | b"heix" | b"mif1" | b"avif")) {
        return Some(Kind::Image);
    }
    // A bitmap: its reserved octets are zero.
    if bytes.starts_with(b"BM") && bytes.len() > 26 && bytes.get(6..10) == Some(&[0; 4]) {
        return Some(Kind::Image);
    }
    if bytes.get(257..262) == Some(b"ustar") || is_old_tar(bytes) {
        return Some(Kind::Tar);
    }
    // Readers take a PDF whose header stands anywhere in the first KiB (ISO 32000-1, annex H.3.4.1).
    let start = bytes.get(..1_024).unwrap_or(bytes);
    start.windows(5).any(|window| window == b"%PDF-").then_some(Kind::Pdf).filter(|_| !looks_like_mail(bytes, ""))
}

/// A tar from before there was a signature.
fn is_old_tar(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| *first != 0) && bytes.get(..512).is_some_and(is_tar_header)
}

/// Office files, OFD and plain archives, told apart by what the zip holds, or by what is left of it.
fn in_zip(bytes: &[u8], name: &str) -> Kind {
    let Some(package) = Package::open(bytes).filter(Package::is_trusted) else { return Kind::Zip };
    let place = |wanted: &str| package.places(|name| name == wanted).first().copied();
    let text = |wanted: &str| {
        let place = place(wanted)?;
        Some(charset::guess(&package.beginning(place, bytes, DESCRIPTION)))
    };
    if let Some(declared) = text("mimetype")
        && declared.starts_with("application/vnd.oasis.opendocument")
    {
        return if declared.contains("spreadsheet") { Kind::Ods } else { Kind::Unknown };
    }
    if place("ofd.xml").is_some() {
        return Kind::Ofd;
    }
    let types = text("[content_types].xml");
    let is = |main: &str, other: &str, part: &str| {
        types.as_ref().is_some_and(|types| types.contains(main) || types.contains(other)) || place(part).is_some()
    };
    if is("sheet.binary.macroEnabled.main", "sheet.binary.macroenabled.main", "xl/workbook.bin") {
        Kind::Xlsb
    } else if is("spreadsheetml.sheet.main", "ms-excel", "xl/workbook.xml") {
        Kind::Xlsx
    } else if is("wordprocessingml.document.main", "ms-word", "word/document.xml")
        || types.as_ref().is_some_and(|types| types.contains("wordprocessingml.template.main"))
    {
        Kind::Docx
    } else if types.is_some() {
        // A presentation or a drawing: its parts are no pieces.
        Kind::Unknown
    } else if !package.places(|name| name.starts_with("xl/worksheets/")).is_empty() {
        Kind::Xlsx
    } else if place("docprops/app.xml").or_else(|| place("_rels/.rels")).is_some() {
        in_cut_off_package(name)
    } else {
        Kind::Zip
    }
}

/// An Office file cut off before its main part: only its name still tells.
fn in_cut_off_package(name: &str) -> Kind {
    let name = name.to_ascii_lowercase();
    match name.rsplit('.').next() {
        Some("docx") => Kind::Docx,
        Some("xlsx" | "xlsm") => Kind::Xlsx,
        _ => Kind::Zip,
    }
}

fn in_compound(bytes: &[u8]) -> Kind {
    for name in compound::root_names(bytes) {
        match name.as_str() {
            "Workbook" | "Book" => return Kind::Xls,
            "WordDocument" => return Kind::Doc,
            "EncryptedPackage" | "EncryptionInfo" => return Kind::Encrypted,
            _ => {}
        }
    }
    Kind::Unknown
}

/// Whether this is a message as Outlook saves it (`.msg`, [MS-OXMSG]).
#[must_use]
pub fn is_outlook_message(bytes: &[u8]) -> bool {
    compound::is_compound(bytes)
        && compound::root_names(bytes).iter().any(|name| name.eq_ignore_ascii_case("__properties_version1.0"))
}

fn in_text(bytes: &[u8], name: &str) -> Kind {
    if bytes.is_empty() {
        return Kind::Unknown;
    }
    let head = charset::guess(bytes.get(..HEAD).unwrap_or(bytes));
    if looks_like_mhtml(bytes) {
        return Kind::Html;
    }
    // Below its header a mail may hold any octets.
    if looks_like_mail(bytes, name) {
        return Kind::Eml;
    }
    if !is_text(&head) {
        return Kind::Unknown;
    }
    let lower = head.trim_start().to_ascii_lowercase();
    let is_html = ["<html", "<!doctype html", "<body", "<table"].iter().any(|mark| lower.contains(mark));
    if lower.starts_with('<') {
        let office = [
            "urn:schemas-microsoft-com:office:spreadsheet",
            // A Word document as one XML file (2003, and the flat form of a docx).
            "schemas.microsoft.com/office/word/2003/wordml",
            "schemas.microsoft.com/office/2006/xmlpackage",
        ];
        if office.iter().any(|mark| lower.contains(mark)) && !lower.contains("<html") {
            return Kind::Xml;
        }
        // A flat OpenDocument, in which `<table:table` is no HTML.
        if lower.starts_with("<?xml") && lower.contains("<office:document") {
            return Kind::Xml;
        }
        let named = [".htm", ".html"].iter().any(|ending| name.to_ascii_lowercase().ends_with(ending));
        if is_html || named && !lower.starts_with("<?xml") {
            return Kind::Html;
        }
        if lower.starts_with("<?xml") || lower.starts_with("<workbook") {
            return Kind::Xml;
        }
    }
    if super::text::is_interchange(&head) || is_csv(&head, name) { Kind::Csv } else { Kind::Text }
}

/// Hardly any control characters, hardly any characters lost.
fn is_text(head: &str) -> bool {
    let strange = |character: &char| {
        *character == '\u{FFFD}'
            || character.is_control() && !matches!(character, '\t' | '\n' | '\r' | '\u{C}' | '\u{1A}')
    };
    let (all, bad) = (head.chars().count(), head.chars().filter(strange).count());
    !head.contains('\0') && bad * 20 <= all
}

/// A `.csv` with several columns anywhere; without that name, one delimiter equally often in most lines.
fn is_csv(head: &str, name: &str) -> bool {
    let lines: Vec<&str> = head.lines().filter(|line| !line.trim().is_empty()).take(50).collect();
    let named = [".csv", ".tsv"].iter().any(|ending| name.to_ascii_lowercase().ends_with(ending));
    // The last line may be cut off by the end of the head.
    let whole = if lines.len() > 3 { lines.get(..lines.len() - 1).unwrap_or(&lines) } else { &lines };
    [(',', 2), ('\t', 1), (';', 2), ('|', 2)].into_iter().any(|(delimiter, fewest)| {
        let counts: Vec<usize> = whole.iter().map(|line| count_outside_quotes(line, delimiter)).collect();
        if named {
            return counts.iter().any(|count| *count > 0);
        }
        // A title or a note above the columns holds no delimiter.
        let most = counts.iter().copied().max().unwrap_or(0);
        let alike = counts.iter().filter(|count| **count == most).count();
        most >= fewest && alike >= 2 && alike * 5 >= counts.len() * 3
    })
}

fn count_outside_quotes(line: &str, delimiter: char) -> usize {
    let mut quoted = false;
    line.chars()
        .filter(|character| {
            quoted ^= *character == '"';
            !quoted && *character == delimiter
        })
        .count()
}

/// Whether the bytes begin with the header of a mail (RFC 5322): a first field, and fields only mails have.
#[must_use]
pub fn looks_like_mail(bytes: &[u8], name: &str) -> bool {
    let bytes = with_line_ends(without_preamble(bytes.get(..1 << 18).unwrap_or(bytes)));
    let header = header_block(&bytes);
    // A stray line may stand on top of the fields, not a text.
    let mut lines = header.split(|byte| *byte == b'\n');
    if header.contains(&0) || !lines.by_ref().take(2).any(|line| split_field(line).is_some()) {
        return false;
    }
    let fields = Fields::parse(header);
    let has = |name: &str| fields.first(name).is_some();
    let origin = has("from") || has("received") || has("return-path") || has("sender");
    let known = [
        "from",
        "to",
        "subject",
        "date",
        "received",
        "message-id",
        "return-path",
        "mime-version",
        "sender",
        "content-type",
        "delivered-to",
        "cc",
    ];
    let count = known.into_iter().filter(|name| has(name)).count();
    let named = name.to_ascii_lowercase().ends_with(".eml");
    origin && (count >= 2 || named) || count >= 3 && (has("subject") || has("to")) || named && count >= 1
}

/// A web archive (Excel and Word save one as `.mht`, or under `.xls`): a MIME header without a sender's transport.
fn looks_like_mhtml(bytes: &[u8]) -> bool {
    let bytes = without_preamble(bytes.get(..1 << 16).unwrap_or(bytes));
    if !bytes.get(..64).unwrap_or(bytes).contains(&b':') {
        return false;
    }
    let fields = Fields::parse(header_block(bytes));
    let saved =
        fields.first("from").is_none_or(|from| from.starts_with(b"<Saved by") || from.starts_with(b"\"Saved by"));
    let multipart =
        fields.text("content-type").is_some_and(|value| value.to_ascii_lowercase().starts_with("multipart/related"));
    fields.first("mime-version").is_some()
        && multipart
        && saved
        && fields.first("received").is_none()
        && fields.first("to").is_none()
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use super::*;

    fn zip_of(members: &[(&str, &str)]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in members {
            writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn zips_are_told_apart_by_what_they_hold() {
        let types =
            |main: &str| format!("<Types><Override PartName=\"/x\" ContentType=\"application/{main}+xml\"/></Types>");
        let xlsx = types("vnd.openxmlformats-officedocument.spreadsheetml.sheet.main");
        let docx = types("vnd.openxmlformats-officedocument.wordprocessingml.document.main");
        let pptx = types("vnd.openxmlformats-officedocument.presentationml.presentation.main");
        let xlsb = types("vnd.ms-excel.sheet.binary.macroEnabled.main");
        assert_eq!(kind(&zip_of(&[("[Content_Types].xml", &xlsx)]), "x.doc"), Kind::Xlsx);
        assert_eq!(kind(&zip_of(&[("[Content_Types].xml", &docx)]), "x.xls"), Kind::Docx);
        assert_eq!(kind(&zip_of(&[("[Content_Types].xml", &xlsb)]), ""), Kind::Xlsb);
        assert_eq!(kind(&zip_of(&[("[Content_Types].xml", &pptx), ("ppt/a.xml", "")]), ""), Kind::Unknown);
        assert_eq!(kind(&zip_of(&[("mimetype", "application/vnd.oasis.opendocument.spreadsheet")]), ""), Kind::Ods);
        assert_eq!(kind(&zip_of(&[("OFD.xml", "<ofd/>"), ("Doc_0/Document.xml", "")]), ""), Kind::Ofd);
        assert_eq!(kind(&zip_of(&[("a/报表.xls", "x")]), ""), Kind::Zip);
        let whole = zip_of(&[("[Content_Types].xml", &xlsx), ("xl/workbook.xml", "x")]);
        assert_eq!(kind(&whole[..whole.len() - 60], ""), Kind::Xlsx);
    }

    #[test]
    fn compound_files_are_told_apart_by_their_root() {
        use compound::samples::compound;
        assert_eq!(kind(&compound(&["\u{5}SummaryInformation", "Workbook"], None), "x.et"), Kind::Xls);
        assert_eq!(kind(&compound(&["Book"], None), ""), Kind::Xls);
        assert_eq!(kind(&compound(&["ObjectPool", "WordDocument"], Some("Workbook")), "x.wps"), Kind::Doc);
        assert_eq!(kind(&compound(&["EncryptionInfo", "EncryptedPackage"], None), "x.xlsx"), Kind::Encrypted);
        assert_eq!(kind(&compound(&["PowerPoint Document"], None), ""), Kind::Unknown);
    }

    #[test]
    fn signatures() {
        for (bytes, expected) in [
            (b"\x89PNG\r\n\x1A\n....".as_slice(), Kind::Image),
            (b"\xFF\xD8\xFF\xE0", Kind::Image),
            (b"Rar!\x1A\x07\x01\x00", Kind::Rar),
            (b"7z\xBC\xAF\x27\x1C", Kind::SevenZip),
            (b"\x1F\x8B\x08\x00", Kind::Gz),
            (b"\x78\x9F\x3E\x22\x01", Kind::Tnef),
            (b"{\\rtf1\\ansi", Kind::Rtf),
            (b"%PDF-1.4", Kind::Pdf),
            (b"\r\n junk \x00 %PDF-1.4", Kind::Pdf),
            (b"", Kind::Unknown),
            (b"\x00\x01\x02\x03\x04", Kind::Unknown),
        ] {
            assert_eq!(kind(bytes, ""), expected, "{bytes:?}");
        }
    }

    #[test]
    fn texts_are_told_apart() {
        let gbk = encoding_rs::GB18030.encode("单位,人数,金额\r\n离石区,1,2\r\n").0.into_owned();
        for (bytes, name, expected) in [
            (
                "<html xmlns:x=\"urn:schemas-microsoft-com:office:excel\"><table></table></html>".as_bytes(),
                "x.xls",
                Kind::Html,
            ),
            (
                b"<?xml version=\"1.0\"?><Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">",
                "x.xls",
                Kind::Xml,
            ),
            (b"<?xml version=\"1.0\"?><a/>", "", Kind::Xml),
            (b"<?xml version=\"1.0\"?><office:document><table:table><html/></table:table>", "", Kind::Xml),
            (b"<table><tr><td>1</td></tr></table>", "x.xls", Kind::Html),
            (b"<div>fragment</div>", "x.HTM", Kind::Html),
            ("<附件>见另件".as_bytes(), "x.txt", Kind::Text),
            (&gbk, "x.txt", Kind::Csv),
            (b"a\tb\n1\t2\n", "", Kind::Csv),
            ("统计表\n单位;人数;金额\n离石区;1;2\n".as_bytes(), "x.txt", Kind::Csv),
            ("您好, 张主任, 报表\n见附件。\n谢谢".as_bytes(), "x.txt", Kind::Text),
            (b"a,b\n1,2\n", "x.CSV", Kind::Csv),
            ("只有一列\n没有逗号".as_bytes(), "x.csv", Kind::Text),
            ("各位领导：\n报表见附件。".as_bytes(), "", Kind::Text),
            (b"From: a@b.example\r\nSubject: x\r\n\r\nhi", "", Kind::Eml),
            (b"Subject: x\r\n\r\nhi", "x.eml", Kind::Eml),
            (b"note: this is text\nFrom: nobody", "", Kind::Text),
            (b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b", "x.xls", Kind::Html),
        ] {
            assert_eq!(kind(bytes, name), expected, "{}", String::from_utf8_lossy(bytes));
        }
    }
}
