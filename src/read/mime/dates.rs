//! Times in header fields, with the zones Chinese servers write: `CST` is +08:00, `GMT+0800`, `+0800 (CST)`.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, Timelike as _};

/// Offset of China Standard Time, in seconds; also taken where no zone is written.
const CHINA: i32 = 8 * 3600;

/// What has been found in the field so far.
#[derive(Default)]
struct Parts {
    year: Option<i32>,
    month: Option<u32>,
    day: Option<u32>,
    time: Option<NaiveTime>,
    offset: Option<i32>,
    /// 下午, PM.
    afternoon: Option<bool>,
    failed: bool,
}

/// Reads a date (RFC 5322 §3.3, asctime, ISO 8601); `None` where it names no time that can have been (year 1990 to 2100).
#[must_use]
pub fn parse(field: &str) -> Option<DateTime<FixedOffset>> {
    let mut parts = Parts::default();
    let (before, comment) = field.split_once('(').unwrap_or((field, ""));
    let (comment, after) = comment.split_once(')').unwrap_or((comment, ""));
    let plain = spelled_out(&format!("{before} {after}"));
    for token in plain.split(|character: char| character.is_whitespace() || character == ',').take(40) {
        parts.take(token.trim());
    }
    if parts.offset.is_none() {
        parts.offset = zone(comment.trim());
    }
    let date = NaiveDate::from_ymd_opt(parts.year?, parts.month?, parts.day?)?;
    let time = parts.time_of_day().filter(|_| !parts.failed && (1990..=2100).contains(&parts.year.unwrap_or(0)))?;
    let offset = FixedOffset::east_opt(parts.offset.unwrap_or(CHINA))?;
    date.and_time(time).and_local_timezone(offset).single()
}

/// The time of a Received field: what stands behind its last semicolon (RFC 5321 §4.4).
#[must_use]
pub fn of_received(field: &str) -> Option<DateTime<FixedOffset>> {
    parse(field.rsplit_once(';')?.1)
}

/// `2021年8月5日 下午3:05` as `2021-8-5 pm 3:05`; `8月` and `八月` as a month's name.
fn spelled_out(field: &str) -> String {
    const MONTHS: [(&str, &str); 12] = [
        ("十二月", " Dec "),
        ("十一月", " Nov "),
        ("十月", " Oct "),
        ("九月", " Sep "),
        ("八月", " Aug "),
        ("七月", " Jul "),
        ("六月", " Jun "),
        ("五月", " May "),
        ("四月", " Apr "),
        ("三月", " Mar "),
        ("二月", " Feb "),
        ("一月", " Jan "),
    ];
    const NAMES: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    if field.is_ascii() {
        return field.to_owned();
    }
    let field: String = field.chars().take(200).collect();
    let mut text = field.replace("上午", " am ").replace("下午", " pm ").replace("晚上", " pm ").replace('：', ":");
    for (chinese, name) in MONTHS {
        text = text.replace(chinese, name);
    }
    if text.contains('年') {
        text = text.replace(['年', '月'], "-").replace('日', " ");
    }
    for (number, name) in NAMES.iter().enumerate().rev() {
        text = text.replace(&format!("{}月", number + 1), &format!(" {name} "));
    }
    // 星期四, 周四 and the like stand beside the rest.
    text.chars().map(|character| if character.is_ascii() { character } else { ' ' }).collect()
}

impl Parts {
    /// The time, with what 下午 or PM adds to it.
    fn time_of_day(&self) -> Option<NaiveTime> {
        let time = self.time?;
        match (self.afternoon, time.hour()) {
            (Some(true), hour @ 1..=11) => time.with_hour(hour + 12),
            (Some(false), 12) => time.with_hour(0),
            _ => Some(time),
        }
    }

