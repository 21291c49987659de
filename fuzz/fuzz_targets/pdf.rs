//! PDF documents.

#![no_main]

mailtally_fuzz::target!("pdf");
