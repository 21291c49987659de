//! Pages, and pages saved as workbooks.

#![no_main]

mailtally_fuzz::target!("html");
