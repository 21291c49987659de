//! HTML as a stream of tags and text, in linear time on any input.
//!
//! Not a conforming parser: nothing here needs the tree a browser would build. html5ever's tokenizer compares every
//! attribute of a tag with every other, and its tree builder walks its stack for every tag, so both can be made to take
//! hours by a mail.

use std::borrow::Cow;

use quick_xml::escape::resolve_html5_entity;

/// A tag takes at most this many attributes; more are skipped.
const ATTRIBUTES: usize = 64;

/// A part of the page.
#[derive(Debug, PartialEq)]
pub(super) enum Token<'a> {
    /// Characters between tags, entities not yet resolved.
    Text(&'a str),
    Open(Tag<'a>),
    /// The name, lower case.
    Close(String),
}

/// A start tag.
#[derive(Debug, PartialEq)]
pub(super) struct Tag<'a> {
    /// Lower case.
    pub(super) name: String,
    attributes: Vec<(&'a str, &'a str)>,
}

impl Tag<'_> {
    /// The first attribute of this name, its entities resolved.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        let found = self.attributes.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| resolved(value).into_owned())
    }
}

/// Cuts the page into tokens; comments, declarations and what stands in scripts and styles are left out.
pub(super) struct Tokens<'a> {
    rest: &'a str,
    /// Inside an element whose content is no markup: its name.
    raw: Option<&'static str>,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text, raw: None }
    }

    /// Takes so many bytes off the front.
    fn take(&mut self, bytes: usize) -> &'a str {
        let (front, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        front
    }

    /// Drops everything up to and with this mark, or all where it does not come.
    fn drop_past(&mut self, mark: &str) {
        self.rest = self.rest.split_once(mark).map_or("", |(_, rest)| rest);
    }

    /// The content of a script or style ends only at its own end tag.
    fn drop_raw(&mut self, name: &str) {
        let bytes = self.rest.as_bytes();
        let end = format!("</{name}");
        let found = memchr_all(bytes)
            .find(|at| bytes.get(*at..*at + end.len()).is_some_and(|found| found.eq_ignore_ascii_case(end.as_bytes())));
        self.rest = found.and_then(|at| self.rest.get(at..)).unwrap_or("");
    }

    fn open_tag(&mut self) -> Token<'a> {
        let length = self.rest.find(|c: char| c.is_whitespace() || c == '>' || c == '/').unwrap_or(self.rest.len());
        let name = self.take(length).to_ascii_lowercase();
        let mut attributes = Vec::new();
        loop {
            self.rest = self.rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
            if self.rest.is_empty() {
                break;
            }
            if let Some(rest) = self.rest.strip_prefix('>') {
                self.rest = rest;
                break;
            }
            let attribute = self.attribute();
            if attributes.len() < ATTRIBUTES {
                attributes.push(attribute);
            }
        }
        self.raw = ["script", "style", "title", "textarea", "noscript", "xml"].into_iter().find(|raw| *raw == name);
        Token::Open(Tag { name, attributes })
    }

    fn attribute(&mut self) -> (&'a str, &'a str) {
        let length = self
            .rest
            .char_indices()
            .skip(1)
            .find(|(_, c)| c.is_whitespace() || matches!(c, '=' | '>' | '/'))
            .map_or(self.rest.len(), |(at, _)| at);
        let name = self.take(length);
        let after = self.rest.trim_start();
        let Some(after) = after.strip_prefix('=') else { return (name, "") };
        self.rest = after.trim_start();
        for quote in ['"', '\''] {
            if let Some(rest) = self.rest.strip_prefix(quote) {
                let (value, rest) = rest.split_once(quote).unwrap_or((rest, ""));
                self.rest = rest;
                return (name, value);
            }
        }
        let length = self.rest.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(self.rest.len());
        (name, self.take(length))
    }
}

