//! The office that is measured: a Dovecot with its mailbox, and folders with the program's configuration.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use mailtally::model::account::TlsMode;

use super::mailbox::{self, Mail, OFFICE, Plan};
use super::support::dovecot::{Dovecot, PASSWORD};
use super::support::process::is_root;

/// The moment every command is told: all mail has come, no digest and no reminder is due.
pub const NOW: &str = "2021-08-09T07:00:00+08:00";

/// Writes the mails of a plan into a Maildir; returns the size of the largest and of all together.
pub fn fill_maildir(maildir: &Path, plan: Plan) -> (u64, u64) {
    for part in ["cur", "new", "tmp"] {
        fs::create_dir_all(maildir.join(part)).unwrap();
    }
    let write = |number: u32| {
        let Mail { arrived_at, bytes, .. } = mailbox::mail(plan, number);
        let seconds = u64::try_from(arrived_at.timestamp()).unwrap();
        let path = maildir.join("new").join(format!("{seconds}.M{number:06}P1.bench.example"));
        fs::write(&path, &bytes).unwrap();
        // Dovecot takes INTERNALDATE from it.
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        fs::File::options().write(true).open(&path).unwrap().set_modified(at).unwrap();
        bytes.len() as u64
    };
    let hands = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    let sizes: Vec<u64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..hands)
            .map(|hand| scope.spawn(move || (0..plan.mails).skip(hand).step_by(hands).map(write).collect::<Vec<_>>()))
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    (sizes.iter().copied().max().unwrap_or(0), sizes.iter().sum())
}

/// A Dovecot whose mail lies in this folder, one folder a user.
pub fn dovecot(mail: &Path) -> Dovecot {
    fs::create_dir_all(mail).unwrap();
    if is_root() {
        // Dovecot refuses root's own mail.
        super::support::process::run(Command::new("chown").args(["-R", "mail:mail"]).arg(mail));
    }
    let mail = mail.display();
    // Many looks into one mailbox follow each other at once; logs say where a setting is refused.
    Dovecot::start_with(&format!("mail_location = maildir:{mail}/%u\nmail_max_userip_connections = 100\n"))
}

/// A configuration of the program in a folder of its own.
pub struct Office {
    pub folder: PathBuf,
}

/// How a mailbox is reached, where there is one.
pub enum Reach<'a> {
    None,
    /// Over TLS, on the server's own port or on another that leads there.
    Tls(&'a Dovecot, u16),
    /// Without TLS and without a Dovecot behind it.
    Plain(u16),
}

impl Office {
    /// Writes the configuration: the shipped campaign with another roster. Letters that are owed are queued, and one of
    /// them becomes a file: the quota is one a day.
    pub fn new(folder: &Path, units: u32, reach: &Reach<'_>) -> Self {
        let campaign = folder.join("campaigns/2021-bayi");
        fs::create_dir_all(&campaign).unwrap();
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/campaigns/2021-bayi");
        for entry in fs::read_dir(shipped).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, campaign.join(path.file_name().unwrap())).unwrap();
        }
        fs::write(campaign.join("units.csv"), mailbox::roster(units)).unwrap();
        let server = |port: u16, tls: &str| {
            format!(
                "[[mailbox]]\nname = \"office\"\nhost = \"localhost\"\nport = {port}\nusername = \"{OFFICE}\"\n\
                 password_env = \"BENCH_PASSWORD\"\nfolders = [\"INBOX\"]\npoll_seconds = 1\n{tls}\n"
            )
        };
        let mailbox = match reach {
            Reach::None => String::new(),
            Reach::Tls(dovecot, port) => {
                server(*port, &format!("tls = \"implicit\"\nca_file = \"{}\"", dovecot.authority.ca.display()))
            }
            Reach::Plain(port) => server(*port, "tls = \"none\""),
        };
        let smtp = format!(
            "[smtp]\ntransport = \"folder\"\npath = \"outbox\"\nfrom = \"吕梁市双拥办 <{OFFICE}>\"\nper_minute = 1\nper_day = 1\n"
        );
        // A server that only waits for the first command is for `run`, which goes by the real clock: no letters then.
        let smtp = if matches!(reach, Reach::Plain(_)) { String::new() } else { smtp };
        let config = format!(
            "timezone = \"Asia/Shanghai\"\n[storage]\ndir = \"data\"\n{mailbox}\n{smtp}\n[staff]\ndigest_to = []\n\
             alert_to = []\n[campaigns]\ndir = \"campaigns\"\n"
        );
        fs::write(folder.join("mailtally.toml"), config).unwrap();
        Self { folder: folder.to_owned() }
    }

    /// The program on this office at [`NOW`].
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.command_now(arguments);
        command.args(["--now", NOW]);
        command
    }

    /// The program on this office, by the real clock.
    pub fn command_now(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mailtally"));
        command.arg("-c").arg(self.folder.join("mailtally.toml")).args(arguments);
        command.env("BENCH_PASSWORD", PASSWORD).env("MAILTALLY_LOG", "warn");
        command
    }

    pub fn storage(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Forgets everything that was taken in.
    pub fn empty(&self) {
        for part in [self.storage(), self.folder.join("outbox")] {
            let _ = fs::remove_dir_all(part);
        }
    }
}

/// The mbsync that fetches the office's mailbox into a Maildir, with or without fsync.
pub fn mbsync(dovecot: &Dovecot, folder: &Path, fsync: bool) -> Command {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).unwrap();
    let account = dovecot.account(OFFICE, TlsMode::Implicit);
    let (port, ca, here) = (account.port, dovecot.authority.ca.display(), folder.display());
    let fsync = if fsync { "yes" } else { "no" };
    let config = format!(
        "FSync {fsync}\n\nIMAPAccount bench\nHost localhost\nPort {port}\nUser {OFFICE}\nPass {PASSWORD}\nSSLType IMAPS\n\
         CertificateFile {ca}\n\nIMAPStore far\nAccount bench\n\nMaildirStore near\nPath {here}/\nInbox {here}/INBOX\n\n\
         Channel bench\nFar :far:\nNear :near:\nPatterns INBOX\nSync Pull\nCreate Near\nSyncState *\n"
    );
    let file = folder.join("mbsyncrc");
    fs::write(&file, config).unwrap();
    let mut command = Command::new("mbsync");
    command.arg("-q").arg("-c").arg(file).arg("bench");
    command
}

/// Writes what is dirty before a measurement, so that no one pays for another's files.
pub fn settle(folder: &Path) {
    let _ = Command::new("sync").arg("-f").arg(folder).status();
}
