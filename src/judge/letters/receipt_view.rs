//! The receipt in the words its templates use.

use chrono::{DateTime, FixedOffset};
use serde::Serialize;

use super::corrections::Enclosed;
use super::receipt::{FileFacts, ItemFacts, Outcome, ReceiptFacts};
use super::remarks::{MOST_REMARKS, Remark, Weight, told};
use super::table::{ReportView, TableView, report, table};
use super::words::{Due, Office, due_of, local, moment, office, short_moment, size, within_title_marks};
use crate::judge::changes::Change;
use crate::model::campaign::Campaign;
use crate::model::decision::Role;
use crate::model::form::{FindingCode, Severity};
use crate::model::ledger::ItemStatus;
use crate::model::returns::{Finding, Item};

impl ReceiptFacts {
    /// The facts in the words the templates use.
    pub(super) fn view(&self, campaign: &Campaign, now: DateTime<FixedOffset>) -> ReceiptView {
        let shows_visible = self.tables.iter().any(|facts| !facts.table.hidden);
        let titles = |wanted: &[&str]| -> Vec<String> {
            let standing = self.items.iter().filter(|item| wanted.contains(&item.tone()));
            standing.map(|item| campaign.item_title(item.item).to_owned()).collect()
        };
        let (missing, to_correct) = (titles(&["owed"]), titles(&["mend"]));
        let owes = !missing.is_empty() || !to_correct.is_empty();
        let remarks = self.remarks(owes);
        let weighing = |weight: Weight| -> Vec<Remark> {
            remarks.iter().filter(|remark| remark.weight == weight).take(MOST_REMARKS).cloned().collect()
        };
        ReceiptView {
            office: office(campaign, now),
            due: due_of(campaign, self.extended_until, now),
            unit: self.unit.clone(),
            received: moment(local(campaign, self.received_at)),
            subject: within_title_marks(&self.subject),
            thought_because: self.thought_because.clone(),
            files: self.files.iter().map(|file| file.view(campaign, owes)).collect(),
            more_files: self.more_files,
            by_person: self.says_that_the_office_looks(),
            tables: self
                .tables
                .iter()
                .map(|facts| TableView {
                    // A hidden sheet counts where it is the only one.
                    hidden: facts.table.hidden && shows_visible,
                    ..table(&campaign.form, &facts.table, &facts.file, facts.rows)
                })
                .collect(),
            reports: self.reports.iter().map(|facts| report(&facts.report, &facts.file)).collect(),
            mend: weighing(Weight::Mend),
            office_remarks: weighing(Weight::Office),
            hints: weighing(Weight::Hint),
            items: self.items.iter().map(|item| item.view(campaign)).collect(),
            missing,
            to_correct,
            in_review: titles(&["wait"]),
            done: titles(&["good"]),
            late: self.items.iter().any(|item| item.late),
            replaces: self.items.iter().any(|item| matches!(item.outcome, Outcome::Replaced(_))),
            mail: self.mail.short().to_owned(),
            enclosed: self.enclosed.clone(),
        }
    }

    /// All that is remarked, the files that keep the unit from having sent what it owes before the figures.
    fn remarks(&self, owes: bool) -> Vec<Remark> {
        let of_files = self.files.iter().filter(|_| owes).flat_map(|file| {
            let remark = |text: &String| Remark { place: file.name.clone(), text: text.clone(), weight: Weight::Mend };
            file.mend.iter().map(remark)
        });
        let of_tables =
            self.tables.iter().flat_map(|facts| self.told_of(facts).map(|finding| Remark::new(&facts.file, finding)));
        let of_reports = self.reports.iter().flat_map(|facts| {
            let remark = |finding: &Finding| Remark::new(&facts.file, finding);
            // That it is a scan is said where it is shown.
            let is_shown =
                |finding: &&Finding| finding.code == FindingCode::ScanOnly && finding.severity == Severity::Warning;
            told(&facts.report.findings).filter(move |finding| !is_shown(finding)).map(remark)
        });
        of_files.chain(of_tables).chain(of_reports).collect()
    }
}

