//! Archived mail judged again: an unchanged configuration changes nothing, a changed one exactly what it should, in
//! whatever order the mails were processed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset};
use mailtally::archive::Archive;
use mailtally::config;
use mailtally::demo::build::form::{Figures, FilledForm, Visit, Writing};
use mailtally::demo::build::mime::Draft;
use mailtally::demo::build::mimicry::Dialect;
use mailtally::demo::build::sheet::{Placement, workbook};
use mailtally::demo::{OFFICE, SampleMail, Truth, campaign_mails};
use mailtally::judge::progress;
use mailtally::judge::register::Register;
use mailtally::judge::replay::Kept;
use mailtally::model::campaign::Campaign;
use mailtally::model::decision::{Arrival, Origin};
use mailtally::model::ledger::{self, EventKind, Nature, ReviewReason};
use mailtally::model::mail::Digest;
use mailtally::model::returns::Item;
use mailtally::model::standing::CampaignStanding;
use mailtally::model::unit::{Roster, Unit, UnitCode};
use mailtally::read::Limits;
use mailtally::store::{LetterFilter, Sighting, Store};
use mailtally::work::desk::Desk;
use mailtally::work::opener::Opener;
use mailtally::work::reread::{self, Reread, Scope};
use mailtally::work::review::{self, Person};
use mailtally::work::unit_words;
use proptest::prelude::*;
use rust_decimal::Decimal;
use tempfile::TempDir;

fn shipped() -> (FixedOffset, Campaign) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/mailtally.toml");
    let (offset, mut campaigns) = config::load_campaigns(&file).expect("the shipped configuration");
    (offset, campaigns.remove(0))
}

fn now() -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339("2021-08-13T09:00:00+08:00").unwrap()
}

/// A desk on a storage of its own.
struct Office {
    desk: Desk,
    campaign: Campaign,
    _folder: TempDir,
}

impl Office {
    async fn new(campaign: Campaign) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), *now().offset()).await.unwrap();
        let archive = Archive::open(folder.path());
        let desk = Desk::new(store, archive, register(&campaign), Opener::Here(Limits::default()), "x.example".into());
        Self { desk, campaign, _folder: folder }
    }

    async fn take_in(&self, mail: &SampleMail) {
        let origin = Origin::File { path: mail.name.clone() };
        let arrival = Arrival { origin, received_at: mail.received_at, bytes: mail.bytes.clone() };
        self.desk.take_in(arrival, now()).await.unwrap();
    }

    fn configure(&mut self, campaign: Campaign) {
        self.desk.set_register(register(&campaign));
        self.campaign = campaign;
    }

    async fn standing(&self) -> CampaignStanding {
        let events = self.desk.store.events(&self.campaign.id).await.unwrap();
        progress::standing(&self.campaign, &events, now())
    }

    async fn plan(&self) -> Reread {
        reread::plan(&self.desk, &Scope::All, now()).await.unwrap()
    }

    async fn apply(&self) -> Reread {
        reread::apply(&self.desk, &Scope::All, now()).await.unwrap()
    }

    /// What waits for a person, without its numbers.
    async fn reviews(&self) -> Vec<String> {
        let open = self.desk.store.open_reviews(None).await.unwrap();
        let mut told: Vec<String> =
            open.iter().map(|review| format!("{} {:?} {}", review.mail.short(), review.reason, review.text)).collect();
        told.sort();
        told
    }
}

fn register(campaign: &Campaign) -> Arc<Register> {
    Arc::new(Register::new(vec![campaign.clone()], vec!["office@163.example".to_owned()]))
}

fn with_units(campaign: &Campaign, change: impl Fn(&mut Vec<Unit>)) -> Campaign {
    let mut units = campaign.roster.units().to_vec();
    change(&mut units);
    Campaign { roster: Roster::new(units), ..campaign.clone() }
}

fn told(reread: &Reread) -> Vec<String> {
    reread
        .changes()
        .map(|revision| {
            format!(
                "{} {:?} -> {:?} undo {:?} add {:?} readings {}",
                revision.before.subject.as_deref().unwrap_or_default(),
                revision.before.unit,
                revision.after.unit,
                revision.undo.iter().map(|event| &event.kind).collect::<Vec<_>>(),
                revision.add.iter().map(|event| &event.kind).collect::<Vec<_>>(),
                revision.readings.is_some(),
            )
        })
        .collect()
}

