//! Mails as Chinese clients and servers mangle them.

use data_encoding::{BASE64, BASE64_MIME};
use mailtally::demo::build::form::HEADERS;

use super::Case;

const SUBJECT: &str = "离石区“八一”走访慰问情况报表";
const NAME: &str = "离石区“八一”走访慰问情况统计表.xls";

/// The cases of this file, always the same bytes.
pub fn cases() -> Vec<Case> {
    let mut cases = words();
    cases.extend(names());
    cases.extend(structures());
    cases.extend(natures());
    cases.extend(quotes());
    cases.extend(clouds());
    cases
}

fn gbk(text: &str) -> Vec<u8> {
    encoding_rs::GB18030.encode(text).0.into_owned()
}

fn word(charset: &str, bytes: &[u8]) -> String {
    format!("=?{charset}?B?{}?=", BASE64.encode(bytes))
}

fn percent(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("%{byte:02X}")).collect()
}

/// The form as a page that a program saved under `.xls`.
fn form() -> String {
    let row = ["12", "慰问金", "12000", "20", "米面油", "8000", "武警吕梁支队", "慰问金", "20000", "4.0", ""];
    let cells = |words: &[&str]| words.iter().map(|word| format!("<td>{word}</td>")).collect::<String>();
    format!(
        "<table border=\"1\"><tr><td colspan=\"11\">2021年“八一”期间走访慰问情况统计表</td></tr><tr><td colspan=\"11\">县(市、区)/单位名称：离石区　填报时间：2021年8月5日</td></tr><tr>{}</tr><tr>{}</tr></table>",
        cells(&HEADERS),
        cells(&row)
    )
}

fn file() -> Vec<u8> {
    format!("<html><head><meta charset=\"utf-8\"></head><body>{}</body></html>", form()).into_bytes()
}

/// Header fields around a subject as it stands in the mail.
fn head(subject: &[u8], further: &str) -> Vec<u8> {
    let mut head =
        b"From: <lsqsyb@lishi.example>\r\nTo: <office@163.example>\r\nMessage-ID: <a1@lishi.example>\r\n".to_vec();
    if !further.contains("Date:") {
        head.extend(b"Date: Thu, 5 Aug 2021 10:00:00 +0800\r\n");
    }
    head.extend(further.as_bytes());
    head.extend(b"Subject: ");
    head.extend(subject);
    head.extend(b"\r\nMIME-Version: 1.0\r\n");
    head
}

fn subject() -> Vec<u8> {
    word("utf-8", SUBJECT.as_bytes()).into_bytes()
}

fn plain(text: &str) -> Vec<u8> {
    let content = BASE64_MIME.encode(text.as_bytes());
    format!("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{content}\r\n")
        .into_bytes()
}

fn html(text: &str) -> Vec<u8> {
    let content = BASE64_MIME.encode(text.as_bytes());
    format!("Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{content}\r\n")
        .into_bytes()
}

/// An attachment whose `Content-Disposition` ends in these parameters.
fn attached(parameters: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut part = b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment".to_vec();
    part.extend(parameters);
    part.extend(b"\r\n\r\n");
    part.extend(BASE64_MIME.encode(bytes).into_bytes());
    part
}

fn table() -> Vec<u8> {
    attached(format!("; filename=\"{}\"", word("utf-8", NAME.as_bytes())).as_bytes(), &file())
}

fn mixed(mut head: Vec<u8>, parts: &[Vec<u8>]) -> Vec<u8> {
    head.extend(b"Content-Type: multipart/mixed; boundary=\"=_b\"\r\n\r\n");
    for part in parts {
        head.extend(b"--=_b\r\n");
        head.extend(part);
        head.extend(b"\r\n");
    }
    head.extend(b"--=_b--\r\n");
    head
}

fn case(name: &str, bytes: Vec<u8>) -> Case {
    Case { name: format!("mail-{name}"), file: "mail.eml".to_owned(), bytes }
}

