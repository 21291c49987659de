//! Reminders as they go out: the form with the unit's name, superiors, days off, what a person holds.

use std::io::Cursor;

use calamine::{Reader as _, Xlsx};
use mailtally::demo::build::mime::Draft;
use mailtally::demo::build::mimicry::Dialect;
use mailtally::judge::letters;
use mailtally::model::campaign::ReminderStage;
use mailtally::model::form::FindingCode;
use mailtally::model::ledger::Nature;
use mailtally::model::letter::LetterKind;
use mailtally::model::returns::Item;
use mailtally::model::unit::{Roster, Superior, UnitCode};
use mailtally::post::Posted;
use mailtally::read::{self, Limits};
use mailtally::work::deliver::Quota;

use super::office::{Office, at, campaign, unit};

const PLENTY: Quota = Quota { per_minute: 1000, per_day: 10_000 };

#[tokio::test]
async fn the_blank_form_has_the_units_name_and_is_read_as_blank() {
    let office = Office::with("office@163.example", campaign().roster.units().to_vec()).await;
    let letters = office.works(at("2021-08-03T09:00")).await;
    let posted = letters.iter().find(|posted| posted.letter.unit == Some(UnitCode::new("141102"))).unwrap();
    let letter = &posted.letter;
    let [form] = &letter.attachments[..] else { panic!("{:?}", letter.attachments.len()) };
    assert_eq!(form.name, "2021年“八一”期间走访慰问情况统计表（离石区）.xlsx");
    assert!(letter.text.contains("单位名称已填好"));
    // Sent back as it is, it is known for what it is and whose it is.
    let bytes = String::from_utf8_lossy(&posted.bytes);
    let body = bytes.find("Content-Type:").map(|place| &bytes[place..]).unwrap();
    let reply = format!("From: someone@else.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n{body}");
    let mail = read::open(reply.as_bytes(), &Limits::default());
    let register = office.engine.desk.register();
    let hints = mailtally::model::hints::Hints::default();
    let understanding = mailtally::judge::understand::understand(mail, &register, &hints);
    assert_eq!(understanding.tables.len(), 1);
    let codes: Vec<_> = understanding.tables[0].findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [FindingCode::BlankForm]);
    assert_eq!(understanding.tables[0].unit, Some(UnitCode::new("141102")));
}

#[tokio::test]
async fn a_name_that_is_none_for_files_names_the_form_all_the_same() {
    let name = "甲/乡<b>|=cmd()\u{202e}*\r\nBcc: x@evil.example";
    let office = Office::with("office@163.example", vec![unit("A1", name, "a1@unit.example")]).await;
    let letters = office.works(at("2021-08-03T09:00")).await;
    let [form] = &letters[0].letter.attachments[..] else { panic!("{}", letters[0].letter.attachments.len()) };
    let told = "甲_乡_b__=cmd()_ Bcc_ x@evil.example";
    assert_eq!(form.name, format!("2021年“八一”期间走访慰问情况统计表（{told}）.xlsx"));
    let mut book = Xlsx::<_>::new(Cursor::new(form.bytes.clone())).unwrap();
    assert_eq!(book.worksheet_formula("统计表").unwrap().used_cells().count(), 0);
    let mail = read::open(&letters[0].bytes, &Limits::default());
    assert_eq!(mail.headers.to.len(), 1);
    assert!(mail.pieces.iter().any(|piece| piece.name.contains(told)), "{:?}", mail.pieces[0].name);
}

#[tokio::test]
async fn who_owes_only_the_report_gets_no_form() {
    let mut campaign = campaign();
    campaign.items.retain(|due| due.item == Item::Report);
    let office = Office::new("office@163.example", campaign, PLENTY).await;
    let letters = office.works(at("2021-08-03T09:00")).await;
    assert!(!letters.is_empty());
    assert!(letters.iter().all(|posted| posted.letter.attachments.is_empty()));
    assert!(letters.iter().all(|posted| !posted.letter.text.contains("附件《")));
}

