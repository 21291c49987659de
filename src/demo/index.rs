//! The page a newcomer opens after the demo: every day with what came, what was sent, how far it got; one file, no script.

use std::fmt::Write as _;

use chrono::{Datelike as _, NaiveDate, NaiveTime};

use super::build::html::escape;
use crate::judge::letters::weekday;
use crate::model::letter::LetterKind;

const STYLE: &str = include_str!("index.css");

/// One day of the demo. File names are relative to the page.
#[derive(Clone, Debug)]
pub struct DemoDay {
    pub date: NaiveDate,
    /// `None` on days without a digest.
    pub digest_html_file: Option<String>,
    /// The final report, on its day.
    pub final_html_file: Option<String>,
    pub letters: Vec<DemoLetter>,
    /// In the order they came.
    pub arrived: Vec<DemoArrival>,
    /// Units with everything filed, at the end of the day.
    pub complete: usize,
    /// Units that owe something in all.
    pub total: usize,
}

/// A letter that went out.
#[derive(Clone, Debug)]
pub struct DemoLetter {
    pub file_html: String,
    pub file_eml: String,
    pub kind: LetterKind,
    /// The unit's name, or who else it went to.
    pub to_unit: String,
    pub subject: String,
}

/// A mail that came in.
#[derive(Clone, Debug)]
pub struct DemoArrival {
    pub time: NaiveTime,
    /// The unit's name; of mail that is no unit's, the sender.
    pub from: String,
    pub subject: String,
    /// A few Chinese words: 已收齐, 待更正, 自动回复, ….
    pub outcome: String,
    pub tone: Tone,
}

/// The colour in which an outcome is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Taken as filed.
    Good,
    /// The unit must mend it.
    Correct,
    /// A person must look.
    Review,
    /// Nothing to do: advertisements, receipts, the same once more.
    Quiet,
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Correct => "correct",
            Self::Review => "review",
            Self::Quiet => "quiet",
        }
    }
}

/// The page. Whatever units wrote in subjects and names is escaped.
#[must_use]
pub fn index_html(title: &str, days: &[DemoDay], tally_file: &str) -> String {
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><title>{0} · 演示</title><style>{STYLE}</style></head><body>\
         <header><p class=\"brow\">mailtally 演示 · 邮件报送自动催收汇总</p><h1>{0}</h1>",
        escape(title)
    );
    page.push_str(&summary(days, tally_file));
    page.push_str("</header>");
    page.push_str(&curve(days));
    page.push_str("<main>");
    let mut before = 0;
    for day in days {
        page.push_str(&card(day, before));
        before = day.complete;
    }
    page.push_str(
        "</main><footer>以上单位往来邮件、数字和地址均为虚构。各文件可直接打开；.eml 可用邮件客户端查看。</footer></body></html>\n",
    );
    page
}

fn count(days: &[DemoDay], kind: LetterKind) -> usize {
    days.iter().flat_map(|day| &day.letters).filter(|letter| letter.kind == kind).count()
}

fn summary(days: &[DemoDay], tally_file: &str) -> String {
    let (complete, total) = days.last().map_or((0, 0), |day| (day.complete, day.total));
    let arrived: usize = days.iter().map(|day| day.arrived.len()).sum();
    let facts = [
        (format!("{complete}<small>/{total}</small>"), "个单位已报齐"),
        (arrived.to_string(), "封来信"),
        (count(days, LetterKind::Ack).to_string(), "封回执"),
        (count(days, LetterKind::Reminder).to_string(), "封催报"),
        (
            days.iter().flat_map(|day| [&day.digest_html_file, &day.final_html_file]).flatten().count().to_string(),
            "份简报",
        ),
    ];
    let mut out = "<div class=\"facts\">".to_owned();
    for (figure, words) in facts {
        let _ = write!(out, "<div><b>{figure}</b><span>{words}</span></div>");
    }
    let _ = write!(
        out,
        "<a class=\"tally\" href=\"{}\"><b>汇总表</b><span>打开 .xlsx ↓</span></a></div>",
        href(tally_file)
    );
    out
}

