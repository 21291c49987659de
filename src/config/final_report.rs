//! `final_report`: when the final report goes out.

use chrono::NaiveTime;

use super::reminders::Times;
use super::toml_reader::Section;
use crate::model::campaign::FinalReport;

const LIKE: &str = "final_report = { days_after = 1, time = \"08:00\" }";

/// Where nothing is said it takes the place of the first digest after the deadline; an office that wants no digests gets
/// none.
pub(super) fn read_final_report(section: &Section<'_>, digest_times: &[NaiveTime]) -> Option<FinalReport> {
    if !section.has("final_report") {
        return digest_times.first().map(|time| FinalReport { days_after: 1, time: *time });
    }
    if !section.is_table("final_report") {
        section.mistake("final_report", format!("must say the day and the time; write {LIKE}"));
        return None;
    }
    section.within("final_report", |report| {
        for key in ["days_after", "time"] {
            if !report.has(key) {
                report.missing(key, LIKE);
            }
        }
        let (days_after, time) = (report.number("days_after", 0..=365), report.time("time"));
        Some(FinalReport { days_after: days_after?, time: time? })
    })
}

/// Whether it comes after the deadline, and while the collection is still told of.
pub(super) fn check_final_report(section: &Section<'_>, times: &Times<'_>, report: Option<FinalReport>) {
    let Some(moment) = report.and_then(|report| report.moment(times.deadline, times.calendar)) else { return };
    if moment <= times.deadline {
        let text = format!("would be due at {}, before the deadline", moment.format("%Y-%m-%d %H:%M"));
        section.mistake("final_report", text);
    } else if moment.date_naive() > times.last_digest {
        let text = format!(
            "is due on {}, after last_digest ({}): what comes after it will be told by no digest",
            moment.date_naive(),
            times.last_digest
        );
        section.warning("final_report", text);
    }
}
