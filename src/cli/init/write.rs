//! The configuration made from the answers: put together beside its place, read back, and only then put there.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::{Answers, Kept, OF_THE_SERVICE, Provider};
use crate::cli::Failure;
use crate::cli::campaign_text::{quoted, with_value};
use crate::cli::history::one_line;
use crate::config;
use crate::demo::embedded;

/// The roster of the sample collection. It names nobody real, so no mail is taken for a return and nobody is written to.
const NOBODY: &str = "code,name,group,aliases,emails,phone,contact\nS00,示例单位,示例,,,,\n";

/// What was written.
#[derive(Debug)]
pub(super) struct Written {
    /// The sample collection's folder; `None` where there were collections already.
    sample: Option<PathBuf>,
}

/// Writes the main file, and a sample collection where there is none.
pub(super) fn write(file: &Path, answers: &Answers) -> Result<Written, Failure> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    // Beside the place it goes to, so that relative paths mean the same.
    let draft = folder.join(format!(".init-{}.toml", std::process::id()));
    let campaigns = folder.join("campaigns");
    let mut made = None;
    let done = (|| {
        if !campaigns.is_dir() {
            fs::create_dir(&campaigns).with_context(|| campaigns.display().to_string())?;
            made = Some(campaigns.clone());
            sample(&campaigns, answers)?;
        }
        new_file(&draft, &main_file(answers), 0o640)?;
        config::load(&draft)?;
        // Fails where somebody else has put a file there meanwhile.
        fs::hard_link(&draft, file).with_context(|| file.display().to_string())?;
        Ok(Written { sample: made.as_ref().map(|folder| folder.join(embedded::CAMPAIGN_ID)) })
    })();
    let _ = fs::remove_file(&draft);
    if let (Err(_), Some(made)) = (&done, &made) {
        let _ = fs::remove_dir_all(made);
    }
    done
}

