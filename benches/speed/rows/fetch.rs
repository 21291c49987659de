//! A mailbox of new mails: taken in by `once`, fetched by mbsync, read by a Python script; time and memory.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Sizes;
use crate::mailbox::{OFFICE, Plan, Weight};
use crate::measure::{Rounds, Taken, peak_memory, run};
use crate::office::{Office, Reach, dovecot, fill_maildir, mbsync, settle};
use crate::report::{Measure, Report};
use crate::support::dovecot::{Dovecot, PASSWORD};
use crate::support::process::is_installed;

const AGAINST_MBSYNC: Measure = Measure::AtMostTimes(1.10);
const AGAINST_FSYNC: Measure = Measure::AtMostTimes(0.45);
const AGAINST_SCRIPT: Measure = Measure::AtLeastTimes(20.0);
const TENFOLD: Measure = Measure::AtMostTimes(10.5);
/// The script takes its time.
const MOST_SCRIPT_ROUNDS: usize = 3;

/// A filled mailbox on its server.
struct Filled {
    scratch: tempfile::TempDir,
    dovecot: Dovecot,
    mails: u32,
    largest: u64,
    octets: u64,
}

impl Filled {
    fn new(sizes: &Sizes, mails: u32) -> Self {
        let scratch = tempfile::Builder::new().prefix("mailtally-bench").tempdir_in(&sizes.scratch).unwrap();
        // Dovecot's user has to reach it.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(scratch.path(), open).unwrap();
        let plan = Plan { mails, units: sizes.units, weight: Weight::Usual };
        let mail = scratch.path().join("mail");
        let (largest, octets) = fill_maildir(&mail.join(OFFICE), plan);
        let dovecot = dovecot(&mail);
        Self { scratch, dovecot, mails, largest, octets }
    }

    fn office(&self, sizes: &Sizes) -> Office {
        let reach = Reach::Tls(&self.dovecot, self.dovecot.tls_port);
        Office::new(&self.scratch.path().join("office"), sizes.units, &reach)
    }

    fn folder(&self) -> &Path {
        self.scratch.path()
    }
}

/// All rounds of one side.
#[derive(Default)]
struct Side(Vec<Taken>);

impl Side {
    fn walls(&self) -> Vec<f64> {
        self.0.iter().map(|taken| taken.wall).collect()
    }

    fn told(&self, name: &str, mails: u32) -> String {
        let a_mail = |values: Vec<f64>| Rounds::new(values).median() * 1000.0 / f64::from(mails);
        let processor = self.0.iter().map(|taken| taken.processor).collect();
        format!("{name} {:.3} ms a mail ({:.3} ms of processor)", a_mail(self.walls()), a_mail(processor))
    }
}

/// The rows on time.
pub fn measure(sizes: &Sizes, report: &mut Report) {
    let few = against_others(sizes, report, sizes.mails);
    if sizes.large {
        let many = against_others(sizes, report, sizes.mails * 10);
        // Paired in time as far as it goes: both ran in this run, on the same disk.
        let tenfold = Rounds::ratio(&many.walls(), &few.walls());
        report.row(format!("{} mails against {}", sizes.mails * 10, sizes.mails), TENFOLD, &tenfold);
    } else {
        report.left_out(
            format!("{} mails against {}", sizes.mails * 10, sizes.mails),
            TENFOLD,
            "BENCH_LARGE=1 measures it",
        );
    }
}

