//! The lines around a table that say whose it is and of which day: `单位名称：离石区　填报时间：2021年8月5日`.

use chrono::NaiveDate;
use rust_decimal::prelude::ToPrimitive;

use super::days::read_day;
use super::spans::Spans;
use super::words::{is_han, normalise, normalised_with_places};
use crate::model::form::Form;
use crate::model::grid::{CellValue, Grid, cell_name};

/// What the labels around one table say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labelled {
    /// As written, trimmed.
    pub unit_name: Option<String>,
    /// Where the unit's label stands.
    pub unit_cell: Option<String>,
    /// Whether there was a label for the unit at all.
    pub unit_label_seen: bool,
    pub filled_on: Option<NaiveDate>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LabelKind {
    Unit,
    Day,
    /// A bare 单位 with a colon: whose form it is (单位：市水利局), or what the figures count (单位：万元).
    Either,
}

/// The form's labels, made comparable once.
pub struct LabelWords {
    words: Vec<(String, LabelKind)>,
}

impl LabelWords {
    #[must_use]
    pub fn of(form: &Form) -> Self {
        let unit = form.unit_labels.iter().map(|label| (label, LabelKind::Unit));
        let day = form.filled_on_labels.iter().map(|label| (label, LabelKind::Day));
        let words = unit
            .chain(day)
            .map(|(label, kind)| (normalise(label).trim_end_matches(':').to_owned(), kind))
            .filter(|(label, _)| !label.is_empty())
            .chain([("单位".to_owned(), LabelKind::Either)])
            .collect();
        Self { words }
    }

    /// Whether the text holds a label.
    #[must_use]
    pub fn in_text(&self, text: &str) -> bool {
        labels_in(text, self).iter().any(|label| label.kind != LabelKind::Either)
    }
}

/// A label inside a text and the words after it, up to the next label.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Label {
    kind: LabelKind,
    rest: String,
}

/// Reads the labels in these rows of a grid.
#[must_use]
pub fn read_labels(grid: &Grid, rows: impl Iterator<Item = u32>, form: &Form, year: i32) -> Labelled {
    let labels_wanted = LabelWords::of(form);
    let spans = Spans::of(grid, std::iter::empty());
    let mut found = Labelled::default();
    let mut bare = None;
    for row in rows {
        let cells = grid.row(row);
        for (index, cell) in cells.iter().enumerate() {
            let CellValue::Text(text) = &cell.value else { continue };
            let following = cells.get(index + 1..).unwrap_or_default();
            let right = spans.anchored(cell.row, cell.column).map_or(cell.column, |span| span.right);
            let labels = labels_in(text, &labels_wanted);
            let last = labels.len().saturating_sub(1);
            for (place, label) in labels.iter().enumerate() {
                let beside = (place == last && label.rest.is_empty()).then_some(following);
                match label.kind {
                    LabelKind::Unit => {
                        found.unit_label_seen = true;
                        found.unit_cell.get_or_insert_with(|| cell_name(cell.row, cell.column));
                        let value = name_in(&label.rest);
                        let value =
                            value.or_else(|| beside.and_then(|cells| words_beside(cells, right, &labels_wanted)));
                        if found.unit_name.is_none() && value.is_some() {
                            found.unit_name = value;
                            found.unit_cell = Some(cell_name(cell.row, cell.column));
                        }
                    }
                    LabelKind::Day => {
                        let value = read_day(&label.rest, year);
                        let value = value.or_else(|| beside.and_then(|cells| day_beside(cells, &labels_wanted, year)));
                        found.filled_on = found.filled_on.or(value);
                    }
                    LabelKind::Either => {
                        let name = name_in(&label.rest).map(|name| (name, cell_name(cell.row, cell.column)));
                        bare = bare.or(name);
                    }
                }
            }
        }
    }
    if let Some((name, cell)) = bare.filter(|_| !found.unit_label_seen) {
        found = Labelled { unit_name: Some(name), unit_cell: Some(cell), unit_label_seen: true, ..found };
    }
    found
}

/// Reads the labels in lines of text around a document's tables; each line with a unit's label begins another table's.
#[must_use]
pub fn read_lines(lines: &[String], form: &Form, year: i32) -> Vec<Labelled> {
    let wanted = LabelWords::of(form);
    let mut found: Vec<Labelled> = Vec::new();
    for line in lines.iter().flat_map(|line| line.lines()) {
        for label in labels_in(line, &wanted) {
            match label.kind {
                LabelKind::Unit => {
                    let unit_name = name_in(&label.rest);
                    match found.last_mut().filter(|last| !last.unit_label_seen) {
                        Some(last) => {
                            last.unit_name = unit_name;
                            last.unit_label_seen = true;
                        }
                        None => found.push(Labelled { unit_name, unit_label_seen: true, ..Labelled::default() }),
                    }
                }
                LabelKind::Day => {
                    let day = read_day(&label.rest, year);
                    match found.last_mut().filter(|last| last.filled_on.is_none()) {
                        Some(last) => last.filled_on = day,
                        None => found.push(Labelled { filled_on: day, ..Labelled::default() }),
                    }
                }
                // In running text a bare 单位 says too little.
                LabelKind::Either => {}
            }
        }
    }
    found
}