    fn take(&mut self, token: &str) {
        if token.is_empty() {
            return;
        }
        if let Some((date, time)) = token.split_once('T').filter(|(date, _)| date.len() == 10 && date.contains('-')) {
            self.take_dashed(date);
            self.take_zoned_time(time);
        } else if token.starts_with(|first: char| first.is_ascii_digit()) && token.contains(':') {
            self.take_zoned_time(token);
        } else if token.starts_with(|first: char| first.is_ascii_digit()) && token.contains(['-', '/']) {
            self.take_dashed(token);
        } else if let Ok(number) = token.parse::<u32>()
            && !token.starts_with('+')
        {
            self.take_number(number, token.len());
        } else if matches!(token.to_ascii_lowercase().as_str(), "am" | "pm") {
            self.afternoon = Some(token.eq_ignore_ascii_case("pm"));
        } else if token.split('.').count() == 3 && token.starts_with(|first: char| first.is_ascii_digit()) {
            self.take_zoned_time(&token.replace('.', ":"));
        } else if let Some(month) = month(token) {
            self.month.get_or_insert(month);
        } else if let Some(offset) = zone(token) {
            self.offset.get_or_insert(offset);
        }
    }

    fn take_number(&mut self, number: u32, digits: usize) {
        if digits <= 2 && self.day.is_none() {
            self.day = Some(number);
        } else if self.year.is_none() {
            let full = if digits <= 2 { number.saturating_add(2000) } else { number };
            self.year = i32::try_from(full).ok();
        }
    }

    /// `2021-08-05`, `2021/8/5`, `05-Aug-2021`.
    fn take_dashed(&mut self, token: &str) {
        let fields: Vec<&str> = token.split(['-', '/']).collect();
        let [first, second, third] = fields.as_slice() else { return };
        let (year, day) = if first.len() == 4 { (first, third) } else { (third, first) };
        // `8/5/2021` is a day in May to some, in August to others.
        let guessed = first.len() != 4 && month(second).is_none();
        self.failed |= guessed && first != second;
        self.year = year.parse().ok();
        self.month = month(second).or_else(|| second.parse().ok());
        self.day = day.parse().ok();
    }

    /// `10:00`, `10:00:05`, `10:00:05.123`, each perhaps with `Z` or `+08:00` behind it.
    fn take_zoned_time(&mut self, token: &str) {
        let cut = token.find(['+', '-', 'Z', 'G', 'C', 'U']).unwrap_or(token.len());
        let (clock, rest) = token.split_at_checked(cut).unwrap_or((token, ""));
        if let Some(offset) = zone(rest) {
            self.offset = Some(offset);
        }
        let mut numbers = clock.split(':').map(|part| part.split('.').next().unwrap_or_default().parse::<u32>().ok());
        let (hour, minute, second) = (numbers.next().flatten(), numbers.next().flatten(), numbers.next());
        // Second 60 is a leap second (RFC 5322 §3.3).
        let second = second.map_or(Some(0), |second| second.map(|second| if second == 60 { 59 } else { second }));
        let time = match (hour, minute, second) {
            (Some(hour), Some(minute), Some(second)) if numbers.next().is_none() => {
                NaiveTime::from_hms_opt(hour, minute, second)
            }
            _ => None,
        };
        self.failed |= time.is_none();
        self.time = time;
    }
}

fn month(token: &str) -> Option<u32> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let start = token.get(..3)?.to_ascii_lowercase();
    let place = MONTHS.iter().position(|name| *name == start)?;
    token.chars().all(|character| character.is_ascii_alphabetic() || character == '.').then_some(())?;
    u32::try_from(place + 1).ok()
}

