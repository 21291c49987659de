//! Whole forms, drawn as text, read and judged.

use super::*;
use crate::judge::testing::{PAPER_HEAD, bayi_form, layouts, paper, sheet};
use crate::model::form::FindingCode as Code;

pub(super) fn read(sheets: &[Sheet]) -> Vec<TableReturn> {
    read_tables(sheets, "1", &bayi_form(), 2021)
}

pub(super) fn one(rows: &str) -> TableReturn {
    let mut found = read(&[paper(rows)]);
    assert_eq!(found.len(), 1);
    found.remove(0)
}

/// `code@cell` of each finding, with the suggestion where there is one.
pub(super) fn told(table: &TableReturn) -> Vec<String> {
    let name = |finding: &crate::model::returns::Finding| {
        let code = serde_json::to_value(finding.code).unwrap();
        let cell = finding.cell.as_deref().unwrap_or("-");
        let suggested = finding.suggested.as_deref().map(|figure| format!("={figure}")).unwrap_or_default();
        format!("{}@{cell}{suggested}", code.as_str().unwrap())
    };
    table.findings.iter().map(name).collect()
}

pub(super) fn total(table: &TableReturn, key: &str) -> Option<String> {
    table.totals[key].map(|figure| figure.to_string())
}

#[test]
fn a_clean_form_has_nothing_to_tell() {
    let table = one("12 | 米、油 | 3600.50 | 4 | 慰问金 | 2000 | 某部队 | 慰问品 | 28519.50 | 3.4 | 无");
    assert_eq!(told(&table), Vec::<String>::new());
    assert_eq!(table.unit_name.as_deref(), Some("离石区"));
    assert_eq!(table.filled_on.unwrap().to_string(), "2021-08-05");
    assert_eq!(table.rows.len(), 1);
    assert_eq!(table.rows[0].0.len(), 11);
    assert_eq!(table.rows[0].words("veterans_gifts"), Some("米、油"));
    assert_eq!(table.rows[0].words("remarks"), Some("无"));
    assert_eq!(table.rows[0].0["total_wan"].cell.as_deref(), Some("J5"));
    assert_eq!(total(&table, "veterans_cost").as_deref(), Some("3600.50"));
    assert_eq!(total(&table, "total_wan").as_deref(), Some("3.4"));
    assert_eq!((table.sheet.as_str(), table.form.as_str(), table.hidden), ("Sheet1", "2021-bayi", false));
}

#[test]
fn empty_zero_words_and_no_numbers_are_three_things() {
    let table = one("约200 | 3 | | 无 | 无 | / | 无 | — | 〇 | 0 |");
    let row = &table.rows[0];
    assert_eq!(row.figure("veterans_visited"), None);
    assert_eq!(row.0["veterans_visited"].written.as_deref(), Some("约200"));
    assert_eq!(row.words("veterans_gifts"), Some("3"));
    assert_eq!(row.0["veterans_cost"].value, None);
    assert_eq!(row.figure("others_visited"), Some(Decimal::ZERO));
    assert_eq!(row.words("troop_gifts"), Some("—"));
    assert_eq!(total(&table, "veterans_visited"), None);
    assert_eq!(total(&table, "veterans_cost"), None);
    assert_eq!(total(&table, "others_cost").as_deref(), Some("0"));
    assert_eq!(told(&table), ["not_a_number@A5"]);
    assert!(table.findings[0].text.contains("约200"), "{}", table.findings[0].text);
}

#[test]
fn negative_broken_and_failed_figures_are_told() {
    let table = one("-5 | | 100 | 2.5 | | 100 | 甲 | | #DIV/0! | 0.1 |");
    assert_eq!(told(&table), ["negative@A5", "not_whole@D5", "not_a_number@I5", "cost_without_count@A5"]);
    assert_eq!(total(&table, "troop_cost"), None);
    assert_eq!(total(&table, "veterans_visited").as_deref(), Some("-5"));
}

#[test]
fn an_uncomputed_formula_is_computed_or_told() {
    let table = one("1 | | 30000 | 1 | | 4120 | | | | =ROUND((C5+F5+I5)/10000,1) |");
    assert_eq!(total(&table, "total_wan").as_deref(), Some("3.4"));
    assert_eq!(told(&table), Vec::<String>::new());
    let table = one("1 | | 300 | | | | | | | =VLOOKUP(A1,B:C,2) |");
    assert_eq!(told(&table), ["not_a_number@J5"]);
    assert!(table.findings[0].text.contains("未计算"));
}

