//! What goes over the wire: a relay that counts octets with their moments, and a server that waits for the first command.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// One piece that passed, in either direction.
#[derive(Clone, Copy, Debug)]
pub struct Passed {
    pub at: Instant,
    pub octets: usize,
}

/// Hands everything through to a port on loopback, octet by octet as it comes.
pub struct Relay {
    pub port: u16,
    passed: Arc<Mutex<Vec<Passed>>>,
}

impl Relay {
    pub fn to(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let relay = Self { port: listener.local_addr().unwrap().port(), passed: Arc::default() };
        let passed = Arc::clone(&relay.passed);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (Ok(client), Ok(server)) = (client, TcpStream::connect((Ipv4Addr::LOCALHOST, port))) else { break };
                client.set_nodelay(true).unwrap();
                server.set_nodelay(true).unwrap();
                let both = [(client.try_clone(), server.try_clone()), (Ok(server), Ok(client))];
                for (from, to) in both {
                    let (from, to, passed) = (from.unwrap(), to.unwrap(), Arc::clone(&passed));
                    std::thread::spawn(move || hand_on(from, to, &passed));
                }
            }
        });
        relay
    }

    /// Pieces grouped into exchanges: what stands apart from the next by more than this pause.
    pub fn exchanges(&self, pause: Duration) -> Vec<Vec<Passed>> {
        let passed = self.passed.lock().unwrap().clone();
        let near = |one: &Passed, next: &Passed| next.at.saturating_duration_since(one.at) < pause;
        passed.chunk_by(near).map(<[Passed]>::to_vec).collect()
    }
}

fn hand_on(mut from: TcpStream, mut to: TcpStream, passed: &Mutex<Vec<Passed>>) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(octets @ 1..) = from.read(&mut buffer) {
        passed.lock().unwrap().push(Passed { at: Instant::now(), octets });
        if to.write_all(&buffer[..octets]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// Greets as an IMAP server does and tells when the first command came.
pub fn first_command(listener: &TcpListener) -> Instant {
    let (mut client, _) = listener.accept().unwrap();
    client.write_all(b"* OK ready\r\n").unwrap();
    let mut buffer = [0; 64];
    assert!(client.read(&mut buffer).unwrap() > 0, "the client left without a command");
    Instant::now()
}
