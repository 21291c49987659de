//! The lengths of the shared strings of an xls, without their text: calamine copies a string for every cell that names
//! it, so what the copies cost must be known before.
//!
//! Source: [MS-XLS] 2.4.265 (SST), 2.5.293 (XLUnicodeRichExtendedString), 2.4.58 (Continue).

/// A table of strings cut into its SST record and the Continue records behind it.
pub(super) struct Pieces<'a> {
    rest: std::vec::IntoIter<&'a [u8]>,
    now: &'a [u8],
}

impl<'a> Pieces<'a> {
    pub(super) fn new(pieces: Vec<&'a [u8]>) -> Self {
        let mut rest = pieces.into_iter();
        let now = rest.next().unwrap_or_default();
        Self { rest, now }
    }

    /// Goes on with the next piece where this one is used up; `false` at the end.
    fn fill(&mut self) -> bool {
        while self.now.is_empty() {
            match self.rest.next() {
                Some(next) => self.now = next,
                None => return false,
            }
        }
        true
    }

    /// The next bytes as a number; a header never stands across two pieces.
    fn number(&mut self, bytes: usize) -> Option<usize> {
        let (front, rest) = self.now.split_at_checked(bytes)?;
        self.now = rest;
        Some(front.iter().rev().fold(0, |sum, byte| (sum << 8) | usize::from(*byte)))
    }

    fn skip(&mut self, mut bytes: usize) -> Option<()> {
        while bytes > 0 {
            if !self.fill() {
                return None;
            }
            let taken = bytes.min(self.now.len());
            self.now = self.now.get(taken..)?;
            bytes -= taken;
        }
        Some(())
    }

    /// Characters; where they go on in another piece, it begins by saying anew how wide they are.
    fn skip_characters(&mut self, mut characters: usize, mut wide: bool) -> Option<()> {
        while characters > 0 {
            if self.now.is_empty() {
                self.fill().then_some(())?;
                wide = self.number(1)? & 1 != 0;
            }
            let width = if wide { 2 } else { 1 };
            let taken = characters.min(self.now.len() / width);
            if taken == 0 {
                return None;
            }
            self.now = self.now.get(taken * width..)?;
            characters -= taken;
        }
        Some(())
    }

    /// The characters of the next string.
    fn string(&mut self) -> Option<usize> {
        let characters = self.number(2)?;
        let flags = self.number(1)?;
        let runs = if flags & 8 != 0 { self.number(2)? } else { 0 };
        let extra = if flags & 4 != 0 { self.number(4)? } else { 0 };
        self.skip_characters(characters, flags & 1 != 0)?;
        self.skip(runs * 4)?;
        self.skip(extra)?;
        Some(characters)
    }

    /// How many characters each string has, in order, up to the first that is broken.
    pub(super) fn lengths(mut self) -> Vec<usize> {
        let mut lengths = Vec::new();
        // The two counts at the front are not trusted.
        if self.skip(8).is_none() {
            return lengths;
        }
        while self.fill() {
            match self.string() {
                Some(characters) => lengths.push(characters),
                None => break,
            }
        }
        lengths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_across_pieces_formats_and_damage() {
        let first = [&[0; 8][..], &[2, 0, 0, b'a', b'b'], &[3, 0, 1, 0x11, 0x4e]].concat();
        let second = [&[0][..], b"xy", &[1, 0, 0x0C, 1, 0, 3, 0, 0, 0, b'z', 1, 2, 3, 4, 5, 6, 7]].concat();
        let third = [&[200, 0, 0][..], b"cut"].concat();
        let pieces = vec![&first[..], &second, &third];
        assert_eq!(Pieces::new(pieces).lengths(), [2, 3, 1]);
        assert!(Pieces::new(Vec::new()).lengths().is_empty());
    }
}
