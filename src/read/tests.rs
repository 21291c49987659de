//! Whole mails through `open`: what each must become, and that no bytes whatever make it panic.

use std::io::{Cursor, Write};

use proptest::prelude::*;

use super::*;

pub(super) fn zip_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn gbk(text: &str) -> Vec<u8> {
    encoding_rs::GB18030.encode(text).0.into_owned()
}

/// A part: its header lines and its bytes in base64.
fn part(header: &str, bytes: &[u8]) -> String {
    let encoded = data_encoding::BASE64.encode(bytes);
    let lines: Vec<String> =
        encoded.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    format!("{header}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n", lines.join("\r\n"))
}

fn multipart(top: &str, kind: &str, parts: &[String]) -> String {
    let inner: String = parts.iter().map(|part| format!("--=_b{kind}\r\n{part}\r\n")).collect();
    format!("{top}Content-Type: multipart/{kind}; boundary=\"=_b{kind}\"\r\n\r\n{inner}--=_b{kind}--\r\n")
}

const TOP: &str = "From: =?gb2312?B?wOvKr8f4?= <ls@gov.example>\r\nTo: office@163.example\r\nSubject: =?gbk?Q?=B1=A8=B1=ED?=\r\nMessage-ID: <m1@gov.example>\r\nDate: Thu, 5 Aug 2021 10:00:00 +0800 (CST)\r\nMIME-Version: 1.0\r\n";

fn text_part(text: &str) -> String {
    part("Content-Type: text/plain; charset=utf-8", text.as_bytes())
}

fn opened(mail: impl AsRef<[u8]>) -> Mail {
    open(mail.as_ref(), &Limits::default())
}

fn codes(oddities: &[Oddity]) -> Vec<OddityCode> {
    oddities.iter().map(|oddity| oddity.code).collect()
}

fn listed(pieces: &[Piece]) -> Vec<(&str, &str, Kind, Option<&str>)> {
    pieces.iter().map(|piece| (piece.path.as_str(), piece.name.as_str(), piece.kind, piece.inside.as_deref())).collect()
}

#[test]
fn a_submission_with_an_archive_and_a_nested_mail() {
    let csv = gbk("单位,人数,金额\r\n离石区,12,3400\r\n");
    let inner = multipart(
        "From: x@gov.example\r\nSubject: inner\r\n",
        "related",
        &[text_part("里面的话"), part("Content-Type: text/csv; name=inner.csv", &csv)],
    );
    let archive = zip_of(&[("离石区/统计表.csv", &csv), ("__MACOSX/._x", b"x"), ("Thumbs.db", b"x"), ("离石区/", b"")]);
    let mail = opened(multipart(
        TOP,
        "mixed",
        &[
            text_part("报表请查收。\n\n-----原始邮件-----\n发件人: office"),
            part(
                "Content-Type: application/zip\r\nContent-Disposition: attachment; filename=\"=?gb2312?B?sai47S56aXA=?=\"",
                &archive,
            ),
            format!("Content-Type: message/rfc822\r\n\r\n{inner}"),
            part("Content-Type: application/octet-stream; name=\"b.csv\"", &csv),
        ],
    ));
    assert_eq!(mail.headers.from[0].name.as_deref(), Some("离石区"));
    assert_eq!(mail.headers.subject.as_deref(), Some("报表"));
    assert_eq!(mail.body.own_text, "报表请查收。");
    assert!(mail.body.text.contains("原始邮件"));
    assert!(mail.oddities.is_empty(), "{:?}", mail.oddities);
    assert_eq!(
        listed(&mail.pieces)[1..],
        [
            ("1.1", "离石区/统计表.csv", Kind::Csv, Some("1")),
            ("2", "", Kind::Eml, None),
            ("2.1", "inner.csv", Kind::Csv, Some("2")),
            ("3", "b.csv", Kind::Csv, None),
        ]
    );
    assert_eq!(mail.pieces[1].sha256, Digest::of(&csv));
    assert_eq!(mail.pieces[4].size, u64::try_from(csv.len()).unwrap());
    let Content::Document(document) = &mail.pieces[2].content else { panic!("{:?}", mail.pieces[2].content) };
    assert_eq!(document.paragraphs, ["里面的话"]);
}

