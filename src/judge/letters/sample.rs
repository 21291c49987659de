//! Sample letters of every situation, so that a faulty template is found before a unit could get it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Duration, FixedOffset};
use rust_decimal::Decimal;

use super::{
    AlertFacts, AnswerFacts, ArrearsFacts, DigestFacts, Enclosed, FinalFacts, ReceiptFacts, ReminderFacts, Rendered,
    Template, TemplateError, Word,
};
use crate::judge::{changes, progress};
use crate::model::campaign::{Campaign, ReminderStage};
use crate::model::decision::{Certainty, Claim, Evidence, EvidenceSource, Role, Understanding};
use crate::model::form::FindingCode;
use crate::model::ledger::{
    Filing, ItemLedger, ItemStatus, Nature, ReviewReason, StandingFiling, UnitLedger, UnitStatus, Verdict,
};
use crate::model::letter::{LetterKind, LetterState};
use crate::model::mail::{Body, Content, Digest, Headers, Kind, Mail, Oddity, OddityCode, Piece};
use crate::model::returns::{Filled, Finding, Item, ReportReturn, Row, TableReturn, Totals, Value};
use crate::model::standing::{
    ArrivalLine, ByHandLine, CampaignStanding, Closing, DayCount, DigestInput, Fault, LateLine, LetterLine,
    NewcomerLine, PersonsAct, ReplacedLine, ReviewLine, UnitStanding, WaivedLine,
};
use crate::model::unit::{Unit, UnitCode};

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

fn unit(campaign: &Campaign) -> Unit {
    campaign.roster.units().first().cloned().unwrap_or_else(|| Unit {
        code: UnitCode::new("A01"),
        name: "示例单位".to_owned(),
        group: "示例".to_owned(),
        aliases: Vec::new(),
        emails: Vec::new(),
        phone: None,
        contact: None,
        superior: None,
    })
}

fn finding(code: FindingCode) -> Finding {
    Finding {
        severity: code.severity(),
        code,
        sheet: Some("Sheet1".to_owned()),
        cell: Some("N6".to_owned()),
        text: "此处为示例文字。".to_owned(),
        suggested: None,
    }
}

fn piece(path: &str, name: &str, kind: Kind, oddities: Vec<Oddity>) -> Piece {
    Piece {
        path: path.to_owned(),
        name: name.to_owned(),
        kind,
        media_type: "application/octet-stream".to_owned(),
        size: 20_480,
        sha256: Digest::of(name.as_bytes()),
        inside: None,
        inline: false,
        oddities,
        content: Content::Nothing,
    }
}

fn mail() -> Digest {
    Digest::of(b"sample")
}

fn understanding(campaign: &Campaign, full: bool) -> Understanding {
    let locked = Oddity::new(OddityCode::PasswordProtected, "");
    let pieces = vec![
        piece("1", "统计表.xlsx", Kind::Xlsx, Vec::new()),
        piece("2", "报告.docx", Kind::Docx, Vec::new()),
        piece("3", "照片.zip", Kind::Zip, vec![locked]),
        piece("4", "其他.bin", Kind::Unknown, Vec::new()),
    ];
    let roles = [("1", Role::Table), ("2", Role::Report), ("3", Role::Unopened), ("4", Role::Unopened)];
    let codes = [FindingCode::TotalMismatch, FindingCode::UnitNameConflict, FindingCode::UnitNameMissing];
    let report = ReportReturn {
        piece: "2".to_owned(),
        format: Kind::Docx,
        unit: None,
        title: full.then(|| "走访慰问情况的报告".to_owned()),
        document_number: full.then(|| "示发〔2021〕1号".to_owned()),
        issuer: full.then(|| "示例单位".to_owned()),
        dated: full.then(|| campaign.deadline_day()),
        pages: full.then_some(3),
        has_text: full,
        findings: Vec::new(),
    };
    Understanding {
        mail: Mail {
            sha256: mail(),
            size: 1,
            headers: Headers { subject: full.then(|| "报送材料".to_owned()), ..Headers::default() },
            body: Body::default(),
            pieces,
            oddities: Vec::new(),
            machine_report: None,
        },
        nature: Nature::Submission,
        campaign: Some(campaign.id.clone()),
        roles: roles.into_iter().map(|(path, role)| (path.to_owned(), role)).collect(),
        unit: full.then(|| Claim {
            code: unit(campaign).code,
            name: unit(campaign).name,
            certainty: Certainty::Probable,
            evidence: vec![Evidence {
                source: EvidenceSource::Subject, text: "主题写有单位名称。".to_owned()
            }],
        }),
        candidates: Vec::new(),
        tables: vec![TableReturn {
            piece: "1".to_owned(),
            sheet: "Sheet1".to_owned(),
            form: campaign.form.id.clone(),
            unit_name: full.then(|| "示例单位".to_owned()),
            unit: None,
            filled_on: full.then(|| campaign.deadline_day()),
            rows: (0..if full { 40 } else { 1 }).map(|_| row(campaign)).collect(),
            totals: totals(campaign, 1),
            findings: if full { codes.into_iter().map(finding).collect() } else { Vec::new() },
            hidden: false,
        }],
        reports: vec![report],
    }
}

fn row(campaign: &Campaign) -> Row {
    let filled = |number: bool| Filled {
        value: Some(if number { Value::Figure(Decimal::ONE) } else { Value::Words("示例".to_owned()) }),
        cell: Some("A1".to_owned()),
        written: None,
    };
    let columns = campaign.form.columns.iter();
    Row(columns.map(|column| (column.key.clone(), filled(column.kind.is_number()))).collect())
}

