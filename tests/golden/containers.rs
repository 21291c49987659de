//! Archives, nested mails and forwards, written here byte by byte.

#[path = "containers/archives.rs"]
mod archives;
#[path = "containers/outlook.rs"]
mod outlook;

use chrono::{DateTime, FixedOffset, TimeZone};
use mailtally::demo::build::form::{Figures, FilledForm, Troop, Visit, Writing};
use mailtally::demo::build::mime::Draft;
use mailtally::demo::build::mimicry::Dialect;
use mailtally::demo::build::report::Report;
use mailtally::demo::build::sheet::{Placement, workbook};
use mailtally::demo::build::{html, word};
use rust_decimal::Decimal;

use self::archives::{Member, gz, tar, zip};
use super::Case;

/// The cases of this file, always the same bytes.
pub fn cases() -> Vec<Case> {
    let mut cases = archives();
    cases.extend(hostile());
    cases.extend(outlook_cases());
    cases.extend(mails());
    cases
}

fn case(name: &str, file: &str, bytes: Vec<u8>) -> Case {
    Case { name: format!("container-{name}"), file: file.to_owned(), bytes }
}

fn figures() -> Figures {
    Figures {
        veterans: Visit { people: 42, gifts: "慰问金".into(), cost: Decimal::from(21_000) },
        others: Visit { people: 18, gifts: "米、面、油".into(), cost: Decimal::from(5_400) },
        troops: vec![Troop {
            name: "武警离石中队".into(), gifts: "西瓜、矿泉水".into(), cost: Decimal::from(6_000)
        }],
        remarks: String::new(),
    }
}

fn form() -> FilledForm {
    FilledForm::new("离石区", "2021年8月6日", &figures(), Writing::Plain, 2)
}

fn table() -> Vec<u8> {
    workbook(&form(), Placement::Usual).unwrap()
}

fn report() -> Vec<u8> {
    let report = Report::on("离石区双拥工作领导小组", Some("离双拥办〔2021〕5号"), "2021年8月6日", &figures());
    word::document(&word::report_body(&report)).unwrap()
}

fn at() -> DateTime<FixedOffset> {
    FixedOffset::east_opt(8 * 3_600).unwrap().with_ymd_and_hms(2021, 8, 6, 10, 0, 0).unwrap()
}

fn draft(dialect: Dialect) -> Draft {
    Draft::new(dialect, ("离石区双拥办", "lishi@gov.example"), "office@163.example", at())
        .subject("离石区八一走访慰问材料")
        .text("市双拥办：现将我区统计表和报告报上，请查收。")
}

