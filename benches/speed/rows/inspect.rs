//! `inspect` of many single files, against mail-parser and calamine called bare.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::Sizes;
use crate::bare;
use crate::mailbox::{self, Plan, Weight};
use crate::measure::{Rounds, run};
use crate::office::{Office, Reach};
use crate::report::{Measure, Report};

const GOAL: Measure = Measure::AtMostTimes(1.3);

pub fn measure(sizes: &Sizes, report: &mut Report) {
    let scratch = tempfile::Builder::new().prefix("mailtally-bench").tempdir_in(&sizes.scratch).unwrap();
    let office = Office::new(&scratch.path().join("office"), sizes.units, &Reach::None);
    let plan = Plan { mails: sizes.files, units: sizes.units, weight: Weight::Usual };
    let (mut mails, mut tables): (Vec<PathBuf>, Vec<PathBuf>) = <_>::default();
    for number in 0..sizes.files {
        let mail = mailbox::mail(plan, number);
        let path = scratch.path().join(format!("{number}.eml"));
        fs::write(&path, &mail.bytes).unwrap();
        mails.push(path);
        // What calamine reads.
        let table = mail.table.filter(|(name, _)| !name.ends_with(".docx"));
        tables.extend(table.map(|(name, bytes)| {
            let path = scratch.path().join(format!("{number}-{name}"));
            fs::write(&path, bytes).unwrap();
            path
        }));
    }
    for (what, files) in [("mails", &mails), ("workbooks", &tables)] {
        let ours = || {
            let mut command = office.command(&["inspect", "--json"]);
            command.args(files);
            run(&mut command)
        };
        let bare = || {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.arg(bare::COMMAND).args(files);
            run(&mut command)
        };
        ours();
        bare();
        let (mut own, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..sizes.rounds {
            own.push(ours());
            theirs.push(bare());
        }
        let wall = |all: &[crate::measure::Taken]| all.iter().map(|taken| taken.wall).collect::<Vec<_>>();
        let processor =
            |all: &[crate::measure::Taken]| Rounds::new(all.iter().map(|taken| taken.processor).collect()).median();
        let count = files.len();
        report.row(
            format!("`inspect` of {count} {what}, against mail-parser and calamine bare"),
            GOAL,
            &Rounds::ratio(&wall(&own), &wall(&theirs)),
        );
        let a_file = |seconds: f64| seconds * 1000.0 / count as f64;
        report.remark(format!(
            "`inspect`, {what}: {:.3} ms a file ({:.3} ms of processor); bare {:.3} ms ({:.3} ms), in one thread.",
            a_file(Rounds::new(wall(&own)).median()),
            a_file(processor(&own)),
            a_file(Rounds::new(wall(&theirs)).median()),
            a_file(processor(&theirs)),
        ));
    }
}
