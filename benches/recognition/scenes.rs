//! The first set: every confusion that staff told of, over all units of a roster.

use mailtally::model::hints::Taught;
use mailtally::model::unit::UnitCode;

use super::confused::{
    colleague_cell, colleague_whole, county_sends_one, forward_nameless, forward_nested, forward_quoted, look_alike,
    neighbour_in_cell, neighbours_file, neighbours_template_signed, short_name, sub_office_from_county,
    sub_office_private,
};
use super::made::{Dice, Made, Maker, Place, Truth, archive, report, table, titled_report};
use super::rosters::Member;

pub struct Stage<'a> {
    pub campaign: &'a str,
    pub members: &'a [Member],
    /// The city's name with 市.
    pub city: &'a str,
}

impl Stage<'_> {
    pub fn other(&self, dice: &mut Dice, than: &Member) -> Member {
        loop {
            let other = dice.pick(self.members);
            if other.code != than.code && !other.is_troops {
                return other;
            }
        }
    }

    pub fn county_with_address(&self, dice: &mut Dice, than: &Member) -> Member {
        loop {
            let other = dice.pick(self.members);
            if other.is_county && other.address.is_some() && other.code != than.code {
                return other;
            }
        }
    }

    pub fn colleague(&self, dice: &mut Dice, than: &Member) -> Member {
        loop {
            let other = self.other(dice, than);
            if other.address.is_some() {
                return other;
            }
        }
    }
}

