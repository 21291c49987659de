//! The stories of the first departments on the roster: odd encodings, odd forms, odd people, second thoughts.

use anyhow::Result;
use rust_decimal::Decimal;

use super::build::form::{Cell, FilledForm, Writing};
use super::build::machine;
use super::build::mime::{Charset, HeaderForm, NameForm, Transfer};
use super::build::mimicry::Dialect;
use super::build::sheet::{Placement, workbook};
use super::build::{pdf, word};
use super::cast::{
    Cast, STORIES, address, day, form, form_xlsx, full_mail, mail, other, report, report_body, report_docx,
    report_name, returned, right, table_name,
};
use super::figures::{of_seed, troop};
use super::{ExpectedTable, OFFICE, SampleMail, Truth};
use crate::model::form::FindingCode;
use crate::model::ledger::Nature;
use crate::model::unit::Unit;

type Story = fn(&Cast, &Unit, u32) -> Result<Vec<SampleMail>>;

/// In the order of the roster: the first department plays the first.
const ALL: [Story; STORIES] = [
    raw_bytes,
    torn_words,
    one_document,
    shifted,
    private_address,
    colleague,
    sent_twice,
    forwarded_again,
    second_thoughts,
    late_by_a_day,
    late_by_two,
    scanned,
    blank,
    notice_returned,
    cloud_link,
    asks_first,
    hidden_sheet,
    wrong_row_sum,
    about_two_hundred,
    nameless_form,
    on_holiday,
    decimals,
    zeros,
];

/// Every department that stands on the roster so far up, with its story.
pub(super) fn mails(cast: &Cast) -> Result<Vec<SampleMail>> {
    let mut mails = Vec::new();
    for (place, (story, seed)) in ALL.iter().zip(1..).enumerate() {
        if let Some(unit) = cast.department(place) {
            mails.extend(story(cast, unit, seed)?);
        }
    }
    Ok(mails)
}

fn raw_bytes(cast: &Cast, unit: &Unit, seed: u32) -> Result<Vec<SampleMail>> {
    let done = of_seed(seed);
    let draft = full_mail(unit, cast.at(7, 29, 10, 2)?, Dialect::Foxmail, &done)?.written(
        Charset::Gbk,
        HeaderForm::Raw,
        NameForm::Raw,
        Transfer::EightBit,
    );
    let note = "Headers, file names and body are bare GBK bytes.";
    Ok(vec![returned("raw-gbk", &draft, unit, Some(right(&done)), true, note)])
}

fn torn_words(cast: &Cast, unit: &Unit, seed: u32) -> Result<Vec<SampleMail>> {
    let done = of_seed(seed);
    let draft = full_mail(unit, cast.at(7, 30, 15, 33)?, Dialect::Coremail, &done)?.written(
        Charset::Gb2312,
        HeaderForm::TornWords,
        NameForm::Continued,
        Transfer::Base64,
    );
    let note = "Encoded words and RFC 2231 continuations are cut inside characters.";
    Ok(vec![returned("torn-words", &draft, unit, Some(right(&done)), true, note)])
}

fn one_document(cast: &Cast, unit: &Unit, seed: u32) -> Result<Vec<SampleMail>> {
    let done = of_seed(seed);
    let at = cast.at(8, 2, 9, 18)?;
    let body = report_body(unit, at, &done) + &word::form_body(&form(unit, at, &done, Writing::Plain));
    let draft = mail(unit, at, Dialect::NetEase).attach(report_name(unit, "docx"), word::document(&body)?);
    let note = "One Word document holds the report and, as its appendix, the form.";
    Ok(vec![returned("one-document", &draft, unit, Some(right(&done)), true, note)])
}

fn shifted(cast: &Cast, unit: &Unit, seed: u32) -> Result<Vec<SampleMail>> {
    let done = of_seed(seed);
    let at = cast.at(8, 2, 16, 41)?;
    let book = workbook(&form(unit, at, &done, Writing::FullWidth), Placement::Shifted)?;
    let draft = mail(unit, at, Dialect::Qq)
        .attach(table_name(unit), book)
        .attach(report_name(unit, "docx"), report_docx(unit, at, &done)?);
    let note = "The form begins at C5 of the second sheet, its figures in full-width digits.";
    Ok(vec![returned("shifted-full-width", &draft, unit, Some(right(&done)), true, note)])
}

