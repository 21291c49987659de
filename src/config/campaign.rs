//! A campaign's folder: `campaign.toml`, its form, its roster and its letters.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Datelike, FixedOffset, NaiveTime, TimeDelta};

use super::address::bare_address;
use super::file::{self, LARGEST_TEXT};
use super::final_report::{check_final_report, read_final_report};
use super::form::read_form;
use super::mistakes::{Mistake, Notes};
use super::reminders::{Times, check_stages, read_reminders};
use super::roster::read_roster;
use super::toml_reader::{Section, read_document};
use crate::model::calendar::WorkCalendar;
use crate::model::campaign::{
    Campaign, Contact, ItemDue, ReminderStage, ReportRules, ScanPolicy, TemplatePair, Templates,
};
use crate::model::letter::LetterKind;
use crate::model::returns::Item;
use crate::model::unit::Roster;

/// All campaigns in the folders below `folder`, in the order of their names.
pub(super) fn read_campaigns(
    folder: &Path,
    notes: &Notes,
    offset: FixedOffset,
    calendar: &Arc<WorkCalendar>,
) -> Option<Vec<Campaign>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            notes.mistake(Mistake::of_file(folder, format!("the folder of the campaigns cannot be read: {error}")));
            return None;
        }
    };
    let mut folders: Vec<_> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.retain(|path| !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')));
    folders.sort();
    let mut campaigns = Vec::new();
    let mut found = false;
    for folder in folders {
        if folder.join("campaign.toml").is_file() {
            found = true;
            campaigns.extend(read_campaign(&folder, notes, offset, calendar));
        } else {
            notes.warning(Mistake::of_file(&folder, "holds no campaign.toml and is passed over"));
        }
    }
    if !found {
        let text = "holds no campaign; make a folder in it with campaign.toml, units.csv and the letters";
        notes.mistake(Mistake::of_file(folder, text));
    }
    Some(campaigns)
}

/// One campaign. Roster, form and letters are read even where `campaign.toml` is wrong, so that all is told at once.
pub(super) fn read_campaign(
    folder: &Path,
    notes: &Notes,
    offset: FixedOffset,
    calendar: &Arc<WorkCalendar>,
) -> Option<Campaign> {
    let roster = read_roster(&folder.join("units.csv"), notes);
    let templates = read_templates(folder, notes);
    read_document(&folder.join("campaign.toml"), notes, |section| {
        let id = section.need_text("id", "id = \"2021-bayi\"");
        if let Some(id) = &id {
            check_id(section, id, folder);
        }
        let title = section.need_text("title", "title = \"…\"");
        let notice_number = section.need_text("notice_number", "notice_number = \"吕拥办发〔2021〕3号\"");
        let notice_title = section.need_text("notice_title", "notice_title = \"关于…的通知\"");
        let office = section.need_text("office", "office = \"…办公室\"");
        let contact = needed_section(section, "contact", "[contact] with phone and email", read_contact);
        if !section.has("opens") {
            section.missing("opens", "opens = 2021-07-22");
        }
        let opens = section.moment("opens", offset);
        let deadline = read_deadline(section, offset);
        let items = read_items(section);
        let (reminders, hours, digest_times) =
            (read_reminders(section), read_hours(section), section.times("digest_times"));
        let last_digest = section.day("last_digest");
        let final_report = read_final_report(section, &digest_times);
        let reports = needed_section(section, "reports", "[reports] with words and scans", read_report_rules);
        let form = section
            .need_text("form", "form = \"form.toml\"")
            .and_then(|name| read_form(&section.folder().join(name), notes));
        let year = section.number("year", 1990..=2200);
        let (opens, deadline) = (opens?, deadline?);
        let last_digest = last_digest.unwrap_or_else(|| deadline.date_naive() + TimeDelta::days(10));
        let times = Times { opens, deadline, hours, last_digest, calendar };
        check_times(section, &times);
        check_stages(section, &times, &reminders);
        check_final_report(section, &times, final_report);
        check_superiors(section, &reminders, roster.as_ref());
        Some(Campaign {
            id: id?,
            title: title?,
            notice_number: notice_number?,
            notice_title: notice_title?,
            office: office?,
            contact: contact?,
            opens,
            deadline,
            year: year.and_then(|year| i32::try_from(year).ok()).unwrap_or(deadline.year()),
            items,
            reminders,
            office_hours: hours?,
            calendar: Arc::clone(calendar),
            digest_times,
            last_digest,
            final_report,
            form: form?,
            reports: reports?,
            roster: roster?,
            templates: templates?,
        })
    })
}

