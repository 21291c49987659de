//! Archives octet by octet, as good programs write them and as hostile ones do.

use std::io::{Cursor, Read, Write};

/// A file in a zip.
pub struct Member {
    pub name: Vec<u8>,
    pub bytes: Vec<u8>,
    pub deflated: bool,
    /// General purpose bits (APPNOTE 4.4.4).
    pub flags: u16,
    /// The name in the Unicode Path extra field (4.6.9).
    pub unicode: Option<String>,
}

impl Member {
    /// A stored file whose name is UTF-8, and says so.
    pub fn new(name: &str, bytes: Vec<u8>) -> Self {
        let flags = if name.is_empty() { 0 } else { 0x800 };
        Self { name: name.as_bytes().to_vec(), bytes, deflated: false, flags, unicode: None }
    }
}

fn crc(bytes: &[u8]) -> u32 {
    let mut sum = flate2::Crc::new();
    sum.update(bytes);
    sum.sum()
}

fn two(number: usize) -> [u8; 2] {
    u16::try_from(number).unwrap().to_le_bytes()
}

fn four(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap().to_le_bytes()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    flate2::bufread::DeflateEncoder::new(bytes, flate2::Compression::best()).read_to_end(&mut packed).unwrap();
    packed
}

/// From the version needed to the extra field's length (4.3.7).
fn header(flags: u16, method: u16, sum: u32, packed: u32, size: u32, name: usize, extra: usize) -> Vec<u8> {
    let time = [0x40, 0x51, 0x06, 0x53];
    [
        &[20, 0][..],
        &flags.to_le_bytes(),
        &method.to_le_bytes(),
        &time,
        &sum.to_le_bytes(),
        &packed.to_le_bytes(),
        &size.to_le_bytes(),
        &two(name),
        &two(extra),
    ]
    .concat()
}

fn central(common: &[u8], offset: usize, name: &[u8], extra: &[u8]) -> Vec<u8> {
    [b"PK\x01\x02\x14\0", common, &[0; 10], &four(offset), name, extra].concat()
}

fn end(count: usize, size: usize, offset: usize) -> Vec<u8> {
    [b"PK\x05\x06\0\0\0\0".as_slice(), &two(count), &two(count), &four(size), &four(offset), &[0, 0]].concat()
}

pub fn zip(members: &[Member]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for member in members {
        let packed = if member.deflated { deflate(&member.bytes) } else { member.bytes.clone() };
        let extra = member.unicode.as_ref().map_or(Vec::new(), |name| {
            [b"\x75\x70".as_slice(), &two(name.len() + 5), &[1], &crc(&member.name).to_le_bytes(), name.as_bytes()]
                .concat()
        });
        let common = header(
            member.flags,
            if member.deflated { 8 } else { 0 },
            crc(&member.bytes),
            u32::try_from(packed.len()).unwrap(),
            u32::try_from(member.bytes.len()).unwrap(),
            member.name.len(),
            extra.len(),
        );
        directory.extend(central(&common, out.len(), &member.name, &extra));
        out.extend([b"PK\x03\x04".as_slice(), &common, &member.name, &extra, &packed].concat());
    }
    let start = out.len();
    out.extend(&directory);
    out.extend(end(members.len(), directory.len(), start));
    out
}

/// As a program writes that cannot look ahead: sums and sizes stand behind each member (4.3.9).
pub fn streamed(members: &[Member]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for member in members {
        let packed = deflate(&member.bytes);
        let (sum, length, size) =
            (crc(&member.bytes), u32::try_from(packed.len()).unwrap(), u32::try_from(member.bytes.len()).unwrap());
        let known = header(member.flags | 8, 8, sum, length, size, member.name.len(), 0);
        directory.extend(central(&known, out.len(), &member.name, &[]));
        let unknown = header(member.flags | 8, 8, 0, 0, 0, member.name.len(), 0);
        out.extend([b"PK\x03\x04".as_slice(), &unknown, &member.name, &packed].concat());
        out.extend([b"PK\x07\x08".as_slice(), &sum.to_le_bytes(), &length.to_le_bytes(), &size.to_le_bytes()].concat());
    }
    let start = out.len();
    out.extend(&directory);
    out.extend(end(members.len(), directory.len(), start));
    out
}

/// Many members that are all the same octets.
pub fn overlapping(count: usize) -> Vec<u8> {
    let bytes = vec![0; 100_000];
    let packed = deflate(&bytes);
    let common = header(0x800, 8, crc(&bytes), u32::try_from(packed.len()).unwrap(), 100_000, 1, 0);
    let mut out = [b"PK\x03\x04".as_slice(), &common, b"0", &packed].concat();
    let start = out.len();
    let directory = central(&common, 0, b"0", &[]).repeat(count);
    out.extend(&directory);
    out.extend(end(count, directory.len(), start));
    out
}