/// What honest units pack their files into.
fn archives() -> Vec<Case> {
    let both = [Member::new("离石区/统计表.xlsx", table()), Member::new("离石区/报告.docx", report())];
    let gbk = |name: &str| encoding_rs::GB18030.encode(name).0.into_owned();
    let old = [
        Member { name: gbk("张誠\\统计表.xlsx"), ..Member::new("", table()) },
        Member { name: gbk("张誠\\报告.docx"), ..Member::new("", report()) },
    ];
    let raw = "统计表.xlsx";
    let with_path =
        [Member { name: b"tongjibiao.xlsx".to_vec(), unicode: Some(raw.into()), ..Member::new("", table()) }];
    let litter = [
        Member::new("离石区/", Vec::new()),
        Member::new("离石区/统计表.xlsx", table()),
        Member::new("__MACOSX/离石区/._统计表.xlsx", b"\0\x05\x16\x07\0\x02\0\0Mac OS X".to_vec()),
        Member::new("离石区/._统计表.xlsx", b"\0\x05\x16\x07\0\x02\0\0Mac OS X".to_vec()),
        Member::new("离石区/.DS_Store", b"\0\0\0\x01Bud1".to_vec()),
        Member::new("离石区/Thumbs.db", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec()),
        Member::new("离石区/desktop.ini", b"[.ShellClassInfo]".to_vec()),
        Member::new("离石区/~$统计表.xlsx", [b"\x04wang".as_slice(), &[b' '; 160]].concat()),
        Member::new("离石区/.~报告.docx", vec![0; 162]),
    ];
    let names = [
        Member::new("../../../etc/统计表.xlsx", table()),
        Member::new("/root/报告.docx", report()),
        Member::new("C:\\Windows\\system32\\说明.txt", "说明一".into()),
        Member::new("a\0b/说明.txt", "说明二".into()),
        Member::new(&format!("{}/{}.txt", "长".repeat(500), "名".repeat(4_000)), "说明三".into()),
        Member::new("..", "没有名字".into()),
    ];
    let whole = zip(&both);
    let cut = whole[..whole.len() - 150].to_vec();
    let flagged = [
        Member { flags: 1, ..Member::new("离石区统计表.xlsx", vec![7; 300]) },
        Member::new("说明.txt", "密码是单位电话".into()),
    ];
    let seven_deep = (0..7).fold(zip(&both), |inner, _| zip(&[Member::new("材料.zip", inner)]));
    vec![
        case("zip-gbk-backslash", "离石区材料.zip", zip(&old)),
        case("zip-unicode-path", "统计表.zip", zip(&with_path)),
        case("zip-streamed", "离石区材料.zip", archives::streamed(&both)),
        case("zip-behind-junk", "离石区材料.zip", [b"\r\n\r\n".as_slice(), &whole, b"\r\n--boundary--\r\n"].concat()),
        case("zip-litter", "离石区材料.zip", zip(&litter)),
        case("zip-odd-names", "离石区材料.zip", zip(&names)),
        case("zip-cut-off", "离石区材料.zip", cut),
        case("zip-protected", "离石区材料.zip", zip(&flagged)),
        case("zip-empty", "离石区材料.zip", zip(&[Member::new("离石区/", Vec::new())])),
        case("zip-called-rar", "离石区材料.rar", whole.clone()),
        case("zip-called-xlsx", "离石区统计表.xlsx", whole.clone()),
        case("xlsx-called-zip", "离石区统计表.zip", table()),
        case("zip-seven-deep", "离石区材料.zip", seven_deep),
        case("zip-in-gz-in-tar", "离石区材料.tar", tar(&[("离石区材料.zip.gz", &gz(&whole, Some("离石区材料.zip")))])),
        case(
            "tar-gz",
            "离石区材料.tar.gz",
            gz(&tar(&[("离石区/统计表.xlsx", &table()), ("离石区/报告.docx", &report())]), None),
        ),
        case("gz-named", "1.gz", gz(&table(), Some("离石区统计表.xlsx"))),
        case("tar-from-1979", "离石区材料.tar", archives::old_tar("离石区统计表.xlsx", &table())),
        case("rar-4-stored", "离石区材料.rar", archives::stored_rar_4(&gbk("离石区\\统计表.xlsx"), &table())),
    ]
}

/// What nobody honest sends.
fn hostile() -> Vec<Case> {
    let zeros = vec![0; 3 << 20];
    let bomb = [Member::new("统计表.xlsx", table()), Member { deflated: true, ..Member::new("a.bin", zeros.clone()) }];
    let mut nested = zip(&[Member { deflated: true, ..Member::new("0.dll", zeros.clone()) }]);
    for _ in 0..3 {
        let copies: Vec<Member> =
            (0..8).map(|number| Member::new(&format!("lib {number}.zip"), nested.clone())).collect();
        nested = zip(&copies);
    }
    vec![
        case("bomb-beside-a-table", "离石区材料.zip", zip(&bomb)),
        case("bomb-of-bombs", "42.zip", gz(&nested, Some("42.zip"))),
        case("bomb-that-overlaps", "zbsm.zip", archives::overlapping(200)),
        case("bomb-in-gz", "a.gz", gz(&zeros, None)),
        case("claims-gigabytes-zip", "a.zip", archives::claiming()),
        case("claims-gigabytes-tar", "a.tar", archives::claiming_tar()),
        case("claims-gigabytes-tnef", "winmail.dat", outlook::claiming()),
    ]
}

