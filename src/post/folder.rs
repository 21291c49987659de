//! Letters as files: for drills, for offices that send by hand, and for looking at what would be sent.

use std::path::PathBuf;

use tokio::fs::{self, OpenOptions};
use tokio::io::AsyncWriteExt as _;

use crate::model::letter::{Delivery, Letter};

/// A folder that letters are written into, one `.eml` each.
#[derive(Clone, Debug)]
pub struct FolderPost {
    path: PathBuf,
}

impl FolderPost {
    /// The folder is made at the first letter.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The file a letter with this Message-ID has: the same letter never has two.
    #[must_use]
    pub fn file_of(&self, message_id: &str) -> PathBuf {
        let safe = |character: char| match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' | '@' => character,
            _ => '_',
        };
        let name: String = message_id.trim_start_matches('.').chars().take(120).map(safe).collect();
        self.path.join(format!("{name}.eml"))
    }

    /// Writes the letter to a file of another name and renames it, so that nobody ever sees half a letter.
    pub(super) async fn deliver(&self, letter: &Letter, bytes: &[u8]) -> Delivery {
        let file = self.file_of(&letter.message_id);
        let part = file.with_extension("eml.part");
        let written = async {
            self.make().await?;
            let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part).await?;
            out.write_all(bytes).await?;
            out.sync_all().await?;
            fs::rename(&part, &file).await
        };
        match written.await {
            Ok(()) => Delivery::Accepted { reply: file.display().to_string() },
            Err(error) => Delivery::NotReached { reply: format!("{}: {error}", file.display()) },
        }
    }

    /// Letters hold names, addresses and figures: the folder is its owner's alone.
    async fn make(&self) -> std::io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.path).await
    }

    pub(super) async fn check(&self) -> Result<(), Delivery> {
        self.make().await.map_err(|error| Delivery::NotReached { reply: format!("{}: {error}", self.path.display()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_is_never_a_path() {
        let post = FolderPost::new("/out");
        assert_eq!(post.file_of("ack.0a@unit.example"), PathBuf::from("/out/ack.0a@unit.example.eml"));
        assert_eq!(post.file_of("../../etc/x y"), PathBuf::from("/out/_.._etc_x_y.eml"));
    }
}
