//! Letters over SMTP, command by command, so that it is always known how far a letter had come when something failed.
//!
//! Before the final dot nothing can have been accepted; after it, without an answer, it may or may not have been, and
//! the letter is never simply sent again (mail.md 12). lettre's own transport does not tell these apart, and its
//! timeout covers the connecting alone (lettre#1027): here every wait is bounded.

use std::error::Error as _;
use std::fmt;
use std::future::Future;
use std::io;
use std::time::Duration;

use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::extension::ClientId;
use secrecy::ExposeSecret as _;

use super::compose::is_address;
use super::line::Line;
use super::replies::{self, Stage, classify};
use crate::model::account::{Account, TlsMode};
use crate::model::letter::{Delivery, Letter};
use crate::model::mail::Address;
use crate::wire::{self, Stream, printable};

/// The account that sends, and how long to wait for its server.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    pub account: Account,
    pub patience: SmtpPatience,
}

/// How long to wait for a server.
#[derive(Clone, Copy, Debug)]
pub struct SmtpPatience {
    /// For the connection and TLS.
    pub connect: Duration,
    /// For the answer to each command.
    pub reply: Duration,
    /// For the answer to the final dot; a letter gets a second more for each 64 KiB. RFC 5321 §4.5.3.2 would wait ten
    /// minutes; what is given up here is looked for in the folder of sent mail before anything is sent again.
    pub after_dot: Duration,
}

impl Default for SmtpPatience {
    fn default() -> Self {
        Self { connect: Duration::from_secs(30), reply: Duration::from_secs(60), after_dot: Duration::from_secs(150) }
    }
}

/// A sending account; its connection is kept from letter to letter.
pub struct SmtpPost {
    settings: SmtpSettings,
    connection: Option<AsyncSmtpConnection>,
}

impl SmtpPost {
    /// Dials nothing yet.
    #[must_use]
    pub fn new(settings: SmtpSettings) -> Self {
        Self { settings, connection: None }
    }

    /// Greets and logs in over a connection that stands.
    ///
    /// # Errors
    /// What came instead, as [`Delivery`] sorts it.
    pub async fn over(settings: SmtpSettings, stream: Stream) -> Result<Self, Delivery> {
        let connection = log_in(&settings, Line::new(stream, None, b"")).await?;
        Ok(Self { settings, connection: Some(connection) })
    }

    /// Sends the letter to each recipient in an envelope of its own.
    pub(super) async fn deliver(&mut self, letter: &Letter, from: &Address, mail: &[u8]) -> Delivery {
        let mut outcomes = Vec::new();
        for recipient in &letter.recipients {
            let outcome = match self.send(&from.address, recipient, mail).await {
                Ok(accepted) => accepted,
                Err(refused) => refused,
            };
            // What is about us and not about this recipient would be the same for the next one.
            let hopeless = !matches!(
                outcome,
                Delivery::Accepted { .. }
                    | Delivery::NoSuchRecipient { .. }
                    | Delivery::Hold { .. }
                    | Delivery::Unknown { .. }
            );
            outcomes.push((recipient.clone(), outcome));
            if hopeless {
                break;
            }
        }
        replies::gravest(outcomes)
    }

    /// Logs in and sends nothing.
    pub(super) async fn check(&mut self) -> Result<(), Delivery> {
        self.connected().await.map(|_| ())
    }

    /// QUIT.
    pub(super) async fn close(&mut self) {
        if let Some(mut connection) = self.connection.take() {
            let _ = tokio::time::timeout(Duration::from_secs(2), connection.quit()).await;
        }
    }

