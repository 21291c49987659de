//! What each row below a header band is: figures, a sum, a note, column numbers, or the head of another table.

use super::figures::{FigureReading, means_zero, read_figure};
use super::labels::LabelWords;
use super::layout::Layout;
use super::spans::Spans;
use super::words::{han_count, is_han, normalise};
use crate::model::form::{Column, ColumnKind, Form};
use crate::model::grid::{Cell, CellValue, Grid};

/// What a row of the grid is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    Blank,
    Data,
    Sum,
    Note,
    /// The line of column numbers, or of units of measure, printed under the header.
    Numbering,
    /// The head of another table: ours has ended.
    Foreign,
}

/// What stood above a row.
#[derive(Clone, Copy, Debug, Default)]
pub struct SeenAbove {
    /// A blank row, a note or a sum.
    pub gap: bool,
    pub note: bool,
    /// A row of the form.
    pub rows: bool,
}

/// A grid with all that is needed to read rows from it.
pub struct Standing<'a> {
    pub grid: &'a Grid,
    pub layout: &'a Layout,
    pub form: &'a Form,
    pub spans: Spans,
    labels: LabelWords,
    sum_words: Vec<String>,
    note_words: Vec<String>,
    title: String,
}

const NOTE_OPENERS: [&str; 7] = ["例如", "示例", "填报示例", "填表说明", "制表人", "注意", "附注"];
/// What may stand before a sum word (全县合计).
const SUM_LEADS: [&str; 10] = ["本页", "本表", "以上", "全县", "全区", "全市", "全局", "部队", "各项", "本单位"];
/// What may stand behind one (合计金额).
const SUM_ENDS: [&str; 5] = ["数", "金额", "数额", "人数", "经费"];
/// Column numbers and units stand at most this far below the header.
const NUMBERING_ROWS: u32 = 2;

impl<'a> Standing<'a> {
    #[must_use]
    pub fn new(grid: &'a Grid, layout: &'a Layout, form: &'a Form) -> Self {
        let columns = layout.columns.values().map(|place| place.column).chain(layout.unit_column);
        let openers = NOTE_OPENERS.iter().map(|word| normalise(word));
        Self {
            grid,
            layout,
            form,
            spans: Spans::of(grid, columns),
            labels: LabelWords::of(form),
            sum_words: form.sum_words.iter().map(|word| normalise(word)).collect(),
            note_words: form.note_words.iter().map(|word| normalise(word)).chain(openers).collect(),
            title: normalise(&form.title),
        }
    }

    /// Says what a row is.
    #[must_use]
    pub fn kind_of(&self, row: u32, above: SeenAbove) -> RowKind {
        let cells = self.grid.row(row);
        let mapped: Vec<(&Column, &Cell)> =
            cells.iter().filter_map(|cell| self.column_at(cell.column).map(|column| (column, cell))).collect();
        let below_header = row.saturating_sub(self.layout.data_start);
        if !above.rows && below_header < NUMBERING_ROWS && (is_numbering(&mapped) || is_measures(cells)) {
            return RowKind::Numbering;
        }
        if cells.iter().filter_map(words_in).any(|words| words.contains(&self.title)) {
            return RowKind::Foreign;
        }
        if cells.iter().filter_map(words_in).any(|words| is_example(&words)) {
            return RowKind::Note;
        }
        if self.is_sum(cells) {
            return RowKind::Sum;
        }
        if self.is_note(cells, &mapped, above) || cells.iter().any(|cell| self.labels.in_text(&cell.value.shown())) {
            return RowKind::Note;
        }
        if mapped.is_empty() {
            return RowKind::Blank;
        }
        // Below a blank line a remark alone is about the table, not in it.
        if above.gap && above.rows && mapped.iter().all(|(column, _)| is_remark(column)) {
            return RowKind::Note;
        }
        if above.gap && self.is_foreign(&mapped) {
            return RowKind::Foreign;
        }
        RowKind::Data
    }

