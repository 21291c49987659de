//! TAR archives.

#![no_main]

mailtally_fuzz::target!("tar");
