//! Decisions on whole mails, with what was filed before handed in.

use std::collections::BTreeMap;
use std::path::Path;

use super::*;
use crate::demo::build::form::{Figures, FilledForm, Visit, Writing};
use crate::demo::build::mime::Draft;
use crate::demo::build::mimicry::Dialect;
use crate::demo::build::sheet::{Placement, workbook};
use crate::judge::understand::understand;
use crate::model::hints::Hints;
use crate::read::{self, Limits};

const OFFICE: &str = "office@163.example";

fn register() -> Register {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/campaigns/2021-bayi");
    let offset = FixedOffset::east_opt(8 * 3600).unwrap();
    Register::new(vec![crate::config::load_campaign(&folder, offset).unwrap()], vec![OFFICE.to_owned()])
}

fn at(text: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(&format!("{text}:00+08:00")).unwrap()
}

/// 兴县's table with so many veterans, sent from this address.
fn mail(from: &str, people: u32, received_at: DateTime<FixedOffset>) -> Draft {
    let visit =
        |people: u32| Visit { people, gifts: "米".to_owned(), cost: rust_decimal::Decimal::from(people * 300) };
    let figures = Figures { veterans: visit(people), others: visit(0), troops: Vec::new(), remarks: String::new() };
    let form = FilledForm::new("兴县", "2021年8月5日", &figures, Writing::Plain, 4);
    Draft::new(Dialect::Qq, ("", from), OFFICE, received_at)
        .subject("兴县统计表")
        .attach("统计表.xlsx", workbook(&form, Placement::Usual).unwrap())
}

fn own_address(register: &Register) -> String {
    let campaign = register.campaign("2021-bayi").unwrap();
    campaign.roster.unit(&UnitCode::new("141123")).unwrap().emails[0].clone()
}

fn decided(register: &Register, bytes: &[u8], past: &Past, received_at: DateTime<FixedOffset>) -> Decision {
    let understanding = understand(read::open(bytes, &Limits::default()), register, &Hints::default());
    decide(&understanding, register, past, Times { received_at, now: received_at })
}

/// What the store would hand in after these decisions.
fn past(decisions: &[&Decision], senders: &[&str]) -> Past {
    let code = UnitCode::new("141123");
    let events = decisions.iter().flat_map(|decision| &decision.events);
    let events: Vec<Event> = events.filter(|event| event.unit.as_ref() == Some(&code)).cloned().collect();
    Past {
        ledgers: BTreeMap::from([(code.clone(), progress::fold(&events))]),
        senders: BTreeMap::from([(code, senders.iter().map(|&sender| sender.to_owned()).collect())]),
        ..Past::default()
    }
}

fn kinds(decision: &Decision) -> Vec<&'static str> {
    let kind = |event: &Event| match &event.kind {
        EventKind::MailRecorded { .. } => "recorded",
        EventKind::Filed(_) => "filed",
        EventKind::Duplicated { .. } => "duplicated",
        EventKind::ReviewAsked { reason: ReviewReason::SenderDoubtful, .. } => "sender doubtful",
        EventKind::ReviewAsked { reason: ReviewReason::TimeDoubtful, .. } => "time doubtful",
        EventKind::ReviewAsked { .. } => "review",
        EventKind::Bounced { .. } => "bounced",
        _ => "other",
    };
    decision.events.iter().map(kind).collect()
}

#[test]
fn a_return_is_filed_and_answered_in_its_thread() {
    let register = register();
    let sent = mail(&own_address(&register), 10, at("2021-08-05T09:00")).header("Message-ID: <x1@unit.example>");
    let decision = decided(&register, &sent.bytes(), &Past::default(), at("2021-08-05T09:00"));
    assert_eq!(kinds(&decision), ["recorded", "filed"]);
    let [letter] = decision.letters.as_slice() else { panic!("one receipt") };
    assert_eq!(letter.recipients, [own_address(&register)]);
    assert_eq!(letter.unit, Some(UnitCode::new("141123")));
    assert_eq!(decision.readings.len(), 1);
    assert_eq!(decision.readings[0].file_name, "统计表.xlsx");
}

