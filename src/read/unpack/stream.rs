//! Single streams: gz, and bzip2, xz and zstandard, for which no kind has a name. What holds a tar becomes its members.

use std::io::{self, Read};

use flate2::bufread::GzDecoder;

use super::{Container, DICTIONARY_KIB, End, Unpacker, length};
use crate::model::mail::Kind;
use crate::read::mime::names;
use crate::read::{charset, guarded, sniff};

/// Whether these bytes begin as a stream without a kind of its own.
pub(super) fn is_known(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xFD7zXZ\0")
        || bytes.starts_with(b"\x28\xB5\x2F\xFD")
        || (bytes.starts_with(b"BZh") && bytes.get(4..10) == Some(b"\x31\x41\x59\x26\x53\x59"))
}

/// The members of a gz, which are one file together (RFC 1952 §2.2); what is no member behind them is ignored, as gzip
/// does.
struct Members<'b> {
    decoder: Option<GzDecoder<&'b [u8]>>,
    /// The name the first member keeps.
    name: Option<String>,
}

impl Read for Members<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(decoder) = &mut self.decoder {
            let count = decoder.read(buffer)?;
            if self.name.is_none() {
                let stored = decoder.header().and_then(|header| header.filename()).unwrap_or_default();
                self.name = Some(charset::guess(stored));
            }
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            let rest = self.decoder.take().map(GzDecoder::into_inner).unwrap_or_default();
            self.decoder = rest.starts_with(b"\x1F\x8B\x08").then(|| GzDecoder::new(rest));
        }
        Ok(0)
    }
}

impl Unpacker<'_> {
    pub(super) fn open_gz(&mut self, container: &mut Container<'_>) {
        let mut members = Members { decoder: Some(GzDecoder::new(container.bytes)), name: None };
        let (unpacked, end) = self.bounded(&mut members, length(container.bytes));
        self.add_stream(container, members.name, &unpacked, end);
    }

    pub(super) fn open_stream(&mut self, container: &mut Container<'_>) {
        let bytes = container.bytes;
        let decoder: Option<Box<dyn Read + '_>> = match bytes.first() {
            Some(0xFD) => Some(Box::new(lzma_rust2::XzReader::new_mem_limit(bytes, true, DICTIONARY_KIB))),
            Some(b'B') => Some(Box::new(bzip2::bufread::MultiBzDecoder::new(bytes))),
            _ => guarded(|| {
                let window = u64::from(DICTIONARY_KIB) << 10;
                ruzstd::decoding::StreamingDecoder::new_with_max_window_size(bytes, window).ok()
            })
            .flatten()
            .map(|decoder| Box::new(decoder) as Box<dyn Read + '_>),
        };
        let (unpacked, end) =
            decoder.map_or((Vec::new(), End::Broken), |mut decoder| self.bounded(decoder.as_mut(), length(bytes)));
        self.add_stream(container, None, &unpacked, end);
    }

    fn add_stream(&mut self, container: &mut Container<'_>, stored: Option<String>, unpacked: &[u8], end: End) {
        let own = || without_ending(self.name_of(container.index));
        let name = stored.filter(|name| !name.is_empty()).unwrap_or_else(own);
        let name = names::member(&name);
        if end == End::Whole && sniff::kind(unpacked, &name) == Kind::Tar {
            self.total = self.total.saturating_add(length(unpacked));
            self.untar(container, unpacked);
        } else {
            self.add_member(container, &name, unpacked, end);
        }
    }
}

/// `统计表.xls.gz` holds `统计表.xls`, `a.tgz` holds `a.tar`.
fn without_ending(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    for (ending, instead) in
        [(".tgz", ".tar"), (".tbz", ".tar"), (".txz", ".tar"), (".gz", ""), (".bz2", ""), (".xz", ""), (".zst", "")]
    {
        if lower.ends_with(ending)
            && let Some(stem) = name.get(..name.len() - ending.len())
        {
            return format!("{stem}{instead}");
        }
    }
    name.to_owned()
}
