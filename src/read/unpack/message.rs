//! Mails inside mails: forwarded as attachments, dragged into a letter, or packed into an archive.

use std::collections::BTreeSet;

use super::{Container, Unpacker};
use crate::model::grid::{Document, LetterHead};
use crate::model::mail::{Content, OddityCode};
use crate::read::data_tables;
use crate::read::mime::{self, Leaf};

/// More lines around the tables of a mail say nothing about whose they are.
const MOST_LINES_BESIDE: usize = 1_000;

impl Unpacker<'_> {
    pub(super) fn open_mail(&mut self, container: &mut Container<'_>) {
        let parts = mime::take_apart(container.bytes, self.limits);
        if parts.left_out {
            self.note(container.index, OddityCode::TooLarge, "所附邮件的层次或分段过多，没有全部打开");
        }
        let (headers, _) = mime::headers::read(&parts.fields);
        let words = mime::words_of(&parts.leaves);
        let html = if words.cut { None } else { data_tables(&words.html, self.limits) };
        if html.is_none() {
            self.note(container.index, OddityCode::TooLarge, "所附邮件的正文太长，没有全部读出");
        }
        let html = html.unwrap_or_default();
        // Beside a plain part written for itself, the HTML alone holds the lines around its tables.
        let beside: &[String] = if html.tables.is_empty() { &[] } else { &html.paragraphs };
        let only_html =
            beside.iter().take(MOST_LINES_BESIDE).map(String::as_str).filter(|line| !words.text.contains(line));
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
        if let Some(piece) = self.pieces.get_mut(container.index) {
            let has_text = !paragraphs.is_empty() || !tables.is_empty();
            piece.content = Content::Document(Document {
                paragraphs,
                tables,
                has_text,
                letter: Some(LetterHead { from: headers.from, subject: headers.subject }),
                ..Document::default()
            });
        }
        self.add_leaves(&parts.leaves, &words.html, Some(&container.path), container.depth + 1);
    }
}

/// The Content-IDs that an HTML body refers to.
pub(super) fn shown_identifiers(html: &str) -> BTreeSet<&str> {
    let ends = |byte: &u8| matches!(byte, b'"' | b'\'' | b'>' | b' ' | b')' | b'&');
    html.match_indices("cid:")
        .take(10_000)
        .filter_map(|(place, mark)| {
            let rest = html.get(place + mark.len()..)?;
            let end = rest.as_bytes().iter().take(255).position(ends);
            rest.get(..end.unwrap_or(rest.len().min(255)))
        })
        .collect()
}

/// Shown inside the HTML body rather than attached for itself.
pub(super) fn is_inline(leaf: &Leaf, shown: &BTreeSet<&str>) -> bool {
    let Some(id) = leaf.content_id.as_deref().filter(|id| !id.is_empty()) else { return false };
    shown.contains(id) || (leaf.disposition == "inline" && leaf.media_type.starts_with("image/"))
}