fn private_address(cast: &Cast, unit: &Unit, seed: u32) -> Result<Vec<SampleMail>> {
    let done = of_seed(seed);
    let at = cast.at(8, 3, 21, 6)?;
    let mut draft = full_mail(unit, at, Dialect::Qq, &done)?;
    (draft.from_name, draft.from_address) = (Some("清风徐来".to_owned()), "308417756@qq.example".to_owned());
    let note = "From a private address no roster knows; subject, form and report name the unit.";
    Ok(vec![returned("private-address", &draft, unit, Some(right(&done)), true, note)])
}

fn colleague(cast: &Cast, unit: &Unit, seed: u32) -> Result<Vec<SampleMail>> {
    let done = of_seed(seed);
    let at = cast.at(8, 4, 9, 9)?;
    let home = address(unit);
    let domain = home.split_once('@').map_or("lvliang.example", |(_, domain)| domain).to_owned();
    let mut draft = full_mail(unit, at, Dialect::Outlook, &done)?.header(format!("Cc: <{home}>"));
    (draft.from_name, draft.from_address) = (Some("王丽".to_owned()), format!("wangli@{domain}"));
    draft.text = format!("我单位慰问材料由我代报，请查收。\n\n王丽\n{}办公室\n", unit.name);
    let note = "A colleague sends it from an address of her own, the unit's in copy.";
    Ok(vec![returned("colleague", &draft, unit, Some(right(&done)), true, note)])
}

fn sent_twice(cast: &Cast, unit: &Unit, seed: u32) -> Result<Vec<SampleMail>> {
    let done = of_seed(seed);
    let draft = full_mail(unit, cast.at(8, 4, 11, 27)?, Dialect::NetEase, &done)?;
    let note = "A whole return whose very bytes turn up again the next day.";
    let first = returned("sent-twice", &draft, unit, Some(right(&done)), true, note);
    let mut again = first.clone();
    again.name = "sent-twice-again".to_owned();
    again.received_at = cast.at(8, 5, 8, 3)?;
    again.truth.note = "The same bytes as the day before: the same mail, seen again.";
    Ok(vec![first, again])
}

fn forwarded_again(cast: &Cast, unit: &Unit, seed: u32) -> Result<Vec<SampleMail>> {
    let done = of_seed(seed);
    let draft = full_mail(unit, cast.at(8, 5, 14, 50)?, Dialect::Qq, &done)?;
    let mut second = draft.clone().subject(format!("转发：{}", draft.subject));
    second.arrived_at = cast.at(8, 6, 8, 31)?;
    second.text = format!("怕没收到，再发一次。\n\n------------------ 原始邮件 ------------------\n{}", draft.text);
    let note = "The same files in another mail: nothing new, and no new version.";
    Ok(vec![
        returned("same-files", &draft, unit, Some(right(&done)), true, "A whole return that is forwarded again later."),
        returned("same-files-forwarded", &second, unit, Some(right(&done)), true, note),
    ])
}

fn second_thoughts(cast: &Cast, unit: &Unit, seed: u32) -> Result<Vec<SampleMail>> {
    let done = of_seed(seed);
    let draft = full_mail(unit, cast.at(8, 3, 9, 40)?, Dialect::Coremail, &done)?;
    let mut more = done.clone();
    more.veterans.people += 5;
    more.veterans.cost += Decimal::from(2_500);
    let later = cast.at(8, 9, 16, 12)?;
    let second = mail(unit, later, Dialect::Coremail)
        .subject(format!("{}八一慰问统计表（以此为准）", unit.name))
        .text("前次漏报退役人员5人，请以本次为准。\n")
        .attach(table_name(unit), form_xlsx(unit, later, &more, Writing::Plain)?);
    let note = "A right table is replaced by a later one with more people.";
    Ok(vec![
        returned("before-second-thoughts", &draft, unit, Some(right(&done)), true, "A whole return, replaced later."),
        returned("second-thoughts", &second, unit, Some(right(&more)), false, note),
    ])
}

