//! The money detective over the whole path of a mail: what is suspected is laid open with the likely figure, counts in no
//! total, and counts once a later mail mends it; honest tables of every size are left alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chrono::{FixedOffset, TimeDelta};
use mailtally::archive::Archive;
use mailtally::config;
use mailtally::demo::OFFICE;
use mailtally::demo::build::form::{Cell, Figures, FilledForm, Troop, Visit, Writing};
use mailtally::demo::build::mime::Draft;
use mailtally::demo::build::mimicry::Dialect;
use mailtally::demo::build::sheet::{Placement, workbook};
use mailtally::judge::peers;
use mailtally::judge::register::Register;
use mailtally::judge::tables::read_tables;
use mailtally::model::campaign::Campaign;
use mailtally::model::decision::{Arrival, Origin};
use mailtally::model::form::FindingCode;
use mailtally::model::ledger::ItemStatus;
use mailtally::model::mail::{Content, Kind};
use mailtally::model::returns::{Item, TableReturn, Totals};
use mailtally::model::standing::CampaignStanding;
use mailtally::model::unit::{Unit, UnitCode};
use mailtally::read::{self, Limits};
use mailtally::store::Store;
use mailtally::work::collect::{self, Span};
use mailtally::work::desk::Desk;
use mailtally::work::opener::Opener;
use rust_decimal::Decimal;

/// An office's desk with the shipped campaign, and nothing on it.
struct Office {
    _folder: tempfile::TempDir,
    desk: Desk,
    campaign: Campaign,
}

impl Office {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (offset, campaign) = shipped();
        let store = Store::open(folder.path(), offset).await.unwrap();
        let archive = Archive::open(folder.path());
        let register = Arc::new(Register::new(vec![campaign.clone()], Vec::new()));
        let desk = Desk::new(store, archive, register, Opener::Here(Limits::default()), "office.example".to_owned());
        Self { _folder: folder, desk, campaign }
    }

    /// Takes in a mail from the unit itself, so many hours after the collection was opened.
    async fn file(&self, unit: &Unit, form: &FilledForm, hour: i64) {
        let at = self.campaign.opens + TimeDelta::hours(hour);
        let from = (unit.name.as_str(), unit.emails.first().unwrap().as_str());
        let draft = Draft::new(Dialect::NetEase, from, OFFICE, at).subject(format!("{}走访慰问统计表", unit.name));
        let bytes = draft.text("请查收。").attach("统计表.xlsx", workbook(form, Placement::Usual).unwrap()).bytes();
        let origin = Origin::File { path: "mail.eml".to_owned() };
        let taken = self.desk.take_in(Arrival { origin, received_at: at, bytes }, at).await.unwrap();
        assert_eq!(taken.unit.as_ref(), Some(&unit.code));
    }

    /// How the unit's table stands, its figures if they count, and the figures that are proposed for what is suspected.
    async fn unit(&self, unit: &Unit) -> (ItemStatus, Option<Totals>, Vec<String>) {
        let standing = self.standing().await;
        let one = standing.units.into_iter().find(|one| one.unit.code == unit.code).unwrap();
        let tables = collect::standing_tables(&self.desk.store, &self.campaign, Span::All).await.unwrap();
        let table = tables.into_iter().find(|table| table.unit == unit.code).unwrap();
        let suspected =
            table.table.findings.into_iter().filter(|finding| finding.code == FindingCode::UnitOfMoneySuspect);
        (one.items[&Item::Table], one.row, suspected.filter_map(|finding| finding.suggested).collect())
    }

    async fn standing(&self) -> CampaignStanding {
        let late = self.campaign.opens + TimeDelta::days(5);
        collect::standing(&self.desk.store, &self.campaign, Span::All, late).await.unwrap()
    }

    async fn total(&self, key: &str) -> Decimal {
        self.standing().await.totals[key].unwrap()
    }

    fn units(&self, group: &str) -> Vec<Unit> {
        self.campaign.roster.units().iter().filter(|unit| unit.group == group).cloned().collect()
    }
}

fn shipped() -> (FixedOffset, Campaign) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/mailtally.toml");
    let (offset, mut campaigns) = config::load_campaigns(&file).expect("the shipped configuration");
    (offset, campaigns.remove(0))
}

