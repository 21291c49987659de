//! Where a mail's own words end and quoted or forwarded mail begins.

/// Lines below one that may begin a quoted mail in which the rest of its beginning is sought.
const NEAR: usize = 12;

/// The text above quoted replies and forwards, without lines marked `>`.
#[must_use]
pub fn own_text(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let own: Vec<&str> = lines
        .iter()
        .enumerate()
        .map_while(|(place, line)| {
            let after = lines.get(place + 1..).unwrap_or_default();
            let after = after.get(..NEAR).unwrap_or(after);
            (!starts_quote(line, after)).then_some(*line)
        })
        .filter(|line| !line.trim_start().starts_with('>'))
        .collect();
    own.join("\n").trim().to_owned()
}

/// The HTML above a quoted mail, by the marks that clients set there.
#[must_use]
pub fn own_html(html: &str) -> &str {
    /// NetEase, Gmail, Apple and Thunderbird, QQ, Outlook on the web, Foxmail, NetEase's mobile client.
    const MARKS: [&str; 18] = [
        "id=\"isreplycontent\"",
        "id=isreplycontent",
        "class=\"gmail_quote",
        "type=\"cite\"",
        "type=cite",
        "<includetail",
        "id=\"divrplyfwdmsg\"",
        "id=\"origbody\"",
        "ntes-mailmaster-quote",
        "ntes-pcmail-quote",
        "class=\"referencequote",
        "name=\"replycontent",
        "__aliyun_previous_quote__",
        "class=\"yahoo_quoted",
        "class=\"moz-cite-prefix",
        "class=\"gmail_extra",
        "id=\"appendonsend",
        "id=\"mail-editor-reference-message",
    ];
    let lower = html.to_ascii_lowercase();
    let marked = MARKS.iter().filter_map(|mark| lower.find(mark)).min();
    // A heading has a rule before it; the same words in a sentence have not.
    let is_ruled = |place: usize| {
        lower
            .as_bytes()
            .get(place.saturating_sub(60)..place)
            .is_some_and(|before| before.windows(2).any(|pair| pair == b"--"))
    };
    let headed = ["原始邮件", "原邮件", "original message"]
        .iter()
        .filter_map(|heading| lower.match_indices(heading).map(|(place, _)| place).find(|place| is_ruled(*place)))
        .min();
    // Outlook's block, and Alibaba's: the labels stand close together, with markup between them.
    let labelled = ["发件人", "from:", "from：", "寄件者"]
        .iter()
        .filter_map(|first| {
            lower.match_indices(first).take(50).map(|(place, _)| place).find(|place| is_block(&lower, *place))
        })
        .min();
    // `在 2021年8月1日，张三写道：`
    let attributed = ["写道：", "写道:", "wrote:", "wrote："]
        .iter()
        .filter_map(|end| {
            lower.match_indices(end).take(50).map(|(place, _)| place).find(|place| is_attributed(&lower, *place))
        })
        .min();
    let cut = marked.into_iter().chain(headed).chain(labelled).chain(attributed).min();
    cut.and_then(|place| html.get(..place)).unwrap_or(html)
}

/// Whether the labels of a quoted mail's header follow.
fn is_block(lower: &str, place: usize) -> bool {
    let near: String = lower.get(place..).unwrap_or_default().chars().take(1_500).collect();
    let near = near.replace("&nbsp;", "").replace(['\u{3000}', '\u{A0}', ' '], "");
    let has = |words: &[&str]| words.iter().any(|word| near.contains(word));
    has(&["发送时间", "发送日期", "日期", "sent:", "date:", "寄件日期"]) && has(&["主题", "subject:", "主旨"])
}

/// Whether a time or an address stands before `写道`.
fn is_attributed(lower: &str, place: usize) -> bool {
    let before = lower.as_bytes().get(place.saturating_sub(200)..place).unwrap_or_default();
    before.contains(&b'@') || before.windows(3).any(|three| three.starts_with(b"20") && three.ends_with(b"2"))
}

/// What stands behind a quoted mail whose end is marked: QQ puts the box of its big attachments there.
#[must_use]
pub fn html_behind_quote(html: &str) -> &str {
    let quoted = html.get(own_html(html).len()..).unwrap_or_default();
    let lower = quoted.to_ascii_lowercase();
    let end = lower.rfind("</includetail>").or_else(|| lower.rfind("</blockquote>"));
    end.and_then(|place| quoted.get(place..)).unwrap_or_default()
}

/// Whether a quoted or forwarded mail begins with this line.
fn starts_quote(line: &str, after: &[&str]) -> bool {
    let line = bare(line);
    is_ruled_heading(line) || is_header_block(line, after) || is_attribution(line, after)
}

/// `-----原始邮件-----`, `------------------ 原始邮件 ------------------`, `---- 回复的原邮件 ----`, in English too.
#[must_use]
pub fn is_ruled_heading(line: &str) -> bool {
    const HEADINGS: [&str; 10] = [
        "原始邮件",
        "原邮件",
        "转发邮件",
        "转发的邮件",
        "转发信息",
        "original message",
        "original",
        "forwarded message",
        "forwarded by",
        "replied message",
    ];
    if !line.starts_with("---") && !line.starts_with("———") && !line.starts_with("====") {
        return false;
    }
    let inner = line.trim_matches(|character: char| "-—= \u{A0}>*".contains(character)).to_lowercase();
    inner.chars().count() <= 40 && HEADINGS.iter().any(|heading| inner.contains(heading))
}

