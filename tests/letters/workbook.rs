//! The consolidated workbook, read back by another program's eyes (calamine).
//! `WORKBOOK_OUT=FILE cargo test --test letters` leaves one behind to be looked at.

use std::io::{Cursor, Read as _};

use calamine::{Data, Range, Reader as _, Xlsx};
use mailtally::model::campaign::Campaign;
use mailtally::model::form::FindingCode;
use mailtally::model::ledger::{ReviewReason, UnitStatus};
use mailtally::model::mail::Digest;
use mailtally::model::returns::{Filled, Value};
use mailtally::model::standing::{CampaignStanding, ReviewLine, StandingTable};
use mailtally::work::workbook::consolidated;

use super::fixtures::{at, campaign, finding, standing};

const NOW: &str = "2021-08-08T08:30:00+08:00";

fn review() -> ReviewLine {
    ReviewLine {
        id: 12,
        received_at: at("2021-08-07T16:20:00+08:00"),
        mail: Digest::of(b"review"),
        unit: None,
        from: "李某 <li@unit.example>".to_owned(),
        subject: "=HYPERLINK(\"http://evil.example\",\"八一\")".to_owned(),
        reason: ReviewReason::UnitUnknown,
        text: "无法认定报送单位。".to_owned(),
    }
}

fn made(campaign: &Campaign, standing: &CampaignStanding, tables: &[StandingTable]) -> Xlsx<Cursor<Vec<u8>>> {
    let bytes = consolidated(campaign, standing, tables, &[review()]).unwrap();
    if let Some(path) = std::env::var_os("WORKBOOK_OUT") {
        std::fs::write(path, &bytes).unwrap();
    }
    Xlsx::new(Cursor::new(bytes)).unwrap()
}

fn row_of<'a>(sheet: &'a Range<Data>, column: usize, words: &str) -> &'a [Data] {
    let row = sheet.rows().find(|row| row.get(column).is_some_and(|cell| *cell == *words));
    row.unwrap_or_else(|| panic!("no row says {words}"))
}

#[test]
fn the_form_has_a_row_a_unit_and_live_sums_with_results() {
    let campaign = campaign();
    let (standing, tables) = standing(&campaign, NOW);
    let mut book = made(&campaign, &standing, &tables);
    assert_eq!(book.sheet_names(), ["汇总表", "未报送名单", "问题清单", "待核事项", "部队明细", "来源"]);
    let sheet = book.worksheet_range("汇总表").unwrap();
    assert_eq!(sheet.get_value((0, 0)).unwrap().to_string(), "2021年“八一”期间走访慰问情况统计表（汇总）");
    assert_eq!(sheet.get_value((2, 2)).unwrap().to_string(), "本县(市、区)/单位慰问情况");
    assert_eq!(sheet.get_value((3, 8)).unwrap().to_string(), "部队名称");

    // 文水县 visited two troops: names joined, costs added.
    let wenshui = row_of(&sheet, 1, "文水县");
    assert_eq!(wenshui[8].to_string(), "驻离某连、武警某中队");
    assert_eq!(wenshui[10], Data::Float(20_600.25));
    assert_eq!(wenshui[13].to_string(), "已报齐");

    // What does not count leaves its cells empty and says why.
    let not_counted = standing.units.iter().find(|unit| unit.status == UnitStatus::NeedsCorrection).unwrap();
    let line = row_of(&sheet, 1, &not_counted.unit.name);
    assert!(line[2..13].iter().all(|cell| *cell == Data::Empty), "{line:?}");
    assert_eq!(line[13].to_string(), "待单位更正，未计入");

    let total = row_of(&sheet, 0, "合计");
    for (column, key) in [(2, "veterans_visited"), (4, "veterans_cost"), (10, "troop_cost"), (11, "total_wan")] {
        let exact = standing.totals[key].unwrap().to_string().parse::<f64>().unwrap();
        assert_eq!(total[column], Data::Float(exact), "{key}");
    }
    let formulas = book.worksheet_formula("汇总表").unwrap();
    let live: Vec<&String> = formulas.used_cells().map(|(_, _, formula)| formula).collect();
    assert!(live.iter().any(|formula| formula.as_str() == "SUM(C5:C17)"), "{live:?}");
    assert!(live.iter().any(|formula| formula.as_str() == "SUM(C18,C29,C33)"), "{live:?}");
    // Nothing but our own sums is a formula anywhere.
    assert!(live.iter().all(|formula| formula.starts_with("SUM(")));
}

#[test]
fn a_sum_of_the_rows_is_the_sum_below() {
    let campaign = campaign();
    let (standing, tables) = standing(&campaign, NOW);
    let mut book = made(&campaign, &standing, &tables);
    let sheet = book.worksheet_range("汇总表").unwrap();
    let number = |cell: &Data| if let Data::Float(number) = cell { *number } else { 0.0 };
    let numbered = sheet.rows().filter(|row| matches!(row[0], Data::Float(_)));
    let added: f64 = numbered.map(|row| number(&row[4])).sum();
    assert!((added - number(&row_of(&sheet, 0, "合计")[4])).abs() < 0.001);
    assert_eq!(sheet.rows().filter(|row| matches!(row[0], Data::Float(_))).count(), 26);
}

