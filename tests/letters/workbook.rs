//! The consolidated workbook, read back by another program's eyes (calamine).
//! `WORKBOOK_OUT=FILE cargo test --test letters` leaves one behind to be looked at.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

use calamine::{Data, Range, Reader as _, Xlsx};
use mailtally::model::campaign::Campaign;
use mailtally::model::form::FindingCode;
use mailtally::model::grid::cell_place;
use mailtally::model::ledger::{ReviewReason, UnitStatus};
use mailtally::model::mail::Digest;
use mailtally::model::returns::{Filled, Value};
use mailtally::model::standing::{CampaignStanding, ReviewLine, StandingTable};
use mailtally::model::unit::UnitCode;
use mailtally::work::workbook::consolidated;
use rust_decimal::Decimal;

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
    assert_eq!(book.sheet_names(), ["汇总表", "未报送名单", "未计入报表", "问题清单", "待核事项", "部队明细", "来源"]);
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
    assert!(row_of(&missing, 2, "石楼县")[3].to_string().starts_with("统计表、专题报告"));
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

/// The cells of one row or column that a sum's arguments name: `SUM(C5:C17)`, `SUM(C18,C29)`.
fn addends(formula: &str) -> Vec<(u32, u32)> {
    let inner = formula.strip_prefix("SUM(").and_then(|rest| rest.strip_suffix(')')).unwrap();
    let cells = |argument: &str| -> Vec<(u32, u32)> {
        let (first, last) = argument.split_once(':').unwrap_or((argument, argument));
        let (first, last) = (cell_place(first).unwrap(), cell_place(last).unwrap());
        assert_eq!(first.1, last.1, "one column");
        (first.0..=last.0).map(|row| (row, first.1)).collect()
    };
    inner.split(',').flat_map(cells).collect()
}

#[test]
fn every_sum_covers_its_rows_and_keeps_their_exact_sum() {
    let campaign = campaign();
    let (standing, tables) = standing(&campaign, NOW);
    let mut book = made(&campaign, &standing, &tables);
    let sheet = book.worksheet_range("汇总表").unwrap();
    let formulas = book.worksheet_formula("汇总表").unwrap();
    let exact = |key: &str, code: &UnitCode| -> Option<Decimal> {
        let unit = standing.units.iter().find(|unit| &unit.unit.code == code).unwrap();
        unit.row.as_ref()?.get(key).copied().flatten()
    };
    // Units stand from row 5 in the order of the roster, each group closed by its subtotal.
    let mut row = 4_u32;
    let mut unit_rows: BTreeMap<u32, &UnitCode> = BTreeMap::new();
    let mut subtotal_rows: Vec<(u32, Vec<u32>)> = Vec::new();
    for group in campaign.roster.groups() {
        let units = campaign.roster.units().iter().filter(|unit| unit.group == group);
        let first = row;
        for unit in units {
            unit_rows.insert(row, &unit.code);
            assert_eq!(sheet.get_value((row, 1)).unwrap().to_string(), unit.name);
            row += 1;
        }
        subtotal_rows.push((row, (first..row).collect()));
        row += 1;
    }
    let (start_row, start_column) = formulas.start().unwrap();
    let formula_at = |row: u32, column: u32| {
        formulas.get(((row - start_row) as usize, (column - start_column) as usize)).cloned().unwrap_or_default()
    };
    for (place, column) in (2_u32..).zip(&campaign.form.columns) {
        if !column.kind.is_number() {
            continue;
        }
        let mut whole = Decimal::ZERO;
        let in_column = |rows: &[u32]| rows.iter().map(|row| (*row, place)).collect::<Vec<_>>();
        let kept = |row: u32| match sheet.get_value((row, place)).unwrap() {
            Data::Float(number) => number.to_string().parse::<Decimal>().unwrap().normalize(),
            other => panic!("{other:?}"),
        };
        for (subtotal, rows) in &subtotal_rows {
            assert_eq!(addends(&formula_at(*subtotal, place)), in_column(rows), "{}", column.key);
            let sum: Decimal = rows.iter().filter_map(|row| exact(&column.key, unit_rows[row])).sum();
            assert_eq!(kept(*subtotal), sum.normalize(), "{}", column.key);
            whole += sum;
        }
        let subtotals: Vec<u32> = subtotal_rows.iter().map(|(row, _)| *row).collect();
        assert_eq!(addends(&formula_at(row, place)), in_column(&subtotals), "{}", column.key);
        assert_eq!(kept(row), whole.normalize(), "{}", column.key);
        assert_eq!(standing.totals[&column.key].unwrap_or_default(), whole, "{}", column.key);
    }
    assert_eq!(sheet.get_value((row, 0)).unwrap().to_string(), "合计");
}

