//! Authentication-Results and Received, which anybody may write.

#![no_main]

mailtally_fuzz::target!("authentication");
