//! Text in RTF: bytes of a code page and Unicode numbers, joined to characters.

use std::collections::HashMap;

use crate::read::charset;

/// Characters that are not complete yet, and the paragraph they go to.
#[derive(Debug, Default)]
pub(super) struct Letters {
    line: String,
    bytes: Vec<u8>,
    units: Vec<u16>,
    /// Name of the code page of `bytes`.
    page: &'static str,
}

impl Letters {
    /// A byte in a code page. A character's bytes may come one by one.
    pub(super) fn byte(&mut self, byte: u8, page: &'static str) {
        if !self.units.is_empty() || self.page != page {
            self.settle();
        }
        self.page = page;
        self.bytes.push(byte);
    }

    /// A unit of UTF-16; surrogates come one by one.
    pub(super) fn unit(&mut self, unit: u16) {
        if !self.bytes.is_empty() {
            self.settle();
        }
        self.units.push(unit);
    }

    pub(super) fn character(&mut self, character: char) {
        self.settle();
        self.line.push(character);
    }

    fn settle(&mut self) {
        if !self.bytes.is_empty() {
            let bytes = std::mem::take(&mut self.bytes);
            self.line.push_str(&charset::decode(Some(self.page), &bytes).text);
        }
        if !self.units.is_empty() {
            let units = std::mem::take(&mut self.units);
            self.line.push_str(&String::from_utf16_lossy(&units));
        }
    }

    /// Takes the paragraph.
    pub(super) fn take(&mut self) -> String {
        self.settle();
        std::mem::take(&mut self.line)
    }
}

/// The code pages of the document's fonts.
#[derive(Debug)]
pub(super) struct Fonts {
    /// `\ansicpg`: for fonts that name none.
    standard: &'static str,
    pages: HashMap<i32, &'static str>,
}

/// More fonts than this are not kept.
const FONTS: usize = 4_096;

impl Default for Fonts {
    fn default() -> Self {
        Self { standard: "windows-1252", pages: HashMap::new() }
    }
}

impl Fonts {
    pub(super) fn set_standard(&mut self, number: i32) {
        self.standard = by_number(number).unwrap_or(self.standard);
    }

    /// `\fcharset` of a font. 0 to 2 (ANSI, default, symbol) name no code page of their own: programs put the document's
    /// own letters in such fonts.
    pub(super) fn set_charset(&mut self, font: i32, charset: i32) {
        let page = match charset {
            77 => Some("macintosh"),
            128 => Some("shift_jis"),
            129 | 130 => Some("euc-kr"),
            134 => Some("gbk"),
            136 => Some("big5"),
            161 => Some("windows-1253"),
            162 => Some("windows-1254"),
            163 => Some("windows-1258"),
            177 => Some("windows-1255"),
            178 => Some("windows-1256"),
            186 => Some("windows-1257"),
            204 => Some("windows-1251"),
            222 => Some("windows-874"),
            238 => Some("windows-1250"),
            _ => None,
        };
        self.set(font, page);
    }

    /// `\cpg` of a font.
    pub(super) fn set_page(&mut self, font: i32, number: i32) {
        self.set(font, by_number(number));
    }

    fn set(&mut self, font: i32, page: Option<&'static str>) {
        if let Some(page) = page.filter(|_| self.pages.len() < FONTS) {
            self.pages.insert(font, page);
        }
    }

    pub(super) fn page(&self, font: i32) -> &'static str {
        let page = self.pages.get(&font).copied().unwrap_or(self.standard);
        // Letters of a Chinese document stand in Western fonts too; they stay Chinese (`\loch` and `\hich` are not
        // told apart here). Only another East Asian or a Cyrillic, Greek, … font says otherwise.
        if page == "windows-1252" { self.standard } else { page }
    }
}

fn by_number(number: i32) -> Option<&'static str> {
    Some(match number {
        936 | 54936 | 20936 => "gbk",
        950 => "big5",
        932 => "shift_jis",
        949 => "euc-kr",
        65001 => "utf-8",
        874 => "windows-874",
        1250 => "windows-1250",
        1251 => "windows-1251",
        1252 | 437 | 850 | 0 => "windows-1252",
        1253 => "windows-1253",
        1254 => "windows-1254",
        1255 => "windows-1255",
        1256 => "windows-1256",
        1257 => "windows-1257",
        1258 => "windows-1258",
        10000 => "macintosh",
        _ => return None,
    })
}
