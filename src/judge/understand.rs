//! Everything one mail says, judged without knowing what was filed before: what `inspect` shows.

use std::collections::BTreeSet;

use super::clue::Sources;
use super::labels::read_lines;
use super::names::NameBook;
use super::nature::{self, Findings};
use super::register::{Entry, Register};
use super::report::{NoticeFacts, ReportSource, ReportVerdict, read_report, says_nothing_was_done};
use super::sender;
use super::tables::read_tables_among;
use super::unread;
use super::words::normalise;
use crate::model::campaign::Campaign;
use crate::model::decision::{Certainty, Claim, Evidence, EvidenceSource, Role, Understanding};
use crate::model::form::FindingCode;
use crate::model::grid::Document;
use crate::model::hints::{Hints, ReplyTo};
use crate::model::ledger::Nature;
use crate::model::mail::{Content, Kind, Mail, Oddity, OddityCode, Piece};
use crate::model::returns::{Finding, ReportReturn, TableReturn};
use crate::model::unit::Unit;

/// The piece path of a table or report that stands in the mail's own words.
pub const BODY: &str = "body";

/// What the pieces of a mail or a bare attachment hold for one campaign.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    pub roles: Vec<(String, Role)>,
    pub tables: Vec<TableReturn>,
    pub reports: Vec<ReportReturn>,
    /// Paths of pieces that are the campaign's own notice.
    pub notices: Vec<String>,
    /// What only the judge can say is odd about a piece, by its path: that the form in it was not read.
    pub unread: Vec<(String, Oddity)>,
}

/// Judges a mail against every campaign of the register and keeps the one it belongs to. `hints` are what the desk knows
/// beside the mail; without them (`inspect`) the mail speaks for itself.
#[must_use]
pub fn understand(mut mail: Mail, register: &Register, hints: &Hints) -> Understanding {
    let from_ourselves = mail.headers.from.first().is_some_and(|from| register.is_own(&from.address));
    let around = Around { hints, own_addresses: register.own_addresses(), from_ourselves };
    let mut all: Vec<Judged> = register.entries().iter().map(|entry| judge_for(&mail, entry, around)).collect();
    // Of equals the later campaign: offices add folders year by year.
    all.sort_by_key(|judged| judged.belongs);
    let Some(judged) = all.pop() else {
        let nature = nature::nature(&mail, Findings { from_ourselves, ..Findings::default() });
        let roles = mail.pieces.iter().map(|piece| (piece.path.clone(), role_unread(piece))).collect();
        return Understanding {
            mail,
            nature,
            campaign: None,
            roles,
            unit: None,
            candidates: Vec::new(),
            tables: Vec::new(),
            reports: Vec::new(),
        };
    };
    for other in &all {
        mail.oddities.extend(tables_of_another(other, &judged, &mail.pieces, register));
    }
    for (path, oddity) in judged.contents.unread {
        let piece = mail.pieces.iter_mut().find(|piece| piece.path == path);
        if let Some(piece) = piece.filter(|piece| !piece.has(oddity.code)) {
            piece.oddities.push(oddity);
        }
    }
    Understanding {
        mail,
        nature: judged.nature,
        campaign: (judged.belongs > 0).then_some(judged.campaign),
        roles: judged.contents.roles,
        unit: judged.recognition.unit,
        candidates: judged.recognition.candidates,
        tables: judged.contents.tables,
        reports: judged.contents.reports,
    }
}

/// One mail is filed for one collection. A file in which only another one's table was read is told, so that it is not
/// lost in the first.
fn tables_of_another(other: &Judged, taken: &Judged, pieces: &[Piece], register: &Register) -> Option<Oddity> {
    let read_as = |judged: &Judged, path: &str| judged.contents.tables.iter().any(|table| table.piece == path);
    let only_there = |table: &&TableReturn| !table.hidden && !read_as(taken, &table.piece);
    let table = other.contents.tables.iter().find(only_there).filter(|_| taken.belongs > 0)?;
    let title = |id: &str| register.campaign(id).map(|campaign| campaign.title.clone()).unwrap_or_default();
    let file =
        pieces.iter().find(|piece| piece.path == table.piece).map_or("邮件正文", |piece| piece.name.as_str());
    let text = format!(
        "“{file}”是另一项工作“{}”的报表，本邮件已按“{}”办理，该文件没有登记，请人工处理。",
        title(&other.campaign),
        title(&taken.campaign)
    );
    Some(Oddity::new(OddityCode::OtherCampaign, text))
}

/// The same mail as a person of the office reads it: a return of this unit, whatever spoke against it.
#[must_use]
pub fn assigned(mut understanding: Understanding, unit: &Unit) -> Understanding {
    understanding.nature = Nature::Submission;
    understanding.unit = Some(Claim {
        code: unit.code.clone(),
        name: unit.name.clone(),
        certainty: Certainty::Certain,
        evidence: vec![Evidence { source: EvidenceSource::Person, text: "工作人员指定".to_owned() }],
    });
    understanding.candidates.clear();
    for table in &mut understanding.tables {
        table.unit = Some(unit.code.clone());
        table.findings.retain(|finding| finding.code != FindingCode::UnitNameConflict);
    }
    for report in &mut understanding.reports {
        report.unit = Some(unit.code.clone());
    }
    understanding
}

