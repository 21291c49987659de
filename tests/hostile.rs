//! What strangers write, as it reaches a terminal, a log or a file: mails with names that steer, servers that say what they
//! like, and secrets that must not come out again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails has to panic"
)]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use tempfile::TempDir;

const PASSWORD: &str = "hunter2-授权码-Zq9";

struct Office(TempDir);

impl Office {
    fn new(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let campaigns = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/campaigns").display().to_string();
        let config = format!(
            "timezone = \"Asia/Shanghai\"\n[storage]\ndir = \"data\"\n[staff]\ndigest_to = [\"duty@office.example\"]\n\
             alert_to = [\"duty@office.example\"]\n[campaigns]\ndir = \"{campaigns}\"\n{more}"
        );
        fs::write(folder.path().join("mailtally.toml"), config).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Everything it says, on both streams.
    fn run(&self, arguments: &[&str]) -> String {
        let Output { stdout, stderr, .. } = Command::new(env!("CARGO_BIN_EXE_mailtally"))
            .arg("-c")
            .arg(self.path("mailtally.toml"))
            .args(["--now", "2021-08-03T09:00:00+08:00"])
            .args(arguments)
            .env("MAILTALLY_LOG", "trace")
            .env("OFFICE_PASSWORD", PASSWORD)
            .output()
            .unwrap();
        format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr))
    }
}

