//! Pieces out of containers: archives and nested mails are opened in turn, all of them together within the limits.

mod media_type;

use std::io::{Cursor, Read};

use zip::CompressionMethod;

use self::media_type::media_type;
use super::limits::Limits;
use super::mime::{self, Leaf, names};
use super::{charset, guarded, sniff};
use crate::model::grid::Document;
use crate::model::mail::{Content, Digest, Kind, Oddity, OddityCode, Piece};

/// Reads one piece of a known kind: its content, and what is odd about it.
pub type Reader<'a> = dyn Fn(Kind, &[u8], &Limits) -> (Content, Vec<Oddity>) + 'a;

/// Below this many unpacked octets no ratio is suspicious.
const RATIO_COUNTS_FROM: u64 = 1 << 20;

/// Collects the pieces of one mail or file, in order.
pub struct Unpacker<'a> {
    limits: &'a Limits,
    reader: &'a Reader<'a>,
    pieces: Vec<Piece>,
    /// Octets taken out so far.
    total: u64,
    /// Some pieces were left out for want of room.
    left_out: bool,
}

/// A piece found, before it is looked into.
pub struct Found<'a> {
    pub path: String,
    /// Harmless already.
    pub name: String,
    pub media_type: Option<String>,
    pub bytes: &'a [u8],
    pub inside: Option<String>,
    pub inline: bool,
    pub oddities: Vec<Oddity>,
}

impl<'a> Unpacker<'a> {
    #[must_use]
    pub fn new(limits: &'a Limits, reader: &'a Reader<'a>) -> Self {
        Self { limits, reader, pieces: Vec::new(), total: 0, left_out: false }
    }

    /// All pieces, and whether some were left out because there were too many.
    #[must_use]
    pub fn finish(self) -> (Vec<Piece>, bool) {
        (self.pieces, self.left_out)
    }

    /// Adds the attached parts of a mail; `prefix` is the path of the piece that is this mail, or `None` for the mail itself.
    pub fn add_leaves(&mut self, leaves: &[Leaf], html: &str, prefix: Option<&str>, depth: usize) {
        for (place, leaf) in leaves.iter().filter(|leaf| !leaf.is_body).enumerate() {
            let mut oddities = Vec::new();
            if leaf.damaged {
                oddities.push(Oddity::new(OddityCode::Damaged, "附件在传输中残缺，只读出了一部分"));
            }
            self.add(
                Found {
                    path: child_path(prefix, place),
                    name: leaf.name.clone(),
                    media_type: leaf.fields.first("content-type").map(|_| leaf.media_type.clone()),
                    bytes: &leaf.bytes,
                    inside: prefix.map(str::to_owned),
                    inline: is_inline(leaf, html),
                    oddities,
                },
                depth,
            );
        }
    }

    /// Adds one piece and whatever it contains.
    pub fn add(&mut self, found: Found<'_>, depth: usize) {
        if self.pieces.len() >= self.limits.pieces {
            self.left_out = true;
            return;
        }
        let size = length(found.bytes);
        self.total = self.total.saturating_add(size);
        let is_mail = found.media_type.as_deref() == Some("message/rfc822") && !found.bytes.is_empty();
        let kind = match sniff::kind(found.bytes, &found.name) {
            Kind::Text | Kind::Unknown | Kind::Csv if is_mail => Kind::Eml,
            kind => kind,
        };
        let index = self.pieces.len();
        self.pieces.push(Piece {
            path: found.path,
            name: found.name,
            kind,
            media_type: found.media_type.unwrap_or_else(|| media_type(kind, found.bytes).to_owned()),
            size,
            sha256: Digest::of(found.bytes),
            inside: found.inside,
            inline: found.inline,
            oddities: found.oddities,
            content: Content::Nothing,
        });
        if size > self.limits.piece_bytes || self.total > self.limits.total_bytes {
            self.note(index, OddityCode::TooLarge, "附件太大，没有打开");
            return;
        }
        let is_container = matches!(kind, Kind::Zip | Kind::Gz | Kind::Eml);
        if is_container && depth >= self.limits.depth {
            self.note(index, OddityCode::TooLarge, "压缩包或邮件套得太深，没有再打开");
            return;
        }
        match kind {
            Kind::Zip => self.open_zip(index, found.bytes, depth),
            Kind::Gz => self.open_gz(index, found.bytes, depth),
            Kind::Eml => self.open_mail(index, found.bytes, depth),
            _ => {
                let (content, oddities) = (self.reader)(kind, found.bytes, self.limits);
                if let Some(piece) = self.pieces.get_mut(index) {
                    piece.content = content;
                    for oddity in oddities {
                        if !piece.has(oddity.code) {
                            piece.oddities.push(oddity);
                        }
                    }
                }
            }
        }
    }

