//! Binary workbooks in OOXML packages, part by part.

#![no_main]

mailtally_fuzz::target!("xlsb");
