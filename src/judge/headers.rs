//! Which column of the form a printed header names, however it was broken, shortened or unit-marked.

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

/// The form's headers, made comparable once.
pub struct Headers<'f> {
    form: &'f Form,
    /// Index of the column, and one of its wordings without unit.
    wordings: Vec<(usize, String)>,
}

const UNIT_WORDS: [(&str, Option<MoneyUnit>); 9] = [
    ("万元", Some(MoneyUnit::TenThousandYuan)),
    ("人民币元", Some(MoneyUnit::Yuan)),
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
    let whole = normalise(text);
    let trimmed = whole.trim_end_matches([':', '*']);
    for (word, money) in UNIT_WORDS {
        for ending in [
            format!("({word})"),
            format!("(单位:{word})"),
            format!("单位:{word}"),
            format!("/{word}"),
            format!(",{word}"),
            format!(":{word}"),
        ] {
            if let Some(bare) = trimmed.strip_suffix(&ending) {
                return HeaderWords { bare: bare.to_owned(), money };
            }
        }
    }
    HeaderWords { bare: trimmed.to_owned(), money: None }
}

impl<'f> Headers<'f> {
    #[must_use]
    pub fn of(form: &'f Form) -> Self {
        let wordings = form
            .columns
            .iter()
            .enumerate()
            .flat_map(|(index, column)| {
                std::iter::once(&column.header)
                    .chain(&column.aliases)
                    .map(move |wording| (index, split_header(wording).bare))
            })
            .filter(|(_, bare)| !bare.is_empty())
            .collect();
        Self { form, wordings }
    }

    /// The columns this header can stand for (several where the form repeats a header), by index, and how well.
    #[must_use]
    pub fn columns_named(&self, text: &str) -> Option<(Vec<usize>, Fit)> {
        let words = split_header(text);
        if words.bare.is_empty() || words.bare.chars().count() > 60 {
            return None;
        }
        let exact = self.with(|wording| {
            // A unit may stand without brackets in the row below: 慰问折算经费 / 元.
            words.bare.strip_prefix(wording).is_some_and(|rest| rest.is_empty() || is_unit(rest))
        });
        if !exact.is_empty() {
            return Some((exact, Fit::Exact));
        }
        let near = self.with(|wording| near(wording, &words.bare));
        // Columns of one header are one answer; two different headers that are both near are none.
        let mut headers = near.iter().filter_map(|index| self.form.columns.get(*index)).map(|column| &column.header);
        let first = headers.next()?;
        headers.all(|header| header == first).then_some((near, Fit::Near))
    }

    fn with(&self, fits: impl Fn(&str) -> bool) -> Vec<usize> {
        let mut found: Vec<usize> =
            self.wordings.iter().filter(|(_, wording)| fits(wording)).map(|(index, _)| *index).collect();
        found.dedup();
        found
    }

    /// Whether some header begins with these words: then the rest may stand in the cells below.
    #[must_use]
    pub fn may_begin(&self, text: &str) -> bool {
        let start = normalise(text);
        // The bracket of the unit may be broken too: 慰问折算经费(单 / 位:元).
        let unit_begins = |rest: &str| rest.starts_with('(') && !rest.contains(')') && rest.chars().count() <= 6;
        !start.is_empty()
            && self.wordings.iter().any(|(_, wording)| {
                wording.starts_with(&start) || start.strip_prefix(wording.as_str()).is_some_and(unit_begins)
            })
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

fn is_unit(rest: &str) -> bool {
    UNIT_WORDS.iter().any(|(word, _)| *word == rest)
}

/// Whether two headers of some length differ in a letter or two (one in five).
fn near(wording: &str, words: &str) -> bool {
    let a: Vec<char> = wording.chars().collect();
    let b: Vec<char> = words.chars().collect();
    if a.len() < 6 || b.len() < 6 {
        return false;
    }
    let allowed = (a.len() / 5).clamp(1, 3);
    a.len().abs_diff(b.len()) <= allowed && distance(&a, &b) <= allowed
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
