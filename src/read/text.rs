//! Plain kinds: CSV, HTML and SpreadsheetML 2003.

mod csv_sheet;
mod html;
mod markup;
mod spreadsheet;

use super::limits::Limits;
use crate::model::grid::{Document, Sheet};
use crate::model::mail::Oddity;

/// Reads delimited text (decoded already) as one sheet, or none where nothing stands in it. The delimiter is found by
/// looking: comma, tab, semicolon, or the full-width comma.
///
/// Every value stays text, as it was written.
///
/// # Errors
/// `TooLarge` beyond the limits.
pub fn read_csv(text: &str, limits: &Limits) -> Result<Vec<Sheet>, Oddity> {
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
