//! What undoes each packing method of a zip (4.4.5), never with more memory than the member or our bound needs.

use std::io::{self, Read};

use super::super::{DICTIONARY_KIB, u16_at, u32_at};

/// A reader of the unpacked octets; `None` for a method nothing here undoes.
pub(super) fn decoder<'b>(method: u16, packed: &'b [u8], size: u64) -> Option<Box<dyn Read + 'b>> {
    match method {
        0 => Some(Box::new(packed)),
        8 => Some(Box::new(flate2::bufread::DeflateDecoder::new(packed))),
        9 => Some(Box::new(deflate64::Deflate64Decoder::with_buffer(packed))),
        12 => Some(Box::new(bzip2::bufread::MultiBzDecoder::new(packed))),
        14 => lzma(packed, size),
        93 => Some(zstandard(packed)),
        95 => Some(Box::new(lzma_rust2::XzReader::new_mem_limit(packed, true, DICTIONARY_KIB))),
        98 => ppmd(packed),
        _ => None,
    }
}

/// 5.8.8: two octets of version, two of the length of the properties, the properties (one octet and the dictionary).
/// A dictionary larger than the member is only a claim.
fn lzma(packed: &[u8], size: u64) -> Option<Box<dyn Read + '_>> {
    let properties = packed.get(4..4 + usize::from(u16_at(packed, 2)?))?;
    let stream = packed.get(4 + properties.len()..)?;
    let claimed = u32_at(properties, 1)?;
    let needed = u32::try_from(size).unwrap_or(u32::MAX).max(4_096);
    let dictionary = claimed.min(needed);
    if dictionary / 1_024 > DICTIONARY_KIB {
        return Some(Box::new(Refused));
    }
    // The end is where the size says, or at the stream's own mark.
    lzma_rust2::LzmaReader::new_with_props(stream, size, *properties.first()?, dictionary, None)
        .ok()
        .map(|reader| Box::new(reader) as Box<dyn Read>)
}

fn zstandard(packed: &[u8]) -> Box<dyn Read + '_> {
    match ruzstd::decoding::StreamingDecoder::new_with_max_window_size(packed, u64::from(DICTIONARY_KIB) << 10) {
        Ok(reader) => Box::new(reader),
        Err(_) => Box::new(Refused),
    }
}

/// 5.10.4: four bits of order less one, eight of memory in MiB less one, four of the way of starting over.
fn ppmd(packed: &[u8]) -> Option<Box<dyn Read + '_>> {
    let settings = u32::from(u16_at(packed, 0)?);
    let (order, memory) = ((settings & 15) + 1, (((settings >> 4) & 0xFF) + 1) << 20);
    if memory >> 10 > DICTIONARY_KIB {
        return Some(Box::new(Refused));
    }
    let restore = match settings >> 12 {
        0 => ppmd_rust::RestoreMethod::Restart,
        1 => ppmd_rust::RestoreMethod::CutOff,
        _ => return None,
    };
    ppmd_rust::Ppmd8Decoder::new(packed.get(2..)?, order, memory, restore)
        .ok()
        .map(|reader| Box::new(reader) as Box<dyn Read>)
}

/// Stands for a decoder that would want more memory than it gets.
struct Refused;

impl Read for Refused {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::OutOfMemory.into())
    }
}

/// CRC-32 (4.4.7).
pub(super) fn sum(bytes: &[u8]) -> u32 {
    let mut sum = flate2::Crc::new();
    sum.update(bytes);
    sum.sum()
}