/// What steers a terminal, begins a line or turns the direction of writing; line ends are the program's own.
fn steering(text: &str) -> Option<&str> {
    let steers = |sign: char| {
        (sign.is_control() && sign != '\n')
            || matches!(sign, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    text.lines().find(|line| line.contains(steers))
}

const STEERS: &str =
    "\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}fdp\u{2066}\u{85}\u{2028}\r\n2021-08-01 00:00:00  伪造一行\u{9b}31m";

fn word(text: &str) -> String {
    format!("=?utf-8?B?{}?=", BASE64.encode(text.as_bytes()))
}

/// A mail in which every name that can steer does: sender, subject, files, members of an archive, sheets, cells.
fn steering_mail() -> Vec<u8> {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.set_name("表\u{202e}xslx\u{2066}").unwrap();
    for (column, text) in ["单位名称：离石\u{202e}区\u{85}\u{2028}伪造", "慰问单位", "=HYPERLINK(\"http://a.example\")"]
        .iter()
        .enumerate()
    {
        sheet.write(0, u16::try_from(column).unwrap(), *text).unwrap();
    }
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for name in [
        format!("../../../../tmp/统计表{STEERS}.xlsx"),
        "/etc/passwd\u{202e}.xlsx".to_owned(),
        "..\\..\\a.xlsx".to_owned(),
    ] {
        archive.start_file(name, options).unwrap();
        archive.write_all(&workbook.save_to_buffer().unwrap()).unwrap();
    }
    let archive = archive.finish().unwrap().into_inner();
    format!(
        "From: {} <lsqsyb@lishi.example>\r\nTo: office@office.example\r\nSubject: {}\r\nMessage-ID: <a\u{1b}[31m@lishi.example>\r\n\
         Date: Mon, 2 Aug 2021 09:00:00 +0800\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n\
         --b\r\nContent-Type: application/zip\r\nContent-Disposition: attachment; filename=\"{}\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n",
        word(&format!("离石区{STEERS}")),
        word(&format!("统计表{STEERS}")),
        BASE64.encode(format!("请查收{STEERS}\n附件").as_bytes()),
        word(&format!("../../汇总{STEERS}.zip")),
        BASE64.encode(&archive),
    )
    .into_bytes()
}

#[test]
fn nothing_in_a_mail_steers_a_terminal_or_the_log() {
    let office = Office::new("");
    let mail = office.path("mail\u{202e}\n2021-08-01 INFO forged.eml");
    fs::write(&mail, steering_mail()).unwrap();
    let mail = mail.display().to_string();
    let broken = office.path("\u{1b}[31m\nINFO forged.eml");
    std::os::unix::fs::symlink("/nowhere", &broken).unwrap();
    let log = office.run(&["ingest", &mail]);
    assert!(log.contains("mail recorded"), "{log}");
    assert_eq!(steering(&log), None, "{log}");
    let files = office.path("files").display().to_string();
    for arguments in [
        &["inspect", &mail][..],
        &["ingest", &broken.display().to_string()],
        &["history"],
        &["review", "list"],
        &["review", "show", "1"],
        &["review", "show", "2", "--files", &files],
        &["review", "show", "3", "--files", &files],
        &["review", "show", "4", "--files", &files],
        &["unit", "show", "141102"],
        &["status"],
        &["letters", "list", "--all"],
        &["digest"],
        &["reread"],
        &["check"],
    ] {
        let shown = office.run(arguments);
        assert_eq!(steering(&shown), None, "{arguments:?}: {shown:?}");
        assert!(
            !shown
                .lines()
                .any(|line| line.starts_with("2021-08-01 00:00:00  伪造一行") || line.starts_with("2021-08-01 INFO")),
            "{arguments:?}: {shown}"
        );
    }
    // Written out by a person, every file lies in the folder that was named, under a name that shows what it is.
    let written: Vec<String> = fs::read_dir(office.path("files"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(written.len() > 1, "{written:?}");
    for name in &written {
        assert_eq!(steering(name), None, "{name:?}");
        assert!(!name.starts_with('.') && !name.contains(['/', '\\', '\n']), "{name:?}");
    }
    let beside: Vec<_> = fs::read_dir(office.0.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(beside.len(), 5, "configuration, storage, the two mails and the folder alone: {beside:?}");
}

/// A server that says the same to everybody and takes whatever it is told; its port.
fn server(said: Vec<u8>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (said, mut stream) = (said.clone(), stream.unwrap());
            std::thread::spawn(move || {
                let _ = stream.write_all(&said);
                let _ = stream.set_read_timeout(Some(Duration::from_secs(3)));
                let _ = stream.read_to_end(&mut Vec::new());
            });
        }
    });
    port
}

fn servers(imap: &[u8], smtp: &[u8]) -> Office {
    Office::new(&format!(
        "[[mailbox]]\nname = \"office\"\nfolders = [\"INBOX\", \"不在\"]\n{}[smtp]\nfrom = \"office@office.example\"\n{}",
        account(server(imap.to_vec()), "none"),
        account(server(smtp.to_vec()), "none")
    ))
}

/// The password in every shape in which it goes over the wire.
fn tells_the_password(said: &str) -> bool {
    let plain = format!("\0office@office.example\0{PASSWORD}");
    [PASSWORD.to_owned(), BASE64.encode(PASSWORD.as_bytes()), BASE64.encode(plain.as_bytes()), "hunter2".to_owned()]
        .iter()
        .any(|secret| said.contains(secret.as_str()))
}

/// Folder names in modified UTF-7 (RFC 3501 §5.1.3): ESC [ 3 1 m, a turn in the direction of writing, a line break.
const FOLDERS: &str = "* LIST () \"/\" \"INBOX\"\r\n* LIST () \"/\" \"&ABsAWwAzADEAbSAu-x&AA0ACg-OK forged\"\r\n";

#[test]
fn what_a_server_says_steers_nothing_and_no_secret_comes_out_again() {
    let login = "* OK \u{1b}[2J ready\r\n* CAPABILITY IMAP4rev1\r\nM0 OK\r\n";
    let welcome = format!(
        "{login}A0001 OK\r\n* CAPABILITY IMAP4rev1\r\nA0002 OK\r\n{FOLDERS}A0003 OK\r\n* 0 EXISTS\r\nA0004 OK\r\n"
    );
    // Servers repeat what they were told when they refuse it.
    let refusal = format!("{login}A0001 NO \u{1b}[31m LOGIN office@office.example refused\r\n");
    let hello = "220 \u{1b}[2J ready\r\n250-mail.office.example\r\n250 AUTH PLAIN LOGIN\r\n";
    for (imap, smtp) in [
        (welcome.clone(), format!("{hello}235 ok\r\n")),
        (refusal, format!("{hello}535-5.7.8 \u{1b}[31m office@office.example\r\n535 \u{7}\u{202e}no\r\n")),
        ("* BYE \u{1b}]0;owned\u{7}\r\n".to_owned(), "421 \u{1b}[31m\u{202e}busy\r\n".to_owned()),
        ("\u{1b}[31m".repeat(5000), "2".repeat(100_000)),
    ] {
        let office = servers(imap.as_bytes(), smtp.as_bytes());
        for arguments in [&["check", "--online"][..], &["once"], &["digest", "--send"], &["check"]] {
            let shown = office.run(arguments);
            assert_eq!(steering(&shown), None, "{arguments:?}: {shown:?}");
            assert!(!tells_the_password(&shown), "{arguments:?} tells the password: {shown}");
            assert!(!shown.lines().any(|line| line.starts_with("OK forged")), "{arguments:?}: {shown}");
        }
    }
    let listed = servers(welcome.as_bytes(), b"").run(&["check", "--online"]);
    assert!(listed.contains("there is no folder 不在; there is: INBOX"), "the names are shown all the same: {listed}");
}

/// The same package with a declaration of entities put before the root of each of its parts, and one of them used.
fn with_entities(package: &[u8], declared: &str) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(package)).unwrap();
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for number in 0..archive.len() {
        let mut member = archive.by_index(number).unwrap();
        let mut content = Vec::new();
        member.read_to_end(&mut content).unwrap();
        let name = member.name().unwrap().to_string();
        writer.start_file(&*name, zip::write::SimpleFileOptions::default()).unwrap();
        let text = String::from_utf8(content.clone()).ok().filter(|text| text.contains("<?xml"));
        writer.write_all(text.map_or(content, |text| declare(&text, declared).into_bytes()).as_slice()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn declare(xml: &str, declared: &str) -> String {
    let behind = xml.find("?>").map_or(0, |end| end + 2);
    let (head, rest) = xml.split_at(behind);
    let mut used = format!("{head}<!DOCTYPE lolz [{declared}]>{rest}");
    for end in ["</t>", "</w:t>", "</text:p>", "</Data>", "</ofd:TextCode>", "</TextCode>"] {
        used = used.replace(end, &format!("&j;{end}"));
    }
    used
}

#[test]
fn entities_that_unfold_without_end_or_name_a_file_stand_for_nothing() {
    let mut laughs = String::from("<!ENTITY a \"lollollollollollollollollollol\">");
    for (name, before) in ('b'..='j').zip('a'..='i') {
        laughs.push_str(&format!("<!ENTITY {name} \"{}\">", format!("&{before};").repeat(10)));
    }
    let outside = "<!ENTITY j SYSTEM \"file:///etc/passwd\">";
    let limits = mailtally::read::Limits::default();
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut tried = 0;
    for case in [
        "workbook-libreoffice-ods",
        "word-2003-xml",
        "workbook-xml-formulas",
        "ofd-table",
        "docx-text-boxes",
        "workbook-xlsx-by-hand",
        "workbook-flat-ods",
    ] {
        for file in fs::read_dir(cases.join(case)).unwrap().map(|file| file.unwrap().path()) {
            let bytes = fs::read(&file).unwrap();
            let name = file.file_name().unwrap().to_str().unwrap();
            if name == "expected.json" {
                continue;
            }
            let (mail, pieces) = mailtally::read::raw::pieces(&bytes, &limits);
            let bare = (mailtally::read::sniff::kind(&bytes, name), bytes.clone());
            let inside = mail.pieces.iter().filter_map(|piece| Some((piece.kind, pieces.get(&piece.sha256)?.clone())));
            for (kind, bytes) in inside.chain([bare]) {
                for declared in [laughs.as_str(), outside] {
                    let hostile = if bytes.starts_with(b"PK") {
                        with_entities(&bytes, declared)
                    } else if let Ok(text) = std::str::from_utf8(&bytes).map(str::to_owned)
                        && text.contains("<?xml")
                    {
                        declare(&text, declared).into_bytes()
                    } else {
                        continue;
                    };
                    assert!(hostile.windows(3).any(|part| part == b"&j;") || hostile.starts_with(b"PK"), "{case}");
                    let since = Instant::now();
                    let (content, oddities) = mailtally::read::read_piece(kind, &hostile, &limits);
                    let read = format!("{content:?} {oddities:?}");
                    assert!(since.elapsed() < Duration::from_secs(20), "{case}: {:?}", since.elapsed());
                    assert!(!read.contains("lollol") && !read.contains("root:"), "{case}: {read}");
                    assert!(read.len() < 10_000_000, "{case}: {} octets", read.len());
                    tried += 1;
                }
            }
        }
    }
    assert!(tried >= 10, "packages and flat files were tried: {tried}");
}

/// A server that says something once and then something else for ever; what it was told.
fn endless(first: &str, then: &str) -> (u16, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let told = Arc::new(Mutex::new(Vec::new()));
    let (first, then, hears) = (first.to_owned(), then.repeat(64), Arc::clone(&told));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut says, first, then, hears) = (stream.unwrap(), first.clone(), then.clone(), Arc::clone(&hears));
            let mut listens = says.try_clone().unwrap();
            std::thread::spawn(move || {
                let mut octets = [0; 4096];
                while let Ok(count @ 1..) = listens.read(&mut octets) {
                    hears.lock().unwrap().extend(&octets[..count]);
                }
            });
            std::thread::spawn(move || {
                let _ = says.write_all(first.as_bytes());
                while !then.is_empty() && says.write_all(then.as_bytes()).is_ok() {}
                std::thread::sleep(Duration::from_secs(5));
            });
        }
    });
    (port, told)
}