fn needed_section<T>(
    section: &Section<'_>,
    key: &'static str,
    like: &str,
    read: impl FnOnce(&Section<'_>) -> Option<T>,
) -> Option<T> {
    if !section.has(key) {
        section.missing(key, like);
    }
    section.within(key, read)
}

fn check_id(section: &Section<'_>, id: &str, folder: &Path) {
    if !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') {
        section.mistake("id", format!("\"{id}\" must be ASCII letters, digits, - and _"));
    }
    // `.` and `..` have no name of their own until they are resolved.
    let resolved = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    let name = resolved.file_name().unwrap_or_default().to_string_lossy();
    if name != id {
        section.mistake("id", format!("\"{id}\" must be the folder's name, \"{name}\""));
    }
}

fn read_contact(section: &Section<'_>) -> Option<Contact> {
    let phone = section.need_text("phone", "phone = \"0358-5550000\"");
    let email = section
        .need_text("email", "email = \"office@163.example\"")
        .and_then(|written| bare_address(&written).inspect_err(|wrong| section.mistake("email", wrong.as_str())).ok());
    Some(Contact { phone: phone?, email: email? })
}

/// Either a moment, or `{ day = 2021-08-10, that_day_included = true }`: a notice says 8月10日前, and offices differ
/// on whether the day itself still counts, so the campaign must say it.
fn read_deadline(section: &Section<'_>, offset: FixedOffset) -> Option<DateTime<FixedOffset>> {
    const LIKE: &str = "deadline = { day = 2021-08-10, that_day_included = true }";
    if !section.has("deadline") {
        section.missing("deadline", LIKE);
        return None;
    }
    if section.is_table("deadline") {
        return section.within("deadline", |deadline| {
            for key in ["day", "that_day_included"] {
                if !deadline.has(key) {
                    deadline.missing(key, LIKE);
                }
            }
            let (day, included) = (deadline.day("day")?, deadline.boolean("that_day_included")?);
            let last = if included { day } else { day.pred_opt()? };
            last.and_hms_opt(23, 59, 59)?.and_local_timezone(offset).single()
        });
    }
    let moment = section.moment("deadline", offset)?;
    if moment.time() == NaiveTime::MIN {
        section.mistake("deadline", format!("a bare day does not say whether that day is included; write {LIKE}"));
        return None;
    }
    Some(moment)
}

fn read_items(section: &Section<'_>) -> Vec<ItemDue> {
    let items = section.each("items", |due| {
        if !due.has("item") {
            due.missing("item", "item = \"table\" or \"report\"");
        }
        let item = due.choice("item", &Item::ALL.map(|item| (item.as_str(), item)));
        let title = due.need_text("title", "title = \"统计表\"");
        Some(ItemDue { item: item?, title: title? })
    });
    if !section.has("items") {
        section.missing("items", "[[items]] with item = \"table\" and title = \"统计表\"");
    }
    let different: BTreeSet<Item> = items.iter().map(|due| due.item).collect();
    if different.len() < items.len() {
        section.mistake("items", "names the same item twice");
    }
    items
}

fn read_hours(section: &Section<'_>) -> Option<(NaiveTime, NaiveTime)> {
    if !section.has("office_hours") {
        return NaiveTime::from_hms_opt(8, 30, 0).zip(NaiveTime::from_hms_opt(17, 30, 0));
    }
    section.within("office_hours", |hours| {
        for key in ["from", "to"] {
            if !hours.has(key) {
                hours.missing(key, "office_hours = { from = \"08:30\", to = \"17:30\" }");
            }
        }
        let (from, to) = (hours.time("from")?, hours.time("to")?);
        if from >= to {
            hours.mistake("to", "must be later than from");
        }
        Some((from, to))
    })
}

