//! `inspect`: what the pipeline makes of a mail or a bare attachment, recorded nowhere.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};

use super::Failure;
use super::history::one_line;
use super::inspect_json::document;
use super::setup::Call;
use crate::config;
use crate::judge::letters::labels;
use crate::judge::register::Register;
use crate::judge::understand::understand;
use crate::model::decision::{Certainty, Claim, Role, Understanding};
use crate::model::form::Severity;
use crate::model::hints::Hints;
use crate::model::ledger::Nature;
use crate::model::mail::{
    Body, Content, Digest, Headers, Kind, Mail, Oddity, OddityCode, Opened, Piece, Refusal, Summing,
};
use crate::model::returns::Finding;
use crate::read::{self, sniff};
use crate::sandbox::Unopened;
use crate::work::opener::Opener;

/// Files of more octets than this are named and summed, not opened.
const LARGEST: u64 = 128 << 20;
/// Files of more octets than this are opened one at a time, so that memory stays bounded.
const LARGE: usize = 8 << 20;
/// Files opened at once.
const MOST_AT_ONCE: usize = 4;

/// Inspects files in the order given. What is in a mail is never a failure; a file that cannot be read is.
pub(super) fn inspect(call: &Call, files: &[PathBuf], json: bool) -> Result<(), Failure> {
    let (_, campaigns) = config::load_campaigns(&call.config_file()?)?;
    let inspector = Inspector {
        register: Register::new(campaigns, Vec::new()),
        opener: Opener::for_a_look(),
        form: match (json, files.len()) {
            (false, _) => Form::Words,
            (true, 1) => Form::Document,
            (true, _) => Form::Line,
        },
        large: Mutex::new(()),
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut unread = Vec::new();
    inspector.each(files, |told| {
        match told {
            Ok(text) => {
                out.write_all(&text)?;
                out.flush()?;
            }
            Err(failure) => unread.push(failure),
        }
        Ok(())
    })?;
    if unread.is_empty() { Ok(()) } else { Err(Failure::World(anyhow::anyhow!(unread.join("\n")))) }
}

/// How the results are written.
#[derive(Clone, Copy)]
enum Form {
    Words,
    /// One JSON document over several lines.
    Document,
    /// One JSON document a line.
    Line,
}

struct Inspector {
    register: Register,
    opener: Opener,
    form: Form,
    large: Mutex<()>,
}

/// What is printed of one file, or why it could not be read.
type Told = Result<Vec<u8>, String>;

impl Inspector {
    /// Inspects several files at once and hands over what is told of them in the order given.
    fn each(&self, files: &[PathBuf], mut tell: impl FnMut(Told) -> std::io::Result<()>) -> std::io::Result<()> {
        let at_once = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_AT_ONCE).min(files.len());
        let next = AtomicUsize::new(0);
        let (sender, receiver) = mpsc::sync_channel(MOST_AT_ONCE);
        std::thread::scope(|scope| {
            for _ in 0..at_once {
                let (sender, next) = (sender.clone(), &next);
                scope.spawn(move || {
                    loop {
                        let place = next.fetch_add(1, Ordering::Relaxed);
                        let Some(file) = files.get(place) else { break };
                        // Nobody reads any more: whoever took our output has enough.
                        if sender.send((place, self.told(file))).is_err() {
                            break;
                        }
                    }
                });
            }
            drop(sender);
            // The scope waits for its threads, and they for room in the channel: it has to go first.
            in_order(receiver, &mut tell)
        })
    }

    fn told(&self, file: &Path) -> Told {
        let source = file.display().to_string();
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let contents = Contents::of(file).map_err(|error| format!("{source}: {error}"))?;
        let (understanding, bare) = match contents {
            Contents::Whole(bytes) => {
                let alone = (bytes.len() > LARGE).then(|| self.large.lock().unwrap_or_else(PoisonError::into_inner));
                let judged = inspected(&bytes, &name, &self.register, &self.opener);
                drop(alone);
                judged.map_err(|error| format!("{source}: {error}"))?
            }
            Contents::TooLarge { sha256, size, head } => {
                let oddity = Oddity::new(OddityCode::TooLarge, "文件太大，没有打开，请人工查看");
                let unopened = unopened(&head, &name, (sha256, size), oddity);
                (understand_opened(unopened.0, &self.register), unopened.1)
            }
        };
        let mut text = Vec::new();
        match self.form {
            Form::Words => words(&mut text, &source, &understanding, bare),
            Form::Document => serde_json::to_writer_pretty(&mut text, &document(&source, &understanding, bare))
                .map_err(Into::into)
                .and_then(|()| writeln!(text)),
            Form::Line => serde_json::to_writer(&mut text, &document(&source, &understanding, bare))
                .map_err(Into::into)
                .and_then(|()| writeln!(text)),
        }
        .map_err(|error| format!("{source}: {error}"))?;
        Ok(text)
    }
}

