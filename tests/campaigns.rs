//! Several collections in one storage: each unit's mail goes where it belongs, and every letter says for which it is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;

use chrono::DateTime;
use mailtally::demo::OFFICE;
use mailtally::demo::build::form::{Figures, FilledForm, Visit, Writing};
use mailtally::demo::build::mime::Draft;
use mailtally::demo::build::mimicry::Dialect;
use mailtally::demo::build::sheet::{Placement, workbook};
use rust_decimal::Decimal;
use serde_json::Value;

#[path = "drill/mod.rs"]
mod drill;

use drill::Office;

const XING: &str = "xxsyb@xingxian.example";

impl Office {
    /// 兴县's table, as it arrived at that moment.
    fn ingest(&self, name: &str, at: &str, people: u32, filled_on: &str) {
        let received_at = DateTime::parse_from_rfc3339(at).unwrap();
        let visit = |people: u32| Visit { people, gifts: "米".to_owned(), cost: Decimal::from(people * 300) };
        let figures = Figures { veterans: visit(people), others: visit(0), troops: Vec::new(), remarks: String::new() };
        let form = FilledForm::new("兴县", filled_on, &figures, Writing::Plain, 4);
        let draft = Draft::new(Dialect::Qq, ("", XING), OFFICE, received_at)
            .subject("兴县统计表")
            .attach("兴县统计表.xlsx", workbook(&form, Placement::Usual).unwrap());
        let path = self.path(&format!("{name}.eml"));
        fs::write(&path, draft.bytes()).unwrap();
        self.done(at, &["ingest", &path.display().to_string()]);
    }

    fn visited(&self, now: &str, campaign: &str) -> Value {
        let status = self.done(now, &["status", "--campaign", campaign, "--format", "json"]);
        let status: Value = serde_json::from_str(&status).unwrap();
        assert_eq!(status["campaign"], campaign);
        let units = status["units"].as_array().unwrap();
        let unit = units.iter().find(|unit| unit["code"] == "141123").unwrap();
        unit["row"]["veterans_visited"].clone()
    }

    /// Kind, campaign and unit of every letter that left.
    fn told(&self) -> Vec<String> {
        let mut told: Vec<String> = self
            .letters()
            .iter()
            .map(|letter| {
                let header = |name: &str| {
                    letter.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("-").trim().to_owned()
                };
                format!(
                    "{} {} {}",
                    header("X-Mailtally-Kind:"),
                    header("X-Mailtally-Campaign:"),
                    header("X-Mailtally-Unit:")
                )
            })
            .collect();
        told.sort();
        told
    }
}

#[test]
fn next_years_folder_is_made_checked_and_leaves_this_year_alone() {
    let office = Office::with_own_campaign();
    let now = "2021-08-06T09:00:00+08:00";
    let said = office.done(now, &["campaign", "new", "2022-bayi", "--from", "2021-bayi"]);
    assert!(said.contains("配置检查通过") && said.contains("notice_number"), "{said}");
    let made = fs::read_to_string(office.path("campaigns/2022-bayi/campaign.toml")).unwrap();
    for line in [
        "title = \"2022年“八一”期间走访慰问情况\"",
        "opens = 2022-07-22",
        "deadline = { day = 2022-08-10, that_day_included = true }",
        "last_digest = 2022-08-20",
        "# What every unit owes.",
    ] {
        assert!(made.contains(line), "{line} is not in {made}");
    }
    let again = office.tried(now, &["campaign", "new", "2022-bayi", "--from", "2021-bayi"]);
    assert_eq!(again.status.code(), Some(2), "an existing folder is left alone");
    assert_eq!(office.tried(now, &["campaign", "new", "../x", "--from", "2021-bayi"]).status.code(), Some(2));
    assert_eq!(office.tried(now, &["campaign", "new", "2023", "--from", "2020-bayi"]).status.code(), Some(2));
    let listed = office.done(now, &["campaign", "list"]);
    assert!(listed.contains("2021-bayi") && listed.contains("进行中") && listed.contains("未开始"), "{listed}");
    assert_eq!(fs::read_dir(office.path("campaigns")).unwrap().count(), 2, "nothing is left behind");

    // A mail of this year is not taken by the collection that has not opened.
    office.ingest("this-year", "2021-08-05T09:00:00+08:00", 10, "2021年8月5日");
    assert_eq!(office.visited(now, "2021-bayi"), "10");
    assert_eq!(office.visited(now, "2022-bayi"), Value::Null);
    let status: Value = serde_json::from_str(&office.done(now, &["status", "--format", "json"])).unwrap();
    assert_eq!(status["campaign"], "2021-bayi", "the one under way is meant where none is named");
    let winter = "2021-12-01T09:00:00+08:00";
    let unclear = office.tried(winter, &["status"]);
    let words = String::from_utf8_lossy(&unclear.stderr).into_owned();
    assert_eq!(unclear.status.code(), Some(2));
    assert!(words.contains("2021-bayi, 2022-bayi"), "{words}");
}

