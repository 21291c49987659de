//! Word 97 documents made here, whole and broken.
