//! Simple formulas that nobody computed: sums and rounding over one sheet, exactly or not at all.

use std::cell::Cell as Counter;

use rust_decimal::{Decimal, RoundingStrategy};

use crate::model::grid::{CellValue, Grid};

const DEEPEST: u32 = 24;
const MOST_STEPS: u32 = 20_000;

/// The value of a formula such as `SUM(C5:C8)/10000`, as Excel would compute it but in exact decimals.
///
/// `None` for anything else: other functions, other sheets, text operands, circles, results that do not end.
#[must_use]
pub fn evaluate(formula: &str, grid: &Grid) -> Option<Decimal> {
    let steps = Counter::new(0);
    Evaluator { grid, steps: &steps }
        .formula(formula, 0)
        .filter(|result| result.exact)
        .map(|result| result.value.normalize())
}

/// A value, and whether nothing was rounded away on the way to it.
#[derive(Clone, Copy)]
struct Exact {
    value: Decimal,
    exact: bool,
}

impl Exact {
    fn of(value: Decimal) -> Self {
        Self { value, exact: true }
    }

    fn add(self, other: Self) -> Option<Self> {
        let value = self.value.checked_add(other.value)?;
        let exact = value.is_zero() || value.scale() == self.value.scale().max(other.value.scale());
        Some(Self { value, exact: exact && self.exact && other.exact })
    }

    fn multiply(self, other: Self) -> Option<Self> {
        let value = self.value.checked_mul(other.value)?;
        let exact = value.is_zero() || value.scale() == self.value.scale() + other.value.scale();
        Some(Self { value, exact: exact && self.exact && other.exact })
    }

    fn divide(self, other: Self) -> Option<Self> {
        let value = self.value.checked_div(other.value)?;
        let exact = value.checked_mul(other.value) == Some(self.value);
        Some(Self { value, exact: exact && self.exact && other.exact })
    }

    fn negate(self) -> Self {
        Self { value: -self.value, ..self }
    }

    fn round(self, digits: Self) -> Option<Self> {
        let digits: u32 = digits.value.trunc().to_string().parse().ok()?;
        (digits <= 20)
            .then(|| Self::of(self.value.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero)))
    }
}

struct Evaluator<'a> {
    grid: &'a Grid,
    steps: &'a Counter<u32>,
}

impl<'a> Evaluator<'a> {
    fn formula(&self, formula: &str, depth: u32) -> Option<Exact> {
        if depth > DEEPEST || formula.len() > 2000 {
            return None;
        }
        let mut parser = Parser { rest: formula.trim().trim_start_matches('='), evaluator: self, depth };
        let value = parser.sum()?;
        parser.skip_space();
        parser.rest.is_empty().then_some(value)
    }

    fn step(&self) -> Option<()> {
        let steps = self.steps.get() + 1;
        self.steps.set(steps);
        (steps <= MOST_STEPS).then_some(())
    }

    /// The value of one cell. In a sum, words count as nothing, as in Excel; as an operand they fail.
    fn cell(&self, (row, column): (u32, u32), depth: u32, in_sum: bool) -> Option<Exact> {
        self.step()?;
        match self.grid.at(row, column).map(|cell| &cell.value) {
            None => Some(Exact::of(Decimal::ZERO)),
            Some(CellValue::Number(number)) => Some(Exact::of(*number)),
            Some(CellValue::Text(_) | CellValue::Flag(_)) if in_sum => Some(Exact::of(Decimal::ZERO)),
            Some(CellValue::Uncomputed(formula)) => self.formula(formula, depth + 1),
            Some(CellValue::Text(_) | CellValue::Flag(_) | CellValue::Date(_) | CellValue::Failed(_)) => None,
        }
    }

    fn range(&self, from: (u32, u32), to: (u32, u32), depth: u32) -> Option<Exact> {
        let (top, bottom) = (from.0.min(to.0), from.0.max(to.0));
        let (left, right) = (from.1.min(to.1), from.1.max(to.1));
        let mut sum = Exact::of(Decimal::ZERO);
        // Only used cells are walked, so that A1:XFD1048576 costs no more than the sheet holds.
        for cell in self.grid.cells() {
            self.step()?;
            if (top..=bottom).contains(&cell.row) && (left..=right).contains(&cell.column) {
                sum = sum.add(self.cell((cell.row, cell.column), depth, true)?)?;
            }
        }
        Some(sum)
    }
}

struct Parser<'t, 'e, 'g> {
    rest: &'t str,
    evaluator: &'e Evaluator<'g>,
    depth: u32,
}

