//! The campaigns' files watched: what is valid takes the place of what was read before, as a whole and without a restart;
//! what is wrong is told once and changes nothing.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, FixedOffset, TimeDelta};

use crate::judge::register::{Note, Register};
use crate::model::alarm::{Alarm, alarm};
use crate::work::desk::Desk;

/// How long the digests tell that the configuration was changed.
const TOLD_FOR: TimeDelta = TimeDelta::days(1);

/// Where the campaigns come from.
pub trait Source: Send + Sync {
    /// Another text whenever one of the files is another.
    fn stamp(&self) -> String;

    /// Reads them all.
    ///
    /// # Errors
    /// Every mistake, with its file and line.
    fn load(&self, present: &Register) -> Result<Loaded, Vec<String>>;
}

/// Campaigns read anew.
pub struct Loaded {
    pub register: Register,
    /// What is different, in Chinese sentences for the digest.
    pub told: Vec<String>,
    /// The same in counts, for the log.
    pub counts: String,
}

/// A source and what was last seen of it.
pub struct Watch {
    source: Box<dyn Source>,
    seen: Mutex<Seen>,
}

struct Seen {
    /// What was read last, right or wrong.
    taken: String,
    /// What the last look found: a file that is being written looks otherwise the next time.
    last: String,
}

impl Watch {
    /// What stands there now is taken for known.
    #[must_use]
    pub fn new(source: Box<dyn Source>) -> Self {
        let stamp = source.stamp();
        Self { seen: Mutex::new(Seen { taken: stamp.clone(), last: stamp }), source }
    }

    /// Reads the files again where they have changed and two looks found the same, or in any case where that is `forced`.
    /// `true` where what was read counts from now on.
    pub fn look(&self, desk: &Desk, forced: bool, now: DateTime<FixedOffset>) -> bool {
        // Held until the new register counts: two looks at once would tell everything twice.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = self.source.stamp();
        let settled = std::mem::replace(&mut seen.last, stamp.clone()) == stamp;
        if !forced && (seen.taken == stamp || !settled) {
            return false;
        }
        seen.taken = stamp;
        let present = desk.register();
        let fresh = |note: &&Note| !note.lasts && now - note.at <= TOLD_FOR;
        let mut notes: Vec<Note> = present.notes().iter().filter(fresh).cloned().collect();
        match self.source.load(&present) {
            Ok(Loaded { register, told, counts }) => {
                tracing::info!(changes = counts, "configuration of the campaigns read again");
                notes.extend(told.into_iter().map(|text| Note { at: now, text, lasts: false }));
                desk.set_register(Arc::new(register.noting(notes)));
                true
            }
            Err(mistakes) => {
                for mistake in &mistakes {
                    alarm!(Alarm::CampaignFilesRefused, mistake);
                }
                let first = mistakes.first().map(String::as_str).unwrap_or_default();
                let text = format!(
                    "名册或工作配置改动有误，未采用，仍按改动前的办理：{first}（共 {} 处，可运行 mailtally check 查看）",
                    mistakes.len()
                );
                notes.push(Note { at: now, text, lasts: true });
                desk.set_register(Arc::new(present.noting(notes)));
                false
            }
        }
    }
}
