//! Pieces out of containers: archives, nested mails and embedded objects are opened in turn, all of them together within
//! the limits. Each kind of container has a file of its own; what they share stands here.

mod compound_copy;
mod embedded;
mod litter;
mod mapi;
mod media_type;
mod message;
mod outlook;
mod rar;
mod rtf;
mod seven;
mod stream;
mod tape;
mod tnef;
mod volumes;
mod zip;

use std::io::Read;

pub use self::media_type::media_type;
pub(super) use self::tape::is_header as is_tar_header;
pub(super) use self::zip::{Package, is_zip_within};
use super::limits::Limits;
use super::mime::Leaf;
use super::{guarded, sniff};
use crate::model::mail::{Content, Digest, Kind, Oddity, OddityCode, Piece};

/// Reads one piece of a known kind: its content, and what is odd about it. Containers, each time one is gone back to, and
/// attachments of which no kind is told yet are announced as [`Kind::Zip`]: only a refusal may come back.
pub type Reader<'a> = dyn Fn(Kind, &[u8], &Limits) -> (Content, Vec<Oddity>) + 'a;

/// Below this many unpacked octets no ratio is suspicious.
const RATIO_COUNTS_FROM: u64 = 1 << 20;
/// After this many bombs in one mail nothing more is unpacked: who sends several means harm.
const BOMBS: usize = 3;
/// The most memory a packer's dictionary may take, in KiB. Archives of office files need some MB; 7-Zip's and WinRAR's
/// strongest ordinary settings take 64 MB.
const DICTIONARY_KIB: u32 = 128 << 10;

/// Collects the pieces of one mail or file, in order.
pub struct Unpacker<'a> {
    limits: &'a Limits,
    reader: &'a Reader<'a>,
    pieces: Vec<Piece>,
    /// Octets taken out so far.
    total: u64,
    bombs: usize,
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

/// A container being opened: which piece it is, and what came out of it so far.
struct Container<'b> {
    index: usize,
    path: String,
    bytes: &'b [u8],
    depth: usize,
    children: usize,
    unpacked: u64,
}

impl<'a> Unpacker<'a> {
    #[must_use]
    pub fn new(limits: &'a Limits, reader: &'a Reader<'a>) -> Self {
        Self { limits, reader, pieces: Vec::new(), total: 0, bombs: 0, left_out: false }
    }

    /// All pieces, and whether some were left out because there were too many.
    #[must_use]
    pub fn finish(self) -> (Vec<Piece>, bool) {
        (self.pieces, self.left_out)
    }

    /// Adds the attached parts of a mail; `prefix` is the path of the piece that is this mail, or `None` for the mail itself.
    pub fn add_leaves(&mut self, leaves: &[Leaf], html: &str, prefix: Option<&str>, depth: usize) {
        let shown = message::shown_identifiers(html);
        let attached: Vec<&Leaf> = leaves.iter().filter(|leaf| !leaf.is_body).collect();
        let volumes = volumes::sets(&attached);
        for (place, leaf) in attached.iter().enumerate() {
            let mut oddities = Vec::new();
            if leaf.damaged {
                oddities.push(Oddity::new(OddityCode::Damaged, "附件在传输中残缺，只读出了一部分"));
            }
            let found = Found {
                path: child_path(prefix, place),
                name: leaf.name.clone(),
                media_type: leaf.fields.first("content-type").map(|_| leaf.media_type.clone()),
                bytes: &leaf.bytes,
                inside: prefix.map(str::to_owned),
                inline: message::is_inline(leaf, &shown),
                oddities,
            };
            self.add_leaf(found, volumes.part(place).as_ref(), depth);
        }
    }

    /// Adds an attached part. Telling its kind may end the reading process too, and is laid to it.
    fn add_leaf(&mut self, mut found: Found<'_>, part: Option<&volumes::Part<'_>>, depth: usize) {
        let refusals = if found.bytes.is_empty() { Vec::new() } else { self.announce(found.bytes) };
        if !refusals.is_empty() {
            found.oddities.extend(refusals);
            self.list(found, Kind::Unknown);
            return;
        }
        match part {
            None => self.add(found, depth),
            Some(part) => self.add_volume(found, part, depth),
        }
    }

