//! Numbers in Chinese characters (一百二十, 壹万贰仟叁佰, 3万5千): read only where they can mean one number.

use rust_decimal::Decimal;

/// What a numeral says, exactly.
///
/// Colloquial cuts (`一百二` for 120, `3万5`), ranges (`三四`) and anything else that two people could read
/// differently are `None`.
#[must_use]
pub fn read_numeral(text: &str) -> Option<Decimal> {
    let characters: Vec<char> = text.chars().collect();
    if characters.is_empty() || characters.len() > 40 {
        return None;
    }
    if let Some(positional) = positional(&characters) {
        return Some(positional);
    }
    let mut reader = Reader::default();
    for character in characters {
        reader.take(character)?;
    }
    reader.finish()
}

/// `〇`, `五`; several digits side by side only with a 〇 among them (`一〇五`), since `三四` also means three or four.
fn positional(characters: &[char]) -> Option<Decimal> {
    let digits: Option<Vec<u8>> = characters.iter().map(|character| chinese_digit(*character)).collect();
    let digits = digits?;
    if digits.len() > 18 || (digits.len() > 1 && (!characters.contains(&'〇') || digits.first() == Some(&0))) {
        return None;
    }
    let value = digits.iter().fold(0_i64, |value, digit| value * 10 + i64::from(*digit));
    Some(Decimal::from(value))
}

fn chinese_digit(character: char) -> Option<u8> {
    Some(match character {
        '〇' | '零' => 0,
        '一' | '壹' => 1,
        '二' | '贰' | '两' | '貳' => 2,
        '三' | '叁' | '參' => 3,
        '四' | '肆' => 4,
        '五' | '伍' => 5,
        '六' | '陆' | '陸' => 6,
        '七' | '柒' => 7,
        '八' | '捌' => 8,
        '九' | '玖' => 9,
        _ => return None,
    })
}

/// 10, 100 or 1000.
fn small_power(character: char) -> Option<i64> {
    Some(match character {
        '十' | '拾' => 10,
        '百' | '佰' => 100,
        '千' | '仟' => 1000,
        _ => return None,
    })
}

/// 10⁴ or 10⁸.
fn great_power(character: char) -> Option<i64> {
    match character {
        '万' | '萬' => Some(10_000),
        '亿' | '億' => Some(100_000_000),
        _ => None,
    }
}

/// A digit that still waits for its power.
#[derive(Clone, Debug)]
enum Waiting {
    Chinese(u8),
    /// Arabic digits as written, with at most one point.
    Arabic(String),
}

#[derive(Default)]
struct Reader {
    total: Decimal,
    /// The part below the next great power.
    section: Decimal,
    section_used: bool,
    last_small: Option<i64>,
    last_great: Option<i64>,
    waiting: Option<Waiting>,
    /// A 零 stood before: the next digit may be a lone one (一百零五).
    zero: bool,
    /// The power of the last thing read, to tell 一百二 (ambiguous) from 一百二十.
    last_power: Option<i64>,
}

impl Reader {
    fn take(&mut self, character: char) -> Option<()> {
        if character.is_ascii_digit() || character == '.' {
            match &mut self.waiting {
                None => self.waiting = Some(Waiting::Arabic(character.to_string())),
                Some(Waiting::Arabic(digits)) => digits.push(character),
                Some(Waiting::Chinese(_)) => return None,
            }
            return Some(());
        }
        if let Some(digit) = chinese_digit(character) {
            if self.waiting.is_some() {
                return None;
            }
            if digit == 0 {
                if self.zero || self.last_power.is_none() {
                    return None;
                }
                self.zero = true;
            } else {
                self.waiting = Some(Waiting::Chinese(digit));
            }
            return Some(());
        }
        if let Some(power) = small_power(character) {
            return self.take_small(power);
        }
        self.take_great(great_power(character)?)
    }

    fn take_small(&mut self, power: i64) -> Option<()> {
        if self.last_small.is_some_and(|last| last <= power) {
            return None;
        }
        let digit = match self.waiting.take() {
            Some(waiting) => value_of(&waiting)?,
            // Only 十 may stand without a digit, and only at the head of a section.
            None if power == 10 && !self.section_used && !self.zero => Decimal::ONE,
            None => return None,
        };
        self.section = self.section.checked_add(digit.checked_mul(Decimal::from(power))?)?;
        self.section_used = true;
        self.last_small = Some(power);
        self.last_power = Some(power);
        self.zero = false;
        Some(())
    }

    fn take_great(&mut self, power: i64) -> Option<()> {
        if self.last_great.is_some_and(|last| last <= power) {
            return None;
        }
        self.close_section()?;
        if !self.section_used {
            return None;
        }
        self.total = self.total.checked_add(self.section.checked_mul(Decimal::from(power))?)?;
        self.section = Decimal::ZERO;
        self.section_used = false;
        self.last_small = None;
        self.last_great = Some(power);
        self.last_power = Some(power);
        self.zero = false;
        Some(())
    }

