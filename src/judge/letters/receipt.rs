//! The receipt (回执): what came, as what it was taken, what is wrong, what is still owed.

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use super::answer::{AnswerFacts, Word};
use super::corrections::Enclosed;
use super::remarks::{MOST_REMARKS, about_file};
use super::table::MOST_ROWS;
use super::words::clean;
use crate::judge::changes::{self, Change};
use crate::judge::progress;
use crate::model::campaign::Campaign;
use crate::model::decision::{Certainty, Role, Understanding};
use crate::model::form::Form;
use crate::model::ledger::{ItemLedger, ItemStatus, StandingFiling, UnitLedger};
use crate::model::mail::{Digest, Mail, Piece};
use crate::model::returns::{Item, ReportReturn, TableReturn};
use crate::model::unit::Unit;

/// Files a receipt lists at most; a mail may hold an archive of thousands.
const MOST_FILES: usize = 40;
/// Tables and reports a receipt shows at most, each.
const MOST_RETURNS: usize = 6;

/// What one receipt tells; kept in the outbox as JSON until the letter is sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReceiptFacts {
    pub(super) unit: String,
    pub(super) mail: Digest,
    pub(super) received_at: DateTime<FixedOffset>,
    pub(super) subject: String,
    /// Why the mail is thought to be the unit's; empty where it is certain.
    pub(super) thought_because: Vec<String>,
    pub(super) files: Vec<FileFacts>,
    pub(super) more_files: usize,
    pub(super) tables: Vec<TableFacts>,
    pub(super) reports: Vec<ReportFacts>,
    pub(super) items: Vec<ItemFacts>,
    /// The tables that go with it: made when it is sent, and not kept.
    #[serde(skip)]
    pub(super) enclosed: Vec<Enclosed>,
    /// The unit's own deadline, where the office gave it one.
    #[serde(default)]
    pub(super) extended_until: Option<DateTime<FixedOffset>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct FileFacts {
    pub(super) name: String,
    pub(super) role: Role,
    /// The items that were read from it.
    pub(super) items: Vec<Item>,
    /// In octets; nothing is said of one that is no file, such as the mail's own text.
    pub(super) size: Option<u64>,
    pub(super) sha256: Option<Digest>,
    /// What the unit must do about it.
    #[serde(default)]
    pub(super) mend: Vec<String>,
    pub(super) notes: Vec<String>,
    pub(super) by_person: bool,
}

impl FileFacts {
    /// Of a mail in which nothing was recognised, a person finds out what each file is.
    fn is_looked_at(&mut self) {
        self.by_person = true;
        self.notes.push("未识别出应报送的材料，已转工作人员核对。".to_owned());
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct TableFacts {
    pub(super) file: String,
    /// How many rows there were before the list was cut.
    pub(super) rows: usize,
    pub(super) table: TableReturn,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ReportFacts {
    pub(super) file: String,
    pub(super) report: ReportReturn,
}

/// One item the unit owes, after this mail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ItemFacts {
    pub(super) item: Item,
    pub(super) status: ItemStatus,
    pub(super) outcome: Outcome,
    pub(super) late: bool,
    pub(super) changes: Vec<Change>,
    /// The figures of the table it replaces were never read, so there is nothing to compare.
    #[serde(default)]
    pub(super) incomparable: bool,
}

/// What this mail did to an item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// The mail does not hold it.
    Absent,
    /// Came for the first time.
    New,
    /// Takes the place of what came at that time.
    Replaced(DateTime<FixedOffset>),
    /// Came, but what was filed at that time stands unchanged: the same again, or not taken without a person.
    Unchanged(DateTime<FixedOffset>),
    /// Came, but nothing was filed: a person looks at it.
    Pending,
}

impl ReceiptFacts {
    /// The facts for one mail of one unit, with the unit's ledger just before and after it was recorded.
    #[must_use]
    pub fn new(
        campaign: &Campaign,
        understanding: &Understanding,
        unit: &Unit,
        ledger_before: &UnitLedger,
        ledger_after: &UnitLedger,
        received_at: DateTime<FixedOffset>,
    ) -> Self {
        let mail = &understanding.mail;
        let is_own = |table: &&TableReturn| table.unit.as_ref().is_none_or(|code| code == &unit.code);
        let mut files = files(understanding);
        let more_files = files.len().saturating_sub(MOST_FILES);
        files.truncate(MOST_FILES);
        let tables = understanding.tables.iter().filter(is_own).take(MOST_RETURNS).map(|table| TableFacts {
            file: name_of(mail, &table.piece),
            rows: table.rows.len(),
            table: shortened(table),
        });
        let reports = understanding.reports.iter().take(MOST_RETURNS);
        let reports = reports.map(|report| ReportFacts { file: name_of(mail, &report.piece), report: report.clone() });
        let contains = |item| match item {
            Item::Table => understanding.tables.iter().any(|table| is_own(&table)),
            Item::Report => !understanding.reports.is_empty(),
        };
        let empty = ItemLedger::default();
        let item = |item: Item| {
            let before = ledger_before.items.get(&item).unwrap_or(&empty);
            let after = ledger_after.items.get(&item).unwrap_or(&empty);
            let deadline = progress::deadline_of(campaign, ledger_after);
            item_facts(&campaign.form, (item, deadline), &mail.sha256, contains(item), before, after)
        };
        Self {
            unit: clean(&unit.name, 60),
            mail: mail.sha256.clone(),
            received_at,
            subject: clean(mail.headers.subject.as_deref().unwrap_or_default(), 120),
            thought_because: thought_because(understanding, unit),
            more_files,
            files,
            tables: tables.collect(),
            reports: reports.collect(),
            items: campaign.items.iter().map(|due| item(due.item)).collect(),
            enclosed: Vec::new(),
            extended_until: ledger_after.extended_until,
        }
    }
}

impl ReceiptFacts {
    /// The word that this receipt holds no more. It names no unit: whose the mail is may be open again.
    #[must_use]
    pub fn withdrawn(self) -> AnswerFacts {
        AnswerFacts {
            unit: String::new(),
            mail: self.mail,
            received_at: self.received_at,
            subject: self.subject,
            word: Word::Withdrawn,
            items: Vec::new(),
            changes: Vec::new(),
        }
    }