type Scene = fn(&Stage<'_>, &Member, &mut Dice) -> Option<Made>;

/// Every scene, in the order they are told.
pub const SCENES: [Scene; 34] = [
    own_address,
    own_address_nameless,
    own_address_alone,
    private_cell_report,
    private_cell_subject,
    private_cell,
    private_subject,
    private_signature_and_cell,
    private_report,
    display_name,
    colleague_whole,
    colleague_cell,
    county_sends_one,
    short_name,
    neighbour_in_cell,
    neighbours_template_signed,
    neighbours_file,
    forward_quoted,
    forward_nested,
    forward_nameless,
    sub_office_private,
    sub_office_from_county,
    look_alike,
    thread_private,
    thread_cell,
    archive_folders,
    opening_line,
    troops_visited,
    domain,
    taught_address,
    taught_name,
    two_senders,
    copied_subject,
    question,
];

/// Every unit plays in several scenes; all scenes are played.
pub fn mails(stage: &Stage<'_>, each: usize, seed: u64) -> Vec<Made> {
    let mut dice = Dice::new(seed);
    let mut made = Vec::new();
    for (place, member) in stage.members.iter().enumerate() {
        let scenes = (0..SCENES.len()).map(|step| SCENES[(place * each + step) % SCENES.len()]);
        made.extend(scenes.filter_map(|scene| scene(stage, member, &mut dice)).take(each));
    }
    let senders: Vec<&Member> =
        stage.members.iter().filter(|member| member.is_county && member.address.is_some()).collect();
    for sender in senders.iter().take(8) {
        made.push(six_departments(stage, sender, &mut dice));
        made.push(six_in_an_archive(stage, sender, &mut dice));
    }
    made
}

pub fn private(dice: &mut Dice) -> String {
    let host = dice.pick(&["163.example", "qq.example", "126.example", "sina.example", "139.example"]);
    format!("{}{}@{host}", dice.pick(&["zhang", "wang", "lihua", "office", "xiaoliu"]), 1000 + dice.below(9000))
}

pub fn plain_subject(dice: &mut Dice) -> String {
    dice.pick(&["八一慰问统计表和报告", "报表", "2021年八一走访慰问材料", "双拥材料报送", "统计表"]).to_owned()
}

pub fn subject_of(name: &str, dice: &mut Dice) -> String {
    match dice.below(5) {
        0 => format!("{name}八一走访慰问统计表"),
        1 => format!("关于报送{name}“八一”期间走访慰问情况的报告"),
        2 => format!("2021年{name}慰问材料"),
        3 => format!("【{name}】双拥工作报表"),
        _ => format!("报送{name}统计表及报告"),
    }
}

fn table_name(dice: &mut Dice) -> String {
    dice.pick(&["统计表.xlsx", "附件1.xlsx", "2021年八一期间走访慰问情况统计表.xlsx", "新建 XLSX 工作表.xlsx"])
        .to_owned()
}

fn own_address(_: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let (cell, subject) = (unit.written(dice), plain_subject(dice));
    let formal = unit.formal(dice);
    let made = Maker::new("own address, form and report", dice, ("", unit.address.as_deref()?)).subject(&subject);
    let name = table_name(dice);
    let made = made.attach(&name, table(dice, &cell)).attach("报告.docx", report(dice, &formal, None, true));
    Some(made.says(Place::Account).says(Place::Cell).says(Place::Report).of(&unit.code))
}

fn own_address_nameless(_: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let formal = unit.formal(dice);
    let made = Maker::new("own address, cell empty, report", dice, ("", unit.address.as_deref()?))
        .subject(&plain_subject(dice));
    let made = made.attach("统计表.xlsx", table(dice, "")).attach("报告.docx", report(dice, &formal, None, false));
    Some(made.says(Place::Account).says(Place::Report).of(&unit.code))
}

fn own_address_alone(_: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let made =
        Maker::new("own address alone, cell empty", dice, ("", unit.address.as_deref()?)).subject(&plain_subject(dice));
    Some(made.attach("统计表.xlsx", table(dice, "")).says(Place::Account).of(&unit.code))
}

fn private_cell_report(_: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let (cell, formal) = (unit.written(dice), unit.formal(dice));
    let from = private(dice);
    let made = Maker::new("private address, cell and report", dice, ("", &from)).subject(&plain_subject(dice));
    let titled = dice.chance(50);
    let made = made.attach("表.xlsx", table(dice, &cell)).attach("报告.docx", report(dice, &formal, None, titled));
    Some(made.says(Place::Cell).says(Place::Report).of(&unit.code))
}

fn private_cell_subject(_: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let (cell, name) = (unit.written(dice), unit.name.clone());
    let from = private(dice);
    let made = Maker::new("private address, cell and subject", dice, ("", &from)).subject(&subject_of(&name, dice));
    Some(made.attach("表.xlsx", table(dice, &cell)).says(Place::Cell).says(Place::Cover).of(&unit.code))
}

fn private_cell(_: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let (cell, from) = (unit.written(dice), private(dice));
    let made = Maker::new("private address, cell alone", dice, ("", &from)).subject(&plain_subject(dice));
    Some(made.attach(&table_name(dice), table(dice, &cell)).says(Place::Cell).of(&unit.code))
}

fn private_subject(_: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let from = private(dice);
    let made = Maker::new("private address, subject alone", dice, ("", &from)).subject(&subject_of(&unit.name, dice));
    Some(made.attach("表.xlsx", table(dice, "")).says(Place::Cover).of(&unit.code))
}

fn private_signature_and_cell(_: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let (cell, formal, from) = (unit.written(dice), unit.formal(dice), private(dice));
    let text = format!("您好！\r\n  报表已填好，请查收。\r\n\r\n{formal}\r\n联系人：刘伟 13800000000\r\n2021年8月5日");
    let made = Maker::new("private address, cell and signature", dice, ("刘伟", &from)).subject("报表").text(&text);
    Some(made.attach("表.xlsx", table(dice, &cell)).says(Place::Cell).says(Place::Letter).of(&unit.code))
}

fn private_report(_: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let (formal, from) = (unit.formal(dice), private(dice));
    let made =
        Maker::new("private address, report and subject", dice, ("", &from)).subject(&subject_of(&unit.name, dice));
    let made = made.attach("报告.docx", report(dice, &formal, Some("办发〔2021〕7号"), true));
    Some(made.says(Place::Report).says(Place::Cover).of(&unit.code))
}

fn display_name(_: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let (cell, formal, from) = (unit.written(dice), unit.formal(dice), private(dice));
    let made = Maker::new("sender's name and cell", dice, (&formal, &from)).subject(&plain_subject(dice));
    Some(made.attach("表.xlsx", table(dice, &cell)).says(Place::Cell).says(Place::Account).of(&unit.code))
}

fn thread_private(stage: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let from = private(dice);
    let made = Maker::new("answer to our letter, cell empty", dice, ("", &from))
        .subject("回复：关于报送八一走访慰问材料的提醒");
    let made = made.answers(stage.campaign, &unit.code).attach("表.xlsx", table(dice, ""));
    Some(made.says(Place::Thread).of(&unit.code))
}

fn thread_cell(stage: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let (cell, from) = (unit.written(dice), private(dice));
    let made = Maker::new("answer to our letter, cell", dice, ("", &from))
        .subject(&format!("Re: {}：提醒报送材料", unit.name));
    let made = made.answers(stage.campaign, &unit.code).attach("表.xlsx", table(dice, &cell));
    Some(made.says(Place::Thread).says(Place::Cell).of(&unit.code))
}

fn archive_folders(_: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let (from, formal) = (private(dice), unit.formal(dice));
    let files = [
        (format!("{}/统计表.xlsx", unit.name), table(dice, "")),
        (format!("{}/报告.docx", unit.name), report(dice, &formal, None, false)),
    ];
    let made = Maker::new("archive with the unit's folder", dice, ("", &from))
        .subject("材料")
        .attach("材料.zip", archive(&files));
    Some(made.says(Place::Cover).says(Place::Report).of(&unit.code))
}

fn opening_line(_: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let (cell, from) = (unit.written(dice), private(dice));
    let text = format!("市双拥办：\r\n    现将{}八一走访慰问统计表报送如下，请查收。\r\n    此致\r\n敬礼", unit.name);
    let made = Maker::new("opening line and cell", dice, ("", &from)).subject("报表").text(&text);
    Some(made.attach("表.xlsx", table(dice, &cell)).says(Place::Letter).says(Place::Cell).of(&unit.code))
}

fn troops_visited(stage: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let troops: Vec<&Member> = stage.members.iter().filter(|member| member.is_troops).collect();
    if troops.is_empty() || unit.is_troops {
        return None;
    }
    let (one, two) = (dice.pick(&troops), dice.pick(&troops));
    let (cell, formal, from) = (unit.written(dice), unit.formal(dice), private(dice));
    let title = format!("关于走访慰问{}、{}的情况报告", one.name, two.name);
    let made = Maker::new("names of troops that were visited", dice, ("", &from))
        .subject(&format!("八一慰问{}材料", one.name));
    let made = made.attach("表.xlsx", table(dice, &cell)).attach("报告.docx", titled_report(dice, &formal, &title));
    Some(made.says(Place::Cell).says(Place::Report).of(&unit.code))
}

fn domain(stage: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let (_, host) = unit.address.as_deref()?.split_once('@')?;
    let alone =
        stage.members.iter().filter(|member| member.address.as_deref().is_some_and(|other| other.ends_with(host)));
    if alone.count() != 1 || host == "mail163.example" {
        return None;
    }
    let cell = unit.written(dice);
    let made =
        Maker::new("another address in the unit's domain, cell", dice, ("", &format!("zhao@{host}"))).subject("报表");
    Some(made.attach("表.xlsx", table(dice, &cell)).says(Place::Account).says(Place::Cell).of(&unit.code))
}

fn taught_address(stage: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let (from, formal) = (private(dice), unit.formal(dice));
    let taught = Taught { addresses: [(from.clone(), unit.code.clone())].into(), ..Taught::default() };
    let made = Maker::new("address that staff taught, report", dice, ("", &from)).subject("报告");
    let made = made.attach("报告.docx", report(dice, &formal, None, true)).taught(stage.campaign, taught);
    Some(made.says(Place::Account).says(Place::Report).of(&unit.code))
}

fn taught_name(stage: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let from = private(dice);
    let nick = format!("{}号点", unit.code);
    let taught = Taught { names: [(nick.clone(), unit.code.clone())].into(), ..Taught::default() };
    let made = Maker::new("name that staff taught", dice, ("", &from)).subject(&format!("{nick}报表"));
    let made = made.attach("表.xlsx", table(dice, &nick)).taught(stage.campaign, taught);
    Some(made.says(Place::Cell).says(Place::Cover).of(&unit.code))
}

fn two_senders(stage: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let (cell, other) = (unit.written(dice), stage.colleague(dice, unit));
    let made = Maker::new("two senders, cell alone", dice, ("", unit.address.as_deref()?)).subject("报表");
    let made = made.header(&format!("From: <{}>", other.address?)).attach("表.xlsx", table(dice, &cell));
    Some(made.says(Place::Cell).misleads().of(&unit.code))
}

fn copied_subject(_: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let from = private(dice);
    let file = format!("{}2021年八一统计表.xlsx", unit.name);
    let made =
        Maker::new("subject copied from the file's name", dice, ("", &from)).subject(file.trim_end_matches(".xlsx"));
    Some(made.attach(&file, table(dice, &unit.name)).says(Place::Cell).of(&unit.code))
}

fn question(_: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Option<Made> {
    let text = format!("请问统计表中部队名称怎么填？\r\n{}", unit.name);
    let made = Maker::new("question, signed", dice, ("", unit.address.as_deref()?)).subject("请教").text(&text);
    Some(made.says(Place::Account).says(Place::Letter).of(&unit.code))
}

fn six(stage: &Stage<'_>, dice: &mut Dice) -> Vec<Member> {
    let mut six: Vec<Member> = Vec::new();
    while six.len() < 6 {
        let member = dice.pick(stage.members);
        if !member.is_county && !member.is_troops && !six.iter().any(|known| known.code == member.code) {
            six.push(member);
        }
    }
    six
}

fn parts(six: &[Member]) -> Truth {
    let codes: Vec<Option<UnitCode>> = six.iter().map(|member| Some(member.code.clone())).collect();
    Truth::Parts { tables: codes.clone(), reports: codes }
}

fn six_departments(stage: &Stage<'_>, county: &Member, dice: &mut Dice) -> Made {
    let six = six(stage, dice);
    let mut made = Maker::new("county sends for six units", dice, ("", county.address.as_deref().unwrap_or_default()));
    made = made.subject(&format!("{}报送六个单位材料", county.name)).text("请查收。");
    for (place, member) in six.iter().enumerate() {
        let (cell, formal) = (member.written(dice), member.formal(dice));
        made = made.attach(&format!("表{place}.xlsx"), table(dice, &cell));
        made = made.attach(&format!("报告{place}.docx"), report(dice, &formal, None, true));
    }
    made.misleads().is(parts(&six))
}

fn six_in_an_archive(stage: &Stage<'_>, county: &Member, dice: &mut Dice) -> Made {
    let six = six(stage, dice);
    let mut files = Vec::new();
    for member in &six {
        let cell = if dice.chance(70) { member.written(dice) } else { String::new() };
        let formal = member.formal(dice);
        files.push((format!("汇总/{}/统计表.xlsx", member.name), table(dice, &cell)));
        files.push((format!("汇总/{}/报告.docx", member.name), report(dice, &formal, None, false)));
    }
    let made = Maker::new("archive with six units' folders", dice, ("", county.address.as_deref().unwrap_or_default()));
    made.subject("六个单位").attach("汇总.zip", archive(&files)).misleads().is(parts(&six))
}
