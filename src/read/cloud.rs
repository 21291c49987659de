//! Links to files a provider keeps instead of attaching them (超大附件, 云附件). They are named, never fetched.

use super::mime::plain;

/// A file behind a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloudLink {
    pub url: String,
    /// Lower case.
    pub host: String,
    /// The file name in the caption, if one stands there.
    pub name: Option<String>,
    /// As the caption has it, such as `12.5M`.
    pub size: Option<String>,
    /// As the caption has it, such as `2021年8月20日 10:00`.
    pub expires: Option<String>,
}

/// Where the providers keep such files: host and path, compared from the left.
const PLACES: [&str; 10] = [
    "mail.163.com/large-attachment-download/",
    "dashi.163.com/html/cloud-attachment-download",
    "fs.163.com/fs/display/",
    "edisk.qiye.163.com",
    "wx.mail.qq.com/ftn/download",
    "iwx.mail.qq.com/ftn/download",
    "mail.qq.com/cgi-bin/ftnexs_download",
    "mail.sina.com.cn/filecenter/download.php",
    "download.cloud.189.cn",
    "mail.qq.com/cgi-bin/ftn",
];
/// Characters around a link in which its caption is sought.
const AROUND: usize = 400;
/// Octets of HTML around a link in which its caption is sought.
const MARKUP_AROUND: usize = 4_000;
/// Most links taken from one mail.
const MOST: usize = 50;
/// Longest link kept, in octets.
const LONGEST: usize = 4_096;

/// The links in a mail's own text and HTML, each file once.
#[must_use]
pub fn find(text: &str, html: &str) -> Vec<CloudLink> {
    let mut links: Vec<CloudLink> = Vec::new();
    for (start, url) in urls(html).chain(std::iter::empty()).take(MOST * 4) {
        add(&mut links, of_html(html, start, &url));
    }
    for (start, url) in urls(text).take(MOST * 4) {
        add(&mut links, of_text(text, start, &url));
    }
    links.truncate(MOST);
    links
}

/// Two links to one file (an icon, a name and a 下载) are one; the better described stays.
fn add(links: &mut Vec<CloudLink>, link: CloudLink) {
    let same = links.iter_mut().find(|known| {
        known.url == link.url || (known.host == link.host && known.name.is_some() && known.name == link.name)
    });
    match same {
        Some(known) => {
            known.name = known.name.take().or(link.name);
            known.size = known.size.take().or(link.size);
            known.expires = known.expires.take().or(link.expires);
        }
        None => links.push(link),
    }
}

/// Every link to one of the places: where it starts, and the link.
fn urls(source: &str) -> impl Iterator<Item = (usize, String)> {
    source.match_indices("://").filter_map(move |(colon, _)| {
        let before = source.get(..colon)?;
        let scheme = ["https", "http", "HTTPS", "HTTP"].into_iter().find(|scheme| before.ends_with(scheme))?;
        let tail = source.get(colon + 3..)?;
        let fits = |character: char| character.is_ascii_graphic() && !"\"'<>\\^`{|}".contains(character);
        let end = tail.find(|character| !fits(character)).unwrap_or(tail.len());
        let place = tail.get(..end.min(LONGEST))?.trim_end_matches([')', ',', '.', ';']);
        let lower = place.to_ascii_lowercase();
        let known = PLACES.iter().any(|known| lower.starts_with(known));
        let mut url = format!("{}://", scheme.to_ascii_lowercase());
        plain::unescape(place, &mut url);
        known.then(|| (colon - scheme.len(), url))
    })
}

fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#', ':']).next().unwrap_or_default().to_ascii_lowercase()
}

