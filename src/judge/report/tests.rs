//! Reports as offices write them, and what is none.

use proptest::prelude::*;

use super::*;
use crate::judge::testing::bayi_form;
use crate::model::campaign::ScanPolicy;

const NOTICE_TITLE: &str = "关于扎实做好“八一”期间双拥工作的通知";
const BODY: &str = "根据《关于扎实做好“八一”期间双拥工作的通知》（吕拥办发〔2021〕3号）要求，我区高度重视，区四大班子领导带队，\
     分组走访慰问驻地部队官兵、退役军人和其他优抚对象，送去慰问金和慰问品，现将有关情况报告如下。";

fn rules() -> ReportRules {
    let words = ["慰问", "双拥", "八一", "走访", "退役军人"].map(String::from).to_vec();
    ReportRules { words, scans: ScanPolicy::Accept }
}

fn document(lines: &[&str]) -> Document {
    let paragraphs = lines.iter().map(|line| (*line).to_owned()).collect();
    Document { paragraphs, has_text: true, pages: Some(2), ..Document::default() }
}

fn judge(document: Option<&Document>, name: &str, kind: Kind, piece: &str) -> ReportVerdict {
    let source = ReportSource { document, piece, name, kind };
    let notice = NoticeFacts { year: 2021, number: "吕拥办发〔2021〕3号", title: NOTICE_TITLE };
    read_report(&source, &rules(), &notice, &bayi_form())
}

fn report(lines: &[&str]) -> ReportReturn {
    match judge(Some(&document(lines)), "报告.docx", Kind::Docx, "1") {
        ReportVerdict::Report(report) => report,
        other => panic!("{other:?}"),
    }
}

