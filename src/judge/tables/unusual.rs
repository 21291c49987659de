//! Tables drawn unlike the printed form: pages, part sums, strange rows, several units.

use super::tests::{one, read, told, total};
use super::*;
use crate::judge::testing::{PAPER_HEAD, bayi_form, paper, sheet};

#[test]
fn a_sum_row_may_stand_first() {
    let rows = "
        合计 | | 30000 | 4 | | 500 | | | 20000 | 5.1 |
        100 | 米 | 20000 | 4 | 油 | 500 | 一中队 | 金 | 10000 | |
        50 | 米 | 10000 | | | | 二中队 | 金 | 10000 | |
    ";
    assert_eq!(told(&one(rows)), Vec::<String>::new());
    assert_eq!(told(&one(&rows.replace("30000", "30001"))), ["row_sum_mismatch@C5"]);
}

#[test]
fn a_sum_row_without_rows_is_wrong_but_not_blank() {
    let table = one("合计 | | 30000 | 4 | | 500 | | | 20000 | 5.1 |");
    assert_eq!(table.rows.len(), 0);
    let wrong = ["C5", "D5", "F5", "I5"].map(|cell| format!("row_sum_mismatch@{cell}"));
    assert_eq!(told(&table), wrong);
}

#[test]
fn one_column_in_wan_over_several_rows_is_suspected() {
    let rows = "
        100 | 米 | 20000 | 4 | 油 | 500 | 一中队 | 金 | 1 | 5.05 |
        | | | | | | 二中队 | 金 | 2 | ^ |
    ";
    assert_eq!(
        told(&one(rows)),
        ["total_mismatch@J5", "unit_of_money_suspect@I5=10000", "unit_of_money_suspect@I6=20000"]
    );
}

#[test]
fn a_merged_word_for_nothing_is_a_row() {
    let table = one("100 | 米 | 20000 | 4 | 油 | 500 | 无 | < | < | 2.1 |\n无 | < | < | < | < | < | < | < | < | < | <");
    assert_eq!(told(&table), Vec::<String>::new());
    assert_eq!(table.rows.len(), 2);
    assert_eq!(table.rows[0].words("troop_name"), Some("无"));
}

#[test]
fn a_missing_name_is_told_where_it_should_stand() {
    let head = PAPER_HEAD.replace("离石区", "____");
    let found = read(&[sheet(&format!("{head} 5 | 米 | 500 | | | | | | | 0.1 |"))]);
    assert_eq!((told(&found[0]), found[0].unit_name.clone()), (vec!["unit_name_missing@A2".to_owned()], None));
}

#[test]
fn names_may_stand_below_or_in_the_lines_of_a_document() {
    let bare: String = PAPER_HEAD.lines().filter(|line| !line.contains("填报时间")).collect::<Vec<_>>().join("\n");
    let row = "5 | 米 | 500 | | | | | | | 0.1 |";
    let below = format!("{bare}\n{row}\n单位名称： | 离石区 | | 填报时间： | 2021.8.5");
    let found = read(&[sheet(&below)]);
    assert_eq!((found[0].unit_name.as_deref(), found[0].rows.len()), (Some("离石区"), 1));
    assert_eq!(found[0].filled_on.unwrap().to_string(), "2021-08-05");
    let lines = ["县(市、区)/单位名称：离石区　填报时间：8月5日".to_owned()];
    let found = read_tables_among(&[sheet(&format!("{bare}\n{row}"))], &lines, "2", &bayi_form(), 2021);
    assert_eq!((found[0].unit_name.as_deref(), found[0].piece.as_str()), (Some("离石区"), "2"));
    assert!(told(&found[0]).is_empty());
}

#[test]
fn an_untouched_template_beside_a_filled_form_is_nobodys() {
    let empty = PAPER_HEAD.replace("离石区", "").replace("2021年8月5日", "");
    let found = read(&[paper("5 | 米 | 500 | | | | | | | 0.1 |"), sheet(&empty)]);
    assert_eq!(found.len(), 1);
    assert_eq!(told(&read(&[sheet(&empty)])[0]), ["blank_form@-", "unit_name_missing@A2"]);
}

#[test]
fn a_header_repeated_on_the_next_page_goes_on() {
    let header: String = PAPER_HEAD.lines().filter(|line| !line.contains("2021年")).collect::<Vec<_>>().join("\n");
    let drawing = format!(
        "{PAPER_HEAD} 100 | 米 | 20000 | | | | 甲 | 金 | 1000 | 2.1 |\n{header}\n 5 | 米 | 500 | | | | | | | 0.1 |"
    );
    let found = read(&[sheet(&drawing)]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].rows.len(), 2);
}

