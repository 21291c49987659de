//! A line between the program and a real server on which things go wrong as planned: cut, silent, reset, slow, noisy.
//!
//! Faults that need to understand what goes over the line (literals, the final dot of a letter) want it plain; the others
//! do to TLS what they do to text.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// One way for a connection to go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// In the middle of a literal the connection ends.
    CutInLiteral,
    ResetInLiteral,
    StallInLiteral,
    /// The announced length of a literal is wrong by seven octets.
    LiteralTooShort,
    LiteralTooLong,
    /// Lines that mean nothing come between the server's.
    Garbage,
    /// Nothing more comes, for ever.
    Stall,
    /// The connection is reset (RST).
    Reset,
    /// What is still to come comes one octet a second.
    Trickle,
    /// The server's half of the connection is closed, the client's is not.
    HalfClose,
    /// The connection ends.
    Close,
    /// The server takes a letter, and its answer never arrives.
    CutAfterDot,
    StallAfterDot,
    /// The connection ends before the server has the end of the letter.
    CutBeforeDot,
}

/// What happens to each connection, in their order: a fault, and at which line of the server's (or which literal, or
/// which letter; counted from one) it happens. At line 0 it happens before the greeting.
pub type Plan = Box<dyn FnMut() -> Option<(Fault, usize)> + Send>;

/// The line, until it is dropped.
pub struct Faulty {
    pub port: u16,
    shared: Arc<Shared>,
    away: watch::Sender<bool>,
    runtime: Option<Runtime>,
}

struct Shared {
    target: u16,
    plan: Mutex<Plan>,
    happened: Mutex<BTreeMap<Fault, usize>>,
    dialled: Mutex<Vec<Instant>>,
}

impl Faulty {
    /// To the server at this port, going wrong as planned.
    pub fn start(target: u16, plan: Plan) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        // With an entered runtime and not inside it: tests have their own.
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared =
            Arc::new(Shared { target, plan: Mutex::new(plan), happened: Mutex::default(), dialled: Mutex::default() });
        let (away, told) = watch::channel(false);
        runtime.spawn(serve(listener, port, Arc::clone(&shared), told));
        Self { port, shared, away, runtime: Some(runtime) }
    }

    /// Without a fault until told otherwise.
    pub fn honest(target: u16) -> Self {
        Self::start(target, Box::new(|| None))
    }

    /// What happens to the connections from now on.
    pub fn plan(&self, plan: Plan) {
        *self.shared.plan.lock().unwrap() = plan;
    }

    /// The server goes away: connections end, and nobody listens at the port; or it comes back.
    pub fn go_away(&self, away: bool) {
        self.away.send_replace(away);
    }

    /// Faults that came about, by kind.
    pub fn happened(&self) -> BTreeMap<Fault, usize> {
        self.shared.happened.lock().unwrap().clone()
    }

    /// When somebody dialled.
    pub fn dialled(&self) -> Vec<Instant> {
        self.shared.dialled.lock().unwrap().clone()
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn serve(first: std::net::TcpListener, port: u16, shared: Arc<Shared>, mut away: watch::Receiver<bool>) {
    let mut listener = TcpListener::from_std(first).unwrap();
    loop {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                Ok((client, _)) = listener.accept() => {
                    shared.dialled.lock().unwrap().push(Instant::now());
                    let fault = (shared.plan.lock().unwrap())();
                    connections.spawn(connect(client, fault, Arc::clone(&shared)));
                }
                Some(_) = connections.join_next() => {}
                gone = away.wait_for(|away| *away) => {
                    if gone.is_err() { return }
                    break;
                }
            }
        }
        drop((listener, connections));
        if away.wait_for(|away| !*away).await.is_err() {
            return;
        }
        listener = loop {
            match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
                Ok(listener) => break listener,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
    }
}

/// How a connection ends.
enum End {
    Orderly,
    Reset,
}

