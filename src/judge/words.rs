//! Words as people write them, made comparable; and document numbers (文号).

use unicode_normalization::UnicodeNormalization;

/// Makes two spellings of the same words equal: NFKC, no white space, no quotation marks, one kind of brackets, lower
/// case. For comparison only; never shown to anybody.
#[must_use]
pub fn normalise(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match plain(character) {
            Some(character) => out.extend(fold(character).map(|folded| folded.to_ascii_lowercase())),
            // It may join what stands beside it.
            None => return text.nfkc().filter_map(fold).flat_map(char::to_lowercase).collect(),
        }
    }
    out
}

/// What NFKC makes of a character that it makes one character of, whatever stands beside it, and that has no lower case
/// but in ASCII: nearly all that Chinese texts are written with. `None` for any other.
fn plain(character: char) -> Option<char> {
    match character {
        '\u{00}'..='\u{7F}' | '\u{4E00}'..='\u{9FFF}' => Some(character),
        '、' | '。' | '〇' | '《' | '》' | '〔' | '〕' | '【' | '】' | '“' | '”' | '‘' | '’' | '—' => {
            Some(character)
        }
        // Full-width ASCII, and the blank as wide.
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(character) - 0xFEE0),
        '\u{3000}' => Some(' '),
        _ => None,
    }
}

/// The characters of [`normalise`], each with the byte where its original starts, so that a find can be cut out.
#[must_use]
pub fn normalised_with_places(text: &str) -> Vec<(char, usize)> {
    let mut out = Vec::with_capacity(text.len() / 2);
    for (place, character) in text.char_indices() {
        match plain(character) {
            Some(character) => out.extend(fold(character).map(|folded| (folded.to_ascii_lowercase(), place))),
            None => {
                let folded = std::iter::once(character).nfkc().filter_map(fold).flat_map(char::to_lowercase);
                out.extend(folded.map(|folded| (folded, place)));
            }
        }
    }
    out
}

/// One character after NFKC, or `None` where it means nothing for comparison.
fn fold(character: char) -> Option<char> {
    if character.is_whitespace() || character.is_control() {
        return None;
    }
    match character {
        '“' | '”' | '"' | '\'' | '‘' | '’' | '„' | '‟' | '「' | '」' | '『' | '』' | '`' | '´' => None,
        '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}' | '\u{AD}' => None,
        '[' | '〔' | '【' | '{' | '〖' | '〘' => Some('('),
        ']' | '〕' | '】' | '}' | '〗' | '〙' => Some(')'),
        '─' | '—' | '–' | '―' | '−' | '‐' | '‑' => Some('-'),
        other => Some(other),
    }
}