fn figures(veterans: (u32, i64), others: (u32, i64), troops: &[i64]) -> Figures {
    let visit = |(people, yuan): (u32, i64)| Visit {
        people,
        gifts: if people > 0 { "慰问金" } else { "无" }.to_owned(),
        cost: Decimal::from(yuan),
    };
    let troop =
        |yuan: &i64| Troop {
            name: "武警中队".to_owned(), gifts: "慰问品".to_owned(), cost: Decimal::from(*yuan)
        };
    Figures {
        veterans: visit(veterans),
        others: visit(others),
        troops: troops.iter().map(troop).collect(),
        remarks: String::new(),
    }
}

fn form(unit: &Unit, figures: &Figures, writing: Writing, decimals: u32) -> FilledForm {
    FilledForm::new(&unit.name, "2021年8月3日", figures, writing, decimals)
}

/// Troops alone, whose cost no head count can be held against, written in 万元; the total is made from it as it stands.
fn troops_in_wan(unit: &Unit, wan: &str) -> FilledForm {
    let wan: Decimal = wan.parse().unwrap();
    form(unit, &figures((0, 0), (0, 0), &[1]), Writing::Plain, 6).with(0, "troop_cost", Cell::Number(wan)).with(
        0,
        "total_wan",
        Cell::Number(wan / Decimal::from(10_000)),
    )
}

#[tokio::test]
async fn a_group_files_and_what_is_suspected_never_counts_until_it_is_mended() {
    let office = Office::new().await;
    let units = office.units("县市区");
    let (honest, rest) = units.split_at(8);
    for (unit, number) in honest.iter().zip(1..) {
        let own = figures((40 * number, 20_000 * i64::from(number)), (10, 3_000), &[6_000 + 2_000 * i64::from(number)]);
        office.file(unit, &form(unit, &own, Writing::Plain, 2), i64::from(number)).await;
        assert_eq!(office.unit(unit).await.0, ItemStatus::Accepted);
    }
    let spent: i64 = (1..=8).map(|number| 20_000 * number + 3_000 + 6_000 + 2_000 * number).sum();
    let in_wan = |yuan: i64| Decimal::from(yuan) / Decimal::from(10_000);
    assert_eq!(office.total("total_wan").await, in_wan(spent));

    // 元 in the column of 万元.
    let own = figures((100, 50_000), (20, 6_000), &[10_000]);
    office.file(&rest[0], &form(&rest[0], &own, Writing::TotalInYuan, 2), 20).await;
    // 万元 in the columns of 元: by the head, and where only the group can tell.
    office.file(&rest[1], &form(&rest[1], &own, Writing::CostsInWan, 2), 21).await;
    office.file(&rest[2], &troops_in_wan(&rest[2], "1.2"), 22).await;
    for (unit, likely) in [(&rest[0], "6.6"), (&rest[1], "50000"), (&rest[2], "12000")] {
        let (status, row, proposed) = office.unit(unit).await;
        assert_eq!((status, row), (ItemStatus::NeedsCorrection, None), "{}", unit.name);
        assert!(proposed.iter().any(|figure| figure == likely), "{likely} in {proposed:?}");
    }
    // A unit beside its own earlier return.
    let earlier = figures((0, 0), (0, 0), &[16_000]);
    office.file(&rest[3], &form(&rest[3], &earlier, Writing::Plain, 2), 23).await;
    assert_eq!(
        office.total("troop_cost").await,
        Decimal::from((1..=8).map(|n| 6_000 + 2_000 * n).sum::<i64>() + 16_000)
    );
    office.file(&rest[3], &troops_in_wan(&rest[3], "1.5"), 24).await;
    let (status, row, proposed) = office.unit(&rest[3]).await;
    assert_eq!((status, row, proposed), (ItemStatus::NeedsCorrection, None, vec!["15000".to_owned()]));
    assert_eq!(office.total("total_wan").await, in_wan(spent), "nothing that is suspected counts");

    for (unit, hour) in rest.iter().take(4).zip(30..) {
        office.file(unit, &form(unit, &own, Writing::Plain, 2), hour).await;
        let (status, row, proposed) = office.unit(unit).await;
        assert_eq!((status, row.unwrap()["total_wan"]), (ItemStatus::Accepted, Some(in_wan(66_000))));
        assert!(proposed.is_empty(), "{proposed:?}");
    }
    assert_eq!(office.total("total_wan").await, in_wan(spent + 4 * 66_000));
}

