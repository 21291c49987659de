//! What mail and rosters bring is escaped for where it lands, in every letter: text, HTML, headers, workbook, file names.

use std::collections::BTreeSet;
use std::io::Cursor;

use calamine::{Reader as _, Xlsx};
use mail_parser::{MessageParser, MimeHeaders as _};
use mailtally::judge::letters::{
    self, AlertFacts, AnswerFacts, ArrearsFacts, DigestFacts, ReceiptFacts, ReminderFacts,
};
use mailtally::judge::letters::{Enclosed, Rendered, Word};
use mailtally::model::campaign::ReminderStage;
use mailtally::model::decision::{Certainty, Claim, Evidence, EvidenceSource};
use mailtally::model::form::FindingCode;
use mailtally::model::ledger::{UnitLedger, Verdict};
use mailtally::model::letter::{Enclosure, Letter, LetterKind};
use mailtally::model::mail::{Address, Digest};
use mailtally::model::mark::{Mark, Tone};
use mailtally::model::returns::{Item, Value};
use mailtally::model::unit::{Unit, UnitCode};
use mailtally::post::compose;
use mailtally::work::workbook::{Filling, form_filled};
use proptest::prelude::*;

use super::complete_return;
use super::digests::digest_input;
use super::fixtures::{at, campaign, filed, finding, ledger, unit};

const NOW: &str = "2021-08-05T14:03:20+08:00";

/// Pieces of hostile text.
const FRAGMENTS: [&str; 18] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' style='position:fixed",
    "&lt;b&gt;&amp;",
    "<!--",
    "]]></td></table>",
    "\r\nBcc: victim@evil.example\r\n",
    "\nX-Evil: 1\n\n",
    "\u{2028}Bcc: victim@evil.example",
    "{{ office.phone }}",
    "{% for a in range(9999999) %}{# ",
    "=cmd|' /C calc'!A0",
    "@SUM(A1:A9)",
    "\u{202e}gpj.exe\u{2066}",
    "\u{0}\u{7}\u{1b}[31m\u{85}",
    "\u{ad}\u{61c}\u{fff9}\u{e0041}\u{feff}",
    "..\\..\\a/b:c*d?e|f.xlsx",
    "离石区",
];

fn hostile() -> impl Strategy<Value = String> {
    let fragment = prop_oneof![
        20 => proptest::sample::select(FRAGMENTS.to_vec()).prop_map(str::to_owned),
        1 => Just("长".repeat(10_000)),
        1 => any::<String>(),
    ];
    // What stands first is harmless, so that a line which begins with a header was broken off.
    proptest::collection::vec(fragment, 1..5).prop_map(|fragments| format!("甲{}", fragments.concat()))
}

fn hostile_unit(words: &str) -> Unit {
    Unit { contact: Some(words.to_owned()), phone: Some(words.to_owned()), ..unit("141102", words, words) }
}