fn outlook_cases() -> Vec<Case> {
    let table = table();
    let report = report();
    let long =
        [("附件：2021年“八一”期间走访慰问情况统计表（离石区）.xlsx", table.as_slice()), ("离石区报告.docx", &report)];
    let inner = outlook::tnef(&[outlook::Attached::new("统计表.xlsx", &table)], "里面的信");
    let tnef = outlook::tnef(&long.map(|(name, bytes)| outlook::Attached::new(name, bytes)), "现将材料报上。");
    let old = outlook::tnef(&[outlook::Attached::old("统计表.xlsx", &table)], "现将统计表报上。");
    let embedded = outlook::tnef(&[outlook::Attached::message("转发：统计表", &inner)], "见所附邮件。");
    let msg = outlook::message("离石区八一材料", "现将材料报上。", &long, None);
    let nested =
        outlook::message("转发：离石区八一材料", "见所附邮件。", &[], Some(&[("统计表.xlsx", table.as_slice())]));
    let mail = draft(Dialect::Foxmail).attach("winmail.dat", tnef.clone()).bytes();
    let dragged = draft(Dialect::Foxmail).attach("离石区八一材料.msg", msg.clone()).bytes();
    let packed = word::document(&word::paragraph("离石区报告，表格见附件。", word::Stand::Body)).unwrap();
    vec![
        case("tnef", "mail.eml", mail),
        case("tnef-old", "winmail.dat", old),
        case("tnef-in-tnef", "winmail.dat", embedded),
        case("tnef-cut-off", "winmail.dat", tnef[..tnef.len() - 700].to_vec()),
        case("msg", "mail.eml", dragged),
        case("msg-in-msg", "转发.msg", nested),
        case("docx-embeds-xlsx", "离石区报告.docx", archives::with_parts(&packed, &[("word/embeddings/Microsoft_Excel_Sheet1.xlsx", &table)])),
        case("docx-packs-xlsx", "离石区报告.docx", archives::with_parts(&packed, &[("word/embeddings/oleObject1.bin", &outlook::package("离石区统计表.xlsx", &table))])),
        case(
            "docx-chart",
            "离石区报告.docx",
            archives::with_parts(
                &packed,
                &[
                    ("word/embeddings/Microsoft_Excel_Sheet.xlsx", &table),
                    ("word/charts/_rels/chart1.xml.rels", b"<Relationships><Relationship Target=\"../embeddings/Microsoft_Excel_Sheet.xlsx\"/></Relationships>"),
                ],
            ),
        ),
    ]
}

/// Mails in mails.
fn mails() -> Vec<Case> {
    let original =
        draft(Dialect::Foxmail).attach("离石区统计表.xlsx", table()).attach("离石区报告.docx", report()).bytes();
    let outer = |subject: &str| draft(Dialect::NetEase).subject(subject).text("请查收所附邮件。");
    let mut octets = outer("转发：离石区材料");
    octets.attachments.push(mailtally::demo::build::mime::Attachment {
        name: "离石区材料.eml".into(),
        media_type: "application/octet-stream",
        bytes: original.clone(),
    });
    let thrice = ["转发：离石区材料", "Fw: 转发：离石区材料", "Fw: Fw: 转发：离石区材料"]
        .into_iter()
        .fold(original.clone(), |inner, subject| outer(subject).attach("转发.eml", inner).bytes());
    let in_zip =
        outer("离石区材料").attach("材料.zip", zip(&[Member::new("邮件/离石区材料.eml", original.clone())])).bytes();
    let digest = [
        b"From: lishi@gov.example\r\nTo: office@163.example\r\nSubject: =?utf-8?B?5rGH5oC7?=\r\nMIME-Version: 1.0\r\n\
          Content-Type: multipart/digest; boundary=d\r\n\r\n--d\r\n\r\n"
            .as_slice(),
        &original,
        b"\r\n--d--\r\n",
    ]
    .concat();
    let inline = |mark: &str| {
        let body = format!(
            "<div>领导好，转上。</div><div>{mark}</div><div>发件人：离石区双拥办 &lt;lishi@gov.example&gt;<br>主题：统计表</div>{}",
            html::table(&form())
        );
        draft(Dialect::Qq)
            .subject("转发：离石区统计表")
            .text(format!("领导好，转上。\n{mark}\n见下表。"))
            .html(body)
            .bytes()
    };
    let volumes = archives::stored_volumes(&encoding_rs::GB18030.encode("离石区\\统计表.xlsx").0, &table());
    let mut parts = draft(Dialect::Foxmail);
    for (number, volume) in volumes.into_iter().enumerate() {
        parts = parts.attach(format!("离石区材料.part{}.rar", number + 1), volume);
    }
    vec![
        case(
            "forward-as-attachment",
            "mail.eml",
            outer("Fw: 离石区材料").attach("离石区材料.eml", original.clone()).bytes(),
        ),
        case("forward-as-octets", "mail.eml", octets.bytes()),
        case("forward-thrice", "mail.eml", thrice),
        case("forward-in-zip", "mail.eml", in_zip),
        case("forward-digest", "mail.eml", digest),
        case("forward-inline-foxmail", "mail.eml", inline("---------------------- 原始邮件 ----------------------")),
        case("forward-inline-163", "mail.eml", inline("---------- 转发邮件信息 ----------")),
        case("rar-volumes", "mail.eml", parts.bytes()),
    ]
}
