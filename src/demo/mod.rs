//! Sample mail: all that reaches the office in one campaign, written as such units really write, with the truth of each.
//!
//! Deterministic: the same bytes each time, from the roster alone. The truths are computed from the figures put in,
//! never by the judges, so that they can judge the judges.

use std::collections::BTreeMap;

use anyhow::Result;
use chrono::{DateTime, FixedOffset};

use crate::model::form::FindingCode;
use crate::model::ledger::{Nature, Verdict};
use crate::model::unit::{Roster, UnitCode};

pub mod build;
mod cast;
mod counties;
mod departments;
pub mod embedded;
mod figures;
pub mod index;
mod noise;
pub mod player;
mod rest;
mod shelf;
#[cfg(test)]
mod tests;

/// The address all sample mail is sent to.
pub const OFFICE: &str = "office@163.example";

/// One mail of the campaign.
#[derive(Clone, Debug)]
pub struct SampleMail {
    /// A short name, unique among the sample mails, fit for a file.
    pub name: String,
    pub received_at: DateTime<FixedOffset>,
    pub bytes: Vec<u8>,
    pub truth: Truth,
}

/// What a mail truly is.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// `None` where it is no unit's, or where no honest reader could say whose.
    pub unit: Option<UnitCode>,
    pub nature: Nature,
    /// The visible table it carries.
    pub table: Option<ExpectedTable>,
    /// Whether it carries a report.
    pub report: bool,
    /// One sentence: what this mail tests.
    pub note: &'static str,
}

/// What must be read of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectedTable {
    /// The number columns by key, as normalised decimal strings; compare them as decimals.
    pub totals: BTreeMap<&'static str, Option<String>>,
    pub verdict: Verdict,
    /// Findings that must be among those made.
    pub codes: Vec<FindingCode>,
}

/// A whole campaign's mail, oldest first: one old mail of June, then from 22 July to 12 August 2021 in the given
/// zone. Units are taken from the roster; a story about a unit that does not stand there is left out.
///
/// # Errors
/// Only what the writers of workbooks and archives report, or a zone without these days.
pub fn campaign_mails(roster: &Roster, offset: FixedOffset) -> Result<Vec<SampleMail>> {
    let cast = cast::Cast::new(roster, offset);
    let mut mails = counties::mails(&cast)?;
    mails.extend(departments::mails(&cast)?);
    mails.extend(noise::mails(&cast)?);
    mails.extend(rest::mails(&cast)?);
    mails.sort_by(|left, right| (left.received_at, &left.name).cmp(&(right.received_at, &right.name)));
    Ok(mails)
}

/// NetEase's bounce of a letter of ours, as it would come in at that moment. Angle brackets around the Message-ID do
/// not matter. The truth names no unit: whose letter it was, only the outbox knows.
#[must_use]
pub fn bounce_of(message_id: &str, recipient: &str, at: DateTime<FixedOffset>) -> SampleMail {
    SampleMail {
        name: "bounced-reminder".to_owned(),
        received_at: at,
        bytes: build::machine::netease_bounce(message_id, recipient, OFFICE, at),
        truth: Truth {
            unit: None,
            nature: Nature::Bounce,
            table: None,
            report: false,
            note: "NetEase bounces a letter: the status says 5.0.0, the diagnostic 5.1.1.",
        },
    }
}
