//! HTML of a mail body into the lines a person reads; quoted replies get `> ` before their lines.

/// Most characters made out of one body.
const MOST: usize = 4_000_000;

/// The text of an HTML body, one line a block. Cells of a table row are divided by tabs.
#[must_use]
pub fn from_html(html: &str) -> String {
    let mut writer = Writer::default();
    let mut unclosed = Vec::new();
    let mut rest = html;
    while let Some((before, tail)) = rest.split_once('<') {
        writer.words(before);
        if let Some(comment) = tail.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        if !tail.starts_with(|first: char| first.is_ascii_alphabetic() || matches!(first, '/' | '!' | '?')) {
            writer.words("<");
            rest = tail;
            continue;
        }
        let Some((tag, after)) = split_tag(tail) else {
            rest = "";
            break;
        };
        rest = after;
        let name = tag_name(tag);
        if matches!(name.as_str(), "head" | "style" | "script" | "template" | "title") && !unclosed.contains(&name) {
            match skip_element(rest, &name) {
                Some(after) => rest = after,
                // Never closed: its words are better than none, and looking for its end again would take for ever.
                None => unclosed.push(name),
            }
        } else {
            writer.tag(&name, tag);
        }
        if writer.text.len() > MOST {
            return writer.text;
        }
    }
    writer.words(rest);
    tidy(&writer.text)
}

/// The tag and what follows it; a `>` inside quotes ends no tag.
fn split_tag(tail: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (place, byte) in tail.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some((tail.get(..place)?, tail.get(place + 1..)?)),
            (None, b'"' | b'\'') if tail.get(..place).is_some_and(|before| before.trim_end().ends_with('=')) => {
                quote = Some(byte);
            }
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    // An unclosed quote: believe the first `>`.
    tail.split_once('>')
}

/// `div`, or `/div` for the closing tag; lower case.
fn tag_name(tag: &str) -> String {
    let end = tag.char_indices().skip(1).find(|(_, character)| !character.is_ascii_alphanumeric());
    tag.get(..end.map_or(tag.len(), |(place, _)| place)).unwrap_or_default().to_ascii_lowercase()
}

fn skip_element<'a>(rest: &'a str, name: &str) -> Option<&'a str> {
    let close = format!("</{name}");
    let bytes = rest.as_bytes();
    let place = bytes.windows(close.len()).position(|window| window.eq_ignore_ascii_case(close.as_bytes()))?;
    Some(rest.get(place..)?.split_once('>').map_or("", |(_, after)| after))
}

#[derive(Default)]
struct Writer {
    text: String,
    /// For every open blockquote, whether it quotes another mail.
    quotes: Vec<bool>,
    blank: bool,
}

impl Writer {
    fn words(&mut self, words: &str) {
        let mut first = true;
        for word in words.split([' ', '\t', '\r', '\n']) {
            if !first {
                self.blank = true;
            }
            first = false;
            if word.is_empty() {
                continue;
            }
            let at_start = self.text.is_empty() || self.text.ends_with(['\n', '\t']);
            if at_start && !self.text.ends_with('\t') && self.quotes.contains(&true) {
                self.text.push_str("> ");
            } else if self.blank && !at_start {
                self.text.push(' ');
            }
            self.blank = false;
            unescape(word, &mut self.text);
        }
    }

    fn tag(&mut self, name: &str, tag: &str) {
        match name {
            "br" => self.text.push('\n'),
            "blockquote" => {
                self.line();
                let lower = tag.to_ascii_lowercase();
                self.quotes.push(["cite", "reply", "quote\"", "gmail"].iter().any(|mark| lower.contains(mark)));
                self.quotes.truncate(200);
            }
            "/blockquote" => {
                self.line();
                self.quotes.pop();
            }
            "td" | "th" if !self.text.is_empty() && !self.text.ends_with('\n') => self.text.push('\t'),
            "/p" | "/div" | "/tr" | "/li" | "/table" | "/h1" | "/h2" | "/h3" | "/h4" | "p" | "div" | "tr" | "li"
            | "table" | "hr" | "h1" | "h2" | "h3" | "h4" | "ul" | "ol" | "/ul" | "/ol" | "includetail" | "pre"
            | "/pre" => self.line(),
            _ => {}
        }
    }

    fn line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        self.blank = false;
    }
}

/// Appends a word, its entities undone.
pub fn unescape(word: &str, text: &mut String) {
    let mut rest = word;
    while let Some((before, tail)) = rest.split_once('&') {
        text.push_str(before);
        // No entity is longer: looking further would take for ever on a text full of `&`.
        let end = tail.bytes().take(33).position(|byte| byte == b';');
        let entity = end.and_then(|end| Some((tail.get(..end)?, tail.get(end + 1..)?)));
        match entity.filter(|(entity, _)| {
            !entity.is_empty() && entity.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'#')
        }) {
            Some((entity, after)) => {
                mail_parser::decoders::html::add_html_token(text, format!("&{entity};").as_bytes(), false);
                rest = after;
            }
            None => {
                text.push('&');
                rest = tail;
            }
        }
    }
    text.push_str(rest);
}

/// No-break blanks become blanks, lines are trimmed, no more than one empty line in a row.
fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.lines() {
        let line = line.replace(['\u{A0}', '\u{3000}'], " ");
        let line = line.trim_matches([' ', '\t']);
        let line: String = line.chars().filter(|character| !character.is_control() || *character == '\t').collect();
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty < 2 && !(line.is_empty() && tidy.is_empty()) {
            tidy.push_str(&line);
            tidy.push('\n');
        }
    }
    tidy.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_become_lines() {
        let html = "<html><HEAD><title>t</title></head><style>p{}</style><body><div>各位领导：</div>\
                    <div>&nbsp;&nbsp;报表见附件&amp;说明。<br>谢谢</div><!-- <p>no</p> --><p title='a>b'>1 &lt; 2</p>3 < 4";
        assert_eq!(from_html(html), "各位领导：\n报表见附件&说明。\n谢谢\n1 < 2\n3 < 4");
    }

    #[test]
    fn cells_are_divided_and_quotes_marked() {
        let html = "<table><tr><td>单位</td><td>金额</td></tr><tr><td>离石区</td><td>100</td></tr></table>\
                    <blockquote id=\"isReplyContent\"><p>旧话</p>更旧</blockquote><blockquote>缩进</blockquote>";
        assert_eq!(from_html(html), "单位\t金额\n离石区\t100\n> 旧话\n> 更旧\n缩进");
    }

    #[test]
    fn broken_html_is_no_trouble() {
        assert_eq!(from_html("<p>甲<b"), "甲");
        assert_eq!(from_html("<style>p"), "p");
        assert_eq!(from_html("&bogus &#; &#x4E2D; &#99999999;"), "&bogus &#; 中 \u{FFFD}");
        assert_eq!(from_html(""), "");
    }
}
