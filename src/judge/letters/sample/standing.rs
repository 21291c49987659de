//! A collection as digest and final report tell of it, made up.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, FixedOffset};

use super::mail::{mail, totals, unit};
use crate::model::campaign::Campaign;
use crate::model::ledger::{ItemStatus, Nature, ReviewReason, UnitStatus};
use crate::model::letter::{LetterKind, LetterState};
use crate::model::returns::Item;
use crate::model::standing::{
    ArrivalLine, ByHandLine, CampaignStanding, Closing, DayCount, DigestInput, Fault, LateLine, LetterLine,
    NewcomerLine, PersonsAct, ReplacedLine, ReviewLine, UnitStanding, WaivedLine,
};
use crate::model::unit::UnitCode;

pub(super) fn closing(campaign: &Campaign, now: DateTime<FixedOffset>) -> Closing {
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
pub(super) fn digest_input(campaign: &Campaign, now: DateTime<FixedOffset>, full: bool) -> DigestInput {
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
pub(super) fn course(campaign: &Campaign, now: DateTime<FixedOffset>, each: usize) -> Vec<DayCount> {
    let days = campaign.opens.date_naive().iter_days().take_while(|day| *day <= now.date_naive());
    (1..).zip(days.take(366)).map(|(number, day)| DayCount { day, done: number * each }).collect()
}
