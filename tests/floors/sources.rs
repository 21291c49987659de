//! The program's source files, for the tests that hold something of all of them.

use std::fs;
use std::path::{Path, PathBuf};

/// Those of the program, in the order of their paths.
pub fn all_sources() -> Vec<PathBuf> {
    let found = sources_in("src");
    assert!(found.len() > 50, "the sources were found");
    found
}

/// Those below a folder of the repository.
pub fn sources_in(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    look_into(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut found);
    found.sort();
    found
}

fn look_into(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            look_into(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}
