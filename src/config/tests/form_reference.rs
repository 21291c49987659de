//! Writes docs/form-definition.zh.md from the reader's own keys and codes, and fails where the two differ.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use super::super::form::{CODES, code_name, read_form};
use super::super::mistakes::Notes;
use crate::model::form::{FindingCode, Severity};

/// One key of `form.toml`, as the reference tells it.
struct Key {
    name: &'static str,
    value: &'static str,
    needed: bool,
    meaning: &'static str,
}

const fn needed(name: &'static str, value: &'static str, meaning: &'static str) -> Key {
    Key { name, value, needed: true, meaning }
}

const fn may(name: &'static str, value: &'static str, meaning: &'static str) -> Key {
    Key { name, value, needed: false, meaning }
}

const TOP: [Key; 11] = [
    needed("id", "文字", "表的代号，用英文字母、数字和 `-`，如 `2022-bayi`"),
    needed("title", "文字", "表名，印在表的上方"),
    needed("unit_labels", "文字列表", "填报单位前面的标签，如 `单位名称`、`填报单位`。来表中写在标签后面的就是单位"),
    may("filled_on_labels", "文字列表", "填报日期前面的标签，如 `填报时间`"),
    may("sum_words", "文字列表", "以这些词开头的行是合计行：只用来核对上面各行，本身不计入"),
    may("note_words", "文字列表", "以这些词开头的行已不是表的内容，如 `注`、`填表人`"),
    may("zero_words", "文字列表", "数字栏里写这些就是 0，如 `无`、`/`、`—`。空着的格不是 0，是没有填"),
    may(
        "plausible_per_head",
        "两个数，加引号",
        "每人平均多少元算合理，如 `[\"10\", \"10000\"]`。超出的，可能是元与万元混用。不写就不查",
    ),
    needed("columns", "`[[columns]]`", "一栏一节，按纸质表从左到右排列"),
    may("checks", "`[[checks]]`", "要核对的关系，一条一节"),
    may("severities", "`[severities]`", "改变某种问题的轻重"),
];

const COLUMNS: [Key; 8] = [
    needed("key", "文字", "栏目代号，只用小写英文字母、数字和 `_`；`status` 和程序接口里用它。收集开始后不要改"),
    needed("header", "文字", "表头，照纸质表写。全角半角、括号、空格不同不要紧"),
    may("aliases", "文字列表", "表头的其他写法；单位改了表头，`inspect` 认不出时加在这里"),
    needed("kind", "`\"count\"`、`\"money\"` 或 `\"text\"`", "人数等整数、金额、文字。前两种会核对并求和"),
    may("unit", "`\"元\"` 或 `\"万元\"`", "金额栏必须写，其他栏不能写"),
    may("group", "文字", "上一层表头，如 `慰问部队情况`"),
    may("after", "另一栏的代号", "同样的表头有几个时，这一栏是那一栏右边的第一个"),
    may("compulsory", "`true` 或 `false`", "来表缺了这一栏，就请单位更正；不写是 `false`"),
];

const CHECKS: [Key; 5] = [
    needed("check", "`\"total_agrees\"` 或 `\"count_with_cost\"`", "核对什么，见下"),
    may("total", "栏目代号", "`total_agrees`：总额栏，万元"),
    may(
        "parts",
        "栏目代号列表",
        "`total_agrees`：各项经费，元。总额应等于各项之和除以 10000，四舍五入到总额所写的小数位，至少一位",
    ),
    may("count", "栏目代号", "`count_with_cost`：人数栏"),
    may("cost", "栏目代号", "`count_with_cost`：经费栏。有人数应有经费，有经费应有人数"),
];

/// What a code means to who defines a form.
fn meaning(code: FindingCode) -> &'static str {
    match code {
        FindingCode::TotalMismatch => "总额与各项经费之和不符",
        FindingCode::RowSumMismatch => "合计行与上面各行之和不符",
        FindingCode::UnitOfMoneySuspect => "疑似元与万元混用",
        FindingCode::NotANumber => "数字栏里不是数字，如“约200”",
        FindingCode::Negative => "数字是负的",
        FindingCode::NotWhole => "人数不是整数",
        FindingCode::UnitNameConflict => "表中的单位与来信单位不符",
        FindingCode::BlankForm => "表没有填",
        FindingCode::ColumnMissing => "缺少必填栏目",
        FindingCode::CountWithoutCost => "有人数，没有经费",
        FindingCode::CostWithoutCount => "有经费，没有人数",
        FindingCode::UnitNameMissing => "单位名称没有填",
        FindingCode::HiddenSheet => "有隐藏的工作表，不计入",
        FindingCode::DocumentNumberMissing => "报告没有文号",
        FindingCode::ScanOnly => "只有扫描件，没有文字",
    }
}

/// A whole form in few lines; the test reads it.
const EXAMPLE: &str = r#"id = "2022-xunfang"
title = "2022年走访情况统计表"
unit_labels = ["单位名称", "填报单位"]
filled_on_labels = ["填报时间"]
sum_words = ["合计", "总计"]
note_words = ["注", "填表人"]
zero_words = ["无", "/", "—"]
plausible_per_head = ["10", "10000"]

[[columns]]
key = "families"
header = "走访户数(户)"
aliases = ["走访户数", "户数"]
group = "走访情况"
kind = "count"
compulsory = true

