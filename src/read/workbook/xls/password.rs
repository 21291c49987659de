//! xls under Excel's default password: workbooks whose structure is protected are encrypted with it, and Excel opens
//! them without asking. Any other password is the unit's own.
//!
//! Source: [MS-XLS] 2.2.10 (what is encrypted), 2.4.117 (FilePass), 2.4.191 (the default password);
//! [MS-OFFCRYPTO] 2.3.5 (RC4 CryptoAPI), 2.3.6 (RC4), 2.3.7 (XOR obfuscation).

use md5::Md5;
use rc4::{KeyInit as _, Rc4, StreamCipher as _};
use sha1::{Digest as _, Sha1};

use super::{double_word, is_biff8, kind, record_at, word};
use crate::model::mail::Oddity;
use crate::read::workbook::package::password_protected;

const PASSWORD: &str = "VelvetSweatshop";

/// What [MS-OFFCRYPTO] 2.3.7.1 and 2.3.7.2 make of that password: the verifier, and the array data are combined with.
const VERIFIER: u16 = 0x9A0A;
const ARRAY: [u8; 16] =
    [0x87, 0x6B, 0x9A, 0xE2, 0x1E, 0xE3, 0x05, 0x62, 0x1E, 0x69, 0x96, 0x60, 0x98, 0x6E, 0x94, 0x04];

/// The key changes after so many bytes of the stream.
const BLOCK: usize = 1024;

/// Decrypts the workbook stream in place where the default password opens it; one that is not encrypted stays as it is.
///
/// # Errors
/// `PasswordProtected` where another password is wanted, or another way of encryption.
pub(super) fn lift(stream: &mut [u8]) -> Result<(), Oddity> {
    let Some((start, end)) = file_pass(stream) else { return Ok(()) };
    let record = stream.get(start..end).unwrap_or_default();
    let method = Method::of(record, is_biff8(stream)).ok_or_else(password_protected)?;
    let mut keys = Keys { method, at: 0, cipher: None };
    let mut at = 0;
    while let Some(record) = record_at(stream, at) {
        // [MS-XLS] 2.2.10: these stay readable; of BOUNDSHEET its place does.
        let clear = match record.kind {
            kind::BOF
            | kind::FILE_PASS
            | USER_EXCLUSIVE
            | FILE_LOCK
            | INTERFACE_HEADER
            | REVISION_INFO
            | REVISION_HEAD => None,
            kind::BOUND_SHEET => Some(record.start.saturating_add(4).min(record.end)),
            _ => Some(record.start),
        };
        if let Some(data) = clear.and_then(|clear| stream.get_mut(clear..record.end)) {
            keys.decrypt(data, record.start, record.end);
        }
        at = record.end;
    }
    // What follows must not take the workbook for encrypted.
    if let Some(data) = stream.get_mut(start..end) {
        data.fill(0);
    }
    Ok(())
}

const USER_EXCLUSIVE: u16 = 0x0194;
const FILE_LOCK: u16 = 0x0195;
const INTERFACE_HEADER: u16 = 0x00E1;
const REVISION_INFO: u16 = 0x0196;
const REVISION_HEAD: u16 = 0x0138;

/// Where the data of the workbook's FilePass stand.
fn file_pass(stream: &[u8]) -> Option<(usize, usize)> {
    let mut at = 0;
    while let Some(record) = record_at(stream, at).filter(|record| record.kind != kind::EOF) {
        if record.kind == kind::FILE_PASS {
            return Some((record.start, record.end));
        }
        at = record.end;
    }
    None
}

/// How a stream was encrypted under the default password.
enum Method {
    Obfuscated,
    /// 40-bit RC4: the truncated hash of password and salt.
    Rc4([u8; 5]),
    /// RC4 by CryptoAPI: the hash of salt and password, the bytes of a key.
    CryptoApi {
        hash: [u8; 20],
        key_bytes: usize,
    },
}

impl Method {
    /// The method a FilePass record tells, if the default password is the one it was made with.
    fn of(record: &[u8], biff8: bool) -> Option<Self> {
        if !biff8 {
            return Self::obfuscated(word(record, 2)?);
        }
        match (word(record, 0)?, word(record, 2), word(record, 4)) {
            (0, ..) => Self::obfuscated(word(record, 4)?),
            (1, Some(1), Some(1)) => Self::rc4(record.get(6..54)?),
            (1, Some(2..=4), Some(2)) => Self::crypto_api(record.get(6..)?),
            _ => None,
        }
    }

    fn obfuscated(verifier: u16) -> Option<Self> {
        (verifier == VERIFIER).then_some(Self::Obfuscated)
    }

