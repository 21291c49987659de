//! Whether the packed streams of a PDF unfold without end, found out before the library unpacks them whole.

use std::io::Read;

/// Octets one stream may unfold to; a page of colour at 300 dots to the inch has 26 million.
const MOST_UNFOLDED: u64 = 64 << 20;
/// Streams of fewer packed octets stay below that: Deflate packs at most 1032 to 1.
const SMALL: usize = 48 << 10;
/// After so many packed octets the ratio tells whether it is worth going on.
const SAMPLE: usize = 64 << 10;
const SUSPICIOUS_RATIO: u64 = 60;
/// Streams looked at.
const MOST_STREAMS: usize = 20_000;

/// Looks at every Deflate stream that could hold a bomb; what packs as documents do is not unpacked to its end.
pub(super) fn unfolds_without_end(bytes: &[u8]) -> bool {
    let mut from = 0;
    for _ in 0..MOST_STREAMS {
        let Some(start) = find(bytes, b"stream", from) else { return false };
        let mut start = start + b"stream".len();
        while bytes.get(start).is_some_and(|byte| matches!(byte, b'\r' | b'\n')) {
            start += 1;
        }
        let end = find(bytes, b"endstream", start).unwrap_or(bytes.len());
        let packed = bytes.get(start..end).unwrap_or_default();
        if packed.len() >= SMALL && is_bomb(packed) {
            return true;
        }
        from = (end + b"endstream".len()).min(bytes.len());
    }
    false
}

fn is_bomb(packed: &[u8]) -> bool {
    let mut decoder = flate2::read::ZlibDecoder::new(packed);
    let mut buffer = vec![0; 1 << 15];
    let mut unfolded = 0_u64;
    loop {
        match decoder.read(&mut buffer) {
            Ok(0) | Err(_) => return false,
            Ok(count) => unfolded += u64::try_from(count).unwrap_or(0),
        }
        if unfolded > MOST_UNFOLDED {
            return true;
        }
        let read = decoder.total_in();
        if read > u64::try_from(SAMPLE).unwrap_or(0) && unfolded / read.max(1) < SUSPICIOUS_RATIO {
            return false;
        }
    }
}

fn find(bytes: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = from;
    loop {
        let rest = bytes.get(from..)?;
        let at = from + rest.iter().position(|byte| *byte == first)?;
        if bytes.get(at..at + needle.len())? == needle {
            return Some(at);
        }
        from = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn packed(octets: usize) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&vec![b' '; octets]).unwrap();
        let mut file = b"%PDF-1.4\n1 0 obj <</Filter/FlateDecode>>\nstream\r\n".to_vec();
        file.extend(encoder.finish().unwrap());
        file.extend(b"\nendstream");
        file
    }

    #[test]
    fn only_what_unfolds_without_end_is_refused() {
        assert!(unfolds_without_end(&packed(80 << 20)));
        assert!(!unfolds_without_end(&packed(1 << 20)));
        assert!(!unfolds_without_end(b"stream"));
        assert!(!unfolds_without_end(b""));
    }
}