impl Parser<'_, '_, '_> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn eat(&mut self, wanted: char) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn sum(&mut self) -> Option<Exact> {
        let mut value = self.product()?;
        loop {
            if self.eat('+') {
                value = value.add(self.product()?)?;
            } else if self.eat('-') {
                value = value.add(self.product()?.negate())?;
            } else {
                return Some(value);
            }
        }
    }

    fn product(&mut self) -> Option<Exact> {
        let mut value = self.factor()?;
        loop {
            if self.eat('*') {
                value = value.multiply(self.factor()?)?;
            } else if self.eat('/') {
                value = value.divide(self.factor()?)?;
            } else {
                return Some(value);
            }
        }
    }

    fn factor(&mut self) -> Option<Exact> {
        self.evaluator.step()?;
        self.depth += 1;
        if self.depth > DEEPEST * 2 {
            return None;
        }
        let value = if self.eat('-') {
            self.factor()?.negate()
        } else if self.eat('+') {
            self.factor()?
        } else if self.eat('(') {
            let value = self.sum()?;
            self.eat(')').then_some(value)?
        } else {
            self.operand()?
        };
        self.depth -= 1;
        if self.eat('%') { value.divide(Exact::of(Decimal::ONE_HUNDRED)) } else { Some(value) }
    }

    fn operand(&mut self) -> Option<Exact> {
        self.skip_space();
        if self.rest.starts_with(|character: char| character.is_ascii_digit() || character == '.') {
            let digits = self.take_while(|character| character.is_ascii_digit() || character == '.');
            return super::numerals::plain_decimal(&digits).map(Exact::of);
        }
        let word = self.take_while(|character| character.is_ascii_alphanumeric() || character == '$');
        if self.eat('(') {
            return self.call(&word.to_ascii_uppercase());
        }
        self.evaluator.cell(reference(&word)?, self.depth, false)
    }

    fn take_while(&mut self, fits: impl Fn(char) -> bool) -> String {
        let taken: String = self.rest.chars().take_while(|character| fits(*character)).collect();
        self.rest = self.rest.get(taken.len()..).unwrap_or_default();
        taken
    }

    fn call(&mut self, name: &str) -> Option<Exact> {
        match name {
            "SUM" => {
                let mut sum = Exact::of(Decimal::ZERO);
                loop {
                    sum = sum.add(self.sum_argument()?)?;
                    if self.eat(')') {
                        return Some(sum);
                    }
                    self.eat(',').then_some(())?;
                }
            }
            "ROUND" => {
                let value = self.sum()?;
                self.eat(',').then_some(())?;
                let digits = self.sum()?;
                self.eat(')').then_some(())?;
                value.round(digits)
            }
            _ => None,
        }
    }

    /// A range, a lone reference, or an expression.
    fn sum_argument(&mut self) -> Option<Exact> {
        self.skip_space();
        let start = self.rest;
        let word = self.take_while(|character| character.is_ascii_alphanumeric() || character == '$');
        if let Some(from) = reference(&word) {
            if self.eat(':') {
                let to = self.take_while(|character| character.is_ascii_alphanumeric() || character == '$');
                return self.evaluator.range(from, reference(&to)?, self.depth);
            }
            self.skip_space();
            if self.rest.starts_with([',', ')']) {
                return self.evaluator.cell(from, self.depth, true);
            }
        }
        self.rest = start;
        self.sum()
    }
}

/// `$C$5` → (4, 2).
fn reference(word: &str) -> Option<(u32, u32)> {
    let bare: String = word.chars().filter(|character| *character != '$').collect();
    let letters: String = bare.chars().take_while(char::is_ascii_alphabetic).collect();
    let digits = bare.get(letters.len()..)?;
    if letters.is_empty() || letters.len() > 3 || digits.is_empty() || digits.len() > 7 {
        return None;
    }
    let column = letters
        .bytes()
        .fold(0_u32, |column, letter| column * 26 + u32::from(letter.to_ascii_uppercase().saturating_sub(b'A')) + 1);
    let row: u32 = digits.parse().ok()?;
    Some((row.checked_sub(1)?, column.checked_sub(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testing::grid;

    fn value(formula: &str) -> Option<String> {
        let sheet = grid(
            "12000 | 无 | 0.1 | =A1+C1
             22120.5 | '5 | 0.2 | =D2
             #DIV/0! | =SUM(A1:A2) | =B3/10000 | 3",
        );
        evaluate(formula, &sheet).map(|value| value.to_string())
    }

    #[test]
    fn sums_and_rounding_are_exact() {
        assert_eq!(value("SUM(A1:A2)").as_deref(), Some("34120.5"));
        assert_eq!(value("=ROUND(SUM(A1:A2)/10000,1)").as_deref(), Some("3.4"));
        assert_eq!(value("ROUND(C3, 2)").as_deref(), Some("3.41"));
        assert_eq!(value("C1+C2").as_deref(), Some("0.3"));
        assert_eq!(value("$A$1*2-(A2+1)").as_deref(), Some("1878.5"));
        assert_eq!(value("SUM(A1,B1,C1:C2)+50%").as_deref(), Some("12000.8"));
        assert_eq!(value("D1").as_deref(), Some("12000.1"));
        assert_eq!(value("-ROUND(2.5,0)").as_deref(), Some("-3"));
    }

    #[test]
    fn what_cannot_be_known_is_not_guessed() {
        for formula in [
            "D2",
            "1/3",
            "A1/0",
            "B1+1",
            "A3+1",
            "SUM(A1:A3)",
            "Sheet2!A1",
            "IF(A1,1,2)",
            "SUM(A1",
            "1+",
            "",
            "A1 A2",
            "ROUND(1,-1)",
        ] {
            assert_eq!(value(formula), None, "{formula}");
        }
    }

    #[test]
    fn deep_and_wide_formulas_end() {
        assert_eq!(value(&"(".repeat(1900)), None);
        assert_eq!(value(&"-".repeat(1900)), None);
        let mut drawing = String::from("1\n");
        for row in 1..60 {
            drawing.push_str(&format!("=A{row}+A{row}\n"));
        }
        assert_eq!(evaluate("A60", &grid(&drawing)), None);
    }
}