/// The example of the provider with the answers in it; its comments stay.
fn main_file(answers: &Answers) -> String {
    let Answers { provider, address, imap_host, smtp_host, password, office, staff, storage, .. } = answers;
    let password = match password {
        Kept::Environment(name) => ("password_env", quoted(name)),
        Kept::File(path) => ("password_file", quoted(&path.display().to_string())),
        Kept::Credential(name) => ("password_credential", quoted(name)),
    };
    let from = quoted(&format!("{} <{address}>", office.replace(['<', '>', '"'], "")));
    let staff = format!("[{}]", staff.iter().map(|one| quoted(one)).collect::<Vec<_>>().join(", "));
    let mut section = String::new();
    let mut text = String::new();
    for line in provider.example().lines() {
        if line.starts_with('[') {
            section = line.trim_matches(['[', ']']).to_owned();
        }
        let key = line.split_once('=').map(|(key, _)| key.trim()).unwrap_or_default();
        let line = match (section.as_str(), key) {
            ("storage", "dir") => with_value(line, &quoted(&storage.display().to_string())),
            ("mailbox", "host") => with_value(line, &quoted(imap_host)),
            ("smtp", "host") => with_value(line, &quoted(smtp_host)),
            ("mailbox" | "smtp", "username") => with_value(line, &quoted(address)),
            ("mailbox" | "smtp", "password_env") => {
                with_value(&line.replacen("password_env", password.0, 1), &password.1)
            }
            ("smtp", "from") => with_value(line, &from),
            ("staff", "digest_to" | "alert_to") => with_value(line, &staff),
            _ => line.to_owned(),
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// The sample collection under the office's name. Its time is long over and its roster names nobody.
fn sample(campaigns: &Path, answers: &Answers) -> Result<(), Failure> {
    let folder = campaigns.join(embedded::CAMPAIGN_ID);
    fs::create_dir(&folder).with_context(|| folder.display().to_string())?;
    for (name, content) in embedded::CAMPAIGN {
        let text = match name {
            "campaign.toml" => with_contact(content, answers),
            "units.csv" => NOBODY.to_owned(),
            _ => content.to_owned(),
        };
        new_file(&folder.join(name), &text, 0o640)?;
    }
    Ok(())
}

fn with_contact(text: &str, answers: &Answers) -> String {
    let mut section = String::new();
    let mut lines = String::new();
    for line in text.lines() {
        if line.starts_with('[') {
            section = line.trim_matches(['[', ']']).to_owned();
        }
        let key = line.split_once('=').map(|(key, _)| key.trim()).unwrap_or_default();
        let line = match (section.as_str(), key) {
            ("", "office") => with_value(line, &quoted(&answers.office)),
            ("contact", "phone") => with_value(line, &quoted(&answers.phone)),
            ("contact", "email") => with_value(line, &quoted(&answers.address)),
            _ => line.to_owned(),
        };
        lines.push_str(&line);
        lines.push('\n');
    }
    lines
}

fn new_file(path: &Path, text: &str, mode: u32) -> Result<(), Failure> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .with_context(|| path.display().to_string())?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).with_context(|| path.display().to_string())?;
    Ok(())
}

/// What to do next.
pub(super) fn tell(file: &Path, answers: &Answers, written: &Written) -> Result<(), Failure> {
    let service = file == Path::new(OF_THE_SERVICE);
    let mailtally = if service || file == Path::new("config/mailtally.toml") {
        "mailtally".to_owned()
    } else {
        format!("mailtally -c {}", file.display())
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "Written: {}", file.display())?;
    if let Some(sample) = &written.sample {
        writeln!(out, "Written: {}, a sample whose time is over and whose roster names nobody", sample.display())?;
    }
    writeln!(out, "\nNext:")?;
    writeln!(out, "1. {}", password_step(answers, service))?;
    if matches!(answers.provider, Provider::NetEase163 | Provider::NetEase126 | Provider::Qq | Provider::Exmail) {
        writeln!(out, "   In the web mail: switch on IMAP/SMTP, choose 收取全部邮件, switch 自动回复 off.")?;
    }
    writeln!(out, "2. Look whether everything works: {}", check_step(answers, service, &mailtally))?;
    writeln!(out, "3. Make this year's collection from the sample, with its own dates and roster:")?;
    writeln!(out, "   {mailtally} campaign new ID --from {} --deadline DATE", embedded::CAMPAIGN_ID)?;
    writeln!(out, "   {mailtally} unit import LIST.xlsx --campaign ID")?;
    writeln!(out, "   Then edit campaign.toml, form.toml and the letters in its folder, and `{mailtally} check`.")?;
    let start = if service { "systemctl enable --now mailtally".to_owned() } else { format!("{mailtally} run") };
    writeln!(out, "4. Start it: {start}")?;
    Ok(())
}

fn password_step(answers: &Answers, service: bool) -> String {
    let what = answers.provider.password();
    match &answers.password {
        Kept::Environment(name) if service => {
            format!("Put {what} into /etc/mailtally/secrets.env (mode 600): {}=…", one_line(name))
        }
        Kept::Environment(name) => format!("Set the environment variable {} to {what}.", one_line(name)),
        Kept::File(path) => format!("Put {what} into {} (mode 600).", path.display()),
        Kept::Credential(name) => {
            format!("Put {what} into /etc/mailtally/{name} (mode 600), which the service loads as {name}.")
        }
    }
}

fn check_step(answers: &Answers, service: bool, mailtally: &str) -> String {
    if !service {
        return format!("{mailtally} check --online");
    }
    let secret = match &answers.password {
        Kept::Environment(_) => "-p EnvironmentFile=/etc/mailtally/secrets.env ".to_owned(),
        Kept::File(_) => String::new(),
        Kept::Credential(name) => format!("-p LoadCredential={name}:/etc/mailtally/{name} "),
    };
    format!("systemd-run --pipe --wait --uid=mailtally {secret}mailtally check --online")
}
