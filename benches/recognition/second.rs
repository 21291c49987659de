//! The second set: the same troubles in other words, made by drawing a mail's parts by lot instead of scene by scene.

use std::collections::BTreeSet;

use super::made::{Dice, Made, Maker, Place, archive, report, table};
use super::rosters::Member;
use super::scenes::{Stage, private};

/// So many mails of each unit. Of the places that can name the unit some are drawn; now and then one is a neighbour's.
pub fn mails(stage: &Stage<'_>, each: usize, seed: u64) -> Vec<Made> {
    let mut dice = Dice::new(seed);
    let mut made = Vec::new();
    for member in stage.members {
        made.extend((0..each).map(|_| drawn(stage, member, &mut dice)));
    }
    made
}

/// Where a name may be written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Spot {
    Account,
    Thread,
    Cell,
    Report,
    Subject,
    Letter,
    Folder,
}

const SPOTS: [Spot; 7] =
    [Spot::Account, Spot::Thread, Spot::Cell, Spot::Report, Spot::Subject, Spot::Letter, Spot::Folder];

impl Spot {
    fn place(self) -> Place {
        match self {
            Self::Account => Place::Account,
            Self::Thread => Place::Thread,
            Self::Cell => Place::Cell,
            Self::Report => Place::Report,
            Self::Subject | Self::Folder => Place::Cover,
            Self::Letter => Place::Letter,
        }
    }
}

fn drawn(stage: &Stage<'_>, unit: &Member, dice: &mut Dice) -> Made {
    let mut honest: BTreeSet<Spot> = (0..2 + dice.below(2)).map(|_| dice.pick(&SPOTS)).collect();
    if unit.address.is_none() {
        honest.remove(&Spot::Account);
    }
    if honest.is_empty() {
        honest.insert(Spot::Cell);
    }
    // A slip of the pen stands in one place, and beside at least two honest ones.
    let slip = (honest.len() >= 2 && dice.chance(12)).then(|| dice.pick(&[Spot::Account, Spot::Cell, Spot::Subject]));
    let slip = slip.filter(|spot| !honest.contains(spot));
    let mut neighbour = dice.pick(stage.members);
    while neighbour.code == unit.code || neighbour.is_troops || neighbour.address.is_none() {
        neighbour = dice.pick(stage.members);
    }
    let at = |spot: Spot| honest.contains(&spot).then_some(unit).or((slip == Some(spot)).then_some(&neighbour));
    let address = at(Spot::Account).and_then(|member| member.address.clone()).unwrap_or_else(|| private(dice));
    let places: BTreeSet<Place> = honest.iter().map(|spot| spot.place()).collect();
    let scene = match (slip, places.len()) {
        (Some(Spot::Account), _) => "drawn: another unit's address",
        (Some(Spot::Cell), _) => "drawn: a neighbour in the cell",
        (Some(_), _) => "drawn: a neighbour in the subject",
        (None, 1) => "drawn: one piece",
        (None, 2) => "drawn: two pieces",
        (None, _) => "drawn: three pieces",
    };
    let name = dice_name(dice);
    let mut made = Maker::new(scene, dice, (name, &address));
    if slip.is_some() {
        made = made.misleads();
    }
    for place in &honest {
        made = made.says(place.place());
    }
    if honest.contains(&Spot::Thread) {
        made = made.answers(stage.campaign, &unit.code);
    }
    let subject = at(Spot::Subject).map_or_else(|| "双拥走访表格".to_owned(), |member| subject(member, dice));
    made = made.subject(&if honest.contains(&Spot::Thread) && at(Spot::Subject).is_none() {
        format!("答复：{subject}")
    } else {
        subject
    });
    let letter =
        at(Spot::Letter).map_or_else(|| "材料在附件里，收到请回。谢谢！".to_owned(), |member| letter(member, dice));
    made = made.text(&letter);
    let cell = at(Spot::Cell).map(|member| member.written(dice)).unwrap_or_default();
    let mut files = vec![("走访慰问表.xlsx".to_owned(), table(dice, &cell))];
    if let Some(member) = at(Spot::Report) {
        let (issuer, titled) = (member.formal(dice), dice.chance(40));
        files.push(("情况报告.docx".to_owned(), report(dice, &issuer, None, titled)));
    }
    if let Some(member) = at(Spot::Folder) {
        let folder = format!("{}（八一走访）", member.name);
        let files: Vec<(String, Vec<u8>)> =
            files.into_iter().map(|(name, bytes)| (format!("{folder}/{name}"), bytes)).collect();
        made = made.attach("压缩包.zip", archive(&files));
    } else {
        for (name, bytes) in files {
            made = made.attach(&name, bytes);
        }
    }
    made.of(&unit.code)
}

fn dice_name(dice: &mut Dice) -> &'static str {
    dice.pick(&["", "晴天", "张老师", "办公室", "A00材料"])
}

fn subject(member: &Member, dice: &mut Dice) -> String {
    let name = member.name.as_str();
    match dice.below(7) {
        0 => format!("{name}上报双拥表"),
        1 => format!("八一走访（{name}）"),
        2 => format!("{name}-走访慰问-2021"),
        3 => format!("请查收{name}的材料"),
        4 => format!("呈报：{name}“八一”活动情况"),
        5 => format!("{name}填报的统计表，烦请审核"),
        _ => format!("20210805 {name} 报表"),
    }
}

fn letter(member: &Member, dice: &mut Dice) -> String {
    let (name, formal) = (member.name.as_str(), member.formal(dice));
    match dice.below(6) {
        0 => format!("领导好：\r\n  我单位走访了武警支队和军分区，材料附后。\r\n{formal}"),
        1 => format!("您好，这是{name}的统计表和报告，请查收。\r\n王芳"),
        2 => {
            format!("吕梁市双拥办：\r\n\u{3000}\u{3000}按照通知要求，现将{name}八一期间走访慰问情况呈报如下，请审阅。")
        }
        3 => format!("材料报上。\r\n\r\n---\r\n{formal}  李强\r\n电话：0358-1234567"),
        4 => format!("附件请收。\r\n单位：{formal}\r\n联系人：小陈"),
        _ => format!("见附件\r\n\r\n{formal}\r\n二〇二一年八月五日"),
    }
}
