//! The sample mail is well formed, the same each time, and its truths agree with themselves and with the bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read as _};
use std::str::FromStr as _;

use calamine::{Data, Reader as _};
use chrono::{FixedOffset, NaiveDate};
use mail_parser::{MessageParser, MimeHeaders as _};
use rust_decimal::{Decimal, RoundingStrategy};

use super::build::form::{Cell, FilledForm, Writing};
use super::build::mime::{Charset, Draft, HeaderForm, NameForm, Transfer};
use super::build::mimicry::Dialect;
use super::build::report::Report;
use super::build::sheet::{Placement, workbook};
use super::build::{html, pack, pdf, word};
use super::figures::of_seed;
use super::*;
use crate::model::unit::Unit;

fn zone() -> FixedOffset {
    FixedOffset::east_opt(8 * 3600).unwrap()
}

fn unit(code: &str, name: &str) -> Unit {
    Unit {
        code: UnitCode::new(code),
        name: name.to_owned(),
        group: "组".to_owned(),
        aliases: vec![],
        emails: vec![format!("{}@unit.example", code.to_lowercase())],
        phone: None,
        contact: None,
        superior: None,
    }
}

fn roster() -> Roster {
    let counties = "141102离石区 141121文水县 141122交城县 141123兴县 141124临县 141125柳林县 141126石楼县 141127岚县 \
                    141128方山县 141129中阳县 141130交口县 141181孝义市 141182汾阳市";
    let mut units: Vec<Unit> =
        counties.split_whitespace().map(|word| word.split_at(6)).map(|(code, name)| unit(code, name)).collect();
    units.extend((1..=88).map(|number| unit(&format!("S{number:02}"), &format!("吕梁市第{number}局"))));
    units.extend((1..=9).map(|number| unit(&format!("Z{number:02}"), &format!("驻吕某部{number}队"))));
    Roster::new(units)
}

fn mails() -> Vec<SampleMail> {
    campaign_mails(&roster(), zone()).unwrap()
}

#[test]
fn the_same_bytes_each_time_in_order_under_names_of_their_own() {
    let (first, second) = (mails(), mails());
    assert!(first.iter().zip(&second).all(|(left, right)| left.bytes == right.bytes && left.name == right.name));
    assert!(first.is_sorted_by_key(|mail| mail.received_at));
    let names: BTreeSet<&str> = first.iter().map(|mail| mail.name.as_str()).collect();
    assert_eq!(names.len(), first.len());
    assert!((60..=110).contains(&first.len()), "{} mails", first.len());
    let distinct: BTreeSet<&[u8]> = first.iter().map(|mail| mail.bytes.as_slice()).collect();
    assert_eq!(distinct.len(), first.len() - 1, "exactly one mail is seen twice");
}

#[test]
fn one_old_mail_and_then_the_days_of_the_campaign() {
    let day = |month, day| NaiveDate::from_ymd_opt(2021, month, day).unwrap();
    let mails = mails();
    assert_eq!(mails[0].received_at.date_naive(), day(6, 18));
    for mail in &mails[1..] {
        assert!((day(7, 22)..=day(8, 12)).contains(&mail.received_at.date_naive()), "{}", mail.name);
        assert_eq!(*mail.received_at.offset(), zone());
    }
    assert!(mails.iter().filter(|mail| mail.received_at.date_naive() > day(8, 10)).count() >= 2);
}

/// Follows the truths alone: what stands for each unit once all mail is in.
fn standing() -> BTreeMap<UnitCode, (Option<Verdict>, bool)> {
    let mut standing: BTreeMap<UnitCode, (Option<Verdict>, bool)> = BTreeMap::new();
    for mail in mails() {
        let Some(code) = mail.truth.unit else { continue };
        let entry = standing.entry(code).or_default();
        if let Some(table) = mail.truth.table {
            entry.0 = Some(table.verdict);
        }
        entry.1 |= mail.truth.report;
    }
    standing
}

