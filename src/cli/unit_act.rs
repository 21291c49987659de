//! `unit waive`, `extend`, `teach`, `record`: a person's word on a unit, and a return entered by hand.

use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime};

use super::history::one_line;
use super::review_act::{self, WordArgs, no_such_unit, said};
use super::review_evidence::weighed;
use super::setup::{self, Call};
use super::{Failure, person};
use crate::config::Config;
use crate::judge::names::NameBook;
use crate::model::campaign::Campaign;
use crate::model::decision::{Reading, Returned};
use crate::model::mail::Address;
use crate::model::returns::{Finding, Item};
use crate::model::unit::{Unit, UnitCode};
use crate::store::Store;
use crate::work::entry::{self, Entered, LONGEST_NOTE, Paper};
use crate::work::review::Person;
use crate::work::unit_words::{self, Lesson};

/// Largest file that is entered, in octets: what the reading processes open.
const LARGEST: u64 = 64 << 20;

/// Which unit of which campaign.
pub(super) struct Whose<'a> {
    pub config: &'a Config,
    pub campaign: &'a Campaign,
    pub unit: &'a Unit,
}

impl<'a> Whose<'a> {
    pub fn of(
        config: &'a Config,
        campaign: Option<&str>,
        code: &str,
        now: DateTime<FixedOffset>,
    ) -> Result<Self, Failure> {
        let campaign = setup::campaign_now(&config.campaigns, campaign, now)?;
        let code = UnitCode::new(code);
        let unit = campaign.roster.unit(&code).ok_or_else(|| no_such_unit(&code, campaign))?;
        Ok(Self { config, campaign, unit })
    }
}

/// The unit need not file this item.
pub(super) async fn waive(
    call: &Call,
    whose: &Whose<'_>,
    item: Item,
    reason: &str,
    word: &WordArgs,
) -> Result<(), Failure> {
    let reason = said("--reason", "say why the unit need not file it", reason)?;
    let title = whose.campaign.item_title(item);
    let told = format!("{title}：免报（{reason}）");
    on_store(call, whose, word, &told, async |store, person| {
        Ok(unit_words::waive(store, whose.campaign, whose.unit, item, &reason, person).await?)
    })
    .await
}

/// The unit has more time.
pub(super) async fn extend(
    call: &Call,
    whose: &Whose<'_>,
    until: &str,
    reason: &str,
    word: &WordArgs,
) -> Result<(), Failure> {
    let reason = said("--reason", "say why the unit has more time", reason)?;
    let until = moment(until, *whose.campaign.deadline.offset())?;
    let told = format!("报送期限延至 {}（{reason}）", until.format("%Y-%m-%d %H:%M"));
    on_store(call, whose, word, &told, async |store, person| {
        Ok(unit_words::extend(store, whose.campaign, whose.unit, until, &reason, person).await?)
    })
    .await
}

/// A moment, or a day that is included to its end.
fn moment(text: &str, offset: FixedOffset) -> Result<DateTime<FixedOffset>, Failure> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Ok(moment.with_timezone(&offset));
    }
    let last = NaiveTime::from_hms_opt(23, 59, 59).unwrap_or_default();
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    let moment = day.and_then(|day| day.and_time(last).and_local_timezone(offset).single());
    moment.ok_or_else(|| {
        let text = one_line(text);
        Failure::Wrong(format!("--until: {text} is neither a day (2021-08-15, included) nor a moment (RFC 3339)"))
    })
}

/// The unit is known by this address or name.
pub(super) async fn teach(call: &Call, whose: &Whose<'_>, lesson: Lesson, word: &WordArgs) -> Result<(), Failure> {
    let lesson = match lesson {
        Lesson::Address(address) => Lesson::Address(said("--address", "give an address", &address)?),
        Lesson::Name(name) => Lesson::Name(said("--name", "give a short name", &name)?),
    };
    let told = match &lesson {
        Lesson::Address(address) => format!("已记住邮箱 {address}"),
        Lesson::Name(name) => format!("已记住“{name}”指该单位"),
    };
    let register = setup::register(whose.config);
    on_store(call, whose, word, &told, async |store, person| {
        Ok(unit_words::teach(store, &register, whose.campaign, whose.unit, &lesson, person).await?)
    })
    .await
}

/// Does what needs the store alone, and says what was done and how it is taken back.
async fn on_store(
    call: &Call,
    whose: &Whose<'_>,
    word: &WordArgs,
    told: &str,
    act: impl AsyncFn(&Store, Person<'_>) -> Result<i64, Failure>,
) -> Result<(), Failure> {
    let name = person::name(word.by.name.as_deref())?;
    let store = Store::open(&whose.config.storage_dir, whose.config.offset).await?;
    let person = Person { name: &name, now: call.clock().now(whose.config.offset), quiet: word.quiet };
    let done = act(&store, person).await;
    store.close().await;
    let number = done?;
    println!("{} {}　{told}", whose.unit.code, whose.unit.name);
    println!("  撤销本操作：mailtally review undo {number}");
    Ok(())
}

/// What is entered by hand.
pub(super) struct Given<'a> {
    pub table: Option<&'a Path>,
    pub report: Option<&'a Path>,
    pub note: &'a str,
    pub received_at: Option<DateTime<FixedOffset>>,
}

