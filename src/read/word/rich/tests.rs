//! RTF documents, whole and broken.

use proptest::prelude::*;

use super::*;
use crate::model::grid::{Sheet, Span, cell_name};
use crate::model::mail::OddityCode;

fn opened(text: &str) -> Document {
    read(format!("{{\\rtf1\\ansi\\ansicpg936 {text}}}").as_bytes(), &Limits::default()).unwrap()
}

fn cells(sheet: &Sheet) -> Vec<String> {
    sheet.grid.cells().iter().map(|cell| cell_name(cell.row, cell.column) + &cell.value.shown()).collect()
}

#[test]
fn letters_come_in_every_dress() {
    let text = concat!(
        r"{\fonttbl{\f0\fcharset134 \'cb\'ce;}{\f1\fcharset204 x;}}{\*\unheard text}{\header \'d2\par}",
        r"\f0 \'c0{\b\'eb}\'ca\'af\u30456\'cf\u21306?{\v 99}{\deleted 88}\plain \ldblquote a\~\_\{\rdblquote\line\tab x\par",
        r"\uc2\u-28623\'cf\'e0!\uc0\u21306\par {\upr{old}{\*\ud new}}{\field{\*\fldinst PAGE}{\fldrslt 7}}\par",
        r"{\f1\'e4}\bin3 }}}{\footnote no}.",
    );
    let document = opened(text);
    assert_eq!(document.paragraphs, ["离石相区“a\u{a0}-{”\n\tx", "\u{9031}!区", "new7", "д."]);
    assert!(document.has_text);
}

#[test]
fn tables_with_inner_ones_and_rows_that_begin_later() {
    let text = concat!(
        r"\trowd\trleft0\clvmgf\cellx2000\clmgf\cellx4000\clmrg\cellx6000\pard\intbl a\par b\cell c\cell\cell\row",
        r"\trowd\trleft0\clvmrg\cellx2000\cellx4000\cellx6000\pard\intbl\cell d\cell",
        r"\pard\intbl\itap2 e\nestcell{\*\nesttableprops\trowd\trleft0\cellx1000\nestrow}{\nonesttables\par}\pard\intbl f\cell",
        r"\trowd\trleft0\clvmrg\cellx2000\cellx4000\cellx6000\row",
        r"\trowd\trleft0\trftsWidthB3\trwWidthB2000\clftsWidth3\clwWidth2000\cellx4000\cellx6000\pard\intbl g\cell h\cell\row\pard i",
    );
    let document = opened(text);
    assert_eq!(cells(&document.tables[0]), ["A1a\nb", "B1c", "B2d", "C2f", "B3g", "C3h"]);
    assert_eq!(cells(&document.tables[1]), ["A1e"]);
    assert_eq!(
        document.tables[0].grid.merges(),
        [Span { top: 0, left: 0, bottom: 1, right: 0 }, Span { top: 0, left: 1, bottom: 0, right: 2 }]
    );
    assert_eq!(document.paragraphs, ["i"]);
}

#[test]
fn a_text_box_is_read_once_and_pictures_are_counted() {
    let document = opened(concat!(
        r"\pard before {\shp{\*\shpinst\shpleft0{\sp{\sn a}{\sv 1}}{\shptxt \pard box\par}}{\shprslt{\*\do box\par}}}after\par",
        r"{\*\shppict{\pict\pngblip 8950}}{\nonshppict{\pict 00}}{\object{\*\objdata 01}{\result{\pict 00}}}",
    ));
    assert_eq!(document.paragraphs, ["box", "before after"]);
    assert_eq!(document.images, 2);
}

#[test]
fn what_is_cut_off_or_has_no_place_is_refused() {
    let code = |text: &str| read(text.as_bytes(), &Limits::default()).unwrap_err().code;
    assert_eq!(code(r"{\rtf1 text"), OddityCode::Damaged);
    assert_eq!(code(r"{\rtf1\trowd\cellx9\intbl a\cell b\cell\row}"), OddityCode::Damaged);
    assert_eq!(code(r"{\rtf1\trowd\cellx9\cellx99\intbl a\cell}"), OddityCode::Damaged);
    assert_eq!(code(&"{\\rtf1".repeat(5_000)), OddityCode::TooLarge);
}

proptest! {
    #[test]
    fn any_rtf_ends(text in r"(\{|\}|\\(trowd|cellx9|cell|row|par|intbl|itap9|nestcell|nestrow|u-3|uc9|'e|bin2|shp|shptxt|upr|ud|\*|v|fonttbl|f1) ?|文|a){0,80}") {
        let _ = read(format!("{{\\rtf1{text}}}").as_bytes(), &Limits::default());
    }
}
