//! Workbooks and documents in flat XML.

#![no_main]

use mailtally::model::mail::Kind;
use mailtally_fuzz::{look_at_piece, target};

target!(|bytes| look_at_piece(Kind::Xml, bytes));
