//! Archives sent in volumes, each attached for itself: `报表.part1.rar`, `报表.part2.rar`, or `报表.7z.001`, `报表.7z.002`.

use std::collections::BTreeMap;

use super::{Container, Found, Unpacker};
use crate::model::mail::{Kind, OddityCode};
use crate::read::mime::Leaf;
use crate::read::sniff;

/// Which attachments are volumes of one archive.
pub(super) struct Volumes<'l> {
    /// By the place of each volume.
    parts: BTreeMap<usize, Part<'l>>,
}

/// One volume.
#[derive(Clone)]
pub(super) struct Part<'l> {
    is_first: bool,
    /// All of them, in their order.
    volumes: Vec<&'l [u8]>,
}

impl<'l> Volumes<'l> {
    pub(super) fn part(&self, place: usize) -> Option<Part<'l>> {
        self.parts.get(&place).cloned()
    }
}

/// Finds the volumes that are complete from the first on.
pub(super) fn sets<'l>(leaves: &[&'l Leaf]) -> Volumes<'l> {
    let mut named: BTreeMap<String, BTreeMap<u32, usize>> = BTreeMap::new();
    for (place, leaf) in leaves.iter().enumerate() {
        if let Some((stem, number)) = numbered(&leaf.name) {
            named.entry(stem).or_default().entry(number).or_insert(place);
        }
    }
    let mut parts = BTreeMap::new();
    for set in named.values().filter(|set| set.len() > 1) {
        if !set.keys().copied().eq(1..=u32::try_from(set.len()).unwrap_or(0)) {
            continue;
        }
        let volumes: Vec<&[u8]> =
            set.values().filter_map(|place| leaves.get(*place)).map(|leaf| leaf.bytes.as_slice()).collect();
        for (number, place) in set {
            parts.insert(*place, Part { is_first: *number == 1, volumes: volumes.clone() });
        }
    }
    Volumes { parts }
}

/// What the volumes of one archive have in common, and the number of this one, from 1: `x.part1.rar`, or as old WinRAR
/// counts, `x.rar`, `x.r00`, `x.r01`, or as 7-Zip does, `x.7z.001`.
fn numbered(name: &str) -> Option<(String, u32)> {
    let lower = name.to_lowercase();
    let (stem, ending) = lower.rsplit_once('.')?;
    if ending == "rar" {
        return match stem.rsplit_once(".part") {
            Some((stem, number)) => Some((format!("{stem}.part"), number.parse().ok()?)),
            None => Some((format!("{stem}.r"), 1)),
        };
    }
    if let Some(number) = ending.strip_prefix('r').filter(|number| number.len() == 2) {
        return Some((format!("{stem}.r"), number.parse::<u32>().ok()? + 2));
    }
    (ending.len() == 3 && ending.bytes().all(|digit| digit.is_ascii_digit()))
        .then(|| Some((format!("{stem}.0"), ending.parse().ok()?)))
        .flatten()
}

impl Unpacker<'_> {
    /// Adds a volume; what the archive holds stands inside the first one.
    pub(super) fn add_volume(&mut self, found: Found<'_>, part: &Part<'_>, depth: usize) {
        let first = part.volumes.first().copied().unwrap_or_default();
        let kind = sniff::kind(first, "");
        let own = found.bytes;
        if part.is_first && kind == Kind::Rar && sniff::kind(own, "") == Kind::Rar {
            let Some(index) = self.list(found, kind) else { return };
            if depth >= self.limits.depth || self.total > self.limits.total_bytes {
                self.note(index, OddityCode::TooLarge, "附件太大，没有打开");
                return;
            }
            let mut container =
                Container { index, path: self.path_of(index), bytes: own, depth, children: 0, unpacked: 0 };
            if self.begin(&container) {
                self.open_rar_volumes(&mut container, &part.volumes);
            }
            return;
        }
        let is_set = matches!(kind, Kind::Rar | Kind::SevenZip | Kind::Zip);
        if !is_set || part.volumes.iter().map(|volume| super::length(volume)).sum::<u64>() > self.limits.piece_bytes {
            return self.add(found, depth);
        }
        let Some(index) = self.list(found, kind) else { return };
        if !part.is_first {
            return;
        }
        let whole = part.volumes.concat();
        let mut container =
            Container { index, path: self.path_of(index), bytes: &whole, depth, children: 0, unpacked: 0 };
        if !self.begin(&container) {
            return;
        }
        match kind {
            Kind::SevenZip => self.open_seven(&mut container),
            Kind::Zip => self.open_zip(&mut container),
            _ => self.open_rar(&mut container),
        }
    }
}
