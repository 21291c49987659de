//! The daily digest: one screen that tells an office what to do.

use std::collections::BTreeMap;

use mailtally::judge::letters::{self, DigestFacts};
use mailtally::model::campaign::Campaign;
use mailtally::model::ledger::{ItemStatus, Nature, ReviewReason};
use mailtally::model::letter::{LetterKind, LetterState};
use mailtally::model::mail::Digest;
use mailtally::model::returns::Item;
use mailtally::model::standing::{ArrivalLine, DigestInput, LetterLine, NewcomerLine, ReviewLine};
use mailtally::model::unit::{Roster, UnitCode};

use super::fixtures::{at, campaign, standing, unit};
use super::golden;

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
        faults: vec!["8月7日 22:10起邮箱连续3次无法登录，已暂停15分钟后重试，现已恢复。".to_owned()],
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
    assert!(letter.text.contains("来信 42 封 = 报送 31 + 咨询 2 + 自动回复 4 + 退信 2 + 无关邮件 3，未入账 0"));
    assert!(letter.text.contains("mailtally review show 12"));
    assert!(letter.html.contains("&lt;b&gt;表&lt;&#x2f;b&gt;") || letter.html.contains("&lt;b&gt;表&lt;/b&gt;"));
    golden("digest", &letter);
}

#[test]
fn a_lost_mail_is_shouted() {
    let campaign = campaign();
    let mut input = digest_input(&campaign);
    input.seen = 44;
    let letter = letters::digest(&campaign, &DigestFacts::new(&campaign, &input)).unwrap();
    assert!(letter.text.contains("未入账 2") && letter.text.contains("有来信未入账"));
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
