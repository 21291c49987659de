//! The stories of the thirteen counties.

use anyhow::Result;

use super::build::form::{Cell, Figures, Writing};
use super::build::mime::{Charset, Draft, HeaderForm, NameForm, Transfer};
use super::build::mimicry::Dialect;
use super::build::{html, pack, pdf, word};
use super::cast::{
    Cast, day, form, form_xlsx, full_mail, mail, report, report_docx, report_name, returned, right, table_name,
};
use super::figures::{troop, visit};
use super::{ExpectedTable, OFFICE, SampleMail};
use crate::model::form::FindingCode;
use crate::model::unit::Unit;

fn figures(veterans: (u32, i64), others: (u32, i64), troops: &[(&str, i64)]) -> Figures {
    Figures {
        veterans: visit(veterans.0, "慰问金", veterans.1),
        others: visit(others.0, "米、面、油", others.1),
        troops: troops.iter().map(|(name, cost)| troop(name, "空调、西瓜、矿泉水", *cost)).collect(),
        remarks: String::new(),
    }
}

/// Every county that stands on the roster, with its story.
pub(super) fn mails(cast: &Cast) -> Result<Vec<SampleMail>> {
    type Story = fn(&Cast, &Unit) -> Result<Vec<SampleMail>>;
    let stories: [(&str, Story); 13] = [
        ("141102", lishi),
        ("141121", wenshui),
        ("141122", jiaocheng),
        ("141123", xingxian),
        ("141124", linxian),
        ("141125", liulin),
        ("141126", shilou),
        ("141127", lanxian),
        ("141128", fangshan),
        ("141129", zhongyang),
        ("141130", jiaokou),
        ("141181", xiaoyi),
        ("141182", fenyang),
    ];
    let mut mails = Vec::new();
    for (code, story) in stories {
        if let Some(unit) = cast.county(code) {
            mails.extend(story(cast, unit)?);
        }
    }
    Ok(mails)
}

fn lishi(cast: &Cast, unit: &Unit) -> Result<Vec<SampleMail>> {
    let done = figures((356, 178_000), (142, 42_600), &[("武警离石中队", 22_400)]);
    let draft = full_mail(unit, cast.at(7, 28, 9, 12)?, Dialect::NetEase, &done)?;
    let note = "A county's whole return as it should be: a workbook and a Word report, in GBK from 163.";
    Ok(vec![returned("lishi-whole", &draft, unit, Some(right(&done)), true, note)])
}

fn wenshui(cast: &Cast, unit: &Unit) -> Result<Vec<SampleMail>> {
    // These figures stand in fixtures/wenshui.xls.
    let done = figures((412, 206_000), (168, 50_400), &[("武警文水中队", 12_000)]);
    let at = cast.at(8, 4, 10, 31)?;
    let draft = mail(unit, at, Dialect::Qq)
        .attach("文水县八一慰问报表.xls", include_bytes!("fixtures/wenshui.xls").to_vec())
        .attach(report_name(unit, "pdf"), pdf::report(&report(unit, at, &done)));
    let note = "An Excel 97 workbook and a PDF report of two pages, from QQ.";
    Ok(vec![returned("wenshui-xls-pdf", &draft, unit, Some(right(&done)), true, note)])
}

fn jiaocheng(cast: &Cast, unit: &Unit) -> Result<Vec<SampleMail>> {
    let done = figures((238, 119_000), (86, 25_800), &[("武警交城中队", 15_200)]);
    let at = cast.at(8, 2, 15, 4)?;
    let wrong =
        form(unit, at, &done, Writing::Plain).with(0, "total_wan", Cell::Number(rust_decimal::Decimal::new(165, 1)));
    let first = mail(unit, at, Dialect::Foxmail)
        .attach(table_name(unit), super::build::sheet::workbook(&wrong, super::build::sheet::Placement::Usual)?)
        .attach(report_name(unit, "docx"), report_docx(unit, at, &done)?);
    let table = right(&done).but("total_wan", Some("16.5")).wrong(FindingCode::TotalMismatch);
    let later = cast.at(8, 5, 9, 47)?;
    let second = mail(unit, later, Dialect::Foxmail)
        .subject("回复：交城县报表更正")
        .text("市双拥办：合计数已更正为16万元，请以此表为准。\n")
        .attach("交城县统计表（更正）.xlsx", form_xlsx(unit, later, &done, Writing::Plain)?);
    Ok(vec![
        returned("jiaocheng-wrong-total", &first, unit, Some(table), true, "The total is not the sum of the costs."),
        returned(
            "jiaocheng-corrected",
            &second,
            unit,
            Some(right(&done)),
            false,
            "The corrected table replaces the wrong one.",
        ),
    ])
}

