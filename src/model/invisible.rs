//! Characters that turn or hide text: nothing that mail brought is said or named with them.

/// Marks of writing direction, joiners, fillers and tags, which make `xls.exe` look like `exe.slx` (Trojan Source,
/// CVE-2021-42574), and the two code points that XML 1.0 §2.2 forbids beside the control characters.
#[must_use]
pub fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
        | '\u{e0000}'..='\u{e007f}')
}
