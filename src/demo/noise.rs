//! What reaches the office besides returns of its units.

use anyhow::Result;

use super::build::form::{FilledForm, Writing};
use super::build::machine;
use super::build::mime::{Charset, Draft, HeaderForm, NameForm, Transfer};
use super::build::mimicry::Dialect;
use super::build::sheet::{Placement, workbook};
use super::build::word::{self, Stand, paragraph};
use super::cast::{Cast, address, day, other, right};
use super::figures::of_seed;
use super::{OFFICE, SampleMail, Truth};
use crate::model::ledger::Nature;

/// Old mail, advertisements, newsletters, a receipt, and the return of an office that is on no roster.
pub(super) fn mails(cast: &Cast) -> Result<Vec<SampleMail>> {
    let mut mails = vec![old(cast)?, advertisement(cast)?, sub_office(cast)?, chance(cast)?];
    for (name, month, date) in [("newsletter-july", 7, 26), ("newsletter-august", 8, 2)] {
        let draft =
            Draft::new(Dialect::Outlook, ("三晋政务信息", "news@list.example"), OFFICE, cast.at(month, date, 6, 30)?)
                .subject(format!("政务信息摘要（{month}月{date}日）"))
                .text("一、全省防汛工作视频会议召开。\n二、八一建军节将至，各地开展双拥活动。\n\n退订请回复TD。\n")
                .header("List-Id: <gov-digest.list.example>")
                .header("List-Unsubscribe: <mailto:leave@list.example>")
                .header("Precedence: bulk");
        mails.push(other(name, &draft, None, Nature::List, "A newsletter that mentions the same words."));
    }
    if let Some(unit) = cast.county("141102") {
        let at = cast.at(7, 23, 8, 41)?;
        mails.push(SampleMail {
            name: "read-receipt".to_owned(),
            received_at: at,
            bytes: machine::read_receipt(&address(unit), OFFICE, at),
            truth: Truth {
                unit: Some(unit.code.clone()),
                nature: Nature::Receipt,
                table: None,
                report: false,
                note: "A read receipt for the notice.",
            },
        });
    }
    Ok(mails)
}

fn old(cast: &Cast) -> Result<SampleMail> {
    let text =
        paragraph("关于报送上半年双拥工作总结的函", Stand::Title) + &paragraph("现将上半年工作总结报上。", Stand::Body);
    let draft = Draft::new(Dialect::NetEase, ("李建国", "lijianguo@126.example"), OFFICE, cast.at(6, 18, 10, 0)?)
        .subject("上半年双拥工作总结")
        .text("总结见附件。\n")
        .attach("上半年双拥工作总结.docx", word::document(&text)?);
    let note = "It came before the campaign opened: recorded, never answered.";
    Ok(other("old-mail", &draft, None, Nature::Foreign, note))
}

fn advertisement(cast: &Cast) -> Result<SampleMail> {
    let text = paragraph("办公家具特惠报价单", Stand::Title)
        + &paragraph("我司专业生产办公桌椅、文件柜，量大从优，可开增值税发票。", Stand::Body)
        + &paragraph("联系电话：400-000-0000", Stand::Body);
    let draft = Draft::new(Dialect::Foxmail, ("张经理", "sales@furniture.example"), OFFICE, cast.at(7, 29, 13, 14)?)
        .subject("办公家具特惠，厂家直供（AD）")
        .text("尊敬的客户：附件为最新报价单，欢迎来电洽谈！\n")
        .written(Charset::Gbk, HeaderForm::Raw, NameForm::Words, Transfer::Base64)
        .attach("最新报价单.docx", word::document(&text)?);
    Ok(other("advertisement", &draft, None, Nature::Foreign, "An advertisement with a Word document attached."))
}

fn chance(cast: &Cast) -> Result<SampleMail> {
    let draft = Draft::new(Dialect::Qq, ("会计培训中心", "train@course.example"), OFFICE, cast.at(8, 5, 12, 30)?)
        .subject("8月财务人员继续教育培训班报名通知")
        .text("各单位：本中心定于8月20日举办培训班，费用1280元/人，名额有限，报名从速。\n");
    Ok(other("course-offer", &draft, None, Nature::Foreign, "An offer in the tone of an official notice."))
}

/// The water bureau of 孝义市 is not 孝义市, and it is not on the roster.
fn sub_office(cast: &Cast) -> Result<SampleMail> {
    let at = cast.at(8, 6, 16, 45)?;
    let done = of_seed(40);
    let form = FilledForm::new("孝义市水利局", &day(at), &done, Writing::Plain, 2);
    let report = super::build::report::Report::on("孝义市水利局", Some("孝水字〔2021〕9号"), &day(at), &done);
    let draft = Draft::new(Dialect::NetEase, ("孝义市水利局办公室", "xysljbgs@163.example"), OFFICE, at)
        .subject("孝义市水利局“八一”走访慰问情况")
        .text("市双拥办：现将我局走访慰问情况报上。\n孝义市水利局\n")
        .attach("孝义市水利局统计表.xlsx", workbook(&form, Placement::Usual)?)
        .attach("孝义市水利局报告.docx", word::document(&word::report_body(&report))?);
    let truth = Truth {
        unit: None,
        nature: Nature::Submission,
        table: Some(right(&done)),
        report: true,
        note: "A county's sub-office that is not on the roster: a person must say whose return it is.",
    };
    Ok(SampleMail { name: "sub-office".to_owned(), received_at: at, bytes: draft.bytes(), truth })
}