/// A hundred octets that say they are four gigabytes.
pub fn claiming() -> Vec<u8> {
    let common = header(0x800, 8, 7, 0xFFFF_FFF0, 0xFFFF_FFF0, 5, 0);
    let mut out = [b"PK\x03\x04".as_slice(), &common, b"a.xls", &[3, 0]].concat();
    let start = out.len();
    let directory = central(&common, 0, b"a.xls", &[]);
    out.extend(&directory);
    out.extend(end(1, directory.len(), start));
    out
}

/// A zip again with further stored parts.
pub fn with_parts(package: &[u8], parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(package)).unwrap();
    let mut members = Vec::new();
    for number in 0..archive.len() {
        let mut file = archive.by_index(number).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        members.push(Member::new(file.name().unwrap().as_ref(), bytes));
    }
    members.extend(parts.iter().map(|(name, bytes)| Member::new(name, bytes.to_vec())));
    zip(&members)
}

/// RFC 1952, the name in GBK as Windows programs write it.
pub fn gz(bytes: &[u8], name: Option<&str>) -> Vec<u8> {
    let mut builder = flate2::GzBuilder::new().operating_system(0);
    if let Some(name) = name {
        builder = builder.filename(encoding_rs::GB18030.encode(name).0.into_owned());
    }
    let mut encoder = builder.write(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(u64::try_from(bytes.len()).unwrap());
        header.set_mode(0o644);
        header.set_mtime(1_628_215_200);
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

fn tar_header(name: &[u8], size: &[u8; 12]) -> Vec<u8> {
    let mut header = vec![0; 512];
    header[..name.len()].copy_from_slice(name);
    header[100..108].copy_from_slice(b"0000644\0");
    header[124..136].copy_from_slice(size);
    header[136..148].copy_from_slice(b"14103077740\0");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|octet| u32::from(*octet)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

/// A tar without a signature, its name in GBK.
pub fn old_tar(name: &str, bytes: &[u8]) -> Vec<u8> {
    let size: [u8; 12] = format!("{:011o}\0", bytes.len()).into_bytes().try_into().unwrap();
    let mut out = tar_header(&encoding_rs::GB18030.encode(name).0, &size);
    out.extend(bytes);
    out.resize(out.len().next_multiple_of(512) + 1_024, 0);
    out
}

pub fn claiming_tar() -> Vec<u8> {
    let mut out = tar_header(b"a.xls", b"77777777777\0");
    out.extend(b"not eight gigabytes");
    out
}

/// A block of a RAR 4 archive: the low half of its CRC-32, then the block.
fn block(content: &[u8]) -> Vec<u8> {
    [&crc(content).to_le_bytes()[..2], content].concat()
}

/// The header of a stored file, and what stands behind it.
fn rar_file(name: &[u8], part: &[u8], whole: usize, sum: u32, flags: u16) -> Vec<u8> {
    let content = [
        &[0x74][..],
        &(0x8000 | flags).to_le_bytes(),
        &two(32 + name.len()),
        &four(part.len()),
        &four(whole),
        &[2],
        &sum.to_le_bytes(),
        &[0x40, 0x51, 0x06, 0x53, 20, 0x30],
        &two(name.len()),
        &[0x20, 0, 0, 0],
        name,
    ]
    .concat();
    [block(&content), part.to_vec()].concat()
}

const RAR: &[u8] = b"Rar!\x1A\x07\0";

/// RAR 4 with one file, the name in octets of a code page only.
pub fn stored_rar_4(name: &[u8], bytes: &[u8]) -> Vec<u8> {
    let main = block(&[0x73, 0, 0, 13, 0, 0, 0, 0, 0, 0, 0]);
    let end = block(&[0x7B, 0, 0x40, 7, 0]);
    [RAR, &main, &rar_file(name, bytes, bytes.len(), crc(bytes), 0), &end].concat()
}

/// The same in volumes of at most 2,500 octets of it.
pub fn stored_volumes(name: &[u8], bytes: &[u8]) -> Vec<Vec<u8>> {
    let chunks: Vec<&[u8]> = bytes.chunks(2_500).collect();
    let last = chunks.len() - 1;
    chunks
        .iter()
        .enumerate()
        .map(|(number, chunk)| {
            let main = block(&[0x73, 0x11, u8::from(number == 0), 13, 0, 0, 0, 0, 0, 0, 0]);
            let flags = u16::from(number > 0) | if number < last { 2 } else { 0 };
            let sum = if number < last { crc(chunk) } else { crc(bytes) };
            let end = block(&[0x7B, u8::from(number < last), 0x40, 7, 0]);
            [RAR, &main, &rar_file(name, chunk, bytes.len(), sum, flags), &end].concat()
        })
        .collect()
}
