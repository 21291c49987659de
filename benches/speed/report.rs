//! The table: of each row its goal, what was measured, how far the rounds lie apart, and whether the goal holds.

use std::fmt::Write as _;

use super::measure::Rounds;

/// In what a row is measured.
#[derive(Clone, Copy, Debug)]
pub enum Measure {
    /// At most so many times what it is compared with.
    AtMostTimes(f64),
    /// At least so many times as fast.
    AtLeastTimes(f64),
    /// At most so many milliseconds.
    Milliseconds(f64),
    /// At most so many octets.
    Octets(f64),
    /// At most so many millions of octets.
    Megabytes(f64),
}

impl Measure {
    fn goal(self) -> String {
        match self {
            Self::AtMostTimes(most) => format!("≤ {most} ×"),
            Self::AtLeastTimes(least) => format!("≥ {least} × faster"),
            Self::Milliseconds(most) => format!("≤ {most} ms"),
            Self::Octets(most) => format!("≤ {most} octets"),
            Self::Megabytes(most) => format!("≤ {most:.1} MB"),
        }
    }

    fn shown(self, value: f64) -> String {
        match self {
            Self::AtMostTimes(_) => format!("{value:.2} ×"),
            Self::AtLeastTimes(_) => format!("{value:.1} ×"),
            Self::Milliseconds(_) => format!("{value:.2} ms"),
            Self::Octets(_) => format!("{value:.0} octets"),
            Self::Megabytes(_) => format!("{value:.1} MB"),
        }
    }

    fn holds(self, value: f64) -> bool {
        match self {
            Self::AtLeastTimes(least) => value >= least,
            Self::AtMostTimes(most) | Self::Milliseconds(most) | Self::Octets(most) | Self::Megabytes(most) => {
                value <= most
            }
        }
    }
}

struct Row {
    what: String,
    goal: String,
    median: String,
    spread: String,
    verdict: String,
}

/// All rows, with remarks below them.
#[derive(Default)]
pub struct Report {
    rows: Vec<Row>,
    remarks: Vec<String>,
}

impl Report {
    /// A row that was measured.
    pub fn row(&mut self, what: impl Into<String>, measure: Measure, rounds: &Rounds) {
        let verdict = if measure.holds(rounds.median()) { "holds" } else { "misses" };
        self.add(Row {
            what: what.into(),
            goal: measure.goal(),
            median: measure.shown(rounds.median()),
            spread: format!("{} – {}", measure.shown(rounds.least()), measure.shown(rounds.most())),
            verdict: verdict.to_owned(),
        });
    }

    /// A row that could not be measured.
    pub fn left_out(&mut self, what: impl Into<String>, measure: Measure, why: &str) {
        let verdict = format!("left out: {why}");
        let (median, spread) = (String::new(), String::new());
        self.add(Row { what: what.into(), goal: measure.goal(), median, spread, verdict });
    }

    fn add(&mut self, row: Row) {
        eprintln!("   {}: {} ({}) {}", row.what, row.median, row.spread, row.verdict);
        self.rows.push(row);
    }

    /// Absolute figures behind the ratios.
    pub fn remark(&mut self, remark: impl Into<String>) {
        let remark = remark.into();
        eprintln!("   {remark}");
        self.remarks.push(remark);
    }

    pub fn markdown(&self) -> String {
        let mut out = "| what | goal | measured (median) | rounds, least – most | verdict |\n".to_owned();
        out.push_str("| --- | --- | --- | --- | --- |\n");
        for row in &self.rows {
            let Row { what, goal, median, spread, verdict } = row;
            let _ = writeln!(out, "| {what} | {goal} | {median} | {spread} | {verdict} |");
        }
        for remark in &self.remarks {
            let _ = write!(out, "\n{remark}\n");
        }
        out
    }

    pub fn print(&self) {
        let cells = |row: &Row| [&row.what, &row.goal, &row.median, &row.spread, &row.verdict].map(Clone::clone);
        let head = ["what", "goal", "median", "least – most", "verdict"].map(str::to_owned);
        let lines: Vec<[String; 5]> = std::iter::once(head).chain(self.rows.iter().map(cells)).collect();
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let widths = [0, 1, 2, 3, 4].map(width);
        println!();
        for line in &lines {
            let padded = line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
            println!("{}", padded.collect::<Vec<_>>().join("  ").trim_end());
        }
        println!();
        for remark in &self.remarks {
            println!("{remark}");
        }
    }
}
