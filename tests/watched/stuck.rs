//! A loop that is stuck: the watchdog is not fed, so that the service manager acts, and fed again once the loop moves.
//!
//! The supervisor reads its socket from the environment, so it runs in a process of its own: this very test again.

use std::collections::BTreeMap;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use mailtally::archive::Archive;
use mailtally::clock::Clock;
use mailtally::daemon::{Engine, supervisor};
use mailtally::judge::register::Register;
use mailtally::read::Limits;
use mailtally::store::Store;
use mailtally::work::desk::Desk;
use mailtally::work::opener::Opener;

const CHILD: &str = "TEST_IS_THE_WATCHED_CHILD";
/// What the loop does one after the other, and within which time it says it will move again; milliseconds.
const PHASES: [(&str, u64); 3] = [("moves", 60_000), ("stuck", 1), ("moves again", 60_000)];
/// While it changes, nothing is counted.
const BETWEEN: &str = "between";

/// The child: a supervisor above one loop that moves, sticks, and moves again.
async fn supervised() {
    let folder = tempfile::tempdir().unwrap();
    let noon = DateTime::parse_from_rfc3339("2021-08-05T12:00:00+08:00").unwrap();
    let store = Store::open(folder.path(), *noon.offset()).await.unwrap();
    let register = Arc::new(Register::new(Vec::new(), Vec::new()));
    let opener = Opener::Here(Limits::default());
    let engine = Arc::new(Engine {
        desk: Desk::new(store, Archive::open(folder.path()), register, opener, "office.example".to_owned()),
        mailboxes: Vec::new(),
        sending: None,
        digest_to: Vec::new(),
        alert_to: Vec::new(),
        clock: Clock::fixed(noon),
        offset: *noon.offset(),
        watch: None,
    });
    let teller = UnixDatagram::unbound().unwrap();
    teller.connect(std::env::var("NOTIFY_SOCKET").unwrap()).unwrap();
    let watched = Arc::clone(&engine);
    tokio::spawn(async move { supervisor::watch(&watched).await });
    for (phase, within) in PHASES {
        teller.send(format!("PHASE={BETWEEN}").as_bytes()).unwrap();
        engine.desk.vitals.moves("office", Duration::from_millis(within));
        // A feeding that was under way is over.
        tokio::time::sleep(Duration::from_millis(600)).await;
        teller.send(format!("PHASE={phase}").as_bytes()).unwrap();
        tokio::time::sleep(Duration::from_millis(1500)).await;
    }
    teller.send(b"PHASE=over").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_watchdog_is_not_fed_while_a_loop_is_stuck() {
    if std::env::var_os(CHILD).is_some() {
        return supervised().await;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let name = "stuck::the_watchdog_is_not_fed_while_a_loop_is_stuck";
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([name, "--exact"]).env(CHILD, "1").env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "400000");
    let mut child = command.env_remove("WATCHDOG_PID").stdout(Stdio::null()).spawn().unwrap();
    let (mut phase, mut fed) = (BETWEEN.to_owned(), BTreeMap::new());
    let mut message = [0; 4096];
    loop {
        let length = socket.recv(&mut message).unwrap();
        let text = String::from_utf8_lossy(&message[..length]).into_owned();
        match text.strip_prefix("PHASE=") {
            Some("over") => break,
            Some(next) => next.clone_into(&mut phase),
            None if text.contains("WATCHDOG=1") => *fed.entry(phase.clone()).or_insert(0) += 1,
            None => {}
        }
    }
    assert!(child.wait().unwrap().success());
    assert!(fed["moves"] >= 2 && fed["moves again"] >= 2, "it is fed while the loop moves: {fed:?}");
    assert!(!fed.contains_key("stuck"), "and not while it is stuck: {fed:?}");
}