/// A column a day: how many units were complete by its end, and under it how many mails came.
fn curve(days: &[DemoDay]) -> String {
    let most = days.iter().map(|day| day.complete).max().unwrap_or(0).max(1);
    let mut out = "<section class=\"curve\" aria-label=\"每日报齐单位数\">".to_owned();
    for day in days {
        let part = day.complete * 1000 / most;
        let _ = write!(
            out,
            "<a href=\"#d{}\" title=\"{}：报齐 {} 家，来信 {} 封\"><i style=\"--part:{}\"><em>{}</em></i>\
             <span>{}</span></a>",
            day.date,
            day_words(day.date),
            day.complete,
            day.arrived.len(),
            format_args!("{}.{:03}", part / 1000, part % 1000),
            day.complete,
            format_args!("{}/{}", day.date.month(), day.date.day()),
        );
    }
    out.push_str("</section>");
    out
}

fn card(day: &DemoDay, before: usize) -> String {
    let percent = (day.complete * 100).checked_div(day.total).unwrap_or(0);
    let more = match day.complete.checked_sub(before) {
        Some(more @ 1..) => format!("<ins>＋{more}</ins>"),
        _ => String::new(),
    };
    let mut out = format!(
        "<article id=\"d{}\"><div class=\"date\"><b>{}</b><span>{}</span></div><div class=\"body\"><div class=\"bar\">\
         <div class=\"track\"><i style=\"width:{percent}%\"></i></div><span>报齐 <b>{}</b>/{}{more}</span>",
        day.date,
        day_words(day.date),
        weekday(day.date),
        day.complete,
        day.total
    );
    for (file, words) in [(&day.digest_html_file, "当日简报"), (&day.final_html_file, "终报")] {
        if let Some(file) = file {
            let _ = write!(out, "<a class=\"digest\" href=\"{}\">{words}</a>", href(file));
        }
    }
    out.push_str("</div>");
    out.push_str(&arrivals(&day.arrived));
    out.push_str(&letters(&day.letters));
    out.push_str("</div></article>");
    out
}

fn arrivals(arrived: &[DemoArrival]) -> String {
    if arrived.is_empty() {
        return "<p class=\"none\">没有来信。</p>".to_owned();
    }
    let mut out = "<table><tbody>".to_owned();
    for arrival in arrived {
        // Long names and subjects are cut by the style; the title shows them whole.
        let (from, subject) = (escape(&arrival.from), escape(&arrival.subject));
        let _ = write!(
            out,
            "<tr><td class=\"time\">{}</td><td class=\"from\" title=\"{from}\">{from}</td><td class=\"subject\" \
             title=\"{subject}\">{subject}</td><td class=\"outcome\"><mark class=\"{}\">{}</mark></td></tr>",
            arrival.time.format("%H:%M"),
            arrival.tone.class(),
            escape(&arrival.outcome)
        );
    }
    out.push_str("</tbody></table>");
    out
}

/// The day's letters by kind, folded: on the day of a reminder there may be a hundred.
fn letters(letters: &[DemoLetter]) -> String {
    let mut out = String::new();
    for kind in LetterKind::ALL {
        let of_kind: Vec<&DemoLetter> = letters.iter().filter(|letter| letter.kind == kind).collect();
        if of_kind.is_empty() {
            continue;
        }
        let _ = write!(
            out,
            "<details><summary><span class=\"{}\">{}</span> {} 封</summary><ul>",
            kind.as_str(),
            kind_words(kind),
            of_kind.len()
        );
        for letter in of_kind {
            let _ = write!(
                out,
                "<li><a href=\"{}\">{}</a> {} <a class=\"eml\" href=\"{}\">.eml</a></li>",
                href(&letter.file_html),
                escape(&letter.to_unit),
                escape(&letter.subject),
                href(&letter.file_eml)
            );
        }
        out.push_str("</ul></details>");
    }
    if out.is_empty() { out } else { format!("<div class=\"letters\">{out}</div>") }
}