    fn note(&mut self, index: usize, code: OddityCode, text: &str) {
        if let Some(piece) = self.pieces.get_mut(index).filter(|piece| !piece.has(code)) {
            piece.oddities.push(Oddity::new(code, text));
        }
    }

    fn path_of(&self, index: usize) -> String {
        self.pieces.get(index).map(|piece| piece.path.clone()).unwrap_or_default()
    }

    fn open_mail(&mut self, index: usize, bytes: &[u8], depth: usize) {
        let parts = mime::take_apart(bytes, self.limits);
        if parts.refused {
            self.note(index, OddityCode::TooLarge, "所附邮件的层次或分段过多，没有打开");
            return;
        }
        let words = mime::words_of(&parts.leaves);
        let path = self.path_of(index);
        let html = super::data_tables(&words.html, self.limits);
        // Beside a plain part written for itself, the HTML alone holds the lines around its tables.
        let beside: &[String] = if html.tables.is_empty() { &[] } else { &html.paragraphs };
        let only_html = beside.iter().map(String::as_str).filter(|line| !words.text.contains(line));
        let paragraphs: Vec<String> = words
            .text
            .lines()
            .chain(only_html)
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .take(self.limits.paragraphs)
            .map(str::to_owned)
            .collect();
        let tables = html.tables;
        if let Some(piece) = self.pieces.get_mut(index) {
            let has_text = !paragraphs.is_empty() || !tables.is_empty();
            piece.content = Content::Document(Document { paragraphs, tables, has_text, ..Document::default() });
        }
        self.add_leaves(&parts.leaves, &words.html, Some(&path), depth + 1);
    }

    fn open_gz(&mut self, index: usize, bytes: &[u8], depth: usize) {
        let mut decoder = flate2::read::MultiGzDecoder::new(bytes);
        let (unpacked, end) = self.bounded(&mut decoder, length(bytes));
        let stored = decoder.header().and_then(|header| header.filename()).map(charset::guess);
        let own = self.pieces.get(index).map(|piece| piece.name.clone()).unwrap_or_default();
        let stripped = own.strip_suffix(".gz").or_else(|| own.strip_suffix(".GZ")).map(str::to_owned);
        let name = stored.filter(|name| !name.is_empty()).or(stripped).unwrap_or(own);
        self.add_unpacked(index, 0, &names::member(&name), &unpacked, end, depth);
    }

    fn open_zip(&mut self, index: usize, bytes: &[u8], depth: usize) {
        let Some(Ok(mut archive)) = guarded(|| zip::ZipArchive::new(Cursor::new(bytes))) else {
            self.note(index, OddityCode::Damaged, "压缩包已损坏，打不开");
            return;
        };
        let mut place = 0;
        let mut unpacked_here = 0_u64;
        for number in 0..archive.len() {
            let Some(Ok(entry)) = guarded(|| Entry::of(&mut archive, number)) else {
                self.note(index, OddityCode::Damaged, "压缩包有一部分已损坏");
                continue;
            };
            if entry.is_no_file || is_litter(&entry.name) {
                continue;
            }
            if self.pieces.len() >= self.limits.pieces {
                self.left_out = true;
                self.note(index, OddityCode::TooLarge, "压缩包里的文件太多，没有全部打开");
                return;
            }
            let (unpacked, end) = if entry.encrypted {
                (Vec::new(), End::Protected)
            } else if !entry.supported {
                (Vec::new(), End::Unsupported)
            } else {
                guarded(|| match archive.by_index(number) {
                    Ok(mut file) => self.bounded(&mut file, entry.packed),
                    Err(_) => (Vec::new(), End::Broken),
                })
                .unwrap_or((Vec::new(), End::Broken))
            };
            // Members that share their packed octets each look innocent; together they do not.
            unpacked_here = unpacked_here.saturating_add(length(&unpacked));
            let end = if self.is_bomb(unpacked_here, length(bytes)) { End::Bomb } else { end };
            self.add_unpacked(index, place, &entry.name, &unpacked, end, depth);
            place += 1;
            if matches!(end, End::Bomb) || self.total > self.limits.total_bytes {
                return;
            }
        }
    }