#[test]
fn most_units_end_complete_and_enough_do_not() {
    let standing = standing();
    let complete = standing.values().filter(|state| **state == (Some(Verdict::Accepted), true)).count();
    let partial = standing.values().filter(|state| state.0.is_none() == state.1).count();
    let correction = standing.values().filter(|state| state.0 == Some(Verdict::NeedsCorrection)).count();
    assert!((40..=52).contains(&complete), "{complete} complete");
    assert!(partial >= 2, "{partial} partial");
    assert_eq!(correction, 3, "石楼县, the blank form and 约200");
    assert!(roster().units().len() - standing.len() >= 40, "many never write at all");
}

#[test]
fn right_tables_add_up_and_wrong_ones_do_not() {
    for mail in mails() {
        let Some(table) = mail.truth.table else { continue };
        let figure = |key: &str| table.totals[key].as_deref().map(|text| Decimal::from_str(text).unwrap());
        let Some(total) = figure("total_wan") else { continue };
        let spent: Decimal = ["veterans_cost", "others_cost", "troop_cost"].into_iter().filter_map(figure).sum();
        let places = total.scale().max(1);
        let agrees = (spent / Decimal::from(10_000))
            .round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
            == total;
        let wrong_total =
            table.codes.iter().any(|code| matches!(code, FindingCode::TotalMismatch | FindingCode::UnitOfMoneySuspect));
        assert_eq!(agrees, !wrong_total, "{}: {spent} 元, {total} 万元", mail.name);
    }
}

#[test]
fn every_mail_parses_and_submissions_carry_what_their_truth_says() {
    for mail in mails() {
        let message = MessageParser::default().parse(&mail.bytes).unwrap_or_else(|| panic!("{}", mail.name));
        assert!(message.from().and_then(|from| from.first()?.address()).is_some_and(|from| from.contains(".example")));
        assert!(message.message_id().is_some(), "{}", mail.name);
        assert!(message.date().is_some(), "{}", mail.name);
        let raw = String::from_utf8_lossy(&mail.bytes);
        let (header, _) = raw.split_once("\r\n\r\n").unwrap();
        assert!(header.lines().all(|line| line.len() < 300), "{}", mail.name);
        let promised = usize::from(mail.truth.report).max(usize::from(mail.truth.table.is_some()));
        assert!(message.attachment_count() >= promised, "{}", mail.name);
    }
    let named = mails().into_iter().find(|mail| mail.name == "lishi-whole").unwrap();
    let message = MessageParser::default().parse(&named.bytes).unwrap();
    assert_eq!(message.subject(), Some("离石区“八一”期间走访慰问情况报表及报告"));
    let names: Vec<_> = message.attachments().map(|part| part.attachment_name().unwrap().to_owned()).collect();
    assert_eq!(names, ["离石区“八一”走访慰问情况统计表.xlsx", "离石区关于“八一”期间走访慰问情况的报告.docx"]);
    assert!(message.body_text(0).unwrap().contains("现将离石区2021年"));
}

/// The figures a workbook holds in its data rows, read back by calamine from the first row below the headers.
fn read_back(bytes: &[u8], sheet: &str) -> Vec<Vec<Data>> {
    let mut book = calamine::open_workbook_auto_from_rs(Cursor::new(bytes.to_vec())).unwrap();
    book.worksheet_range(sheet).unwrap().rows().skip(4).map(<[Data]>::to_vec).collect()
}