/// Outlook's block: `发件人:` with `发送时间:` or the like within the next lines.
fn is_header_block(line: &str, after: &[&str]) -> bool {
    const FIRST: [&str; 3] = ["发件人", "寄件者", "from"];
    const NEXT: [&str; 10] =
        ["发送时间", "发送日期", "日期", "收件人", "主题", "sent", "date", "to", "subject", "寄件日期"];
    is_label(line, &FIRST)
        && after
            .iter()
            .map(|next| bare(next))
            .filter(|next| !next.is_empty())
            .take(4)
            .filter(|next| is_label(next, &NEXT))
            .count()
            >= 2
}

fn is_label(line: &str, labels: &[&str]) -> bool {
    let label = line.split([':', '：']).next().filter(|label| label.len() < line.len()).unwrap_or_default();
    let label: String =
        label.to_lowercase().chars().filter(|character| !character.is_whitespace() && *character != '*').collect();
    labels.contains(&label.as_str())
}

/// `在 2021年8月5日，张三写道：`, `On … wrote:`, `At 2021-08-05 10:00:00, "张三" <…> wrote:`, perhaps broken over two lines.
fn is_attribution(line: &str, after: &[&str]) -> bool {
    let starts_english = line.starts_with("On ") || line.starts_with("At ");
    let starts_chinese =
        line.starts_with('在') || line.starts_with('于') || line.starts_with(|first: char| first.is_ascii_digit());
    let next = after.iter().map(|next| bare(next)).find(|next| !next.is_empty()).unwrap_or_default();
    let has_digit = line.contains(|character: char| character.is_ascii_digit());
    let ends = |line: &str| {
        line.ends_with("写道：") || line.ends_with("写道:") || line.ends_with("wrote:") || line.ends_with("wrote：")
    };
    if ends(line) {
        return starts_english || starts_chinese || line.contains('@') || has_digit;
    }
    (starts_english || starts_chinese)
        && has_digit
        && (line.contains('@') || line.contains("20"))
        && ends(next)
        && next.chars().count() <= 80
}

fn bare(line: &str) -> &str {
    line.trim().trim_start_matches(['>', '*', ' ', '\u{A0}', '|']).trim_end_matches(['*', ' '])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_a_quote_begins() {
        for quote in [
            "-----原始邮件-----\n发件人: a",
            "------------------ 原始邮件 ------------------\n发件人: a",
            "------------------&nbsp;原始邮件&nbsp;------------------".replace("&nbsp;", "\u{A0}").as_str(),
            "---- 回复的原邮件 ----\n| 发件人 | x |",
            "发件人: 市双拥办\n发送时间: 2021年7月22日 10:00\n收件人: 离石区\n主题: 通知",
            "发件人：市双拥办\n日期：2021-07-22\n主题：通知",
            "*From:* a\n*Sent:* b\n*To:* c",
            "在 2021-07-22 10:00:00，\"市双拥办\" <a@b.example> 写道：\n> 请报送",
            "在2021年7月22日 10:00，市双拥办<a@b.example>\n写道：",
            "On Thu, Jul 22, 2021 at 10:00 AM office <a@b.example> wrote:\n> x",
            "On Thu, Jul 22, 2021 at 10:00 AM office\n<a@b.example> wrote:",
            "At 2021-07-22 10:00:00, \"市双拥办\" <a@b.example> wrote:",
            "-------- 转发邮件信息 --------\n发件人: c",
            "> 请报送\n> 谢谢",
        ] {
            assert_eq!(own_text(&format!("报表已填好，请查收。\n\n{quote}\n")), "报表已填好，请查收。", "{quote}");
        }
    }

    #[test]
    fn own_words_are_not_cut() {
        for own in [
            "发件人不详，请核对。\n主题教育开展情况如下：",
            "-----\n离石区双拥办\n电话 0358",
            "领导在讲话中写道，要关心退役军人。\n金额 100 元",
            "From: the office\nwith love",
            "总书记在回信中写道：\n希望你们再立新功。",
            "我单位在2021年8月5日开展走访。\n共慰问12人。",
        ] {
            assert_eq!(own_text(own), own);
        }
    }

    #[test]
    fn html_is_cut_at_the_quote_and_goes_on_behind_it() {
        let html = "<p>已填</p><includetail><p>旧</p></includetail><div id=\"QQMailBigAttach\">新</div>";
        assert_eq!(own_html(html), "<p>已填</p>");
        assert_eq!(html_behind_quote(html), "</includetail><div id=\"QQMailBigAttach\">新</div>");
        let outlook = "<p>已填</p><b>发件人:</b> 甲<br><b>发送时间:</b> 乙<br><b>主题:</b> 丙";
        assert_eq!((own_html(outlook), html_behind_quote(outlook)), ("<p>已填</p><b>", ""));
        let prose = "<p>原始邮件的附件已改正</p>";
        assert_eq!((own_html(prose), html_behind_quote(prose)), (prose, ""));
    }

    #[test]
    fn answers_between_quoted_lines_stay() {
        assert_eq!(own_text("> 何时报？\n明天报\n> 谢谢"), "明天报");
    }
}