fn in_order(
    receiver: mpsc::Receiver<(usize, Told)>,
    tell: &mut impl FnMut(Told) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let mut waiting: BTreeMap<usize, Told> = BTreeMap::new();
    let mut due = 0;
    for (place, told) in receiver {
        waiting.insert(place, told);
        while let Some(told) = waiting.remove(&due) {
            tell(told)?;
            due += 1;
        }
    }
    Ok(())
}

/// A file's octets, as far as they are taken into memory.
enum Contents {
    Whole(Vec<u8>),
    TooLarge {
        sha256: Digest,
        size: u64,
        /// Its first octets.
        head: Vec<u8>,
    },
}

impl Contents {
    fn of(file: &Path) -> std::io::Result<Self> {
        let mut opened = std::fs::File::open(file)?;
        let mut head = Vec::new();
        (&mut opened).take(LARGEST + 1).read_to_end(&mut head)?;
        let mut size = u64::try_from(head.len()).unwrap_or(u64::MAX);
        if size <= LARGEST {
            return Ok(Self::Whole(head));
        }
        if !opened.metadata()?.is_file() {
            return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, "it does not end"));
        }
        let mut summing = Summing::default();
        summing.update(&head);
        head.truncate(1 << 20);
        head.shrink_to_fit();
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = opened.read(&mut buffer)?;
            let Some(part) = buffer.get(..read).filter(|part| !part.is_empty()) else { break };
            summing.update(part);
            size = size.saturating_add(u64::try_from(read).unwrap_or(0));
        }
        Ok(Self::TooLarge { sha256: summing.finish(), size, head })
    }
}

/// Reads and judges one file; `true` where it is no mail but a bare attachment.
///
/// # Errors
/// Where the machine cannot start a reading process.
pub fn inspected(
    bytes: &[u8],
    name: &str,
    register: &Register,
    opener: &Opener,
) -> std::io::Result<(Understanding, bool)> {
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let poisoned = |refusal: Refusal| unopened(bytes, name, (Digest::of(bytes), size), refusal.oddity());
    let (mail, bare) = match opener.open(bytes, Some(name)) {
        Ok(Opened::Mail(mail)) => (*mail, false),
        Ok(Opened::Bare { sha256, pieces }) => (Mail { pieces, ..empty(sha256, size) }, true),
        Err(Unopened::World(error)) => return Err(error),
        Err(Unopened::Poison(refusal)) => poisoned(refusal),
    };
    Ok((understand_opened(mail, register), bare))
}

/// Judges under a guard: what a judge fails on is laid before a person like what a reader failed on.
fn understand_opened(mail: Mail, register: &Register) -> Understanding {
    let (sha256, size) = (mail.sha256.clone(), mail.size);
    // As the desk does it by the moment of arrival, which a file does not tell: by what its headers say.
    let arrived = mail.headers.topmost_received_at.or(mail.headers.date);
    let then = arrived.map(|arrived| register.at(arrived));
    let register = then.as_ref().unwrap_or(register);
    std::panic::catch_unwind(AssertUnwindSafe(|| understand(mail, register, &Hints::default()))).unwrap_or_else(|_| {
        let mut mail = empty(sha256, size);
        mail.oddities.push(Refusal::Broken.oddity());
        Understanding {
            mail,
            nature: Nature::Unreadable,
            campaign: None,
            roles: Vec::new(),
            unit: None,
            candidates: Vec::new(),
            tables: Vec::new(),
            reports: Vec::new(),
        }
    })
}

fn empty(sha256: Digest, size: u64) -> Mail {
    Mail {
        sha256,
        size,
        headers: Headers::default(),
        body: Body::default(),
        pieces: Vec::new(),
        oddities: Vec::new(),
        machine_report: None,
    }
}

