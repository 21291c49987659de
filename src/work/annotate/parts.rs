//! The parts of an OOXML package (ECMA-376 part 2): read once, some replaced or added, the rest written as they were.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::Unfit;
use super::markup::{Edits, own_attribute, prefix_of, walk};
use crate::read::Limits;
use crate::read::workbook::package::Package;

/// Where the types of all parts stand.
pub(super) const TYPES: &str = "[Content_Types].xml";
/// Relations of Microsoft's first kind; those of the strict form have other names, and other rules.
const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/";
/// Octets of one part that is edited.
const MOST_OCTETS: usize = 32 << 20;

/// A package in memory.
pub(super) struct Parts<'a> {
    bytes: &'a [u8],
    members: BTreeMap<String, Vec<u8>>,
    changed: BTreeSet<String>,
}

/// One relation of a part to another.
#[derive(Clone, Debug)]
pub(super) struct Relation {
    pub(super) id: String,
    /// The last word of its type: `worksheet`, `styles`, ….
    pub(super) kind: String,
    /// Whether the type is one of the strict form.
    pub(super) strict: bool,
    /// The name of a part, or where it is external, as it stands.
    pub(super) target: String,
    pub(super) external: bool,
}

impl<'a> Parts<'a> {
    /// Unpacks all members, so that every one is known to be whole.
    ///
    /// # Errors
    /// Where the container is damaged, beyond the limits, or written in an unusual way.
    pub(super) fn open(bytes: &'a [u8], limits: &'a Limits) -> Result<Self, Unfit> {
        let mut package = Package::open(bytes, limits).map_err(|_| Unfit("no package"))?;
        let mut members = BTreeMap::new();
        let mut plain = BTreeSet::new();
        for name in package.names() {
            let usual =
                name.is_ascii() && !name.contains(['\\', '%']) && !name.starts_with('/') && !name.contains("..");
            if !usual || !plain.insert(name.to_ascii_lowercase()) {
                return Err(Unfit("unusual names of parts"));
            }
            let member = package.read(&name).map_err(|_| Unfit("a damaged part"))?;
            if !name.ends_with('/') {
                members.insert(name, member);
            }
        }
        Ok(Self { bytes, members, changed: BTreeSet::new() })
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.members.keys().map(String::as_str)
    }

    pub(super) fn has(&self, part: &str) -> bool {
        self.members.contains_key(part)
    }

    pub(super) fn octets(&self, part: &str) -> Option<&[u8]> {
        self.members.get(part).map(Vec::as_slice)
    }

    /// A part's characters.
    ///
    /// # Errors
    /// Where it is not there, or not in UTF-8.
    pub(super) fn text(&self, part: &str) -> Result<&str, Unfit> {
        let octets = self.members.get(part).ok_or(Unfit("a part is missing"))?;
        if octets.len() > MOST_OCTETS {
            return Err(Unfit("a part is too large"));
        }
        let text = std::str::from_utf8(octets).map_err(|_| Unfit("a part is not in UTF-8"))?;
        let head: String = text.chars().take(100).collect::<String>().to_ascii_lowercase();
        match head.split_once("encoding=") {
            Some((_, declared)) if !declared.trim_start_matches(['"', '\'']).starts_with("utf-8") => {
                Err(Unfit("a part is not in UTF-8"))
            }
            _ => Ok(text),
        }
    }

    /// Replaces a part, or adds one.
    pub(super) fn put(&mut self, part: &str, text: String) {
        self.members.insert(part.to_owned(), text.into_bytes());
        self.changed.insert(part.to_owned());
    }

    /// What a part is related to; of the package itself where it is empty.
    ///
    /// # Errors
    /// Where the relations cannot be read or lead nowhere.
    pub(super) fn relations(&self, part: &str) -> Result<Vec<Relation>, Unfit> {
        let list = relations_part(part);
        if !self.has(&list) {
            return Ok(Vec::new());
        }
        let mut relations = Vec::new();
        walk(self.text(&list)?, |seen| {
            let Some((tag, _)) = seen.opened().filter(|_| seen.opens("Relationship")) else { return Ok(()) };
            let (Some(id), Some(kind), Some(target)) =
                (own_attribute(tag, "Id"), own_attribute(tag, "Type"), own_attribute(tag, "Target"))
            else {
                return Err(Unfit("a relation without a name"));
            };
            let external = match own_attribute(tag, "TargetMode").as_deref() {
                None | Some("Internal") => false,
                Some(_) => true,
            };
            relations.push(Relation {
                id,
                strict: kind.starts_with("http://purl.oclc.org/"),
                kind: kind.rsplit('/').next().unwrap_or_default().to_owned(),
                target: if external { target } else { resolved(part, &target)? },
                external,
            });
            Ok(())
        })?;
        Ok(relations)
    }

