//! Finds units in words: a whole name in a form's cell, a mention in a subject or file name, a 文号's first word.
//!
//! Similarity never decides: 鼓楼区财政局 resembles 江宁区财政局. A name is matched whole, after normalisation, and a
//! unit's own sub-office (孝义市水利局) is told apart from the unit (孝义市) and from the city's office (市水利局).
//! Troops that were visited (慰问武警支队) are no word on whose the text is.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, MatchKind};

use super::offices::{Behind, SPEAKS_FOR_THE_WHOLE, behind, is_small_change};
use super::words::{is_han, normalise};
use crate::model::unit::{Roster, UnitCode};

/// Characters after which a name may begin in running text although no punctuation parts them. No city of the country
/// ends in one of these, so that 韶关市教育局 and 忻州市教育局 are not 市教育局.
const MAY_PRECEDE: &str = "于自来由送报给致为是及和与的转附件表发函从将把对、第号年月日";
/// The same before a name that says more than 市 before its office.
const MAY_PRECEDE_A_FULL_NAME: &str = "省关我在向到赴";
/// Words after which a name may begin.
const WORDS_BEFORE: [&str; 26] = [
    "查收", "请收", "查阅", "审阅", "审核", "收到", "这是", "寄来", "主题", "落款", "八一", "情况", "报告", "材料",
    "统计", "汇总", "通知", "单位", "名称", "慰问", "走访", "活动", "附上", "总结", "看望", "前往",
];
/// No longer name's beginning is so long a name: it may begin anywhere.
const LONG_NAME: usize = 6;
/// Words by which a visit is told; the troops named behind them are those who were visited.
const VISITING: [&str; 6] = ["慰问", "看望", "走访", "前往", "赴", "到"];
/// What stands between a word of visiting and the troops.
const BEFORE_TROOPS: [&str; 9] = ["了", "驻地", "驻吕", "驻军", "部队", "辖区", "官兵", "的", "活动"];
/// Parts of the names of troops.
const TROOPS: [&str; 11] =
    ["军分区", "武警", "支队", "大队", "中队", "分队", "部队", "某团", "某旅", "雷达站", "军人服务站"];
/// What follows the first word of a county in the 文号 of its 双拥办, 退役军人事务局 or government (离双拥办发〔2021〕5号);
/// longer ones first.
const NUMBER_TAILS: [&str; 14] = [
    "双拥领办",
    "双拥组办",
    "退役军人局",
    "退役军人",
    "双拥办",
    "双拥组",
    "双拥领",
    "双领办",
    "双拥",
    "双领",
    "双办",
    "退役",
    "政办",
    "政",
];

/// What a text says of units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mentions {
    /// Units named themselves, each once, in order of appearance.
    pub units: Vec<UnitCode>,
    /// Units of which only a sub-office is named, with that office's name.
    pub parents: Vec<(UnitCode, String)>,
    /// The name that staff taught, where the unit is known by nothing else.
    pub taught: Option<String>,
}

impl Mentions {
    /// The unit, if exactly one is named and no sub-office beside it.
    #[must_use]
    pub fn single(&self) -> Option<&UnitCode> {
        match (self.units.as_slice(), self.parents.is_empty()) {
            ([unit], true) => Some(unit),
            _ => None,
        }
    }

    fn add(&mut self, code: &UnitCode, taught: Option<&String>) {
        if !self.units.contains(code) {
            self.units.push(code.clone());
            self.taught = taught.cloned();
        }
    }
}

/// All names and aliases of a roster, ready to be searched.
pub struct NameBook {
    /// Normalised name or alias → the unit.
    exact: BTreeMap<String, UnitCode>,
    /// Normalised name → the name as staff taught it, for those that no roster holds.
    taught: BTreeMap<String, String>,
    patterns: Vec<(String, UnitCode)>,
    searcher: Option<AhoCorasick>,
    /// The city most names begin with (吕梁市), which writers leave out.
    region: Option<String>,
    /// Counties by their name without 市, 县 or 区.
    counties: Vec<(String, UnitCode)>,
}

impl NameBook {
    /// Reads the roster's names and aliases. An alias two units share is nobody's.
    #[must_use]
    pub fn new(roster: &Roster) -> Self {
        Self::with_taught(roster, &BTreeMap::new())
    }

