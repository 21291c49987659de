//! What an SMTP server says while a letter goes to two recipients.

#![no_main]

mailtally_fuzz::target!("smtp");
