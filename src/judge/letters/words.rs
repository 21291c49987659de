//! Days, times, figures and file sizes as a Chinese city office writes them; and the cleaning of what mail brought.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveTime, Timelike, Weekday};
use rust_decimal::Decimal;
use serde::Serialize;

use crate::model::calendar::WorkCalendar;
use crate::model::campaign::Campaign;
use crate::model::form::ColumnKind;
use crate::model::invisible::is_invisible;

/// One line without control characters, bidirectional overrides or invisible marks; at most `longest` characters.
/// Everything that comes from mail passes here before a letter or workbook says it.
#[must_use]
pub fn clean(text: &str, longest: usize) -> String {
    let mut line = String::new();
    let mut count = 0;
    let mut gap = false;
    for character in text.chars() {
        if character.is_whitespace() || character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') {
            gap = true;
            continue;
        }
        if is_invisible(character) {
            continue;
        }
        if count >= longest {
            line.push('…');
            return line;
        }
        if gap && !line.is_empty() {
            line.push(' ');
        }
        gap = false;
        line.push(character);
        count += 1;
    }
    line
}

/// A title as it stands between 《》: title marks inside it become single ones (GB/T 15834-2011 on 书名号).
pub(super) fn within_title_marks(title: &str) -> String {
    title.replace('《', "〈").replace('》', "〉")
}

/// `2021年8月5日`
#[must_use]
pub fn day(date: NaiveDate) -> String {
    format!("{}年{}月{}日", date.year(), date.month(), date.day())
}

/// `8月5日`
pub(super) fn month_day(date: NaiveDate) -> String {
    format!("{}月{}日", date.month(), date.day())
}

/// `2021年8月5日 14:03`, in the zone of `at`.
#[must_use]
pub fn moment(at: DateTime<FixedOffset>) -> String {
    format!("{} {:02}:{:02}", day(at.date_naive()), at.hour(), at.minute())
}

/// `8月5日 14:03`, in the zone of `at`.
pub(super) fn short_moment(at: DateTime<FixedOffset>) -> String {
    format!("{} {:02}:{:02}", month_day(at.date_naive()), at.hour(), at.minute())
}

/// `星期二`
#[must_use]
pub fn weekday(date: NaiveDate) -> &'static str {
    match date.weekday() {
        Weekday::Mon => "星期一",
        Weekday::Tue => "星期二",
        Weekday::Wed => "星期三",
        Weekday::Thu => "星期四",
        Weekday::Fri => "星期五",
        Weekday::Sat => "星期六",
        Weekday::Sun => "星期日",
    }
}

/// The moment in the campaign's own time zone.
pub(super) fn local(campaign: &Campaign, at: DateTime<FixedOffset>) -> DateTime<FixedOffset> {
    at.with_timezone(campaign.deadline.offset())
}

/// A figure as the form's column shows it: counts plain, 元 with cents where there are any, 万元 exactly as it is.
pub(in crate::judge) fn figure(value: Decimal, kind: ColumnKind) -> String {
    let exact = value.normalize();
    match kind {
        ColumnKind::Text => exact.to_string(),
        ColumnKind::Count => grouped(&exact.to_string()),
        ColumnKind::Money(unit) => {
            let decimals = exact.scale();
            let yuan_cents = unit == crate::model::form::MoneyUnit::Yuan && decimals == 1;
            grouped(&if yuan_cents { format!("{exact:.2}") } else { exact.to_string() })
        }
    }
}

/// `12345.6` as `12,345.6`.
fn grouped(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, part)| (whole, Some(part)));
    let mut out = sign.to_owned();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// `23 KB`
pub(super) fn size(octets: u64) -> String {
    match octets {
        0..1_024 => format!("{octets} 字节"),
        1_024..1_048_576 => format!("{} KB", octets.div_ceil(1_024)),
        _ => {
            let tenths = octets.saturating_mul(10) / 1_048_576;
            format!("{}.{} MB", tenths / 10, tenths % 10)
        }
    }
}

/// The deadline as seen from one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Due {
    /// `8月10日（星期二）`, with the year where it is another one, with the time where the day does not count whole.
    pub day: String,
    /// Whole days from today to the day of the deadline; negative after it.
    pub days: i64,
    /// `early` (more than three days), `near` (two or three), `tomorrow`, `today`, `past`.
    pub phase: &'static str,
    pub past: bool,
    /// `还有5天`, `明日截止`, `今日截止`, `已过2天`.
    pub left: String,
    /// `其中工作日3天`, where days off lie between; else empty.
    pub worked: String,
    /// It is the unit's own, later than the notice's.
    pub extended: bool,
}

pub(super) fn due(campaign: &Campaign, now: DateTime<FixedOffset>) -> Due {
    due_at(campaign.deadline, &campaign.calendar, now)
}

/// A unit's own deadline, where the office gave it one.
pub(super) fn due_of(
    campaign: &Campaign,
    extended_until: Option<DateTime<FixedOffset>>,
    now: DateTime<FixedOffset>,
) -> Due {
    let deadline = extended_until.map_or(campaign.deadline, |until| local(campaign, until));
    Due { extended: extended_until.is_some(), ..due_at(deadline, &campaign.calendar, now) }
}

