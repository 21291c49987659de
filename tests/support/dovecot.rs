//! A real Dovecot for one test: its own folder, its own loopback ports, its own users.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use mailtally::model::account::{Account, TlsMode};
use tempfile::TempDir;

use super::authority::Authority;
use super::process::{Server, find, free_port, is_root, run};
use super::write;

/// What `have` must find.
pub const PROGRAMS: [&str; 2] = ["dovecot", "openssl"];
/// The password of every user.
pub const PASSWORD: &str = "authorisation-code";

/// A running Dovecot. Its users are whoever logs in with [`PASSWORD`].
pub struct Dovecot {
    // Ended before its folder goes.
    _server: Server,
    pub folder: TempDir,
    pub authority: Authority,
    /// Plain and STARTTLS.
    pub port: u16,
    /// TLS from the first octet.
    pub tls_port: u16,
    count: AtomicU64,
}

impl Dovecot {
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// With more lines for its configuration.
    pub fn start_with(more: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("mailtally-dovecot").tempdir().unwrap();
        let authority = Authority::new(folder.path());
        let (port, tls_port) = (free_port(), free_port());
        let base = folder.path().to_str().unwrap().to_owned();
        let log = folder.path().join("dovecot.log");
        let config = config(&base, &authority, port, tls_port) + more;
        let file = folder.path().join("dovecot.conf");
        write(&file, &config);
        fs::create_dir_all(folder.path().join("mail")).unwrap();
        if is_root() {
            // The mail belongs to the user that Debian's package made, not to root, whom Dovecot refuses.
            run(Command::new("chown").args(["-R", "mail:mail"]).arg(folder.path().join("mail")));
            run(Command::new("chmod").arg("755").arg(folder.path()));
            run(Command::new("chmod").arg("777").arg(folder.path().join("mail")));
        }
        let program = find("dovecot").expect("dovecot");
        let mut command = Command::new(program);
        let server = Server::start(command.arg("-F").arg("-c").arg(&file), &[port, tls_port], &log);
        Self { _server: server, folder, authority, port, tls_port, count: AtomicU64::new(0) }
    }

    /// How to log in as this user, with TLS as told.
    pub fn account(&self, user: &str, tls: TlsMode) -> Account {
        Account {
            host: "localhost".to_owned(),
            port: if tls == TlsMode::Implicit { self.tls_port } else { self.port },
            tls,
            username: user.to_owned(),
            password: PASSWORD.into(),
            ca_file: (tls != TlsMode::None).then(|| self.authority.ca.clone()),
        }
    }

    /// The Maildir of a user's folder; INBOX is the top.
    pub fn maildir(&self, user: &str, folder: &str) -> PathBuf {
        let top = self.folder.path().join("mail").join(user);
        if folder == "INBOX" { top } else { top.join(format!(".{}", wire_name(folder))) }
    }

    /// Puts a mail into a folder, its INTERNALDATE so many seconds after 1970.
    pub fn put(&self, user: &str, folder: &str, mail: &[u8], internal_date: u64) {
        let maildir = self.maildir(user, folder);
        for part in ["cur", "new", "tmp"] {
            fs::create_dir_all(maildir.join(part)).unwrap();
        }
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let name = format!("{internal_date}.M{number:06}P{}.test.example", std::process::id());
        let waiting = maildir.join("tmp").join(&name);
        fs::write(&waiting, mail).unwrap();
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(internal_date);
        fs::File::options().write(true).open(&waiting).unwrap().set_modified(at).unwrap();
        if is_root() {
            // One by one: Dovecot's own files come and go meanwhile.
            let own = ["cur", "new", "tmp"].map(|part| maildir.join(part));
            let top = self.folder.path().join("mail").join(user);
            run(Command::new("chown").arg("mail:mail").arg(top).arg(&maildir).args(own).arg(&waiting));
        }
        fs::rename(&waiting, maildir.join("new").join(&name)).unwrap();
    }

    /// Puts many mails at once into a folder that has had one.
    pub fn put_many(&self, user: &str, folder: &str, mails: &[(Vec<u8>, u64)]) {
        let maildir = self.maildir(user, folder);
        for (mail, internal_date) in mails {
            let number = self.count.fetch_add(1, Ordering::Relaxed);
            let name = format!("{internal_date}.M{number:06}P{}.test.example", std::process::id());
            let waiting = maildir.join("tmp").join(&name);
            fs::write(&waiting, mail).unwrap();
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(*internal_date);
            fs::File::options().write(true).open(&waiting).unwrap().set_modified(at).unwrap();
            // Dovecot may move and read what lies in its folder, whoever's it is.
            fs::rename(&waiting, maildir.join("new").join(&name)).unwrap();
        }
    }

    /// Every mail in a folder: the flags in its file name, and its octets.
    pub fn mails(&self, user: &str, folder: &str) -> Vec<(String, Vec<u8>)> {
        let maildir = self.maildir(user, folder);
        let mut files: Vec<PathBuf> = ["cur", "new"].iter().flat_map(|part| files_in(&maildir.join(part))).collect();
        files.sort();
        let read = |path: &PathBuf| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let flags = name.split_once(":2,").map(|(_, flags)| flags.to_owned()).unwrap_or_default();
            (flags, fs::read(path).unwrap())
        };
        files.iter().map(read).collect()
    }
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).map(|entries| entries.map(|entry| entry.unwrap().path()).collect()).unwrap_or_default()
}

/// Folder names the tests use, in modified UTF-7 as Dovecot keeps them on disk; written out, so that the program's own
/// encoder is not tested against itself.
fn wire_name(folder: &str) -> String {
    match folder {
        "垃圾邮件" => "&V4NXPpCuTvY-".to_owned(),
        "已发送" => "&XfJT0ZAB-".to_owned(),
        "已处理" => "&XfJZBHQG-".to_owned(),
        other if other.is_ascii() => other.to_owned(),
        other => panic!("no wire name is written down for {other}"),
    }
}

fn config(base: &str, authority: &Authority, port: u16, tls_port: u16) -> String {
    let (certificate, key) = (authority.certificate.display(), authority.key.display());
    let user = if is_root() { "mail".to_owned() } else { run(Command::new("id").arg("-un")).trim().to_owned() };
    let group = if is_root() { "mail".to_owned() } else { run(Command::new("id").arg("-gn")).trim().to_owned() };
    let internal = if is_root() {
        String::new()
    } else {
        // Without root every part runs as the one user there is, and nothing is locked in.
        format!(
            "default_login_user = {user}\ndefault_internal_user = {user}\ndefault_internal_group = {group}\n\
             service imap-login {{\n chroot =\n}}\nservice anvil {{\n chroot =\n}}\nservice stats {{\n chroot =\n}}\n"
        )
    };
    format!(
        "base_dir = {base}/run
state_dir = {base}/state
log_path = {base}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = maildir:{base}/mail/%u
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 1
first_valid_gid = 1
default_vsz_limit = 0
auth_failure_delay = 0
mailbox_list_index = no
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={base}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = .
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
{internal}"
    )
}
