//! A real SMTP server (Exim) for one test. It delivers into a Dovecot's mailboxes and nowhere else: no mail leaves the
//! machine.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use mailtally::model::account::{Account, TlsMode};
use tempfile::TempDir;

use super::authority::Authority;
use super::dovecot::{Dovecot, PASSWORD, PROGRAMS};
use super::process::{Server, find, free_port, is_root, run};
use super::{have, leave_out, write};

/// What `have` must find, beside Dovecot's.
pub const PROGRAM: &str = "exim4";

/// A running Exim. It wants a login with the password of Dovecot's users, and the sender to be that login, as 163 does.
pub struct Exim {
    _server: Server,
    pub folder: TempDir,
    pub authority: Authority,
    pub port: u16,
    pub tls_port: u16,
}

impl Exim {
    /// Whether a test may start one: it is installed, Dovecot is, and we are root, without whom Exim is no daemon.
    pub fn is_possible() -> bool {
        have(&PROGRAMS) && have(&[PROGRAM]) && (is_root() || leave_out("Exim can only be started by root"))
    }

    /// Delivers to these users of this Dovecot; every other recipient is refused as unknown.
    pub fn start(dovecot: &Dovecot, users: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix("mailtally-exim").tempdir().unwrap();
        let authority = Authority::new(folder.path());
        let (port, tls_port) = (free_port(), free_port());
        let base = folder.path().to_str().unwrap().to_owned();
        let lines: String = users.iter().map(|user| format!("{user}: x\n")).collect();
        write(&folder.path().join("users"), &lines);
        let file = folder.path().join("exim.conf");
        let mail = dovecot.folder.path().join("mail");
        write(&file, &config(&base, &authority, port, tls_port, mail.to_str().unwrap()));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        fs::create_dir_all(folder.path().join("spool")).unwrap();
        fs::create_dir_all(folder.path().join("log")).unwrap();
        fs::set_permissions(&authority.key, fs::Permissions::from_mode(0o644)).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let owned = ["spool", "log"].map(|name| folder.path().join(name));
        run(Command::new("chown").args(["-R", "Debian-exim:Debian-exim"]).args(owned));
        let log = folder.path().join("server.log");
        let mut command = Command::new(find(PROGRAM).expect("exim4"));
        let server = Server::start(command.arg("-bdf").arg("-C").arg(&file), &[port, tls_port], &log);
        Self { _server: server, folder, authority, port, tls_port }
    }

    /// How to log in as this user.
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

    /// What it wrote to its logs, for the words of a test that fails.
    pub fn log(&self) -> String {
        let read = |name: &str| fs::read_to_string(self.folder.path().join("log").join(name)).unwrap_or_default();
        read("mainlog") + &read("rejectlog") + &read("paniclog")
    }
}

fn config(base: &str, authority: &Authority, port: u16, tls_port: u16, mail: &str) -> String {
    let (certificate, key) = (authority.certificate.display(), authority.key.display());
    // It delivers as the user it runs as: re-executed with a configuration of its own it has no root any more. So the
    // Maildirs are open to it and to Dovecot, which runs as another.
    format!(
        "spool_directory = {base}/spool
log_file_path = {base}/log/%slog
pid_file_path = {base}/log/exim.pid
primary_hostname = smtp.test.example
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port} : {tls_port}
tls_on_connect_ports = {tls_port}
tls_advertise_hosts = *
tls_certificate = {certificate}
tls_privatekey = {key}
smtp_accept_queue_per_connection = 0
acl_smtp_rcpt = rcpt
acl_smtp_data = accept
never_users =
host_lookup =
rfc1413_hosts =
keep_environment =
prdr_enable = false
chunking_advertise_hosts =
deliver_drop_privilege = true

begin acl
rcpt:
  deny
    !authenticated = *
    message = 550 User has no permission
  deny
    condition = ${{if !eq{{$sender_address}}{{$authenticated_id}}}}
    message = 553 Mail from must equal authorized user
  require
    message = 550 Invalid User: $local_part@$domain
    verify = recipient
  accept

begin routers
known:
  driver = accept
  address_data = ${{lookup{{$local_part@$domain}}lsearch,ret=key{{{base}/users}}{{$value}}fail}}
  transport = maildir

begin transports
maildir:
  driver = appendfile
  maildir_format
  create_directory
  directory = {mail}/$address_data
  delivery_date_add
  envelope_to_add
  return_path_add
  mode = 0666
  directory_mode = 0777

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if eq{{$auth3}}{{{PASSWORD}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${{if eq{{$auth2}}{{{PASSWORD}}}}}
  server_set_id = $auth1
"
    )
}