#[test]
fn who_has_more_time_and_what_does_not_count_is_said() {
    let campaign = campaign();
    let (standing, tables) = standing(&campaign, NOW);
    let mut book = made(&campaign, &standing, &tables);
    let sheet = book.worksheet_range("汇总表").unwrap();
    let status = |unit: &str| row_of(&sheet, 1, unit)[13].to_string();
    assert_eq!(status("石楼县"), "未报送（延期至8月15日）");
    assert_eq!(status("方山县"), "已报齐（延期至8月15日）");
    let late = standing.units.iter().find(|unit| unit.late).unwrap();
    assert!(status(&late.unit.name).contains("（逾期）"));
    let missing = book.worksheet_range("未报送名单").unwrap();
    assert_eq!(row_of(&missing, 2, "石楼县")[3].to_string(), "统计表、专题报告；延期至8月15日");
    // What does not count is there to be looked at, in no sum.
    let uncounted = book.worksheet_range("未计入报表").unwrap();
    let kept: Vec<String> = uncounted.rows().skip(2).map(|row| row[1].to_string()).collect();
    let expected: Vec<String> = standing
        .units
        .iter()
        .filter(|unit| matches!(unit.status, UnitStatus::NeedsCorrection | UnitStatus::NeedsReview))
        .map(|unit| unit.unit.name.clone())
        .collect();
    assert_eq!(kept, expected);
    let first = tables
        .iter()
        .find(|table| standing.units.iter().any(|unit| unit.unit.code == table.unit && unit.row.is_none()));
    let visited = first.unwrap().table.totals["veterans_visited"].unwrap().to_string();
    assert_eq!(uncounted.get_value((2, 5)).unwrap().to_string(), visited);
    assert_eq!(book.worksheet_formula("未计入报表").unwrap().used_cells().count(), 0);
}

/// Without the results that stand beside its formulas, so that whoever opens it must compute them.
fn without_results(bytes: &[u8]) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    for name in names {
        let mut member = Vec::new();
        archive.by_name(&name).unwrap().read_to_end(&mut member).unwrap();
        if name.starts_with("xl/worksheets/") {
            let mut text = String::new();
            for (index, part) in String::from_utf8(member).unwrap().split("</f>").enumerate() {
                let rest = if index == 0 { part } else { part.split_once("</v>").unwrap().1 };
                text.push_str(if index == 0 { "" } else { "</f>" });
                text.push_str(rest);
            }
            member = text.into_bytes();
        }
        out.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut out, &member).unwrap();
    }
    out.finish().unwrap().into_inner()
}

#[test]
fn libreoffice_computes_the_sums_that_are_kept() {
    if std::process::Command::new("soffice").arg("--version").output().is_err() {
        println!("LEFT OUT: LibreOffice is not installed, so nobody computes the workbook's sums anew.");
        return;
    }
    let campaign = campaign();
    let (standing, tables) = standing(&campaign, NOW);
    let bytes = consolidated(&campaign, &standing, &tables, &[]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("bare.xlsx");
    std::fs::write(&source, without_results(&bytes)).unwrap();
    let done = std::process::Command::new("soffice")
        .arg(format!("-env:UserInstallation=file://{}/profile", folder.path().display()))
        .args(["--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir"])
        .arg(folder.path().join("out"))
        .arg(&source)
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
    let computed = std::fs::read(folder.path().join("out/bare.xlsx")).unwrap();
    let mut computed: Xlsx<_> = Xlsx::new(Cursor::new(computed)).unwrap();
    let mut kept: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
    let mut count = 0;
    for name in ["汇总表", "部队明细"] {
        let formulas = kept.worksheet_formula(name).unwrap();
        let (kept, computed) = (kept.worksheet_range(name).unwrap(), computed.worksheet_range(name).unwrap());
        let (start_row, start_column) = formulas.start().unwrap();
        for (row, column, formula) in formulas.used_cells() {
            let place = (start_row + u32::try_from(row).unwrap(), start_column + u32::try_from(column).unwrap());
            let number = |cell: Option<&Data>| match cell {
                Some(Data::Float(number)) => *number,
                Some(Data::Int(number)) => *number as f64,
                other => panic!("{name} {place:?} {formula}: {other:?}"),
            };
            let (kept, computed) = (number(kept.get_value(place)), number(computed.get_value(place)));
            assert!((kept - computed).abs() < 1e-6, "{name} {place:?} {formula}: {kept} kept, {computed} computed");
            count += 1;
        }
    }
    assert!(count >= 25, "{count}");
}
