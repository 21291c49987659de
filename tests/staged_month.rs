//! A month of corrections, undone and redone, on a real store: what is left at the end is what would be there had only
//! the surviving acts been made.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset, TimeDelta};
use mailtally::archive::Archive;
use mailtally::demo::OFFICE;
use mailtally::demo::build::form::{Figures, FilledForm, Visit, Writing};
use mailtally::demo::build::mime::Draft;
use mailtally::demo::build::mimicry::Dialect;
use mailtally::demo::build::sheet::{Placement, workbook};
use mailtally::judge::register::Register;
use mailtally::judge::{progress, taught};
use mailtally::model::campaign::Campaign;
use mailtally::model::decision::{Arrival, Origin};
use mailtally::model::ledger::{Event, EventKind, ReviewReason};
use mailtally::model::mail::{Address, Digest};
use mailtally::model::returns::Item;
use mailtally::model::unit::UnitCode;
use mailtally::read::Limits;
use mailtally::store::Store;
use mailtally::work::desk::Desk;
use mailtally::work::entry::{self, Paper};
use mailtally::work::opener::Opener;
use mailtally::work::review::{self, ActError, Person};
use mailtally::work::unit_words::{self, Lesson};
use rust_decimal::Decimal;

const LISHI: &str = "141102";
const WENSHUI: &str = "141121";
const JIAOCHENG: &str = "141122";
const XIAOYI: &str = "141181";

