//! The daily digest: one screen that tells an office what to do.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::NaiveDate;
use mailtally::judge::letters::{self, DigestFacts, FinalFacts, Rendered};
use mailtally::model::campaign::Campaign;
use mailtally::model::ledger::{ItemStatus, Nature, ReviewReason, UnitStatus};
use mailtally::model::letter::{LetterKind, LetterState};
use mailtally::model::mail::Digest;
use mailtally::model::returns::Item;
use mailtally::model::standing::{
    ArrivalLine, ByHandLine, CampaignStanding, Closing, DayCount, DigestInput, Fault, LateLine, LetterLine,
    NewcomerLine, PersonsAct, ReplacedLine, ReviewLine, WaivedLine,
};
use mailtally::model::unit::{Roster, UnitCode};

use super::fixtures::{at, campaign, standing, unit};
use super::golden;

/// So many units were complete at the end of each day, from the opening on; the last as they stand.
fn course(done: &[usize], standing: &CampaignStanding) -> Vec<DayCount> {
    let first = NaiveDate::from_ymd_opt(2021, 7, 22).unwrap();
    let mut days: Vec<DayCount> =
        first.iter_days().zip(done).map(|(day, done)| DayCount { day, done: *done }).collect();
    let complete = standing.units.iter().filter(|unit| unit.status == UnitStatus::Complete).count();
    days.last_mut().unwrap().done = complete;
    days
}

/// July 22nd to August 8th, a Sunday.
const UNTIL_THE_8TH: [usize; 18] = [0, 0, 0, 0, 0, 1, 1, 2, 3, 3, 3, 5, 6, 8, 10, 13, 13, 14];

pub fn digest_input(campaign: &Campaign) -> DigestInput {
    let now = "2021-08-08T08:30:00+08:00";
    let (standing, tables) = standing(campaign, now);
    let arrival = |nature, code: Option<&str>, time: &str, subject: &str| ArrivalLine {
        mail: Digest::of(subject.as_bytes()),
        received_at: at(time),
        nature,
        unit: code.map(UnitCode::new),
        from: "某办公室 <someone@unit.example>".to_owned(),
        subject: subject.to_owned(),
    };
    let review = |id, reason, code: Option<&str>, subject: &str, text: &str| ReviewLine {
        id,
        received_at: at("2021-08-07T16:20:00+08:00"),
        mail: Digest::of(subject.as_bytes()),
        unit: code.map(UnitCode::new),
        from: "李某 <li@unit.example>".to_owned(),
        subject: subject.to_owned(),
        reason,
        text: text.to_owned(),
    };
    let letter = LetterLine {
        key: "ack/1".to_owned(),
        kind: LetterKind::Ack,
        campaign: campaign.id.clone(),
        unit: Some(UnitCode::new("141105")),
        recipients: vec!["141105@unit.example".to_owned()],
        state: LetterState::Held,
        due_at: at(now),
        sent_at: None,
        last_reply: Some("554 DT:SPM 126 smtp1,please see the notice".to_owned()),
    };
    DigestInput {
        course: course(&UNTIL_THE_8TH, &standing),
        newly_done: vec![UnitCode::new("141102")],
        fallen_back: vec![UnitCode::new("S01")],
        unfetched: 0,
        standing,
        since: at("2021-08-07T08:30:00+08:00"),
        arrivals: vec![
            arrival(Nature::Submission, Some("141102"), "2021-08-07T09:41:00+08:00", "离石区“八一”走访慰问材料"),
            arrival(Nature::Submission, Some("141106"), "2021-08-07T10:02:00+08:00", "关于报送统计表的函"),
            arrival(Nature::AutoReply, None, "2021-08-07T10:03:00+08:00", "自动回复：出差"),
            arrival(Nature::Question, Some("S05"), "2021-08-07T15:30:00+08:00", "请问无部队慰问的如何填写"),
            arrival(Nature::Submission, None, "2021-08-07T16:20:00+08:00", "八一慰问<b>表</b>"),
            arrival(Nature::Bounce, None, "2021-08-07T16:21:00+08:00", "系统退信"),
        ],
        newcomers: vec![NewcomerLine {
            mail: Digest::of(b"newcomer"),
            received_at: at("2021-08-07T10:02:00+08:00"),
            unit: UnitCode::new("141106"),
            address: "linxian.zhao@qq.example".to_owned(),
            items: vec![Item::Table, Item::Report],
        }],
        reviews: vec![
            review(
                12,
                ReviewReason::UnitUnknown,
                None,
                "八一慰问<b>表</b>",
                "表中未填单位名称，发件地址不在名册，无法认定报送单位。",
            ),
            review(15, ReviewReason::ItemNeedsReview, Some("S01"), "市财政局统计表", "表中单位名称与发件单位不一致。"),
            review(16, ReviewReason::Question, Some("S05"), "请问无部队慰问的如何填写", "单位来信咨询填报办法。"),
        ],
        mails: BTreeMap::from([
            (Nature::Submission, 31),
            (Nature::Question, 2),
            (Nature::AutoReply, 4),
            (Nature::Bounce, 2),
            (Nature::Foreign, 3),
        ]),
        seen: 42,
        stuck_letters: vec![letter],
        faults: vec![Fault {
            text: "账号“office”暂停中：邮箱连续3次无法登录，15分钟后重试".to_owned(), grave: false
        }],
        tables,
    }
}

