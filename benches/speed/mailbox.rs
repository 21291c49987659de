//! The mailbox that is measured: returns as units send them, each different from every other, the same for the same seed.
//!
//! Seven of ten mails carry the table as .xlsx, two as .xls, one as .docx; a report lies beside it, as .docx or as .pdf,
//! with photographs. Sizes run from 40 to 400 KB, 144 KB on average; most of that are the photographs, which are noise here.

use chrono::{DateTime, FixedOffset, TimeDelta};
use mailtally::demo::build::form::{Figures, FilledForm, Troop, Visit, Writing};
use mailtally::demo::build::mime::Draft;
use mailtally::demo::build::mimicry::Dialect;
use mailtally::demo::build::report::Report;
use mailtally::demo::build::sheet::{Placement, workbook};
use mailtally::demo::build::{pdf, word};
use rust_decimal::Decimal;

use super::workbook97;

/// The office's own address, and its login.
pub const OFFICE: &str = "office@163.example";
/// The first mail arrives then, the last one a few days before the deadline.
const FIRST: &str = "2021-07-25T08:00:00+08:00";
const DAYS: i64 = 14;

/// Octets of a mail: the smallest, the largest, and the power that makes 144 KB the mean of a uniform draw.
const SMALLEST: f64 = 40_000.0;
const LARGEST: f64 = 400_000.0;
const POWER: f64 = 2.46;

/// How much is in a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// As units send them.
    Usual,
    /// The table alone, without a report: to fill a store quickly.
    Light,
    /// A line of text that is nobody's return: to fill a mailbox quickly.
    Line,
}

/// What the whole mailbox is made from.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub mails: u32,
    pub units: u32,
    pub weight: Weight,
}

/// One mail with the moment it arrived at.
pub struct Mail {
    pub arrived_at: DateTime<FixedOffset>,
    pub bytes: Vec<u8>,
    /// The table's file, for those who want it without its mail.
    pub table: Option<(String, Vec<u8>)>,
}

/// A stream of numbers from a seed (SplitMix64, Steele et al. 2014).
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x006D_6169_6C74_616C)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u32) -> u32 {
        u32::try_from(self.next() % u64::from(limit)).unwrap()
    }

    fn share(&mut self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).unwrap()) / f64::from(u32::MAX)
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(u32::try_from(of.len()).unwrap()) as usize]
    }

    fn noise(&mut self, octets: usize) -> Vec<u8> {
        let mut noise = Vec::with_capacity(octets + 8);
        while noise.len() < octets {
            noise.extend(self.next().to_le_bytes());
        }
        noise.truncate(octets);
        noise
    }
}

const FIRSTS: [&str; 20] = [
    "临", "安", "永", "和", "清", "宁", "广", "长", "新", "平", "东", "西", "南", "北", "太", "石", "高", "大", "金",
    "玉",
];
const SECONDS: [&str; 20] = [
    "泉", "阳", "河", "川", "山", "源", "水", "林", "城", "丰", "岭", "原", "桥", "池", "湖", "峪", "塬", "沟", "湾",
    "关",
];

/// A unit's code, name and address.
pub fn unit(number: u32) -> (String, String, String) {
    let part = |number: u32| format!("{}{}", FIRSTS[number as usize % 20], SECONDS[number as usize / 20 % 20]);
    // A prime stride keeps neighbours unlike.
    let name = format!("{}县{}镇", part(number * 7 % 400), part(number * 131 % 400 + number / 400));
    (format!("T{number:04}"), name, format!("syb@zhen{number:04}.example"))
}

/// The roster as `units.csv` has it.
pub fn roster(units: u32) -> String {
    let mut csv = "code,name,group,aliases,emails,phone,contact\n".to_owned();
    for number in 0..units {
        let (code, name, address) = unit(number);
        let line = format!("{code},{name},第{}片区,,{address},0358-{:07},主任\n", number / 100 + 1, 5_000_000 + number);
        csv.push_str(&line);
    }
    csv
}

