//! The money detective: was a figure written in 元 where 万元 is asked, or the other way round? Only where the
//! figures leave one likely answer; the value itself is never changed.

use rust_decimal::Decimal;

use super::check::{cell_of, exact_add, rounded_total};
use super::figures::ten_thousandth;
use super::fill::GridRow;
use super::layout::Layout;
use super::remarks::{Remarks, column_title, unit_word};
use crate::model::form::{Check, ColumnKind, Form, MoneyUnit};

/// One cost that goes into a total.
#[derive(Clone, Debug)]
pub struct Part {
    pub key: String,
    pub cell: String,
    pub title: String,
    pub value: Decimal,
    /// How many people it was for, where the form says.
    pub people: Option<Decimal>,
}

impl Part {
    /// The cost under this key, if the row has one above zero.
    #[must_use]
    pub fn of(row: &GridRow, key: &str, form: &Form) -> Option<Self> {
        let value = row.row.figure(key).filter(|value| *value > Decimal::ZERO)?;
        let people = form.checks.iter().find_map(|check| match check {
            Check::CountWithCost { count, cost } if cost == key && !row.continued.contains(count) => {
                row.row.figure(count).filter(|people| *people > Decimal::ZERO)
            }
            _ => None,
        });
        Some(Self {
            key: key.to_owned(),
            cell: cell_of(row, key)?.to_owned(),
            title: column_title(form.column(key)?, form),
            value,
            people,
        })
    }

    fn in_yuan_if_wan(&self) -> Option<Decimal> {
        self.value.checked_mul(Decimal::from(10_000))
    }

    /// Whether the value per head is plausible, taken as 元 and taken as 万元. `None` where the head count is unknown.
    fn plausible(&self, form: &Form) -> Option<(bool, bool)> {
        let (low, high) = form.plausible_per_head?;
        let people = self.people?;
        let within = |value: Decimal| value.checked_div(people).is_some_and(|each| each >= low && each <= high);
        Some((within(self.value), self.in_yuan_if_wan().is_some_and(within)))
    }

    /// Whether this cost may have been written in 万元.
    fn may_be_wan(&self, form: &Form) -> bool {
        match self.plausible(form) {
            Some((as_written, as_wan)) => as_wan && !as_written,
            // No unit gives a thousand 万元 of comforts; below that the arithmetic must decide.
            None => self.value < Decimal::ONE_THOUSAND,
        }
    }

    fn suspect(&self, remarks: &mut Remarks) {
        let Some(likely) = self.in_yuan_if_wan().map(|likely| likely.normalize()) else { return };
        let text = format!(
            "{} {}填写为 {} 元，疑似按“万元”填写；如是，应为 {likely} 元，请核对金额单位。",
            self.cell, self.title, self.value
        );
        remarks.suspect(Some(&self.cell), text, Some(likely));
    }
}

/// A total that does not agree, with the costs it stands for.
#[derive(Clone, Debug)]
pub struct Segment<'a> {
    pub total: Decimal,
    pub cell: &'a str,
    pub title: &'a str,
    pub parts: Vec<Part>,
}

/// Beyond this many costs only whole columns are tried.
const MOST_SINGLE_PARTS: usize = 8;

/// What is suspected to stand in another unit of money than its column's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Suspects {
    Nothing,
    Total,
    /// Costs, by their place among the segment's parts.
    Costs(Vec<usize>),
}

/// Tells of what is suspected.
pub fn tell(suspects: &Suspects, segment: &Segment, remarks: &mut Remarks) {
    match suspects {
        Suspects::Nothing => {}
        Suspects::Total => suspect_total(segment, remarks),
        Suspects::Costs(places) => {
            places.iter().filter_map(|place| segment.parts.get(*place)).for_each(|part| part.suspect(remarks));
        }
    }
}

/// Looks for the smallest change of unit that makes a total agree.
#[must_use]
pub fn explain(segment: &Segment, form: &Form) -> Suspects {
    let Some(sum) = segment.parts.iter().try_fold(Decimal::ZERO, |sum, part| exact_add(sum, part.value)) else {
        return Suspects::Nothing;
    };
    if segment.total <= Decimal::ZERO || sum.is_zero() {
        return Suspects::Nothing;
    }
    // The last place may have been rounded or cut off.
    let last_place = Decimal::try_from_i128_with_scale(1, segment.total.scale()).unwrap_or_default();
    let same = sum.checked_sub(segment.total).is_some_and(|apart| apart.abs() < last_place);
    if same {
        return match wrong_side(&segment.parts, form) {
            Some(Side::Total) => Suspects::Total,
            Some(Side::Costs) => Suspects::Costs((0..segment.parts.len()).collect()),
            None => Suspects::Nothing,
        };
    }
    match smallest_subset(segment, form) {
        Some(places) if !places.is_empty() => Suspects::Costs(places),
        _ => Suspects::Nothing,
    }
}

enum Side {
    Total,
    Costs,
}

/// The total equals the sum of the costs: either it stands in 元, or all the costs stand in 万元.
fn wrong_side(parts: &[Part], form: &Form) -> Option<Side> {
    let judged: Vec<(bool, bool)> = parts.iter().filter_map(|part| part.plausible(form)).collect();
    let as_written = judged.iter().filter(|(as_written, _)| *as_written).count();
    let as_wan = judged.iter().filter(|(_, as_wan)| *as_wan).count();
    match (as_written, as_wan) {
        (0, 0) => {}
        (_, 0) => return Some(Side::Total),
        (0, _) => return Some(Side::Costs),
        (written, wan) => {
            return match written.cmp(&wan) {
                std::cmp::Ordering::Less => Some(Side::Costs),
                std::cmp::Ordering::Greater => Some(Side::Total),
                std::cmp::Ordering::Equal => None,
            };
        }
    }
    if !judged.is_empty() {
        return None;
    }
    let (low, _) = form.plausible_per_head?;
    let ten_heads = low.checked_mul(Decimal::TEN)?;
    if parts.iter().all(|part| part.value < low) {
        Some(Side::Costs)
    } else if parts.iter().all(|part| part.value >= ten_heads) {
        Some(Side::Total)
    } else {
        None
    }
}

