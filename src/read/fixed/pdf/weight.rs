//! Whether the packed streams of a PDF unfold without end, or do not unfold to what their sums say: found out before the
//! library unpacks them, which it does whole and without asking for sums.

use std::io::Read;

/// Octets one stream may unfold to; a page of colour at 300 dots to the inch has 26 million.
const MOST_UNFOLDED: u64 = 64 << 20;
/// Streams of so many packed octets are unpacked to their end; larger ones are pictures and fonts.
const SMALL: usize = 256 << 10;
/// After so many packed octets the ratio tells whether it is worth going on with a larger one.
const SAMPLE: u64 = 64 << 10;
const SUSPICIOUS_RATIO: u64 = 60;
/// Streams looked at.
const MOST_STREAMS: usize = 20_000;

/// What the packed streams are like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Weight {
    pub(super) is_bomb: bool,
    /// A stream is cut off, or its octets were changed on the way.
    pub(super) is_broken: bool,
}

/// Looks at every Deflate stream. Large ones that pack as documents do are not unpacked to their end.
pub(super) fn weigh(bytes: &[u8]) -> Weight {
    // Encrypted streams are no Deflate before they are decrypted.
    let encrypted = find(bytes, b"/Encrypt", 0).is_some();
    // Packed twice, a few octets are gigabytes; no program does so in good faith.
    let twice: [&[u8]; 2] = [b"/FlateDecode/FlateDecode", b"/FlateDecode /FlateDecode"];
    if twice.iter().any(|filters| find(bytes, filters, 0).is_some()) {
        return Weight { is_bomb: true, is_broken: false };
    }
    let mut weight = Weight::default();
    let mut from = 0;
    for _ in 0..MOST_STREAMS {
        let Some(start) = find(bytes, b"stream", from) else { break };
        let mut start = start + b"stream".len();
        while bytes.get(start).is_some_and(|byte| matches!(byte, b'\r' | b'\n')) {
            start += 1;
        }
        let end = find(bytes, b"endstream", start).unwrap_or(bytes.len());
        let packed = bytes.get(start..end).unwrap_or_default();
        match unfold(packed) {
            End::Bomb => return Weight { is_bomb: true, ..weight },
            End::Broken => weight.is_broken |= !encrypted,
            End::Whole => {}
        }
        from = (end + b"endstream".len()).min(bytes.len());
    }
    weight
}

/// How unpacking a stream ended.
enum End {
    Whole,
    Broken,
    Bomb,
}

fn unfold(packed: &[u8]) -> End {
    // RFC 1950, 2.2: Deflate with a window of 32 KiB, and a check over both octets.
    let is_deflate = match packed {
        [method @ 0x78, flags, ..] => (u16::from(*method) * 256 + u16::from(*flags)) % 31 == 0,
        _ => false,
    };
    if !is_deflate {
        return End::Whole;
    }
    let mut decoder = flate2::read::ZlibDecoder::new(packed);
    let mut buffer = vec![0; 1 << 15];
    let mut unfolded = 0_u64;
    loop {
        match decoder.read(&mut buffer) {
            Ok(0) => return End::Whole,
            Ok(count) => unfolded += u64::try_from(count).unwrap_or(0),
            Err(_) => return End::Broken,
        }
        if unfolded > MOST_UNFOLDED {
            return End::Bomb;
        }
        let read = decoder.total_in();
        if packed.len() > SMALL && read > SAMPLE && unfolded / read.max(1) < SUSPICIOUS_RATIO {
            return End::Whole;
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
        assert!(weigh(&packed(80 << 20)).is_bomb);
        assert_eq!(weigh(&packed(1 << 20)), Weight::default());
        assert_eq!(weigh(b"stream"), Weight::default());
        assert_eq!(weigh(b""), Weight::default());
    }

    #[test]
    fn what_was_changed_or_cut_is_broken() {
        let whole = packed(10_000);
        let mut changed = whole.clone();
        let place = whole.len() - 14;
        changed[place] ^= 1;
        assert!(weigh(&changed).is_broken);
        assert!(weigh(&whole[..whole.len() - 16]).is_broken);
    }
}