/// One step of the month. Mails are named by their place among the mails.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A table in this name (empty: none) with this cost arrives from this address.
    Table(usize, &'static str, &'static str, i64),
    /// A report nobody can open, from this address.
    Report(usize, &'static str, &'static str),
    Assign(usize, &'static str),
    AssignAndRemember(usize, &'static str),
    Accept(usize),
    Return(usize),
    Dismiss(usize),
    Raise(usize),
    Waive(&'static str, Item),
    Extend(&'static str, u32),
    Address(&'static str, &'static str),
    Name(&'static str, &'static str),
    /// On paper, with this cost.
    Record(&'static str, i64),
    /// Takes back what the step of this place did.
    Undo(usize),
}

use Step::{
    Accept, Address as Teach, Assign, AssignAndRemember, Dismiss, Extend, Name, Raise, Record, Report, Return, Table,
    Undo, Waive,
};

const FROM_LISHI: &str = "lsqsyb@lishi.example";
const FROM_WENSHUI: &str = "wsxsyb@wenshui.example";
const FROM_JIAOCHENG: &str = "jcxsyb@jiaocheng.example";
const FROM_XIAOYI: &str = "xyssyb@xiaoyi.example";
const FROM_ZHAO: &str = "zhao77@qq.example";
const FROM_QIAN: &str = "qian88@qq.example";
const FROM_SUN: &str = "sun99@qq.example";

#[rustfmt::skip]
const MONTH: [Step; 68] = [
    Table(0, FROM_ZHAO, "", 6_000),             // 0: nobody's
    Assign(0, LISHI),                           // 1
    Table(1, FROM_LISHI, "离石区", 6_000),       // 2: repeats it
    Undo(1),                                    // 3: the repetition stands for itself
    Assign(0, WENSHUI),                         // 4
    Table(2, FROM_WENSHUI, "文水县", 6_000),     // 5: repeats it
    Table(3, FROM_WENSHUI, "文水县", 7_000),     // 6: a later version
    Undo(4),                                    // 7
    Undo(7),                                    // 8: Wenshui's after all
    Waive(XIAOYI, Item::Report),                // 9
    Undo(9),                                    // 10
    Undo(10),                                   // 11
    Report(4, FROM_JIAOCHENG, "交城县"),         // 12
    Return(4),                                  // 13
    Undo(13),                                   // 14
    Accept(4),                                  // 15
    Extend(JIAOCHENG, 14),                      // 16
    Extend(JIAOCHENG, 16),                      // 17
    Undo(17),                                   // 18
    Teach(LISHI, FROM_QIAN),                    // 19
    Name(WENSHUI, "文水双拥专班"),                // 20
    Undo(19),                                   // 21
    Undo(21),                                   // 22
    Table(5, FROM_ZHAO, "", 9_000),             // 23
    AssignAndRemember(5, XIAOYI),               // 24
    Raise(5),                                   // 25
    Assign(5, JIAOCHENG),                       // 26: it was booked to the wrong unit
    Undo(26),                                   // 27
    Undo(27),                                   // 28
    Raise(1),                                   // 29
    Assign(1, XIAOYI),                          // 30
    Undo(30),                                   // 31
    Dismiss(1),                                 // 32
    Record(XIAOYI, 4_000),                      // 33
    Undo(33),                                   // 34
    Record(XIAOYI, 4_500),                      // 35
    Report(6, FROM_XIAOYI, "孝义市"),            // 36
    Accept(6),                                  // 37
    Undo(37),                                   // 38
    Return(6),                                  // 39
    Table(7, FROM_XIAOYI, "孝义市", 4_500),      // 40: repeats the paper
    Undo(35),                                   // 41: so it stands for itself
    Raise(3),                                   // 42
    Return(3),                                  // 43
    Undo(43),                                   // 44
    Undo(44),                                   // 45
    Table(8, FROM_WENSHUI, "文水县", 7_200),     // 46
    Waive(LISHI, Item::Report),                 // 47
    Waive(WENSHUI, Item::Report),               // 48
    Undo(48),                                   // 49
    Table(9, FROM_SUN, "", 1_000),              // 50
    Dismiss(9),                                 // 51
    Undo(51),                                   // 52
    Assign(9, LISHI),                           // 53
    Raise(9),                                   // 54
    Assign(9, WENSHUI),                         // 55
    Undo(55),                                   // 56
    Undo(54),                                   // 57
    Undo(53),                                   // 58: nobody's again, taken back step by step
    Extend(LISHI, 20),                          // 59
    Name(LISHI, "莲花池街办"),                    // 60
    Undo(60),                                   // 61
    Report(10, FROM_LISHI, "离石区"),            // 62
    Accept(10),                                 // 63
    Undo(63),                                   // 64
    Undo(64),                                   // 65
    Undo(59),                                   // 66
    Extend(LISHI, 21),                          // 67
];

struct Office {
    _folder: tempfile::TempDir,
    desk: Desk,
    campaign: Arc<Campaign>,
    mails: BTreeMap<usize, Digest>,
    /// The number of the act of each step.
    acts: BTreeMap<usize, i64>,
}

fn start() -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339("2021-08-01T08:00:00+08:00").unwrap()
}

fn sheet(unit: &str, cost: i64) -> Vec<u8> {
    let visit = |people, yuan: i64| Visit { people, gifts: "慰问金".to_owned(), cost: Decimal::from(yuan) };
    let figures =
        Figures { veterans: visit(12, cost), others: visit(4, 2_000), troops: Vec::new(), remarks: String::new() };
    workbook(&FilledForm::new(unit, "2021年8月1日", &figures, Writing::Plain, 2), Placement::Usual).unwrap()
}

impl Office {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/mailtally.toml");
        let (offset, campaigns) = mailtally::config::load_campaigns(&shipped).unwrap();
        let register = Arc::new(Register::new(campaigns, vec![OFFICE.to_owned()]));
        let campaign = Arc::clone(register.campaigns().next().unwrap());
        let store = Store::open(folder.path(), offset).await.unwrap();
        let archive = Archive::open(folder.path());
        let opener = Opener::Here(Limits::default());
        let desk = Desk::new(store, archive, register, opener, "office.example".to_owned());
        Self { _folder: folder, desk, campaign, mails: BTreeMap::new(), acts: BTreeMap::new() }
    }

    async fn take_in(&mut self, mail: usize, draft: &Draft) {
        let origin = Origin::File { path: format!("{mail}.eml") };
        let arrival = Arrival { origin, received_at: draft.arrived_at, bytes: draft.bytes() };
        let taken = self.desk.take_in(arrival, draft.arrived_at).await.unwrap();
        self.mails.insert(mail, taken.mail);
    }

    /// The number of the mail's only open review that is about something else than a person having asked for it twice.
    async fn review(&self, mail: usize) -> i64 {
        let open = self.desk.store.open_reviews(None).await.unwrap();
        let found: Vec<i64> = open.iter().filter(|line| line.mail == self.mails[&mail]).map(|line| line.id).collect();
        assert_eq!(found.len(), 1, "mail {mail} waits once: {found:?}");
        found[0]
    }

    async fn step(&mut self, place: usize, step: Step) {
        let now = start() + TimeDelta::hours(i64::try_from(place).unwrap());
        let person = Person { name: "王五", now, quiet: false };
        let unit = |code: &str| self.campaign.roster.unit(&UnitCode::new(code)).unwrap().clone();
        let (desk, store) = (&self.desk, &self.desk.store);
        let act: Result<i64, ActError> = match step {
            Table(mail, from, name, cost) => {
                let draft = Draft::new(Dialect::Qq, ("办公室", from), OFFICE, now).subject("“八一”期间走访慰问统计表");
                let draft = draft.text("请查收附件。").attach("统计表.xlsx", sheet(name, cost));
                self.take_in(mail, &draft).await;
                return;
            }
            Report(mail, from, name) => {
                let draft = Draft::new(Dialect::Qq, (name, from), OFFICE, now).subject(format!("{name}双拥慰问报告"));
                let file = [b"MSCF\0\0\0\0".as_slice(), name.as_bytes(), &[0; 600]].concat();
                self.take_in(mail, &draft.text("见附件。").attach("专题报告.cab", file)).await;
                return;
            }
            Assign(mail, to) => {
                let id = self.review(mail).await;
                review::assign(desk, id, &unit(to), false, person).await.map(|acted| acted.act)
            }
            AssignAndRemember(mail, to) => {
                let id = self.review(mail).await;
                review::assign(desk, id, &unit(to), true, person).await.map(|acted| acted.act)
            }
            Accept(mail) => review::accept(desk, self.review(mail).await, person).await.map(|acted| acted.act),
            Return(mail) => {
                let id = self.review(mail).await;
                review::give_back(desk, id, None, "请更正", person).await.map(|acted| acted.act)
            }
            Dismiss(mail) => review::dismiss(desk, self.review(mail).await, person).await.map(|acted| acted.act),
            Raise(mail) => {
                let record = store.mail(&self.mails[&mail]).await.unwrap().unwrap();
                review::raise(desk, &record, &self.campaign.id, None, person).await.map(|acted| acted.act)
            }
            Waive(code, item) => unit_words::waive(store, &self.campaign, &unit(code), item, "撤并", person).await,
            Extend(code, day) => {
                let until = format!("2021-08-{day}T18:00:00+08:00");
                let until = DateTime::parse_from_rfc3339(&until).unwrap();
                unit_words::extend(store, &self.campaign, &unit(code), until, "汛情", person).await
            }
            Teach(code, address) => {
                let lesson = Lesson::Address(address.to_owned());
                unit_words::teach(store, &desk.register(), &self.campaign, &unit(code), &lesson, person).await
            }
            Name(code, name) => {
                let lesson = Lesson::Name(name.to_owned());
                unit_words::teach(store, &desk.register(), &self.campaign, &unit(code), &lesson, person).await
            }
            Record(code, cost) => {
                let paper = Paper {
                    files: vec![(Item::Table, "录入.xlsx".to_owned(), sheet("", cost))],
                    note: format!("第 {place} 份传真"),
                    received_at: now,
                    office: Address { name: None, address: OFFICE.to_owned() },
                };
                let entered = entry::record(desk, &self.campaign, &unit(code), &paper, person).await;
                entered.map(|entered| {
                    self.mails.insert(1_000 + place, entered.mail);
                    entered.acted.act
                })
            }
            Undo(other) => review::undo(desk, self.acts[&other], "弄错了", person).await.map(|acted| acted.act),
        };
        let act = act.unwrap_or_else(|error| panic!("step {place} ({step:?}): {error}"));
        self.acts.insert(place, act);
    }

    async fn events(&self) -> Vec<Event> {
        self.desk.store.events(&self.campaign.id).await.unwrap()
    }

    /// What waits for a person: which mail, why, of whom.
    async fn waiting(&self) -> BTreeSet<(Digest, &'static str, Option<UnitCode>)> {
        let word = |reason| match reason {
            ReviewReason::RaisedByPerson => "raised",
            ReviewReason::UnitUnknown | ReviewReason::UnitConflict => "unit",
            _ => "other",
        };
        let open = self.desk.store.open_reviews(None).await.unwrap();
        open.into_iter().map(|line| (line.mail, word(line.reason), line.unit)).collect()
    }

    /// Whose each mail and each thing read of it is said to be.
    async fn owners(&self) -> BTreeMap<Digest, (Option<UnitCode>, Vec<Option<UnitCode>>)> {
        let mut owners = BTreeMap::new();
        for mail in self.desk.store.mails(None, None, None).await.unwrap() {
            let readings = self.desk.store.readings_of(&mail.sha256).await.unwrap();
            let of_readings = readings.into_iter().map(|reading| reading.unit).collect();
            owners.insert(mail.sha256, (mail.unit, of_readings));
        }
        owners
    }
}

/// The steps that count at the end: those whose undoings do not.
fn surviving() -> BTreeSet<usize> {
    let mut undone = BTreeSet::new();
    for (place, step) in MONTH.iter().enumerate().rev() {
        if let Undo(other) = step
            && !undone.contains(&place)
        {
            undone.insert(*other);
        }
    }
    (0..MONTH.len()).filter(|place| !undone.contains(place) && !matches!(MONTH[*place], Undo(_))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_of_corrections_ends_where_its_surviving_acts_end() {
    let mut office = Office::new().await;
    for (place, step) in MONTH.into_iter().enumerate() {
        office.step(place, step).await;
    }
    assert!(office.acts.len() >= 40, "{} acts", office.acts.len());

    let mut other = Office::new().await;
    for place in surviving() {
        other.step(place, MONTH[place]).await;
    }

    let now = start() + TimeDelta::days(12);
    let (events, survivors) = (office.events().await, other.events().await);
    let standing = progress::standing(&office.campaign, &events, now);
    let expected = progress::standing(&other.campaign, &survivors, now);
    for (unit, expected) in standing.units.iter().zip(&expected.units) {
        assert_eq!(unit, expected, "{}", unit.unit.name);
    }
    assert_eq!(standing.totals, expected.totals);
    assert_eq!(taught::taught(&events), taught::taught(&survivors));

    // An entry by hand that was undone is kept, and is nobody's.
    let entered = office.mails[&1_033].clone();
    let mut owners = office.owners().await;
    for place in [33, 35] {
        assert_eq!(owners.remove(&office.mails[&(1_000 + place)]), Some((None, Vec::new())));
    }
    assert!(office.desk.archive.contains(&entered));
    assert_eq!(owners, other.owners().await);
    assert_eq!(office.waiting().await, other.waiting().await);

    // The story's own end, so that both are not wrong alike.
    let of = |code: &str| standing.units.iter().find(|unit| unit.unit.code.as_str() == code).unwrap();
    let cost = |code: &str| of(code).row.as_ref().and_then(|row| row["veterans_cost"]);
    assert_eq!(cost(LISHI), Some(Decimal::from(6_000)), "its own mail");
    assert_eq!(cost(WENSHUI), Some(Decimal::from(7_200)));
    assert_eq!(cost(JIAOCHENG), Some(Decimal::from(9_000)), "what had been booked to Xiaoyi");
    assert_eq!(cost(XIAOYI), Some(Decimal::from(4_500)), "the mail that repeated the paper");
    assert_eq!(of(LISHI).extended_until.map(|until| until.to_rfc3339()), Some("2021-08-21T18:00:00+08:00".to_owned()));
    let undoings = events.iter().filter(|event| matches!(event.kind, EventKind::Undone { .. })).count();
    assert!(undoings > 40, "{undoings} events undone or done again");
}