fn read_report_rules(section: &Section<'_>) -> Option<ReportRules> {
    let words = section.texts("words");
    if words.is_empty() {
        section.missing("words", "words = [\"慰问\", \"双拥\"]");
    }
    let scans = if section.has("scans") {
        section.choice("scans", &[("accept", ScanPolicy::Accept), ("review", ScanPolicy::Review)])
    } else {
        Some(ScanPolicy::Review)
    };
    Some(ReportRules { words, scans: scans? })
}

/// Whether the campaign's times fit each other.
fn check_times(section: &Section<'_>, times: &Times<'_>) {
    if times.deadline <= times.opens {
        let text = format!("{} is not after opens ({})", times.deadline.to_rfc3339(), times.opens.to_rfc3339());
        section.mistake("deadline", text);
    }
    if times.last_digest < times.deadline.date_naive() {
        section.warning("last_digest", "is before the deadline: the last days will have no digest");
    }
}

/// A stage that tells superiors needs a unit that has one.
fn check_superiors(section: &Section<'_>, stages: &[ReminderStage], roster: Option<&Roster>) {
    let nobody_has_one = roster.is_some_and(|roster| roster.units().iter().all(|unit| unit.superior.is_none()));
    if nobody_has_one && stages.iter().any(|stage| stage.to_superior) {
        section.warning("reminders", "a stage writes to superiors, but units.csv names none (column superior)");
    }
}

/// The four letters, each as .txt and .html, and three that may be left out: the office's own word (`answer`), the list
/// for superiors and copies (`arrears`) and the final report (`final`). Their syntax is checked here, so that a slip shows in `check` and not when the first unit writes.
fn read_templates(folder: &Path, notes: &Notes) -> Option<Templates> {
    let read = |name: &str, ending: &str| read_template(&folder.join(format!("{name}.{ending}")), notes);
    let mut letters = BTreeMap::new();
    for kind in LetterKind::ALL {
        let (text, html) = (read(kind.as_str(), "txt"), read(kind.as_str(), "html"));
        letters.extend(text.zip(html).map(|(text, html)| (kind, TemplatePair { text, html })));
    }
    let may_be_absent = |name: &str| -> Option<Option<TemplatePair>> {
        if !["txt", "html"].iter().any(|ending| folder.join(format!("{name}.{ending}")).exists()) {
            return Some(None);
        }
        let (text, html) = (read(name, "txt"), read(name, "html"));
        text.zip(html).map(|(text, html)| Some(TemplatePair { text, html }))
    };
    let (answer, arrears, last) = (may_be_absent("answer"), may_be_absent("arrears"), may_be_absent("final"));
    let all = letters.len() == LetterKind::ALL.len();
    all.then_some(Templates { letters, answer: answer?, arrears: arrears?, final_report: last? })
}

fn read_template(file: &Path, notes: &Notes) -> Option<String> {
    let source = match file::read(file, LARGEST_TEXT).map(String::from_utf8) {
        Ok(Ok(source)) => source,
        Ok(Err(_)) => {
            notes.mistake(Mistake::of_file(file, "is not UTF-8; save it as UTF-8"));
            return None;
        }
        Err(wrong) => {
            notes.mistake(Mistake::of_file(file, format!("this letter {wrong}")));
            return None;
        }
    };
    let source = source.strip_prefix('\u{feff}').map_or(source.clone(), str::to_owned);
    if let Err(error) = minijinja::Environment::new().template_from_str(&source) {
        let text = format!("is no valid template: {}", error.detail().unwrap_or("syntax error"));
        notes.mistake(Mistake { file: file.to_owned(), line: error.line(), key: None, text });
        return None;
    }
    Some(source)
}