#[tokio::test]
async fn superiors_and_copies_get_one_list_each() {
    let mut campaign = campaign();
    let mut units = vec![
        unit("A1", "甲乡", "a1@unit.example"),
        unit("A2", "乙乡", ""),
        unit("B1", "丙乡", "b1@unit.example"),
        unit("K1", "县政府办", "k1@unit.example"),
    ];
    for place in [0, 1] {
        units[place].superior = Some(Superior::Unit(UnitCode::new("K1")));
    }
    units[2].superior =
        Some(Superior::Address { name: Some("镇政府".to_owned()), address: "town@town.example".to_owned() });
    campaign.roster = Roster::new(units);
    let time = campaign.reminders[0].time;
    campaign.reminders = vec![ReminderStage {
        to_superior: true,
        copy_to: vec!["leader@lvliang.example".to_owned()],
        ..ReminderStage::usual(1, time)
    }];
    let office = Office::new("office@163.example", campaign, PLENTY).await;
    let letters = office.works(at("2021-08-11T09:00")).await;
    let to = |address: &str| -> Vec<&mailtally::model::letter::Letter> {
        letters.iter().map(|posted| &posted.letter).filter(|letter| letter.recipients == [address]).collect()
    };
    assert_eq!(letters.len(), 6, "three units with an address, two superiors, one copy");
    let list = to("k1@unit.example");
    assert_eq!(list.len(), 2, "its own reminder, and the list of those below it");
    let list = list.into_iter().find(|letter| letter.unit.is_none()).unwrap();
    assert!(
        list.text.contains("县政府办：") && list.text.contains("甲乡") && list.text.contains("乙乡"),
        "{}",
        list.text
    );
    assert!(!list.text.contains("丙乡") && list.text.contains("邮件无法送达"), "{}", list.text);
    assert_eq!(list.kind, LetterKind::Reminder);
    assert!(to("town@town.example")[0].text.contains("镇政府："));
    let copy = to("leader@lvliang.example")[0];
    assert!(["甲乡", "乙乡", "丙乡", "县政府办"].iter().all(|name| copy.text.contains(name)), "{}", copy.text);
    assert!(office.works(at("2021-08-11T10:00")).await.is_empty(), "once each");
    assert_eq!(office.standing("K1", at("2021-08-11T10:00")).await.reminders_sent, 1, "the list is no reminder to it");
}

#[tokio::test]
async fn nobody_is_reminded_of_a_file_that_the_office_looks_at() {
    let mut campaign = campaign();
    let mut units = vec![unit("A1", "甲乡", "a1@unit.example"), unit("A2", "乙乡", "a2@unit.example")];
    for unit in &mut units {
        unit.superior = Some(Superior::Address { name: None, address: "county@county.example".to_owned() });
    }
    campaign.roster = Roster::new(units);
    let time = campaign.reminders[0].time;
    campaign.reminders = vec![ReminderStage { to_superior: true, ..ReminderStage::usual(-7, time) }];
    let office = Office::new("office@163.example", campaign, PLENTY).await;
    let now = at("2021-08-02T09:00");
    let from = |address: &'static str| Draft::new(Dialect::NetEase, ("", address), "office@163.example", now);
    let strange = from("a1@unit.example").subject("八一走访慰问").attach("情况.txt", b"x".repeat(2_000)).bytes();
    let link = from("a2@unit.example")
        .subject("八一走访慰问")
        .text("超大附件 统计表.xlsx https://mail.163.com/large-attachment-download/index.html?file=x")
        .bytes();
    for mail in [strange, link] {
        assert_eq!(office.receives("mail", &mail, now).await.nature, Nature::Submission);
    }
    let receipts = office.works(now).await;
    assert_eq!(receipts.len(), 2);
    let told = |address: &str| {
        receipts.iter().find(|posted| posted.letter.recipients == [address]).unwrap().letter.text.clone()
    };
    assert!(told("a1@unit.example").contains("未识别出应报送的材料，已转工作人员核对"), "{}", told("a1@unit.example"));
    assert!(told("a2@unit.example").contains("请将文件直接作为邮件附件报送"), "{}", told("a2@unit.example"));
    // What only the unit can mend it is reminded of.
    let letters = office.works(at("2021-08-03T09:00")).await;
    let mut to: Vec<&str> = letters.iter().map(|posted| posted.letter.recipients[0].as_str()).collect();
    to.sort_unstable();
    assert_eq!(to, ["a2@unit.example", "county@county.example"]);
    assert!(letters.iter().all(|posted| !posted.letter.text.contains("甲乡")));
}

