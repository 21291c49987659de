//! Bytes in, facts out: opens a mail or a bare attachment under limits; nothing here knows a clock, a disk or a network.

pub mod charset;
pub mod fixed;
pub mod limits;
pub mod text;
pub mod word;
pub mod workbook;

pub use self::limits::Limits;