#[test]
fn a_table_of_several_units_becomes_one_return_a_unit() {
    let head = PAPER_HEAD.replace("备注", "备注 | 单位名称").replace("离石区", "");
    let rows = "
        100 | 米 | 20000 | | | | 甲 | 金 | 1000 | 2.1 | | 离石区
        | | | | | | 乙 | 金 | 1000 | 0.1 | | ^
        5 | 米 | 500 | | | | | | | 0.1 | | 柳林县
        合计 | | 20500 | | | | | | 2000 | 2.3 | |
    ";
    let found = read(&[sheet(&format!("{head}{rows}"))]);
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].unit_name.as_deref(), found[0].rows.len()), (Some("离石区"), 2));
    assert_eq!((found[1].unit_name.as_deref(), found[1].rows.len()), (Some("柳林县"), 1));
    assert!(found.iter().all(|table| told(table).is_empty()), "{:?}", told(&found[1]));
}

#[test]
fn a_named_table_that_lists_villages_is_one_units() {
    let head = PAPER_HEAD.replace("备注", "备注 | 单位");
    let rows = "100 | 米 | 20000 | | | | | | | 2 | | 城关镇\n5 | 米 | 500 | | | | | | | 0.1 | | 西属巴镇";
    let found = read(&[sheet(&format!("{head}{rows}"))]);
    assert_eq!((found.len(), found[0].unit_name.as_deref(), found[0].rows.len()), (1, Some("离石区"), 2));
}

#[test]
fn a_sum_word_among_the_gifts_makes_a_sum_row() {
    let rows = "
        100 | 米 | 20000 | | | | 一中队 | 金 | 10000 | 3 |
        100 | 合 计 | 20000 | | | | | | 10000 | |
    ";
    let table = one(rows);
    assert_eq!((told(&table), table.rows.len()), (Vec::new(), 1));
    assert_eq!(total(&table, "veterans_cost").as_deref(), Some("20000"));
    // A remark that says so beside other words is a remark.
    let remark = one("100 | 米 | 20000 | | | | 一中队 | 金 | 10000 | 3 | 合计");
    assert_eq!((told(&remark), remark.rows.len()), (Vec::new(), 1));
    let led = one("100 | 米 | 20000 | | | | | | | 2 |\n| 全县合计： | 20001 | | | | | | | 2 |");
    assert_eq!((told(&led), led.rows.len()), (vec!["row_sum_mismatch@C6".to_owned()], 1));
}

#[test]
fn signatures_in_the_columns_of_figures_are_no_rows() {
    for signature in ["2021年8月5日", "@2021-08-05", "（盖章）", "离石区双拥办", "离石区（公章）", "二〇二一年八月五日"]
    {
        let table = one(&format!("100 | 米 | 20000 | | | | | | | 2 |\n| | | | | | | | {signature} | |"));
        assert_eq!((told(&table), table.rows.len()), (Vec::new(), 1), "{signature}");
    }
    let fault = one("100 | 米 | 20000 | | | | | | | 2 |\n| | | | | | | | 若干 | |");
    assert_eq!(told(&fault), ["not_a_number@I6"]);
    assert_eq!(total(&fault, "troop_cost"), None);
}

#[test]
fn a_stroke_in_a_sum_row_sums_nothing() {
    let rows = "100 | 米 | 20000 | | | | | | | 2 |\n合计 | | / | — | | 无 | | | / | 2 |";
    assert_eq!(told(&one(rows)), Vec::<String>::new());
    assert_eq!(told(&one(&rows.replace("| / | — |", "| 0 | — |"))), ["row_sum_mismatch@C6"]);
}

#[test]
fn part_sums_may_carry_the_totals() {
    let rows = "
        10 | 金 | 5000 | | | | | | | |
        小计 | | 5000 | | | | | | | 0.5 |
        5 | 金 | 2500 | | | | | | | |
        小计 | | 2500 | | | | | | | 0.25 |
        总计 | | 7500 | | | | | | | 0.75 |
    ";
    let table = one(rows);
    assert_eq!((told(&table), table.rows.len()), (Vec::new(), 2));
    assert_eq!(told(&one(&rows.replace("0.25", "0.35"))), ["total_mismatch@J8"]);
}

#[test]
fn a_zero_beside_the_total_of_all_rows_is_an_empty_cell() {
    let rows = "10 | 金 | 5000 | | | | 甲 | 水 | 1000 | 0.8 |\n | | | | | | 乙 | 水 | 2000 | 0 |";
    assert_eq!(told(&one(rows)), Vec::<String>::new());
    assert_eq!(told(&one(&rows.replace("0.8", "0.9"))), ["total_mismatch@J5", "total_mismatch@J6"]);
}

