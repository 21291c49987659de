//! The storage as it stands on the disk, with the real program: stores written under every earlier schema, stores of a
//! newer program, two processes at once, damaged mails, and who may read the files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails has to panic"
)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use mailtally::archive::Archive;
use mailtally::model::mail::Digest;
use serde_json::Value;
use sqlx::SqlitePool;
use sqlx::sqlite::SqliteConnectOptions;
use tempfile::TempDir;

const CONFIG: &str = r#"timezone = "Asia/Shanghai"
[storage]
dir = "data"
[smtp]
transport = "folder"
path = "letters"
from = "吕梁市双拥办 <office@163.example>"
[staff]
digest_to = ["duty@lvliang.example"]
alert_to = ["duty@lvliang.example"]
[campaigns]
dir = "CAMPAIGNS"
"#;

/// The mails of tests/generate/stores.py.
const CASES: [&str; 5] = ["lishi-whole", "liulin-total-in-yuan", "liulin-corrected", "question", "sub-office"];

/// An office with the shipped campaign and a storage of its own.
struct Office {
    folder: TempDir,
    umask: &'static str,
}

impl Office {
    fn new() -> Self {
        Self::with_umask("022")
    }

    fn with_umask(umask: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let campaigns = root().join("config/campaigns").display().to_string();
        fs::write(folder.path().join("mailtally.toml"), CONFIG.replace("CAMPAIGNS", &campaigns)).unwrap();
        Self { folder, umask }
    }