#[test]
fn workbooks_hold_the_figures_where_the_printed_form_has_them() {
    let mut figures = of_seed(2);
    figures.troops = vec![
        super::figures::troop("甲连", "西瓜", 1_000),
        super::figures::troop("乙连", "毛巾", 2_000),
        super::figures::troop("丙连", "空调", 3_500),
    ];
    let form = FilledForm::new("离石区", "2021年8月3日", &figures, Writing::Formula, 2);
    let bytes = workbook(&form, Placement::Usual).unwrap();
    let rows = read_back(&bytes, "Sheet1");
    assert_eq!(rows[0][2].to_string(), figures.veterans.cost.to_string());
    assert_eq!(rows[0][9].to_string(), figures.total_wan(2).normalize().to_string());
    assert_eq!([&rows[0][8], &rows[1][8], &rows[2][8]].map(ToString::to_string), ["1000", "2000", "3500"]);
    assert_eq!(rows[2][6].to_string(), "丙连");
    let mut book = calamine::Xlsx::new(Cursor::new(bytes)).unwrap();
    let formula = book.worksheet_formula("Sheet1").unwrap();
    assert_eq!(formula.get_value((4, 9)).unwrap(), "ROUND((C5+F5+SUM(I5:I7))/10000,2)");
    let merges = book.merge_cells_by_sheet_name("Sheet1").unwrap();
    assert!(merges.iter().any(|merge| (merge.start, merge.end) == ((4, 9), (6, 9))), "one total for three rows");

    let form = FilledForm::new("岚县", "2021年8月3日", &figures, Writing::FullWidth, 2);
    let shifted = workbook(&form, Placement::Shifted).unwrap();
    let mut book = calamine::Xlsx::new(Cursor::new(shifted)).unwrap();
    let range = book.worksheet_range("统计表").unwrap();
    assert_eq!(range.start(), Some((4, 2)));
    assert_eq!(range.get_value((8, 10)).unwrap().to_string(), "１０００");
    assert_eq!(range.get_value((10, 8)).unwrap().to_string(), "丙连");
}

#[test]
fn fixtures_hold_the_figures_of_their_stories() {
    for (name, bytes) in [
        ("wenshui-xls-pdf", include_bytes!("fixtures/wenshui.xls").as_slice()),
        ("zhongyang-wps", include_bytes!("fixtures/zhongyang.et").as_slice()),
    ] {
        let truth = mails().into_iter().find(|mail| mail.name == name).unwrap().truth.table.unwrap();
        let rows = read_back(bytes, "Sheet1");
        for (column, key) in super::build::form::KEYS.iter().enumerate() {
            if let Some(Some(total)) = truth.totals.get(key) {
                assert_eq!(&rows[0][column].to_string(), total, "{name} {key}");
            }
        }
    }
    assert!(include_bytes!("fixtures/protected.xlsx").starts_with(&[0xD0, 0xCF, 0x11, 0xE0]), "an OLE file, not a zip");
    assert!(include_bytes!("fixtures/zhongyang.wps").starts_with(&[0xD0, 0xCF, 0x11, 0xE0]));
}

fn sample_report() -> Report {
    Report::on("离石区双拥工作领导小组", Some("离双拥办〔2021〕5号"), "2021年8月3日", &of_seed(4))
}

#[test]
fn word_documents_open_and_say_what_the_report_says() {
    let form = FilledForm::new("临县", "2021年8月3日", &of_seed(4), Writing::Plain, 2);
    let body = word::report_body(&sample_report()) + &word::form_body(&form);
    let mut archive = zip::ZipArchive::new(Cursor::new(word::document(&body).unwrap())).unwrap();
    let mut xml = String::new();
    archive.by_name("word/document.xml").unwrap().read_to_string(&mut xml).unwrap();
    let mut reader = quick_xml::Reader::from_str(&xml);
    let mut words = String::new();
    loop {
        match reader.read_event().unwrap() {
            quick_xml::events::Event::Text(text) => words.push_str(&text.xml10_content()),
            quick_xml::events::Event::Eof => break,
            _ => {}
        }
    }
    assert!(words.contains("离双拥办〔2021〕5号离石区双拥工作领导小组关于2021年“八一”期间"));
    assert!(words.contains("县(市、区)/单位名称：临县"));
    assert_eq!(xml.matches("<w:tr>").count(), 3);
}

#[test]
fn pdfs_have_true_cross_references_two_pages_and_the_words() {
    for bytes in [pdf::report(&sample_report()), pdf::scan(7)] {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let find = |start: usize, needle: &[u8]| bytes[start..].starts_with(needle);
        let table = text.rsplit("startxref\n").next().unwrap().lines().next().unwrap().parse().unwrap();
        assert!(find(table, b"xref\n"));
        let raw_table = String::from_utf8(bytes[table..].to_vec()).unwrap();
        for (number, line) in raw_table.lines().skip(3).take_while(|line| line.ends_with(" n ")).enumerate() {
            let offset: usize = line.split_at(10).0.parse().unwrap();
            assert!(find(offset, format!("{} 0 obj", number + 1).as_bytes()), "object {}", number + 1);
        }
        assert!(text.contains("/Count 2"));
    }
    let hex: String = "离双拥办".encode_utf16().map(|code| format!("{code:04X}")).collect();
    assert!(String::from_utf8_lossy(&pdf::report(&sample_report())).contains(&hex));
    assert!(!String::from_utf8_lossy(&pdf::scan(7)).contains(" Tf"));
}

