//! The first inputs of the fuzz targets: every piece of every golden case under the target of its kind, and for servers
//! and configurations, of which there are no cases, a few of our own.

use std::fs;
use std::io::{self, Cursor, Read};

use mailtally::model::mail::Kind;
use mailtally::read::{self, Limits};

use super::looks::{CONFIGURATION, PART, root};

/// Larger inputs only slow the fuzzer down.
const MOST: usize = 128 << 10;

/// An input and the target it is for.
pub type Seed = (&'static str, Vec<u8>);

/// All of them.
///
/// # Errors
/// A case cannot be read.
pub fn all() -> io::Result<Vec<Seed>> {
    let mut seeds = Vec::new();
    let mut folders: Vec<_> = fs::read_dir(root().join("tests/cases"))?.flatten().map(|entry| entry.path()).collect();
    folders.sort();
    for folder in folders {
        for file in fs::read_dir(folder)? {
            let file = file?.path();
            let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if name != "expected.json" {
                seeds.extend(of_case(&fs::read(file)?, &name));
            }
        }
    }
    for (which, name) in (0_u8..).zip(CONFIGURATION) {
        let content = fs::read(root().join("config").join(name))?;
        if name.ends_with(".csv") {
            seeds.push(("roster", content.clone()));
        }
        seeds.push(("config", [vec![which], content].concat()));
    }
    seeds.extend(hostile_configurations());
    seeds.extend(mailboxes().into_iter().map(|said| ("imap", said)));
    seeds.extend(submissions().into_iter().map(|said| ("smtp", said.into_bytes())));
    seeds.retain(|(_, input)| !input.is_empty() && input.len() <= MOST);
    Ok(seeds)
}

fn of_case(bytes: &[u8], name: &str) -> Vec<Seed> {
    let mut seeds = vec![seed(read::sniff::kind(bytes, name), bytes)];
    let (mail, pieces) = read::raw::pieces(bytes, &Limits::default());
    for piece in &mail.pieces {
        seeds.extend(pieces.get(&piece.sha256).map(|bytes| seed(piece.kind, bytes)));
    }
    seeds
}

fn seed(kind: Kind, bytes: &[u8]) -> Seed {
    let target = match kind {
        Kind::Xlsx => "xlsx",
        Kind::Xls => "xls",
        Kind::Xlsb => "xlsb",
        Kind::Ods => "ods",
        Kind::Xml => "xml",
        Kind::Csv | Kind::Text => "csv",
        Kind::Html => "html",
        Kind::Docx => "docx",
        Kind::Doc => "doc",
        Kind::Rtf => "rtf",
        Kind::Pdf => "pdf",
        Kind::Ofd => "ofd",
        Kind::Zip => "zip",
        Kind::Rar => "rar",
        Kind::SevenZip => "seven_zip",
        Kind::Tar => "tar",
        Kind::Gz => "gz",
        Kind::Tnef => "tnef",
        Kind::Eml => "mail",
        Kind::Image | Kind::Encrypted | Kind::Unknown => "any",
    };
    let in_parts = matches!(kind, Kind::Xlsx | Kind::Xlsb | Kind::Ods | Kind::Docx | Kind::Ofd);
    (target, if in_parts { parts(bytes).unwrap_or_default() } else { bytes.to_vec() })
}

/// A package as its target takes it.
fn parts(bytes: &[u8]) -> zip::result::ZipResult<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes))?;
    let mut parts = Vec::new();
    for number in 0..archive.len() {
        let mut member = archive.by_index(number)?.take(1 << 20);
        let mut content = Vec::new();
        member.read_to_end(&mut content)?;
        if !parts.is_empty() {
            parts.push(PART);
        }
        parts.extend(member.into_inner().name()?.as_bytes());
        parts.push(b'\n');
        parts.extend(content);
    }
    Ok(parts)
}

