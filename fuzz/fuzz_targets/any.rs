//! Any file at all: what it is taken for, and what follows.

#![no_main]

use mailtally_fuzz::{look, target};

target!(|bytes| look(bytes, ""));
