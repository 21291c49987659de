//! A clerk who works in the same mailbox by hand: another IMAP client, as plain as can be.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpStream};

use super::dovecot::{Dovecot, PASSWORD};

/// A logged-in connection.
pub struct Clerk {
    stream: BufReader<TcpStream>,
    number: u32,
}

impl Clerk {
    pub fn at(dovecot: &Dovecot, user: &str) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, dovecot.port)).unwrap();
        let mut clerk = Self { stream: BufReader::new(stream), number: 0 };
        clerk.line();
        clerk.does(&format!("LOGIN {user} {PASSWORD}"));
        clerk
    }

    fn line(&mut self) -> String {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line).unwrap();
        assert!(!line.is_empty(), "the server hung up on the clerk");
        String::from_utf8_lossy(&line).trim_end().to_owned()
    }

    /// Does what must succeed and returns the lines in between.
    pub fn does(&mut self, command: &str) -> Vec<String> {
        self.number += 1;
        let tag = format!("C{} ", self.number);
        self.stream.get_mut().write_all(format!("{tag}{command}\r\n").as_bytes()).unwrap();
        let mut lines = Vec::new();
        loop {
            let line = self.line();
            match line.strip_prefix(&tag) {
                Some(done) => {
                    assert!(done.starts_with("OK"), "{command}: {done}");
                    return lines;
                }
                None => lines.push(line),
            }
        }
    }

    /// The UIDs in a folder, which is open then.
    pub fn opens(&mut self, wire_name: &str) -> Vec<u32> {
        self.does(&format!("SELECT \"{wire_name}\""));
        let lines = self.does("UID SEARCH ALL");
        let found = lines.iter().find_map(|line| line.strip_prefix("* SEARCH")).unwrap_or_default();
        found.split_whitespace().map(|uid| uid.parse().unwrap()).collect()
    }
}
