//! Workbooks in BIFF.

#![no_main]

mailtally_fuzz::target!("xls");