    /// [MS-OFFCRYPTO] 2.3.6.2: salt, encrypted verifier and encrypted hash of it, 16 bytes each.
    fn rc4(header: &[u8]) -> Option<Self> {
        let (salt, verifier) = header.split_at_checked(16)?;
        let password = Md5::digest(utf16(PASSWORD));
        let mut hash = Md5::new();
        for _ in 0..16 {
            hash.update(password.get(..5)?);
            hash.update(salt);
        }
        let method = Self::Rc4(hash.finalize().get(..5)?.try_into().ok()?);
        let mut verifier = verifier.to_vec();
        method.cipher(0)?.apply_keystream(&mut verifier);
        let (plain, told) = verifier.split_at_checked(16)?;
        (Md5::digest(plain).as_slice() == told).then_some(method)
    }

    /// [MS-OFFCRYPTO] 2.3.5.1: flags, the size of a header with the key's size in it, the header, the verifier.
    fn crypto_api(record: &[u8]) -> Option<Self> {
        const RC4: usize = 0x6801;
        const SHA1: usize = 0x8004;
        let header = record.get(8..)?.get(..double_word(record, 4)?)?;
        let known = |told: Option<usize>, wanted| told.is_some_and(|told| told == 0 || told == wanted);
        if !known(double_word(header, 8), RC4) || !known(double_word(header, 12), SHA1) {
            return None;
        }
        let bits = match double_word(header, 16)? {
            0 => 40,
            bits => bits,
        };
        if !(40..=128).contains(&bits) {
            return None;
        }
        let verifier = record.get(8..)?.get(header.len()..)?;
        let salt = verifier.get(4..20)?;
        let mut hash = Sha1::new();
        hash.update(salt);
        hash.update(utf16(PASSWORD));
        let method = Self::CryptoApi { hash: hash.finalize().into(), key_bytes: bits / 8 };
        let mut check = [verifier.get(20..36)?, verifier.get(40..60)?].concat();
        method.cipher(0)?.apply_keystream(&mut check);
        let (plain, told) = check.split_at_checked(16)?;
        (Sha1::digest(plain).as_slice() == told).then_some(method)
    }

    /// The cipher at the start of a block of the stream.
    fn cipher(&self, block: u32) -> Option<Rc4> {
        match self {
            Self::Obfuscated => None,
            Self::Rc4(hash) => {
                let mut key = Md5::new();
                key.update(hash);
                key.update(block.to_le_bytes());
                Rc4::new_from_slice(key.finalize().as_slice()).ok()
            }
            Self::CryptoApi { hash, key_bytes } => {
                let mut hashed = Sha1::new();
                hashed.update(hash);
                hashed.update(block.to_le_bytes());
                let hashed = hashed.finalize();
                let mut key = hashed.get(..*key_bytes)?.to_vec();
                // A key of 40 bits is filled up to 128 with zeros.
                if *key_bytes == 5 {
                    key.resize(16, 0);
                }
                Rc4::new_from_slice(&key).ok()
            }
        }
    }
}

/// The cipher moved along the stream.
struct Keys {
    method: Method,
    /// Where in the stream the cipher stands, and it.
    at: usize,
    cipher: Option<Rc4>,
}

impl Keys {
    /// Decrypts what stands at the end of a record whose data are there in the stream; places only grow.
    fn decrypt(&mut self, data: &mut [u8], record_start: usize, record_end: usize) {
        let start = record_end - data.len();
        if matches!(self.method, Method::Obfuscated) {
            // [MS-OFFCRYPTO] 2.3.7.3; the place in the array goes by where the record ends ([MS-XLS] 2.2.10).
            let first = record_end.saturating_add(start - record_start);
            for (place, byte) in (first..).zip(data) {
                *byte = (*byte ^ ARRAY.get(place % 16).copied().unwrap_or_default()).rotate_left(3);
            }
            return;
        }
        let (mut at, mut rest) = (start, data);
        while !rest.is_empty() {
            let length = rest.len().min(BLOCK - at % BLOCK);
            let (now, later) = std::mem::take(&mut rest).split_at_mut(length);
            self.go_to(at);
            if let Some(cipher) = &mut self.cipher {
                cipher.apply_keystream(now);
            }
            at += length;
            self.at = at;
            rest = later;
        }
    }

    fn go_to(&mut self, at: usize) {
        let block = at / BLOCK;
        if self.cipher.is_none() || self.at.checked_sub(1).is_none_or(|last| last / BLOCK != block) {
            self.cipher = u32::try_from(block).ok().and_then(|block| self.method.cipher(block));
            self.at = block * BLOCK;
        }
        let mut skipped = [0; BLOCK];
        let passed = skipped.get_mut(..at.saturating_sub(self.at)).unwrap_or_default();
        if let Some(cipher) = &mut self.cipher {
            cipher.apply_keystream(passed);
        }
    }
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[cfg(test)]
mod tests;