#[test]
fn the_same_again_changes_nothing_and_a_correction_replaces() {
    let register = register();
    let address = own_address(&register);
    let first = decided(
        &register,
        &mail(&address, 10, at("2021-08-05T09:00")).bytes(),
        &Past::default(),
        at("2021-08-05T09:00"),
    );
    let known = past(&[&first], &[]);
    let again = decided(&register, &mail(&address, 10, at("2021-08-06T09:00")).bytes(), &known, at("2021-08-06T09:00"));
    assert_eq!(kinds(&again), ["recorded", "duplicated"]);
    let correction =
        decided(&register, &mail(&address, 12, at("2021-08-07T09:00")).bytes(), &known, at("2021-08-07T09:00"));
    assert_eq!(kinds(&correction), ["recorded", "filed"]);
    let many = Past { duplicates_today: 2, ..past(&[&first], &[]) };
    let third = decided(&register, &mail(&address, 10, at("2021-08-06T10:00")).bytes(), &many, at("2021-08-06T10:00"));
    assert_eq!(third.letters, [], "two receipts alike a day are enough");
}

#[test]
fn a_strange_address_may_file_what_is_missing_and_not_replace_what_is_accepted() {
    let register = register();
    let strange = "someone@private.example";
    let first = decided(
        &register,
        &mail(strange, 10, at("2021-08-05T09:00")).bytes(),
        &Past::default(),
        at("2021-08-05T09:00"),
    );
    assert_eq!(kinds(&first), ["recorded", "filed"]);
    let other = "another@private.example";
    let second = mail(other, 12, at("2021-08-06T09:00")).bytes();
    let held = decided(&register, &second, &past(&[&first], &[strange]), at("2021-08-06T09:00"));
    assert_eq!(kinds(&held), ["recorded", "sender doubtful"]);
    let known = mail(strange, 12, at("2021-08-06T09:00")).bytes();
    let replaced = decided(&register, &known, &past(&[&first], &[strange]), at("2021-08-06T09:00"));
    assert_eq!(kinds(&replaced), ["recorded", "filed"], "it has filed for this unit before");
}

#[test]
fn mail_from_before_the_opening_is_recorded_and_nothing_more() {
    let register = register();
    let old = mail(&own_address(&register), 10, at("2021-07-21T23:59"));
    let decision = decided(&register, &old.bytes(), &Past::default(), at("2021-07-21T23:59"));
    assert_eq!(kinds(&decision), ["recorded"]);
    assert_eq!((decision.letters.len(), decision.readings.len()), (0, 0));
    assert_eq!(decision.record.campaign, None);
}

#[test]
fn machines_and_floods_get_no_answer() {
    let register = register();
    let address = own_address(&register);
    let received_at = at("2021-08-05T09:00");
    let automatic = mail(&address, 10, received_at).header("Auto-Submitted: auto-generated").bytes();
    let decision = decided(&register, &automatic, &Past::default(), received_at);
    assert_eq!((kinds(&decision), decision.letters.len()), (vec!["recorded", "filed"], 0));
    let flood = Past { answers_today: 10, ..Past::default() };
    let decision = decided(&register, &mail(&address, 10, received_at).bytes(), &flood, received_at);
    assert_eq!((kinds(&decision), decision.letters.len()), (vec!["recorded", "filed"], 0));
}

#[test]
fn times_that_disagree_across_the_deadline_go_to_a_person() {
    let register = register();
    // The mail's own trace says 10 August; the mailbox says the 11th.
    let sent = mail(&own_address(&register), 10, at("2021-08-10T23:00")).bytes();
    let decision = decided(&register, &sent, &Past::default(), at("2021-08-11T00:30"));
    assert_eq!(kinds(&decision), ["recorded", "filed", "time doubtful"]);
    let close = decided(&register, &sent, &Past::default(), at("2021-08-10T23:05"));
    assert_eq!(kinds(&close), ["recorded", "filed"]);
}

