//! Plain kinds: CSV, SYLK, DIF, HTML and SpreadsheetML 2003.

mod csv_sheet;
mod dif;
mod html;
mod markup;
mod spreadsheet;
mod sylk;

use super::limits::Limits;
use crate::model::grid::{Document, Sheet};
use crate::model::mail::Oddity;

/// Reads delimited text (decoded already) as one sheet, or none where nothing stands in it. The delimiter is found by
/// looking: comma, tab, semicolon, or the full-width comma.
///
/// Every value stays text, as it was written. SYLK and DIF, which spreadsheet programs write under the same names, are
/// read by their own rules.
///
/// # Errors
/// `TooLarge` beyond the limits; `Damaged` where a SYLK or DIF file is cut off or makes no sense.
pub fn read_csv(text: &str, limits: &Limits) -> Result<Vec<Sheet>, Oddity> {
    if sylk::is_sylk(text) {
        return sylk::read(text, limits);
    }
    if dif::is_dif(text) {
        return dif::read(text, limits);
    }
    csv_sheet::read(text, limits)
}

/// Reads HTML (decoded already): the text outside tables as paragraphs, every table as a grid of its own, a nested one
/// after the one around it. Tables that hold others, as mail programs use them for layout, are grids too.
///
/// Takes linear time.
///
/// # Errors
/// `TooLarge` beyond the limits.
pub fn read_html(text: &str, limits: &Limits) -> Result<Document, Oddity> {
    html::read(text, limits)
}

/// Reads a workbook in one XML file: that of Excel 2002 and 2003 (SpreadsheetML), or a flat OpenDocument.
///
/// # Errors
/// `Damaged` where it is cut off or no such workbook, `TooLarge` beyond the limits.
pub fn read_xml_spreadsheet(bytes: &[u8], limits: &Limits) -> Result<Vec<Sheet>, Oddity> {
    spreadsheet::read(bytes, limits)
}

/// Whether a text is a sheet in SYLK or DIF, whatever its name.
pub(crate) fn is_interchange(text: &str) -> bool {
    sylk::is_sylk(text) || dif::is_dif(text)
}
