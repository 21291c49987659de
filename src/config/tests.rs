//! The loader on the shipped configuration, and on copies of it with slips put in.

mod calendar;
mod form_reference;
mod roster;
mod watching;

use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveTime};
use rust_decimal::Decimal;
use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::*;
use crate::model::account::TlsMode;
use crate::model::campaign::ScanPolicy;
use crate::model::form::{Check, ColumnKind, FindingCode, MoneyUnit, Severity};
use crate::model::letter::LetterKind;
use crate::model::returns::Item;
use crate::model::unit::UnitCode;

/// A copy of the shipped configuration with small letters of its own.
struct Copy(TempDir);

impl Copy {
    fn new() -> Self {
        let copy = Self(tempfile::tempdir().unwrap());
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
        std::fs::create_dir_all(copy.campaign("")).unwrap();
        std::fs::copy(shipped.join("mailtally.toml"), copy.main()).unwrap();
        for name in ["campaign.toml", "form.toml", "units.csv"] {
            std::fs::copy(shipped.join("campaigns/2021-bayi").join(name), copy.campaign(name)).unwrap();
        }
        for kind in LetterKind::ALL {
            copy.write(&copy.campaign(&format!("{}.txt", kind.as_str())), "{{ unit.name }}：您好");
            copy.write(&copy.campaign(&format!("{}.html", kind.as_str())), "<p>{{ unit.name }}：您好</p>");
        }
        copy
    }

    fn main(&self) -> PathBuf {
        self.0.path().join("mailtally.toml")
    }

    fn campaign(&self, name: &str) -> PathBuf {
        self.0.path().join("campaigns/2021-bayi").join(name)
    }

    fn write(&self, path: &Path, text: impl AsRef<[u8]>) {
        std::fs::write(path, text).unwrap();
    }

    /// Replaces text in a file; the text must stand there.
    fn change(&self, path: &Path, from: &str, to: &str) {
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.contains(from), "{from} is not in {}", path.display());
        std::fs::write(path, text.replacen(from, to, 1)).unwrap();
    }

    fn mistakes(&self) -> Vec<String> {
        let mistakes = load(&self.main()).unwrap_err();
        let root = format!("{}/", self.0.path().display());
        mistakes.list().iter().map(|mistake| mistake.to_string().replace(&root, "")).collect()
    }

    /// The one mistake there is.
    fn mistake(&self) -> String {
        let mistakes = self.mistakes();
        assert_eq!(mistakes.len(), 1, "{mistakes:#?}");
        mistakes.into_iter().next().unwrap()
    }
}

/// The line of `path` that holds `text`, counted from 1.
fn line_of(path: &Path, text: &str) -> usize {
    let content = std::fs::read_to_string(path).unwrap();
    content.lines().position(|line| line.contains(text)).unwrap() + 1
}

#[test]
fn the_shipped_configuration_is_valid() {
    let copy = Copy::new();
    let config = load(&copy.main()).unwrap();
    assert_eq!(config.offset.local_minus_utc(), 8 * 3600);
    assert_eq!(config.storage_dir, copy.0.path().parent().unwrap().join("data"), "the way there without detours");
    assert_eq!(config.limits.max_mail_bytes, 52_428_800);
    assert_eq!(config.staff.alert_to, ["duty@lvliang.example"]);
    let [mailbox] = &config.mailboxes[..] else { panic!("{:?}", config.mailboxes) };
    assert_eq!((mailbox.name.as_str(), mailbox.server.port, mailbox.poll_seconds), ("office", 993, 60));
    assert_eq!((mailbox.server.tls, &mailbox.after), (TlsMode::Implicit, &After::Leave));
    assert_eq!(mailbox.folders, ["INBOX", "垃圾邮件"]);
    let smtp = config.smtp.unwrap();
    assert!(matches!(&smtp.transport, Transport::Smtp(server) if server.port == 465));
    assert_eq!(smtp.from.name.as_deref(), Some("吕梁市双拥办"));
    assert_eq!((smtp.per_minute, smtp.per_day), (5, 200));
    let about: Vec<_> = config.warnings.iter().filter_map(|warning| warning.key.as_deref()).collect();
    assert_eq!(about, ["emails", "emails"], "one shared address, and units without any: {:#?}", config.warnings);
}

