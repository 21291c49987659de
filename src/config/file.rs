//! Reads a file of the configuration: only a real file, only of a size that one has, and only signs that show as what
//! they are. Who can write a roster is not always who runs the machine.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// A TOML file or a template, octets.
pub(super) const LARGEST_TEXT: u64 = 512 * 1024;
/// A list of units: some thousands with all their aliases and addresses, octets.
pub(super) const LARGEST_LIST: u64 = 4 * 1024 * 1024;

/// The bytes of the file, or why there are none.
pub(super) fn read(file: &Path, largest: u64) -> Result<Vec<u8>, String> {
    let cannot = |error: std::io::Error| format!("cannot be read: {error}");
    // A pipe would be waited for, a device never ends.
    if !std::fs::metadata(file).map_err(cannot)?.is_file() {
        return Err("cannot be read: it is no file".to_owned());
    }
    let mut bytes = Vec::new();
    File::open(file).and_then(|file| file.take(largest + 1).read_to_end(&mut bytes)).map_err(cannot)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > largest {
        return Err(format!("is larger than {} KiB, which no such file is", largest / 1024));
    }
    Ok(bytes)
}

/// Whether a sign does something instead of showing itself: begins another line, steers a terminal, turns the direction of
/// writing (which makes a name look like another).
pub(super) fn acts(sign: char) -> bool {
    sign.is_control()
        || matches!(sign, '\u{200E}' | '\u{200F}' | '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// What is wrong with a text that a person is shown or a letter holds, if anything is.
pub(super) fn wrong_sign(text: &str) -> Option<String> {
    let sign = text.chars().find(|sign| acts(*sign))?;
    Some(format!("holds a line break or another sign that cannot be seen (U+{:04X}); type it anew", u32::from(sign)))
}

/// Whether a spreadsheet program takes the text for a formula where a list is opened in one.
pub(super) fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '@', '＝', '＠'])
        || (text.starts_with(['+', '-']) && text.chars().any(|sign| sign.is_ascii_alphabetic() || "(|!".contains(sign)))
}