    /// Adds what came out of an archive, with what was wrong about it.
    fn add_unpacked(&mut self, index: usize, place: usize, name: &str, unpacked: &[u8], end: End, depth: usize) {
        let archive = self.path_of(index);
        let path = child_path(Some(&archive), place);
        let (code, text) = match end {
            End::Whole => {
                let found = Found {
                    path,
                    name: name.to_owned(),
                    media_type: None,
                    bytes: unpacked,
                    inside: Some(archive),
                    inline: false,
                    oddities: Vec::new(),
                };
                return self.add(found, depth + 1);
            }
            End::Protected => (OddityCode::PasswordProtected, "压缩包设有密码，打不开"),
            End::Bomb => (OddityCode::Bomb, "压缩比例异常，疑似压缩炸弹，没有打开"),
            End::TooLarge => (OddityCode::TooLarge, "压缩包里的文件太大，没有打开"),
            End::Unsupported => (OddityCode::UnreadKind, "压缩包所用的压缩方法尚不能打开，请人工查看"),
            End::Broken => (OddityCode::Damaged, "压缩包里的文件已损坏，打不开"),
        };
        if matches!(end, End::Protected | End::Bomb) {
            self.note(index, code, text);
        }
        let kind = match end {
            End::Protected => Kind::Encrypted,
            _ => sniff::kind(unpacked, name),
        };
        self.total = self.total.saturating_add(length(unpacked));
        self.pieces.push(Piece {
            path,
            name: name.to_owned(),
            kind,
            media_type: media_type(kind, unpacked).to_owned(),
            size: length(unpacked),
            sha256: Digest::of(unpacked),
            inside: Some(archive),
            inline: false,
            oddities: vec![Oddity::new(code, text)],
            content: Content::Nothing,
        });
    }

    fn is_bomb(&self, unpacked: u64, packed: u64) -> bool {
        unpacked > RATIO_COUNTS_FROM && unpacked / packed.max(1) > self.limits.ratio
    }

    /// Reads to the end, but never past what one piece, the whole mail and the ratio allow.
    fn bounded(&self, reader: &mut dyn Read, packed: u64) -> (Vec<u8>, End) {
        let most = self.limits.piece_bytes.min(self.limits.total_bytes.saturating_sub(self.total));
        let mut unpacked = Vec::new();
        loop {
            match Read::take(&mut *reader, 1 << 18).read_to_end(&mut unpacked) {
                Ok(0) => return (unpacked, End::Whole),
                Ok(_) => {}
                Err(_) => return (unpacked, End::Broken),
            }
            if self.is_bomb(length(&unpacked), packed) {
                return (unpacked, End::Bomb);
            }
            if length(&unpacked) > most {
                return (unpacked, End::TooLarge);
            }
        }
    }
}

/// How reading a member ended.
#[derive(Clone, Copy)]
enum End {
    Whole,
    Protected,
    Bomb,
    TooLarge,
    /// Packed by a method nothing here undoes (Deflate64, LZMA, …).
    Unsupported,
    Broken,
}

/// What the directory of a zip says of a member.
struct Entry {
    name: String,
    packed: u64,
    encrypted: bool,
    supported: bool,
    is_no_file: bool,
}

impl Entry {
    fn of(archive: &mut zip::ZipArchive<Cursor<&[u8]>>, number: usize) -> zip::result::ZipResult<Self> {
        let file = archive.by_index_raw(number)?;
        // Bit 11 says UTF-8; without it, and where it lies, the octets decide (APPNOTE.TXT, appendix D). Decoding comes
        // before splitting the path: a GBK character's second octet may be a backslash.
        let raw = file.name_raw();
        let declared = file.flags().as_u16() & 0x800 != 0;
        let name = match std::str::from_utf8(raw) {
            Ok(text) if declared => text.to_owned(),
            _ => charset::guess(raw),
        };
        let is_no_file = file.is_dir() || file.is_symlink() || name.ends_with(['/', '\\']);
        Ok(Self {
            name: names::member(&name),
            packed: file.compressed_size(),
            encrypted: file.encrypted(),
            supported: matches!(file.compression(), CompressionMethod::Stored | CompressionMethod::Deflated),
            is_no_file,
        })
    }
}

fn child_path(prefix: Option<&str>, place: usize) -> String {
    match prefix {
        Some(prefix) => format!("{prefix}.{}", place + 1),
        None => (place + 1).to_string(),
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// What operating systems leave in archives.
fn is_litter(path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    path.split('/').any(|part| part == "__MACOSX")
        || last.starts_with("._")
        || matches!(last.as_str(), "thumbs.db" | ".ds_store" | "desktop.ini" | "")
}

/// Shown inside the HTML body rather than attached for itself.
fn is_inline(leaf: &Leaf, html: &str) -> bool {
    let Some(id) = leaf.content_id.as_deref().filter(|id| !id.is_empty()) else { return false };
    html.contains(&format!("cid:{id}")) || (leaf.disposition == "inline" && leaf.media_type.starts_with("image/"))
}

#[cfg(test)]
mod tests;
