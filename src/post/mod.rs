//! The post: a letter goes out as mail over SMTP, or into a folder as a file, and the answer is sorted into what may
//! be done next.

pub mod compose;
pub mod entry;
mod folder;
mod line;
pub mod replies;
mod smtp;

use crate::model::letter::{Delivery, Letter};
use crate::model::mail::Address;

pub use folder::FolderPost;
pub use smtp::{SmtpPatience, SmtpPost, SmtpSettings};

/// Where letters go.
#[derive(Debug)]
pub enum Post {
    Smtp(Box<SmtpPost>),
    Folder(FolderPost),
    /// Kept, for drills and tests.
    Memory(Vec<Posted>),
}

/// A letter that `Post::Memory` kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Posted {
    pub letter: Letter,
    pub bytes: Vec<u8>,
}

impl Post {
    /// Hands a letter over, in the name of `from`, and tells what came of it. It never fails otherwise: each arm of
    /// [`Delivery`] says what may be done next.
    ///
    /// A letter with several recipients goes to each in an envelope of its own, under the same Message-ID, because one
    /// bad recipient cancels a whole envelope; the outcome that needs most care is told (see
    /// [`replies::gravest`]), and who could not be reached stands in its reply.
    pub async fn deliver(&mut self, letter: &Letter, from: &Address) -> Delivery {
        let bytes = match compose::compose(letter, from) {
            Ok(bytes) => bytes,
            Err(error) => return Delivery::Hold { reply: error.to_string() },
        };
        match self {
            Self::Smtp(smtp) => smtp.deliver(letter, from, &bytes).await,
            Self::Folder(folder) => folder.deliver(letter, &bytes).await,
            Self::Memory(posted) => {
                posted.push(Posted { letter: letter.clone(), bytes });
                Delivery::Accepted { reply: "kept in memory".to_owned() }
            }
        }
    }

    /// Whether the server can be reached and lets us in: for `check --online`. Sends nothing.
    ///
    /// # Errors
    /// Anything but [`Delivery::Accepted`], as an error of its own.
    pub async fn check(&mut self) -> Result<(), Delivery> {
        match self {
            Self::Smtp(smtp) => smtp.check().await,
            Self::Folder(folder) => folder.check().await,
            Self::Memory(_) => Ok(()),
        }
    }

    /// Takes leave of the server, if there is one; at most two seconds are spent on it.
    pub async fn close(&mut self) {
        if let Self::Smtp(smtp) = self {
            smtp.close().await;
        }
    }
}
