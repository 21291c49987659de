//! The form as units lay it out and fill it in.

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet};

use super::Case;

const TITLE: &str = "2021年“八一”期间走访慰问情况统计表";
const GROUPS: &str = "本县(市、区)/单位慰问情况 | < | < | < | < | < | 慰问部队情况 | < | < | 合计“八一”期间走访慰问支出总额(万元) | 备注";
const HEADS: &str = "慰问军队退役人员人数(人) | 慰问形式及慰问品名称 | 慰问折算经费(元) | 慰问其他优抚对象人数(人) | 慰问形式及慰问品名称 | 慰问折算经费(元) | 部队名称 | 慰问形式及慰问品名称 | 慰问折算经费(元)";

/// The cases of this file, always the same bytes.
pub fn cases() -> Vec<Case> {
    let head = |unit: &str| {
        format!(
            "{TITLE} | < | < | < | < | < | < | < | < | < | <\n县(市、区)/单位名称：{unit}　填报时间：2021年8月5日\n{GROUPS}\n{HEADS} | ^ | ^\n"
        )
    };
    let paper = |rows: &str| head("离石区") + rows;
    let row = "12 | 米、面 | 2400 | 5 | 油 | 1000 | 武警离石中队 | 慰问金 | 5000 | 0.84";
    let drawings = [
        (
            "form-side-by-side",
            beside(&paper(row), &(head("汾阳市") + "3 | 米 | 600 | 0 | 无 | 0 | 某部二营 | 牛奶 | 2000 | 0.26")),
        ),
        (
            "form-below-each-other",
            format!(
                "{}\n\n{}",
                paper(row),
                head("汾阳市") + "3 | 米 | 600 | 0 | 无 | 0 | 某部二营 | 牛奶 | 2000 | 0.26"
            ),
        ),
        (
            "form-three-row-header",
            format!(
                "{TITLE}\n填报单位（盖章） | 离石区 | | | | | 填报日期 | 2021.8.5\n| | | | | | | | | | | | 单位：人、元、万元\n序号 | 慰问部队情况 | < | < | 本县（市、区）/单位慰问情况 | < | < | < | < | < | 合计\"八一\"期间走访慰问支出总额【万元】 | 联系人 | 联系电话\n^ | 部 队\\n名 称 | 慰问形式及\\n慰问品名称 | 慰问折算\\n经费（元） | 慰问军队 | 慰问形式 | 慰问折算 | 慰问其它 | 慰问形式 | 慰问折算 | ^ | ^ | ^\n^ | ^ | ^ | ^ | 离退休人员人数（人） | 及慰问品名称 | 经费（元） | 优抚对象人数（人） | 及慰问品名称 | 经费（元） | ^ | ^ | ^\n1 | 武警离石中队 | 慰问金 | 5000 | 12 | 米、面 | 2400 | 5 | 油 | 1000 | 0.84 | 张某 | 13800000000"
            ),
        ),
        (
            "form-figures-written",
            paper(
                "１２ | 米 | 壹万贰仟叁佰元整 | 一百二十人 | 油 | ￥1,234.50 | 甲部 | 金 | 3.5万元 | 4.85345\n3 人 | 米 | 2，400元 | 〇 | 无 | — | 乙部 | 金 | 1.2E+04 | 1.44\n5（人） | 米 | 人民币叁仟元整 | 0 | 无 | / | 丙部 | 金 | '１２３４．５０ | 0.42",
            ),
        ),
        (
            "form-no-certain-figures",
            paper(
                "约200 | 米 | 100 200 | 200余 | 油 | 300\\n400 | 甲部 | 金 | 500-600 | 0.2\n13800001111 | 米 | 12,34 | 200（含家属） | 油 | 50% | 乙部 | 金 | 3.5W | 3万5",
            ),
        ),
        (
            "form-sums-anywhere",
            paper(
                "15 | | 3000 | 9 | | 1800 | 合 计 | | 8000 | 1.28\n12 | 米 | 2400 | 5 | 油 | 1000 | 甲部 | 金 | 5000 | 0.84\n3 | 米 | 600 | 4 | 油 | 800 | 乙部 | 金 | 3000 | 0.44\n15 | 小　计 | 3000 | 9 | | 1800 | | | 8000 | 1.28",
            ),
        ),
        (
            "form-sum-without-a-name",
            paper(
                "12 | 米 | 2400 | 5 | 油 | 1000 | 甲部 | 金 | 5000 | 0.84\n3 | 米 | 600 | 4 | 油 | 800 | 乙部 | 金 | 3000 | 0.44\n15 | | 3000 | 9 | | 1800 | | | 8000 | 1.28",
            ),
        ),
        (
            "form-example-row",
            paper(
                "100 | 米 | 20000 | 50 | 油 | 10000 | XX部队 | 金 | 5000 | 3.5 | （示例）\n12 | 米 | 2400 | 5 | 油 | 1000 | 甲部 | 金 | 5000 | 0.84\n注：1.示例行请勿删除，共2行；2.经费以元计。",
            ),
        ),
        (
            "form-township-rows",
            format!(
                "{TITLE}\n县(市、区)/单位名称：离石区　填报时间：8月5日\n乡镇 | {HEADS} | 合计“八一”期间走访慰问支出总额(万元)\n甲镇 | 12 | 米 | 2400 | 5 | 油 | 1000 | | | 0 | 0.34\n乙镇 | 3 | 米 | 600 | 0 | 无 | 0 | 甲部 | 金 | 5000 | 0.56\n合计 | 15 | | 3000 | 5 | | 1000 | | | 5000 | 0.90"
            ),
        ),
        (
            "form-transposed",
            format!(
                "{TITLE}\n县(市、区)/单位名称：离石区\n慰问军队退役人员人数(人) | 12\n慰问形式及慰问品名称 | 米\n慰问折算经费(元) | 2400\n慰问其他优抚对象人数(人) | 5\n慰问折算经费(元) | 1000\n部队名称 | 甲部\n慰问折算经费(元) | 5000\n合计“八一”期间走访慰问支出总额(万元) | 0.84"
            ),
        ),
        (
            "form-drawn-by-hand",
            format!(
                "离石区{TITLE}\n填报时间：2021年8月5日\n退役人员 | 12人 | 米 | 2400元\n其他优抚对象 | 5人 | 油 | 1000元\n慰问部队 | 甲部 | 金 | 5000元\n支出合计 | 0.84万元"
            ),
        ),
        (
            "form-headers-in-wan",
            paper(&row.replace("2400", "0.24").replace("1000", "0.1").replace("5000", "0.5"))
                .replace("慰问折算经费(元)", "慰问折算经费（万元）"),
        ),
        ("form-in-thousands", paper(row).replace("慰问折算经费(元)", "慰问折算经费（千元）")),
        (
            "form-label-below",
            format!(
                "{TITLE}\n{GROUPS}\n{HEADS} | ^ | ^\n{row}\n填报单位：__离石区__ | | | | 填报时间：_2021_年_8_月_5_日_"
            ),
        ),
    ];
    drawings
        .into_iter()
        .map(|(name, drawing)| Case {
            name: name.to_owned(),
            file: "统计表.xlsx".to_owned(),
            bytes: workbook(&drawing),
        })
        .collect()
}

