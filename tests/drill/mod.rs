//! An office without servers: the real program on a configured folder, mail taken from files, letters put into a folder.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use mailtally::demo::OFFICE;
use tempfile::TempDir;

/// The person at the keyboard, where no `--by` says otherwise.
pub const LOGIN: &str = "wangwu";

/// A configured folder. Each test binary gives it the acts that its tests need.
pub struct Office {
    folder: TempDir,
}

impl Office {
    /// With the shipped collections, read where they stand.
    pub fn new() -> Self {
        Self::with_campaigns(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config/campaigns"))
    }

    /// With a copy of the shipped collection under `campaigns/`, to be changed by the test.
    pub fn with_own_campaign() -> Self {
        let office = Self::with_campaigns(Path::new("campaigns"));
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/campaigns/2021-bayi");
        let campaign = office.path("campaigns/2021-bayi");
        fs::create_dir_all(&campaign).unwrap();
        for entry in fs::read_dir(shipped).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, campaign.join(path.file_name().unwrap())).unwrap();
        }
        office
    }

    fn with_campaigns(campaigns: &Path) -> Self {
        let folder = tempfile::Builder::new().prefix("mailtally-drill").tempdir().unwrap();
        let config = format!(
            "timezone = \"Asia/Shanghai\"\n[storage]\ndir = \"data\"\n[smtp]\ntransport = \"folder\"\n\
             path = \"outbox\"\nfrom = \"吕梁市双拥办 <{OFFICE}>\"\nper_minute = 1000\nper_day = 1000\n\
             [staff]\ndigest_to = []\nalert_to = []\n[campaigns]\ndir = \"{}\"\n",
            campaigns.display()
        );
        fs::write(folder.path().join("mailtally.toml"), config).unwrap();
        Self { folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program, not yet started, with its clock set.
    pub fn command(&self, now: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mailtally"));
        command.arg("-c").arg(self.path("mailtally.toml")).args(["--now", now]).args(arguments);
        command.env("USER", LOGIN).env_remove("MAILTALLY_LOG");
        command
    }

    pub fn tried(&self, now: &str, arguments: &[&str]) -> Output {
        self.command(now, arguments).output().unwrap()
    }

    /// Must succeed; returns what it says.
    pub fn done(&self, now: &str, arguments: &[&str]) -> String {
        let output = self.tried(now, arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?} ended with {}: {said}", output.status);
        String::from_utf8(output.stdout).unwrap()
    }

    /// Must end with this code; returns what it complains of.
    pub fn ended(&self, code: i32, now: &str, arguments: &[&str]) -> String {
        let output = self.tried(now, arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        said
    }

    /// Takes in the mail of this case of `tests/cases`, as arrived at that moment.
    pub fn ingest_case(&self, case: &str, received_at: &str) -> String {
        let mail = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(case).join("mail.eml");
        self.done(received_at, &["ingest", mail.to_str().unwrap(), "--received-at", received_at])
    }

    /// The files of the archive.
    pub fn archived(&self) -> Vec<PathBuf> {
        let folders = fs::read_dir(self.path("data/archive")).unwrap().map(|folder| folder.unwrap().path());
        folders.flat_map(|folder| fs::read_dir(folder).unwrap().map(|file| file.unwrap().path())).collect()
    }

    /// Every letter that left, as it left.
    pub fn letters(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path("outbox")) else { return Vec::new() };
        entries.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap()).collect()
    }
}