    /// The same with the names that staff taught; their word stands above the roster's.
    #[must_use]
    pub fn with_taught(roster: &Roster, names: &BTreeMap<String, UnitCode>) -> Self {
        let region = common_region(roster);
        let mut found: BTreeMap<String, Option<UnitCode>> = BTreeMap::new();
        for unit in roster.units() {
            for name in std::iter::once(&unit.name).chain(&unit.aliases) {
                for form in written_forms(name, region.as_deref()) {
                    found
                        .entry(form)
                        .and_modify(|owner| {
                            if owner.as_ref() != Some(&unit.code) {
                                *owner = None;
                            }
                        })
                        .or_insert_with(|| Some(unit.code.clone()));
                }
            }
        }
        let mut taught = BTreeMap::new();
        for (name, code) in names.iter().filter(|(_, code)| roster.unit(code).is_some()) {
            let form = normalise(name);
            if form.chars().count() >= 2 && found.insert(form.clone(), Some(code.clone())) != Some(Some(code.clone())) {
                taught.insert(form, name.clone());
            }
        }
        let exact: BTreeMap<String, UnitCode> =
            found.into_iter().filter_map(|(name, owner)| owner.map(|owner| (name, owner))).collect();
        let patterns = exact.iter().map(|(name, code)| (name.clone(), code.clone())).collect();
        let searcher = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(exact.keys()).ok();
        let counties = roster.units().iter().filter_map(|unit| {
            let name = normalise(&unit.name);
            let name = region.as_deref().and_then(|region| name.strip_prefix(region)).unwrap_or(&name);
            let short = name.strip_suffix(['市', '县', '区', '旗'])?;
            // 军分区 and 开发区 are no counties.
            (!short.is_empty() && !short.ends_with(['分', '发', '园']) && short.chars().count() <= 5)
                .then(|| (short.to_owned(), unit.code.clone()))
        });
        let counties = counties.collect();
        Self { exact, taught, patterns, searcher, region, counties }
    }

    /// What a cell or line that should hold one unit's name says.
    #[must_use]
    pub fn whole(&self, text: &str) -> Mentions {
        let wanted = trimmed_name(text);
        let of_province = wanted.split_once('省').filter(|(province, _)| province.chars().count() <= 4);
        let local = of_province.map_or(wanted.as_str(), |(_, rest)| rest);
        let of_city = [self.region.as_deref(), self.short_region()].into_iter().flatten();
        let ways = [wanted.as_str(), local].into_iter().chain(of_city.filter_map(|city| local.strip_prefix(city)));
        if let Some((known, code)) =
            ways.map(|name| name.trim_start_matches("中共")).find_map(|name| self.exact_name(name))
        {
            let mut mentions = Mentions::default();
            mentions.add(code, self.taught.get(known));
            return mentions;
        }
        let mentions = self.mentions(&wanted);
        // A cell that holds more than a name this book knows (离石区某某协会) is not that unit's own.
        let covered = mentions.single().is_some_and(|code| {
            self.exact.iter().any(|(name, owner)| {
                owner == code && wanted.strip_prefix(name.as_str()).is_some_and(|rest| is_small_change(name, rest))
            })
        });
        if covered || mentions.single().is_none() {
            return mentions;
        }
        let parents = mentions.units.into_iter().map(|code| (code, text.trim().to_owned())).collect();
        Mentions { parents, ..Mentions::default() }
    }

