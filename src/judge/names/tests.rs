//! Names found whole, beside near neighbours.

use super::*;
use crate::model::unit::Unit;

fn book() -> NameBook {
    let unit = |code: &str, name: &str, aliases: &[&str]| Unit {
        code: UnitCode::new(code),
        name: name.into(),
        group: "组".into(),
        aliases: aliases.iter().map(|&alias| alias.into()).collect(),
        emails: Vec::new(),
        phone: None,
        contact: None,
        superior: None,
    };
    NameBook::new(&Roster::new(vec![
        unit("141102", "离石区", &["离石", "离石区双拥办"]),
        unit("141123", "兴县", &[]),
        unit("141124", "临县", &[]),
        unit("141181", "孝义市", &["孝义"]),
        unit("S11", "吕梁市教育局", &["市教育局"]),
        unit("S23", "吕梁市水利局", &["市水利局"]),
        unit("S24", "吕梁市水务局", &[]),
        unit("S17", "吕梁市财政局", &[]),
        unit("S10", "吕梁市发展和改革委员会", &["市发改委"]),
        unit("T01", "吕梁军分区", &[]),
    ]))
}

fn units(text: &str) -> Vec<String> {
    book().mentions(text).units.iter().map(ToString::to_string).collect()
}

fn whole(text: &str) -> Option<String> {
    book().whole(text).single().map(ToString::to_string)
}

#[test]
fn a_cell_names_its_unit_in_every_usual_way() {
    for (text, code) in [
        ("离石区", "141102"),
        (" 离石区（盖章） ", "141102"),
        ("离石区双拥工作领导小组办公室", "141102"),
        ("吕梁市离石区退役军人事务局", "141102"),
        ("吕梁市发改委", "S10"),
        ("市水利局", "S23"),
        ("兴 县", "141123"),
        ("吕梁军分区", "T01"),
    ] {
        assert_eq!(whole(text).as_deref(), Some(code), "{text}");
    }
}

#[test]
fn neighbours_and_sub_offices_are_not_the_unit() {
    for text in ["离石区教育局", "孝义市水利局", "绍兴县", "太原市教育局", "水利厅", "离石区老年协会", ""]
    {
        assert_eq!(whole(text), None, "{text}");
    }
    let mentions = book().whole("孝义市水利局");
    assert_eq!(mentions.parents, vec![(UnitCode::new("141181"), "孝义市水利局".to_owned())]);
}

#[test]
fn mentions_stand_in_subjects_and_file_names() {
    assert_eq!(units("离石区2021年八一慰问统计表"), ["141102"]);
    assert_eq!(units("关于报送兴县“八一”走访慰问情况的报告"), ["141123"]);
    assert_eq!(units("吕梁市财政局统计表.xlsx"), ["S17"]);
    assert_eq!(units("转发：临县、兴县报表"), ["141124", "141123"]);
    assert_eq!(units("绍兴县统计表"), Vec::<String>::new());
    assert_eq!(units("孝义市水利局统计表"), Vec::<String>::new());
    assert_eq!(units("吕梁市水务局与水利局"), ["S24"]);
    assert_eq!(units("统计表"), Vec::<String>::new());
}

#[test]
fn running_text_and_other_cities() {
    assert_eq!(units("请查收吕梁市财政局的材料"), ["S17"]);
    assert_eq!(units("2021年离石区统计表"), ["141102"]);
    for text in ["韶关市教育局报表", "忻州市水利局", "霍州市教育局", "离石区政府采购中心", "嘉兴县", "孝义镇报表"]
    {
        assert_eq!(units(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn troops_that_were_visited_are_no_word_on_the_sender() {
    assert_eq!(units("关于走访慰问吕梁军分区的报告"), Vec::<String>::new());
    assert_eq!(units("我单位走访了驻地吕梁军分区和吕梁军分区"), Vec::<String>::new());
    assert_eq!(units("吕梁军分区八一活动情况"), ["T01"]);
}

#[test]
fn document_numbers_name_a_county_by_its_first_character() {
    let book = book();
    assert_eq!(book.county_by_number("离双拥办〔2021〕5号").map(UnitCode::as_str), Some("141102"));
    assert_eq!(book.county_by_number("兴政办发〔2021〕5号").map(UnitCode::as_str), Some("141123"));
    for number in ["吕政函〔2021〕31号", "离教发〔2021〕2号", "双拥办〔2021〕1号"] {
        assert_eq!(book.county_by_number(number), None, "{number}");
    }
    assert_eq!(book.by_number("离石区双拥办〔2021〕5号").map(UnitCode::as_str), Some("141102"));
}
