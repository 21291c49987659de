//! Lines and paragraphs out of glyphs that only know their places.

use super::page::{Glyph, Turn};

/// A line of text; lengths in points.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) text: String,
    left: f64,
    right: f64,
    /// Its baseline.
    pub(super) y: f64,
    pub(super) size: f64,
}

/// The paragraphs of all pages in reading order, page numbers left out.
pub(super) fn paragraphs<'g>(pages: impl IntoIterator<Item = Vec<&'g Glyph>>) -> Vec<String> {
    let mut done: Vec<String> = Vec::new();
    let mut open: Option<Open> = None;
    for lines in pages.into_iter().flat_map(|glyphs| by_turn(&glyphs)) {
        let lines = without_page_numbers(lines);
        let Some(block) = Block::around(&lines) else { continue };
        let mut previous: Option<Line> = None;
        for line in lines {
            let continues = open.as_ref().is_some_and(|open| open.goes_on(previous.as_ref(), &line, &block));
            match &mut open {
                Some(open) if continues => open.add(&line, &block),
                _ => {
                    done.extend(open.take().map(|open| open.text));
                    open = Some(Open::with(&line, &block));
                }
            }
            previous = Some(line);
        }
    }
    done.extend(open.map(|open| open.text));
    done.into_iter().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect()
}

/// The body of a page: where most lines begin and end.
struct Block {
    left: f64,
    right: f64,
    /// The size most characters have.
    size: f64,
    /// The usual distance of two baselines.
    pitch: f64,
}

impl Block {
    fn around(lines: &[Line]) -> Option<Self> {
        let mut sizes: Vec<f64> =
            lines.iter().flat_map(|line| std::iter::repeat_n(line.size, line.text.chars().count())).collect();
        let size = median(&mut sizes)?;
        let of_body = || lines.iter().filter(|line| (line.size - size).abs() < size * 0.15);
        let left = of_body().map(|line| line.left).fold(f64::INFINITY, f64::min);
        let right = of_body().map(|line| line.right).fold(f64::NEG_INFINITY, f64::max);
        let mut gaps: Vec<f64> = lines
            .iter()
            .zip(lines.iter().skip(1))
            .map(|(above, below)| below.y - above.y)
            .filter(|gap| *gap > size * 0.8)
            .collect();
        let pitch = median(&mut gaps).unwrap_or(size * 1.5);
        Some(Self { left, right, size, pitch })
    }

    /// Whether the line is a title's: larger than the body, and as far from the left margin as from the right.
    fn titles(&self, line: &Line) -> bool {
        let (before, after) = (line.left - self.left, self.right - line.right);
        line.size > self.size * 1.1 && (before - after).abs() < line.size * 2.5
    }
}

/// A paragraph that may go on.
struct Open {
    text: String,
    size: f64,
    /// Its last line reached the right margin.
    full: bool,
    /// Every line so far is a title's.
    title: bool,
}

impl Open {
    fn with(line: &Line, block: &Block) -> Self {
        Self { text: line.text.clone(), size: line.size, full: Self::fills(line, block), title: block.titles(line) }
    }

    fn fills(line: &Line, block: &Block) -> bool {
        // A page of a few words has no margin to reach.
        block.right - block.left > line.size * 10.0 && line.right > block.right - line.size * 2.2
    }

    /// Whether this line belongs to the paragraph; `previous` is the line above on the same page.
    fn goes_on(&self, previous: Option<&Line>, line: &Line, block: &Block) -> bool {
        let same_size = (line.size - self.size).abs() < self.size * 0.12;
        let near = previous.is_none_or(|previous| {
            let gap = line.y - previous.y;
            gap < (block.pitch * 1.4).max(line.size * 2.2) && gap > 0.0
        });
        if !same_size || !near {
            return false;
        }
        let indented = line.left > block.left + line.size * 1.2;
        if self.title {
            return previous.is_some() && block.titles(line);
        }
        self.full && !indented
    }

    fn add(&mut self, line: &Line, block: &Block) {
        let spaced = match (self.text.chars().last(), line.text.chars().next()) {
            (Some(before), Some(after)) => !is_wide(before) && !is_wide(after) && before != '-',
            _ => false,
        };
        if spaced {
            self.text.push(' ');
        }
        self.text.push_str(&line.text);
        self.full = Self::fills(line, block);
    }
}

/// The lines of a page, those that run upright first; then those of each other way.
fn by_turn(glyphs: &[&Glyph]) -> Vec<Vec<Line>> {
    [Turn::Right, Turn::Column, Turn::Down, Turn::Up, Turn::Left]
        .into_iter()
        .map(|turn| {
            let turned: Vec<&Glyph> = glyphs.iter().filter(|glyph| glyph.turn == turn).copied().collect();
            lines(&turned)
        })
        .filter(|lines| !lines.is_empty())
        .collect()
}

