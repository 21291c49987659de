//! The questions answered on a terminal that is none, and what is written from them.

use std::io::Cursor;

use clap::Parser as _;

use super::*;

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    init: InitArgs,
}

fn asked(arguments: &[&str], typed: &str, attended: bool) -> (Result<Answers, Failure>, String) {
    let line = Line::parse_from(["init"].iter().chain(arguments));
    let mut shown = Vec::new();
    let asker = Asker::new(Cursor::new(typed.to_owned()), &mut shown, attended);
    let answers = ask::answers(line.init, Path::new("/tmp/mailtally.toml"), asker);
    (answers, String::from_utf8(shown).unwrap())
}

const ALL: [&str; 12] = [
    "--provider",
    "qq",
    "--address",
    "office@qq.example",
    "--office",
    "市双拥办",
    "--phone",
    "0358-1",
    "--staff",
    "a@x.example",
    "--staff",
    "b@x.example",
];

#[test]
fn whoever_sits_at_a_terminal_is_asked_and_asked_again() {
    let typed =
        "gmail\n163\noffice.163.example\nOffice@163.example\n\n市双拥办\n0358-8498917\na@x.example；b@x.example\n\n";
    let (answers, shown) = asked(&[], typed, true);
    let answers = answers.unwrap_or_else(|failure| panic!("{failure:?}"));
    assert_eq!((answers.provider, answers.address.as_str()), (Provider::NetEase163, "office@163.example"));
    assert_eq!((answers.imap_host.as_str(), answers.smtp_host.as_str()), ("imap.163.com", "smtp.163.com"));
    assert_eq!(answers.password, Kept::Environment("MAILTALLY_PASSWORD".to_owned()));
    assert_eq!(answers.staff, ["a@x.example", "b@x.example"]);
    assert_eq!(answers.storage, Path::new("../data"));
    assert!(shown.contains("one of: 163, 126, qq") && shown.contains("there is no @"), "{shown}");
}

#[test]
fn where_nobody_answers_every_missing_option_is_named_at_once() {
    let (answers, shown) = asked(&["--provider", "coremail"], "", false);
    let Err(Failure::Wrong(words)) = answers else { panic!("{answers:?}") };
    for option in ["--address", "--imap-host", "--smtp-host", "--office", "--phone", "--staff"] {
        assert!(words.contains(option), "{option} is not in {words}");
    }
    assert!(!words.contains("--provider") && !words.contains("--storage"), "{words}");
    assert!(shown.is_empty(), "nothing is asked");
    assert!(matches!(asked(&[], "163\n", true).0, Err(Failure::Wrong(_))), "the input ended");
}

#[test]
fn what_is_written_is_valid_says_what_was_answered_and_is_never_overwritten() {
    let mut seen = Vec::new();
    for provider in Provider::value_variants() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mailtally.toml");
        let (answers, _) = asked(&ALL, "", false);
        let answers = Answers {
            provider: *provider,
            office: "市\"双拥\"办 <一>".to_owned(),
            password: Kept::Credential("password".to_owned()),
            ..answers.unwrap_or_else(|failure| panic!("{failure:?}"))
        };
        write::write(&file, &answers).unwrap();
        let config = config::load(&file).unwrap();
        assert_eq!(config.mailboxes[0].server.username, "office@qq.example");
        assert_eq!(config.mailboxes[0].server.password.said(), ("password_credential", "password".to_owned()));
        assert_eq!(config.staff.digest_to, ["a@x.example", "b@x.example"]);
        let smtp = config.smtp.as_ref().unwrap();
        assert_eq!(smtp.from.name.as_deref(), Some("市双拥办 一"));
        let campaign = &config.campaigns[0];
        assert_eq!((campaign.office.as_str(), campaign.contact.phone.as_str()), ("市\"双拥\"办 <一>", "0358-1"));
        assert!(campaign.roster.units().iter().all(|unit| unit.emails.is_empty()), "nobody can be written to");
        let before = std::fs::read(&file).unwrap();
        assert!(write::write(&file, &answers).is_err());
        assert_eq!(std::fs::read(&file).unwrap(), before);
        let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names.len(), 2, "no draft is left: {names:?}");
        seen.push(config.mailboxes[0].folders.clone());
    }
    assert_eq!(seen.len(), 6);
}

#[test]
fn answers_that_cannot_be_right_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mailtally.toml");
    let (answers, _) = asked(&ALL, "", false);
    let answers = answers.unwrap_or_else(|failure| panic!("{failure:?}"));
    let wrong = Answers { password: Kept::Environment("my secret".to_owned()), ..answers };
    assert!(matches!(write::write(&file, &wrong), Err(Failure::Wrong(_))));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
