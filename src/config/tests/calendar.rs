//! Days off and worked weekends as the State Council gave them out, and stages of reminders with slips.

use chrono::{Datelike, NaiveDate, Weekday};

use super::{Copy, line_of};
use crate::config::mistakes::Notes;
use crate::config::{holidays, load, load_campaigns};
use crate::model::calendar::WorkCalendar;

fn shipped() -> WorkCalendar {
    let notes = Notes::default();
    let calendar = holidays::shipped(&notes);
    notes.settle(std::path::Path::new("holidays.toml"), Some(())).unwrap();
    calendar
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn known_days() {
    let calendar = shipped();
    assert_eq!(calendar.years, (2021..=2026).collect());
    for (text, worked) in [
        ("2021-01-01", false), // 元旦
        ("2021-02-07", true),  // a Sunday before 春节
        ("2021-02-11", false),
        ("2021-02-17", false),
        ("2021-02-18", true),
        ("2021-02-20", true), // a Saturday
        ("2021-04-25", true),
        ("2021-05-05", false),
        ("2021-05-08", true),
        ("2021-08-07", false), // a Saturday as any
        ("2021-08-10", true),
        ("2021-09-18", true),
        ("2021-09-20", false), // 中秋节, a Monday
        ("2021-09-26", true),  // a Sunday before 国庆节
        ("2021-09-30", true),
        ("2021-10-01", false),
        ("2021-10-07", false),
        ("2021-10-08", true),
        ("2021-10-09", true),  // a Saturday
        ("2021-10-10", false), // the Sunday after it
        ("2022-01-29", true),
        ("2022-10-09", true),
        ("2022-12-31", false), // a Saturday; the notice for 2023 names it
        ("2023-01-02", false),
        ("2023-06-25", true),
        ("2023-10-06", false),
        ("2024-02-09", true), // 除夕 was no day off that year
        ("2024-02-18", true),
        ("2024-10-12", true),
        ("2025-10-08", false),
        ("2025-10-11", true),
        ("2026-01-04", true),
        ("2026-02-23", false),
        ("2026-09-20", true),
    ] {
        assert_eq!(calendar.is_worked(day(text)), worked, "{text}");
    }
}

#[test]
fn what_the_notices_add_up_to() {
    let calendar = shipped();
    assert!(calendar.worked.iter().all(|day| matches!(day.weekday(), Weekday::Sat | Weekday::Sun)));
    assert!(calendar.holidays.is_disjoint(&calendar.worked));
    for (year, worked_days) in [(2021, 250), (2022, 249), (2023, 249), (2024, 251), (2025, 248), (2026, 248)] {
        let days = day(&format!("{year}-01-01")).iter_days().take_while(|day| day.year() == year);
        assert_eq!(days.filter(|day| calendar.is_worked(*day)).count(), worked_days, "{year}");
    }
}

#[test]
fn worked_days_are_counted_over_holidays() {
    let calendar = shipped();
    for (from, days, to) in [
        ("2021-10-08", -1, "2021-09-30"),
        ("2021-10-08", -4, "2021-09-27"),
        ("2021-10-08", -5, "2021-09-26"),
        ("2021-09-30", 1, "2021-10-08"),
        ("2021-09-30", 2, "2021-10-09"),
        ("2021-09-30", 3, "2021-10-11"),
        ("2021-10-03", 0, "2021-09-30"),
        ("2021-08-09", -1, "2021-08-06"),
    ] {
        assert_eq!(calendar.away(day(from), days), Some(day(to)), "{from} {days}");
    }
    assert_eq!(calendar.worked_between(day("2021-09-30"), day("2021-10-08")), 1);
    assert_eq!(calendar.worked_from(day("2021-10-02")), Some(day("2021-10-08")));
}

#[test]
fn of_a_year_nobody_knows_the_week_counts_and_it_is_said() {
    let calendar = shipped();
    assert!(!calendar.knows(day("2031-10-01")) && calendar.is_worked(day("2031-10-01")));
    let copy = Copy::new();
    copy.change(&copy.campaign("campaign.toml"), "opens = 2021-07-22", "opens = 2031-07-22");
    copy.change(&copy.campaign("campaign.toml"), "{ day = 2021-08-10,", "{ day = 2031-08-10,");
    copy.change(&copy.campaign("campaign.toml"), "last_digest = 2021-08-20", "last_digest = 2031-08-20");
    let warnings: Vec<String> = load(&copy.main()).unwrap().warnings.iter().map(ToString::to_string).collect();
    assert!(warnings.iter().any(|warning| warning.contains("the days off of 2031 are not known")), "{warnings:#?}");
    // The office's own file is read instead of what comes with the program.
    let own = copy.0.path().join("holidays.toml");
    copy.write(&own, "[[years]]\nyear = 2031\nholidays = [\"2031-08-09/2031-08-10\"]\nworked = []\n");
    copy.change(&copy.main(), "timezone = ", "holidays = \"holidays.toml\"\ntimezone = ");
    let config = load(&copy.main()).unwrap();
    assert!(!config.warnings.iter().any(|warning| warning.to_string().contains("days off")));
    assert!(!config.campaigns[0].calendar.is_worked(day("2031-08-10")), "a Sunday and a holiday");
}

#[test]
fn slips_in_the_calendar_are_told_with_their_lines() {
    let copy = Copy::new();
    let own = copy.0.path().join("holidays.toml");
    copy.write(
        &own,
        "[[years]]\nyear = 2027\nnotice = \"国办发明电\"\nholidays = [\"2027-01-01/2027-01-03\", \"2027-10\", \"2028-01-01\"]\n\
         worked = [\"2027-01-05\", \"2027-01-03\"]\n[[years]]\nyear = 2027\nholidays = []\nwork = []\n",
    );
    copy.change(&copy.main(), "timezone = ", "holidays = \"holidays.toml\"\ntimezone = ");
    let mistakes = copy.mistakes();
    for told in [
        "\"2027-10\" is no day",
        "2028-01-01 is not in 2027",
        "2027-01-03 stands among the holidays as well",
        "2027-01-05 is neither a Saturday nor a Sunday",
        "names the year 2027 twice",
        "years[2].work",
    ] {
        assert!(mistakes.iter().any(|mistake| mistake.contains(told)), "{told}: {mistakes:#?}");
    }
    assert!(mistakes.iter().any(|mistake| mistake.starts_with("holidays.toml:4:")), "{mistakes:#?}");
}

#[test]
fn a_stage_says_whom_it_writes_to() {
    let copy = Copy::new();
    let file = copy.campaign("campaign.toml");
    let more = "days = 1\ntime = \"09:00\"\nworking_days = true\nto = [\"unit\", \"superior\"]\n\
                copy_to = [\"Leader@lvliang.example\"]\n";
    copy.change(&file, "days = 1\ntime = \"09:00\"\n", more);
    copy.change(
        &copy.campaign("units.csv"),
        "code,name,group,aliases,emails,phone,contact",
        "code,name,group,aliases,emails,phone,contact,superior",
    );
    copy.change(&copy.campaign("units.csv"), "0358-5550000,刘主任", "0358-5550000,刘主任,区政府办 <zfb@lishi.example>");
    let (_, campaigns) = load_campaigns(&copy.main()).unwrap();
    let stage = campaigns[0].reminders.last().unwrap();
    assert!(stage.working_days && stage.to_unit && stage.to_superior && !stage.also_on_holidays);
    assert_eq!(stage.copy_to, ["leader@lvliang.example"]);
    let readers = crate::judge::arrears::readers(&campaigns[0], &campaigns[0].roster.units()[0], stage);
    let told: Vec<_> = readers.iter().map(|reader| (reader.name.as_deref(), reader.address.as_str())).collect();
    assert_eq!(told, [(Some("区政府办"), "zfb@lishi.example"), (None, "leader@lvliang.example")]);

    copy.change(&copy.campaign("units.csv"), "区政府办 <zfb@lishi.example>", "999999");
    copy.change(&file, "= true\nto = [\"unit\", \"superior\"]", "= true\nto = [\"boss\"]");
    let mistakes = copy.mistakes();
    let line = line_of(&file, "to = [\"boss\"]");
    assert!(mistakes.iter().any(|told| told.contains("\"999999\" is no unit's code")), "{mistakes:#?}");
    assert!(mistakes.iter().any(|told| told.contains(&format!("campaign.toml:{line}:"))), "{mistakes:#?}");
}

#[test]
fn the_final_report_follows_the_deadline_and_need_not_be_named() {
    let line = "final_report = { days_after = 1, time = \"08:00\" }\n";
    let moment = |copy: &Copy| load(&copy.main()).unwrap().campaigns[0].final_moment().map(|moment| moment.to_string());
    let copy = Copy::new();
    copy.change(&copy.campaign("campaign.toml"), line, "");
    assert_eq!(moment(&copy).as_deref(), Some("2021-08-11 08:00:00 +08:00"), "the first digest after the deadline");
    copy.change(&copy.campaign("campaign.toml"), "digest_times = [\"08:00\"]", "digest_times = []");
    assert_eq!(moment(&copy), None, "an office without digests wants none");
    let copy = Copy::new();
    copy.change(&copy.campaign("campaign.toml"), "days_after = 1", "days_after = 4");
    assert_eq!(moment(&copy).as_deref(), Some("2021-08-16 08:00:00 +08:00"), "not on a Saturday");
    copy.change(&copy.campaign("campaign.toml"), "days_after = 4", "days_after = 30");
    let warnings: Vec<String> = load(&copy.main()).unwrap().warnings.iter().map(ToString::to_string).collect();
    assert!(warnings.iter().any(|warning| warning.contains("after last_digest (2021-08-20)")), "{warnings:#?}");
}

#[test]
fn a_final_report_before_the_deadline_or_half_said_is_a_mistake() {
    for (written, told) in [
        ("{ days_after = 0, time = \"17:00\" }", "before the deadline"),
        ("{ days_after = 1 }", "is missing"),
        ("{ time = \"08:00\" }", "is missing"),
        ("\"08:00\"", "must say the day and the time"),
    ] {
        let copy = Copy::new();
        copy.change(&copy.campaign("campaign.toml"), "{ days_after = 1, time = \"08:00\" }", written);
        let mistakes = copy.mistakes();
        assert!(
            mistakes.iter().any(|mistake| mistake.contains("final_report") && mistake.contains(told)),
            "{mistakes:#?}"
        );
    }
}
