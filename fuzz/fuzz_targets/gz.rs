//! Gzip files.

#![no_main]

mailtally_fuzz::target!("gz");
