//! Tables in plain text.

#![no_main]

mailtally_fuzz::target!("csv");
