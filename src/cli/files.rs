//! Writes a mail and the files it carries into a folder: under safe names, never over what is there.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::model::letter::Letter;
use crate::model::mail::{Digest, Piece};
use crate::post::compose;
use crate::read::mime::names;

/// Longest name written, in octets: file systems take 255.
const LONGEST: usize = 180;
/// How many files of one name are tolerated before it is a mistake.
const MOST_ALIKE: u32 = 1000;

/// What was written, and what could not be.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub files: Vec<PathBuf>,
    /// Path and name of pieces whose bytes cannot be had on their own; they stand in the .eml.
    pub missing: Vec<String>,
}

/// Writes the mail as `mail-….eml` and each piece as `<path>-<name>`. What stands there with the same bytes is left.
pub(super) fn write(
    folder: &Path,
    raw: &[u8],
    mail: &Digest,
    pieces: &[Piece],
    bytes_of: &BTreeMap<Digest, Vec<u8>>,
) -> Result<Written, io::Error> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| at(folder, &error))?;
    let mut written = Written::default();
    written.files.push(place(folder, &format!("mail-{}", mail.short()), "eml", raw)?);
    for piece in pieces {
        let (stem, ending) = safe_name(&piece.path, &piece.name);
        match bytes_of.get(&piece.sha256) {
            Some(bytes) => written.files.push(place(folder, &stem, &ending, bytes)?),
            None => written.missing.push(format!("{} {}", piece.path, piece.name)),
        }
    }
    Ok(written)
}

/// Writes a letter of ours as .eml and .html, with the files it carries.
pub(super) fn write_letter(folder: &Path, stem: &str, letter: &Letter, eml: &[u8]) -> Result<Vec<PathBuf>, io::Error> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| at(folder, &error))?;
    let mut files =
        vec![place(folder, stem, "eml", eml)?, place(folder, stem, "html", compose::page(letter).as_bytes())?];
    for file in &letter.attachments {
        let (name, ending) = safe_name("", &file.name);
        files.push(place(folder, name.trim_start_matches('-'), &ending, &file.bytes)?);
    }
    Ok(files)
}

/// Stem and ending of a name made of the piece's number and the last part of its name.
fn safe_name(path: &str, name: &str) -> (String, String) {
    let number: String = path.chars().filter(|letter| letter.is_ascii_digit() || *letter == '.').collect();
    let harmless: String = names::attachment(name)
        .chars()
        .map(|letter| if r#"\/:*?"<>|"#.contains(letter) { '_' } else { letter })
        .collect();
    let (stem, ending) = match harmless.rsplit_once('.') {
        Some((stem, ending)) if ending.len() <= 10 => (stem, ending.trim()),
        _ => (harmless.as_str(), ""),
    };
    let stem = if stem.is_empty() { "unnamed" } else { stem };
    (format!("{number}-{}", within(stem, LONGEST)), ending.to_owned())
}

/// The first so many octets, whole characters only.
fn within(text: &str, most: usize) -> String {
    let mut kept = String::new();
    for letter in text.chars() {
        if kept.len() + letter.len_utf8() > most {
            break;
        }
        kept.push(letter);
    }
    kept.trim_end().to_owned()
}

/// Puts the bytes under the first name that is free, unless they stand under one already.
fn place(folder: &Path, stem: &str, ending: &str, bytes: &[u8]) -> Result<PathBuf, io::Error> {
    for number in 1..=MOST_ALIKE {
        let numbered = if number == 1 { stem.to_owned() } else { format!("{stem} ({number})") };
        let name = if ending.is_empty() { numbered } else { format!("{numbered}.{ending}") };
        let path = folder.join(name);
        // Refuses what is there, a link that leads elsewhere too.
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(mut file) => {
                file.write_all(bytes).map_err(|error| at(&path, &error))?;
                return Ok(path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if is_same(&path, bytes) {
                    return Ok(path);
                }
            }
            Err(error) => return Err(at(&path, &error)),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{}: too many files named {stem}", folder.display())))
}

fn is_same(path: &Path, bytes: &[u8]) -> bool {
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let is_file = fs::symlink_metadata(path).is_ok_and(|found| found.is_file() && found.len() == length);
    is_file && fs::read(path).is_ok_and(|found| found == bytes)
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere_and_fit() {
        let name = |path, name| {
            let (stem, ending) = safe_name(path, name);
            format!("{stem}.{ending}")
        };
        assert_eq!(name("1", "../../etc/passwd.xls"), "1-passwd.xls");
        assert_eq!(name("2.1", "汇总\\..\\离石区:统计表?.et"), "2.1-离石区_统计表_.et");
        assert_eq!(name("3", ""), "3-unnamed.");
        assert_eq!(name("4", ".bashrc"), "4-unnamed.bashrc");
        assert_eq!(name("5", "表\u{202E}slx\u{1b}[31m.exe"), "5-表slx[31m.exe");
        let long = name("6", &format!("{}.docx", "报".repeat(300)));
        assert!(long.len() < 200 && long.ends_with(".docx"), "{long}");
    }

    #[test]
    fn nothing_is_overwritten_and_nothing_written_twice() {
        let folder = tempfile::tempdir().unwrap();
        let outside = folder.path().join("outside");
        let inside = folder.path().join("files");
        fs::create_dir(&inside).unwrap();
        std::os::unix::fs::symlink(&outside, inside.join("1-a.xls")).unwrap();
        let first = place(&inside, "1-a", "xls", b"one").unwrap();
        assert_eq!(first, inside.join("1-a (2).xls"));
        assert!(!outside.exists(), "a link is not followed");
        assert_eq!(place(&inside, "1-a", "xls", b"one").unwrap(), first);
        let other = place(&inside, "1-a", "xls", b"two").unwrap();
        assert_eq!(other, inside.join("1-a (3).xls"));
        assert_eq!(fs::read(first).unwrap(), b"one");
    }
}