fn late_by_a_day(cast: &Cast, unit: &Unit, seed: u32) -> Result<Vec<SampleMail>> {
    let done = of_seed(seed);
    let draft = full_mail(unit, cast.at(8, 11, 9, 28)?, Dialect::Foxmail, &done)?;
    Ok(vec![returned("late-11-august", &draft, unit, Some(right(&done)), true, "A whole return, a day late.")])
}

fn late_by_two(cast: &Cast, unit: &Unit, seed: u32) -> Result<Vec<SampleMail>> {
    let done = of_seed(seed);
    let draft =
        full_mail(unit, cast.at(8, 12, 16, 55)?, Dialect::Qq, &done)?.text("因单位人员抽调，报送迟了，抱歉！\n");
    Ok(vec![returned("late-12-august", &draft, unit, Some(right(&done)), true, "A whole return, two days late.")])
}

fn scanned(cast: &Cast, unit: &Unit, seed: u32) -> Result<Vec<SampleMail>> {
    let done = of_seed(seed);
    let at = cast.at(8, 6, 10, 17)?;
    let draft = mail(unit, at, Dialect::NetEase)
        .attach(table_name(unit), form_xlsx(unit, at, &done, Writing::Plain)?)
        .attach(format!("{}关于八一走访慰问的报告（盖章扫描件）.pdf", unit.name), pdf::scan(seed));
    let note = "The report is a scan: pictures without text.";
    Ok(vec![returned("scanned-report", &draft, unit, Some(right(&done)), true, note)])
}

fn blank(cast: &Cast, unit: &Unit, _: u32) -> Result<Vec<SampleMail>> {
    let at = cast.at(8, 3, 15, 2)?;
    let empty = workbook(&FilledForm::blank(&unit.name, &day(at)), Placement::Usual)?;
    let draft = mail(unit, at, Dialect::Foxmail).attach(table_name(unit), empty);
    let mut table = ExpectedTable::of(&of_seed(0), Writing::Plain, 2).wrong(FindingCode::BlankForm);
    table.totals.values_mut().for_each(|total| *total = None);
    let note = "The form comes back with nothing but name and day.";
    Ok(vec![returned("blank-form", &draft, unit, Some(table), false, note)])
}

fn notice_returned(cast: &Cast, unit: &Unit, _: u32) -> Result<Vec<SampleMail>> {
    let at = cast.at(7, 26, 10, 20)?;
    let mut body = word::paragraph("吕拥办发〔2021〕3号", word::Stand::Centred);
    body += &word::paragraph("关于扎实做好“八一”期间双拥工作的通知", word::Stand::Title);
    for words in [
        "各县（市、区）双拥工作领导小组，市直各部门、各单位，驻吕各部队：",
        "今年是中国人民解放军建军94周年，为扎实做好“八一”期间双拥工作，现通知如下：",
        "请于8月10日前将本次走访慰问活动开展情况形成专题报告（正式文件形式）与后附报表一并报回市双拥办。",
        "附：2021年“八一”期间走访慰问情况统计表",
        "吕梁市双拥工作领导小组办公室",
        "2021年7月22日",
    ] {
        body += &word::paragraph(words, word::Stand::Body);
    }
    body += &word::form_body(&FilledForm { notes: vec![], ..FilledForm::blank("", "") });
    let draft = mail(unit, at, Dialect::Outlook)
        .subject("回复：关于扎实做好“八一”期间双拥工作的通知")
        .text("通知已收到。请问专题报告是否需要单位主要领导签字？谢谢！\n")
        .attach("关于扎实做好“八一”期间双拥工作的通知.docx", word::document(&body)?);
    let note = "The notice itself comes back with a question: it is no return.";
    Ok(vec![other("notice-returned", &draft, Some(unit), Nature::Question, note)])
}

