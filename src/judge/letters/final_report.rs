//! The final report (终报): what the collection came to, after its deadline.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset};
use serde::Serialize;

use super::digest::{DigestFacts, counted};
use super::labels::letter_kind;
use super::table::sums;
use super::words::{clean, local, month_day, short_moment};
use crate::judge::course::is_done;
use crate::judge::progress::sum_totals;
use crate::model::campaign::Campaign;
use crate::model::ledger::UnitStatus;
use crate::model::letter::{Enclosure, LetterKind};
use crate::model::standing::{
    ByHandLine, Closing, DigestInput, LateLine, PersonsAct, ReplacedLine, UnitStanding, WaivedLine,
};
use crate::model::unit::UnitCode;

/// The words used where a campaign has none of its own: `final.txt` and `final.html` in its folder.
pub(super) const TEXT: &str = include_str!("final.txt");
pub(super) const HTML: &str = include_str!("final.html");

/// What `final.txt` and `final.html` see: all of a digest, and what only the end of a collection knows. Made and sent in
/// one go, so never kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FinalFacts {
    #[serde(flatten)]
    digest: DigestFacts,
    by_group: Vec<GroupResult>,
    late_units: Vec<Told>,
    waived: Vec<Told>,
    by_hand: Vec<Told>,
    replaced: Vec<Told>,
    acts: Vec<Number>,
    letters: Vec<Number>,
    /// How what comes later is told.
    afterwards: String,
}

/// A group's result; the last line is that of all.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct GroupResult {
    name: String,
    total: usize,
    done: usize,
    /// Something came, not all is well.
    started: usize,
    missing: usize,
    late: usize,
    /// The costs in 元; empty where the form has none or they cannot be added up.
    yuan: String,
    wan: String,
    all: bool,
}

/// A unit, and what there is to say of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Told {
    name: String,
    words: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Number {
    label: &'static str,
    number: u64,
}

impl FinalFacts {
    #[must_use]
    pub fn new(campaign: &Campaign, input: &DigestInput, closing: &Closing) -> Self {
        let teller = Teller { campaign, input };
        Self {
            digest: DigestFacts::new(campaign, input),
            by_group: teller.by_group(),
            late_units: teller.late(&closing.late),
            waived: closing.waived.iter().map(|line| teller.waived(line)).collect(),
            by_hand: closing.by_hand.iter().map(|line| teller.by_hand(line)).collect(),
            replaced: closing.replaced.iter().map(|line| teller.replaced(line)).collect(),
            acts: closing.acts.iter().map(|(act, count)| Number { label: said(*act), number: *count as u64 }).collect(),
            letters: letters(&closing.letters),
            afterwards: afterwards(campaign, local(campaign, input.standing.as_of)),
        }
    }

    pub(super) fn pictures(&self, html: &str) -> Vec<Enclosure> {
        self.digest.pictures(html)
    }
}

struct Teller<'a> {
    campaign: &'a Campaign,
    input: &'a DigestInput,
}

