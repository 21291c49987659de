//! The styles of a workbook (`styles.xml`) with fills added: a style that is only coloured otherwise stays what it was.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::Unfit;
use super::markup::{Edits, number, prefix_of, tag_with, walk};
use crate::model::mark::Tone;

/// Excel takes 65,490 cell formats.
const MOST_STYLES: usize = 60_000;

/// A style by its number, in a colour.
pub(super) type Wanted = (u32, Tone);

/// A list of styles and where it stands in the text.
#[derive(Default)]
struct List {
    tag: Option<(Range<usize>, String)>,
    end: usize,
    prefix: String,
    entries: Vec<Entry>,
}

/// One entry of a list.
struct Entry {
    /// From the beginning of its tag to its end.
    range: Range<usize>,
    tag: Range<usize>,
    /// Its tag with the attributes for a fill, whose number stands as `@`.
    coloured: String,
}

/// The styles with those that are wanted, and the numbers of these.
///
/// # Errors
/// Where the styles are written in an unusual way.
pub(super) fn with_fills(text: &str, wanted: &BTreeSet<Wanted>) -> Result<(String, BTreeMap<Wanted, u32>), Unfit> {
    let fills = list(text, "fills", "fill")?;
    let styles = list(text, "cellXfs", "xf")?;
    let mut edits = Edits::default();
    let mut fill_of = BTreeMap::new();
    for tone in wanted.iter().map(|(_, tone)| *tone).collect::<BTreeSet<_>>() {
        fill_of.insert(tone, fills.entries.len() + fill_of.len());
        let (p, colour) = (&fills.prefix, tone.colour());
        edits.insert(
            fills.end,
            format!(
                "<{p}fill><{p}patternFill patternType=\"solid\"><{p}fgColor rgb=\"FF{colour:06X}\"/><{p}bgColor \
                 indexed=\"64\"/></{p}patternFill></{p}fill>"
            ),
        );
    }
    let mut made = BTreeMap::new();
    for (style, tone) in wanted {
        let entry = usize::try_from(*style).ok().and_then(|index| styles.entries.get(index));
        let entry = entry.ok_or(Unfit("a style that is not there"))?;
        let fill = fill_of.get(tone).copied().unwrap_or_default();
        let rest = text.get(entry.tag.end..entry.range.end).unwrap_or_default();
        edits.insert(styles.end, format!("{}{rest}", entry.coloured.replace('@', &fill.to_string())));
        let new = u32::try_from(styles.entries.len() + made.len()).map_err(|_| Unfit("too many styles"))?;
        made.insert((*style, *tone), new);
    }
    if styles.entries.len() + made.len() > MOST_STYLES {
        return Err(Unfit("too many styles"));
    }
    for (list, count) in [(&fills, fills.entries.len() + fill_of.len()), (&styles, styles.entries.len() + made.len())] {
        if let Some((range, tag)) = &list.tag {
            edits.replace(range.clone(), tag.replace('@', &count.to_string()));
        }
    }
    Ok((edits.apply(text)?, made))
}

fn list(text: &str, name: &str, of: &str) -> Result<List, Unfit> {
    let mut list = List::default();
    let mut found = 0;
    walk(text, |seen| {
        if seen.is_in(&["styleSheet"]) && seen.opens(name) {
            let Some((tag, false)) = seen.opened() else { return Err(Unfit("a list of styles that is empty")) };
            list.prefix = prefix_of(tag);
            list.tag = Some((seen.range.clone(), tag_with(tag, false, &[("count", Some("@"))])?));
            found += 1;
        } else if seen.is_in(&["styleSheet"]) && seen.closes(name) {
            list.end = seen.range.start;
        } else if seen.is_in(&["styleSheet", name]) {
            if let Some((tag, empty)) = seen.opened() {
                // What stands between alternatives of several versions is not counted as one list.
                if !seen.opens(of) {
                    return Err(Unfit("a list of styles with other things in it"));
                }
                number(tag, "fillId")?;
                let coloured = tag_with(tag, empty, &[("fillId", Some("@")), ("applyFill", Some("1"))])?;
                if coloured.matches('@').count() != 1 {
                    return Err(Unfit("a style written in an unusual way"));
                }
                list.entries.push(Entry { range: seen.range.clone(), tag: seen.range.clone(), coloured });
            } else if seen.closes(of)
                && let Some(entry) = list.entries.last_mut()
            {
                entry.range.end = seen.range.end;
            }
        }
        Ok(())
    })?;
    if found == 1 { Ok(list) } else { Err(Unfit("not one list of styles")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_style_keeps_all_but_its_colour() {
        let text = "<x:styleSheet xmlns:x=\"m\"><x:fills count=\"2\"><x:fill><x:patternFill/></x:fill><x:fill/></x:fills>\
                    <x:cellXfs count='2'><x:xf numFmtId=\"0\" fillId=\"0\"/>\
                    <x:xf numFmtId='4' fontId=\"3\" fillId=\"1\" applyFill=\"0\"><x:alignment wrapText=\"1\"/></x:xf>\
                    </x:cellXfs></x:styleSheet>";
        let wanted = BTreeSet::from([(1, Tone::Mend), (1, Tone::Hint), (0, Tone::Mend)]);
        let (edited, made) = with_fills(text, &wanted).unwrap();
        assert_eq!(made, BTreeMap::from([((0, Tone::Mend), 2), ((1, Tone::Hint), 3), ((1, Tone::Mend), 4)]));
        assert!(edited.contains("<x:fills count=\"4\">") && edited.contains("<x:cellXfs count=\"5\">"), "{edited}");
        let mend =
            "<x:xf numFmtId=\"4\" fontId=\"3\" fillId=\"3\" applyFill=\"1\"><x:alignment wrapText=\"1\"/></x:xf>";
        assert!(edited.ends_with(&format!("{mend}</x:cellXfs></x:styleSheet>")), "{edited}");
        assert!(with_fills(text, &BTreeSet::from([(2, Tone::Mend)])).is_err());
    }
}
