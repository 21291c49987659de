//! Files inside documents: a report in Word with the table embedded as an Excel object, a file dragged into a text.
//!
//! Only workbooks, documents and archives become pieces. Pictures, formulas, and the little workbooks that keep the
//! figures of charts belong to the document itself.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use super::compound_copy::{Compound, standalone, stream};
use super::zip::Package;
use super::{Container, End, Unpacker, u16_at, u32_at};
use crate::model::mail::{Kind, OddityCode};
use crate::read::mime::names;
use crate::read::sniff::{self, compound};
use crate::read::{charset, guarded};

/// Most objects of one document.
const OBJECTS: usize = 500;
/// The class of charts made by Microsoft Graph (`MSGraph.Chart.8`), which keep their figures as a workbook.
const CHART: u128 = 0x0002_0803_0000_0000_C000_0000_0000_0046;

/// A file out of an object.
#[derive(Debug)]
pub(super) struct Object {
    /// Empty where the object keeps none.
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    /// Somebody packed it as a file, whatever it is.
    is_packed: bool,
}

impl Unpacker<'_> {
    /// Adds what is embedded in a document or workbook.
    pub(super) fn open_embedded(&mut self, container: &mut Container<'_>, kind: Kind) {
        let bytes = container.bytes;
        let most = self.most();
        let is_package = bytes.starts_with(b"PK\x03\x04");
        let found: Vec<(String, Vec<u8>, End)> = match kind {
            Kind::Docx | Kind::Xlsx | Kind::Xlsb | Kind::Unknown if is_package => self.package_parts(container),
            Kind::Doc | Kind::Xls if compound::is_compound(bytes) => guarded(|| storages(bytes, most))
                .flatten()
                .unwrap_or_default()
                .into_iter()
                .map(|(name, bytes)| (name, bytes, End::Whole))
                .collect(),
            _ => return,
        };
        for (part, bytes, end) in found {
            // The object before this one was a piece of its own; what this one does is the document's again.
            if !self.begin(container) {
                return;
            }
            if end != End::Whole {
                self.add_member(container, &part, &bytes, end);
                continue;
            }
            let Some(mut object) = guarded(|| object(&bytes, most)).flatten() else {
                if compound::is_compound(&bytes) && !guarded(|| is_readable(&bytes)).unwrap_or(false) {
                    self.note(container.index, OddityCode::Damaged, "文件里嵌入的对象已损坏，打不开");
                }
                continue;
            };
            // A part called a workbook that is none any more is damaged, and somebody should know.
            let lower = part.to_lowercase();
            object.is_packed |= [".xlsx", ".xls", ".xlsm", ".xlsb", ".docx", ".doc", ".docm"]
                .iter()
                .any(|ending| lower.ends_with(ending));
            if !is_meant(&object) {
                continue;
            }
            if !self.has_room(container) {
                return;
            }
            if container.depth >= self.limits.depth {
                self.note(container.index, OddityCode::TooLarge, "嵌入的文件套得太深，没有再打开");
                return;
            }
            let name = if object.name.is_empty() { part } else { object.name };
            self.add_member(container, &name, &object.bytes, End::Whole);
        }
    }

    /// The parts of an OOXML package that are embedded files (ECMA-376 part 1, 15.2.10 and 15.2.11), without those that
    /// belong to charts.
    fn package_parts(&self, container: &Container<'_>) -> Vec<(String, Vec<u8>, End)> {
        let Some(package) = guarded(|| Package::open(container.bytes)).flatten() else { return Vec::new() };
        let parts: Vec<usize> = package.places(|name| name.contains("/embeddings/") && !name.ends_with(".rels"));
        if parts.is_empty() {
            return Vec::new();
        }
        let relations: Vec<String> = package
            .places(|name| name.contains("/charts/_rels/"))
            .into_iter()
            .take(OBJECTS)
            .map(|place| charset::guess(&self.part(&package, place, container).0))
            .collect();
        parts
            .into_iter()
            .take(OBJECTS)
            .filter_map(|place| {
                let name = package.name(place)?.to_owned();
                let last = name.rsplit('/').next().unwrap_or_default();
                if relations.iter().any(|text| text.contains(&format!("/{last}\""))) {
                    return None;
                }
                let (bytes, end) = self.part(&package, place, container);
                Some((name, bytes, end))
            })
            .collect()
    }
}

