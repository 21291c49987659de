//! File names made harmless yet readable: no control characters, no tricks with paths or writing direction.

use crate::model::invisible::is_invisible;

/// Longest name kept, in characters; what is longer loses its middle, never its ending.
const LONGEST: usize = 200;

/// The name of an attachment: the last component of whatever path it carried.
#[must_use]
pub fn attachment(name: &str) -> String {
    let cleaned = printable(name);
    let last = cleaned.rsplit(['/', '\\']).map(str::trim).find(|part| !is_hollow(part));
    shorten(last.unwrap_or_default())
}

/// The path of an archive's member: `/` between components, none of them `..`, no drive, not absolute.
#[must_use]
pub fn member(path: &str) -> String {
    let cleaned = printable(path);
    let parts: Vec<String> = cleaned
        .split(['/', '\\'])
        .map(str::trim)
        .filter(|part| !is_hollow(part) && !is_drive(part))
        .map(shorten)
        .collect();
    parts.join("/")
}

fn printable(name: &str) -> String {
    name.chars()
        .filter(|character| !character.is_control() && !is_invisible(*character))
        .map(|character| if character.is_whitespace() { ' ' } else { character })
        .collect::<String>()
        .trim()
        .to_owned()
}

fn is_hollow(part: &str) -> bool {
    part.chars().all(|character| character == '.' || character == ' ')
}

fn is_drive(part: &str) -> bool {
    part.strip_suffix(':').is_some_and(|letter| letter.len() == 1)
}

fn shorten(name: &str) -> String {
    let length = name.chars().count();
    if length <= LONGEST {
        return name.to_owned();
    }
    let head: String = name.chars().take(LONGEST - 41).collect();
    let tail: String = name.chars().skip(length - 40).collect();
    format!("{head}…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tricks_are_taken_out_and_the_name_stays() {
        assert_eq!(attachment("..\\..\\Windows\\报表\0.xls"), "报表.xls");
        assert_eq!(attachment("C:\\用户\\张三\\离石区.docx"), "离石区.docx");
        assert_eq!(attachment("统计表\u{202E}slx.exe"), "统计表slx.exe");
        assert_eq!(attachment("关于 报送\r\n 的函.doc"), "关于 报送 的函.doc");
        assert_eq!(attachment("../.."), "");
        assert_eq!(attachment("a/"), "a");
    }

    #[test]
    fn member_paths_stay_inside() {
        assert_eq!(member("../../etc/报表.xls"), "etc/报表.xls");
        assert_eq!(member("C:\\离石区\\统计表.xls"), "离石区/统计表.xls");
        assert_eq!(member("/a//b/./c.xls"), "a/b/c.xls");
    }

    #[test]
    fn a_long_name_keeps_its_ending() {
        let long = format!("{}.xlsx", "关于".repeat(400));
        let short = attachment(&long);
        assert!(short.ends_with(".xlsx") && short.chars().count() == LONGEST);
    }
}