fn cloud_link(cast: &Cast, unit: &Unit, _: u32) -> Result<Vec<SampleMail>> {
    let at = cast.at(8, 6, 15, 36)?;
    let link = "https://mail.163.com/large-attachment-download/index.html?p=X-NETEASE-HUGE-ATTACHMENT&file=Qm1hYWJ0";
    let html = format!(
        "<html><body><p>慰问材料见超大附件。</p><div style=\"border:1px solid #ccc\">从网易163邮箱发来的超大附件<br>\
         <a href=\"{link}\" download=\"{link}\">八一走访慰问材料.zip</a> (86.4M, 2021年8月21日 15:36 到期) \
         <a href=\"{link}\">下载</a></div></body></html>"
    );
    let draft = mail(unit, at, Dialect::NetEase)
        .text(format!("慰问材料见超大附件。\n从网易163邮箱发来的超大附件\n八一走访慰问材料.zip (86.4M, 2021年8月21日 15:36 到期)\n{link}\n"))
        .html(html);
    let note = "Only a link to a cloud attachment, which nobody may fetch.";
    Ok(vec![returned("cloud-link", &draft, unit, None, false, note)])
}

fn asks_first(cast: &Cast, unit: &Unit, seed: u32) -> Result<Vec<SampleMail>> {
    let question = mail(unit, cast.at(7, 27, 9, 54)?, Dialect::Qq)
        .subject("关于报表填报口径的问题")
        .text("您好，请问报表中“军队退役人员”是否包括自主择业的军转干部？盼复。\n");
    let done = of_seed(seed);
    let draft = full_mail(unit, cast.at(8, 9, 11, 19)?, Dialect::Qq, &done)?;
    Ok(vec![
        other(
            "question",
            &question,
            Some(unit),
            Nature::Question,
            "A unit asks what is to be counted; nothing attached.",
        ),
        returned("after-question", &draft, unit, Some(right(&done)), true, "The return of the unit that asked."),
    ])
}

fn hidden_sheet(cast: &Cast, unit: &Unit, seed: u32) -> Result<Vec<SampleMail>> {
    let done = of_seed(seed);
    let at = cast.at(8, 7, 10, 58)?;
    let book = workbook(&form(unit, at, &done, Writing::Plain), Placement::BesideHidden)?;
    let draft = mail(unit, at, Dialect::Coremail)
        .attach(table_name(unit), book)
        .attach(report_name(unit, "pdf"), pdf::report(&report(unit, at, &done)));
    let note = "Last year's form stands on a hidden sheet and must not be counted.";
    Ok(vec![returned("hidden-sheet", &draft, unit, Some(right(&done)), true, note)])
}

fn wrong_row_sum(cast: &Cast, unit: &Unit, seed: u32) -> Result<Vec<SampleMail>> {
    let mut done = of_seed(seed);
    done.troops = vec![troop("吕梁军分区机关", "慰问金", 8_000), troop("武警吕梁支队", "慰问金", 6_000)];
    let at = cast.at(8, 4, 17, 21)?;
    let wrong = form(unit, at, &done, Writing::Plain).with_sum_row(&[("troop_cost", Decimal::from(15_000))]);
    let first = mail(unit, at, Dialect::NetEase)
        .attach(table_name(unit), workbook(&wrong, Placement::Usual)?)
        .attach(report_name(unit, "docx"), report_docx(unit, at, &done)?);
    let later = cast.at(8, 8, 16, 2)?;
    let mended = form(unit, later, &done, Writing::Plain).with_sum_row(&[("troop_cost", Decimal::from(14_000))]);
    let second = mail(unit, later, Dialect::NetEase)
        .subject(format!("{}统计表（更正后）", unit.name))
        .attach(table_name(unit), workbook(&mended, Placement::Usual)?);
    let table = right(&done).wrong(FindingCode::RowSumMismatch);
    let note = "The row 合计 is right now, and is not added.";
    Ok(vec![
        returned("wrong-row-sum", &first, unit, Some(table), true, "The row 合计 is not the sum of the rows above it."),
        returned("row-sum-corrected", &second, unit, Some(right(&done)), false, note),
    ])
}