#[test]
fn signature_pictures_are_inline_and_attached_ones_are_not() {
    let png = b"\x89PNG\r\n\x1A\nxxxx";
    let mail = opened(multipart(
        TOP,
        "related",
        &[
            part("Content-Type: text/html; charset=utf-8", "<p>您好<img src=\"cid:logo@1\"></p>".as_bytes()),
            part("Content-Type: image/png; name=logo.png\r\nContent-ID: <logo@1>", png),
            part("Content-Type: image/png; name=scan.png\r\nContent-Disposition: attachment", png),
        ],
    ));
    let inline: Vec<_> = mail.pieces.iter().map(|piece| (piece.name.as_str(), piece.inline)).collect();
    assert_eq!(inline, [("logo.png", true), ("scan.png", false)]);
    assert_eq!(mail.body.text, "您好");
}

#[test]
fn the_reader_is_given_true_kinds_and_its_word_is_kept() {
    let seen = std::cell::RefCell::new(Vec::new());
    let reader = |kind: Kind, bytes: &[u8], _: &Limits| {
        seen.borrow_mut().push((kind, bytes.len()));
        let is_read = kind != Kind::Zip;
        (Content::Nothing, is_read.then(|| Oddity::new(OddityCode::ScanOnly, "扫描件")).into_iter().collect())
    };
    let pdf = b"%PDF-1.4\n...";
    let bytes = multipart(TOP, "mixed", &[text_part("x"), part("Content-Type: application/msword; name=a.doc", pdf)]);
    let mail = open_with(bytes.as_bytes(), &Limits::default(), &reader);
    // Announced, while its kind is not told yet, and then read.
    assert_eq!(*seen.borrow(), [(Kind::Zip, pdf.len()), (Kind::Pdf, pdf.len())]);
    assert_eq!(codes(&mail.pieces[0].oddities), [OddityCode::ScanOnly]);
    assert_eq!(mail.pieces[0].media_type, "application/msword");
}

#[test]
fn cloud_links_of_the_own_part_become_pieces() {
    let link = "<a href=\"https://mail.163.com/large-attachment-download/index.html?p=1\">统计表.xls</a>(3M, 2021年8月20日 到期)";
    let html = |html: &str| opened(format!("{TOP}Content-Type: text/html; charset=utf-8\r\n\r\n{html}"));
    let own = html(&format!("<div>见云附件</div>{link}"));
    assert_eq!(listed(&own.pieces), [("1", "统计表.xls", Kind::Unknown, None)]);
    assert_eq!(codes(&own.pieces[0].oddities), [OddityCode::CloudAttachment]);
    assert_eq!(own.pieces[0].media_type, "text/uri-list");
    let quoted = html(&format!("<div>已收到</div><blockquote id=\"isReplyContent\">{link}</blockquote>"));
    assert!(quoted.pieces.is_empty());
    let behind = html(&format!("<p>见附件</p><includetail>旧</includetail><div>{link}</div>"));
    assert_eq!(behind.pieces.len(), 1);
    let nothing = html("<style>#divNeteaseBigAttach{color:red}</style><div>无附件</div>");
    assert!(nothing.pieces.is_empty());
    let forwarded = opened(format!(
        "From: a@b.example\r\nSubject: 转发：报表\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>----原始邮件----</p>{link}"
    ));
    assert_eq!(forwarded.pieces.len(), 1);
}

#[test]
fn cloud_links_are_numbered_behind_attachments() {
    let text = "附件太大：https://wx.mail.qq.com/ftn/download?func=3&k=1 照片.zip";
    let mail =
        opened(multipart(TOP, "mixed", &[text_part(text), part("Content-Type: text/plain; name=a.txt", b"hello")]));
    let paths: Vec<_> = mail.pieces.iter().map(|piece| piece.path.as_str()).collect();
    assert_eq!(paths, ["1", "2"]);
    assert_eq!(mail.pieces[1].name, "照片.zip");
}