#[test]
fn the_digest_says_it_all_on_one_screen() {
    let campaign = campaign();
    let input = digest_input(&campaign);
    let letter = letters::digest(&campaign, &DigestFacts::new(&campaign, &input)).unwrap();
    let done = input.standing.units.iter().filter(|unit| unit.items[&Item::Report] == ItemStatus::Accepted);
    let done = done.filter(|unit| unit.items[&Item::Table] == ItemStatus::Accepted).count();
    assert!(letter.subject.contains(&format!("已报齐 {done}/26")), "{}", letter.subject);
    assert!(letter.text.contains("信箱 42 封 = 报送 31 + 咨询 2 + 自动回复 4 + 退信 2 + 无关邮件 3，未入账 0"));
    assert!(letter.text.contains("mailtally review show 12"));
    assert!(letter.html.contains("&lt;b&gt;表&lt;&#x2f;b&gt;") || letter.html.contains("&lt;b&gt;表&lt;/b&gt;"));
    let (first_screen, _) = letter.text.split_once("【待人工处理】").unwrap();
    let order =
        ["已报齐 14/26", "驻吕部队：2/3", "新到：", "待处理：3 件", "未报送：6 个", "数字：", "预计：", "【故障】"];
    let places: Vec<usize> = order.iter().map(|words| first_screen.find(words).unwrap()).collect();
    assert!(places.is_sorted(), "{first_screen}");
    assert!(first_screen.contains("石楼县（张玉兰 0358-5551411）"), "few are named with whom to telephone");
    assert!(first_screen.contains("约 17 至 19 个"), "{first_screen}");
    golden("digest", &letter);
    picture("digest", &letter);
}

/// The picture of a letter, compared by what is seen.
fn picture(name: &str, letter: &Rendered) {
    let [picture] = letter.pictures.as_slice() else { panic!("{} pictures", letter.pictures.len()) };
    assert!(letter.html.contains(&format!("src=\"cid:{}\"", picture.name)));
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/letters/{name}.png"));
    if std::env::var_os("UPDATE_LETTERS").is_some() {
        std::fs::write(&path, &picture.bytes).unwrap();
    }
    let pixels = |bytes: &[u8]| {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes.to_vec())).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        pixels
    };
    let expected = std::fs::read(&path).unwrap_or_default();
    assert!(!expected.is_empty() && pixels(&picture.bytes) == pixels(&expected), "{} has changed", path.display());
}

/// The same collection at another moment, as if so many units of its roster had reported.
fn at_moment(campaign: &Campaign, now: &str, since: &str, reported: usize, done: &[usize]) -> DigestInput {
    let mut input = digest_input(campaign);
    input.standing.as_of = at(now);
    for unit in input.standing.units.iter_mut().skip(reported) {
        unit.status = UnitStatus::Missing;
        unit.items.values_mut().for_each(|status| *status = ItemStatus::Missing);
        (unit.row, unit.late, unit.extended_until, unit.reminders_sent) = (None, false, None, 0);
    }
    let rows = input.standing.units.iter().filter_map(|unit| unit.row.as_ref());
    input.standing.totals = mailtally::judge::progress::sum_totals(campaign, rows);
    let known: Vec<UnitCode> = input.standing.units.iter().take(reported).map(|unit| unit.unit.code.clone()).collect();
    input.tables.retain(|table| known.contains(&table.unit));
    input.course = course(done, &input.standing);
    input.since = at(since);
    input.faults.clear();
    input.stuck_letters.clear();
    input
}

