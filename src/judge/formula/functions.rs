//! The functions a form's formulas are made of.

use rust_decimal::{Decimal, RoundingStrategy};

use super::evaluate::{Evaluation, operand};
use super::parse::Expression;
use super::value::{Exact, Value};

impl Evaluation<'_, '_> {
    /// A function's value; `None` for any that is not known here.
    pub(super) fn call(self, name: &str, arguments: &[Expression]) -> Option<Value> {
        match (name, arguments) {
            ("SUM", _) => self.folded(arguments, |sum, number| sum.add(number)),
            ("PRODUCT", _) => self.folded(arguments, Exact::multiply),
            ("MAX", _) => {
                self.folded(arguments, |most, number| Some(if most.value < number.value { number } else { most }))
            }
            ("MIN", _) => {
                self.folded(arguments, |least, number| Some(if least.value > number.value { number } else { least }))
            }
            ("AVERAGE", _) => {
                let numbers = operand!(self.numbers(arguments)?);
                let count = Decimal::from(numbers.len());
                if numbers.is_empty() {
                    return Some(Value::Error);
                }
                let sum = numbers.into_iter().try_fold(Exact::ZERO, Exact::add)?;
                sum.divide(Exact::of(count)).map(Value::Number)
            }
            ("ROUND", [number, digits]) => self.rounded(number, digits, RoundingStrategy::MidpointAwayFromZero),
            ("ROUNDUP", [number, digits]) => self.rounded(number, digits, RoundingStrategy::AwayFromZero),
            ("ROUNDDOWN" | "TRUNC", [number, digits]) => self.rounded(number, digits, RoundingStrategy::ToZero),
            ("TRUNC", [number]) => self.rounded(number, &Expression::Number(Decimal::ZERO), RoundingStrategy::ToZero),
            ("INT", [number]) => {
                self.rounded(number, &Expression::Number(Decimal::ZERO), RoundingStrategy::ToNegativeInfinity)
            }
            ("ABS", [number]) => {
                let number = operand!(self.value(number)?.number()?);
                Some(Value::Number(Exact { value: number.value.abs(), ..number }))
            }
            ("IF", [condition, rest @ ..]) if (1..=2).contains(&rest.len()) => {
                let truth = operand!(self.value(condition)?.truth()?);
                match (truth, rest) {
                    (true, [first, ..]) | (false, [_, first]) => self.value(first),
                    _ => Some(Value::Flag(false)),
                }
            }
            ("IFERROR", [first, second]) => match self.value(first)? {
                Value::Error => self.value(second),
                value => Some(value),
            },
            ("CONCATENATE", _) => {
                let mut text = String::new();
                for argument in arguments {
                    text.push_str(&operand!(self.value(argument)?.text()?));
                }
                Some(Value::Text(text))
            }
            ("ISBLANK", [argument]) => Some(Value::Flag(self.value(argument)? == Value::Blank)),
            ("AND" | "OR", [_, ..]) => {
                let mut whole = name == "AND";
                for argument in arguments {
                    let truth = operand!(self.value(argument)?.truth()?);
                    whole = if name == "AND" { whole && truth } else { whole || truth };
                }
                Some(Value::Flag(whole))
            }
            _ => None,
        }
    }

    fn folded(self, arguments: &[Expression], fold: impl Fn(Exact, Exact) -> Option<Exact>) -> Option<Value> {
        let numbers = operand!(self.numbers(arguments)?);
        let mut numbers = numbers.into_iter();
        let Some(first) = numbers.next() else { return Some(Value::Number(Exact::ZERO)) };
        numbers.try_fold(first, fold).map(Value::Number)
    }

    /// The numbers among the arguments. In cells, words and truths count as nothing, as in Excel; written into the
    /// formula they are operands.
    fn numbers(self, arguments: &[Expression]) -> Option<Result<Vec<Exact>, ()>> {
        let mut numbers = Vec::new();
        for argument in arguments {
            let Expression::Area(area) = argument else {
                match self.value(argument)?.number()? {
                    Ok(number) => numbers.push(number),
                    Err(()) => return Some(Err(())),
                }
                continue;
            };
            for place in self.book.used(area, self.sheet)? {
                match self.book.value(place)? {
                    Value::Number(number) => numbers.push(number),
                    Value::Error => return Some(Err(())),
                    Value::Text(_) | Value::Flag(_) | Value::Blank => {}
                }
            }
        }
        Some(Ok(numbers))
    }

    fn rounded(self, number: &Expression, digits: &Expression, how: RoundingStrategy) -> Option<Value> {
        let number = operand!(self.value(number)?.number()?);
        let digits = operand!(self.value(digits)?.number()?);
        // Cut off or rounded up, a result that does not end may fall on either side of a whole one.
        if !number.exact && how != RoundingStrategy::MidpointAwayFromZero {
            return None;
        }
        number.round(digits, how).map(Value::Number)
    }
}
