//! Word 97 documents.

#![no_main]

mailtally_fuzz::target!("doc");
