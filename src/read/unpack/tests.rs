//! Archives built here, whole and hostile, and what comes out of them.

mod damaged;

use std::io::Write;

use super::*;
use crate::read::tests::zip_of;
use crate::read::{Opened, open_file};

fn pieces_of(bytes: &[u8], limits: &Limits) -> Vec<Piece> {
    match open_file(bytes, "x.zip", limits) {
        Opened::Bare { pieces, .. } => pieces,
        Opened::Mail(_) => panic!("taken for a mail"),
    }
}

fn all(bytes: &[u8]) -> Vec<Piece> {
    pieces_of(bytes, &Limits::default())
}

/// A zip with one stored member whose name is these raw octets, written by hand; `flags` go into both headers.
fn raw_zip(name: &[u8], bytes: &[u8], flags: u16) -> Vec<u8> {
    let crc = flate2::Crc::new();
    let mut crc = crc;
    crc.update(bytes);
    let sizes = [
        crc.sum().to_le_bytes(),
        u32::try_from(bytes.len()).unwrap().to_le_bytes(),
        u32::try_from(bytes.len()).unwrap().to_le_bytes(),
    ]
    .concat();
    let length = u16::try_from(name.len()).unwrap().to_le_bytes();
    let common = [&[20, 0][..], &flags.to_le_bytes(), &[0; 6], &sizes, &length, &[0, 0]].concat();
    let mut zip = [b"PK\x03\x04", common.as_slice(), name, bytes].concat();
    let start = u32::try_from(zip.len()).unwrap();
    let central = [b"PK\x01\x02", &[20, 0][..], &common, &[0; 14], name].concat();
    zip.extend(&central);
    zip.extend(
        [
            b"PK\x05\x06",
            &[0, 0, 0, 0, 1, 0, 1, 0][..],
            &u32::try_from(central.len()).unwrap().to_le_bytes(),
            &start.to_le_bytes(),
            &[0, 0],
        ]
        .concat(),
    );
    zip
}

#[test]
fn names_in_gbk_are_decoded_before_the_path_is_split() {
    // 誠 is 0xD5 0x5C: its second octet is a backslash.
    let raw = encoding_rs::GB18030.encode("张誠\\统计表.txt").0;
    assert_eq!(all(&raw_zip(&raw, b"hello", 0))[1].name, "张誠/统计表.txt");
    assert_eq!(all(&raw_zip("柳林县/表.txt".as_bytes(), b"hello", 0x800))[1].name, "柳林县/表.txt");
    assert_eq!(all(&raw_zip("柳林县/表.txt".as_bytes(), b"hello", 0))[1].name, "柳林县/表.txt");
    assert_eq!(all(&raw_zip(b"../../etc/passwd\0.txt", b"hello", 0))[1].name, "etc/passwd.txt");
}

#[test]
fn protected_members_are_told() {
    let pieces = all(&raw_zip(b"secret.xls", b"hello", 1));
    assert!(pieces[0].has(OddityCode::PasswordProtected));
    assert_eq!((pieces[1].kind, pieces[1].name.as_str()), (Kind::Encrypted, "secret.xls"));
    assert!(pieces[1].has(OddityCode::PasswordProtected));
}

#[test]
fn archives_in_archives_are_opened_to_a_depth() {
    let mut archive = zip_of(&[("inner.txt", b"hello")]);
    for _ in 0..3 {
        archive = zip_of(&[("next.zip", &archive)]);
    }
    let pieces = all(&archive);
    assert_eq!(pieces.last().map(|piece| (piece.path.as_str(), piece.kind)), Some(("1.1.1.1.1", Kind::Text)));
    for _ in 0..20 {
        archive = zip_of(&[("next.zip", &archive)]);
    }
    let pieces = all(&archive);
    assert_eq!(pieces.len(), 9);
    assert!(pieces[8].has(OddityCode::TooLarge));
}

#[test]
fn bombs_are_stopped_early() {
    let zeros = vec![0_u8; 8 << 20];
    let pieces = all(&zip_of(&[("a.txt", b"hello"), ("bomb.bin", &zeros), ("c.txt", b"late")]));
    assert!(pieces[0].has(OddityCode::Bomb) && pieces[2].has(OddityCode::Bomb));
    assert!(pieces[2].size < 2 << 20, "read {} octets of a bomb", pieces[2].size);
    assert_eq!((pieces.len(), pieces[3].name.as_str()), (4, "c.txt"));
    assert!(pieces[3].oddities.is_empty());
}