/// The same numbers each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }

    /// Every order of magnitude between these as likely as any other.
    fn between(&mut self, low: f64, high: f64) -> f64 {
        #[allow(clippy::cast_precision_loss)]
        let part = self.below(1_000_000) as f64 / 1e6;
        (low.ln() + part * (high / low).ln()).exp()
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn visit(&mut self, most: f64) -> (u32, i64) {
        if self.below(5) == 0 {
            return (0, 0);
        }
        let people = self.between(1.0, most).round() as u32;
        let each = [6, 20, 50, 100, 200, 300, 500, 600, 800, 1_000, 2_000, 8_000][self.below(12) as usize];
        (people, i64::from(people) * each)
    }

    /// A department visits one to some hundred people, a county up to some thousand.
    #[allow(clippy::cast_possible_truncation)]
    fn figures(&mut self, is_county: bool) -> Figures {
        let (people, troops) = if is_county { (3_000.0, (1_000.0, 2_000_000.0)) } else { (120.0, (300.0, 50_000.0)) };
        let gifts: Vec<i64> =
            (0..self.below(4)).map(|_| (self.between(troops.0, troops.1) / 100.0).round() as i64 * 100).collect();
        let (veterans, others) = (self.visit(people), self.visit(people / 2.0));
        figures(veterans, others, &gifts)
    }
}

fn read_back(form: &FilledForm, campaign: &Campaign) -> TableReturn {
    let (content, oddities) =
        read::read_piece(Kind::Xlsx, &workbook(form, Placement::Usual).unwrap(), &Limits::default());
    let Content::Workbook(sheets) = content else { panic!("{oddities:?}") };
    read_tables(&sheets, "1", &campaign.form, campaign.year).remove(0)
}

/// Twelve collections of the shipped roster, a fifth of the units with a second, changed return: 1,500 honest tables.
#[test]
fn honest_tables_of_every_size_are_hardly_ever_suspected() {
    let (_, campaign) = shipped();
    let mut dice = Dice(0x2021_0801);
    let (mut tables, mut wrong) = (0_u32, Vec::new());
    for collection in 0..12 {
        let mut accepted: BTreeMap<UnitCode, Arc<Totals>> = BTreeMap::new();
        let mut units: Vec<&Unit> = campaign.roster.units().iter().collect();
        for place in (1..units.len()).rev() {
            let other = usize::try_from(dice.below(place as u64 + 1)).unwrap();
            units.swap(place, other);
        }
        for unit in units {
            for _ in 0..=u32::from(dice.below(5) == 0) {
                let own = dice.figures(unit.group == "县市区");
                let decimals = [2, 2, 3, 4][dice.below(4) as usize];
                let table = read_back(&form(unit, &own, Writing::Plain, decimals), &campaign);
                let peers = peers::peers_of(std::iter::once(&unit.code), &accepted, &campaign);
                let doubts = peers::suspects(
                    &table,
                    &peers[&unit.code],
                    accepted.get(&unit.code).map(Arc::as_ref),
                    &campaign.form,
                );
                let found = table.findings.iter().chain(&doubts);
                let suspected: Vec<_> =
                    found.filter(|finding| finding.code == FindingCode::UnitOfMoneySuspect).cloned().collect();
                tables += 1;
                if suspected.is_empty() {
                    accepted.insert(unit.code.clone(), Arc::new(table.totals.clone()));
                } else {
                    wrong.push(format!("{collection} {}: {own:?}: {}", unit.name, suspected[0].text));
                }
            }
        }
    }
    assert!(tables > 1_300);
    println!("{} of {tables} honest tables are suspected", wrong.len());
    assert!(wrong.len() * 200 <= tables as usize, "{} of {tables}:\n{}", wrong.len(), wrong.join("\n"));
}