fn codes(report: &ReportReturn) -> Vec<FindingCode> {
    report.findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn a_formal_report_says_who_what_and_when() {
    let report = report(&[
        "离石区双拥工作领导小组文件",
        "离双拥办［2021］5 号　　　签发人：王某",
        "关于2021年“八一”期间走访慰问活动",
        "开展情况的报告",
        "市双拥办：",
        BODY,
        "一、加强组织领导",
        "成立专班，明确责任，保障经费。",
        "特此报告。",
        "离石区双拥工作领导小组办公室（盖章）",
        "2021年8月5日",
        "抄送：区委办、区政府办",
        "离石区双拥工作领导小组办公室 2021年8月6日印发",
    ]);
    assert_eq!(report.title.as_deref(), Some("关于2021年“八一”期间走访慰问活动开展情况的报告"));
    assert_eq!(report.document_number.as_deref(), Some("离双拥办〔2021〕5号"));
    assert_eq!(report.issuer.as_deref(), Some("离石区双拥工作领导小组办公室"));
    assert_eq!(report.dated.unwrap().to_string(), "2021-08-05");
    assert_eq!((report.pages, report.has_text, report.format), (Some(2), true, Kind::Docx));
    assert!(codes(&report).is_empty());
}

#[test]
fn the_notices_number_in_the_prose_is_not_the_reports() {
    let report = report(&[
        "柳林县双拥办关于“八一”走访慰问情况的报告",
        "吕梁市双拥办：",
        BODY,
        "柳林县双拥办",
        "二〇二一年八月六日",
    ]);
    assert_eq!(report.title.as_deref(), Some("柳林县双拥办关于“八一”走访慰问情况的报告"));
    assert_eq!(report.document_number, None);
    assert_eq!(codes(&report), [FindingCode::DocumentNumberMissing]);
    assert_eq!(report.issuer.as_deref(), Some("柳林县双拥办"));
    assert_eq!(report.dated.unwrap().to_string(), "2021-08-06");
}

#[test]
fn the_number_may_stand_below_the_title_and_the_issuer_in_the_red_head() {
    let report =
        report(&["吕梁市财政局文件", "关于“八一”期间走访慰问工作的总结", "吕财办〔2021〕12号", BODY, "8月7日"]);
    assert_eq!(report.title.as_deref(), Some("关于“八一”期间走访慰问工作的总结"));
    assert_eq!(report.document_number.as_deref(), Some("吕财办〔2021〕12号"));
    assert_eq!(report.issuer.as_deref(), Some("吕梁市财政局"));
    assert_eq!(report.dated.unwrap().to_string(), "2021-08-07");
}

#[test]
fn an_office_above_the_matter_is_part_of_the_title() {
    let report = report(&[
        "交城县退役军人事务局",
        "关于“八一”期间走访慰问活动的",
        "情况报告",
        "市双拥办：",
        BODY,
        "交城县退役军人事务局　2021年8月9日",
    ]);
    assert_eq!(report.title.as_deref(), Some("交城县退役军人事务局关于“八一”期间走访慰问活动的情况报告"));
    assert_eq!(report.issuer.as_deref(), Some("交城县退役军人事务局"));
}

#[test]
fn a_title_may_end_in_other_words() {
    let report = report(&["孝义市“八一”双拥慰问工作情况汇报材料", BODY, "孝义市双拥办（2021年8月5日）"]);
    assert_eq!(report.title.as_deref(), Some("孝义市“八一”双拥慰问工作情况汇报材料"));
    assert_eq!(report.dated.unwrap().to_string(), "2021-08-05");
}

#[test]
fn the_notice_sent_back_is_the_notice() {
    let notice = document(&[
        "吕梁市拥军优属拥政爱民工作领导小组文件",
        "吕拥办发〔2021〕3号",
        "关于扎实做好“八一”期间",
        "双拥工作的通知",
        "各县（市、区）双拥工作领导小组，市直各部门、各单位，驻吕各部队：",
        "今年是中国人民解放军建军 94 周年，为深入贯彻落实习近平总书记关于加强军政军民团结的重要指示，现通知如下：",
        "请于8月10日前将本次走访慰问活动开展情况形成专题报告（正式文件形式）与后附报表一并报回市双拥办。",
        "吕梁市双拥工作领导小组办公室",
        "2021年7月22日",
    ]);
    assert_eq!(judge(Some(&notice), "通知.docx", Kind::Docx, "1"), ReportVerdict::Notice);
}

#[test]
fn forms_notes_and_strangers_are_no_reports() {
    let form = document(&[
        "2021年“八一”期间走访慰问情况统计表",
        "县(市、区)/单位名称：离石区　　填报时间：2021年8月5日",
        "注：本表随报告一并报送。",
    ]);
    let stranger = document(&[
        "关于召开安全生产会议情况的报告",
        "经研究，定于近日召开全区安全生产工作会议，请各单位主要负责人准时参加，不得请假，并提前做好发言准备，会议材料请自行打印。",
    ]);
    for (document, name) in [(form, "统计表.docx"), (stranger, "会议.docx")] {
        assert_eq!(judge(Some(&document), name, Kind::Docx, "1"), ReportVerdict::NoReport, "{name}");
    }
    let covering = document(&[
        "您好！",
        "现将我区2021年“八一”期间走访慰问情况统计表和专题报告随信报上，请查收。如有问题请及时与我们联系，谢谢支持双拥工作的各位领导。",
        "离石区双拥办",
    ]);
    assert_eq!(judge(Some(&covering), "", Kind::Text, "body"), ReportVerdict::NoReport);
}

#[test]
fn a_report_in_the_mails_own_words_counts() {
    let own = document(&["离石区“八一”走访慰问情况报告", "市双拥办：", BODY, "离石区双拥办", "2021年8月5日"]);
    let ReportVerdict::Report(report) = judge(Some(&own), "", Kind::Text, "body") else { panic!() };
    assert_eq!((report.piece.as_str(), report.format), ("body", Kind::Text));
}

#[test]
fn scans_are_known_by_their_names_or_pages() {
    let pictures = Document { pages: Some(3), images: 3, ..Document::default() };
    let ReportVerdict::Report(scan) = judge(Some(&pictures), "扫描件.pdf", Kind::Pdf, "1") else { panic!() };
    assert_eq!((scan.has_text, scan.pages, codes(&scan)), (false, Some(3), vec![FindingCode::ScanOnly]));
    assert_eq!(judge(Some(&pictures), "走访慰问情况统计表.pdf", Kind::Pdf, "1"), ReportVerdict::NoReport);
    assert!(matches!(judge(None, "慰问报告1.jpg", Kind::Image, "1"), ReportVerdict::Report(_)));
    assert!(matches!(judge(None, "八一慰问情况.jpg", Kind::Image, "1"), ReportVerdict::Report(_)));
    assert_eq!(judge(None, "IMG_0001.jpg", Kind::Image, "1"), ReportVerdict::NoReport);
    assert_eq!(judge(None, "慰问情况统计表.jpg", Kind::Image, "1"), ReportVerdict::NoReport);
}

#[test]
fn no_text_breaks_the_reading() {
    for lines in
        [&["。"] as &[&str], &["："], &["2021年8月5日"], &["文件"], &["〔2021〕5号", "报告"], &["\u{0}\u{feff}"]]
    {
        assert_eq!(judge(Some(&document(lines)), "a.docx", Kind::Docx, "1"), ReportVerdict::NoReport);
    }
}

#[test]
fn office_and_day_may_stand_on_one_line_and_the_head_may_lack_its_word() {
    let one_line = report(&["关于“八一”走访慰问情况的报告", "市双拥办：", BODY, "兴县退役军人事务局　　8月5日"]);
    assert_eq!(one_line.issuer.as_deref(), Some("兴县退役军人事务局"));
    assert_eq!(one_line.dated.unwrap().to_string(), "2021-08-05");
    let head = report(&["吕梁市教育局", "吕教函〔2021〕18号", "关于“八一”走访慰问工作的总结", BODY, "2021年8月5日"]);
    assert_eq!(head.issuer.as_deref(), Some("吕梁市教育局"));
    assert_eq!(head.title.as_deref(), Some("关于“八一”走访慰问工作的总结"));
}

#[test]
fn a_title_that_wraps_anywhere_is_put_together() {
    for lines in [
        ["兴县退役军人事务局关于2", "021年“八一”期间走访慰问情况的报告"],
        ["兴县退役军人事务局关于2021年“八一”期间走访慰问情况", "的报告"],
        ["兴县退役军人事务局关于2021年“八一”期间走访慰问情况的报", "告"],
        ["兴县退役军人事务局", "关于2021年“八一”期间走访慰问情况的报告"],
    ] {
        let report = report(&[lines[0], lines[1], "市双拥办：", BODY]);
        assert_eq!(
            report.title.as_deref(),
            Some("兴县退役军人事务局关于2021年“八一”期间走访慰问情况的报告"),
            "{lines:?}"
        );
    }
    let split = report(&["2021年“八一”期间走", "访慰问活动开展情况汇报", "市双拥办：", BODY]);
    assert_eq!(split.title.as_deref(), Some("2021年“八一”期间走访慰问活动开展情况汇报"));
}

#[test]
fn plans_and_the_form_with_its_notes_are_no_reports() {
    for title in ["关于开展“八一”走访慰问活动的实施方案", "2021年“八一”期间走访慰问情况统计表"]
    {
        let verdict = judge(Some(&document(&[title, BODY, BODY])), "材料.pdf", Kind::Pdf, "1");
        assert_eq!(verdict, ReportVerdict::NoReport, "{title}");
    }
}

#[test]
fn a_scan_with_a_plain_name_is_a_report_and_photographs_are_none() {
    let scan = Document { pages: Some(2), images: 2, ..Document::default() };
    for (name, kind, is_report) in [
        ("0001.docx", Kind::Docx, true),
        ("扫描0001.pdf", Kind::Pdf, true),
        ("走访照片.docx", Kind::Docx, false),
        ("慰问照片.pdf", Kind::Pdf, false),
        ("统计表（盖章）.pdf", Kind::Pdf, false),
    ] {
        let verdict = judge(Some(&scan), name, kind, "1");
        assert_eq!(matches!(verdict, ReportVerdict::Report(_)), is_report, "{name}");
    }
}

#[test]
fn every_shape_of_a_close() {
    let close = |lines: &[&str]| {
        let mut all = vec!["关于“八一”走访慰问情况的报告", "市双拥办：", BODY];
        all.extend(lines);
        let report = report(&all);
        (report.issuer.unwrap_or_default(), report.dated.map(|day| day.to_string()).unwrap_or_default())
    };
    let expected = |issuer: &str, day: &str| (issuer.to_owned(), day.to_owned());
    let office = "兴县退役军人事务局";
    assert_eq!(close(&["单位：兴县退役军人事务局", "日期：2021.8.5"]), expected(office, "2021-08-05"));
    assert_eq!(close(&["兴县退役军人事务局（章）", "2021年", "8月5日"]), expected(office, "2021-08-05"));
    assert_eq!(close(&[office, "2021年8月5日", "（联系人：张三　电话：0358-1）"]), expected(office, "2021-08-05"));
    assert_eq!(close(&["附件：1.统计表", "2.照片", "2021年8月5日"]), expected("", "2021-08-05"));
    assert_eq!(
        close(&[office, "兴县财政局", "二○二一年八月五日"]),
        expected("兴县退役军人事务局、兴县财政局", "2021-08-05")
    );
    assert_eq!(
        close(&["兴县拥军优属拥政爱民工作", "领导小组办公室", "2021年8月5日"]),
        expected("兴县拥军优属拥政爱民工作领导小组办公室", "2021-08-05")
    );
    assert_eq!(
        close(&[office, "2021年8月5日抄送：市委办公室", "兴县退役军人事务局 2021年8月9日印发", "（共印20份）"]),
        expected(office, "2021-08-05")
    );
    assert_eq!(close(&[office, "兴县退役军人事务局　2021年8月9日印发"]), expected(office, "2021-08-09"));
}

#[test]
fn a_report_of_nothing_is_one_and_another_years_is_none() {
    let nil =
        report(&["情况说明", "市双拥办：", "我单位无驻军、无退役军人，“八一”期间未开展走访慰问活动。", "市水利局"]);
    assert_eq!(nil.title.as_deref(), Some("情况说明"));
    let last_year = BODY.replace("2021", "2020");
    for lines in [
        ["关于2020年“八一”期间走访慰问活动情况的报告", "市双拥办：", last_year.as_str(), "2020年8月5日"],
        ["关于2021年春节期间走访慰问部队官兵、退役军人情况的报告", "市双拥办：", BODY, "2021年2月5日"],
        [
            "关于报送2021年“八一”期间走访慰问情况统计表的函",
            "市双拥办：",
            "现将走访慰问情况统计表报上，请查收。",
            "兴县双拥办",
        ],
    ] {
        assert_eq!(judge(Some(&document(&lines)), "a.docx", Kind::Docx, "1"), ReportVerdict::NoReport, "{}", lines[0]);
    }
    let slip = report(&["关于2020年“八一”期间走访慰问活动情况的报告", "市双拥办：", BODY, "2021年8月5日"]);
    assert!(slip.title.is_some());
}

#[test]
fn a_collection_about_a_past_year_takes_that_years_reports() {
    let lines = ["关于2021年“八一”期间走访慰问活动情况的报告", "市双拥办：", BODY, "2021年8月5日"];
    let document = document(&lines);
    let source = ReportSource { document: Some(&document), piece: "1", name: "a.docx", kind: Kind::Docx };
    // The form's title says 2021.
    let notice = NoticeFacts { year: 2026, number: "吕拥办发〔2021〕3号", title: NOTICE_TITLE };
    assert!(matches!(read_report(&source, &rules(), &notice, &bayi_form()), ReportVerdict::Report(_)));
}

#[test]
fn a_bulletin_is_headed_below_its_masthead() {
    let bulletin =
        report(&["双拥工作简报", "第5期", "离石区双拥办编　2021年8月5日", "离石区扎实开展“八一”走访慰问活动", BODY]);
    assert_eq!(bulletin.title.as_deref(), Some("离石区扎实开展“八一”走访慰问活动"));
    assert_eq!(bulletin.issuer.as_deref(), Some("离石区双拥办"));
    assert_eq!(bulletin.dated.unwrap().to_string(), "2021-08-05");
}

proptest! {
    #[test]
    fn no_lines_break_the_reading(
        lines in prop::collection::vec(
            "[关于八一走访慰问报告县局办公室文件〔\\[2021）年月日第5期号编印发抄送：。，一二 　“]{0,24}|\\PC{0,12}",
            0..12,
        )
    ) {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let _ = judge(Some(&document(&lines)), "a.docx", Kind::Docx, "1");
    }
}