    /// Adds a digit that has no power of its own.
    fn close_section(&mut self) -> Option<()> {
        let Some(waiting) = self.waiting.take() else {
            return if self.zero { None } else { Some(()) };
        };
        let plain_head = self.last_power.is_none();
        // 二十五 is exact; 一百二 and 三万五 are colloquial unless a 零 says that ones are meant.
        let ones_follow = self.zero || self.last_power == Some(10);
        if !plain_head && !ones_follow {
            return match waiting {
                // A great power's own multiplier: 一亿三万.
                Waiting::Chinese(_) | Waiting::Arabic(_) if !self.section_used && self.last_great.is_some() => {
                    self.add_lone(&waiting)
                }
                _ => None,
            };
        }
        self.add_lone(&waiting)
    }

    fn add_lone(&mut self, waiting: &Waiting) -> Option<()> {
        self.section = self.section.checked_add(value_of(waiting)?)?;
        self.section_used = true;
        self.zero = false;
        Some(())
    }

    fn finish(mut self) -> Option<Decimal> {
        let lone_after_great = self.waiting.is_some() && !self.section_used && self.last_great.is_some() && !self.zero;
        if lone_after_great {
            return None;
        }
        self.last_power?;
        self.close_section()?;
        Some(self.total.checked_add(self.section)?.normalize())
    }
}

fn value_of(waiting: &Waiting) -> Option<Decimal> {
    match waiting {
        Waiting::Chinese(digit) => Some(Decimal::from(*digit)),
        Waiting::Arabic(digits) => plain_decimal(digits),
    }
}

/// Digits with at most one point inside, exactly; more than 28 digits are refused rather than rounded.
#[must_use]
pub fn plain_decimal(digits: &str) -> Option<Decimal> {
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return None,
        None => (digits, ""),
    };
    let all = format!("{whole}{fraction}");
    if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let significant = all.trim_start_matches('0');
    if significant.len() > 28 || fraction.len() > 28 {
        return None;
    }
    let mantissa: i128 = if significant.is_empty() { 0 } else { significant.parse().ok()? };
    Decimal::try_from_i128_with_scale(mantissa, u32::try_from(fraction.len()).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Option<String> {
        read_numeral(text).map(|value| value.to_string())
    }

    #[test]
    fn numerals_mean_what_they_say() {
        for (text, value) in [
            ("五", "5"),
            ("十", "10"),
            ("十五", "15"),
            ("二十", "20"),
            ("一百二十", "120"),
            ("一百零五", "105"),
            ("两千", "2000"),
            ("壹万贰仟叁佰", "12300"),
            ("一万零三百", "10300"),
            ("一千零二十", "1020"),
            ("三十万", "300000"),
            ("一亿三万", "100030000"),
            ("一万零五", "10005"),
            ("3万5千", "35000"),
            ("1.2万", "12000"),
            ("一〇五", "105"),
            ("零", "0"),
            ("壹拾贰", "12"),
        ] {
            assert_eq!(read(text).as_deref(), Some(value), "{text}");
        }
    }

    #[test]
    fn what_two_people_could_read_differently_is_none() {
        for text in [
            "一百二",
            "三四",
            "3万5",
            "三万五",
            "百二十",
            "一万万",
            "十百",
            "一零",
            "万",
            "一百零",
            "",
            "1.2.3万",
            "一二三",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    fn spell(number: u32) -> String {
        let digits = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'];
        let section = |mut value: u32| {
            let mut text = String::new();
            let mut gap = false;
            for (power, name) in [(1000, "千"), (100, "百"), (10, "十"), (1, "")] {
                let digit = value / power;
                value %= power;
                if digit == 0 {
                    gap = !text.is_empty();
                } else {
                    if gap {
                        text.push('零');
                        gap = false;
                    }
                    text.push(digits[digit as usize]);
                    text.push_str(name);
                }
            }
            text
        };
        let (high, low) = (number / 10_000, number % 10_000);
        match (high, low) {
            (0, low) => section(low),
            (high, 0) => format!("{}万", section(high)),
            (high, low) if low < 1000 => format!("{}万零{}", section(high), section(low)),
            (high, low) => format!("{}万{}", section(high), section(low)),
        }
    }

    proptest! {
        #[test]
        fn spelled_numbers_come_back(number in 1_u32..99_999_999) {
            prop_assert_eq!(read(&spell(number)), Some(number.to_string()));
        }

        #[test]
        fn no_text_panics(text in "[0-9一二三十百千万亿零〇.]{0,20}") {
            let _ = read_numeral(&text);
        }
    }
}
