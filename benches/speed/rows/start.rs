//! From the start of the daemon to its first command on the wire, on a large store.

use std::net::{Ipv4Addr, TcpListener};
use std::process::Stdio;
use std::time::Instant;

use super::stored;
use crate::Sizes;
use crate::measure::{Rounds, end};
use crate::office::{Office, Reach};
use crate::report::{Measure, Report};
use crate::wire::first_command;

pub fn measure(sizes: &Sizes, report: &mut Report) {
    let (mails, units) = sizes.stored;
    let kept = stored::returns(sizes, mails, units);
    // A copy: the daemon goes by the real clock, long after these mails. Its archive is not looked at.
    let scratch = tempfile::Builder::new().prefix("mailtally-bench").tempdir_in(&sizes.scratch).unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let office = Office::new(scratch.path(), units, &Reach::Plain(listener.local_addr().unwrap().port()));
    std::fs::create_dir_all(office.storage()).unwrap();
    for entry in std::fs::read_dir(kept.storage()).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), office.storage().join(entry.file_name())).unwrap();
        }
    }
    let waits = (0..=sizes.rounds * 4).map(|_| {
        let mut command = office.command_now(&["run"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let begun = Instant::now();
        let daemon = command.spawn().unwrap();
        let came = first_command(&listener);
        end(daemon);
        came.saturating_duration_since(begun).as_secs_f64() * 1000.0
    });
    // The first warms the disk's cache.
    let waits: Vec<f64> = waits.skip(1).collect();
    let what = format!("start of the daemon to its first command, {units} units, {mails} mails in the store");
    report.row(what, Measure::Milliseconds(20.0), &Rounds::new(waits));
}
