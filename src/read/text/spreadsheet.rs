//! SpreadsheetML, the XML workbooks of Excel 2002 and 2003.

mod reference;

pub(super) use self::reference::as_a1;

use std::str::FromStr as _;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use rust_decimal::Decimal;

use crate::model::grid::{Cell, CellValue, Formula, Grid, Sheet, Span};
use crate::model::mail::Oddity;
use crate::read::limits::Limits;
use crate::read::workbook::package::{damaged, too_large};
use crate::read::workbook::{Budget, iso_date, number_of, ods, text_of, xml};

/// More sheets or merged areas than this no return has.
const SHEETS: usize = 1000;
const MERGES: usize = 10_000;

pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Vec<Sheet>, Oddity> {
    let text = xml::decode(bytes);
    if ods::is_flat(&text) {
        return ods::tables(&text, limits);
    }
    let mut workbook = Workbook { reader: xml::reader(&text), budget: Budget::new(limits) };
    let mut sheets = Vec::new();
    let mut seen_workbook = false;
    loop {
        match workbook.reader.read_event() {
            Ok(Event::Start(element)) => match element.local_name().as_ref() {
                "Workbook" => seen_workbook = true,
                "Worksheet" if sheets.len() >= SHEETS => return Err(too_large()),
                "Worksheet" => sheets.push(workbook.sheet(&element)?),
                _ => {}
            },
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(_) => return Err(damaged()),
        }
    }
    if seen_workbook { Ok(sheets) } else { Err(damaged()) }
}

struct Workbook<'a> {
    reader: Reader<&'a [u8]>,
    budget: Budget,
}

impl Workbook<'_> {
    fn sheet(&mut self, element: &BytesStart<'_>) -> Result<Sheet, Oddity> {
        let mut sheet = Sheet { name: xml::attribute(element, "Name").unwrap_or_default(), ..Sheet::default() };
        let (mut cells, mut merges, mut formulas) = (Vec::new(), Vec::new(), Vec::new());
        // Places count from 1 in the file; these are the next ones, counted from 0.
        let (mut row, mut column) = (0_u32, 0_u32);
        loop {
            match self.reader.read_event() {
                Ok(Event::Start(element)) => match element.local_name().as_ref() {
                    "Row" => {
                        row = xml::number(&element, "Index", row.saturating_add(1)).saturating_sub(1);
                        column = 0;
                    }
                    "Cell" => {
                        column = xml::number(&element, "Index", column.saturating_add(1)).saturating_sub(1);
                        let across = xml::number(&element, "MergeAcross", 0).min(16_384);
                        let down = xml::number(&element, "MergeDown", 0).min(1_048_576);
                        let (bottom, right) = (row.saturating_add(down), column.saturating_add(across));
                        self.budget.take(1)?;
                        let formula = xml::attribute(&element, "Formula");
                        let formula = formula.map(|formula| as_a1(&formula, row, column));
                        let value = self.cell(&element)?;
                        if let Some(text) = &formula {
                            self.budget.take_formula(text)?;
                        }
                        match (value, formula) {
                            (None, Some(text)) => cells.push(Cell { row, column, value: CellValue::Uncomputed(text) }),
                            (Some(value), formula) => {
                                cells.push(Cell { row, column, value });
                                formulas.extend(formula.map(|text| Formula { row, column, text }));
                            }
                            (None, None) => {}
                        }
                        if across > 0 || down > 0 {
                            merges.push(Span { top: row, left: column, bottom, right });
                        }
                        if merges.len() > MERGES {
                            return Err(too_large());
                        }
                        column = right.saturating_add(1);
                    }
                    "Visible" => {
                        let text = self.text(&element)?;
                        sheet.hidden = matches!(text.trim(), "SheetHidden" | "SheetVeryHidden");
                    }
                    _ => {}
                },
                Ok(Event::End(element)) => match element.local_name().as_ref() {
                    "Row" => row = row.saturating_add(1),
                    "Worksheet" => break,
                    _ => {}
                },
                Ok(Event::Eof) | Err(_) => return Err(damaged()),
                Ok(_) => {}
            }
        }
        sheet.grid = Grid::new(cells, merges).with_formulas(formulas);
        Ok(sheet)
    }

    fn cell(&mut self, element: &BytesStart<'_>) -> Result<Option<CellValue>, Oddity> {
        let mut value = None;
        loop {
            match self.reader.read_event() {
                Ok(Event::Start(inner)) if inner.local_name().as_ref() == "Data" => {
                    let kind = xml::attribute(&inner, "Type").unwrap_or_default();
                    let text = self.text(&inner)?;
                    value = Some(value_in(&kind, &text));
                }
                // A comment holds a Data of its own.
                Ok(Event::Start(inner)) if inner.local_name().as_ref() == "Comment" => {
                    self.reader.read_to_end(inner.name()).map_err(|_| damaged())?;
                }
                Ok(Event::End(end)) if end.name() == element.name() => break,
                Ok(Event::Eof) | Err(_) => return Err(damaged()),
                Ok(_) => {}
            }
        }
        Ok(value)
    }

    /// All characters up to the element's end, formatted runs joined.
    fn text(&mut self, element: &BytesStart<'_>) -> Result<String, Oddity> {
        let mut text = String::new();
        loop {
            match self.reader.read_event() {
                Ok(Event::Text(characters)) => text.push_str(&characters.xml10_content()),
                Ok(Event::CData(characters)) => text.push_str(&characters.xml10_content()),
                Ok(Event::GeneralRef(reference)) => xml::push_reference(&reference, &mut text),
                Ok(Event::End(end)) if end.name() == element.name() => return Ok(text),
                Ok(Event::Eof) | Err(_) => return Err(damaged()),
                Ok(_) => {}
            }
        }
    }
}

