//! Workbooks in OOXML, part by part.

#![no_main]

use mailtally::model::mail::Kind;
use mailtally_fuzz::{look_at_package, target};

target!(|bytes| look_at_package(Kind::Xlsx, bytes));
