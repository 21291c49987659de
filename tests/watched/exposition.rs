//! The text form of metrics, read and judged: names, help, types, labels and values, as Prometheus documents them.

use std::collections::{BTreeMap, BTreeSet};

/// One line with a value.
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

/// A page of metrics.
pub struct Exposition {
    help: BTreeMap<String, String>,
    kinds: BTreeMap<String, String>,
    samples: Vec<Sample>,
}

impl Exposition {
    /// Reads a page; the first line that is none of its kinds is the error.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut page = Self { help: BTreeMap::new(), kinds: BTreeMap::new(), samples: Vec::new() };
        for line in text.lines() {
            let wrong = || line.to_owned();
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').ok_or_else(wrong)?;
                page.help.insert(name.to_owned(), help.to_owned());
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').ok_or_else(wrong)?;
                if page.kinds.insert(name.to_owned(), kind.to_owned()).is_some() {
                    return Err(format!("{name} has two types"));
                }
            } else if !line.is_empty() {
                page.samples.push(sample(line).ok_or_else(wrong)?);
            }
        }
        Ok(page)
    }

    /// The value under exactly these labels.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels: BTreeMap<String, String> =
            labels.iter().map(|(label, value)| ((*label).to_owned(), (*value).to_owned())).collect();
        self.samples.iter().find(|sample| sample.name == name && sample.labels == labels).map(|sample| sample.value)
    }

    /// Every name that a query may use.
    pub fn names(&self) -> BTreeSet<String> {
        self.samples.iter().map(|sample| sample.name.clone()).collect()
    }

    /// What is not as it should be.
    pub fn lint(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut seen = BTreeSet::new();
        for sample in &self.samples {
            let name = &sample.name;
            let family = self.family(name);
            let kind = self.kinds.get(&family).map_or("", String::as_str);
            if !self.help.get(&family).is_some_and(|help| help.ends_with('.')) {
                wrong.push(format!("{name} has no help in whole sentences"));
            }
            if !["gauge", "counter", "histogram"].contains(&kind) {
                wrong.push(format!("{name} has the type {kind:?}"));
            }
            if (kind == "counter") != name.ends_with("_total") {
                wrong.push(format!("{name} is a {kind}"));
            }
            if !name.starts_with("mailtally_") && name != "process_start_time_seconds" {
                wrong.push(format!("{name} is nobody's"));
            }
            if !sample.value.is_finite() || (kind != "gauge" && sample.value < 0.0) {
                wrong.push(format!("{name} is {}", sample.value));
            }
            if !seen.insert((name, &sample.labels)) {
                wrong.push(format!("{name} {:?} stands twice", sample.labels));
            }
        }
        wrong
    }

    /// A histogram's lines have its name and an ending.
    fn family(&self, name: &str) -> String {
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|ending| name.strip_suffix(ending));
        let base = base.filter(|base| self.kinds.get(*base).is_some_and(|kind| kind == "histogram"));
        base.unwrap_or(name).to_owned()
    }
}

fn sample(line: &str) -> Option<Sample> {
    let (head, value) = line.rsplit_once(' ')?;
    let (name, labels) = match head.split_once('{') {
        Some((name, rest)) => (name, rest.strip_suffix('}')?),
        None => (head, ""),
    };
    let is_name = |name: &str| {
        name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
            && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_' || letter == ':')
    };
    let mut read = BTreeMap::new();
    let mut rest = labels;
    while !rest.is_empty() {
        let (label, after) = rest.split_once("=\"")?;
        // No value here holds a quotation mark; one that did would have to be escaped.
        let (value, after) = after.split_once('"')?;
        if !is_name(label) || read.insert(label.to_owned(), value.to_owned()).is_some() {
            return None;
        }
        rest = after.strip_prefix(',').unwrap_or(after);
    }
    is_name(name).then_some(())?;
    Some(Sample { name: name.to_owned(), labels: read, value: value.parse().ok()? })
}

/// The metrics that a file of rules or a dashboard names.
pub fn named_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
    words
        .filter(|word| word.starts_with("mailtally_") || *word == "process_start_time_seconds")
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_lint_finds_what_is_wrong() {
    let page =
        Exposition::parse("# HELP mailtally_a A.\n# TYPE mailtally_a counter\nmailtally_a{x=\"1\"} -1\nb 2\n").unwrap();
    assert_eq!(page.lint().len(), 5, "{:?}", page.lint());
    assert!(Exposition::parse("mailtally_a{x=1} 2\n").is_err());
    assert!(Exposition::parse("2a 2\n").is_err());
}