/// What is known beside the mail.
#[derive(Clone, Copy)]
struct Around<'a> {
    hints: &'a Hints,
    /// Lower case.
    own_addresses: &'a [String],
    from_ourselves: bool,
}

/// What one campaign makes of a mail.
struct Judged {
    /// How strongly it belongs to this campaign; 0 is not at all.
    belongs: u32,
    campaign: String,
    nature: Nature,
    contents: Contents,
    recognition: sender::Recognition,
}

fn judge_for(mail: &Mail, entry: &Entry, around: Around<'_>) -> Judged {
    let campaign = &entry.campaign;
    let mut contents = read_contents(&mail.pieces, campaign);
    read_body(mail, campaign, &mut contents);
    let replies: Vec<ReplyTo> =
        around.hints.replies_to.iter().filter(|reply| reply.campaign == campaign.id).cloned().collect();
    let taught = around.hints.taught.get(&campaign.id);
    let sender_known = mail.headers.from.len() == 1
        && mail.headers.from.iter().any(|from| {
            let address = from.address.to_lowercase();
            campaign.roster.units().iter().any(|unit| unit.emails.contains(&address))
                || taught.is_some_and(|taught| taught.addresses.contains_key(&address))
        });
    let answers_this = around.hints.replies_to.first().is_some_and(|reply| reply.campaign == campaign.id);
    let answers_a_unit = replies.iter().any(|reply| reply.unit.is_some());
    let findings = Findings {
        has_return: !contents.tables.is_empty() || !contents.reports.is_empty(),
        carries_something: mail
            .pieces
            .iter()
            .any(|piece| nature::may_be_a_return(piece) && !contents.notices.contains(&piece.path))
            || nature::is_a_picture_alone(mail),
        sender_known: sender_known || answers_a_unit,
        speaks_of_matter: speaks_of_matter(mail, campaign),
        from_ourselves: around.from_ourselves,
    };
    let nature = nature::nature(mail, findings);
    let sources = Sources {
        mail,
        roles: &contents.roles,
        tables: &contents.tables,
        reports: &contents.reports,
        replies: &replies,
        taught,
        own_addresses: around.own_addresses,
    };
    let taught_names = taught.filter(|taught| !taught.names.is_empty());
    let taught_names = taught_names.map(|taught| NameBook::with_taught(&campaign.roster, &taught.names));
    let names = taught_names.as_ref().unwrap_or(&entry.names);
    let mut recognition = match nature {
        Nature::Submission | Nature::Question => sender::recognise(sources, &campaign.roster, names),
        Nature::AutoReply | Nature::Bounce | Nature::Receipt | Nature::List | Nature::Foreign | Nature::Unreadable => {
            sender::Recognition::default()
        }
    };
    settle_tables(&mut contents.tables, &mut recognition, campaign);
    for (report, unit) in contents.reports.iter_mut().zip(&recognition.report_units) {
        report.unit.clone_from(unit);
    }
    let belongs = match nature {
        Nature::Submission | Nature::Question => {
            // A letter of one collection is never answered to another.
            1 + u32::from(answers_this) * 64
                + u32::from(!contents.tables.is_empty()) * 8
                + u32::from(findings.speaks_of_matter) * 4
                + u32::from(!contents.reports.is_empty()) * 2
                + u32::from(sender_known)
        }
        Nature::AutoReply | Nature::Bounce | Nature::Receipt | Nature::List | Nature::Foreign | Nature::Unreadable => 0,
    };
    Judged { belongs, campaign: campaign.id.clone(), nature, contents, recognition }
}

/// Finds the tables and reports among pieces, and says what each piece is.
#[must_use]
pub fn read_contents(pieces: &[Piece], campaign: &Campaign) -> Contents {
    let mut contents = Contents::default();
    for piece in pieces {
        let role = read_piece(piece, campaign, &mut contents);
        contents.roles.push((piece.path.clone(), role));
    }
    contents
}

fn read_piece(piece: &Piece, campaign: &Campaign, contents: &mut Contents) -> Role {
    if piece.inline {
        return Role::Inline;
    }
    let (sheets, document) = match &piece.content {
        Content::Workbook(sheets) => (sheets.as_slice(), None),
        Content::Document(document) => (document.tables.as_slice(), Some(document)),
        Content::Nothing => (&[][..], None),
    };
    let lines = document.map(|document| document.paragraphs.as_slice()).unwrap_or_default();
    let tables = read_tables_among(sheets, lines, &piece.path, &campaign.form, campaign.year);
    let may_be_report = document.is_some() || piece.kind == Kind::Image;
    let report = if may_be_report {
        report_of(campaign, ReportSource { document, piece: &piece.path, name: &piece.name, kind: piece.kind })
    } else {
        ReportVerdict::NoReport
    };
    let mut role = role_unread(piece);
    match report {
        // The notice holds the blank form as its annex; sent back it is no return.
        ReportVerdict::Notice => {
            contents.notices.push(piece.path.clone());
            return Role::Attachment;
        }
        ReportVerdict::Report(report) => {
            contents.reports.push(report);
            role = Role::Report;
        }
        ReportVerdict::NoReport => {}
    }
    let no_report = role != Role::Report;
    if let Some(oddity) = unread::form_not_read(piece, tables.is_empty(), no_report, campaign) {
        if oddity.code == OddityCode::TableUnread {
            // Words of a form that was not read are no report.
            let own = |report: &ReportReturn| report.piece != piece.path || unread::is_titled_report(report);
            contents.reports.retain(own);
            if !contents.reports.iter().any(|report| report.piece == piece.path) {
                role = Role::Unopened;
            }
        }
        contents.unread.push((piece.path.clone(), oddity));
    }
    if !tables.is_empty() {
        contents.tables.extend(tables);
        role = Role::Table;
    }
    role
}

