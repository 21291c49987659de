//! Mails built here, whole and broken, and what is taken out of them.

use proptest::prelude::*;

use super::*;

fn gbk(text: &str) -> Vec<u8> {
    encoding_rs::GB18030.encode(text).0.into_owned()
}

fn apart(mail: impl AsRef<[u8]>) -> Parts {
    take_apart(mail.as_ref(), &Limits::default())
}

fn crlf(text: &str) -> String {
    text.replace('\n', "\r\n")
}

#[test]
fn a_plain_mail_has_one_body() {
    let parts = apart("From: a@b.example\nSubject: x\n\n第一行\n第二行\n");
    assert_eq!(parts.leaves.len(), 1);
    assert_eq!(words_of(&parts.leaves).text, "第一行\n第二行");
}

#[test]
fn an_unlabelled_and_a_mislabelled_body_are_read() {
    let body = "各位领导：我区走访慰问报表请查收。";
    for (label, mislabelled) in [("", false), ("; charset=gb2312", false), ("; charset=utf-8", true)] {
        let mut mail = format!("From: a@b.example\r\nContent-Type: text/plain{label}\r\n\r\n").into_bytes();
        mail.extend(gbk(body));
        let words = words_of(&apart(&mail).leaves);
        assert_eq!((words.text.as_str(), words.mislabelled), (body, mislabelled), "{label}");
    }
}

#[test]
fn attachments_keep_their_raw_bytes() {
    let table = gbk("单位,金额\r\n离石区,100\r\n");
    let mut mail = crlf("From: a@b.example\nContent-Type: multipart/mixed; boundary=\"=_b\"\n\n--=_b\nContent-Type: text/plain; charset=gbk\n\n").into_bytes();
    mail.extend(gbk("见附件"));
    mail.extend(crlf("\n--=_b\nContent-Type: text/csv; charset=utf-8; name=\"").into_bytes());
    mail.extend(gbk("报表.csv"));
    mail.extend(crlf("\"\nContent-Disposition: attachment\nContent-Transfer-Encoding: 8bit\n\n").into_bytes());
    mail.extend(&table);
    mail.extend(b"\r\n--=_b--\r\n");
    let parts = apart(&mail);
    let leaf = &parts.leaves[1];
    assert_eq!((leaf.name.as_str(), leaf.media_type.as_str(), leaf.is_body), ("报表.csv", "text/csv", false));
    assert_eq!(leaf.bytes.trim_ascii_end(), table.trim_ascii_end());
    assert_eq!(words_of(&parts.leaves).text, "见附件");
}

#[test]
fn truncated_and_junk_tailed_base64_give_what_they_have() {
    let whole: Vec<u8> = (0..200_u8).collect();
    let encoded = data_encoding::BASE64.encode(&whole);
    let head = "From: a@b.example\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\nContent-Type: text/plain\n\nx\n--bb\nContent-Type: application/octet-stream; name=a.xls\nContent-Transfer-Encoding: base64\n\n";
    let cut = apart(crlf(&format!("{head}{}", encoded.get(..100).unwrap())));
    assert_eq!((cut.leaves[1].bytes.as_slice(), cut.leaves[1].damaged), (&whole[..75], true));
    let junk = apart(crlf(&format!("{head}{encoded}\n\n-- \nVirus checked by gate. No threats were found!\n--bb--\n")));
    assert_eq!((junk.leaves[1].bytes.as_slice(), junk.leaves[1].damaged), (whole.as_slice(), true));
    let sound = apart(crlf(&format!("{head}{encoded}\n--bb--\n")));
    assert_eq!((sound.leaves[1].bytes.as_slice(), sound.leaves[1].damaged), (whole.as_slice(), false));
}

#[test]
fn the_html_is_read_where_the_plain_version_is_empty() {
    let mail = |plain: &str| {
        crlf(&format!(
            "From: a@b.example\nContent-Type: multipart/alternative; boundary=bb\n\n--bb\nContent-Type: text/plain; charset=utf-8\n\n{plain}\n--bb\nContent-Type: text/html; charset=utf-8\n\n<p>网页</p>\n--bb--\n"
        ))
    };
    assert_eq!(words_of(&apart(mail("文字")).leaves).text, "文字");
    let empty = words_of(&apart(mail(" ")).leaves);
    assert_eq!((empty.text.as_str(), empty.html.trim()), ("网页", "<p>网页</p>"));
}

#[test]
fn html_charset_comes_from_its_meta_where_the_field_is_silent() {
    let mut mail = b"From: a@b.example\r\nContent-Type: text/html\r\n\r\n<meta charset=\"gb2312\"><p>".to_vec();
    mail.extend(gbk("系统"));
    assert_eq!(words_of(&apart(&mail).leaves).text, "系统");
}

#[test]
fn nested_mails_are_leaves_with_their_bytes() {
    let mail = crlf(
        "From: a@b.example\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\nContent-Type: text/plain\n\n转\n--bb\nContent-Type: message/rfc822; name=x.eml\n\nFrom: c@d.example\nSubject: in\nContent-Type: multipart/mixed; boundary=cc\n\n--cc\nContent-Type: text/plain\n\ninner\n--cc--\n\n--bb\nContent-Type: text/plain; name=z.txt\n\nlast\n--bb--\n",
    );
    let parts = apart(&mail);
    let types: Vec<_> = parts.leaves.iter().map(|leaf| leaf.media_type.as_str()).collect();
    assert_eq!(types, ["text/plain", "message/rfc822", "text/plain"]);
    let inner = String::from_utf8_lossy(&parts.leaves[1].bytes);
    assert!(inner.starts_with("From: c@d.example") && inner.contains("--cc--"), "{inner}");
    assert_eq!(parts.leaves[2].bytes, b"last");
}