fn totals(campaign: &Campaign, each: i64) -> Totals {
    campaign.form.number_columns().map(|column| (column.key.clone(), Some(Decimal::from(each)))).collect()
}

/// A ledger with an earlier return, and the one in which the sample mail has replaced it.
fn ledgers(campaign: &Campaign, verdict: Verdict, at: DateTime<FixedOffset>) -> (UnitLedger, UnitLedger) {
    let ledger = |mail: Digest, each: i64| {
        let item = |item: Item| ItemLedger {
            current: Some(StandingFiling {
                mail: mail.clone(),
                filing: Arc::new(Filing {
                    item,
                    piece: "1".to_owned(),
                    verdict,
                    received_at: at,
                    content: mail.clone(),
                    totals: (item == Item::Table).then(|| totals(campaign, each)),
                }),
            }),
            ..ItemLedger::default()
        };
        UnitLedger { items: Item::ALL.into_iter().map(|of| (of, item(of))).collect(), ..UnitLedger::default() }
    };
    (ledger(Digest::of(b"earlier"), 2), ledger(mail(), 1))
}

/// A final report in which every list has something in it.
fn closing(campaign: &Campaign, now: DateTime<FixedOffset>) -> Closing {
    let (unit, by) = (unit(campaign).code, "经办人".to_owned());
    let late = LateLine { unit: unit.clone(), item: Item::Table, received_at: now, deadline: campaign.deadline };
    let waived =
        WaivedLine {
            unit: unit.clone(), item: Item::Report, reason: "此处为示例文字。".to_owned(), by: by.clone()
        };
    let by_hand = ByHandLine { unit: unit.clone(), items: Item::ALL.to_vec(), received_at: now, by };
    Closing {
        late: vec![late; 70],
        waived: vec![waived; 70],
        by_hand: vec![by_hand; 70],
        replaced: vec![ReplacedLine { unit, item: Item::Table, times: 2 }; 70],
        acts: vec![(PersonsAct::Accepted, 1), (PersonsAct::Undone, 1)],
        letters: LetterKind::ALL.into_iter().map(|kind| (kind, 1)).collect(),
    }
}

/// A campaign in which every list of the digest has something in it, or one in which none has.
fn digest_input(campaign: &Campaign, now: DateTime<FixedOffset>, full: bool) -> DigestInput {
    let standing_of = |status: UnitStatus| UnitStanding {
        unit: unit(campaign),
        status,
        late: full,
        extended_until: full.then_some(now),
        items: BTreeMap::from([(Item::Table, ItemStatus::NeedsCorrection), (Item::Report, ItemStatus::Missing)]),
        first_received_at: Some(now),
        last_received_at: Some(now),
        version: 1,
        reminders_sent: 1,
        address: unit(campaign).emails.first().filter(|_| !full).cloned(),
        undeliverable: full,
        row: full.then(|| totals(campaign, 1)),
    };
    let statuses: &[UnitStatus] = if full { &UnitStatus::ALL } else { &[] };
    let arrival = |nature: Nature| ArrivalLine {
        mail: mail(),
        received_at: now,
        nature,
        unit: None,
        from: "发件人".to_owned(),
        subject: "主题".to_owned(),
    };
    let review = ReviewLine {
        id: 1,
        received_at: now,
        mail: mail(),
        unit: None,
        from: "发件人".to_owned(),
        subject: "主题".to_owned(),
        reason: ReviewReason::UnitUnknown,
        text: "无法认定报送单位。".to_owned(),
    };
    let letter = LetterLine {
        key: "ack/0".to_owned(),
        kind: LetterKind::Ack,
        campaign: campaign.id.clone(),
        unit: None,
        recipients: vec!["a@unit.example".to_owned()],
        state: LetterState::Held,
        due_at: now,
        sent_at: None,
        last_reply: Some("554 DT:SPM".to_owned()),
    };
    let newcomer = NewcomerLine {
        mail: mail(),
        received_at: now,
        unit: UnitCode::new("1"),
        address: "a@new.example".to_owned(),
        items: vec![Item::Table],
    };
    let several = |count: usize| if full { count } else { 0 };
    DigestInput {
        standing: CampaignStanding {
            campaign: campaign.id.clone(),
            title: campaign.title.clone(),
            as_of: now,
            deadline: campaign.deadline,
            units: statuses.iter().copied().map(standing_of).collect(),
            totals: totals(campaign, 1),
        },
        since: now - Duration::days(1),
        arrivals: [Nature::Submission, Nature::Bounce].into_iter().cycle().take(several(200)).map(arrival).collect(),
        newcomers: vec![newcomer; several(70)],
        newly_done: vec![unit(campaign).code; several(70)],
        fallen_back: vec![unit(campaign).code; several(1)],
        course: course(campaign, now, several(1)),
        reviews: vec![review; several(70)],
        mails: if full { Nature::ALL.into_iter().map(|nature| (nature, 2)).collect() } else { BTreeMap::new() },
        seen: if full { 17 } else { 0 },
        unfetched: u32::from(full),
        stuck_letters: vec![letter; several(70)],
        faults: [true, false]
            .into_iter()
            .map(|grave| Fault { text: "邮箱暂时无法连接。".to_owned(), grave })
            .take(several(2))
            .collect(),
        tables: Vec::new(),
    }
}

/// The days until `now`, on each of which so many units more had everything in.
fn course(campaign: &Campaign, now: DateTime<FixedOffset>, each: usize) -> Vec<DayCount> {
    let days = campaign.opens.date_naive().iter_days().take_while(|day| *day <= now.date_naive());
    (1..).zip(days.take(366)).map(|(number, day)| DayCount { day, done: number * each }).collect()
}
