//! TNEF (winmail.dat).

#![no_main]

mailtally_fuzz::target!("tnef");