/// The places of `<`.
fn memchr_all(bytes: &[u8]) -> impl Iterator<Item = usize> + '_ {
    bytes.iter().enumerate().filter(|(_, byte)| **byte == b'<').map(|(at, _)| at)
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            if let Some(raw) = self.raw.take() {
                self.drop_raw(raw);
            }
            if self.rest.is_empty() {
                return None;
            }
            let Some(after) = self.rest.strip_prefix('<') else {
                let length = self.rest.find('<').unwrap_or(self.rest.len());
                return Some(Token::Text(self.take(length)));
            };
            match after.chars().next() {
                Some(c) if c.is_ascii_alphabetic() => {
                    self.rest = after;
                    return Some(self.open_tag());
                }
                Some('/') => {
                    self.rest = after.trim_start_matches('/');
                    let inside = self.rest.find('>').unwrap_or(self.rest.len());
                    let inside = self.take(inside);
                    self.rest = self.rest.strip_prefix('>').unwrap_or(self.rest);
                    let name = inside.split(|c: char| c.is_whitespace() || c == '/').next().unwrap_or("");
                    return Some(Token::Close(name.to_ascii_lowercase()));
                }
                // Word's `<!--[if …]>` … `<![endif]-->` are comments like others; `<![if …]>` are declarations.
                Some('!') if after.starts_with("!--") => {
                    self.rest = after.get(3..).unwrap_or("");
                    self.drop_past("-->");
                }
                Some('!' | '?') => {
                    self.rest = after;
                    self.drop_past(">");
                }
                // A lone sign: `人数<5`.
                _ => {
                    let length = after.find('<').map_or(self.rest.len(), |at| at + 1);
                    return Some(Token::Text(self.take(length)));
                }
            }
        }
    }
}

/// The text with its entities resolved; unknown ones stay as they are.
pub(super) fn resolved(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split('&');
    out.push_str(parts.next().unwrap_or(""));
    for part in parts {
        let length = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '#').unwrap_or(part.len()).min(40);
        let (name, rest) = part.split_at_checked(length).unwrap_or((part, ""));
        let rest = rest.strip_prefix(';').map_or((rest, false), |rest| (rest, true));
        match entity(name, rest.1) {
            Some(found) => {
                out.push_str(&found);
                out.push_str(rest.0);
            }
            None => {
                out.push('&');
                out.push_str(part);
            }
        }
    }
    Cow::Owned(out)
}

/// What an entity stands for. Without its semicolon only numbers and the few oldest names are one.
fn entity(name: &str, closed: bool) -> Option<Cow<'static, str>> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code).filter(|c| *c != '\0').map(|c| Cow::Owned(c.to_string()));
    }
    let old = ["nbsp", "amp", "lt", "gt", "quot"].contains(&name);
    if closed || old { resolve_html5_entity(name).map(Cow::Borrowed) } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tags_text_and_what_is_left_out() {
        let page = "<!doctype html><!-- <td> --><STYLE>td{a:'</b>'}</STYLE><p class=a>甲<br/>乙</p ><script>if(a<b)</script>丙<5";
        let seen: Vec<String> = Tokens::new(page)
            .map(|token| match token {
                Token::Text(text) => text.to_owned(),
                Token::Open(tag) => format!("+{}", tag.name),
                Token::Close(name) => format!("-{name}"),
            })
            .collect();
        assert_eq!(seen, ["+style", "-style", "+p", "甲", "+br", "乙", "-p", "+script", "-script", "丙", "<5"]);
    }

    #[test]
    fn attributes_in_every_dress() {
        let page = r#"<td ColSpan = "2"rowspan='3' nowrap width=50% title="a>b &amp; c"/>"#;
        let Some(Token::Open(tag)) = Tokens::new(page).next() else { panic!("a tag") };
        assert_eq!(tag.attribute("colspan").as_deref(), Some("2"));
        assert_eq!(tag.attribute("rowspan").as_deref(), Some("3"));
        assert_eq!(tag.attribute("nowrap").as_deref(), Some(""));
        assert_eq!(tag.attribute("width").as_deref(), Some("50%"));
        assert_eq!(tag.attribute("title").as_deref(), Some("a>b & c"));
    }

    #[test]
    fn entities() {
        assert_eq!(resolved("&ldquo;八一&rdquo;&nbsp;&#20843;&#x4e00;&lt;"), "“八一”\u{a0}八一<");
        assert_eq!(resolved("&nbspA &unknown; R&D & &#0; &#99999999;"), "&nbspA &unknown; R&D & &#0; &#99999999;");
        assert_eq!(resolved("1&nbsp2&copy 3"), "1&nbsp2&copy 3");
        assert_eq!(resolved("1&nbsp，2"), "1\u{a0}，2");
    }

    proptest! {
        #[test]
        fn any_text_ends(text in "[<>/!a-c\"'= &;#x\\-甲]{0,200}") {
            prop_assert!(Tokens::new(&text).count() <= text.len() + 1);
        }
    }
}