/// Subjects, senders and dates.
fn words() -> Vec<Case> {
    let with_subject =
        |name: &str, subject: Vec<u8>| case(name, mixed(head(&subject, ""), &[plain("报表请查收。"), table()]));
    let octets = gbk(SUBJECT);
    let digits = BASE64.encode(&octets);
    let (first, second) = digits.split_at(21);
    let mut hz = b"=?hz-gb-2312?Q?~{".to_vec();
    hz.extend(gbk("离石区报表").iter().map(|octet| octet & 0x7F));
    hz.extend(b"~}?=");
    let dated = head(&subject(), "Date: 2021年8月5日(星期四) 下午3:05\r\n");
    vec![
        with_subject("base64-cut-anywhere", format!("=?gb2312?B?{first}?=\r\n =?GB2312?b?{second}?=").into_bytes()),
        with_subject(
            "two-labels-of-one-charset",
            format!("{} {}", word("gb2312", &octets[..9]), word("x-gbk", &octets[9..])).into_bytes(),
        ),
        with_subject("encoded-twice", word("utf-8", word("gb2312", &octets).as_bytes()).into_bytes()),
        with_subject("hz", hz),
        with_subject("raw-gbk-folded", [gbk("离石区报表"), b"\r\n\t".to_vec(), gbk("请查收")].concat()),
        case("chinese-date", mixed(dated, &[plain("报表请查收。"), table()])),
        case(
            "typed-brackets",
            mixed(
                [
                    b"From: ".to_vec(),
                    "离石区双拥办 ＜lsqsyb＠lishi.example＞\r\n".as_bytes().to_vec(),
                    head(&subject(), "").split_off(30),
                ]
                .concat(),
                &[plain("报表请查收。"), table()],
            ),
        ),
    ]
}

/// File names.
fn names() -> Vec<Case> {
    let with = |name: &str, parameters: Vec<u8>| {
        case(
            &format!("name-{name}"),
            mixed(head(&subject(), ""), &[plain("报表请查收。"), attached(&parameters, &file())]),
        )
    };
    let octets = gbk(NAME);
    let sections: Vec<String> = octets.chunks(7).map(percent).collect();
    let continued: String = (0..sections.len())
        .rev()
        .map(|place| {
            let label = if place == 0 { "GBK''" } else { "" };
            format!(";\r\n filename*{place}*={label}{}", sections[place])
        })
        .collect();
    let quoted: String = octets.chunks(9).map(|chunk| format!("\r\n \"{}\"", word("gb2312", chunk))).collect();
    vec![
        with("continued-backwards", continued.into_bytes()),
        with("in-several-quotes", format!("; filename={quoted}").into_bytes()),
        with("without-semicolon", format!(" filename=\"{}\"", word("gb2312", &octets)).into_bytes()),
        with("in-single-quotes", format!("; filename='{}'", word("gb2312", &octets)).into_bytes()),
        with(
            "with-tricks",
            format!("; filename=\"{}\"", word("utf-8", "C:\\桌面\\统计\u{202E}表\0.xls".as_bytes())).into_bytes(),
        ),
        with("tcmime", b"; filename=\"tcmime.1234.5678.bin\"".to_vec()),
    ]
}

/// Parts and their encodings.
fn structures() -> Vec<Case> {
    let whole = mixed(head(&subject(), ""), &[plain("报表请查收。"), table()]);
    let changed = |from: &str, to: &str| String::from_utf8(whole.clone()).unwrap().replace(from, to).into_bytes();
    let part = |header: &str, content: &[u8]| [header.as_bytes(), b"\r\n\r\n", content].concat();
    let octets = BASE64_MIME.encode(&zip()).into_bytes();
    let with_part = |name: &str, part: Vec<u8>| case(name, mixed(head(&subject(), ""), &[plain("材料请查收。"), part]));
    let uuencoded = [
        head(&subject(), "").as_slice(),
        b"\r\n",
        "材料如下\r\nbegin 644 list.txt\r\n#0V%T\r\n$0V%T<P``\r\n`\r\nend\r\n".as_bytes(),
    ]
    .concat();
    let nested =
        [head(&subject(), ""), "Content-Type: message/rfc822\r\n\r\n".repeat(300).into_bytes(), b"x".to_vec()].concat();
    vec![
        case("line-ends-of-old-macs", changed("\r\n", "\r")),
        case("boundary-not-told", changed("; boundary=\"=_b\"", "")),
        case("boundary-never-used", changed("boundary=\"=_b\"", "boundary=\"other\"")),
        case("boundary-with-blanks", changed("--=_b\r\n", "--=_b \t\r\n")),
        case("not-closed", changed("--=_b--\r\n", "")),
        case("no-line-below-the-header", changed("xls\"\r\n\r\n", "xls\"\r\n")),
        with_part("unlabelled-base64", part("Content-Type: application/zip; name=\"a.zip\"", &octets)),
        with_part(
            "octets-labelled-base64",
            part("Content-Type: application/zip; name=\"a.zip\"\r\nContent-Transfer-Encoding: base64", &zip()),
        ),
        with_part("file-called-text", part("Content-Type: text/plain\r\nContent-Transfer-Encoding: base64", &octets)),
        case("uuencoded-in-its-words", uuencoded),
        case("nested-too-deep", nested),
    ]
}

