//! OFD documents, part by part.

#![no_main]

mailtally_fuzz::target!("ofd");
