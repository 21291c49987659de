//! What the integration tests share: real servers on loopback, and scripted ones that misbehave.
#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that fails has to panic"
)]

pub mod authority;
pub mod clerk;
pub mod dovecot;
pub mod exim;
pub mod faulty;
pub mod impostor;
pub mod process;
pub mod scripted_imap;
pub mod scripted_smtp;

use std::path::Path;

/// Whether the programs a test needs are installed. Where not, it says so and the test is left out, unless
/// `MAILTALLY_TEST_SERVERS` is set (`make test` sets it): then their absence is a failure.
pub fn have(programs: &[&str]) -> bool {
    let missing: Vec<&str> = programs.iter().copied().filter(|program| !process::is_installed(program)).collect();
    missing.is_empty() || leave_out(&format!("{} is not installed (make test installs it)", missing.join(", ")))
}

/// Leaves the test out, or fails it where everything has to run. Always `false`.
pub fn leave_out(why: &str) -> bool {
    let required = std::env::var_os("MAILTALLY_TEST_SERVERS").is_some_and(|value| !value.is_empty() && value != "0");
    assert!(!required, "{why}");
    // Written past the test harness, which keeps the words of a test that passes to itself.
    let name = std::thread::current().name().unwrap_or("a test").to_owned();
    let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("left out: {name}: {why}\n").as_bytes());
    false
}

/// Writes a file, making its folder.
pub fn write(path: &Path, text: &str) {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).unwrap();
    }
    std::fs::write(path, text).unwrap();
}