fn kind_words(kind: LetterKind) -> &'static str {
    match kind {
        LetterKind::Ack => "回执",
        LetterKind::Reminder => "催报",
        LetterKind::Digest => "简报",
        LetterKind::Alert => "告警",
    }
}

fn day_words(date: NaiveDate) -> String {
    format!("{}月{}日", date.month(), date.day())
}

/// A relative file name as a link (RFC 3986): everything beside letters, digits and `/._-` as percent signs. A leading
/// `./` keeps a name with a colon from reading as a scheme.
fn href(file: &str) -> String {
    let mut out = "./".to_owned();
    for byte in file.trim_start_matches("./").bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2021, month, day).unwrap()
    }

    fn letter(kind: LetterKind, to: &str) -> DemoLetter {
        DemoLetter {
            file_html: format!("信件/{to}.html"),
            file_eml: format!("信件/{to}.eml"),
            kind,
            to_unit: to.to_owned(),
            subject: "回执：报表及报告已收到".to_owned(),
        }
    }

    fn arrival(from: &str, subject: &str, outcome: &str, tone: Tone) -> DemoArrival {
        let time = NaiveTime::from_hms_opt(9, 5, 0).unwrap();
        DemoArrival { time, from: from.to_owned(), subject: subject.to_owned(), outcome: outcome.to_owned(), tone }
    }

    fn days() -> Vec<DemoDay> {
        vec![
            DemoDay {
                date: date(7, 28),
                digest_html_file: Some("digests/2021-07-28.html".to_owned()),
                final_html_file: None,
                letters: vec![letter(LetterKind::Ack, "离石区")],
                arrived: vec![arrival("离石区", "<script>alert(1)</script>&", "已收齐", Tone::Good)],
                complete: 1,
                total: 4,
            },
            DemoDay {
                date: date(8, 3),
                digest_html_file: None,
                final_html_file: Some("digests/2021-08-03-final.html".to_owned()),
                letters: vec![letter(LetterKind::Reminder, "文水县"), letter(LetterKind::Reminder, "临县")],
                arrived: vec![],
                complete: 3,
                total: 4,
            },
        ]
    }

    #[test]
    fn what_units_wrote_cannot_become_markup() {
        let page = index_html("统计 <b>", &days(), "汇总 表.xlsx");
        assert!(!page.contains("<script") && !page.contains("统计 <b>"));
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;"));
        assert!(page.contains("href=\"./%E6%B1%87%E6%80%BB%20%E8%A1%A8.xlsx\""));
    }

    #[test]
    fn every_day_shows_its_progress_letters_and_digest() {
        let page = index_html("八一", &days(), "tally.xlsx");
        assert!(page.contains("id=\"d2021-07-28\"") && page.contains("7月28日</b><span>星期三"));
        assert!(page.contains("style=\"width:25%\"") && page.contains("style=\"width:75%\""));
        assert!(page.contains("报齐 <b>3</b>/4<ins>＋2</ins>"));
        assert_eq!((page.matches("当日简报").count(), page.matches(">终报<").count()), (1, 1));
        assert!(page.contains("<b>2</b><span>份简报"));
        assert!(page.contains("催报</span> 2 封") && page.contains("没有来信"));
        assert!(page.contains("<b>3<small>/4</small></b><span>个单位已报齐"));
        assert_eq!(page.matches(".eml\">.eml</a>").count(), 3);
    }

    #[test]
    fn no_days_make_an_empty_page_and_no_division_by_nothing() {
        assert!(index_html("空", &[], "t.xlsx").contains("0<small>/0</small>"));
        let none = DemoDay { total: 0, complete: 0, ..days().remove(1) };
        assert!(index_html("空", &[none], "t.xlsx").contains("width:0%"));
    }

    #[test]
    fn a_name_with_a_colon_is_no_scheme() {
        assert_eq!(href("javascript:alert(1)"), "./javascript%3Aalert%281%29");
    }
}
