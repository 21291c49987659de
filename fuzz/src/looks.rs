//! What each fuzz target does with an input. Shared by the targets and by `tests/mutations.rs`, which does the same with
//! seeded changes whenever the tests run.

use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use mailtally::config;
use mailtally::judge::letters;
use mailtally::judge::register::Register;
use mailtally::judge::understand::understand;
use mailtally::model::campaign::Campaign;
use mailtally::model::hints::Hints;
use mailtally::model::mail::{Body, Digest, Headers, Kind, Mail, Opened, Piece};
use mailtally::read::mime::authentication;
use mailtally::read::{self, Limits};

#[path = "servers.rs"]
pub mod servers;

/// Between the parts of a package that is given part by part.
pub const PART: u8 = 0x1E;

/// A target's name and what it does with an input.
type Target = (&'static str, fn(&[u8]));

/// Every target.
const TARGETS: [Target; 25] = [
    ("mail", |bytes| look_at_file(bytes, "mail.eml")),
    ("any", |bytes| look_at_file(bytes, "")),
    ("authentication", |bytes| drop((authentication::parse(bytes), authentication::receiving_host(bytes)))),
    ("xlsx", |bytes| look_at_package(Kind::Xlsx, bytes)),
    ("xls", |bytes| look_at_piece(Kind::Xls, bytes)),
    ("xlsb", |bytes| look_at_package(Kind::Xlsb, bytes)),
    ("ods", |bytes| look_at_package(Kind::Ods, bytes)),
    ("xml", |bytes| look_at_piece(Kind::Xml, bytes)),
    ("csv", |bytes| look_at_piece(Kind::Csv, bytes)),
    ("html", |bytes| look_at_piece(Kind::Html, bytes)),
    ("docx", |bytes| look_at_package(Kind::Docx, bytes)),
    ("doc", |bytes| look_at_piece(Kind::Doc, bytes)),
    ("rtf", |bytes| look_at_piece(Kind::Rtf, bytes)),
    ("pdf", |bytes| look_at_piece(Kind::Pdf, bytes)),
    ("ofd", |bytes| look_at_package(Kind::Ofd, bytes)),
    ("zip", |bytes| look_at_file(bytes, "a.zip")),
    ("rar", |bytes| look_at_file(bytes, "a.rar")),
    ("seven_zip", |bytes| look_at_file(bytes, "a.7z")),
    ("tar", |bytes| look_at_file(bytes, "a.tar")),
    ("gz", |bytes| look_at_file(bytes, "a.gz")),
    ("tnef", |bytes| look_at_file(bytes, "winmail.dat")),
    ("imap", |bytes| {
        let _ = servers::imap(bytes);
    }),
    ("smtp", |bytes| drop(servers::smtp(bytes))),
    ("config", look_at_configuration),
    ("roster", look_at_roster),
];

/// Does what the target of this name does.
pub fn look(target: &str, bytes: &[u8]) {
    let (_, look) = TARGETS.iter().find(|(name, _)| *name == target).expect("a target of this name");
    look(bytes);
}

/// Opens the bytes as a file of this name and judges what was read, as `inspect` does.
fn look_at_file(bytes: &[u8], name: &str) {
    judge(read::open_file(bytes, name, &limits()), shipped());
}

/// Reads the bytes as one piece of this kind, whatever they look like, and judges it.
fn look_at_piece(kind: Kind, bytes: &[u8]) {
    let (content, oddities) = read::read_piece(kind, bytes, &limits());
    let piece = Piece {
        path: "1".to_owned(),
        name: "统计表".to_owned(),
        kind,
        media_type: String::new(),
        size: 0,
        sha256: Digest::of(&[]),
        inside: None,
        inline: false,
        oddities,
        content,
    };
    judge(Opened::Bare { sha256: Digest::of(&[]), pieces: vec![piece] }, shipped());
}

/// Packs parts, each a name, a line break and its content, into a zip and reads that as one piece of this kind. So the
/// fuzzer's changes reach the XML and not only the packing.
fn look_at_package(kind: Kind, parts: &[u8]) {
    look_at_piece(kind, &packed(parts));
}

fn packed(parts: &[u8]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for part in parts.split(|byte| *byte == PART) {
        let end = part.iter().position(|byte| *byte == b'\n').unwrap_or(part.len());
        let (name, content) = part.split_at(end);
        if writer.start_file(String::from_utf8_lossy(name), stored).is_ok() {
            let _ = writer.write_all(content.get(1..).unwrap_or_default());
        }
    }
    writer.finish().map(Cursor::into_inner).unwrap_or_default()
}

/// Files of a configuration in the order in which the first octet of an input names them; the rest of the input is what
/// stands in that file, and all other files are those that come with the program.
pub const CONFIGURATION: [&str; 9] = [
    "mailtally.toml",
    "campaigns/2021-bayi/campaign.toml",
    "campaigns/2021-bayi/form.toml",
    "campaigns/2021-bayi/units.csv",
    "holidays.toml",
    "campaigns/2021-bayi/ack.txt",
    "campaigns/2021-bayi/ack.html",
    "campaigns/2021-bayi/reminder.txt",
    "campaigns/2021-bayi/digest.html",
];

/// Loads a configuration, renders every letter, and judges a mail by it.
fn look_at_configuration(bytes: &[u8]) {
    let Some((which, content)) = bytes.split_first() else { return };
    let changed = CONFIGURATION[usize::from(*which) % CONFIGURATION.len()];
    let folder = tempfile::tempdir().expect("a folder for the configuration");
    for (name, shipped) in shipped_files() {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().expect("it lies in the folder")).expect("a folder");
        std::fs::write(file, if name == changed { content } else { shipped }).expect("a file of the configuration");
    }
    match config::load(&folder.path().join("mailtally.toml")) {
        Ok(config) => {
            for campaign in &config.campaigns {
                for mistake in letters::check(campaign) {
                    one_harmless_line(&mistake.to_string());
                }
            }
            static MAIL: OnceLock<Mail> = OnceLock::new();
            let mail = MAIL.get_or_init(|| {
                let bytes = std::fs::read(root().join("tests/cases/lishi-whole/mail.eml"));
                read::open(&bytes.expect("a golden case"), &limits())
            });
            let _ = understand(mail.clone(), &Register::new(config.campaigns, Vec::new()), &Hints::default());
        }
        Err(mistakes) => mistakes.list().iter().for_each(|mistake| one_harmless_line(&mistake.to_string())),
    }
}

