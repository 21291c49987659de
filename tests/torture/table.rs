//! One table of what all the cruelty came to.
//!
//! Each part notes its figures in a file of its own, since the parts run side by side; `the_table`, which `make torture`
//! calls last, prints them together.

use std::fs;
use std::path::{Path, PathBuf};

use crate::scene::Account;

/// Figures with their names, in the order in which they are told.
#[derive(Default)]
pub struct Figures(Vec<(String, String)>);

impl Figures {
    /// Of an account.
    pub fn of(account: Account) -> Self {
        let Account { mails, lost, doubled, sent, held, held_arrived, letters_lost, letters_doubled } = account;
        Self::default()
            .with("mails", mails)
            .with("lost", lost)
            .with("doubled", doubled)
            .with("letters sent", sent)
            .with("letters held", held)
            .with("of these arrived", held_arrived)
            .with("letters lost", letters_lost)
            .with("letters doubled", letters_doubled)
    }

    pub fn with(mut self, name: &str, figure: impl ToString) -> Self {
        self.0.push((name.to_owned(), figure.to_string()));
        self
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("torture")
}

/// Notes the figures of one part, and says them.
pub fn note(part: &str, figures: &Figures) {
    let lines: String = figures.0.iter().map(|(name, figure)| format!("{name}\t{figure}\n")).collect();
    fs::create_dir_all(folder()).unwrap();
    fs::write(folder().join(part), &lines).unwrap();
    println!("{part}:\n{lines}");
}

/// Prints what was noted, and forgets it.
#[test]
#[ignore = "only after the others have run: make torture"]
fn the_table() {
    let mut parts: Vec<PathBuf> = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    parts.sort();
    assert!(!parts.is_empty(), "nothing was noted");
    println!();
    for part in &parts {
        let name = part.file_name().unwrap().to_string_lossy().into_owned();
        for (at, line) in fs::read_to_string(part).unwrap().lines().enumerate() {
            let (figure, value) = line.split_once('\t').unwrap();
            let shown = if at == 0 { name.as_str() } else { "" };
            println!("| {shown:<26} | {figure:<34} | {value:>14} |");
        }
    }
    println!();
    fs::remove_dir_all(folder()).unwrap();
}
