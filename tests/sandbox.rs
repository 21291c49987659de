//! The reading processes from outside: what a piece may do to its reader, and that nothing else suffers from it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::cell::{Cell, RefCell};
use std::ffi::OsString;
use std::fs;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mailtally::model::mail::{Content, Digest, Kind, OddityCode, Opened, Piece, Refusal};
use mailtally::model::mark::{Copied, CopyOrder, Mark, Tone};
use mailtally::read::{Limits, open_file_with, read_piece};
use mailtally::sandbox::{Confinement, Patience, Progress, Sandbox, Unopened, serve};
use mailtally::work::opener::{Opener, READER_COMMAND};

const SHORT: Patience = Patience { attempt: Duration::from_secs(3), whole: Duration::from_secs(30) };

/// The end of an archive, its comment, that marks it for what it does to its reader.
const POISON: &[u8] = b"ends its reader";

/// A sandbox whose reading process is [`the_reading_process`] of this test program.
fn hostile() -> Sandbox {
    let arguments = ["the_reading_process", "--exact", "--ignored", "--nocapture"].map(OsString::from).to_vec();
    Sandbox::new(std::env::current_exe().unwrap(), arguments, SHORT)
}

/// The child of these tests: each line of a file is a piece, and says what it does to its reader.
#[test]
#[ignore = "the reading process of the other tests, which start it themselves"]
fn the_reading_process() {
    let open = |bytes: &[u8], name: Option<&str>, progress: &mut Progress<'_>| {
        if bytes.starts_with(b"PK") {
            return archive(bytes, progress);
        }
        let lines = String::from_utf8_lossy(bytes).into_owned();
        if lines.starts_with("headers that end the reader") {
            std::process::exit(3);
        }
        let pieces = lines.lines().map(|line| piece(line, progress)).collect();
        Opened::Bare { sha256: Digest::of(name.unwrap_or_default().as_bytes()), pieces }
    };
    let copy = |bytes: &[u8], order: &CopyOrder| {
        act(&order.piece);
        (order.piece != "refused").then(|| Copied { name: order.author.clone(), bytes: bytes.to_vec() })
    };
    serve(Confinement { memory: 1 << 30, processor_seconds: 60 }, open, copy).unwrap();
}

#[test]
fn a_copy_that_ends_its_reader_is_not_made_and_the_next_one_is() {
    let sandbox = hostile();
    let copy = |piece: &str| {
        let order = CopyOrder { piece: piece.to_owned(), author: "office".to_owned(), marks: Vec::new() };
        sandbox.copy(b"mail", &order)
    };
    let made = Some(Copied { name: "office".to_owned(), bytes: b"mail".to_vec() });
    assert_eq!(copy("1").unwrap(), made);
    assert_eq!(copy("refused").unwrap(), None);
    for (poison, refusal) in
        [("abort", Refusal::Greedy), ("greedy", Refusal::Greedy), ("exit", Refusal::Broken), ("hang", Refusal::Late)]
    {
        assert!(matches!(copy(poison), Err(Unopened::Poison(found)) if found == refusal), "{poison}");
        assert_eq!(copy("1").unwrap(), made);
    }
    // It ends between two tasks, and the next is none the worse for it.
    assert_eq!(copy("exit soon").unwrap(), made);
    std::thread::sleep(Duration::from_millis(400));
    assert_eq!(copy("1").unwrap(), made);
}

/// Opens an archive as the program does; one with this comment ends its reader on the way back for its second member.
fn archive(bytes: &[u8], progress: &mut Progress<'_>) -> Opened {
    let progress = RefCell::new(progress);
    let visits = Cell::new(0);
    let reader = |kind, bytes: &[u8], limits: &Limits| {
        if let Some(refusal) = progress.borrow_mut().begin() {
            return (Content::Nothing, vec![refusal.oddity()]);
        }
        if bytes.ends_with(POISON) {
            visits.set(visits.get() + 1);
            // It was opened, its first member was asked for, and now the second one is.
            if visits.get() == 3 {
                std::process::abort();
            }
        }
        read_piece(kind, bytes, limits)
    };
    open_file_with(bytes, "材料.zip", &Limits::default(), &reader)
}

