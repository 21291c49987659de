//! Radicals that stand for whole characters.

use unicode_normalization::UnicodeNormalization as _;

/// A font's radicals as the characters they look like: programs that take the text back from the glyphs of a font
/// (browsers among them) write ⽯ for 石 and ⻝ for 食.
pub(super) fn unified(text: String) -> String {
    let is_lookalike =
        |letter: char| matches!(letter, '\u{2E80}'..='\u{2FDF}' | '\u{F900}'..='\u{FAFF}' | '\u{2F800}'..='\u{2FA1F}');
    if !text.chars().any(is_lookalike) {
        return text;
    }
    let unify = |letter: char| {
        let known = RADICALS.iter().find(|(radical, _)| *radical == letter).map(|(_, character)| *character);
        known.or_else(|| std::iter::once(letter).nfkc().next().filter(|_| is_lookalike(letter))).unwrap_or(letter)
    };
    text.chars().map(unify).collect()
}

/// The supplementary radicals that are characters by themselves (Unicode's `EquivalentUnifiedIdeograph.txt`); NFKC knows
/// only the others.
const RADICALS: [(char, char); 44] = [
    ('\u{2E81}', '厂'),
    ('\u{2E84}', '乙'),
    ('\u{2E85}', '亻'),
    ('\u{2E88}', '刀'),
    ('\u{2E8A}', '卜'),
    ('\u{2E8C}', '小'),
    ('\u{2E8D}', '小'),
    ('\u{2E92}', '巳'),
    ('\u{2E93}', '幺'),
    ('\u{2E9C}', '日'),
    ('\u{2E9D}', '月'),
    ('\u{2EA0}', '民'),
    ('\u{2EA7}', '牛'),
    ('\u{2EA9}', '王'),
    ('\u{2EAC}', '示'),
    ('\u{2EAE}', '竹'),
    ('\u{2EB6}', '羊'),
    ('\u{2EB7}', '羊'),
    ('\u{2EBC}', '月'),
    ('\u{2EC1}', '虎'),
    ('\u{2EC4}', '西'),
    ('\u{2EC5}', '见'),
    ('\u{2EC6}', '角'),
    ('\u{2EC9}', '贝'),
    ('\u{2ECB}', '车'),
    ('\u{2ED1}', '長'),
    ('\u{2ED3}', '长'),
    ('\u{2ED4}', '门'),
    ('\u{2ED7}', '雨'),
    ('\u{2ED8}', '青'),
    ('\u{2ED9}', '韦'),
    ('\u{2EDA}', '页'),
    ('\u{2EDB}', '风'),
    ('\u{2EDC}', '飞'),
    ('\u{2EDD}', '食'),
    ('\u{2EE2}', '马'),
    ('\u{2EE3}', '骨'),
    ('\u{2EE4}', '鬼'),
    ('\u{2EE5}', '鱼'),
    ('\u{2EE6}', '鸟'),
    ('\u{2EE8}', '麦'),
    ('\u{2EE9}', '黄'),
    ('\u{2EEC}', '齐'),
    ('\u{2EF0}', '龙'),
];