#[tokio::test]
async fn a_list_goes_to_no_address_that_came_back() {
    let mut campaign = campaign();
    let mut units = vec![
        unit("A1", "甲乡", "a1@unit.example"),
        unit("A2", "乙乡", "a2@unit.example"),
        unit("K1", "县政府办", "k1@unit.example"),
    ];
    units[0].superior = Some(Superior::Unit(UnitCode::new("K1")));
    units[1].superior =
        Some(Superior::Address { name: Some("镇政府".to_owned()), address: "town@town.example".to_owned() });
    campaign.roster = Roster::new(units);
    let time = campaign.reminders[0].time;
    campaign.reminders =
        [-7, -3, -1].map(|days| ReminderStage { to_superior: true, ..ReminderStage::usual(days, time) }).to_vec();
    let office = Office::new("office@163.example", campaign, PLENTY).await;
    let to = |letters: &[Posted]| {
        let mut to: Vec<String> = letters.iter().map(|posted| posted.letter.recipients[0].clone()).collect();
        to.sort_unstable();
        to
    };
    let first = office.works(at("2021-08-03T09:00")).await;
    let (k1, town) = ("k1@unit.example", "town@town.example");
    assert_eq!(to(&first), ["a1@unit.example", "a2@unit.example", k1, k1, town]);
    // The superior's own reminder bounces, and the list to an address that is no unit's.
    let lost = |posted: &&Posted| {
        posted.letter.recipients == [town] || (posted.letter.recipients == [k1] && posted.letter.unit.is_some())
    };
    for posted in first.iter().filter(lost) {
        let now = at("2021-08-03T09:05");
        let bounce = mailtally::demo::bounce_of(&posted.letter.message_id, &posted.letter.recipients[0], now);
        assert_eq!(office.receives("bounce", &bounce.bytes, now).await.nature, Nature::Bounce);
    }
    let second = office.works(at("2021-08-06T09:00")).await;
    assert_eq!(to(&second), ["a1@unit.example", "a2@unit.example"]);
    // Both letters that came back wait for a person, so the office knows whom to call.
    let stuck = office.store().stuck_letters("2021-bayi").await.unwrap();
    assert_eq!(stuck.iter().map(|letter| letter.recipients[0].as_str()).collect::<Vec<_>>(), [town, k1]);
    // Once the superior writes from there, its address works again.
    let now = at("2021-08-07T10:00");
    let question = b"From: k1@unit.example\r\nTo: office@163.example\r\nSubject: =?utf-8?B?6K+36Zeu5oql6YCB5pa55byP?=\r\n\r\nx\r\n";
    assert_eq!(office.receives("question", question, now).await.nature, Nature::Question);
    let third = office.works(at("2021-08-09T09:00")).await;
    assert_eq!(to(&third), ["a1@unit.example", "a2@unit.example", k1, k1]);
}

