//! A connection to a mail server: TCP, TLS, and what to say in plain words when either fails.
//!
//! Both edges that speak to mail servers, `inbox` and `post`, stand on this; it knows neither IMAP nor SMTP, and of
//! the program only `model`.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{self, CertificateError, ClientConfig, RootCertStore};

use crate::model::account::{Account, TlsMode};

/// Why there is no connection. Nothing in it is secret.
#[derive(Debug, Error)]
pub enum WireError {
    #[error("{host} is not known to the name service")]
    UnknownHost { host: String },
    #[error("cannot connect to {host}:{port}: {reason}")]
    Unreachable { host: String, port: u16, reason: String },
    #[error("{host}:{port} did not answer within {seconds} s")]
    Silent { host: String, port: u16, seconds: u64 },
    /// `TlsMode::None` to an address that is not loopback.
    #[error("{host} is not a loopback address: a connection without TLS is refused")]
    PlainNotLoopback { host: String },
    #[error("the certificate of {host} is not to be trusted: {fault}")]
    Certificate { host: String, fault: CertificateFault },
    /// rustls speaks TLS 1.2 and 1.3 without CBC and RSA key exchange; old Coremail servers know nothing newer.
    #[error("{host} offers no TLS that is safe today (it is too old, or this is no TLS port)")]
    OldTls { host: String },
    /// A server too old for any of our suites often just hangs up; so does one that is restarted in this moment.
    #[error("{host} hung up while TLS was agreed on (a bad line, or a server too old for what is safe today)")]
    TlsCut { host: String },
    #[error("TLS with {host} failed: {reason}")]
    Tls { host: String, reason: String },
    #[error("the CA file {path} cannot be used: {reason}")]
    CaFile { path: String, reason: String },
    /// The server refused STARTTLS, or spoke out of turn before TLS stood.
    #[error("{host} does not do STARTTLS: {reason}")]
    StartTls { host: String, reason: String },
}

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CertificateFault {
    #[error("it has expired, or is not valid yet (is this machine's clock right?)")]
    Expired,
    #[error("it was issued for another name")]
    WrongName,
    #[error("nobody this machine trusts has issued it (a ca_file can name the issuer)")]
    UnknownIssuer,
    #[error("it is malformed or revoked, or not meant for servers")]
    Other,
}

/// A stream to a server, protected or (on loopback) not.
pub enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    /// A server played in this process: how hostile servers are tried by the thousand.
    Memory(DuplexStream),
}

/// Dials the server. The address must be loopback where the account says `TlsMode::None`.
///
/// # Errors
/// The name is unknown, nothing answers, or the connection would be plain to another machine.
pub async fn dial(account: &Account, patience: Duration) -> Result<TcpStream, WireError> {
    let host = || account.host.clone();
    let silent = || WireError::Silent { host: host(), port: account.port, seconds: patience.as_secs() };
    let looked_up = tokio::time::timeout(patience, lookup_host((account.host.as_str(), account.port))).await;
    let addresses: Vec<_> = looked_up
        .map_err(|_| silent())?
        .map_err(|_| WireError::UnknownHost { host: host() })?
        .filter(|address| account.tls != TlsMode::None || address.ip().is_loopback())
        .collect();
    if addresses.is_empty() {
        return Err(match account.tls {
            TlsMode::None => WireError::PlainNotLoopback { host: host() },
            TlsMode::Implicit | TlsMode::StartTls => WireError::UnknownHost { host: host() },
        });
    }
    let tcp = tokio::time::timeout(patience, TcpStream::connect(addresses.as_slice()))
        .await
        .map_err(|_| silent())?
        .map_err(|error| WireError::Unreachable { host: host(), port: account.port, reason: error.to_string() })?;
    // Commands are small and wait for an answer: Nagle's delay only costs time. Failing to set it harms nothing.
    let _ = tcp.set_nodelay(true);
    Ok(tcp)
}

/// Lays TLS over a connection and checks the server's certificate against the system's roots and the account's.
///
/// # Errors
/// No trustworthy TLS can be had; the error says why in plain words.
pub async fn secure(tcp: TcpStream, account: &Account, patience: Duration) -> Result<Stream, WireError> {
    let host = || account.host.clone();
    let name = ServerName::try_from(account.host.clone())
        .map_err(|_| WireError::Tls { host: host(), reason: "its name is no host name".to_owned() })?;
    let connector = TlsConnector::from(Arc::new(client_config(account)?));
    match tokio::time::timeout(patience, connector.connect(name, tcp)).await {
        Ok(Ok(stream)) => Ok(Stream::Tls(Box::new(stream))),
        Ok(Err(error)) => Err(tls_error(&account.host, &error)),
        Err(_) => Err(WireError::Silent { host: host(), port: account.port, seconds: patience.as_secs() }),
    }
}

