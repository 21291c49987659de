//! Reports: titles, numbers, issuers and days.

use mailtally::demo::build::word::{self, Stand};

use super::Case;

const BODY: &str = "根据《关于扎实做好“八一”期间双拥工作的通知》（吕拥办发〔2021〕3号）要求，我们高度重视，由主要领导带队，分组走访慰问\
     驻地部队官兵、退役军人和其他优抚对象，送去慰问金和慰问品，现将有关情况报告如下。";
const SERVED: &str = "活动期间共走访慰问退役军人120人，发放慰问金12万元。";

/// The cases of this file, always the same bytes.
pub fn cases() -> Vec<Case> {
    let mut cases = shapes();
    cases.extend(others());
    cases.extend(numbers());
    cases
}

/// A document as a unit names it.
fn docx(case: &str, file: &str, lines: &[&str]) -> Case {
    let body: String = lines.iter().map(|line| word::paragraph(line, Stand::Centred)).collect();
    Case { name: format!("report-{case}"), file: file.to_owned(), bytes: word::document(&body).unwrap() }
}

fn text(case: &str, file: &str, lines: &[&str]) -> Case {
    let bytes = encoding_rs::GB18030.encode(&lines.join("\r\n")).0.into_owned();
    Case { name: format!("report-{case}"), file: file.to_owned(), bytes }
}

/// Heads and closes.
fn shapes() -> Vec<Case> {
    let title = "关于2021年“八一”期间走访慰问活动开展情况的报告";
    vec![
        docx(
            "title-over-three-lines",
            "离石区报告.docx",
            &[
                "离石区双拥工作领导小组文件",
                "离双拥办发〔2021〕5号　　　　签发人：王某",
                "离石区双拥工作领导小组办公室",
                "关于2021年“八一”期间走访慰问",
                "活动开展情况的报告",
                "吕梁市双拥工作领导小组办公室：",
                BODY,
                SERVED,
                "特此报告。",
                "附件：1.统计表",
                "2.活动照片",
                "离石区双拥工作领导小组办公室（盖章）",
                "2021年8月5日",
                "抄送：区委办公室，区政府办公室。",
                "离石区双拥工作领导小组办公室　　2021年8月6日印发",
                "（共印20份）",
            ],
        ),
        docx(
            "title-torn-inside-a-word",
            "报告.docx",
            &[
                "吕水办﹝2021﹞12號",
                "吕梁市水利局关于2",
                "021年“八一”期间走访慰问情况",
                "的专题报告",
                "市双拥办：",
                BODY,
                "吕梁市水利局",
                "2021.8.3",
            ],
        ),
        docx(
            "head-on-two-lines",
            "教育局.docx",
            &["吕梁市教育局", "文件", "吕教字〔2021〕18号", title, "市双拥办：", BODY, "2021-08-04"],
        ),
        docx(
            "number-below-the-title",
            "总结.docx",
            &[
                "吕梁市总工会",
                "2021年“八一”走访慰问工作总结",
                "文号：吕工办【２０２１】第０７号",
                BODY,
                "吕梁市总工会 8月7日",
            ],
        ),
        docx(
            "signed-by-two",
            "联合报告.docx",
            &[
                "兴双拥办〔2021〕9号",
                title,
                "市双拥办：",
                BODY,
                "兴县退役军人事务局",
                "兴县财政局",
                "二○二一年八月五日",
            ],
        ),
        docx(
            "signature-with-labels",
            "情况汇报.docx",
            &["兴县“八一”双拥慰问工作情况汇报", BODY, "报送单位：兴县退役军人事务局", "日期：2021/8/6"],
        ),
        text("day-on-two-lines", "报告.txt", &[title, "市双拥办：", BODY, "临县双拥办", "2021年", "8月9日"]),
        text(
            "day-in-the-imprint-alone",
            "报告.txt",
            &["岚双拥办〔2021〕2号", title, "市双拥办：", BODY, "岚县双拥办", "岚县双拥办　2021年8月10日印发"],
        ),
        text(
            "long-name-on-two-lines",
            "报告.txt",
            &[
                title,
                "市双拥办：",
                BODY,
                "方山县拥军优属拥政爱民工作",
                "领导小组办公室",
                "2021年8月5日",
                "（联系人：张三　电话：0358-5550000）",
            ],
        ),
        text(
            "letter-form",
            "函.txt",
            &[
                "吕税函〔2021〕7号",
                "国家税务总局吕梁市税务局",
                "关于2021年“八一”期间走访慰问情况的函",
                "市双拥办：",
                BODY,
                SERVED,
                "国家税务总局吕梁市税务局",
                "2021年8月5日",
            ],
        ),
        text(
            "bulletin",
            "简报.txt",
            &[
                "双拥工作简报",
                "第5期（总第28期）",
                "离石区双拥办编　　2021年8月5日",
                "离石区扎实开展“八一”走访慰问活动",
                BODY,
                SERVED,
            ],
        ),
        text(
            "of-nothing",
            "情况说明.txt",
            &[
                "情况说明",
                "市双拥办：",
                "我单位无驻军、无军队退役人员，2021年“八一”期间未开展走访慰问活动。",
                "特此说明。",
                "吕梁市地震局",
                "2021年8月5日",
            ],
        ),
        text(
            "slip-of-the-year-in-its-title",
            "报告.txt",
            &["关于2020年“八一”期间走访慰问活动情况的报告", "市双拥办：", BODY, "石楼县双拥办", "2021年8月5日"],
        ),
    ]
}

