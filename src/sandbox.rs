//! Warm child processes of this program in which mail is opened: under a memory limit and a clock, without our secrets,
//! so that no file can end, stall or bloat the process that keeps the tally.
//!
//! A library that aborts (calamine on some workbooks), a stack that overflows or a reader that never returns is told
//! from outside alone. The child says before each piece that it begins it; if it dies or overruns its time, the piece it
//! was at is refused and the mail opened once more without it. So one poisonous attachment costs itself, not the mail.

mod child;
mod talk;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

pub use self::child::{Confinement, Progress, serve};
use self::talk::{Deadline, Reply, Task};
use crate::model::alarm::{Alarm, alarm};
use crate::model::mail::{Opened, Refusal};
use crate::model::mark::{Copied, CopyOrder};

/// How long opening one mail may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// One attempt.
    pub attempt: Duration,
    /// All attempts at one mail together.
    pub whole: Duration,
}

/// How many times one mail may end its reader before it is given up.
const MOST_DEATHS: usize = 4;
/// Readers kept warm.
const MOST_IDLE: usize = 4;
/// Mails after which a reader is replaced by a new one, so that nothing a library leaks adds up.
const MOST_MAILS: u32 = 500;
/// A mail of more octets than this leaves a reader swollen; it is replaced too.
const LARGE: usize = 8 << 20;

/// The reading processes. Every method blocks; many threads may use one sandbox at once.
#[derive(Debug)]
pub struct Sandbox {
    program: PathBuf,
    arguments: Vec<OsString>,
    patience: Patience,
    idle: Mutex<Vec<Reader>>,
}

/// Why a mail could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum Unopened {
    /// The mail's own fault: it ended its reader again and again, or took too long.
    #[error("opening it: {}", .0.in_words())]
    Poison(Refusal),
    /// The machine's fault: no process could be started.
    #[error("no reading process could be started: {0}")]
    World(#[from] io::Error),
}

impl Sandbox {
    /// Readers are started as `program arguments…` when they are first needed; the program calls [`serve`].
    #[must_use]
    pub fn new(program: PathBuf, arguments: Vec<OsString>, patience: Patience) -> Self {
        Self { program, arguments, patience, idle: Mutex::new(Vec::new()) }
    }

    /// Opens a mail (`name` is `None`) or a file given by hand, as the program's reader makes it.
    ///
    /// # Errors
    /// [`Unopened::Poison`] where the mail cannot be opened under the limits, [`Unopened::World`] where the machine
    /// cannot start a process.
    pub fn open(&self, bytes: &[u8], name: Option<&str>) -> Result<Opened, Unopened> {
        let until = Instant::now() + self.patience.whole;
        let mut refused: BTreeMap<u32, Refusal> = BTreeMap::new();
        let mut fresh = false;
        loop {
            let mut reader = match self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop() {
                Some(reader) if !fresh => reader,
                _ => Reader::start(self)?,
            };
            let attempt = until.min(Instant::now() + self.patience.attempt);
            let task =
                Task { name: name.map(str::to_owned), copy: None, refused: refused.clone(), length: length(bytes) };
            let death = match reader.open(&task, bytes, attempt) {
                Ok(opened) => {
                    self.keep(reader, bytes.len());
                    return Ok(opened);
                }
                Err(death) => death,
            };
            let (end, was_new) = (reader.end(death.late), reader.mails == 0);
            if !was_new && !death.late {
                // It may have died of what came before, or between two mails; only a new reader's end counts.
                fresh = true;
                continue;
            }
            let refusal = if death.late { Refusal::Late } else { end };
            alarm!(Alarm::ReadingProcessEnded, piece = death.began, reason = refusal.in_words());
            // Nothing of a mail was begun yet, or even a refused piece did not help: the mail itself is poison.
            let Some(began) = death.began.filter(|began| !refused.contains_key(began)) else {
                return Err(Unopened::Poison(refusal));
            };
            refused.insert(began, refusal);
            if refused.len() >= MOST_DEATHS || Instant::now() >= until {
                return Err(Unopened::Poison(refusal));
            }
        }
    }

