//! An office for the end-to-end tests: a folder with a configuration, and the real program run on it.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use mailtally::model::account::TlsMode;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::dovecot::{Dovecot, PASSWORD};
use crate::support::exim::Exim;

/// The office's own address, and its login.
pub const OFFICE: &str = "office@163.example";

/// A configured office.
pub struct Office {
    folder: TempDir,
    program: PathBuf,
}

/// Where letters go.
pub enum Letters<'a> {
    Exim(&'a Exim),
    Folder,
}

impl Office {
    /// With the shipped campaign, on this Dovecot.
    pub fn new(dovecot: &Dovecot, letters: &Letters<'_>) -> Self {
        let folder = tempfile::Builder::new().prefix("mailtally-office").tempdir().unwrap();
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/campaigns/2021-bayi");
        let campaign = folder.path().join("campaigns/2021-bayi");
        fs::create_dir_all(&campaign).unwrap();
        for entry in fs::read_dir(shipped).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, campaign.join(path.file_name().unwrap())).unwrap();
        }
        let imap = dovecot.account(OFFICE, TlsMode::Implicit);
        let post = match letters {
            Letters::Folder => "transport = \"folder\"\npath = \"outbox\"".to_owned(),
            Letters::Exim(exim) => {
                let smtp = exim.account(OFFICE, TlsMode::StartTls);
                format!(
                    "transport = \"smtp\"\nhost = \"{}\"\nport = {}\ntls = \"starttls\"\nusername = \"{OFFICE}\"\n\
                     password_env = \"TEST_PASSWORD\"\nca_file = \"{}\"",
                    smtp.host,
                    smtp.port,
                    smtp.ca_file.unwrap().display()
                )
            }
        };
        let config = format!(
            "timezone = \"Asia/Shanghai\"\n[storage]\ndir = \"data\"\n\n[[mailbox]]\nname = \"office\"\nhost = \"{}\"\n\
             port = {}\ntls = \"implicit\"\nusername = \"{OFFICE}\"\npassword_env = \"TEST_PASSWORD\"\n\
             folders = [\"INBOX\", \"垃圾邮件\"]\npoll_seconds = 1\nca_file = \"{}\"\n\n[smtp]\n{post}\n\
             from = \"吕梁市双拥办 <{OFFICE}>\"\nper_minute = 100000\nper_day = 100000\n\n\
             [staff]\ndigest_to = [\"staff@office.example\"]\nalert_to = [\"staff@office.example\"]\n\n\
             [campaigns]\ndir = \"campaigns\"\n",
            imap.host,
            imap.port,
            imap.ca_file.unwrap().display()
        );
        fs::write(folder.path().join("mailtally.toml"), config).unwrap();
        Self { folder, program: env!("CARGO_BIN_EXE_mailtally").into() }
    }

    /// The same office with another build of the program.
    pub fn with_program(self, program: PathBuf) -> Self {
        Self { program, ..self }
    }

    /// Changes one of the campaign's files.
    pub fn edit(&self, file: &str, change: impl FnOnce(String) -> String) {
        let path = self.folder.path().join("campaigns/2021-bayi").join(file);
        let changed = change(fs::read_to_string(&path).unwrap());
        fs::write(path, changed).unwrap();
    }

    /// Changes the configuration.
    pub fn configure(&self, change: impl FnOnce(String) -> String) {
        let path = self.folder.path().join("mailtally.toml");
        let config = fs::read_to_string(&path).unwrap();
        let changed = change(config.clone());
        assert_ne!(changed, config, "the configuration has changed");
        fs::write(path, changed).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg("-c")
            .arg(self.folder.path().join("mailtally.toml"))
            .args(arguments)
            .env("TEST_PASSWORD", PASSWORD)
            .env("MAILTALLY_LOG", "info")
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end, whatever that is.
    pub fn tried(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a command that must do what it is asked, and returns what it printed.
    pub fn done(&self, arguments: &[&str]) -> String {
        let output = self.tried(arguments);
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?} ended with {}:\n{log}", output.status);
        String::from_utf8(output.stdout).unwrap()
    }

    /// Starts `run`; its log goes to a file of its own.
    pub fn started(&self) -> Child {
        let log = fs::File::create(self.folder.path().join("run.log")).unwrap();
        self.command(&["run"]).stdout(Stdio::null()).stderr(log).spawn().unwrap()
    }

    /// Starts `run` with these words in its environment besides; its log is added to the file.
    pub fn started_with(&self, environment: &[(&str, &str)]) -> Child {
        let log = fs::File::options().create(true).append(true).open(self.folder.path().join("run.log")).unwrap();
        let mut command = self.command(&["run"]);
        command.envs(environment.iter().copied()).stdout(Stdio::null()).stderr(log).spawn().unwrap()
    }

    /// Where `run` logs.
    pub fn log_file(&self) -> PathBuf {
        self.folder.path().join("run.log")
    }

    /// The storage's folder.
    pub fn storage(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What `run` logged since it was started last.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("run.log")).unwrap_or_default()
    }

    /// How the campaign stands at this moment.
    pub fn status(&self, now: &str) -> Value {
        serde_json::from_str(&self.done(&["--now", now, "status", "--format", "json"])).unwrap()
    }

    /// How many events stand in the history, of those whose line holds these words.
    pub fn history_lines(&self, words: &str) -> usize {
        let output = self.tried(&["history"]);
        String::from_utf8_lossy(&output.stdout).lines().filter(|line| line.contains(words)).count()
    }

    /// Every letter that became a file.
    pub fn outbox(&self) -> Vec<String> {
        let mut files: Vec<PathBuf> = fs::read_dir(self.folder.path().join("outbox"))
            .map(|entries| entries.map(|entry| entry.unwrap().path()).collect())
            .unwrap_or_default();
        // A letter is written beside its name first.
        files.retain(|path| path.extension().is_some_and(|ending| ending == "eml"));
        files.sort();
        files.into_iter().map(|path| fs::read_to_string(path).unwrap()).collect()
    }
}

/// A header of a letter of ours, which never folds in the fields asked for.
pub fn header<'a>(letter: &'a str, name: &str) -> Option<&'a str> {
    letter
        .lines()
        .take_while(|line| !line.trim().is_empty())
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}
