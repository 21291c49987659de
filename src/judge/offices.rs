//! What follows a unit's name in a text: an office that speaks for it, an office of its own, or plain words.

use super::words::is_han;

/// Offices that speak for a whole county or unit, so that 离石区双拥办 is 离石区 itself; longer ones first.
pub const SPEAKS_FOR_THE_WHOLE: [&str; 22] = [
    "拥军优属拥政爱民工作领导小组办公室",
    "拥军优属拥政爱民工作领导小组",
    "双拥工作领导小组办公室",
    "双拥工作领导小组",
    "双拥领导小组办公室",
    "双拥领导小组",
    "双拥工作办公室",
    "双拥工作办",
    "双拥办公室",
    "双拥办",
    "退役军人事务局",
    "退役军人局",
    "人民政府办公室",
    "人民政府",
    "县委县政府",
    "县委、县政府",
    "区委区政府",
    "区委、区政府",
    "市委市政府",
    "市委、市政府",
    "县政府",
    "政府",
];

/// Endings that make an office of whatever stands between a unit's name and them.
const STRONG_ENDINGS: [&str; 37] = [
    "局",
    "委员会",
    "办公室",
    "办事处",
    "中心",
    "法院",
    "检察院",
    "医院",
    "学院",
    "学校",
    "中学",
    "小学",
    "大学",
    "幼儿园",
    "公司",
    "集团",
    "支队",
    "大队",
    "中队",
    "街道",
    "社区",
    "人武部",
    "武装部",
    "宣传部",
    "组织部",
    "统战部",
    "总工会",
    "工会",
    "联合会",
    "妇联",
    "残联",
    "银行",
    "支行",
    "协会",
    "商会",
    "服务站",
    "管委会",
];

/// Endings that are also parts of common words: an office only where its name visibly ends there.
const WEAK_ENDINGS: [&str; 17] =
    ["委", "办", "院", "镇", "乡", "村", "站", "所", "部", "处", "队", "团", "校", "会", "馆", "社", "厂"];

/// A place of its own directly behind the short name of a county: 柳林镇 is not 柳林县.
const PLACES: [&str; 6] = ["镇", "乡", "村", "街道", "社区", "路"];

/// Sections inside an office, which are the office itself: 市教育局办公室.
const INNER: [&str; 19] = [
    "办公室",
    "党政办公室",
    "综合办公室",
    "党办",
    "机关党委",
    "机关党总支",
    "机关党支部",
    "党委",
    "党组",
    "党支部",
    "政治部",
    "政治处",
    "政治工作部",
    "人事科",
    "人事处",
    "综合科",
    "老干部科",
    "机关工会",
    "退役军人服务站",
];

/// Words of reporting: no office's name holds them, and where they follow an office's name has ended.
const REPORTING: [&str; 26] = [
    "报送", "上报", "呈报", "关于", "慰问", "走访", "统计", "情况", "开展", "八一", "专题", "报告", "双拥", "填报",
    "报表", "材料", "活动", "文件", "总结", "汇报", "拥军", "期间", "工作", "落实", "认真", "建军",
];

/// How far an office's own name may reach after its parent's, in characters.
const REACH: usize = 16;

/// Whether a name is itself an office's, not a county's.
fn is_office(name: &str) -> bool {
    STRONG_ENDINGS.iter().chain(&WEAK_ENDINGS).any(|ending| name.ends_with(ending))
}

/// What stands directly behind a unit's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behind {
    /// Nothing that makes another of it; perhaps an office that speaks for it.
    Nothing,
    /// An office of its own, which is not the unit.
    Office(String),
    /// It may be such an office or mere words: the name says nothing here.
    Unclear,
}

