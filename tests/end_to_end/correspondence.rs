//! Units mail in over SMTP, the daemon polls, and the receipts are read back over IMAP.

use std::time::{Duration, Instant};

use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
use lettre::address::{Address, Envelope};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use mail_parser::{HeaderValue, MessageParser};
use mailtally::demo::build::form::{Figures, FilledForm, Troop, Visit, Writing};
use mailtally::demo::build::mime::Draft;
use mailtally::demo::build::mimicry::Dialect;
use mailtally::demo::build::sheet::{Placement, workbook};
use mailtally::demo::build::{machine, report::Report, word};
use mailtally::model::account::TlsMode;
use rust_decimal::Decimal;

use crate::office::{Letters, OFFICE, Office};
use crate::support::dovecot::{Dovecot, PASSWORD, PROGRAMS};
use crate::support::exim::{Exim, PROGRAM};
use crate::support::have;

const LISHI: &str = "lishi@unit.example";
const XINGXIAN: &str = "xingxian@unit.example";
const ROSTER: &str = "code,name,group,aliases,emails,phone,contact
141102,离石区,县市区,离石;离石区双拥办,lishi@unit.example,0358-5550001,王主任
141123,兴县,县市区,,xingxian@unit.example,0358-5550002,李主任
141124,临县,县市区,,linxian@unit.example,0358-5550003,张主任
";

fn now() -> DateTime<FixedOffset> {
    #[allow(clippy::disallowed_methods, reason = "the daemon under test goes by the real time")]
    let now = Utc::now();
    now.with_timezone(&FixedOffset::east_opt(8 * 3600).unwrap())
}

/// The campaign moved to these days, since `run` goes by the real time.
fn moved_to_today(campaign: String) -> String {
    let today = now().date_naive();
    let day = |days: i64| (today + chrono::TimeDelta::days(days)).format("%Y-%m-%d").to_string();
    let moved: Vec<String> = campaign
        .lines()
        .map(|line| match line.split_once('=').map(|(key, _)| key.trim()) {
            Some("opens") => format!("opens = {}", day(-3)),
            Some("deadline") => format!("deadline = {{ day = {}, that_day_included = true }}", day(30)),
            Some("last_digest") => format!("last_digest = {}", day(-1)),
            _ => line.to_owned(),
        })
        .collect();
    moved.join("\n")
}

fn form(unit: &str) -> FilledForm {
    let visit = |people, cost: i64| Visit { people, gifts: "慰问金".to_owned(), cost: Decimal::new(cost, 2) };
    let troop =
        Troop { name: "武警中队".to_owned(), gifts: "慰问品".to_owned(), cost: Decimal::new(2_000_000, 2) };
    let figures = Figures {
        veterans: visit(356, 17_800_050),
        others: visit(40, 1_200_000),
        troops: vec![troop],
        remarks: String::new(),
    };
    FilledForm::new(unit, "2021年8月5日", &figures, Writing::Plain, 2)
}

fn report(unit: &str) -> Vec<u8> {
    let paragraphs =
        ["领导小组高度重视，走访慰问优抚对象和驻地部队官兵，".repeat(4), "拥军优属工作扎实开展。".repeat(6)];
    let report = Report {
        title: format!("{unit}关于2021年“八一”期间走访慰问情况的报告"),
        number: Some("离双拥办〔2021〕5号".to_owned()),
        addressee: "市双拥办：".to_owned(),
        paragraphs: paragraphs.to_vec(),
        issuer: format!("{unit}双拥工作领导小组办公室"),
        dated: "2021年8月5日".to_owned(),
    };
    word::document(&word::report_body(&report)).unwrap()
}

async fn send(exim: &Exim, from: &str, mail: &[u8]) {
    let account = exim.account(from, TlsMode::None);
    let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("localhost")
        .port(account.port)
        .credentials(Credentials::new(from.to_owned(), PASSWORD.to_owned()))
        .build();
    let address = |text: &str| text.parse::<Address>().unwrap();
    let envelope = Envelope::new(Some(address(from)), vec![address(OFFICE)]).unwrap();
    transport.send_raw(&envelope, mail).await.expect("Exim takes the unit's mail");
}