[[columns]]
key = "cost"
header = "折算经费(元)"
group = "走访情况"
after = "families"
kind = "money"
unit = "元"
compulsory = true

[[columns]]
key = "total_wan"
header = "支出总额(万元)"
kind = "money"
unit = "万元"

[[columns]]
key = "remarks"
header = "备注"
kind = "text"

[[checks]]
check = "total_agrees"
total = "total_wan"
parts = ["cost"]

[[checks]]
check = "count_with_cost"
count = "families"
cost = "cost"

[severities]
count_without_cost = "error"
"#;

fn table_of(keys: &[Key]) -> String {
    let mut text = String::from("| 键 | 写什么 | 必须 | 意思 |\n| --- | --- | --- | --- |\n");
    for Key { name, value, needed, meaning } in keys {
        let needed = if *needed { "是" } else { "" };
        writeln!(text, "| `{name}` | {value} | {needed} | {meaning} |").unwrap();
    }
    text
}

fn table_of_codes() -> String {
    let mut text = String::from("| 代码 | 意思 | 轻重 | 谁来改 |\n| --- | --- | --- | --- |\n");
    for code in CODES {
        let severity = match code.severity() {
            Severity::Error => "`error`",
            Severity::Warning => "`warning`",
        };
        let who = if code.mended_by_unit() { "单位" } else { "办公室" };
        writeln!(text, "| `{}` | {} | {severity} | {who} |", code_name(code), meaning(code)).unwrap();
    }
    text
}

fn document() -> String {
    let (top, columns, checks, codes) = (table_of(&TOP), table_of(&COLUMNS), table_of(&CHECKS), table_of_codes());
    format!(
        "<!-- 由测试写成：UPDATE_DOCS=1 cargo test --lib form_reference -->\n\
         # 统计表的定义：form.toml\n\n\
         一次收集的统计表是一个文件，放在 `config/campaigns/<收集>/form.toml`。换一张表只改这个文件，不改程序。改好以后运行\n\
         `mailtally check`，写错的键、写错的栏目代号都会一次说全；再用 `mailtally inspect 样表.xlsx` 看读得对不对。\n\n\
         ## 整张表\n\n{top}\n\
         ## 每一栏：`[[columns]]`\n\n{columns}\n\
         栏目靠表头认，不靠列的位置：单位把列挪了地方、中间插了列、表头换了行，都读得出来。\n\n\
         ## 核对：`[[checks]]`\n\n{checks}\n\
         金额按写出来的小数精确计算，不经过浮点数。\n\n\
         ## 问题的轻重：`[severities]`\n\n\
         `error` 的表不计入汇总：单位能改的请单位更正，只有办公室能定的交人工。`warning` 只作提示，照常计入。\n\
         要改的写一行，如 `count_without_cost = \"error\"`。\n\n{codes}\n\
         ## 一个完整的例子\n\n```toml\n{EXAMPLE}```\n"
    )
}

/// The keys the reader asks for, by section.
fn asked_keys() -> BTreeMap<String, BTreeSet<&'static str>> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("form.toml");
    std::fs::write(&file, EXAMPLE).unwrap();
    let notes = Notes::default();
    assert!(read_form(&file, &notes).is_some());
    let asked = notes.all_asked();
    notes.settle(&file, Some(())).unwrap();
    asked
}

#[test]
fn the_reference_names_every_key_of_a_form_and_no_other() {
    let asked = asked_keys();
    for (section, keys) in [("", &TOP[..]), ("columns", &COLUMNS), ("checks", &CHECKS)] {
        let told: BTreeSet<&str> = keys.iter().map(|key| key.name).collect();
        assert_eq!(asked.get(section), Some(&told), "[{section}]");
    }
    let sections: Vec<&str> = asked.keys().map(String::as_str).collect();
    assert_eq!(sections, ["", "checks", "columns", "severities"]);
}

#[test]
fn a_key_is_called_needed_where_the_reader_misses_it() {
    for (section, keys) in [("", &TOP[..]), ("columns", &COLUMNS)] {
        for Key { name, needed, .. } in keys {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("form.toml");
            std::fs::write(&file, without(section, name)).unwrap();
            let notes = Notes::default();
            let form = read_form(&file, &notes);
            let missed = notes.settle(&file, form).err().is_some_and(|mistakes| {
                let ours = |key: &str| key == *name || key.ends_with(&format!(".{name}"));
                mistakes
                    .list()
                    .iter()
                    .any(|mistake| mistake.text.starts_with("is missing") && mistake.key.as_deref().is_some_and(ours))
            });
            // A unit is missed at money columns alone.
            assert_eq!(missed, *needed || *name == "unit", "{section} {name}");
        }
    }
}

/// The example without `name` in the sections of that kind.
fn without(section: &str, name: &str) -> String {
    let (mut here, mut left_out, mut text) = (String::new(), false, String::new());
    for line in EXAMPLE.lines() {
        if line.starts_with('[') {
            here = line.trim_matches(['[', ']']).to_owned();
            left_out = section.is_empty() && here == name;
        }
        let is_it = here == section && line.split(" =").next() == Some(name);
        if !is_it && !left_out {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

#[test]
fn the_reference_stands_in_the_documents_as_it_is() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/form-definition.zh.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, document()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == document(),
        "docs/form-definition.zh.md is out of date: UPDATE_DOCS=1 cargo test --lib form_reference"
    );
}