/// What follows a unit's name. Both are normalised.
#[must_use]
pub fn behind(name: &str, after: &str) -> Behind {
    let mut rest = after;
    // 离石区退役军人事务局双拥办: one after the other, all of them the county.
    while let Some(shorter) = SPEAKS_FOR_THE_WHOLE.iter().find_map(|office| rest.strip_prefix(office)) {
        rest = shorter;
    }
    let skipped = after.strip_suffix(rest).unwrap_or_default();
    let run: String = rest.chars().take_while(|&letter| is_han(letter)).take(REACH).collect();
    let is_inner = is_office(name) && INNER.iter().any(|inner| run.strip_prefix(inner).is_some_and(ends_there));
    // 市水务局与水利局: two names side by side.
    if is_inner || run.starts_with(['与', '和', '及', '的', '等']) {
        return Behind::Nothing;
    }
    let office = |end: usize| run.get(..end).map(|office| format!("{skipped}{office}")).unwrap_or_default();
    if skipped.is_empty()
        && let Some(place) = PLACES.iter().find(|place| run.starts_with(**place))
    {
        return Behind::Office(office(place.len()));
    }
    let ends = office_ends(name, skipped, &run);
    let whole = ends.iter().find(|(end, _)| run.get(*end..).is_some_and(ends_there));
    match whole.or_else(|| ends.iter().find(|(_, strong)| *strong)) {
        Some((end, _)) => Behind::Office(office(*end)),
        None if ends.is_empty() => Behind::Nothing,
        None => Behind::Unclear,
    }
}

/// Where an office's name may end in the words behind a unit's name, in order; and whether by a strong ending. Words of
/// reporting before it make it no name.
fn office_ends(name: &str, skipped: &str, run: &str) -> Vec<(usize, bool)> {
    let strong = STRONG_ENDINGS.iter().map(|ending| (ending, true));
    let weak = WEAK_ENDINGS.iter().map(|ending| (ending, false));
    let mut ends: Vec<(usize, bool)> = strong
        .chain(weak)
        .flat_map(|(ending, strong)| {
            run.match_indices(ending).map(move |(start, _)| (start, start + ending.len(), strong))
        })
        // 离石区委: the county's committee is the county.
        .filter(|(start, _, strong)| *start > 0 || (*strong && !is_office(name) && skipped.is_empty()))
        .map(|(_, end, strong)| (end, strong))
        .filter(|(end, _)| !run.get(..*end).is_some_and(|office| REPORTING.iter().any(|word| office.contains(word))))
        .collect();
    ends.sort_unstable();
    ends
}

/// Whether an office's name has ended before these words.
fn ends_there(rest: &str) -> bool {
    rest.chars().next().is_none_or(|letter| !is_han(letter) || "的和与及等报表填转送".contains(letter))
        || REPORTING.iter().any(|word| rest.starts_with(word))
}

/// What may follow a unit's name in its cell without meaning another unit: a bracket, a seal's word, its own section.
#[must_use]
pub fn is_small_change(name: &str, rest: &str) -> bool {
    let mut rest = rest.trim_matches(|letter: char| !is_han(letter));
    while let Some(shorter) = SPEAKS_FOR_THE_WHOLE.iter().find_map(|office| rest.strip_prefix(office)) {
        rest = shorter.trim_matches(|letter: char| !is_han(letter));
    }
    matches!(rest, "" | "公章" | "盖章" | "章" | "印章" | "加盖公章" | "签章")
        || (is_office(name) && INNER.contains(&rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_office_of_a_county_is_told_apart_from_the_county() {
        for (name, after, office) in [
            ("离石区", "教育局", "教育局"),
            ("离石区", "教育局下属中学统计表", "教育局下属中学"),
            ("离石区", "政府采购中心", "政府采购中心"),
            ("离石区", "人武部", "人武部"),
            ("离石区", "委宣传部", "委宣传部"),
            ("离石区", "退役军人服务中心", "退役军人服务中心"),
            ("柳林", "镇人民政府统计表", "镇"),
            ("兴县", "教育局王科长", "教育局"),
            ("市教育局", "直属第一中学", "直属第一中学"),
        ] {
            assert_eq!(behind(name, after), Behind::Office(office.to_owned()), "{name}{after}");
        }
    }

    #[test]
    fn words_and_offices_that_speak_for_the_county_make_no_other_of_it() {
        for (name, after) in [
            ("离石区", "双拥办"),
            ("离石区", "退役军人事务局双拥办关于报送"),
            ("离石区", "委"),
            ("离石区", "八一期间走访慰问工作领导小组办公室"),
            ("离石区", "2021年各部门"),
            ("市教育局", "办公室"),
            ("市教育局", "机关党委统计表"),
            ("市水务局", "与水利局"),
        ] {
            assert_eq!(behind(name, after), Behind::Nothing, "{name}{after}");
        }
        assert_eq!(behind("离石区", "坪头乡卫生院王主任"), Behind::Unclear);
        assert_eq!(behind("离石区", "机关所属单位慰问情况"), Behind::Unclear);
    }
}
