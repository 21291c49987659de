//! Stands between the server and the IMAP library and makes what comes in harmless.
//!
//! The library (async-imap 0.12, imap-proto 0.17) allocates whatever a literal announces, waits for ever, and stumbles
//! over GBK text in a `NO`. So this stream bounds literals, lines and whole answers before they reach it, gives up on
//! silence, and turns octets above ASCII outside literals into `?`: mails are literals and pass untouched.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// The longest response line outside literals. A FETCH line is some hundred octets, a LIST line hardly more.
const LONGEST_LINE: usize = 256 * 1024;

/// Parentheses that one line may open. imap-proto reads a BODYSTRUCTURE by recursion, one level a parenthesis, and a stack
/// that overflows ends the process, whoever would catch a panic. Nothing that is asked for opens more than five.
const MOST_OPENED: usize = 60;

/// What the answer to one command may take beside the mails it was asked for, in octets: the listing of half a million
/// mails.
const LONGEST_ANSWER: u64 = 64 * 1024 * 1024;

/// How much of a line is kept for error texts and for finding the UID of a literal that was refused.
const KEPT: usize = 120;

/// The guarded stream.
pub struct Guard<S> {
    inner: S,
    lines: Lines,
    silence: Duration,
    alarm: Pin<Box<Sleep>>,
    /// Whether `alarm` runs for a read or write that is pending.
    armed: bool,
}

/// The state of the incoming text.
struct Lines {
    /// Octets of the current literal still to come.
    literal: u64,
    /// The longest literal let through.
    longest_literal: u64,
    /// Octets of mails that the next answer may hold.
    mails: u64,
    /// Octets that may still come of the current answer.
    left: u64,
    /// Octets of the current line so far.
    length: usize,
    /// Parentheses the current line has opened.
    opened: usize,
    /// The start of the current line.
    start: Vec<u8>,
    /// The end of the current line, where `{n}` stands.
    tail: Vec<u8>,
    /// A literal that was longer than allowed.
    refused: Option<u64>,
}

impl<S> Guard<S> {
    pub fn new(inner: S, silence: Duration) -> Self {
        Self {
            inner,
            lines: Lines {
                literal: 0,
                longest_literal: 64 * 1024,
                mails: 0,
                left: LONGEST_ANSWER,
                length: 0,
                opened: 0,
                start: Vec::new(),
                tail: Vec::new(),
                refused: None,
            },
            silence,
            alarm: Box::pin(tokio::time::sleep(silence)),
            armed: false,
        }
    }

    /// How long the server may stay without sending a single octet while one is waited for.
    pub fn set_silence(&mut self, silence: Duration) {
        self.silence = silence;
        self.armed = false;
    }

    /// The longest literal let through from now on, and what the mails in the next answer may take together; octets.
    pub fn set_literals(&mut self, longest: u64, together: u64) {
        self.lines.longest_literal = longest;
        self.lines.mails = together;
    }

    /// A command goes out: what comes from now on is counted as the answer to it.
    pub fn begin_answer(&mut self) {
        self.lines.left = LONGEST_ANSWER.saturating_add(self.lines.mails);
    }

    /// The literal that was refused for its length, if any.
    pub fn refused_literal(&self) -> Option<u64> {
        self.lines.refused
    }

    /// The start of the line that came last, at most 120 octets.
    pub fn last_line(&self) -> &[u8] {
        &self.lines.start
    }

    /// Gives up when `silence` has passed since the pending began.
    fn watch(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.armed {
            self.alarm.as_mut().reset(Instant::now() + self.silence);
            self.armed = true;
        }
        ready!(self.alarm.as_mut().poll(context));
        Poll::Ready(Err(io::Error::from(io::ErrorKind::TimedOut)))
    }
}

impl Lines {
    /// Takes note of what came in and makes its lines ASCII, in place.
    fn pass(&mut self, octets: &mut [u8]) -> io::Result<()> {
        let count = u64::try_from(octets.len()).unwrap_or(u64::MAX);
        self.left = self.left.checked_sub(count).ok_or_else(|| refusal("an answer without end"))?;
        let mut rest = octets.iter_mut();
        loop {
            // Mails are not looked at, but passed over as a whole.
            if self.literal > 0 {
                let here = usize::try_from(self.literal).unwrap_or(usize::MAX).min(rest.len());
                self.literal -= u64::try_from(here).unwrap_or(0);
                rest = rest.into_slice().get_mut(here..).unwrap_or_default().iter_mut();
            }
            let Some(octet) = rest.next() else { return Ok(()) };
            if !octet.is_ascii() {
                *octet = b'?';
            }
            self.take(*octet)?;
        }
    }

    fn take(&mut self, octet: u8) -> io::Result<()> {
        if self.length == 0 {
            self.start.clear();
            self.opened = 0;
        }
        self.length += 1;
        self.opened += usize::from(octet == b'(');
        if self.length > LONGEST_LINE {
            return Err(refusal("a response line without end"));
        }
        if self.opened > MOST_OPENED {
            return Err(refusal("a response nested without end"));
        }
        if octet != b'\n' {
            if self.start.len() < KEPT && octet != b'\r' {
                self.start.push(octet);
            }
            if octet == b'{' {
                self.tail.clear();
            }
            if self.tail.len() < 32 {
                self.tail.push(octet);
            }
            return Ok(());
        }
        let announced = literal_at_end(&self.tail);
        self.tail.clear();
        match announced {
            Some(length) if length > self.longest_literal => {
                self.refused = Some(length);
                Err(refusal(&format!("a literal of {length} octets is too long")))
            }
            // The line goes on behind the literal; its start is kept.
            Some(length) => {
                self.literal = length;
                self.length = self.length.max(1);
                Ok(())
            }
            None => {
                self.length = 0;
                Ok(())
            }
        }
    }
}

