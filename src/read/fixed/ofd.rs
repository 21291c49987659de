//! OFD files (GB/T 33190-2016): a zip of XML, each page drawn onto a canvas as a PDF's pages are.

mod draw;
mod tree;

use std::collections::HashMap;

use hayro_interpret::kurbo::Affine;

use self::draw::{Drawing, Exhausted, POINTS, Resources, boundary};
use self::tree::{Node, Parsed, numbers};
use super::page::PageContent;
use super::{Paged, Unopened};
use crate::model::mail::Oddity;
use crate::read::limits::Limits;
use crate::read::workbook::package::{Package, damaged, password_protected, too_large};

/// A page without a size of its own is A4, in millimetres.
const A4: (f64, f64) = (210.0, 297.0);
/// Documents in one file that are read.
const MOST_DOCUMENTS: usize = 20;
/// Resource files of one document that are read.
const MOST_RESOURCES: usize = 50;

/// Reads all pages of all documents in the file, up to [`Limits::pages`] together.
///
/// # Errors
/// `PasswordProtected` where it is encrypted, `Damaged`, `Bomb` and `TooLarge` beyond the limits.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Paged, Oddity> {
    let mut files = Files::open(bytes, limits)?;
    let Some(entry) = files.tree("", "OFD.xml")? else { return Err(files.unreadable()) };
    let mut paged = Paged { pages: Vec::new(), count: 0, unopened: Unopened::default(), is_damaged: false };
    let mut work_left = limits.cells;
    for body in entry.node.all("DocBody").take(MOST_DOCUMENTS) {
        let Some(root) = body.words("DocRoot") else { continue };
        let Some(document) = files.tree("", root)? else { return Err(files.unreadable()) };
        Document::of(&mut files, document)?.draw(&mut files, &mut paged, limits, &mut work_left)?;
    }
    if paged.count == 0 {
        return Err(files.unreadable());
    }
    Ok(paged)
}

/// The members of the zip, found by path.
struct Files<'a> {
    package: Package<'a>,
    /// By path without leading slash, in lower case.
    names: HashMap<String, String>,
    /// Elements that may still be read.
    elements_left: usize,
}

/// A tree, and the folder its paths start from.
struct Loaded {
    node: Node,
    folder: String,
}

impl<'a> Files<'a> {
    fn open(bytes: &'a [u8], limits: &'a Limits) -> Result<Self, Oddity> {
        let package = Package::open(bytes, limits)?;
        let names = package.names().into_iter().map(|name| (plain("", &name), name)).collect();
        Ok(Self { package, names, elements_left: limits.cells / 2 })
    }

    /// The tree of a member: by its path from this folder, or from the root as some producers write it. `None` where it
    /// is not there or no XML.
    fn tree(&mut self, folder: &str, path: &str) -> Result<Option<Loaded>, Oddity> {
        let places = [plain(folder, path), plain("", path)];
        let Some(place) = places.into_iter().find(|place| self.names.contains_key(place)) else { return Ok(None) };
        let Some(name) = self.names.get(&place) else { return Ok(None) };
        let bytes = self.package.read(name)?;
        let folder = place.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        match tree::parse(&bytes, &mut self.elements_left) {
            Parsed::Tree(node) => Ok(Some(Loaded { node, folder })),
            Parsed::Broken => Ok(None),
            Parsed::TooLarge => Err(too_large()),
        }
    }

    /// What is said of a file whose parts cannot be read: the list of what is encrypted (GM/T 0099) stands beside them.
    fn unreadable(&self) -> Oddity {
        let encrypted = |name: &String| {
            let last = name.rsplit('/').next().unwrap_or_default();
            last.starts_with("encryption") || last.starts_with("decryptseed") || last.starts_with("encryptentries")
        };
        if self.names.keys().any(encrypted) { password_protected() } else { damaged() }
    }
}

