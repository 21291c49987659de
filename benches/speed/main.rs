//! How fast, against what else does the same: every row paired in one run, several rounds, median and spread, a verdict.
//!
//! `make bench` runs it; `benches/README.md` says how to choose rows and sizes. A speed is never an assertion: what is
//! missed is told and the program ends well. It fails where something did not work.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]

mod bare;
mod mailbox;
mod measure;
mod office;
mod report;
mod rows;
#[path = "../../tests/support/mod.rs"]
mod support;
mod wire;
mod workbook97;

use std::path::PathBuf;

use self::report::Report;

/// What the environment chooses.
pub struct Sizes {
    pub rounds: usize,
    /// New mails of the fetching rows.
    pub mails: u32,
    /// The tenfold as well.
    pub large: bool,
    /// Units on the roster of the fetching rows.
    pub units: u32,
    /// Mails of the mailbox in which nothing is new.
    pub quiet: u32,
    /// Mails and units of the store that is read.
    pub stored: (u32, u32),
    /// Files that are inspected.
    pub files: u32,
    /// Where mailboxes and storages are made and thrown away.
    pub scratch: PathBuf,
    /// Where what is slow to make is kept from run to run.
    pub kept: PathBuf,
}

impl Sizes {
    fn chosen() -> Self {
        let number = |name: &str, usual: u32| {
            let chosen = std::env::var(name).ok().filter(|chosen| !chosen.is_empty());
            chosen.map_or(usual, |chosen| chosen.parse().unwrap_or_else(|_| panic!("{name}={chosen} is no number")))
        };
        let stored = number("BENCH_STORED", 30_000);
        Self {
            rounds: number("BENCH_ROUNDS", 5).max(1) as usize,
            mails: number("BENCH_MAILS", 1_000),
            large: number("BENCH_LARGE", 0) > 0,
            units: number("BENCH_UNITS", 150),
            quiet: number("BENCH_QUIET", 50_000),
            stored: (stored, stored / 10),
            files: number("BENCH_FILES", 1_000),
            scratch: std::env::var_os("BENCH_SCRATCH").map_or_else(std::env::temp_dir, PathBuf::from),
            kept: PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../bench"),
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some((first, files)) = arguments.split_first()
        && first == bare::COMMAND
    {
        return bare::read_all(files);
    }
    if !arguments.iter().any(|argument| argument == "--bench") {
        println!("nothing is measured in a test run; `make bench` measures");
        return;
    }
    let wanted: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| !word.starts_with("--")).collect();
    let wants = |row: &str| wanted.is_empty() || wanted.contains(&row);
    let sizes = Sizes::chosen();
    std::fs::create_dir_all(&sizes.kept).unwrap();
    std::fs::create_dir_all(&sizes.scratch).unwrap();
    let mut report = Report::default();
    let groups: [(&str, fn(&Sizes, &mut Report)); 6] = [
        ("fetch", rows::fetch::measure),
        ("memory", rows::fetch::memory),
        ("quiet", rows::quiet::measure),
        ("start", rows::start::measure),
        ("read", rows::read::measure),
        ("inspect", rows::inspect::measure),
    ];
    for (name, measure) in groups.into_iter().filter(|(name, _)| wants(name)) {
        eprintln!("== {name}");
        measure(&sizes, &mut report);
    }
    report.print();
    let file = sizes.kept.join("table.md");
    std::fs::write(&file, report.markdown()).unwrap();
    println!("\nas Markdown: {}", file.canonicalize().unwrap().display());
}