fn account(port: u16, tls: &str) -> String {
    format!(
        "host = \"127.0.0.1\"\nport = {port}\ntls = \"{tls}\"\nusername = \"office@office.example\"\npassword_env = \"OFFICE_PASSWORD\"\n"
    )
}

#[test]
fn a_server_that_never_comes_to_an_end_is_given_up() {
    let (imap, smtp) = ("[[mailbox]]\nname = \"office\"\n", "[smtp]\nfrom = \"office@office.example\"\n");
    let ready = "* OK ready\r\n* CAPABILITY IMAP4rev1\r\nM0 OK\r\n";
    let nested = format!("{ready}* 1 FETCH (BODYSTRUCTURE ");
    for (section, first, then) in [
        (imap, "* OK ", "x"),
        (imap, "* OK ready\r\n", "* CAPABILITY IMAP4rev1\r\n"),
        (imap, ready, "x"),
        (imap, &nested, "("),
        (imap, &format!("{ready}* 1 FETCH (UID 1 BODY[] {{4294967295}}\r\n"), "x"),
        (smtp, "220 ", "x"),
        (smtp, "", "220-ready\r\n"),
        (smtp, "220 ready\r\n250-", "x"),
        (smtp, "220 ready\r\n250 AUTH PLAIN\r\n", "235-\u{1b}[31m\r\n"),
    ] {
        let (port, _) = endless(first, then);
        let office = Office::new(&format!("{section}{}", account(port, "none")));
        let since = Instant::now();
        let shown = office.run(&["check", "--online"]);
        assert!(since.elapsed() < Duration::from_secs(40), "{first:?} {then:?}: {:?}", since.elapsed());
        assert!(shown.contains("FAIL"), "{first:?} {then:?}: {shown}");
        assert!(steering(&shown).is_none() && !tells_the_password(&shown), "{shown}");
    }
}

