//! Workbooks that go back to units: their own with remarks in it, or the official form filled with what was understood.
//! `ANNOTATED_OUT=FOLDER cargo test --test annotated` leaves the copies behind to be looked at.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "annotated/libreoffice.rs"]
mod libreoffice;

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use mailtally::archive::Archive;
use mailtally::cli::inspect::inspected;
use mailtally::config;
use mailtally::judge::register::Register;
use mailtally::model::campaign::Campaign;
use mailtally::model::decision::{Arrival, Origin};
use mailtally::model::letter::{Letter, LetterKey};
use mailtally::model::mail::{Content, Kind, Opened};
use mailtally::model::mark::{CopyOrder, Mark, Tone};
use mailtally::model::returns::{Row, TableReturn};
use mailtally::read::{self, Limits};
use mailtally::store::Store;
use mailtally::work::annotate;
use mailtally::work::collect::Span;
use mailtally::work::desk::Desk;
use mailtally::work::opener::Opener;
use mailtally::work::render::{self, Rendering};
use mailtally::work::workbook::{Filling, form_filled};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn register() -> Register {
    let (_, campaigns) = config::load_campaigns(&root().join("config/mailtally.toml")).expect("the shipped config");
    Register::new(campaigns, Vec::new())
}

fn leave_behind(name: &str, bytes: &[u8]) {
    if let Some(folder) = std::env::var_os("ANNOTATED_OUT") {
        fs::create_dir_all(&folder).unwrap();
        fs::write(Path::new(&folder).join(name), bytes).unwrap();
    }
}

/// A table of a case, with the file it stands in.
struct Found {
    case: String,
    kind: Option<Kind>,
    file: Vec<u8>,
    is_mail: bool,
    table: TableReturn,
}

/// The tables of all cases.
fn tables() -> &'static [Found] {
    static TABLES: OnceLock<Vec<Found>> = OnceLock::new();
    TABLES.get_or_init(|| read_tables(&register()))
}

fn read_tables(register: &Register) -> Vec<Found> {
    let mut folders: Vec<PathBuf> =
        fs::read_dir(root().join("tests/cases")).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let mut found = Vec::new();
    for folder in folders {
        let mut files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let file = files.find(|path| path.file_name().is_some_and(|name| name != "expected.json")).unwrap();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = fs::read(&file).unwrap();
        let (understanding, bare) = inspected(&bytes, &name, register, &Opener::Here(Limits::default())).unwrap();
        for table in &understanding.tables {
            let piece = understanding.mail.pieces.iter().find(|piece| piece.path == table.piece);
            found.push(Found {
                case: folder.file_name().unwrap().to_string_lossy().into_owned(),
                kind: piece.map(|piece| piece.kind),
                file: bytes.clone(),
                is_mail: !bare,
                table: table.clone(),
            });
        }
    }
    found
}

/// What is remarked, and one remark on each cell of the first row besides.
fn marks(table: &TableReturn) -> Vec<Mark> {
    let told = table.findings.iter().map(|finding| Mark {
        sheet: table.sheet.clone(),
        cell: finding.cell.clone(),
        tone: Tone::Mend,
        text: finding.text.clone(),
    });
    let cells = table.rows.iter().take(1).flat_map(|row| row.0.values()).filter_map(|filled| filled.cell.clone());
    let hints = cells.map(|cell| Mark {
        sheet: table.sheet.clone(),
        cell: Some(cell),
        tone: Tone::Hint,
        text: "仅供核对。".to_owned(),
    });
    told.chain(hints).collect()
}

#[test]
fn every_workbook_of_the_cases_is_read_the_same_with_remarks_in_it() {
    let mut outcomes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for found in tables().iter().filter(|found| found.kind == Some(Kind::Xlsx)) {
        let marks = marks(&found.table);
        // Of a file in a bare archive only the archive is at hand.
        if marks.is_empty() || !(found.is_mail || found.table.piece == "1") {
            continue;
        }
        let order = CopyOrder { piece: found.table.piece.clone(), author: "双拥办".to_owned(), marks };
        let copied = if found.is_mail {
            annotate::copy(&found.file, &order, &Limits::default()).map(|copied| copied.bytes)
        } else {
            annotate::annotated(&found.file, &order.author, &order.marks, &Limits::default())
        };
        let outcome = match &copied {
            Ok(bytes) => {
                leave_behind(&format!("case.{}.{}.xlsx", found.case, found.table.piece), bytes);
                "copied".to_owned()
            }
            Err(unfit) => unfit.to_string(),
        };
        outcomes.entry(outcome).or_default().push(found.case.clone());
    }
    for (outcome, cases) in &outcomes {
        println!("{}: {outcome}: {}", cases.len(), cases.join(" "));
    }
    assert!(outcomes["copied"].len() >= 50, "{outcomes:?}");
}

