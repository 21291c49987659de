//! TNEF (winmail.dat).

#![no_main]

use mailtally_fuzz::{look, target};

target!(|bytes| look(bytes, "winmail.dat"));