fn client_config(account: &Account) -> Result<ClientConfig, WireError> {
    let mut roots = RootCertStore::empty();
    // A system without its own certificates still reaches a server whose CA file is configured.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = &account.ca_file {
        let broken = |reason: String| WireError::CaFile { path: path.display().to_string(), reason };
        let mut found = 0;
        for certificate in CertificateDer::pem_file_iter(path).map_err(|error| broken(error.to_string()))? {
            let certificate = certificate.map_err(|error| broken(error.to_string()))?;
            roots.add(certificate).map_err(|error| broken(error.to_string()))?;
            found += 1;
        }
        if found == 0 {
            return Err(broken("it holds no certificate".to_owned()));
        }
    }
    // The provider is named here, so that no process-wide default is needed (two of them would panic).
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| WireError::Tls { host: account.host.clone(), reason: error.to_string() })?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn tls_error(host: &str, error: &io::Error) -> WireError {
    let host = host.to_owned();
    let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) else {
        return match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
                WireError::TlsCut { host }
            }
            _ => WireError::Tls { host, reason: error.to_string() },
        };
    };
    match error {
        rustls::Error::InvalidCertificate(certificate) => {
            let fault = match certificate {
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. } => CertificateFault::Expired,
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    CertificateFault::WrongName
                }
                // A signature that does not fit: somebody took the name of an issuer that is trusted, not its key.
                CertificateError::UnknownIssuer | CertificateError::BadSignature => CertificateFault::UnknownIssuer,
                _ => CertificateFault::Other,
            };
            WireError::Certificate { host, fault }
        }
        rustls::Error::PeerIncompatible(_)
        | rustls::Error::InvalidMessage(_)
        | rustls::Error::AlertReceived(
            rustls::AlertDescription::ProtocolVersion | rustls::AlertDescription::HandshakeFailure,
        ) => WireError::OldTls { host },
        other => WireError::Tls { host, reason: printable(other.to_string().as_bytes()) },
    }
}

/// Reads one line without its line end, octet by octet, so that nothing after it is taken: what a stranger slips in
/// before TLS stands meets the handshake, which fails (CVE-2011-0411), and never the protocol behind it.
///
/// # Errors
/// The connection ended, nothing came in time, or the line is longer than 8 KiB.
pub async fn read_line(stream: &mut (impl AsyncRead + Unpin), patience: Duration) -> io::Result<Vec<u8>> {
    const LONGEST: usize = 8192;
    let reading = async {
        let mut line = Vec::new();
        while line.len() < LONGEST {
            match stream.read_u8().await? {
                b'\n' => {
                    if line.last() == Some(&b'\r') {
                        line.pop();
                    }
                    return Ok(line);
                }
                octet => line.push(octet),
            }
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, "a line without end"))
    };
    tokio::time::timeout(patience, reading).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// Writes one line, adding its line end.
///
/// # Errors
/// The connection ended or took nothing in time.
pub async fn write_line(stream: &mut (impl AsyncWrite + Unpin), line: &str, patience: Duration) -> io::Result<()> {
    let writing = async {
        stream.write_all(format!("{line}\r\n").as_bytes()).await?;
        stream.flush().await
    };
    tokio::time::timeout(patience, writing).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// At most 80 characters of printable ASCII from what a server said, for error texts: its words may hold anything.
#[must_use]
pub fn printable(words: &[u8]) -> String {
    const LONGEST: usize = 80;
    let shown = |octet: &u8| if (b' '..=b'~').contains(octet) { char::from(*octet) } else { '?' };
    let mut text: String = words.iter().take(LONGEST).map(shown).collect();
    if words.len() > LONGEST {
        text.push_str("...");
    }
    text
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Memory(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, octets),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, octets),
            Self::Memory(stream) => Pin::new(stream).poll_write(context, octets),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
            Self::Memory(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Memory(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Plain(_) => "Stream::Plain",
            Self::Tls(_) => "Stream::Tls",
            Self::Memory(_) => "Stream::Memory",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(host: &str, tls: TlsMode) -> Account {
        Account {
            host: host.to_owned(),
            port: 9,
            tls,
            username: "office@unit.example".to_owned(),
            password: "secret".into(),
            ca_file: None,
        }
    }

    #[tokio::test]
    async fn no_plain_connection_leaves_the_machine() {
        // 192.0.2.1 is reserved for documentation (RFC 5737); it must not even be dialled.
        let refused = dial(&account("192.0.2.1", TlsMode::None), Duration::from_secs(5)).await;
        assert!(matches!(refused, Err(WireError::PlainNotLoopback { .. })), "{refused:?}");
    }

    #[tokio::test]
    async fn a_line_is_read_and_nothing_behind_it() {
        let mut input: &[u8] = b"220 ready\r\ninjected";
        let line = read_line(&mut input, Duration::from_secs(1)).await.unwrap();
        assert_eq!(line, b"220 ready");
        assert_eq!(input, b"injected");
    }

    #[tokio::test]
    async fn a_line_without_end_is_an_error() {
        let mut input: &[u8] = &vec![b'x'; 10_000];
        let error = read_line(&mut input, Duration::from_secs(1)).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn a_ca_file_without_certificates_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut account = account("mail.unit.example", TlsMode::Implicit);
        account.ca_file = Some(file.path().to_path_buf());
        assert!(matches!(client_config(&account), Err(WireError::CaFile { .. })));
    }

    #[test]
    fn server_words_are_cut_and_made_printable() {
        assert_eq!(printable("登录 no".as_bytes()), "?????? no");
        assert_eq!(printable(&[b'a'; 200]).len(), 83);
    }
}
