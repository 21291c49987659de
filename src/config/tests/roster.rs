//! Rosters in every encoding Excel writes, and with slips.

use encoding_rs::GB18030;

use super::Copy;
use crate::config::load_campaigns;
use crate::model::unit::Unit;

const HEADER: &str = "code,name,group,aliases,emails,phone,contact\n";

fn roster_of(bytes: impl AsRef<[u8]>) -> Result<Vec<Unit>, Vec<String>> {
    let copy = Copy::new();
    copy.write(&copy.campaign("units.csv"), bytes);
    match load_campaigns(&copy.main()) {
        Ok((_, campaigns)) => Ok(campaigns[0].roster.units().to_vec()),
        Err(mistakes) => Err(mistakes.list().iter().map(|told| told.to_string()).collect()),
    }
}

#[test]
fn rosters_come_as_utf8_with_a_mark_or_as_gbk() {
    let text = format!(
        "{HEADER}A1,岢岚县,县市区,岢岚；岢岚双拥办,KL@kelan.example；kl2@kelan.example,0350-5550001,喆主任\n\n,,,,,,\nA2,驻岢某部,驻军,,,,\n"
    );
    let plain = roster_of(&text).unwrap();
    assert_eq!(plain.len(), 2);
    assert_eq!(plain[0].aliases, ["岢岚", "岢岚双拥办"]);
    assert_eq!(plain[0].emails, ["kl@kelan.example", "kl2@kelan.example"]);
    assert_eq!((plain[1].emails.len(), plain[1].phone.as_deref()), (0, None));
    assert_eq!(roster_of(format!("\u{feff}{}", text.replace('\n', "\r\n"))).unwrap(), plain);
    assert_eq!(roster_of(GB18030.encode(&text).0).unwrap(), plain);
}

#[test]
fn a_short_gbk_roster_that_looks_like_utf8_is_gbk() {
    // The GBK bytes of 系统 are valid UTF-8 by chance.
    let text = format!("{HEADER}X1,系统,系统,,,,\n");
    assert_eq!(roster_of(GB18030.encode(&text).0).unwrap()[0].name, "系统");
}

#[test]
fn rosters_are_checked_line_by_line() {
    let told = roster_of(format!(
        "{HEADER}A1,甲县,县市区,甲,jia@jia.example,,\na1,乙县,县市区,甲,no-address,,\nA 3,,县市区,,,,\nA4,丁县,县市区,丁,a@ding.example,b@ding.example,,,多\n"
    ))
    .unwrap_err();
    let expected = [
        "units.csv:3: code: \"a1\" stands on line 2 already",
        "units.csv:3: aliases: \"甲\" already means \"甲县\" (line 2)",
        "units.csv:3: emails: \"no-address\" is no mail address: there is no @",
        "units.csv:4: name: is empty",
        "units.csv:4: code: \"A 3\" must be a short word",
        "units.csv:5: has more fields (9) than the first line (7)",
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for text in expected {
        assert!(told.iter().any(|mistake| mistake.contains(text)), "{text}: {told:#?}");
    }
    assert!(roster_of(HEADER).unwrap_err()[0].contains("names no unit"));
    let told = roster_of("code,nmae,group\nA1,甲县,县市区\n").unwrap_err();
    assert!(told[0].contains("units.csv:1: nmae: is no known column; did you mean `name`?"), "{told:#?}");
    assert!(told[1].contains("lacks name"), "{told:#?}");
}

#[test]
fn what_acts_in_a_terminal_a_letter_or_a_spreadsheet_is_no_name() {
    let told = roster_of(format!(
        "{HEADER}A1,=HYPERLINK(1),县市区,,,,\nA2,\"乙\n县\",县市区,,,,\nA3,丙县,县市区,\u{202e}县丙,,,\nA4,丁县,\u{1b}[31m组,,,,@SUM(1)\n"
    ))
    .unwrap_err();
    let expected = [
        "units.csv:2: name: begins like a formula",
        "units.csv:3: name: holds a line break or another sign that cannot be seen (U+000A)",
        "units.csv:5: aliases: holds a line break or another sign that cannot be seen (U+202E)",
        "units.csv:6: group: holds a line break or another sign that cannot be seen (U+001B)",
        "units.csv:6: contact: begins like a formula",
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for text in expected {
        assert!(told.iter().any(|mistake| mistake.contains(text)), "{text}: {told:#?}");
    }
    // What is repeated of such a file begins no line and steers nothing.
    assert!(!told.concat().contains(|sign: char| sign.is_control() || sign == '\u{202e}'), "{told:#?}");
    // A telephone number from abroad, and one with a stroke before it, are none.
    let fine = roster_of(format!("{HEADER}A1,甲县,县市区,,,+86 358-5550001,赵主任\nA2,乙县,县市区,,,-5550001,\n"));
    assert_eq!(fine.unwrap().len(), 2);
}

#[test]
fn a_list_or_file_without_end_is_refused() {
    let many: String = (0..10_001).map(|number| format!("A{number},单位{number},组,,,,\n")).collect();
    assert!(roster_of(format!("{HEADER}{many}")).unwrap_err()[0].contains("names 10001 units"));
    let huge = roster_of(format!("{HEADER}{}", "x".repeat(5 << 20))).unwrap_err();
    assert!(huge[0].contains("is larger than 4096 KiB"), "{huge:?}");
    let copy = Copy::new();
    let roster = copy.campaign("units.csv");
    std::fs::remove_file(&roster).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &roster).unwrap();
    let mistakes = load_campaigns(&copy.main()).unwrap_err();
    assert!(mistakes.to_string().contains("it is no file"), "{mistakes}");
}