    /// One envelope. After any failure but a refused recipient or letter the connection is dropped.
    async fn send(&mut self, from: &str, recipient: &str, mail: &[u8]) -> Result<Delivery, Delivery> {
        if !is_address(from) {
            return Err(Delivery::Stop { reply: "发件地址写法不对".to_owned() });
        }
        if !is_address(recipient) {
            return Err(Delivery::NoSuchRecipient { reply: "收件地址写法不对".to_owned() });
        }
        let SmtpPatience { reply, after_dot, .. } = self.settings.patience;
        let mut connection = self.connected().await?;
        let sender = connection.command(format!("MAIL FROM:<{from}>\r\n"));
        step(Stage::Sender, reply, sender).await?;
        let receiver = connection.command(format!("RCPT TO:<{recipient}>\r\n"));
        if let Err(refused) = step(Stage::Recipient, reply, receiver).await {
            self.keep(connection, &refused);
            return Err(refused);
        }
        let invited = step(Stage::Message, reply, connection.command("DATA\r\n")).await?;
        // Any other answer is one to something else: the server is out of step, and its next word would be taken for its
        // word on the letter.
        if u16::from(invited.code()) != 354 {
            let said = printable(words(invited.message()).as_bytes());
            return Err(Delivery::NotReached {
                reply: format!("the server answers DATA with {} {said}", invited.code()),
            });
        }
        // From here on an end without an answer leaves the letter's fate unknown.
        let patience = after_dot + Duration::from_secs(mail.len() as u64 / (64 * 1024));
        let outcome = match tokio::time::timeout(patience, connection.message(mail)).await {
            Err(_) => Err(Delivery::Unknown { reply: format!("no answer to the letter for {} s", patience.as_secs()) }),
            Ok(Ok(accepted)) => Ok(classify(Stage::Message, accepted.code().into(), &words(accepted.message()))),
            Ok(Err(error)) => Err(match error.status() {
                Some(code) => classify(Stage::Message, code.into(), &said(&error)),
                None => Delivery::Unknown {
                    reply: format!("no answer to the letter: {}", printable(error.to_string().as_bytes())),
                },
            }),
        };
        match &outcome {
            Ok(_) => self.connection = Some(connection),
            Err(refused) => self.keep(connection, refused),
        }
        outcome
    }

    /// Keeps a connection on which only this letter or recipient was refused.
    fn keep(&mut self, connection: AsyncSmtpConnection, refused: &Delivery) {
        if matches!(refused, Delivery::NoSuchRecipient { .. } | Delivery::Hold { .. }) {
            self.connection = Some(connection);
        }
    }

    /// The connection in hand, if it still lives, or a new one after login.
    async fn connected(&mut self) -> Result<AsyncSmtpConnection, Delivery> {
        if let Some(mut connection) = self.connection.take() {
            let alive = tokio::time::timeout(self.settings.patience.reply, connection.command("RSET\r\n")).await;
            if matches!(alive, Ok(Ok(_))) {
                return Ok(connection);
            }
        }
        let line = open(&self.settings.account, self.settings.patience).await?;
        log_in(&self.settings, line).await
    }
}

/// From the greeting to where letters may go.
async fn log_in(settings: &SmtpSettings, line: Line) -> Result<AsyncSmtpConnection, Delivery> {
    let SmtpSettings { account, patience } = settings;
    let hello = ClientId::default();
    let greeted = AsyncSmtpConnection::connect_with_transport(Box::new(line), &hello);
    let mut connection = step(Stage::Greeting, patience.reply, greeted).await?;
    let credentials = Credentials::new(account.username.clone(), account.password.expose_secret().to_owned());
    let offers = connection.server_info();
    // A relay in the office's own house may want no login; one that does says so when the letter comes.
    if DEFAULT_MECHANISMS.iter().any(|mechanism| offers.supports_auth_mechanism(*mechanism)) {
        step(Stage::Login, patience.reply, connection.auth(DEFAULT_MECHANISMS, &credentials)).await?;
    }
    Ok(connection)
}

/// One command and its answer, before the final dot: nothing can have been accepted yet.
async fn step<T>(
    stage: Stage,
    patience: Duration,
    command: impl Future<Output = Result<T, SmtpError>>,
) -> Result<T, Delivery> {
    match tokio::time::timeout(patience, command).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(match error.status() {
            Some(code) => classify(stage, code.into(), &said(&error)),
            // lettre itself will not go on: the server offers no login we know, say.
            None if error.is_client() => Delivery::Stop { reply: printable(error.to_string().as_bytes()) },
            None => Delivery::NotReached { reply: printable(error.to_string().as_bytes()) },
        }),
        Err(_) => Err(Delivery::NotReached { reply: format!("the server said nothing for {} s", patience.as_secs()) }),
    }
}