/// The second drawing to the right of the first, behind a free column.
fn beside(left: &str, right: &str) -> String {
    let wide = 12;
    let lines = left.lines().zip(right.lines()).map(|(left, right)| {
        let cells = left.split('|').count();
        format!("{left}{}{right}", " |".repeat(wide - cells + 1))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A workbook drawn as lines of cells between `|`: `<` is merged into the cell to its left, `^` into the one above;
/// a plain number is a number unless it begins with `'`; `\n` breaks the line.
fn workbook(drawing: &str) -> Vec<u8> {
    let rows: Vec<Vec<&str>> = drawing.split('\n').map(|line| line.split('|').map(str::trim).collect()).collect();
    let mut book = Workbook::new();
    let created = ExcelDateTime::from_ymd(2021, 8, 5).unwrap().and_hms(9, 0, 0).unwrap();
    book.set_properties(&DocProperties::new().set_creation_datetime(&created));
    let sheet = book.add_worksheet();
    let at = |row: usize, column: usize| rows.get(row).and_then(|cells| cells.get(column)).copied();
    for (row, line) in rows.iter().enumerate() {
        for (column, text) in line.iter().enumerate().filter(|(_, text)| !matches!(**text, "" | "<" | "^")) {
            let right = (column + 1..).take_while(|next| at(row, *next) == Some("<")).last().unwrap_or(column);
            let bottom = (row + 1..).take_while(|next| at(*next, column) == Some("^")).last().unwrap_or(row);
            let place = (row as u32, column as u16);
            if (bottom, right) != (row, column) {
                sheet.merge_range(place.0, place.1, bottom as u32, right as u16, "", &Format::new()).unwrap();
            }
            write(sheet, place, text);
        }
    }
    book.save_to_buffer().unwrap()
}

fn write(sheet: &mut Worksheet, (row, column): (u32, u16), text: &str) {
    match text.parse::<f64>() {
        Ok(number) => sheet.write_number(row, column, number),
        Err(_) => sheet.write_string(row, column, text.trim_start_matches('\'').replace("\\n", "\n")),
    }
    .unwrap();
}