fn is_meant(object: &Object) -> bool {
    match sniff::kind(&object.bytes, &object.name) {
        Kind::Xlsx
        | Kind::Xls
        | Kind::Xlsb
        | Kind::Ods
        | Kind::Docx
        | Kind::Doc
        | Kind::Rtf
        | Kind::Pdf
        | Kind::Ofd => true,
        Kind::Zip | Kind::Rar | Kind::SevenZip | Kind::Tar | Kind::Gz | Kind::Tnef | Kind::Eml | Kind::Encrypted => {
            true
        }
        Kind::Image => false,
        Kind::Xml | Kind::Csv | Kind::Html | Kind::Text | Kind::Unknown => object.is_packed,
    }
}

fn is_readable(bytes: &[u8]) -> bool {
    cfb::CompoundFile::open(Cursor::new(bytes)).is_ok()
}

/// The file in an object: itself, or what a compound file wraps.
pub(super) fn object(bytes: &[u8], most: u64) -> Option<Object> {
    let whole = || Some(Object { name: String::new(), bytes: bytes.to_vec(), is_packed: false });
    if !compound::is_compound(bytes) || sniff::kind(bytes, "") != Kind::Unknown || sniff::is_outlook_message(bytes) {
        return whole();
    }
    let mut file = cfb::CompoundFile::open(Cursor::new(bytes)).ok()?;
    let native = stream(&mut file, Path::new("/\u{1}Ole10Native"), most).and_then(|native| packed(&native));
    native.or_else(|| {
        // OOXML, what LibreOffice embeds, what Acrobat embeds.
        let bytes = ["/Package", "/EmbeddedOdf", "/package_stream", "/CONTENTS"]
            .into_iter()
            .find_map(|name| stream(&mut file, Path::new(name), most))?;
        Some(Object { name: String::new(), bytes, is_packed: false })
    })
}

/// A file as Windows' packager keeps it ([MS-OLEDS] §2.3.6; the fields in it are documented by their readers alone):
/// length, a mark, label, path, a mark, the temporary path with its length, the length of the file, the file.
fn packed(native: &[u8]) -> Option<Object> {
    if u16_at(native, 4)? != 2 {
        return None;
    }
    let (label, rest) = zero_ended(native.get(6..)?)?;
    let (path, rest) = zero_ended(rest)?;
    let temporary = usize::try_from(u32_at(rest, 4)?).ok()?;
    let rest = rest.get(8..)?.get(temporary..)?;
    let size = usize::try_from(u32_at(rest, 0)?).ok()?;
    let bytes = rest.get(4..)?.get(..size)?.to_vec();
    let label = names::attachment(&charset::guess(label));
    let name = if label.is_empty() { names::attachment(&charset::guess(path)) } else { label };
    Some(Object { name, bytes, is_packed: true })
}

fn zero_ended(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == 0)?;
    Some((bytes.get(..end)?, bytes.get(end + 1..)?))
}

/// The objects of a Word 97 document (`ObjectPool`, [MS-DOC] §2.1.10) or workbook (`MBD…`, [MS-XLS] §2.1.7.9), each with
/// its path and as a file of its own.
fn storages(bytes: &[u8], most: u64) -> Option<Vec<(String, Vec<u8>)>> {
    let mut file = cfb::CompoundFile::open(Cursor::new(bytes)).ok()?;
    let pool = Path::new("/ObjectPool");
    let mut paths: Vec<PathBuf> = file
        .read_root_storage()
        .filter(|entry| entry.is_storage() && entry.name().to_ascii_uppercase().starts_with("MBD"))
        .filter(|entry| entry.clsid().as_u128() != CHART)
        .map(|entry| entry.path().to_path_buf())
        .collect();
    if file.is_storage(pool) {
        let inside = file.read_storage(pool).ok()?;
        paths.extend(
            inside
                .filter(|entry| entry.is_storage() && entry.clsid().as_u128() != CHART)
                .map(|entry| entry.path().to_path_buf()),
        );
    }
    let mut left = most;
    let mut found = Vec::new();
    for path in paths.into_iter().take(OBJECTS) {
        let Some(whole) = file_of(&mut file, &path, left) else { continue };
        left = left.saturating_sub(super::length(&whole));
        found.push((path.to_string_lossy().trim_start_matches('/').to_owned(), whole));
    }
    Some(found)
}

/// Only storages that can hold a file are worth the copy.
fn file_of(file: &mut Compound<'_>, storage: &Path, most: u64) -> Option<Vec<u8>> {
    let holds = [
        "Workbook",
        "Book",
        "WordDocument",
        "Package",
        "\u{1}Ole10Native",
        "CONTENTS",
        "EmbeddedOdf",
        "package_stream",
    ]
    .into_iter()
    .any(|name| file.is_stream(storage.join(name)));
    if holds { standalone(file, storage, most) } else { None }
}