/// Every kind of letter with these words wherever words of others stand.
fn letters_with(words: &str) -> Vec<(LetterKind, Rendered, Vec<Enclosure>)> {
    let mut campaign = campaign();
    let unit = hostile_unit(words);
    let said = || words.to_owned();
    let (mut mail, after) = complete_return();
    mail.mail.headers.subject = Some(said());
    mail.unit = Some(Claim {
        code: UnitCode::new("141102"),
        name: said(),
        certainty: Certainty::Probable,
        evidence: vec![Evidence { source: EvidenceSource::Subject, text: said() }],
    });
    for piece in &mut mail.mail.pieces {
        piece.name = said();
    }
    let mut findings = [FindingCode::NotANumber, FindingCode::UnitNameConflict, FindingCode::UnitNameMissing]
        .map(|code| finding(code, words, words))
        .to_vec();
    for finding in &mut findings {
        (finding.sheet, finding.suggested) = (Some(said()), Some(said()));
    }
    let table = &mut mail.tables[0];
    (table.sheet, table.unit_name, table.findings) = (said(), Some(said()), findings.clone());
    for filled in table.rows.iter_mut().flat_map(|row| row.0.values_mut()) {
        match filled.value {
            Some(Value::Words(_)) => filled.value = Some(Value::Words(said())),
            Some(Value::Figure(_)) | None => filled.written = Some(said()),
        }
    }
    let report = &mut mail.reports[0];
    (report.title, report.document_number, report.issuer) = (Some(said()), Some(said()), Some(said()));
    let rows = table.rows.clone();

    let now = at(NOW);
    let to_mend = ledger(vec![(
        Item::Table,
        filed(Item::Table, &mail.mail.sha256, NOW, Verdict::NeedsCorrection, Some(mail.tables[0].totals.clone())),
    )]);
    let mut letters = Vec::new();
    for after in [&after, &to_mend] {
        let facts = ReceiptFacts::new(&campaign, &mail, &unit, &UnitLedger::default(), after, now);
        let enclosed = Enclosed { name: said(), own: true, hints: true };
        let letter = letters::receipt(&campaign, &facts.enclosing(vec![enclosed]), now).unwrap();
        let marks = [Mark { sheet: said(), cell: Some("A5".to_owned()), tone: Tone::Mend, text: said() }];
        let filling = Filling { filled_on: None, rows: &rows, marks: &marks };
        let bytes = form_filled(&campaign, words, filling).unwrap();
        letters.push((LetterKind::Ack, letter, vec![Enclosure { name: said(), media_type: said(), bytes }]));
    }
    for word in [Word::Accepted, Word::Returned { reason: said() }, Word::Withdrawn] {
        let facts = AnswerFacts {
            unit: said(),
            mail: Digest::of(b"mail"),
            received_at: now,
            subject: said(),
            word,
            items: vec![Item::Table],
            changes: Vec::new(),
        };
        letters.push((LetterKind::Ack, letters::answer(&campaign, &facts, &to_mend, now).unwrap(), Vec::new()));
    }
    let stage = ReminderStage::usual(-3, now.time());
    let facts =
        ReminderFacts::new(&campaign, &unit, &to_mend, &stage, now).with_findings(Item::Table, words, &findings);
    letters.push((LetterKind::Reminder, letters::reminder(&campaign, &facts, now).unwrap(), Vec::new()));
    let mut input = digest_input(&campaign);
    for standing in &mut input.standing.units {
        standing.unit = unit.clone();
    }
    for review in &mut input.reviews {
        (review.from, review.subject, review.text) = (said(), said(), said());
    }
    for arrival in &mut input.arrivals {
        (arrival.from, arrival.subject) = (said(), said());
    }
    for letter in &mut input.stuck_letters {
        letter.last_reply = Some(said());
    }
    let units: Vec<_> = input.standing.units.iter().collect();
    let facts = ArrearsFacts::new(&campaign, Some(words), &units, now);
    letters.push((LetterKind::Reminder, letters::arrears(&campaign, &facts).unwrap(), Vec::new()));
    let facts = DigestFacts::new(&campaign, &input);
    letters.push((LetterKind::Digest, letters::digest(&campaign, &facts).unwrap(), Vec::new()));
    let facts = AlertFacts::new(words, now, &[said()], &[said()]);
    letters.push((LetterKind::Alert, letters::alert(&campaign, &facts, now).unwrap(), Vec::new()));
    // What an office itself writes into its configuration is escaped as well.
    campaign.title = said();
    let facts = ReminderFacts::new(&campaign, &unit, &UnitLedger::default(), &stage, now);
    letters.push((LetterKind::Reminder, letters::reminder(&campaign, &facts, now).unwrap(), Vec::new()));
    letters
}

/// Names of tags and attributes of a page. Every `<` opens one of them.
fn markup(html: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for tag in html.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').unwrap_or((tag, ""));
        let mut quoted = false;
        let bare: String = tag
            .chars()
            .filter(|character| {
                quoted ^= *character == '"';
                !quoted && *character != '"'
            })
            .collect();
        names.extend(bare.trim_matches('/').split_whitespace().map(|name| name.trim_end_matches('=').to_lowercase()));
    }
    names
}

