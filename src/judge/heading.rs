//! The head of a formal document: whose it is, its number, its title over one line or several.

use super::signature::{is_day_line, is_office};
use super::words::{document_number, han_count, normalise};
use crate::model::campaign::ReportRules;

/// Words that end the title of a report.
pub const TITLE_WORDS: [&str; 10] = ["报告", "总结", "汇报", "情况", "小结", "简报", "通报", "说明", "函", "综述"];
/// Words that end the title of what is no report.
const OTHER_TITLES: [&str; 9] = ["方案", "计划", "通知", "安排", "请示", "倡议书", "慰问信", "统计表", "邀请函"];
/// Lines at the top that are looked at.
pub const TOP_LINES: usize = 20;

pub fn is_prose(line: &str) -> bool {
    let long = han_count(line) > 45;
    line.contains('。') || long || (han_count(line) >= 20 && line.contains('，'))
}

/// `市双拥办：`, whom the report is for.
fn is_salutation(line: &str) -> bool {
    line.ends_with(['：', ':']) && han_count(line) >= 2 && !line.contains("文号")
}

/// What stands above the body.
#[derive(Clone, Debug, Default)]
pub struct Top {
    pub title: Option<String>,
    pub number: Option<String>,
    /// The issuer in a red head (`离石区双拥工作领导小组文件`).
    pub red_head: Option<String>,
    /// A bulletin's editor and day (`离石区双拥办编　2021年8月5日`).
    pub editor: Option<String>,
    /// It is headed as something else (方案).
    pub other: bool,
    /// Index of the first line of the body.
    pub body: usize,
}

impl Top {
    pub fn of(lines: &[String], rules: &ReportRules) -> Self {
        let starts = |line: &String| is_prose(line) || is_salutation(line);
        let body = lines.iter().take(TOP_LINES).position(starts).unwrap_or(lines.len().min(TOP_LINES));
        let above = lines.get(..body).unwrap_or_default();
        let own_number = |line: &String| {
            let quoting = ["根据", "按照", "依据", "《", "通知", "贯彻", "落实"].iter().any(|word| line.contains(word));
            document_number(line).filter(|_| !quoting)
        };
        let number_at = above.iter().position(|line| own_number(line).is_some());
        // 吕梁市水利局 / 文件: the word on a line of its own.
        let word_below = above.windows(2).find_map(|pair| match pair {
            [office, word] if normalise(word) == "文件" && han_count(office) >= 3 => {
                Some(office.split_whitespace().collect::<String>())
            }
            _ => None,
        });
        let red_head = above.iter().find_map(|line| {
            let packed: String = line.split_whitespace().collect();
            let head = packed.split("文件").next().unwrap_or_default().to_owned();
            let is_head = packed.contains("文件") && (packed.ends_with("文件") || document_number(line).is_some());
            (is_head && han_count(&head) >= 3 && !head.starts_with("关于")).then_some(head)
        });
        // A head without the word 文件: the office alone above the number.
        let over_number = number_at.and_then(|at| above.get(at.checked_sub(1)?)).filter(|line| is_office(line));
        let red_head = red_head.or(word_below).or_else(|| over_number.map(|line| line.split_whitespace().collect()));
        let title = title_of(above, number_at, rules);
        let editor = below_masthead(above)
            .and_then(|end| above.get(..end)?.iter().find(|line| normalise(line).contains('编')))
            .cloned();
        let other = title.is_none() && above.iter().any(|line| ends_other_title(line));
        Self {
            title,
            editor,
            other,
            number: number_at.and_then(|at| above.get(at)).and_then(own_number),
            red_head,
            body,
        }
    }
}

/// A line above the body that belongs to no title.
fn is_furniture(line: &str) -> bool {
    let words = normalise(line);
    let opens =
        ["签发人", "附件", "特急", "加急", "急件", "机密", "秘密", "文号", "编号", "份号", "主送", "抄送", "签批"];
    words.ends_with("文件")
        || document_number(line).is_some()
        || opens.iter().any(|word| words.starts_with(word))
        || (words.starts_with('(') && words.ends_with(')') && han_count(line) <= 12)
        || (words.starts_with('第') && words.contains('期') && han_count(line) <= 12)
        || (is_day_line(line) && !ends_title(line))
        || han_count(line) < 1
}