#[test]
fn the_shipped_campaign_is_the_notice() {
    let copy = Copy::new();
    let (offset, campaigns) = load_campaigns(&copy.main()).unwrap();
    let [campaign] = &campaigns[..] else { panic!("{} campaigns", campaigns.len()) };
    let moment = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&offset);
    assert_eq!(campaign.id, "2021-bayi");
    assert_eq!(campaign.notice_number, "吕拥办发〔2021〕3号");
    assert_eq!(campaign.opens, moment("2021-07-22T00:00:00+08:00"));
    assert_eq!(campaign.deadline, moment("2021-08-10T23:59:59+08:00"));
    assert_eq!(campaign.year, 2021);
    assert_eq!(campaign.items.iter().map(|due| due.item).collect::<Vec<_>>(), [Item::Table, Item::Report]);
    let stages: Vec<_> = campaign.reminders.iter().map(|stage| stage.name()).collect();
    assert_eq!(stages, ["-7", "-3", "-1", "0", "+1"]);
    assert_eq!(campaign.office_hours.1, NaiveTime::from_hms_opt(17, 30, 0).unwrap());
    assert_eq!(campaign.reports.scans, ScanPolicy::Accept);
    assert_eq!(campaign.templates.letters[&LetterKind::Ack].html, "<p>{{ unit.name }}：您好</p>");
    let count = |group: &str| campaign.roster.units().iter().filter(|unit| unit.group == group).count();
    assert_eq!(count("县市区"), 13);
    assert!(count("市直") >= 60 && count("驻吕部队") >= 6);
    let xing = campaign.roster.unit(&UnitCode::new("141123")).unwrap();
    assert_eq!(xing.name, "兴县");
    assert!(!xing.aliases.iter().any(|alias| alias.chars().count() < 2), "兴 alone means nothing");
    assert!(campaign.roster.units().iter().flat_map(|unit| &unit.emails).all(|address| address.ends_with(".example")));
}

#[test]
fn the_shipped_form_has_the_columns_of_the_interface() {
    let copy = Copy::new();
    let campaign = load_campaign(&copy.campaign(""), FixedOffset::east_opt(8 * 3600).unwrap()).unwrap();
    let form = &campaign.form;
    let keys: Vec<_> = form.columns.iter().map(|column| column.key.as_str()).collect();
    let of_interface = [
        "veterans_visited",
        "veterans_gifts",
        "veterans_cost",
        "others_visited",
        "others_gifts",
        "others_cost",
        "troop_name",
        "troop_gifts",
        "troop_cost",
        "total_wan",
        "remarks",
    ];
    assert_eq!(keys, of_interface);
    for column in &form.columns {
        assert_eq!(column.compulsory, column.kind.is_number() || column.key == "troop_name", "{}", column.key);
    }
    assert_eq!(form.column("total_wan").unwrap().kind, ColumnKind::Money(MoneyUnit::TenThousandYuan));
    assert_eq!(form.column("troop_cost").unwrap().after.as_deref(), Some("troop_name"));
    assert_eq!(form.plausible_per_head, Some((Decimal::from(10), Decimal::from(10_000))));
    assert_eq!(form.checks.len(), 3);
    assert!(matches!(&form.checks[0], Check::TotalAgrees { parts, .. } if parts.len() == 3));
    assert!(["无", "/", "—", "〇"].iter().all(|word| form.zero_words.iter().any(|known| known == word)));
}

