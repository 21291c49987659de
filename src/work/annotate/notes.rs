//! Notes on cells: their words in the sheet's comments (ECMA-376 part 1, 18.7), the boxes they are shown in as VML (part
//! 4, 19.4), beside those that are there already.

use std::ops::Range;

use quick_xml::escape::escape;

use super::markup::{Edits, own_attribute, prefix_of, tag_with, walk};
use super::parts::{Parts, Relation};
use super::sheet::Measures;
use super::{Notes, Unfit};
use crate::model::mark::Tone;

const COMMENTS_TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml";
const SHAPES_TYPE: &str = "application/vnd.openxmlformats-officedocument.vmlDrawing";
const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
/// Namespaces of the markup for shapes; said of every shape, so that it does not matter what stands around it.
const SPACES: &str = "xmlns:v=\"urn:schemas-microsoft-com:vml\" xmlns:o=\"urn:schemas-microsoft-com:office:office\" \
                      xmlns:x=\"urn:schemas-microsoft-com:office:excel\"";
/// The kind of shape that all notes are.
const SHAPE_TYPE: &str = "_x0000_t202";
/// Elements of a sheet that stand behind the one that names its shapes (18.3.1.99).
const BEHIND: [&str; 8] =
    ["legacyDrawingHF", "drawingHF", "picture", "oleObjects", "controls", "webPublishItems", "tableParts", "extLst"];
/// Pixels a note is wide, its margins, and what a line in it takes.
const WIDTH: u32 = 300;
const MARGIN: u32 = 24;
const LINE: u32 = 17;
/// Han characters in a line of a note.
const LINE_LENGTH: usize = 21;

/// What is written at one cell.
#[derive(Clone, Debug)]
pub(super) struct Note {
    pub(super) cell: String,
    pub(super) tone: Tone,
    /// Lines.
    pub(super) words: String,
}

/// Adds these notes to a sheet.
///
/// # Errors
/// Where its comments, its shapes or their relations are written in an unusual way.
pub(super) fn add(parts: &mut Parts<'_>, sheet: &str, author: &str, notes: &Notes) -> Result<(), Unfit> {
    let relations = parts.relations(sheet)?;
    let old = match one(&relations, "comments")? {
        Some(part) => {
            let (text, old) = with_comments(parts.text(&part)?, author, notes)?;
            parts.put(&part, text);
            old
        }
        None => {
            let part = parts.free_name("xl/comments", "xml")?;
            parts.put(&part, comments(author, notes));
            parts.declare(&part, COMMENTS_TYPE)?;
            parts.relate(sheet, "comments", &part)?;
            Vec::new()
        }
    };
    let measures = Measures::of(parts.text(sheet)?)?;
    // What has a note has its box.
    let boxes = notes.iter().filter(|(_, note)| !old.contains(&note.cell));
    let boxes: Vec<_> = boxes.map(|(place, note)| (*place, note)).collect();
    match legacy_drawing(parts.text(sheet)?)? {
        Some(id) => {
            let part = relations.iter().find(|relation| relation.id == id && relation.kind == "vmlDrawing");
            let part = part.map(|relation| relation.target.clone()).ok_or(Unfit("shapes without a part"))?;
            let text = with_shapes(parts.text(&part)?, &boxes, &measures)?;
            parts.put(&part, text);
        }
        None => {
            let part = parts.free_name("xl/drawings/vmlDrawing", "vml")?;
            let empty = format!(
                "<xml {SPACES}><o:shapelayout v:ext=\"edit\"><o:idmap v:ext=\"edit\" data=\"1\"/></o:shapelayout></xml>"
            );
            parts.put(&part, with_shapes(&empty, &boxes, &measures)?);
            parts.declare(&part, SHAPES_TYPE)?;
            let id = parts.relate(sheet, "vmlDrawing", &part)?;
            let text = with_legacy_drawing(parts.text(sheet)?, &id)?;
            parts.put(sheet, text);
        }
    }
    Ok(())
}

/// The part of this kind, of which a sheet has one at most.
fn one(relations: &[Relation], kind: &str) -> Result<Option<String>, Unfit> {
    let mut found = relations.iter().filter(|relation| relation.kind == kind);
    match (found.next(), found.next()) {
        (None, _) => Ok(None),
        (Some(relation), None) => Ok(Some(relation.target.clone())),
        (Some(_), Some(_)) => Err(Unfit("several parts of a kind")),
    }
}

/// Words as a run of text.
fn run(words: &str, prefix: &str) -> String {
    let words = escape(words);
    format!(
        "<{prefix}r><{prefix}rPr><{prefix}sz val=\"10\"/><{prefix}color indexed=\"81\"/><{prefix}rFont val=\"宋体\"/>\
         <{prefix}charset val=\"134\"/></{prefix}rPr><{prefix}t xml:space=\"preserve\">{words}</{prefix}t></{prefix}r>"
    )
}

fn comment(note: &Note, author: usize, prefix: &str) -> String {
    let (cell, run) = (&note.cell, run(&note.words, prefix));
    format!(
        "<{prefix}comment ref=\"{cell}\" authorId=\"{author}\"><{prefix}text>{run}</{prefix}text></{prefix}comment>"
    )
}

