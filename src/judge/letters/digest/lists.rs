//! The lists of the digest: what came, what waits for a person, letters that did not go out, figures.

use rust_decimal::Decimal;
use serde::Serialize;

use super::super::labels::{letter_kind, letter_state, nature, reason};
use super::super::table::{column_name, group_title};
use super::super::words::{clean, figure, local, short_moment};
use crate::model::campaign::Campaign;
use crate::model::form::{ColumnKind, MoneyUnit};
use crate::model::ledger::Nature;
use crate::model::standing::{ArrivalLine, CampaignStanding, LetterLine, ReviewLine};
use crate::model::unit::UnitCode;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Arrival {
    at: String,
    who: String,
    subject: String,
    /// How the unit stands now; empty for mail of nobody known.
    status: String,
    nature: &'static str,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Review {
    id: i64,
    at: String,
    who: String,
    subject: String,
    reason: &'static str,
    text: String,
    command: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Figure {
    group: String,
    header: String,
    value: String,
    /// The same in 万元, for columns in 元 with a value; else empty.
    wan: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Stuck {
    kind: &'static str,
    who: String,
    state: &'static str,
    reply: String,
}

pub(super) fn unit_name(standing: &CampaignStanding, code: Option<&UnitCode>) -> Option<String> {
    let unit = standing.units.iter().find(|unit| Some(&unit.unit.code) == code)?;
    Some(clean(&unit.unit.name, 60))
}

pub(super) fn arrival(campaign: &Campaign, standing: &CampaignStanding, line: &ArrivalLine) -> Arrival {
    let unit = standing.units.iter().find(|unit| Some(&unit.unit.code) == line.unit.as_ref());
    Arrival {
        at: short_moment(local(campaign, line.received_at)),
        who: unit.map_or_else(|| clean(&line.from, 60), |unit| clean(&unit.unit.name, 60)),
        subject: clean(&line.subject, 80),
        status: unit.map_or_else(|| "单位待认定", |unit| unit.status.in_chinese()).to_owned(),
        nature: nature(line.nature),
    }
}

pub(super) fn other_mail(arrivals: &[ArrivalLine]) -> Vec<String> {
    let others = Nature::ALL.into_iter().filter(|nature| !matches!(nature, Nature::Submission | Nature::Question));
    others
        .map(|kind| (kind, arrivals.iter().filter(|line| line.nature == kind).count()))
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| format!("{} {count} 封", nature(kind)))
        .collect()
}

pub(super) fn review(campaign: &Campaign, standing: &CampaignStanding, line: &ReviewLine) -> Review {
    Review {
        id: line.id,
        at: short_moment(local(campaign, line.received_at)),
        who: unit_name(standing, line.unit.as_ref()).unwrap_or_else(|| clean(&line.from, 60)),
        subject: clean(&line.subject, 80),
        reason: reason(line.reason),
        text: clean(&line.text, 300),
        command: format!("mailtally review show {}", line.id),
    }
}

pub(super) fn figures(campaign: &Campaign, standing: &CampaignStanding) -> Vec<Figure> {
    let mut group: Option<&str> = None;
    let mut figures = Vec::new();
    for column in campaign.form.number_columns() {
        let opens = column.group.as_deref() != group;
        group = column.group.as_deref();
        let total: Option<Decimal> = standing.totals.get(&column.key).copied().flatten();
        figures.push(Figure {
            group: if opens { group_title(group, figures.is_empty()) } else { String::new() },
            header: column_name(&campaign.form, column),
            value: total.map_or_else(|| "—".to_owned(), |total| figure(total, column.kind)),
            wan: total.map(|total| in_wan(total, column.kind)).unwrap_or_default(),
        });
    }
    figures
}

pub(super) fn stuck(standing: &CampaignStanding, line: &LetterLine) -> Stuck {
    let recipients = || clean(&line.recipients.join("、"), 80);
    Stuck {
        kind: letter_kind(line.kind),
        who: unit_name(standing, line.unit.as_ref()).unwrap_or_else(recipients),
        state: letter_state(line.state),
        reply: line.last_reply.as_deref().map(|reply| clean(reply, 160)).unwrap_or_default(),
    }
}

/// 元 as 万元, exactly; empty for what is no 元.
fn in_wan(total: Decimal, kind: ColumnKind) -> String {
    match kind {
        ColumnKind::Money(MoneyUnit::Yuan) => total
            .checked_div(Decimal::from(10_000))
            .map(|wan| figure(wan, ColumnKind::Money(MoneyUnit::TenThousandYuan)))
            .unwrap_or_default(),
        ColumnKind::Money(MoneyUnit::TenThousandYuan) | ColumnKind::Count | ColumnKind::Text => String::new(),
    }
}
