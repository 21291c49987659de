//! An IMAP server that behaves as badly as told: as NetEase's and Tencent's do, or worse. Plain, on loopback.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mailtally::model::account::{Account, TlsMode};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// A mail in the one folder the server has.
#[derive(Clone, Debug)]
pub struct ScriptedMail {
    pub uid: u32,
    /// As INTERNALDATE says it.
    pub date: &'static str,
    pub bytes: Vec<u8>,
}

/// How the server behaves. It may be changed while the server runs.
#[derive(Clone, Debug)]
pub struct Script {
    pub capabilities: &'static str,
    /// Wire names of the folders it lists.
    pub folders: Vec<&'static str>,
    pub uid_validity: Option<u32>,
    pub uid_next: bool,
    /// How many times ID must have come before a folder opens: 1 as on 163, more for one that is never content.
    pub ids_wanted: usize,
    pub mails: Vec<ScriptedMail>,
    /// Whether somebody has read all of it already.
    pub seen: bool,
    /// The first command that begins like this is answered so, instead of as usual.
    pub faults: Vec<(&'static str, Fault)>,
}

/// A way to go wrong.
#[derive(Clone, Debug)]
pub enum Fault {
    /// These octets, `TAG` standing for the command's tag.
    Say(Vec<u8>),
    /// These octets, and then the end.
    SayAndHangUp(Vec<u8>),
    /// Nothing, for ever.
    Silence,
    /// These octets, and then a line that answers nothing, again and again; so many milliseconds between two.
    Babble(&'static [u8], u64),
}

impl Default for Script {
    /// As 163 behaves.
    fn default() -> Self {
        Self {
            capabilities: "IMAP4rev1 XLIST SPECIAL-USE LITERAL+ STARTTLS XAPPLEPUSHSERVICE UIDPLUS X-CM-EXT-1 SASL-IR ID",
            folders: vec!["INBOX", "&V4NXPpCuTvY-", "&XfJT0ZAB-"],
            uid_validity: Some(1),
            uid_next: false,
            ids_wanted: 1,
            mails: Vec::new(),
            seen: false,
            faults: Vec::new(),
        }
    }
}

/// The server, until it is dropped.
pub struct ScriptedImap {
    pub script: Arc<Mutex<Script>>,
    /// Every command it got, without tags.
    pub commands: Arc<Mutex<Vec<String>>>,
    /// The most connections that stood at one time.
    pub most_at_once: Arc<AtomicUsize>,
    port: u16,
    task: tokio::task::JoinHandle<()>,
}

impl ScriptedImap {
    pub async fn start(script: Script) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let script = Arc::new(Mutex::new(script));
        let commands = Arc::new(Mutex::new(Vec::new()));
        let most_at_once = Arc::new(AtomicUsize::new(0));
        let most = Arc::clone(&most_at_once);
        let (their_script, their_commands) = (Arc::clone(&script), Arc::clone(&commands));
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                while connections.try_join_next().is_some() {}
                most.fetch_max(connections.len() + 1, Ordering::SeqCst);
                connections.spawn(Connection::serve(stream, Arc::clone(&their_script), Arc::clone(&their_commands)));
            }
        });
        Self { script, commands, most_at_once, port, task }
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

    /// The commands so far that begin like this.
    pub fn commands_like(&self, start: &str) -> Vec<String> {
        self.commands.lock().unwrap().iter().filter(|command| command.starts_with(start)).cloned().collect()
    }
}

impl Drop for ScriptedImap {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Connection {
    input: BufReader<OwnedReadHalf>,
    output: OwnedWriteHalf,
    script: Arc<Mutex<Script>>,
    commands: Arc<Mutex<Vec<String>>>,
    ids: usize,
}

impl Connection {
    async fn serve(stream: TcpStream, script: Arc<Mutex<Script>>, commands: Arc<Mutex<Vec<String>>>) {
        let (input, output) = stream.into_split();
        let mut connection = Self { input: BufReader::new(input), output, script, commands, ids: 0 };
        let _ = connection.converse().await;
    }