#[tokio::test]
async fn nobody_is_written_to_on_a_day_off_and_each_stage_goes_once() {
    let office = Office::with("office@163.example", vec![unit("A1", "甲乡", "a1@unit.example")]).await;
    let mut days = Vec::new();
    for day in 1..=14 {
        for hour in ["03:00", "08:00", "09:00", "12:00", "17:00", "18:00", "23:00"] {
            let now = at(&format!("2021-08-{day:02}T{hour}"));
            days.extend(office.works(now).await.iter().map(|_| format!("{day} {hour}")));
        }
    }
    // -3 would be Saturday the 7th.
    assert_eq!(days, ["3 09:00", "6 09:00", "9 09:00", "10 09:00", "11 09:00"]);
}

#[tokio::test]
async fn held_reminders_wait_for_release_and_are_worth_nothing_after_their_stage() {
    let mut office = Office::with("office@163.example", vec![unit("A1", "甲乡", "a1@unit.example")]).await;
    office.engine.sending.as_mut().unwrap().hold_reminders = true;
    assert!(office.works(at("2021-08-03T09:00")).await.is_empty());
    let campaign = office.engine.desk.register().campaigns().next().unwrap().clone();
    let stuck = office.store().stuck_letters(&campaign.id).await.unwrap();
    assert_eq!(stuck.len(), 1);
    let key = mailtally::model::letter::LetterKey::parse(&stuck[0].key).unwrap();
    let stored = office.store().letter(&key).await.unwrap().unwrap();
    let person = mailtally::work::review::Person { name: "李四", now: at("2021-08-03T10:00"), quiet: false };
    let word =
        mailtally::work::ruling::Word { ruling: mailtally::model::ledger::LetterRuling::Released, not_sent: false };
    mailtally::work::ruling::rule(office.store(), &stored, word, person).await.unwrap();
    assert_eq!(office.works(at("2021-08-03T10:01")).await.len(), 1);
    let history = office.store().history(Some(&UnitCode::new("A1")), None).await.unwrap();
    assert!(
        history.iter().any(|line| matches!(line.event.kind, mailtally::model::ledger::EventKind::LetterRuled { .. }))
    );
    // The next stage's letter is held as well, and stale once the one after it begins.
    office.works(at("2021-08-06T09:00")).await;
    office.works(at("2021-08-09T09:00")).await;
    let stuck = office.store().stuck_letters(&campaign.id).await.unwrap();
    assert_eq!(stuck.len(), 1);
    assert!(stuck[0].key.ends_with("/-1"), "{}", stuck[0].key);
}

#[tokio::test]
async fn a_bounced_unit_is_on_the_telephone_list_with_contact_and_number() {
    let office = Office::with(
        "office@163.example",
        vec![unit("A1", "甲乡", "a1@unit.example"), unit("A2", "乙乡", ""), unit("A3", "丙乡", "a3@unit.example")],
    )
    .await;
    let now = at("2021-08-03T09:00");
    let letters = office.works(now).await;
    let first = letters.iter().find(|posted| posted.letter.recipients == ["a1@unit.example"]).unwrap();
    let bounce = mailtally::demo::bounce_of(&first.letter.message_id, "a1@unit.example", now);
    assert_eq!(office.receives("bounce", &bounce.bytes, now).await.nature, Nature::Bounce);
    let register = office.engine.desk.register();
    let campaign = register.campaigns().next().unwrap();
    let faults = Vec::new();
    let span = mailtally::work::collect::Span::All;
    let input = mailtally::work::collect::digest_input(office.store(), campaign, span, now, faults).await.unwrap();
    let digest = letters::digest(campaign, &letters::DigestFacts::new(campaign, &input)).unwrap();
    let list = digest.text.split("【须电话联系】").nth(1).unwrap().split('【').next().unwrap();
    for told in ["甲乡", "乙乡", "张主任", "0358-5550199"] {
        assert!(list.contains(told), "{told}: {list}");
    }
    assert!(!list.contains("丙乡"), "{list}");
    // It is not reminded again while nobody has written from there.
    let next = office.works(at("2021-08-06T09:00")).await;
    let to: Vec<_> = next.iter().map(|posted| posted.letter.recipients[0].as_str()).collect();
    assert_eq!(to, ["a3@unit.example"]);
}