fn piece(line: &str, progress: &mut Progress<'_>) -> Piece {
    let mut oddities = Vec::new();
    match progress.begin() {
        Some(refusal) => oddities.push(refusal.oddity()),
        None => act(line),
    }
    Piece {
        path: String::new(),
        name: line.to_owned(),
        kind: Kind::Unknown,
        media_type: String::new(),
        size: 0,
        sha256: Digest::of(line.as_bytes()),
        inside: None,
        inline: false,
        oddities,
        content: Content::Nothing,
    }
}

fn act(line: &str) {
    match line {
        "abort" => std::process::abort(),
        "exit" => std::process::exit(0),
        "hang" => std::thread::sleep(Duration::from_secs(600)),
        "spin" => while std::hint::black_box(true) {},
        "greedy" => drop(std::hint::black_box(vec![1_u8; 2 << 30])),
        "deep" => drop(std::hint::black_box(down(0))),
        "exit soon" => drop(std::thread::spawn(|| {
            std::thread::sleep(Duration::from_millis(100));
            std::process::exit(1);
        })),
        "secret" => assert!(std::env::vars_os().next().is_none(), "the environment is not handed down"),
        "write" => assert!(fs::write("must-not-appear", "x").is_err()),
        _ => {}
    }
}

#[allow(unconditional_recursion)]
fn down(depth: u64) -> u64 {
    let here = std::hint::black_box([depth; 512]);
    down(depth + 1) + here[7]
}

fn oddities(opened: Result<Opened, Unopened>) -> Vec<Option<OddityCode>> {
    match opened.unwrap() {
        Opened::Bare { pieces, .. } => {
            pieces.iter().map(|piece| piece.oddities.first().map(|oddity| oddity.code)).collect()
        }
        Opened::Mail(_) => panic!("no mail was asked for"),
    }
}

#[test]
fn a_poisonous_piece_costs_itself_and_not_its_neighbours() {
    let sandbox = hostile();
    for (poison, code) in [
        ("abort", OddityCode::TooLarge),
        ("greedy", OddityCode::TooLarge),
        ("deep", OddityCode::TooLarge),
        ("hang", OddityCode::TooLarge),
        ("spin", OddityCode::TooLarge),
        ("exit", OddityCode::Damaged),
    ] {
        let file = format!("table\n{poison}\nreport\n");
        assert_eq!(oddities(sandbox.open(file.as_bytes(), Some("a"))), [None, Some(code), None], "{poison}");
    }
    assert_eq!(
        oddities(sandbox.open(b"exit\ntable\nabort\n", Some("a"))),
        [Some(OddityCode::Damaged), None, Some(OddityCode::TooLarge)]
    );
}