fn against_others(sizes: &Sizes, report: &mut Report, mails: u32) -> Side {
    let filled = Filled::new(sizes, mails);
    let office = filled.office(sizes);
    let script = script(sizes);
    let has_mbsync = is_installed("mbsync");
    let copy = filled.folder().join("copy");
    // Once unmeasured: the server makes its indices, the disk's cache fills.
    office.empty();
    run(&mut office.command(&["once"]));
    let (mut ours, mut plain, mut synced, mut scripted) = <(Side, Side, Side, Side)>::default();
    for round in 0..sizes.rounds {
        office.empty();
        settle(filled.folder());
        ours.0.push(run(&mut office.command(&["once"])));
        office.empty();
        if has_mbsync {
            for (side, fsync) in [(&mut plain, false), (&mut synced, true)] {
                let mut command = mbsync(&filled.dovecot, &copy, fsync);
                settle(filled.folder());
                side.0.push(run(&mut command));
            }
            let _ = std::fs::remove_dir_all(&copy);
        }
        if let (Ok(python), true) = (&script, round < MOST_SCRIPT_ROUNDS) {
            settle(filled.folder());
            scripted.0.push(run(&mut scripted_command(python, &filled)));
        }
    }
    let what = |than: &str| format!("`once`, {mails} new mails, against {than}");
    if has_mbsync {
        report.row(what("mbsync without fsync"), AGAINST_MBSYNC, &Rounds::ratio(&ours.walls(), &plain.walls()));
        report.row(what("mbsync with fsync"), AGAINST_FSYNC, &Rounds::ratio(&ours.walls(), &synced.walls()));
    } else {
        report.left_out(what("mbsync without fsync"), AGAINST_MBSYNC, "mbsync is not installed");
        report.left_out(what("mbsync with fsync"), AGAINST_FSYNC, "mbsync is not installed");
    }
    match &script {
        Ok(_) => {
            report.row(what("the Python script"), AGAINST_SCRIPT, &Rounds::ratio(&scripted.walls(), &ours.walls()))
        }
        Err(why) => report.left_out(what("the Python script"), AGAINST_SCRIPT, why),
    }
    let mean = filled.octets / u64::from(mails.max(1)) / 1000;
    let mut told = vec![format!("{mails} mails of {mean} KB on average"), ours.told("`once`", mails)];
    if has_mbsync {
        told.extend([plain.told("mbsync", mails), synced.told("mbsync with fsync", mails)]);
    }
    if script.is_ok() {
        told.push(scripted.told("script", mails));
    }
    report.remark(told.join("; ") + ".");
    ours
}

/// The interpreter that has what the script needs: installed once by `benches/speed/install.sh`.
fn script(sizes: &Sizes) -> Result<PathBuf, String> {
    let installer = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/speed/install.sh");
    let made = Command::new("sh").arg(installer).arg(&sizes.kept).output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&made.stdout).trim().to_owned();
    if made.status.success() {
        Ok(PathBuf::from(said))
    } else {
        let why = String::from_utf8_lossy(&made.stderr);
        Err(format!("its libraries could not be installed ({})", why.trim().lines().last().unwrap_or("no reason told")))
    }
}

fn scripted_command(python: &Path, filled: &Filled) -> Command {
    let database = filled.folder().join("script.sqlite");
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{ending}", database.display()));
    }
    let mut command = Command::new(python);
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/speed/script.py"))
        .args(["localhost", &filled.dovecot.tls_port.to_string()])
        .arg(&filled.dovecot.authority.ca)
        .arg(OFFICE)
        .arg(database)
        .env("BENCH_PASSWORD", PASSWORD);
    command
}

/// The row on memory: the sum over all processes of the program, at its highest.
pub fn memory(sizes: &Sizes, report: &mut Report) {
    let tenfold = sizes.large.then_some(sizes.mails * 10);
    for mails in std::iter::once(sizes.mails).chain(tenfold) {
        let filled = Filled::new(sizes, mails);
        let office = filled.office(sizes);
        let peaks = (0..sizes.rounds.min(3)).map(|_| {
            office.empty();
            peak_memory(&mut office.command(&["once"])) as f64 / 1e6
        });
        let peaks = Rounds::new(peaks.collect());
        let goal = 48.0 + 3.0 * filled.largest as f64 / 1e6;
        report.row(
            format!("`once`, {mails} new mails: memory of all its processes at once"),
            Measure::Megabytes(goal),
            &peaks,
        );
        report.remark(format!("The largest of the {} mails has {} KB.", filled.mails, filled.largest / 1000));
    }
}