fn comments(author: &str, notes: &Notes) -> String {
    let comments: String = notes.values().map(|note| comment(note, 0, "")).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<comments xmlns=\"{MAIN}\"><authors><author>{}\
         </author></authors><commentList>{comments}</commentList></comments>",
        escape(author)
    )
}

/// A sheet's comments with ours added, and the cells among ours that had one; there, ours follows the old words.
fn with_comments(text: &str, author: &str, notes: &Notes) -> Result<(String, Vec<String>), Unfit> {
    let mut edits = Edits::default();
    let mut prefix = String::new();
    let mut authors = 0;
    let (mut authors_end, mut list_end, mut open) = (None, None, None);
    let mut old: Vec<String> = Vec::new();
    walk(text, |seen| {
        if let Some((tag, empty)) = seen.opened() {
            if seen.around.is_empty() {
                prefix = prefix_of(tag);
            } else if seen.is_in(&["comments", "authors"]) && seen.opens("author") {
                authors += 1;
            } else if seen.is_in(&["comments"]) && empty {
                // An empty list is opened to take ours.
                let opened = tag_with(tag, false, &[])?;
                let at = (seen.range.clone(), opened, tag.name().as_ref().to_owned());
                match tag.local_name().as_ref() {
                    "authors" => authors_end = Some(Place::Empty(at)),
                    "commentList" => list_end = Some(Place::Empty(at)),
                    _ => {}
                }
            } else if seen.is_in(&["comments", "commentList"]) && seen.opens("comment") {
                open = own_attribute(tag, "ref");
            }
        } else if seen.is_in(&["comments"]) && seen.closes("authors") {
            authors_end = Some(Place::Before(seen.range.start));
        } else if seen.is_in(&["comments"]) && seen.closes("commentList") {
            list_end = Some(Place::Before(seen.range.start));
        } else if seen.is_in(&["comments", "commentList", "comment"])
            && seen.closes("text")
            && let Some(note) = notes.values().find(|note| Some(&note.cell) == open.as_ref())
        {
            edits.insert(seen.range.start, run(&format!("\n{}", note.words), &prefix));
            old.push(note.cell.clone());
        }
        Ok(())
    })?;
    let (Some(authors_end), Some(list_end)) = (authors_end, list_end) else {
        return Err(Unfit("comments written in an unusual way"));
    };
    authors_end.put(format!("<{prefix}author>{}</{prefix}author>", escape(author)), &mut edits);
    let new = notes.values().filter(|note| !old.contains(&note.cell));
    list_end.put(new.map(|note| comment(note, authors, &prefix)).collect(), &mut edits);
    Ok((edits.apply(text)?, old))
}

/// The end of a list.
enum Place {
    Before(usize),
    /// An empty element: where it is, how it opens, its name.
    Empty((Range<usize>, String, String)),
}

impl Place {
    fn put(self, what: String, edits: &mut Edits) {
        match self {
            Self::Before(at) => edits.insert(at, what),
            Self::Empty((range, opened, name)) => edits.replace(range, format!("{opened}{what}</{name}>")),
        }
    }
}

/// The name of the relation to a sheet's shapes.
fn legacy_drawing(sheet: &str) -> Result<Option<String>, Unfit> {
    let mut id = None;
    walk(sheet, |seen| {
        if let Some((tag, _)) = seen.opened().filter(|_| seen.is_in(&["worksheet"]) && seen.opens("legacyDrawing")) {
            let found = tag.attributes().with_checks(false).flatten().find_map(|attribute| {
                (attribute.key.local_name().as_ref() == "id").then(|| attribute.value.into_owned())
            });
            id = Some(found.ok_or(Unfit("shapes without a part"))?);
        }
        Ok(())
    })?;
    Ok(id)
}

fn with_legacy_drawing(sheet: &str, id: &str) -> Result<String, Unfit> {
    let mut at = None;
    let mut prefix = String::new();
    walk(sheet, |seen| {
        if let Some((tag, _)) = seen.opened() {
            if seen.around.is_empty() {
                prefix = prefix_of(tag);
            }
            if at.is_none() && seen.is_in(&["worksheet"]) && BEHIND.contains(&tag.local_name().as_ref()) {
                at = Some(seen.range.start);
            }
        } else if seen.around.is_empty() && seen.closes("worksheet") {
            at = at.or(Some(seen.range.start));
        }
        Ok(())
    })?;
    let mut edits = Edits::default();
    edits.insert(
        at.ok_or(Unfit("a sheet without an end"))?,
        format!(
            "<{prefix}legacyDrawing xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\" \
             r:id=\"{id}\"/>"
        ),
    );
    edits.apply(sheet)
}

