//! A unit, its mail and what was understood of it, made up.

use std::sync::Arc;

use chrono::{DateTime, FixedOffset};
use rust_decimal::Decimal;

use crate::model::campaign::Campaign;
use crate::model::decision::{Certainty, Claim, Evidence, EvidenceSource, Role, Understanding};
use crate::model::form::FindingCode;
use crate::model::ledger::{Filing, ItemLedger, Nature, StandingFiling, UnitLedger, Verdict};
use crate::model::mail::{Body, Content, Digest, Headers, Kind, Mail, Oddity, OddityCode, Piece};
use crate::model::returns::{Filled, Finding, Item, ReportReturn, Row, TableReturn, Totals, Value};
use crate::model::unit::{Unit, UnitCode};

pub(super) fn unit(campaign: &Campaign) -> Unit {
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

pub(super) fn finding(code: FindingCode) -> Finding {
    Finding {
        severity: code.severity(),
        code,
        sheet: Some("Sheet1".to_owned()),
        cell: Some("N6".to_owned()),
        text: "此处为示例文字。".to_owned(),
        suggested: None,
    }
}

pub(super) fn piece(path: &str, name: &str, kind: Kind, oddities: Vec<Oddity>) -> Piece {
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

pub(super) fn mail() -> Digest {
    Digest::of(b"sample")
}

pub(super) fn understanding(campaign: &Campaign, full: bool) -> Understanding {
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

pub(super) fn row(campaign: &Campaign) -> Row {
    let filled = |number: bool| Filled {
        value: Some(if number { Value::Figure(Decimal::ONE) } else { Value::Words("示例".to_owned()) }),
        cell: Some("A1".to_owned()),
        written: None,
    };
    let columns = campaign.form.columns.iter();
    Row(columns.map(|column| (column.key.clone(), filled(column.kind.is_number()))).collect())
}

pub(super) fn totals(campaign: &Campaign, each: i64) -> Totals {
    campaign.form.number_columns().map(|column| (column.key.clone(), Some(Decimal::from(each)))).collect()
}

/// A ledger with an earlier return, and the one in which the sample mail has replaced it.
pub(super) fn ledgers(campaign: &Campaign, verdict: Verdict, at: DateTime<FixedOffset>) -> (UnitLedger, UnitLedger) {
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
