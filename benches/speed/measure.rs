//! Measuring processes from outside: wall clock, processor time, memory; and what several rounds come to.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Ticks a second in /proc (`CLK_TCK`, 100 on every Linux there is).
const TICKS: f64 = 100.0;

/// What one run took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Taken {
    /// Seconds from start to end.
    pub wall: f64,
    /// Seconds of processor, of the process and its children; in steps of 10 ms.
    pub processor: f64,
}

/// Runs a command that must succeed, its output thrown away.
pub fn run(command: &mut Command) -> Taken {
    let before = of_children();
    let begun = Instant::now();
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let wall = begun.elapsed().as_secs_f64();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{}", output.status, said.chars().take(4000).collect::<String>());
    Taken { wall, processor: of_children() - before }
}

/// Processor seconds of all children that have ended.
fn of_children() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    // Behind the name in brackets: cutime and cstime are fields 16 and 17 of proc(5).
    let rest: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    (rest[13].parse::<f64>().unwrap() + rest[14].parse::<f64>().unwrap()) / TICKS
}

/// Runs a command that must succeed, and returns the most memory it and its descendants had at once, in octets: the sum
/// of their proportional set sizes, looked at every few milliseconds.
pub fn peak_memory(command: &mut Command) -> u64 {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut peak = 0;
    loop {
        peak = peak.max(memory_of_family(child.id()));
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{command:?}: {status}");
            return peak;
        }
        std::thread::sleep(Duration::from_millis(3));
    }
}

fn memory_of_family(root: u32) -> u64 {
    let mut waiting = vec![root];
    let mut sum = 0;
    while let Some(process) = waiting.pop() {
        let folder = PathBuf::from(format!("/proc/{process}"));
        let Ok(rollup) = std::fs::read_to_string(folder.join("smaps_rollup")) else { continue };
        let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        sum += kilobytes.unwrap_or(0) * 1024;
        // Children stand by the thread that started them.
        for thread in std::fs::read_dir(folder.join("task")).into_iter().flatten().flatten() {
            let children = std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            waiting.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        }
    }
    sum
}

/// Ends a process that was started here, as a person would, and waits for it.
pub fn end(mut child: Child) {
    let _ = Command::new("kill").arg(child.id().to_string()).status();
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until {
        if child.try_wait().unwrap().is_some() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// What rounds of the same measurement came to.
#[derive(Clone, Debug)]
pub struct Rounds(Vec<f64>);

impl Rounds {
    pub fn new(mut values: Vec<f64>) -> Self {
        assert!(!values.is_empty(), "nothing was measured");
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    /// One round's value by the same round's other value.
    pub fn ratio(ours: &[f64], theirs: &[f64]) -> Self {
        Self::new(ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect())
    }

    pub fn median(&self) -> f64 {
        let (low, high) = (self.0[(self.0.len() - 1) / 2], self.0[self.0.len() / 2]);
        f64::midpoint(low, high)
    }

    pub fn least(&self) -> f64 {
        self.0[0]
    }

    pub fn most(&self) -> f64 {
        self.0[self.0.len() - 1]
    }
}