#[test]
fn too_large_and_too_many_are_told() {
    let limits = Limits { piece_bytes: 1_000, pieces: 4, ..Limits::default() };
    let large = "离石区,1,2\n".repeat(200);
    let pieces = pieces_of(&zip_of(&[("large.csv", large.as_bytes())]), &limits);
    assert!(!pieces[0].has(OddityCode::TooLarge) && pieces[1].has(OddityCode::TooLarge));
    let pieces = pieces_of(&zip_of(&[("1", b"a"), ("2", b"b"), ("3", b"c"), ("4", b"d"), ("5", b"e")]), &limits);
    assert_eq!(pieces.len(), 4);
    assert!(pieces[0].has(OddityCode::TooLarge));
}

#[test]
fn damaged_archives_and_members_are_told() {
    let mut archive = raw_zip(b"a.txt", b"hello", 0);
    let place = archive.windows(5).position(|window| window == b"hello").unwrap();
    archive[place] = b'j';
    let pieces = all(&archive);
    assert!(pieces[1].has(OddityCode::Damaged));
    assert!(all(b"PK\x03\x04 no archive at all")[0].has(OddityCode::Damaged));
}

#[test]
fn a_packing_method_nobody_undoes_is_no_damage() {
    let mut archive = raw_zip(b"a.txt", b"hello", 0);
    let central = archive.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    archive[8] = 14;
    archive[central + 10] = 14;
    let pieces = all(&archive);
    assert!(pieces[1].has(OddityCode::UnreadKind) && !pieces[1].has(OddityCode::Damaged), "{:?}", pieces[1]);
}

#[test]
fn a_gz_holds_one_file() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all("单位,金额,人数\n离石区,1,2\n".as_bytes()).unwrap();
    let bytes = encoder.finish().unwrap();
    let Opened::Bare { pieces, .. } = open_file(&bytes, "报表.csv.gz", &Limits::default()) else { panic!("no mail") };
    assert_eq!((pieces[1].path.as_str(), pieces[1].name.as_str(), pieces[1].kind), ("1.1", "报表.csv", Kind::Csv));
    let Opened::Bare { pieces, .. } = open_file(&bytes[..bytes.len() - 9], "x.gz", &Limits::default()) else {
        panic!("no mail")
    };
    assert!(pieces[1].has(OddityCode::Damaged));
}

fn codes(piece: &Piece) -> Vec<OddityCode> {
    piece.oddities.iter().map(|oddity| oddity.code).collect()
}

#[test]
fn what_claims_too_much_is_refused_before_it_is_unpacked() {
    let mut archive = raw_zip(b"a.txt", b"hello", 0);
    let central = archive.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    for place in [22, central + 24] {
        archive[place..place + 4].copy_from_slice(&[0xF0, 0xFF, 0xFF, 0xFF]);
    }
    assert_eq!((codes(&all(&archive)[1]), all(&archive)[1].size), (vec![OddityCode::Bomb], 0));
}

#[test]
fn an_archive_that_is_cut_off_is_not_the_one_that_lies_in_it() {
    let inner = zip_of(&[("word/document.xml", b"<w:document/>")]);
    let whole = [raw_zip(b"a.txt", b"hello", 0).split_at(40).0, &raw_zip(b"b.docx", &inner, 0)].concat();
    let pieces = all(&whole[..whole.len() - 30]);
    assert_eq!(pieces[0].kind, Kind::Zip);
    assert!(pieces[0].has(OddityCode::Damaged));
}

#[test]
fn members_of_gz_are_one_file_and_junk_behind_them_is_nothing() {
    let packed = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let bytes = [packed("单位，"), packed(""), packed("人数"), b"\0\0junk".to_vec()].concat();
    let pieces = pieces_of(&bytes, &Limits::default());
    assert_eq!((pieces[1].size, codes(&pieces[1])), (15, Vec::new()));
}

#[test]
fn after_several_bombs_nothing_more_is_unpacked() {
    let zeros = vec![0_u8; 2 << 20];
    let bomb = zip_of(&[("a", &zeros)]);
    let members: Vec<(String, &[u8])> = (0..6).map(|number| (format!("{number}.zip"), bomb.as_slice())).collect();
    let listed: Vec<(&str, &[u8])> = members.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    let pieces = all(&zip_of(&listed));
    let refused = pieces.iter().filter(|piece| piece.name == "a" && piece.has(OddityCode::Bomb)).count();
    assert!(refused == BOMBS && pieces[0].has(OddityCode::Bomb), "{refused}");
}

