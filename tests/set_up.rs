//! How an office begins: the examples that are shipped, `init` by its options, and `config show`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use mailtally::config::{self, Config, Transport};
use tempfile::TempDir;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// In a folder of its own, with no configuration of the machine's.
fn tried(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mailtally"));
    command.current_dir(folder).stdin(Stdio::null()).env_remove("MAILTALLY_CONFIG").env("MAILTALLY_PASSWORD", "code");
    command.args(arguments).output().unwrap()
}

fn said(output: &Output) -> (String, String) {
    (String::from_utf8(output.stdout.clone()).unwrap(), String::from_utf8(output.stderr.clone()).unwrap())
}

/// A main file beside the shipped collection.
fn beside_the_shipped_collection(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mailtally.toml");
    let campaigns = root().join("config/campaigns");
    fs::write(&file, text.replace("dir = \"campaigns\"", &format!("dir = \"{}\"", campaigns.display()))).unwrap();
    (folder, file)
}

#[test]
fn every_shipped_example_is_valid_and_is_for_its_provider() {
    let hosts = [
        ("163", "imap.163.com", "smtp.163.com"),
        ("qq", "imap.qq.com", "smtp.qq.com"),
        ("exmail", "imap.exmail.qq.com", "smtp.exmail.qq.com"),
        ("coremail", "mail.unit.example", "mail.unit.example"),
    ];
    let folder = root().join("deploy/examples");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), hosts.len(), "each example is looked at here");
    for (name, imap, smtp) in hosts {
        let text = fs::read_to_string(folder.join(format!("{name}.toml"))).unwrap();
        let (_folder, file) = beside_the_shipped_collection(&text);
        let config = config::load(&file).unwrap_or_else(|mistakes| panic!("{name}: {mistakes}"));
        // Beside what the shipped roster has.
        let own: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
        assert!(own.iter().all(|warning| !warning.contains("mailtally.toml")), "{name}: {own:#?}");
        assert_eq!(config.storage_dir, Path::new("/var/lib/mailtally"));
        let mailbox = &config.mailboxes[0];
        assert_eq!((mailbox.server.host.as_str(), mailbox.server.port), (imap, 993));
        assert!(mailbox.folders.len() > 1, "{name}: the junk is looked into");
        let Some(Transport::Smtp(server)) = config.smtp.as_ref().map(|smtp| &smtp.transport) else { panic!("{name}") };
        assert_eq!((server.host.as_str(), server.port), (smtp, 465));
        assert_eq!(server.username, config.smtp.as_ref().unwrap().from.address);
    }
}

#[test]
fn init_by_its_options_writes_what_check_is_content_with_and_never_twice() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "-c",
        "config/mailtally.toml",
        "init",
        "--provider",
        "163",
        "--address",
        "office@163.example",
        "--office",
        "市双拥办",
        "--phone",
        "0358-8498917",
        "--staff",
        "duty@office.example",
        "--password-env",
        "MAILTALLY_PASSWORD",
    ];
    let done = tried(folder.path(), &arguments);
    let (words, complaint) = said(&done);
    assert!(done.status.success(), "{complaint}");
    for step in ["收取全部邮件", "check --online", "campaign new", "unit import", "mailtally run"] {
        assert!(words.contains(step), "{step} is not in {words}");
    }
    let checked = tried(folder.path(), &["check"]);
    let (words, complaint) = said(&checked);
    assert_eq!(checked.status.code(), Some(0), "{words}{complaint}");
    assert!(words.contains("the password for imap.163.com is there"), "{words}");
    // Nobody on its roster can be written to, and none of its days is to come.
    let once = tried(folder.path(), &["--now", "2026-11-25T09:00:00+08:00", "config", "show"]);
    assert!(said(&once).0.contains("1 units"));

    let before = fs::read(folder.path().join("config/mailtally.toml")).unwrap();
    let again = tried(folder.path(), &arguments);
    assert_eq!(again.status.code(), Some(2));
    assert!(said(&again).1.contains("is there already"), "{}", said(&again).1);
    assert_eq!(fs::read(folder.path().join("config/mailtally.toml")).unwrap(), before);

    let unsaid = tried(folder.path(), &["-c", "other.toml", "init"]);
    assert_eq!(unsaid.status.code(), Some(2));
    assert!(said(&unsaid).1.contains("--provider, --address"), "{}", said(&unsaid).1);
}

