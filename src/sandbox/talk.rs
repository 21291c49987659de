//! What parent and child say to each other: a task and its octets one way, pieces begun and the opened mail the other.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::model::mail::{Opened, Refusal};
use crate::model::mark::{Copied, CopyOrder};

/// What a child is to open, or to copy a piece of; the octets follow.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Task {
    /// The name of a file given by hand; `None` for a mail.
    pub name: Option<String>,
    /// Not to be opened: this annotated copy is wanted of one of its pieces.
    pub copy: Option<CopyOrder>,
    /// Pieces that ended a reader before, by the order in which they are begun, counted from 1.
    pub refused: BTreeMap<u32, Refusal>,
    pub length: u64,
}

/// What a child says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    /// This piece is begun; pieces are counted from 1.
    Began(u32),
    Opened(Box<Opened>),
    /// `None` where the piece is not to be copied.
    Copied(Option<Copied>),
}

/// One message: its length, then its octets.
pub(super) fn send(line: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let octets = postcard::to_allocvec(message).map_err(io::Error::other)?;
    let length = u64::try_from(octets.len()).map_err(io::Error::other)?;
    line.write_all(&length.to_le_bytes())?;
    line.write_all(&octets)
}

pub(super) fn reply(line: &mut impl Read) -> io::Result<Reply> {
    receive(line)
}

/// Waits for a task; `None` where the parent has closed the line.
pub(super) fn task(line: &mut impl Read) -> io::Result<Option<Task>> {
    match receive(line) {
        Ok(task) => Ok(Some(task)),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

fn receive<T: DeserializeOwned>(line: &mut impl Read) -> io::Result<T> {
    let mut length = [0; 8];
    line.read_exact(&mut length)?;
    let octets = octets(line, u64::from_le_bytes(length))?;
    postcard::from_bytes(&octets).map_err(io::Error::other)
}

/// As many octets as announced. Room is made as they come, not as they are claimed.
pub(super) fn octets(line: &mut impl Read, length: u64) -> io::Result<Vec<u8>> {
    let mut octets = Vec::with_capacity(usize::try_from(length.min(1 << 20)).unwrap_or(0));
    line.by_ref().take(length).read_to_end(&mut octets)?;
    if u64::try_from(octets.len()).is_ok_and(|read| read == length) {
        Ok(octets)
    } else {
        Err(ErrorKind::UnexpectedEof.into())
    }
}

/// A line on which every wait ends at one moment.
pub(super) struct Deadline<'a> {
    pub line: &'a UnixStream,
    pub until: Instant,
}

impl Deadline<'_> {
    fn left(&self) -> io::Result<Duration> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

impl Read for Deadline<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.line.set_read_timeout(Some(self.left()?))?;
        self.line.read(buffer)
    }
}

impl Write for Deadline<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.line.set_write_timeout(Some(self.left()?))?;
        self.line.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.line.flush()
    }
}

/// Whether the time was up, rather than the line cut. A socket's own timeout says `WouldBlock`.
pub(super) fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock)
}