fn xingxian(cast: &Cast, unit: &Unit) -> Result<Vec<SampleMail>> {
    let done = figures((511, 204_400), (233, 69_900), &[("武警兴县中队", 18_000)]);
    let at = cast.at(8, 3, 16, 20)?;
    let table = word::document(&word::form_body(&form(unit, at, &done, Writing::Plain)))?;
    let text = report_docx(unit, at, &done)?;
    let packed = pack::gbk_zip(&[
        ("兴县八一材料/附件：统计表.docx", &table),
        ("兴县八一材料/兴县关于八一走访慰问的报告.docx", &text),
    ]);
    let draft = mail(unit, at, Dialect::NetEase).attach("兴县八一材料.zip", packed);
    let note = "A zip with bare GBK names holds the form as a Word table and the report.";
    Ok(vec![returned("xingxian-zip", &draft, unit, Some(right(&done)), true, note)])
}

fn linxian(cast: &Cast, unit: &Unit) -> Result<Vec<SampleMail>> {
    let visited = [("武警临县中队", 16_000), ("驻临某部", 12_500), ("临县消防救援大队", 8_000)];
    let done = figures((623, 311_500), (274, 82_200), &visited);
    let at = cast.at(8, 6, 11, 3)?;
    let draft = mail(unit, at, Dialect::Coremail)
        .attach(table_name(unit), form_xlsx(unit, at, &done, Writing::Separated)?)
        .attach(report_name(unit, "pdf"), pdf::report(&report(unit, at, &done)));
    let note = "Three troops in three rows under merged cells; figures are text with thousands separators.";
    Ok(vec![returned("linxian-three-troops", &draft, unit, Some(right(&done)), true, note)])
}

fn liulin(cast: &Cast, unit: &Unit) -> Result<Vec<SampleMail>> {
    let done = figures((327, 163_500), (118, 35_400), &[("武警柳林中队", 20_000)]);
    let at = cast.at(8, 3, 10, 15)?;
    let first = mail(unit, at, Dialect::Outlook)
        .attach(table_name(unit), form_xlsx(unit, at, &done, Writing::TotalInYuan)?)
        .attach(report_name(unit, "docx"), report_docx(unit, at, &done)?);
    let table = ExpectedTable::of(&done, Writing::TotalInYuan, 2).wrong(FindingCode::UnitOfMoneySuspect);
    let later = cast.at(8, 9, 8, 55)?;
    let second = mail(unit, later, Dialect::Outlook)
        .subject("柳林县统计表（万元已更正）")
        .attach(table_name(unit), form_xlsx(unit, later, &done, Writing::Plain)?);
    Ok(vec![
        returned(
            "liulin-total-in-yuan",
            &first,
            unit,
            Some(table),
            true,
            "The total stands in 元 in a column of 万元.",
        ),
        returned(
            "liulin-corrected",
            &second,
            unit,
            Some(right(&done)),
            false,
            "The same table with the total in 万元.",
        ),
    ])
}

fn shilou(cast: &Cast, unit: &Unit) -> Result<Vec<SampleMail>> {
    let done = figures((164, 82_000), (75, 22_500), &[("武警石楼中队", 9_500)]);
    let at = cast.at(8, 5, 17, 40)?;
    let draft = mail(unit, at, Dialect::Qq)
        .attach(table_name(unit), form_xlsx(unit, at, &done, Writing::CostsInWan)?)
        .attach(report_name(unit, "docx"), report_docx(unit, at, &done)?);
    let table = ExpectedTable::of(&done, Writing::CostsInWan, 2).wrong(FindingCode::UnitOfMoneySuspect);
    let note = "The costs stand in 万元 in columns of 元, and nobody ever corrects them.";
    Ok(vec![returned("shilou-costs-in-wan", &draft, unit, Some(table), true, note)])
}

fn lanxian(cast: &Cast, unit: &Unit) -> Result<Vec<SampleMail>> {
    let done = figures((201, 80_400), (94, 28_200), &[]);
    let at = cast.at(7, 30, 9, 36)?;
    let first = mail(unit, at, Dialect::NetEase)
        .subject("岚县八一走访慰问统计表")
        .text("统计表先报上，报告正在走程序，盖章后补报。\n")
        .attach(table_name(unit), form_xlsx(unit, at, &done, Writing::Plain)?);
    let later = cast.at(8, 7, 15, 22)?;
    let second = mail(unit, later, Dialect::NetEase)
        .subject("岚县八一走访慰问报告（补报）")
        .attach(report_name(unit, "docx"), report_docx(unit, later, &done)?);
    Ok(vec![
        returned(
            "lanxian-table-only",
            &first,
            unit,
            Some(right(&done)),
            false,
            "Only the table; the report will follow.",
        ),
        returned("lanxian-report-later", &second, unit, None, true, "The report that was still missing."),
    ])
}

