//! Servers as child processes: found, started, waited for, and ended with the test.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where a program is; Debian keeps servers outside an ordinary user's PATH.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")]);
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Whether a program is installed.
pub fn is_installed(program: &str) -> bool {
    find(program).is_some()
}

/// A loopback port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Whether the tests run as root.
pub fn is_root() -> bool {
    run(Command::new("id").arg("-u")).trim() == "0"
}

/// Runs a command to its end and returns what it said; a failure ends the test with its words.
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}: {words}{}", String::from_utf8_lossy(&output.stderr));
    words
}

/// A server that ends with the test.
pub struct Server(Child);

impl Server {
    /// Starts a server in the foreground and waits until it takes connections on these ports.
    pub fn start(command: &mut Command, ports: &[u16], log: &Path) -> Self {
        let words = std::fs::File::create(log).unwrap();
        let child = command
            // A group of its own, so that it ends with all its children.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(words.try_clone().unwrap())
            .stderr(words)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut server = Self(child);
        let until = Instant::now() + Duration::from_secs(20);
        for port in ports {
            while TcpStream::connect((Ipv4Addr::LOCALHOST, *port)).is_err() {
                let said = || std::fs::read_to_string(log).unwrap_or_default();
                if let Ok(Some(status)) = server.0.try_wait() {
                    panic!("{command:?} ended with {status}: {}", said());
                }
                assert!(Instant::now() < until, "{command:?} does not answer: {}", said());
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let group = format!("-{}", self.0.id());
        let signal = |signal: &str| {
            let sent = Command::new("kill").args([signal, "--", &group]).stderr(Stdio::null()).status();
            sent.is_ok_and(|status| status.success())
        };
        signal("-TERM");
        let until = Instant::now() + Duration::from_secs(3);
        // The children too must be gone before the folder is: they write logs to the last.
        while Instant::now() < until {
            let _ = self.0.try_wait();
            if !signal("-0") {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        signal("-KILL");
        let _ = self.0.wait();
    }
}
