//! Facts in, a decision out: pure functions from values to values. The time is an argument.

pub mod days;
pub mod figures;
pub mod formula;
pub mod numerals;
pub mod words;
#[cfg(test)]
pub mod testing;
