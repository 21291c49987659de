//! Forms drawn as text, found or refused.

use crate::judge::testing::{PAPER_HEAD, bayi_form, grid, layouts};
use crate::model::grid::{Cell, CellValue, Grid, Span};

fn columns(drawing: &str) -> String {
    let Some(layout) = layouts(&grid(drawing), &bayi_form()).into_iter().next() else { return "none".into() };
    let mut places: Vec<(u32, String)> = layout.columns.iter().map(|(key, at)| (at.column, key.clone())).collect();
    places.sort();
    let keys: Vec<String> = places.iter().map(|(column, key)| format!("{column}:{key}")).collect();
    format!("{} from {}", keys.join(" "), layout.data_start)
}

const IN_ORDER: &str = "0:veterans_visited 1:veterans_gifts 2:veterans_cost 3:others_visited 4:others_gifts \
    5:others_cost 6:troop_name 7:troop_gifts 8:troop_cost 9:total_wan 10:remarks";

#[test]
fn the_paper_form_is_found() {
    assert_eq!(columns(PAPER_HEAD), format!("{IN_ORDER} from 4"));
    let layout = layouts(&grid(PAPER_HEAD), &bayi_form()).into_iter().next().unwrap();
    assert_eq!((layout.top, layout.missing), (2, Vec::<String>::new()));
}

#[test]
fn headers_broken_over_rows_and_unmerged_are_found() {
    let drawing = "
        本县（市、区）/单位慰问情况 | | | | | | 慰问部队情况 | | | 合计“八一”期间走访慰 |
        慰问军队退 | 慰问形式及慰 | 慰问折算经费 | 慰问其他优 | 慰问形式及慰 | 慰问折算经费 | 部队名称 | 慰问形式及慰 | 慰问折算经费 | 问支出总额 | 备注
        役人员人数 | 问品名称 | （元） | 抚对象人数 | 问品名称 | （元） | | 问品名称 | （元） | （万元） |
        （人） | | | （人） | | | | | | |
        12 | 米 | 3000 | 4 | 油 | 500 | 某部 | 慰问金 | 10000 | 1.4 |
    ";
    assert_eq!(columns(drawing), format!("{IN_ORDER} from 4"));
}

#[test]
fn additional_and_wide_columns_and_words_above_do_not_matter() {
    let drawing = "
        附件 | | | | | | | | | | | | |
        2021年“八一”期间走访慰问情况统计表 | < | < | < | < | < | < | < | < | < | < | < | < | <
        序号 | 慰问军队离退休\\n人员人数 | < | 慰问形式及慰问品名称 | 慰问折算经费（元） | 联系人 | 慰问其他优抚对象人数(人) | 慰问形式及慰问品名称 | 慰问折算经费(元) | 部队名称 | 慰问形式及慰问品名称 | 慰问折算经费(元) | 合计 | 备注
    ";
    assert_eq!(
        columns(drawing),
        "1:veterans_visited 3:veterans_gifts 4:veterans_cost 6:others_visited 7:others_gifts 8:others_cost \
         9:troop_name 10:troop_gifts 11:troop_cost 12:total_wan 13:remarks from 3"
    );
}

#[test]
fn rearranged_blocks_keep_their_meaning() {
    let troops_first = "
        部队名称 | 慰问折算经费(元) | 慰问形式及慰问品名称 | 慰问其他优抚对象人数 | 慰问折算经费(元) | 慰问军队退役人员人数 | 慰问折算经费(元) | 合计
    ";
    assert_eq!(
        columns(troops_first),
        "0:troop_name 1:troop_cost 2:troop_gifts 3:others_visited 4:others_cost 5:veterans_visited \
         6:veterans_cost 7:total_wan from 1"
    );
    let costs_first = "
        慰问折算经费(元) | 慰问军队退役人员人数 | 慰问折算经费(元) | 慰问其他优抚对象人数 | 慰问折算经费(元) | 部队名称 | 合计
    ";
    assert_eq!(
        columns(costs_first),
        "0:veterans_cost 1:veterans_visited 2:others_cost 3:others_visited 4:troop_cost 5:troop_name 6:total_wan \
         from 1"
    );
}

#[test]
fn a_missing_leader_does_not_shift_the_rest() {
    let drawing = "
        本县(市、区)/单位慰问情况 | < | < | < | < | < | 慰问部队情况 | < | 合计 | 备注
        慰问军队退役人员人数 | 慰问形式及慰问品名称 | 慰问折算经费(元) | 慰问其他优抚对象人数 | 慰问形式及慰问品名称 | 慰问折算经费(元) | 慰问形式及慰问品名称 | 慰问折算经费(元) | ^ | ^
    ";
    let layout = layouts(&grid(drawing), &bayi_form()).into_iter().next().unwrap();
    assert_eq!(layout.missing, ["troop_name"]);
    assert_eq!(layout.columns["troop_cost"].column, 7);
    assert_eq!(layout.columns["others_cost"].column, 5);
}

