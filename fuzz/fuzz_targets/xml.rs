//! Workbooks and documents in flat XML.

#![no_main]

mailtally_fuzz::target!("xml");
