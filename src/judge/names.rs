//! Finds units in words: a whole name in a form's cell, a mention in a subject or file name.
//!
//! Similarity never decides: 鼓楼区财政局 resembles 江宁区财政局. A name is matched whole, after normalisation, and a
//! unit's own sub-office (孝义市水利局) is told apart from the unit (孝义市) and from the city's office (市水利局).

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, MatchKind};

use super::words::normalise;
use crate::model::unit::{Roster, UnitCode};

/// Offices that speak for a whole county or unit, so that 离石区双拥办 is 离石区 itself.
const SPEAKS_FOR_THE_WHOLE: [&str; 14] = [
    "双拥工作领导小组办公室",
    "双拥工作领导小组",
    "双拥领导小组办公室",
    "双拥领导小组",
    "双拥工作办公室",
    "双拥办公室",
    "双拥办",
    "退役军人事务局",
    "退役军人局",
    "人民政府办公室",
    "人民政府",
    "县委县政府",
    "县政府",
    "政府",
];

/// Endings by which a run of characters after a unit's name is an office of its own.
const OFFICE_ENDINGS: [&str; 32] = [
    "局",
    "委员会",
    "委",
    "办公室",
    "办",
    "中心",
    "院",
    "学校",
    "中学",
    "小学",
    "大学",
    "公司",
    "集团",
    "支队",
    "大队",
    "中队",
    "镇",
    "乡",
    "街道",
    "社区",
    "站",
    "所",
    "人武部",
    "武装部",
    "宣传部",
    "组织部",
    "统战部",
    "总工会",
    "工会",
    "联合会",
    "银行",
    "协会",
];

/// Characters after which a name may begin in running text although no punctuation parts them.
const MAY_PRECEDE: &str = "市省区县州盟关于自来由送报给致为是及和与的转附件表发函我在从将把对向、第号";

/// How far an office's own name may reach after its parent's, in characters.
const OFFICE_NAME_REACH: usize = 14;

/// What a text says of units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mentions {
    /// Units named themselves, each once, in order of appearance.
    pub units: Vec<UnitCode>,
    /// Units of which only a sub-office is named, with that office's name.
    pub parents: Vec<(UnitCode, String)>,
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
}

/// All names and aliases of a roster, ready to be searched.
pub struct NameBook {
    /// Normalised name or alias → the unit.
    exact: BTreeMap<String, UnitCode>,
    patterns: Vec<UnitCode>,
    searcher: Option<AhoCorasick>,
    /// The city most names begin with (吕梁市), which writers leave out.
    region: Option<String>,
}

impl NameBook {
    /// Reads the roster's names and aliases. An alias two units share is nobody's.
    #[must_use]
    pub fn new(roster: &Roster) -> Self {
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
        let exact: BTreeMap<String, UnitCode> =
            found.into_iter().filter_map(|(name, owner)| owner.map(|owner| (name, owner))).collect();
        let patterns = exact.values().cloned().collect();
        let searcher = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(exact.keys()).ok();
        Self { exact, patterns, searcher, region }
    }

    /// What a cell or line that should hold one unit's name says.
    #[must_use]
    pub fn whole(&self, text: &str) -> Mentions {
        let wanted = trimmed_name(text);
        if let Some(code) = self.exact_unit(&wanted) {
            return Mentions { units: vec![code], parents: Vec::new() };
        }
        let mentions = self.mentions(&wanted);
        // A cell that holds more than a name this book knows (离石区某某协会) is not that unit's own.
        let covered = mentions.single().is_some_and(|code| {
            self.exact
                .iter()
                .any(|(name, owner)| owner == code && wanted.strip_prefix(name.as_str()).is_some_and(is_small_change))
        });
        if covered || mentions.single().is_none() {
            return mentions;
        }
        let parents = mentions.units.into_iter().map(|code| (code, text.trim().to_owned())).collect();
        Mentions { units: Vec::new(), parents }
    }

    fn exact_unit(&self, wanted: &str) -> Option<UnitCode> {
        if let Some(code) = self.exact.get(wanted) {
            return Some(code.clone());
        }
        // 离石区 + 双拥办: the county itself, unless that very office stands on the roster as a unit of its own.
        SPEAKS_FOR_THE_WHOLE
            .iter()
            .filter_map(|office| wanted.strip_suffix(office))
            .find_map(|unit| self.exact.get(unit).cloned())
    }

    /// The units named somewhere in a text: a subject, a file name, a title, a signature.
    #[must_use]
    pub fn mentions(&self, text: &str) -> Mentions {
        let text = normalise(text);
        let mut mentions = Mentions::default();
        let Some(searcher) = &self.searcher else { return mentions };
        for found in searcher.find_iter(&text) {
            let Some(code) = self.patterns.get(found.pattern().as_usize()) else { continue };
            let before = text.get(..found.start()).unwrap_or_default();
            let after = text.get(found.end()..).unwrap_or_default();
            if !self.may_begin_after(before) {
                continue;
            }
            match sub_office(after) {
                Some(office) => {
                    let name = text.get(found.range()).unwrap_or_default();
                    mentions.parents.push((code.clone(), format!("{name}{office}")));
                }
                None if mentions.units.contains(code) => {}
                None => mentions.units.push(code.clone()),
            }
        }
        mentions
    }

    /// 兴县 does not begin inside 绍兴县, nor 市教育局 inside 太原市教育局.
    fn may_begin_after(&self, before: &str) -> bool {
        let Some(last) = before.chars().next_back() else { return true };
        if !is_han(last) || MAY_PRECEDE.contains(last) {
            return true;
        }
        let short_region = self.region.as_deref().and_then(|region| region.strip_suffix('市'));
        short_region.is_some_and(|region| before.ends_with(region))
            || SPEAKS_FOR_THE_WHOLE.iter().any(|office| before.ends_with(office))
    }
}

