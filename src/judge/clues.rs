//! Gathers everything in a mail that says whose it is, and whose each table and report in it is.

use std::collections::BTreeMap;

use super::authenticity;
use super::clue::{Clue, Clues, Hand, Part, Side, Sources, Who, excerpt, is_archive, last_name, stem, who};
use super::names::{Mentions, NameBook};
use super::passed_on::{self, Inner};
use super::providers;
use super::words::normalise;
use crate::model::decision::{Evidence, EvidenceSource, Role};
use crate::model::mail::Piece;
use crate::model::returns::{ReportReturn, TableReturn};
use crate::model::unit::{Roster, Unit, UnitCode};

/// The last lines of a letter, where a signature stands. Higher up units name the troops they visited.
const SIGNATURE_LINES: usize = 4;
/// A longer line is no signature, and a longer sentence does not announce what is sent.
const LONGEST_SIGNATURE: usize = 40;
const LONGEST_OPENING: usize = 70;
/// Sentences of a letter that are looked at.
const MOST_SENTENCES: usize = 60;
/// Words by which a letter announces what it brings.
const ANNOUNCING: [&str; 12] =
    ["报送", "上报", "呈报", "报上", "送上", "附上", "报来", "报告如下", "随信", "转报", "代报", "发来"];
/// Beginnings of lines that name others than the writer.
const NOT_THE_WRITER: [&str; 8] = ["抄送", "抄报", "主送", "收件", "致", "呈", "转发", "附件"];

/// Gathers them.
#[must_use]
pub fn gather(sources: Sources<'_>, roster: &Roster, names: &NameBook) -> Clues {
    let pieces: BTreeMap<&str, &Piece> = sources.mail.pieces.iter().map(|piece| (piece.path.as_str(), piece)).collect();
    let inner = passed_on::in_words(sources.mail, sources.own_addresses);
    let letters: BTreeMap<&str, Inner> = pieces
        .iter()
        .filter_map(|(path, piece)| Some((*path, passed_on::in_piece(piece, sources.own_addresses)?)))
        .collect();
    let mut gatherer = Gatherer { sources, roster, names, pieces, letters: &letters, nested: BTreeMap::new() };
    gatherer.nested = letters.iter().map(|(path, letter)| (*path, gatherer.of_inner(letter))).collect();
    let tables = sources.tables.iter().map(|table| gatherer.of_table(table, inner.as_ref())).collect();
    let reports = sources.reports.iter().map(|report| gatherer.of_report(report, inner.as_ref())).collect();
    let mut mail = gatherer.of_account();
    mail.extend(gatherer.of_thread());
    mail.extend(gatherer.of_subject(inner.as_ref()));
    mail.extend(gatherer.of_letter(&sources.mail.body.own_text, Hand::Letter));
    mail.extend(inner.iter().flat_map(|inner| gatherer.of_inner(inner)));
    mail.extend(gatherer.of_unread_pieces());
    let passed_on = !letters.is_empty() || inner.is_some() || passed_on::says_so(sources.mail, sources.own_addresses);
    Clues { mail, tables, reports, passed_on }
}

struct Gatherer<'a> {
    sources: Sources<'a>,
    roster: &'a Roster,
    names: &'a NameBook,
    /// By path.
    pieces: BTreeMap<&'a str, &'a Piece>,
    /// Mails inside this one, by the path of their piece, and the clues in each.
    letters: &'a BTreeMap<&'a str, Inner>,
    nested: BTreeMap<&'a str, Vec<Clue>>,
}