/// A path without `.` and `..`, as it is compared.
fn plain(folder: &str, path: &str) -> String {
    let path = path.trim().replace('\\', "/");
    let whole = if path.starts_with('/') { path } else { format!("{folder}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/").to_lowercase()
}

/// One document of the file, with what its pages share.
struct Document {
    loaded: Loaded,
    size: (f64, f64),
    resources: Resources,
    /// Template pages by identifier.
    templates: HashMap<String, Node>,
    /// Appearances of annotations by page.
    annotations: HashMap<String, Vec<Node>>,
}

impl Document {
    fn of(files: &mut Files<'_>, loaded: Loaded) -> Result<Self, Oddity> {
        let mut document = Self {
            size: A4,
            resources: Resources::default(),
            templates: HashMap::new(),
            annotations: HashMap::new(),
            loaded,
        };
        let common = document.loaded.node.one("CommonData").cloned().unwrap_or_default();
        document.size = size_of(common.one("PageArea")).unwrap_or(A4);
        let folder = document.loaded.folder.clone();
        let shared = common.nodes.iter().filter(|node| matches!(node.name.as_str(), "PublicRes" | "DocumentRes"));
        for path in shared.take(MOST_RESOURCES) {
            document.add_resources(files, &folder, path.text.trim())?;
        }
        for template in common.all("TemplatePage") {
            let (Some(id), Some(path)) = (template.attribute("ID"), template.attribute("BaseLoc")) else { continue };
            if let Some(page) = files.tree(&folder, path)? {
                document.templates.insert(id.to_owned(), page.node);
            }
        }
        document.add_annotations(files, &folder)?;
        Ok(document)
    }

    fn add_resources(&mut self, files: &mut Files<'_>, folder: &str, path: &str) -> Result<(), Oddity> {
        let Some(Loaded { node, .. }) = files.tree(folder, path)? else { return Ok(()) };
        for list in node.nodes {
            for item in list.nodes {
                let Some(id) = item.attribute("ID").map(str::to_owned) else { continue };
                match item.name.as_str() {
                    "CompositeGraphicUnit" | "VectorG" => {
                        self.resources.composites.insert(id, item);
                    }
                    "DrawParam" => {
                        self.resources.parameters.insert(id, item);
                    }
                    "MultiMedia" => {
                        let file = item.words("MediaFile").unwrap_or_default().to_owned();
                        self.resources.pictures.insert(id, file);
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn add_annotations(&mut self, files: &mut Files<'_>, folder: &str) -> Result<(), Oddity> {
        let Some(path) = self.loaded.node.words("Annotations") else { return Ok(()) };
        let Some(list) = files.tree(folder, path)? else { return Ok(()) };
        for page in list.node.all("Page") {
            let (Some(id), Some(path)) = (page.attribute("PageID"), page.words("FileLoc")) else { continue };
            let Some(annotations) = files.tree(&list.folder, path)? else { continue };
            let shown = annotations.node.nodes.into_iter().filter(|one| one.name == "Annot" && one.is("Visible", true));
            let appearances = shown.flat_map(|one| one.nodes).filter(|node| node.name == "Appearance");
            self.annotations.entry(id.to_owned()).or_default().extend(appearances);
        }
        Ok(())
    }

    fn draw(
        mut self,
        files: &mut Files<'_>,
        paged: &mut Paged,
        limits: &Limits,
        work_left: &mut usize,
    ) -> Result<(), Oddity> {
        let folder = self.loaded.folder.clone();
        // Words among the pages are the remains of one that is lost.
        paged.is_damaged |= self.loaded.node.all("Pages").any(|pages| !pages.text.trim().is_empty());
        let pages: Vec<Node> = self.loaded.node.all("Pages").flat_map(|pages| pages.all("Page")).cloned().collect();
        for place in pages {
            paged.count += 1;
            if paged.pages.len() >= limits.pages {
                continue;
            }
            // A page that is not there would otherwise be lost in silence.
            let Some(page) = files.tree(&folder, place.attribute("BaseLoc").unwrap_or_default())? else {
                return Err(files.unreadable());
            };
            for path in page.node.all("PageRes").take(MOST_RESOURCES) {
                self.add_resources(files, &page.folder, path.text.trim())?;
            }
            let id = place.attribute("ID").unwrap_or_default();
            let (content, left) = self.page(&page.node, id, *work_left).map_err(|Exhausted| too_large())?;
            *work_left = left;
            paged.pages.push(content);
        }
        paged.unopened.attachments.extend(attachments(&self.loaded, files)?);
        Ok(())
    }

    /// A page between its templates, with what was annotated on it.
    fn page(&self, page: &Node, id: &str, work_left: usize) -> Result<(PageContent, usize), Exhausted> {
        let (width, height) = size_of(page.one("Area")).unwrap_or(self.size);
        let mut drawing = Drawing::new(width, height, &self.resources, work_left);
        let onto_page = Affine::scale(POINTS);
        let templates = |foreground: bool| {
            page.all("Template")
                .filter(move |one| (one.attribute("ZOrder") == Some("Foreground")) == foreground)
                .filter_map(|one| self.templates.get(one.attribute("TemplateID")?))
        };
        let layers = templates(false).chain([page]).chain(templates(true)).filter_map(|page| page.one("Content"));
        for content in layers {
            drawing.layer(content, onto_page, 0)?;
        }
        for appearance in self.annotations.get(id).into_iter().flatten() {
            let [x, y, ..] = boundary(appearance);
            drawing.layer(appearance, onto_page * Affine::translate((x, y)), 0)?;
        }
        let left = drawing.work_left;
        let mut content = drawing.canvas.content;
        content.settle();
        Ok((content, left))
    }
}

/// The width and height of a page's area, in millimetres.
fn size_of(area: Option<&Node>) -> Option<(f64, f64)> {
    match numbers(area?.words("PhysicalBox")?).as_slice() {
        [_, _, width, height, ..] if *width > 1.0 && *height > 1.0 => Some((*width, *height)),
        _ => None,
    }
}

/// The names of the files attached to a document.
fn attachments(document: &Loaded, files: &mut Files<'_>) -> Result<Vec<String>, Oddity> {
    let Some(path) = document.node.words("Attachments").map(str::to_owned) else { return Ok(Vec::new()) };
    let Some(list) = files.tree(&document.folder, &path)? else { return Ok(Vec::new()) };
    Ok(list.node.all("Attachment").map(|one| one.attribute("Name").unwrap_or_default().to_owned()).collect())
}
