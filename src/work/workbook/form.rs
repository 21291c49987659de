//! The official form as a unit gets it: blank with its name, or filled with what was understood of its return, the cells
//! in question marked.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use rust_xlsxwriter::{
    ColNum, Color, DocProperties, ExcelDateTime, Format, Note, RowNum, Workbook, Worksheet, XlsxError,
};

use super::paper::{A4, form_header, height, merged, ready_to_print_on, text};
use super::styles::{Styles, width};
use crate::judge::letters::{clean, day};
use crate::model::campaign::Campaign;
use crate::model::form::Column;
use crate::model::mark::{Mark, Tone};
use crate::model::returns::{Filled, Row, Value};

const TITLE: RowNum = 0;
const LABELS: RowNum = 1;
const GROUPS: RowNum = 2;
const FIRST_ROW: RowNum = 4;
/// Rows the form has at least, so that there is room to write in.
const LEAST_ROWS: usize = 6;
/// Points of a line to write in, and characters of one column.
const LINE_HEIGHT: f64 = 28.0;

/// What stands in the form.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filling<'a> {
    pub filled_on: Option<NaiveDate>,
    /// None for a blank form.
    pub rows: &'a [Row],
    /// By the cells the rows were read from. What points at no cell of these rows stands at the title.
    pub marks: &'a [Mark],
}

/// The campaign's form with this unit's name in it, as the bytes of an .xlsx file. The same always makes the same bytes,
/// and our own reader reads the same rows from it again.
///
/// # Errors
/// Where the form would be larger than Excel can hold.
pub fn form_filled(campaign: &Campaign, unit_name: &str, filling: Filling<'_>) -> Result<Vec<u8>, XlsxError> {
    let styles = Styles::new();
    let mut workbook = Workbook::new();
    // Otherwise the writer asks the clock.
    let made = ExcelDateTime::from_timestamp(campaign.opens.timestamp())?;
    workbook.set_properties(
        &DocProperties::new()
            .set_title(clean(&campaign.form.title, 120))
            .set_company(clean(&campaign.office, 60))
            .set_creation_datetime(&made),
    );
    let sheet = workbook.add_worksheet();
    sheet.set_name("统计表")?;
    let columns: Vec<(ColNum, &Column)> = (0..).zip(&campaign.form.columns).collect();
    head(sheet, campaign, unit_name, filling.filled_on, &columns, &styles)?;
    let marked = Marked::of(filling, &columns);
    for (row, of) in (FIRST_ROW..).zip(filling.rows) {
        let mut tallest = LINE_HEIGHT;
        for (place, column) in &columns {
            let style = marked.style(styles.of(column.kind), (row, *place));
            let filled = of.0.get(&column.key);
            let words = filled.map(written).unwrap_or_default();
            value(sheet, (row, *place), filled, &words, &style)?;
            tallest = tallest.max(height(&words, width(column.kind)));
        }
        sheet.set_row_height(row, tallest)?;
    }
    for row in (FIRST_ROW..).take(LEAST_ROWS).skip(filling.rows.len()) {
        for (place, column) in &columns {
            sheet.write_blank(row, *place, styles.of(column.kind))?;
        }
        sheet.set_row_height(row, LINE_HEIGHT)?;
    }
    marked.write(sheet)?;
    sheet.set_freeze_panes(FIRST_ROW, 0)?;
    sheet.set_repeat_rows(TITLE, FIRST_ROW - 1)?;
    ready_to_print_on(sheet, A4);
    workbook.save_to_buffer()
}

/// Title, unit, day and headers, in the layout of the printed form.
fn head(
    sheet: &mut Worksheet,
    campaign: &Campaign,
    unit_name: &str,
    filled_on: Option<NaiveDate>,
    columns: &[(ColNum, &Column)],
    styles: &Styles,
) -> Result<(), XlsxError> {
    let form = &campaign.form;
    let last = columns.last().map_or(0, |(place, _)| *place);
    merged(sheet, (TITLE, 0), (TITLE, last), &form.title, &styles.title)?;
    sheet.set_row_height(TITLE, 36)?;
    let label = |labels: &[String], otherwise: &str| {
        labels.first().map_or(otherwise, String::as_str).trim_end_matches([':', '：']).to_owned()
    };
    let unit = format!("{}：{}", label(&form.unit_labels, "单位名称"), clean(unit_name, 60));
    let on = format!("{}：{}", label(&form.filled_on_labels, "填报时间"), filled_on.map(day).unwrap_or_default());
    let middle = (last / 2).min(last.saturating_sub(1));
    merged(sheet, (LABELS, 0), (LABELS, middle), &unit, &styles.note_left)?;
    if middle < last {
        merged(sheet, (LABELS, middle + 1), (LABELS, last), &on, &styles.note_left)?;
    }
    sheet.set_row_height(LABELS, 24)?;
    form_header(sheet, GROUPS, columns, styles)
}

