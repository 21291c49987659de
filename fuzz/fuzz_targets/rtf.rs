//! RTF documents.

#![no_main]

mailtally_fuzz::target!("rtf");
