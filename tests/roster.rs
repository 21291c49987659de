//! `unit import` and `check` as an office uses them: its own lists in, the roster out, and nothing written unasked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use encoding_rs::GB18030;
use rust_xlsxwriter::{Format, Workbook};

#[path = "drill/mod.rs"]
mod drill;

use drill::Office;

const NOW: &str = "2021-08-06T09:00:00+08:00";

impl Office {
    /// With a roster of three units.
    fn of_three() -> Self {
        let office = Self::with_own_campaign();
        office.write_roster(
            "code,name,group,aliases,emails,phone,contact\n\
             A1,甲县,县市区,甲;甲县双拥办,jia@jia.example,0358-1,赵主任\n\
             A2,乙县,县市区,,yi@yi.example,,\n\
             A3,丙县,县市区,,,0358-3,\n",
        );
        // An empty database, which the reading commands want.
        let nothing = office.path("nothing");
        fs::create_dir(&nothing).unwrap();
        office.done(NOW, &["ingest", &nothing.display().to_string()]);
        office
    }

    fn roster(&self) -> PathBuf {
        self.path("campaigns/2021-bayi/units.csv")
    }

    fn write_roster(&self, text: impl AsRef<[u8]>) {
        fs::write(self.roster(), text).unwrap();
    }

    fn import(&self, file: &str, bytes: impl AsRef<[u8]>, more: &[&str]) -> Output {
        let path = self.path(file);
        fs::write(&path, bytes).unwrap();
        let path = path.display().to_string();
        self.tried(NOW, &[&["unit", "import", &path], more].concat())
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A list as an office keeps it: a title, its own words, groups merged over their units.
fn workbook() -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.merge_range(0, 0, 0, 5, "报送单位通讯录", &Format::new()).unwrap();
    for (column, word) in ["类别", "单位编码", "单 位 名 称", "简称", "电子邮箱", "序号"].into_iter().enumerate()
    {
        sheet.write(1, u16::try_from(column).unwrap(), word).unwrap();
    }
    sheet.merge_range(2, 0, 3, 0, "县市区", &Format::new()).unwrap();
    sheet.write(2, 1, "A1").unwrap();
    sheet.write(2, 2, "甲县").unwrap();
    sheet.write(2, 3, "甲；甲县双拥办").unwrap();
    sheet.write(2, 4, "JIA@jia.example\nsyb@jia.example").unwrap();
    sheet.write(3, 1, "A2").unwrap();
    sheet.write(3, 2, "乙县").unwrap();
    sheet.write(3, 4, "yi@yi.example").unwrap();
    sheet.write(4, 0, "市直").unwrap();
    sheet.write(4, 1, 141_101).unwrap();
    sheet.write(4, 2, "市水利局").unwrap();
    workbook.save_to_buffer().unwrap()
}

#[test]
fn a_workbook_is_compared_first_and_written_when_asked() {
    let office = Office::of_three();
    let before = fs::read(office.roster()).unwrap();
    let output = office.import("通讯录.xlsx", workbook(), &[]);
    let words = said(&output);
    assert!(output.status.success(), "{words}");
    for told in [
        "新增 141101 市水利局（市直）",
        "删除 A3 丙县",
        "修改 A1 甲县",
        "邮箱：jia@jia.example → jia@jia.example；syb@jia.example",
        "新增 1，删除 1，修改 1",
        "尚未写入",
    ] {
        assert!(words.contains(told), "{told} is not in {words}");
    }
    assert!(!words.contains("电话："), "a column the list lacks stays as it was: {words}");
    assert_eq!(fs::read(office.roster()).unwrap(), before);

    let applied = said(&office.import("通讯录.xlsx", workbook(), &["--apply"]));
    assert!(applied.contains("原名册已另存为") && applied.contains("mailtally reread"), "{applied}");
    let kept = fs::read_dir(office.path("campaigns/2021-bayi")).unwrap().map(|entry| entry.unwrap().path());
    let kept: Vec<PathBuf> = kept.filter(|path| path.extension().is_some_and(|ending| ending == "bak")).collect();
    assert_eq!(fs::read(&kept[0]).unwrap(), before);
    let shown = office.done(NOW, &["unit", "show", "A1"]);
    assert!(shown.contains("0358-1") && shown.contains("赵主任") && shown.contains("syb@jia.example"), "{shown}");
    assert_eq!(office.done(NOW, &["unit", "list"]).lines().count(), 3);
    let again = said(&office.import("通讯录.xlsx", workbook(), &["--apply"]));
    assert!(again.contains("与现有名册一致") && again.contains("未改动"), "{again}");
    let elsewhere = office.path("units-new.csv").display().to_string();
    office.import("通讯录.xlsx", workbook(), &["--out", &elsewhere, "--apply"]);
    assert!(fs::read_to_string(&elsewhere).unwrap().starts_with("\u{feff}code,name,group"));
}

#[test]
fn a_list_with_mistakes_is_refused_whole_with_every_line() {
    let office = Office::of_three();
    let list = "代码,单位名称,分组,别名,邮箱\nA1,甲县,县市区,乙,jia@jia.example\nA1,丁县,县市区,,\n\
                A4,,县市区,,\nA5,乙,县市区,,没有\n";
    let output = office.import("名单.csv", GB18030.encode(list).0, &["--apply"]);
    let words = said(&output);
    assert_eq!(output.status.code(), Some(2), "{words}");
    for told in [
        "名单.csv:3: code: \"A1\" stands on line 2 already",
        "名单.csv:4: name: is empty",
        "名单.csv:5: name: \"乙\" already means \"甲县\" (line 2)",
        "名单.csv:5: emails: \"没有\" is no mail address",
    ] {
        assert!(words.contains(told), "{told} is not in {words}");
    }
    assert_eq!(office.done(NOW, &["unit", "list"]).lines().count(), 3, "nothing was written");
    let output = office.import("说明.xlsx", b"not a workbook", &[]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    let output = office.import("别的.csv", "日期,金额\n1,2\n", &[]);
    assert!(said(&output).contains("代码 and 单位名称"), "{}", said(&output));
}

#[test]
fn check_tells_whom_no_letter_reaches_and_who_is_easily_taken_for_another() {
    let office = Office::of_three();
    office.write_roster(
        "code;name;group;aliases;emails\nS1;市水利局;市直;\"水利;水利局\";slj@x.example\nS2;市水务局;市直;;slj@x.example\n\
         S3;市教育局;市直;;\n",
    );
    let words = said(&office.tried(NOW, &["check"]));
    for told in
        ["slj@x.example is shared by 市水利局、市水务局", "to be telephoned: S3 市教育局", "市水利局 and 市水务局"]
    {
        assert!(words.contains(told), "{told} is not in {words}");
    }
}