#[test]
fn a_bounce_that_matches_nothing_we_sent_changes_nothing() {
    let register = register();
    let received_at = at("2021-08-05T09:00");
    let bounce = crate::demo::bounce_of("ack.1@163.example", "xing@unit.example", received_at).bytes;
    assert_eq!(kinds(&decided(&register, &bounce, &Past::default(), received_at)), ["recorded"]);
    let letter = BouncedLetter {
        campaign: "2021-bayi".to_owned(),
        unit: Some(UnitCode::new("141123")),
        recipient: "xing@unit.example".to_owned(),
        message_id: "ack.1@163.example".to_owned(),
    };
    let known = Past { bounced: Some(letter), ..Past::default() };
    let decision = decided(&register, &bounce, &known, received_at);
    assert_eq!(kinds(&decision), ["recorded", "bounced"]);
    assert!(matches!(decision.events[1].kind, EventKind::Bounced { hard: true, .. }));
    assert_eq!(decision.letters, []);
}

#[test]
fn an_archive_and_what_lies_in_it_are_one_thing_to_look_at() {
    let register = register();
    let bomb = include_bytes!("../../../tests/cases/container-bomb-in-7z/bomb.7z");
    let sent = mail(&own_address(&register), 10, at("2021-08-05T09:00")).attach("材料.7z", bomb.to_vec());
    let decision = decided(&register, &sent.bytes(), &Past::default(), at("2021-08-05T09:00"));
    assert_eq!(kinds(&decision), ["recorded", "filed", "review"]);
}

/// As the receiving server writes it, with the host that its Received field names (mimicry's NetEase and QQ: mx22).
fn denied_by_server(draft: Draft) -> Draft {
    draft.header("Authentication-Results: mx22; spf=fail smtp.mail=x@unit.example; dmarc=fail")
}

#[test]
fn what_may_be_forged_is_never_filed_and_never_answered() {
    let register = register();
    let own = own_address(&register);
    let (local, domain) = own.rsplit_once('@').unwrap();
    let (morning, later) = (at("2021-08-05T09:00"), at("2021-08-06T09:00"));
    let first = decided(&register, &mail(&own, 10, morning).bytes(), &Past::default(), morning);
    assert_eq!((kinds(&first), first.letters.len()), (vec!["recorded", "filed"], 1));
    let forged = [
        denied_by_server(mail(&own, 12, later)),
        mail(&own, 12, later).header("From: someone@else.example"),
        mail(&format!("{local}@{}", domain.replacen('.', "-.", 1)), 12, later),
        Draft::new(Dialect::Qq, (&own, "thief@evil.example"), OFFICE, later).subject("兴县统计表"),
    ];
    for (number, draft) in forged.into_iter().enumerate() {
        let draft = if number == 3 { draft.attach("统计表.xlsx", attached(12)) } else { draft };
        // Also where it has been seen before: the forger may have been here before.
        let seen = draft_sender(&draft);
        for known in [Past::default(), past(&[&first], &[]), past(&[&first], &[&seen])] {
            let decision = decided(&register, &draft.bytes(), &known, later);
            assert_eq!(kinds(&decision), ["recorded", "sender doubtful"], "{number}");
            assert_eq!(decision.letters, [], "{number}: nobody is answered");
            let text = decision.events.iter().find_map(|event| match &event.kind {
                EventKind::ReviewAsked { text, .. } => Some(text.clone()),
                _ => None,
            });
            let text = text.unwrap();
            assert!(text.contains("电话") && text.contains("来信"), "{text}");
        }
    }
}

fn attached(people: u32) -> Vec<u8> {
    let visit =
        |people: u32| Visit { people, gifts: "米".to_owned(), cost: rust_decimal::Decimal::from(people * 300) };
    let figures = Figures { veterans: visit(people), others: visit(0), troops: Vec::new(), remarks: String::new() };
    workbook(&FilledForm::new("兴县", "2021年8月5日", &figures, Writing::Plain, 4), Placement::Usual).unwrap()
}

