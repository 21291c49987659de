//! Plain text and HTML of a letter say the same: every figure, cell, date, address and file name of the one stands in the
//! other, and so does every word but for the headings that a layout needs.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

/// Words of the layout: headings and labels that one of the two forms needs and the other does not.
const LAYOUT: [&str; 14] = [
    "登记情况",
    "回执",
    "栏目",
    "前次",
    "本次",
    "此前",
    "现在",
    "位置",
    "所欠材料",
    "报送提醒",
    "更正通知",
    "统计表已核定",
    "请更正统计表",
    "逾期催报",
];
/// Digest and final report put into bars, columns and a picture what their text says in lines; their own tests hold them
/// to their figures.
const LAID_OUT_THEIR_OWN_WAY: [&str; 2] = ["digest", "final"];

/// What a reader sees of a page: blocks on lines of their own, nothing of the head.
fn seen(html: &str) -> String {
    let body = html.split_once("<body").map_or(html, |(_, body)| body);
    let mut text = String::new();
    let mut rest = format!("<body{body}");
    while let Some((before, tag)) = rest.clone().split_once('<') {
        text.push_str(before);
        let Some((tag, after)) = tag.split_once('>') else { break };
        let name: String = tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        if !matches!(name.as_str(), "b" | "span") {
            text.push('\n');
        }
        rest = after.to_owned();
    }
    text.push_str(&rest);
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#x2f;", "/"), ("&amp;", "&")];
    entities.iter().fold(text, |text, (entity, character)| text.replace(entity, character))
}

/// Figures with their units, cells, times, addresses, digests: what is written in Latin letters and digits.
fn tokens(text: &str) -> BTreeSet<String> {
    let fits = |character: char| character.is_ascii_alphanumeric() || ".,:@_/-".contains(character);
    let mut tokens = BTreeSet::new();
    let mut token = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if fits(character) {
            token.push(character);
        }
        let ends = characters.peek().is_none_or(|next| !fits(*next));
        if ends && !token.is_empty() {
            let unit = text_after(&mut characters);
            // `1.` in front of a line of a list is the layout's.
            let bare = token.trim_matches(['.', ',', ':', '-', '/']);
            if !(bare.is_empty() || token.ends_with('.') && bare.chars().all(|digit| digit.is_ascii_digit())) {
                tokens.insert(format!("{bare}{unit}"));
            }
            token.clear();
        }
    }
    tokens
}

/// The word of measure behind a figure.
fn text_after(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
    let mut ahead = characters.clone().skip_while(|character| *character == ' ');
    ahead.next().filter(|next| "年月日天元万人页行处个号".contains(*next)).map(String::from).unwrap_or_default()
}

/// Runs of Chinese characters.
fn words(text: &str) -> BTreeSet<String> {
    let is_chinese = |character: char| ('\u{4e00}'..='\u{9fff}').contains(&character);
    text.split(|character| !is_chinese(character)).filter(|word| word.chars().count() > 1).map(str::to_owned).collect()
}

fn lacking(of: &str, other: &str) -> Vec<String> {
    let all: String = other.chars().filter(|character| !character.is_whitespace()).collect();
    let mut lacking: Vec<String> = tokens(of).difference(&tokens(other)).cloned().collect();
    lacking.extend(words(of).into_iter().filter(|word| !all.contains(word) && !LAYOUT.contains(&word.as_str())));
    lacking
}

#[test]
fn text_and_html_of_every_golden_letter_say_the_same() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/letters");
    let mut different = Vec::new();
    let mut count = 0;
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "txt")) {
        let text = fs::read_to_string(&path).unwrap();
        // The subject is a header of both; the page may say it again.
        let (_, body) = text.split_once('\n').unwrap();
        let html = seen(&fs::read_to_string(path.with_extension("html")).unwrap());
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if LAID_OUT_THEIR_OWN_WAY.iter().any(|kind| name.starts_with(kind)) {
            continue;
        }
        for (which, lacking) in [("html", lacking(body, &html)), ("text", lacking(&html, &text))] {
            if !lacking.is_empty() {
                different.push(format!("{name}: its {which} lacks {lacking:?}"));
            }
        }
        count += 1;
    }
    assert!(count >= 14, "{count}");
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn a_figure_that_is_in_one_only_is_found() {
    let html = "<body><p>合计 <b>99,000.50</b> 元，C5&lt;</p><p>截至8月11日 09:00</p></body>";
    let text = "合计 99,000.50 元，C5<\n截至8月11日 09:00\n";
    assert_eq!(lacking(text, &seen(html)), Vec::<String>::new());
    assert_eq!(lacking(&text.replace("50 元", "55 元"), &seen(html)), ["99,000.55元"]);
    assert_eq!(lacking(&text.replace("C5", "C6"), &seen(html)), ["C6"]);
    assert_eq!(lacking(&text.replace("截至", "直到"), &seen(html)), ["直到"]);
}