#[test]
fn next_years_collection_is_made_from_the_sample_that_init_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let done = tried(
        folder.path(),
        &[
            "-c",
            "mailtally.toml",
            "init",
            "--provider",
            "coremail",
            "--address",
            "office@unit.example",
            "--imap-host",
            "mail.unit.example",
            "--smtp-host",
            "mail.unit.example",
            "--office",
            "市双拥办",
            "--phone",
            "1",
            "--staff",
            "duty@unit.example",
            "--storage",
            "data",
        ],
    );
    assert!(done.status.success(), "{}", said(&done).1);
    let made = tried(
        folder.path(),
        &["-c", "mailtally.toml", "campaign", "new", "2027-bayi", "--from", "2021-bayi", "--deadline", "2027-08-10"],
    );
    assert!(made.status.success(), "{}", said(&made).1);
    let list = folder.path().join("list.csv");
    fs::write(&list, "单位代码,单位名称,分组,邮箱\n141102,离石区,县市区,lishi@unit.example\n").unwrap();
    let taken = tried(
        folder.path(),
        &["-c", "mailtally.toml", "unit", "import", "list.csv", "--campaign", "2027-bayi", "--apply"],
    );
    assert!(taken.status.success(), "{}", said(&taken).1);
    let config = config::load(&folder.path().join("mailtally.toml")).unwrap();
    let units: Vec<&str> = config.campaigns[1].roster.units().iter().map(|unit| unit.name.as_str()).collect();
    assert_eq!(units, ["离石区"], "the sample's unit is gone");
}

/// What matters of a configuration, without where it was read from.
fn essence(config: &Config) -> String {
    let server = |server: &config::Server| {
        let secret = server.password.said();
        format!("{} {} {:?} {} {secret:?} {:?}", server.host, server.port, server.tls, server.username, server.ca_file)
    };
    let mailboxes: Vec<String> = config
        .mailboxes
        .iter()
        .map(|mailbox| {
            let name = (&mailbox.name, &mailbox.folders, mailbox.poll_seconds, &mailbox.after);
            format!("{name:?} {}", server(&mailbox.server))
        })
        .collect();
    let smtp = config.smtp.as_ref().map(|smtp| {
        let way = match &smtp.transport {
            Transport::Smtp(of) => server(of),
            Transport::Folder(path) => path.display().to_string(),
        };
        format!("{way} {:?} {} {} {}", smtp.from, smtp.per_minute, smtp.per_day, smtp.hold_reminders)
    });
    let rest = (config.offset, &config.holidays, &config.storage_dir, &config.staff, &config.campaigns_dir);
    format!("{mailboxes:#?} {smtp:#?} {rest:#?} {:?} {:?}", config.limits, config.authenticity)
}

#[test]
fn what_config_show_prints_is_a_configuration_that_says_the_same_without_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("secret"), "a-very-secret-code\n").unwrap();
    fs::write(folder.path().join("holidays.toml"), fs::read(root().join("config/holidays.toml")).unwrap()).unwrap();
    let campaigns = root().join("config/campaigns");
    let text = format!(
        "holidays = \"holidays.toml\"\n[storage]\ndir = \"data\"\n\
         [[mailbox]]\nname = \"一\"\nhost = \"imap.unit.example\"\nusername = \"a\"\npassword_file = \"secret\"\nafter = \"move:已\\\"读\\\"\"\n\
         [[mailbox]]\nname = \"two\"\nhost = \"127.0.0.1\"\ntls = \"none\"\nusername = \"b\"\npassword_credential = \"imap\"\n\
         [smtp]\nhost = \"smtp.unit.example\"\ntls = \"starttls\"\nusername = \"a@unit.example\"\npassword_env = \"MAILTALLY_PASSWORD\"\n\
         from = \"双拥办, 一科 <a@unit.example>\"\nhold = [\"reminder\"]\n\
         [campaigns]\ndir = \"{}\"\n[authenticity]\ndkim = \"dns\"\ndns = \"127.0.0.1:53\"\n",
        campaigns.display()
    );
    let file = folder.path().join("mailtally.toml");
    fs::write(&file, text).unwrap();
    let shown = tried(folder.path(), &["-c", "mailtally.toml", "config", "show"]);
    let (words, complaint) = said(&shown);
    assert!(shown.status.success(), "{complaint}");
    for part in
        ["per_minute = 5", "poll_seconds = 60", "port = 587", "port = 993", "# collection 2021-bayi", "reminder -7"]
    {
        assert!(words.contains(part), "{part} is not in {words}");
    }
    assert!(!words.contains("a-very-secret-code"), "{words}");
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = elsewhere.path().join("copy.toml");
    fs::write(&copy, &words).unwrap();
    assert_eq!(essence(&config::load(&copy).unwrap()), essence(&config::load(&file).unwrap()));
}
