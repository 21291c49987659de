//! The close of a formal document: who signs (落款), and the day.

use super::days::read_day;
use super::heading::is_prose;
use super::words::{han_count, is_han, normalise};

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
        "公司",
        "支队",
        "大队",
        "中队",
        "总队",
        "银行",
        "支行",
        "分行",
        "馆",
        "协会",
        "学会",
        "联合会",
        "工会",
        "红十字会",
        "妇联",
        "残联",
        "科协",
        "文联",
        "侨联",
        "联社",
        "联合社",
        "报社",
        "电视台",
        "管委会",
        "党组",
        "党委",
        "机关",
        "监委",
        "园",
        "所",
        "团",
        "旅",
        "营",
        "连",
        "调查队",
        "集团",
    ];
    let starts_like_one = words.chars().next().is_some_and(is_han);
    starts_like_one
        && (3..=30).contains(&han_count(line))
        && !words.contains(['。', '，', ';', '、'])
        && ends.iter().any(|end| words.ends_with(end))
}

/// A short line that is a day, alone or behind an office's name.
#[must_use]
pub fn is_day_line(line: &str) -> bool {
    let line = day_part(without_label(line, &DAY_LABELS));
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

/// What units write before the day and before their name in the close.
const DAY_LABELS: [&str; 8] = ["日期", "时间", "报告时间", "报告日期", "报送时间", "上报时间", "成文日期", "填报日期"];
const OFFICE_LABELS: [&str; 9] =
    ["单位", "报告单位", "报送单位", "上报单位", "填报单位", "发文单位", "单位名称", "落款", "报告人"];
/// Most offices that sign one report.
const MOST_OFFICES: usize = 5;

/// A line without a label and its colon before it.
fn without_label<'a>(line: &'a str, labels: &[&str]) -> &'a str {
    match line.split_once(['：', ':']) {
        Some((label, rest)) if labels.contains(&normalise(label).as_str()) => rest.trim(),
        _ => line,
    }
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
        let end = with_whole_days(lines.get(from..).unwrap_or_default());
        let Some(at) = end.iter().rposition(|line| is_day_line(line) && !is_imprint(line) && !is_prose(line)) else {
            let last = end.iter().rposition(|line| !is_imprint(line) && !is_prose(line));
            let issuer = last.and_then(|at| offices_above(&end, at + 1, true));
            // Without a day of its own a document is of the day on which it was given out.
            let given_out = end.iter().rev().find(|line| is_imprint(line) && is_given_out(line));
            return Self { issuer, dated: given_out.and_then(|line| read_day(line, year)) };
        };
        let day_line = end.get(at).map(|line| without_label(line, &DAY_LABELS)).unwrap_or_default();
        // 离石区双拥办 2021年8月5日 on one line.
        let before_day: String = day_line
            .chars()
            .take_while(|character| !character.is_ascii_digit() && !"０１２３４５６７８９二〇○".contains(*character))
            .collect();
        let before_day = office_name(before_day.trim_end_matches(['（', '(', '，', '、']));
        let issuer = if han_count(&before_day) >= 3 { Some(before_day) } else { offices_above(&end, at, false) };
        Self { issuer, dated: read_day(day_line, year) }
    }
}

/// `离石区双拥办编　2021年8月5日` in the head of a bulletin.
#[must_use]
pub fn editor_and_day(line: &str, year: i32) -> Close {
    let day = day_part(line);
    let before = line.strip_suffix(day).unwrap_or_default().trim();
    let name = before.trim_end_matches(['编', '主', '印']).trim_end_matches(['：', ':']);
    let issuer = Some(office_name(name)).filter(|name| han_count(name) >= 3);
    Close { issuer, dated: read_day(day, year) }
}