    fn column_at(&self, column: u32) -> Option<&'a Column> {
        self.layout.key_at(column).and_then(|key| self.form.column(key))
    }

    fn is_sum(&self, cells: &[Cell]) -> bool {
        let texts: Vec<(&Cell, String)> =
            cells.iter().filter_map(|cell| words_in(cell).map(|words| (cell, words))).collect();
        texts.iter().enumerate().any(|(index, (cell, words))| {
            let Some(rest) = self.after_sum_word(words) else { return false };
            let bare = rest.is_empty() || rest == ":";
            match self.column_at(cell.column) {
                // A remark that says 合计 makes a sum of a row without other words only.
                Some(column) if is_remark(column) => bare && texts.len() == 1,
                _ => bare || (index == 0 && (rest.starts_with(['(', ':', '/', '、']) || SUM_ENDS.contains(&rest))),
            }
        })
    }

    /// Whether a sum row sums only some of the rows.
    #[must_use]
    pub fn is_part_sum(&self, row: u32) -> bool {
        let part = |words: String| words.starts_with("小计") || words.starts_with("本页");
        self.grid.row(row).iter().filter_map(words_in).any(part)
    }

    /// What follows a sum word the text begins with.
    fn after_sum_word<'w>(&self, words: &'w str) -> Option<&'w str> {
        let lead = SUM_LEADS.iter().find_map(|lead| words.strip_prefix(lead)).unwrap_or(words);
        self.sum_words.iter().find_map(|sum| lead.strip_prefix(sum.as_str()))
    }

    fn is_note(&self, cells: &[Cell], mapped: &[(&Column, &Cell)], above: SeenAbove) -> bool {
        let Some(first) = cells.iter().find(|cell| matches!(cell.value, CellValue::Text(_))) else {
            // A day alone belongs to the signature.
            return matches!(cells, [Cell { value: CellValue::Date(_), .. }]);
        };
        let shown = first.value.shown();
        let words = normalise(&shown);
        let text_column = self.column_at(first.column).is_some_and(|column| column.kind == ColumnKind::Text);
        if self.opens_note(&words, text_column) {
            return true;
        }
        let figures = mapped.iter().any(|(column, cell)| self.like_figure(column, cell));
        let across = cells.iter().any(|cell| {
            words_in(cell).is_some_and(|words| !means_zero(&words, self.form)) && self.covers_columns(cell)
        });
        if !figures && (across || above.note) {
            return true;
        }
        let alone = cells.len() == 1;
        // A sentence alone under a number's header is no figure that went wrong; nor is who signed, and when.
        let number_column = mapped.len() == 1 && !text_column;
        let signature = is_day(&words)
            || words.contains('章')
            || words.contains("签字")
            || (above.rows && number_column && self.is_office(&words));
        alone
            && ((self.covers_columns(first) && !means_zero(&shown, self.form))
                || (number_column && words.chars().count() > 12)
                || signature)
    }

    fn opens_note(&self, words: &str, text_column: bool) -> bool {
        self.note_words.iter().any(|word| {
            words.strip_prefix(word.as_str()).is_some_and(|rest| {
                let next = rest.chars().next();
                let set_apart = next.is_some_and(|next| matches!(next, ':' | '.' | '、' | '(' | '1' | ')'));
                let long = word.chars().count() > 1;
                set_apart || (!text_column && (next.is_none() || (long && next.is_some_and(is_han))))
            })
        })
    }

    /// Whether a cell is merged over several columns of the form.
    fn covers_columns(&self, cell: &Cell) -> bool {
        self.spans.anchored(cell.row, cell.column).is_some_and(|span| {
            let mut keys: Vec<&str> = (span.left..=span.right.min(span.left.saturating_add(200)))
                .filter_map(|column| self.layout.key_at(column))
                .collect();
            keys.dedup();
            keys.len() >= 2
        })
    }

    /// Whether a number column's cell holds a figure, or something that was meant for one.
    fn like_figure(&self, column: &Column, cell: &Cell) -> bool {
        column.kind.is_number()
            && match &cell.value {
                CellValue::Number(_) | CellValue::Uncomputed(_) | CellValue::Failed(_) => true,
                CellValue::Text(text) => {
                    matches!(read_figure(text, column.kind, self.form), FigureReading::Value(_))
                        || (han_count(text) < 12 && normalise(text).chars().any(|letter| letter.is_ascii_digit()))
                }
                CellValue::Date(_) | CellValue::Flag(_) => false,
            }
    }

    fn is_office(&self, words: &str) -> bool {
        let ends = ["办", "办公室", "局", "委员会", "领导小组", "政府", "中心", "公司", "支队", "大队", "人武部"];
        han_count(words) >= 4 && ends.iter().any(|end| words.ends_with(end))
    }

    /// Words where at least two figures are wanted, and no figure anywhere: the header of something else.
    fn is_foreign(&self, mapped: &[(&Column, &Cell)]) -> bool {
        let numbers = || mapped.iter().filter(|(column, _)| column.kind.is_number());
        let words = numbers().filter(|(column, cell)| match &cell.value {
            CellValue::Text(text) => {
                matches!(read_figure(text, column.kind, self.form), FigureReading::NotANumber)
                    && !text.chars().any(|letter| letter.is_ascii_digit())
            }
            _ => false,
        });
        words.count() >= 2
            && !numbers().any(|(column, cell)| match &cell.value {
                CellValue::Number(_) => true,
                CellValue::Text(text) => {
                    !matches!(read_figure(text, column.kind, self.form), FigureReading::NotANumber)
                }
                _ => false,
            })
    }
}

