//! Days as people write them, in the middle of other words or alone.

use chrono::NaiveDate;
use unicode_normalization::UnicodeNormalization;

/// The first whole day in the text; a missing year is `default_year`. A month alone is no day.
///
/// Reads `2021-08-05`, `2021.8.5`, `2021年8月5日`, `8月5日`, `二〇二一年八月五日`, `20210805`, in any width.
#[must_use]
pub fn read_day(text: &str, default_year: i32) -> Option<NaiveDate> {
    // The line a day is written on: ____2021_年_8_月_5_日.
    let characters: Vec<char> =
        text.nfkc().take(2000).map(|character| if character == '_' { ' ' } else { character }).collect();
    scan(&characters, default_year).or_else(|| {
        // Justified text and PDFs put spaces inside the digits themselves.
        let joined: Vec<char> = characters.iter().copied().filter(|character| !character.is_whitespace()).collect();
        (joined.len() < characters.len() && joined.contains(&'月')).then(|| scan(&joined, default_year)).flatten()
    })
}

fn scan(characters: &[char], default_year: i32) -> Option<NaiveDate> {
    let mut before = None;
    for start in 0..characters.len() {
        let rest = characters.get(start..)?;
        let inside_number = before.is_some_and(|character: char| digit(character).is_some() || character == '.');
        before = rest.first().copied();
        if inside_number {
            continue;
        }
        let day = compact(rest).or_else(|| with_year(rest)).or_else(|| without_year(rest, default_year));
        if day.is_some() {
            return day;
        }
    }
    short_alone(characters, default_year)
}

/// `20210805` and nothing more of digits.
fn compact(rest: &[char]) -> Option<NaiveDate> {
    let digits: String = rest.iter().take_while(|character| character.is_ascii_digit()).collect();
    if digits.len() != 8 {
        return None;
    }
    day_of(digits.get(..4)?.parse().ok()?, digits.get(4..6)?.parse().ok()?, digits.get(6..)?.parse().ok()?)
}

/// A year of four digits (of two before 年), then month and day.
fn with_year(rest: &[char]) -> Option<NaiveDate> {
    let mut cursor = Cursor { rest };
    let (year, length) = cursor.positional()?;
    let separator = cursor.separator(&['年', '-', '/', '.', '、'])?;
    let year = match length {
        4 => year,
        2 if separator == '年' => 2000 + year,
        _ => return None,
    };
    let month = cursor.small_number()?;
    let month_end = cursor.separator(&['月', '-', '/', '.', '、'])?;
    if (separator == '年') != (month_end == '月') {
        return None;
    }
    let day = cursor.small_number()?;
    day_of(year, month, day)
}

/// `8月5日`: both words must stand there, or it may be anything.
fn without_year(rest: &[char], default_year: i32) -> Option<NaiveDate> {
    let mut cursor = Cursor { rest };
    let month = cursor.small_number()?;
    cursor.separator(&['月'])?;
    let day = cursor.small_number()?;
    cursor.separator(&['日', '号'])?;
    day_of(default_year, month, day)
}

/// `8.5`, `8-5`, `8/5` where nothing else stands in the text.
fn short_alone(characters: &[char], default_year: i32) -> Option<NaiveDate> {
    let mut cursor = Cursor { rest: characters };
    let month = cursor.small_number()?;
    cursor.separator(&['.', '-', '/'])?;
    let day = cursor.small_number()?;
    cursor.skip_space();
    if cursor.rest.is_empty() { day_of(default_year, month, day) } else { None }
}

fn day_of(year: i32, month: i32, day: i32) -> Option<NaiveDate> {
    if !(1900..=2100).contains(&year) {
        return None;
    }
    NaiveDate::from_ymd_opt(year, u32::try_from(month).ok()?, u32::try_from(day).ok()?)
}

/// The value of one digit, Arabic or Chinese. The circles ○ and O stand for 〇 in typed dates.
fn digit(character: char) -> Option<i32> {
    Some(match character {
        '0' | '〇' | '零' | '○' | 'O' | '◯' => 0,
        '1' | '一' | '壹' => 1,
        '2' | '二' | '贰' => 2,
        '3' | '三' | '叁' => 3,
        '4' | '四' | '肆' => 4,
        '5' | '五' | '伍' => 5,
        '6' | '六' | '陆' => 6,
        '7' | '七' | '柒' => 7,
        '8' | '八' | '捌' => 8,
        '9' | '九' | '玖' => 9,
        _ => return None,
    })
}

struct Cursor<'a> {
    rest: &'a [char],
}

