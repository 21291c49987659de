//! Very many mails through one process: what grows with every mail, or with every look, would show here.

use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::crowd::{plain_return, shipped};
use crate::office::{Letters, OFFICE, Office};
use crate::scene::{PATIENCE, asked, terminate};
use crate::support::dovecot::{Dovecot, PROGRAMS};
use crate::support::have;
use crate::table::{self, Figures};

/// One mail in so many brings figures that nobody has seen; the others repeat them, as units do.
const NEW_FIGURES: usize = 4;
/// From so many mails on what is made once has been made, and memory has to be flat. With fewer the program has hardly
/// warmed up: then it is only seen that no opened mail (some 100 KiB) is left behind.
const LONG: usize = 5_000;

/// What the process and its children hold at one moment.
#[derive(Clone, Copy, Debug)]
struct Sample {
    mails: usize,
    /// Resident memory of the process itself that is its own (not of files), and of its reading processes; KiB.
    own: u64,
    readers: u64,
    handles: usize,
    /// The database with its log; octets.
    database: u64,
}

/// The process and all below it.
fn family(parent: u32) -> Vec<u32> {
    let of = |entry: std::io::Result<fs::DirEntry>| {
        let pid = entry.ok()?.file_name().to_string_lossy().parse::<u32>().ok()?;
        // The parent stands behind the name, which may hold anything but ends at the last parenthesis.
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let above = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse::<u32>().ok()?;
        (above == parent).then_some(pid)
    };
    let mut all = vec![parent];
    let children: Vec<u32> = fs::read_dir("/proc").unwrap().filter_map(of).collect();
    all.extend(children.into_iter().flat_map(family));
    all
}

/// Resident memory that belongs to no file; KiB. 0 for a process that has just ended.
fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

fn sample(pid: u32, storage: &Path, mails: usize) -> Sample {
    let handles = |pid: u32| fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
    let size = |name: &str| fs::metadata(storage.join(name)).map_or(0, |file| file.len());
    Sample {
        mails,
        own: resident(pid),
        readers: family(pid).into_iter().skip(1).map(resident).sum(),
        handles: handles(pid),
        database: size("mailtally.sqlite") + size("mailtally.sqlite-wal"),
    }
}

/// Counts lines of the log as it grows.
struct Told {
    file: PathBuf,
    read: u64,
    recorded: usize,
}

impl Told {
    fn recorded(&mut self) -> usize {
        let Ok(mut file) = fs::File::open(&self.file) else { return 0 };
        file.seek(SeekFrom::Start(self.read)).unwrap();
        let mut more = Vec::new();
        file.read_to_end(&mut more).unwrap();
        // A line is counted once it is whole.
        let whole = more.iter().rposition(|octet| *octet == b'\n').map_or(0, |end| end + 1);
        self.read += u64::try_from(whole).unwrap();
        let text = String::from_utf8_lossy(&more[..whole]).into_owned();
        self.recorded += text.lines().filter(|line| line.contains("mail recorded")).count();
        self.recorded
    }
}

#[test]
fn many_mails_and_many_looks_leave_nothing_behind() {
    if !have(&PROGRAMS) {
        return;
    }
    let (polls, mails) = (asked("TORTURE_POLLS", 30), asked("TORTURE_MAILS", 120));
    let (offset, campaign) = shipped();
    let dovecot = Dovecot::start();
    let office = Office::new(&dovecot, &Letters::Folder);
    let office = match std::env::var_os("TORTURE_PROGRAM") {
        Some(program) => office.with_program(program.into()),
        None => office,
    };
    let mut daemon = office.started();
    let mut told = Told { file: office.log_file(), read: 0, recorded: 0 };
    let mut samples = Vec::new();
    let mut fresh = Vec::new();
    let begun = Instant::now();
    let mut delivered = 0;
    for poll in 0..polls {
        // Each look finds its share.
        let share = mails * (poll + 1) / polls - delivered;
        let batch: Vec<(Vec<u8>, u64)> = (delivered..delivered + share)
            .map(|number| {
                if number % NEW_FIGURES == 0 || fresh.is_empty() {
                    fresh = plain_return(&campaign, offset, u32::try_from(number).unwrap()).bytes;
                }
                let at = campaign.opens.timestamp() + 60 * (i64::try_from(number).unwrap() + 1);
                let mail = [format!("X-Number: {number}\r\n").as_bytes(), &fresh].concat();
                (mail, u64::try_from(at).unwrap())
            })
            .collect();
        delivered += share;
        if poll == 0 {
            for (mail, at) in &batch {
                dovecot.put(OFFICE, "INBOX", mail, *at);
            }
        } else {
            dovecot.put_many(OFFICE, "INBOX", &batch);
        }
        let waiting = Instant::now();
        while told.recorded() < delivered {
            assert!(daemon.try_wait().unwrap().is_none(), "the daemon ended");
            assert!(waiting.elapsed() < PATIENCE, "{} of {delivered} mails", told.recorded);
            std::thread::sleep(Duration::from_millis(5));
        }
        if (poll + 1) % (polls / 30).max(1) == 0 {
            let sample = sample(daemon.id(), &office.storage(), delivered);
            println!("{:>6.1} s: {sample:?}", begun.elapsed().as_secs_f64());
            samples.push(sample);
        }
    }
    let taken = begun.elapsed();
    terminate(&mut daemon);
    assert_eq!(office.history_lines("来信（"), mails, "every mail once");
    judged(&samples, (polls, mails), taken);
}

/// Holds the last third against the third in the middle: by then everything that is made once has been made.
fn judged(samples: &[Sample], (polls, mails): (usize, usize), taken: Duration) {
    let third = samples.len() / 3;
    let (middle, last) = (&samples[third..2 * third], &samples[2 * third..]);
    let most = |samples: &[Sample], of: fn(&Sample) -> u64| samples.iter().map(of).max().unwrap();
    let own = |sample: &Sample| sample.own;
    let readers = |sample: &Sample| sample.readers;
    let all = |sample: &Sample| sample.own + sample.readers;
    let handles = |sample: &Sample| u64::try_from(sample.handles).unwrap();
    let (before, after) = (most(middle, all), most(last, all));
    let first = samples[third];
    let end = samples[samples.len() - 1];
    let a_mail = (end.database - first.database) / u64::try_from(end.mails - first.mails).unwrap();
    let mib = |kib: u64| format!("{:.1} MiB", kib as f64 / 1024.0);
    let figures = Figures::default()
        .with("looks, at least", polls)
        .with("mails", mails)
        .with("lost", 0)
        .with("doubled", 0)
        .with("mails a second", format!("{:.1}", mails as f64 / taken.as_secs_f64()))
        .with("memory, middle third", mib(before))
        .with("memory, last third", mib(after))
        .with("of it the readers", mib(most(last, readers)))
        .with("of it the program", mib(most(last, own)))
        .with("open handles, middle third", most(middle, handles))
        .with("open handles, last third", most(last, handles))
        .with("database octets a mail", a_mail);
    table::note("soak", &figures);
    let kib_a_mail = after.saturating_sub(before) as f64 / (end.mails - first.mails) as f64;
    assert!(kib_a_mail < 64.0, "each mail leaves {kib_a_mail:.1} KiB behind");
    if mails >= LONG {
        assert!(after * 10 <= before * 11, "memory grew from {before} KiB to {after} KiB");
    }
    assert!(most(last, handles) <= most(middle, handles) + 2, "handles are left open");
}