#[test]
fn two_collections_share_a_storage_and_nothing_else() {
    let office = Office::with_own_campaign();
    office.done("2021-07-25T09:00:00+08:00", &["campaign", "new", "2022-bayi", "--from", "2021-bayi"]);
    office.ingest("this-year", "2021-08-05T09:00:00+08:00", 10, "2021年8月5日");
    office.ingest("next-year", "2022-08-05T09:00:00+08:00", 20, "2022年8月5日");
    let now = "2022-08-05T20:00:00+08:00";
    assert_eq!((office.visited(now, "2021-bayi"), office.visited(now, "2022-bayi")), ("10".into(), "20".into()));
    office.done(now, &["once"]);
    let acks: Vec<String> = office.told().into_iter().filter(|letter| letter.starts_with("ack")).collect();
    assert_eq!(acks, ["ack 2021-bayi 141123", "ack 2022-bayi 141123"]);
    let history = office.done(now, &["history", "--unit", "141123"]);
    assert!(history.contains("2021-bayi  141123") && history.contains("2022-bayi  141123"), "{history}");
    let reread = office.done(now, &["reread"]);
    assert!(reread.contains("没有变化"), "{reread}");
    let only: Value =
        serde_json::from_str(&office.done(now, &["reread", "--campaign", "2022-bayi", "--format", "json"])).unwrap();
    assert_eq!((&only["judged"], &only["applied"]), (&1.into(), &false.into()));
}

/// The form of another collection: orchards, in two columns.
const ORCHARDS: &str = "id = \"orchards\"\ntitle = \"果园情况统计表\"\nunit_labels = [\"填报单位\"]\n\
    filled_on_labels = [\"填报时间\"]\nsum_words = [\"合计\"]\nnote_words = [\"注\"]\nzero_words = [\"无\"]\n\
    [[columns]]\nkey = \"orchards\"\nheader = \"果园个数(个)\"\nkind = \"count\"\ncompulsory = true\n\
    [[columns]]\nkey = \"trees\"\nheader = \"果树株数(株)\"\nkind = \"count\"\ncompulsory = true\n\
    [[columns]]\nkey = \"variety\"\nheader = \"主要品种名称\"\nkind = \"text\"\n";

fn orchards() -> Vec<u8> {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.write(0, 0, "果园情况统计表").unwrap();
    sheet.write(1, 0, "填报单位：兴县").unwrap();
    for (column, (header, value)) in
        [("果园个数(个)", "3"), ("果树株数(株)", "1200"), ("主要品种名称", "红枣")].into_iter().enumerate()
    {
        let column = u16::try_from(column).unwrap();
        sheet.write(2, column, header).unwrap();
        match value.parse::<f64>() {
            Ok(number) => sheet.write(3, column, number).unwrap(),
            Err(_) => sheet.write(3, column, value).unwrap(),
        };
    }
    workbook.save_to_buffer().unwrap()
}

