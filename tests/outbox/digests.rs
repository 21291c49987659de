//! Digests and the final report as they go out: when, how often, and from when on they tell the news.

use std::io::Write as _;
use std::process::{Command, Stdio};

use chrono::{DateTime, FixedOffset};
use mailtally::demo;
use mailtally::judge::due;
use mailtally::judge::register::Register;
use mailtally::model::ledger::Nature;
use mailtally::model::letter::{LetterKey, LetterKind, LetterState};
use mailtally::model::unit::UnitCode;
use mailtally::post::Posted;
use mailtally::work::collect::{self, Span};

use super::office::{CAMPAIGN, Office, at, campaign};

async fn office() -> Office {
    let mut office = Office::with("office@163.example", campaign().roster.units().to_vec()).await;
    office.engine.digest_to = vec!["duty@lvliang.example".to_owned()];
    office
}

/// The subjects of the digests that go out at this moment.
async fn digests(office: &Office, now: &str) -> Vec<String> {
    letters(office, at(now)).await.into_iter().map(|posted| posted.letter.subject).collect()
}

async fn letters(office: &Office, now: DateTime<FixedOffset>) -> Vec<Posted> {
    let posted = office.works(now).await;
    posted.into_iter().filter(|posted| posted.letter.kind == LetterKind::Digest).collect()
}

fn is_final(subjects: &[String]) -> bool {
    matches!(subjects, [subject] if subject.starts_with("终报："))
}

#[tokio::test]
async fn the_final_report_goes_out_once_in_the_place_of_that_mornings_digest() {
    let office = office().await;
    assert!(digests(&office, "2021-08-10T08:00").await[0].starts_with("每日简报"));
    assert_eq!(digests(&office, "2021-08-10T23:59").await, [""; 0]);
    assert_eq!(digests(&office, "2021-08-11T07:59").await, [""; 0], "not before its time");
    let subjects = digests(&office, "2021-08-11T08:00").await;
    assert!(is_final(&subjects), "{subjects:?}");
    for moment in ["2021-08-11T08:01", "2021-08-11T17:00", "2021-08-12T07:00"] {
        assert_eq!(digests(&office, moment).await, [""; 0], "{moment}");
    }
    let subjects = digests(&office, "2021-08-12T08:00").await;
    assert!(subjects.len() == 1 && subjects[0].starts_with("每日简报"), "digests go on: {subjects:?}");
    // Days later it is put off in the configuration: that is no other report.
    let mut later = campaign();
    later.final_report.as_mut().unwrap().days_after = 3;
    office.engine.desk.set_register(Register::new(vec![later], vec!["office@163.example".to_owned()]).into());
    let subjects = digests(&office, "2021-08-13T08:00").await;
    assert!(subjects.iter().all(|subject| subject.starts_with("每日简报")), "{subjects:?}");
}

#[tokio::test]
async fn a_final_report_that_was_missed_is_made_good_beside_the_latest_digest() {
    let office = office().await;
    let subjects = digests(&office, "2021-08-14T10:00").await;
    assert_eq!(subjects.len(), 2, "{subjects:?}");
    assert_eq!(subjects.iter().filter(|subject| subject.starts_with("终报：")).count(), 1);
    assert_eq!(digests(&office, "2021-08-14T10:05").await, [""; 0]);
}

#[tokio::test]
async fn a_final_report_of_its_own_time_goes_beside_the_digest() {
    let mut campaign = campaign();
    campaign.final_report.as_mut().unwrap().time = chrono::NaiveTime::from_hms_opt(16, 0, 0).unwrap();
    let mut office =
        Office::new("office@163.example", campaign, mailtally::work::deliver::Quota { per_minute: 99, per_day: 999 })
            .await;
    office.engine.digest_to = vec!["duty@lvliang.example".to_owned()];
    assert!(digests(&office, "2021-08-11T08:00").await[0].starts_with("每日简报"));
    assert!(is_final(&digests(&office, "2021-08-11T16:00").await));
}

#[tokio::test]
async fn after_the_deadline_was_moved_a_report_that_waits_is_not_owed_and_a_new_one_is() {
    let office = office().await;
    // It is in the outbox, and before it can leave the office gives everybody more time.
    let old = campaign();
    let moment = at("2021-08-11T08:00");
    let to = ["duty@lvliang.example".to_owned()];
    mailtally::work::owe::owe_letters(office.store(), &old, &to, "163.example", false, moment).await.unwrap();
    let mut moved = campaign();
    moved.deadline = at("2021-08-17T23:59");
    office.engine.desk.set_register(Register::new(vec![moved.clone()], vec!["office@163.example".to_owned()]).into());
    assert!(!is_final(&digests(&office, "2021-08-11T08:01").await));
    let key = LetterKey::Digest { campaign: CAMPAIGN.to_owned(), slot: due::final_slot(&old) };
    assert_eq!(office.store().letter(&key).await.unwrap().unwrap().state, LetterState::Cancelled);
    assert!(is_final(&digests(&office, "2021-08-18T08:00").await));
}