/// Members of a package.
fn members(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    let mut read = |name: &String| {
        let mut member = Vec::new();
        archive.by_name(name).unwrap().read_to_end(&mut member).unwrap();
        member
    };
    names.iter().map(|name| (name.clone(), read(name))).collect()
}

#[test]
fn what_other_programs_wrote_stays_and_what_acts_is_not_passed_on() {
    let mark = |cell: Option<&str>, tone, text: &str| Mark {
        sheet: "统计表".to_owned(),
        cell: cell.map(str::to_owned),
        tone,
        text: text.to_owned(),
    };
    let marks = [
        mark(Some("J5"), Tone::Mend, "J5 总额填写为 8.8 万元，与各项经费之和不一致，应为 9.9 万元。"),
        mark(Some("J5"), Tone::Hint, "J5 <另一处> & 提示"),
        mark(Some("A5"), Tone::Hint, "A5 请核对人数。"),
        mark(Some("I7"), Tone::Mend, "I7 没有填写，请补填。"),
        mark(Some("AC40"), Tone::Hint, "AC40 在表外。"),
        mark(None, Tone::Mend, "表头中没有找到“某某”一栏，请使用通知所附的原表填报。"),
    ];
    let limits = Limits::default();
    let mut refused = BTreeMap::new();
    let mut count = 0;
    for entry in fs::read_dir(root().join("tests/fixtures/annotated")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let bytes = fs::read(&path).unwrap();
        let copy = annotate::annotated(&bytes, "吕梁市双拥办", &marks, &limits);
        if let Some(why) = name.strip_prefix("refused-") {
            refused.insert(why.to_owned(), copy.unwrap_err().to_string());
            continue;
        }
        let copy = copy.unwrap_or_else(|unfit| panic!("{name}: {unfit}"));
        leave_behind(&format!("fixture.{name}.original.xlsx"), &bytes);
        leave_behind(&format!("fixture.{name}.xlsx"), &copy);
        assert_eq!(copy, annotate::annotated(&bytes, "吕梁市双拥办", &marks, &limits).unwrap(), "{name}");
        let (before, after) = (members(&bytes), members(&copy));
        for (part, content) in &before {
            let edited = ["[Content_Types].xml", "xl/styles.xml", "xl/worksheets/sheet1.xml"].contains(&part.as_str())
                || part.ends_with("sheet1.xml.rels")
                || part.contains("omment")
                || part.contains("vmlDrawing");
            assert!(edited || after.get(part) == Some(content), "{name}: {part} has changed");
        }
        count += 1;
    }
    assert!(count >= 15, "{count}");
    let expected = [
        ("dde", "a formula that reaches outside"),
        ("external-workbook", "a relation that may act, or of an unknown kind"),
        ("link", "a relation that leads outside"),
        ("macros", "a relation that may act, or of an unknown kind"),
        ("object", "a part that may act, or of an unknown type"),
        ("strict", "the strict form of OOXML"),
    ];
    assert_eq!(refused, BTreeMap::from(expected.map(|(name, why)| (name.to_owned(), why.to_owned()))));
}

fn rows_of(rows: &[Row]) -> Vec<BTreeMap<String, String>> {
    let shown = |row: &Row| {
        let figure = |(key, filled): (&String, &mailtally::model::returns::Filled)| {
            let shown = match &filled.value {
                Some(mailtally::model::returns::Value::Figure(figure)) => figure.normalize().to_string(),
                Some(mailtally::model::returns::Value::Words(words)) => {
                    words.split_whitespace().collect::<Vec<_>>().join(" ")
                }
                None => {
                    let written = filled.written.clone().unwrap_or_default();
                    format!("?{}", written.split_whitespace().collect::<Vec<_>>().join(" "))
                }
            };
            (key.clone(), shown)
        };
        row.0.iter().map(figure).collect()
    };
    rows.iter().map(shown).collect()
}

fn read_again(campaign: &Campaign, bytes: &[u8]) -> Vec<TableReturn> {
    let Opened::Bare { pieces, .. } = read::open_file(bytes, "统计表.xlsx", &Limits::default()) else {
        panic!("a workbook is no mail");
    };
    let Content::Workbook(sheets) = &pieces[0].content else { panic!("no workbook: {:?}", pieces[0].oddities) };
    mailtally::judge::tables::read_tables(sheets, "1", &campaign.form, campaign.year)
}

