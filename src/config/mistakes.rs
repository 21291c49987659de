//! What is wrong in the configuration: every mistake with its file, its line or key, and what would be right.

use std::cell::RefCell;
#[cfg(test)]
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use super::file::acts;

/// Characters of one part of a mistake that are shown.
const LONGEST: usize = 1000;
/// Characters of a word for which a nearer one is looked for.
const LONGEST_WORD: usize = 64;

/// One thing that is wrong, or (as a warning) that deserves a second look. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    pub file: PathBuf,
    /// Counted from 1; `None` where the whole file is meant.
    pub line: Option<usize>,
    /// The key, such as `mailbox[1].tls`, or the CSV column.
    pub key: Option<String>,
    /// What is wrong and what would be right.
    pub text: String,
}

impl Mistake {
    /// A mistake about a whole file.
    #[must_use]
    pub fn of_file(file: &Path, text: impl Into<String>) -> Self {
        Self { file: file.to_path_buf(), line: None, key: None, text: text.into() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", on_one_line(&self.file.display().to_string()))?;
        if let Some(line) = self.line {
            write!(formatter, ":{line}")?;
        }
        if let Some(key) = &self.key {
            write!(formatter, ": {}", on_one_line(key))?;
        }
        write!(formatter, ": {}", on_one_line(&self.text))
    }
}

/// What a file holds is repeated to whoever reads the log or a terminal: it begins no line and steers nothing there.
fn on_one_line(text: &str) -> String {
    text.chars().map(|sign| if acts(sign) { '?' } else { sign }).take(LONGEST).collect()
}

impl std::error::Error for Mistake {}

/// Every mistake at once, in the order of the files and of their lines; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(Vec<Mistake>);

impl Mistakes {
    #[must_use]
    pub fn list(&self) -> &[Mistake] {
        &self.0
    }
}

impl From<Mistake> for Mistakes {
    fn from(mistake: Mistake) -> Self {
        Self(vec![mistake])
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(formatter)?;
            }
            write!(formatter, "{mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

/// Collects mistakes and warnings while the files are read; shared by all readers of one load.
#[derive(Debug, Default)]
pub(super) struct Notes {
    mistakes: RefCell<Vec<Mistake>>,
    warnings: RefCell<Vec<Mistake>>,
    /// The keys that readers asked for, by section; the reference of the keys is held against it.
    #[cfg(test)]
    asked: RefCell<BTreeMap<String, BTreeSet<&'static str>>>,
}

impl Notes {
    /// `columns[2]` is one of the `columns`.
    #[cfg(test)]
    pub(super) fn asked(&self, section: &str, keys: &BTreeSet<&'static str>) {
        let section = section.split('[').next().unwrap_or_default().to_owned();
        self.asked.borrow_mut().entry(section).or_default().extend(keys);
    }

    #[cfg(test)]
    pub(super) fn all_asked(&self) -> BTreeMap<String, BTreeSet<&'static str>> {
        self.asked.borrow().clone()
    }

    pub(super) fn mistake(&self, mistake: Mistake) {
        self.mistakes.borrow_mut().push(mistake);
    }

    pub(super) fn warning(&self, warning: Mistake) {
        self.warnings.borrow_mut().push(warning);
    }

    /// The value with the warnings, or every mistake. A reader that gives `None` has noted why.
    pub(super) fn settle<T>(self, file: &Path, value: Option<T>) -> Result<(T, Vec<Mistake>), Mistakes> {
        let mistakes = sorted(self.mistakes.into_inner());
        match value {
            Some(value) if mistakes.is_empty() => Ok((value, sorted(self.warnings.into_inner()))),
            None if mistakes.is_empty() => Err(Mistake::of_file(file, "could not be understood").into()),
            Some(_) | None => Err(Mistakes(mistakes)),
        }
    }
}

/// By file in the order they were first met, then by line.
fn sorted(mut mistakes: Vec<Mistake>) -> Vec<Mistake> {
    let mut files: Vec<PathBuf> = Vec::new();
    for mistake in &mistakes {
        if !files.contains(&mistake.file) {
            files.push(mistake.file.clone());
        }
    }
    mistakes.sort_by_key(|mistake| (files.iter().position(|file| *file == mistake.file), mistake.line));
    mistakes
}

/// The known name that was most likely meant, as a half sentence to append; empty where nothing is near.
pub(super) fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    if written.chars().count() > LONGEST_WORD {
        return String::new();
    }
    let nearest = known.into_iter().map(|name| (strsim::damerau_levenshtein(written, name), name)).min();
    match nearest {
        Some((distance, name)) if distance <= 1 + written.chars().count() / 4 => format!("; did you mean `{name}`?"),
        Some(_) | None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_is_suggested_and_a_stranger_is_not() {
        let known = ["poll_seconds", "password_env", "password_file"];
        assert_eq!(did_you_mean("pol_seconds", known), "; did you mean `poll_seconds`?");
        assert_eq!(did_you_mean("colour", known), "");
    }

    #[test]
    fn mistakes_are_told_by_file_and_line() {
        let at = |file: &str, line| Mistake {
            file: PathBuf::from(file),
            line: Some(line),
            key: Some("key".into()),
            text: "is wrong".into(),
        };
        let notes = Notes::default();
        for (file, line) in [("main.toml", 9), ("units.csv", 3), ("main.toml", 2)] {
            notes.mistake(at(file, line));
        }
        let mistakes = notes.settle(Path::new("main.toml"), Some(())).unwrap_err();
        let told = mistakes.to_string();
        assert_eq!(told, "main.toml:2: key: is wrong\nmain.toml:9: key: is wrong\nunits.csv:3: key: is wrong");
    }
}