/// What is kept and is no report.
fn others() -> Vec<Case> {
    let signed = ["离石区双拥工作领导小组办公室", "2021年8月5日"];
    let with_close = |case: &str, file: &str, lines: &[&str]| text(case, file, &[lines, signed.as_slice()].concat());
    let last_year = BODY.replace("2021", "2020");
    vec![
        text(
            "of-last-year",
            "报告.txt",
            &["关于2020年“八一”期间走访慰问活动情况的报告", "市双拥办：", &last_year, "石楼县双拥办", "2020年8月5日"],
        ),
        text(
            "of-another-festival",
            "报告.txt",
            &[
                "关于2021年春节期间走访慰问活动情况的报告",
                "市双拥办：",
                "春节期间，区领导带队走访慰问驻地部队官兵、退役军人和优抚对象，送去慰问金，双拥工作持续开展，现将有关情况报告如下。",
                "石楼县双拥办",
                "2021年2月5日",
            ],
        ),
        with_close(
            "covering-letter",
            "函.txt",
            &[
                "关于报送2021年“八一”期间走访慰问情况统计表的函",
                "市双拥办：",
                "现将我区2021年“八一”期间走访慰问情况统计表报上，请查收。",
            ],
        ),
        with_close("plan", "方案.txt", &["离石区2021年“八一”期间走访慰问活动实施方案", BODY]),
        with_close(
            "request",
            "请示.txt",
            &[
                "关于申请“八一”期间走访慰问经费的请示",
                "区人民政府：",
                "为做好今年“八一”期间走访慰问驻地部队官兵、退役军人和优抚对象工作，拟申请走访慰问经费20万元，用于购买慰问品和发放慰问金。妥否，请批示。",
            ],
        ),
        with_close(
            "notice-sent-on",
            "转发通知.txt",
            &[
                "离双拥办发〔2021〕4号",
                "关于转发《关于扎实做好“八一”期间双拥工作的通知》的通知",
                "各乡镇、街道，区直各单位：",
                "现将《关于扎实做好“八一”期间双拥工作的通知》（吕拥办发〔2021〕3号）转发给你们，请结合实际，认真抓好走访慰问工作的贯彻落实。",
            ],
        ),
        docx(
            "notice-sent-back",
            "双拥通知.docx",
            &[
                "吕梁市拥军优属拥政爱民工作领导小组文件",
                "吕拥办发〔2021〕3号",
                "关于扎实做好“八一”期间双拥工作的通知",
                "各县（市、区）双拥工作领导小组，市直各部门、各单位，驻吕各部队：",
                "“八一”期间，各县（市、区），各部门、各单位要结合实际，对退役军人、“三属”人员、老复员军人、烈军属等进行重点慰问，体现党和政府对他们的尊崇厚爱。",
                "请于8月10日前将本次走访慰问活动开展情况形成专题报告（正式文件形式）与后附报表一并报回市双拥办。",
                "吕梁市双拥工作领导小组办公室",
                "2021年7月22日",
            ],
        ),
        text("photographs", "现场照片.txt", &["领导走访慰问现场照片", "走访慰问武警官兵", "走访慰问退役军人"]),
        text(
            "on-another-matter",
            "报告.txt",
            &[
                "关于安全生产工作情况的报告",
                "市安委办：",
                "今年以来，我单位认真贯彻落实安全生产责任制，扎实开展隐患排查治理，取得了明显成效，全年未发生安全生产事故，现将有关情况报告如下。",
                "吕梁市水利局",
                "2021年8月5日",
            ],
        ),
        Case {
            name: "report-picture".to_owned(), file: "离石区八一慰问报告.jpg".to_owned(), bytes: picture()
        },
        Case { name: "report-snapshot".to_owned(), file: "IMG_20210801.jpg".to_owned(), bytes: picture() },
    ]
}

/// One number in every bracket.
fn numbers() -> Vec<Case> {
    let numbers = [
        ("corner", "离双拥办发〔2021〕5号"),
        ("square", "离双拥办发[2021]5号"),
        ("lenticular", "离双拥办发【2021】 5 号"),
        ("round", "离双拥办发（２０２１）第５号"),
        ("small-corner", "离双拥办发﹝2021﹞05号"),
        ("wide-square", "离 双 拥 办 发 ［2021］5号"),
        ("white-lenticular", "离双拥办发〖2021〗5號"),
        ("quotation", "离双拥办发「2021」5号"),
        ("angle", "离双拥办发⟨2021⟩5号"),
    ];
    let case = |(name, number): (&str, &str)| {
        let lines = [number, "关于“八一”走访慰问情况的报告", "市双拥办：", BODY, "离石区双拥办", "2021年8月5日"];
        text(&format!("number-{name}"), "报告.txt", &lines)
    };
    numbers.into_iter().map(case).collect()
}

/// The start of a photograph; nobody looks further.
fn picture() -> Vec<u8> {
    let mut bytes = b"\xFF\xD8\xFF\xE0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00".to_vec();
    bytes.extend((0..30_000_u32).map(|place| u8::try_from(place.wrapping_mul(2_654_435_761) >> 24).unwrap()));
    bytes.extend(b"\xFF\xD9");
    bytes
}
