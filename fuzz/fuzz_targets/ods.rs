//! OpenDocument spreadsheets, part by part.

#![no_main]

mailtally_fuzz::target!("ods");
