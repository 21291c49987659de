//! How to reach a mail server: the same few facts for IMAP and SMTP.

use std::path::PathBuf;

use secrecy::SecretString;

/// An account on a server.
#[derive(Clone, Debug)]
pub struct Account {
    pub host: String,
    pub port: u16,
    pub tls: TlsMode,
    pub username: String,
    /// Never shown: `SecretString` prints as redacted.
    pub password: SecretString,
    /// A PEM file whose certificates are trusted as well as the system's.
    pub ca_file: Option<PathBuf>,
}

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsMode {
    /// TLS from the first byte (993, 465).
    Implicit,
    /// Plain, then STARTTLS, which must succeed.
    StartTls,
    /// Plain; only to a loopback address.
    None,
}