    /// Adds one piece and whatever it contains.
    pub fn add(&mut self, found: Found<'_>, depth: usize) {
        let bytes = found.bytes;
        let is_mail = found.media_type.as_deref() == Some("message/rfc822") && !bytes.is_empty();
        let kind = match sniff::kind(bytes, &found.name) {
            Kind::Text | Kind::Unknown | Kind::Csv if is_mail && !sniff::is_outlook_message(bytes) => Kind::Eml,
            kind => kind,
        };
        let Some(index) = self.list(found, kind) else { return };
        if length(bytes) > self.limits.piece_bytes || self.total > self.limits.total_bytes {
            self.note(index, OddityCode::TooLarge, "附件太大，没有打开");
            return;
        }
        let mut container = Container { index, path: self.path_of(index), bytes, depth, children: 0, unpacked: 0 };
        let opener: fn(&mut Self, &mut Container<'_>) = match kind {
            Kind::Zip => Self::open_zip,
            Kind::Gz => Self::open_gz,
            Kind::Tar => Self::open_tar,
            Kind::Rar => Self::open_rar,
            Kind::SevenZip => Self::open_seven,
            Kind::Tnef => Self::open_tnef,
            Kind::Eml => Self::open_mail,
            Kind::Unknown if sniff::is_outlook_message(bytes) => Self::open_outlook,
            Kind::Unknown if stream::is_known(bytes) => Self::open_stream,
            _ => {
                if self.read(index, kind, bytes) {
                    self.open_embedded(&mut container, kind);
                }
                return;
            }
        };
        if depth >= self.limits.depth {
            self.note(index, OddityCode::TooLarge, "压缩包或邮件套得太深，没有再打开");
        } else if self.bombs >= BOMBS {
            self.note(index, OddityCode::Bomb, "同一来件中已有多个疑似压缩炸弹，没有打开");
        } else if self.begin(&container) {
            opener(self, &mut container);
        }
    }

    /// Lists a piece, not yet looked into; `None` where there is no more room.
    fn list(&mut self, found: Found<'_>, kind: Kind) -> Option<usize> {
        if self.pieces.len() >= self.limits.pieces {
            self.left_out = true;
            return None;
        }
        let size = length(found.bytes);
        self.total = self.total.saturating_add(size);
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
        Some(self.pieces.len() - 1)
    }

    /// Reads a piece for itself; `false` where its reader refused it, so that what lies inside is left alone too.
    fn read(&mut self, index: usize, kind: Kind, bytes: &[u8]) -> bool {
        let (content, oddities) = (self.reader)(kind, bytes, self.limits);
        let is_bad = |oddity: &Oddity| matches!(oddity.code, OddityCode::Damaged | OddityCode::TooLarge);
        let refused = content == Content::Nothing && oddities.iter().any(is_bad);
        if let Some(piece) = self.pieces.get_mut(index) {
            piece.content = content;
            for oddity in oddities {
                if !piece.has(oddity.code) {
                    piece.oddities.push(oddity);
                }
            }
        }
        !refused
    }

    fn note(&mut self, index: usize, code: OddityCode, text: &str) {
        if let Some(piece) = self.pieces.get_mut(index).filter(|piece| !piece.has(code)) {
            piece.oddities.push(Oddity::new(code, text));
        }
    }

    fn path_of(&self, index: usize) -> String {
        self.pieces.get(index).map(|piece| piece.path.clone()).unwrap_or_default()
    }

    fn name_of(&self, index: usize) -> &str {
        self.pieces.get(index).map(|piece| piece.name.as_str()).unwrap_or_default()
    }

    /// Opening a container, and going back to it for its next member, is begun like a piece: what ends the reading
    /// process there is laid to the container, and not to the member that was read before. `false` where it was refused;
    /// what came out of it until then stays.
    fn begin(&mut self, container: &Container<'_>) -> bool {
        let refusals = self.announce(container.bytes);
        for refusal in &refusals {
            self.note(container.index, refusal.code, &refusal.text);
        }
        refusals.is_empty()
    }

    /// Begins what is no piece to read, as no container is: nothing but a refusal comes back.
    fn announce(&self, bytes: &[u8]) -> Vec<Oddity> {
        (self.reader)(Kind::Zip, bytes, self.limits).1
    }

    /// Whether another member may come out of this container; says so where none may.
    fn has_room(&mut self, container: &Container<'_>) -> bool {
        if self.pieces.len() >= self.limits.pieces {
            self.left_out = true;
            self.note(container.index, OddityCode::TooLarge, "压缩包里的文件太多，没有全部打开");
            return false;
        }
        if self.total > self.limits.total_bytes {
            self.note(container.index, OddityCode::TooLarge, "压缩包里的文件合计太大，没有全部打开");
            return false;
        }
        if self.bombs >= BOMBS {
            self.note(container.index, OddityCode::Bomb, "含有多个疑似压缩炸弹，没有全部打开");
            return false;
        }
        self.begin(container)
    }

