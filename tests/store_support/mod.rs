//! Decisions and letters for the tests of the store.
#![allow(dead_code, reason = "each test program uses a part")]
#![allow(clippy::unwrap_used, reason = "clippy sees tests only in functions marked as such")]

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, FixedOffset, NaiveDate, TimeZone as _};
use mailtally::model::decision::{Decision, MailRecord, Origin, Place, Reading, Returned};
use mailtally::model::form::{FindingCode, Severity};
use mailtally::model::ledger::{Actor, Event, EventKind, Filing, Nature, Verdict};
use mailtally::model::letter::{LetterKey, LetterOrder};
use mailtally::model::mail::{Digest, Kind};
use mailtally::model::returns::{Filled, Finding, Item, ReportReturn, Row, TableReturn, Value};
use mailtally::model::unit::UnitCode;
use mailtally::store::Store;
use serde_json::json;

pub const CAMPAIGN: &str = "2021-bayi";
pub const DOMAIN: &str = "office.example";

pub fn offset() -> FixedOffset {
    FixedOffset::east_opt(8 * 3600).unwrap()
}

/// A time of 2021-08-01.
pub fn at(hour: u32, minute: u32) -> DateTime<FixedOffset> {
    offset().with_ymd_and_hms(2021, 8, 1, hour, minute, 0).unwrap()
}

pub async fn open(dir: &Path) -> Store {
    Store::open(dir, offset()).await.unwrap()
}

/// The database as any other program sees it.
pub async fn raw(dir: &Path) -> sqlx::SqlitePool {
    sqlx::SqlitePool::connect(&format!("sqlite://{}", dir.join("mailtally.sqlite").display())).await.unwrap()
}

pub fn seen_at(uid: u32) -> Origin {
    Origin::Imap(Place {
        mailbox: "office".into(),
        folder: "INBOX".into(),
        uid_validity: 1,
        uid,
        size: 1234,
        internal_date: 1_627_800_000,
    })
}

pub fn event(unit: Option<&UnitCode>, mail: Option<&Digest>, kind: EventKind) -> Event {
    Event {
        id: 0,
        act: 0,
        at: at(10, 0),
        campaign: CAMPAIGN.into(),
        unit: unit.cloned(),
        mail: mail.cloned(),
        by: Actor::Machine,
        kind,
    }
}

pub fn ack(mail: &Digest) -> LetterKey {
    LetterKey::Ack { mail: mail.clone() }
}

pub fn order(key: LetterKey, unit: &str, due_at: DateTime<FixedOffset>) -> LetterOrder {
    LetterOrder {
        key,
        campaign: CAMPAIGN.into(),
        unit: Some(UnitCode::new(unit)),
        recipients: vec![format!("{}@unit.example", unit.to_lowercase())],
        facts: json!({"单位": unit, "deep": [1, null, "0.10"]}),
        due_at,
        expires_at: None,
    }
}

/// A unit's mail with a table that has a fault and a report, both filed, and the receipt owed for it.
pub fn submission(text: &str, unit: &str) -> Decision {
    let mail = Digest::of(text.as_bytes());
    let unit = UnitCode::new(unit);
    let received_at = at(9, 30);
    let totals = BTreeMap::from([
        ("total_wan".to_owned(), Some("123456789012345.10".parse().unwrap())),
        ("others_cost".to_owned(), None),
    ]);
    let filing = |item, piece: &str, totals| {
        EventKind::Filed(Filing {
            item,
            piece: piece.into(),

            verdict: Verdict::NeedsCorrection,
            received_at,
            content: Digest::of(piece.as_bytes()),
            totals,
        })
    };
    let figure = Filled { value: Some(Value::Figure("0.10".parse().unwrap())), cell: Some("N6".into()), written: None };
    let table = TableReturn {
        piece: "1".into(),
        sheet: "Sheet1".into(),
        form: CAMPAIGN.into(),
        unit_name: Some("离石区".into()),
        unit: Some(unit.clone()),
        filled_on: NaiveDate::from_ymd_opt(2021, 8, 1),
        rows: vec![Row(BTreeMap::from([("total_wan".to_owned(), figure), ("remarks".to_owned(), Filled::default())]))],
        totals: totals.clone(),
        findings: vec![Finding {
            severity: Severity::Error,
            code: FindingCode::TotalMismatch,
            sheet: Some("Sheet1".into()),
            cell: Some("N6".into()),
            text: "合计不符".into(),
            suggested: None,
        }],
        hidden: false,
    };
    let report = ReportReturn {
        piece: "2".into(),
        format: Kind::Docx,
        unit: None,
        title: Some("专题报告".into()),
        document_number: Some("离双拥办〔2021〕5号".into()),
        issuer: None,
        dated: None,
        pages: Some(3),
        has_text: true,
        findings: Vec::new(),
    };
    let reading = |item, piece: &str, sheet: &str, returned| Reading {
        mail: mail.clone(),
        item,
        piece: piece.into(),
        file_name: String::new(),
        sheet: sheet.into(),
        unit: Some(unit.clone()),
        returned,
    };
    Decision {
        record: MailRecord {
            sha256: mail.clone(),
            size: 1234,
            received_at,
            nature: Nature::Submission,
            campaign: Some(CAMPAIGN.into()),
            unit: Some(unit.clone()),
            from_address: Some("office@lishi.example".into()),
            from_name: Some("离石区双拥办".into()),
            subject: Some("关于报送“八一”走访慰问情况的报告".into()),
            message_id: Some("1@lishi.example".into()),
        },
        readings: vec![
            reading(Item::Table, "1", "Sheet1", Returned::Table(table)),
            reading(Item::Report, "2", "", Returned::Report(report)),
        ],
        events: vec![
            event(None, Some(&mail), EventKind::MailRecorded { nature: Nature::Submission, received_at }),
            event(Some(&unit), Some(&mail), filing(Item::Table, "1", Some(totals))),
            event(Some(&unit), Some(&mail), filing(Item::Report, "2", None)),
        ],
        letters: vec![order(ack(&mail), unit.as_str(), at(10, 0))],
        bounced_letters: Vec::new(),
    }
}
