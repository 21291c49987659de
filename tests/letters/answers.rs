//! The office's own word about a mail: accepted, given back, withdrawn.

use mailtally::judge::changes;
use mailtally::judge::letters::{self, AnswerFacts, Word};
use mailtally::model::ledger::{UnitLedger, Verdict};
use mailtally::model::mail::Digest;
use mailtally::model::returns::Item;

use super::fixtures::{at, campaign, filed, ledger, totals};
use super::{complete_return, golden};

fn facts(word: Word, items: Vec<Item>) -> AnswerFacts {
    AnswerFacts {
        unit: "离石区".to_owned(),
        mail: Digest::of(b"mail"),
        received_at: at("2021-08-05T14:03:20+08:00"),
        subject: "离石区“八一”走访慰问材料".to_owned(),
        word,
        items,
        changes: Vec::new(),
    }
}

#[test]
fn what_is_given_back_is_asked_for_politely_and_until_when() {
    let campaign = campaign();
    let mail = Digest::of(b"mail");
    let time = "2021-08-05T14:03:20+08:00";
    let mut unit = ledger(vec![(Item::Table, filed(Item::Table, &mail, time, Verdict::NeedsCorrection, None))]);
    let reason = "第3栏慰问折算经费与附表不符，请核对后<重新填写>；备注栏请写明慰问日期".to_owned();
    let facts = facts(Word::Returned { reason }, vec![Item::Table]);
    let letter = letters::answer(&campaign, &facts, &unit, at("2021-08-06T09:00:00+08:00")).unwrap();
    golden("answer_returned", &letter);
    assert_eq!(letter.subject, "请更正：离石区报送的统计表");
    assert!(letter.text.contains("8月10日（星期二）前（还有4天）") && letter.text.contains("专题报告尚未收到"));
    assert!(letter.html.contains("&lt;重新填写&gt;"));
    // A unit with more time is told its own day.
    unit.extended_until = Some(at("2021-08-14T23:59:59+08:00"));
    let letter = letters::answer(&campaign, &facts, &unit, at("2021-08-06T09:00:00+08:00")).unwrap();
    assert!(letter.text.contains("8月14日（星期六）前（还有8天）") && !letter.text.contains("8月10日"));
}

#[test]
fn what_is_accepted_says_what_counts_now_and_what_that_changes() {
    let campaign = campaign();
    let (mail, unit) = complete_return();
    let before = totals(&[mail.tables[0].rows[1].clone()]);
    let facts = AnswerFacts {
        changes: changes::of_totals(&campaign.form, Some(&before), Some(&mail.tables[0].totals)),
        ..facts(Word::Accepted, vec![Item::Table])
    };
    let letter = letters::answer(&campaign, &facts, &unit, at("2021-08-06T09:00:00+08:00")).unwrap();
    golden("answer_accepted", &letter);
    assert!(letter.text.contains("登记有效，无需重报") && letter.text.contains("已全部收齐"));
    assert!(letter.text.contains("7,200 → 44,000"), "{}", letter.text);
}

#[test]
fn a_receipt_that_holds_no_more_is_withdrawn_without_naming_a_unit() {
    let campaign = campaign();
    let facts = AnswerFacts { unit: String::new(), ..facts(Word::Withdrawn, Vec::new()) };
    let letter = letters::answer(&campaign, &facts, &UnitLedger::default(), at("2021-08-06T09:00:00+08:00")).unwrap();
    golden("answer_withdrawn", &letter);
    assert!(!letter.text.contains("离石区：") && !letter.text.contains("尚未收到"), "{}", letter.text);
}
