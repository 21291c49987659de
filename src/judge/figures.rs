//! One cell's text → a figure, exactly, or nothing: a figure is right or absent.

use rust_decimal::Decimal;

use super::numerals::{plain_decimal, read_numeral};
use crate::model::form::{ColumnKind, Form, MoneyUnit};

/// What a number column's cell says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FigureReading {
    /// Nothing stands there.
    Empty,
    /// In the column's own unit, with the decimals it was written with.
    Value(Decimal),
    /// Something stands there that is no number, or could be several.
    NotANumber,
}

const LONGEST: usize = 60;
/// What typesetters put between groups of three digits.
const GROUP_SPACE: char = '\u{2009}';

/// Reads the text of a cell in a column of this kind.
///
/// A unit written in the cell is heeded: `1.2万元` in a 元 column is 12000. Guesses (`约200`, `200余`), dates, several
/// numbers and broken groups of thousands (`12,34`) are no numbers.
#[must_use]
pub fn read_figure(text: &str, column: ColumnKind, form: &Form) -> FigureReading {
    if is_broken(text) {
        return FigureReading::NotANumber;
    }
    let folded = fold(text);
    if folded.is_empty() || folded.chars().all(|character| matches!(character, '_' | ' ')) {
        return FigureReading::Empty;
    }
    if folded.chars().count() > LONGEST {
        return FigureReading::NotANumber;
    }
    if is_zero_word(&folded, form) {
        return FigureReading::Value(Decimal::ZERO);
    }
    match signed(&folded, column) {
        Some(value) => FigureReading::Value(value),
        None => FigureReading::NotANumber,
    }
}

/// Digits over two lines: one number that was broken, or two? Nothing tells.
fn is_broken(text: &str) -> bool {
    let digit = |character: char| {
        character.is_numeric()
            || matches!(character, '.' | ',' | '，' | '．')
            || "零〇一二三四五六七八九十百千万两壹贰叁肆伍陆柒捌玖拾佰仟".contains(character)
    };
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.iter().zip(lines.iter().skip(1)).any(|(above, below)| above.ends_with(digit) && below.starts_with(digit))
}

/// Whether the text is one of the form's words for nothing (无, /, —).
#[must_use]
pub fn means_zero(text: &str, form: &Form) -> bool {
    is_zero_word(&fold(text), form)
}

fn is_zero_word(folded: &str, form: &Form) -> bool {
    let bare = dashes(folded.trim_end_matches(['。', '.', ';']));
    !bare.is_empty() && form.zero_words.iter().any(|word| dashes(&fold(word)) == bare)
}

/// Without spaces, any run of any dash as one hyphen.
fn dashes(text: &str) -> String {
    let mut bare = String::new();
    for character in text.chars().filter(|character| !character.is_whitespace()) {
        let character = match character {
            '—' | '–' | '―' | '─' | '−' | '‐' | '‑' | '━' | 'ー' => '-',
            other => other,
        };
        if !(character == '-' && bare.ends_with('-')) {
            bare.push(character);
        }
    }
    bare
}

/// Full-width forms to ASCII and nothing else: NFKC would make a number of ① and ².
fn fold(text: &str) -> String {
    let narrow: String = text
        .chars()
        .filter(|character| !matches!(character, '\u{200B}'..='\u{200F}' | '\u{FEFF}' | '\u{2060}'))
        .map(|character| match character {
            '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(character).saturating_sub(0xFEE0)).unwrap_or(character),
            '￥' => '¥',
            // The quarter em of GB/T 15835-2011 between groups of three, and its kin; a plain space may part two numbers.
            '\u{A0}' | '\u{2005}' | '\u{2006}' | '\u{2009}' | '\u{202F}' => GROUP_SPACE,
            character if character.is_whitespace() => ' ',
            other => other,
        })
        .collect();
    narrow.trim().to_owned()
}

fn signed(folded: &str, column: ColumnKind) -> Option<Decimal> {
    let text = folded.strip_prefix('\'').unwrap_or(folded).trim();
    if let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        return accounting_negative(inner.trim(), column);
    }
    let (negative, text) = sign(text);
    let (currency, text) = currency(text, column);
    // ¥-500 and -¥500 are both written; --500 is not.
    let (negative, text) = if currency && !negative { sign(text) } else { (negative, text) };
    let value = amount(text.trim(), column)?;
    Some(if negative { negate(value) } else { value })
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix(['-', '−']) {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text.strip_prefix('+').map_or(text, str::trim_start)),
    }
}

