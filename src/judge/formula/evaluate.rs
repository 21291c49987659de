//! An expression → its value, looking only at the parts that matter: of `IF` the branch taken.

use std::cmp::Ordering;

use rust_decimal::Decimal;

use super::book::Book;
use super::parse::{Area, Expression, Operator};
use super::value::{Exact, Value};

/// An expression being worked out for a cell of one sheet.
#[derive(Clone, Copy)]
pub(super) struct Evaluation<'e, 'b> {
    pub(super) book: &'e Book<'b>,
    pub(super) sheet: usize,
}

/// Takes the number, words or truth out of what a value method returned, or returns the error it found.
macro_rules! operand {
    ($value:expr) => {
        match $value {
            Ok(value) => value,
            Err(()) => return Some(Value::Error),
        }
    };
}
pub(super) use operand;

impl Evaluation<'_, '_> {
    /// The value; `None` where it cannot be told.
    pub(super) fn value(self, expression: &Expression) -> Option<Value> {
        self.book.enter()?;
        let value = self.value_of(expression);
        self.book.leave();
        value
    }

    fn value_of(self, expression: &Expression) -> Option<Value> {
        match expression {
            Expression::Number(number) => Some(Value::Number(Exact::of(*number))),
            Expression::Text(text) => Some(Value::Text(text.clone())),
            Expression::Flag(flag) => Some(Value::Flag(*flag)),
            Expression::Omitted => Some(Value::Blank),
            Expression::Area(area) => self.cell(area),
            Expression::Negative(inner) => {
                let number = operand!(self.value(inner)?.number()?);
                Some(Value::Number(number.negate()))
            }
            Expression::Percent(inner) => {
                let number = operand!(self.value(inner)?.number()?);
                number.divide(Exact::of(Decimal::ONE_HUNDRED)).map(Value::Number)
            }
            Expression::Operation(operator, left, right) => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                operation(*operator, &left, &right)
            }
            Expression::Call(name, arguments) => self.call(name, arguments),
        }
    }

    fn cell(self, area: &Area) -> Option<Value> {
        if !area.is_cell() {
            return None;
        }
        self.book.value((self.book.sheet(area, self.sheet)?, area.top, area.left))
    }
}

fn operation(operator: Operator, left: &Value, right: &Value) -> Option<Value> {
    match operator {
        Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide => {
            let (left, right) = (operand!(left.number()?), operand!(right.number()?));
            let value = match operator {
                Operator::Add => left.add(right)?,
                Operator::Subtract => left.add(right.negate())?,
                Operator::Multiply => left.multiply(right)?,
                _ if right.value.is_zero() => return right.exact.then_some(Value::Error),
                _ => left.divide(right)?,
            };
            Some(Value::Number(value))
        }
        Operator::Join => {
            let (left, right) = (operand!(left.text()?), operand!(right.text()?));
            Some(Value::Text(left + &right))
        }
        Operator::Equal
        | Operator::Unequal
        | Operator::Less
        | Operator::LessOrEqual
        | Operator::More
        | Operator::MoreOrEqual => {
            let order = match compared(left, right)? {
                Ok(order) => order,
                Err(()) => return Some(Value::Error),
            };
            Some(Value::Flag(match operator {
                Operator::Equal => order.is_eq(),
                Operator::Unequal => order.is_ne(),
                Operator::Less => order.is_lt(),
                Operator::LessOrEqual => order.is_le(),
                Operator::More => order.is_gt(),
                _ => order.is_ge(),
            }))
        }
    }
}

/// The order of two values: numbers by size, a blank as nothing, words only as equal or not; numbers before words.
fn compared(left: &Value, right: &Value) -> Option<Result<Ordering, ()>> {
    let words = |text: &str| text.to_lowercase();
    Some(Ok(match (left, right) {
        (Value::Error, _) | (_, Value::Error) => return Some(Err(())),
        (Value::Blank, Value::Text(text)) if text.is_empty() => Ordering::Equal,
        (Value::Text(text), Value::Blank) if text.is_empty() => Ordering::Equal,
        (Value::Text(one), Value::Text(other)) => {
            // The order of words is the country's; that they are alike is not.
            if words(one) == words(other) { Ordering::Equal } else { return None }
        }
        (Value::Number(_) | Value::Blank, Value::Text(_)) => Ordering::Less,
        (Value::Text(_), Value::Number(_) | Value::Blank) => Ordering::Greater,
        (Value::Flag(one), Value::Flag(other)) => one.cmp(other),
        (Value::Number(_) | Value::Blank, Value::Number(_) | Value::Blank) => {
            let (Ok(one), Ok(other)) = (left.number()?, right.number()?) else { return Some(Err(())) };
            if !one.exact || !other.exact {
                return None;
            }
            one.value.cmp(&other.value)
        }
        (Value::Flag(_), _) | (_, Value::Flag(_)) => return None,
    }))
}
