//! Mail signed with keys made here, against a DNS server of the test on a loopback port.

use std::net::UdpSocket;
use std::sync::atomic::{AtomicUsize, Ordering};

use mail_auth::common::crypto::Ed25519Key;
use mail_auth::common::headers::HeaderWriter as _;
use mail_auth::dkim::DkimSigner;

use super::*;

const PATIENCE: Duration = Duration::from_secs(4);
/// A mail and its key as a provider with a short RSA key writes them; ring signs with longer ones only.
const RSA_SIGNATURE: &str = "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=ls.example; s=rsa; h=From:Subject; bh=NmN1q9Svd3/wCGUf1hjSbrexaA2WLhjtHbY3eT2qrMg=; b=nDQ3XOx8yvjij03hxhFh701UkEE3NDHszYOG//HvA191NgLtv9MG6B367TywbAsbDdvd3DJ/AP2cWZO4Cq4WShJiywF/WW+VucdhpekZsNXXysB5OcDioBBrtxEmyo6DgLZa1vdij8Lxc7zKxtf5HZBpo+WkfufxXcZSFUOI+H8=\r\n";
const RSA_KEY: &str = "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC1GRuQl+SN/awZzvHA0MslKYFpN3fw/Tu8bnX1AxT4QoSACni+8mIQoeIg7L9KNxvijpPeKxEOCRlD6UWaAjbvP/3rBoctcmBKpMvkDDhJIhohF3jyoXjFBLqG4OQ9b0LIGP057kKwZ6K9wVuewUgJLLH/BuOubN3ZC4fQjwGGZQIDAQAB";
const WEAK_RSA_KEY: &str = "v=DKIM1; k=rsa; p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBANFDLtL1k5FzriM257S+8i4MuopLCwgTcQ/yXHoHO2+WTmjgssTOzEgD3PCY21+bG7qG9cB72y5kn3WDVLYMbsECAwEAAQ==";
const MAIL: &str = "From: office@ls.example\r\nSubject: return\r\n\r\nreport\r\n";