    /// `run`, with a mailbox on a server that is not there; returns once it works on the storage.
    fn daemon(&self) -> Daemon {
        let config = fs::read_to_string(self.path("mailtally.toml")).unwrap();
        let mailbox = "[[mailbox]]\nname = \"office\"\nhost = \"127.0.0.1\"\nport = 9\ntls = \"none\"\n\
                       username = \"office@office.example\"\npassword_env = \"OFFICE_PASSWORD\"\n";
        fs::write(self.path("mailtally.toml"), format!("{config}{mailbox}")).unwrap();
        let mut command = self.command(&["run"]);
        let daemon = Daemon(command.env("OFFICE_PASSWORD", "x").stderr(Stdio::null()).spawn().unwrap());
        let since = Instant::now();
        let holds = |line: String| line.starts_with(&format!("{} ", daemon.0.id())) && line.ends_with('\n');
        while !fs::read_to_string(self.storage().join("mailtally.lock")).is_ok_and(holds) {
            assert!(since.elapsed() < Duration::from_secs(60), "the daemon has not taken the storage");
            std::thread::sleep(Duration::from_millis(20));
        }
        fs::write(self.path("mailtally.toml"), config).unwrap();
        daemon
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn storage(&self) -> PathBuf {
        self.path("data")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        // The shell sets the umask and becomes the program.
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(format!("umask {}; exec \"$0\" \"$@\"", self.umask))
            .arg(env!("CARGO_BIN_EXE_mailtally"))
            .arg("-c")
            .arg(self.path("mailtally.toml"))
            .args(arguments);
        command
    }

    fn try_run(&self, arguments: &[&str]) -> Output {
        let now = ["--now", "2021-08-06T17:20:00+08:00"];
        self.command(&[&now, arguments].concat()).output().unwrap()
    }

    fn run(&self, arguments: &[&str]) -> String {
        let output = self.try_run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", said(&output.stderr));
        said(&output.stdout)
    }

    fn ingest(&self) {
        for case in CASES {
            self.run(&["ingest", &mail_of(case).display().to_string()]);
        }
    }
}

/// Ends with its owner.
struct Daemon(Child);

impl Daemon {
    fn stop(mut self) {
        Command::new("kill").arg(self.0.id().to_string()).status().unwrap();
        // Told to stop before it listens for that, it ends by the signal.
        self.0.wait().unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn mail_of(case: &str) -> PathBuf {
    root().join("tests/cases").join(case).join("mail.eml")
}

fn said(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}

async fn database(storage: &Path) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(storage.join("mailtally.sqlite"))
        .create_if_missing(true)
        // The tables of a dump stand in the order of their names.
        .foreign_keys(false);
    SqlitePool::connect_with(options).await.unwrap()
}

/// A storage as the program of this schema left it.
async fn written_under(schema: usize) -> Office {
    let office = Office::new();
    fs::create_dir(office.storage()).unwrap();
    let archive = Archive::open(&office.storage());
    for case in CASES {
        archive.put(&fs::read(mail_of(case)).unwrap()).unwrap();
    }
    let dump = fs::read_to_string(root().join(format!("tests/fixtures/stores/{schema}.sql"))).unwrap();
    let pool = database(&office.storage()).await;
    let mut one = pool.acquire().await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(dump)).execute(&mut *one).await.unwrap();
    drop(one);
    pool.close().await;
    office
}

/// Status and totals of the units that wrote.
fn told(status: &Value) -> Vec<(String, String, Value)> {
    let units = status["units"].as_array().unwrap_or_else(|| panic!("{status:#}"));
    let row = |unit: &Value| {
        let word = |key: &str| unit[key].as_str().unwrap_or_default().to_owned();
        (word("code"), word("status"), unit["row"].clone())
    };
    units.iter().map(row).filter(|(_, status, _)| status != "missing").collect()
}

#[tokio::test]
async fn a_store_of_every_earlier_schema_is_taken_over_whole() {
    let schemas = fs::read_dir(root().join("migrations")).unwrap().count();
    let dumps = fs::read_dir(root().join("tests/fixtures/stores")).unwrap().count();
    assert!(dumps + 1 >= schemas, "a schema that was released has no dump: python3 tests/generate/stores.py");
    let mut before: Option<(Value, String, String)> = None;
    for schema in 1..=dumps {
        let office = written_under(schema).await;
        if schema < schemas {
            let outdated = office.try_run(&["status"]);
            assert_eq!(outdated.status.code(), Some(1), "schema {schema}");
            assert!(said(&outdated.stderr).contains("made by an older mailtally"), "{}", said(&outdated.stderr));
        }
        // What was owed then is still owed, in the words of its day; what was under way when the process died is not
        // sent again.
        let owed = states(&office).await;
        office.run(&["once"]);
        let status: Value = serde_json::from_str(&office.run(&["status", "--format", "json"])).unwrap();
        let letters = office.run(&["letters", "list", "--all"]);
        let letters = letters.replace(&format!("{}/", office.folder.path().display()), "");
        let history: String = office
            .run(&["history"])
            .lines()
            .filter(|line| !line.contains("141121") || line.contains("remind"))
            .map(|line| format!("{line}\n"))
            .collect();
        let units = told(&status);
        let lishi = units.iter().find(|(code, _, _)| code == "141102").unwrap();
        assert_eq!(lishi.1, "complete", "schema {schema}: {units:?}");
        assert!(!lishi.2.is_null() && history.contains("王干事"), "schema {schema}: {history}");
        let waiting = office.run(&["review", "list"]);
        assert!(waiting.contains("孝义市") && !waiting.contains("来信咨询"), "schema {schema}: {waiting}");
        let states = states(&office).await;
        let mut went = Vec::new();
        for (key, state) in owed.iter().filter(|(key, _)| key.starts_with("ack/")) {
            went.push((state.as_str(), states[key].as_str()));
        }
        went.sort_unstable();
        assert_eq!(went, [("queued", "sent"), ("sending", "unknown"), ("sent", "sent")], "schema {schema}");
        let sound = said(&office.try_run(&["check"]).stdout);
        assert!(sound.contains("the database is sound"), "{sound}");
        assert!(sound.contains("the archive holds all 5 mails with the bytes they came with"), "{sound}");
        match &before {
            None => before = Some((serde_json::json!(units), letters, history)),
            Some((status, as_before, past)) => {
                assert_eq!(*status, serde_json::json!(units), "schema {schema}");
                assert_eq!(*as_before, letters, "schema {schema}");
                assert_eq!(*past, history, "schema {schema}");
            }
        }
    }
}

async fn states(office: &Office) -> BTreeMap<String, String> {
    let pool = database(&office.storage()).await;
    let states: Vec<(String, String)> =
        sqlx::query_as("SELECT key, state FROM letters").fetch_all(&pool).await.unwrap();
    pool.close().await;
    states.into_iter().collect()
}

#[tokio::test]
async fn a_store_of_a_newer_program_is_left_as_it_is() {
    let office = Office::new();
    office.ingest();
    let pool = database(&office.storage()).await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (9001, 'what is to come', 1, x'00', 1)";
    sqlx::query(newer).execute(&pool).await.unwrap();
    sqlx::query("CREATE TABLE what_is_to_come (a INTEGER) STRICT").execute(&pool).await.unwrap();
    pool.close().await;
    let file = office.storage().join("mailtally.sqlite");
    let before = fs::read(&file).unwrap();
    let backup = office.path("backup.tar").display().to_string();
    let mail = mail_of("question").display().to_string();
    for arguments in
        [&["once"][..], &["ingest", &mail], &["status"], &["review", "list"], &["backup", "--out", &backup]]
    {
        let refused = office.try_run(arguments);
        let words = said(&refused.stderr);
        assert_eq!(refused.status.code(), Some(1), "{arguments:?}: {words}");
        assert!(words.contains("newer mailtally") && words.contains("9001"), "{arguments:?}: {words}");
    }
    let found = said(&office.try_run(&["check"]).stdout);
    assert!(found.contains("FAIL") && found.contains("newer mailtally"), "{found}");
    assert_eq!(fs::read(&file).unwrap(), before, "nothing was written into it");
}

#[test]
fn a_second_daemon_is_refused_and_told_which_process_works_here() {
    let office = Office::new();
    let daemon = office.daemon();
    let mail = mail_of("question").display().to_string();
    for arguments in [&["once"][..], &["ingest", &mail]] {
        let refused = office.command(arguments).env("OFFICE_PASSWORD", "x").output().unwrap();
        let words = said(&refused.stderr);
        assert_eq!(refused.status.code(), Some(1), "{arguments:?}: {words}");
        assert!(words.contains(&format!("in use by process {} (run)", daemon.0.id())), "{arguments:?}: {words}");
    }
    daemon.stop();
    office.run(&["ingest", &mail]);
}

#[test]
fn check_names_a_missing_and_an_altered_mail() {
    let office = Office::new();
    office.ingest();
    let archive = Archive::open(&office.storage());
    let path_of = |case: &str| archive.path(&Digest::of(&fs::read(mail_of(case)).unwrap()));
    let (missing, altered) = (path_of("question"), path_of("sub-office"));
    fs::remove_file(&missing).unwrap();
    let mut bytes = fs::read(&altered).unwrap();
    bytes[10] ^= 1;
    fs::write(&altered, bytes).unwrap();
    let output = office.try_run(&["check"]);
    let words = said(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{words}");
    let line = |path: &Path| words.lines().find(|line| line.contains(&path.display().to_string())).unwrap().to_owned();
    assert!(line(&missing).starts_with("FAIL"), "{words}");
    assert!(line(&altered).starts_with("FAIL") && line(&altered).contains("altered"), "{words}");
    assert!(!words.contains("the archive holds all"), "{words}");
}

/// Everything below a folder, with who may do what.
fn modes(folder: &Path, found: &mut Vec<(PathBuf, u32)>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let meta = entry.metadata().unwrap();
        found.push((entry.path(), meta.permissions().mode() & 0o777));
        if meta.is_dir() {
            modes(&entry.path(), found);
        }
    }
}

#[test]
fn nobody_else_may_read_what_the_program_keeps_whatever_the_umask() {
    for umask in ["000", "022", "077"] {
        let office = Office::with_umask(umask);
        office.ingest();
        office.run(&["once"]);
        let waiting: Value = serde_json::from_str(&office.run(&["review", "list", "--format", "json"])).unwrap();
        let id = waiting[0]["id"].to_string();
        let out = |name: &str| office.path(name).display().to_string();
        office.run(&["review", "show", &id, "--files", &out("files/of/a/review")]);
        office.run(&["letters", "preview", "reminder", "--out", &out("files/of/a/letter")]);
        office.run(&["backup", "--out", &out("backup.tar")]);
        // While a process works on it, the log of the database lies beside it.
        let daemon = office.daemon();
        let mut found = Vec::new();
        modes(&office.storage(), &mut found);
        daemon.stop();
        fs::rename(office.storage(), office.path("data-before")).unwrap();
        office.run(&["restore", &out("backup.tar")]);
        for folder in ["data", "letters", "files"] {
            found.push((office.path(folder), fs::metadata(office.path(folder)).unwrap().permissions().mode() & 0o777));
            modes(&office.path(folder), &mut found);
        }
        let backup = office.path("backup.tar");
        found.push((backup.clone(), fs::metadata(&backup).unwrap().permissions().mode() & 0o777));
        let names = found.iter().map(|(path, _)| path.display().to_string()).collect::<Vec<_>>().join("\n");
        for name in ["mailtally.sqlite", "-wal", "-shm", "archive/", "letters/", ".eml", "backup.tar", "mailtally.lock"]
        {
            assert!(names.contains(name), "{name} was made\n{names}");
        }
        for (path, mode) in found {
            let expected = if path.is_dir() || !path.exists() && mode == 0o700 { 0o700 } else { 0o600 };
            assert_eq!(format!("{mode:o}"), format!("{expected:o}"), "umask {umask}: {}", path.display());
        }
    }
}