fn draft_sender(draft: &Draft) -> String {
    read::open(&draft.bytes(), &Limits::default()).headers.from[0].address.to_lowercase()
}

#[test]
fn a_table_that_waits_is_not_replaced_by_what_may_be_forged() {
    let register = register();
    let own = own_address(&register);
    let (morning, later) = (at("2021-08-05T09:00"), at("2021-08-06T09:00"));
    let mut first = decided(&register, &mail(&own, 10, morning).bytes(), &Past::default(), morning);
    for event in &mut first.events {
        if let EventKind::Filed(filing) = &mut event.kind {
            filing.verdict = Verdict::NeedsReview;
        }
    }
    let decision = decided(&register, &denied_by_server(mail(&own, 12, later)).bytes(), &past(&[&first], &[]), later);
    assert_eq!(kinds(&decision), ["recorded", "sender doubtful"]);
}

#[test]
fn a_person_who_vouches_has_it_filed_and_answered() {
    let register = register();
    let own = own_address(&register);
    let later = at("2021-08-06T09:00");
    let bytes = denied_by_server(mail(&own, 12, later)).bytes();
    let understanding = understand(read::open(&bytes, &Limits::default()), &register, &Hints::default());
    let (unit, times) = (UnitCode::new("141123"), Times { received_at: later, now: later });
    let decision = decide_vouched(&understanding, &register, &Past::default(), (&unit, Item::Table), times).unwrap();
    assert_eq!((kinds(&decision), decision.letters.len()), (vec!["filed"], 1));
}

#[test]
fn an_address_that_failed_its_check_is_no_evidence() {
    let register = register();
    let received_at = at("2021-08-05T09:00");
    let own = own_address(&register);
    let sources = |draft: Draft| -> Vec<crate::model::decision::EvidenceSource> {
        let understanding = understand(read::open(&draft.bytes(), &Limits::default()), &register, &Hints::default());
        understanding.unit.unwrap().evidence.into_iter().map(|evidence| evidence.source).collect()
    };
    let address = crate::model::decision::EvidenceSource::Address;
    assert!(sources(mail(&own, 10, received_at)).contains(&address));
    assert!(!sources(denied_by_server(mail(&own, 10, received_at))).contains(&address));
    // By that address alone nothing is certain, and a person names the unit.
    let bare = Draft::new(Dialect::Qq, ("", &own), OFFICE, received_at).subject("八一走访慰问统计表报送");
    let bytes = denied_by_server(bare).attach("统计表.xlsx", b"PK".to_vec()).bytes();
    let decision = decided(&register, &bytes, &Past::default(), received_at);
    assert_eq!(decision.record.unit, None);
    assert_eq!(decision.letters, []);
}

#[test]
fn a_strange_address_with_the_tables_of_several_units_replaces_none() {
    let register = register();
    let own = own_address(&register);
    let (morning, later) = (at("2021-08-05T09:00"), at("2021-08-06T09:00"));
    let first = decided(&register, &mail(&own, 10, morning).bytes(), &Past::default(), morning);
    let form = |unit: &str| {
        let visit =
            |people: u32| Visit { people, gifts: "米".to_owned(), cost: rust_decimal::Decimal::from(people * 300) };
        let figures = Figures { veterans: visit(9), others: visit(0), troops: Vec::new(), remarks: String::new() };
        workbook(&FilledForm::new(unit, "2021年8月5日", &figures, Writing::Plain, 4), Placement::Usual).unwrap()
    };
    let strange = Draft::new(Dialect::Qq, ("", "someone@private.example"), OFFICE, later).subject("统计表");
    let bytes = strange.attach("甲.xlsx", form("兴县")).attach("乙.xlsx", form("文水县")).bytes();
    let decision = decided(&register, &bytes, &past(&[&first], &[]), later);
    let filed: Vec<_> = decision
        .events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::Filed(_)))
        .filter_map(|event| event.unit.as_ref().map(UnitCode::as_str))
        .collect();
    assert_eq!(filed, ["141121"], "only where nothing stands");
    assert!(kinds(&decision).contains(&"sender doubtful"));
}
