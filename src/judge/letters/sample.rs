//! Sample letters of every situation, so that a faulty template is found before a unit could get it.

mod mail;
mod standing;

use chrono::{DateTime, Duration, FixedOffset};

use self::mail::{finding, ledgers, mail, totals, understanding, unit};
use self::standing::{closing, digest_input};
use super::{
    AlertFacts, AnswerFacts, ArrearsFacts, DigestFacts, Enclosed, FinalFacts, ReceiptFacts, ReminderFacts, Rendered,
    Template, TemplateError, Word,
};
use crate::judge::{changes, progress};
use crate::model::campaign::{Campaign, ReminderStage};
use crate::model::form::FindingCode;
use crate::model::ledger::{UnitLedger, Verdict};
use crate::model::returns::Item;
use crate::model::standing::{Closing, UnitStanding};
use crate::model::unit::Unit;

/// Every letter of the campaign, rendered from samples.
pub(super) fn every_letter(campaign: &Campaign) -> Vec<Result<Rendered, TemplateError>> {
    let (early, past) = (campaign.deadline - Duration::days(5), campaign.deadline + Duration::days(1));
    let mut letters = Vec::new();
    for full in [true, false] {
        let understanding = understanding(campaign, full);
        let nothing = UnitLedger::default();
        let verdict = if full { Verdict::NeedsCorrection } else { Verdict::Accepted };
        let (before, after) = ledgers(campaign, verdict, early);
        let (_, in_review) = ledgers(campaign, Verdict::NeedsReview, early);
        for (before, after, now) in [
            (&before, &after, early),
            (&nothing, &after, past),
            (&nothing, &in_review, early),
            (&before, &before, early),
            (&nothing, &nothing, past),
        ] {
            let facts = ReceiptFacts::new(campaign, &understanding, &unit(campaign), before, after, now);
            let enclosed = |own: bool| Enclosed { name: "统计表（标注）.xlsx".to_owned(), own, hints: !own };
            letters.push(super::receipt(campaign, &facts, now));
            letters.push(super::receipt(campaign, &facts.enclosing(vec![enclosed(true), enclosed(false)]), now));
        }
    }
    for (word, now) in words().into_iter().flat_map(|word| [(word.clone(), early), (word, past)]) {
        for items in [Item::ALL.to_vec(), Vec::new()] {
            let (_, ledger) = ledgers(campaign, Verdict::Accepted, early);
            let facts = AnswerFacts {
                unit: unit(campaign).name,
                mail: mail(),
                received_at: early,
                subject: "主题".to_owned(),
                word: word.clone(),
                items,
                changes: changes::of_totals(&campaign.form, None, Some(&totals(campaign, 1))),
            };
            letters.push(super::answer(campaign, &facts, &ledger, now));
            letters.push(super::answer(campaign, &facts, &UnitLedger::default(), now));
        }
    }
    for days in [-7, -3, -1, 0, 1] {
        let stage = ReminderStage::usual(days, campaign.deadline.time());
        let now = campaign.deadline + Duration::days(days);
        for extended_until in [None, Some(campaign.deadline)] {
            let ledger = UnitLedger { extended_until, ..UnitLedger::default() };
            let missing = ReminderFacts::new(campaign, &unit(campaign), &ledger, &stage, now);
            letters.push(super::reminder(campaign, &missing, now));
        }
        for verdict in [Verdict::NeedsCorrection, Verdict::NeedsReview, Verdict::Accepted] {
            let (_, ledger) = ledgers(campaign, verdict, now);
            let facts = ReminderFacts::new(campaign, &unit(campaign), &ledger, &stage, now).with_findings(
                Item::Table,
                "统计表.xlsx",
                &vec![finding(FindingCode::TotalMismatch); 7],
            );
            letters.push(super::reminder(campaign, &facts, now));
        }
    }
    for (now, full) in [(early, true), (early, false), (past, true)] {
        let standing = digest_input(campaign, now, full).standing;
        let units: Vec<&UnitStanding> = standing.units.iter().collect();
        letters.push(super::arrears(campaign, &ArrearsFacts::new(campaign, full.then_some("上级单位"), &units, now)));
        let input = digest_input(campaign, now, full);
        letters.push(super::digest(campaign, &DigestFacts::new(campaign, &input)));
        let closing = if full { closing(campaign, now) } else { Closing::default() };
        letters.push(super::final_report(campaign, &FinalFacts::new(campaign, &input, &closing)));
    }
    let lines = ["邮箱登录被拒绝。".to_owned()];
    letters.push(super::alert(campaign, &AlertFacts::new("邮箱登录失败", early, &lines, &lines), early));
    letters.push(super::alert(campaign, &AlertFacts::new("磁盘空间不足", early, &[], &[]), early));
    letters
}

/// The letters of one template as this unit would get them, with sample data where mail would speak.
pub(super) fn of(
    campaign: &Campaign,
    template: Template,
    unit: &Unit,
    now: DateTime<FixedOffset>,
) -> Result<Vec<Rendered>, TemplateError> {
    let letter = match template {
        Template::Receipt => {
            let (_, after) = ledgers(campaign, Verdict::NeedsCorrection, now);
            let understanding = understanding(campaign, true);
            let facts = ReceiptFacts::new(campaign, &understanding, unit, &UnitLedger::default(), &after, now);
            super::receipt(campaign, &facts, now)
        }
        Template::Answer => {
            return words().into_iter().map(|word| answer(campaign, word, unit, now)).collect();
        }
        Template::Reminder => {
            let stage = ReminderStage::usual(0, campaign.deadline.time());
            let facts = ReminderFacts::new(campaign, unit, &UnitLedger::default(), &stage, now);
            super::reminder(campaign, &facts, now)
        }
        Template::Arrears => {
            let nothing = progress::standing(campaign, &[], now);
            let units: Vec<&UnitStanding> = nothing.units.iter().take(3).collect();
            super::arrears(campaign, &ArrearsFacts::new(campaign, Some("上级单位"), &units, now))
        }
        Template::Digest => super::digest(campaign, &DigestFacts::new(campaign, &digest_input(campaign, now, true))),
        Template::FinalReport => {
            let input = digest_input(campaign, now, true);
            super::final_report(campaign, &FinalFacts::new(campaign, &input, &closing(campaign, now)))
        }
        Template::Alert => {
            let lines = ["此处为示例文字。".to_owned()];
            super::alert(campaign, &AlertFacts::new("示例告警", now, &lines, &lines), now)
        }
    };
    Ok(vec![letter?])
}

/// Every word the office can say of a mail.
fn words() -> [Word; 3] {
    [Word::Accepted, Word::Returned { reason: "此处为示例文字。".to_owned() }, Word::Withdrawn]
}

fn answer(campaign: &Campaign, word: Word, unit: &Unit, now: DateTime<FixedOffset>) -> Result<Rendered, TemplateError> {
    let verdict = match word {
        Word::Accepted => Verdict::Accepted,
        Word::Returned { .. } => Verdict::NeedsCorrection,
        Word::Withdrawn => Verdict::NeedsReview,
    };
    let (_, ledger) = ledgers(campaign, verdict, now);
    let facts = AnswerFacts {
        unit: unit.name.clone(),
        mail: mail(),
        received_at: now,
        subject: "报送材料".to_owned(),
        word,
        items: vec![Item::Table],
        changes: Vec::new(),
    };
    super::answer(campaign, &facts, &ledger, now)
}