#[test]
fn the_total_is_rounded_half_up_to_the_decimals_it_was_written_with() {
    for (costs, written, right) in [
        ("34120", "3.4", true),
        ("34120", "3.41", true),
        ("34120", "3.412", true),
        ("34120", "3.5", false),
        ("34120", "3", false),
        ("30000", "3", true),
        ("30400", "3", true),
        ("30500", "3", false),
        ("30500", "3.1", true),
        ("34500", "3.5", true),
        ("34499.99", "3.4", true),
        ("34120", "3.4120", true),
        ("34120", "3.40", false),
    ] {
        let table = one(&format!("100 | | {costs} | | | | | | | '{written} |"));
        let mismatch = told(&table).contains(&"total_mismatch@J5".to_owned());
        // 3.0 万元 is what 30400 元 round to; a bare 3 is held to one decimal.
        assert_eq!(!mismatch, right, "{costs} {written}: {:?}", told(&table));
    }
    let table = one("100 | | 34120 | | | | | | | 3.5 |");
    assert_eq!(
        table.findings[0].text,
        "J5 合计“八一”期间走访慰问支出总额填写为 3.5 万元，各项经费相加为 34120 元，应为 3.4 万元，请核对。"
    );
}

#[test]
fn one_total_for_several_rows_is_checked_over_all_of_them() {
    let merged = "
        100 | 米 | 20000 | 4 | 油 | 500 | 一中队 | 慰问金 | 10000 | 4.1 | 注
        | | | | | | 二中队 | 慰问金 | 10000 | ^ |
    ";
    let table = one(merged);
    assert_eq!(told(&table), Vec::<String>::new());
    assert_eq!(table.rows.len(), 2);
    assert_eq!(table.rows[1].0["total_wan"].value, None);
    assert_eq!(total(&table, "total_wan").as_deref(), Some("4.1"));
    for unmerged in [
        merged.replace('^', ""),
        "100 | 米 | 20000 | 4 | 油 | 500 | 一中队 | 慰问金 | 10000 | |
         | | | | | | 二中队 | 慰问金 | 10000 | 4.1 |"
            .to_owned(),
    ] {
        assert_eq!(told(&one(&unmerged)), Vec::<String>::new(), "{unmerged}");
    }
    assert_eq!(told(&one(&merged.replace("4.1", "3.1"))), ["total_mismatch@J5"]);
}

#[test]
fn each_row_may_have_its_own_total_and_one_may_lack_it() {
    let own = "
        100 | 米 | 20000 | | | | 一中队 | 金 | 10000 | 3 |
        | | | | | | 二中队 | 金 | 15000 | 1.5 |
        | | | | | | 三中队 | 金 | 15000 | 1.6 |
    ";
    assert_eq!(told(&one(own)), ["total_mismatch@J7"]);
    assert_eq!(told(&one("100 | 米 | 20000 | | | | | | | |")), ["total_mismatch@J5"]);
    assert_eq!(told(&one("100 | 米 | 200 | | | | | | 约3 | |")), ["not_a_number@I5"]);
}

#[test]
fn sum_rows_are_checked_and_never_added() {
    let rows = "
        100 | 米 | 20000 | 4 | 油 | 500 | 一中队 | 金 | 10000 | 3.05 |
        50 | 米 | 10000 | | | | 二中队 | 金 | 10000 | 2 |
        150 | 合　计 | 30000 | 4 | | 500 | | | 20000 | 5.05 |
    ";
    // The sum word stands in a column that may be empty: no word of a gift is 合计, but nothing says so.
    let rows = rows.replace("150 | 合　计", "合　计 | ");
    let table = one(&rows);
    assert_eq!(told(&table), Vec::<String>::new());
    assert_eq!(table.rows.len(), 2);
    assert_eq!(total(&table, "veterans_cost").as_deref(), Some("30000"));
    let wrong = one(&rows.replace("| 30000 | 4 |", "| 30001 | 5 |"));
    assert_eq!(told(&wrong), ["row_sum_mismatch@C7", "row_sum_mismatch@D7"]);
}

#[test]
fn a_total_only_in_the_sum_row_is_checked_against_all_rows() {
    let rows = "
        100 | 米 | 20000 | 4 | 油 | 500 | 一中队 | 金 | 10000 | |
        50 | 米 | 10000 | | | | 二中队 | 金 | 10000 | |
        合计 | | 30000 | 4 | | 500 | | | 20000 | 5.1 |
    ";
    let table = one(rows);
    assert_eq!(told(&table), Vec::<String>::new());
    assert_eq!(total(&table, "total_wan"), None);
    assert_eq!(told(&one(&rows.replace("5.1", "5.2"))), ["total_mismatch@J7"]);
}