fn currency(text: &str, column: ColumnKind) -> (bool, &str) {
    if !matches!(column, ColumnKind::Money(_)) {
        return (false, text);
    }
    for prefix in ["人民币¥", "RMB¥", "¥", "人民币", "RMB", "CNY"] {
        let start = text.get(..prefix.len()).filter(|start| start.eq_ignore_ascii_case(prefix));
        if let Some(rest) = start.and_then(|start| text.get(start.len()..)) {
            return (true, rest.trim_start_matches([':', ' ', GROUP_SPACE]));
        }
    }
    (false, text)
}

fn negate(value: Decimal) -> Decimal {
    if value.is_zero() { value } else { -value }
}

/// `(1,234.50)` in a money column, as accountants write; `(5)` may be a footnote and is no number.
fn accounting_negative(inner: &str, column: ColumnKind) -> Option<Decimal> {
    let clearly_money =
        inner.contains(',') || inner.contains('¥') || inner.rsplit_once('.').is_some_and(|(_, cents)| cents.len() == 2);
    if !matches!(column, ColumnKind::Money(_)) || !clearly_money {
        return None;
    }
    let (_, text) = currency(inner, column);
    text.starts_with(|character: char| character.is_ascii_digit()).then(|| amount(text, column)).flatten().map(negate)
}

/// What a unit written after the number makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    /// No unit, or one that is the column's own.
    Plain,
    /// 元.
    Yuan,
    /// 万, 万元.
    TenThousand,
}

fn amount(text: &str, column: ColumnKind) -> Option<Decimal> {
    if apart(text) {
        return None;
    }
    // 200（人）, 3.5（万元）: the unit alone may stand in brackets.
    let open = text.strip_suffix(')').and_then(|inner| inner.rsplit_once('('));
    if let Some((number, unit)) = open {
        let plain = format!("{}{}", number.trim_end(), unit.trim());
        let ends = split_unit(&plain, column).is_some_and(|(rest, _)| rest.trim() == number.trim());
        return if ends { amount(&plain, column) } else { None };
    }
    let (numeral, written) = split_unit(text, column)?;
    let numeral = numeral.trim();
    if let Some(value) = arabic(numeral) {
        return in_column_unit(value, written, column);
    }
    // 大写 amounts carry 角 and 分, and their 万 belongs to the numeral.
    let compact: String = text.chars().filter(|character| !character.is_whitespace()).collect();
    chinese_amount(&compact, column)
}

/// Whether digits stand on both sides of a space: two numbers, or one that was broken; nobody can tell.
fn apart(text: &str) -> bool {
    let numeric = |character: char| character.is_ascii_digit() || matches!(character, '.' | ',');
    let mut last = None;
    let mut space = false;
    for character in text.chars() {
        if character == ' ' {
            space = true;
            continue;
        }
        if space && numeric(character) && last.is_some_and(numeric) {
            return true;
        }
        space = false;
        last = Some(character);
    }
    false
}

/// Splits the unit off. `None` where a unit stands that does not belong in this column.
fn split_unit(text: &str, column: ColumnKind) -> Option<(&str, Written)> {
    let endings: &[(&str, Written)] = match column {
        ColumnKind::Money(_) => &[
            ("万元整", Written::TenThousand),
            ("万圆整", Written::TenThousand),
            ("万元", Written::TenThousand),
            ("万圆", Written::TenThousand),
            ("万", Written::TenThousand),
            ("元整", Written::Yuan),
            ("元正", Written::Yuan),
            ("圆整", Written::Yuan),
            ("元", Written::Yuan),
            ("圆", Written::Yuan),
            ("块", Written::Yuan),
        ],
        ColumnKind::Count | ColumnKind::Text => &[
            ("万人次", Written::TenThousand),
            ("万人", Written::TenThousand),
            ("万", Written::TenThousand),
            ("人次", Written::Plain),
            ("人", Written::Plain),
            ("名", Written::Plain),
            ("户", Written::Plain),
            ("次", Written::Plain),
            ("位", Written::Plain),
            ("个", Written::Plain),
        ],
    };
    for (ending, written) in endings {
        if let Some(rest) = text.strip_suffix(ending) {
            return (!rest.trim().is_empty()).then_some((rest, *written));
        }
    }
    Some((text, Written::Plain))
}