#[test]
fn five_mistakes_in_four_files_are_told_at_once() {
    let copy = Copy::new();
    let (campaign, form, units) =
        (copy.campaign("campaign.toml"), copy.campaign("form.toml"), copy.campaign("units.csv"));
    copy.change(&copy.main(), "poll_seconds = 60", "pol_seconds = 60");
    copy.change(&copy.main(), "per_minute = 5", "per_minute = \"fast\"");
    copy.change(&campaign, "opens = 2021-07-22", "opens = 2021-09-01");
    copy.change(&form, "after = \"troop_name\"", "after = \"troops_name\"");
    copy.change(&units, "lsqsyb@lishi.example", "lsqsyb＠lishi.example");
    let mistakes = copy.mistakes();
    // A column's own line is that of its [[columns]].
    let column = line_of(&form, "key = \"troop_gifts\"") - 1;
    let expected = [
        ("units.csv", line_of(&units, "lsqsyb＠"), "emails"),
        ("form.toml", column, "after = \"troops_name\" is no column; did you mean `troop_name`?"),
        ("campaign.toml", line_of(&campaign, "deadline ="), "is not after opens"),
        (
            "mailtally.toml",
            line_of(&copy.main(), "pol_seconds"),
            "mailbox[1].pol_seconds: is no known key here; did you mean `poll_seconds`?",
        ),
        ("mailtally.toml", line_of(&copy.main(), "per_minute"), "smtp.per_minute: must be a whole number"),
    ];
    assert_eq!(mistakes.len(), expected.len(), "{mistakes:#?}");
    for (told, (file, line, text)) in mistakes.iter().zip(expected) {
        assert!(told.contains(&format!("{file}:{line}: ")) && told.contains(text), "{told}");
    }
}

#[test]
fn broken_syntax_does_not_hide_what_is_wrong_elsewhere() {
    let copy = Copy::new();
    copy.change(&copy.main(), "per_day = 200", "per_day = 200\nper_day = 300\nfrom = ");
    copy.change(&copy.campaign("campaign.toml"), "id = \"2021-bayi\"", "id = \"2022-bayi\"");
    let mistakes = copy.mistakes();
    let line = line_of(&copy.main(), "per_day = 300");
    assert!(
        mistakes.iter().any(|told| told.starts_with(&format!("mailtally.toml:{line}: is no valid TOML"))),
        "{mistakes:#?}"
    );
    assert!(mistakes.iter().any(|told| told.contains("must be the folder's name, \"2021-bayi\"")), "{mistakes:#?}");
    assert!(!mistakes.iter().any(|told| told.contains("is missing")), "{mistakes:#?}");
}

#[test]
fn a_password_in_the_file_is_refused_and_never_repeated() {
    let copy = Copy::new();
    copy.change(&copy.main(), "password_env = \"MAILTALLY_IMAP_PASSWORD\"", "password = \"s3cret-授权码\"");
    copy.change(&copy.main(), "password_env = \"MAILTALLY_SMTP_PASSWORD\"", "password_env = \"s3cret 授权码\"");
    let mistakes = copy.mistakes();
    assert_eq!(mistakes.len(), 2, "{mistakes:#?}");
    assert!(mistakes[0].contains("mailbox[1].password: a password never stands in the configuration"));
    assert!(mistakes[1].contains("smtp.password_env: must be the NAME"));
    assert!(!mistakes.concat().contains("s3cret"));
}

#[test]
fn a_secret_matters_only_where_somebody_logs_in() {
    let copy = Copy::new();
    copy.change(&copy.main(), "MAILTALLY_IMAP_PASSWORD", "MAILTALLY_TEST_NEVER_SET");
    let secret = copy.0.path().join("smtp.secret");
    copy.change(&copy.main(), "password_env = \"MAILTALLY_SMTP_PASSWORD\"", "password_file = \"smtp.secret\"");
    let config = load(&copy.main()).unwrap();
    let told = config.mailboxes[0].server.account().unwrap_err().to_string();
    assert!(told.contains("mailbox[1].password_env") && told.contains("MAILTALLY_TEST_NEVER_SET"), "{told}");
    let Some(Transport::Smtp(server)) = config.smtp.map(|smtp| smtp.transport) else { panic!("no server") };
    assert!(server.account().unwrap_err().to_string().contains("smtp.secret"));
    copy.write(&secret, "授权码-42\r\n");
    let account = server.account().unwrap();
    assert_eq!(account.password.expose_secret(), "授权码-42");
    assert!(!format!("{account:?} {server:?}").contains("42"), "a secret never shows");
}

#[test]
fn a_password_file_open_to_others_is_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let copy = Copy::new();
    let secret = copy.0.path().join("imap.secret");
    copy.write(&secret, "授权码");
    copy.change(&copy.main(), "password_env = \"MAILTALLY_IMAP_PASSWORD\"", "password_file = \"imap.secret\"");
    let warned = |mode| {
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(mode)).unwrap();
        let warnings = load(&copy.main()).unwrap().warnings;
        warnings.iter().any(|warning| warning.key.as_deref() == Some("mailbox[1].password_file"))
    };
    assert!(warned(0o644));
    assert!(!warned(0o600));
}