#[test]
fn what_is_no_mail_says_so() {
    assert!(codes(&opened(b"\x00\x01\x02").oddities).contains(&OddityCode::NotAMail));
    assert!(codes(&opened(b"").oddities).contains(&OddityCode::NotAMail));
    let nested = opened("From: a\r\n".to_owned() + &"Content-Type: message/rfc822\r\n\r\n".repeat(22_000));
    assert!(nested.pieces.last().is_some_and(|piece| piece.has(OddityCode::TooLarge)));
    let mut mail = b"From: a@b.example\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n".to_vec();
    mail.extend(gbk("各位领导，报表请查收。"));
    assert!(codes(&opened(&mail).oddities).contains(&OddityCode::CharsetMislabelled));
}

#[test]
fn a_file_is_a_mail_or_a_bare_piece_by_its_content() {
    let limits = Limits::default();
    let mail = multipart(TOP, "mixed", &[text_part("x")]);
    assert!(matches!(open_file(mail.as_bytes(), "whatever.bin", &limits), Opened::Mail(_)));
    let archive = zip_of(&[("a/b.txt", b"hello"), ("c.txt", b"there")]);
    let Opened::Bare { sha256, pieces } = open_file(&archive, "../x.eml", &limits) else { panic!("a zip is no mail") };
    assert_eq!(sha256, Digest::of(&archive));
    assert_eq!(
        listed(&pieces),
        [
            ("1", "x.eml", Kind::Zip, None),
            ("1.1", "a/b.txt", Kind::Text, Some("1")),
            ("1.2", "c.txt", Kind::Text, Some("1")),
        ]
    );
}

#[test]
fn a_reader_that_panics_hurts_nobody() {
    assert_eq!(guarded(|| -> u8 { panic!("parser bug") }), None);
    let (content, oddities) = read_piece(Kind::Csv, b"", &Limits::default());
    assert_eq!((content, codes(&oddities)), (Content::Nothing, vec![OddityCode::Damaged]));
    for (kind, code) in [(Kind::Encrypted, OddityCode::PasswordProtected), (Kind::Unknown, OddityCode::UnreadKind)] {
        assert_eq!(codes(&read_piece(kind, b"x", &Limits::default()).1), [code]);
    }
}

#[test]
fn a_nested_mail_in_base64_is_opened_too() {
    let inner = format!("{TOP}\r\n里面");
    let mail = opened(multipart(
        TOP,
        "mixed",
        &[text_part("x"), part("Content-Type: message/rfc822; name=a.eml", inner.as_bytes())],
    ));
    let Content::Document(document) = &mail.pieces[0].content else { panic!("{:?}", mail.pieces[0]) };
    assert_eq!((mail.pieces[0].kind, document.paragraphs.as_slice()), (Kind::Eml, ["里面".to_owned()].as_slice()));
}