/// A file that was not opened, with the reason: a mail, or else its one piece; `true` where it is no mail.
fn unopened(head: &[u8], name: &str, (sha256, size): (Digest, u64), oddity: Oddity) -> (Mail, bool) {
    let mut mail = empty(sha256.clone(), size);
    let kind = std::panic::catch_unwind(AssertUnwindSafe(|| sniff::kind(head, name))).unwrap_or(Kind::Unknown);
    if kind == Kind::Eml {
        mail.oddities.push(Oddity::new(OddityCode::NotOpened, oddity.text));
        return (mail, false);
    }
    mail.pieces.push(Piece {
        path: "1".to_owned(),
        name: read::mime::names::attachment(name),
        kind,
        media_type: read::unpack::media_type(kind, head).to_owned(),
        size,
        sha256,
        inside: None,
        inline: false,
        oddities: vec![oddity],
        content: Content::Nothing,
    });
    (mail, true)
}

/// The same for people.
pub(super) fn words(
    out: &mut impl Write,
    source: &str,
    understanding: &Understanding,
    bare: bool,
) -> std::io::Result<()> {
    let mail = &understanding.mail;
    writeln!(out, "{}", one_line(source))?;
    if !bare {
        let from = mail.headers.from.first().map(|from| {
            let name = from.name.as_deref().unwrap_or_default();
            format!("{name} <{}>", from.address)
        });
        writeln!(out, "  来信：{}", one_line(&from.unwrap_or_else(|| "（没有发件人）".to_owned())))?;
        writeln!(out, "  主题：{}", one_line(mail.headers.subject.as_deref().unwrap_or("（无主题）")))?;
        writeln!(out, "  性质：{}", labels::nature(understanding.nature))?;
    }
    match &understanding.unit {
        Some(claim) => unit_words(out, "单位", claim)?,
        None if understanding.candidates.is_empty() => writeln!(out, "  单位：未能识别")?,
        None => {
            writeln!(out, "  单位：未能确定")?;
            for claim in &understanding.candidates {
                unit_words(out, "可能", claim)?;
            }
        }
    }
    for oddity in &mail.oddities {
        writeln!(out, "  注意：{}", one_line(&oddity.text))?;
    }
    for (piece, (_, role)) in mail.pieces.iter().zip(&understanding.roles) {
        writeln!(out, "  附件 {}：{}（{}）", piece.path, one_line(&piece.name), role_in_chinese(*role))?;
        for oddity in &piece.oddities {
            writeln!(out, "    注意：{}", one_line(&oddity.text))?;
        }
    }
    for table in &understanding.tables {
        let unit = table.unit_name.as_deref().unwrap_or("（单位名称未填）");
        let (unit, sheet) = (one_line(unit), one_line(&table.sheet));
        writeln!(out, "  统计表 {} “{sheet}”：{unit}，{} 行", table.piece, table.rows.len())?;
        for (key, total) in &table.totals {
            writeln!(out, "    {key} = {}", total.map_or_else(|| "—".to_owned(), |total| total.to_string()))?;
        }
        finding_words(out, &table.findings)?;
    }
    for report in &understanding.reports {
        writeln!(
            out,
            "  报告 {}：{}　{}　{}",
            report.piece,
            one_line(report.title.as_deref().unwrap_or("（未读出标题）")),
            one_line(report.document_number.as_deref().unwrap_or("（无文号）")),
            report.dated.map(|day| day.to_string()).unwrap_or_default()
        )?;
        finding_words(out, &report.findings)?;
    }
    Ok(())
}

fn unit_words(out: &mut impl Write, label: &str, claim: &Claim) -> std::io::Result<()> {
    let certainty = match claim.certainty {
        Certainty::Certain => "确定",
        Certainty::Probable => "可能",
    };
    writeln!(out, "  {label}：{} {}（{certainty}）", claim.code, claim.name)?;
    for evidence in &claim.evidence {
        writeln!(out, "    依据：{}", one_line(&evidence.text))?;
    }
    Ok(())
}

fn finding_words(out: &mut impl Write, findings: &[Finding]) -> std::io::Result<()> {
    for finding in findings {
        let weight = match finding.severity {
            Severity::Error => "错误",
            Severity::Warning => "提示",
        };
        let place = finding.cell.as_ref().map(|cell| format!("{} ", one_line(cell))).unwrap_or_default();
        writeln!(out, "    {weight}：{place}{}", one_line(&finding.text))?;
    }
    Ok(())
}

pub(super) fn role_in_chinese(role: Role) -> &'static str {
    match role {
        Role::Table => "统计表",
        Role::Report => "报告",
        Role::Attachment => "附件",
        Role::CloudLink => "云附件链接",
        Role::Inline => "正文插图",
        Role::Unopened => "未能打开",
    }
}
