//! A zip as Windows makes it in China: stored entries whose names are bare GBK bytes, without the UTF-8 flag.

/// 2021-08-02 09:30 in DOS form (APPNOTE 4.4.6).
const DOS_TIME: u16 = (9 << 11) | (30 << 5);
const DOS_DATE: u16 = (41 << 9) | (8 << 5) | 2;

/// The archive with these files; names are paths with `/`.
#[must_use]
pub fn gbk_zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for (name, content) in files {
        let name = encoding_rs::GBK.encode(name).0;
        let offset = four(out.len());
        // Version 2.0, no flags, stored.
        let mut common = vec![20, 0, 0, 0, 0, 0];
        common.extend(DOS_TIME.to_le_bytes());
        common.extend(DOS_DATE.to_le_bytes());
        common.extend(crc32(content).to_le_bytes());
        common.extend(four(content.len()));
        common.extend(four(content.len()));
        common.extend(two(name.len()));
        common.extend([0, 0]);
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend_from_slice(&name);
        out.extend_from_slice(content);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        // No comment, disk 0, no attributes.
        directory.extend([0; 10]);
        directory.extend(offset);
        directory.extend_from_slice(&name);
    }
    let start = four(out.len());
    let size = four(directory.len());
    out.extend(directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(two(files.len()));
    out.extend(two(files.len()));
    out.extend(size);
    out.extend(start);
    out.extend([0, 0]);
    out
}

/// Sample files are far smaller than 4 GB; a longer one would only say so wrongly.
fn four(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes()
}

fn two(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes()
}

/// CRC-32 as zip wants it (ISO 3309), bit by bit: the files are small.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for &byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    !crc
}