impl Teller<'_> {
    fn name(&self, code: &UnitCode) -> String {
        let unit = self.campaign.roster.unit(code);
        clean(unit.map_or(code.as_str(), |unit| &unit.name), 60)
    }

    fn by_group(&self) -> Vec<GroupResult> {
        let units = &self.input.standing.units;
        let groups = self.campaign.roster.groups();
        let of_group = |name: &str| -> Vec<&UnitStanding> { units.iter().filter(|of| of.unit.group == name).collect() };
        let mut results: Vec<GroupResult> =
            groups.iter().map(|name| self.result(clean(name, 20), &of_group(name), false)).collect();
        results.push(self.result("合计".to_owned(), &units.iter().collect::<Vec<_>>(), true));
        results
    }

    fn result(&self, name: String, units: &[&UnitStanding], all: bool) -> GroupResult {
        let count = |wanted: &dyn Fn(&UnitStanding) -> bool| units.iter().filter(|unit| wanted(unit)).count();
        let totals = sum_totals(self.campaign, units.iter().filter_map(|unit| unit.row.as_ref()));
        let of_group = counted(self.input).filter(|table| units.iter().any(|unit| unit.unit.code == table.unit));
        let rows: Vec<_> = of_group.flat_map(|table| table.table.rows.iter().cloned()).collect();
        let cost = sums(&self.campaign.form, &totals, &rows).into_iter().next();
        let missing = count(&|unit| unit.status == UnitStatus::Missing);
        let done = count(&|unit| is_done(unit.status));
        GroupResult {
            name,
            total: units.len(),
            done,
            started: units.len() - done - missing,
            missing,
            late: count(&|unit| unit.late),
            yuan: cost.as_ref().map(|cost| cost.yuan.clone()).unwrap_or_default(),
            wan: cost.map(|cost| cost.wan).unwrap_or_default(),
            all,
        }
    }

    /// One line a unit, its items behind each other.
    fn late(&self, lines: &[LateLine]) -> Vec<Told> {
        let mut told: Vec<(&UnitCode, Vec<String>)> = Vec::new();
        for line in lines {
            let received_at = local(self.campaign, line.received_at);
            let deadline = local(self.campaign, line.deadline);
            let by = match (received_at.date_naive() - deadline.date_naive()).num_days() {
                ..=0 => "当日逾时".to_owned(),
                days => format!("迟 {days} 天"),
            };
            let title = self.campaign.item_title(line.item);
            let words = format!("{title} {}（{by}）", short_moment(received_at));
            match told.last_mut().filter(|(unit, _)| *unit == &line.unit) {
                Some((_, all)) => all.push(words),
                None => told.push((&line.unit, vec![words])),
            }
        }
        told.into_iter().map(|(unit, words)| Told { name: self.name(unit), words: words.join("，") }).collect()
    }

    fn waived(&self, line: &WaivedLine) -> Told {
        let (title, reason) = (self.campaign.item_title(line.item), clean(&line.reason, 200));
        let by = clean(&line.by, 40);
        Told { name: self.name(&line.unit), words: format!("免报{title}。理由：{reason}（{by}登记）") }
    }

    fn by_hand(&self, line: &ByHandLine) -> Told {
        let titles: Vec<&str> = line.items.iter().map(|item| self.campaign.item_title(*item)).collect();
        let received_at = short_moment(local(self.campaign, line.received_at));
        let words = format!("{}，{received_at} 到（{}登记）", titles.join("、"), clean(&line.by, 40));
        Told { name: self.name(&line.unit), words }
    }

    fn replaced(&self, line: &ReplacedLine) -> Told {
        let title = self.campaign.item_title(line.item);
        Told { name: self.name(&line.unit), words: format!("{title}共报 {} 次", line.times) }
    }
}

fn letters(sent: &BTreeMap<LetterKind, u32>) -> Vec<Number> {
    let count = |kind: LetterKind| u64::from(sent.get(&kind).copied().unwrap_or(0));
    LetterKind::ALL.into_iter().map(|kind| Number { label: letter_kind(kind), number: count(kind) }).collect()
}

fn said(act: PersonsAct) -> &'static str {
    match act {
        PersonsAct::Assigned => "认定单位",
        PersonsAct::Accepted => "核定采用",
        PersonsAct::Returned => "退回更正",
        PersonsAct::Extended => "准予延期",
        PersonsAct::Undone => "撤销处理",
    }
}

/// Digests go on for some days, or nobody tells what comes.
fn afterwards(campaign: &Campaign, now: DateTime<FixedOffset>) -> String {
    let last = campaign.last_digest;
    if campaign.digest_times.is_empty() || last <= now.date_naive() {
        "此后到达的材料照常登记，但不再发送简报；可运行 mailtally status 查看，或运行 mailtally digest 另行生成简报。"
            .to_owned()
    } else {
        format!("此后到达的材料照常登记并计入汇总，由每日简报继续报告，至 {} 止。", month_day(last))
    }
}
