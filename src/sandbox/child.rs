//! The child's side: confines itself, then opens what it is handed until its parent closes the line.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use rlimit::Resource;

use super::talk::{self, Reply};
use crate::model::mail::{Opened, Refusal};
use crate::model::mark::{Copied, CopyOrder};

/// What a reading process may use.
#[derive(Clone, Copy, Debug)]
pub struct Confinement {
    /// Octets of address space, the program itself included.
    pub memory: u64,
    /// Seconds of processor time over all mails together, for a child whose parent is gone and cannot end it.
    pub processor_seconds: u64,
}

impl Confinement {
    /// Puts the limits into force for this process. They cannot be taken back.
    fn enter(self) -> io::Result<()> {
        lower(Resource::AS, self.memory)?;
        lower(Resource::CPU, self.processor_seconds)?;
        // Nothing to write, nothing to open, no picture of a mail left behind.
        lower(Resource::FSIZE, 0)?;
        lower(Resource::CORE, 0)?;
        lower(Resource::NOFILE, 4)
    }
}

/// Bounds a resource, or leaves a bound that is tighter already, as an admin may have set one.
fn lower(resource: Resource, most: u64) -> io::Result<()> {
    let (_, present) = resource.get()?;
    let most = most.min(present);
    resource.set(most, most)
}

/// Tells the parent which piece is begun, and whether it is to be refused.
pub struct Progress<'a> {
    line: &'a UnixStream,
    refused: BTreeMap<u32, Refusal>,
    begun: u32,
}

impl Progress<'_> {
    /// Begins the next piece, or goes back to a container for its next member. `Some` where it ended a reader before and
    /// must not be looked into.
    pub fn begin(&mut self) -> Option<Refusal> {
        self.begun = self.begun.saturating_add(1);
        // A parent that hears nothing any more notices by itself.
        let _ = talk::send(&mut self.line, &Reply::Began(self.begun));
        self.refused.get(&self.begun).copied()
    }
}

/// Opens mails and files that come over standard input, a socket, until it is closed. `open` gets the octets, the name
/// of a file given by hand, and whom to tell of each piece; `copy` gets a mail and which of its pieces to annotate.
///
/// # Errors
/// Where the limits cannot be put into force or the parent has gone in the middle of a mail.
pub fn serve(
    confinement: Confinement,
    open: impl Fn(&[u8], Option<&str>, &mut Progress<'_>) -> Opened,
    copy: impl Fn(&[u8], &CopyOrder) -> Option<Copied>,
) -> io::Result<()> {
    let mut line = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    confinement.enter()?;
    while let Some(task) = talk::task(&mut line)? {
        let bytes = talk::octets(&mut line, task.length)?;
        if let Some(order) = &task.copy {
            talk::send(&mut line, &Reply::Copied(copy(&bytes, order)))?;
            continue;
        }
        let mut progress = Progress { line: &line, refused: task.refused, begun: 0 };
        let opened = open(&bytes, task.name.as_deref(), &mut progress);
        talk::send(&mut line, &Reply::Opened(Box::new(opened)))?;
    }
    Ok(())
}
