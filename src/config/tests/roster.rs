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
