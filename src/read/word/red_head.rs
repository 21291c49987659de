//! The head of a formal document (红头) where it stands in the header of the page instead of the text.

/// More lines than this no head has.
const LINES: usize = 12;

/// Whether these lines of a page header are a document's head: they hold its number (〔2021〕5号), or end as its red
/// line does (…文件). Running titles and page numbers are none.
pub(super) fn is_head(lines: &[String]) -> bool {
    let numbered = |line: &str| {
        let year = ["〔20", "[20", "［20", "【20", "（20", "(20"].iter().any(|open| line.contains(open));
        year && line.contains('号')
    };
    let headed = |line: &str| {
        let packed: String = line.split_whitespace().collect();
        packed.ends_with("文件") && packed.chars().count() >= 6
    };
    lines.len() <= LINES && lines.iter().any(|line| numbered(line) || headed(line))
}

/// Puts the head before the text, unless it stands there already.
pub(super) fn put_before(head: Vec<String>, paragraphs: &mut Vec<String>) {
    let missing: Vec<String> =
        head.into_iter().filter(|line| !paragraphs.iter().take(LINES).any(|own| own == line)).collect();
    paragraphs.splice(0..0, missing);
}