    /// Relates a part to another and returns the relation's name.
    ///
    /// # Errors
    /// Where the part's relations cannot be edited.
    pub(super) fn relate(&mut self, part: &str, kind: &str, target: &str) -> Result<String, Unfit> {
        let list = relations_part(part);
        let known: BTreeSet<String> = self.relations(part)?.into_iter().map(|relation| relation.id).collect();
        let id = (1..=known.len() + 1).map(|number| format!("rIdRemark{number}")).find(|id| !known.contains(id));
        let id = id.ok_or(Unfit("no name for a relation"))?;
        let entry = |prefix: &str| {
            format!("<{prefix}Relationship Id=\"{id}\" Type=\"{RELATIONS}{kind}\" Target=\"/{target}\"/>")
        };
        let text = if self.has(&list) {
            let text = self.text(&list)?;
            add_to_root(text, "Relationships", entry)?
        } else {
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<Relationships \
                 xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{}</Relationships>",
                entry("")
            )
        };
        self.put(&list, text);
        Ok(id)
    }

    /// Says of which type a part is.
    ///
    /// # Errors
    /// Where the list of types cannot be edited.
    pub(super) fn declare(&mut self, part: &str, media_type: &str) -> Result<(), Unfit> {
        let entry = |prefix: &str| format!("<{prefix}Override PartName=\"/{part}\" ContentType=\"{media_type}\"/>");
        let text = add_to_root(self.text(TYPES)?, "Types", entry)?;
        self.put(TYPES, text);
        Ok(())
    }

    /// A part's name that is not taken: `xl/comments3.xml`.
    pub(super) fn free_name(&self, stem: &str, extension: &str) -> Result<String, Unfit> {
        (1..10_000)
            .map(|number| format!("{stem}{number}.{extension}"))
            .find(|name| !self.names().any(|taken| taken.eq_ignore_ascii_case(name)))
            .ok_or(Unfit("no name for a part"))
    }

    /// The package: what was not changed as it was packed, in its order; what was added, behind.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(super) fn write(mut self) -> Result<Vec<u8>, Unfit> {
        let broken = |_| Unfit("the package cannot be written");
        let mut archive = ZipArchive::new(Cursor::new(self.bytes)).map_err(|_| Unfit("no package"))?;
        let mut out = ZipWriter::new(Cursor::new(Vec::new()));
        for index in 0..archive.len() {
            let file = archive.by_index_raw(index).map_err(broken)?;
            let name = file.name().map_err(broken)?.into_owned();
            if self.changed.remove(&name) {
                self.member(&mut out, &name)?;
            } else {
                out.raw_copy_file(file).map_err(broken)?;
            }
        }
        for name in std::mem::take(&mut self.changed) {
            self.member(&mut out, &name)?;
        }
        Ok(out.finish().map_err(broken)?.into_inner())
    }

    fn member(&self, out: &mut ZipWriter<Cursor<Vec<u8>>>, name: &str) -> Result<(), Unfit> {
        // Without a time of its own, so that the same copy is the same bytes.
        out.start_file(name, SimpleFileOptions::default()).map_err(|_| Unfit("the package cannot be written"))?;
        let octets = self.members.get(name).ok_or(Unfit("a part is missing"))?;
        out.write_all(octets).map_err(|_| Unfit("the package cannot be written"))
    }
}

/// Adds an entry at the end of a document's root, under the root's prefix.
fn add_to_root(text: &str, root: &str, entry: impl Fn(&str) -> String) -> Result<String, Unfit> {
    let mut edits = Edits::default();
    let mut found = false;
    let mut prefix = String::new();
    walk(text, |seen| {
        match seen.opened() {
            Some((tag, empty)) if seen.around.is_empty() => {
                if empty || !seen.opens(root) {
                    return Err(Unfit("an unusual list"));
                }
                prefix = prefix_of(tag);
            }
            _ if seen.around.is_empty() && seen.closes(root) => {
                edits.insert(seen.range.start, entry(&prefix));
                found = true;
            }
            _ => {}
        }
        Ok(())
    })?;
    if found { edits.apply(text) } else { Err(Unfit("an unusual list")) }
}

/// Where the relations of a part stand (ECMA-376 part 2, 9.3.4).
fn relations_part(part: &str) -> String {
    match part.rsplit_once('/') {
        Some((folder, file)) => format!("{folder}/_rels/{file}.rels"),
        None => format!("_rels/{part}.rels"),
    }
}

/// The part a target means, seen from a part: from the root or from the part's folder.
fn resolved(part: &str, target: &str) -> Result<String, Unfit> {
    let folder = part.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut path: Vec<&str> = match target.strip_prefix('/') {
        Some(_) => Vec::new(),
        None => folder.split('/').filter(|step| !step.is_empty()).collect(),
    };
    for step in target.split('/').filter(|step| !step.is_empty()) {
        match step {
            "." => {}
            ".." => {
                path.pop().ok_or(Unfit("a relation that leads nowhere"))?;
            }
            step => path.push(step),
        }
    }
    Ok(path.join("/"))
}