/// What `ack.txt` and `ack.html` see.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct ReceiptView {
    office: Office,
    due: Due,
    unit: String,
    received: String,
    subject: String,
    thought_because: Vec<String>,
    files: Vec<FileView>,
    more_files: usize,
    by_person: bool,
    tables: Vec<TableView>,
    reports: Vec<ReportView>,
    mend: Vec<Remark>,
    office_remarks: Vec<Remark>,
    hints: Vec<Remark>,
    items: Vec<ItemView>,
    missing: Vec<String>,
    to_correct: Vec<String>,
    in_review: Vec<String>,
    done: Vec<String>,
    late: bool,
    replaces: bool,
    mail: String,
    enclosed: Vec<Enclosed>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct FileView {
    name: String,
    taken_as: String,
    /// Empty for what is no file.
    size: String,
    /// Likewise.
    sha256: String,
    notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct ItemView {
    pub(super) title: String,
    /// Told by colour in the HTML: `good`, `mend` (to correct), `wait` (the office looks), `owed` (has not come).
    tone: &'static str,
    status: &'static str,
    /// What this mail did, as a sentence; may be empty.
    told: String,
    /// Whether it took the place of an earlier one.
    replaced: bool,
    changes: Vec<Change>,
}

impl FileFacts {
    /// `owes`: what must be mended is told above, among the problems.
    fn view(&self, campaign: &Campaign, owes: bool) -> FileView {
        let beside = if owes { &[] } else { self.mend.as_slice() };
        let titles: Vec<&str> = self.items.iter().map(|item| campaign.item_title(*item)).collect();
        let taken_as = match self.role {
            _ if !titles.is_empty() => titles.join("、"),
            Role::Table => campaign.item_title(Item::Table).to_owned(),
            Role::Report => campaign.item_title(Item::Report).to_owned(),
            Role::Attachment | Role::Inline => "附件".to_owned(),
            Role::CloudLink => "网盘链接（未下载）".to_owned(),
            Role::Unopened => "未能打开".to_owned(),
        };
        FileView {
            name: self.name.clone(),
            taken_as,
            size: self.size.map(size).unwrap_or_default(),
            sha256: self.sha256.as_ref().map(|digest| digest.as_str().to_owned()).unwrap_or_default(),
            notes: beside.iter().chain(&self.notes).cloned().collect(),
        }
    }
}

impl ItemFacts {
    /// How the item stands, as one of four words that the templates colour.
    pub(super) fn tone(&self) -> &'static str {
        match self.status {
            ItemStatus::Accepted | ItemStatus::Waived => "good",
            ItemStatus::NeedsCorrection => "mend",
            ItemStatus::NeedsReview => "wait",
            ItemStatus::Missing if self.outcome == Outcome::Pending => "wait",
            ItemStatus::Missing => "owed",
        }
    }

    pub(super) fn view(&self, campaign: &Campaign) -> ItemView {
        let status = match self.status {
            ItemStatus::Accepted => "已收到，登记有效",
            ItemStatus::NeedsCorrection => "已收到，需更正",
            ItemStatus::NeedsReview => "已收到，已转工作人员核对",
            ItemStatus::Waived => "免报",
            ItemStatus::Missing if self.outcome == Outcome::Pending => "已转工作人员核对",
            ItemStatus::Missing => "尚未收到",
        };
        let at = |moment: DateTime<FixedOffset>| short_moment(local(campaign, moment));
        let told = match &self.outcome {
            Outcome::Absent | Outcome::New | Outcome::Pending => String::new(),
            Outcome::Replaced(old) if self.incomparable => {
                format!("替换贵单位{}报送的版本（其中数字未能读取，不作比较）。", at(*old))
            }
            Outcome::Replaced(old) if self.item == Item::Table && self.changes.is_empty() => {
                format!("替换贵单位{}报送的版本，各项合计数字未变。", at(*old))
            }
            Outcome::Replaced(old) => format!("替换贵单位{}报送的版本。", at(*old)),
            Outcome::Unchanged(standing) => {
                format!("本次所附未改变已登记的内容，仍以贵单位{}报送的为准。", at(*standing))
            }
        };
        ItemView {
            title: campaign.item_title(self.item).to_owned(),
            tone: self.tone(),
            status,
            told,
            replaced: matches!(self.outcome, Outcome::Replaced(_)),
            changes: self.changes.clone(),
        }
    }
}
