//! `init`: a few questions, and a configuration that works.

mod ask;
mod write;

use std::io::{BufReader, IsTerminal as _};
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use self::ask::Asker;
use super::Failure;
use super::setup::Call;
use crate::config;

/// Where the service reads its configuration.
const OF_THE_SERVICE: &str = "/etc/mailtally/mailtally.toml";
#[derive(clap::Args)]
pub(super) struct InitArgs {
    /// Who runs the mailbox
    #[arg(long, value_enum)]
    provider: Option<Provider>,
    /// The mailbox's address; it is the login as well
    #[arg(long, value_name = "ADDRESS")]
    address: Option<String>,
    /// The IMAP server, where the provider does not say it
    #[arg(long, value_name = "HOST")]
    imap_host: Option<String>,
    /// The SMTP server, where the provider does not say it
    #[arg(long, value_name = "HOST")]
    smtp_host: Option<String>,
    /// The environment variable that will hold the password
    #[arg(long, value_name = "NAME", group = "password")]
    password_env: Option<String>,
    /// The file that will hold the password
    #[arg(long, value_name = "FILE", group = "password")]
    password_file: Option<PathBuf>,
    /// The service's credential (LoadCredential) that will hold the password
    #[arg(long, value_name = "NAME", group = "password")]
    password_credential: Option<String>,
    /// The office's name, as letters are signed
    #[arg(long, value_name = "NAME")]
    office: Option<String>,
    /// The telephone number units may call
    #[arg(long, value_name = "NUMBER")]
    phone: Option<String>,
    /// Who gets digests and alerts; several times for several
    #[arg(long, value_name = "ADDRESS")]
    staff: Vec<String>,
    /// The folder of the database and of all mails
    #[arg(long, value_name = "DIR")]
    storage: Option<PathBuf>,
}

/// Who runs the mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Provider {
    /// NetEase 163
    #[value(name = "163")]
    NetEase163,
    /// NetEase 126
    #[value(name = "126")]
    NetEase126,
    /// QQ mail
    Qq,
    /// Tencent Exmail, 腾讯企业邮箱
    Exmail,
    /// A Coremail server
    Coremail,
    /// Any other server with IMAP and SMTP
    Other,
}

impl Provider {
    /// The example that comes closest.
    fn example(self) -> &'static str {
        match self {
            Self::NetEase163 | Self::NetEase126 => include_str!("../../deploy/examples/163.toml"),
            Self::Qq => include_str!("../../deploy/examples/qq.toml"),
            Self::Exmail => include_str!("../../deploy/examples/exmail.toml"),
            Self::Coremail | Self::Other => include_str!("../../deploy/examples/coremail.toml"),
        }
    }

    /// Its IMAP and SMTP servers, where they are the same for everybody.
    fn hosts(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::NetEase163 => Some(("imap.163.com", "smtp.163.com")),
            Self::NetEase126 => Some(("imap.126.com", "smtp.126.com")),
            Self::Qq => Some(("imap.qq.com", "smtp.qq.com")),
            Self::Exmail => Some(("imap.exmail.qq.com", "smtp.exmail.qq.com")),
            Self::Coremail | Self::Other => None,
        }
    }

    /// What it wants as password.
    fn password(self) -> &'static str {
        match self {
            Self::NetEase163 | Self::NetEase126 | Self::Qq => "the authorisation code (授权码), not the login password",
            Self::Exmail | Self::Coremail => {
                "the client password (客户端专用密码), or the login password where there is none"
            }
            Self::Other => "the password",
        }
    }
}

/// Where the password will be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kept {
    Environment(String),
    File(PathBuf),
    Credential(String),
}

/// Everything that was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Answers {
    provider: Provider,
    address: String,
    imap_host: String,
    smtp_host: String,
    password: Kept,
    office: String,
    phone: String,
    staff: Vec<String>,
    storage: PathBuf,
}

/// Asks what was not said, writes the configuration, and says what to do next.
pub(super) fn init(call: &Call, arguments: InitArgs) -> Result<(), Failure> {
    let file = place(call);
    if file.exists() {
        let text =
            format!("{} is there already; nothing was changed. To see what it says: config show", file.display());
        return Err(Failure::Wrong(text));
    }
    let terminal = std::io::stdin().is_terminal();
    let asker = Asker::new(BufReader::new(std::io::stdin()), std::io::stderr(), terminal);
    let answers = ask::answers(arguments, &file, asker)?;
    let written = write::write(&file, &answers)?;
    write::tell(&file, &answers, &written)
}

/// The file that will be written: the named one, or the service's where the service is installed, or one below here.
fn place(call: &Call) -> PathBuf {
    let variable = || std::env::var_os(config::VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
    let service = Path::new(OF_THE_SERVICE);
    let usual = || {
        let installed = service.parent().is_some_and(Path::is_dir);
        if installed { service.to_owned() } else { PathBuf::from("config/mailtally.toml") }
    };
    call.config.clone().or_else(variable).unwrap_or_else(usual)
}

#[cfg(test)]
mod tests;
