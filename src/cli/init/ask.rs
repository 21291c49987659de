//! The questions, in their order. Where nobody sits at a terminal, every missing answer is named at once.

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum as _;

use super::{Answers, InitArgs, Kept, OF_THE_SERVICE, Provider};
use crate::cli::Failure;
use crate::cli::history::one_line;
use crate::config::bare_address;

/// How often one question is put.
const MOST_TRIES: usize = 5;

/// Who asks, and what could not be asked.
pub(super) struct Asker<R, W> {
    input: R,
    output: W,
    /// Somebody answers.
    attended: bool,
    missing: Vec<&'static str>,
}

impl<R: BufRead, W: Write> Asker<R, W> {
    pub fn new(input: R, output: W, attended: bool) -> Self {
        Self { input, output, attended, missing: Vec::new() }
    }

    /// The answer given on the command line (`option` is its name), or to the question; an empty one means `usual`.
    fn answer<T>(
        &mut self,
        (option, given): (&'static str, Option<String>),
        question: &str,
        usual: Option<&str>,
        accept: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Failure> {
        if let Some(given) = given {
            return accept(&given).map(Some).map_err(|wrong| Failure::Wrong(format!("{option}: {wrong}")));
        }
        if !self.attended {
            if let Some(usual) = usual {
                return accept(usual).map(Some).map_err(|wrong| Failure::Wrong(format!("{option}: {wrong}")));
            }
            self.missing.push(option);
            return Ok(None);
        }
        for _ in 0..MOST_TRIES {
            let shown = usual.map(|usual| format!(" [{usual}]")).unwrap_or_default();
            write!(self.output, "{question}{shown}: ")?;
            self.output.flush()?;
            let mut line = String::new();
            if self.input.read_line(&mut line)? == 0 {
                break;
            }
            let said = one_line(&line);
            match accept(if said.is_empty() { usual.unwrap_or_default() } else { &said }) {
                Ok(answer) => return Ok(Some(answer)),
                Err(wrong) => writeln!(self.output, "  {wrong}")?,
            }
        }
        Err(Failure::Wrong(format!("no answer to \"{question}\"; nothing was written")))
    }

    fn done<T>(&self, answer: Option<T>) -> Result<T, Failure> {
        let missing = self.missing.join(", ");
        answer.ok_or_else(|| Failure::Wrong(format!("nobody is here to be asked; say {missing}; nothing was written")))
    }
}

/// All answers, from the command line or by asking.
pub(super) fn answers(
    given: InitArgs,
    file: &Path,
    mut asker: Asker<impl BufRead, impl Write>,
) -> Result<Answers, Failure> {
    let named = given.provider.and_then(|provider| Some(provider.to_possible_value()?.get_name().to_owned()));
    let names: Vec<String> = Provider::value_variants()
        .iter()
        .filter_map(|one| Some(one.to_possible_value()?.get_name().to_owned()))
        .collect();
    let question = format!("Who runs the mailbox? ({})", names.join(", "));
    let provider = asker.answer(("--provider", named), &question, None, |said| {
        Provider::from_str(said, true).map_err(|_| format!("one of: {}", names.join(", ")))
    })?;
    let address = asker.answer(("--address", given.address), "The mailbox's address", None, bare_address)?;
    let known = provider.and_then(Provider::hosts);
    let imap_host = host(&mut asker, ("--imap-host", given.imap_host), "Its IMAP server", known.map(|known| known.0))?;
    let smtp_host = host(&mut asker, ("--smtp-host", given.smtp_host), "Its SMTP server", known.map(|known| known.1))?;
    let password = password(&mut asker, (given.password_env, given.password_file, given.password_credential), file)?;
    let office =
        asker.answer(("--office", given.office), "The office's name, as letters are signed", None, some_words)?;
    let phone = asker.answer(("--phone", given.phone), "The telephone number units may call", None, some_words)?;
    let staff = (!given.staff.is_empty()).then(|| given.staff.join(" "));
    let question = "Who gets the digest and the alerts (addresses, separated by blanks)";
    let staff = asker.answer(("--staff", staff), question, None, several_addresses)?;
    let usual = if file == Path::new(OF_THE_SERVICE) { "/var/lib/mailtally" } else { "../data" };
    let storage = given.storage.map(|path| path.display().to_string());
    let question = "The folder of the database and of all mails";
    let storage = asker.answer(("--storage", storage), question, Some(usual), some_words)?;
    Ok(Answers {
        provider: asker.done(provider)?,
        address: asker.done(address)?,
        imap_host: asker.done(imap_host)?,
        smtp_host: asker.done(smtp_host)?,
        password,
        office: asker.done(office)?,
        phone: asker.done(phone)?,
        staff: asker.done(staff)?,
        storage: asker.done(storage)?.into(),
    })
}

/// A host that is not asked for where the provider says it.
fn host(
    asker: &mut Asker<impl BufRead, impl Write>,
    (option, given): (&'static str, Option<String>),
    question: &str,
    known: Option<&str>,
) -> Result<Option<String>, Failure> {
    match (given, known) {
        (None, Some(known)) => Ok(Some(known.to_owned())),
        (given, _) => asker.answer((option, given), question, None, |said| {
            let fits = |sign: char| sign.is_ascii_alphanumeric() || "-.:".contains(sign);
            if !said.is_empty() && said.chars().all(fits) {
                Ok(said.to_owned())
            } else {
                Err("a host name such as mail.unit.example".to_owned())
            }
        }),
    }
}

fn password(
    asker: &mut Asker<impl BufRead, impl Write>,
    given: (Option<String>, Option<PathBuf>, Option<String>),
    file: &Path,
) -> Result<Kept, Failure> {
    match given {
        (Some(name), _, _) => return Ok(Kept::Environment(name)),
        (_, Some(path), _) => return Ok(Kept::File(path)),
        (_, _, Some(name)) => return Ok(Kept::Credential(name)),
        (None, None, None) => {}
    }
    let service = file == Path::new(OF_THE_SERVICE);
    let (question, usual) = if service {
        (
            "Where will the password be? A file's path, env:NAME, or credential:NAME of the service",
            "credential:password",
        )
    } else {
        ("Where will the password be? A file's path, or env:NAME", "env:MAILTALLY_PASSWORD")
    };
    // Without a terminal the usual place is taken.
    let answer = asker.answer(("--password-env", None), question, Some(usual), |said| {
        Ok(match said.split_once(':') {
            Some(("env", name)) => Kept::Environment(name.to_owned()),
            Some(("credential", name)) => Kept::Credential(name.to_owned()),
            _ => Kept::File(PathBuf::from(said)),
        })
    })?;
    asker.done(answer)
}

fn some_words(said: &str) -> Result<String, String> {
    if said.trim().is_empty() { Err("please say it".to_owned()) } else { Ok(said.trim().to_owned()) }
}

fn several_addresses(said: &str) -> Result<Vec<String>, String> {
    let parts = said.split([' ', ',', ';', '；', '，', '、']).map(str::trim).filter(|part| !part.is_empty());
    let addresses = parts.map(bare_address).collect::<Result<Vec<String>, String>>()?;
    if addresses.is_empty() { Err("at least one address".to_owned()) } else { Ok(addresses) }
}
