//! The units that play in the stories, and how each usually writes a mail, a form and a report.

use anyhow::{Context as _, Result};
use chrono::{DateTime, Datelike as _, FixedOffset, TimeZone as _};

use super::build::form::{Figures, FilledForm, Writing};
use super::build::mime::Draft;
use super::build::mimicry::Dialect;
use super::build::report::Report;
use super::build::sheet::{self, Placement};
use super::build::word;
use super::{ExpectedTable, OFFICE, SampleMail, Truth};
use crate::model::ledger::Nature;
use crate::model::unit::{Roster, Unit, UnitCode};

/// How many of the departments, in the order of the roster, play a story of their own.
pub(super) const STORIES: usize = 23;

/// The roster as the stories see it.
pub(super) struct Cast<'a> {
    roster: &'a Roster,
    offset: FixedOffset,
}

impl<'a> Cast<'a> {
    pub(super) fn new(roster: &'a Roster, offset: FixedOffset) -> Self {
        Self { roster, offset }
    }

    /// A moment of 2021.
    pub(super) fn at(&self, month: u32, day: u32, hour: u32, minute: u32) -> Result<DateTime<FixedOffset>> {
        let moment = self.offset.with_ymd_and_hms(2021, month, day, hour, minute, 0).single();
        moment.with_context(|| format!("there is no moment 2021-{month}-{day} {hour}:{minute}"))
    }

    pub(super) fn county(&self, code: &str) -> Option<&'a Unit> {
        self.roster.unit(&UnitCode::new(code))
    }

    /// The departments in the order of the roster; the first play stories of their own.
    pub(super) fn departments(&self) -> Vec<&'a Unit> {
        self.roster.units().iter().filter(|unit| unit.code.as_str().starts_with('S')).collect()
    }

    pub(super) fn department(&self, place: usize) -> Option<&'a Unit> {
        self.departments().get(place).copied()
    }

    /// Units that are neither county nor department: the garrison.
    pub(super) fn garrison(&self) -> Vec<&'a Unit> {
        let others = |unit: &&Unit| !unit.code.as_str().starts_with('S') && !is_county(unit);
        self.roster.units().iter().filter(others).collect()
    }
}

pub(super) fn is_county(unit: &Unit) -> bool {
    unit.code.as_str().starts_with("1411")
}

/// The unit's first address; for one that has none, its clerk's own.
pub(super) fn address(unit: &Unit) -> String {
    let own = || format!("clerk.{}@qq.example", unit.code.as_str().to_lowercase());
    unit.emails.first().cloned().unwrap_or_else(own)
}

/// `2021年8月3日`, the day before it was sent or the same.
pub(super) fn day(at: DateTime<FixedOffset>) -> String {
    format!("{}年{}月{}日", at.year(), at.month(), at.day())
}

/// Who signs for the unit.
pub(super) fn issuer(unit: &Unit) -> String {
    if is_county(unit) { format!("{}双拥工作领导小组", unit.name) } else { unit.name.clone() }
}

/// The unit's report on these visits. Garrison units send theirs without a number.
pub(super) fn report(unit: &Unit, at: DateTime<FixedOffset>, figures: &Figures) -> Report {
    let serial = unit.code.as_str().bytes().map(u32::from).sum::<u32>() % 40 + 3;
    let short = |name: &str| name.chars().next().map(String::from).unwrap_or_default();
    let number = if is_county(unit) {
        Some(format!("{}双拥办〔2021〕{serial}号", short(&unit.name)))
    } else if unit.code.as_str().starts_with('S') {
        let party = unit.name.trim_start_matches("中共吕梁市委").trim_start_matches("吕梁市");
        Some(format!("吕{}函〔2021〕{serial}号", short(party)))
    } else {
        None
    };
    Report::on(&issuer(unit), number.as_deref(), &day(at), figures)
}

/// The report as the body of a Word document.
pub(super) fn report_body(unit: &Unit, at: DateTime<FixedOffset>, figures: &Figures) -> String {
    word::report_body(&report(unit, at, figures))
}

/// The report as .docx.
pub(super) fn report_docx(unit: &Unit, at: DateTime<FixedOffset>, figures: &Figures) -> Result<Vec<u8>> {
    Ok(word::document(&report_body(unit, at, figures))?)
}

/// The form with the total in 万元 to two decimals.
pub(super) fn form(unit: &Unit, at: DateTime<FixedOffset>, figures: &Figures, writing: Writing) -> FilledForm {
    FilledForm::new(&unit.name, &day(at), figures, writing, 2)
}

/// The form as an ordinary .xlsx.
pub(super) fn form_xlsx(
    unit: &Unit,
    at: DateTime<FixedOffset>,
    figures: &Figures,
    writing: Writing,
) -> Result<Vec<u8>> {
    Ok(sheet::workbook(&form(unit, at, figures, writing), Placement::Usual)?)
}

pub(super) fn table_name(unit: &Unit) -> String {
    format!("{}“八一”走访慰问情况统计表.xlsx", unit.name)
}

pub(super) fn report_name(unit: &Unit, extension: &str) -> String {
    format!("{}关于“八一”期间走访慰问情况的报告.{extension}", unit.name)
}

/// A mail from the unit's own address, worded as usual, with nothing attached yet.
pub(super) fn mail(unit: &Unit, at: DateTime<FixedOffset>, dialect: Dialect) -> Draft {
    let address = address(unit);
    Draft::new(dialect, (&unit.name, &address), OFFICE, at)
        .subject(format!("{}“八一”期间走访慰问情况报表及报告", unit.name))
        .text(format!(
            "市双拥办：\n    现将{}2021年“八一”期间走访慰问情况报上，请查收。\n\n{}\n{}\n",
            unit.name,
            unit.name,
            day(at)
        ))
}

/// A mail with form and report, both as most units send them.
pub(super) fn full_mail(unit: &Unit, at: DateTime<FixedOffset>, dialect: Dialect, figures: &Figures) -> Result<Draft> {
    Ok(mail(unit, at, dialect)
        .attach(table_name(unit), form_xlsx(unit, at, figures, Writing::Plain)?)
        .attach(report_name(unit, "docx"), report_docx(unit, at, figures)?))
}

/// The written mail beside the truth of a return.
pub(super) fn returned(
    name: &str,
    draft: &Draft,
    unit: &Unit,
    table: Option<ExpectedTable>,
    report: bool,
    note: &'static str,
) -> SampleMail {
    let truth = Truth { unit: Some(unit.code.clone()), nature: Nature::Submission, table, report, note };
    SampleMail { name: name.to_owned(), received_at: draft.arrived_at, bytes: draft.bytes(), truth }
}

/// The written mail beside the truth of one that files nothing.
pub(super) fn other(name: &str, draft: &Draft, unit: Option<&Unit>, nature: Nature, note: &'static str) -> SampleMail {
    let truth = Truth { unit: unit.map(|unit| unit.code.clone()), nature, table: None, report: false, note };
    SampleMail { name: name.to_owned(), received_at: draft.arrived_at, bytes: draft.bytes(), truth }
}

/// What the plain form of these figures must come to.
pub(super) fn right(figures: &Figures) -> ExpectedTable {
    ExpectedTable::of(figures, Writing::Plain, 2)
}
