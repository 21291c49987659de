//! What was made of a mail or a bare attachment, as the JSON document of the interface (`"schema": 1`).

use serde_json::{Map, Value, json};

use crate::model::decision::{Claim, Role, Understanding};
use crate::model::mail::{Address, Digest, Oddity};
use crate::model::returns::{Finding, ReportReturn, Row, TableReturn, Totals, Value as RowValue};

/// The document of a mail. `bare` is a file that is no mail: of its `message` only the digest is told.
#[must_use]
pub fn document(source: &str, understanding: &Understanding, bare: bool) -> Value {
    let message = if bare { bare_message(&understanding.mail.sha256) } else { message(understanding) };
    json!({
        "schema": 1,
        "source": source,
        "message": message,
        "pieces": pieces(understanding),
        "unit": understanding.unit.as_ref().map(claim),
        "unit_candidates": understanding.candidates.iter().map(claim).collect::<Vec<_>>(),
        "tables": understanding.tables.iter().map(table).collect::<Vec<_>>(),
        "reports": understanding.reports.iter().map(report).collect::<Vec<_>>(),
    })
}

fn message(understanding: &Understanding) -> Value {
    let mail = &understanding.mail;
    let headers = &mail.headers;
    json!({
        "sha256": mail.sha256,
        "message_id": headers.message_id,
        "from": headers.from.first().map(address),
        "to": headers.to.iter().map(address).collect::<Vec<_>>(),
        "subject": headers.subject,
        "date": headers.date.map(|date| date.to_rfc3339()),
        "nature": understanding.nature,
        "oddities": oddities(&mail.oddities),
    })
}

fn bare_message(sha256: &Digest) -> Value {
    json!({
        "sha256": sha256,
        "message_id": null,
        "from": null,
        "to": [],
        "subject": null,
        "date": null,
        "nature": null,
        "oddities": [],
    })
}

fn address(address: &Address) -> Value {
    json!({ "name": address.name, "address": address.address })
}

fn oddities(oddities: &[Oddity]) -> Vec<Value> {
    oddities.iter().map(|oddity| json!({ "code": oddity.code, "text": oddity.text })).collect()
}

fn pieces(understanding: &Understanding) -> Vec<Value> {
    let role_of = |path: &str| {
        understanding.roles.iter().find(|(known, _)| known == path).map_or(Role::Attachment, |(_, role)| *role)
    };
    understanding
        .mail
        .pieces
        .iter()
        .map(|piece| {
            json!({
                "path": piece.path,
                "name": piece.name,
                "kind": piece.kind,
                "media_type": piece.media_type,
                "size": piece.size,
                "sha256": piece.sha256,
                "inside": piece.inside,
                "role": role_of(&piece.path),
                "oddities": oddities(&piece.oddities),
            })
        })
        .collect()
}

fn claim(claim: &Claim) -> Value {
    json!({
        "code": claim.code,
        "name": claim.name,
        "certainty": claim.certainty,
        "evidence": claim.evidence,
    })
}

fn table(table: &TableReturn) -> Value {
    json!({
        "piece": table.piece,
        "sheet": table.sheet,
        "form": table.form,
        "unit_name": table.unit_name,
        "unit": table.unit,
        "filled_on": table.filled_on,
        "rows": table.rows.iter().map(row).collect::<Vec<_>>(),
        "totals": totals(&table.totals),
        "findings": findings(&table.findings),
    })
}

fn row(row: &Row) -> Value {
    let values = row.0.iter().map(|(key, filled)| {
        let value = match &filled.value {
            None => Value::Null,
            Some(RowValue::Figure(figure)) => Value::String(figure.to_string()),
            Some(RowValue::Words(words)) => Value::String(words.clone()),
        };
        (key.clone(), value)
    });
    Value::Object(values.collect::<Map<_, _>>())
}

/// Sums as decimal strings; `null` where there is none.
#[must_use]
pub fn totals(totals: &Totals) -> Value {
    let sums = totals.iter().map(|(key, sum)| {
        let sum = sum.map_or(Value::Null, |sum| Value::String(sum.to_string()));
        (key.clone(), sum)
    });
    Value::Object(sums.collect::<Map<_, _>>())
}

fn findings(findings: &[Finding]) -> Vec<Value> {
    findings
        .iter()
        .map(|finding| {
            json!({
                "severity": finding.severity,
                "code": finding.code,
                "sheet": finding.sheet,
                "cell": finding.cell,
                "text": finding.text,
                "suggested": finding.suggested,
            })
        })
        .collect()
}

fn report(report: &ReportReturn) -> Value {
    json!({
        "piece": report.piece,
        "format": report.format,
        "title": report.title,
        "document_number": report.document_number,
        "issuer": report.issuer,
        "dated": report.dated,
        "pages": report.pages,
        "has_text": report.has_text,
        "findings": findings(&report.findings),
    })
}