#[test]
fn plain_connections_go_to_loopback_alone() {
    let copy = Copy::new();
    copy.change(&copy.main(), "tls = \"implicit\"", "tls = \"none\"");
    assert!(copy.mistake().contains("mailbox[1].tls: \"none\" would send the password in the clear"));
    copy.change(&copy.main(), "imap.163.com", "127.0.0.1");
    assert_eq!(load(&copy.main()).unwrap().mailboxes[0].server.tls, TlsMode::None);
    copy.change(&copy.main(), "127.0.0.1", "127.0.0.1.evil.example");
    assert!(copy.mistake().contains("evil.example"));
}

#[test]
fn letters_may_go_to_a_folder_and_mail_be_moved() {
    let copy = Copy::new();
    copy.change(&copy.main(), "transport = \"smtp\"", "transport = \"folder\"\npath = \"letters\"");
    copy.change(&copy.main(), "after = \"leave\"", "after = \"move:已登记\"");
    let config = load(&copy.main()).unwrap();
    let Some(Transport::Folder(path)) = config.smtp.map(|smtp| smtp.transport) else { panic!("no folder") };
    assert_eq!(path, copy.0.path().join("letters"));
    assert_eq!(config.mailboxes[0].after, After::Move("已登记".into()));
    copy.change(&copy.main(), "move:已登记", "move:INBOX");
    assert!(copy.mistake().contains("mailbox[1].after: moves mail to \"INBOX\", which is polled itself"));
}

#[test]
fn time_zones_are_the_named_one_or_an_offset() {
    let copy = Copy::new();
    copy.change(&copy.main(), "Asia/Shanghai", "+06:00");
    let (offset, campaigns) = load_campaigns(&copy.main()).unwrap();
    assert_eq!(offset.local_minus_utc(), 6 * 3600);
    assert_eq!(campaigns[0].deadline.to_rfc3339(), "2021-08-10T23:59:59+06:00");
    copy.change(&copy.main(), "+06:00", "Beijing");
    assert!(copy.mistake().contains("timezone: \"Beijing\" is not known; write \"Asia/Shanghai\""));
}

#[test]
fn inspect_does_not_mind_what_is_wrong_with_the_mailbox() {
    let copy = Copy::new();
    copy.change(&copy.main(), "poll_seconds = 60", "pol_seconds = \"x\"");
    assert!(load(&copy.main()).is_err());
    assert_eq!(load_campaigns(&copy.main()).unwrap().1.len(), 1);
}

#[test]
fn the_deadline_says_whether_its_day_counts() {
    let copy = Copy::new();
    let file = copy.campaign("campaign.toml");
    copy.change(&file, "that_day_included = true", "that_day_included = false");
    assert_eq!(load_campaigns(&copy.main()).unwrap().1[0].deadline.to_rfc3339(), "2021-08-09T23:59:59+08:00");
    copy.change(&file, "{ day = 2021-08-10, that_day_included = false }", "2021-08-10T17:30:00");
    assert_eq!(load_campaigns(&copy.main()).unwrap().1[0].deadline.to_rfc3339(), "2021-08-10T17:30:00+08:00");
    copy.change(&file, "2021-08-10T17:30:00", "2021-08-10");
    assert!(copy.mistake().contains("deadline: a bare day does not say whether that day is included"));
}

#[test]
fn reminders_outside_the_office_hours_are_a_warning_and_two_a_day_a_mistake() {
    let copy = Copy::new();
    let file = copy.campaign("campaign.toml");
    copy.change(&file, "time = \"09:00\"", "time = \"22:00\"");
    let warnings = load(&copy.main()).unwrap().warnings;
    assert!(warnings.iter().any(|warning| warning.text.contains("stage -7 at 22:00:00 is outside the office hours")));
    copy.change(&file, "days = -3", "days = -7");
    assert!(copy.mistake().contains("reminders: has two reminders on the same day"));
}