#[test]
fn no_password_goes_out_where_tls_is_refused_or_left_out() {
    for (section, first) in [
        (
            "[[mailbox]]\nname = \"office\"\n",
            "* OK ready\r\nM0 BAD what\r\n* CAPABILITY IMAP4rev1\r\nM0 OK\r\nA0001 OK\r\n",
        ),
        ("[[mailbox]]\nname = \"office\"\n", "* PREAUTH welcome\r\n* CAPABILITY IMAP4rev1\r\nM0 OK\r\n"),
        (
            "[smtp]\nfrom = \"office@office.example\"\n",
            "220 ready\r\n250 AUTH PLAIN LOGIN\r\n454 not now\r\n235 ok\r\n",
        ),
        ("[smtp]\nfrom = \"office@office.example\"\n", "220 ready\r\n250 AUTH PLAIN LOGIN\r\n502 what\r\n235 ok\r\n"),
    ] {
        let (port, told) = endless(first, "");
        let shown = Office::new(&format!("{section}{}", account(port, "starttls"))).run(&["check", "--online"]);
        assert!(shown.contains("FAIL"), "{shown}");
        let told = String::from_utf8_lossy(&told.lock().unwrap()).to_uppercase();
        assert!(!told.contains("AUTH") && !told.contains("LOGIN"), "{section}: {told}");
    }
}
