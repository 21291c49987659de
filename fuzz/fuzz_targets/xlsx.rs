//! Workbooks in OOXML, part by part.

#![no_main]

mailtally_fuzz::target!("xlsx");
