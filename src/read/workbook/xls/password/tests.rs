//! Streams under the default password, as `tests/generate/encrypted_xls.py` writes them, and under others.

use std::io::{Cursor, Read as _};

use super::*;
use crate::model::mail::OddityCode;

fn stream(file: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    cfb::CompoundFile::open(Cursor::new(file))
        .unwrap()
        .open_stream("/Workbook")
        .unwrap()
        .read_to_end(&mut stream)
        .unwrap();
    stream
}

macro_rules! case {
    ($name:literal) => {
        stream(include_bytes!(concat!("../../../../../tests/cases/workbook-xls-", $name, "/慰问统计表.xls")))
    };
}

/// The words of the shared strings stand in the decrypted stream as UTF-16.
fn holds_words(stream: &[u8]) -> bool {
    let wanted = utf16("武警支队");
    stream.windows(wanted.len()).any(|window| window == wanted)
}

#[test]
fn the_default_password_opens_all_three_ways() {
    for mut stream in
        [case!("default-password-xor"), case!("default-password-rc4"), case!("default-password-cryptoapi")]
    {
        assert!(!holds_words(&stream));
        lift(&mut stream).unwrap();
        assert!(holds_words(&stream));
    }
}

#[test]
fn another_password_or_a_broken_record_is_told() {
    let mut own = case!("own-password");
    assert_eq!(lift(&mut own).unwrap_err().code, OddityCode::PasswordProtected);
    for known in [case!("default-password-xor"), case!("default-password-rc4"), case!("default-password-cryptoapi")] {
        let (start, end) = file_pass(&known).unwrap();
        for place in start..end {
            let mut changed = known.clone();
            changed[place] ^= 0x40;
            if let Err(oddity) = lift(&mut changed) {
                assert_eq!(oddity.code, OddityCode::PasswordProtected);
            }
        }
        let mut short = known.clone();
        short[start - 2..start].copy_from_slice(&1_u16.to_le_bytes());
        assert_eq!(lift(&mut short).unwrap_err().code, OddityCode::PasswordProtected);
    }
}
