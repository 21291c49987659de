//! An SMTP server that answers as told: for what no real server does on request. Plain, on loopback.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mailtally::model::account::{Account, TlsMode};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What it does instead of answering as usual.
#[derive(Clone, Debug)]
pub enum Answer {
    /// These octets; a line end is added.
    Say(&'static [u8]),
    HangUp,
    Silence,
}

/// The server, until it is dropped.
pub struct ScriptedSmtp {
    /// Each command that begins like this (`.` for the end of a letter, empty for the greeting) is answered so; the
    /// first that fits counts.
    pub answers: Arc<Mutex<Vec<(&'static str, Answer)>>>,
    /// Every command it got; of a login only the verb.
    pub commands: Arc<Mutex<Vec<String>>>,
    /// Every letter it took.
    pub letters: Arc<Mutex<Vec<String>>>,
    port: u16,
    task: tokio::task::JoinHandle<()>,
}

impl ScriptedSmtp {
    pub async fn start(answers: &[(&'static str, Answer)]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let answers = Arc::new(Mutex::new(answers.to_vec()));
        let commands = Arc::new(Mutex::new(Vec::new()));
        let letters = Arc::new(Mutex::new(Vec::new()));
        let theirs = (Arc::clone(&answers), Arc::clone(&commands), Arc::clone(&letters));
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (answers, commands, letters) = theirs.clone();
                connections.spawn(async move { converse(stream, &answers, &commands, &letters).await });
            }
        });
        Self { answers, commands, letters, port, task }
    }

    pub fn account(&self) -> Account {
        Account {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            tls: TlsMode::None,
            username: "office@office.example".to_owned(),
            password: "authorisation code".into(),
            ca_file: None,
        }
    }

    pub fn commands_like(&self, start: &str) -> usize {
        self.commands.lock().unwrap().iter().filter(|command| command.starts_with(start)).count()
    }
}

impl Drop for ScriptedSmtp {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn converse(
    stream: TcpStream,
    answers: &Mutex<Vec<(&'static str, Answer)>>,
    commands: &Mutex<Vec<String>>,
    letters: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let (input, mut output) = stream.into_split();
    let mut input = BufReader::new(input);
    let mut letter: Option<String> = None;
    let mut command = String::new();
    loop {
        let told = {
            let answers = answers.lock().unwrap();
            let fits = |(start, _): &&(&str, Answer)| {
                if start.is_empty() { command.is_empty() } else { command.starts_with(start) }
            };
            answers.iter().find(fits).map(|(_, answer)| answer.clone())
        };
        match told {
            Some(Answer::Say(words)) => output.write_all(&[words, b"\r\n"].concat()).await?,
            Some(Answer::HangUp) => return Ok(()),
            Some(Answer::Silence) => {
                let mut rest = Vec::new();
                let _ = tokio::time::timeout(Duration::from_secs(600), input.read_to_end(&mut rest)).await;
                return Ok(());
            }
            None => {
                if let Some(taken) = letter.take_if(|_| command == ".") {
                    letters.lock().unwrap().push(taken);
                }
                output.write_all(usual(&command)).await?;
            }
        }
        if command == "DATA" {
            letter = Some(String::new());
        }
        loop {
            let mut line = String::new();
            if input.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            match &mut letter {
                Some(text) if line != ".\r\n" => text.push_str(&line),
                _ => {
                    command = line.trim_end().to_owned();
                    break;
                }
            }
        }
        let shown = if command.starts_with("AUTH") { "AUTH" } else { &command };
        commands.lock().unwrap().push(shown.to_owned());
    }
}

fn usual(command: &str) -> &'static [u8] {
    match command.split([' ', ':']).next().unwrap_or_default() {
        "" => b"220 163.com Anti-spam GT for Coremail System\r\n",
        "EHLO" => b"250-mail\r\n250-AUTH LOGIN PLAIN\r\n250-coremail 1Uxr2xKj\r\n250 8BITMIME\r\n",
        "AUTH" => b"235 Authentication successful\r\n",
        "DATA" => b"354 End data with <CR><LF>.<CR><LF>\r\n",
        "." => b"250 Mail OK queued as smtp1\r\n",
        "QUIT" => b"221 Bye\r\n",
        _ => b"250 OK\r\n",
    }
}
