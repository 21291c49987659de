//! The close of a formal document: who signs (落款), and the day.

use super::days::read_day;
use super::heading::is_prose;
use super::words::{han_count, normalise};

/// Lines at the end that are looked at.
const END_LINES: usize = 40;

/// Whether a short line reads like the name of an office.
#[must_use]
pub fn is_office(line: &str) -> bool {
    let words = normalise(line);
    let ends = [
        "办",
        "办公室",
        "局",
        "委员会",
        "委",
        "领导小组",
        "政府",
        "中心",
        "部",
        "处",
        "站",
        "院",
        "学",
        "学校",
        "分区",
        "县委",
        "市委",
        "公司",
        "支队",
        "大队",
        "银行",
    ];
    han_count(line) >= 3 && han_count(line) <= 30 && ends.iter().any(|end| words.ends_with(end))
}

/// A short line that is a day, alone or behind an office's name.
#[must_use]
pub fn is_day_line(line: &str) -> bool {
    let line = day_part(line);
    let words = normalise(line);
    let words = words.trim_end_matches([')', '。']);
    let dayish = words.contains('年') && words.contains('月');
    let figures = read_day(line, 2000).is_some() || dayish;
    let bare_day = words.chars().next().is_some_and(|first| first.is_ascii_digit() || "二〇○一".contains(first));
    let closes =
        words.ends_with(['日', '号']) || words.ends_with("月") || words.ends_with(|last: char| last.is_ascii_digit());
    figures
        && closes
        && words.chars().count() <= 45
        && !words.contains([':', '，', ',', '。', '《'])
        && (bare_day || dayish)
}

/// A line from where its day begins, set apart from the office before it: `兴县退役军人事务局　8月5日`.
fn day_part(line: &str) -> &str {
    let mut before = ' ';
    for (place, character) in line.char_indices() {
        if before.is_whitespace() && (character.is_numeric() || "二〇○".contains(character)) {
            return line.get(place..).unwrap_or(line);
        }
        before = character;
    }
    line
}

/// What stands below the body: 落款 and day.
#[derive(Clone, Debug, Default)]
pub struct Close {
    pub issuer: Option<String>,
    pub dated: Option<chrono::NaiveDate>,
}

impl Close {
    #[must_use]
    pub fn of(lines: &[String], body: usize, year: i32) -> Self {
        let from = body.max(lines.len().saturating_sub(END_LINES));
        let end = lines.get(from..).unwrap_or_default();
        let Some(at) = end.iter().rposition(|line| is_day_line(line) && !is_imprint(line) && !is_prose(line)) else {
            let last = end.iter().rev().find(|line| !is_imprint(line) && !is_prose(line));
            return Self { issuer: last.filter(|line| is_office(line)).map(|line| office_name(line)), dated: None };
        };
        let day_line = end.get(at).map(String::as_str).unwrap_or_default();
        // 离石区双拥办 2021年8月5日 on one line.
        let before_day: String = day_line
            .chars()
            .take_while(|character| !character.is_ascii_digit() && !"０１２３４５６７８９二〇○".contains(*character))
            .collect();
        let issuer = Some(office_name(&before_day)).filter(|name| han_count(name) >= 3).or_else(|| {
            let above = end.get(..at).unwrap_or_default().iter().rev().find(|line| !is_imprint(line))?;
            let fits =
                !is_prose(above) && han_count(above) >= 2 && han_count(above) <= 40 && !above.ends_with(['：', ':']);
            let words = normalise(above);
            let other =
                words.starts_with("特此") || words.starts_with("附") || words.ends_with("报告") || is_day_line(above);
            (fits && !other).then(|| office_name(above))
        });
        Self { issuer, dated: read_day(day_line, year) }
    }
}

/// 抄送, 印发 and the like: the imprint, not the close.
fn is_imprint(line: &str) -> bool {
    let words = normalise(line);
    let opens = [
        "抄送",
        "抄报",
        "主题词",
        "联系人",
        "联系电话",
        "电话",
        "附件",
        "附:",
        "附1",
        "填报时间",
        "共印",
        "(此件",
        "(联系人",
        "(此页无正文",
    ];
    words.ends_with("印发") || words.ends_with("印") || opens.iter().any(|word| words.starts_with(word))
}

/// The office as written, without the word for its stamp.
fn office_name(line: &str) -> String {
    let mut name = line.trim();
    for stamp in ["（盖章）", "(盖章)", "（公章）", "(公章)", "（印章）", "(印章)", "（章）", "(章)"]
    {
        name = name.strip_suffix(stamp).unwrap_or(name).trim();
    }
    // 离 石 区 双 拥 办: letters set apart to fill the line.
    let pieces: Vec<&str> = name.split_whitespace().collect();
    if pieces.len() > 2 && pieces.iter().all(|piece| piece.chars().count() == 1) {
        pieces.concat()
    } else {
        name.to_owned()
    }
}