/// The server's words in an error made of its reply.
fn said(error: &SmtpError) -> String {
    error.source().map(ToString::to_string).unwrap_or_default()
}

fn words<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.collect::<Vec<_>>().join(" ")
}

/// Connects, with TLS as the account says, up to where lettre takes over: at the greeting.
async fn open(account: &Account, patience: SmtpPatience) -> Result<Line, Delivery> {
    let unreached = |error: wire::WireError| Delivery::NotReached { reply: error.to_string() };
    let tcp = wire::dial(account, patience.connect).await.map_err(unreached)?;
    let peer = tcp.peer_addr().ok();
    match account.tls {
        TlsMode::None => Ok(Line::new(Stream::Plain(tcp), peer, b"")),
        TlsMode::Implicit => {
            let stream = wire::secure(tcp, account, patience.connect).await.map_err(unreached)?;
            Ok(Line::new(stream, peer, b""))
        }
        TlsMode::StartTls => {
            let mut stream = Stream::Plain(tcp);
            expect(&mut stream, None, Stage::Greeting, patience).await?;
            expect(&mut stream, Some(&format!("EHLO {}", ClientId::default())), Stage::Greeting, patience).await?;
            expect(&mut stream, Some("STARTTLS"), Stage::Greeting, patience).await?;
            let Stream::Plain(tcp) = stream else {
                return Err(Delivery::NotReached { reply: "TLS twice".to_owned() });
            };
            let stream = wire::secure(tcp, account, patience.connect).await.map_err(unreached)?;
            // There is no second greeting behind STARTTLS; lettre wants one and gets it from here.
            Ok(Line::new(stream, peer, b"220 TLS\r\n"))
        }
    }
}

/// One command and its answer before TLS, in bounded time however slowly the answer comes.
async fn expect(
    stream: &mut Stream,
    command: Option<&str>,
    stage: Stage,
    patience: SmtpPatience,
) -> Result<(), Delivery> {
    let seconds = patience.reply.as_secs();
    let unfinished = Delivery::NotReached { reply: format!("no whole answer within {seconds} s") };
    let asked = asked(stream, command, stage, patience);
    tokio::time::timeout(patience.reply, asked).await.unwrap_or(Err(unfinished))
}

async fn asked(
    stream: &mut Stream,
    command: Option<&str>,
    stage: Stage,
    patience: SmtpPatience,
) -> Result<(), Delivery> {
    const MOST_LINES: usize = 50;
    let failed = |error: io::Error| Delivery::NotReached { reply: error.to_string() };
    if let Some(command) = command {
        wire::write_line(stream, command, patience.reply).await.map_err(failed)?;
    }
    for _ in 0..MOST_LINES {
        let line = wire::read_line(stream, patience.reply).await.map_err(failed)?;
        let line = String::from_utf8_lossy(&line).into_owned();
        if line.chars().nth(3) == Some('-') {
            continue;
        }
        let code = line.get(..3).and_then(|digits| digits.parse::<u16>().ok()).unwrap_or(0);
        return match (code, command) {
            (200..300, _) => Ok(()),
            // Never on without TLS, whatever the server thinks of it.
            (_, Some("STARTTLS")) | (0..400, _) => {
                Err(Delivery::NotReached { reply: format!("no STARTTLS: {}", printable(line.as_bytes())) })
            }
            (code, _) => Err(classify(stage, code, line.get(4..).unwrap_or_default())),
        };
    }
    Err(Delivery::NotReached { reply: "an answer without end".to_owned() })
}

impl fmt::Debug for SmtpPost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let connected = self.connection.is_some();
        formatter.debug_struct("SmtpPost").field("settings", &self.settings).field("connected", &connected).finish()
    }
}
