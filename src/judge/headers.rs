//! Which column of the form a printed header names, however it was broken, shortened or unit-marked.

use std::collections::{HashMap, HashSet};

use super::words::normalise;
use crate::model::form::{Column, Form, MoneyUnit};

/// A header's words without its unit, and the unit of money it names, if any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderWords {
    pub bare: String,
    pub money: Option<MoneyUnit>,
}

/// How well a header fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// A few letters differ (the notice's own scan prints 军队退 人员).
    Near,
    Exact,
}

/// The form's headers, made comparable once: every text of a sheet is held against them.
pub struct Headers<'f> {
    form: &'f Form,
    wordings: Vec<Wording>,
    /// The place of each wording in `wordings`.
    exact: HashMap<String, usize>,
    /// Everything a wording begins with, itself included.
    beginnings: HashSet<String>,
    /// All letters of all wordings.
    letters: HashSet<char>,
}

/// One way to print a header, without its unit.
struct Wording {
    letters: Vec<char>,
    /// The same in order, to tell quickly what is far from it.
    sorted: Vec<char>,
    /// Indices of the columns it may stand for, in the form's order.
    columns: Vec<usize>,
}

const UNIT_WORDS: [(&str, Option<MoneyUnit>); 11] = [
    ("万元", Some(MoneyUnit::TenThousandYuan)),
    ("人民币万元", Some(MoneyUnit::TenThousandYuan)),
    ("人民币元", Some(MoneyUnit::Yuan)),
    ("人/次", None),
    ("元", Some(MoneyUnit::Yuan)),
    ("人次", None),
    ("人", None),
    ("名", None),
    ("户", None),
    ("个", None),
    ("次", None),
];

/// Takes the unit off the end of a header: `(元)`, `（单位：万元）`, `/元`, `,人`.
#[must_use]
pub fn split_header(text: &str) -> HeaderWords {
    split_normalised(&normalise(text))
}

fn split_normalised(whole: &str) -> HeaderWords {
    let trimmed = whole.trim_end_matches([':', '*']);
    let (inner, bracketed) = trimmed.strip_suffix(')').map_or((trimmed, false), |inner| (inner, true));
    for (word, money) in UNIT_WORDS {
        let Some(before) = inner.strip_suffix(word) else { continue };
        let bare = if bracketed {
            before.strip_suffix("(单位:").or_else(|| before.strip_suffix('('))
        } else {
            before.strip_suffix("单位:").or_else(|| before.strip_suffix(['/', ',', ':']))
        };
        if let Some(bare) = bare {
            return HeaderWords { bare: bare.to_owned(), money };
        }
    }
    HeaderWords { bare: trimmed.to_owned(), money: None }
}

/// Longer words are no header.
const LONGEST: usize = 60;
/// A near header differs in at most this many letters.
const MOST_APART: usize = 3;

impl<'f> Headers<'f> {
    #[must_use]
    pub fn of(form: &'f Form) -> Self {
        let mut headers = Self {
            form,
            wordings: Vec::new(),
            exact: HashMap::new(),
            beginnings: HashSet::new(),
            letters: HashSet::new(),
        };
        for (index, column) in form.columns.iter().enumerate() {
            for wording in std::iter::once(&column.header).chain(&column.aliases) {
                headers.learn(index, split_header(wording).bare);
            }
        }
        headers
    }

    fn learn(&mut self, column: usize, bare: String) {
        if bare.is_empty() {
            return;
        }
        let known = self.exact.get(&bare).and_then(|place| self.wordings.get_mut(*place));
        if let Some(wording) = known {
            if !wording.columns.contains(&column) {
                wording.columns.push(column);
            }
            return;
        }
        let letters: Vec<char> = bare.chars().collect();
        let mut sorted = letters.clone();
        sorted.sort_unstable();
        let mut beginning = String::new();
        for letter in &letters {
            beginning.push(*letter);
            self.beginnings.insert(beginning.clone());
        }
        self.letters.extend(&letters);
        self.exact.insert(bare, self.wordings.len());
        self.wordings.push(Wording { letters, sorted, columns: vec![column] });
    }

    /// The columns this header can stand for (several where the form repeats a header), by index, and how well.
    #[must_use]
    pub fn columns_named(&self, text: &str) -> Option<(Vec<usize>, Fit)> {
        let words = split_header(text);
        let letters: Vec<char> = words.bare.chars().take(LONGEST + 1).collect();
        if letters.is_empty() || letters.len() > LONGEST {
            return None;
        }
        let exact = self.exactly(&words.bare);
        if !exact.is_empty() {
            return Some((exact, Fit::Exact));
        }
        let near = self.nearly(&letters);
        // Columns of one header are one answer; two different headers that are both near are none.
        let mut headers = near.iter().filter_map(|index| self.form.columns.get(*index)).map(|column| &column.header);
        let first = headers.next()?;
        headers.all(|header| header == first).then_some((near, Fit::Near))
    }

    /// As [`Self::columns_named`], of headers that are printed as the form prints them.
    #[must_use]
    pub fn columns_printed(&self, text: &str) -> Option<(Vec<usize>, Fit)> {
        let exact = self.exactly(&split_header(text).bare);
        (!exact.is_empty()).then_some((exact, Fit::Exact))
    }

    /// A unit may stand without brackets in the row below: 慰问折算经费 / 元.
    fn exactly(&self, bare: &str) -> Vec<usize> {
        let without_unit = UNIT_WORDS.iter().filter_map(|(word, _)| bare.strip_suffix(word));
        let places = std::iter::once(bare).chain(without_unit).filter_map(|words| self.exact.get(words));
        self.columns_of(places.filter_map(|place| self.wordings.get(*place)))
    }

