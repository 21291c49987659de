//! `[log]`: how much the program logs.

use super::mistakes::did_you_mean;
use super::toml_reader::Section;

const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

/// What is logged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogConfig {
    /// A level, or a level and others for parts of the program: `info,mailtally::inbox=debug`. `None`: as the command
    /// usually does.
    pub level: Option<String>,
}

pub(super) fn read_log(section: &Section<'_>) -> Option<LogConfig> {
    let level = section.text("level");
    let wrong = level.as_deref().and_then(|level| level.split(',').find_map(what_is_wrong));
    match wrong {
        Some(wrong) => {
            section.mistake("level", wrong);
            None
        }
        None => Some(LogConfig { level }),
    }
}

/// A misspelt level would be taken for the name of a part, and everything fall silent.
fn what_is_wrong(directive: &str) -> Option<String> {
    let (part, level) = directive.split_once('=').map_or((None, directive), |(part, level)| (Some(part), level));
    if !LEVELS.contains(&level.trim()) {
        let near = did_you_mean(level.trim(), LEVELS);
        return Some(format!("\"{}\" is no level; write one of {}{near}", level.trim(), LEVELS.join(", ")));
    }
    let is_name = |part: &str| {
        !part.is_empty() && part.chars().all(|letter| letter.is_ascii_alphanumeric() || "_:".contains(letter))
    };
    match part {
        Some(part) if !is_name(part.trim()) => {
            Some(format!("\"{}\" is no part of the program; write one such as mailtally::inbox", part.trim()))
        }
        Some(_) | None => None,
    }
}
