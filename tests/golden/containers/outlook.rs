//! What Outlook makes: `winmail.dat`, `.msg`, and objects in documents.

use std::io::{Cursor, Write};

/// An attachment of a `winmail.dat`.
pub struct Attached {
    title: Vec<u8>,
    /// Its attribute of data, where it has one.
    data: Option<Vec<u8>>,
    properties: Vec<Vec<u8>>,
}

fn gbk(text: &str) -> Vec<u8> {
    encoding_rs::GB18030.encode(text).0.into_owned()
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

/// A property of variable length ([MS-OXTNEF] §2.1.3.4).
fn property(id: u16, kind: u16, value: &[u8]) -> Vec<u8> {
    let mut out = [kind.to_le_bytes(), id.to_le_bytes()].concat();
    out.extend(1_u32.to_le_bytes());
    out.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
    out.extend(value);
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

impl Attached {
    /// As Outlook writes one: a short title of old, the long name beside it.
    pub fn new(name: &str, bytes: &[u8]) -> Self {
        Self {
            title: b"ATT00001.xls\0".to_vec(),
            data: Some(bytes.to_vec()),
            properties: vec![property(0x3707, 0x1F, &wide(name))],
        }
    }

    /// The name in the title alone, in the code page of the machine.
    pub fn old(name: &str, bytes: &[u8]) -> Self {
        Self { title: [gbk(name), vec![0]].concat(), data: Some(bytes.to_vec()), properties: Vec::new() }
    }

    /// A message: its own stream behind the class of messages.
    pub fn message(name: &str, stream: &[u8]) -> Self {
        let class = [0x07, 0x03, 0x02, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46];
        let value = [&class[..], stream].concat();
        let properties = vec![property(0x3001, 0x1F, &wide(name)), property(0x3701, 0x0D, &value)];
        Self { title: Vec::new(), data: None, properties }
    }
}

fn attribute(level: u8, id: u16, kind: u16, data: &[u8]) -> Vec<u8> {
    let mut out = vec![level];
    out.extend(id.to_le_bytes());
    out.extend(kind.to_le_bytes());
    out.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
    out.extend(data);
    out.extend(data.iter().fold(0_u16, |sum, octet| sum.wrapping_add(u16::from(*octet))).to_le_bytes());
    out
}

/// A `winmail.dat` with these words.
pub fn tnef(attachments: &[Attached], words: &str) -> Vec<u8> {
    let mut out = b"\x78\x9F\x3E\x22\x01\0".to_vec();
    out.extend(attribute(1, 0x9006, 8, &0x0001_0000_u32.to_le_bytes()));
    out.extend(attribute(1, 0x9007, 6, &[0xA8, 3, 0, 0, 0, 0, 0, 0]));
    out.extend(attribute(1, 0x8008, 7, b"IPM.Microsoft Mail.Note\0"));
    out.extend(attribute(1, 0x800C, 2, &[gbk(words), vec![0]].concat()));
    for attached in attachments {
        out.extend(attribute(2, 0x9002, 6, &[1, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0]));
        if !attached.title.is_empty() {
            out.extend(attribute(2, 0x8010, 1, &attached.title));
        }
        if let Some(data) = &attached.data {
            out.extend(attribute(2, 0x800F, 6, data));
        }
        if !attached.properties.is_empty() {
            let count = u32::try_from(attached.properties.len()).unwrap().to_le_bytes();
            out.extend(attribute(2, 0x9005, 6, &[count.to_vec(), attached.properties.concat()].concat()));
        }
    }
    out
}

/// 53 octets, one attachment of four gigabytes.
pub fn claiming() -> Vec<u8> {
    let mut out = b"\x78\x9F\x3E\x22\x01\0\x02\x0F\x80\x06\0\0\0\0\xF0".to_vec();
    out.resize(53, b'A');
    out
}

/// A `.msg`, perhaps with another message inside that has attachments of its own.
pub fn message(subject: &str, words: &str, attached: &[(&str, &[u8])], inner: Option<&[(&str, &[u8])]>) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create_with_version(cfb::Version::V3, Cursor::new(Vec::new())).unwrap();
    write_message(&mut file, "", (32, attached.len() + usize::from(inner.is_some())), subject, words, attached);
    if let Some(inner) = inner {
        let storage = "/__attach_version1.0_#00000009";
        file.create_storage(storage).unwrap();
        put(&mut file, &format!("{storage}/__properties_version1.0"), &[0; 8]);
        put(&mut file, &format!("{storage}/__substg1.0_3001001F"), &wide("统计表"));
        let object = format!("{storage}/__substg1.0_3701000D");
        file.create_storage(&object).unwrap();
        write_message(&mut file, &object, (24, inner.len()), "统计表", "里面的信", inner);
    }
    let storages: Vec<_> =
        file.walk().filter(|entry| !entry.is_stream()).map(|entry| entry.path().to_path_buf()).collect();
    for storage in storages {
        file.set_created_time(&storage, std::time::UNIX_EPOCH).unwrap();
        file.set_modified_time(&storage, std::time::UNIX_EPOCH).unwrap();
    }
    file.flush().unwrap();
    file.into_inner().into_inner()
}

type Compound = cfb::CompoundFile<Cursor<Vec<u8>>>;

fn write_message(
    file: &mut Compound,
    root: &str,
    (header, attachments): (usize, usize),
    subject: &str,
    words: &str,
    attached: &[(&str, &[u8])],
) {
    let mut properties = vec![0; header];
    properties[20..24].copy_from_slice(&u32::try_from(attachments).unwrap().to_le_bytes());
    // PidTagMessageCodepage is 936.
    properties.extend([3, 0, 0xFD, 0x3F, 6, 0, 0, 0, 0xA8, 3, 0, 0, 0, 0, 0, 0]);
    put(file, &format!("{root}/__properties_version1.0"), &properties);
    put(file, &format!("{root}/__substg1.0_0037001F"), &wide(subject));
    put(file, &format!("{root}/__substg1.0_1000001E"), &gbk(words));
    for (number, (name, bytes)) in attached.iter().enumerate() {
        let storage = format!("{root}/__attach_version1.0_#{number:08X}");
        file.create_storage(&storage).unwrap();
        put(file, &format!("{storage}/__properties_version1.0"), &[0; 8]);
        put(file, &format!("{storage}/__substg1.0_3704001E"), b"TJB~1.XLS");
        put(file, &format!("{storage}/__substg1.0_3707001F"), &wide(name));
        put(file, &format!("{storage}/__substg1.0_37010102"), bytes);
    }
}

fn put(file: &mut Compound, path: &str, bytes: &[u8]) {
    file.create_stream(path).unwrap().write_all(bytes).unwrap();
}

/// A file as Windows' packager embeds it.
pub fn package(name: &str, bytes: &[u8]) -> Vec<u8> {
    let name = [gbk(name), vec![0]].concat();
    let path = [b"C:\\Users\\wang\\Temp\\".as_slice(), &name].concat();
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_le_bytes();
    let rest = [&[2, 0][..], &name, &path, &[0, 0, 3, 0], &length(&path), &path, &length(bytes), bytes].concat();
    let mut file = cfb::CompoundFile::create_with_version(cfb::Version::V3, Cursor::new(Vec::new())).unwrap();
    put(&mut file, "/\u{1}Ole10Native", &[length(&rest).as_slice(), &rest].concat());
    file.set_created_time("/", std::time::UNIX_EPOCH).unwrap();
    file.set_modified_time("/", std::time::UNIX_EPOCH).unwrap();
    file.flush().unwrap();
    file.into_inner().into_inner()
}