/// What must not depend on the order of processing.
fn essence(standing: &CampaignStanding) -> BTreeMap<UnitCode, String> {
    let told = |unit: &mailtally::model::standing::UnitStanding| {
        format!(
            "{:?} {:?} late {} {:?} {:?} version {} {:?}",
            unit.status, unit.items, unit.late, unit.first_received_at, unit.last_received_at, unit.version, unit.row
        )
    };
    standing.units.iter().map(|unit| (unit.unit.code.clone(), told(unit))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_changes_under_the_same_configuration_in_whatever_order_mail_was_processed() {
    let (offset, campaign) = shipped();
    let mut mails = campaign_mails(&campaign.roster, offset).unwrap();
    // The very same mail seen again says nothing new, so that its first sighting counts.
    let mut seen = BTreeSet::new();
    mails.retain(|mail| seen.insert(Digest::of(&mail.bytes)));
    let in_order = Office::new(campaign.clone()).await;
    for mail in &mails {
        in_order.take_in(mail).await;
    }
    assert_eq!(told(&in_order.plan().await), Vec::<String>::new());
    let backwards = Office::new(campaign.clone()).await;
    for mail in mails.iter().rev() {
        backwards.take_in(mail).await;
    }
    let (expected, found) = (essence(&in_order.standing().await), essence(&backwards.standing().await));
    let differ: Vec<_> = expected.iter().filter(|(unit, told)| found.get(*unit) != Some(*told)).collect();
    assert!(differ.is_empty(), "{differ:#?}\n{:#?}", differ.iter().map(|(unit, _)| &found[*unit]).collect::<Vec<_>>());
    assert_eq!(backwards.reviews().await, in_order.reviews().await);
    assert_eq!(told(&backwards.plan().await), Vec::<String>::new());
}

/// Mail of units that are on no roster yet, by the code they will have.
fn without(campaign: &Campaign, code: &str) -> Campaign {
    with_units(campaign, |units| units.retain(|unit| unit.code.as_str() != code))
}

async fn office_with_all_mail(campaign: Campaign, mails: &[SampleMail]) -> Office {
    let office = Office::new(campaign).await;
    for mail in mails {
        office.take_in(mail).await;
    }
    office
}

/// The sample mail of these units alone: enough for what a roster changes.
fn mails_of(codes: &[&str]) -> Vec<SampleMail> {
    let (offset, campaign) = shipped();
    let mut mails = campaign_mails(&campaign.roster, offset).unwrap();
    mails.retain(|mail| mail.truth.unit.as_ref().is_some_and(|unit| codes.contains(&unit.as_str())));
    mails
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_comes_onto_the_roster_gets_its_mail_and_its_receipt_once() {
    let (_, campaign) = shipped();
    let mails = mails_of(&["141102", "141121", "S07"]);
    let mut office = office_with_all_mail(without(&campaign, "141121"), &mails).await;
    let expected = office_with_all_mail(campaign.clone(), &mails).await;
    let letters = |office: &Office| {
        let store = office.desk.store.clone();
        async move { store.letters(&LetterFilter::default()).await.unwrap().len() }
    };
    let before = letters(&office).await;
    office.configure(campaign.clone());
    let planned = office.plan().await;
    assert!(!told(&planned).is_empty());
    assert_eq!(letters(&office).await, before, "a plan writes nothing");
    assert_ne!(essence(&office.standing().await), essence(&expected.standing().await));
    let running = DateTime::parse_from_rfc3339("2021-08-13T09:00:00+08:00").unwrap();
    assert!(running.date_naive() <= campaign.last_digest);

    office.apply().await;
    assert_eq!(essence(&office.standing().await), essence(&expected.standing().await));
    assert_eq!(office.reviews().await, expected.reviews().await);
    assert!(letters(&office).await > before, "its receipts are owed now");
    let after = letters(&office).await;
    assert_eq!(told(&office.apply().await), Vec::<String>::new(), "a second time changes nothing");
    assert_eq!(letters(&office).await, after);

    // Taken off again: what it filed is nobody's, and a person is asked.
    office.configure(without(&campaign, "141121"));
    office.apply().await;
    let ledgers = progress::ledgers(&office.desk.store.events("2021-bayi").await.unwrap());
    let filed = ledgers.get(&UnitCode::new("141121")).is_some_and(|ledger| ledger.version > 0);
    assert!(!filed, "nothing is filed for a unit that is not on the roster");
    assert!(!office.reviews().await.is_empty(), "and nothing is lost in silence");
    office.configure(campaign);
    office.apply().await;
    assert_eq!(essence(&office.standing().await), essence(&expected.standing().await), "and back");
    assert_eq!(letters(&office).await, after, "no receipt goes out twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_persons_said_stands_above_a_changed_roster() {
    let (_, campaign) = shipped();
    let mails = mails_of(&["141102", "141121"]);
    let mut office = office_with_all_mail(without(&campaign, "141121"), &mails).await;
    let person = Person { name: "王", now: now(), quiet: false };
    let open = office.desk.store.open_reviews(None).await.unwrap();
    let unknown = open.iter().find(|review| review.reason == ReviewReason::UnitUnknown).expect("a mail of nobody");
    let other = campaign.roster.unit(&UnitCode::new("141122")).unwrap().clone();
    review::assign(&office.desk, unknown.id, &other, false, person).await.unwrap();
    unit_words::waive(&office.desk.store, &campaign, &other, Item::Report, "无", person).await.unwrap();
    assert_eq!(told(&office.plan().await), Vec::<String>::new(), "a person's word is no reason to change anything");
    office.configure(campaign.clone());
    office.apply().await;
    let events = office.desk.store.events_of_mail(&unknown.mail).await.unwrap();
    let filed: Vec<_> = ledger::in_force(&events)
        .filter(|event| matches!(event.kind, EventKind::Filed(_)))
        .map(|event| event.unit.clone().unwrap())
        .collect();
    assert!(!filed.is_empty() && filed.iter().all(|unit| unit == &other.code), "{filed:?}");
    assert_eq!(told(&office.plan().await), Vec::<String>::new());
}

/// 兴县's table with so many veterans, as this sender wrote it.
fn table_of(name: &str, from: &str, people: u32, at: &str) -> SampleMail {
    let received_at = DateTime::parse_from_rfc3339(&format!("2021-08-{at}:00+08:00")).unwrap();
    let visit = |people: u32| Visit { people, gifts: "米".to_owned(), cost: Decimal::from(people * 300) };
    let figures = Figures { veterans: visit(people), others: visit(0), troops: Vec::new(), remarks: String::new() };
    let form = if people == 0 {
        FilledForm::blank("兴县", "2021年8月5日")
    } else {
        FilledForm::new("兴县", "2021年8月5日", &figures, Writing::Plain, 4)
    };
    let draft = Draft::new(Dialect::Qq, ("", from), OFFICE, received_at)
        .subject(format!("兴县统计表 {name}"))
        .attach("兴县统计表.xlsx", workbook(&form, Placement::Usual).unwrap());
    let truth = Truth { unit: None, nature: Nature::Submission, table: None, report: false, note: "" };
    SampleMail { name: name.to_owned(), received_at, bytes: draft.bytes(), truth }
}

/// A unit's mails as they depend on each other: corrections, the same again by others, strangers, an empty form.
fn entangled(own: &str) -> Vec<SampleMail> {
    vec![
        table_of("first", own, 10, "01T09:00"),
        table_of("corrected", own, 12, "02T09:00"),
        table_of("a stranger's", "stranger@private.example", 14, "03T09:00"),
        table_of("the first again", own, 10, "04T09:00"),
        table_of("the same by another", "colleague@private.example", 10, "05T09:00"),
        table_of("an empty form", own, 0, "06T09:00"),
        table_of("the other stranger's", "another@private.example", 15, "07T09:00"),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// A mail that arrived before another and is processed after it changes nothing.
    #[test]
    fn any_order_of_processing_ends_in_the_same_standing(order in Just((0_usize..7).collect::<Vec<_>>()).prop_shuffle()) {
        let (_, campaign) = shipped();
        let own = campaign.roster.unit(&UnitCode::new("141123")).unwrap().emails[0].clone();
        let mails = entangled(&own);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let in_order = office_with_all_mail(campaign.clone(), &mails).await;
            let shuffled: Vec<SampleMail> = order.iter().map(|place| mails[*place].clone()).collect();
            let office = office_with_all_mail(campaign.clone(), &shuffled).await;
            let standing = in_order.standing().await;
            let xing = standing.units.iter().find(|unit| unit.unit.code.as_str() == "141123").unwrap();
            assert_eq!(xing.row.as_ref().unwrap()["veterans_visited"], Some(Decimal::from(10)), "the last of its own");
            assert_eq!(essence(&office.standing().await), essence(&standing));
            assert_eq!(office.reviews().await, in_order.reviews().await);
            assert_eq!(told(&office.plan().await), Vec::<String>::new());
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_was_set_aside_is_tried_again() {
    let (_, campaign) = shipped();
    let own = campaign.roster.unit(&UnitCode::new("141123")).unwrap().emails[0].clone();
    let mail = table_of("first", &own, 10, "01T09:00");
    let office = Office::new(campaign).await;
    let origin = Origin::File { path: mail.name.clone() };
    let digest = office.desk.archive.put(&mail.bytes).unwrap();
    // As if reading it had ended the program again and again.
    for _ in 0..3 {
        let sighting = Sighting { mail: &digest, received_at: mail.received_at, origin: &origin };
        office.desk.store.note_sighting(sighting, now()).await.unwrap();
    }
    office.take_in(&mail).await;
    assert_eq!(office.reviews().await.len(), 1);
    let reread = office.apply().await;
    assert_eq!(told(&reread).len(), 1);
    assert_eq!(office.reviews().await, Vec::<String>::new());
    let record = office.desk.store.mail(&digest).await.unwrap().unwrap();
    assert_eq!((record.nature, record.unit), (Nature::Submission, Some(UnitCode::new("141123"))));
    assert_eq!(told(&office.plan().await), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_from_the_archive_stays_as_it_is_recorded() {
    let (_, campaign) = shipped();
    let own = campaign.roster.unit(&UnitCode::new("141123")).unwrap().emails[0].clone();
    let mails = entangled(&own);
    let office = office_with_all_mail(campaign, &mails).await;
    let before = essence(&office.standing().await);
    std::fs::remove_file(office.desk.archive.path(&Digest::of(&mails[0].bytes))).unwrap();
    std::fs::write(office.desk.archive.path(&Digest::of(&mails[3].bytes)), b"altered").unwrap();
    let reread = office.apply().await;
    assert_eq!(told(&reread), Vec::<String>::new());
    assert_eq!(reread.revisions.iter().filter(|revision| revision.kept == Some(Kept::Unopened)).count(), 2);
    assert_eq!(essence(&office.standing().await), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_took_back_of_the_machines_filing_is_not_filed_again() {
    let (_, campaign) = shipped();
    let mut office = office_with_all_mail(campaign.clone(), &mails_of(&["141102"])).await;
    let person = Person { name: "王", now: now(), quiet: false };
    let events = office.desk.store.events("2021-bayi").await.unwrap();
    let filed = events.iter().find(|event| matches!(event.kind, EventKind::Filed(_))).unwrap();
    review::undo(&office.desk, filed.id, "不是该单位的", person).await.unwrap();
    let taken_back = essence(&office.standing().await);
    assert_eq!(told(&office.plan().await), Vec::<String>::new());
    assert_eq!(told(&office.apply().await), Vec::<String>::new());
    assert_eq!(essence(&office.standing().await), taken_back);
    // Of another roster too, as long as the person's word stands.
    office.configure(with_units(&campaign, |units| units.retain(|unit| unit.code.as_str() != "S07")));
    assert_eq!(told(&office.apply().await), Vec::<String>::new());
    let unit = UnitCode::new("141102");
    assert_eq!(essence(&office.standing().await)[&unit], taken_back[&unit]);
}