#[test]
fn a_first_digest_foretells_nothing_and_keeps_its_long_lists_from_the_first_screen() {
    let campaign = campaign();
    let mut input = at_moment(&campaign, "2021-07-23T08:00:00+08:00", "2021-07-22T00:00:00+08:00", 0, &[0, 0]);
    (input.arrivals, input.newcomers, input.reviews) = (Vec::new(), Vec::new(), Vec::new());
    (input.newly_done, input.fallen_back) = (Vec::new(), Vec::new());
    (input.mails, input.seen) = (BTreeMap::from([(Nature::Foreign, 1)]), 1);
    let letter = letters::digest(&campaign, &DigestFacts::new(&campaign, &input)).unwrap();
    assert!(letter.text.contains("预计：尚无法预计"), "{}", letter.text);
    let (first_screen, _) = letter.text.split_once("【7月22日 00:00以来新到】").unwrap();
    assert!(first_screen.contains("县市区 13：离石区、文水县、交城县、兴县、临县等；市直 10："), "{first_screen}");
    assert!(!first_screen.contains("0358-") && letter.text.contains("0358-5551411"), "telephones stand in the list");
    golden("digest_first", &letter);
}

#[test]
fn on_the_last_day_the_forecast_is_of_that_day() {
    let campaign = campaign();
    let mut done = UNTIL_THE_8TH.to_vec();
    done.extend([14, 14]);
    let mut input = at_moment(&campaign, "2021-08-10T08:00:00+08:00", "2021-08-09T08:00:00+08:00", 26, &done);
    input.reviews.clear();
    let letter = letters::digest(&campaign, &DigestFacts::new(&campaign, &input)).unwrap();
    assert!(letter.text.contains("今日截止") && letter.text.contains("还有 1 个工作日"), "{}", letter.text);
    golden("digest_last_day", &letter);
}

#[test]
fn grave_faults_stand_above_everything() {
    let campaign = campaign();
    let mut input = digest_input(&campaign);
    input.seen = 44;
    input.unfetched = 1;
    let parked = "账号“smtp”已停用，需管理员处理：535 Error: authentication failed".to_owned();
    input.faults.insert(0, Fault { text: parked, grave: true });
    input
        .faults
        .push(Fault { text: "信箱 office/INBOX：邮件超过 100 MB，请人工查看".to_owned(), grave: false });
    let letter = letters::digest(&campaign, &DigestFacts::new(&campaign, &input)).unwrap();
    assert!(letter.subject.ends_with("有严重故障"), "{}", letter.subject);
    let place = |words: &str| letter.text.find(words).unwrap();
    assert!(place("有 2 封来信未入账") < place("已报齐 14/26") && place("已停用") < place("已报齐 14/26"));
    assert!(
        letter.text.contains("信箱 45 封 = 报送 31 + 咨询 2 + 自动回复 4 + 退信 2 + 无关邮件 3 + 未能取回 1，未入账 2")
    );
    golden("digest_faults", &letter);
}

fn closing() -> Closing {
    let late = |item, time: &str| LateLine {
        unit: UnitCode::new("S04"),
        item,
        received_at: at(time),
        deadline: at("2021-08-10T23:59:59+08:00"),
    };
    Closing {
        late: vec![late(Item::Table, "2021-08-11T07:12:00+08:00"), late(Item::Report, "2021-08-11T07:12:00+08:00")],
        waived: vec![WaivedLine {
            unit: UnitCode::new("B01"),
            item: Item::Report,
            reason: "按保密要求不书面报送<b>".to_owned(),
            by: "王科长".to_owned(),
        }],
        by_hand: vec![ByHandLine {
            unit: UnitCode::new("141110"),
            items: vec![Item::Table, Item::Report],
            received_at: at("2021-08-09T15:30:00+08:00"),
            by: "王科长".to_owned(),
        }],
        replaced: vec![ReplacedLine { unit: UnitCode::new("141103"), item: Item::Table, times: 3 }],
        acts: vec![(PersonsAct::Assigned, 2), (PersonsAct::Accepted, 3), (PersonsAct::Returned, 1)],
        letters: BTreeMap::from([(LetterKind::Ack, 31), (LetterKind::Reminder, 64), (LetterKind::Digest, 20)]),
    }
}

