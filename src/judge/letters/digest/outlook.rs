//! What lies ahead, and the picture of what lies behind: the forecast in words, the progress as a chart.

use chrono::{DateTime, FixedOffset, NaiveDate};
use serde::Serialize;

use super::super::words::{local, month_day};
use super::units::share;
use crate::judge::chart::{self, Progress};
use crate::judge::forecast::{self, Forecast, Today};
use crate::model::campaign::Campaign;
use crate::model::letter::Enclosure;
use crate::model::standing::{DayCount, DigestInput};

/// Days that the words for the picture name at most.
const MOST_STEPS: usize = 8;

/// The forecast as its template sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Outlook {
    /// A whole sentence; empty where nothing is left to foretell.
    words: String,
    /// There is a range.
    known: bool,
    low: usize,
    high: usize,
}

/// The picture as its template sees it, with the words that stand around it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Chart {
    /// `cid:…`
    src: String,
    /// The same in words.
    alt: String,
    width: u32,
    height: u32,
    first: String,
    last: String,
    deadline: String,
    /// Where the deadline stands, in percent from the left, and what is right of it; both 0 where it is not shown.
    before_percent: usize,
    after_percent: usize,
    expected: bool,
}

pub(super) fn forecast(campaign: &Campaign, input: &DigestInput, total: usize) -> Forecast {
    let now = local(campaign, input.standing.as_of);
    let today =
        Today { day: now.date_naive(), is_over: now.time() >= campaign.office_hours.1, past: now > campaign.deadline };
    forecast::forecast(&input.course, total, today, campaign.deadline_day(), &campaign.calendar)
}

pub(super) fn told(campaign: &Campaign, forecast: Forecast, total: usize) -> Outlook {
    let unknown = |words: String| Outlook { words, known: false, low: 0, high: 0 };
    match forecast {
        Forecast::AllDone | Forecast::Past => unknown(String::new()),
        Forecast::TooFewDays(0) => unknown("尚无法预计：开始以来还没有满一个工作日。".to_owned()),
        Forecast::TooFewDays(days) => unknown(format!("尚无法预计：开始以来只过了 {days} 个工作日。")),
        Forecast::TooFewUnits(0) => unknown("尚无法预计：最近几个工作日没有新报齐的单位。".to_owned()),
        Forecast::TooFewUnits(units) => unknown(format!("尚无法预计：最近几个工作日新报齐的单位只有 {units} 个。")),
        Forecast::DaysOff => unknown("尚无法预计：到截止日为止都是休息日。".to_owned()),
        Forecast::Expected { low, high, days, units, left } => {
            let deadline = month_day(campaign.deadline_day());
            let range = if low == high {
                format!("约 {low} 个（{}%）", share(low, total))
            } else {
                format!("约 {low} 至 {high} 个（{}%～{}%）", share(low, total), share(high, total))
            };
            let words = format!(
                "按最近 {days} 个工作日的速度（共报齐 {units} 个）推算，到 {deadline} 截止时（还有 {left} 个工作日）可报齐{range}。\
                 此为估计；临近截止时报送往往集中，实际可能更多。"
            );
            Outlook { words, known: true, low, high }
        }
    }
}

/// The day of the final report, where it lies behind.
pub(super) fn after_final(campaign: &Campaign, now: DateTime<FixedOffset>) -> String {
    let behind = campaign.final_moment().filter(|moment| *moment < now);
    behind.map(|moment| month_day(moment.date_naive())).unwrap_or_default()
}

/// The chart and its picture; `None` where there is nothing to draw.
pub(super) fn chart(
    campaign: &Campaign,
    input: &DigestInput,
    total: usize,
    forecast: &Forecast,
) -> Option<(Chart, Enclosure)> {
    let expected = match forecast {
        Forecast::Expected { low, high, .. } => Some((*low, *high)),
        Forecast::AllDone | Forecast::Past | Forecast::TooFewDays(_) | Forecast::TooFewUnits(_) | Forecast::DaysOff => {
            None
        }
    };
    let deadline = campaign.deadline_day();
    let progress = Progress { days: input.course.clone(), total, deadline, expected };
    let bytes = progress.png(&campaign.calendar)?;
    let span = progress.span();
    let (first, last) = (*span.first()?, *span.last()?);
    let now = local(campaign, input.standing.as_of);
    // Unique among all letters, as RFC 2392 wants it, and the same for the same letter.
    let name = format!("progress.{}@{}.mailtally", now.format("%Y%m%d%H%M%S"), campaign.id);
    let before_percent = progress.deadline_percent().unwrap_or(0);
    let chart = Chart {
        src: format!("cid:{name}"),
        alt: alt(&input.course, total, deadline, expected),
        width: chart::WIDTH / 2,
        height: chart::HEIGHT / 2,
        first: month_day(first),
        last: if last == deadline { String::new() } else { month_day(last) },
        deadline: month_day(deadline),
        before_percent,
        after_percent: if before_percent == 0 { 0 } else { 100_usize.saturating_sub(before_percent) },
        expected: expected.is_some(),
    };
    Some((chart, Enclosure { name, media_type: "image/png".to_owned(), bytes }))
}

/// What the picture shows, in words with numbers.
fn alt(course: &[DayCount], total: usize, deadline: NaiveDate, expected: Option<(usize, usize)>) -> String {
    let said: Vec<String> =
        steps(course).into_iter().map(|count| format!("{} {} 个", month_day(count.day), count.done)).collect();
    let mut words = format!("累计报齐：{}；应报 {total} 个，{}截止", said.join("，"), month_day(deadline));
    if let Some((low, high)) = expected {
        words.push_str(&format!("，估计届时 {low} 至 {high} 个"));
    }
    words
}

/// The first day, the last, and of the days between on which the number changed so many, evenly spread.
fn steps(course: &[DayCount]) -> Vec<DayCount> {
    let changed = course.windows(2).filter_map(|pair| match pair {
        [before, count] if before.done != count.done => Some(*count),
        _ => None,
    });
    let mut days: Vec<DayCount> = course.first().copied().into_iter().chain(changed).collect();
    if let Some(today) = course.last().filter(|today| days.last() != Some(today)) {
        days.push(*today);
    }
    let (many, last) = (days.len(), days.len().saturating_sub(1));
    let wanted = |place: usize| place == last || (place * MOST_STEPS) % many.max(1) < MOST_STEPS;
    if many <= MOST_STEPS {
        days
    } else {
        (0..).zip(days).filter(|(place, _)| wanted(*place)).map(|(_, day)| day).collect()
    }
}