    fn nearly(&self, letters: &[char]) -> Vec<usize> {
        // Most words of a sheet have too little in common with any header to be measured against each of them.
        if letters.iter().filter(|letter| !self.letters.contains(letter)).count() > MOST_APART {
            return Vec::new();
        }
        let mut sorted = letters.to_vec();
        sorted.sort_unstable();
        self.columns_of(self.wordings.iter().filter(|wording| wording.is_near(letters, &sorted)))
    }

    fn columns_of<'w>(&self, wordings: impl Iterator<Item = &'w Wording>) -> Vec<usize> {
        let mut found: Vec<usize> = wordings.flat_map(|wording| wording.columns.iter().copied()).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Whether some header begins with these words: then the rest may stand in the cells below.
    #[must_use]
    pub fn may_begin(&self, text: &str) -> bool {
        let start = normalise(text);
        // The bracket of the unit may be broken too: 慰问折算经费(单 / 位:元).
        let broken_unit = || {
            start.match_indices('(').any(|(place, _)| {
                let (words, rest) = start.split_at(place);
                !rest.contains(')') && rest.chars().count() <= 6 && self.exact.contains_key(words)
            })
        };
        self.beginnings.contains(&start) || broken_unit()
    }

    /// The group a cell's words name, as the form prints it.
    #[must_use]
    pub fn group_named(&self, text: &str) -> Option<&'f str> {
        let words = normalise(text);
        self.groups().into_iter().find(|group| {
            let group = normalise(group);
            group == words || near(&group, &words)
        })
    }

    fn groups(&self) -> Vec<&'f str> {
        let mut groups: Vec<&str> = self.form.columns.iter().filter_map(|column| column.group.as_deref()).collect();
        groups.dedup();
        groups
    }

    #[must_use]
    pub fn column(&self, index: usize) -> Option<&'f Column> {
        self.form.columns.get(index)
    }
}

impl Wording {
    fn is_near(&self, letters: &[char], sorted: &[char]) -> bool {
        allowed(&self.letters, letters).is_some_and(|allowed| {
            surely_apart(&self.sorted, sorted) <= allowed && distance(&self.letters, letters) <= allowed
        })
    }
}

/// Whether two headers of some length differ in a letter or two (one in five).
fn near(wording: &str, words: &str) -> bool {
    let a: Vec<char> = wording.chars().collect();
    let b: Vec<char> = words.chars().take(LONGEST + 1).collect();
    allowed(&a, &b).is_some_and(|allowed| distance(&a, &b) <= allowed)
}

/// In how many letters words may differ from a wording; `None` where either is too short, or their lengths alone are
/// too far apart.
fn allowed(wording: &[char], words: &[char]) -> Option<usize> {
    let allowed = (wording.len() / 5).clamp(1, MOST_APART);
    (wording.len() >= 6 && words.len() >= 6 && wording.len().abs_diff(words.len()) <= allowed).then_some(allowed)
}

/// The letters that one of two sorted lists holds more of: the distance is at least that.
fn surely_apart(a: &[char], b: &[char]) -> usize {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    let (mut only_a, mut only_b) = (0, 0);
    while let (Some(left), Some(right)) = (a.peek(), b.peek()) {
        match left.cmp(right) {
            std::cmp::Ordering::Equal => {
                a.next();
                b.next();
            }
            std::cmp::Ordering::Less => {
                a.next();
                only_a += 1;
            }
            std::cmp::Ordering::Greater => {
                b.next();
                only_b += 1;
            }
        }
    }
    (only_a + a.count()).max(only_b + b.count())
}

/// Levenshtein's distance.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut previous: Vec<usize> = (0..=b.len()).collect();
    for (row, left) in a.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, right) in b.iter().enumerate() {
            let replaced = previous.get(column).copied().unwrap_or(usize::MAX - 1) + usize::from(left != right);
            let removed = previous.get(column + 1).copied().unwrap_or(usize::MAX - 1) + 1;
            let added = current.last().copied().unwrap_or(usize::MAX - 1) + 1;
            current.push(replaced.min(removed).min(added));
        }
        previous = current;
    }
    previous.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testing::bayi_form;

    fn named(text: &str) -> Vec<String> {
        let form = bayi_form();
        let headers = Headers::of(&form);
        let found = headers.columns_named(text).map(|(found, _)| found).unwrap_or_default();
        found.iter().map(|index| form.columns[*index].key.clone()).collect()
    }

    #[test]
    fn headers_are_known_in_every_spelling() {
        for text in [
            "慰问军队退役人员人数(人)",
            "慰问军队退\n役人员人数\n（人）",
            "慰问军队离退休人员人数",
            "慰问军队退 人员人数 (人)",
            "慰问军队退役人员人数/人",
            "慰问军队退役人员人数人",
        ] {
            assert_eq!(named(text), ["veterans_visited"], "{text}");
        }
        assert_eq!(named("慰问折算经费（单位：元）"), ["veterans_cost", "others_cost", "troop_cost"]);
        assert_eq!(named("合计\"八一\"期间走访慰问支出总额（万元）"), ["total_wan"]);
        assert_eq!(named("合计(元)"), ["total_wan"]);
        for text in ["序号", "慰问", "姓名", "金额", "", "本县(市、区)/单位慰问情况"] {
            assert!(named(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_header_tells_its_unit_of_money() {
        assert_eq!(split_header("慰问折算经费（万元）").money, Some(MoneyUnit::TenThousandYuan));
        assert_eq!(split_header("慰问折算经费(单位:元)").money, Some(MoneyUnit::Yuan));
        assert_eq!(split_header("慰问折算经费").money, None);
    }
}