/// The mail of this number.
pub fn mail(plan: Plan, number: u32) -> Mail {
    let first = DateTime::parse_from_rfc3339(FIRST).unwrap();
    let step = TimeDelta::days(DAYS).num_seconds() / i64::from(plan.mails.max(1));
    let arrived_at = first + TimeDelta::seconds(step.max(1) * i64::from(number));
    let mut chance = Chance::new(u64::from(number));
    if plan.weight == Weight::Line {
        let from = format!("reader{number}@paper.example");
        let draft = Draft::new(Dialect::Foxmail, ("", &from), OFFICE, arrived_at).subject(format!("Nr. {number}"));
        return Mail { arrived_at, bytes: draft.text(format!("{number}\n")).bytes(), table: None };
    }
    let (_, name, address) = unit(number % plan.units);
    let figures = figures(&mut chance, number);
    let table = table(&mut chance, number, &name, &figures);
    let dialects = [Dialect::Qq, Dialect::NetEase, Dialect::Foxmail, Dialect::Coremail, Dialect::Outlook];
    let mut draft = Draft::new(chance.one(&dialects), (&name, &address), OFFICE, arrived_at)
        .subject(format!("{name}“八一”走访慰问情况统计表及报告"))
        .text(format!("双拥办：\n现将{name}统计表和报告报上，请查收。\n"))
        .attach(table.0.clone(), table.1.clone());
    if plan.weight == Weight::Usual {
        let octets = SMALLEST + (LARGEST - SMALLEST) * chance.share().powf(POWER);
        // Of what the mail may weigh the table is there already; base64 with its line ends makes 78 octets of 57.
        let room = octets * 57.0 / 78.0 - table.1.len() as f64 - 9_000.0;
        let (file, bytes) = report(&mut chance, &name, &figures, room.max(1_000.0) as usize);
        draft = draft.attach(file, bytes);
    }
    Mail { arrived_at, bytes: draft.bytes(), table: Some(table) }
}

/// Plausible figures; whole hundreds, so that two decimals of 万元 are exact.
fn figures(chance: &mut Chance, number: u32) -> Figures {
    let gifts = chance.one(&["慰问金", "米、面、油", "慰问金及毛巾被", "牛奶、食用油"]);
    let visit = |people: u32, head: u32| Visit {
        people,
        gifts: gifts.to_owned(),
        cost: Decimal::from(u64::from(people) * u64::from(head)),
    };
    let (veterans, others) = (visit(20 + chance.below(80), 500), visit(10 + chance.below(40), 300));
    let troops = (0..chance.below(3)).map(|place| Troop {
        name: format!("驻地某部{}连", place + number % 40 + 1),
        gifts: "西瓜、矿泉水、毛巾".to_owned(),
        cost: Decimal::from(3_000 + 100 * chance.below(60)),
    });
    let troops = troops.collect();
    Figures { veterans, others, troops, remarks: format!("第{number}号") }
}

/// The table's file: seven of ten .xlsx, two .xls, one .docx.
fn table(chance: &mut Chance, number: u32, name: &str, figures: &Figures) -> (String, Vec<u8>) {
    let writing = chance.one(&[Writing::Plain, Writing::Plain, Writing::Separated, Writing::Formula]);
    let (ending, writing) = match number % 10 {
        3 | 7 => ("xls", if writing == Writing::Formula { Writing::Plain } else { writing }),
        9 => ("docx", writing),
        _ => ("xlsx", writing),
    };
    let form = FilledForm::new(name, &format!("2021年8月{}日", 1 + number % 9), figures, writing, 2);
    let bytes = match ending {
        "xls" => workbook97::workbook(&form),
        "docx" => word::document(&word::form_body(&form)).unwrap(),
        _ => workbook(&form, chance.one(&[Placement::Usual, Placement::Usual, Placement::SplitLabels])).unwrap(),
    };
    (format!("{name}统计表.{ending}"), bytes)
}

/// The report's file with photographs of so many octets.
fn report(chance: &mut Chance, name: &str, figures: &Figures, photographs: usize) -> (String, Vec<u8>) {
    let number = format!("{}双拥办〔2021〕{}号", name.chars().take(2).collect::<String>(), 1 + chance.below(60));
    let report = Report::on(&format!("{name}人民政府"), Some(&number), "2021年8月3日", figures);
    let dots = chance.noise(photographs);
    if chance.below(2) == 0 {
        (format!("{name}报告.pdf"), pdf::illustrated(&report, &dots))
    } else {
        (format!("{name}报告.docx"), word::illustrated(&word::report_body(&report), &dots).unwrap())
    }
}