#[test]
fn other_tables_and_transposed_ones_are_not_this_form() {
    assert_eq!(columns("姓名 | 部队名称 | 金额 | 备注 | 合计\n张三 | 某部 | 500 | | 500"), "none");
    let transposed: String = bayi_form().columns.iter().map(|column| format!("{} | 1\n", column.header)).collect();
    assert_eq!(columns(&transposed), "none");
    assert_eq!(columns(""), "none");
}

#[test]
fn two_forms_below_each_other_are_two() {
    let both = format!("{PAPER_HEAD} 12 | 米 | 3000 | | | | | | | 0.3 | \n 空 \n {PAPER_HEAD}");
    let found = layouts(&grid(&both), &bayi_form());
    assert_eq!(found.iter().map(|layout| layout.top).collect::<Vec<_>>(), [2, 8]);
}

#[test]
fn an_inner_unit_column_is_seen() {
    let drawing = PAPER_HEAD.replace("备注", "备注 | 单位名称");
    assert_eq!(layouts(&grid(&drawing), &bayi_form()).into_iter().next().unwrap().unit_column, Some(11));
}

#[test]
fn a_header_broken_inside_its_unit_is_found() {
    let drawing = "
        慰问军队退役人员人数 | 慰问折算经费（单 | 慰问其他优抚对象人数 | 慰问折算经费 | 部队名称 | 慰问折算经费(元) | 合计
         | 位：元） | | (元 | | | 支出总额
         | | | ) | | |
    ";
    assert_eq!(
        columns(drawing),
        "0:veterans_visited 1:veterans_cost 2:others_visited 3:others_cost 4:troop_name 5:troop_cost 6:total_wan from 3"
    );
}

#[test]
fn a_header_over_its_group_ends_over_its_own_column() {
    let drawing = "
        慰问军队退役人员 | < | < | 慰问其他优抚对象 | < | < | 部队名称 | 慰问折算经费(元) | 合计
        人数(人) | 慰问形式及慰问品名称 | 慰问折算经费(元) | 人数(人) | 慰问形式及慰问品名称 | 慰问折算经费(元) | ^ | ^ | ^
    ";
    let layout = layouts(&grid(drawing), &bayi_form()).into_iter().next().unwrap();
    assert_eq!(layout.missing, Vec::<String>::new());
    assert_eq!(layout.key_at(2), Some("veterans_cost"));
    assert_eq!(layout.key_at(0), Some("veterans_visited"));
}

#[test]
fn of_two_headers_for_one_figure_the_forms_own_counts_or_none() {
    let drawing = "
        慰问军队退役人员人数 | 慰问金额(元) | 慰问折算经费(元) | 慰问其他优抚对象人数 | 慰问折算经费(元) | 部队名称 | 慰问折算经费(元) | 合计（元） | 合计(万元)
    ";
    let mut form = bayi_form();
    for column in form.columns.iter_mut().filter(|column| column.header.starts_with("慰问折算经费")) {
        column.aliases.push("慰问金额(元)".into());
    }
    let layout = layouts(&grid(drawing), &form).into_iter().next().unwrap();
    assert_eq!(layout.missing, Vec::<String>::new());
    assert_eq!((layout.columns["veterans_cost"].column, layout.columns["total_wan"].column), (2, 8));
    let twice = drawing.replace("慰问金额(元)", "慰问折算经费(元)");
    assert_eq!(layouts(&grid(&twice), &form).into_iter().next().unwrap().missing, ["veterans_cost"]);
}

#[test]
fn each_wording_may_stand_on_its_own_side_of_the_leader() {
    let drawing = "
        慰问形式及慰问品名称 | 慰问军队退役人员人数 | 慰问折算经费(元) | 慰问形式及慰问品名称 | 慰问其他优抚对象人数 | 慰问折算经费(元) | 慰问形式及慰问品名称 | 部队名称 | 慰问折算经费(元) | 合计
    ";
    assert_eq!(
        columns(drawing),
        "0:veterans_gifts 1:veterans_visited 2:veterans_cost 3:others_gifts 4:others_visited 5:others_cost \
         6:troop_gifts 7:troop_name 8:troop_cost 9:total_wan from 1"
    );
}

#[test]
fn a_form_below_many_other_words_is_found() {
    let mut long: Vec<Cell> = (0..60_000_u32)
        .map(|row| Cell { row, column: 3, value: CellValue::Text(format!("第{row}户慰问对象的住址")) })
        .collect();
    let form = grid(PAPER_HEAD);
    long.extend(form.cells().iter().map(|cell| Cell { row: cell.row + 60_000, ..cell.clone() }));
    let merges =
        form.merges().iter().map(|span| Span { top: span.top + 60_000, bottom: span.bottom + 60_000, ..*span });
    let found = layouts(&Grid::new(long, merges.collect()), &bayi_form());
    let found: Vec<_> = found.iter().map(|layout| (layout.data_start, layout.missing.len())).collect();
    assert_eq!(found, [(60_004, 0)]);
}