#[tokio::test]
async fn news_begin_where_the_last_digest_that_went_out_ended() {
    let office = office().await;
    let register = office.engine.desk.register();
    let campaign = register.campaign(CAMPAIGN).unwrap();
    let since = async |now: &str| {
        let input = collect::digest_input(office.store(), campaign, Span::All, at(now), Vec::new()).await.unwrap();
        input.since
    };
    assert_eq!(since("2021-08-03T08:00").await, at("2021-08-02T08:00"), "nobody is sent digests: by the clock");
    assert_eq!(digests(&office, "2021-08-04T08:00").await.len(), 1);
    assert_eq!(since("2021-08-05T08:00").await, at("2021-08-04T08:00"));
    // The digest of the 5th and the 6th are owed and never leave.
    for day in ["2021-08-05T08:00", "2021-08-06T08:00"] {
        let to = ["duty@lvliang.example".to_owned()];
        mailtally::work::owe::owe_letters(office.store(), campaign, &to, "163.example", false, at(day)).await.unwrap();
    }
    assert_eq!(since("2021-08-07T08:00").await, at("2021-08-04T08:00"), "two mornings heard nothing");
}

#[tokio::test]
async fn what_comes_after_the_final_report_is_told_by_the_next_digest() {
    let office = office().await;
    assert!(is_final(&digests(&office, "2021-08-11T08:00").await));
    let mails = demo::campaign_mails(&campaign().roster, *at("2021-08-01T00:00").offset()).unwrap();
    let lishi = UnitCode::new("141102");
    let from_lishi =
        |mail: &&demo::SampleMail| mail.truth.unit.as_ref() == Some(&lishi) && mail.truth.nature == Nature::Submission;
    let mail = mails.iter().find(from_lishi).unwrap();
    office.receives("late", &mail.bytes, at("2021-08-11T10:00")).await;
    let [posted] = &letters(&office, at("2021-08-12T08:00")).await[..] else { panic!("one digest") };
    let text = &posted.letter.text;
    assert!(text.contains("8月11日 08:00以来报送和咨询 1 封"), "{text}");
    assert!(text.contains("终报以 8月11日 为准") && text.contains("离石区"), "{text}");
}

#[tokio::test]
async fn a_digest_opens_right_elsewhere_with_its_picture_in_place() {
    let office = office().await;
    let [posted] = &letters(&office, at("2021-08-11T08:00")).await[..] else { panic!("one digest") };
    // Python's parser is none of ours.
    let script = "
import email, email.policy, re, sys
mail = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
def shape(part):
    inner = ' '.join(shape(inner) for inner in part.iter_parts()) if part.is_multipart() else ''
    return part.get_content_subtype() + (f'({inner})' if inner else '')
print(shape(mail))
html = mail.get_body(('html',)).get_content()
source = re.findall(r'<img src=\"cid:([^\"]+)\"', html)
pictures = [part for part in mail.walk() if part.get_content_type() == 'image/png']
print(len(source), pictures[0]['Content-ID'] == '<' + source[0] + '>', pictures[0].get_content_disposition())
print(pictures[0].get_content()[:8] == b'\\x89PNG\\r\\n\\x1a\\n', [defect for part in mail.walk() for defect in part.defects])
print(mail.get_body(('plain',)).get_content().splitlines()[0])
print([part.get_filename() for part in mail.iter_attachments()])
";
    let Ok(mut python) =
        Command::new("python3").args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()
    else {
        assert!(std::env::var_os("MAILTALLY_TEST_SERVERS").is_none(), "python3 is not installed");
        eprintln!("left out: python3 is not installed");
        return;
    };
    python.stdin.take().unwrap().write_all(&posted.bytes).unwrap();
    let output = python.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(
        lines,
        [
            "mixed(alternative(plain related(html png)) vnd.openxmlformats-officedocument.spreadsheetml.sheet)",
            "1 True inline",
            "True []",
            "2021年“八一”期间走访慰问情况　终报",
            "['汇总表-终报-2021-08-11.xlsx']",
        ]
    );
}