/// A sheet's shapes with a box for each of these notes. What other programs write here is often not well-formed, so only
/// the end is looked for.
fn with_shapes(text: &str, boxes: &[((u32, u32), &Note)], measures: &Measures) -> Result<String, Unfit> {
    let (head, tail) = text.rsplit_once("</xml>").ok_or(Unfit("shapes written in an unusual way"))?;
    // Numbers of shapes are unique on a sheet.
    let numbers = head.split("_x0000_s").skip(1).filter_map(|rest| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).take(9).collect();
        digits.parse::<u32>().ok()
    });
    let first = numbers.max().unwrap_or(1_024) + 1;
    let mut out = head.to_owned();
    if !head.contains(SHAPE_TYPE) || !head.contains("shapetype") {
        out.push_str(&format!(
            "<v:shapetype {SPACES} id=\"{SHAPE_TYPE}\" coordsize=\"21600,21600\" o:spt=\"202\" \
             path=\"m,l,21600r21600,l21600,xe\"><v:stroke joinstyle=\"miter\"/><v:path gradientshapeok=\"t\" \
             o:connecttype=\"rect\"/></v:shapetype>"
        ));
    }
    for (number, (place, note)) in (first..).zip(boxes) {
        out.push_str(&shape(number, *place, note, measures));
    }
    out.push_str("</xml>");
    out.push_str(tail);
    Ok(out)
}

fn shape(number: u32, (row, column): (u32, u32), note: &Note, measures: &Measures) -> String {
    let lines: usize = note.words.lines().map(|line| line.chars().count().div_ceil(LINE_LENGTH).max(1)).sum();
    let height = MARGIN + LINE * u32::try_from(lines.min(24)).unwrap_or(24);
    // To the right of the cell and a little above it, as Excel puts it.
    let left = (column + 1).min(16_380);
    let top = row.saturating_sub(1);
    let (right, right_offset) = reach(left, 15 + WIDTH, 16_383, |column| measures.width(column));
    let (bottom, bottom_offset) = reach(top, 4 + height, 1_048_575, |row| measures.height(row));
    format!(
        "<v:shape {SPACES} id=\"_x0000_s{number}\" type=\"#{SHAPE_TYPE}\" style='position:absolute;width:{WIDTH}px;\
         height:{height}px;z-index:{number};visibility:hidden' fillcolor=\"#ffffe1\" o:insetmode=\"auto\">\
         <v:fill color2=\"#ffffe1\"/><v:shadow on=\"t\" color=\"black\" obscured=\"t\"/><v:path o:connecttype=\"none\"/>\
         <v:textbox style='mso-direction-alt:auto'><div style='text-align:left'></div></v:textbox>\
         <x:ClientData ObjectType=\"Note\"><x:MoveWithCells/><x:SizeWithCells/><x:Anchor>{left}, 15, {top}, 4, {right}, \
         {right_offset}, {bottom}, {bottom_offset}</x:Anchor><x:AutoFill>False</x:AutoFill><x:Row>{row}</x:Row>\
         <x:Column>{column}</x:Column></x:ClientData></v:shape>"
    )
}

/// The row or column so many pixels further on, and how far into it.
fn reach(from: u32, pixels: u32, last: u32, size: impl Fn(u32) -> u32) -> (u32, u32) {
    let (mut at, mut left) = (from, pixels);
    // Hidden ones have no size; a thousand in a row end it.
    for _ in 0..1_000 {
        let here = size(at);
        if left <= here || at >= last {
            break;
        }
        left -= here;
        at += 1;
    }
    (at, left.min(size(at)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn words_that_are_there_stay_before_ours() {
        let note = Note { cell: "B2".into(), tone: Tone::Mend, words: "请更正：<万元>".into() };
        let other = Note { cell: "C3".into(), tone: Tone::Hint, words: "提示".into() };
        let notes = BTreeMap::from([((1, 1), note), ((2, 2), other)]);
        let text = "<c:comments xmlns:c=\"m\"><c:authors><c:author>甲</c:author></c:authors><c:commentList>\
                    <c:comment ref=\"B2\" authorId=\"0\"><c:text><c:t>旧</c:t></c:text></c:comment>\
                    </c:commentList></c:comments>";
        let (edited, old) = with_comments(text, "办公室", &notes).unwrap();
        assert_eq!(old, ["B2"]);
        assert!(edited.contains("<c:author>甲</c:author><c:author>办公室</c:author>"), "{edited}");
        assert!(edited.contains("<c:t>旧</c:t><c:r>") && edited.contains("\n请更正：&lt;万元&gt;</c:t>"), "{edited}");
        assert!(edited.contains("<c:comment ref=\"C3\" authorId=\"1\">"), "{edited}");
        let empty = "<comments><authors/><commentList/></comments>";
        let (edited, _) = with_comments(empty, "办公室", &notes).unwrap();
        assert!(
            edited.starts_with("<comments><authors><author>办公室</author></authors><commentList><comment"),
            "{edited}"
        );
    }

    #[test]
    fn a_box_is_as_large_as_its_words_whatever_the_columns() {
        assert_eq!(reach(3, 300, 100, |_| 64), (7, 44));
        assert_eq!(reach(3, 300, 100, |column| if column == 4 { 0 } else { 100 }), (6, 100));
        assert_eq!(reach(99, 300, 100, |_| 64), (100, 64));
    }
}