#[test]
fn checks_and_severities_name_what_is_there() {
    let copy = Copy::new();
    let form = copy.campaign("form.toml");
    copy.change(&form, "# [severities]\n# count_without_cost", "[severities]\ncount_without_cost");
    let campaign = &load_campaigns(&copy.main()).unwrap().1[0];
    assert_eq!(campaign.form.severity(FindingCode::CountWithoutCost), Severity::Error);
    assert_eq!(campaign.form.severity(FindingCode::CostWithoutCount), Severity::Warning);
    copy.change(&form, "count_without_cost =", "count_without_costs =");
    copy.change(&form, "total = \"total_wan\"", "total = \"veterans_cost\"");
    copy.change(&form, "count = \"others_visited\"", "count = \"other_visited\"");
    let mistakes = copy.mistakes();
    assert_eq!(mistakes.len(), 3, "{mistakes:#?}");
    assert!(mistakes[0].contains("checks[1].total: column \"veterans_cost\" is not a money column in 万元"));
    assert!(
        mistakes[1]
            .contains("checks[3].count: \"other_visited\" is no column of this form; did you mean `others_visited`?")
    );
    assert!(mistakes[2].contains("severities.count_without_costs: is no known code"));
}

#[test]
fn letters_must_be_there_and_be_templates() {
    let copy = Copy::new();
    std::fs::remove_file(copy.campaign("digest.html")).unwrap();
    copy.write(&copy.campaign("ack.txt"), "第一行\n{% if unit %}\n{{ unit.name }");
    copy.write(&copy.campaign("alert.txt"), b"\xb8\xe6\xbe\xaf");
    let mistakes = copy.mistakes();
    assert_eq!(mistakes.len(), 3, "{mistakes:#?}");
    assert!(mistakes[0].starts_with("campaigns/2021-bayi/ack.txt:3: is no valid template"), "{}", mistakes[0]);
    assert!(mistakes[1].contains("digest.html: this letter cannot be read"), "{}", mistakes[1]);
    assert!(mistakes[2].contains("alert.txt: is not UTF-8"), "{}", mistakes[2]);
}

#[test]
fn a_missing_campaign_or_file_is_said_plainly() {
    let copy = Copy::new();
    std::fs::remove_file(copy.campaign("form.toml")).unwrap();
    assert!(copy.mistake().contains("form.toml: cannot be read"));
    std::fs::remove_file(copy.campaign("campaign.toml")).unwrap();
    assert!(copy.mistake().starts_with("campaigns: holds no campaign"), "{}", copy.mistake());
    let absent = copy.0.path().join("absent.toml");
    assert!(load(&absent).unwrap_err().to_string().contains("absent.toml: cannot be read"));
}

#[test]
fn dns_is_asked_only_where_somebody_wants_it() {
    let copy = Copy::new();
    assert_eq!(load(&copy.main()).unwrap().authenticity.dkim, None);
    let main = std::fs::read_to_string(copy.main()).unwrap();
    for (section, dns, seconds) in [
        ("dkim = \"dns\"", None, 5),
        ("dkim = \"dns\"\ndns = \"system\"\ntimeout_seconds = 2", None, 2),
        ("dkim = \"dns\"\ndns = \"127.0.0.1:5353\"", Some("127.0.0.1:5353"), 5),
        ("dkim = \"dns\"\ndns = \"::1\"", Some("[::1]:53"), 5),
    ] {
        copy.write(&copy.main(), format!("{main}\n[authenticity]\n{section}\n"));
        let dkim = load(&copy.main()).unwrap().authenticity.dkim.unwrap();
        assert_eq!(dkim.dns, dns.map(|dns| dns.parse().unwrap()), "{section}");
        assert_eq!(dkim.patience.as_secs(), seconds);
    }
    copy.write(&copy.main(), format!("{main}\n[authenticity]\ndkim = \"off\"\ndns = \"system\"\n"));
    let off = load(&copy.main()).unwrap();
    assert_eq!(off.authenticity.dkim, None);
    assert!(off.warnings.iter().any(|warning| warning.to_string().contains("authenticity.dns")), "{:?}", off.warnings);
    copy.write(
        &copy.main(),
        format!("{main}\n[authenticity]\ndkim = \"yes\"\ndns = \"dns.example\"\ntimeout_seconds = 99\nspf = 1\n"),
    );
    let mistakes = copy.mistakes().join("\n");
    for key in ["authenticity.dkim", "authenticity.dns", "authenticity.timeout_seconds", "authenticity.spf"] {
        assert!(mistakes.contains(key), "{key} in {mistakes}");
    }
}