/// The caption in HTML: the link's own text or attributes, else the words around it.
fn of_html(html: &str, start: usize, url: &str) -> CloudLink {
    let from = floor(html, start.saturating_sub(MARKUP_AROUND));
    let to = floor(html, start.saturating_add(url.len() + MARKUP_AROUND).min(html.len()));
    let before = html.get(from..start).unwrap_or_default();
    let after = html.get(start..to).unwrap_or_default();
    // Back to the beginning of the tag the link stands in, so that its text is read as text.
    let tag = before.rfind('<').map_or(before.len(), |place| place.max(before.rfind('>').unwrap_or(0)));
    let (before, opening) = before.split_at_checked(tag).unwrap_or((before, ""));
    let before = before.split_once('>').filter(|_| from > 0).map_or(before, |(_, rest)| rest);
    let tag_and_text = format!("{opening}{after}");
    let (inside_tag, following) = tag_and_text.split_once('>').unwrap_or((&tag_and_text, ""));
    let anchor = following.split_once("</a").or_else(|| following.split_once("</A")).map_or("", |(anchor, _)| anchor);
    let attributes = ["filename=", "title=", "data-name=", "data-filename="]
        .iter()
        .find_map(|name| inside_tag.split_once(name))
        .map(|(_, value)| value.trim_start_matches(['"', '\'']).split(['"', '\'']).next().unwrap_or_default());
    let mut named = String::new();
    plain::unescape(attributes.unwrap_or_default(), &mut named);
    let own = file_name(&plain::from_html(anchor)).or_else(|| file_name(&named));
    let previous = plain::from_html(before);
    let next = plain::from_html(following);
    caption(url, own, &previous, &next)
}

fn of_text(text: &str, start: usize, url: &str) -> CloudLink {
    let before = text.get(..start).unwrap_or_default();
    let after = text.get(start..).and_then(|tail| tail.find(char::is_whitespace).and_then(|end| tail.get(end..)));
    caption(url, None, before, after.unwrap_or_default())
}

/// Looks for name, size and expiry near the link: first behind it up to the next link, then before it back to the last.
fn caption(url: &str, own: Option<String>, before: &str, after: &str) -> CloudLink {
    let after: String = after.split("://").next().unwrap_or_default().chars().take(AROUND).collect();
    let before = before.rsplit("://").next().unwrap_or_default();
    let length = before.chars().count();
    let before: String = before.chars().skip(length.saturating_sub(AROUND)).collect();
    let lines_before: Vec<&str> = before.lines().collect();
    let name_before = || lines_before.iter().rev().find_map(|line| file_name(line));
    let name_after = || after.lines().take(3).find_map(file_name);
    CloudLink {
        url: url.to_owned(),
        host: host(url),
        name: own.or_else(name_before).or_else(name_after),
        size: size(&after).or_else(|| lines_before.iter().rev().find_map(|line| size(line))),
        expires: expires(&after).or_else(|| lines_before.iter().rev().find_map(|line| expires(line))),
    }
}

/// A file name in a line: what ends in a known extension, back to where a name cannot go on.
fn file_name(line: &str) -> Option<String> {
    const ENDINGS: [&str; 24] = [
        "xlsx", "xlsm", "xlsb", "xls", "docx", "doc", "wps", "et", "pdf", "ofd", "zip", "rar", "7z", "tar", "gz",
        "pptx", "ppt", "csv", "txt", "jpg", "jpeg", "png", "tif", "mp4",
    ];
    let lower = line.to_ascii_lowercase();
    let (dot, ending) = lower.match_indices('.').find_map(|(dot, _)| {
        let tail = lower.get(dot + 1..)?;
        let ending = ENDINGS.iter().find(|ending| {
            tail.strip_prefix(**ending)
                .is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '.'))
        })?;
        Some((dot, *ending))
    })?;
    let stem = line.get(..dot)?;
    let stem = stem.rsplit(['\t', '<', '>', '|', '"', '：', '/', '\\', '\u{201C}']).next().unwrap_or_default().trim();
    let name = format!("{stem}{}", line.get(dot..dot + 1 + ending.len())?);
    (!stem.is_empty() && stem.chars().count() <= 150).then_some(name)
}

/// `12.5M`, `(5.2 MB)`, `1.3GB`.
fn size(text: &str) -> Option<String> {
    for (place, unit) in text.char_indices().filter(|(_, character)| "KMGkmg".contains(*character)) {
        let before = text.get(..place)?.trim_end();
        let number: String =
            before.chars().rev().take_while(|character| character.is_ascii_digit() || *character == '.').collect();
        let number: String = number.chars().rev().collect();
        let mut rest = text.get(place + unit.len_utf8()..)?.chars();
        let (first, second) = (rest.next(), rest.next());
        let with_b = matches!(first, Some('B' | 'b'));
        let next = if with_b { second } else { first };
        let ends = next.is_none_or(|next| !next.is_ascii_alphanumeric());
        if ends && number.starts_with(|first: char| first.is_ascii_digit()) {
            return Some(format!("{number}{unit}{}", if with_b { "B" } else { "" }));
        }
    }
    None
}