/// A PDF may set the imprint behind a day that ends at the right margin: `2021年8月5日抄送：市委办公室`.
fn without_imprint(line: &str) -> Vec<&str> {
    let begins_with_day = line.chars().next().is_some_and(|first| first.is_numeric() || "二〇○０".contains(first));
    let split = line
        .char_indices()
        .take(30)
        .find(|(_, character)| matches!(character, '日' | '号'))
        .and_then(|(place, character)| line.split_at_checked(place + character.len_utf8()))
        .filter(|(day, rest)| {
            begins_with_day && is_day_line(day) && (is_imprint(rest.trim()) || rest.contains("日印发"))
        })
        // `2021年8月13日印发` is the imprint's own day.
        .filter(|(_, rest)| !rest.trim().starts_with('印'));
    split.map_or_else(|| vec![line], |(day, rest)| vec![day, rest.trim()])
}

/// `2021年` and `8月5日` below it as one line.
fn with_whole_days(lines: &[String]) -> Vec<String> {
    let mut whole: Vec<String> = Vec::with_capacity(lines.len());
    for line in lines.iter().flat_map(|line| without_imprint(line)) {
        let is_year = |text: &str| {
            let words = normalise(text);
            words.ends_with('年') && words.chars().count() == 5 && !is_han(words.chars().nth(1).unwrap_or('年'))
                || ["二〇二", "二○二", "二零二", "二0二", "二o二"].iter().any(|start| words.starts_with(start))
                    && words.ends_with('年')
        };
        match whole.last_mut() {
            Some(year) if is_year(year) && normalise(line).contains('月') && line.chars().count() <= 12 => {
                year.push_str(line);
            }
            _ => whole.push(line.to_owned()),
        }
    }
    whole
}

/// Who signs above `at`: the line there, and further offices above it that sign with it (联合行文), or the first half of
/// a long name. Where no day follows, the line must read like an office's name (`strict`).
fn offices_above(end: &[String], at: usize, strict: bool) -> Option<String> {
    let above = end.get(..at)?;
    let place = above.iter().rposition(|line| !is_imprint(line))?;
    let line = without_label(above.get(place)?, &OFFICE_LABELS);
    let words = normalise(line);
    let fits = !is_prose(line) && (2..=40).contains(&han_count(line)) && !line.ends_with(['：', ':', '。']);
    let other = words.starts_with("特此")
        || words.starts_with("附")
        || words.ends_with("报告")
        || is_day_line(line)
        || !words.chars().next().is_some_and(|first| is_han(first) || first == '(');
    if !fits || other || strict && !is_office(line) {
        return None;
    }
    let mut names = vec![office_name(line)];
    for before in above.get(..place).unwrap_or_default().iter().rev().take(MOST_OFFICES - 1) {
        let first = names.first().map(|name| normalise(name)).unwrap_or_default();
        let is_tail = ["领导小组", "办公室", "委员会", "有限公司"].iter().any(|tail| first.starts_with(tail));
        if is_tail && names.len() == 1 && !is_prose(before) && !is_imprint(before) && han_count(before) >= 4 {
            names = vec![office_name(before) + &names.concat()];
        } else if is_office(before)
            && is_office(names.first().map(String::as_str).unwrap_or_default())
            && !is_imprint(before)
        {
            names.insert(0, office_name(before));
        } else {
            break;
        }
    }
    names.dedup();
    Some(names.join("、"))
}

/// 印发, with the day on which it was.
fn is_given_out(line: &str) -> bool {
    let words = normalise(line);
    words.ends_with("印发") || words.ends_with('印')
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
        "(共印",
        "主送",
        "校对",
        "打字",
        "印数",
        "(此件",
        "(联系人",
        "(此页无正文",
    ];
    words.ends_with("印发") || words.ends_with("印") || opens.iter().any(|word| words.starts_with(word))
}

/// The office as written, without the word for its stamp.
fn office_name(line: &str) -> String {
    let mut name = line.trim().trim_end_matches(['。', '，', ',']);
    for stamp in [
        "（盖章）",
        "(盖章)",
        "（公章）",
        "(公章)",
        "（印章）",
        "(印章)",
        "（章）",
        "(章)",
        "（签章）",
        "（代章）",
        "（印）",
    ] {
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