/// A zip with one small table in it.
fn zip() -> Vec<u8> {
    mailtally::demo::build::pack::gbk_zip(&[(NAME, &file())])
}

/// Machines, questions, and what must not be lost.
fn natures() -> Vec<Case> {
    let mail = |name: &str, subject: &str, further: &str, text: &str| {
        case(name, [head(word("utf-8", subject.as_bytes()).as_bytes(), further), plain(text)].concat())
    };
    let files = |name: &str, subject: &str, further: &str, text: &str, part: Vec<u8>| {
        case(name, mixed(head(word("utf-8", subject.as_bytes()).as_bytes(), further), &[plain(text), part]))
    };
    let unopened =
        || attached(b"; filename=\"a.xls\"", &[b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".as_slice(), &[0; 600]].concat());
    let report = "关于2021年“八一”期间走访慰问活动情况的报告\r\n吕梁市双拥办：\r\n根据《关于扎实做好“八一”期间双拥工作的通知》（吕拥办发〔2021〕3号）要求，我区高度重视，区四大班子领导带队，分组走访慰问驻地部队官兵、退役军人和其他优抚对象，送去慰问金和慰问品，现将有关情况报告如下。\r\n一、加强组织领导，成立专班，明确责任，保障经费，确保走访慰问活动取得实效。\r\n二、认真走访慰问，共走访退役军人12人，优抚对象20人，驻地部队1个。\r\n离石区双拥工作领导小组办公室\r\n2021年8月5日";
    vec![
        mail("vacation-by-subject", "【自动回复】来信收到", "", "您好，您的来信已收到，我会尽快回复。"),
        mail("about-automatic-replies", "自动回复设置的问题", "", "请问邮箱怎么设置自动回复？"),
        mail("receipt-in-words", "已读: 关于报送的提醒", "", "您的邮件已在2021年8月5日 10:00阅读。"),
        mail(
            "bounce-in-words",
            "系统退信",
            "Return-Path: <>\r\n",
            "您的邮件被退回。退信原因：收件人地址 a@b.example 不存在，550 5.1.1 User unknown",
        ),
        mail("thanks", "回复：关于报送的提醒", "", "收到，谢谢！"),
        mail("nothing-attached", "八一走访慰问报表", "", "见附件"),
        mail(
            "nothing-to-report",
            "情况说明",
            "",
            "情况说明\r\n市双拥办：\r\n我单位无驻军、无退役军人，2021年“八一”期间未开展走访慰问活动，特此说明。\r\n离石区双拥办\r\n2021年8月5日",
        ),
        files("list-with-unopened-file", "报表", "List-Id: <county.lishi.example>\r\n", "报表请查收。", unopened()),
        files("vacation-with-unopened-file", "自动回复：报表", "", "报表请查收。", unopened()),
        files("forwarded-by-qq", "报表", "X-QQ-AUTO-FWD: true\r\n", "报表请查收。", table()),
        files("report-in-its-words", "报告和报表", "", report, table()),
    ]
}

/// Quoted mail, as each client marks it.
fn quotes() -> Vec<Case> {
    let clients = [
        ("netease", "<blockquote id=\"isReplyContent\">{}</blockquote>"),
        ("qq", "<div>------------------&nbsp;原始邮件&nbsp;------------------</div><div>{}</div>"),
        (
            "foxmail",
            "<blockquote style=\"margin-left:0.5em\"><div><b>发件人：</b>&nbsp;office</div><div><b>发送时间：</b>&nbsp;2021-08-01</div><div><b>收件人：</b>&nbsp;x</div><div><b>主题：</b>&nbsp;y</div>{}</blockquote>",
        ),
        (
            "outlook",
            "<p><b>发件人<span>:</span></b> office<br><b>发送时间:</b> 2021年8月1日<br><b>收件人:</b> x<br><b>主题:</b> y</p>{}",
        ),
        (
            "english-outlook",
            "<hr><p><b>From:</b> office<br><b>Sent:</b> Sunday<br><b>To:</b> x<br><b>Subject:</b> y</p>{}",
        ),
        (
            "iphone",
            "<blockquote type=\"cite\">在 2021年8月1日，双拥办 &lt;office@163.example&gt; 写道：</blockquote><blockquote type=\"cite\">{}</blockquote>",
        ),
        ("coremail", "<blockquote name=\"replyContent\" class=\"ReferenceQuote\">{}</blockquote>"),
        ("alibaba", "<div>发件人：office<br>日　期：2021年8月1日<br>收件人：x<br>主　题：y</div>{}"),
        ("mailmaster", "<div id=\"ntes-pcmail-quote\">{}</div>"),
    ];
    let mail = |name: &str, subject: &str, text: &str| {
        case(name, [head(word("utf-8", subject.as_bytes()).as_bytes(), ""), html(text)].concat())
    };
    let mut cases: Vec<Case> = clients
        .iter()
        .map(|(client, quote)| {
            let text = format!("<div>收到，我们尽快报送。</div>{}", quote.replace("{}", &form()));
            mail(&format!("quoted-form-{client}"), "回复：提醒", &text)
        })
        .collect();
    let quote = clients[0].1;
    let own = format!("<div>我区报表如下：</div>{}{}", form(), quote.replace("{}", "请报送报表"));
    cases.push(mail("own-form-above-quote", "回复：提醒", &own));
    cases.push(mail("forwarded-form", "Fw: 报表", &quote.replace("{}", &form())));
    cases
}

/// Files that providers keep.
fn clouds() -> Vec<Case> {
    let links = [
        ("netease", "https://mail.163.com/large-attachment-download/index.html?p=X&file=abc"),
        ("dashi", "https://dashi.163.com/html/cloud-attachment-download/?key=abc"),
        ("netease-fs", "http://fs.163.com/fs/display/?p=X&file=abc"),
        ("edisk", "https://edisk.qiye.163.com/api/biz/attachment/download?identity=abc"),
        ("qq", "https://wx.mail.qq.com/ftn/download?func=3&key=abc"),
        ("qq-old", "http://mail.qq.com/cgi-bin/ftnExs_download?k=abc&code=1"),
        ("sina", "https://mail.sina.com.cn/filecenter/download.php?id=abc"),
        ("telecom", "https://download.cloud.189.cn/file/abc"),
    ];
    let caption = "离石区八一走访慰问材料.zip";
    let mut cases: Vec<Case> = links
        .iter()
        .enumerate()
        .map(|(place, (provider, link))| {
            let body = if place % 2 == 0 {
                html(&format!(
                    "<div>材料请查收</div><a href=\"{}\">{caption}</a> 112.5M 2021年8月20日 10:20 到期",
                    link.replace('&', "&amp;")
                ))
            } else {
                plain(&format!("材料请查收\r\n超大附件：{caption} (12.5M, 2021年8月20日 10:20 到期)\r\n{link}"))
            };
            case(&format!("cloud-{provider}"), [head(&subject(), ""), body].concat())
        })
        .collect();
    let quoted = format!(
        "<div>见附件</div><blockquote id=\"isReplyContent\"><a href=\"{}\">{caption}</a></blockquote>",
        links[0].1
    );
    cases.push(case("cloud-quoted-beside-a-file", mixed(head(&subject(), ""), &[html(&quoted), table()])));
    let css = "<style>#divNeteaseBigAttach{display:none}</style><div>见附件</div>";
    cases.push(case("cloud-in-css-alone", mixed(head(&subject(), ""), &[html(css), table()])));
    cases
}