#[test]
fn mail_never_becomes_a_formula() {
    let campaign = campaign();
    let (standing, mut tables) = standing(&campaign, NOW);
    let hostile = "=cmd|'/c calc'!A1";
    let filled = Filled { value: Some(Value::Words(hostile.to_owned())), cell: Some("K6".to_owned()), written: None };
    tables[0].table.rows[0].0.insert("remarks".to_owned(), filled);
    tables[0].file_name = "+1\u{0}\r\n=2.xlsx".to_owned();
    tables[0].table.findings = vec![finding(FindingCode::UnitNameMissing, "A2", "@SUM(1)")];
    let mut book = made(&campaign, &standing, &tables);
    let sheet = book.worksheet_range("汇总表").unwrap();
    assert_eq!(row_of(&sheet, 1, "离石区")[12], Data::String(hostile.to_owned()));
    let problems = book.worksheet_range("问题清单").unwrap();
    assert_eq!(row_of(&problems, 1, "离石区")[4], Data::String("+1 =2.xlsx".to_owned()));
    let reviews = book.worksheet_range("待核事项").unwrap();
    assert!(reviews.rows().any(|row| row.get(3).is_some_and(|cell| cell.to_string().starts_with("=HYPERLINK"))));
    for name in ["未报送名单", "问题清单", "待核事项", "来源"] {
        assert_eq!(book.worksheet_formula(name).unwrap().used_cells().count(), 0, "{name}");
    }
}

#[test]
fn every_figure_says_where_it_came_from() {
    let campaign = campaign();
    let (standing, tables) = standing(&campaign, NOW);
    let mut book = made(&campaign, &standing, &tables);
    let sources = book.worksheet_range("来源").unwrap();
    let of_troop = sources.rows().filter(|row| row[0] == *"文水县" && row[1].to_string().contains("第9栏"));
    let told: Vec<(String, String)> = of_troop.map(|row| (row[2].to_string(), row[5].to_string())).collect();
    assert_eq!(told, [("12000.25".to_owned(), "I6".to_owned()), ("8600".to_owned(), "I7".to_owned())]);
    let line = row_of(&sources, 0, "文水县");
    assert_eq!(line[3].to_string(), "文水县统计表.xlsx");
    assert_eq!(line[6].to_string(), Digest::of("文水县".as_bytes()).short());
    let uncounted = standing.units.iter().find(|unit| unit.status == UnitStatus::NeedsCorrection).unwrap();
    assert!(sources.rows().all(|row| row[0].to_string() != uncounted.unit.name));
    let missing = book.worksheet_range("未报送名单").unwrap();
    assert_eq!(row_of(&missing, 2, "石楼县")[3].to_string(), "统计表、专题报告");
    assert_eq!(row_of(&missing, 2, "石楼县")[7].to_string(), "无可用地址");
    assert_eq!(row_of(&missing, 2, "临县")[3].to_string(), "专题报告");
}

#[test]
fn the_same_standing_makes_the_same_bytes_ready_to_print() {
    let campaign = campaign();
    let (standing, tables) = standing(&campaign, NOW);
    let bytes = consolidated(&campaign, &standing, &tables, &[]).unwrap();
    assert_eq!(bytes, consolidated(&campaign, &standing, &tables, &[]).unwrap());
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut sheet = String::new();
    archive.by_name("xl/worksheets/sheet1.xml").unwrap().read_to_string(&mut sheet).unwrap();
    assert!(sheet.contains("paperSize=\"8\"") && sheet.contains("orientation=\"landscape\""));
    assert!(sheet.contains("fitToHeight=\"0\"") && sheet.contains("state=\"frozen\""));
    let mut book = String::new();
    archive.by_name("xl/workbook.xml").unwrap().read_to_string(&mut book).unwrap();
    assert!(book.contains("汇总表!$1:$4"), "the header repeats on every page: {book}");
}

#[test]
fn a_campaign_in_which_nothing_has_come_is_a_workbook_too() {
    let campaign = campaign();
    let (mut standing, _) = standing(&campaign, NOW);
    for unit in &mut standing.units {
        unit.row = None;
        unit.status = UnitStatus::Missing;
    }
    let mut book = made(&campaign, &standing, &[]);
    let sheet = book.worksheet_range("汇总表").unwrap();
    assert_eq!(row_of(&sheet, 0, "合计")[2], Data::Float(0.0));
    assert_eq!(row_of(&sheet, 0, "合计")[13].to_string(), "计入 0/26");
    assert_eq!(book.worksheet_range("来源").unwrap().get_value((2, 0)).unwrap().to_string(), "无");
}
