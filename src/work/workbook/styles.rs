//! The look of the workbook: fonts, borders and number formats of an official form.

use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder};

use crate::model::form::{ColumnKind, MoneyUnit};

/// Songti for text, as official forms print it.
const TEXT_FONT: &str = "宋体";
/// Heiti for titles and headers.
const HEAD_FONT: &str = "黑体";

pub(super) struct Styles {
    pub title: Format,
    pub note_left: Format,
    pub note_right: Format,
    pub header: Format,
    pub text: Format,
    pub centred: Format,
    /// For status words that ask for attention.
    pub warning: Format,
    pub count: Format,
    pub yuan: Format,
    pub wan: Format,
    pub sum_label: Format,
    pub sum_count: Format,
    pub sum_yuan: Format,
    pub sum_wan: Format,
}

impl Styles {
    pub(super) fn new() -> Self {
        let plain = Format::new().set_font_name(TEXT_FONT).set_font_size(11).set_align(FormatAlign::VerticalCenter);
        let bordered = plain.clone().set_border(FormatBorder::Thin);
        let cell = bordered.clone().set_text_wrap();
        let number = |format: &str| bordered.clone().set_align(FormatAlign::Right).set_num_format(format);
        let shade = Color::RGB(0x00F5_F0EA);
        let sum = |format: Format| format.set_bold().set_background_color(shade);
        // The gap to the right border is part of the number format (`_ `): LibreOffice forgets an indent when it
        // scales a sheet to the width of the paper.
        let (count, yuan, wan) = (number("#,##0_ "), number("#,##0.00_ "), number("#,##0.00##_ "));
        let centred = cell.clone().set_align(FormatAlign::Center);
        Self {
            title: Format::new()
                .set_font_name(HEAD_FONT)
                .set_font_size(18)
                .set_align(FormatAlign::Center)
                .set_align(FormatAlign::VerticalCenter),
            note_left: plain.clone(),
            note_right: plain.clone().set_align(FormatAlign::Right),
            header: centred.clone().set_font_name(HEAD_FONT).set_background_color(shade),
            warning: centred.clone().set_font_color(Color::RGB(0x009B_1C1C)),
            sum_label: sum(centred.clone()),
            sum_count: sum(count.clone()),
            sum_yuan: sum(yuan.clone()),
            sum_wan: sum(wan.clone()),
            text: cell.set_align(FormatAlign::Left).set_indent(1),
            centred,
            count,
            yuan,
            wan,
        }
    }

    /// The format of a column's cells.
    pub(super) fn of(&self, kind: ColumnKind) -> &Format {
        match kind {
            ColumnKind::Count => &self.count,
            ColumnKind::Money(MoneyUnit::Yuan) => &self.yuan,
            ColumnKind::Money(MoneyUnit::TenThousandYuan) => &self.wan,
            ColumnKind::Text => &self.text,
        }
    }

    /// The format of a column's sums.
    pub(super) fn sum_of(&self, kind: ColumnKind) -> &Format {
        match kind {
            ColumnKind::Count => &self.sum_count,
            ColumnKind::Money(MoneyUnit::Yuan) => &self.sum_yuan,
            ColumnKind::Money(MoneyUnit::TenThousandYuan) => &self.sum_wan,
            ColumnKind::Text => &self.sum_label,
        }
    }
}

/// The width of a column in characters.
pub(super) fn width(kind: ColumnKind) -> f64 {
    match kind {
        ColumnKind::Count => 12.0,
        ColumnKind::Money(_) => 16.0,
        ColumnKind::Text => 22.0,
    }
}