impl Gatherer<'_> {
    fn clue(&self, who: Who, hand: Hand, side: Side, source: EvidenceSource, text: String) -> Clue {
        let text = match &who {
            Who::Unit(_) => text,
            Who::Office { parent, .. } => format!("{text}，是{}的下属单位，不在名册中", self.name(parent)),
        };
        Clue { who, hand, side, only_supports: false, evidence: Evidence { source, text } }
    }

    fn name(&self, code: &UnitCode) -> String {
        self.roster.unit(code).map(|unit| unit.name.clone()).unwrap_or_default()
    }

    /// A clue out of words that name exactly one unit or one office; `what` opens its sentence.
    fn said(
        &self,
        mentions: &Mentions,
        hand: Hand,
        side: Side,
        source: EvidenceSource,
        what: &str,
        text: &str,
    ) -> Option<Clue> {
        let who = who(mentions)?;
        let mut sentence = format!("{what}“{}”", excerpt(text));
        if let (Some(taught), Who::Unit(code)) = (&mentions.taught, &who) {
            sentence.push_str(&format!("，工作人员曾说明“{}”即{}", excerpt(taught), self.name(code)));
        }
        Some(self.clue(who, hand, side, source, sentence))
    }

    /// A clue about the sender, where an office below a unit says nothing: the county's clerk sits in one.
    fn signed(&self, text: &str, hand: Hand, source: EvidenceSource, what: &str) -> Option<Clue> {
        let mentions = self.names.mentions(text);
        mentions.single()?;
        self.said(&mentions, hand, Side::Sender, source, what, text)
    }

    fn of_account(&self) -> Vec<Clue> {
        // Two From fields or mailboxes prove nothing about the writer.
        let [from] = self.sources.mail.headers.from.as_slice() else { return Vec::new() };
        // Nor do an address and a name whose domain denies the mail.
        if !authenticity::address_counts(self.sources.mail) {
            return Vec::new();
        }
        let mut clues = self.of_address(&from.address, Hand::Account, "发件地址");
        if let Some(name) = &from.name {
            clues.extend(self.signed(name, Hand::Account, EvidenceSource::SenderName, "发件人名称为"));
        }
        clues
    }

    /// Whose an address is: by what staff taught, by the roster, by its domain.
    fn of_address(&self, address: &str, hand: Hand, what: &str) -> Vec<Clue> {
        let address = address.to_lowercase();
        let shown = excerpt(&address);
        let unit = |code: &UnitCode| Who::Unit(code.clone());
        let source = |usual| if hand == Hand::Forwarded { EvidenceSource::Forwarded } else { usual };
        let taught = self.sources.taught.and_then(|taught| taught.addresses.get(&address));
        if let Some(known) = taught.and_then(|code| self.roster.unit(code)) {
            let text = format!("工作人员曾认定{what}“{shown}”属{}", known.name);
            return vec![self.clue(unit(&known.code), hand, Side::Sender, source(EvidenceSource::Taught), text)];
        }
        let owners: Vec<&Unit> = self.roster.units().iter().filter(|unit| unit.emails.contains(&address)).collect();
        if let [owner] = owners.as_slice() {
            let text = format!("{what}“{shown}”是名册中{}的邮箱", owner.name);
            return vec![self.clue(unit(&owner.code), hand, Side::Sender, source(EvidenceSource::Address), text)];
        }
        if owners.is_empty() {
            let Some(owner) = self.owner_of_domain(&address) else { return Vec::new() };
            let text = format!("{what}“{shown}”与名册中{}的邮箱同属一个域名", owner.name);
            let clue = self.clue(unit(&owner.code), hand, Side::Sender, source(EvidenceSource::Domain), text);
            return vec![Clue { only_supports: true, ..clue }];
        }
        owners
            .into_iter()
            .map(|owner| {
                let text = format!("{what}“{shown}”是名册中{}与其他单位共用的邮箱", owner.name);
                let clue = self.clue(unit(&owner.code), hand, Side::Sender, source(EvidenceSource::Address), text);
                Clue { only_supports: true, ..clue }
            })
            .collect()
    }

    /// The one unit of the roster with addresses in this domain.
    fn owner_of_domain(&self, address: &str) -> Option<&Unit> {
        let domain = providers::domain_of(address).filter(|domain| providers::may_be_one_units(domain))?;
        let has = |unit: &&Unit| {
            unit.emails.iter().any(|known| providers::domain_of(known).as_deref() == Some(domain.as_str()))
        };
        let mut owners = self.roster.units().iter().filter(has);
        owners.next().filter(|_| owners.next().is_none())
    }

    /// The newest letter of ours that it answers, if that was written to a unit.
    fn of_thread(&self) -> Option<Clue> {
        let unit = self.roster.unit(self.sources.replies.first()?.unit.as_ref()?)?;
        let text = format!("来信是对我办发给{}的邮件的回复", unit.name);
        Some(self.clue(Who::Unit(unit.code.clone()), Hand::Thread, Side::Sender, EvidenceSource::Thread, text))
    }

    /// The subject, unless it is a copy: programs fill in the name of the first file, and answers keep our own.
    fn of_subject(&self, inner: Option<&Inner>) -> Option<Clue> {
        let subject = self.sources.mail.headers.subject.as_deref()?;
        let (bare, prefix) = passed_on::without_prefixes(subject);
        let mentions = self.names.mentions(bare);
        let (hand, side) = match prefix {
            passed_on::Prefix::Reply => (Hand::Thread, Side::Sender),
            passed_on::Prefix::Forward | passed_on::Prefix::Nothing => {
                (self.hand_of_subject(bare, inner), Side::Matter)
            }
        };
        if side == Side::Sender && mentions.single().is_none() {
            return None;
        }
        self.said(&mentions, hand, side, EvidenceSource::Subject, "邮件主题写明", subject)
    }

    fn hand_of_subject(&self, bare: &str, inner: Option<&Inner>) -> Hand {
        let subject = normalise(bare);
        let mut letters = self.letters.values();
        let same_subject = |other: Option<&String>| {
            other.is_some_and(|other| normalise(passed_on::without_prefixes(other).0) == subject)
        };
        if same_subject(inner.and_then(|inner| inner.subject.as_ref()))
            || letters.any(|letter| same_subject(letter.subject.as_ref()))
        {
            return Hand::Forwarded;
        }
        let is_copied = |path: &str| {
            self.piece(path).is_some_and(|piece| {
                let name = normalise(last_name(piece));
                name == subject || stem(&name) == subject
            })
        };
        if self.sources.tables.iter().any(|table| is_copied(&table.piece)) {
            Hand::Form
        } else if self.sources.reports.iter().any(|report| is_copied(&report.piece)) {
            Hand::Report
        } else {
            Hand::Cover
        }
    }

    /// A letter's announcement of what it brings, and its signature.
    fn of_letter(&self, text: &str, hand: Hand) -> Vec<Clue> {
        let (source, signature, opening) = match hand {
            Hand::Forwarded => (EvidenceSource::Forwarded, "原邮件署名处写有", "原邮件中写明"),
            Hand::Account | Hand::Thread | Hand::Form | Hand::Report | Hand::Cover | Hand::Letter => {
                (EvidenceSource::Body, "邮件署名处写有", "邮件正文写明")
            }
        };
        let mut clues = Vec::new();
        for sentence in text.split(['。', '；', '！', '？', '：', ':', '\n']).map(str::trim).take(MOST_SENTENCES) {
            let announces = ANNOUNCING.iter().any(|word| sentence.contains(word));
            if announces && sentence.chars().count() <= LONGEST_OPENING {
                let mentions = self.names.mentions(sentence);
                clues.extend(self.said(&mentions, hand, Side::Matter, source, opening, sentence));
            }
        }
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let lines: Vec<&str> = lines.filter(|line| line.chars().count() <= LONGEST_SIGNATURE).collect();
        for line in lines.iter().rev().take(SIGNATURE_LINES) {
            let is_other = NOT_THE_WRITER.iter().any(|word| line.starts_with(word)) || line.ends_with(['：', ':']);
            let announces = ANNOUNCING.iter().any(|word| line.contains(word));
            // 离石区统计表，请查收: about what is sent, not who sends it.
            let of_matter = ["统计表", "报表", "报告", "材料", "情况"].iter().any(|word| line.contains(word));
            let is_sentence = line.trim_end_matches(['。', '，', '；']).contains(['。', '，', '；', ',']);
            if is_other || announces || (is_sentence && !of_matter) {
                continue;
            }
            if of_matter {
                let mentions = self.names.mentions(line);
                clues.extend(self.said(&mentions, hand, Side::Matter, source, opening, line));
            } else {
                clues.extend(self.signed(line, hand, source, signature));
            }
        }
        clues
    }

    /// What the mail that is passed on says for itself.
    fn of_inner(&self, inner: &Inner) -> Vec<Clue> {
        let mut clues = Vec::new();
        if let Some(from) = &inner.from {
            clues.extend(self.of_address(&from.address, Hand::Forwarded, "原邮件的发件地址"));
            if let Some(name) = &from.name {
                clues.extend(self.signed(name, Hand::Forwarded, EvidenceSource::Forwarded, "原邮件的发件人名称为"));
            }
        }
        if let Some(subject) = &inner.subject {
            let mentions = self.names.mentions(subject);
            let source = EvidenceSource::Forwarded;
            clues.extend(self.said(&mentions, Hand::Forwarded, Side::Matter, source, "原邮件主题写明", subject));
        }
        clues.extend(self.of_letter(&inner.text, Hand::Forwarded));
        clues
    }

    /// Names of files that nobody could open, of links, and of archives.
    fn of_unread_pieces(&self) -> Vec<Clue> {
        let pieces = self.sources.mail.pieces.iter().zip(self.sources.roles);
        let unread = pieces.filter(|(_, (_, role))| matches!(role, Role::Unopened | Role::CloudLink));
        let mut clues = Vec::new();
        for (piece, _) in unread {
            let name = last_name(piece);
            let mentions = self.names.mentions(name);
            let source = EvidenceSource::FileName;
            clues.extend(self.said(&mentions, Hand::Cover, Side::Matter, source, "附件名为", name));
            clues.extend(self.of_containers(&piece.path));
        }
        clues
    }

    fn of_table(&self, table: &TableReturn, inner: Option<&Inner>) -> Part {
        let cell = table.unit_name.as_deref().map(|name| self.names.whole(name));
        let mut clues = Vec::new();
        if let (Some(mentions), Some(written)) = (&cell, &table.unit_name) {
            let source = EvidenceSource::Form;
            clues.extend(self.said(mentions, Hand::Form, Side::Matter, source, "统计表的单位名称栏填写", written));
        }
        let sheet = self.names.mentions(&table.sheet);
        if sheet.single().is_some() {
            let source = EvidenceSource::Form;
            clues.extend(self.said(&sheet, Hand::Form, Side::Matter, source, "工作表名为", &table.sheet));
        }
        clues.extend(self.of_file(&table.piece, Hand::Form));
        clues.extend(self.of_containers(&table.piece));
        if table.piece == super::understand::BODY {
            clues.extend(inner.iter().flat_map(|inner| self.of_inner(inner)));
        }
        Part { visible: !table.hidden, clues, cell }
    }

    fn of_report(&self, report: &ReportReturn, inner: Option<&Inner>) -> Part {
        let mut clues = Vec::new();
        let source = EvidenceSource::Report;
        if let Some(title) = &report.title {
            let mentions = self.names.mentions(title);
            clues.extend(self.said(&mentions, Hand::Report, Side::Matter, source, "报告标题为", title));
        }
        if let Some(issuer) = &report.issuer {
            // Joint signers of one county are that county.
            let mut mentions = Mentions::default();
            for signer in issuer.split('、') {
                let signer = self.names.whole(signer);
                mentions.units.extend(signer.units);
                mentions.parents.extend(signer.parents);
            }
            mentions.units.dedup();
            if !mentions.units.is_empty() {
                mentions.parents.clear();
            }
            clues.extend(self.said(&mentions, Hand::Report, Side::Matter, source, "报告落款为", issuer));
        }
        if let Some(number) = &report.document_number {
            let own = self.names.by_number(number);
            if let Some(code) = own.or_else(|| self.names.county_by_number(number)) {
                let text = format!("报告文号为“{}”，是{}的机关代字", excerpt(number), self.name(code));
                let clue = self.clue(Who::Unit(code.clone()), Hand::Report, Side::Matter, source, text);
                clues.push(Clue { only_supports: own.is_none(), ..clue });
            }
        }
        clues.extend(self.of_file(&report.piece, Hand::Report));
        clues.extend(self.of_containers(&report.piece));
        if report.piece == super::understand::BODY {
            clues.extend(inner.iter().flat_map(|inner| self.of_inner(inner)));
        }
        Part { visible: true, clues, cell: None }
    }

    fn of_file(&self, path: &str, hand: Hand) -> Option<Clue> {
        let piece = self.piece(path)?;
        let name = last_name(piece);
        self.said(&self.names.mentions(stem(name)), hand, Side::Matter, EvidenceSource::FileName, "附件名为", name)
    }

    /// The folders a file lies in, the archives around it, and the innermost mail that holds it.
    fn of_containers(&self, path: &str) -> Vec<Clue> {
        let Some(piece) = self.piece(path) else { return Vec::new() };
        let mut clues = Vec::new();
        let source = EvidenceSource::Archive;
        let (folders, _) = piece.name.rsplit_once('/').unwrap_or_default();
        for folder in folders.split('/').filter(|folder| !folder.is_empty()) {
            let mentions = self.names.mentions(folder);
            clues.extend(self.said(&mentions, Hand::Cover, Side::Matter, source, "压缩包内文件夹名为", folder));
        }
        let mut inside = piece.inside.as_deref();
        let mut in_a_letter = false;
        while let Some(container) = inside.and_then(|path| self.piece(path)) {
            if let Some(nested) = self.nested.get(container.path.as_str()) {
                if !in_a_letter {
                    clues.extend(nested.iter().cloned());
                }
                in_a_letter = true;
            } else if is_archive(container.kind) {
                let name = last_name(container);
                let mentions = self.names.mentions(stem(name));
                clues.extend(self.said(&mentions, Hand::Cover, Side::Matter, source, "压缩包名为", name));
            }
            inside = container.inside.as_deref();
        }
        clues
    }

    fn piece(&self, path: &str) -> Option<&Piece> {
        self.pieces.get(path).copied()
    }
}