/// What the server of the test does with a question.
#[derive(Clone)]
enum Answers {
    /// These names have these texts, the others do not exist.
    With(Vec<(&'static str, String)>),
    /// As above, but only after this time.
    Late(Duration, Vec<(&'static str, String)>),
    Never,
    /// The server itself is in trouble (SERVFAIL).
    Trouble,
}

struct DnsServer {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
}

impl DnsServer {
    fn start(answers: Answers) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        std::thread::spawn(move || {
            let mut buffer = [0_u8; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                count.fetch_add(1, Ordering::SeqCst);
                let question = buffer[..length].to_vec();
                let answer = match &answers {
                    Answers::With(names) => answer(&question, names),
                    Answers::Late(time, names) => {
                        std::thread::sleep(*time);
                        answer(&question, names)
                    }
                    Answers::Never => continue,
                    Answers::Trouble => reply(&question, 2, &[]),
                };
                let _ = socket.send_to(&answer, from);
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn verifier(&self, patience: Duration) -> Verifier {
        Verifier::new(Dns::Server(self.address), patience).unwrap()
    }
}

/// The name asked for, and where the question ends (RFC 1035 §4.1.2).
fn question(message: &[u8]) -> (String, usize) {
    let (mut at, mut labels) = (12, Vec::new());
    while message[at] != 0 {
        let length = usize::from(message[at]);
        labels.push(String::from_utf8_lossy(&message[at + 1..at + 1 + length]).to_lowercase());
        at += 1 + length;
    }
    (labels.join("."), at + 5)
}

fn answer(message: &[u8], names: &[(&str, String)]) -> Vec<u8> {
    let (name, _) = question(message);
    match names.iter().find(|(known, _)| *known == name) {
        Some((_, text)) => reply(message, 0, &[text]),
        None => reply(message, 3, &[]),
    }
}

fn reply(message: &[u8], code: u8, texts: &[&String]) -> Vec<u8> {
    let (_, end) = question(message);
    let mut reply = message[..2].to_vec();
    reply.extend([0x81, 0x80 | code, 0, 1, 0, u8::try_from(texts.len()).unwrap(), 0, 0, 0, 0]);
    reply.extend(&message[12..end]);
    for text in texts {
        let mut strings = Vec::new();
        for part in text.as_bytes().chunks(200) {
            strings.push(u8::try_from(part.len()).unwrap());
            strings.extend(part);
        }
        reply.extend([0xC0, 12, 0, 16, 0, 1, 0, 0, 2, 88]);
        reply.extend(u16::try_from(strings.len()).unwrap().to_be_bytes());
        reply.extend(strings);
    }
    reply
}

/// A key made for this test, with the text its domain publishes.
fn key() -> (Ed25519Key, String) {
    let key = Ed25519Key::from_pkcs8_der(&Ed25519Key::generate_pkcs8().unwrap()).unwrap();
    let text = format!("v=DKIM1; k=ed25519; p={}", data_encoding::BASE64.encode(&key.public_key()));
    (key, text)
}

fn signed(key: Ed25519Key, domain: &str, mail: &str) -> String {
    let signer = DkimSigner::from_key(key).domain(domain).selector("s1").headers(["From", "Subject"]);
    format!("{}{mail}", signer.sign(mail.as_bytes()).unwrap().to_header())
}

fn bytes(mail: &str) -> Arc<Vec<u8>> {
    Arc::new(mail.as_bytes().to_vec())
}

fn undecided() -> SignatureCheck {
    SignatureCheck::Undecided { domain: "ls.example".to_owned() }
}

fn passed(domain: &str) -> SignatureCheck {
    SignatureCheck::Passed { domain: domain.to_owned() }
}

fn failed() -> SignatureCheck {
    SignatureCheck::Failed { domain: "ls.example".to_owned() }
}

#[tokio::test]
async fn a_signature_that_fits_passes_and_an_altered_mail_fails() {
    let (key, text) = key();
    let server = DnsServer::start(Answers::With(vec![("s1._domainkey.ls.example", text)]));
    let verifier = server.verifier(PATIENCE);
    let mail = signed(key, "ls.example", MAIL);
    assert_eq!(verifier.verify(bytes(&mail), "ls.example").await, passed("ls.example"));
    for (from, to) in [("report", "forged"), ("Subject: return", "Subject: another"), ("office@", "other@")] {
        let altered = mail.replace(from, to);
        assert_eq!(verifier.verify(bytes(&altered), "ls.example").await, failed(), "{to}");
    }
    assert_eq!(server.asked(), 1, "the key is asked for once");
}

#[tokio::test]
async fn a_short_rsa_key_as_providers_have_it() {
    let server = DnsServer::start(Answers::With(vec![("rsa._domainkey.ls.example", RSA_KEY.to_owned())]));
    let verifier = server.verifier(PATIENCE);
    let mail = format!("{RSA_SIGNATURE}{MAIL}");
    assert_eq!(verifier.verify(bytes(&mail), "ls.example").await, passed("ls.example"));
    // As saved by a mail program on Linux.
    assert_eq!(verifier.verify(bytes(&mail.replace("\r\n", "\n")), "ls.example").await, passed("ls.example"));
    assert_eq!(verifier.verify(bytes(&mail.replace("return", "other")), "ls.example").await, failed());
}

#[tokio::test]
async fn keys_that_prove_nothing_fail_nobody() {
    let other_key = key().1;
    let trial = |text: &str| text.replace("v=DKIM1;", "v=DKIM1; t=y;");
    for text in [
        None,
        Some("v=DKIM1; p=".to_owned()),
        Some("v=spf1 -all".to_owned()),
        Some("v=DKIM1; k=rsa; p=!!!".to_owned()),
        Some(WEAK_RSA_KEY.to_owned()),
        Some(trial(&other_key)),
    ] {
        let names = text.iter().map(|text| ("s1._domainkey.ls.example", text.clone())).collect();
        let server = DnsServer::start(Answers::With(names));
        let mail = signed(key().0, "ls.example", MAIL);
        for mail in [mail.clone(), mail.replace("report", "forged")] {
            let check = server.verifier(PATIENCE).verify(bytes(&mail), "ls.example").await;
            assert_eq!(check, undecided(), "{text:?}");
        }
    }
    // A weak key in the place of the strong one that signed.
    let server = DnsServer::start(Answers::With(vec![("rsa._domainkey.ls.example", WEAK_RSA_KEY.to_owned())]));
    let mail = format!("{RSA_SIGNATURE}{MAIL}");
    assert_eq!(server.verifier(PATIENCE).verify(bytes(&mail), "ls.example").await, undecided());
    // Another key of the right kind: another has signed.
    let server = DnsServer::start(Answers::With(vec![("s1._domainkey.ls.example", other_key)]));
    let mail = signed(key().0, "ls.example", MAIL);
    assert_eq!(server.verifier(PATIENCE).verify(bytes(&mail), "ls.example").await, failed());
}

#[tokio::test]
async fn signatures_of_others_are_not_looked_at() {
    let (key, text) = key();
    let server = DnsServer::start(Answers::With(vec![("s1._domainkey.mailer.example", text)]));
    let verifier = server.verifier(PATIENCE);
    let mail = signed(key, "mailer.example", MAIL);
    assert_eq!(verifier.verify(bytes(&mail), "ls.example").await, SignatureCheck::Unsigned);
    assert_eq!(verifier.verify(bytes(MAIL), "ls.example").await, SignatureCheck::Unsigned);
    // Words of the body are no signature.
    let body = format!("{MAIL}DKIM-Signature: v=1; d=ls.example\r\n");
    assert_eq!(verifier.verify(bytes(&body), "ls.example").await, SignatureCheck::Unsigned);
    assert_eq!(server.asked(), 0);
    assert_eq!(verifier.verify(bytes(&mail), "post.mailer.example").await, passed("mailer.example"));
}

#[tokio::test]
async fn a_signature_among_bad_ones_is_found_and_a_part_of_the_body_is_not_enough() {
    let (key, text) = key();
    let server = DnsServer::start(Answers::With(vec![("s1._domainkey.ls.example", text)]));
    let verifier = server.verifier(PATIENCE);
    let mail = signed(key, "ls.example", MAIL);
    let stale = mail.replace("report", "stale").replace(MAIL, "");
    let stale = stale.split("From:").next().unwrap();
    let other = format!("DKIM-Signature: nonsense\r\n{stale}{mail}");
    assert_eq!(verifier.verify(bytes(&other), "ls.example").await, passed("ls.example"));
    // `l=` leaves room for whatever is added below.
    let partial = mail.replacen("d=ls.example", "l=3; d=ls.example", 1);
    assert_ne!(verifier.verify(bytes(&partial), "ls.example").await, passed("ls.example"));
}

#[tokio::test]
async fn a_dead_dns_delays_a_few_mails_and_fails_none() {
    for answers in [Answers::Never, Answers::Trouble] {
        let server = DnsServer::start(answers);
        let patience = Duration::from_millis(400);
        let verifier = server.verifier(patience);
        let mail = signed(key().0, "ls.example", MAIL).replace("report", "forged");
        let started = Instant::now();
        for _ in 0..20 {
            assert_eq!(verifier.verify(bytes(&mail), "ls.example").await, undecided());
        }
        // Three that wait, and seventeen that do not: the rest is the machine's own business.
        assert!(started.elapsed() < patience * 8, "{:?}", started.elapsed());
    }
    let nobody = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let verifier = Verifier::new(Dns::Server(nobody), Duration::from_millis(400)).unwrap();
    let mail = signed(key().0, "ls.example", MAIL);
    assert_eq!(verifier.verify(bytes(&mail), "ls.example").await, undecided());
    assert!(verifier.answers().await.is_err());
}

#[tokio::test]
async fn a_slow_dns_is_not_waited_for() {
    let (key, text) = key();
    let names = vec![("s1._domainkey.ls.example", text)];
    let server = DnsServer::start(Answers::Late(Duration::from_secs(3), names));
    let mail = signed(key, "ls.example", MAIL);
    let started = Instant::now();
    let check = server.verifier(Duration::from_millis(300)).verify(bytes(&mail), "ls.example").await;
    assert_eq!(check, undecided());
    assert!(started.elapsed() < Duration::from_millis(2_000), "{:?}", started.elapsed());
}

#[tokio::test]
async fn one_asks_whether_dns_answers() {
    let server = DnsServer::start(Answers::With(Vec::new()));
    assert_eq!(server.verifier(PATIENCE).answers().await, Ok(()));
    let server = DnsServer::start(Answers::Never);
    assert!(server.verifier(Duration::from_millis(200)).answers().await.is_err());
}

#[tokio::test]
async fn hostile_headers_end_in_no_time() {
    let server = DnsServer::start(Answers::With(Vec::new()));
    let verifier = server.verifier(PATIENCE);
    let many = format!("{}{MAIL}", RSA_SIGNATURE.replace("return", "x").repeat(900));
    let names = vec!["From"; 20_000].join(":");
    let long = format!("{}{MAIL}", RSA_SIGNATURE.replace("From:Subject", &names));
    for mail in [many, long, format!("DKIM-Signature: {}\r\n\r\n", "d=".repeat(100_000))] {
        let started = Instant::now();
        assert!(!matches!(verifier.verify(bytes(&mail), "ls.example").await, SignatureCheck::Passed { .. }));
        assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
    }
    assert!(server.asked() <= MOST_SIGNATURES);
}