fn ends_title(line: &str) -> bool {
    let words = normalise(line);
    let bare = words.trim_end_matches(|character: char| !character.is_alphanumeric());
    // 报告（2021年八一）: what stands in brackets behind is no part of the wording.
    let bare = bare.split('(').next().filter(|start| han_count(start) > 3).unwrap_or(bare);
    TITLE_WORDS.iter().any(|word| bare.ends_with(word))
}

fn ends_other_title(line: &str) -> bool {
    let words = normalise(line);
    let bare = words.trim_end_matches(|character: char| !character.is_alphanumeric());
    OTHER_TITLES.iter().any(|word| bare.ends_with(word))
}

/// Where the head of a bulletin ends: its name, the line `第5期`, and its editor with a day.
fn below_masthead(above: &[String]) -> Option<usize> {
    const NAMES: [&str; 6] = ["简报", "信息", "专报", "快报", "动态", "通讯"];
    let issue = above.iter().position(|line| {
        let words = normalise(line);
        words.starts_with(['第', '(']) && words.contains('期') && words.chars().count() <= 16
    })?;
    let named = above.get(..issue)?.iter().any(|line| NAMES.iter().any(|name| normalise(line).ends_with(name)));
    let after = above.get(issue + 1..)?.iter().take_while(|line| is_furniture(line) || normalise(line).ends_with('编'));
    named.then(|| issue + 1 + after.count())
}

/// The title over one, two or three lines.
fn title_of(above: &[String], number_at: Option<usize>, rules: &ReportRules) -> Option<String> {
    if let Some(from) = below_masthead(above) {
        // Headed like news, with no word that says what it is.
        let lines: Vec<&String> = above.get(from..)?.iter().take_while(|line| !is_furniture(line)).take(3).collect();
        let title: String = lines.iter().map(|line| line.as_str()).collect();
        let about = rules.words.iter().any(|word| normalise(&title).contains(&normalise(word)));
        return (about && han_count(&title) >= 6).then_some(title);
    }
    let after_number = number_at.map_or(0, |at| at + 1);
    let told = |line: &str| {
        let words = normalise(line);
        let about = rules.words.iter().any(|word| words.contains(&normalise(word)));
        about && TITLE_WORDS.iter().any(|word| words.contains(word)) && !line.ends_with('的') && !ends_other_title(line)
    };
    // Below the number, or in a text that puts the number under its title, above it; first by how it ends, then by
    // what it says (…情况汇报材料).
    [(after_number, true), (0, true), (after_number, false), (0, false)].into_iter().find_map(|(from, strict)| {
        let lines = above.get(from..)?;
        let fits = |line: &&String| !is_furniture(line) && (if strict { ends_title(line) } else { told(line) });
        let mut end = lines.iter().position(|line| fits(&line))?;
        let mut start = end;
        while let Some(before) = start.checked_sub(1).and_then(|before| lines.get(before)) {
            let joins = !is_furniture(before)
                && !before.ends_with(['。', '：', ':', '；', '，'])
                && end - start < 2
                && !ends_title(before)
                && !ends_other_title(before)
                && han_count(before) <= 30
                // The office in the head, and again, or another, in the title itself.
                && !lines.get(start).is_some_and(|line| {
                    let named = line.split_once("关于").is_some_and(|(office, _)| is_office(office));
                    normalise(line).starts_with(&normalise(before)) || named && is_office(before)
                });
            if !joins {
                break;
            }
            start -= 1;
        }
        // A long title wraps: …情况 / 的报告, …的报 / 告.
        let wrapped = |next: &String| {
            let whole = lines.get(start..=end).map(<[String]>::concat).unwrap_or_default() + next;
            let short = next.chars().count() <= 4 || next.starts_with('的') && next.chars().count() <= 12;
            short && ends_title(&whole) && !is_day_line(next)
        };
        if lines.get(end + 1).is_some_and(wrapped) {
            end += 1;
        }
        let title: String = lines.get(start..=end)?.concat();
        let title = title.split('\t').map(str::trim).collect::<String>();
        (han_count(&title) >= 2).then_some(title)
    })
}