#[test]
fn endless_repetition_is_read_in_passing() {
    let started = std::time::Instant::now();
    for (before, unit) in [
        ("From: a@b.example\r\nContent-Type: text/html\r\n\r\n", "&"),
        ("From: a@b.example\r\nContent-Type: text/html\r\n\r\n", "<style>"),
        ("From: a@b.example\r\nContent-Type: text/html\r\n\r\n", "<a b='"),
        ("From: a@b.example\r\n\r\n", "发件人:\n"),
        ("From: ", "张,"),
        ("Subject: ", "=?a?B?"),
        ("Content-Type: text/plain; name=\"", "\\\\"),
    ] {
        let _ = opened(format!("{before}{}", unit.repeat(600_000 / unit.len())));
    }
    // Quadratic work on any of them takes minutes.
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

/// Mails worth mutating: every structure this module knows.
fn seeds() -> Vec<Vec<u8>> {
    let csv = gbk("单位,人数\r\n离石区,12\r\n");
    let inner = multipart(TOP, "related", &[text_part("话"), part("Content-Type: text/csv; name=i.csv", &csv)]);
    let compound = sniff::compound::samples::compound(&["Workbook", "x"], Some("WordDocument"));
    vec![
        multipart(
            TOP,
            "mixed",
            &[
                multipart("", "alternative", &[text_part("文字"), part("Content-Type: text/html", b"<table><tr><td>1<td>2</table>")]),
                part("Content-Type: application/zip; name*0*=gbk''%C0%EB; name*1*=%CA", &zip_of(&[("a.csv", &csv), ("b/c.zip", &zip_of(&[("d", b"x")]))])),
                part("Content-Type: application/vnd.ms-excel; name=\"=?gbk?B?wOs=?=\"", &compound),
                format!("Content-Type: message/rfc822\r\n\r\n{inner}"),
            ],
        )
        .into_bytes(),
        multipart(
            "From: Postmaster@163.example\r\nX-CM-Original-Message-ID: <a@b>\r\n",
            "report",
            &[
                text_part("退信原因\n550 5.1.1 用户不存在 a@b.example"),
                "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\nStatus: 5.0.0\r\n".into(),
            ],
        )
        .into_bytes(),
        format!("{TOP}Content-Type: text/html\r\n\r\n<a href='https://wx.mail.qq.com/ftn/download?k=1'>表.xls</a>(1.5M, 2021年8月1日 到期)<blockquote type=cite>x").into_bytes(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_mutation_of_a_mail_panics(seed in 0..3_usize, edits in prop::collection::vec((any::<prop::sample::Index>(), 0..4_u8, any::<u8>()), 1..24)) {
        let mut mail = seeds().swap_remove(seed);
        for (place, edit, byte) in edits {
            if mail.is_empty() {
                break;
            }
            let place = place.index(mail.len());
            match edit {
                0 => mail[place] = byte,
                1 => mail.insert(place, byte),
                2 => { mail.remove(place); }
                _ if byte < 16 => mail.truncate(place),
                _ => mail[place] ^= 1 << (byte % 8),
            }
        }
        let opened = open(&mail, &Limits::default());
        prop_assert_eq!(opened.sha256, Digest::of(&mail));
        let _ = open_file(&mail, "x.eml", &Limits::default());
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..600), name in ".{0,20}") {
        let _ = open(&bytes, &Limits::default());
        let _ = open_file(&bytes, &name, &Limits::default());
    }

    #[test]
    fn no_header_panics(value in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"=?*'\"\\;%<>@(),: BQ0+-".to_vec())], 0..80)) {
        for name in ["From", "Date", "Subject", "Content-Type", "Content-Disposition", "References", "Received", "Auto-Submitted"] {
            let mut mail = format!("{name}: ").into_bytes();
            mail.extend(&value);
            mail.extend(b"\r\n\r\nbody");
            let _ = open(&mail, &Limits::default());
        }
    }
}

#[test]
fn lines_around_a_table_of_the_html_are_kept_beside_a_plain_part() {
    let html = "<p>单位名称：离石区</p><div>填报时间：8月5日</div><table><tr><td>甲<td>乙<tr><td>1<td>2</table>\
                <blockquote type=cite><p>单位名称：柳林县</p></blockquote>";
    let parts = [text_part("请见下表。"), part("Content-Type: text/html; charset=utf-8", html.as_bytes())];
    let alternative = multipart(TOP, "alternative", &parts);
    let mail = open(alternative.as_bytes(), &Limits::default());
    assert_eq!(mail.body.own_text, "请见下表。");
    assert_eq!(mail.body.html_lines, ["单位名称：离石区", "填报时间：8月5日"]);
    assert_eq!(mail.body.sheets.len(), 1);
    let bare = multipart(TOP, "alternative", &[text_part("无表"), part("Content-Type: text/html", b"<p>a</p>")]);
    assert_eq!(open(bare.as_bytes(), &Limits::default()).body.html_lines, Vec::<String>::new());
    let nested =
        multipart(TOP, "mixed", &[text_part("转"), part("Content-Type: message/rfc822", alternative.as_bytes())]);
    let mail = open(nested.as_bytes(), &Limits::default());
    let Content::Document(document) = &mail.pieces[0].content else { panic!("{:?}", mail.pieces) };
    assert!(document.paragraphs.contains(&"单位名称：离石区".to_owned()), "{:?}", document.paragraphs);
}
