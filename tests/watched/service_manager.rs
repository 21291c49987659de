//! What the service manager hears, on a real datagram socket.

use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use crate::program::Program;
use crate::support::process::free_port;
use crate::support::scripted_imap::{Script, ScriptedImap};

struct Manager {
    socket: UnixDatagram,
    path: String,
}

impl Manager {
    fn beside(program: &Program) -> Self {
        let path = program.folder.path().join("notify").display().to_string();
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
        Self { socket, path }
    }

    /// Waits for a message that holds these words, and returns all until then, joined.
    fn hears(&self, words: &str) -> String {
        let end = Instant::now() + Duration::from_secs(90);
        let mut heard = String::new();
        let mut message = [0; 4096];
        loop {
            if let Ok(length) = self.socket.recv(&mut message) {
                let text = String::from_utf8_lossy(&message[..length]).into_owned();
                heard.push_str(&format!("{text}\n--\n"));
                if text.contains(words) {
                    return heard;
                }
            }
            assert!(Instant::now() < end, "{words} was not heard: {heard}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_ready_with_a_mailbox_that_is_down_and_says_so() {
    let mut program = Program::on(free_port(), "");
    let manager = Manager::beside(&program);
    program.start(&[("NOTIFY_SOCKET", &manager.path), ("WATCHDOG_USEC", "1000000")]);
    manager.hears("READY=1");
    manager.hears("STATUS=office: NOT REACHABLE");
    manager.hears("WATCHDOG=1");
    manager.hears("WATCHDOG=1");
    program.signal("-HUP");
    let reloading = manager.hears("RELOADING=1");
    let moment = reloading.split("MONOTONIC_USEC=").nth(1).unwrap().lines().next().unwrap();
    assert!(moment.parse::<u64>().unwrap() > 0, "{reloading}");
    manager.hears("READY=1");
    assert_eq!(program.stop().code(), Some(0));
    let end = manager.hears("STOPPING=1");
    assert!(!end.contains("zhangsan"), "{end}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_that_answers_is_told_in_words() {
    let server = ScriptedImap::start(Script::default()).await;
    let mut program = Program::on(server.account().port, "");
    let manager = Manager::beside(&program);
    program.start(&[("NOTIFY_SOCKET", &manager.path), ("WATCHDOG_USEC", "1000000")]);
    let heard = manager.hears("STATUS=office: looked into every 1 s; letters due: 0; reviews waiting: 0");
    assert!(heard.contains("READY=1"), "{heard}");
    program.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_manager_it_runs_all_the_same() {
    let mut program = Program::on(free_port(), "");
    program.start(&[("NOTIFY_SOCKET", "/nobody/there"), ("WATCHDOG_USEC", "1000000")]);
    program.logged("mailbox_not_reachable");
    assert_eq!(program.stop().code(), Some(0));
}
