//! 7z archives.

#![no_main]

mailtally_fuzz::target!("seven_zip");
