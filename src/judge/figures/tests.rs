//! Figures as cells show them, right or absent.

use super::*;
use crate::judge::testing::bayi_form;
use proptest::prelude::*;

const YUAN: ColumnKind = ColumnKind::Money(MoneyUnit::Yuan);
const WAN: ColumnKind = ColumnKind::Money(MoneyUnit::TenThousandYuan);

fn read(text: &str, column: ColumnKind) -> String {
    match read_figure(text, column, &bayi_form()) {
        FigureReading::Empty => "empty".into(),
        FigureReading::Value(value) => value.to_string(),
        FigureReading::NotANumber => "no number".into(),
    }
}

#[test]
fn digits_over_two_lines_are_no_number() {
    for (text, value) in [
        ("123\n45", "no number"),
        ("1\n200", "no number"),
        ("1,\r\n200", "no number"),
        ("一百\n二十", "no number"),
        ("100\n元", "100"),
        ("\n100\n", "100"),
    ] {
        assert_eq!(read(text, YUAN), value, "{text:?}");
    }
}

#[test]
fn counts_are_read_as_written() {
    for (text, value) in [
        ("12", "12"),
        (" 12 ", "12"),
        ("１２", "12"),
        ("1,234", "1234"),
        ("1，234", "1234"),
        ("1\u{2009}234\u{2009}567", "1234567"),
        ("1\u{A0}234", "1234"),
        ("200（人）", "200"),
        ("无。", "0"),
        ("12人", "12"),
        ("12 名", "12"),
        ("30户", "30"),
        ("120人次", "120"),
        ("一百二十", "120"),
        ("一百二十人", "120"),
        ("1.2万人", "12000"),
        ("-5", "-5"),
        ("12.5", "12.5"),
        ("无", "0"),
        ("/", "0"),
        ("／", "0"),
        ("—", "0"),
        ("——", "0"),
        ("－", "0"),
        ("-", "0"),
        ("〇", "0"),
        ("零", "0"),
        ("0", "0"),
        ("-0", "0"),
        ("", "empty"),
        ("　", "empty"),
        ("____", "empty"),
    ] {
        assert_eq!(read(text, ColumnKind::Count), value, "{text}");
    }
}

#[test]
fn money_keeps_its_decimals_and_heeds_a_unit_in_the_cell() {
    for (text, value) in [
        ("1,234.50", "1234.50"),
        ("¥1,234.50", "1234.50"),
        ("￥１２００", "1200"),
        ("12000元", "12000"),
        ("1.2万元", "12000"),
        ("1.2万", "12000"),
        ("1.2e4", "12000"),
        ("1.20E+04", "12000"),
        ("壹万贰仟叁佰元整", "12300"),
        ("两千", "2000"),
        ("3万5千元", "35000"),
        ("伍佰元伍角", "500.5"),
        ("伍佰元零伍分", "500.05"),
        ("(1,234.50)", "-1234.50"),
        ("-¥500", "-500"),
        ("人民币：1,200元", "1200"),
        ("rmb 1200", "1200"),
        ("人民币叁万伍仟元整", "35000"),
        ("35000（元）", "35000"),
        ("3.5（万元）", "35000"),
        ("3.5 万元", "35000"),
        ("叁 万 伍 仟 元 整", "35000"),
        ("¥-500", "-500"),
    ] {
        assert_eq!(read(text, YUAN), value, "{text}");
    }
    for (text, value) in [
        ("3.40", "3.40"),
        ("3.40万元", "3.40"),
        ("12000元", "1.2"),
        ("34120.00元", "3.412"),
        ("三万", "3"),
        ("1.2万", "1.2"),
    ] {
        assert_eq!(read(text, WAN), value, "{text}");
    }
}

#[test]
fn what_is_no_number_is_never_one() {
    for text in [
        "约200",
        "200余",
        "200多",
        "近200",
        "200左右",
        "①",
        "²",
        "1_000",
        "12.3.4",
        "12,34",
        "1,2345",
        "1,23,456",
        "1, 234",
        "1 234",
        "100\n200",
        "100 200 300",
        "12 345.00",
        "1.2 3",
        "200（含家属）",
        "200（5）",
        "1'234",
        "=200",
        "200/300",
        "200+300",
        "100-200",
        "100—200",
        "近百",
        "≈200",
        "3.5W",
        "1e5e5",
        "1\u{301}2",
        "2021-08-05",
        "8月5日",
        "8/5",
        "50%",
        "3+2",
        "12人3户",
        "（5）",
        "--5",
        "+-5",
        "5.",
        "暂无",
        "#DIV/0!",
        "0x10",
        "٣",
        "1e999",
        "12345678901234567890123456789",
        "0.00000000000000000000000000001",
        "O",
        "一百二",
        "人",
        "元",
        "—5",
        "Infinity",
        "NaN",
    ] {
        assert_eq!(read(text, YUAN), "no number", "{text}");
        assert_eq!(read(text, ColumnKind::Count), "no number", "{text}");
    }
    assert_eq!(read("12元", ColumnKind::Count), "no number");
    assert_eq!(read("12人", YUAN), "no number");
    assert_eq!(read("200元/人", YUAN), "no number");
    for text in ["100 200元", "100\n200元", "1 2元5角", "每人500元", "500元×20", "35000元（大写）", "（万元）"]
    {
        assert_eq!(read(text, YUAN), "no number", "{text}");
    }
}

proptest! {
    #[test]
    fn plain_figures_come_back_exactly(whole in 0_u64..u64::MAX / 1000, cents in proptest::option::of(0_u8..100)) {
        let written = cents.map_or_else(|| whole.to_string(), |cents| format!("{whole}.{cents:02}"));
        prop_assert_eq!(read(&written, YUAN), written);
    }

    #[test]
    fn thousands_separators_change_nothing(whole in 0_u64..u64::MAX) {
        let digits = whole.to_string();
        let mut grouped = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index) % 3 == 0 {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        prop_assert_eq!(read(&grouped, YUAN), digits);
    }

    #[test]
    fn a_hedge_is_never_a_number(whole in 1_u32..1_000_000, hedge in "约|近|大约|超|逾|余|多|左右|以上|上下|几") {
        prop_assert_eq!(read(&format!("{hedge}{whole}"), YUAN), "no number");
        prop_assert_eq!(read(&format!("{whole}{hedge}"), YUAN), "no number");
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,70}") {
        for column in [ColumnKind::Count, YUAN, WAN] {
            let _ = read(&text, column);
        }
    }
}
