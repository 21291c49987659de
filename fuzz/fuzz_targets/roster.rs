//! Lists of units, as offices export them.

#![no_main]

mailtally_fuzz::target!("roster");
