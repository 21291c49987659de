//! DKIM (RFC 6376): whether the signatures of From's domain fit a mail, by the keys that domain publishes in DNS.
//!
//! DNS may be slow, dead or lie about nothing being there, so only a key that was found and does not fit is a failure.
//! Whatever else happens is undecided. Signatures of other domains say nothing about From, and are not looked at.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::proto::rr::{Name, RecordType};
use hickory_resolver::system_conf::read_system_conf;
use mail_auth::common::crypto::{Algorithm, CryptoError};
use mail_auth::common::verify::{DomainKey, VerifySignature as _};
use mail_auth::dkim::{DkimError, Signature};
use mail_auth::{AuthenticatedMessage, DkimOutput, DkimResult, Error, MessageAuthenticator, ResolverCache, Txt};

use crate::model::alarm::{Alarm, alarm};
use crate::model::authenticity::{SignatureCheck, aligned};

/// Signatures of From's domain that are verified; a domain rarely writes more than two.
const MOST_SIGNATURES: usize = 4;
/// Header fields of a mail, and octets of its header, beyond which nothing is verified.
const MOST_FIELDS: usize = 1_000;
const LONGEST_HEADER: usize = 1 << 18;
/// Names in one `h=`.
const MOST_SIGNED: usize = 200;
/// Answers kept, each for as long as its TTL allows.
const MOST_ANSWERS: u64 = 1_024;
/// An answer is asked for again after this, whatever its TTL.
const LONGEST_KEPT: Duration = Duration::from_secs(24 * 3600);
/// After so many names in a row without an answer, nobody is asked for a while: a hundred mails must not each wait.
const MOST_UNANSWERED: u32 = 3;
const REST: Duration = Duration::from_secs(120);
/// RFC 8301: signatures by shorter keys prove nothing, and are not verified.
const SHORTEST_KEY: usize = 1_024;
/// The bits the library tells of a key that is not RSA. A key of the other kind is none for a signature.
const ED25519_KEY: usize = usize::MAX;
/// `t=y` of a key record (RFC 6376 §3.6.1): the domain only tries DKIM out, and a failure means nothing.
const TESTING: u64 = 0x10;

/// Whom to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dns {
    /// The resolvers of the machine.
    System,
    /// This one alone.
    Server(SocketAddr),
}

/// Verifies signatures. Cheap to clone; every clone shares what DNS has answered.
#[derive(Clone)]
pub struct Verifier {
    authenticator: MessageAuthenticator,
    patience: Duration,
    unanswered: Arc<Mutex<Unanswered>>,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Verifier").field("patience", &self.patience).finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct Unanswered {
    in_a_row: u32,
    rests_until: Option<Instant>,
}

/// Why nothing can be verified at all.
#[derive(Debug, thiserror::Error)]
#[error("the machine's DNS settings cannot be used: {0}")]
pub struct NoResolver(String);

impl Verifier {
    /// `patience` bounds what verifying one mail may take.
    ///
    /// # Errors
    /// Where the machine names no resolver.
    pub fn new(dns: Dns, patience: Duration) -> Result<Self, NoResolver> {
        let no_resolver = |error: &dyn std::fmt::Display| NoResolver(error.to_string());
        let (config, mut options) = match dns {
            Dns::System => read_system_conf().map_err(|error| no_resolver(&error))?,
            Dns::Server(server) => (one_server(server), ResolverOpts::default()),
        };
        // Two tries, both within the patience.
        options.timeout = patience / 2;
        options.attempts = 1;
        options.cache_size = MOST_ANSWERS;
        options.positive_max_ttl = Some(LONGEST_KEPT);
        options.negative_max_ttl = Some(LONGEST_KEPT);
        let authenticator = MessageAuthenticator::new(config, options).map_err(|error| no_resolver(&error))?;
        Ok(Self { authenticator, patience, unanswered: Arc::default() })
    }

    /// Verifies the signatures of `from`, the domain of From, on this mail. Never takes longer than the patience, and
    /// never fails: what could not be found out is undecided.
    pub async fn verify(&self, mail: Arc<Vec<u8>>, from: &str) -> SignatureCheck {
        let undecided = SignatureCheck::Undecided { domain: from.to_owned() };
        if !may_be_signed(&mail) {
            return SignatureCheck::Unsigned;
        }
        if self.rests() {
            return undecided;
        }
        let (verifier, domain) = (self.clone(), from.to_owned());
        let runtime = tokio::runtime::Handle::current();
        // Apart from the async threads: a large mail takes a while to hash, and what a library makes of a hostile one
        // is nobody's promise.
        let verifying = tokio::task::spawn_blocking(move || runtime.block_on(verifier.verify_all(&mail, &domain)));
        match tokio::time::timeout(self.patience, verifying).await {
            Ok(Ok(check)) => check,
            Ok(Err(_)) => undecided,
            Err(_) => {
                self.note_answer(false);
                undecided
            }
        }
    }

    /// Whether DNS answers anything, in words of what is wrong: for `check --online`.
    ///
    /// # Errors
    /// What the resolver says.
    pub async fn answers(&self) -> Result<(), String> {
        let asking = self.authenticator.resolver().lookup(Name::root(), RecordType::NS);
        match tokio::time::timeout(self.patience, asking).await {
            Ok(Ok(_)) => Ok(()),
            // That there is nothing of this kind is an answer too.
            Ok(Err(error)) if error.is_no_records_found() || error.is_nx_domain() => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {} s", self.patience.as_secs())),
        }
    }