fn fangshan(cast: &Cast, unit: &Unit) -> Result<Vec<SampleMail>> {
    let done = figures((149, 74_500), (61, 18_300), &[("武警方山中队", 8_000)]);
    let at = cast.at(8, 4, 16, 58)?;
    let draft = mail(unit, at, Dialect::Coremail)
        .subject("方山县关于八一走访慰问的报告")
        .attach(report_name(unit, "pdf"), pdf::report(&report(unit, at, &done)));
    Ok(vec![returned("fangshan-report-only", &draft, unit, None, true, "Only the report; the table never comes.")])
}

fn zhongyang(cast: &Cast, unit: &Unit) -> Result<Vec<SampleMail>> {
    // These figures stand in fixtures/zhongyang.et.
    let done = figures((203, 101_500), (97, 29_100), &[("武警中阳中队", 9_600)]);
    let draft = mail(unit, cast.at(8, 6, 14, 26)?, Dialect::Foxmail)
        .attach("中阳县统计表.et", include_bytes!("fixtures/zhongyang.et").to_vec())
        .attach("中阳县报告.wps", include_bytes!("fixtures/zhongyang.wps").to_vec());
    let note = "WPS's own extensions over Excel 97 and Word 97; the day is written without its year.";
    Ok(vec![returned("zhongyang-wps", &draft, unit, Some(right(&done)), true, note)])
}

fn jiaokou(cast: &Cast, unit: &Unit) -> Result<Vec<SampleMail>> {
    let done = figures((188, 94_000), (72, 21_600), &[]);
    let at = cast.at(8, 5, 11, 50)?;
    let first = mail(unit, at, Dialect::Qq)
        .attach("交口县统计表.xlsx", include_bytes!("fixtures/protected.xlsx").to_vec())
        .attach(report_name(unit, "docx"), report_docx(unit, at, &done)?);
    let later = cast.at(8, 9, 10, 8)?;
    let second = mail(unit, later, Dialect::Qq)
        .subject("交口县统计表（已去掉密码）")
        .attach("交口县统计表.xlsx", form_xlsx(unit, later, &done, Writing::Formula)?);
    Ok(vec![
        returned(
            "jiaokou-protected",
            &first,
            unit,
            None,
            true,
            "The workbook wants a password; the report can be read.",
        ),
        returned(
            "jiaokou-opened",
            &second,
            unit,
            Some(right(&done)),
            false,
            "The same without password, its total a formula.",
        ),
    ])
}

fn xiaoyi(cast: &Cast, unit: &Unit) -> Result<Vec<SampleMail>> {
    let done = figures((458, 229_000), (187, 56_100), &[("武警孝义中队", 25_000)]);
    let written = cast.at(8, 6, 17, 30)?;
    let colleague = ("孝义市双拥办 郝文", "haowen@xiaoyi.example");
    let inner = Draft::new(Dialect::Foxmail, colleague, "bangongshi@xiaoyi.example", written)
        .subject("请转报市双拥办：孝义市八一走访慰问材料")
        .text("主任：材料已审定，请转报市双拥办。\n")
        .attach(table_name(unit), form_xlsx(unit, written, &done, Writing::Plain)?)
        .attach(report_name(unit, "docx"), report_docx(unit, written, &done)?);
    let draft = mail(unit, cast.at(8, 7, 9, 5)?, Dialect::Outlook)
        .subject("Fw: 孝义市八一走访慰问材料")
        .text("请查收附件中的邮件。\n")
        .attach("孝义市八一走访慰问材料.eml", inner.bytes());
    let note = "Form and report stand in a forwarded mail that is itself the attachment.";
    Ok(vec![returned("xiaoyi-forwarded", &draft, unit, Some(right(&done)), true, note)])
}

fn fenyang(cast: &Cast, unit: &Unit) -> Result<Vec<SampleMail>> {
    let done = figures((389, 155_600), (151, 45_300), &[("武警汾阳中队", 16_000)]);
    let at = cast.at(8, 8, 10, 44)?;
    let table = html::table(&form(unit, at, &done, Writing::Plain));
    let draft = Draft::new(Dialect::NetEase, (&unit.name, &super::cast::address(unit)), OFFICE, at)
        .subject("汾阳市八一走访慰问情况")
        .text(format!("统计表见正文，报告见附件。\n汾阳市双拥办\n{}\n", day(at)))
        .html(format!("<html><body><p>统计表见正文，报告见附件。</p>{table}</body></html>"))
        .written(Charset::Gb2312, HeaderForm::QuotedWords, NameForm::Extended, Transfer::QuotedPrintable)
        .attach(report_name(unit, "docx"), report_docx(unit, at, &done)?);
    let note = "The table is pasted into the mail's body; the report is attached. GBK, quoted-printable.";
    Ok(vec![returned("fenyang-body-table", &draft, unit, Some(right(&done)), true, note)])
}
