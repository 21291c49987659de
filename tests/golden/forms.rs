//! The form as units lay it out and fill it in.

use super::Case;

/// The cases of this file, always the same bytes.
pub fn cases() -> Vec<Case> {
    Vec::new()
}