/// Glyphs that run the same way, as lines; page numbers are lines too.
pub(super) fn lines(glyphs: &[&Glyph]) -> Vec<Line> {
    let read: Vec<Glyph> = glyphs.iter().map(|glyph| glyph.as_read()).collect();
    rows(read.iter().collect()).into_iter().filter_map(line_of).collect()
}

/// Glyphs with nearly the same baseline are a row; each from left to right.
pub(super) fn rows(mut sorted: Vec<&Glyph>) -> Vec<Vec<&Glyph>> {
    sorted.sort_by(|one, other| one.y.total_cmp(&other.y));
    let mut rows: Vec<Vec<&Glyph>> = Vec::new();
    for glyph in sorted {
        match rows.last_mut() {
            Some(row) if row.last().is_some_and(|last| (glyph.y - last.y).abs() < glyph.size.min(last.size) * 0.45) => {
                row.push(glyph);
            }
            _ => rows.push(vec![glyph]),
        }
    }
    for row in &mut rows {
        row.sort_by(|one, other| one.x.total_cmp(&other.x));
    }
    rows
}

/// Bold is often drawn as the same glyph twice, a hair apart.
pub(super) fn is_bold_again(glyph: &Glyph, before: &Glyph) -> bool {
    before.text == glyph.text && (glyph.x - before.x).abs() < glyph.size * 0.1
}

fn line_of(row: Vec<&Glyph>) -> Option<Line> {
    let mut text = String::new();
    let mut end: Option<f64> = None;
    let mut last: Option<&Glyph> = None;
    for glyph in &row {
        if last.is_some_and(|last| is_bold_again(glyph, last)) {
            continue;
        }
        if let Some(end) = end {
            let gap = glyph.x - end;
            let before = text.chars().last().is_some_and(is_wide);
            let after = glyph.text.chars().next().is_some_and(is_wide);
            // Justified Chinese stretches its gaps, and programs set it a little apart from Latin letters; only a wide
            // gap, as between cells, is a blank there.
            let blank = match (before, after) {
                (true, true) => 0.9,
                (false, false) => 0.17,
                _ => 0.45,
            };
            let blank = glyph.size * blank;
            if gap > blank && !text.ends_with(' ') {
                text.push(' ');
            }
            // Two numbers side by side, not the groups of one.
            let digits = |text: &str| text.trim_end().ends_with(|c: char| c.is_ascii_digit());
            if gap > glyph.size * 0.7 && digits(&text) && digits(&glyph.text) && !text.ends_with("  ") {
                text.push(' ');
            }
        }
        text.push_str(&glyph.text);
        end = Some(glyph.x + glyph.width);
        last = Some(glyph);
    }
    let first = row.iter().find(|glyph| !glyph.text.trim().is_empty())?;
    let last = row.iter().rev().find(|glyph| !glyph.text.trim().is_empty())?;
    let mut sizes: Vec<f64> = row.iter().map(|glyph| glyph.size).collect();
    let size = median(&mut sizes)?;
    let text = text.trim().to_owned();
    Some(Line { text, left: first.x, right: last.x + last.width, y: first.y, size })
}

/// Whether the character takes a full square and joins its neighbours without blanks.
pub(super) fn is_wide(character: char) -> bool {
    matches!(character, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe4f}'
        | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{20000}'..='\u{3ffff}' | '“' | '”' | '‘' | '’' | '—' | '…' | '·' | '①'..='⑳')
}

/// The first and last line of a page go where they are only its number: `— 2 —`, `第 2 页`, `Page 2`.
fn without_page_numbers(mut lines: Vec<Line>) -> Vec<Line> {
    if lines.len() > 1 && lines.last().is_some_and(|line| is_page_number(&line.text)) {
        lines.pop();
    }
    if lines.len() > 1 && lines.first().is_some_and(|line| is_page_number(&line.text)) {
        lines.remove(0);
    }
    lines
}

/// Whether a line is only its page's number.
pub(super) fn is_page_number(text: &str) -> bool {
    let text = text.strip_prefix("Page ").unwrap_or(text);
    let digits = text.chars().filter(char::is_ascii_digit).count();
    (1..=6).contains(&digits)
        && text.chars().all(|c| c.is_ascii_digit() || c.is_whitespace() || "-–—－─·第页共/".contains(c))
}

/// The middle value; `None` of none.
fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
