//! Mails as Chinese clients and servers mangle them.

use super::Case;

/// The cases of this file, always the same bytes.
pub fn cases() -> Vec<Case> {
    Vec::new()
}