fn suspect_total(segment: &Segment, remarks: &mut Remarks) {
    let Some(likely) = ten_thousandth(segment.total) else { return };
    let text = format!(
        "{} {}填写为 {} 万元，疑似按“元”填写；如是，应为 {likely} 万元，请核对金额单位。",
        segment.cell, segment.title, segment.total
    );
    remarks.suspect(Some(segment.cell), text, Some(likely));
}

/// The fewest costs that, read as 万元, make the total agree; `None` where there is no such set or more than one.
fn smallest_subset(segment: &Segment, form: &Form) -> Option<Vec<usize>> {
    let suspects: Vec<usize> =
        segment.parts.iter().enumerate().filter(|(_, part)| part.may_be_wan(form)).map(|(index, _)| index).collect();
    let mut candidates: Vec<Vec<usize>> = if suspects.len() <= MOST_SINGLE_PARTS {
        (1_u32..1 << suspects.len())
            .map(|mask| {
                suspects.iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 1).map(|(_, index)| *index).collect()
            })
            .collect()
    } else {
        by_column(segment, &suspects)
    };
    candidates.sort_by_key(Vec::len);
    let mut found: Option<Vec<usize>> = None;
    for candidate in candidates {
        if found.as_ref().is_some_and(|found| found.len() < candidate.len()) {
            break;
        }
        if agrees_if_wan(segment, &candidate) {
            if found.is_some() {
                return None;
            }
            found = Some(candidate);
        }
    }
    found
}

/// All suspects of one column, of each pair of columns, and all suspects.
fn by_column(segment: &Segment, suspects: &[usize]) -> Vec<Vec<usize>> {
    let key = |index: &usize| segment.parts.get(*index).map(|part| part.key.as_str());
    let mut keys: Vec<&str> = suspects.iter().filter_map(key).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.truncate(6);
    (1_u32..1 << keys.len())
        .map(|mask| {
            let chosen =
                |wanted: &str| keys.iter().position(|key| *key == wanted).is_some_and(|bit| mask >> bit & 1 == 1);
            suspects.iter().copied().filter(|index| key(index).is_some_and(chosen)).collect()
        })
        .collect()
}

fn agrees_if_wan(segment: &Segment, wrong: &[usize]) -> bool {
    let sum = segment.parts.iter().enumerate().try_fold(Decimal::ZERO, |sum, (index, part)| {
        exact_add(sum, if wrong.contains(&index) { part.in_yuan_if_wan()? } else { part.value })
    });
    sum.and_then(|sum| rounded_total(sum, segment.total.scale())) == Some(segment.total)
}

/// Costs that would be a few 分 a head as written and plausible as 万元, whatever the total says.
pub fn suspect_per_head(rows: &[GridRow], form: &Form, remarks: &mut Remarks) {
    for check in &form.checks {
        let Check::CountWithCost { cost, .. } = check else { continue };
        for part in rows.iter().filter_map(|row| Part::of(row, cost, form)) {
            let Some((low, _)) = form.plausible_per_head else { continue };
            // A tenth of the least plausible sum: nobody was given that little.
            let tiny = part
                .people
                .and_then(|people| part.value.checked_div(people))
                .is_some_and(|each| each < low / Decimal::from(10));
            if tiny && part.plausible(form) == Some((false, true)) {
                part.suspect(remarks);
            }
        }
    }
}

/// A header that names another unit of money than the form: its figures are probably in that unit.
pub fn suspect_headers(rows: &[GridRow], layout: &Layout, form: &Form, remarks: &mut Remarks) {
    for column in &form.columns {
        let (ColumnKind::Money(asked), Some(place)) = (column.kind, layout.columns.get(&column.key)) else { continue };
        let Some(written) = place.money.filter(|written| *written != asked) else { continue };
        let told = unit_word(ColumnKind::Money(written)).trim();
        let wanted = unit_word(column.kind).trim();
        let title = column_title(column, form);
        let mut any = false;
        for row in rows {
            let Some(value) = row.row.figure(&column.key).filter(|value| !value.is_zero()) else { continue };
            let likely = match written {
                MoneyUnit::Yuan => ten_thousandth(value),
                MoneyUnit::TenThousandYuan => value.checked_mul(Decimal::from(10_000)).map(|value| value.normalize()),
            };
            let heads = Part::of(row, &column.key, form).and_then(|part| part.plausible(form));
            // The header may be wrong and the figures right: then no other figure is suggested.
            let Some(likely) = likely.filter(|_| heads != Some((true, false))) else { continue };
            let cell = cell_of(row, &column.key);
            let text = format!(
                "{} {title}的表头写的是“{told}”，应按“{wanted}”填写；填写的 {value} 如以{told}计，应为 {likely} {wanted}，请核对。",
                cell.unwrap_or_default(),
            );
            remarks.suspect(cell, text, Some(likely));
            any = true;
        }
        if !any {
            let cell = crate::model::grid::cell_name(place.header_cell.0, place.header_cell.1);
            let text = format!("{cell} {title}的表头写的是“{told}”，应按“{wanted}”填写，请核对金额单位。");
            remarks.suspect(Some(&cell), text, None);
        }
    }
}