/// A name stands at most this many columns right of its label; farther off it is something else.
const NEAR_COLUMNS: u32 = 3;

/// The value in the cell to the right of a label that ends in column `right`.
fn words_beside(following: &[crate::model::grid::Cell], right: u32, labels: &LabelWords) -> Option<String> {
    let next = following.first().filter(|next| next.column <= right.saturating_add(NEAR_COLUMNS))?;
    name_in(&next.value.shown()).filter(|text| !labels.in_text(text))
}

/// The text as a name, unless nothing is there or it says the unit of the figures (`单位：万元`).
fn name_in(text: &str) -> Option<String> {
    let name = trimmed(text);
    let words = normalise(&name);
    let figures = words.starts_with("单位:") || words.starts_with("金额单位") || words.starts_with("计量单位");
    let unit = words.chars().all(|letter| "元万人户次名、/,;:".contains(letter));
    (!figures && !unit).then_some(name)
}

/// A day to the right of its label: a date cell, a serial number, or words over several cells.
fn day_beside(following: &[crate::model::grid::Cell], labels: &LabelWords, year: i32) -> Option<NaiveDate> {
    let first = following.first()?;
    match &first.value {
        CellValue::Date(date) => return Some(*date),
        // A day whose cell lost its format: Excel counts from 1899-12-30.
        CellValue::Number(number) if number.fract().is_zero() => {
            let serial = number.to_u64().filter(|serial| (36_526..73_050).contains(serial));
            if let Some(serial) = serial {
                return NaiveDate::from_ymd_opt(1899, 12, 30)?.checked_add_days(chrono::Days::new(serial));
            }
        }
        _ => {}
    }
    let mut joined = String::new();
    for cell in following.iter().take(8) {
        let text = cell.value.shown();
        if labels.in_text(&text) {
            break;
        }
        joined.push_str(&text);
        if let Some(day) = read_day(&joined, year) {
            return Some(day);
        }
    }
    None
}

/// All labels of a text, in order.
fn labels_in(text: &str, wanted: &LabelWords) -> Vec<Label> {
    if text.len() > 2000 {
        return Vec::new();
    }
    let whole = normalise(text);
    if !wanted.words.iter().any(|(label, _)| whole.contains(label.as_str())) {
        return Vec::new();
    }
    let places = normalised_with_places(text);
    let mut marks: Vec<(usize, usize, LabelKind)> = Vec::new();
    let mut at = 0;
    while at < places.len() {
        match label_at(&places, at, text, wanted) {
            Some((length, kind)) => {
                let start = places.get(at).map_or(text.len(), |(_, place)| *place);
                let end = places.get(at + length).map_or(text.len(), |(_, place)| *place);
                marks.push((start, end, kind));
                at += length;
            }
            None => at += 1,
        }
    }
    marks
        .iter()
        .enumerate()
        .map(|(index, (_, end, kind))| {
            let stop = marks.get(index + 1).map_or(text.len(), |(start, _, _)| *start);
            Label { kind: *kind, rest: value_after_label(text.get(*end..stop).unwrap_or_default()) }
        })
        .collect()
}

/// The longest label that starts here, with its length in normalised characters.
fn label_at(places: &[(char, usize)], at: usize, text: &str, wanted: &LabelWords) -> Option<(usize, LabelKind)> {
    let here = places.get(at..)?;
    let (length, kind) = wanted
        .words
        .iter()
        .filter_map(|(label, kind)| {
            let length = label.chars().count();
            let fits = length <= here.len() && label.chars().zip(here).all(|(wanted, (seen, _))| wanted == *seen);
            fits.then_some((length, *kind))
        })
        .max_by_key(|(length, _)| *length)?;
    let named = |length: usize| {
        let more = here.get(length..length + 2).unwrap_or_default().iter().map(|(letter, _)| *letter);
        matches!(more.collect::<String>().as_str(), "名称" | "全称")
    };
    // 填报单位 is also written 填报单位名称.
    let length = if kind == LabelKind::Unit && named(length) { length + 2 } else { length };
    // Inside other words it is prose: 本单位名称变更.
    let start = here.first()?.1;
    let before = text.get(..start)?.chars().next_back();
    if before.is_some_and(is_han) {
        return None;
    }
    let end = places.get(at + length).map_or(text.len(), |(_, place)| *place);
    let written_end = here.get(length - 1).and_then(|(_, place)| text.get(*place..)).and_then(|rest| {
        let first = rest.chars().next()?;
        Some(text.len() - rest.len() + first.len_utf8())
    });
    let after = text.get(written_end.unwrap_or(end)..)?.chars().next();
    if kind == LabelKind::Either && !matches!(after, Some(':' | '：')) {
        return None;
    }
    let sets_apart =
        after.is_none_or(|next| next.is_whitespace() || matches!(next, ':' | '：' | '_' | '＿' | '(' | '（'));
    sets_apart.then_some((length, kind))
}