impl Cursor<'_> {
    fn next(&mut self) -> Option<char> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn skip_space(&mut self) {
        while self.rest.first().is_some_and(|character| character.is_whitespace()) {
            self.next();
        }
    }

    /// Digits written one by one, with how many there were (at most four are taken).
    fn positional(&mut self) -> Option<(i32, usize)> {
        self.skip_space();
        let mut value = 0;
        let mut length = 0;
        while let Some(digit) = self.rest.first().and_then(|character| digit(*character)) {
            value = value * 10 + digit;
            length += 1;
            if length > 4 {
                return None;
            }
            self.next();
        }
        (length > 0).then_some((value, length))
    }

    /// A month or a day: `8`, `08`, `八`, `十二`, `二十五`, `廿五`.
    fn small_number(&mut self) -> Option<i32> {
        self.skip_space();
        let mut tens = None;
        let mut ones = None;
        let mut arabic = 0;
        while let Some(character) = self.rest.first().copied() {
            if character.is_ascii_digit() {
                if ones.is_some() && arabic == 0 {
                    break;
                }
                arabic += 1;
                if arabic > 2 {
                    return None;
                }
                ones = Some(ones.unwrap_or(0) * 10 + digit(character)?);
            } else if arabic > 0 {
                break;
            } else if matches!(character, '十' | '拾') {
                if tens.is_some() {
                    return None;
                }
                tens = Some(ones.take().unwrap_or(1));
            } else if character == '廿' || character == '卅' {
                if tens.is_some() || ones.is_some() {
                    return None;
                }
                tens = Some(if character == '廿' { 2 } else { 3 });
            } else if let Some(value) = digit(character) {
                match ones {
                    None => ones = Some(value),
                    Some(0) => ones = Some(value),
                    Some(_) => return None,
                }
            } else {
                break;
            }
            self.next();
        }
        match (tens, ones) {
            (None, None) => None,
            (tens, ones) => Some(tens.unwrap_or(0) * 10 + ones.unwrap_or(0)),
        }
    }

    fn separator(&mut self, allowed: &[char]) -> Option<char> {
        self.skip_space();
        let found = self.rest.first().copied().filter(|character| allowed.contains(character))?;
        self.next();
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(year: i32, month: u32, day: u32) -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(year, month, day)
    }

    #[test]
    fn a_day_is_read_in_every_spelling() {
        for text in [
            "2021-08-05",
            "2021.8.5",
            "2021/8/5",
            "2021年8月5日",
            "2021 年 8 月 5 日",
            "8月5日",
            "二〇二一年八月五日",
            "二零二一年八月五日",
            "二○二一年八月五日",
            "20210805",
            "２０２１年８月５日",
            "填报时间：2021年8月5日（盖章）",
            "2021-8-5 10:30:00",
            "2 0 2 1 年 8 月 5 日",
            "21年8月5日",
            "8.5",
            "八月五日",
            "2021年8月5",
            "贰零贰壹年捌月伍日",
            "_2021_年＿8＿月_5_日_",
            "二〇二一年 八 月 五 日",
        ] {
            assert_eq!(read_day(text, 2021), day(2021, 8, 5), "{text}");
        }
        assert_eq!(read_day("二〇二一年十二月三十一日", 1), day(2021, 12, 31));
        assert_eq!(read_day("二〇二一年七月廿五日", 1), day(2021, 7, 25));
        assert_eq!(read_day("二〇二一年十月二十日", 1), day(2021, 10, 20));
        assert_eq!(read_day("贰零贰壹年零捌月壹拾伍日", 1), day(2021, 8, 15));
    }

    #[test]
    fn what_is_no_day_stays_none() {
        for text in [
            "8月",
            "2021年8月",
            "2021年",
            "八一",
            "",
            "2021",
            "13月5日",
            "2021-13-05",
            "2月30日",
            "0358-8498917",
            "12.3.4",
            "202108051",
            "2021年 月 日",
            "2021年8月 日",
            "2021年8月32日",
            "八月初五",
            "辛丑年七月初一",
        ] {
            assert_eq!(read_day(text, 2021), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_day_survives_being_written(days in 0_i64..60_000) {
            let date = NaiveDate::from_ymd_opt(1930, 1, 1).unwrap() + chrono::Duration::days(days);
            for format in ["%Y年%-m月%-d日", "%Y-%m-%d", "%Y%m%d", "%Y.%-m.%-d"] {
                prop_assert_eq!(read_day(&date.format(format).to_string(), 1), Some(date));
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = read_day(&text, 2021);
        }
    }
}
