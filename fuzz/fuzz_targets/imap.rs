//! What an IMAP server says in a whole session.

#![no_main]

mailtally_fuzz::target!("imap");
