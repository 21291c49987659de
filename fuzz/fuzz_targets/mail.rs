//! A mail, whole: headers, bodies, attachments.

#![no_main]

mailtally_fuzz::target!("mail");
