//! The rows of the table, in groups that share what they need.

pub mod fetch;
pub mod inspect;
pub mod quiet;
pub mod read;
pub mod start;
mod stored;
