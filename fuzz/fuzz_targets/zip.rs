//! Zip archives.

#![no_main]

mailtally_fuzz::target!("zip");
