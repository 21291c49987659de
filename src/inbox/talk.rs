//! One logged-in connection: a command out, its whole answer in, every status checked and every wait bounded.
//!
//! The library reports failures as success (async-imap 0.12: a tagged NO on FETCH is silent, the end of the connection
//! looks like the end of the answer), so nothing here uses more of it than sending a command and parsing a response.

use std::collections::HashSet;
use std::io;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use async_imap::imap_proto::{RequestId, Response, Status};
use async_imap::{Authenticator, Client};
use futures_util::FutureExt as _;
use secrecy::ExposeSecret as _;

use super::guard::Guard;
use super::{ImapSettings, InboxError, Patience, quirks};
use crate::model::account::{Account, TlsMode};
use crate::wire::{self, Stream, WireError, printable};

/// How a command ended. BAD counts as NO: either way it was not done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Ok,
    No(String),
}

impl Outcome {
    /// NO as an error.
    pub fn or_declined(self, command: &'static str) -> Result<(), InboxError> {
        match self {
            Self::Ok => Ok(()),
            Self::No(said) => Err(InboxError::Declined { command, said }),
        }
    }
}

/// A piece of an answer.
pub(super) enum Answer<T> {
    Untagged(T),
    /// The answer is whole.
    Done(Outcome),
}

/// A connection after LOGIN.
pub(super) struct Talk {
    session: async_imap::Session<Guard<Stream>>,
    pub patience: Patience,
    /// Upper case.
    capabilities: HashSet<String>,
    /// A command was broken off or failed: what comes next on this connection could belong to anything.
    spent: bool,
}

impl Talk {
    /// Dials, protects, greets, logs in.
    pub async fn open(settings: &ImapSettings) -> Result<Self, InboxError> {
        let account = &settings.account;
        let tcp = wire::dial(account, settings.patience.connect).await?;
        let stream = match account.tls {
            TlsMode::Implicit => wire::secure(tcp, account, settings.patience.connect).await?,
            TlsMode::StartTls | TlsMode::None => Stream::Plain(tcp),
        };
        Self::over(stream, settings).await
    }

    /// Greets and logs in over a connection that stands.
    pub async fn over(stream: Stream, settings: &ImapSettings) -> Result<Self, InboxError> {
        let account = &settings.account;
        let patience = settings.patience;
        let (stream, offers) = within("the greeting", patience.command, greet(stream, account, patience)).await?;
        let client = Client::new(Guard::new(stream, patience.silence));
        let login = AssertUnwindSafe(log_in(client, account, &offers)).catch_unwind();
        let session = match tokio::time::timeout(patience.command, login).await {
            Err(_) => Err(InboxError::Silent { command: "LOGIN", seconds: patience.command.as_secs() }),
            Ok(Err(_)) => Err(InboxError::Protocol { command: "LOGIN", said: "(not to be parsed)".to_owned() }),
            Ok(Ok(outcome)) => outcome,
        }?;
        let mut talk = Self { session, patience, capabilities: HashSet::new(), spent: false };
        talk.ask_capabilities().await?;
        Ok(talk)
    }

    /// Whether the server advertised this after LOGIN.
    pub fn can(&self, capability: &str) -> bool {
        self.capabilities.contains(capability)
    }

    /// A server may offer more after LOGIN than before.
    async fn ask_capabilities(&mut self) -> Result<(), InboxError> {
        let mut capabilities = HashSet::new();
        let asked = self.command("CAPABILITY", "CAPABILITY", |response| {
            if let Response::Capabilities(offered) = response {
                capabilities.extend(offered.iter().map(capability_name));
            }
        });
        asked.await?.or_declined("CAPABILITY")?;
        self.capabilities = capabilities;
        Ok(())
    }