/// The offset of a zone, in seconds east.
fn zone(token: &str) -> Option<i32> {
    let upper = token
        .trim()
        .trim_matches(|character| character == '"' || character == '(' || character == ')')
        .to_ascii_uppercase();
    let bare = upper.strip_prefix("GMT").or_else(|| upper.strip_prefix("UTC")).unwrap_or(&upper);
    if let Some(offset) = signed(bare) {
        return Some(offset);
    }
    let hours = match upper.as_str() {
        "Z" | "GMT" | "UTC" | "UT" => 0,
        // RFC 5322 has CST six hours west; no server in China means that.
        "CST" | "HKT" | "SGT" | "CCT" | "PRC" => 8,
        "JST" | "KST" => 9,
        "EST" => -5,
        "EDT" => -4,
        "CDT" => -5,
        "MST" => -7,
        "MDT" => -6,
        "PST" => -8,
        "PDT" => -7,
        _ => return None,
    };
    Some(hours * 3600)
}

/// `+0800`, `-05:00`, `+8`.
fn signed(token: &str) -> Option<i32> {
    let (sign, digits) = match token.strip_prefix('+') {
        Some(digits) => (1, digits),
        None => (-1, token.strip_prefix('-')?),
    };
    let digits: String = digits.chars().filter(|character| *character != ':').collect();
    let number: i32 = digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    let (hours, minutes) = if digits.len() <= 2 { (number, 0) } else { (number / 100, number % 100) };
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(field: &str) -> Option<String> {
        parse(field).map(|time| time.to_rfc3339())
    }

    #[test]
    fn chinese_zones() {
        for field in [
            "Thu, 5 Aug 2021 10:03:00 +0800",
            "Thu, 05 Aug 2021 10:03:00 +0800 (CST)",
            "Thu, 5 Aug 2021 10:03:00 CST",
            "Thu, 5 Aug 2021 10:03 (CST)",
            "Thu, 5 Aug 2021 10:03:00 GMT+0800",
            "Thu, 5 Aug 2021 10:03:00 GMT+08:00 (中国标准时间)",
            "Thu Aug  5 10:03:00 CST 2021",
            "Thu Aug 5 10:03:00 2021",
            "2021-08-05 10:03:00",
            "2021-08-05T10:03:00+08:00",
            "5-Aug-2021 10:03:00 +0800",
            "Thu, 5 Aug 21 10:03:00 +0800",
            "星期四, 5 八月 2021 10:03:00 +0800",
            "周四, 5 8月 2021 10:03:00 +0800",
            "2021年8月5日(星期四) 上午10:03",
            "Thu, 5 Aug 2021 10.03.00 +0800",
            "Thu, 5 Aug 2021 10:03:00 AM +0800",
        ] {
            assert_eq!(shown(field).as_deref(), Some("2021-08-05T10:03:00+08:00"), "{field}");
        }
        assert_eq!(shown("Thu, 5 Aug 2021 02:03:00 GMT").as_deref(), Some("2021-08-05T02:03:00+00:00"));
        assert_eq!(shown("Thu, 5 Aug 2021 02:03:00 -0500 (CDT)").as_deref(), Some("2021-08-05T02:03:00-05:00"));
    }

    #[test]
    fn impossible_times() {
        for field in [
            "",
            "yesterday",
            "Wed, 31 Feb 2021 10:00:00 +0800",
            "Thu, 5 Aug 2021 25:00:00 +0800",
            "Thu, 5 Aug 0021 10:00:00 +0800",
            "Thu, 5 Aug 9021 10:00:00 +0800",
            "Thu, 5 Aug 2021",
            "1 2 3 4:5:6:7 Jan",
            "Thu, 5 Aug 2021 10:xx:00 +0800",
            "8/5/2021 10:00:00",
        ] {
            assert_eq!(shown(field), None, "{field}");
        }
    }

    #[test]
    fn the_time_of_a_received_field() {
        let field = "from mx (unknown [10.0.0.1]) by a.example; id 7; Thu, 05 Aug 2021 10:03:00 +0800 (CST)";
        assert_eq!(of_received(field).map(|time| time.to_rfc3339()).as_deref(), Some("2021-08-05T10:03:00+08:00"));
        assert_eq!(of_received("by a.example"), None);
    }
}
