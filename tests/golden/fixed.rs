//! Documents with fixed pages: PDF and OFD.

use super::Case;

/// The cases of this file, always the same bytes.
pub fn cases() -> Vec<Case> {
    Vec::new()
}
