//! Where the pure core meets the edges: taking mail in, owing letters, delivering them, telling the office.

pub mod alarm;
pub mod annotate;
pub mod backup;
pub mod collect;
pub mod deliver;
pub mod desk;
pub mod enclose;
pub mod entry;
pub mod failpoint;
pub mod opener;
pub mod owe;
pub mod poll;
mod recorded;
pub mod render;
pub mod reread;
pub mod review;
pub mod ruling;
pub mod standings;
pub mod unit_words;
pub mod workbook;

use crate::judge::letters::TemplateError;
use crate::store::StoreError;

/// What a server said, fit for the log: servers repeat addresses, and no address stands in a log line.
#[must_use]
pub fn without_addresses(said: &str) -> String {
    let shown = |word: &str| if word.contains('@') { "(address)".to_owned() } else { word.to_owned() };
    said.split_whitespace().map(shown).collect::<Vec<_>>().join(" ")
}

/// Why a piece of work could not be done: the world failed, not the mail. It is tried again.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the archive: {0}")]
    Archive(#[from] std::io::Error),
    #[error("no reading process could be started: {0}")]
    Reader(std::io::Error),
    #[error("a letter's template: {0}")]
    Template(#[from] TemplateError),
    #[error("people kept acting on the same mail while it was judged again; try once more")]
    Interrupted,
    #[error("the workbook could not be written: {0}")]
    Workbook(String),
}
