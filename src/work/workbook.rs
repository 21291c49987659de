//! The consolidated workbook (汇总表): the official form with one row a unit, and sheets that say where each figure
//! came from, who is missing and what is wrong.
//!
//! Everything that came with mail is written as text, never as a formula. Cells show floating-point numbers because
//! Excel knows nothing else; the exact decimal of every figure stands as text on the sheet 来源.

mod form;
mod lists;
mod paper;
mod styles;
mod summary;

use std::collections::BTreeMap;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};

use crate::judge::letters::clean;
use crate::model::campaign::Campaign;
use crate::model::standing::{CampaignStanding, ReviewLine, StandingTable, UnitStanding};
use crate::model::unit::UnitCode;

pub use form::{Filling, form_filled};
use styles::Styles;

/// Everything the sheets are made from.
struct Source<'a> {
    campaign: &'a Campaign,
    standing: &'a CampaignStanding,
    tables: &'a [StandingTable],
    reviews: &'a [ReviewLine],
    units: BTreeMap<&'a UnitCode, &'a UnitStanding>,
    /// The table that stands for each unit.
    table_of: BTreeMap<&'a UnitCode, &'a StandingTable>,
}

impl<'a> Source<'a> {
    fn new(
        campaign: &'a Campaign,
        standing: &'a CampaignStanding,
        tables: &'a [StandingTable],
        reviews: &'a [ReviewLine],
    ) -> Self {
        let units = standing.units.iter().map(|unit| (&unit.unit.code, unit)).collect();
        let table_of = tables.iter().map(|table| (&table.unit, table)).collect();
        Self { campaign, standing, tables, reviews, units, table_of }
    }

    fn unit(&self, code: &UnitCode) -> Option<&'a UnitStanding> {
        self.units.get(code).copied()
    }

    /// The tables whose figures count, in the order of the roster.
    fn counted(&self) -> impl Iterator<Item = (&'a UnitStanding, &'a StandingTable)> {
        let counting = self.standing.units.iter().filter(|unit| unit.row.is_some());
        counting.filter_map(|unit| Some((unit, *self.table_of.get(&unit.unit.code)?)))
    }
}

/// The workbook as the bytes of an .xlsx file. The same standing always makes the same bytes.
///
/// # Errors
/// Where a sheet would be larger than Excel can hold.
pub fn consolidated(
    campaign: &Campaign,
    standing: &CampaignStanding,
    tables: &[StandingTable],
    reviews: &[ReviewLine],
) -> Result<Vec<u8>, XlsxError> {
    let source = &Source::new(campaign, standing, tables, reviews);
    let styles = Styles::new();
    let mut workbook = Workbook::new();
    let made = ExcelDateTime::from_timestamp(standing.as_of.timestamp())?;
    workbook.set_properties(
        &DocProperties::new()
            .set_title(clean(&campaign.form.title, 120))
            .set_company(clean(&campaign.office, 60))
            .set_creation_datetime(&made),
    );
    summary::write(workbook.add_worksheet(), source, &styles)?;
    for (name, write) in lists::SHEETS {
        let sheet = workbook.add_worksheet();
        sheet.set_name(name)?;
        write(sheet, source, &styles)?;
    }
    workbook.save_to_buffer()
}
