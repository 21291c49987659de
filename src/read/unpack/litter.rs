//! What operating systems and office programs leave in archives, and nobody means to send.

/// Office's lock files hold a user's name: 162 octets from Word, 165 from Excel; WPS's are as small.
const LOCK: usize = 1_024;

/// Whether a member is litter, by its path and, where a real file might be called so, by its bytes too.
///
/// `._x` is the second half of a file from a Mac (AppleDouble, RFC 1740), `~$x` and `.~x` mark a file that somebody has
/// open in Office and WPS.
pub(super) fn is_litter(path: &str, bytes: &[u8]) -> bool {
    let last = path.rsplit('/').next().unwrap_or_default();
    let lower = last.to_lowercase();
    let is_lock = (last.starts_with("~$") || last.starts_with(".~")) && bytes.len() <= LOCK;
    let is_double = last.starts_with("._") && (bytes.starts_with(&[0, 5, 0x16, 7]) || bytes.is_empty());
    is_junk_path(path) || is_lock || is_double || matches!(lower.as_str(), "thumbs.db" | ".ds_store" | "desktop.ini")
}

/// Litter whatever it holds.
pub(super) fn is_junk_path(path: &str) -> bool {
    path.split('/').any(|part| part == "__MACOSX")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn litter_is_told_from_files_with_odd_names() {
        assert!(is_litter("a/__MACOSX/._统计表.xls", b"x"));
        assert!(is_litter("a/Thumbs.db", b"\xD0\xCF\x11\xE0") && is_litter(".DS_Store", b""));
        assert!(is_litter("表/~$统计表.xlsx", &[0; 165]) && is_litter(".~统计表.xlsx", &[0; 165]));
        assert!(is_litter("._统计表.xls", &[0, 5, 0x16, 7, 0, 2]));
        assert!(!is_litter("~$统计表.xlsx", &[0; 9_000]));
        assert!(!is_litter("._统计表.csv", "单位,人数".as_bytes()));
        assert!(!is_litter("统计表.xls", b""));
    }
}