#[test]
fn notes_numbering_and_signatures_are_no_rows() {
    let rows = "
        1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11
        100 | 注射器 | 20000 | | | | | | | 2 | 备注栏
        | | | | | | | | | |
        注：本表请于8月10日前报送 | < | < | < | < | < | < | < | < | < | <
        填表人：张三 | | | 联系电话：0358-1234567 | | | 单位负责人： | | | |
        审核人 | 李四
        以上数字均已核对无误并经领导签字同意
    ";
    let table = one(rows);
    assert_eq!(table.rows.len(), 1);
    assert_eq!(told(&table), Vec::<String>::new());
}

#[test]
fn a_merged_value_counts_once() {
    let rows = "
        100 | 米 | 20000 | | | | 一中队 | 金 | 10000 | 4 |
        ^ | ^ | ^ | | | | 二中队 | 金 | 10000 | ^ |
    ";
    let table = one(rows);
    assert_eq!(told(&table), Vec::<String>::new());
    assert_eq!(total(&table, "veterans_visited").as_deref(), Some("100"));
    assert_eq!(table.rows[1].0["veterans_gifts"].value, None);
}

#[test]
fn nothing_filled_in_is_blank_and_typed_zeros_are_not() {
    assert_eq!(told(&one("")), ["blank_form@-"]);
    assert_eq!(told(&one("合计 | | 0 | 0 | | 0 | | | 0 | 0 |")), ["blank_form@-"]);
    let zeros = one("0 | 无 | 0 | 0 | 无 | 0 | 无 | 无 | 0 | 0 |");
    assert_eq!((told(&zeros), zeros.rows.len()), (Vec::new(), 1));
    let none = one("无 | 无 | 无 | 无 | 无 | 无 | 无 | 无 | 无 | 无 | 无");
    assert_eq!((told(&none), total(&none, "total_wan").as_deref()), (Vec::new(), Some("0")));
}

#[test]
fn people_and_money_belong_together() {
    let table = one("12 | 米 | | | 油 | 500 | 一中队 | 金 | 9500 | 1 |");
    assert_eq!(told(&table), ["count_without_cost@C5", "cost_without_count@D5"]);
    assert!(table.findings.iter().all(|finding| finding.severity == crate::model::form::Severity::Warning));
}

#[test]
fn a_total_in_yuan_is_suspected() {
    let table = one("100 | 米 | 20000 | 10 | 油 | 4120 | 一中队 | 金 | 10000 | 34120 |");
    assert_eq!(told(&table), ["total_mismatch@J5", "unit_of_money_suspect@J5=3.412"]);
    assert_eq!(total(&table, "total_wan").as_deref(), Some("34120"));
}

#[test]
fn costs_in_wan_are_suspected() {
    let all = one("100 | 米 | 2 | 10 | 油 | 0.412 | 一中队 | 金 | 1 | 3.412 |");
    assert_eq!(
        told(&all),
        [
            "total_mismatch@J5",
            "unit_of_money_suspect@C5=20000",
            "unit_of_money_suspect@F5=4120",
            "unit_of_money_suspect@I5=10000"
        ]
    );
    // Told to write 应为 0.0 万元, a unit would mend the one figure that is right.
    assert!(!all.findings[0].text.contains("应为"), "{}", all.findings[0].text);
    let troops = one("100 | 米 | 20000 | 10 | 油 | 4120 | 一中队 | 金 | 1.5 | 3.9 |");
    assert_eq!(told(&troops), ["total_mismatch@J5", "unit_of_money_suspect@I5=15000"]);
    let hidden_by_rounding = one("100 | 米 | 1.2 | 10 | 油 | 4120 | 一中队 | 金 | 30000 | 3.4 |");
    assert_eq!(told(&hidden_by_rounding), ["unit_of_money_suspect@C5=12000"]);
}

#[test]
fn an_uncertain_case_is_not_suspected() {
    assert_eq!(told(&one("100 | 米 | 20000 | 10 | 油 | 4120 | 一中队 | 金 | 10000 | 4.4 |")), ["total_mismatch@J5"]);
    assert_eq!(told(&one("| | | | | | 一中队 | 金 | 30 | 30 |")), ["total_mismatch@J5"]);
}

