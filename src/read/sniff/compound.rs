//! The names at the root of an OLE compound file ([MS-CFB]): enough to tell xls, doc and encrypted packages apart.

const SIGNATURE: [u8; 8] = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
/// Octets of one directory entry ([MS-CFB] §2.6.1).
const ENTRY: usize = 128;
/// Most directory entries looked at.
const MOST: usize = 16_384;

/// Whether these bytes begin as a compound file.
#[must_use]
pub fn is_compound(bytes: &[u8]) -> bool {
    bytes.starts_with(&SIGNATURE)
}

/// Names of the streams and storages directly under the root. Those of embedded objects are not among them. Where the
/// chain of sectors is broken, every name that stands in the file, in its order.
#[must_use]
pub fn root_names(bytes: &[u8]) -> Vec<String> {
    let names = directory(bytes).map(|directory| children_of_root(&directory)).unwrap_or_default();
    if names.is_empty() { every_name(bytes) } else { names }
}

/// The directory stream, its sectors joined.
fn directory(bytes: &[u8]) -> Option<Vec<u8>> {
    let shift = u16_at(bytes, 30)?;
    let sector_size = 1_usize.checked_shl(u32::from(shift)).filter(|size| (512..=4_096).contains(size))?;
    let sector = |number: u32| -> Option<&[u8]> {
        let start = usize::try_from(number).ok()?.checked_add(1)?.checked_mul(sector_size)?;
        bytes.get(start..bytes.len().min(start.checked_add(sector_size)?))
    };
    let mut directory = Vec::new();
    let mut current = u32_at(bytes, 48)?;
    while current < 0xFFFF_FFFA && directory.len() < MOST * ENTRY {
        directory.extend_from_slice(sector(current)?);
        // The table of sectors (FAT) stands in sectors that the header lists from octet 76 ([MS-CFB] §2.2). Files with
        // more than 109 of them (7 MB and more) chain on; their directory practically never lies beyond.
        let entries = sector_size / 4;
        let index = usize::try_from(current).ok()?;
        let table = index / entries;
        if table >= 109 {
            break;
        }
        let table = sector(u32_at(bytes, 76 + table * 4)?)?;
        current = u32_at(table, index % entries * 4)?;
    }
    Some(directory)
}

/// Walks the red-black tree under entry 0 ([MS-CFB] §2.6.4).
fn children_of_root(directory: &[u8]) -> Vec<String> {
    let entry = |number: u32| -> Option<&[u8]> {
        let start = usize::try_from(number).ok()?.checked_mul(ENTRY)?;
        directory.get(start..start.checked_add(ENTRY)?)
    };
    let mut names = Vec::new();
    let mut waiting: Vec<u32> = entry(0).and_then(|root| u32_at(root, 76)).into_iter().collect();
    let mut visited = 0;
    while let Some(number) = waiting.pop() {
        visited += 1;
        if visited > MOST {
            break;
        }
        if let Some(entry) = entry(number) {
            names.extend(name(entry));
            waiting.extend(u32_at(entry, 72).filter(|right| *right != u32::MAX));
            waiting.extend(u32_at(entry, 68).filter(|left| *left != u32::MAX));
        }
    }
    names
}

fn every_name(bytes: &[u8]) -> Vec<String> {
    bytes.chunks_exact(ENTRY).skip(4).filter_map(name).take(MOST).collect()
}

/// The name of a directory entry, or `None` where the slot holds none.
fn name(entry: &[u8]) -> Option<String> {
    let octets = usize::from(u16_at(entry, 64)?);
    // Streams are 2, storages 1.
    let fit = (4..=64).contains(&octets) && octets.is_multiple_of(2) && matches!(entry.get(66), Some(1 | 2));
    let units: Vec<u16> = entry
        .get(..octets.saturating_sub(2))
        .filter(|_| fit)?
        .chunks_exact(2)
        .filter_map(|pair| <[u8; 2]>::try_from(pair).ok().map(u16::from_le_bytes))
        .collect();
    String::from_utf16(&units).ok().filter(|name| !name.contains('\0'))
}

fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    bytes.get(offset..offset.checked_add(2)?)?.try_into().ok().map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes.get(offset..offset.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)
}

/// A compound file with these names at its root and one embedded object below, for tests.
#[cfg(test)]
pub mod samples {
    use super::*;

    #[must_use]
    pub fn compound(root: &[&str], embedded: Option<&str>) -> Vec<u8> {
        let mut header = vec![0_u8; 512];
        header[..8].copy_from_slice(&SIGNATURE);
        header[30..32].copy_from_slice(&9_u16.to_le_bytes());
        header[48..52].copy_from_slice(&1_u32.to_le_bytes());
        header[76..80].copy_from_slice(&0_u32.to_le_bytes());
        let mut fat = vec![0xFF_u8; 512];
        fat[..4].copy_from_slice(&0xFFFF_FFFD_u32.to_le_bytes());
        fat[4..8].copy_from_slice(&2_u32.to_le_bytes());
        fat[8..12].copy_from_slice(&0xFFFF_FFFE_u32.to_le_bytes());
        let mut directory = entry("Root Entry", 5, u32::MAX, if root.is_empty() { u32::MAX } else { 1 });
        for (place, name) in root.iter().enumerate() {
            let right = if place + 1 < root.len() { u32::try_from(place + 2).unwrap() } else { u32::MAX };
            let child =
                if place == 0 && embedded.is_some() { u32::try_from(root.len() + 1).unwrap() } else { u32::MAX };
            directory.extend(entry(name, if child == u32::MAX { 2 } else { 1 }, right, child));
        }
        if let Some(name) = embedded {
            directory.extend(entry(name, 2, u32::MAX, u32::MAX));
        }
        directory.resize(1_024, 0);
        [header, fat, directory].concat()
    }

    fn entry(name: &str, object: u8, right: u32, child: u32) -> Vec<u8> {
        let mut entry = vec![0_u8; ENTRY];
        let units: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        entry[..units.len()].copy_from_slice(&units);
        entry[64..66].copy_from_slice(&u16::try_from(units.len()).unwrap().to_le_bytes());
        entry[66] = object;
        entry[68..72].copy_from_slice(&u32::MAX.to_le_bytes());
        entry[72..76].copy_from_slice(&right.to_le_bytes());
        entry[76..80].copy_from_slice(&child.to_le_bytes());
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::samples::compound;
    use super::*;

    #[test]
    fn root_names_leave_out_embedded_objects() {
        assert_eq!(
            root_names(&compound(&["ObjectPool", "WordDocument"], Some("Workbook"))),
            ["ObjectPool", "WordDocument"]
        );
    }

    #[test]
    fn a_broken_chain_still_gives_names() {
        let mut bytes = compound(&["Workbook"], None);
        bytes[48..52].copy_from_slice(&9_999_u32.to_le_bytes());
        assert!(root_names(&bytes).contains(&"Workbook".to_owned()));
        assert!(root_names(&SIGNATURE).is_empty());
    }
}
