//! Stands between the server and the SMTP library, makes every reply ASCII, and ends a reply that does not end itself.
//!
//! lettre reads replies as UTF-8 and reports one in GBK as a broken network: a refused password would look like a
//! reason to try again, until the account is locked (mail.md 12). The code and the provider's mnemonic are ASCII; the
//! words around them become `?`. It also reads a reply of many lines anew with each line, and counts a line's octets only
//! once the line has ended: without a bound here a server could keep it busy for minutes, past every timeout.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::wire::Stream;

/// The longest reply to one command, octets. RFC 5321 §4.5.3.1.5 allows a line 512 octets; an answer to EHLO has some twenty.
const LONGEST_REPLY: usize = 16 * 1024;

/// The stream lettre sees.
#[derive(Debug)]
pub(super) struct Line {
    stream: Stream,
    peer: Option<SocketAddr>,
    /// What it reads before anything the server says.
    prelude: &'static [u8],
    /// Octets that have come since the last command.
    length: usize,
}

impl Line {
    pub fn new(stream: Stream, peer: Option<SocketAddr>, prelude: &'static [u8]) -> Self {
        Self { stream, peer, prelude, length: 0 }
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
        let come = buffer.filled_mut().get_mut(before..).unwrap_or_default();
        this.length = this.length.saturating_add(come.len());
        if this.length > LONGEST_REPLY {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "a reply without end")));
        }
        come.iter_mut().filter(|octet| !octet.is_ascii()).for_each(|octet| *octet = b'?');
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Line {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.length = 0;
        Pin::new(&mut this.stream).poll_write(context, octets)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