/// Into the column's unit. Where the written unit is the column's own, the decimals stay as they were written.
fn in_column_unit(value: Decimal, written: Written, column: ColumnKind) -> Option<Decimal> {
    let ten_thousand = Decimal::from(10_000);
    match (written, column) {
        (Written::Plain, _)
        | (Written::Yuan, ColumnKind::Money(MoneyUnit::Yuan))
        | (Written::TenThousand, ColumnKind::Money(MoneyUnit::TenThousandYuan)) => Some(value),
        (Written::TenThousand, _) => Some(value.checked_mul(ten_thousand)?.normalize()),
        (Written::Yuan, _) => ten_thousandth(value),
    }
}

/// The value moved down by four digits, exactly, or `None` where 28 digits do not hold it.
#[must_use]
pub fn ten_thousandth(value: Decimal) -> Option<Decimal> {
    Decimal::try_from_i128_with_scale(value.mantissa(), value.scale() + 4).ok().map(|value| value.normalize())
}

/// Arabic digits: plain, in groups of thousands, or in scientific notation.
fn arabic(text: &str) -> Option<Decimal> {
    if let Some((mantissa, exponent)) = text.split_once(['e', 'E']) {
        return scientific(mantissa, exponent);
    }
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let whole = ungrouped(whole)?;
    match fraction {
        Some(fraction) => plain_decimal(&format!("{whole}.{fraction}")),
        None => plain_decimal(&whole),
    }
}

/// Takes the separators out of well-formed groups of three: `1,234,567`, or with typesetters' spaces; never mixed.
fn ungrouped(whole: &str) -> Option<String> {
    let separator = match (whole.contains(','), whole.contains(GROUP_SPACE)) {
        (false, false) => return Some(whole.to_owned()),
        (true, false) => ',',
        (false, true) => GROUP_SPACE,
        (true, true) => return None,
    };
    let mut groups = whole.split(separator);
    let first = groups.next()?;
    let first_fits = (1..=3).contains(&first.len()) && !first.starts_with('0');
    let rest: Vec<&str> = groups.collect();
    let digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    let rest_fits = rest.iter().all(|group| group.len() == 3 && digits(group));
    (first_fits && digits(first) && rest_fits).then(|| format!("{first}{}", rest.concat()))
}

fn scientific(mantissa: &str, exponent: &str) -> Option<Decimal> {
    let value = plain_decimal(mantissa)?;
    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if digits.is_empty() || digits.len() > 2 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let power: u32 = digits.parse().ok()?;
    if exponent.starts_with('-') {
        return Decimal::try_from_i128_with_scale(value.mantissa(), value.scale().checked_add(power)?).ok();
    }
    if power <= value.scale() {
        return Decimal::try_from_i128_with_scale(value.mantissa(), value.scale() - power).ok();
    }
    let factor = 10_i128.checked_pow(power - value.scale())?;
    Decimal::try_from_i128_with_scale(value.mantissa().checked_mul(factor)?, 0).ok()
}

/// 壹万贰仟叁佰元整, 一百二十元, 伍佰元伍角, and counts such as 一百二十人.
fn chinese_amount(text: &str, column: ColumnKind) -> Option<Decimal> {
    let ColumnKind::Money(unit) = column else {
        let bare = ["人次", "人", "名", "户", "次", "位", "个"]
            .iter()
            .find_map(|word| text.strip_suffix(word))
            .unwrap_or(text);
        return read_numeral(bare);
    };
    let text = text.trim_end_matches(['整', '正']);
    let Some((whole, rest)) = text.split_once(['元', '圆', '块']) else {
        let value = read_numeral(text)?;
        // 三万 in a 万元 column can only mean 30000 元; 五 means five of the column's unit.
        return match unit {
            MoneyUnit::TenThousandYuan if text.contains(['万', '萬', '亿', '億']) => ten_thousandth(value),
            _ => Some(value),
        };
    };
    let mut value = read_numeral(whole).or_else(|| arabic(whole))?;
    let mut rest = rest.trim_start_matches('零');
    for (word, scale) in [("角", 1_u32), ("分", 2)] {
        if let Some((digit, after)) = rest.split_once(word) {
            let digit = read_numeral(digit).filter(|digit| *digit < Decimal::TEN)?;
            value = value.checked_add(Decimal::try_from_i128_with_scale(digit.mantissa(), scale).ok()?)?;
            rest = after;
        }
    }
    if !rest.is_empty() {
        return None;
    }
    in_column_unit(value, Written::Yuan, column)
}

#[cfg(test)]
mod tests;