    /// Whether a person of the office looks at one of the files.
    #[must_use]
    pub fn says_that_the_office_looks(&self) -> bool {
        self.files.iter().any(|file| file.by_person)
    }

    /// The mail it is about.
    #[must_use]
    pub fn mail(&self) -> &Digest {
        &self.mail
    }

    /// Whose mail it is.
    #[must_use]
    pub fn unit_name(&self) -> &str {
        &self.unit
    }
}

fn thought_because(understanding: &Understanding, unit: &Unit) -> Vec<String> {
    match &understanding.unit {
        Some(claim) if claim.code == unit.code && claim.certainty == Certainty::Probable => {
            claim.evidence.iter().take(4).map(|evidence| clean(&evidence.text, 120)).collect()
        }
        _ => Vec::new(),
    }
}

/// The pieces a sender knows as files: no signature's pictures, no archive whose members are listed. What closes an
/// archive and all that lies in it is said once, of the archive.
fn files(understanding: &Understanding) -> Vec<FileFacts> {
    let mail = &understanding.mail;
    let role_of = |path: &str| understanding.roles.iter().find(|(of, _)| of == path).map(|(_, role)| *role);
    let items_in = |path: &str| -> Vec<Item> {
        let table = understanding.tables.iter().any(|table| table.piece == path);
        let report = understanding.reports.iter().any(|report| report.piece == path);
        [(table, Item::Table), (report, Item::Report)].into_iter().filter(|(is, _)| *is).map(|(_, item)| item).collect()
    };
    let mut files = Vec::new();
    let in_body = items_in("body");
    if !in_body.is_empty() {
        files.push(FileFacts {
            name: "邮件正文".to_owned(),
            role: Role::Attachment,
            items: in_body,
            size: None,
            sha256: None,
            mend: Vec::new(),
            notes: Vec::new(),
            by_person: false,
        });
    }
    for piece in &mail.pieces {
        let role = role_of(&piece.path).unwrap_or(Role::Attachment);
        let is_told_by_archive = holder_of(mail, piece).is_some_and(|archive| is_closed_with_all_in_it(mail, archive));
        if role == Role::Inline || only_wraps(mail, piece) || is_told_by_archive {
            continue;
        }
        let about = about_file(piece, role);
        let came = role != Role::CloudLink;
        files.push(FileFacts {
            name: shown_name(mail, piece),
            role,
            items: items_in(&piece.path),
            size: came.then_some(piece.size),
            sha256: came.then(|| piece.sha256.clone()),
            mend: about.mend,
            notes: about.notes,
            by_person: about.by_person,
        });
    }
    let is_explained = |file: &FileFacts| !file.items.is_empty() || !file.mend.is_empty() || file.by_person;
    if !files.iter().any(is_explained) {
        files.iter_mut().filter(|file| file.role == Role::Attachment).for_each(FileFacts::is_looked_at);
    }
    files
}

fn holder_of<'a>(mail: &'a Mail, piece: &Piece) -> Option<&'a Piece> {
    let path = piece.inside.as_deref()?;
    mail.pieces.iter().find(|holder| holder.path == path)
}

fn members<'a>(mail: &'a Mail, archive: &'a Piece) -> impl Iterator<Item = &'a Piece> {
    mail.pieces.iter().filter(|piece| piece.inside.as_deref() == Some(&archive.path))
}

/// Whether one reason, in the same words, closes an archive and whatever it holds.
fn is_closed_with_all_in_it(mail: &Mail, archive: &Piece) -> bool {
    !archive.oddities.is_empty() && members(mail, archive).all(|member| member.oddities == archive.oddities)
}

