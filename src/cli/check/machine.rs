//! The machine: room on the disk, and whether mail can be opened in a process of its own.

use std::path::Path;

use super::{Mark, Report};
use crate::cli::Failure;
use crate::config::Config;
use crate::work::opener::Opener;

/// Below this a mail with its tables and the database's log may not fit any more.
const TOO_LITTLE: u64 = 200 << 20;
/// Below this somebody should look soon: about a year of a large collection.
const LITTLE: u64 = 1 << 30;
/// Each mail is a file.
const FEW_FILES: u64 = 10_000;

/// Any mail will do.
const SAMPLE: &[u8] = b"From: a@office.example\r\nSubject: check\r\nContent-Type: text/plain\r\n\r\ncheck\r\n";

pub(super) fn disk(config: &Config, report: &mut Report) -> Result<(), Failure> {
    let storage = &config.storage_dir;
    // What is not there yet will be made on the disk of the folder above.
    let folder = storage.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    match rustix::fs::statvfs(folder) {
        Ok(disk) => {
            let (mark, text) = room(disk.f_bavail.saturating_mul(disk.f_frsize), disk.f_favail, disk.f_files > 0);
            report.say(mark, &format!("{}: {text}", storage.display()))
        }
        Err(error) => {
            report.say(Mark::Warn, &format!("{}: how full the disk is cannot be told: {error}", storage.display()))
        }
    }
}

/// What so many free octets, and so many more files where the disk counts them, mean.
fn room(octets: u64, files: u64, counts_files: bool) -> (Mark, String) {
    let free = format!("{} MB free", octets >> 20);
    if octets < TOO_LITTLE {
        (Mark::Fail, format!("{free}: mail will soon not be taken in; make room"))
    } else if counts_files && files < FEW_FILES {
        (Mark::Warn, format!("{free}, but room for {files} more files only, and each mail is one; make room"))
    } else if octets < LITTLE {
        (Mark::Warn, format!("{free}; make room before the next collection"))
    } else {
        (Mark::Ok, free)
    }
}

/// The limits and the hardening of a service fall on the reading processes first.
pub(super) async fn reading_process(report: &mut Report) -> Result<(), Failure> {
    let opened = tokio::task::spawn_blocking(|| Opener::for_a_look().open(SAMPLE, None).map(|_| ())).await;
    match opened.map_err(anyhow::Error::from)? {
        Ok(()) => report.say(Mark::Ok, "a mail can be opened in a confined process"),
        Err(error) => {
            let text = format!("no mail can be opened in a confined process: {error}; see the service's limits");
            report.say(Mark::Fail, &text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_must_be_seen_to_and_a_filling_one_is_told() {
        let mark = |octets, files| room(octets, files, true).0;
        assert_eq!(mark(TOO_LITTLE - 1, 1_000_000), Mark::Fail);
        assert_eq!(mark(TOO_LITTLE, 1_000_000), Mark::Warn);
        assert_eq!(mark(LITTLE, FEW_FILES - 1), Mark::Warn);
        assert_eq!(mark(LITTLE, FEW_FILES), Mark::Ok);
        assert_eq!(room(LITTLE, 0, false).0, Mark::Ok, "btrfs counts no files");
    }
}
