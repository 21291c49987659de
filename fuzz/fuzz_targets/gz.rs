//! Gzip files.

#![no_main]

use mailtally_fuzz::{look, target};

target!(|bytes| look(bytes, "a.gz"));