fn refusal(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// The length in `{n}\r` or `{n+}\r`, where that is all there is.
fn literal_at_end(tail: &[u8]) -> Option<u64> {
    let digits = tail.strip_prefix(b"{")?.strip_suffix(b"\r")?.strip_suffix(b"}")?;
    let digits = digits.strip_suffix(b"+").unwrap_or(digits);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // Too many digits for a number is a very long literal, to be refused.
    Some(std::str::from_utf8(digits).ok()?.parse().unwrap_or(u64::MAX))
}

impl<S: AsyncRead + Unpin> AsyncRead for Guard<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        if Pin::new(&mut this.inner).poll_read(context, buffer)?.is_pending() {
            return this.watch(context);
        }
        this.armed = false;
        let passed = this.lines.pass(buffer.filled_mut().get_mut(before..).unwrap_or_default());
        if passed.is_err() {
            buffer.set_filled(before);
        }
        Poll::Ready(passed)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guard<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match Pin::new(&mut this.inner).poll_write(context, octets) {
            Poll::Pending => this.watch(context).map_ok(|()| 0),
            ready => {
                this.armed = false;
                ready
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match Pin::new(&mut this.inner).poll_flush(context) {
            Poll::Pending => this.watch(context),
            ready => {
                this.armed = false;
                ready
            }
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }
}

impl<S> fmt::Debug for Guard<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Guard").field("silence", &self.silence).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn through(input: &[u8], longest: u64) -> (Vec<u8>, io::Result<usize>, Option<u64>) {
        // Read in small bites, so that every state is crossed in the middle of something.
        let (mut far, near) = tokio::io::duplex(7);
        let input = input.to_vec();
        tokio::spawn(async move {
            let _ = far.write_all(&input).await;
        });
        let mut guard = Guard::new(near, Duration::from_secs(5));
        guard.set_literals(longest, longest);
        let mut output = Vec::new();
        let outcome = guard.read_to_end(&mut output).await;
        (output, outcome, guard.refused_literal())
    }

    #[tokio::test]
    async fn mails_pass_untouched_and_lines_become_ascii() {
        let mut input = b"* 1 FETCH (UID 7 BODY[] {6}\r\n".to_vec();
        input.extend("统一".as_bytes());
        input.extend(b")\r\nA1 NO \xB5\xC7\xC2\xBC\r\n");
        let (output, outcome, _) = through(&input, 100).await;
        outcome.unwrap();
        let mut expected = b"* 1 FETCH (UID 7 BODY[] {6}\r\n".to_vec();
        expected.extend("统一".as_bytes());
        expected.extend(b")\r\nA1 NO ????\r\n");
        assert_eq!(output, expected);
    }

    #[tokio::test]
    async fn a_huge_literal_never_arrives() {
        let (output, outcome, refused) = through(b"* 1 FETCH (UID 7 BODY[] {400000000}\r\nx", 1000).await;
        assert!(outcome.is_err());
        assert_eq!(refused, Some(400_000_000));
        assert!(!output.ends_with(b"x"));
        let (_, outcome, refused) = through(b"* 1 FETCH (BODY[] {99999999999999999999999}\r\n", 1000).await;
        assert!(outcome.is_err());
        assert_eq!(refused, Some(u64::MAX));
    }

    #[tokio::test]
    async fn an_endless_line_is_cut() {
        let (_, outcome, _) = through(&vec![b'*'; LONGEST_LINE + 10], 1000).await;
        assert!(outcome.is_err());
    }

    #[tokio::test]
    async fn a_line_nested_without_end_is_cut() {
        let nested = format!("* 1 FETCH (BODYSTRUCTURE {}\r\n", "(".repeat(100_000));
        let (_, outcome, _) = through(nested.as_bytes(), 1000).await;
        assert_eq!(outcome.unwrap_err().to_string(), "a response nested without end");
        let many_lines = "* 1 FETCH (UID 7 FLAGS (\\Seen))\r\n".repeat(200);
        through(many_lines.as_bytes(), 1000).await.1.unwrap();
    }

    #[tokio::test]
    async fn an_answer_without_end_is_cut() {
        let mut guard = Guard::new(tokio::io::repeat(b'\n'), Duration::from_secs(5));
        guard.set_literals(1000, 10_000);
        guard.begin_answer();
        let taken = tokio::io::copy(&mut (&mut guard).take(2 * LONGEST_ANSWER), &mut tokio::io::sink()).await;
        assert_eq!(taken.unwrap_err().to_string(), "an answer without end");
        assert!(guard.lines.left < 64 * 1024, "all that is allowed had come: {}", guard.lines.left);
        // What the next command is answered is counted anew.
        guard.begin_answer();
        assert_eq!(guard.read_u8().await.unwrap(), b'\n');
    }

    #[tokio::test]
    async fn silence_is_given_up() {
        let (_far, near) = tokio::io::duplex(64);
        let mut guard = Guard::new(near, Duration::from_millis(50));
        let error = guard.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_slow_server_is_borne_while_it_speaks() {
        let (mut far, near) = tokio::io::duplex(64);
        tokio::spawn(async move {
            for _ in 0..5 {
                tokio::time::sleep(Duration::from_millis(150)).await;
                far.write_all(b"x").await.unwrap();
            }
        });
        let mut guard = Guard::new(near, Duration::from_millis(450));
        for _ in 0..5 {
            assert_eq!(guard.read_u8().await.unwrap(), b'x');
        }
    }
}
