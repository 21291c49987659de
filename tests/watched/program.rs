//! The program on a configuration of its own, with a mailbox on a scripted server or on a port where nobody is.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::process::free_port;
use crate::support::scripted_imap::ScriptedMail;

/// The program at work.
pub struct Program {
    pub folder: TempDir,
    pub status_port: u16,
    child: Option<Child>,
}

/// A question, of which no unit is known.
pub fn question() -> ScriptedMail {
    let bytes = "From: =?utf-8?B?5byg5LiJ?= <zhangsan@unknown.example>\r\nTo: office@office.example\r\n\
                 Subject: how\r\nMessage-ID: <q1@unknown.example>\r\nDate: Thu, 05 Aug 2021 08:00:00 +0800\r\n\r\nHow?\r\n";
    ScriptedMail { uid: 7, date: " 5-Aug-2021 08:00:00 +0800", bytes: bytes.as_bytes().to_vec() }
}

impl Program {
    /// Configured for a mailbox on this port, not yet started.
    pub fn on(imap_port: u16, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/campaigns/2021-bayi");
        let campaign = folder.path().join("campaigns/2021-bayi");
        fs::create_dir_all(&campaign).unwrap();
        for entry in fs::read_dir(shipped).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, campaign.join(path.file_name().unwrap())).unwrap();
        }
        let status_port = free_port();
        let config = format!(
            "[storage]\ndir = \"data\"\n[[mailbox]]\nname = \"office\"\nhost = \"127.0.0.1\"\nport = {imap_port}\n\
             tls = \"none\"\nusername = \"office@office.example\"\npassword_env = \"TEST_PASSWORD\"\npoll_seconds = 1\n\
             [smtp]\ntransport = \"folder\"\npath = \"outbox\"\nfrom = \"office@office.example\"\n\
             [staff]\ndigest_to = [\"staff@office.example\"]\nalert_to = [\"staff@office.example\"]\n\
             [status]\nlisten = \"127.0.0.1:{status_port}\"\n[campaigns]\ndir = \"campaigns\"\n{more}"
        );
        fs::write(folder.path().join("mailtally.toml"), config).unwrap();
        Self { folder, status_port, child: None }
    }

    pub fn config(&self) -> PathBuf {
        self.folder.path().join("mailtally.toml")
    }

    /// Starts `run` with these words in its environment; its log goes to a file.
    pub fn start(&mut self, environment: &[(&str, &str)]) {
        let log = fs::File::create(self.folder.path().join("run.log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_mailtally"));
        command.arg("-c").arg(self.config()).arg("run").env("TEST_PASSWORD", "authorisation code");
        for name in ["MAILTALLY_LOG", "MAILTALLY_LOG_FORMAT", "JOURNAL_STREAM", "NOTIFY_SOCKET", "WATCHDOG_USEC"] {
            command.env_remove(name);
        }
        command.envs(environment.iter().copied()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.child = Some(command.spawn().unwrap());
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("run.log")).unwrap_or_default()
    }

    /// Waits until these words are logged.
    pub fn logged(&self, words: &str) {
        until(&format!("{words} is logged"), || self.log(), |log| log.contains(words));
    }

    pub fn signal(&self, signal: &str) {
        let pid = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Ends it as the service manager does.
    pub fn stop(&mut self) -> ExitStatus {
        self.signal("-TERM");
        self.child.take().unwrap().wait().unwrap()
    }

    /// What is answered to these octets; empty where it hangs up.
    pub fn says(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.status_port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
        let _ = stream.write_all(request);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8(answer).unwrap()
    }

    /// Status code and body of a page; 0 while nobody listens.
    pub fn page(&self, path: &str) -> (u16, String) {
        if TcpStream::connect((Ipv4Addr::LOCALHOST, self.status_port)).is_err() {
            return (0, String::new());
        }
        let answer = self.says(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes());
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        (head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0), body.to_owned())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Waits until what is seen is as it should be, and returns it.
pub fn until<T: std::fmt::Debug>(what: &str, see: impl Fn() -> T, good: impl Fn(&T) -> bool) -> T {
    let end = Instant::now() + Duration::from_secs(90);
    loop {
        let seen = see();
        if good(&seen) {
            return seen;
        }
        assert!(Instant::now() < end, "never seen that {what}; at last: {seen:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
