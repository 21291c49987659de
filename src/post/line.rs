//! Stands between the server and the SMTP library and makes every reply ASCII.
//!
//! lettre reads replies as UTF-8 and reports one in GBK as a broken network: a refused password would look like a
//! reason to try again, until the account is locked (mail.md 12). The code and the provider's mnemonic are ASCII; the
//! words around them become `?`.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::wire::Stream;

/// RFC 5321 §4.5.3.1.5 allows 512 octets. lettre measures a line when it has all of it, and would collect one without end.
const LONGEST_LINE: usize = 64 * 1024;

/// The stream lettre sees.
#[derive(Debug)]
pub(super) struct Line {
    stream: Stream,
    peer: Option<SocketAddr>,
    /// What it reads before anything the server says.
    prelude: &'static [u8],
    /// Octets since the last end of a line.
    since_line_end: usize,
}

impl Line {
    pub fn new(stream: Stream, peer: Option<SocketAddr>, prelude: &'static [u8]) -> Self {
        Self { stream, peer, prelude, since_line_end: 0 }
    }
}

impl AsyncTokioStream for Line {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.peer.ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected))
    }
}

impl AsyncRead for Line {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.prelude.is_empty() {
            let count = this.prelude.len().min(buffer.remaining());
            let (now, later) = this.prelude.split_at(count);
            buffer.put_slice(now);
            this.prelude = later;
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
        for octet in buffer.filled_mut().iter_mut().skip(before) {
            if !octet.is_ascii() {
                *octet = b'?';
            }
            this.since_line_end = if *octet == b'\n' { 0 } else { this.since_line_end + 1 };
        }
        if this.since_line_end > LONGEST_LINE {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "a reply line without end")));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Line {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, octets)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