fn is_hidden(character: char) -> bool {
    (character.is_control() && !matches!(character, '\r' | '\n'))
        || matches!(character, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn check(kind: LetterKind, rendered: &Rendered, attachments: Vec<Enclosure>, usual: &BTreeSet<String>) {
    let Rendered { subject, text, html, pictures } = rendered;
    for said in [subject, text, html] {
        assert!(!said.contains(is_hidden), "{kind:?}: {:?}", said.chars().find(|character| is_hidden(*character)));
    }
    assert!(!subject.contains(['\r', '\n']) && subject.chars().count() <= 241, "{subject:?}");
    let forges = |line: &str| ["Bcc:", "X-Evil:"].iter().any(|header| line.trim_start().starts_with(header));
    assert!(!text.lines().chain(html.lines()).any(forges), "{text}");
    let strange: Vec<String> = markup(html).difference(usual).cloned().collect();
    assert!(strange.is_empty(), "{kind:?}: {strange:?}");
    assert!(text.len() < 150_000 && html.len() < 400_000, "{kind:?}: {} and {}", text.len(), html.len());

    let letter = Letter {
        kind,
        campaign: "2021-bayi".to_owned(),
        unit: Some(UnitCode::new(subject)),
        message_id: format!("<x>\r\nBcc: y {subject}@office.example"),
        recipients: vec!["unit@unit.example".to_owned()],
        subject: subject.clone(),
        text: text.clone(),
        html: html.clone(),
        pictures: pictures.clone(),
        attachments,
        in_reply_to: Some(format!("{subject}\r\nX-Evil: 1")),
        references: vec![format!("{subject}\r\nX-Evil: 1")],
        date: at(NOW),
    };
    let from = Address { name: Some(format!("{subject}\r\nX-Evil: 1")), address: "office@collect.example".to_owned() };
    let mail = compose::compose(&letter, &from).unwrap();
    let parsed = MessageParser::new().parse(&mail).unwrap();
    for header in parsed.headers() {
        let name = header.name().to_ascii_lowercase();
        let own = ["from", "to", "subject", "date", "message-id", "in-reply-to", "references", "auto-submitted"];
        let ours = name.starts_with("x-mailtally-") || name.starts_with("content-") || name == "mime-version";
        assert!(own.contains(&name.as_str()) || ours, "{name}");
    }
    assert_eq!(parsed.subject().unwrap_or_default().trim(), subject.trim());
    // The picture of a digest is shown in its page and bears no name.
    for attached in parsed.attachments().filter(|part| part.content_id().is_none()) {
        let name = attached.attachment_name().unwrap_or_default();
        let unfit = |character: char| is_hidden(character) || "\r\n\"\\/:*?<>|".contains(character);
        assert!(!name.is_empty() && !name.contains(unfit) && name.len() <= 255, "{name:?}");
        let Ok(mut book) = Xlsx::new(Cursor::new(attached.contents().to_vec())) else { continue };
        for sheet in book.sheet_names() {
            assert_eq!(book.worksheet_formula(&sheet).unwrap().used_cells().count(), 0, "a formula in {sheet}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_hostile_leaves_its_place(words in hostile()) {
        let usual: Vec<BTreeSet<String>> =
            letters_with("离石区").iter().map(|(_, letter, _)| markup(&letter.html)).collect();
        let usual: BTreeSet<String> = usual.into_iter().flatten().collect();
        for (kind, letter, attachments) in letters_with(&words) {
            check(kind, &letter, attachments, &usual);
        }
    }
}

#[test]
fn each_piece_alone_is_harmless_and_stays_legible() {
    let usual: BTreeSet<String> =
        letters_with("离石区").iter().flat_map(|(_, letter, _)| markup(&letter.html)).collect();
    for words in FRAGMENTS {
        for (kind, letter, attachments) in letters_with(&format!("甲{words}")) {
            check(kind, &letter, attachments, &usual);
            assert!(letter.text.contains('甲'), "{kind:?}");
        }
    }
    // A value is never a template.
    let (_, receipt, _) = letters_with("甲{{ office.phone }}").remove(0);
    assert!(receipt.text.contains("甲{{ office.phone }}") && receipt.html.contains("甲{{ office.phone }}"));
}
