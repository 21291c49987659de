//! One file of the configuration, the others as shipped: loaded, every letter rendered, a mail judged by it.

#![no_main]

mailtally_fuzz::target!("config");