/// The value after a label: without colon, a stamp's bracket (`(盖章)`), and the line it is written on.
fn value_after_label(rest: &str) -> String {
    let mut rest = rest.trim();
    let stamped = rest.strip_prefix(['(', '（']).and_then(|inner| inner.split_once([')', '）']));
    if let Some((_, after)) = stamped.filter(|(stamp, _)| stamp.contains('章')) {
        rest = after;
    }
    trimmed(rest.trim().trim_start_matches([':', '：']))
}

fn trimmed(text: &str) -> String {
    text.trim_matches(|character: char| {
        character.is_whitespace() || matches!(character, '_' | '＿' | '\u{200B}' | '\u{FEFF}')
    })
    .trim_end_matches(['；', ';', '，', ','])
    .trim()
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testing::{bayi_form, grid};

    fn read(drawing: &str) -> (Option<String>, Option<String>, Option<String>) {
        let found = read_labels(&grid(drawing), 0..5, &bayi_form(), 2021);
        (found.unit_name, found.filled_on.map(|day| day.to_string()), found.unit_cell)
    }

    fn some(text: &str) -> Option<String> {
        Some(text.into())
    }

    #[test]
    fn label_and_value_in_one_cell_or_two() {
        let day = some("2021-08-05");
        for drawing in [
            "县(市、区)/单位名称：离石区　　　填报时间：2021年8月5日",
            "县（市、区）/单位名称: 离石区 | 填报时间：8月5日",
            "县(市、区)/单位名称： | 离石区 | | 填报时间 | @2021-08-05",
            "县(市、区)/\\n单位名称 | < | 离石区 | 填报时间： | 2021年 | 8月 | 5日",
            "填报单位（盖章）：离石区 | 填报日期 | 44413",
            "单位名称：__离石区__ 填报时间：_2021_年_8_月_5_日",
        ] {
            let (name, filled_on, cell) = read(drawing);
            assert_eq!((name, cell), (some("离石区"), some("A1")), "{drawing}");
            assert_eq!(filled_on, day, "{drawing}");
        }
    }

    #[test]
    fn an_empty_value_is_no_name() {
        for drawing in [
            "县(市、区)/单位名称：　　填报时间：",
            "县(市、区)/单位名称：____　　填报时间：____",
            "县(市、区)/单位名称 | | 填报时间 | ",
        ] {
            assert_eq!(read(drawing), (None, None, some("A1")), "{drawing}");
        }
        assert_eq!(read("本单位名称变更说明 | x"), (None, None, None));
        assert_eq!(read("单位名称变更说明"), (None, None, None));
    }

    #[test]
    fn the_unit_of_the_figures_is_nobodys_name() {
        assert_eq!(read("单位名称： | 单位：万元").0, None);
        assert_eq!(read("单位名称： | | | | | | | 附件2").0, None);
        assert_eq!(read("单位名称 | < | | 离石区").0, some("离石区"));
    }

    #[test]
    fn a_bare_label_names_the_unit_where_no_other_does() {
        assert_eq!(read("单位：市水利局 | | 单位：万元").0, some("市水利局"));
        assert_eq!(read("单位：人、元").0, None);
        assert_eq!(read("单位：人、万元 | | 填报单位名称（盖章）：中阳县").0, some("中阳县"));
        assert_eq!(read("单位：万元 | | 单位名称："), (None, None, some("C1")));
    }

    #[test]
    fn lines_of_a_document_are_read_in_order() {
        let lines =
            ["县(市、区)/单位名称：离石区", "填报时间：8月5日", "单位名称：柳林县 填报时间：8月6日"].map(String::from);
        let found = read_lines(&lines, &bayi_form(), 2021);
        let names: Vec<_> = found.iter().map(|one| one.unit_name.clone().unwrap()).collect();
        assert_eq!(names, ["离石区", "柳林县"]);
        assert_eq!(found[0].filled_on.unwrap().to_string(), "2021-08-05");
        assert_eq!(found[1].filled_on.unwrap().to_string(), "2021-08-06");
    }
}
