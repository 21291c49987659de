//! Everybody without a story: some send a whole return in their own way, a few half of it, many nothing at all.

use anyhow::Result;

use super::SampleMail;
use super::build::form::Writing;
use super::build::mime::{Charset, HeaderForm, NameForm, Transfer};
use super::build::mimicry::Dialect;
use super::build::pdf;
use super::build::sheet::{Placement, workbook};
use super::cast::{Cast, STORIES, form, mail, report, report_docx, report_name, returned, right, table_name};
use super::figures::of_seed;
use crate::model::unit::Unit;

/// When the plain returns come in: few at first, most in the last days.
const DAYS: [(u32, u32); 16] = [
    (7, 26),
    (7, 28),
    (7, 30),
    (8, 2),
    (8, 3),
    (8, 4),
    (8, 5),
    (8, 6),
    (8, 9),
    (8, 9),
    (8, 10),
    (8, 6),
    (8, 10),
    (8, 9),
    (8, 10),
    (8, 5),
];

/// One mail of each unit left, except of those that stay silent.
pub(super) fn mails(cast: &Cast) -> Result<Vec<SampleMail>> {
    let mut mails = Vec::new();
    let departments = cast.departments();
    let left = departments.into_iter().skip(STORIES).chain(cast.garrison());
    for (seed, unit) in (50_u32..).zip(left) {
        match seed % 11 {
            0 | 4 | 7 => mails.push(whole(cast, unit, seed)?),
            2 if seed % 2 == 0 => mails.push(half(cast, unit, seed)?),
            // Most of those who owe something small stay silent until somebody telephones.
            _ => {}
        }
    }
    Ok(mails)
}

fn moment(cast: &Cast, seed: u32) -> Result<chrono::DateTime<chrono::FixedOffset>> {
    let (month, day) = DAYS.into_iter().nth(seed as usize % DAYS.len()).unwrap_or((8, 9));
    cast.at(month, day, 8 + seed * 5 % 10, seed * 17 % 60)
}

fn dialect(seed: u32) -> Dialect {
    Dialect::ALL.into_iter().nth(seed as usize % Dialect::ALL.len()).unwrap_or(Dialect::Qq)
}

fn whole(cast: &Cast, unit: &Unit, seed: u32) -> Result<SampleMail> {
    let at = moment(cast, seed)?;
    let done = of_seed(seed);
    let writing = match seed % 5 {
        1 => Writing::Separated,
        3 => Writing::Formula,
        _ => Writing::Plain,
    };
    let placement = match seed % 7 {
        2 => Placement::SplitLabels,
        // A formula names cells of the usual place.
        4 if writing != Writing::Formula => Placement::Shifted,
        _ => Placement::Usual,
    };
    let mut draft = mail(unit, at, dialect(seed));
    if seed.is_multiple_of(4) {
        draft = draft.written(Charset::Gb18030, HeaderForm::QuotedWords, NameForm::Extended, Transfer::QuotedPrintable);
    }
    draft = draft.attach(table_name(unit), workbook(&form(unit, at, &done, writing), placement)?);
    draft = if seed.is_multiple_of(3) {
        draft.attach(report_name(unit, "pdf"), pdf::report(&report(unit, at, &done)))
    } else {
        draft.attach(report_name(unit, "docx"), report_docx(unit, at, &done)?)
    };
    let name = format!("whole-{}", unit.code.as_str().to_lowercase());
    Ok(returned(&name, &draft, unit, Some(right(&done)), true, "A whole return in one of the usual manners."))
}

fn half(cast: &Cast, unit: &Unit, seed: u32) -> Result<SampleMail> {
    let at = moment(cast, seed)?;
    let done = of_seed(seed);
    let draft = mail(unit, at, dialect(seed))
        .subject(format!("{}“八一”走访慰问统计表", unit.name))
        .text("统计表先行报送。\n")
        .attach(table_name(unit), workbook(&form(unit, at, &done, Writing::Plain), Placement::Usual)?);
    let name = format!("half-{}", unit.code.as_str().to_lowercase());
    Ok(returned(&name, &draft, unit, Some(right(&done)), false, "The table alone; the report never comes."))
}
