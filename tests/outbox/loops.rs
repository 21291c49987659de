//! Machines that answer machines: after one exchange there is silence.

use chrono::{DateTime, FixedOffset, TimeDelta};
use mailtally::model::ledger::Nature;
use mailtally::model::letter::LetterKind;
use mailtally::post::Posted;
use mailtally::work::desk::TakenIn;

use super::office::{Office, at, unit};

const ROUNDS: i64 = 20;

fn first() -> DateTime<FixedOffset> {
    at("2021-08-03T09:00")
}

#[tokio::test]
async fn two_offices_that_run_this_program_remind_each_other_once() {
    let city = Office::with("office@city.example", vec![unit("C1", "县双拥办", "office@county.example")]).await;
    let county = Office::with("office@county.example", vec![unit("P1", "市双拥办", "office@city.example")]).await;
    let mut sent = Vec::new();
    let (mut to_county, mut to_city) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let now = first() + TimeDelta::minutes(round);
        for Posted { bytes, .. } in std::mem::take(&mut to_county) {
            let taken = county.receives("from the city", &bytes, now).await;
            assert_eq!(
                (taken.nature, taken.outcome.as_str()),
                (Nature::AutoReply, "nothing to file"),
                "nothing is filed of a form"
            );
        }
        for Posted { bytes, .. } in std::mem::take(&mut to_city) {
            let taken = city.receives("from the county", &bytes, now).await;
            assert_eq!(taken.nature, Nature::AutoReply);
        }
        to_county.extend(city.works(now).await);
        to_city.extend(county.works(now).await);
        sent.push(to_county.len() + to_city.len());
    }
    assert_eq!(sent[0], 2, "each reminds the other");
    assert!(sent[1..].iter().all(|letters| *letters == 0), "{sent:?}");
}

/// What answers every letter at the unit's address.
type Responder = fn(&Posted, usize) -> Vec<u8>;

/// By RFC 3834, as Pigeonhole does it.
fn vacation(posted: &Posted, _: usize) -> Vec<u8> {
    let Posted { letter, .. } = posted;
    format!(
        "From: <unit@unit.example>\r\nTo: office@city.example\r\nSubject: Auto: x\r\nAuto-Submitted: auto-replied (vacation)\r\n\
         Precedence: bulk\r\nIn-Reply-To: <{id}>\r\nReferences: <{id}>\r\n\r\n本人休假，8月15日返回。\r\n",
        id = letter.message_id
    )
    .into_bytes()
}

/// QQ's holiday reply: no Auto-Submitted.
fn qq(posted: &Posted, _: usize) -> Vec<u8> {
    format!(
        "From: <unit@unit.example>\r\nTo: office@city.example\r\nX-QQ-HolidayReply: true\r\n\
         Subject: =?UTF-8?B?6Ieq5Yqo5Zue5aSNOg==?= x\r\nIn-Reply-To: <{}>\r\n\r\n您好，我最近在休假。\r\n",
        posted.letter.message_id
    )
    .into_bytes()
}

/// Says of itself nothing at all, and answers everything.
fn rude(_: &Posted, number: usize) -> Vec<u8> {
    format!(
        "From: <unit@unit.example>\r\nTo: office@city.example\r\nMessage-ID: <{number}@unit.example>\r\n\
         Subject: Re: x\r\n\r\n您好，来信已收到，我会尽快处理。\r\n"
    )
    .into_bytes()
}

/// The same, and sends back the first letter it got every time, form and all.
fn echo(posted: &Posted, number: usize) -> Vec<u8> {
    let letter = String::from_utf8_lossy(&posted.bytes);
    let body = letter.find("Content-Type:").map(|place| &letter[place..]).unwrap();
    format!(
        "From: <unit@unit.example>\r\nTo: office@city.example\r\nMessage-ID: <{number}@unit.example>\r\n\
         Subject: Re: x\r\nMIME-Version: 1.0\r\n{body}"
    )
    .into_bytes()
}

/// Every letter the city sends within twenty minutes, and what its desk made of the answers.
async fn against(responder: Responder, echoes: bool) -> (Vec<LetterKind>, Vec<TakenIn>) {
    let city = Office::with("office@city.example", vec![unit("C1", "县双拥办", "unit@unit.example")]).await;
    let (mut letters, mut taken, mut waiting) = (Vec::new(), Vec::new(), Vec::<Posted>::new());
    let mut first: Option<Posted> = None;
    for round in 0..ROUNDS {
        let now = self::first() + TimeDelta::minutes(round);
        for posted in std::mem::take(&mut waiting) {
            let first = first.get_or_insert_with(|| posted.clone());
            let answer = responder(if echoes { first } else { &posted }, letters.len());
            taken.push(city.receives("an answer", &answer, now).await);
        }
        waiting = city.works(now).await;
        letters.extend(waiting.iter().map(|posted| posted.letter.kind));
    }
    (letters, taken)
}

#[tokio::test]
async fn a_vacation_responder_gets_one_letter() {
    for (name, responder) in [("RFC 3834", vacation as Responder), ("QQ", qq as Responder)] {
        let (letters, taken) = against(responder, false).await;
        assert_eq!(letters, [LetterKind::Reminder], "{name}");
        assert_eq!(taken.len(), 1);
        assert_eq!(taken[0].nature, Nature::AutoReply, "{name}");
    }
}

#[tokio::test]
async fn a_responder_without_manners_gets_one_letter() {
    let (letters, taken) = against(rude, false).await;
    assert_eq!(letters, [LetterKind::Reminder]);
    assert_eq!((taken.len(), taken[0].nature), (1, Nature::Question), "a person sees it, and no letter follows");
}

#[tokio::test]
async fn one_that_sends_our_own_form_back_falls_silent_after_one_exchange() {
    let (letters, taken) = against(echo, true).await;
    assert_eq!(letters, [LetterKind::Reminder, LetterKind::Ack], "the form is blank, and that is said once");
    assert_eq!(taken.len(), 2);
}
