//! Letters of symbol fonts as characters.

/// A letter of a symbol font: those fonts keep their letters from U+F000 on (ECMA-376 part 1, 17.3.3.30; [MS-DOC]
/// 2.9.42). What has no likeness becomes an empty square, so that nothing vanishes.
pub(super) fn symbol(letter: u16) -> u16 {
    match letter {
        // Wingdings: ticks, empty boxes, crosses.
        0xF0FC | 0xF0FE | 0xF052 => 0x2611,
        0xF0A8 | 0xF06F | 0xF0A3 => 0x2610,
        0xF0FB | 0xF0FD | 0xF053 => 0x2612,
        // The font Symbol has digits and signs where ASCII has them.
        0xF020..=0xF07E => letter - 0xF000,
        0xE000..=0xF8FF => 0x25A1,
        other => other,
    }
}
