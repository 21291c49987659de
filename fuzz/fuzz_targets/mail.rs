//! A mail, whole: headers, bodies, attachments.

#![no_main]

use mailtally_fuzz::{look, target};

target!(|bytes| look(bytes, "mail.eml"));
