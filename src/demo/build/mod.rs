//! Builders of mails, workbooks and documents as such units write them; whatever they make is the same each time.

pub mod form;
pub mod html;
pub mod machine;
pub mod mime;
pub mod mimicry;
pub mod pack;
pub mod pdf;
pub mod report;
pub mod sheet;
pub mod word;