async fn connect(client: TcpStream, fault: Option<(Fault, usize)>, shared: Arc<Shared>) {
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, shared.target)).await else { return };
    let (client_in, client_out) = client.into_split();
    let (server_in, server_out) = server.into_split();
    let muted = AtomicBool::new(false);
    let mut down = Down {
        client: client_out,
        fault,
        shared: &shared,
        lines: 0,
        literals: 0,
        literal: 0,
        line: Vec::new(),
        slow: false,
    };
    let mut up = Up { server: server_out, fault, shared: &shared, letters: 0, tail: Vec::new(), muted: &muted };
    let end = tokio::select! {
        end = down.run(server_in, &muted) => end,
        end = up.run(client_in) => end,
    };
    match end {
        Ok(End::Reset) => {
            let _ = down.client.as_ref().set_zero_linger();
        }
        Ok(End::Orderly) | Err(_) => {
            let _ = down.client.shutdown().await;
        }
    }
}

impl Shared {
    fn note(&self, fault: Fault) {
        *self.happened.lock().unwrap().entry(fault).or_default() += 1;
    }
}

/// From the server to the client.
struct Down<'a> {
    client: OwnedWriteHalf,
    fault: Option<(Fault, usize)>,
    shared: &'a Shared,
    lines: usize,
    literals: usize,
    /// Octets of a literal still to come.
    literal: usize,
    /// The line so far.
    line: Vec<u8>,
    /// Whether one octet a second is all that goes through.
    slow: bool,
}

impl Down<'_> {
    async fn run(&mut self, mut server: OwnedReadHalf, muted: &AtomicBool) -> std::io::Result<End> {
        match self.fault {
            Some((Fault::Trickle, 0)) => {
                self.shared.note(Fault::Trickle);
                self.slow = true;
            }
            Some((fault, 0)) => return self.happen(fault, &[]).await,
            _ => {}
        }
        let mut chunk = vec![0; 16 * 1024];
        loop {
            let count = server.read(&mut chunk).await?;
            if count == 0 {
                return Ok(End::Orderly);
            }
            if muted.load(Ordering::SeqCst) {
                return match self.fault {
                    Some((Fault::StallAfterDot, _)) => std::future::pending().await,
                    _ => Ok(End::Orderly),
                };
            }
            if self.slow {
                self.trickle(&chunk[..count]).await?;
            } else if let Some(end) = self.pass(&chunk[..count]).await? {
                return Ok(end);
            }
        }
    }

    /// Passes these octets on, up to where something goes wrong.
    async fn pass(&mut self, octets: &[u8]) -> std::io::Result<Option<End>> {
        // A line whose length may have to be changed is held back until it is whole; TLS has no lines to wait for.
        let holds = matches!(self.fault, Some((Fault::LiteralTooShort | Fault::LiteralTooLong, _)));
        let mut out = if holds { self.line.clone() } else { Vec::with_capacity(octets.len()) };
        for (at, octet) in octets.iter().enumerate() {
            out.push(*octet);
            if self.literal > 0 {
                self.literal -= 1;
                continue;
            }
            self.line.push(*octet);
            if *octet != b'\n' {
                continue;
            }
            self.lines += 1;
            let line = std::mem::take(&mut self.line);
            let announced = announced(&line);
            // Short literals are folder names and the like.
            let long = announced.is_some_and(|length| length > 200);
            self.literals += usize::from(long);
            let due = self.fault.filter(|(fault, at)| match fault {
                Fault::CutInLiteral | Fault::ResetInLiteral | Fault::StallInLiteral => long && self.literals == *at,
                Fault::LiteralTooShort | Fault::LiteralTooLong => long && self.literals == *at,
                Fault::CutAfterDot | Fault::StallAfterDot | Fault::CutBeforeDot => false,
                _ => announced.is_none() && self.lines == *at,
            });
            let Some((fault, _)) = due else {
                self.literal = announced.unwrap_or(0);
                continue;
            };
            let length = announced.unwrap_or(0);
            match fault {
                Fault::LiteralTooShort | Fault::LiteralTooLong => {
                    self.shared.note(fault);
                    self.fault = None;
                    let wrong = if fault == Fault::LiteralTooLong { length + 7 } else { length - 7 };
                    out.truncate(out.len() - line.len());
                    let text =
                        String::from_utf8_lossy(&line).replace(&format!("{{{length}}}"), &format!("{{{wrong}}}"));
                    out.extend(text.bytes());
                    self.literal = length;
                }
                Fault::Garbage => {
                    self.shared.note(fault);
                    self.fault = None;
                    out.extend(b"\xB5\xC7\xC2\xBC <html> ]] {12\r\n502 (* \x00\xFF NIL\r\n");
                }
                Fault::Trickle => {
                    self.shared.note(fault);
                    self.slow = true;
                    self.client.write_all(&out).await?;
                    self.trickle(&octets[at + 1..]).await?;
                    return Ok(None);
                }
                _ => {
                    self.client.write_all(&out).await?;
                    let rest = &octets[at + 1..];
                    return self.happen(fault, rest).await.map(Some);
                }
            }
        }
        let held = if holds && self.fault.is_some() { self.line.len() } else { 0 };
        self.client.write_all(&out[..out.len() - held]).await?;
        Ok(None)
    }

    async fn trickle(&mut self, octets: &[u8]) -> std::io::Result<()> {
        for octet in octets {
            self.client.write_all(&[*octet]).await?;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        Ok(())
    }

    /// A fault after which nothing is as it was. `rest` is what had come from the server already.
    async fn happen(&mut self, fault: Fault, rest: &[u8]) -> std::io::Result<End> {
        self.shared.note(fault);
        if matches!(fault, Fault::CutInLiteral | Fault::ResetInLiteral | Fault::StallInLiteral) {
            self.client.write_all(&rest[..rest.len().min(100)]).await?;
        }
        match fault {
            Fault::Reset | Fault::ResetInLiteral => Ok(End::Reset),
            Fault::Stall | Fault::StallInLiteral => std::future::pending().await,
            Fault::HalfClose => {
                self.client.shutdown().await?;
                std::future::pending().await
            }
            _ => Ok(End::Orderly),
        }
    }
}