/// `2021年8月20日 10:00 到期` gives the time; `无限期` gives itself.
fn expires(text: &str) -> Option<String> {
    if text.contains("无限期") {
        return Some("无限期".to_owned());
    }
    let (before, after) =
        text.split_once("到期").or_else(|| text.split_once("过期")).or_else(|| text.split_once("有效期至"))?;
    let source = if before.ends_with(|last: char| last.is_ascii_digit() || "日分时 \u{A0}".contains(last)) {
        before
    } else {
        after
    };
    let fits = |character: char| character.is_ascii_digit() || "年月日时分:：-/. \u{A0}".contains(character);
    let when: String = if std::ptr::eq(source, before) {
        let backwards: String = source.chars().rev().take_while(|character| fits(*character)).collect();
        backwards.chars().rev().collect()
    } else {
        source
            .chars()
            .skip_while(|character| !character.is_ascii_digit())
            .take_while(|character| fits(*character))
            .collect()
    };
    let when = when.replace('\u{A0}', " ");
    let when = when.trim().trim_matches(['.', ',']).trim();
    when.contains(|character: char| character.is_ascii_digit()).then(|| when.to_owned())
}

/// The nearest character boundary at or before `place`.
fn floor(text: &str, place: usize) -> usize {
    (0..=place).rev().take(4).find(|candidate| text.is_char_boundary(*candidate)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neteases_box_of_attachments() {
        let html = "<div id=\"divNeteaseBigAttach\"><div>从网易163邮箱发来的云附件</div><div><a href=\"https://mail.163.com/large-attachment-download/index.html?p=AB&amp;file=1\" filename=\"离石区走访照片.zip\">下载</a><span>离石区走访照片.zip (112.5M, 2021年8月20日 10:20 到期)</span></div></div>";
        assert_eq!(
            find("", html),
            [CloudLink {
                url: "https://mail.163.com/large-attachment-download/index.html?p=AB&file=1".into(),
                host: "mail.163.com".into(),
                name: Some("离石区走访照片.zip".into()),
                size: Some("112.5M".into()),
                expires: Some("2021年8月20日 10:20".into()),
            }]
        );
    }

    #[test]
    fn qqs_plain_text() {
        let text = "从QQ邮箱发来的超大附件\n\n报表及照片.rar (120.5M, 2021年08月20日 10:20 到期)进入下载页面：http://mail.qq.com/cgi-bin/ftnExs_download?k=7&t=exs_ftn_download&code=abc\n谢谢";
        let found = find(text, "");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].name.as_deref(), Some("报表及照片.rar"));
        assert_eq!(found[0].size.as_deref(), Some("120.5M"));
        assert_eq!(found[0].expires.as_deref(), Some("2021年08月20日 10:20"));
        assert_eq!(found[0].url, "http://mail.qq.com/cgi-bin/ftnExs_download?k=7&t=exs_ftn_download&code=abc");
    }

    #[test]
    fn two_files_are_two_and_two_links_to_one_are_one() {
        let item = |key: &str, name: &str| {
            format!(
                "<a href='https://wx.mail.qq.com/ftn/download?k={key}'><img></a><a href='https://wx.mail.qq.com/ftn/download?k={key}'>{name}</a> <span>3M 无限期</span><br>"
            )
        };
        let html = format!("{}{}", item("1", "一.xls"), item("2", "二.xls"));
        let found = find("", &html);
        let names: Vec<_> = found.iter().filter_map(|link| link.name.as_deref()).collect();
        assert_eq!(names, ["一.xls", "二.xls"]);
        assert_eq!(found[1].expires.as_deref(), Some("无限期"));
    }

    #[test]
    fn what_is_no_cloud_attachment() {
        assert!(find("", "<style>#divNeteaseBigAttach{}</style><a href=\"https://mail.163.com/\">163</a>").is_empty());
        assert!(find("请登录 https://example.org/mail.163.com/large-attachment-download/ 查看", "").is_empty());
        assert!(find("://mail.163.com/large-attachment-download/", "").is_empty());
    }
}