#[test]
fn the_zip_has_bare_gbk_names_and_sound_content() {
    let bytes = pack::gbk_zip(&[("材料/统计表.txt", b"one"), ("材料/报告.txt", b"two two")]);
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut entry = archive.by_index(1).unwrap();
    assert_eq!(encoding_rs::GBK.decode(entry.name_raw()).0, "材料/报告.txt");
    let mut content = String::new();
    // Reading to the end checks the CRC.
    entry.read_to_string(&mut content).unwrap();
    assert_eq!(content, "two two");
}

#[test]
fn torn_words_and_continuations_join_to_the_text_again() {
    let at = mails()[5].received_at;
    let draft = Draft::new(Dialect::Foxmail, ("办公室", "a@b.example"), OFFICE, at)
        .subject("关于二〇二一年八一期间走访慰问活动开展情况的报告")
        .written(Charset::Gb2312, HeaderForm::TornWords, NameForm::Continued, Transfer::QuotedPrintable)
        .text("等号=和中文，一行写得很长很长很长很长很长很长很长很长很长很长很长很长\n第二行\n")
        .attach("关于八一期间走访慰问活动的报告.docx", vec![1, 2, 3]);
    let raw = String::from_utf8(draft.bytes()).unwrap();
    let subject = raw.split("Subject: ").nth(1).unwrap().split("\r\nX-").next().unwrap();
    let mut bytes = Vec::new();
    for word in subject.split_whitespace() {
        let payload = word.trim_start_matches("=?gb2312?B?").trim_end_matches("?=");
        bytes.extend(data_encoding::BASE64.decode(payload.as_bytes()).unwrap());
    }
    assert!(subject.split_whitespace().count() > 1);
    assert_eq!(encoding_rs::GBK.decode(&bytes).0, draft.subject);
    assert!(raw.contains("filename*0*=gb2312''") && raw.contains("filename*1*="));
    assert!(raw.lines().all(|line| line.len() <= 200));
    let message = MessageParser::default().parse(raw.as_bytes()).unwrap();
    assert_eq!(message.body_text(0).unwrap().trim_end().replace("\r\n", "\n"), draft.text.trim_end());
}

#[test]
fn a_bounce_names_our_letter_without_brackets() {
    let bounce = bounce_of("<remind.abc@mailtally.example>", "s01@unit.example", mails()[9].received_at);
    let message = MessageParser::default().parse(&bounce.bytes).unwrap();
    assert_eq!(message.subject(), Some("系统退信"));
    assert_eq!(message.header_raw("X-CM-Original-Message-ID").unwrap().trim(), "remind.abc@mailtally.example");
    let raw = String::from_utf8_lossy(&bounce.bytes);
    assert!(raw.contains("Status: 5.0.0") && raw.contains("550 5.1.1 User unknown <s01@unit.example>"));
}

#[test]
fn an_html_form_escapes_what_a_unit_wrote() {
    let form = FilledForm::new("甲<b>&乙", "8月3日", &of_seed(1), Writing::Plain, 2)
        .with(0, "remarks", Cell::text("<script>"))
        .with(9, "remarks", Cell::text("no such row"));
    let page = html::table(&form);
    assert!(page.contains("甲&lt;b&gt;&amp;乙") && page.contains("&lt;script&gt;") && !page.contains("no such row"));
}

#[test]
fn a_smaller_roster_only_leaves_stories_out() {
    let one = Roster::new(vec![unit("141121", "文水县")]);
    let mails = campaign_mails(&one, zone()).unwrap();
    let of_units: Vec<&str> =
        mails.iter().filter(|mail| mail.truth.unit.is_some()).map(|mail| mail.name.as_str()).collect();
    assert_eq!(of_units, ["wenshui-xls-pdf"]);
    assert!(campaign_mails(&Roster::default(), zone()).unwrap().len() >= 6);
}
