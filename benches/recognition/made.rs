//! A mail as a unit would send it, with what is known of it because it was made: whose it is, and which words say so.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, FixedOffset, TimeZone as _};
use mailtally::demo::build::form::{Figures, FilledForm, Troop, Visit, Writing};
use mailtally::demo::build::mime::Draft;
use mailtally::demo::build::mimicry::Dialect;
use mailtally::demo::build::pack::gbk_zip;
use mailtally::demo::build::report::Report;
use mailtally::demo::build::sheet::{Placement, workbook};
use mailtally::demo::build::word;
use mailtally::model::hints::{Hints, ReplyTo, Taught};
use mailtally::model::unit::UnitCode;
use rust_decimal::Decimal;

pub const OFFICE: &str = "office@163.example";

/// Whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Truth {
    Unit(UnitCode),
    /// An office or a stranger that stands on no roster.
    Nobody,
    /// Tables and reports of several, in the order they are attached.
    Parts {
        tables: Vec<Option<UnitCode>>,
        reports: Vec<Option<UnitCode>>,
    },
}

/// A place in which whoever made the mail may have named its unit; names of files are copies and not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The account it was sent from.
    Account,
    Thread,
    Cell,
    Report,
    /// Subject and folders: who packed it also addressed it.
    Cover,
    Letter,
    Inner,
}

/// A labelled mail.
pub struct Made {
    pub scene: &'static str,
    pub truth: Truth,
    /// Places that honestly name the unit.
    pub honest: BTreeSet<Place>,
    /// Something in it names another unit.
    pub misleading: bool,
    pub bytes: Vec<u8>,
    pub hints: Hints,
}

impl Made {
    /// Two honest pieces of evidence, and nothing that speaks against them.
    pub fn is_plain(&self) -> bool {
        self.honest.len() >= 2 && !self.misleading
    }
}

/// Numbers without a pattern, the same each time (SplitMix64).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    pub fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    pub fn chance(&mut self, in_hundred: usize) -> bool {
        self.below(100) < in_hundred
    }
}

/// A mail in the making.
pub struct Maker {
    scene: &'static str,
    draft: Draft,
    honest: BTreeSet<Place>,
    misleading: bool,
    hints: Hints,
}

impl Maker {
    pub fn new(scene: &'static str, dice: &mut Dice, from: (&str, &str)) -> Self {
        let at = moment() + Duration::minutes(dice.below(20_000) as i64);
        let draft =
            Draft::new(dice.pick(&Dialect::ALL), from, OFFICE, at).text("市双拥办：\r\n    材料见附件，请查收。");
        Self { scene, draft, honest: BTreeSet::new(), misleading: false, hints: Hints::default() }
    }

    pub fn says(mut self, place: Place) -> Self {
        self.honest.insert(place);
        self
    }

    pub fn misleads(mut self) -> Self {
        self.misleading = true;
        self
    }

    pub fn subject(mut self, subject: &str) -> Self {
        self.draft = self.draft.subject(subject);
        self
    }

    pub fn text(mut self, text: &str) -> Self {
        self.draft = self.draft.text(text);
        self
    }

    pub fn attach(mut self, name: &str, bytes: Vec<u8>) -> Self {
        self.draft = self.draft.attach(name, bytes);
        self
    }

    pub fn header(mut self, line: &str) -> Self {
        self.draft = self.draft.header(line);
        self
    }

    pub fn answers(mut self, campaign: &str, unit: &UnitCode) -> Self {
        self.hints.replies_to.push(ReplyTo { campaign: campaign.to_owned(), unit: Some(unit.clone()) });
        self
    }

    pub fn taught(mut self, campaign: &str, taught: Taught) -> Self {
        self.hints.taught.insert(campaign.to_owned(), taught);
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.draft.bytes()
    }

    pub fn is(self, truth: Truth) -> Made {
        let bytes = self.draft.bytes();
        let Self { scene, honest, misleading, hints, .. } = self;
        Made { scene, truth, honest, misleading, bytes, hints }
    }

    pub fn of(self, unit: &UnitCode) -> Made {
        self.is(Truth::Unit(unit.clone()))
    }
}

fn moment() -> DateTime<FixedOffset> {
    FixedOffset::east_opt(8 * 3_600).unwrap().with_ymd_and_hms(2021, 7, 26, 9, 0, 0).unwrap()
}

fn figures(dice: &mut Dice) -> Figures {
    let mut visit = |each: u64, gifts: &str| {
        let people = 3 + dice.below(90) as u32;
        Visit { people, gifts: gifts.to_owned(), cost: Decimal::from(u64::from(people) * each) }
    };
    let (veterans, others) = (visit(300, "慰问金"), visit(200, "米、面、油"));
    let troops = ["武警某中队", "吕梁军分区", "武警吕梁支队", "消防救援站", "人武部", "驻地雷达站"];
    let troops = (0..dice.below(3))
        .map(|_| Troop {
            name: dice.pick(&troops).to_owned(),
            gifts: "西瓜、矿泉水".to_owned(),
            cost: Decimal::from(2_000 + 100 * dice.below(40) as u64),
        })
        .collect();
    Figures { veterans, others, troops, remarks: String::new() }
}

/// The form as a workbook; an empty cell where `cell` is empty.
pub fn table(dice: &mut Dice, cell: &str) -> Vec<u8> {
    let form = FilledForm::new(cell, "2021年8月5日", &figures(dice), Writing::Plain, 4);
    let placement = dice.pick(&[Placement::Usual, Placement::Usual, Placement::SplitLabels, Placement::Shifted]);
    workbook(&form, placement).unwrap()
}

/// A report; `titled` puts the issuer's name before its title.
pub fn report(dice: &mut Dice, issuer: &str, number: Option<&str>, titled: bool) -> Vec<u8> {
    let mut report = Report::on(issuer, number, "2021年8月5日", &figures(dice));
    if !titled {
        report.title = "关于2021年“八一”期间走访慰问活动开展情况的报告".to_owned();
    }
    document(&report)
}

pub fn document(report: &Report) -> Vec<u8> {
    word::document(&word::report_body(report)).unwrap()
}

/// A report under any title.
pub fn titled_report(dice: &mut Dice, issuer: &str, title: &str) -> Vec<u8> {
    let mut report = Report::on(issuer, None, "2021年8月5日", &figures(dice));
    report.title = title.to_owned();
    document(&report)
}

pub fn archive(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    gbk_zip(&files)
}