#[test]
fn mbox_lines_and_marks_before_the_header_are_no_trouble() {
    for preamble in ["From a@b Thu Aug 5 10:00:00 2021\r\n", "\u{FEFF}", "\r\n\r\n"] {
        let parts = apart(format!("{preamble}From: a@b.example\r\nSubject: s\r\n\r\nbody"));
        assert_eq!(parts.fields.text("subject").as_deref(), Some("s"), "{preamble:?}");
        assert_eq!(words_of(&parts.leaves).text, "body");
    }
}

#[test]
fn deep_nesting_and_countless_parts_are_bounded() {
    let nested = "Content-Type: message/rfc822\r\n\r\n".repeat(22_000);
    let parts = apart(format!("From: a@b.example\r\n{nested}"));
    assert_eq!((parts.leaves.len(), parts.left_out), (1, false));
    assert_eq!(parts.fields.first("from"), Some(b"a@b.example".as_slice()));
    let many = "--b\r\n\r\nx\r\n".repeat(120_000);
    let parts = apart(format!("From: a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{many}"));
    assert_eq!((parts.leaves.len(), parts.left_out), (Limits::default().mime_parts, true));
    let nested: String = (0..1_900)
        .map(|level| format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n"))
        .collect();
    assert!(apart(format!("From: a@b.example\r\n{nested}")).left_out);
}

#[test]
fn a_file_is_a_file_whatever_its_part_is_called() {
    let zip =
        b"PK\x03\x04\x14\x00\x00\x00\x08\x00 and what follows in it, long enough to be told from words".as_slice();
    let encoded = data_encoding::BASE64_MIME.encode(zip);
    for (encoding, content) in [
        ("base64", encoded.as_bytes()),
        ("7bit", encoded.as_bytes()),
        ("x-base64", encoded.as_bytes()),
        ("quoted-printable", encoded.as_bytes()),
        ("base64", zip),
        ("8bit", zip),
    ] {
        let mut mail = format!("From: a@b.example\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n").into_bytes();
        mail.extend(content);
        let parts = apart(&mail);
        assert_eq!((parts.leaves[0].bytes.as_slice(), parts.leaves[0].is_body), (zip, false), "{encoding}");
    }
}

#[test]
fn a_file_below_the_words_is_taken_out_of_them() {
    let text =
        "From: a@b.example\n\n见下\nbegin 644 a.txt\n#0V%T\n$0V%T<P``\n`\nend\n再见\nbegin 644 is no file\nwords\n";
    let parts = apart(crlf(text));
    assert_eq!(words_of(&parts.leaves).text, "见下\n再见\nbegin 644 is no file\nwords");
    let file = &parts.leaves[1];
    assert_eq!((file.name.as_str(), file.bytes.as_slice(), file.damaged), ("a.txt", b"CatCats".as_slice(), false));
}

#[test]
fn line_ends_of_old_macs_are_line_ends() {
    let mail = "From: a@b.example\rSubject: x\rContent-Type: multipart/mixed; boundary=b\r\r--b\r\rone\r--b--\r";
    let parts = apart(mail);
    assert_eq!(parts.fields.first("subject"), Some(b"x".as_slice()));
    assert_eq!(words_of(&parts.leaves).text, "one");
}

proptest! {
    #[test]
    fn no_header_value_breaks_its_reading(
        value in "(=\\?|\\?=|\\?B\\?|\\?Q\\?|gb2312|utf-8|[A-Za-z0-9+/=]{0,9}|\\PC{0,4}|[\"'<>(),;:*%~{}@ \\r\\n\\t]){0,24}"
    ) {
        for bytes in [value.clone().into_bytes(), gbk(&value)] {
            let _ = words::decode(&bytes);
            let _ = addresses::parse(&bytes);
            let _ = headers::identifiers(&bytes);
            let field = Parametrised::parse(&bytes);
            let _ = (field.text("filename"), field.plain("charset"), field.octets("boundary"));
        }
        let _ = dates::parse(&value);
        let _ = (quotes::own_text(&value), quotes::own_html(&value), plain::from_html(&value));
    }

    #[test]
    fn no_transfer_encoding_breaks(
        encoding in "base64|quoted-printable|x-uuencode|7bit|\\PC{0,8}",
        content in "(begin 644 a\n|end\n|[!-`]{0,70}\n|[A-Za-z0-9+/]{4,76}\r\n|=|=\n|\\PC{0,8}){0,12}",
    ) {
        let _ = transfer::decode(&encoding, content.as_bytes());
        let mut text = content.into_bytes();
        let files = transfer::uuencoded_files(&mut text, 3);
        prop_assert!(files.len() <= 4);
    }

    #[test]
    fn whole_base64_survives_any_folding(bytes in prop::collection::vec(any::<u8>(), 0..300), width in 1_usize..90) {
        let encoded = data_encoding::BASE64.encode(&bytes);
        let folded: String = encoded.as_bytes().chunks(width).map(|line| format!("{}\r\n", String::from_utf8_lossy(line))).collect();
        prop_assert_eq!(transfer::base64(folded.as_bytes()).bytes, bytes);
    }
}
