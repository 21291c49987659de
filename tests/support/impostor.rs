//! A server that is not who it should be, or does not protect what it should: it notes whatever a client confides to it.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// How it deceives.
#[derive(Clone)]
pub enum Deceit {
    /// TLS from the first octet, under this certificate.
    Tls(Arc<ServerConfig>),
    /// Whatever a client says: octets that are no TLS.
    Garbage,
    /// Plain, and STARTTLS is not offered and refused.
    NoStartTls,
    /// Plain, and it claims that nobody needs to log in (RFC 3501 §7.1.4), so that STARTTLS could not follow.
    Preauthenticated,
    /// The connection ends in the middle of the handshake.
    CutHandshake,
}

impl Deceit {
    /// TLS under this certificate and key (PEM).
    pub fn certificate(certificate: &Path, key: &Path) -> Self {
        let chain = CertificateDer::pem_file_iter(certificate).unwrap().map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_file(key).unwrap();
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        Self::Tls(Arc::new(config.with_single_cert(chain, key).unwrap()))
    }
}

/// The server, until it is dropped. It speaks IMAP and SMTP alike: its greeting and its refusals fit both well enough.
pub struct Impostor {
    pub port: u16,
    heard: Arc<Mutex<Vec<u8>>>,
    met: Arc<AtomicUsize>,
    runtime: Option<Runtime>,
}

impl Impostor {
    /// Greets with this line.
    pub fn start(deceit: Deceit, greeting: &'static str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&heard);
        let met = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&met);
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((client, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                let (deceit, noted) = (deceit.clone(), Arc::clone(&noted));
                tokio::spawn(async move { deceive(client, deceit, greeting, &noted).await });
            }
        });
        Self { port, heard, met, runtime: Some(runtime) }
    }

    /// How many connections were made to it.
    pub fn met(&self) -> usize {
        self.met.load(Ordering::Relaxed)
    }

    /// Everything a client said that was not part of a TLS handshake.
    pub fn heard(&self) -> String {
        String::from_utf8_lossy(&self.heard.lock().unwrap()).into_owned()
    }
}

impl Drop for Impostor {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn deceive(mut client: TcpStream, deceit: Deceit, greeting: &str, heard: &Mutex<Vec<u8>>) -> std::io::Result<()> {
    match deceit {
        Deceit::Tls(config) => {
            let stream = TlsAcceptor::from(config).accept(client).await?;
            converse(stream, greeting, heard).await
        }
        Deceit::Garbage => {
            client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n<html>\xB5\xC7\xC2\xBC</html>\r\n").await?;
            let mut hello = Vec::new();
            client.read_to_end(&mut hello).await.map(|_| ())
        }
        Deceit::NoStartTls => converse(client, greeting, heard).await,
        Deceit::Preauthenticated => converse(client, "* PREAUTH welcome", heard).await,
        Deceit::CutHandshake => client.read_u8().await.map(|_| ()),
    }
}

/// Notes what is said, agrees to everything but STARTTLS.
async fn converse(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    greeting: &str,
    heard: &Mutex<Vec<u8>>,
) -> std::io::Result<()> {
    stream.write_all(format!("{greeting}\r\n").as_bytes()).await?;
    let mut line = Vec::new();
    loop {
        let octet = stream.read_u8().await?;
        line.push(octet);
        heard.lock().unwrap().push(octet);
        if octet != b'\n' {
            continue;
        }
        let said = String::from_utf8_lossy(&std::mem::take(&mut line)).trim().to_owned();
        let imap = greeting.starts_with('*');
        let (tag, command) = if imap { said.split_once(' ').unwrap_or(("*", "")) } else { ("", said.as_str()) };
        let answer = match (imap, command.to_ascii_uppercase().as_str()) {
            (true, "STARTTLS") => format!("{tag} BAD unknown command\r\n"),
            (true, "CAPABILITY") => format!("* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n{tag} OK done\r\n"),
            (true, _) => format!("{tag} OK done\r\n"),
            (false, "STARTTLS") => "502 unknown command\r\n".to_owned(),
            (false, hello) if hello.starts_with("EHLO") => "250-mail\r\n250 AUTH PLAIN LOGIN\r\n".to_owned(),
            (false, _) => "235 done\r\n".to_owned(),
        };
        stream.write_all(answer.as_bytes()).await?;
    }
}
