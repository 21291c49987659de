//! `status`, `export` and `digest` on a large store, and on one of a third of its size.

use std::process::Command;

use super::stored;
use crate::Sizes;
use crate::measure::{Rounds, run};
use crate::office::Office;
use crate::report::{Measure, Report};

/// A third of the store may take a third of the time; where a fixed part weighs, less than three times as long.
const LINEAR: Measure = Measure::AtMostTimes(3.15);

pub fn measure(sizes: &Sizes, report: &mut Report) {
    let (mails, units) = sizes.stored;
    let whole = stored::returns(sizes, mails, units);
    let third = stored::returns(sizes, mails / 3, units / 3);
    let out = tempfile::Builder::new().prefix("mailtally-bench").tempdir_in(&sizes.scratch).unwrap();
    let (workbook, folder) = (out.path().join("tally.xlsx"), out.path().join("digest"));
    let command = |office: &Office, name: &str| -> Command {
        let mut command = match name {
            "status" => office.command(&["status", "--format", "json"]),
            _ => office.command(&[name]),
        };
        match name {
            "export" => command.arg("--out").arg(&workbook),
            "digest" => command.arg("--out").arg(&folder),
            _ => &mut command,
        };
        command
    };
    for (name, most) in [("status", 50.0), ("export", 1_000.0), ("digest", 1_000.0)] {
        run(&mut command(&whole, name));
        run(&mut command(&third, name));
        let (mut large, mut small, mut processor) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..sizes.rounds {
            let taken = run(&mut command(&whole, name));
            large.push(taken.wall);
            processor.push(taken.processor);
            small.push(run(&mut command(&third, name)).wall);
        }
        let milliseconds = Rounds::new(large.iter().map(|wall| wall * 1000.0).collect());
        report.row(format!("`{name}`, {units} units, {mails} mails"), Measure::Milliseconds(most), &milliseconds);
        report.row(format!("`{name}`, against a third of them"), LINEAR, &Rounds::ratio(&large, &small));
        let processor = Rounds::new(processor).median() * 1000.0;
        report.remark(format!("`{name}` takes {processor:.0} ms of processor (in steps of 10 ms)."));
    }
}