/// The ways one name is written: as it is, without the city, with 市 in the city's place.
fn written_forms(name: &str, region: Option<&str>) -> Vec<String> {
    let name = normalise(name);
    let mut forms = vec![name.clone()];
    if let Some(region) = region {
        if let Some(rest) = name.strip_prefix(region) {
            forms.push(format!("市{rest}"));
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

/// The name of the office that follows a unit's name directly, if one does.
fn sub_office(after: &str) -> Option<String> {
    let run: String = after.chars().take_while(|&letter| is_han(letter)).take(OFFICE_NAME_REACH).collect();
    // 市水务局与水利局: two names side by side.
    if run.is_empty()
        || run.starts_with(['与', '和', '及', '的'])
        || SPEAKS_FOR_THE_WHOLE.iter().any(|office| run.starts_with(office))
    {
        return None;
    }
    let end = OFFICE_ENDINGS
        .iter()
        .filter_map(|ending| run.find(ending).filter(|start| *start > 0).map(|start| start + ending.len()))
        .min()?;
    let office = run.get(..end)?;
    // 离石区上报的情况…办: words of reporting are no office's name.
    let reporting = ["报送", "上报", "关于", "慰问", "走访", "统计", "情况", "开展", "八一", "专题", "报告", "双拥"];
    (!reporting.iter().any(|word| office.contains(word))).then(|| office.to_owned())
}

/// What may follow a unit's name in its cell without meaning another unit: a bracket, a seal's word.
fn is_small_change(rest: &str) -> bool {
    let rest = rest.trim_matches(|letter: char| !is_han(letter));
    matches!(rest, "" | "公章" | "盖章" | "章" | "印章" | "加盖公章") || SPEAKS_FOR_THE_WHOLE.contains(&rest)
}

/// A name as it stands in a cell, without a seal's word in brackets and closing punctuation.
fn trimmed_name(text: &str) -> String {
    let name = normalise(text);
    let name = ["(盖章)", "(公章)", "(章)", "(加盖公章)"].iter().fold(name, |name, seal| name.replace(seal, ""));
    name.trim_matches(|letter: char| matches!(letter, ':' | '。' | ',' | ';' | '_' | '-' | '.' | '、')).to_owned()
}

fn is_han(letter: char) -> bool {
    matches!(letter, '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '〇')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::unit::Unit;

    fn book() -> NameBook {
        let unit = |code: &str, name: &str, aliases: &[&str]| Unit {
            code: UnitCode::new(code),
            name: name.into(),
            group: "组".into(),
            aliases: aliases.iter().map(|&alias| alias.into()).collect(),
            emails: Vec::new(),
            phone: None,
            contact: None,
            superior: None,
        };
        NameBook::new(&Roster::new(vec![
            unit("141102", "离石区", &["离石", "离石区双拥办"]),
            unit("141123", "兴县", &[]),
            unit("141124", "临县", &[]),
            unit("141181", "孝义市", &["孝义"]),
            unit("S11", "吕梁市教育局", &["市教育局"]),
            unit("S23", "吕梁市水利局", &["市水利局"]),
            unit("S24", "吕梁市水务局", &[]),
            unit("S17", "吕梁市财政局", &[]),
            unit("S10", "吕梁市发展和改革委员会", &["市发改委"]),
            unit("T01", "吕梁军分区", &[]),
        ]))
    }

    fn units(text: &str) -> Vec<String> {
        book().mentions(text).units.iter().map(ToString::to_string).collect()
    }

    fn whole(text: &str) -> Option<String> {
        book().whole(text).single().map(ToString::to_string)
    }

    #[test]
    fn a_cell_names_its_unit_in_every_usual_way() {
        for (text, code) in [
            ("离石区", "141102"),
            (" 离石区（盖章） ", "141102"),
            ("离石区双拥工作领导小组办公室", "141102"),
            ("吕梁市离石区退役军人事务局", "141102"),
            ("吕梁市发改委", "S10"),
            ("市水利局", "S23"),
            ("兴 县", "141123"),
            ("吕梁军分区", "T01"),
        ] {
            assert_eq!(whole(text).as_deref(), Some(code), "{text}");
        }
    }

    #[test]
    fn neighbours_and_sub_offices_are_not_the_unit() {
        for text in ["离石区教育局", "孝义市水利局", "绍兴县", "太原市教育局", "水利厅", "离石区老年协会", ""]
        {
            assert_eq!(whole(text), None, "{text}");
        }
        let mentions = book().whole("孝义市水利局");
        assert_eq!(mentions.parents, vec![(UnitCode::new("141181"), "孝义市水利局".to_owned())]);
    }

    #[test]
    fn mentions_stand_in_subjects_and_file_names() {
        assert_eq!(units("离石区2021年八一慰问统计表"), ["141102"]);
        assert_eq!(units("关于报送兴县“八一”走访慰问情况的报告"), ["141123"]);
        assert_eq!(units("吕梁市财政局统计表.xlsx"), ["S17"]);
        assert_eq!(units("转发：临县、兴县报表"), ["141124", "141123"]);
        assert_eq!(units("绍兴县统计表"), Vec::<String>::new());
        assert_eq!(units("孝义市水利局统计表"), Vec::<String>::new());
        assert_eq!(units("吕梁市水务局与水利局"), ["S24"]);
        assert_eq!(units("统计表"), Vec::<String>::new());
    }
}
