//! Scenes in which something speaks for another unit: borrowed accounts, neighbours' names, forwards, offices off the roster.

use super::made::{Dice, Made, Maker, Place, Truth, report, table};
use super::rosters::Member;
use super::scenes::{Stage, plain_subject, private, subject_of};

pub fn colleague_whole(stage: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let (colleague, cell, formal) = (stage.colleague(dice, unit), unit.written(dice), unit.formal(dice));
    let made = Maker::new("another unit's address, cell and report", dice, ("", &colleague.address?));
    let made = made.subject(&plain_subject(dice)).attach("表.xlsx", table(dice, &cell));
    let made = made.attach("报告.docx", report(dice, &formal, None, true));
    Some(made.says(Place::Cell).says(Place::Report).misleads().of(&unit.code))
}

pub fn colleague_cell(stage: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let (colleague, cell) = (stage.colleague(dice, unit), unit.written(dice));
    let made = Maker::new("another unit's address, cell alone", dice, ("", &colleague.address?));
    let made = made.subject(&plain_subject(dice)).attach("表.xlsx", table(dice, &cell));
    Some(made.says(Place::Cell).misleads().of(&unit.code))
}

pub fn county_sends_one(stage: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let (county, cell) = (stage.county_with_address(dice, unit), unit.written(dice));
    let text = format!("市双拥办：\r\n现将{}统计表报送如下，请查收。\r\n{}双拥办", unit.name, county.name);
    let made =
        Maker::new("county sends for a unit", dice, ("", &county.address?)).subject(&subject_of(&unit.name, dice));
    let made = made.text(&text).attach("表.xlsx", table(dice, &cell));
    Some(made.says(Place::Cell).says(Place::Cover).says(Place::Letter).misleads().of(&unit.code))
}

pub fn short_name(_: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let alias = if unit.aliases.is_empty() { return None } else { dice.pick(&unit.aliases) };
    let from = private(dice);
    let made = Maker::new("short name in cell and subject", dice, ("", &from)).subject(&subject_of(&alias, dice));
    Some(made.attach("表.xlsx", table(dice, &alias)).says(Place::Cell).says(Place::Cover).of(&unit.code))
}

pub fn neighbour_in_cell(stage: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let (other, formal) = (stage.other(dice, unit), unit.formal(dice));
    let made =
        Maker::new("neighbour's name in the cell", dice, ("", unit.address.as_deref()?)).subject(&plain_subject(dice));
    let made = made.attach("统计表.xlsx", table(dice, &other.name));
    let made = if dice.chance(50) {
        made.attach("报告.docx", report(dice, &formal, None, true)).says(Place::Report)
    } else {
        made
    };
    Some(made.says(Place::Account).misleads().of(&unit.code))
}

pub fn neighbours_template_signed(stage: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let (other, formal, from) = (stage.other(dice, unit), unit.formal(dice), private(dice));
    let made = Maker::new("neighbour's file, own signature", dice, ("", &from)).text(&format!("请查收。\r\n{formal}"));
    let file = format!("{}统计表.xlsx", other.name);
    let made = made.subject(&format!("{}统计表", other.name)).attach(&file, table(dice, &other.name));
    Some(made.says(Place::Letter).misleads().of(&unit.code))
}

/// Nothing at all in it says whose it is: some go wrong by necessity, but none may be certain.
pub fn neighbours_file(stage: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    // One in a hundred at most, as in life.
    if !dice.chance(25) {
        return None;
    }
    let (other, from) = (stage.other(dice, unit), private(dice));
    let file = format!("{}统计表.xlsx", other.name);
    let made = Maker::new("neighbour's file and nothing else", dice, ("", &from)).subject(&file);
    Some(made.attach(&file, table(dice, &other.name)).misleads().of(&unit.code))
}

