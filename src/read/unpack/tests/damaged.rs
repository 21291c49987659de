//! Containers with one broken member: it is named, its neighbours are read, and the container says what may be missing.

use std::io::{Cursor, Write as _};

use super::*;

/// Name, kind and whether something is odd, of each piece inside.
fn inside(pieces: &[Piece]) -> Vec<(&str, Kind, bool)> {
    pieces.iter().skip(1).map(|piece| (piece.name.as_str(), piece.kind, !piece.oddities.is_empty())).collect()
}

fn place_of(bytes: &[u8], wanted: &[u8]) -> usize {
    bytes.windows(wanted.len()).position(|window| window == wanted).unwrap()
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A `.msg` with these attachments that says how many it has.
fn message_of(attached: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create_with_version(cfb::Version::V3, Cursor::new(Vec::new())).unwrap();
    let put = |file: &mut cfb::CompoundFile<_>, path: String, bytes: &[u8]| {
        file.create_stream(path).unwrap().write_all(bytes).unwrap();
    };
    let count = u32::try_from(attached.len()).unwrap().to_le_bytes();
    put(&mut file, "/__properties_version1.0".into(), &[&[0; 20][..], &count, &[0; 8]].concat());
    put(&mut file, "/__substg1.0_0037001F".into(), &wide("材料"));
    for (number, (name, bytes)) in attached.iter().enumerate() {
        let storage = format!("/__attach_version1.0_#{number:08X}");
        file.create_storage(&storage).unwrap();
        let length = u32::try_from(bytes.len()).unwrap().to_le_bytes();
        let list = [&[0; 8][..], &[2, 1, 1, 0x37, 6, 0, 0, 0], &length, &[0; 4]].concat();
        put(&mut file, format!("{storage}/__properties_version1.0"), &list);
        put(&mut file, format!("{storage}/__substg1.0_3707001F"), &wide(name));
        put(&mut file, format!("{storage}/__substg1.0_37010102"), bytes);
    }
    file.flush().unwrap();
    file.into_inner().into_inner()
}

/// Ends a chain of sectors of a compound file at the sector that holds this place ([MS-CFB] §2.3).
fn end_chain_at(message: &mut [u8], place: usize) {
    let sectors = u32_at(message, 76).and_then(|first| usize::try_from(first).ok()).unwrap();
    let entry = (sectors + 1) * 512 + (place / 512 - 1) * 4;
    message[entry..entry + 4].copy_from_slice(&0xFFFF_FFFE_u32.to_le_bytes());
}

#[test]
fn an_attachment_of_a_msg_that_cannot_be_got_out_is_named_and_its_neighbours_are_read() {
    let (whole, broken) = ("离石区，一万元\n".repeat(400), "柳林县，二万元\n".repeat(400));
    let names = [("一.txt", whole.as_bytes()), ("二.txt", broken.as_bytes()), ("三.txt", whole.as_bytes())];
    let mut message = message_of(&names);
    assert_eq!(
        inside(&all(&message)),
        names.map(|(name, _)| (name, Kind::Text, false)),
        "whole, each of them is read without a word"
    );
    let place = place_of(&message, broken.as_bytes());
    end_chain_at(&mut message, place + 1_024);
    let pieces = all(&message);
    assert!(pieces[0].has(OddityCode::Damaged));
    assert_eq!(
        inside(&pieces).iter().map(|(name, _, odd)| (*name, *odd)).collect::<Vec<_>>(),
        [("一.txt", false), ("二.txt", true), ("三.txt", false)]
    );
    assert!(pieces[2].has(OddityCode::Damaged) && pieces[2].content == Content::Nothing);
    assert!(matches!((&pieces[1].content, &pieces[3].content), (Content::Document(_), Content::Document(_))));
}

#[test]
fn an_attachment_of_a_msg_that_is_shorter_than_its_property_says_is_damaged() {
    let text = "离石区，一万元\n".repeat(400);
    let mut message = message_of(&[("一.txt", text.as_bytes())]);
    // The directory's own word for the length of the stream ([MS-CFB] §2.6.1).
    let entry = place_of(&message, &wide("__substg1.0_37010102"));
    message[entry + 120..entry + 124].copy_from_slice(&5_000_u32.to_le_bytes());
    let pieces = all(&message);
    assert!(pieces[0].has(OddityCode::Damaged) && pieces[1].has(OddityCode::Damaged));
    assert_eq!((pieces[1].name.as_str(), &pieces[1].content), ("一.txt", &Content::Nothing));
}

#[test]
fn a_msg_that_has_fewer_attachments_than_it_counts_is_told() {
    let message = message_of(&[("一.txt", b"one"), ("二.txt", b"two")]);
    // The directory knows storages by their names; under another one, nobody takes it for an attachment.
    let mut renamed = message.clone();
    let place = place_of(&renamed, &wide("__attach_version1.0_#00000001"));
    renamed[place + 6] = b'w';
    let count = place_of(&renamed, &[&[0; 20][..], &[2, 0, 0, 0]].concat()) + 20;
    renamed[count] = 0;
    let mut counted = message;
    let place = place_of(&counted, &[&[0; 20][..], &[2, 0, 0, 0]].concat());
    counted[place + 20] = 3;
    for (message, left) in [(renamed, 1), (counted, 2)] {
        let pieces = all(&message);
        assert_eq!((pieces[0].has(OddityCode::Damaged), pieces.len()), (true, left + 1));
        assert!(pieces[1..].iter().all(|piece| piece.oddities.is_empty()));
    }
}

fn attribute(id: u16, kind: u16, data: &[u8]) -> Vec<u8> {
    let sum = data.iter().fold(0_u16, |sum, octet| sum.wrapping_add(u16::from(*octet)));
    let length = u32::try_from(data.len()).unwrap();
    [&[2][..], &id.to_le_bytes(), &kind.to_le_bytes(), &length.to_le_bytes(), data, &sum.to_le_bytes()].concat()
}

#[test]
fn an_attachment_of_a_tnef_with_a_wrong_sum_is_named_and_its_neighbour_is_read() {
    let attached = |title: &str, data: &[u8]| {
        let title = [title.as_bytes(), &[0]].concat();
        [attribute(0x9002, 6, &[0; 14]), attribute(0x8010, 1, &title), attribute(0x800F, 6, data)].concat()
    };
    let mut tnef =
        [b"\x78\x9F\x3E\x22\x01\0".to_vec(), attached("1.txt", b"12000"), attached("2.txt", b"5400")].concat();
    assert_eq!(inside(&all(&tnef)), [("1.txt", Kind::Text, false), ("2.txt", Kind::Text, false)]);
    let place = place_of(&tnef, b"12000");
    tnef[place] = b'7';
    let pieces = all(&tnef);
    assert!(pieces[0].has(OddityCode::Damaged));
    assert_eq!(inside(&pieces), [("1.txt", Kind::Unknown, true), ("2.txt", Kind::Text, false)]);
    assert_eq!(pieces[1].content, Content::Nothing);
}

/// A real workbook, itself a zip.
const WORKBOOK: &[u8] = include_bytes!("../../../../tests/cases/container-xlsx-called-zip/离石区统计表.zip");

/// A zip that packs nothing; streamed, it tells the lengths of its members only behind them.
fn stored_zip(members: &[(&str, &[u8])], is_streamed: bool) -> Vec<u8> {
    fn fill<W: std::io::Write + std::io::Seek>(mut writer: ::zip::ZipWriter<W>, members: &[(&str, &[u8])]) -> W {
        let stored = ::zip::write::SimpleFileOptions::default().compression_method(::zip::CompressionMethod::Stored);
        for (name, bytes) in members {
            writer.start_file(*name, stored).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap()
    }
    if is_streamed {
        fill(::zip::ZipWriter::new_stream(Vec::new()), members).into_inner()
    } else {
        fill(::zip::ZipWriter::new(Cursor::new(Vec::new())), members).into_inner()
    }
}

/// The pieces, with nothing read in them: only what came out of the container counts.
fn unread(bytes: &[u8]) -> Vec<Piece> {
    let nothing = |_: Kind, _: &[u8], _: &Limits| (Content::Nothing, Vec::new());
    match crate::read::open_file_with(bytes, "x.zip", &Limits::default(), &nothing) {
        Opened::Bare { pieces, .. } => pieces,
        Opened::Mail(_) => panic!("taken for a mail"),
    }
}

/// That these are members of that archive, whole or told, and that one that may be missing is told.
fn assert_told(pieces: &[Piece], members: &[(&str, &[u8])], what: &str) {
    let mut whole = 0;
    for piece in pieces.iter().skip(1).filter(|piece| piece.inside.as_deref() == Some("1")) {
        let member = members.iter().find(|(name, _)| *name == piece.name);
        let member = member.unwrap_or_else(|| panic!("{what}: {} is no member of this archive", piece.name));
        if piece.oddities.is_empty() {
            assert_eq!(piece.sha256, Digest::of(member.1), "{what}: {} in silence", piece.name);
            whole += 1;
        }
    }
    assert!(whole == members.len() || pieces.iter().any(|piece| !piece.oddities.is_empty()), "{what}: in silence");
}

#[test]
fn of_a_zip_that_is_cut_off_in_a_workbook_that_is_not_packed_no_part_is_taken_for_a_member() {
    let members = [("一.txt", b"first".as_slice()), ("统计表.xlsx", WORKBOOK), ("三.txt", b"third")];
    for is_streamed in [false, true] {
        let whole = stored_zip(&members, is_streamed);
        assert_eq!(unread(&whole).iter().filter(|piece| piece.inside.as_deref() == Some("1")).count(), 3);
        for junk in [&b""[..], b"\r\n\r\n"] {
            for cut in (60..whole.len()).step_by(37) {
                let pieces = unread(&[junk, &whole[..cut]].concat());
                let what = format!("streamed {is_streamed}, junk {}, cut at {cut}", junk.len());
                if !junk.is_empty() && pieces[0].kind == Kind::Unknown {
                    // Behind junk, a zip is known by its directory alone. Nobody opens this one at all.
                    continue;
                }
                assert_eq!(pieces[0].kind, Kind::Zip, "{what}");
                assert_told(&pieces, &members, &what);
                assert!(pieces.iter().any(|piece| piece.name == "一.txt" && piece.oddities.is_empty()), "{what}");
            }
        }
    }
}

#[test]
fn of_a_zip_without_a_directory_no_wrong_length_leads_into_a_workbook_that_lies_in_it() {
    let members = [("一.txt", b"first".as_slice()), ("统计表.xlsx", WORKBOOK), ("三.txt", b"third")];
    let whole = stored_zip(&members, false);
    let directory = whole.windows(4).rposition(|window| window == b"PK\x01\x02").unwrap() - 200;
    let header = place_of(&whole, "统计表.xlsx".as_bytes()) - 30;
    for length in [0_u32, 100, 3_000, 1 << 20, u32::MAX] {
        let mut archive = whole[..directory].to_vec();
        archive[header + 18..header + 22].copy_from_slice(&length.to_le_bytes());
        assert_told(&unread(&archive), &members, &length.to_string());
    }
}

#[test]
fn a_streamed_zip_without_a_directory_is_read_past_a_member_whose_stream_is_broken() {
    let text = "离石区，一万元；".repeat(40);
    let members = [("一.txt", text.as_bytes()), ("二.txt", text.as_bytes())];
    let mut writer = ::zip::ZipWriter::new_stream(Vec::new());
    for (name, bytes) in members {
        writer.start_file(name, ::zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    let whole = writer.finish().unwrap().into_inner();
    let directory = place_of(&whole, b"PK\x01\x02");
    let mut archive = whole[..directory].to_vec();
    let stream = place_of(&archive, "一.txt".as_bytes()) + "一.txt".len();
    archive[stream] = 0xFF;
    let pieces = unread(&archive);
    assert_told(&pieces, &members, "a broken stream");
    assert_eq!((pieces[1].name.as_str(), codes(&pieces[1])), ("一.txt", vec![OddityCode::Damaged]));
    assert_eq!((pieces[2].name.as_str(), codes(&pieces[2])), ("二.txt", Vec::new()));
}

const RAR_4: &[u8] = include_bytes!("../../../../tests/cases/container-rar-4/离石区材料.rar");
const RAR_5: &[u8] = include_bytes!("../../../../tests/cases/container-rar-5/离石区材料.rar");

#[test]
fn a_broken_member_of_a_rar_is_named_and_its_neighbour_is_read() {
    for archive in [RAR_4, RAR_5] {
        let whole: Vec<(String, bool)> =
            all(archive)[1..].iter().map(|piece| (piece.name.clone(), piece.content == Content::Nothing)).collect();
        assert_eq!(whole.len(), 2);
        let mut broken = archive.to_vec();
        // In the middle of the first member, which is the larger one.
        broken[3_000] ^= 0x10;
        let pieces = all(&broken);
        let told: Vec<(String, bool)> =
            pieces[1..].iter().map(|piece| (piece.name.clone(), piece.content == Content::Nothing)).collect();
        assert_eq!(told, [(whole[0].0.clone(), true), (whole[1].0.clone(), false)]);
        assert!(pieces[1].has(OddityCode::Damaged) && pieces[2].oddities.is_empty());
    }
}

#[test]
fn a_rar_that_is_cut_off_is_told_wherever_it_is() {
    for archive in [RAR_4, RAR_5] {
        assert!(all(archive).iter().all(|piece| piece.oddities.is_empty()));
        for cut in (20..archive.len()).step_by(97).chain(archive.len() - 70..archive.len()) {
            let pieces = unread(&archive[..cut]);
            assert!(pieces[0].has(OddityCode::Damaged), "cut at {cut}");
        }
    }
    // Between its two members, where the header of the second would stand.
    let pieces = all(&RAR_4[..5_694]);
    assert_eq!((codes(&pieces[0]), pieces.len(), codes(&pieces[1])), (vec![OddityCode::Damaged], 2, Vec::new()));
}

#[test]
fn members_of_a_7z_before_a_broken_one_are_read_and_those_behind_it_are_named() {
    const SEVEN: &[u8] = include_bytes!("../../../../tests/cases/container-7z-lzma/离石区材料.7z");
    let whole = all(SEVEN);
    let names = |pieces: &[Piece]| pieces.iter().map(|piece| piece.name.clone()).collect::<Vec<_>>();
    // Both are packed together, in 7,410 octets behind the first 32.
    for (place, read) in [(100, 0), (7_400, 1)] {
        let mut broken = SEVEN.to_vec();
        broken[place] ^= 0x10;
        let pieces = all(&broken);
        assert_eq!(names(&pieces), names(&whole));
        let silent = pieces[1..].iter().filter(|piece| piece.oddities.is_empty());
        assert_eq!(silent.clone().count(), read, "{place}");
        assert!(silent.into_iter().all(|piece| piece.content != Content::Nothing));
    }
}

fn tar_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_ustar();
        header.set_size(length(bytes));
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

#[test]
fn a_member_of_a_tar_with_a_broken_header_is_named_and_its_neighbours_are_read() {
    let inner = tar_of(&[("loose.txt", b"inside")]);
    let members = [("1.txt", b"first".as_slice()), ("2.tar", &inner), ("3.txt", b"third")];
    let whole = tar_of(&members);
    assert_eq!(inside(&all(&whole)).len(), 4);
    let header = place_of(&whole, b"2.tar");
    let mut broken = whole.clone();
    // Its owner, and then its length too, so that nobody knows where the next header stands.
    broken[header + 110] ^= 1;
    let pieces = all(&broken);
    assert_eq!(
        inside(&pieces).iter().map(|(name, _, odd)| (*name, *odd)).collect::<Vec<_>>(),
        [("1.txt", false), ("2.tar", true), ("3.txt", false)]
    );
    assert!(pieces[0].has(OddityCode::Damaged));
    broken[header + 130] ^= 1;
    let pieces = all(&broken);
    assert_eq!(inside(&pieces), [("1.txt", Kind::Text, false)]);
    assert!(pieces[0].has(OddityCode::Damaged));
}

#[test]
fn a_tar_that_is_cut_off_is_told_wherever_it_is() {
    let members = [("1.txt", b"first".as_slice()), ("2.xlsx", WORKBOOK), ("3.txt", b"third")];
    let whole = tar_of(&members);
    for cut in (512..whole.len() - 1_024).step_by(256) {
        let pieces = unread(&whole[..cut]);
        assert!(pieces[0].has(OddityCode::Damaged), "cut at {cut}");
        assert_told(&pieces, &members, &format!("cut at {cut}"));
    }
}
