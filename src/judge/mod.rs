//! Facts in, a decision out: pure functions from values to values. The time is an argument.

pub mod assign;
pub mod beside;
pub mod check;
pub mod days;
pub mod decide;
pub mod due;
pub mod figures;
pub mod filings;
pub mod fill;
pub mod formula;
pub mod headers;
pub mod heading;
pub mod labels;
pub mod layout;
pub mod letters;
pub mod money;
pub mod names;
pub mod nature;
pub mod numerals;
pub mod peers;
pub mod progress;
pub mod receipts;
pub mod register;
pub mod remarks;
pub mod report;
pub mod rows;
pub mod sender;
pub mod signature;
pub mod spans;
pub mod tables;
#[cfg(test)]
pub mod testing;
pub mod totals;
pub mod understand;
pub mod unplaced;
pub mod words;
