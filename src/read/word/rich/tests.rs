//! RTF documents, whole and broken.