#[test]
fn a_form_filled_with_what_was_understood_is_understood_the_same() {
    let register = register();
    let campaign = register.campaigns().next().unwrap();
    let mut different = Vec::new();
    let mut count = 0;
    for found in tables() {
        let table = &found.table;
        let name = table.unit_name.clone().unwrap_or_else(|| "离石区".to_owned());
        let marks = marks(table);
        let filling = Filling { filled_on: table.filled_on, rows: &table.rows, marks: &marks };
        let bytes = form_filled(campaign, &name, filling).unwrap();
        assert_eq!(bytes, form_filled(campaign, &name, filling).unwrap());
        leave_behind(&format!("form.{}.{count}.xlsx", found.case), &bytes);
        let again = read_again(campaign, &bytes);
        count += 1;
        let same =
            again.len() == 1 && rows_of(&again[0].rows) == rows_of(&table.rows) && again[0].totals == table.totals;
        if !same {
            different.push(format!(
                "{}:\n  {:?}\n  {:?}",
                found.case,
                rows_of(&table.rows),
                again.iter().map(|again| rows_of(&again.rows)).collect::<Vec<_>>()
            ));
        }
    }
    assert!(count > 100);
    assert!(different.is_empty(), "{} of {count}\n{}", different.len(), different.join("\n"));
}

/// A mail of 交城县 with one file.
fn mail(name: &str, file: &[u8]) -> Vec<u8> {
    let encoded = data_encoding::BASE64.encode(file);
    let lines: Vec<&str> = encoded.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!(
        "From: jcxsyb@jiaocheng.example\r\nTo: office@collect.example\r\nSubject: =?UTF-8?B?{}?=\r\n\
         Date: Mon, 2 Aug 2021 09:00:00 +0800\r\nMessage-ID: <{}@unit.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}\r\n--b\r\nContent-Type: application/octet-stream\r\n\
         Content-Disposition: attachment; filename*=UTF-8''{}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n",
        data_encoding::BASE64.encode("交城县“八一”走访慰问统计表".as_bytes()),
        name.len(),
        data_encoding::BASE64.encode("现将交城县“八一”走访慰问情况统计表报上。交城县双拥办".as_bytes()),
        name.bytes().map(|octet| format!("%{octet:02X}")).collect::<String>(),
        lines.join("\r\n"),
    )
    .into_bytes()
}

/// The form as a text, with so many troops and a total that is wrong.
fn csv(troops: usize) -> Vec<u8> {
    let headers = "慰问军队退役人员人数(人),慰问形式及慰问品名称,慰问折算经费(元),慰问其他优抚对象人数(人),\
                   慰问形式及慰问品名称,慰问折算经费(元),部队名称,慰问形式及慰问品名称,慰问折算经费(元),\
                   合计“八一”期间走访慰问支出总额(万元),备注";
    let mut lines = vec![
        "2021年“八一”期间走访慰问情况统计表".to_owned(),
        "县(市、区)/单位名称：交城县,,,,,,填报时间：2021年8月2日".to_owned(),
        headers.replace("                   ", ""),
        "86,慰问金,43000,24,慰问金,12000.5,某部一连,空调,1000,1.1,".to_owned(),
    ];
    lines.extend((1..troops).map(|number| format!(",,,,,,某部{number}队,空调,1000,,")));
    (lines.join("\r\n") + "\r\n").into_bytes()
}

/// The receipt for a mail, through the desk and the outbox, as it would be sent.
async fn receipt_for(mail: Vec<u8>) -> Letter {
    let folder = tempfile::tempdir().unwrap();
    let now = chrono::DateTime::parse_from_rfc3339("2021-08-02T09:05:00+08:00").unwrap();
    let store = Store::open(folder.path(), *now.offset()).await.unwrap();
    let archive = Archive::open(folder.path());
    let opener = Opener::Here(Limits::default());
    let desk = Desk::new(store, archive, Arc::new(register()), opener, "collect.example".to_owned());
    let arrival = Arrival { origin: Origin::File { path: "mail.eml".to_owned() }, received_at: now, bytes: mail };
    desk.take_in(arrival, now).await.unwrap();
    let due = desk.store.due_letters(now, 10).await.unwrap();
    let stored = due.iter().find(|letter| matches!(letter.order.key, LetterKey::Ack { .. })).expect("a receipt");
    match render::letter(&desk.store, &desk.register(), desk.copyist(), stored, Span::All, now).await.unwrap() {
        Rendering::Letter(letter) => *letter,
        Rendering::NotOwed(why) | Rendering::Faulty(why) => panic!("{why}"),
    }
}

