//! Zip containers of office files, unpacked under limits: declared sizes lie, so inflated bytes are counted.
//!
//! Archives have a reader of their own (`unpack::zip`), which reaches what is left of a broken one. An office file must not
//! be read that way: half of one is none. And calamine opens its workbooks with the crate `zip`; whoever reads parts beside
//! it has to see the same parts, or one file holds two contents where its directory is made to be read in two ways.

use std::io::{Cursor, Read as _, Write as _};

use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::model::mail::{Oddity, OddityCode};
use crate::read::limits::Limits;

/// Up to this much unpacked, the ratio is not looked at: small files of blanks compress a thousandfold in good faith.
const RATIO_FREE: u64 = 1 << 20;

/// The sentence for a file that cannot be opened.
pub(crate) fn damaged() -> Oddity {
    Oddity::new(OddityCode::Damaged, "文件已损坏，无法打开")
}

/// The sentence for a file that asks for a password.
pub(crate) fn password_protected() -> Oddity {
    Oddity::new(OddityCode::PasswordProtected, "文件设有密码，无法打开")
}

/// The sentence for a file with more in it than is read.
pub(crate) fn too_large() -> Oddity {
    Oddity::new(OddityCode::TooLarge, "文件内容过大，超出可读取的范围")
}

/// The sentence for a decompression bomb.
pub(crate) fn bomb() -> Oddity {
    Oddity::new(OddityCode::Bomb, "文件解压后异常庞大，疑似恶意文件，未予打开")
}

/// An office file's zip, with what was unpacked of it so far.
pub(crate) struct Package<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    packed: u64,
    unpacked: u64,
    limits: &'a Limits,
}

impl<'a> Package<'a> {
    /// Opens the container.
    ///
    /// # Errors
    /// `Damaged` where it is no zip, `PasswordProtected` where it is an encrypted OOXML file (a compound file with a
    /// stream `EncryptedPackage`, [MS-OFFCRYPTO] 2.3.4), `Bomb` where it lists an absurd number of members.
    pub(crate) fn open(bytes: &'a [u8], limits: &'a Limits) -> Result<Self, Oddity> {
        if is_encrypted_office(bytes) {
            return Err(password_protected());
        }
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|_| damaged())?;
        if zip.len() > limits.pieces.saturating_mul(10) {
            return Err(bomb());
        }
        Ok(Self { zip, packed: u64::try_from(bytes.len()).unwrap_or(u64::MAX), unpacked: 0, limits })
    }

    /// The member names, as they stand.
    pub(crate) fn names(&self) -> Vec<String> {
        (0..self.zip.len()).filter_map(|index| Some(self.zip.name_for_index(index)?.ok()?.into_owned())).collect()
    }

    /// One member by name, whatever its case and slashes; `None` where it is not there.
    ///
    /// # Errors
    /// `Bomb` or `TooLarge` beyond the limits, `PasswordProtected`, `Damaged`.
    pub(crate) fn member(&mut self, name: &str) -> Result<Option<Vec<u8>>, Oddity> {
        let wanted = plain(name);
        let Some(found) = self.names().into_iter().find(|name| plain(name) == wanted) else { return Ok(None) };
        self.read(&found).map(Some)
    }

    /// Inflates one member by its exact name, within what is left of the limits.
    ///
    /// # Errors
    /// As [`Package::member`].
    pub(crate) fn read(&mut self, name: &str) -> Result<Vec<u8>, Oddity> {
        let left = self.limits.total_bytes.saturating_sub(self.unpacked);
        let ceiling = RATIO_FREE.max(self.packed.saturating_mul(self.limits.ratio)).saturating_sub(self.unpacked);
        let file = match self.zip.by_name(name) {
            Ok(file) => file,
            Err(ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED)) => return Err(password_protected()),
            Err(_) => return Err(damaged()),
        };
        let allowed = left.min(ceiling);
        let mut bytes = Vec::new();
        file.take(allowed.saturating_add(1)).read_to_end(&mut bytes).map_err(|_| damaged())?;
        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if count > allowed {
            return Err(if ceiling <= left { bomb() } else { too_large() });
        }
        self.unpacked = self.unpacked.saturating_add(count);
        Ok(bytes)
    }
}

/// The package again with one text in its members replaced by another, not compressed.
///
/// # Errors
/// As [`Package::member`].
pub(crate) fn with_text_replaced(bytes: &[u8], text: &str, by: &str, limits: &Limits) -> Result<Vec<u8>, Oddity> {
    let mut package = Package::open(bytes, limits)?;
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    for name in package.names() {
        let member = package.read(&name)?;
        let member = match std::str::from_utf8(&member) {
            Ok(characters) => characters.replace(text, by).into_bytes(),
            Err(_) => member,
        };
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        out.start_file(name, stored).map_err(|_| damaged())?;
        out.write_all(&member).map_err(|_| damaged())?;
    }
    Ok(out.finish().map_err(|_| damaged())?.into_inner())
}

/// The package again in the words that every reader knows: parts in UTF-16 as UTF-8, and the workbook's relations with
/// targets from the root (`./worksheets/…` and `../xl/…` are as good by ECMA-376 part 2, 9.3.2.1).
///
/// # Errors
/// As [`Package::member`].
pub(crate) fn made_plain(bytes: &[u8], limits: &Limits) -> Result<Vec<u8>, Oddity> {
    let mut package = Package::open(bytes, limits)?;
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    for name in package.names() {
        let mut member = package.read(&name)?;
        if member.starts_with(&[0xFF, 0xFE]) || member.starts_with(&[0xFE, 0xFF]) {
            let text = super::xml::decode(&member);
            member = match text.split_once("?>") {
                Some((declaration, rest)) if declaration.trim_start().starts_with("<?xml") => rest.as_bytes().to_vec(),
                _ => text.as_bytes().to_vec(),
            };
        }
        if plain(&name).ends_with("workbook.xml.rels") {
            let text = String::from_utf8_lossy(&member);
            member = text.replace("Target=\"./", "Target=\"").replace("Target=\"../", "Target=\"/").into_bytes();
        }
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        out.start_file(name, stored).map_err(|_| damaged())?;
        out.write_all(&member).map_err(|_| damaged())?;
    }
    Ok(out.finish().map_err(|_| damaged())?.into_inner())
}

/// A member's name as it is compared: some writers use backslashes, some another case.
fn plain(name: &str) -> String {
    name.replace('\\', "/").trim_start_matches('/').to_lowercase()
}

/// Whether this is an OOXML file under a password, which is a compound file around the encrypted zip.
pub(crate) fn is_encrypted_office(bytes: &[u8]) -> bool {
    const COMPOUND: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";
    bytes.starts_with(COMPOUND)
        && cfb::CompoundFile::open(Cursor::new(bytes)).is_ok_and(|file| file.is_stream("/EncryptedPackage"))
}