#[test]
fn the_final_report_tells_what_the_collection_came_to() {
    let campaign = campaign();
    let mut done = UNTIL_THE_8TH.to_vec();
    done.extend([14, 14, 14]);
    let input = at_moment(&campaign, "2021-08-11T08:00:00+08:00", "2021-08-10T08:00:00+08:00", 26, &done);
    let letter = letters::final_report(&campaign, &FinalFacts::new(&campaign, &input, &closing())).unwrap();
    assert!(letter.subject.starts_with("终报：") && letter.subject.contains("14/26"), "{}", letter.subject);
    for words in [
        "合计：应报 26，报齐 14，已报未齐 6，未报 6，逾期 1；经费 474,939 元（47.4939 万元）",
        "慰问折算经费(元)（第3栏）：231,336（23.1336 万元）",
        "市水利局：统计表 8月11日 07:12（迟 1 天），专题报告 8月11日 07:12（迟 1 天）",
        "驻吕某部1队：免报专题报告。理由：按保密要求不书面报送<b>（王科长登记）",
        "方山县：统计表、专题报告，8月9日 15:30 到（王科长登记）",
        "文水县：统计表共报 3 次",
        "认定单位 2 次，核定采用 3 次，退回更正 1 次",
        "回执 31 封，催报 64 封，每日简报 20 封，告警 0 封（不含本封）",
        "由每日简报继续报告，至 8月20日 止",
        "mailtally review show 12",
        "石楼县（缺统计表、专题报告）　张玉兰　0358-5551411　已催报 1 次　邮件不通",
    ] {
        assert!(letter.text.contains(words), "{words} is not in\n{}", letter.text);
    }
    assert!(!letter.html.contains("报送<b>"));
    assert!(!letter.text.contains("预计"), "nothing is left to foretell");
    golden("final", &letter);
    picture("final", &letter);
    let later = at_moment(&campaign, "2021-08-12T08:00:00+08:00", "2021-08-11T08:00:00+08:00", 26, &done);
    let letter = letters::digest(&campaign, &DigestFacts::new(&campaign, &later)).unwrap();
    assert!(letter.text.contains("终报以 8月11日 为准，此后情况见本简报"), "{}", letter.text);
}

#[test]
fn a_final_report_of_nothing_is_still_a_letter() {
    let mut campaign = campaign();
    campaign.last_digest = NaiveDate::from_ymd_opt(2021, 8, 10).unwrap();
    let mut input = at_moment(&campaign, "2021-08-11T08:00:00+08:00", "2021-08-10T08:00:00+08:00", 0, &[0; 21]);
    (input.reviews, input.arrivals) = (Vec::new(), Vec::new());
    let letter = letters::final_report(&campaign, &FinalFacts::new(&campaign, &input, &Closing::default())).unwrap();
    assert!(letter.text.contains("未报送】26 个单位") && letter.text.contains("【待人工处理】0 件\n  无。"));
    assert!(letter.text.contains("不再发送简报"), "{}", letter.text);
}

#[test]
fn an_office_whose_template_shows_no_picture_gets_none() {
    let mut campaign = campaign();
    let pair = campaign.templates.letters.get_mut(&LetterKind::Digest).unwrap();
    (pair.text, pair.html) = ("主题：甲\n乙{{ chart.alt }}".to_owned(), "<p>乙</p>".to_owned());
    let letter = letters::digest(&campaign, &DigestFacts::new(&campaign, &digest_input(&campaign))).unwrap();
    assert!(letter.pictures.is_empty() && letter.text.contains("应报 26 个"));
}

#[test]
fn a_lost_mail_is_shouted() {
    let campaign = campaign();
    let mut input = digest_input(&campaign);
    input.seen = 44;
    let letter = letters::digest(&campaign, &DigestFacts::new(&campaign, &input)).unwrap();
    assert!(letter.text.contains("未入账 2") && letter.text.contains("有来信未入账"));
    assert!(letter.subject.ends_with("有严重故障"));
}

#[test]
fn a_digest_of_a_whole_province_still_renders() {
    let mut campaign = campaign();
    let mut input = digest_input(&campaign);
    let missing = input.standing.units.iter().find(|unit| unit.undeliverable).unwrap().clone();
    input.standing.units = (0..3_000)
        .map(|index| {
            let mut standing = missing.clone();
            standing.unit = unit(&format!("X{index:04}"), &format!("单位{index}"), "县市区");
            standing
        })
        .collect();
    campaign.roster = Roster::new(input.standing.units.iter().map(|standing| standing.unit.clone()).collect());
    let letter = letters::digest(&campaign, &DigestFacts::new(&campaign, &input)).unwrap();
    assert!(letter.subject.contains("0/3000") && letter.text.contains("单位2999"));
}