/// Whether this is a Chinese character (the zero 〇 too).
#[must_use]
pub fn is_han(character: char) -> bool {
    matches!(character, '〇' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{323AF}')
}

/// How many Chinese characters the text holds.
#[must_use]
pub fn han_count(text: &str) -> usize {
    text.chars().filter(|character| is_han(*character)).count()
}

/// Words that may stand directly before a quoted document number without belonging to it.
const LEAD_INS: [&str; 23] = [
    "根据",
    "按照",
    "依据",
    "依照",
    "遵照",
    "参照",
    "贯彻",
    "落实",
    "执行",
    "转发",
    "印发",
    "收到",
    "接到",
    "文件",
    "文号",
    "编号",
    "发文字号",
    "以及",
    "关于",
    "通知",
    "及",
    "和",
    "与",
];

/// The first document number in the text, as the standard writes it (`离双拥办〔2021〕5号`, GB/T 9704-2012 7.2.5: no
/// 第, no leading zeros), whatever brackets it stood in. Dates and years in prose are none.
#[must_use]
pub fn document_number(text: &str) -> Option<String> {
    let characters: Vec<char> = text.nfkc().take(4000).collect();
    (0..characters.len()).find_map(|place| number_around(&characters, place))
}

fn opens(character: char) -> bool {
    "〔[(【«《<〈{〖〘﹝「『⟨❲⦗".contains(character)
}

fn closes(character: char) -> bool {
    "〕])】»》>〉}〗〙﹞」』⟩❳⦘".contains(character)
}

/// The document number whose year's bracket opens at `place`.
fn number_around(characters: &[char], place: usize) -> Option<String> {
    if !opens(*characters.get(place)?) {
        return None;
    }
    let mut rest = characters.get(place + 1..)?.iter().copied().filter(|character| !character.is_whitespace());
    let year: String = rest.by_ref().take(4).collect();
    if !(year.starts_with("19") || year.starts_with("20")) || !year.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut next = rest.next()?;
    if next == '年' {
        next = rest.next()?;
    }
    if !closes(next) {
        return None;
    }
    next = rest.next()?;
    if next == '第' {
        next = rest.next()?;
    }
    let mut serial = String::new();
    while next.is_ascii_digit() && serial.len() < 6 {
        serial.push(next);
        next = rest.next()?;
    }
    let serial = serial.trim_start_matches('0');
    if !matches!(next, '号' | '號') || serial.is_empty() {
        return None;
    }
    let prefix = prefix_before(characters.get(..place)?)?;
    Some(format!("{prefix}〔{year}〕{serial}号"))
}

/// The 机关代字 that ends right before the bracket: the last run of Chinese characters; letters set apart by spaces
/// (`离 双 拥 办`) are one run.
fn prefix_before(before: &[char]) -> Option<String> {
    let mut reversed = Vec::new();
    let mut run = 0_usize;
    let mut lone = true;
    for &character in before.iter().rev() {
        if is_han(character) {
            reversed.push(character);
            run += 1;
            if !lone && run > 1 {
                // Two letters side by side after a lone one: that is the word before, not the code.
                reversed.truncate(reversed.len().saturating_sub(run));
                break;
            }
        } else if character.is_whitespace() {
            if run > 1 {
                break;
            }
            if run == 1 {
                lone = false;
            }
            run = 0;
        } else {
            break;
        }
        if reversed.len() > 30 {
            break;
        }
    }
    let mut prefix: String = reversed.iter().rev().collect();
    for word in LEAD_INS {
        if let Some(at) = prefix.rfind(word) {
            prefix = prefix.get(at + word.len()..).unwrap_or_default().to_owned();
        }
    }
    ((2..=20).contains(&prefix.chars().count())).then_some(prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_header_are_equal() {
        let paper = normalise("合计“八一”期间走访慰问支出总额(万元)");
        assert_eq!(paper, normalise("合计\"八一\"期间走访\n慰问支出　总额（万元）"));
        assert_eq!(paper, normalise("合计＂八一＂期间走访慰问支出总额【万元】"));
        assert_ne!(paper, normalise("合计“八一”期间走访慰问支出总额(元)"));
    }

    #[test]
    fn the_quick_way_makes_what_the_standard_makes() {
        let slow = |text: &str| text.nfkc().filter_map(fold).flat_map(char::to_lowercase).collect::<String>();
        for character in '\0'..=char::MAX {
            let alone = character.to_string();
            if let Some(made) = plain(character) {
                assert_eq!(alone.nfkc().collect::<String>(), made.to_string(), "{character:?}");
            }
            assert_eq!(normalise(&alone), slow(&alone), "{character:?}");
        }
        for text in ["Ａｂ１２", "e\u{301}é", "≮<\u{338}", "合计\u{300}（万元）—“八一”", "ﾊﾞガ", "ǅİß", "①㈱㎡…"]
        {
            assert_eq!(normalise(text), slow(text), "{text}");
            let places: String = normalised_with_places(text).into_iter().map(|(character, _)| character).collect();
            let each: String = text.chars().map(|character| slow(&character.to_string())).collect();
            assert_eq!(places, each, "{text}");
        }
    }

    #[test]
    fn places_point_into_the_original() {
        let text = "单 位：离石";
        let places = normalised_with_places(text);
        let colon = places.iter().find(|(character, _)| *character == ':').unwrap();
        assert!(text.get(colon.1..).unwrap().starts_with('：'));
    }

    #[test]
    fn every_bracket_gives_the_standard_number() {
        for text in [
            "离双拥办〔2021〕5号",
            "离双拥办[2021]5号",
            "离双拥办［2021］5号",
            "离双拥办(2021)5号",
            "离双拥办（２０２１）５号",
            "离双拥办【2021】05号",
            "离双拥办«2021»5号",
            "离双拥办﹝2021﹞5號",
            "离双拥办「2021」5号",
            "离双拥办〖２０２１〗第０５号",
            "离双拥办 〔 2021 〕 第 5 号",
            "离 双 拥 办〔2021〕5号",
            "离石区双拥工作领导小组文件 离双拥办〔2021〕5号",
            "文号：离双拥办〔2021〕5号　　签发人：王某",
            "根据离双拥办〔2021〕5号",
        ] {
            assert_eq!(document_number(text).as_deref(), Some("离双拥办〔2021〕5号"), "{text}");
        }
    }

    #[test]
    fn dates_years_and_blanks_are_no_document_numbers() {
        for text in [
            "2021年8月5日",
            "离石区（2021）年",
            "离双拥办〔2021〕 号",
            "〔2021〕5号",
            "共慰问（2021年）12人",
            "离双拥办〔2021〕号",
            "离双拥办〔3021〕5号",
            "楼（12）5号",
        ] {
            assert_eq!(document_number(text), None, "{text}");
        }
    }
}