    /// Sends a command and hands every untagged response to `on` until the tagged one.
    ///
    /// Dropped half-way, or after an error, the connection is spent.
    pub async fn command(
        &mut self,
        name: &'static str,
        line: &str,
        on: impl FnMut(&Response<'_>) + Send,
    ) -> Result<Outcome, InboxError> {
        self.command_within(name, line, self.patience.command, on).await
    }

    /// As `command`, with another bound on the whole answer.
    pub async fn command_within(
        &mut self,
        name: &'static str,
        line: &str,
        bound: Duration,
        on: impl FnMut(&Response<'_>) + Send,
    ) -> Result<Outcome, InboxError> {
        let silence = self.patience.silence;
        self.guard().set_silence(silence);
        let answer = async {
            let tag = self.send(name, line).await?;
            self.answer(name, &tag, on).await
        };
        within(name, bound, answer).await
    }

    /// Sends a command; its answer must be taken with `answer`.
    pub async fn send(&mut self, name: &'static str, line: &str) -> Result<RequestId, InboxError> {
        if self.spent {
            return Err(InboxError::Closed { command: name, said: "an earlier command was broken off".to_owned() });
        }
        self.spent = true;
        self.guard().begin_answer();
        match self.session.run_command(line).await {
            Ok(tag) => Ok(tag),
            Err(async_imap::error::Error::Io(error)) => Err(self.failure(name, &error)),
            Err(_) => Err(InboxError::Protocol { command: name, said: "the command cannot be sent".to_owned() }),
        }
    }

    /// Takes the answer to the command with this tag.
    pub async fn answer(
        &mut self,
        name: &'static str,
        tag: &RequestId,
        mut on: impl FnMut(&Response<'_>) + Send,
    ) -> Result<Outcome, InboxError> {
        loop {
            match self.next(name, tag, &mut on).await? {
                Answer::Untagged(()) => {}
                Answer::Done(outcome) => return Ok(outcome),
            }
        }
    }

    /// Takes the next piece of the answer to the command with this tag: what `look` makes of it, or how it ended.
    pub async fn next<T>(
        &mut self,
        name: &'static str,
        tag: &RequestId,
        look: impl FnOnce(&Response<'_>) -> T,
    ) -> Result<Answer<T>, InboxError> {
        let answer = self.response(name, |response| match response {
            Response::Done { tag: theirs, status, outcome } if theirs == tag => {
                let said = printable(outcome.information.as_deref().unwrap_or_default().as_bytes());
                Answer::Done(if *status == Status::Ok { Outcome::Ok } else { Outcome::No(said) })
            }
            other => Answer::Untagged(look(other)),
        });
        let answer = answer.await?;
        if matches!(answer, Answer::Done(_)) {
            self.spent = false;
        }
        Ok(answer)
    }

    /// Waits for one response and shows it to `look`. Safe to be dropped while waiting. BYE and the end of the
    /// connection are errors.
    pub async fn response<T>(
        &mut self,
        name: &'static str,
        look: impl FnOnce(&Response<'_>) -> T,
    ) -> Result<T, InboxError> {
        // imap-proto panics on some answers: that ends this connection, not the program.
        let read = AssertUnwindSafe(self.session.read_response()).catch_unwind().await;
        match read {
            Err(_) => Err(InboxError::Protocol { command: name, said: printable(self.guard().last_line()) }),
            Ok(Err(error)) => Err(self.failure(name, &error)),
            Ok(Ok(None)) => Err(InboxError::Closed { command: name, said: "without a word".to_owned() }),
            Ok(Ok(Some(data))) => match data.parsed() {
                Response::Data { status: Status::Bye, outcome } => {
                    let said = printable(outcome.information.as_deref().unwrap_or_default().as_bytes());
                    Err(InboxError::Closed { command: name, said })
                }
                response => Ok(look(response)),
            },
        }
    }

    /// Sends a line without a tag: `DONE`.
    pub async fn send_untagged(&mut self, name: &'static str, line: &str) -> Result<(), InboxError> {
        match self.session.run_command_untagged(line).await {
            Ok(()) => Ok(()),
            Err(async_imap::error::Error::Io(error)) => Err(self.failure(name, &error)),
            Err(_) => Err(InboxError::Protocol { command: name, said: "the line cannot be sent".to_owned() }),
        }
    }

    pub fn guard(&mut self) -> &mut Guard<Stream> {
        self.session.as_mut()
    }

    /// The library's parse errors carry its whole buffer, mail and all: only the last line's start is told.
    fn failure(&mut self, command: &'static str, error: &io::Error) -> InboxError {
        let silence = self.patience.silence;
        failure(command, error, self.guard().last_line(), silence)
    }
}

/// An exchange with a bound on the whole of it: a server that says a little now and then is never silent, and never done.
pub(super) async fn within<T>(
    command: &'static str,
    bound: Duration,
    exchange: impl Future<Output = Result<T, InboxError>>,
) -> Result<T, InboxError> {
    let seconds = bound.as_secs();
    tokio::time::timeout(bound, exchange).await.unwrap_or(Err(InboxError::Silent { command, seconds }))
}

fn failure(command: &'static str, error: &io::Error, last_line: &[u8], silence: Duration) -> InboxError {
    match error.kind() {
        io::ErrorKind::TimedOut => InboxError::Silent { command, seconds: silence.as_secs() },
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::NotConnected => InboxError::Closed { command, said: "in the middle of it".to_owned() },
        _ => InboxError::Protocol { command, said: printable(last_line) },
    }
}

fn capability_name(capability: &async_imap::imap_proto::Capability<'_>) -> String {
    use async_imap::imap_proto::Capability;
    match capability {
        Capability::Imap4rev1 => "IMAP4REV1".to_owned(),
        Capability::Auth(mechanism) => format!("AUTH={}", mechanism.to_ascii_uppercase()),
        Capability::Atom(atom) => atom.to_ascii_uppercase(),
    }
}

/// Connects up to the point where LOGIN may be sent, and tells what the server offers (upper case).
async fn greet(
    mut stream: Stream,
    account: &Account,
    patience: Patience,
) -> Result<(Stream, HashSet<String>), InboxError> {
    let greeting = wire::read_line(&mut stream, patience.silence)
        .await
        .map_err(|error| failure("the greeting", &error, b"", patience.silence))?;
    if !greeting.to_ascii_uppercase().starts_with(b"* OK") {
        let said = printable(&greeting);
        let begins = |start: &[u8]| greeting.to_ascii_uppercase().starts_with(start);
        return Err(match account.tls {
            // Logged in already, STARTTLS could not follow (RFC 3501 §6.2.1): nobody must get around TLS this way.
            TlsMode::StartTls if begins(b"* PREAUTH") => {
                WireError::StartTls { host: account.host.clone(), reason: said }.into()
            }
            _ if begins(b"* BYE") => InboxError::Busy { said },
            _ => InboxError::Protocol { command: "the greeting", said },
        });
    }
    if account.tls == TlsMode::StartTls {
        let (_, done) = raw(&mut stream, "STARTTLS", patience).await?;
        if !done.starts_with("OK") {
            let reason = printable(done.as_bytes());
            return Err(WireError::StartTls { host: account.host.clone(), reason }.into());
        }
        if let Stream::Plain(tcp) = stream {
            stream = wire::secure(tcp, account, patience.connect).await?;
        }
    }
    let (lines, _) = raw(&mut stream, "CAPABILITY", patience).await?;
    let offers = lines
        .iter()
        .filter_map(|line| line.strip_prefix("* CAPABILITY "))
        .flat_map(|words| words.split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    Ok((stream, offers))
}

/// A command of one line with an answer of a few lines, before the library takes over. Upper case; the tag is cut off
/// the last line.
async fn raw(
    stream: &mut Stream,
    command: &'static str,
    patience: Patience,
) -> Result<(Vec<String>, String), InboxError> {
    const MOST_LINES: usize = 50;
    let failed = |error: io::Error| failure(command, &error, b"", patience.silence);
    wire::write_line(stream, &format!("M0 {command}"), patience.silence).await.map_err(failed)?;
    let mut lines = Vec::new();
    while lines.len() < MOST_LINES {
        let line = wire::read_line(stream, patience.silence).await.map_err(failed)?;
        let line = String::from_utf8_lossy(&line).to_ascii_uppercase();
        match line.strip_prefix("M0 ") {
            Some(done) => return Ok((lines, done.to_owned())),
            None => lines.push(line),
        }
    }
    Err(InboxError::Protocol { command, said: "an answer without end".to_owned() })
}

/// LOGIN; AUTHENTICATE PLAIN only where LOGIN is forbidden, because 163 and QQ do LOGIN best.
async fn log_in(
    client: Client<Guard<Stream>>,
    account: &Account,
    offers: &HashSet<String>,
) -> Result<async_imap::Session<Guard<Stream>>, InboxError> {
    let password = account.password.expose_secret();
    let outcome = if offers.contains("LOGINDISABLED") && offers.contains("AUTH=PLAIN") {
        client.authenticate("PLAIN", Plain { username: &account.username, password }).await
    } else {
        client.login(&account.username, password).await
    };
    outcome.map_err(|(error, mut client)| {
        use async_imap::error::Error;
        match error {
            Error::No(said) | Error::Bad(said) => refused(&said),
            Error::Validate(_) => refused("user name or password holds a line break"),
            Error::ConnectionLost => {
                InboxError::Closed { command: "LOGIN", said: printable(client.get_mut().last_line()) }
            }
            Error::Io(error) => {
                let guard = client.get_mut();
                // A refusal the library could not parse is a refusal all the same: trying on would lock the account.
                let line = printable(guard.last_line());
                match line.split_once(' ') {
                    Some((tag, rest)) if tag.starts_with('A') && rest.to_ascii_uppercase().starts_with("NO") => {
                        refused(rest)
                    }
                    _ => failure("LOGIN", &error, guard.last_line(), Duration::from_secs(60)),
                }
            }
            _ => InboxError::Protocol { command: "LOGIN", said: printable(client.get_mut().last_line()) },
        }
    })
}

fn refused(said: &str) -> InboxError {
    let said = printable(said.as_bytes());
    match quirks::is_busy(&said) {
        true => InboxError::Busy { said },
        false => InboxError::Refused { said },
    }
}

/// SASL PLAIN (RFC 4616).
struct Plain<'a> {
    username: &'a str,
    password: &'a str,
}

impl Authenticator for Plain<'_> {
    type Response = String;

    fn process(&mut self, _challenge: &[u8]) -> String {
        format!("\0{}\0{}", self.username, self.password)
    }
}
