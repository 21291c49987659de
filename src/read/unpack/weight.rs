//! How much a zip-based office file unpacks to: its readers would unpack all of it, whatever it claims.

use std::io::{Cursor, Read};

use super::{RATIO_COUNTS_FROM, length};
use crate::model::mail::{Oddity, OddityCode};
use crate::read::guarded;
use crate::read::limits::Limits;

/// Whether what a zip-based office file unpacks to is beyond the limits; measured by unpacking, not by what it claims.
#[must_use]
pub fn overweight(bytes: &[u8], limits: &Limits) -> Option<Oddity> {
    let mut archive = guarded(|| zip::ZipArchive::new(Cursor::new(bytes)))?.ok()?;
    let mut total = 0_u64;
    let most = limits.total_bytes.min(length(bytes).saturating_mul(limits.ratio).max(RATIO_COUNTS_FROM));
    for number in 0..archive.len() {
        let left = most.saturating_sub(total).saturating_add(1);
        let counted = guarded(|| {
            let file = archive.by_index(number).ok()?;
            // A member that breaks off is its reader's to complain about.
            let mut counter = Counter(0);
            let _ = std::io::copy(&mut file.take(left), &mut counter);
            Some(counter.0)
        });
        total = total.saturating_add(counted.flatten().unwrap_or(0));
        if total > most {
            return Some(if most < limits.total_bytes {
                Oddity::new(OddityCode::Bomb, "文件解开后大得异常，疑似压缩炸弹，没有打开")
            } else {
                Oddity::new(OddityCode::TooLarge, "文件解开后太大，没有打开")
            });
        }
    }
    None
}

/// Counts what is written to it and forgets it.
struct Counter(u64);

impl std::io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.saturating_add(length(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