fn due_at(deadline: DateTime<FixedOffset>, calendar: &WorkCalendar, now: DateTime<FixedOffset>) -> Due {
    let now = now.with_timezone(deadline.offset());
    let date = deadline.date_naive();
    let mut words = format!("{}（{}）", month_day(date), weekday(date));
    if now.year() != date.year() {
        words = format!("{}年{words}", date.year());
    }
    // 23:59 means the whole day: nobody writes that time into a letter.
    let last_minute = NaiveTime::from_hms_opt(23, 59, 0).unwrap_or_default();
    if deadline.time() < last_minute {
        words.push_str(&deadline.format("%H:%M").to_string());
    }
    let days = (date - now.date_naive()).num_days();
    let past = now > deadline;
    let (phase, left) = match days {
        _ if past && days >= 0 => ("past", "已截止".to_owned()),
        _ if past => ("past", format!("已过{}天", -days)),
        0 => ("today", "今日截止".to_owned()),
        1 => ("tomorrow", "明日截止".to_owned()),
        2..=3 => ("near", format!("还有{days}天")),
        _ => ("early", format!("还有{days}天")),
    };
    let worked_days = calendar.worked_between(now.date_naive(), date);
    let all_worked = usize::try_from(days).is_ok_and(|days| days == worked_days);
    let worked = match (days, worked_days) {
        (..=1, _) => String::new(),
        _ if all_worked => String::new(),
        (_, 0) => "均为休息日".to_owned(),
        (_, worked) => format!("其中工作日{worked}天"),
    };
    Due { day: words, days, phase, past, left, worked, extended: false }
}

/// What every template may say of the office that writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Office {
    pub name: String,
    pub phone: String,
    pub email: String,
    /// Title of the campaign.
    pub title: String,
    /// `《关于…的通知》（吕拥办发〔2021〕3号）`
    pub notice: String,
    /// The day of the letter.
    pub date: String,
}

pub(super) fn office(campaign: &Campaign, now: DateTime<FixedOffset>) -> Office {
    let title = campaign.notice_title.trim_matches(['《', '》']);
    let notice = match (title.is_empty(), campaign.notice_number.is_empty()) {
        (true, true) => "有关通知".to_owned(),
        (true, false) => format!("{}文件", campaign.notice_number),
        (false, true) => format!("《{title}》"),
        (false, false) => format!("《{title}》（{}）", campaign.notice_number),
    };
    Office {
        name: clean(&campaign.office, 80),
        phone: clean(&campaign.contact.phone, 80),
        email: clean(&campaign.contact.email, 254),
        title: clean(&campaign.title, 120),
        notice: clean(&notice, 200),
        date: day(local(campaign, now).date_naive()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::form::MoneyUnit;

    #[test]
    fn what_mail_brought_becomes_one_harmless_line() {
        assert_eq!(clean("甲\r\nBcc: x@y.example\u{202e}gpj.exe", 80), "甲 Bcc: x@y.examplegpj.exe");
        assert_eq!(clean("  统计表\u{0}\t附\u{feff}件  ", 80), "统计表 附件");
        assert_eq!(clean("一二三四五", 3), "一二三…");
        assert_eq!(clean("一二三", 3), "一二三");
        assert_eq!(clean("\u{1b}[31m", 80), "[31m");
    }

    #[test]
    fn figures_read_as_in_the_form() {
        let yuan = ColumnKind::Money(MoneyUnit::Yuan);
        let wan = ColumnKind::Money(MoneyUnit::TenThousandYuan);
        let figure_of = |text: &str, kind| figure(text.parse().unwrap(), kind);
        assert_eq!(figure_of("1234567.5", yuan), "1,234,567.50");
        assert_eq!(figure_of("800.00", yuan), "800");
        assert_eq!(figure_of("0.125", yuan), "0.125");
        assert_eq!(figure_of("12.3450", wan), "12.345");
        assert_eq!(figure_of("-1000", ColumnKind::Count), "-1,000");
        assert_eq!(figure_of("100", ColumnKind::Count), "100");
    }

    #[test]
    fn sizes_are_rounded_for_people() {
        assert_eq!(size(512), "512 字节");
        assert_eq!(size(23_040), "23 KB");
        assert_eq!(size(3_407_872), "3.2 MB");
        assert!(size(u64::MAX).ends_with(" MB"));
    }

    #[test]
    fn days_are_counted_in_the_campaigns_own_zone() {
        let at = |text: &str| DateTime::parse_from_rfc3339(text).unwrap();
        let of = |deadline: &str, now: &str| due_at(at(deadline), &WorkCalendar::default(), at(now));
        let whole_day = "2021-08-10T23:59:59+08:00";
        let five = of(whole_day, "2021-08-05T14:03:00+08:00");
        assert_eq!((five.day.as_str(), five.left.as_str(), five.phase), ("8月10日（星期二）", "还有5天", "early"));
        assert_eq!(five.worked, "其中工作日3天", "a weekend lies between");
        assert_eq!(of(whole_day, "2021-08-09T09:00:00+08:00").worked, "");
        // 16:30 UTC is past midnight in Lüliang.
        assert_eq!(of(whole_day, "2021-08-08T16:30:00Z").left, "明日截止");
        assert_eq!(of(whole_day, "2021-08-10T23:59:59+08:00").phase, "today");
        assert_eq!(of(whole_day, "2021-08-11T00:00:00+08:00").left, "已过1天");
        let hour = of("2021-08-10T17:30:00+08:00", "2021-08-10T18:00:00+08:00");
        assert_eq!((hour.day.as_str(), hour.left.as_str()), ("8月10日（星期二）17:30", "已截止"));
        assert_eq!(of("2022-01-05T23:59:59+08:00", "2021-12-30T09:00:00+08:00").day, "2022年1月5日（星期三）");
    }
}