#[test]
fn column_numbers_and_units_under_the_header_are_no_rows() {
    let row = "10 | 金 | 5000 | | | | | | | 0.5 |";
    for line in [
        "1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10=3+6+9 | 11",
        "（1） | （2） | （3） | （4） | （5） | （6） | （7） | （8） | （9） | （10） | （11）",
        "1 | 甲 | 2 | 3 | 乙 | 4 | 丙 | 丁 | 5 | 6 |",
        "人 | | 元 | 人 | | 元 | | | （元） | 万元 |",
    ] {
        let table = one(&format!("{line}\n{row}"));
        assert_eq!((told(&table), table.rows.len()), (Vec::new(), 1), "{line}");
    }
    assert_eq!(one("1 | 2 | 300 | 4 | 5 | 600 | 7 | 8 | 900 | 0.2 |").rows.len(), 1);
}

#[test]
fn a_repeated_header_goes_on_after_part_sums_and_a_sum_at_the_head() {
    let header: String = PAPER_HEAD.lines().filter(|line| !line.contains("2021年")).collect::<Vec<_>>().join("\n");
    for (first, closed) in [
        ("合计 | | 7500 | | | | | | | 0.75 |\n10 | 金 | 5000 | | | | | | | |", false),
        ("10 | 金 | 5000 | | | | | | | 0.5 |\n本页小计 | | 5000 | | | | | | | |", false),
        ("10 | 金 | 5000 | | | | | | | 0.5 |\n合计 | | 5000 | | | | | | | |", true),
    ] {
        let found = read(&[sheet(&format!("{PAPER_HEAD}{first}\n{header}\n 5 | 金 | 2500 | | | | | | | 0.25 |"))]);
        assert_eq!(found.len(), if closed { 2 } else { 1 }, "{first}");
        assert_eq!(total(&found[0], "veterans_visited").as_deref(), Some(if closed { "10" } else { "15" }));
    }
}

#[test]
fn labels_above_the_next_title_belong_to_the_form_before() {
    let row = "5 | 米 | 500 | | | | | | | 0.1 |";
    let next = PAPER_HEAD.replace("离石区", "柳林县").replace("8月5日", "8月6日");
    let signed = format!("{PAPER_HEAD}{row}\n 单位名称：离石区双拥办（章） | | 填报时间：8月7日\n{next}{row}");
    let found = read(&[sheet(&signed)]);
    let names: Vec<_> = found.iter().map(|table| table.unit_name.as_deref().unwrap()).collect();
    assert_eq!(names, ["离石区", "柳林县"]);
    assert_eq!(found[1].filled_on.unwrap().to_string(), "2021-08-06");
    assert_eq!(found[0].rows.len(), 1);
    let bare: String = PAPER_HEAD.lines().filter(|line| !line.contains("填报时间")).collect::<Vec<_>>().join("\n");
    let found = read(&[sheet(&format!("{bare}\n{row}\n{next}{row}"))]);
    assert_eq!((found[0].unit_name.clone(), found[1].unit_name.as_deref()), (None, Some("柳林县")));
}

#[test]
fn a_unit_in_its_own_column_counts_on_a_blank_form_too() {
    let head = PAPER_HEAD
        .replace("备注", "备注 | 单位名称")
        .replace("^ | ^\n", "^ | ^ | ^\n")
        .replace("县(市、区)/单位名称：离石区", "");
    let found = read(&[sheet(&format!("{head} | | | | | | | | | | | 离石区"))]);
    assert_eq!((told(&found[0]), found[0].unit_name.as_deref()), (vec!["blank_form@-".to_owned()], Some("离石区")));
}

#[test]
fn few_headers_are_the_form_under_its_title_only() {
    let art = "慰问军队退役人员人数(人) | 部队名称 | 姓名\n10 | 甲连 | 张三";
    assert!(read(&[sheet(art)]).is_empty());
    let found = read(&[sheet(&format!("2021年“八一”期间走访慰问情况统计表\n{art}"))]);
    assert_eq!(found[0].rows[0].figure("veterans_visited"), Some(Decimal::TEN));
    assert_eq!(told(&found[0]).iter().filter(|told| told.starts_with("column_missing")).count(), 5);
}

#[test]
fn words_without_a_figure_are_no_return() {
    let table = one(" | 慰问金 | | | 米面油 | | 县人武部 | 牛奶 | | | 无");
    assert_eq!((table.rows.len(), told(&table)), (1, vec!["blank_form@-".to_owned()]));
    assert!(!table.is_untouched(), "it takes the place of what was sent before");
    assert!(told(&one("无 | 无 | 无 | 无 | 无 | 无 | 无 | 无 | 无 | 无 | 无")).is_empty());
}
