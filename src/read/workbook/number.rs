//! The decimal a person typed, out of the binary float a workbook keeps.

use rust_decimal::Decimal;

/// Below this a value is what a subtraction left over (`0.1+0.2-0.3` leaves 5.55e-17), never something typed.
const DUST: f64 = 1e-12;

/// The shortest decimal with at most 15 significant digits that stands for this float; spreadsheets promise no more
/// digits than that. `None` for NaN, infinities, and what a [`Decimal`] cannot hold (7.9e28 and beyond).
#[must_use]
pub fn decimal_of(value: f64) -> Option<Decimal> {
    if !value.is_finite() {
        return None;
    }
    if value.abs() < DUST {
        return Some(Decimal::ZERO);
    }
    let text = format!("{value:.14e}");
    let (mantissa, exponent) = text.split_once('e')?;
    // Without its zeros the mantissa's scale plus a negative exponent stays within the 28 places a Decimal has.
    let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
    let decimal = Decimal::from_scientific(&format!("{mantissa}e{exponent}")).ok()?;
    Some(decimal.normalize())
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn float_artefacts_are_mended() {
        for (value, expected) in [
            (12345.670000000001, "12345.67"),
            (0.1 + 0.2, "0.3"),
            (1e20, "100000000000000000000"),
            (100.0 * 1.1, "110"),
            (-1234.5, "-1234.5"),
            (0.0, "0"),
            (-0.0, "0"),
            (4.35 * 100.0, "435"),
            (0.1 + 0.2 - 0.3, "0"),
            (1e-12, "0.000000000001"),
            (123456789012345.0, "123456789012345"),
        ] {
            assert_eq!(decimal_of(value).map(|number| number.to_string()).as_deref(), Some(expected), "{value:?}");
        }
    }

    #[test]
    fn what_is_no_decimal_is_none() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e29, -1e300, f64::MAX] {
            assert_eq!(decimal_of(value), None, "{value:?}");
        }
    }

    proptest! {
        #[test]
        fn what_was_typed_comes_back(digits in -999_999_999_999_999_i64..=999_999_999_999_999, scale in 0_u32..=9) {
            let typed = Decimal::new(digits, scale).normalize();
            let stored: f64 = typed.to_string().parse().unwrap();
            prop_assert_eq!(decimal_of(stored), Some(typed));
        }

        #[test]
        fn a_sum_of_cents_is_exact(cents in proptest::collection::vec(0_i64..100_000_000, 1..40)) {
            let sum: f64 = cents.iter().map(|cents| *cents as f64 / 100.0).sum();
            let exact = Decimal::new(cents.iter().sum(), 2).normalize();
            prop_assert_eq!(decimal_of(sum), Some(exact));
        }

        #[test]
        fn any_bits_are_bounded(bits: u64) {
            if let Some(number) = decimal_of(f64::from_bits(bits)) {
                prop_assert!(Decimal::from_str(&number.to_string()).is_ok());
                prop_assert!(number.scale() <= 28);
            }
        }
    }
}
