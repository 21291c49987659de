//! Whom not to answer (mail.md 20 to 22): an honest return with one thing about it that forbids an answer is filed all the
//! same, and nobody is written to.

use chrono::TimeDelta;
use mailtally::demo::build::form::{Figures, FilledForm, Visit, Writing};
use mailtally::demo::build::mime::Draft;
use mailtally::demo::build::mimicry::Dialect;
use mailtally::demo::build::sheet::{Placement, workbook};
use mailtally::demo::{bounce_of, campaign_mails};
use mailtally::model::ledger::{ItemStatus, Nature};
use mailtally::model::letter::LetterKind;
use mailtally::model::returns::Item;
use rust_decimal::Decimal;

use super::office::{Office, at, campaign};

const UNIT: &str = "141102";

/// A return of table and report, as mail, without its From.
fn a_return() -> String {
    let campaign = campaign();
    let mails = campaign_mails(&campaign.roster, *at("2021-08-01T00:00").offset()).unwrap();
    let mail = mails.into_iter().find(|mail| mail.name == "lishi-whole").unwrap();
    String::from_utf8(mail.bytes).unwrap()
}

/// The mail with these lines on top, and its From replaced where one is given.
fn with(lines: &str, from: Option<&str>) -> Vec<u8> {
    let mail = a_return();
    let Some(from) = from else { return format!("{lines}{mail}").into_bytes() };
    let (head, body) = mail.split_once("\r\n\r\n").unwrap();
    let mut kept: Vec<&str> = Vec::new();
    let mut in_from = false;
    for line in head.split("\r\n") {
        in_from = line.to_ascii_lowercase().starts_with("from:") || (in_from && line.starts_with([' ', '\t']));
        if !in_from {
            kept.push(line);
        }
    }
    format!("{lines}From: {from}\r\n{}\r\n\r\n{body}", kept.join("\r\n")).into_bytes()
}

async fn office() -> Office {
    let units = campaign().roster.units().to_vec();
    Office::with("office@163.example", units).await
}

/// How many letters follow from the mail, and whether it was filed.
async fn answered(mail: &[u8]) -> (usize, bool) {
    let office = office().await;
    let now = at("2021-08-04T10:00");
    office.receives("mail", mail, now).await;
    let letters = office.works(now).await;
    let filed = office.standing(UNIT, now).await.items[&Item::Table] == ItemStatus::Accepted;
    (letters.len(), filed)
}

#[tokio::test]
async fn the_same_return_is_answered_where_nothing_forbids_it() {
    assert_eq!(answered(&with("", None)).await, (1, true));
    for allowed in [
        "Auto-Submitted: no\r\n",
        "Precedence: normal\r\n",
        "X-Auto-Response-Suppress: DR, RN, NRN\r\n",
        "X-QQ-AUTO-FWD: true\r\n",
        "Disposition-Notification-To: <lsqsyb@lishi.example>\r\n",
        "Return-Receipt-To: <lsqsyb@lishi.example>\r\n",
    ] {
        assert_eq!(answered(&with(allowed, None)).await, (1, true), "{allowed}");
    }
}

#[tokio::test]
async fn headers_that_forbid_an_answer() {
    for header in [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated; owner-email=x",
        "Auto-Submitted: auto-notified",
        "List-Id: <gov.list.example>",
        "List-Unsubscribe: <mailto:leave@list.example>",
        "List-Post: <mailto:post@list.example>",
        "List-Help: <mailto:help@list.example>",
        "List-Subscribe: <mailto:join@list.example>",
        "List-Owner: <mailto:owner@list.example>",
        "List-Archive: <mailto:old@list.example>",
        "X-Precedence: list",
        "X-Precedence: junk",
        "Precedence: bulk",
        "Precedence: list",
        "Precedence: junk",
        "Precedence: auto_reply",
        "X-Precedence: bulk",
        "X-Precedence: auto_reply",
        "X-Auto-Response-Suppress: All",
        "X-Auto-Response-Suppress: OOF",
        "X-Auto-Response-Suppress: DR, AutoReply",
        "X-Autoreply: yes",
        "X-Autorespond: vacation",
        "X-Autoresponder: 1",
        "X-AutoReply-From: lsqsyb@lishi.example",
        "X-Mail-Autoreply: true",
        "X-Loop: lsqsyb@lishi.example",
        "X-QQ-AUTO-REPLY: true",
        "X-QQ-HolidayReply: true",
    ] {
        assert_eq!(answered(&with(&format!("{header}\r\n"), None)).await, (0, true), "{header}");
    }
}

#[tokio::test]
async fn senders_behind_whom_nobody_reads() {
    for from in [
        "MAILER-DAEMON@lishi.example",
        "Mail Delivery System <mailer-daemon@lishi.example>",
        "postmaster@lishi.example",
        "noreply@lishi.example",
        "no-reply@lishi.example",
        "LISTSERV@lishi.example",
        "owner-shuangyong@lishi.example",
        "shuangyong-request@lishi.example",
        // Ourselves.
        "office@163.example",
    ] {
        let (letters, _) = answered(&with("", Some(from))).await;
        assert_eq!(letters, 0, "{from}");
    }
    assert_eq!(answered(&with("From: other@else.example\r\n", None)).await.0, 0, "two From fields");
}

