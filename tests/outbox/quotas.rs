//! A hundred and fifty units and a provider that takes forty letters a day.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate, NaiveTime, TimeDelta, Timelike, Weekday};
use mailtally::demo::campaign_mails;
use mailtally::model::ledger::Nature;
use mailtally::model::letter::{LetterKind, LetterState};
use mailtally::model::unit::{Roster, UnitCode};
use mailtally::store::LetterFilter;
use mailtally::work::deliver::Quota;

use super::office::{CAMPAIGN, Office, at, campaign, unit};

const UNITS: usize = 150;
const QUOTA: Quota = Quota { per_minute: 5, per_day: 40 };

#[tokio::test]
async fn the_right_letters_go_first_and_none_is_lost() {
    let mut campaign = campaign();
    let offset = *at("2021-08-01T00:00").offset();
    let mails = campaign_mails(&campaign.roster, offset).unwrap();
    let mut units = campaign.roster.units().to_vec();
    units.retain(|unit| !unit.emails.is_empty());
    for number in units.len()..UNITS {
        units.push(unit(&format!("X{number:03}"), &format!("第{number}工作站"), &format!("x{number}@unit.example")));
    }
    units.truncate(UNITS);
    campaign.roster = Roster::new(units.clone());
    let office = Office::new("office@163.example", campaign.clone(), QUOTA).await;

    // Every fourth return of the play, while reminders compete for the quota.
    let mut returns: Vec<_> = mails
        .into_iter()
        .filter(|mail| mail.truth.nature == Nature::Submission && mail.received_at >= at("2021-08-03T00:00"))
        .step_by(4)
        .collect();
    returns.sort_by_key(|mail| mail.received_at);
    returns.reverse();

    let mut sent: Vec<(chrono::DateTime<chrono::FixedOffset>, LetterKind, Option<UnitCode>)> = Vec::new();
    let mut now = at("2021-08-03T00:00");
    while now < at("2021-08-19T00:00") {
        while let Some(mail) = returns.pop_if(|mail| mail.received_at <= now) {
            office.receives(&mail.name, &mail.bytes, now).await;
        }
        // At night the office's clerk looks as well, and finds nothing to do for units nobody heard from.
        if now.minute() == 0 || (8..18).contains(&now.hour()) {
            for posted in office.works(now).await {
                sent.push((now, posted.letter.kind, posted.letter.unit.clone()));
            }
        }
        now += TimeDelta::minutes(10);
    }

    let mut a_day: BTreeMap<NaiveDate, usize> = BTreeMap::new();
    for (at, _, _) in &sent {
        *a_day.entry(at.date_naive()).or_default() += 1;
    }
    assert!(a_day.values().all(|letters| *letters <= 40), "{a_day:?}");
    for (at, kind, _) in sent.iter().filter(|(_, kind, _)| *kind == LetterKind::Reminder) {
        let (open, close) = campaign.office_hours;
        let weekend = matches!(at.weekday(), Weekday::Sat | Weekday::Sun);
        let time: NaiveTime = at.time();
        assert!(open <= time && time < close && !weekend, "{kind:?} {at}");
    }

    // Every receipt went the day its mail came, most of them at once.
    let acks = office.store().letters(&LetterFilter { kind: Some(LetterKind::Ack), ..LetterFilter::default() }).await;
    let acks = acks.unwrap();
    assert!(acks.len() >= 10, "{}", acks.len());
    for ack in &acks {
        let waited = ack.sent_at.map(|sent| sent - ack.due_at);
        assert!(waited.is_some_and(|waited| waited < TimeDelta::minutes(30)), "{ack:?}");
    }

    // Nobody who owes something was passed over, and nobody was favoured.
    let reminders = |code: &UnitCode| {
        sent.iter().filter(|(_, kind, unit)| *kind == LetterKind::Reminder && unit.as_ref() == Some(code)).count()
    };
    let answered: BTreeSet<UnitCode> = acks.iter().filter_map(|ack| ack.unit.clone()).collect();
    let silent: Vec<usize> =
        units.iter().filter(|unit| !answered.contains(&unit.code)).map(|unit| reminders(&unit.code)).collect();
    let (least, most) = (silent.iter().min().unwrap(), silent.iter().max().unwrap());
    assert!(*least >= 1, "{} units were never reminded", silent.iter().filter(|count| **count == 0).count());
    assert!(most - least <= 1, "{least} to {most}");
    let before_the_deadline: BTreeSet<&UnitCode> = sent
        .iter()
        .filter(|(at, kind, _)| *kind == LetterKind::Reminder && *at <= campaign.deadline)
        .filter_map(|(_, _, unit)| unit.as_ref())
        .collect();
    assert!(
        units.iter().filter(|unit| !answered.contains(&unit.code)).all(|unit| before_the_deadline.contains(&unit.code))
    );

    // Every letter came to an end, and of each it is known which.
    let filter = LetterFilter { campaign: Some(CAMPAIGN.to_owned()), ..LetterFilter::default() };
    let letters = office.store().letters(&filter).await.unwrap();
    assert!(letters.iter().all(|letter| matches!(letter.state, LetterState::Sent | LetterState::Cancelled)));
    assert!(letters.iter().all(|letter| letter.last_reply.is_some()));
    assert_eq!(letters.iter().filter(|letter| letter.state == LetterState::Sent).count(), sent.len());
}
