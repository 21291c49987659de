//! Mail that may be forged, from its arrival to a person's word; signatures against a DNS server of the test.

use std::fs;
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mail_auth::common::crypto::Ed25519Key;
use mail_auth::common::headers::HeaderWriter as _;
use mail_auth::dkim::DkimSigner;
use mailtally::demo::build::mime::Draft;
use mailtally::demo::build::mimicry::Dialect;

use crate::figures::sheet;
use crate::{MORNING, NOON, OFFICE, Office, at};

const TEN: &str = "2021-08-02T10:00:00+08:00";
const NAME: &str = "s1._domainkey.lishi.example";

fn lishi(moment: &str, address: &str) -> Draft {
    let from = ("离石区双拥办", address);
    Draft::new(Dialect::NetEase, from, OFFICE, at(moment)).subject("离石区统计表").text("请查收。")
}

#[test]
fn what_may_be_forged_waits_for_a_person_who_is_told_what_to_do() {
    let office = Office::new();
    let forged = lishi(MORNING, "lsqsyb@lishi.example").header("Authentication-Results: mx22; dmarc=fail");
    office.ingest(&forged.attach("统计表.xlsx", sheet("离石区", 12, 6_000)));
    assert_eq!(office.unit(NOON, "141102")["items"]["table"], "missing", "the unit has sent nothing");
    let id = office.only(NOON, "sender_doubtful");
    let shown = office.done(NOON, &["review", "show", &id]);
    for words in [
        "DMARC检验不通过",
        "名册上离石区的电话",
        "不要拨打来信中的电话",
        "发件地址是名册中离石区的邮箱",
        "来源检验未通过",
    ] {
        assert!(shown.contains(words), "{words} in:\n{shown}");
    }
    office.done(NOON, &["once"]);
    assert!(office.letters().is_empty(), "a forger is not answered");
    office.done(NOON, &["review", "accept", &id]);
    assert_eq!(office.unit(NOON, "141102")["row"]["veterans_cost"], "6000");
    office.done(NOON, &["once"]);
    assert_eq!(office.letters().len(), 1, "the receipt, after a person's word");
}

#[test]
fn a_look_alike_replaces_nothing_though_it_has_been_here_before() {
    let office = Office::new();
    office.ingest(&lishi(MORNING, "lsqsyb@lishi.example").attach("统计表.xlsx", sheet("离石区", 12, 6_000)));
    let look_alike = |moment: &str, people| {
        lishi(moment, "lsqsyb@1ishi.example").attach("统计表.xlsx", sheet("离石区", people, 7_500))
    };
    office.ingest(&look_alike(TEN, 15));
    office.ingest(&look_alike("2021-08-02T10:30:00+08:00", 16));
    assert_eq!(office.unit(NOON, "141102")["row"]["veterans_cost"], "6000");
    let reviews = office.reviews(NOON);
    assert_eq!(reviews.len(), 2, "{reviews:?}");
    for review in &reviews {
        assert!(review["text"].as_str().unwrap().contains("lishi.example"), "{review}");
    }
}

/// A DNS server with one key, as long as it is not withdrawn.
fn dns(text: String) -> (std::net::SocketAddr, Arc<AtomicBool>) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let withdrawn = Arc::new(AtomicBool::new(false));
    let gone = Arc::clone(&withdrawn);
    std::thread::spawn(move || {
        let mut buffer = [0_u8; 1500];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let question = &buffer[..length];
            let end = 12 + question[12..].iter().position(|octet| *octet == 0).unwrap() + 5;
            let labels: Vec<u8> = NAME
                .split('.')
                .flat_map(|label| [&[u8::try_from(label.len()).unwrap()], label.as_bytes()].concat())
                .collect();
            let known = question[12..].to_ascii_lowercase().starts_with(&labels) && !gone.load(Ordering::SeqCst);
            let mut reply = question[..2].to_vec();
            reply.extend([0x81, if known { 0x80 } else { 0x83 }, 0, 1, 0, u8::from(known), 0, 0, 0, 0]);
            reply.extend(&question[12..end]);
            if known {
                let length = u8::try_from(text.len()).unwrap();
                reply.extend([0xC0, 12, 0, 16, 0, 1, 0, 0, 2, 88, 0, length + 1, length]);
                reply.extend(text.as_bytes());
            }
            let _ = socket.send_to(&reply, from);
        }
    });
    (address, withdrawn)
}

#[test]
fn a_signature_that_does_not_fit_is_remembered_when_the_key_is_gone() {
    let office = Office::new();
    let key = Ed25519Key::from_pkcs8_der(&Ed25519Key::generate_pkcs8().unwrap()).unwrap();
    let text = format!("v=DKIM1; k=ed25519; p={}", data_encoding::BASE64.encode(&key.public_key()));
    let (server, withdrawn) = dns(text);
    let main = office.path("mailtally.toml");
    let config = fs::read_to_string(&main).unwrap();
    fs::write(&main, format!("{config}[authenticity]\ndkim = \"dns\"\ndns = \"{server}\"\n")).unwrap();
    let checked = office.done(NOON, &["check", "--online"]);
    assert!(checked.contains(&format!("OK   dns {server}")), "{checked}");
    let signer = DkimSigner::from_key(key).domain("lishi.example").selector("s1").headers(["From", "Subject"]);
    let signed = |draft: &Draft| {
        let bytes = draft.bytes();
        [signer.sign(&bytes).unwrap().to_header().into_bytes(), bytes].concat()
    };
    let genuine = lishi(MORNING, "lsqsyb@lishi.example").attach("统计表.xlsx", sheet("离石区", 12, 6_000));
    office.ingest_bytes(&signed(&genuine), MORNING);
    assert_eq!(office.unit(NOON, "141102")["row"]["veterans_cost"], "6000");
    let altered = lishi(TEN, "lsqsyb@lishi.example").attach("统计表.xlsx", sheet("离石区", 15, 7_500));
    office.ingest_bytes(&[signed(&altered), b"one line more\r\n".to_vec()].concat(), TEN);
    assert_eq!(office.unit(NOON, "141102")["row"]["veterans_cost"], "6000");
    withdrawn.store(true, Ordering::SeqCst);
    let id = office.only(NOON, "sender_doubtful");
    let shown = office.done(NOON, &["review", "show", &id]);
    assert!(shown.contains("来源检验未通过：本程序验证DKIM签名不通过"), "{shown}");
}
