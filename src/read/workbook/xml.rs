//! Small helps over quick-xml that the readers of markup share.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::escape::{resolve_predefined_entity, unescape};
use quick_xml::events::{BytesRef, BytesStart};

/// The document's characters: by byte order mark, by the declaration, else UTF-8.
pub(crate) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, _)) = encoding_rs::Encoding::for_bom(bytes) {
        return encoding.decode(bytes).0;
    }
    let head: Vec<u8> = bytes.iter().copied().take(200).collect();
    let head = String::from_utf8_lossy(&head);
    let declared = head
        .starts_with("<?xml")
        .then(|| head.split("encoding=").nth(1))
        .flatten()
        .and_then(|rest| rest.split(['"', '\'']).nth(1))
        .and_then(|label| encoding_rs::Encoding::for_label(label.as_bytes()));
    declared.unwrap_or(encoding_rs::UTF_8).decode(bytes).0
}

/// A reader that takes documents as they come: no check of end names, every empty element as start and end.
pub(crate) fn reader(text: &str) -> Reader<&[u8]> {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.expand_empty_elements = true;
    reader
}

/// An attribute's value by its local name, whatever the prefix.
pub(crate) fn attribute(element: &BytesStart<'_>, local: &str) -> Option<String> {
    // Without the check for doubled names, which is quadratic in their number.
    element
        .attributes()
        .with_checks(false)
        .flatten()
        .find(|attribute| attribute.key.local_name().as_ref() == local)
        .map(|attribute| match unescape(&attribute.value) {
            Ok(value) => value.into_owned(),
            Err(_) => attribute.value.into_owned(),
        })
}

/// A whole number in an attribute, or what stands for its absence.
pub(crate) fn number(element: &BytesStart<'_>, local: &str, absent: u32) -> u32 {
    attribute(element, local).and_then(|value| value.trim().parse().ok()).unwrap_or(absent)
}

/// The characters an entity or character reference stands for; an unknown one stands for nothing.
pub(crate) fn push_reference(reference: &BytesRef<'_>, into: &mut String) {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        into.push(character);
    } else if let Some(text) = resolve_predefined_entity(&reference.xml10_content()) {
        into.push_str(text);
    }
}