async fn letters(dovecot: &Dovecot, user: &str, count: usize, office: &Office) -> Vec<Vec<u8>> {
    let begun = Instant::now();
    loop {
        let mails: Vec<Vec<u8>> = dovecot.mails(user, "INBOX").into_iter().map(|(_, mail)| mail).collect();
        if mails.len() >= count {
            return mails;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{user} got {} letters:\n{}", mails.len(), office.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn units_mail_in_and_read_their_receipts() {
    if !have(&[PROGRAMS[0], PROGRAMS[1], PROGRAM]) {
        return;
    }
    let dovecot = Dovecot::start();
    let exim = Exim::start(&dovecot, &[OFFICE, LISHI, XINGXIAN, "linxian@unit.example", "staff@office.example"]);
    let office = Office::new(&dovecot, &Letters::Exim(&exim));
    office.edit("units.csv", |_| ROSTER.to_owned());
    office.edit("campaign.toml", moved_to_today);
    // The mailbox exists once something has come.
    send(&exim, LISHI, &machine::qq_vacation(("离石区", LISHI), OFFICE, now())).await;
    let checked = office.done(&["check", "--online"]);
    assert!(checked.contains("OK   smtp localhost: reached, and we are let in"), "{checked}");
    assert!(checked.contains("OK   mailbox office (localhost): login accepted, IDLE"), "{checked}");
    assert!(checked.contains("WARN mailbox office (localhost): there is no folder 垃圾邮件"), "{checked}");
    let mut daemon = office.started();

    let both = Draft::new(Dialect::Qq, ("离石区双拥办", LISHI), OFFICE, now())
        .subject("离石区“八一”走访慰问情况报送")
        .text("现将有关材料报上，请查收。\n")
        .attach("离石区统计表.xlsx", workbook(&form("离石区"), Placement::Usual).unwrap())
        .attach("离石区报告.docx", report("离石区"))
        .bytes();
    send(&exim, LISHI, &both).await;
    let wrong = FilledForm::new(
        "兴县",
        "2021年8月5日",
        &{
            let visit = |people, cost| Visit { people, gifts: String::new(), cost: Decimal::from(cost) };
            Figures { veterans: visit(100, 50_000), others: visit(0, 0), troops: Vec::new(), remarks: String::new() }
        },
        Writing::TotalInYuan,
        2,
    );
    let table = Draft::new(Dialect::NetEase, ("兴县", XINGXIAN), OFFICE, now())
        .subject("兴县统计表")
        .text("附件为兴县统计表。\n")
        .attach("统计表.xlsx", workbook(&wrong, Placement::Usual).unwrap())
        .bytes();
    send(&exim, XINGXIAN, &table).await;

    let lishi = letters(&dovecot, LISHI, 1, &office).await;
    let xingxian = letters(&dovecot, XINGXIAN, 1, &office).await;
    // Anything doubled would have come by now.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(dovecot.mails(LISHI, "INBOX").len(), 1, "one receipt, and none to the vacation notice");
    assert_eq!(dovecot.mails(XINGXIAN, "INBOX").len(), 1);
    let pid = daemon.id().to_string();
    assert!(std::process::Command::new("kill").arg(pid).status().unwrap().success());
    assert_eq!(daemon.wait().unwrap().code(), Some(0), "{}", office.log());

    let receipt = MessageParser::default().parse(&lishi[0]).unwrap();
    let header = |name: &'static str| match receipt.header(name) {
        Some(HeaderValue::Text(text)) => text.trim().to_owned(),
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(header("X-Mailtally-Kind"), "ack");
    assert_eq!(header("X-Mailtally-Unit"), "141102");
    assert_eq!(header("Auto-Submitted"), "auto-replied");
    let original = MessageParser::default().parse(&both).unwrap();
    assert_eq!(receipt.in_reply_to().as_text(), original.message_id());
    let text = receipt.body_text(0).unwrap();
    for words in ["离石区", "356", "178000.5", "离双拥办〔2021〕5号"] {
        assert!(text.replace(',', "").contains(words), "{words} is not in:\n{text}");
    }
    let warning = MessageParser::default().parse(&xingxian[0]).unwrap().body_text(0).unwrap().into_owned();
    assert!(warning.contains("更正"), "{warning}");

    let later = NaiveDate::from_ymd_opt(2099, 1, 1).unwrap().format("%Y-%m-%dT00:00:00+08:00").to_string();
    let status = office.status(&later);
    assert_eq!(status["counts"]["complete"], 1, "{status:#}");
    assert_eq!(status["counts"]["needs_correction"], 1);
    assert_eq!(status["totals"]["veterans_cost"], "178000.5");
    assert!(!office.log().contains("@unit.example"), "no address stands in the log");
    assert!(!office.log().contains(PASSWORD));
}