/// The length of the literal that this line announces.
fn announced(line: &[u8]) -> Option<usize> {
    let line = line.strip_suffix(b"}\r\n")?;
    let brace = line.iter().rposition(|octet| *octet == b'{')?;
    std::str::from_utf8(&line[brace + 1..]).ok()?.parse().ok()
}

/// From the client to the server.
struct Up<'a> {
    server: OwnedWriteHalf,
    fault: Option<(Fault, usize)>,
    shared: &'a Shared,
    letters: usize,
    /// The last octets, where the end of a letter may have begun.
    tail: Vec<u8>,
    muted: &'a AtomicBool,
}

impl Up<'_> {
    async fn run(&mut self, mut client: OwnedReadHalf) -> std::io::Result<End> {
        const DOT: &[u8] = b"\r\n.\r\n";
        let mut chunk = vec![0; 16 * 1024];
        loop {
            let count = client.read(&mut chunk).await?;
            if count == 0 {
                return Ok(End::Orderly);
            }
            self.tail.extend(&chunk[..count]);
            let dots = self.tail.windows(DOT.len()).filter(|window| *window == DOT).count();
            self.tail.drain(..self.tail.len().saturating_sub(DOT.len() - 1));
            self.letters += dots;
            let due = self.fault.filter(|(fault, at)| {
                matches!(fault, Fault::CutAfterDot | Fault::StallAfterDot | Fault::CutBeforeDot)
                    && dots > 0
                    && self.letters >= *at
            });
            match due {
                Some((Fault::CutBeforeDot, _)) => {
                    self.shared.note(Fault::CutBeforeDot);
                    return Ok(End::Orderly);
                }
                Some((fault, _)) => {
                    self.shared.note(fault);
                    self.muted.store(true, Ordering::SeqCst);
                }
                None => {}
            }
            self.server.write_all(&chunk[..count]).await?;
        }
    }
}