fn words_in(cell: &Cell) -> Option<String> {
    match &cell.value {
        CellValue::Text(text) => Some(normalise(text)),
        _ => None,
    }
}

/// Whether a cell says that its row shows how to fill in the form.
fn is_example(words: &str) -> bool {
    let bare = words.trim_matches(['(', ')', ':', '.', '※', '*']);
    matches!(bare, "例" | "例子" | "示例" | "样例" | "范例" | "举例" | "示例行" | "填写示例" | "填报示例" | "填写样例")
}

/// A column of words that belongs to no other (备注).
fn is_remark(column: &Column) -> bool {
    column.kind == ColumnKind::Text && !column.compulsory && column.after.is_none()
}

/// Whether a text is a day and nothing else: `2021年8月5日`, `8月 日`.
fn is_day(words: &str) -> bool {
    let digits =
        words.chars().all(|letter| letter.is_ascii_digit() || "年月日.-/〇○一二三四五六七八九十".contains(letter));
    digits && words.contains('月') && words.chars().count() <= 16
}

/// The row of column numbers some forms carry: 1 2 3 … or 甲 乙 1 2 …, in the columns of words too.
fn is_numbering(mapped: &[(&Column, &Cell)]) -> bool {
    let mut next: Option<u32> = None;
    let (mut numbers, mut in_words) = (0, false);
    for (column, cell) in mapped {
        let shown = normalise(&cell.value.shown());
        let bare = shown.trim_matches(['(', ')']);
        let text = column.kind == ColumnKind::Text;
        if text && matches!(bare, "甲" | "乙" | "丙" | "丁" | "戊" | "己") {
            in_words = true;
            continue;
        }
        // 10=3+6+9 tells how a column is made.
        let bare = bare.split('=').next().unwrap_or(bare).trim_end_matches(')');
        let Ok(number) = bare.parse::<u32>() else { return false };
        // A column that the form does not know may stand between.
        if next.map_or(number > 3, |next| number < next || number > next + 2) {
            return false;
        }
        in_words |= text;
        numbers += 1;
        next = number.checked_add(1);
    }
    in_words && numbers >= 5
}

/// A row that only says what is counted: 人, 元, 万元.
fn is_measures(cells: &[Cell]) -> bool {
    let measure = |cell: &Cell| {
        words_in(cell).is_some_and(|words| {
            words.chars().any(is_han) && words.chars().all(|letter| "()单位:人民币元圆万个名次户".contains(letter))
        })
    };
    cells.len() >= 2 && cells.iter().all(measure)
}