#[tokio::test]
async fn reports_of_machines() {
    let office = office().await;
    let now = at("2021-08-04T10:00");
    let case =
        |name: &str| std::fs::read(format!("{}/tests/cases/{name}/mail.eml", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let bounce = bounce_of("ack.1@163.example", "lsqsyb@lishi.example", now).bytes;
    let other_report = b"From: lsqsyb@lishi.example\r\nTo: office@163.example\r\nSubject: report\r\n\
        Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\n\
        Feedback-Type: abuse\r\n\r\n--b--\r\n"
        .to_vec();
    for (name, mail, nature) in [
        ("a bounce", bounce, Nature::Bounce),
        ("a bounce in words", case("mail-bounce-in-words"), Nature::Bounce),
        ("a read receipt", case("read-receipt"), Nature::Receipt),
        ("a read receipt in words", case("mail-receipt-in-words"), Nature::Receipt),
        ("a vacation notice", case("vacation"), Nature::AutoReply),
        ("a vacation notice by its subject", case("mail-vacation-by-subject"), Nature::AutoReply),
        ("another report", other_report, Nature::AutoReply),
    ] {
        let taken = office.receives(name, &mail, now).await;
        assert_eq!(taken.nature, nature, "{name}");
        assert_eq!(office.works(now).await.len(), 0, "{name}");
    }
}

#[tokio::test]
async fn a_subject_that_speaks_of_automatic_replies_loses_no_return() {
    let mail = a_return();
    let (before, rest) = mail.split_once("Subject:").unwrap();
    let (_, rest) = rest.split_once("\r\n").unwrap();
    let rest = rest.trim_start_matches([' ', '\t']);
    let mail = format!("{before}Subject: =?UTF-8?B?6Ieq5Yqo5Zue5aSNOiDotbDorr/mhbDpl67ooag=?=\r\n{rest}");
    assert_eq!(answered(mail.as_bytes()).await, (0, true), "自动回复: 走访慰问表");
}

#[tokio::test]
async fn a_report_about_automatic_replies_is_a_return_like_any_other() {
    let mail = a_return();
    let (before, rest) = mail.split_once("Subject:").unwrap();
    let (_, rest) = rest.split_once("\r\n").unwrap();
    let rest = rest.trim_start_matches([' ', '\t']);
    // 关于自动回复设置的报告
    let mail = format!("{before}Subject: =?UTF-8?B?5YWz5LqO6Ieq5Yqo5Zue5aSN6K6+572u55qE5oql5ZGK?=\r\n{rest}");
    assert_eq!(answered(mail.as_bytes()).await, (1, true));
}

#[tokio::test]
async fn a_mail_seen_twice_is_answered_once() {
    let office = office().await;
    let mail = with("", None);
    let mut letters = Vec::new();
    for (place, now) in [("INBOX", at("2021-08-04T10:00")), ("junk", at("2021-08-04T10:05"))] {
        office.receives(place, &mail, now).await;
        letters.extend(office.works(now).await.into_iter().map(|posted| posted.letter.kind));
    }
    assert_eq!(letters, [LetterKind::Ack]);
}

#[tokio::test]
async fn an_answer_goes_to_the_sender_and_never_elsewhere() {
    let office = office().await;
    let now = at("2021-08-04T10:00");
    let lines = "Reply-To: thief@else.example\r\nDisposition-Notification-To: <thief@else.example>\r\n\
                 Errors-To: thief@else.example\r\nCc: third@else.example\r\n";
    office.receives("mail", &with(lines, None), now).await;
    let letters = office.works(now).await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].letter.kind, LetterKind::Ack);
    assert_eq!(letters[0].letter.recipients, ["lsqsyb@lishi.example"]);
}

#[tokio::test]
async fn the_same_again_is_answered_twice_a_day() {
    let office = office().await;
    let mut letters = 0;
    for number in 0..6 {
        let now = at("2021-08-04T10:00") + TimeDelta::minutes(number);
        office.receives("mail", &with(&format!("X-Copy: {number}\r\n"), None), now).await;
        letters += office.works(now).await.len();
    }
    assert_eq!(letters, 3, "the return, and two repetitions that change nothing");
}

#[tokio::test]
async fn a_sender_gets_ten_letters_a_day() {
    let office = office().await;
    let table = |number: u32| {
        let visit = |people| Visit { people, gifts: "慰问金".to_owned(), cost: Decimal::from(6_000) };
        let figures =
            Figures { veterans: visit(10 + number), others: visit(4), troops: Vec::new(), remarks: String::new() };
        let form = FilledForm::new("离石区", "2021年8月2日", &figures, Writing::Plain, 2);
        workbook(&form, Placement::Usual).unwrap()
    };
    let mut letters = Vec::new();
    for (number, now) in (0..13).map(|number| (number, at("2021-08-04T10:00") + TimeDelta::minutes(number.into()))) {
        let from = ("离石区双拥办", "lsqsyb@lishi.example");
        let draft = Draft::new(Dialect::NetEase, from, "office@163.example", now).subject("离石区统计表");
        let mail = draft.text("请查收。").attach("统计表.xlsx", table(number)).bytes();
        office.receives("mail", &mail, now).await;
        letters.push(office.works(now).await.len());
    }
    assert_eq!(letters.iter().sum::<usize>(), 10, "{letters:?}");
    assert_eq!(letters[10..], [0, 0, 0]);
    assert_eq!(office.standing(UNIT, at("2021-08-04T11:00")).await.version, 13, "all are filed");
}