    async fn converse(&mut self) -> std::io::Result<()> {
        self.output.write_all(b"* OK Coremail System IMap Server Ready(163com)\r\n").await?;
        let mut line = String::new();
        loop {
            line.clear();
            if self.input.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let Some((tag, command)) = line.trim_end().split_once(' ') else { continue };
            let (tag, command) = (tag.to_owned(), command.to_owned());
            self.commands.lock().unwrap().push(command.clone());
            match self.fault(&command) {
                Some(Fault::Say(words)) => self.output.write_all(&with_tag(&words, &tag)).await?,
                Some(Fault::SayAndHangUp(words)) => return self.output.write_all(&with_tag(&words, &tag)).await,
                Some(Fault::Silence) => {
                    // The connection stays open until the client has had enough.
                    let mut rest = Vec::new();
                    let silence = self.input.read_to_end(&mut rest);
                    return tokio::time::timeout(Duration::from_secs(600), silence).await.map(|_| ()).or(Ok(()));
                }
                Some(Fault::Babble(words, pause)) => {
                    self.output.write_all(words).await?;
                    loop {
                        self.output.write_all(b"* OK still here\r\n").await?;
                        tokio::time::sleep(Duration::from_millis(pause)).await;
                    }
                }
                None => {
                    let answer = self.answer(&tag, &command);
                    self.output.write_all(&answer).await?;
                }
            }
        }
    }

    /// The fault for this command, which happens once.
    fn fault(&self, command: &str) -> Option<Fault> {
        let mut script = self.script.lock().unwrap();
        let at = script.faults.iter().position(|(start, _)| command.starts_with(start))?;
        Some(script.faults.remove(at).1)
    }

    fn answer(&mut self, tag: &str, command: &str) -> Vec<u8> {
        let script = self.script.lock().unwrap().clone();
        let mut words = Vec::new();
        let verb = command.split(' ').next().unwrap().to_ascii_uppercase();
        match verb.as_str() {
            "CAPABILITY" => words.extend(format!("* CAPABILITY {}\r\n", script.capabilities).bytes()),
            "ID" => {
                self.ids += 1;
                words.extend(b"* ID (\"name\" \"Coremail Imap\" \"TransID\" NIL)\r\n");
            }
            "LIST" => {
                for folder in &script.folders {
                    words.extend(format!("* LIST () \"/\" \"{folder}\"\r\n").bytes());
                }
            }
            "SELECT" | "EXAMINE" => {
                if self.ids < script.ids_wanted {
                    let refusal = "NO SELECT Unsafe Login. Please contact kefu@188.com for help\r\n";
                    return format!("{tag} {refusal}").into_bytes();
                }
                words.extend(format!("* {} EXISTS\r\n* 0 RECENT\r\n", script.mails.len()).bytes());
                words.extend(b"* FLAGS (\\Answered \\Seen \\Deleted \\Draft \\Flagged)\r\n");
                if let Some(validity) = script.uid_validity {
                    words.extend(format!("* OK [UIDVALIDITY {validity}] UIDs valid\r\n").bytes());
                }
                if script.uid_next {
                    let next = script.mails.iter().map(|mail| mail.uid).max().unwrap_or(0) + 1;
                    words.extend(format!("* OK [UIDNEXT {next}] next\r\n").bytes());
                }
            }
            "UID" if command.starts_with("UID FETCH") => fetch(&script, command, &mut words),
            _ => {}
        }
        words.extend(format!("{tag} OK {verb} completed\r\n").bytes());
        words
    }
}

fn fetch(script: &Script, command: &str, words: &mut Vec<u8>) {
    let uids = command.split(' ').nth(2).unwrap();
    let last = script.mails.iter().map(|mail| mail.uid).max().unwrap_or(0);
    for (mail, number) in script.mails.iter().zip(1..) {
        let wanted = uids.split(',').any(|range| match range.split_once(':') {
            // `n:*` always means the last mail as well (RFC 3501 §6.4.8).
            Some((from, "*")) => mail.uid >= from.parse::<u32>().unwrap().min(last),
            Some((from, to)) => (from.parse().unwrap()..=to.parse().unwrap()).contains(&mail.uid),
            None => range.parse() == Ok(mail.uid),
        });
        let (uid, date, size) = (mail.uid, mail.date, mail.bytes.len());
        if wanted && command.contains("BODY.PEEK[]") {
            words.extend(format!("* {number} FETCH (UID {uid} BODY[] {{{size}}}\r\n").bytes());
            words.extend(&mail.bytes);
            words.extend(b")\r\n");
        } else if wanted {
            let flags = if script.seen { "\\Seen" } else { "" };
            let listed =
                format!("* {number} FETCH (UID {uid} FLAGS ({flags}) INTERNALDATE \"{date}\" RFC822.SIZE {size})\r\n");
            words.extend(listed.bytes());
        }
    }
}

fn with_tag(words: &[u8], tag: &str) -> Vec<u8> {
    match words.windows(3).position(|window| window == b"TAG") {
        Some(at) => [&words[..at], tag.as_bytes(), &words[at + 3..]].concat(),
        None => words.to_vec(),
    }
}