fn report_of(campaign: &Campaign, source: ReportSource<'_>) -> ReportVerdict {
    let notice = NoticeFacts { year: campaign.year, number: &campaign.notice_number, title: &campaign.notice_title };
    read_report(&source, &campaign.reports, &notice, &campaign.form)
}

/// The role of a piece that holds neither table nor report.
fn role_unread(piece: &Piece) -> Role {
    let unopened = [
        OddityCode::PasswordProtected,
        OddityCode::Damaged,
        OddityCode::TooLarge,
        OddityCode::Bomb,
        OddityCode::UnreadKind,
    ];
    if piece.inline {
        Role::Inline
    } else if piece.has(OddityCode::CloudAttachment) {
        Role::CloudLink
    } else if unopened.into_iter().any(|code| piece.has(code)) {
        Role::Unopened
    } else {
        Role::Attachment
    }
}

/// Tables in the HTML body, and a report written as the mail itself where nothing is attached.
fn read_body(mail: &Mail, campaign: &Campaign, contents: &mut Contents) {
    let lines: Vec<String> = mail.body.own_text.lines().map(|line| line.trim().to_owned()).collect();
    // Beside a plain part that was written for itself, the HTML alone holds the lines around its tables.
    let html = &mail.body.html_lines;
    let around = if read_lines(html, &campaign.form, campaign.year).is_empty() { &lines } else { html };
    contents.tables.extend(read_tables_among(&mail.body.sheets, around, BODY, &campaign.form, campaign.year));
    // What is attached may be the table; a report there is the report.
    if !contents.reports.is_empty() || mail.machine_report.is_some() || !mail.headers.automatic.is_empty() {
        return;
    }
    let paragraphs: Vec<String> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    // A letter that only announces a report is short; a report is not.
    let long = paragraphs.iter().map(|line| line.chars().count()).sum::<usize>() >= 200
        || says_nothing_was_done(&paragraphs.concat());
    if long {
        let document = Document { paragraphs, has_text: true, ..Document::default() };
        let source = ReportSource { document: Some(&document), piece: BODY, name: "", kind: Kind::Text };
        if let ReportVerdict::Report(report) = report_of(campaign, source) {
            contents.reports.push(report);
        }
    }
}

/// Gives each table its unit, and the finding where its cell contradicts the rest of the mail.
fn settle_tables(tables: &mut [TableReturn], recognition: &mut sender::Recognition, campaign: &Campaign) {
    let mail_unit = recognition.unit.as_ref().map(|claim| claim.name.clone());
    let units = recognition.table_units.iter().zip(&recognition.table_conflicts);
    for (table, (unit, conflict)) in tables.iter_mut().zip(units) {
        table.unit = unit.clone();
        if *conflict {
            let written = table.unit_name.as_deref().unwrap_or_default();
            let text = match &mail_unit {
                Some(name) => format!("统计表的单位名称填写为“{written}”，与来信单位“{name}”不一致，请核实。"),
                None => format!("统计表的单位名称填写为“{written}”，与发件地址所属单位不一致，请核实。"),
            };
            table.findings.push(Finding {
                severity: campaign.form.severity(FindingCode::UnitNameConflict),
                code: FindingCode::UnitNameConflict,
                sheet: Some(table.sheet.clone()),
                cell: None,
                text,
                suggested: None,
            });
        }
    }
}

/// Whether subject, file names or the mail's own words speak of the campaign: its notice, its form, or two of its words.
fn speaks_of_matter(mail: &Mail, campaign: &Campaign) -> bool {
    let mut text = normalise(mail.headers.subject.as_deref().unwrap_or_default());
    for piece in &mail.pieces {
        text.push('\n');
        text.push_str(&normalise(&piece.name));
    }
    text.push('\n');
    text.push_str(&normalise(&mail.body.own_text));
    let names_it = [&campaign.notice_number, &campaign.notice_title, &campaign.form.title, &campaign.title]
        .into_iter()
        .any(|name| !name.is_empty() && text.contains(&normalise(name)));
    let words: BTreeSet<&String> =
        campaign.reports.words.iter().filter(|word| text.contains(&normalise(word))).collect();
    names_it || words.len() >= 2
}