/// A return on paper or by fax.
pub(super) async fn record(call: &Call, whose: &Whose<'_>, given: &Given<'_>, word: &WordArgs) -> Result<(), Failure> {
    let note = said("--note", "say how it came and where the paper is", given.note)?;
    if note.chars().count() > LONGEST_NOTE {
        return Err(Failure::Wrong(format!("--note: at most {LONGEST_NOTE} characters")));
    }
    let mut files = Vec::new();
    for (item, option, path) in [(Item::Table, "--table", given.table), (Item::Report, "--report", given.report)] {
        let Some(path) = path else { continue };
        if !whose.campaign.asks_for(item) {
            return Err(Failure::Wrong(format!("{option}: the campaign {} asks for none", whose.campaign.id)));
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        files.push((item, name, contents(option, path)?));
    }
    if files.is_empty() {
        return Err(Failure::Wrong("what was filed? Give --table FILE, --report FILE or both".to_owned()));
    }
    let name = person::name(word.by.name.as_deref())?;
    let desk = setup::desk(whose.config).await?;
    let now = call.clock().now(whose.config.offset);
    let person = Person { name: &name, now, quiet: word.quiet };
    let received_at = given.received_at.map_or(now, |at| at.with_timezone(now.offset()));
    let paper = Paper { files, note, received_at, office: office(whose) };
    let entered = entry::record(&desk, whose.campaign, whose.unit, &paper, person).await;
    desk.store.close().await;
    tell(whose, &entered?)
}

/// The address an entry is from and to.
fn office(whose: &Whose<'_>) -> Address {
    let campaign = || Address { name: None, address: whose.campaign.contact.email.clone() };
    whose.config.smtp.as_ref().map_or_else(campaign, |smtp| smtp.from.clone())
}

fn contents(option: &str, path: &Path) -> Result<Vec<u8>, Failure> {
    let wrong = |why: String| Failure::Wrong(format!("{option}: {}: {why}", path.display()));
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| wrong(error.to_string()))?;
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| wrong(error.to_string()))?;
    if u64::try_from(bytes.len()).is_ok_and(|size| size > LARGEST) {
        return Err(wrong(format!("more than {} MB", LARGEST >> 20)));
    }
    if bytes.is_empty() {
        return Err(wrong("the file is empty".to_owned()));
    }
    Ok(bytes)
}

fn tell(whose: &Whose<'_>, entered: &Entered) -> Result<(), Failure> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    writeln!(out, "{} {}　已登记，邮件编号 {}", whose.unit.code, whose.unit.name, entered.mail.short())?;
    review_act::results(&mut out, whose.config, &entered.acted, None)?;
    for reading in &entered.readings {
        for finding in findings(reading) {
            let place = finding.cell.as_deref().map(|cell| format!("{} ", one_line(cell))).unwrap_or_default();
            writeln!(out, "  附件 {} {place}{}", reading.piece, weighed(finding))?;
        }
        if let Some(written) = anothers_name(reading, whose) {
            let name = &whose.unit.name;
            writeln!(
                out,
                "  附件 {} 注意：填报单位写的是“{}”，不是{name}，录错了请撤销",
                reading.piece,
                one_line(written)
            )?;
        }
    }
    writeln!(out, "  撤销本操作：mailtally review undo {}", entered.acted.act)?;
    out.flush()?;
    Ok(())
}

/// What stands in the unit's cell, where that is not this unit: the word of whoever enters it counts, but a wrong file is
/// soon picked.
fn anothers_name<'r>(reading: &'r Reading, whose: &Whose<'_>) -> Option<&'r str> {
    let Returned::Table(table) = &reading.returned else { return None };
    let written = table.unit_name.as_deref()?;
    let names = NameBook::new(&whose.campaign.roster);
    (names.whole(written).single() != Some(&whose.unit.code)).then_some(written)
}

fn findings(reading: &Reading) -> &[Finding] {
    match &reading.returned {
        Returned::Table(table) => &table.findings,
        Returned::Report(report) => &report.findings,
    }
}

/// The files of an entry as arguments.
#[derive(clap::Args)]
pub(super) struct RecordArgs {
    /// The table, typed in from the paper
    #[arg(long, value_name = "FILE")]
    pub table: Option<PathBuf>,
    /// The report, scanned or typed in
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// How it came, and where the paper is
    #[arg(long, value_name = "TEXT")]
    pub note: String,
    /// When it came [default: now]
    #[arg(long, value_name = "RFC3339", value_parser = DateTime::parse_from_rfc3339)]
    pub received_at: Option<DateTime<FixedOffset>>,
}