#[test]
fn a_header_with_another_unit_is_suspected() {
    let drawing = PAPER_HEAD.replacen("慰问折算经费(元)", "慰问折算经费（万元）", 1);
    let found = read(&[sheet(&format!("{drawing} 100 | 米 | 2 | | | | | | | 2 |"))]);
    assert_eq!(told(&found[0]), ["unit_of_money_suspect@C5=20000", "total_mismatch@J5"]);
    assert_eq!(total(&found[0], "veterans_cost").as_deref(), Some("2"));
    let drawing = PAPER_HEAD.replace("支出总额(万元)", "支出总额(元)");
    let found = read(&[sheet(&format!("{drawing} 100 | 米 | 20000 | | | | | | | 20000 |"))]);
    assert_eq!(told(&found[0]), ["unit_of_money_suspect@J5=2", "total_mismatch@J5"]);
}

#[test]
fn missing_columns_are_named() {
    let drawing = PAPER_HEAD.replace("| 部队名称 |", "| 名册 |").replace("慰问其他优抚对象人数(人)", "其他");
    let found = read(&[sheet(&format!("{drawing} 100 | 米 | 20000 | | | | | | | 2 |"))]);
    assert_eq!(told(&found[0]), ["column_missing@A4", "column_missing@A4"]);
    assert!(found[0].findings[0].text.contains("慰问其他优抚对象人数"));
    assert_eq!(found[0].rows[0].0["troop_name"].cell, None);
    assert_eq!(found[0].totals["others_visited"], None);
}

#[test]
fn forms_are_found_on_any_sheet_and_below_each_other() {
    let second = PAPER_HEAD.replace("离石区", "柳林县");
    let both = format!("{PAPER_HEAD} 100 | 米 | 20000 | | | | | | | 2 |\n{second} 5 | 米 | 500 | | | | | | | 0.1 |");
    let mut hidden = paper("7 | 米 | 700 | | | | | | | 0.1 |");
    hidden.hidden = true;
    let found = read(&[sheet("姓名 | 电话\n张三 | 1"), sheet(&both), hidden]);
    let names: Vec<_> = found.iter().map(|table| table.unit_name.clone().unwrap()).collect();
    assert_eq!(names, ["离石区", "柳林县", "离石区"]);
    assert_eq!(found[1].rows[0].figure("veterans_visited"), Some(Decimal::from(5)));
    assert_eq!((found[2].hidden, told(&found[2])), (true, vec!["hidden_sheet@-".to_owned()]));
}

proptest::proptest! {
    /// Whatever stands in the cells: a total is the exact sum of its rows, or absent; every key is there.
    #[test]
    fn totals_are_right_or_absent(cells in proptest::collection::vec(
        "|12|3\\.4|1,200|约5|无|合计|注：|—|\\^|<|#REF!|=A5|2021-08-05|米、油|¥300|1\\.2万元|单位名称：甲|慰问折算经费\\(元\\)|备注|-7",
        0..120,
    )) {
        let rows: Vec<String> = cells.chunks(11).map(|row| row.join("|")).collect();
        for table in read(&[paper(&rows.join("\n"))]) {
            for column in bayi_form().number_columns() {
                let figures: Vec<Decimal> = table.rows.iter().filter_map(|row| row.figure(&column.key)).collect();
                if let Some(total) = table.totals[&column.key] {
                    proptest::prop_assert_eq!(total, figures.iter().sum::<Decimal>());
                    proptest::prop_assert!(!figures.is_empty());
                }
            }
            for row in &table.rows {
                proptest::prop_assert_eq!(row.0.len(), 11);
            }
        }
    }

    /// No arrangement of headers panics, and no column is given to two keys.
    #[test]
    fn any_arrangement_of_headers_is_read(cells in proptest::collection::vec(
        "|慰问军队退役人员人数|慰问形式及慰问品名称|慰问折算经费\\(元\\)|慰问其他优抚对象人数|部队名称|合计|备注|\\^|<|慰问部队情况|12|单位名称",
        0..60,
    )) {
        let rows: Vec<String> = cells.chunks(12).map(|row| row.join("|")).collect();
        let drawn = sheet(&rows.join("\n"));
        for layout in layouts(&drawn.grid, &bayi_form()) {
            let mut places: Vec<u32> = layout.columns.values().map(|place| place.column).collect();
            places.sort_unstable();
            let count = places.len();
            places.dedup();
            proptest::prop_assert_eq!(places.len(), count);
        }
        let _ = read(&[drawn]);
    }
}

#[test]
fn a_campaign_may_change_a_severity() {
    let mut form = bayi_form();
    form.severities.insert(Code::TotalMismatch, crate::model::form::Severity::Warning);
    let found = read_tables(&[paper("100 | 米 | 34120 | | | | | | | 3.5 |")], "1", &form, 2021);
    assert_eq!(found[0].findings[0].severity, crate::model::form::Severity::Warning);
}