/// Whether nothing is to be said of an archive that is not said of what lies in it.
fn only_wraps(mail: &Mail, archive: &Piece) -> bool {
    let is_said = |oddity| members(mail, archive).any(|member| member.oddities.contains(oddity));
    members(mail, archive).next().is_some()
        && archive.oddities.iter().all(is_said)
        && !is_closed_with_all_in_it(mail, archive)
}

fn shown_name(mail: &Mail, piece: &Piece) -> String {
    let name =
        if piece.name.trim().is_empty() { format!("未命名文件{}", piece.path) } else { clean(&piece.name, 80) };
    match holder_of(mail, piece).map(|holder| clean(&holder.name, 60)).filter(|holder| !holder.is_empty()) {
        Some(holder) => format!("{name}（在“{holder}”内）"),
        None => name,
    }
}

fn name_of(mail: &Mail, path: &str) -> String {
    if path == "body" {
        return "邮件正文".to_owned();
    }
    mail.pieces
        .iter()
        .find(|piece| piece.path == path)
        .map_or_else(|| "附件".to_owned(), |piece| shown_name(mail, piece))
}

/// The table as far as a letter shows it, so that a sheet of ten thousand rows does not lie in the outbox.
fn shortened(table: &TableReturn) -> TableReturn {
    let mut short = table.clone();
    short.rows.truncate(MOST_ROWS);
    short.findings.truncate(MOST_REMARKS * 2);
    short
}

fn item_facts(
    form: &Form,
    (item, deadline): (Item, DateTime<FixedOffset>),
    mail: &Digest,
    contained: bool,
    before: &ItemLedger,
    after: &ItemLedger,
) -> ItemFacts {
    let stands = after.current.as_ref().filter(|standing| &standing.mail == mail);
    let replaced = before.current.as_ref().filter(|standing| &standing.mail != mail);
    let outcome = match (stands, replaced) {
        (Some(_), Some(old)) => Outcome::Replaced(old.filing.received_at),
        (Some(_), None) => Outcome::New,
        (None, _) if !contained => Outcome::Absent,
        (None, _) => match &after.current {
            Some(standing) => Outcome::Unchanged(standing.filing.received_at),
            None => Outcome::Pending,
        },
    };
    let late = matches!(outcome, Outcome::New) && after.first_received_at.is_some_and(|at| at > deadline);
    let totals = |standing: Option<&'_ StandingFiling>| standing.and_then(|standing| standing.filing.totals.clone());
    let replaces = matches!(outcome, Outcome::Replaced(_));
    let before = totals(replaced).filter(|_| replaces);
    let incomparable = replaces && item == Item::Table && before.is_none();
    let changes =
        before.map(|before| changes::of_totals(form, Some(&before), totals(stands).as_ref())).unwrap_or_default();
    ItemFacts { item, status: after.status(), outcome, late, changes, incomparable }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::demo::build::mime::Draft;
    use crate::demo::build::mimicry::Dialect;
    use crate::judge::register::Register;
    use crate::judge::understand::understand;
    use crate::read::{self, Limits};

    /// The files of a mail with this archive, each with how many notes there are about it.
    fn told(archive: &[u8]) -> Vec<(String, usize)> {
        let at = DateTime::parse_from_rfc3339("2021-08-05T09:00:00+08:00").unwrap();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/campaigns/2021-bayi");
        let campaign = crate::config::load_campaign(&folder, *at.offset()).unwrap();
        let register = Register::new(vec![campaign], Vec::new());
        let draft = Draft::new(Dialect::Qq, ("", "xingxian@gov.example"), "office@163.example", at);
        let mail = read::open(&draft.attach("材料", archive.to_vec()).bytes(), &Limits::default());
        files(&understand(mail, &register, &crate::model::hints::Hints::default()))
            .into_iter()
            .map(|file| (file.name, file.mend.len() + file.notes.len()))
            .collect()
    }

    #[test]
    fn one_reason_that_closes_an_archive_and_all_in_it_is_one_line() {
        let closed = include_bytes!("../../../tests/cases/container-7z-protected/离石区材料.7z");
        assert_eq!(told(closed), [("材料".to_owned(), 1)]);
        let bomb = include_bytes!("../../../tests/cases/container-bomb-in-7z/bomb.7z");
        assert_eq!(told(bomb), [("材料".to_owned(), 1)]);
    }

    #[test]
    fn one_closed_member_among_others_is_named_and_its_archive_is_not() {
        let closed = include_bytes!("../../../tests/cases/container-zip-protected/离石区材料.zip");
        let one = |name: &str| format!("{name}（在“材料”内）");
        assert_eq!(told(closed), [(one("离石区统计表.xlsx"), 1), (one("说明.txt"), 0)]);
    }

    #[test]
    fn what_an_archive_lacks_is_said_of_it_beside_what_is_broken_in_it() {
        let cut = include_bytes!("../../../tests/cases/container-zip-cut-off/离石区材料.zip");
        let told = told(cut);
        assert_eq!(told.first(), Some(&("材料".to_owned(), 1)));
        assert!(told.len() > 1, "{told:?}");
    }
}