/// Whole sessions, as different servers hold them. The first of them hands over two mails.
pub fn mailboxes() -> Vec<Vec<u8>> {
    let listed = "* 1 FETCH (UID 7 FLAGS (\\Seen) INTERNALDATE \"01-Aug-2021 08:30:00 +0800\" RFC822.SIZE 60)\r\n\
                  * 2 FETCH (UID 9 FLAGS () INTERNALDATE \" 2-Aug-2021 08:30:00 +0800\" RFC822.SIZE 60)\r\n";
    let mail = |uid: u32| {
        let mail = format!("From: a@unit.example\r\nSubject: {uid}\r\n\r\n统计表\r\n");
        format!("* {uid} FETCH (UID {uid} BODY[] {{{}}}\r\n{mail})\r\n", mail.len())
    };
    let greeting = "* OK ready\r\n* CAPABILITY IMAP4rev1 ID IDLE\r\nM0 OK done\r\n";
    let folders = "* LIST (\\HasNoChildren) \"/\" \"INBOX\"\r\n* LIST (\\Junk) \"/\" \"&V4NXPpCuTvY-\"\r\n\
                   * LIST (\\Sent) \"/\" \"&XfJT0ZAB-\"\r\n* LIST () \"/\" &XfJZBHQG-\r\n";
    let opened = "* 2 EXISTS\r\n* FLAGS (\\Seen)\r\n* OK [UIDVALIDITY 1] ok\r\n* OK [UIDNEXT 10] ok\r\n";
    let sent = "* 1 FETCH (BODY[HEADER.FIELDS (MESSAGE-ID)] {37}\r\nMessage-ID: <ack.0a@office.example>\r\n\r\n)\r\n";
    let usual = [
        "",
        "* CAPABILITY IMAP4rev1 ID IDLE MOVE SPECIAL-USE\r\n",
        "* ID (\"name\" \"Coremail\")\r\n",
        folders,
        opened,
        listed,
        &format!("{}{}", mail(7), mail(9)),
        opened,
        listed,
        "* 2 EXPUNGE\r\n",
        "* 0 EXISTS\r\n* OK [UIDVALIDITY 1] ok\r\n",
        "* 1 EXISTS\r\n",
        sent,
        opened,
        "+ idling\r\n* 3 EXISTS\r\n",
        "* BYE\r\n",
    ];
    let sessions = [
        session(greeting, &usual),
        session("* OK\r\n* CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=PLAIN\r\nM0 OK\r\n", &usual),
        // imap-proto reads what nobody asked for.
        session(
            greeting,
            &["", "* 1 FETCH (BODYSTRUCTURE ((((\"text\" \"plain\" NIL NIL NIL \"7bit\" 1 1) \"mixed\"))))\r\n"],
        ),
        session(greeting, &["", &format!("* 1 FETCH (BODYSTRUCTURE {}\r\n", "(".repeat(4096))]),
        session(
            greeting,
            &[
                "",
                "* 1 FETCH (ENVELOPE (\"d\" \"s\" ((\"n\" NIL \"m\" \"h\")) NIL NIL NIL NIL NIL NIL \"<i>\"))\r\n* STATUS \"a\" (MESSAGES 1)\r\n* SEARCH 1 2\r\n* QUOTAROOT a b\r\n* ACL a b c\r\n* METADATA \"\" /a\r\n",
            ],
        ),
    ];
    let mut sessions: Vec<Vec<u8>> = sessions.into_iter().map(String::into_bytes).collect();
    sessions.push(b"* OK \xb5\xc7\xc2\xbc\r\nM0 OK\r\nA0001 NO \xb5\xc7\xc2\xbc \x1b[31m\r\n".to_vec());
    sessions.push(b"* BYE too many connections\r\n".to_vec());
    sessions
}

fn session(greeting: &str, answers: &[&str]) -> String {
    let mut said = greeting.to_owned();
    for (number, answer) in (1..).zip(answers) {
        said.push_str(&format!("{answer}A{number:04} OK done\r\n"));
    }
    said
}

/// What SMTP servers say while a letter goes to two recipients; the first accepts it for both.
pub fn submissions() -> Vec<String> {
    let hello = "220 ready\r\n250-mail.office.example\r\n250-AUTH PLAIN LOGIN\r\n250 SIZE 1000\r\n235 ok\r\n";
    let letter = "250 ok\r\n250 ok\r\n354 go on\r\n250 Mail OK queued as smtp1\r\n";
    vec![
        format!("{hello}250 reset\r\n{letter}250 reset\r\n{letter}221 bye\r\n"),
        format!("{hello}250 reset\r\n250 ok\r\n550 5.1.1 \u{1b}[31m用户不存在\r\n250 reset\r\n{letter}"),
        "220 ready\r\n250-mail.office.example\r\n250 AUTH LOGIN\r\n334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n535 no\r\n"
            .to_owned(),
        "421 HL:ICC 163 smtp1\r\n".to_owned(),
        // One answer too many: from there on each is the answer to something else.
        format!("{hello}250 reset\r\n250 ok\r\n{letter}554 DT:SPM 163 smtp1\r\n"),
        format!(
            "{hello}250 reset\r\n250 ok\r\n250 ok\r\n354 go\r\n554-DT:SPM 163 smtp1\r\n554 http://mail.example\r\n"
        ),
    ]
}

/// What somebody may write who can write the configuration.
fn hostile_configurations() -> Vec<Seed> {
    let place =
        |ending: &str| (0_u8..).zip(CONFIGURATION).find(|(_, name)| name.ends_with(ending)).map_or(0, |(at, _)| at);
    let config = |ending: &str, text: &str| ("config", [vec![place(ending)], text.as_bytes().to_vec()].concat());
    let rows = |rows: &str| format!("code,name,group,aliases,emails,phone,contact\r\n{rows}").into_bytes();
    vec![
        config("ack.txt", "主题：甲\n{% include \"ack.txt\" %}"),
        config("ack.txt", "主题：甲\n{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"),
        config("ack.txt", &format!("主题：甲\n{{{{ {}1{} }}}}", "(".repeat(5000), ")".repeat(5000))),
        config("ack.txt", &format!("主题：甲\n{}", "{% if true %}".repeat(5000))),
        config("ack.txt", "主题：甲\n{{ 'a' * 100000000000 }}{{ range(100000000000) | list }}"),
        config("mailtally.toml", &format!("a = {}", "[".repeat(50_000))),
        config(
            "mailtally.toml",
            "[campaigns]\ndir = \"/proc/self/root\"\n[storage]\ndir = \"\\u001b[31m\"\nholidays = \"/dev/zero\"",
        ),
        config("form.toml", &format!("{}x = 1", "a.".repeat(20_000))),
        ("roster", rows("A1,=HYPERLINK(\"http://x.example\"),县市区,,,,\r\n")),
        ("roster", rows("A1,\"岢岚\u{1b}[31m\r\n县\",县市区,\u{202e},,,\r\n")),
        ("roster", rows(&(0..400).map(|number| format!("A{number},单位{number},组,,,,\r\n")).collect::<String>())),
        ("roster", "\"".repeat(10_000).into_bytes()),
    ]
}