    async fn verify_all(&self, mail: &[u8], from: &str) -> SignatureCheck {
        let Some(mut message) = AuthenticatedMessage::parse(mail) else { return SignatureCheck::Unsigned };
        message.dkim_headers.retain(|field| aligned(from, &field.header.d));
        if message.dkim_headers.is_empty() {
            return SignatureCheck::Unsigned;
        }
        let within_bounds = message.headers.len() <= MOST_FIELDS;
        message
            .dkim_headers
            .retain(|field| within_bounds && field.header.h.len() <= MOST_SIGNED && signs_from(&field.header));
        message.dkim_headers.truncate(MOST_SIGNATURES);
        for field in &mut message.dkim_headers {
            // Neither a report to the signer nor a third party's leave to sign: both ask DNS for more.
            field.header.r = false;
            field.header.atps = None;
        }
        // Signatures that cannot be read are among these, as errors.
        message.errors.clear();
        let mut check = SignatureCheck::Undecided { domain: from.to_owned() };
        for output in self.authenticator.verify_dkim(&message).await {
            let Some(signature) = output.signature() else { continue };
            let domain = signature.d.to_lowercase();
            match output.result() {
                // One signature that fits is enough.
                DkimResult::Pass => {
                    self.note_answer(true);
                    return SignatureCheck::Passed { domain };
                }
                DkimResult::TempError(_) => self.note_answer(false),
                DkimResult::Neutral(_) | DkimResult::Fail(_) if does_not_fit(&output) => {
                    if self.key_decides(signature).await {
                        check = SignatureCheck::Failed { domain };
                    }
                }
                DkimResult::Neutral(_) | DkimResult::Fail(_) | DkimResult::PermError(_) | DkimResult::None => {
                    self.note_answer(true);
                }
            }
        }
        check
    }

    /// Whether the signer's key is there, is no trial, and is of a kind that is verified here: only then does a
    /// signature that does not fit mean anything. The body is compared before the key is asked for.
    async fn key_decides(&self, signature: &Signature) -> bool {
        let none = None::<&NoCache>;
        let key = self.authenticator.txt_lookup::<DomainKey>(signature.domain_key(), none).await;
        self.note_answer(!matches!(&key, Err(Error::Dns(mail_auth::DnsError::Resolver(_)))));
        key.is_ok_and(|key| {
            let fits = match signature.a {
                Algorithm::RsaSha1 | Algorithm::RsaSha256 => {
                    (SHORTEST_KEY..ED25519_KEY).contains(&key.p.public_key_bits())
                }
                Algorithm::Ed25519Sha256 => key.p.public_key_bits() == ED25519_KEY,
            };
            fits && key.f & TESTING == 0
        })
    }

    fn rests(&self) -> bool {
        let unanswered = self.unanswered.lock().unwrap_or_else(PoisonError::into_inner);
        unanswered.rests_until.is_some_and(|until| Instant::now() < until)
    }

    fn note_answer(&self, answered: bool) {
        let mut unanswered = self.unanswered.lock().unwrap_or_else(PoisonError::into_inner);
        unanswered.in_a_row = if answered { 0 } else { unanswered.in_a_row + 1 };
        if unanswered.in_a_row >= MOST_UNANSWERED {
            *unanswered = Unanswered { in_a_row: 0, rests_until: Some(Instant::now() + REST) };
            alarm!(Alarm::DnsSilent, seconds = REST.as_secs());
        }
    }
}

fn one_server(server: SocketAddr) -> ResolverConfig {
    let ip: IpAddr = server.ip();
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = server.port();
        connection
    });
    ResolverConfig::from_parts(None, Vec::new(), vec![NameServerConfig::new(ip, true, connections.into())])
}

/// Whether the header holds a signature at all; most mail of the field's has none, and is not taken apart for it.
fn may_be_signed(mail: &[u8]) -> bool {
    const NAME: &[u8] = b"dkim-signature";
    let mut lines = mail.split(|octet| *octet == b'\n').scan(0_usize, |length, line| {
        *length += line.len() + 1;
        (*length <= LONGEST_HEADER && !line.trim_ascii_end().is_empty()).then_some(line)
    });
    lines.any(|line| line.get(..NAME.len()).is_some_and(|start| start.eq_ignore_ascii_case(NAME)))
}

/// RFC 6376 §5.4: a signature that leaves From out is none.
fn signs_from(signature: &Signature) -> bool {
    signature.h.iter().any(|name| name.eq_ignore_ascii_case("from"))
}

/// Whether the mail is not the one that was signed, rather than that something about the signature is odd. With RSA
/// the library says so; with Ed25519 it passes on whatever its cryptography says, which is always this.
fn does_not_fit(output: &DkimOutput<'_>) -> bool {
    matches!(
        output.result(),
        DkimResult::Neutral(Error::Dkim(DkimError::FailedBodyHashMatch))
            | DkimResult::Fail(
                Error::Crypto(CryptoError::FailedVerification | CryptoError::Library(_))
                    | Error::Dkim(DkimError::FailedAuidMatch)
            )
    )
}

/// The resolver keeps what DNS answered.
struct NoCache;

impl ResolverCache<Box<str>, Txt> for NoCache {
    fn get<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: std::borrow::Borrow<Q>,
        Q: std::hash::Hash + Eq + ?Sized,
    {
        None
    }

    fn remove<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: std::borrow::Borrow<Q>,
        Q: std::hash::Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: Txt, _: Instant) {}
}

#[cfg(test)]
mod tests;