fn quoted(style: usize, name: &str, address: &str, subject: &str) -> String {
    match style {
        0 => format!(
            "------------------ 转发邮件 ------------------\r\n发件人：\"{name}\" <{address}>\r\n发送日期：2021-08-05 09:12:33\r\n收件人：<x@y.example>\r\n主题：{subject}\r\n\r\n见附件。"
        ),
        1 => format!(
            "发件人: {name} [mailto:{address}]\r\n发送时间: 2021年8月5日 9:12\r\n收件人: x@y.example\r\n主题: {subject}\r\n\r\n见附件。"
        ),
        _ => format!(
            "-------- 转发邮件信息 --------\r\n发件人：\"{name}\" <{address}>\r\n发送日期：2021-08-05 09:12:33\r\n收件人：x@y.example\r\n主题：{subject}\r\n\r\n见附件。"
        ),
    }
}

pub fn forward_quoted(stage: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let (county, cell, inner) = (stage.county_with_address(dice, unit), unit.written(dice), private(dice));
    let subject = subject_of(&unit.name, dice);
    let text = format!("请查收。\r\n\r\n{}", quoted(dice.below(3), "小王", &inner, &subject));
    let made = Maker::new("forward, quoted below", dice, ("", &county.address?)).subject(&format!("转发：{subject}"));
    let made = made.text(&text).attach("表.xlsx", table(dice, &cell));
    Some(made.says(Place::Cell).says(Place::Inner).misleads().of(&unit.code))
}

pub fn forward_nested(stage: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let (county, cell) = (stage.county_with_address(dice, unit), unit.written(dice));
    let inner =
        Maker::new("", dice, ("", unit.address.as_deref()?)).subject("报表").attach("表.xlsx", table(dice, &cell));
    let made = Maker::new("forward, nested", dice, ("", &county.address?))
        .subject("Fw: 报表")
        .attach("报表.eml", inner.bytes());
    Some(made.says(Place::Cell).says(Place::Inner).misleads().of(&unit.code))
}

pub fn forward_nameless(stage: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let county = stage.county_with_address(dice, unit);
    let text =
        format!("{}双拥办\r\n\r\n{}", county.name, quoted(dice.below(3), "王", unit.address.as_deref()?, "报表"));
    let made = Maker::new("forward of a nameless form", dice, ("", &county.address?)).subject("转发：报表").text(&text);
    Some(made.attach("表.xlsx", table(dice, "")).says(Place::Inner).misleads().of(&unit.code))
}

fn sub_office(unit: &Member, dice: &mut Dice) -> Option<String> {
    let county = [
        "教育局",
        "水利局",
        "人武部",
        "第一中学",
        "民政局",
        "财政局",
        "医疗保障局",
        "妇女联合会",
        "城关镇",
        "老年大学",
    ];
    let other = ["下属事业单位服务中心", "直属小学", "第三分公司", "老年大学"];
    let office = if unit.is_county { dice.pick(&county) } else { dice.pick(&other) };
    (!unit.is_troops).then(|| format!("{}{office}", unit.name))
}

pub fn sub_office_private(_: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let (office, from) = (sub_office(unit, dice)?, private(dice));
    let made = Maker::new("office not on the roster", dice, ("", &from)).subject(&subject_of(&office, dice));
    let made = made.attach("表.xlsx", table(dice, &office)).attach("报告.docx", report(dice, &office, None, true));
    Some(made.is(Truth::Nobody))
}

pub fn sub_office_from_county(_: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let office = sub_office(unit, dice)?;
    let made = Maker::new("office not on the roster, unit's address", dice, ("", unit.address.as_deref()?));
    let made = made.subject(&plain_subject(dice)).attach("表.xlsx", table(dice, &office));
    Some(made.is(Truth::Nobody))
}

pub fn look_alike(stage: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let rest = unit.name.strip_prefix(stage.city);
    let name = match rest {
        Some(rest) => {
            format!("{}{rest}", dice.pick(&["忻州市", "韶关市", "霍州市", "太原市", "某县", "朔州市", "大安和区"]))
        }
        None if unit.is_county => format!("{}{}", dice.pick(&["绍", "嘉", "长", "大", "永"]), unit.name),
        None => return None,
    };
    if stage.members.iter().any(|other| other.name == name) {
        return None;
    }
    let from = private(dice);
    let made = Maker::new("name that looks alike", dice, ("", &from)).subject(&subject_of(&name, dice));
    Some(
        made.attach("表.xlsx", table(dice, &name))
            .attach("报告.docx", report(dice, &name, None, true))
            .is(Truth::Nobody),
    )
}
