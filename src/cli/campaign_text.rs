//! A campaign.toml changed for another year with its comments kept: only single values on their own lines are touched.

use chrono::NaiveDate;

/// What the new campaign is called, and when it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub id: String,
    pub title: String,
    pub opens: NaiveDate,
    pub deadline: NaiveDate,
    pub last_digest: NaiveDate,
    /// The year of the old campaign and of the new one.
    pub years: (i32, i32),
}

/// The text with the new values in it. The caller reads it back, and holds it against what was wanted.
pub(super) fn campaign_toml(text: &str, old_deadline: NaiveDate, wanted: &Wanted) -> String {
    let mut section = String::new();
    let mut lines = Vec::new();
    for line in text.strip_prefix('\u{feff}').unwrap_or(text).lines() {
        let trimmed = line.trim_start();
        if trimmed.starts_with('[') {
            section = trimmed.trim_matches(['[', ']', ' ']).to_owned();
        }
        let key = trimmed.split_once('=').map(|(key, _)| key.trim()).unwrap_or_default();
        lines.push(match (section.as_str(), key) {
            ("", "id") => with_value(line, &quoted(&wanted.id)),
            ("", "title") => with_value(line, &quoted(&wanted.title)),
            ("", "year") => with_value(line, &wanted.years.1.to_string()),
            ("", "opens") => with_day(line, wanted.opens),
            ("", "last_digest") => with_day(line, wanted.last_digest),
            ("", "deadline") | ("deadline", "day") => with_day(line, wanted.deadline),
            _ => comment_with_day(line, old_deadline, wanted.deadline),
        });
    }
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

/// A year before 年 in a title: 2021年“八一” becomes 2022年“八一”.
pub(super) fn with_year(title: &str, old: i32, new: i32) -> String {
    title.replace(&old.to_string(), &new.to_string())
}

pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Another value after the `=`; a comment behind it stays.
pub(super) fn with_value(line: &str, value: &str) -> String {
    let Some((key, rest)) = line.split_once('=') else { return line.to_owned() };
    let mut inside: Option<char> = None;
    let comment = rest.char_indices().find(|(_, sign)| {
        match inside {
            Some(quote) if *sign == quote => inside = None,
            None if matches!(sign, '"' | '\'') => inside = Some(*sign),
            _ => {}
        }
        inside.is_none() && *sign == '#'
    });
    match comment.and_then(|(place, _)| rest.get(place..)) {
        Some(comment) => format!("{key}= {value}    {comment}"),
        None => format!("{key}= {value}"),
    }
}

/// The first `2021-08-10` of the line becomes this day; a time after it stays.
fn with_day(line: &str, day: NaiveDate) -> String {
    let found = line.char_indices().map(|(place, _)| place).find_map(|place| {
        let end = place.checked_add(10)?;
        let text = line.get(place..end)?;
        text.parse::<NaiveDate>().ok().filter(|day| day.to_string() == text)?;
        Some((line.get(..place)?, line.get(end..)?))
    });
    found.map_or_else(|| line.to_owned(), |(before, after)| format!("{before}{day}{after}"))
}

/// A comment that names the old deadline in figures would be wrong in the new file.
fn comment_with_day(line: &str, old: NaiveDate, new: NaiveDate) -> String {
    if line.trim_start().starts_with('#') { line.replace(&old.to_string(), &new.to_string()) } else { line.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_change_and_comments_stay() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let wanted = Wanted {
            id: "2022-bayi".to_owned(),
            title: "2022年“八一”".to_owned(),
            opens: day("2022-07-20"),
            deadline: day("2022-08-09"),
            last_digest: day("2022-08-19"),
            years: (2021, 2022),
        };
        let old = "id = \"2021-bayi\"   # the folder's # name\ntitle = \"a # b\"\nopens = 2021-07-22\n\
                   deadline = { day = 2021-08-10, that_day_included = true }\nlast_digest = 2021-08-20\n\
                   [[items]]\ntitle = \"统计表\"\n";
        let new = campaign_toml(old, day("2021-08-10"), &wanted);
        assert_eq!(
            new,
            "id = \"2022-bayi\"    # the folder's # name\ntitle = \"2022年“八一”\"\nopens = 2022-07-20\n\
             deadline = { day = 2022-08-09, that_day_included = true }\nlast_digest = 2022-08-19\n\
             [[items]]\ntitle = \"统计表\"\n"
        );
        let table = "opens = 2021-07-22T08:00:00+08:00\n[deadline]\nday = 2021-08-10\n";
        assert_eq!(
            campaign_toml(table, day("2021-08-10"), &wanted),
            "opens = 2022-07-20T08:00:00+08:00\n[deadline]\nday = 2022-08-09\n"
        );
    }
}
