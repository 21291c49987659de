//! XML as a tree of elements without prefixes, bounded in depth and count.

use quick_xml::events::Event;

use crate::read::workbook::xml;

/// Elements deeper than this stand in no OFD file; the tree is also taken down by recursion.
const DEPTH: usize = 64;

/// An element.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    /// Without prefix.
    pub(super) name: String,
    attributes: Vec<(String, String)>,
    pub(super) nodes: Vec<Node>,
    pub(super) text: String,
}

impl Node {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The elements of this name directly within.
    pub(super) fn all<'n>(&'n self, name: &'n str) -> impl Iterator<Item = &'n Self> {
        self.nodes.iter().filter(move |node| node.name == name)
    }

    pub(super) fn one(&self, name: &str) -> Option<&Self> {
        self.nodes.iter().find(|node| node.name == name)
    }

    /// The text of the first element of this name, trimmed.
    pub(super) fn words(&self, name: &str) -> Option<&str> {
        self.one(name).map(|node| node.text.trim()).filter(|text| !text.is_empty())
    }

    /// A list of numbers, as boxes, matrices and colours are written; what is none ends it.
    pub(super) fn numbers(&self, name: &str) -> Vec<f64> {
        self.attribute(name).map(numbers).unwrap_or_default()
    }

    pub(super) fn number(&self, name: &str) -> Option<f64> {
        self.numbers(name).first().copied()
    }

    /// A truth value; anything but `false` and `0` holds.
    pub(super) fn is(&self, name: &str, absent: bool) -> bool {
        self.attribute(name).map_or(absent, |value| !matches!(value.trim(), "false" | "0"))
    }
}

/// Numbers between blanks or commas.
pub(super) fn numbers(text: &str) -> Vec<f64> {
    text.split(|letter: char| letter.is_whitespace() || letter == ',')
        .filter(|word| !word.is_empty())
        .map_while(|word| word.parse().ok().filter(|number: &f64| number.is_finite()))
        .collect()
}

/// What a text is as a tree.
pub(super) enum Parsed {
    Tree(Node),
    /// Not well formed as far as that matters, or no XML at all.
    Broken,
    /// More elements than are left, or too deep.
    TooLarge,
}

/// Reads a document's root element; `left` is how many elements may still be read.
pub(super) fn parse(bytes: &[u8], left: &mut usize) -> Parsed {
    let text = xml::decode(bytes);
    let mut reader = xml::reader(&text);
    let mut open: Vec<Node> = Vec::new();
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => {
                let Some(rest) = left.checked_sub(1) else { return Parsed::TooLarge };
                *left = rest;
                if open.len() >= DEPTH {
                    return Parsed::TooLarge;
                }
                open.push(node_of(&start));
            }
            Ok(Event::End(_)) => {
                let Some(done) = open.pop() else { continue };
                match open.last_mut() {
                    Some(parent) => parent.nodes.push(done),
                    None => return Parsed::Tree(done),
                }
            }
            Ok(Event::Text(text)) => {
                if let Some(node) = open.last_mut() {
                    node.text.push_str(&text);
                }
            }
            Ok(Event::CData(text)) => {
                if let Some(node) = open.last_mut() {
                    node.text.push_str(&text);
                }
            }
            Ok(Event::GeneralRef(reference)) => {
                if let Some(node) = open.last_mut() {
                    xml::push_reference(&reference, &mut node.text);
                }
            }
            Ok(Event::Eof) | Err(_) => return Parsed::Broken,
            Ok(_) => {}
        }
    }
}

fn node_of(start: &quick_xml::events::BytesStart<'_>) -> Node {
    let mut attributes = Vec::new();
    for attribute in start.attributes().with_checks(false).flatten() {
        let value = match quick_xml::escape::unescape(&attribute.value) {
            Ok(value) => value.into_owned(),
            Err(_) => attribute.value.clone().into_owned(),
        };
        attributes.push((attribute.key.local_name().as_ref().to_owned(), value));
    }
    Node { name: start.local_name().as_ref().to_owned(), attributes, nodes: Vec::new(), text: String::new() }
}
