//! Any file at all: what it is taken for, and what follows.

#![no_main]

mailtally_fuzz::target!("any");