/// The files of the golden cases of containers that are small enough to be mutated many times.
fn seeds() -> Vec<(String, Vec<u8>)> {
    let cases = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut seeds = Vec::new();
    for folder in std::fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()) {
        if !folder.file_name().unwrap().to_string_lossy().starts_with("container-") {
            continue;
        }
        for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            let bytes = std::fs::read(&file).unwrap();
            if name != "expected.json" && bytes.len() < 16_000 {
                seeds.push((name, bytes));
            }
        }
    }
    seeds.sort();
    assert!(seeds.len() > 40, "the cases were found");
    seeds
}

#[test]
fn what_ends_the_reader_between_two_members_is_laid_to_their_archive_alone() {
    let archive = zip_of(&[("a.txt", b"first"), ("b.txt", b"second"), ("c.txt", b"third")]);
    let outer = zip_of(&[("inner.zip", &archive), ("neighbour.txt", b"beside")]);
    // As the sandbox counts: 1 outer, 2 back to it, 3 inner, 4 back to it, 5 a.txt, 6 back to the inner for b.txt.
    let count = std::cell::Cell::new(0);
    let reader = |kind, bytes: &[u8], limits: &Limits| {
        count.set(count.get() + 1);
        match count.get() {
            6 => (Content::Nothing, vec![crate::model::mail::Refusal::Broken.oddity()]),
            _ => crate::read::read_piece(kind, bytes, limits),
        }
    };
    let Opened::Bare { pieces, .. } = crate::read::open_file_with(&outer, "x.zip", &Limits::default(), &reader) else {
        panic!("taken for a mail");
    };
    let told: Vec<(&str, bool)> = pieces.iter().map(|piece| (piece.name.as_str(), piece.oddities.is_empty())).collect();
    assert_eq!(told, [("x.zip", true), ("inner.zip", false), ("a.txt", true), ("neighbour.txt", true)]);
    assert!(pieces.iter().filter(|piece| piece.kind == Kind::Text).all(|piece| piece.content != Content::Nothing));
}

#[test]
fn what_ends_the_reader_before_its_kind_is_known_costs_itself_alone() {
    let part =
        |name: &str| format!("--b\r\nContent-Disposition: attachment; filename={name}\r\n\r\nwords of {name}\r\n");
    let mail = format!(
        "From: a@gov.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{}{}{}--b--\r\n",
        part("a.txt"),
        part("b.txt"),
        part("c.txt")
    );
    // As the sandbox counts: 1 a.txt, 2 what it says, 3 b.txt.
    let count = std::cell::Cell::new(0);
    let reader = |kind, bytes: &[u8], limits: &Limits| {
        count.set(count.get() + 1);
        match count.get() {
            3 => (Content::Nothing, vec![crate::model::mail::Refusal::Broken.oddity()]),
            _ => crate::read::read_piece(kind, bytes, limits),
        }
    };
    let pieces = crate::read::open_with(mail.as_bytes(), &Limits::default(), &reader).pieces;
    let told: Vec<(&str, Kind, bool)> =
        pieces.iter().map(|piece| (piece.name.as_str(), piece.kind, piece.oddities.is_empty())).collect();
    assert_eq!(told, [("a.txt", Kind::Text, true), ("b.txt", Kind::Unknown, false), ("c.txt", Kind::Text, true)]);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_mutation_of_a_container_panics(
        seed in proptest::prelude::any::<proptest::sample::Index>(),
        edits in proptest::collection::vec((proptest::prelude::any::<proptest::sample::Index>(), 0..5_u8, proptest::prelude::any::<u8>()), 1..12),
    ) {
        static SEEDS: std::sync::LazyLock<Vec<(String, Vec<u8>)>> = std::sync::LazyLock::new(seeds);
        let (name, mut bytes) = SEEDS[seed.index(SEEDS.len())].clone();
        for (place, edit, byte) in edits {
            if bytes.is_empty() {
                break;
            }
            let place = place.index(bytes.len());
            match edit {
                0 => bytes[place] = byte,
                1 => bytes.insert(place, byte),
                2 => { bytes.remove(place); }
                3 if byte < 32 => bytes.truncate(place),
                3 => bytes[place] = 0xFF,
                _ => bytes[place] ^= 1 << (byte % 8),
            }
        }
        // Only the containers: the readers of what is in them have tests of their own.
        let nothing = |_: Kind, _: &[u8], _: &Limits| (Content::Nothing, Vec::new());
        let opened = crate::read::open_file_with(&bytes, &name, &Limits::default(), &nothing);
        if let Opened::Bare { pieces, .. } = opened {
            for piece in &pieces[1..] {
                let inside = piece.inside.as_deref().unwrap();
                proptest::prop_assert!(pieces.iter().any(|outer| outer.path == inside));
                proptest::prop_assert!(piece.path.starts_with(inside));
            }
        }
    }
}
