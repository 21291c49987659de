//! One storage of a compound file as a file of its own: embedded workbooks and messages are kept that way.

use std::io::{Cursor, Read, Write};
use std::path::Path;

use cfb::{CompoundFile, Version};

/// A compound file over bytes in memory.
pub(super) type Compound<'b> = CompoundFile<Cursor<&'b [u8]>>;

/// Most streams and storages of one object.
const MOST: usize = 10_000;
/// Where the properties of a message stand, and the octets of their header in a message on its own and in an embedded
/// one ([MS-OXMSG] §2.4.1).
const MESSAGE_PROPERTIES: &str = "__properties_version1.0";
const HEADER_ALONE: usize = 32;
const HEADER_EMBEDDED: usize = 24;

/// The octets of one stream; of one that has more than this, one octet more, so that nobody takes the half for the
/// whole. `None` where it has fewer than it says.
pub(super) fn stream(file: &mut Compound<'_>, path: &Path, most: u64) -> Option<Vec<u8>> {
    let stream = file.open_stream(path).ok()?;
    let (claimed, most) = (stream.len(), most.saturating_add(1));
    let mut bytes = Vec::new();
    stream.take(most).read_to_end(&mut bytes).ok()?;
    (super::length(&bytes) == claimed.min(most)).then_some(bytes)
}

/// The storage with everything in it; the same bytes each time. `None` where it is broken or too large.
pub(super) fn standalone(file: &mut Compound<'_>, storage: &Path, most: u64) -> Option<Vec<u8>> {
    let entries: Vec<(std::path::PathBuf, bool)> = file
        .walk_storage(storage)
        .ok()?
        .skip(1)
        .take(MOST)
        .map(|entry| (entry.path().to_path_buf(), entry.is_stream()))
        .collect();
    let mut copy = CompoundFile::create_with_version(Version::V3, Cursor::new(Vec::new())).ok()?;
    let mut left = most;
    for (path, is_stream) in entries {
        let target = Path::new("/").join(path.strip_prefix(storage).ok()?);
        if !is_stream {
            copy.create_storage(&target).ok()?;
            copy.set_created_time(&target, std::time::UNIX_EPOCH).ok()?;
            copy.set_modified_time(&target, std::time::UNIX_EPOCH).ok()?;
            continue;
        }
        let mut bytes = stream(file, &path, left)?;
        left = left.checked_sub(super::length(&bytes)).filter(|left| *left > 0)?;
        if target == Path::new("/").join(MESSAGE_PROPERTIES) && bytes.len() >= HEADER_EMBEDDED {
            let rest = bytes.split_off(HEADER_EMBEDDED);
            bytes.resize(HEADER_ALONE, 0);
            bytes.extend(rest);
        }
        copy.create_stream(&target).ok()?.write_all(&bytes).ok()?;
    }
    copy.set_created_time("/", std::time::UNIX_EPOCH).ok()?;
    copy.set_modified_time("/", std::time::UNIX_EPOCH).ok()?;
    copy.flush().ok()?;
    Some(copy.into_inner().into_inner())
}