    /// Makes the annotated copy of a mail's piece, as the program's reader makes it; `None` where it makes none.
    ///
    /// # Errors
    /// [`Unopened::Poison`] where the mail ends its reader or takes too long, [`Unopened::World`] where the machine
    /// cannot start a process.
    pub fn copy(&self, bytes: &[u8], order: &CopyOrder) -> Result<Option<Copied>, Unopened> {
        let task = Task { name: None, copy: Some(order.clone()), refused: BTreeMap::new(), length: length(bytes) };
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => Reader::start(self)?,
        };
        loop {
            let death = match reader.copy(&task, bytes, Instant::now() + self.patience.attempt) {
                Ok(copied) => {
                    self.keep(reader, bytes.len());
                    return Ok(copied);
                }
                Err(death) => death,
            };
            let (end, was_new) = (reader.end(death.late), reader.mails == 0);
            if was_new || death.late {
                return Err(Unopened::Poison(if death.late { Refusal::Late } else { end }));
            }
            // It may have died of what came before.
            reader = Reader::start(self)?;
        }
    }

    fn keep(&self, mut reader: Reader, size: usize) {
        reader.mails += 1;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if reader.mails < MOST_MAILS && size <= LARGE && idle.len() < MOST_IDLE {
            idle.push(reader);
        }
    }
}

/// One reading process.
#[derive(Debug)]
struct Reader {
    process: Child,
    line: UnixStream,
    /// Mails it has opened.
    mails: u32,
}

/// An attempt that came to nothing.
struct Death {
    /// The last piece that was begun, counted from 1.
    began: Option<u32>,
    /// It did not die but took too long.
    late: bool,
}

impl Reader {
    fn start(sandbox: &Sandbox) -> io::Result<Self> {
        let (line, other) = UnixStream::pair()?;
        let process = Command::new(&sandbox.program)
            .args(&sandbox.arguments)
            // Passwords may stand in our environment, and the terminal's Ctrl-C is meant for us alone.
            .env_clear()
            .process_group(0)
            .stdin(Stdio::from(OwnedFd::from(other)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self { process, line, mails: 0 })
    }

    fn open(&mut self, task: &Task, bytes: &[u8], until: Instant) -> Result<Opened, Death> {
        let mut began = None;
        let died = |error: &io::Error, began| Death { began, late: talk::is_late(error) };
        let mut line = Deadline { line: &self.line, until };
        talk::send(&mut line, task).and_then(|()| line.write_all(bytes)).map_err(|error| died(&error, began))?;
        loop {
            match talk::reply(&mut line) {
                Ok(Reply::Began(count)) => began = Some(count),
                Ok(Reply::Opened(opened)) => return Ok(*opened),
                Ok(Reply::Copied(_)) => return Err(Death { began, late: false }),
                Err(error) => return Err(died(&error, began)),
            }
        }
    }

    fn copy(&mut self, task: &Task, bytes: &[u8], until: Instant) -> Result<Option<Copied>, Death> {
        let died = |error: &io::Error| Death { began: None, late: talk::is_late(error) };
        let mut line = Deadline { line: &self.line, until };
        talk::send(&mut line, task).and_then(|()| line.write_all(bytes)).map_err(|error| died(&error))?;
        match talk::reply(&mut line) {
            Ok(Reply::Copied(copied)) => Ok(copied),
            Ok(Reply::Began(_) | Reply::Opened(_)) => Err(Death { began: None, late: false }),
            Err(error) => Err(died(&error)),
        }
    }

    /// Ends the process, if it still lives, and says what it died of.
    fn end(&mut self, late: bool) -> Refusal {
        if late {
            let _ = self.process.kill();
        }
        // The line is closed, so that one that lives sees the end of its input.
        let _ = self.line.shutdown(std::net::Shutdown::Both);
        match self.process.wait().ok().and_then(|status| status.signal()) {
            // abort(): memory refused or the stack at its end; or killed for want of memory.
            Some(6 | 9) => Refusal::Greedy,
            _ => Refusal::Broken,
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