fn value_in(kind: &str, text: &str) -> CellValue {
    let trimmed = text.trim();
    match kind {
        "Number" => match trimmed.parse::<f64>() {
            Ok(float) => number_of(float),
            Err(_) => Decimal::from_str(trimmed).map_or_else(|_| text_of(text), CellValue::Number),
        },
        "DateTime" => iso_date(trimmed).map_or_else(|| text_of(text), CellValue::Date),
        "Boolean" => CellValue::Flag(trimmed == "1"),
        "Error" => CellValue::Failed(trimmed.to_owned()),
        _ => text_of(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOK: &str = r#"<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
 <Worksheet ss:Name="统计表"><Table>
  <Row><Cell ss:MergeAcross="2"><Data ss:Type="String">慰问&#10;情况 &amp; 说明</Data></Cell><Cell><Data ss:Type="String">备注</Data></Cell></Row>
  <Row ss:Index="4"><Cell ss:Index="2" ss:MergeDown="1"><Data ss:Type="Number">12345.670000000001</Data></Cell>
   <Cell><Data ss:Type="DateTime">2021-08-05T00:00:00.000</Data><Comment><Data>批注</Data></Comment></Cell>
   <Cell ss:Formula="=SUM(R[-1]C)"/><Cell><Data ss:Type="Error">#DIV/0!</Data></Cell><Cell><Data ss:Type="Boolean">1</Data></Cell></Row>
 </Table></Worksheet>
 <Worksheet ss:Name="旧"><Table/><WorksheetOptions><Visible>SheetHidden</Visible></WorksheetOptions></Worksheet>
</Workbook>"#;

    #[test]
    fn places_values_merges_and_visibility() {
        let sheets = read(BOOK.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(sheets.len(), 2);
        let (first, grid) = (&sheets[0], &sheets[0].grid);
        assert_eq!((first.name.as_str(), first.hidden), ("统计表", false));
        assert_eq!(grid.at(0, 0).unwrap().value, CellValue::Text("慰问\n情况 & 说明".into()));
        assert_eq!(grid.at(0, 3).unwrap().value, CellValue::Text("备注".into()));
        assert_eq!(grid.at(3, 1).unwrap().value, CellValue::Number("12345.67".parse().unwrap()));
        assert_eq!(grid.at(3, 2).unwrap().value.shown(), "2021-08-05");
        assert_eq!(grid.at(3, 3).unwrap().value, CellValue::Uncomputed("SUM(D3)".into()));
        assert_eq!(grid.at(3, 4).unwrap().value, CellValue::Failed("#DIV/0!".into()));
        assert_eq!(grid.at(3, 5).unwrap().value, CellValue::Flag(true));
        assert_eq!(
            grid.merges(),
            [Span { top: 0, left: 0, bottom: 0, right: 2 }, Span { top: 3, left: 1, bottom: 4, right: 1 }]
        );
        assert_eq!((sheets[1].name.as_str(), sheets[1].hidden), ("旧", true));
    }

    #[test]
    fn gbk_by_declaration() {
        let book = BOOK.replace("<?xml version=\"1.0\"?>", "<?xml version=\"1.0\" encoding=\"gb2312\"?>");
        let (bytes, ..) = encoding_rs::GBK.encode(&book);
        assert_eq!(read(&bytes, &Limits::default()).unwrap()[0].name, "统计表");
    }

    #[test]
    fn cut_off_or_foreign_is_damaged() {
        use crate::model::mail::OddityCode;
        let cut = BOOK.split_at(BOOK.find("<Row ss:Index").unwrap()).0;
        for bytes in [cut, "<html/>", "", "\u{0}\u{1}"] {
            assert_eq!(read(bytes.as_bytes(), &Limits::default()).unwrap_err().code, OddityCode::Damaged);
        }
    }
}
