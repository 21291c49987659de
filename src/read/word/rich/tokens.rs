//! RTF as a stream of braces, control words and bytes of text (Rich Text Format Specification 1.9.1).

/// A part of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Open,
    Close,
    /// `\word12`, its letters and its number.
    Word(&'a [u8], Option<i32>),
    /// `\*`, `\~` and the like.
    Symbol(u8),
    /// `\'hh`: a byte of text written in hexadecimal digits.
    Escaped(u8),
    /// A byte of text.
    Byte(u8),
}

/// Longer words than this there are none (32 by the specification).
const WORD: usize = 64;

pub(super) struct Tokens<'a> {
    rest: &'a [u8],
}

impl<'a> Tokens<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    fn take(&mut self, count: usize) -> &'a [u8] {
        let (front, rest) = self.rest.split_at_checked(count).unwrap_or((self.rest, &[]));
        self.rest = rest;
        front
    }

    /// What follows a backslash.
    fn control(&mut self) -> Option<Token<'a>> {
        let first = *self.rest.first()?;
        if !first.is_ascii_alphabetic() {
            self.take(1);
            // A line's end behind a backslash is a paragraph's.
            return Some(match first {
                b'\'' => Token::Escaped(self.hexadecimal()),
                b'\r' | b'\n' => Token::Word(b"par", None),
                other => Token::Symbol(other),
            });
        }
        let letters = self.rest.iter().take(WORD).take_while(|byte| byte.is_ascii_alphabetic()).count();
        let word = self.take(letters);
        let signed = usize::from(self.rest.first() == Some(&b'-'));
        let digits = self.rest.iter().skip(signed).take(11).take_while(|byte| byte.is_ascii_digit()).count();
        let number = if digits == 0 {
            None
        } else {
            let written = self.take(signed + digits);
            std::str::from_utf8(written).ok().and_then(|written| written.parse().ok())
        };
        if self.rest.first() == Some(&b' ') {
            self.take(1);
        }
        // Raw bytes of a picture or object, counted.
        if word == b"bin" {
            self.take(number.and_then(|count| usize::try_from(count).ok()).unwrap_or(0));
            return self.next();
        }
        Some(Token::Word(word, number))
    }

    fn hexadecimal(&mut self) -> u8 {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let mut value = 0;
        for _ in 0..2 {
            let Some(found) = self.rest.first().and_then(|byte| digit(*byte)) else { break };
            value = value << 4 | found;
            self.take(1);
        }
        value
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            return match *self.take(1).first()? {
                b'{' => Some(Token::Open),
                b'}' => Some(Token::Close),
                b'\\' => self.control(),
                b'\r' | b'\n' | 0 => continue,
                b'\t' => Some(Token::Word(b"tab", None)),
                byte => Some(Token::Byte(byte)),
            };
        }
    }
}
