//! What the fuzz targets share: how one input is looked at, and what counts as a finding.
//!
//! A panic in our own code, an overrun of time or memory, and an end of the process are findings. A panic inside a library
//! is not: readers are called under a guard, and it comes out as a damaged piece.

use std::io::{Cursor, Write};
use std::path::Path;
use std::sync::OnceLock;

use mailtally::config;
use mailtally::judge::register::Register;
use mailtally::judge::understand::understand;
use mailtally::model::hints::Hints;
use mailtally::model::mail::{Body, Digest, Headers, Kind, Mail, Opened, Piece};
use mailtally::read::{self, Limits};

/// Between the parts of a package that is given part by part.
pub const PART: u8 = 0x1E;

/// Libraries' panics are left to the guard; ours end the run.
pub fn only_our_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let ours = panic.location().is_none_or(|place| {
            !["/registry/", "/rustc/", "/rustlib/"].iter().any(|library| place.file().contains(library))
        });
        if ours {
            eprintln!("{panic}");
            std::process::abort();
        }
    }));
}

/// Opens the bytes as a file of this name and judges what was read, as `inspect` does.
pub fn look(bytes: &[u8], name: &str) {
    judge(read::open_file(bytes, name, &limits()));
}

/// Reads the bytes as one piece of this kind, whatever they look like, and judges it.
pub fn look_at_piece(kind: Kind, bytes: &[u8]) {
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
    judge(Opened::Bare { sha256: Digest::of(&[]), pieces: vec![piece] });
}

/// Packs parts, each a name, a line break and its content, into a zip and reads that as one piece of this kind. So the
/// fuzzer's changes reach the XML and not only the packing.
pub fn look_at_package(kind: Kind, parts: &[u8]) {
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

/// Smaller than in earnest: an input that is slow under these is too slow under those.
fn limits() -> Limits {
    Limits { piece_bytes: 8 << 20, total_bytes: 16 << 20, cells: 100_000, ..Limits::default() }
}

fn judge(opened: Opened) {
    static REGISTER: OnceLock<Register> = OnceLock::new();
    let register = REGISTER.get_or_init(|| {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/mailtally.toml");
        let (_, campaigns) = config::load_campaigns(&file).expect("the shipped campaign");
        Register::new(campaigns, Vec::new())
    });
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

/// A fuzz target: its one job is the call given.
#[macro_export]
macro_rules! target {
    (|$bytes:ident| $look:expr) => {
        libfuzzer_sys::fuzz_target!(init: { $crate::only_our_panics(); }, |$bytes: &[u8]| { $look });
    };
}
