//! RAR archives.

#![no_main]

mailtally_fuzz::target!("rar");