/// What a cell shows, in characters: to make room for it, and where a number cell cannot hold it.
fn written(filled: &Filled) -> String {
    match (&filled.value, &filled.written) {
        (Some(Value::Figure(figure)), _) => figure.to_string(),
        (Some(Value::Words(words)), _) => words.clone(),
        (None, Some(written)) => written.clone(),
        (None, None) => String::new(),
    }
}

/// A figure as a number wherever a floating-point number holds it exactly; what could not be read, as it stood.
fn value(
    sheet: &mut Worksheet,
    (row, column): (RowNum, ColNum),
    filled: Option<&Filled>,
    words: &str,
    style: &Format,
) -> Result<(), XlsxError> {
    let figure = match filled.and_then(|filled| filled.value.as_ref()) {
        Some(Value::Figure(figure)) => exact_float(*figure),
        Some(Value::Words(_)) | None => None,
    };
    match figure {
        Some(number) => sheet.write_number_with_format(row, column, number, style).map(|_| ()),
        None => text(sheet, row, column, words, style),
    }
}

/// The number a reader takes for this very figure again.
fn exact_float(figure: Decimal) -> Option<f64> {
    let number = figure.to_f64()?;
    let read: Decimal = number.to_string().parse().ok()?;
    (read == figure).then_some(number)
}

/// The marks by their places on the form.
struct Marked {
    notes: BTreeMap<(RowNum, ColNum), (Tone, Vec<String>)>,
}

impl Marked {
    fn of(filling: Filling<'_>, columns: &[(ColNum, &Column)]) -> Self {
        let mut places: BTreeMap<&str, (RowNum, ColNum)> = BTreeMap::new();
        for (row, of) in (FIRST_ROW..).zip(filling.rows) {
            for (place, column) in columns {
                if let Some(cell) = of.0.get(&column.key).and_then(|filled| filled.cell.as_deref()) {
                    places.entry(cell).or_insert((row, *place));
                }
            }
        }
        let mut notes: BTreeMap<(RowNum, ColNum), (Tone, Vec<String>)> = BTreeMap::new();
        for mark in filling.marks {
            let place = mark.cell.as_deref().and_then(|cell| places.get(cell)).copied().unwrap_or((TITLE, 0));
            let note = notes.entry(place).or_insert((mark.tone, Vec::new()));
            note.0 = note.0.max(mark.tone);
            note.1.push(mark.said(&|cell| {
                let (row, column) = places.get(cell)?;
                Some(super::paper::place(*row, *column))
            }));
        }
        Self { notes }
    }

    fn style(&self, style: &Format, place: (RowNum, ColNum)) -> Format {
        match self.notes.get(&place) {
            Some((tone, _)) => style.clone().set_background_color(Color::RGB(tone.colour())),
            None => style.clone(),
        }
    }

    fn write(&self, sheet: &mut Worksheet) -> Result<(), XlsxError> {
        for ((row, column), (_, lines)) in &self.notes {
            let words = lines.join("\n");
            let (width, height) = note_size(&words);
            let note = Note::new(words).add_author_prefix(false).set_width(width).set_height(height);
            sheet.insert_note(*row, *column, &note)?;
        }
        Ok(())
    }
}

/// Width and height of a note, in pixels, so that its words fit without scrolling.
fn note_size(words: &str) -> (u32, u32) {
    /// Han characters of a line in the font of notes.
    const LINE: usize = 20;
    let lines: usize = words.lines().map(|line| line.chars().count().div_ceil(LINE).max(1)).sum();
    (300, 20 + 18 * u32::try_from(lines.min(20)).unwrap_or(20))
}
