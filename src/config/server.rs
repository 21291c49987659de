//! The keys that an IMAP and an SMTP server share: host, TLS, who logs in, and where the password is kept.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::mistakes::Mistake;
use super::toml_reader::Section;
use crate::model::account::{Account, TlsMode};

/// How to reach a server; the password is fetched only when somebody logs in.
#[derive(Clone, Debug)]
pub struct Server {
    pub host: String,
    pub port: u16,
    pub tls: TlsMode,
    pub username: String,
    pub password: PasswordSource,
    pub ca_file: Option<PathBuf>,
}

/// Where a password is kept; never the password itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordSource {
    kept: Kept,
    /// The configuration file that says so.
    file: PathBuf,
    /// `mailbox[1]`
    section: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kept {
    Environment(String),
    File(PathBuf),
    /// The name under which systemd hands it over.
    Credential(String),
}

/// Where systemd puts the credentials of a service (systemd.exec(5), LoadCredential=).
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

impl PasswordSource {
    /// Fetches the password.
    ///
    /// # Errors
    /// The variable is not set or empty, or the file or credential cannot be read or is empty.
    pub fn resolve(&self) -> Result<SecretString, Mistake> {
        match &self.kept {
            Kept::Environment(name) => match std::env::var(name) {
                Ok(password) if !password.is_empty() => Ok(password.into()),
                Ok(_) | Err(_) => Err(self.mistake(
                    "password_env",
                    format!("the environment variable {name} is not set; set it to the password (授权码)"),
                )),
            },
            Kept::File(path) => self.of_file("password_file", path),
            Kept::Credential(name) => match std::env::var_os(CREDENTIALS).filter(|folder| !folder.is_empty()) {
                Some(folder) => self.of_file("password_credential", &PathBuf::from(folder).join(name)),
                None => Err(self.mistake(
                    "password_credential",
                    format!(
                        "{CREDENTIALS} is not set: {name} is there only in a service with LoadCredential={name}:FILE"
                    ),
                )),
            },
        }
    }

    /// Whether systemd hands it to the service alone, and this process is not in it.
    #[must_use]
    pub fn is_out_of_reach(&self) -> bool {
        let handed_over = std::env::var_os(CREDENTIALS).is_some_and(|folder| !folder.is_empty());
        matches!(self.kept, Kept::Credential(_)) && !handed_over
    }

    fn of_file(&self, key: &str, path: &Path) -> Result<SecretString, Mistake> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| self.mistake(key, format!("{} cannot be read: {error}", path.display())))?;
        let password = text.trim_end_matches(['\r', '\n']);
        if password.is_empty() {
            return Err(self.mistake(key, format!("{} is empty; put the password (授权码) into it", path.display())));
        }
        Ok(password.to_owned().into())
    }

    /// The key that says where it is kept, and its value.
    #[must_use]
    pub fn said(&self) -> (&'static str, String) {
        match &self.kept {
            Kept::Environment(name) => ("password_env", name.clone()),
            Kept::File(path) => ("password_file", path.display().to_string()),
            Kept::Credential(name) => ("password_credential", name.clone()),
        }
    }

    fn mistake(&self, key: &str, text: String) -> Mistake {
        Mistake { file: self.file.clone(), line: None, key: Some(format!("{}.{key}", self.section)), text }
    }
}

impl Server {
    /// The account with its password.
    ///
    /// # Errors
    /// As [`PasswordSource::resolve`].
    pub fn account(&self) -> Result<Account, Mistake> {
        Ok(Account {
            host: self.host.clone(),
            port: self.port,
            tls: self.tls,
            username: self.username.clone(),
            password: self.password.resolve()?,
            ca_file: self.ca_file.clone(),
        })
    }
}

/// The usual ports: with TLS from the first byte, and without.
pub(super) struct Ports {
    pub(super) implicit: u16,
    pub(super) plain: u16,
}

pub(super) fn read_server(section: &Section<'_>, ports: &Ports) -> Option<Server> {
    let host = section.need_text("host", "host = \"imap.163.com\"");
    let modes = [("implicit", TlsMode::Implicit), ("starttls", TlsMode::StartTls), ("none", TlsMode::None)];
    let tls = if section.has("tls") { section.choice("tls", &modes) } else { Some(TlsMode::Implicit) };
    if let (Some(host), Some(TlsMode::None)) = (&host, tls)
        && !is_loopback(host)
    {
        let text = format!(
            "\"none\" would send the password in the clear to {host}; write \"implicit\" or \"starttls\" (\"none\" is for a loopback address alone)"
        );
        section.mistake("tls", text);
    }
    let usual = if tls == Some(TlsMode::Implicit) { ports.implicit } else { ports.plain };
    let port = if section.has("port") {
        section.number("port", 1..=65535).and_then(|port| u16::try_from(port).ok())
    } else {
        Some(usual)
    };
    let username = section.need_text("username", "username = \"office@163.example\"");
    let password = read_password(section);
    let ca_file = section.path("ca_file");
    if let Some(path) = ca_file.as_deref().filter(|path| !path.is_file()) {
        section.mistake("ca_file", format!("{} is no file; name a PEM file", path.display()));
    }
    Some(Server { host: host?, port: port?, tls: tls?, username: username?, password: password?, ca_file })
}

fn read_password(section: &Section<'_>) -> Option<PasswordSource> {
    if section.has("password") {
        // The value itself is deliberately not looked at.
        section.mistake(
            "password",
            "a password never stands in the configuration; write password_env = \"NAME\" or password_file = \"PATH\", and change the password that stood here",
        );
    }
    let given = [section.text("password_env"), section.text("password_file"), section.text("password_credential")];
    if given.iter().flatten().count() > 1 {
        let text = "several of password_env, password_file and password_credential stand here; keep one";
        section.mistake("password_env", text);
        return None;
    }
    let kept = match given {
        [Some(name), _, _] => {
            if !is_variable_name(&name) {
                // Not quoted: somebody may have put the password itself here.
                section.mistake(
                    "password_env",
                    "must be the NAME of an environment variable (letters, digits, _), such as MAILTALLY_IMAP_PASSWORD",
                );
                return None;
            }
            Kept::Environment(name)
        }
        [None, Some(_), _] => {
            let path = section.path("password_file")?;
            warn_of_open_file(section, &path);
            Kept::File(path)
        }
        [None, None, Some(name)] => {
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
                let text = "must be the NAME of a credential of the service (letters, digits, -, _ and .)";
                section.mistake("password_credential", text);
                return None;
            }
            Kept::Credential(name)
        }
        [None, None, None] => {
            let keys = ["password", "password_env", "password_file", "password_credential"];
            if !keys.iter().any(|key| section.has(key)) {
                let like = "password_env = \"MAILTALLY_IMAP_PASSWORD\" (or password_file, or password_credential)";
                section.missing("password_env", like);
            }
            return None;
        }
    };
    Some(PasswordSource { kept, file: section.file().to_path_buf(), section: section.name().to_owned() })
}

fn is_variable_name(name: &str) -> bool {
    !name.starts_with(|first: char| first.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A password file that others may read is no secret.
fn warn_of_open_file(section: &Section<'_>, path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let Ok(metadata) = std::fs::metadata(path) else { return };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let text = format!("{} may be read by others (mode {mode:03o}); run chmod 600 on it", path.display());
        section.warning("password_file", text);
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
