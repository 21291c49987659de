//! Whose mail is it, through the whole pipeline: what the desk knows of a thread, several campaigns, several units.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset};
use mailtally::archive::Archive;
use mailtally::config;
use mailtally::demo::build::form::{Figures, FilledForm, Visit, Writing};
use mailtally::demo::build::mime::Draft;
use mailtally::demo::build::mimicry::Dialect;
use mailtally::demo::build::report::Report;
use mailtally::demo::build::sheet::{Placement, workbook};
use mailtally::demo::build::word;
use mailtally::judge::register::Register;
use mailtally::model::campaign::Campaign;
use mailtally::model::decision::{Arrival, Origin};
use mailtally::model::ledger::{EventKind, Verdict};
use mailtally::model::letter::LetterKey;
use mailtally::model::returns::Item;
use mailtally::model::unit::UnitCode;
use mailtally::read::Limits;
use mailtally::store::Store;
use mailtally::work::desk::{Desk, TakenIn};
use mailtally::work::opener::Opener;
use rust_decimal::Decimal;

const OFFICE: &str = "office@163.example";
const XING: &str = "xxsyb@xingxian.example";

fn at(text: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(&format!("{text}:00+08:00")).unwrap()
}

fn figures(people: u32) -> Figures {
    let visit = |people: u32| Visit { people, gifts: "米".to_owned(), cost: Decimal::from(people * 300) };
    Figures { veterans: visit(people), others: visit(0), troops: Vec::new(), remarks: String::new() }
}

fn table(unit: &str, people: u32) -> Vec<u8> {
    workbook(&FilledForm::new(unit, "2021年8月5日", &figures(people), Writing::Plain, 4), Placement::Usual).unwrap()
}

fn report(issuer: &str, people: u32) -> Vec<u8> {
    word::document(&word::report_body(&Report::on(issuer, None, "2021年8月5日", &figures(people)))).unwrap()
}

/// The shipped campaign, and the same again under another name, as a later year's folder stands beside it.
async fn desk(folder: &Path) -> Desk {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/mailtally.toml");
    let (offset, mut campaigns) = config::load_campaigns(&file).expect("the shipped configuration");
    let again = Campaign { id: "2021-bayi-again".to_owned(), ..campaigns[0].clone() };
    campaigns.push(again);
    let register = Arc::new(Register::new(campaigns, vec![OFFICE.to_owned()]));
    let store = Store::open(folder, offset).await.unwrap();
    let opener = Opener::Here(Limits::default());
    Desk::new(store, Archive::open(folder), register, opener, "163.example".to_owned())
}

async fn take_in(desk: &Desk, draft: &Draft, when: &str) -> TakenIn {
    let origin = Origin::File { path: "x.eml".to_owned() };
    desk.take_in(Arrival { origin, received_at: at(when), bytes: draft.bytes() }, at(when)).await.unwrap()
}

fn draft(from: &str, when: &str) -> Draft {
    Draft::new(Dialect::Qq, ("", from), OFFICE, at(when)).text("请查收。")
}

#[tokio::test]
async fn an_answer_to_our_letter_belongs_to_its_campaign_and_its_unit() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path()).await;
    let first = draft(XING, "2021-08-05T09:00").subject("兴县报表").attach("表.xlsx", table("兴县", 10));
    let first = take_in(&desk, &first, "2021-08-05T09:00").await;
    assert_eq!(first.campaign.as_deref(), Some("2021-bayi-again"), "of equals the later folder");
    let letter = desk.store.letter(&LetterKey::Ack { mail: first.mail }).await.unwrap().expect("a receipt");

    let answer = |when: &str| {
        let id = &letter.message_id;
        draft("clerk@qq.example", when).subject("回复：收到").header(format!("References: <other@x.example> <{id}>"))
    };
    let nameless = answer("2021-08-06T09:00").attach("表.xlsx", table("", 12));
    let nameless = take_in(&desk, &nameless, "2021-08-06T09:00").await;
    assert_eq!(nameless.unit, Some(UnitCode::new("141123")));
    assert_eq!(nameless.campaign.as_deref(), Some("2021-bayi-again"));
    // A mere word of thanks from an address nobody knows is part of that thread too.
    let thanks = take_in(&desk, &answer("2021-08-06T10:00"), "2021-08-06T10:00").await;
    assert_eq!((thanks.unit, thanks.campaign.as_deref()), (nameless.unit, Some("2021-bayi-again")));
    // Without the thread the same mail is nobody's.
    let stranger = draft("clerk@qq.example", "2021-08-07T09:00").subject("报表").attach("表.xlsx", table("", 13));
    assert_eq!(take_in(&desk, &stranger, "2021-08-07T09:00").await.unit, None);
}

#[tokio::test]
async fn a_countys_mail_books_each_departments_table_and_report_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path()).await;
    let six = ["吕梁市教育局", "吕梁市水利局", "吕梁市财政局", "吕梁市民政局", "吕梁市司法局", "吕梁市审计局"];
    let codes = ["S19", "S32", "S25", "S23", "S24", "S39"];
    let mut mail = draft(XING, "2021-08-05T09:00").subject("六个单位材料");
    for (people, name) in (10..).zip(six) {
        mail = mail.attach(format!("表{people}.xlsx"), table(name, people));
        mail = mail.attach(format!("报告{people}.docx"), report(name, people));
    }
    let taken = take_in(&desk, &mail, "2021-08-05T09:00").await;
    assert_eq!(taken.unit, None);
    let campaign = taken.campaign.unwrap();
    for code in codes {
        let events = desk.store.events_of(&campaign, &UnitCode::new(code)).await.unwrap();
        let filed: Vec<(Item, Verdict)> = events
            .iter()
            .filter_map(|event| match &event.kind {
                EventKind::Filed(filing) => Some((filing.item, filing.verdict)),
                _ => None,
            })
            .collect();
        assert_eq!(filed, [(Item::Table, Verdict::Accepted), (Item::Report, Verdict::Accepted)], "{code}");
    }
    assert_eq!(desk.store.letters(&Default::default()).await.unwrap(), [], "nobody is told of what six units filed");
}
