//! What a formula comes to: exact decimals that know when something was rounded away, words, truths, errors.

use rust_decimal::{Decimal, RoundingStrategy};

use crate::judge::numerals::plain_decimal;

/// A number, and whether nothing was rounded away on the way to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exact {
    pub(super) value: Decimal,
    pub(super) exact: bool,
}

impl Exact {
    pub(super) const ZERO: Self = Self { value: Decimal::ZERO, exact: true };

    pub(super) fn of(value: Decimal) -> Self {
        Self { value, exact: true }
    }

    pub(super) fn add(self, other: Self) -> Option<Self> {
        let value = self.value.checked_add(other.value)?;
        let exact = value.is_zero() || value.scale() == self.value.scale().max(other.value.scale());
        Some(Self { value, exact: exact && self.exact && other.exact })
    }

    pub(super) fn multiply(self, other: Self) -> Option<Self> {
        let value = self.value.checked_mul(other.value)?;
        let exact = value.is_zero() || value.scale() == self.value.scale() + other.value.scale();
        Some(Self { value, exact: exact && self.exact && other.exact })
    }

    /// `None` for a divisor of zero too.
    pub(super) fn divide(self, other: Self) -> Option<Self> {
        let value = self.value.checked_div(other.value)?;
        let exact = value.checked_mul(other.value) == Some(self.value);
        Some(Self { value, exact: exact && self.exact && other.exact })
    }

    pub(super) fn negate(self) -> Self {
        Self { value: -self.value, ..self }
    }

    /// Rounded to so many digits behind the point, or before it where they are negative. What is not known exactly
    /// is rounded too: 28 digits are enough unless they end right at the edge between two results.
    pub(super) fn round(self, digits: Self, how: RoundingStrategy) -> Option<Self> {
        let digits: i32 = digits.value.trunc().normalize().to_string().parse().ok()?;
        if let Ok(places) = u32::try_from(digits) {
            return (places <= 20).then(|| Self::of(self.value.round_dp_with_strategy(places, how)));
        }
        let power = u32::try_from(-digits).ok().filter(|power| *power <= 20)?;
        let unit = Decimal::from_i128_with_scale(10_i128.checked_pow(power)?, 0);
        let rounded = self.value.checked_div(unit)?.round_dp_with_strategy(0, how);
        Some(Self::of(rounded.checked_mul(unit)?))
    }
}

/// What an expression comes to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Number(Exact),
    Text(String),
    Flag(bool),
    Blank,
    Error,
}

impl Value {
    /// As an operand of arithmetic; the outer `None` where it cannot be told, the inner where it is an error.
    pub(super) fn number(&self) -> Option<Result<Exact, ()>> {
        Some(match self {
            Self::Number(number) => Ok(*number),
            Self::Blank => Ok(Exact::ZERO),
            Self::Flag(flag) => Ok(Exact::of(if *flag { Decimal::ONE } else { Decimal::ZERO })),
            Self::Error => Err(()),
            // Excel reads plain digits in a text; of anything else it depends on the country set.
            Self::Text(text) => Ok(Exact::of(plain_decimal(text)?)),
        })
    }

    /// As an operand of `&`.
    pub(super) fn text(&self) -> Option<Result<String, ()>> {
        Some(match self {
            Self::Text(text) => Ok(text.clone()),
            Self::Blank => Ok(String::new()),
            Self::Flag(flag) => Ok(if *flag { "TRUE" } else { "FALSE" }.to_owned()),
            Self::Error => Err(()),
            Self::Number(number) => {
                let text = number.value.normalize().to_string();
                // Longer ones Excel rounds, or writes in powers of ten.
                return (number.exact && text.len() <= 11).then_some(Ok(text));
            }
        })
    }

    pub(super) fn truth(&self) -> Option<Result<bool, ()>> {
        Some(match self {
            Self::Flag(flag) => Ok(*flag),
            Self::Number(number) if number.exact || !number.value.is_zero() => Ok(!number.value.is_zero()),
            Self::Blank => Ok(false),
            Self::Error => Err(()),
            Self::Number(_) | Self::Text(_) => return None,
        })
    }
}
