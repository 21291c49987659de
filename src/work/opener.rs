//! Where mail is opened: in reading processes of their own, or, for tests and drills, in this one.

use std::ffi::OsString;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::time::Duration;

use super::annotate;
use crate::model::mail::{Content, Opened, Refusal};
use crate::model::mark::{Copied, CopyOrder};
use crate::read::{self, Limits};
use crate::sandbox::{self, Confinement, Patience, Progress, Sandbox, Unopened};

/// The hidden command under which this program is its own reading process.
pub const READER_COMMAND: &str = "reader";

/// Enough for the largest mail the limits allow with everything it unfolds to; far more than any real return needs.
const CONFINEMENT: Confinement = Confinement { memory: 384 << 20, processor_seconds: 120 };

/// Opens mails and files.
#[derive(Debug)]
pub enum Opener {
    /// In this process, panics caught: what aborts or never returns is not held.
    Here(Limits),
    /// In reading processes under limits of memory and time.
    Apart(Sandbox),
}

impl Opener {
    /// Reading processes of this very program, even after an upgrade has replaced its file.
    #[must_use]
    pub fn apart(patience: Patience) -> Self {
        let program =
            if cfg!(target_os = "linux") { Ok(PathBuf::from("/proc/self/exe")) } else { std::env::current_exe() };
        let program = program.unwrap_or_else(|_| PathBuf::from("mailtally"));
        Self::Apart(Sandbox::new(program, vec![OsString::from(READER_COMMAND)], patience))
    }

    /// For mail that arrives while nobody waits: a busy machine is no reason to give a mail up.
    #[must_use]
    pub fn for_the_desk() -> Self {
        Self::apart(Patience { attempt: Duration::from_secs(20), whole: Duration::from_secs(50) })
    }

    /// For a person who waits for an answer.
    #[must_use]
    pub fn for_a_look() -> Self {
        Self::apart(Patience { attempt: Duration::from_secs(5), whole: Duration::from_secs(8) })
    }

    /// Opens a mail, or with its name a file given by hand. Blocks.
    ///
    /// # Errors
    /// As [`Sandbox::open`]; in this process a panic counts as poison.
    pub fn open(&self, bytes: &[u8], name: Option<&str>) -> Result<Opened, Unopened> {
        match self {
            Self::Apart(sandbox) => sandbox.open(bytes, name),
            Self::Here(limits) => {
                let opened = std::panic::catch_unwind(AssertUnwindSafe(|| match name {
                    Some(name) => read::open_file(bytes, name, limits),
                    None => Opened::Mail(Box::new(read::open(bytes, limits))),
                }));
                opened.map_err(|_| Unopened::Poison(Refusal::Broken))
            }
        }
    }

    /// Makes the annotated copy of a mail's piece; `None` where it is not to be copied. Blocks.
    ///
    /// # Errors
    /// As [`Sandbox::copy`]; in this process a panic counts as poison.
    pub fn copy(&self, bytes: &[u8], order: &CopyOrder) -> Result<Option<Copied>, Unopened> {
        match self {
            Self::Apart(sandbox) => sandbox.copy(bytes, order),
            Self::Here(limits) => {
                let copied = std::panic::catch_unwind(AssertUnwindSafe(|| annotate::copy(bytes, order, limits).ok()));
                copied.map_err(|_| Unopened::Poison(Refusal::Broken))
            }
        }
    }
}

/// The reading process's own work: opens what its parent hands it until the parent is gone.
///
/// # Errors
/// Where the process cannot be confined, or its parent has gone in the middle of a mail.
pub fn serve() -> std::io::Result<()> {
    let limits = Limits::default();
    let copy = |bytes: &[u8], order: &CopyOrder| {
        std::panic::catch_unwind(AssertUnwindSafe(|| annotate::copy(bytes, order, &limits).ok())).ok().flatten()
    };
    sandbox::serve(CONFINEMENT, |bytes, name, progress| open_telling(bytes, name, progress, &limits), copy)
}

/// Opens as [`Opener::Here`] does, but tells of each piece before it is looked into.
fn open_telling(bytes: &[u8], name: Option<&str>, progress: &mut Progress<'_>, limits: &Limits) -> Opened {
    let progress = std::cell::RefCell::new(progress);
    let reader = |kind, bytes: &[u8], limits: &Limits| match progress.borrow_mut().begin() {
        Some(refusal) => (Content::Nothing, vec![Refusal::oddity(refusal)]),
        None => read::read_piece(kind, bytes, limits),
    };
    match name {
        Some(name) => read::open_file_with(bytes, name, limits, &reader),
        None => Opened::Mail(Box::new(read::open_with(bytes, limits, &reader))),
    }
}