#[tokio::test]
async fn a_receipt_carries_the_units_own_workbook_or_else_the_form() {
    let fixture = |name: &str| fs::read(root().join("tests/fixtures/annotated").join(name)).unwrap();
    let register = register();
    let campaign = register.campaigns().next().unwrap();

    let own = receipt_for(mail("交城统计表.xlsx", &fixture("openpyxl-decorated.xlsx"))).await;
    let names = |letter: &Letter| letter.attachments.iter().map(|file| file.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&own), ["交城统计表（标注）.xlsx"]);
    assert!(own.text.contains("交城统计表（标注）.xlsx（贵单位所报文件的副本"), "{}", own.text);
    let parts = members(&own.attachments[0].bytes);
    let comments = String::from_utf8(parts["xl/comments1.xml"].clone()).unwrap();
    assert!(comments.contains("ref=\"J5\"") && comments.contains("应为 9.9 万元"), "{comments}");
    assert_eq!(
        parts["xl/worksheets/sheet2.xml"],
        members(&fixture("openpyxl-decorated.xlsx"))["xl/worksheets/sheet2.xml"]
    );

    // Macros do not come back under the office's name, and other kinds of file are no workbook to write in.
    for (name, file, rows) in [
        ("交城统计表.xlsm", fixture("refused-macros.xlsx"), 2),
        ("交城统计表.csv", csv(1), 1),
        ("交城统计表.csv", csv(45), 45),
    ] {
        let letter = receipt_for(mail(name, &file)).await;
        assert_eq!(names(&letter), ["统计表（标注）.xlsx"], "{name}");
        assert!(letter.text.contains("按识别结果填入通知所附的表样"), "{}", letter.text);
        let again = read_again(campaign, &letter.attachments[0].bytes);
        assert_eq!(again[0].rows.len(), rows, "a form that a unit may send back has all rows: {name}");
        let parts = members(&letter.attachments[0].bytes);
        let comments = String::from_utf8(parts["xl/comments1.xml"].clone()).unwrap();
        assert!(comments.contains("ref=\"J5\"") && comments.contains("请更正"), "{comments}");
    }

    // A table with nothing to mend comes with nothing.
    let right = String::from_utf8(csv(1)).unwrap().replace(",1.1,", ",5.6,");
    let letter = receipt_for(mail("交城统计表.csv", right.as_bytes())).await;
    assert!(letter.attachments.is_empty() && !letter.text.contains("黄色"), "{}", letter.text);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 96, ..Default::default() })]

    /// Whatever is damaged: no panic, and a copy only of what is read the same with and without the remarks.
    #[test]
    fn a_damaged_workbook_is_refused_or_read_the_same(
        which in 0_usize..6,
        part in 0_usize..20,
        at in 0.0_f64..1.0,
        by in proptest::prop_oneof![
            proptest::prelude::Just("<"), proptest::prelude::Just("\""), proptest::prelude::Just("/>"),
            proptest::prelude::Just("-1"), proptest::prelude::Just(""), proptest::prelude::Just("r=\"J5\" "),
            proptest::prelude::Just("<c/>"), proptest::prelude::Just("<row/>"), proptest::prelude::Just("\u{4e2d}"),
        ],
        length in 0_usize..40,
    ) {
        let names = ["openpyxl-comments", "xlsxwriter-more", "libreoffice-more", "prefixed", "rows-without-names", "openpyxl-merged"];
        let path = root().join(format!("tests/fixtures/annotated/{}.xlsx", names[which]));
        let mut parts: Vec<(String, Vec<u8>)> = members(&fs::read(path).unwrap()).into_iter().collect();
        let count = parts.len();
        let damaged = &mut parts[part % count].1;
        // Between characters, so that more than the charset is damaged.
        let text = String::from_utf8_lossy(damaged).into_owned();
        let characters: Vec<char> = text.chars().collect();
        let start = ((characters.len() as f64) * at) as usize;
        let end = (start + length).min(characters.len());
        let changed: String = characters[..start].iter().copied().chain(by.chars()).chain(characters[end..].iter().copied()).collect();
        *damaged = changed.into_bytes();
        let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in &parts {
            out.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            std::io::Write::write_all(&mut out, content).unwrap();
        }
        let bytes = out.finish().unwrap().into_inner();
        let marks = ["J5", "I7", "A5", "B90"].map(|cell| Mark {
            sheet: "统计表".to_owned(), cell: Some(cell.to_owned()), tone: Tone::Mend, text: format!("{cell} 请核对。"),
        });
        let limits = Limits::default();
        // The reader of workbooks may panic on what is damaged; the reading process holds that.
        let copy = std::panic::catch_unwind(|| annotate::annotated(&bytes, "办公室", &marks, &limits));
        if let Ok(Ok(copy)) = copy {
            let read = |bytes: &[u8]| read::workbook::read(Kind::Xlsx, bytes, &limits).unwrap();
            proptest::prop_assert_eq!(read(&copy), read(&bytes));
        }
    }
}