fn about_two_hundred(cast: &Cast, unit: &Unit, seed: u32) -> Result<Vec<SampleMail>> {
    let done = of_seed(seed);
    let at = cast.at(8, 7, 16, 34)?;
    let vague = form(unit, at, &done, Writing::Plain).with(0, "veterans_visited", Cell::text("约200"));
    let draft = mail(unit, at, Dialect::Qq)
        .attach(table_name(unit), workbook(&vague, Placement::Usual)?)
        .attach(report_name(unit, "docx"), report_docx(unit, at, &done)?);
    let table = right(&done).but("veterans_visited", None).wrong(FindingCode::NotANumber);
    let note = "A count that is no number leaves its column without a total.";
    Ok(vec![returned("about-two-hundred", &draft, unit, Some(table), true, note)])
}

fn nameless_form(cast: &Cast, unit: &Unit, seed: u32) -> Result<Vec<SampleMail>> {
    let done = of_seed(seed);
    let at = cast.at(8, 5, 10, 39)?;
    let nameless = FilledForm { unit_name: String::new(), ..form(unit, at, &done, Writing::Plain) };
    let draft = mail(unit, at, Dialect::Outlook)
        .attach("统计表.xlsx", workbook(&nameless, Placement::SplitLabels)?)
        .attach(report_name(unit, "docx"), report_docx(unit, at, &done)?);
    let table = right(&done).warned(FindingCode::UnitNameMissing);
    let note = "The form's cell for the unit is empty; address and report say whose it is.";
    Ok(vec![returned("nameless-form", &draft, unit, Some(table), true, note)])
}

fn on_holiday(cast: &Cast, unit: &Unit, seed: u32) -> Result<Vec<SampleMail>> {
    let at = cast.at(8, 3, 9, 3)?;
    let vacation = SampleMail {
        name: "vacation".to_owned(),
        received_at: at,
        bytes: machine::qq_vacation((&unit.name, &address(unit)), OFFICE, at),
        truth: Truth {
            unit: Some(unit.code.clone()),
            nature: Nature::AutoReply,
            table: None,
            report: false,
            note: "QQ's vacation notice has no Auto-Submitted and must not be answered.",
        },
    };
    let done = of_seed(seed);
    let draft = full_mail(unit, cast.at(8, 9, 9, 33)?, Dialect::Qq, &done)?;
    let note = "Back from holiday, the unit sends its return.";
    Ok(vec![vacation, returned("after-vacation", &draft, unit, Some(right(&done)), true, note)])
}

fn decimals(cast: &Cast, unit: &Unit, seed: u32) -> Result<Vec<SampleMail>> {
    let mut done = of_seed(seed);
    // The sum becomes 24,450.00 元, 2.445 万元: half up 2.45, by banker's rounding 2.44.
    done.veterans.cost = Decimal::new(1_234_550, 2);
    done.others.cost = Decimal::new(710_450, 2);
    done.troops = vec![troop("吕梁军分区机关", "慰问金", 5_000)];
    let at = cast.at(8, 9, 15, 47)?;
    let draft = mail(unit, at, Dialect::Foxmail)
        .attach(table_name(unit), form_xlsx(unit, at, &done, Writing::Plain)?)
        .attach(report_name(unit, "docx"), report_docx(unit, at, &done)?);
    let note = "Costs with 角; the total agrees only when rounded half up at two decimals.";
    Ok(vec![returned("half-up", &draft, unit, Some(right(&done)), true, note)])
}

fn zeros(cast: &Cast, unit: &Unit, _: u32) -> Result<Vec<SampleMail>> {
    let mut done = of_seed(3);
    for visit in [&mut done.veterans, &mut done.others] {
        (visit.people, visit.cost) = (0, Decimal::ZERO);
        visit.gifts = "无".to_owned();
    }
    done.troops = vec![troop("无", "无", 0)];
    let at = cast.at(8, 10, 17, 25)?;
    let nil = form(unit, at, &done, Writing::Plain).with(0, "troop_cost", Cell::text("—"));
    let draft = mail(unit, at, Dialect::Qq)
        .attach(table_name(unit), workbook(&nil, Placement::Usual)?)
        .attach(report_name(unit, "docx"), report_docx(unit, at, &done)?);
    let note = "A nil return in typed zeros and dashes, on the last afternoon.";
    Ok(vec![returned("nil-return", &draft, unit, Some(right(&done)), true, note)])
}