#[test]
fn the_table_of_another_collection_in_one_mail_is_laid_before_a_person() {
    let office = Office::with_own_campaign();
    let day = ["--opens", "2021-07-22", "--deadline", "2021-08-10"];
    let new = [&["campaign", "new", "2020-orchards", "--from", "2021-bayi", "--title", "果园情况"][..], &day].concat();
    office.done("2021-07-25T09:00:00+08:00", &new);
    fs::write(office.path("campaigns/2020-orchards/form.toml"), ORCHARDS).unwrap();
    let at = "2021-08-05T09:00:00+08:00";
    let visit = |people: u32| Visit { people, gifts: "米".to_owned(), cost: Decimal::from(people * 300) };
    let figures = Figures { veterans: visit(10), others: visit(0), troops: Vec::new(), remarks: String::new() };
    let form = FilledForm::new("兴县", "2021年8月5日", &figures, Writing::Plain, 4);
    let draft = Draft::new(Dialect::Qq, ("", XING), OFFICE, DateTime::parse_from_rfc3339(at).unwrap())
        .subject("兴县“八一”走访慰问统计表")
        .attach("兴县统计表.xlsx", workbook(&form, Placement::Usual).unwrap())
        .attach("兴县果园.xlsx", orchards());
    fs::write(office.path("both.eml"), draft.bytes()).unwrap();
    office.done(at, &["ingest", &office.path("both.eml").display().to_string()]);
    assert_eq!(office.visited(at, "2021-bayi"), "10");
    let open = office.done(at, &["review", "list"]);
    assert!(open.contains("兴县果园.xlsx") && open.contains("“果园情况”的报表"), "{open}");
    assert!(office.done(at, &["reread"]).contains("没有变化"));
}

#[test]
fn reread_shows_before_it_changes_and_is_told_in_the_history() {
    let office = Office::with_own_campaign();
    let roster = office.path("campaigns/2021-bayi/units.csv");
    let full = fs::read_to_string(&roster).unwrap();
    let without: String = full.lines().filter(|line| !line.contains("兴县")).map(|line| format!("{line}\n")).collect();
    fs::write(&roster, without).unwrap();
    office.ingest("early", "2021-08-05T09:00:00+08:00", 10, "2021年8月5日");
    let now = "2021-08-06T09:00:00+08:00";
    let open = office.done(now, &["review", "list"]);
    assert_eq!(open.lines().count(), 1, "{open}");
    fs::write(&roster, &full).unwrap();
    let shown = office.done(now, &["reread"]);
    for words in [
        "141123 兴县：未报送 → 部分报送",
        "统计表：未报 → 已采用",
        "单位：不明 → 141123 兴县",
        "了结待办 1 件",
        "补发回执 1 封",
        "尚未写入",
    ] {
        assert!(shown.contains(words), "{words} is not in {shown}");
    }
    assert_eq!(office.done(now, &["review", "list"]), open, "nothing was written");
    let applied = office.done(now, &["reread", "--apply"]);
    assert!(applied.contains("已写入"), "{applied}");
    assert_eq!(office.visited(now, "2021-bayi"), "10");
    assert_eq!(office.done(now, &["review", "list"]), "");
    let history = office.done(now, &["history"]);
    assert!(history.contains("按现行配置重新研判") && history.contains("报送统计表"), "{history}");
    office.done(now, &["once"]);
    assert!(office.told().contains(&"ack 2021-bayi 141123".to_owned()));
    assert!(office.done(now, &["reread", "--apply"]).contains("没有变化"));
    office.done(now, &["once"]);
    assert_eq!(office.told().iter().filter(|letter| letter.starts_with("ack")).count(), 1);
    let lock = mailtally::store::Store::lock(&office.path("data"), "drill").unwrap();
    assert_eq!(office.tried(now, &["reread", "--apply"]).status.code(), Some(1), "one process works on a storage");
    assert!(office.tried(now, &["reread"]).status.success(), "looking needs no lock");
    drop(lock);
    assert_eq!(office.tried(now, &["reread", "--campaign", "2020"]).status.code(), Some(2));
}