    /// The known name in these words, and whose it is: 离石区 + 双拥办 is the county itself, unless that very office stands
    /// on the roster as a unit of its own.
    fn exact_name<'a>(&'a self, wanted: &str) -> Option<(&'a String, &'a UnitCode)> {
        let shorter = SPEAKS_FOR_THE_WHOLE.iter().filter_map(|office| wanted.strip_suffix(office));
        std::iter::once(wanted).chain(shorter).find_map(|name| self.exact.get_key_value(name))
    }

    /// The units named somewhere in a text: a subject, a file name, a title, a signature.
    #[must_use]
    pub fn mentions(&self, text: &str) -> Mentions {
        let text = normalise(text);
        let mut mentions = Mentions::default();
        let Some(searcher) = &self.searcher else { return mentions };
        // Up to where the name of a sub-office reaches, and where the last troops that were visited end.
        let (mut covered, mut visited) = (0, None);
        for found in searcher.find_iter(&text) {
            let Some((name, code)) = self.patterns.get(found.pattern().as_usize()) else { continue };
            let before = text.get(..found.start()).unwrap_or_default();
            let after = text.get(found.end()..).unwrap_or_default();
            if found.start() < covered {
                continue;
            }
            if TROOPS.iter().any(|part| name.contains(part)) && is_visited(before, visited) {
                visited = Some(found.end());
                continue;
            }
            if !self.may_begin_after(before, name) {
                continue;
            }
            match behind(name, after) {
                Behind::Office(office) => {
                    covered = found.end() + office.len();
                    mentions.parents.push((code.clone(), format!("{name}{office}")));
                }
                Behind::Unclear => {}
                Behind::Nothing => mentions.add(code, self.taught.get(name)),
            }
        }
        mentions
    }

    /// Whose 文号 this is by its first word, where that is a name or alias (机关代字).
    #[must_use]
    pub fn by_number(&self, document_number: &str) -> Option<&UnitCode> {
        let word = number_word(document_number);
        [word.as_str(), without_kind(&word)].into_iter().find_map(|name| self.exact.get(name))
    }

    /// The one county whose name begins as this 文号 does: 离双拥办发〔2021〕5号. Other cities' counties begin so too.
    #[must_use]
    pub fn county_by_number(&self, document_number: &str) -> Option<&UnitCode> {
        let word = number_word(document_number);
        let bare = without_kind(&word);
        let head = NUMBER_TAILS.iter().find_map(|tail| bare.strip_suffix(tail)).filter(|head| !head.is_empty())?;
        // 吕政发 is the city's.
        if self.region.as_deref().is_some_and(|region| region.starts_with(head)) {
            return None;
        }
        let mut owners = self.counties.iter().filter(|(short, _)| short.starts_with(head)).map(|(_, code)| code);
        owners.next().filter(|_| owners.next().is_none())
    }

    fn short_region(&self) -> Option<&str> {
        self.region.as_deref().and_then(|region| region.strip_suffix('市'))
    }

    /// 兴县 does not begin inside 绍兴县, nor 市教育局 inside 太原市教育局.
    fn may_begin_after(&self, before: &str, name: &str) -> bool {
        let Some(last) = before.chars().next_back() else { return true };
        if !is_han(last) || MAY_PRECEDE.contains(last) {
            return true;
        }
        let is_full = !name.starts_with(['市', '县', '区']);
        let is_long =
            self.region.as_deref().is_some_and(|region| name.starts_with(region)) || name.chars().count() >= LONG_NAME;
        (is_full && (is_long || MAY_PRECEDE_A_FULL_NAME.contains(last)))
            || self.short_region().is_some_and(|region| before.ends_with(region))
            || self.region.as_deref().is_some_and(|region| is_full && before.ends_with(region))
            || WORDS_BEFORE.iter().chain(&SPEAKS_FOR_THE_WHOLE).any(|word| before.ends_with(word))
    }
}

fn number_word(document_number: &str) -> String {
    normalise(document_number).split('(').next().unwrap_or_default().to_owned()
}

fn without_kind(word: &str) -> &str {
    word.trim_end_matches(['发', '字', '函', '文', '报', '呈'])
}

/// Whether troops named behind these words are those who were visited: 慰问武警支队, and those listed behind them.
fn is_visited(before: &str, last_visited: Option<usize>) -> bool {
    let between = last_visited.and_then(|end| before.get(end..));
    if between.is_some_and(|between| {
        between.chars().count() <= 8 && between.contains(['、', '和', '及', '与', ',']) || between.is_empty()
    }) {
        return true;
    }
    let mut before = before;
    while let Some(shorter) = BEFORE_TROOPS.iter().find_map(|word| before.strip_suffix(word)) {
        before = shorter;
    }
    VISITING.iter().any(|word| before.ends_with(word))
}

/// The ways one name is written: as it is, without the city, with 市 in the city's place, without 市 behind the city's
/// name.
fn written_forms(name: &str, region: Option<&str>) -> Vec<String> {
    let name = normalise(name);
    let mut forms = vec![name.clone()];
    if let Some(region) = region {
        if let Some(rest) = name.strip_prefix(region) {
            forms.push(format!("市{rest}"));
            forms.push(format!("{}{rest}", region.trim_end_matches('市')));
        } else if let Some(rest) = name.strip_prefix('市') {
            forms.push(format!("{region}{rest}"));
        } else {
            forms.push(format!("{region}{name}"));
        }
    }
    forms.retain(|form| form.chars().count() >= 2);
    forms
}

/// The city that at least five names begin with.
fn common_region(roster: &Roster) -> Option<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for unit in roster.units() {
        let name = normalise(&unit.name);
        if let Some((city, rest)) = name.split_once('市')
            && (1..=4).contains(&city.chars().count())
            && !rest.is_empty()
        {
            *counts.entry(format!("{city}市")).or_default() += 1;
        }
    }
    counts.into_iter().filter(|(_, count)| *count >= 5).max_by_key(|(_, count)| *count).map(|(city, _)| city)
}

/// A name as it stands in a cell, without a seal's word in brackets and closing punctuation.
fn trimmed_name(text: &str) -> String {
    let name = normalise(text);
    let name = ["(盖章)", "(公章)", "(章)", "(加盖公章)"].iter().fold(name, |name, seal| name.replace(seal, ""));
    name.trim_matches(|letter: char| matches!(letter, ':' | '。' | ',' | ';' | '_' | '-' | '.' | '、')).to_owned()
}

#[cfg(test)]
mod tests;