    /// Adds a member that came out of a container, with how its reading ended.
    fn add_member(&mut self, container: &mut Container<'_>, name: &str, unpacked: &[u8], end: End) {
        container.unpacked = container.unpacked.saturating_add(length(unpacked));
        // Members that share their packed octets each look innocent; together they do not.
        let shares = end == End::Whole && self.is_bomb(container.unpacked, length(container.bytes));
        let end = if shares { End::Bomb } else { end };
        if end == End::Bomb {
            self.bombs = if shares { BOMBS } else { self.bombs + 1 };
        }
        if end == End::Whole {
            let found = container.child(name, unpacked);
            return self.add(found, container.depth + 1);
        }
        let (code, text) = end.words();
        if matches!(end, End::Protected | End::Bomb | End::Split) {
            self.note(container.index, code, text);
        }
        let kind = if end == End::Protected { Kind::Encrypted } else { sniff::kind(unpacked, name) };
        let mut found = container.child(name, unpacked);
        found.oddities.push(Oddity::new(code, text));
        self.list(found, kind);
    }

    fn is_bomb(&self, unpacked: u64, packed: u64) -> bool {
        unpacked > RATIO_COUNTS_FROM && unpacked / packed.max(1) > self.limits.ratio
    }

    /// What a member that claims so many octets ends in before one of them is unpacked; a claim may also be too low.
    fn refused_by_claim(&self, claimed: u64, packed: u64) -> Option<End> {
        if self.is_bomb(claimed, packed) {
            Some(End::Bomb)
        } else if claimed > self.most() {
            Some(End::TooLarge)
        } else {
            None
        }
    }

    /// An archive nothing came out of and nothing was wrong with: the unit meant to send something.
    fn note_if_empty(&mut self, container: &Container<'_>) {
        let is_fine = self.pieces.get(container.index).is_some_and(|piece| piece.oddities.is_empty());
        if container.children == 0 && is_fine {
            self.note(container.index, OddityCode::Damaged, "压缩包里没有文件");
        }
    }

    /// The most octets the next member may have.
    fn most(&self) -> u64 {
        self.limits.piece_bytes.min(self.limits.total_bytes.saturating_sub(self.total))
    }

    /// Reads to the end, but never past what one piece, the whole mail and the ratio allow; a decoder that panics is
    /// one that met damage.
    fn bounded(&self, reader: &mut dyn Read, packed: u64) -> (Vec<u8>, End) {
        let most = self.most();
        guarded(|| {
            let mut unpacked = Vec::new();
            loop {
                match Read::take(&mut *reader, 1 << 18).read_to_end(&mut unpacked) {
                    Ok(0) => return (unpacked, End::Whole),
                    Ok(_) => {}
                    Err(error) if error.kind() == std::io::ErrorKind::OutOfMemory => return (unpacked, End::TooLarge),
                    Err(_) => return (unpacked, End::Broken),
                }
                if self.is_bomb(length(&unpacked), packed) {
                    return (unpacked, End::Bomb);
                }
                if length(&unpacked) > most {
                    return (unpacked, End::TooLarge);
                }
            }
        })
        .unwrap_or((Vec::new(), End::Broken))
    }
}

impl Container<'_> {
    /// The next piece inside, whole.
    fn child<'b>(&mut self, name: &str, bytes: &'b [u8]) -> Found<'b> {
        let path = child_path(Some(&self.path), self.children);
        self.children += 1;
        Found {
            path,
            name: name.to_owned(),
            media_type: None,
            bytes,
            inside: Some(self.path.clone()),
            inline: false,
            oddities: Vec::new(),
        }
    }
}

/// How reading a member ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Whole,
    Protected,
    Bomb,
    TooLarge,
    /// Packed by a method nothing here undoes.
    Unsupported,
    /// Goes on in another file.
    Split,
    Broken,
}

impl End {
    fn words(self) -> (OddityCode, &'static str) {
        match self {
            Self::Protected => (OddityCode::PasswordProtected, "压缩包设有密码，打不开"),
            Self::Bomb => (OddityCode::Bomb, "压缩比例异常，疑似压缩炸弹，没有打开"),
            Self::TooLarge => (OddityCode::TooLarge, "文件太大，没有打开"),
            Self::Unsupported => (OddityCode::UnreadKind, "压缩包所用的压缩方法尚不能打开，请人工查看"),
            Self::Split => (OddityCode::UnreadKind, "压缩包是分卷的，缺少其余分卷，打不开"),
            Self::Whole | Self::Broken => (OddityCode::Damaged, "压缩包里的文件已损坏，打不开"),
        }
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

fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    bytes.get(offset..offset.checked_add(2)?)?.try_into().ok().map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes.get(offset..offset.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    bytes.get(offset..offset.checked_add(8)?)?.try_into().ok().map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests;