#[test]
fn an_archive_that_ends_its_reader_between_two_members_costs_neither_what_came_out_nor_its_neighbours() {
    let zip = |members: &[(&str, &[u8])], comment: &[u8]| {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in members {
            writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.set_raw_comment(comment.into()).unwrap();
        writer.finish().unwrap().into_inner()
    };
    let poison = zip(&[("一.txt", b"first"), ("二.txt", b"second")], POISON);
    let file = zip(&[("毒.zip", &poison), ("旁.txt", b"beside")], b"");
    let Opened::Bare { pieces, .. } = hostile().open(&file, Some("材料.zip")).unwrap() else { panic!("no mail") };
    let told: Vec<_> =
        pieces.iter().map(|piece| (piece.name.as_str(), piece.oddities.first().map(|odd| odd.code))).collect();
    assert_eq!(told, [("材料.zip", None), ("毒.zip", Some(OddityCode::TooLarge)), ("一.txt", None), ("旁.txt", None)]);
    assert!(pieces[2..].iter().all(|piece| matches!(piece.content, Content::Document(_))));
}

#[test]
fn what_ends_every_reader_is_given_up_and_delays_nobody_for_long() {
    let sandbox = hostile();
    let refused = |file: &[u8]| match sandbox.open(file, Some("a")) {
        Err(Unopened::Poison(refusal)) => refusal,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(b"headers that end the reader"), Refusal::Broken);
    assert_eq!(refused("exit\n".repeat(9).as_bytes()), Refusal::Broken);
    let begun = Instant::now();
    assert_eq!(refused("hang\n".repeat(99).as_bytes()), Refusal::Late);
    // Four attempts of three seconds, and not one for each of the pieces.
    assert!(begun.elapsed() < Duration::from_secs(100));
    assert_eq!(oddities(sandbox.open(b"table", Some("a"))), [None], "the next mail is read as ever");
}

#[test]
fn a_reader_that_died_between_two_mails_is_not_held_against_the_second() {
    let sandbox = hostile();
    assert_eq!(oddities(sandbox.open(b"exit soon", Some("a"))), [None]);
    std::thread::sleep(Duration::from_millis(400));
    assert_eq!(oddities(sandbox.open(b"table", Some("a"))), [None]);
}

#[test]
fn a_reader_has_neither_our_secrets_nor_a_disk() {
    assert_eq!(oddities(hostile().open(b"secret\nwrite\ntable", Some("a"))), [None, None, None]);
}

#[test]
fn what_cannot_be_started_is_the_worlds_fault_and_not_the_mails() {
    let sandbox = Sandbox::new(PathBuf::from("/nowhere/at/all"), Vec::new(), SHORT);
    assert!(matches!(sandbox.open(b"table", None), Err(Unopened::World(_))));
}

#[test]
fn the_program_itself_reads_apart_as_it_reads_here() {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_mailtally"));
    let patience = Patience { attempt: Duration::from_secs(60), whole: Duration::from_secs(120) };
    let apart = Opener::Apart(Sandbox::new(program, vec![OsString::from(READER_COMMAND)], patience));
    let here = Opener::Here(Limits::default());
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut seen = 0;
    for folder in fs::read_dir(cases).unwrap() {
        for file in fs::read_dir(folder.unwrap().path()).unwrap() {
            let file = file.unwrap().path();
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            let bytes = fs::read(&file).unwrap();
            assert_eq!(apart.open(&bytes, Some(&name)).unwrap(), here.open(&bytes, Some(&name)).unwrap(), "{name}");
            seen += 1;
        }
    }
    assert!(seen > 100, "the cases were found");
}

#[test]
fn the_program_itself_copies_apart_as_it_copies_here() {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_mailtally"));
    let patience = Patience { attempt: Duration::from_secs(60), whole: Duration::from_secs(120) };
    let apart = Opener::Apart(Sandbox::new(program, vec![OsString::from(READER_COMMAND)], patience));
    let here = Opener::Here(Limits::default());
    let mail =
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/jiaocheng-wrong-total/mail.eml")).unwrap();
    let order = |piece: &str| CopyOrder {
        piece: piece.to_owned(),
        author: "双拥办".to_owned(),
        marks: vec![Mark {
            sheet: "Sheet1".to_owned(),
            cell: Some("J5".to_owned()),
            tone: Tone::Mend,
            text: "J5 请核对。".to_owned(),
        }],
    };
    let copied = apart.copy(&mail, &order("1")).unwrap().expect("the unit's own workbook");
    assert_eq!(Some(copied), here.copy(&mail, &order("1")).unwrap());
    // The report is no workbook, and there is no tenth piece.
    for piece in ["2", "10", "body"] {
        assert_eq!(apart.copy(&mail, &order(piece)).unwrap(), None, "{piece}");
    }
}