/// Reads a list of units as `units.csv` and as an office's own list.
fn look_at_roster(bytes: &[u8]) {
    let file = Path::new("units.csv");
    let told = |mistakes: config::Mistakes| {
        mistakes.list().iter().for_each(|mistake| one_harmless_line(&mistake.to_string()));
    };
    match config::roster_rows(file, bytes) {
        Ok(rows) => {
            let present = shipped().0.first().map(|campaign| &campaign.roster);
            for present in [None, present] {
                match config::import_roster(file, &rows, present) {
                    // What is written of it is read as the same.
                    Ok((roster, _)) => {
                        let written = config::roster_csv(&roster);
                        let rows = config::roster_rows(file, &written).expect("our own list");
                        let (again, _) = config::import_roster(file, &rows, None).expect("our own list");
                        assert_eq!(again.units(), roster.units());
                    }
                    Err(mistakes) => told(mistakes),
                }
            }
        }
        Err(mistakes) => told(mistakes),
    }
}

/// What is told to a person or written to the log stays on its line and steers nothing.
pub fn one_harmless_line(text: &str) {
    let harmful = |sign: char| sign.is_control() || matches!(sign, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    assert!(!text.contains(harmful), "not one harmless line: {text:?}");
}

/// Smaller than in earnest: an input that is slow under these is too slow under those.
fn limits() -> Limits {
    Limits { piece_bytes: 8 << 20, total_bytes: 16 << 20, cells: 100_000, ..Limits::default() }
}

fn judge(opened: Opened, (_, register): &(Vec<Campaign>, Register)) {
    let mail = match opened {
        Opened::Mail(mail) => *mail,
        Opened::Bare { sha256, pieces } => Mail {
            sha256,
            size: 0,
            headers: Headers::default(),
            body: Body::default(),
            pieces,
            oddities: Vec::new(),
            machine_report: None,
        },
    };
    let _ = understand(mail, register, &Hints::default());
}

/// The campaigns that come with the program.
fn shipped() -> &'static (Vec<Campaign>, Register) {
    static SHIPPED: OnceLock<(Vec<Campaign>, Register)> = OnceLock::new();
    SHIPPED.get_or_init(|| {
        let (_, campaigns) =
            config::load_campaigns(&root().join("config/mailtally.toml")).expect("the shipped campaign");
        (campaigns.clone(), Register::new(campaigns, Vec::new()))
    })
}

/// Name and content of every file of the shipped configuration.
fn shipped_files() -> &'static [(String, Vec<u8>)] {
    static SHIPPED: OnceLock<Vec<(String, Vec<u8>)>> = OnceLock::new();
    SHIPPED.get_or_init(|| {
        let config = root().join("config");
        let mut files = Vec::new();
        for folder in [config.clone(), config.join("campaigns/2021-bayi")] {
            for entry in std::fs::read_dir(folder).expect("the shipped configuration").flatten() {
                let path = entry.path();
                if path.is_file() {
                    let name = path.strip_prefix(&config).expect("it lies there").to_string_lossy().into_owned();
                    files.push((name, std::fs::read(path).expect("a file of the shipped configuration")));
                }
            }
        }
        files
    })
}

/// The repository: this file is compiled in it and in `fuzz`.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    if here.join("migrations").is_dir() { here.to_owned() } else { here.join("..") }
}
