//! The template engine: one pair of templates and a view in, a letter out. Strict, bounded, escaping.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior};
use serde::Serialize;

use super::words::clean;
use super::{Rendered, TemplateError};
use crate::model::campaign::Templates;
use crate::model::letter::LetterKind;

/// Instructions one template may take, at about 64 bytes each. A digest of a thousand units takes some 150,000.
const FUEL: u64 = 4_000_000;
/// Characters of a subject; longer ones are cut by some webmail in the middle of an encoded word.
const SUBJECT_LENGTH: usize = 120;
/// What the first line of a text template begins with.
const SUBJECT_MARKS: [&str; 4] = ["主题：", "主题:", "Subject:", "subject:"];

/// Renders both templates of a kind and takes the subject off the text.
pub(super) fn render(
    templates: &Templates,
    kind: LetterKind,
    view: &impl Serialize,
) -> Result<Rendered, TemplateError> {
    let name = kind.as_str();
    let Some(pair) = templates.letters.get(&kind) else {
        return Err(TemplateError {
            file: format!("{name}.txt"), line: None, message: "没有这份模板".to_owned()
        });
    };
    render_pair(name, &pair.text, &pair.html, view)
}

/// Renders a text and an HTML template of this name and takes the subject off the text.
pub(super) fn render_pair(
    name: &str,
    text: &str,
    html: &str,
    view: &impl Serialize,
) -> Result<Rendered, TemplateError> {
    let (text_file, html_file) = (format!("{name}.txt"), format!("{name}.html"));
    let view = Value::from(Serde(view));
    let text = fill(&text_file, text, AutoEscape::None, &view)?;
    let html = fill(&html_file, html, AutoEscape::Html, &view)?;
    let (subject, text) = split_subject(&text).ok_or_else(|| TemplateError {
        file: text_file,
        line: None,
        message: "第一行应写明邮件主题，形如“主题：回执”".to_owned(),
    })?;
    Ok(Rendered { subject, text, html: html.trim_start().to_owned(), pictures: Vec::new() })
}

fn fill(file: &str, source: &str, escape: AutoEscape, view: &Value) -> Result<String, TemplateError> {
    let filled = || -> Result<String, Error> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(move |_| escape.clone());
        environment.set_fuel(Some(FUEL));
        // Lines that hold only a `{% … %}` leave no empty line behind: an office edits what it sees.
        environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
        environment.add_template(file, source)?;
        environment.get_template(file)?.render(view)
    };
    filled().map_err(|error| in_plain_words(file, &error))
}

fn in_plain_words(file: &str, error: &Error) -> TemplateError {
    let what = match error.kind() {
        ErrorKind::UndefinedError => "用到了没有定义的变量",
        ErrorKind::SyntaxError => "模板语法有误",
        ErrorKind::UnknownFilter => "没有这个过滤器",
        ErrorKind::OutOfFuel => "循环过多，超出限度",
        _ => "无法生成",
    };
    // The line in question says more to an office than the engine's English.
    let detail = error.detail().map(|detail| format!("（{}）", clean(detail, 160))).unwrap_or_default();
    TemplateError { file: file.to_owned(), line: error.line(), message: format!("{what}{detail}") }
}

/// The subject of the first line that is not empty, and the rest.
fn split_subject(text: &str) -> Option<(String, String)> {
    let (first, rest) = text.trim_start().split_once('\n')?;
    let subject = SUBJECT_MARKS.iter().find_map(|mark| first.strip_prefix(mark))?;
    let subject = clean(subject, SUBJECT_LENGTH);
    let body = format!("{}\n", rest.trim_matches(['\r', '\n', ' ']));
    (!subject.is_empty()).then_some((subject, body))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::model::campaign::TemplatePair;

    fn render_with(text: &str, html: &str) -> Result<Rendered, TemplateError> {
        let pair = TemplatePair { text: text.into(), html: html.into() };
        let templates = Templates { letters: BTreeMap::from([(LetterKind::Ack, pair)]), ..Templates::default() };
        render(&templates, LetterKind::Ack, &json!({ "unit": "离石区\r\nBcc: x@evil.example <b>" }))
    }

    #[test]
    fn a_subject_stays_on_one_line_and_html_is_escaped() {
        let letter = render_with("{# 说明 #}\n主题：回执 {{ unit }}\n\n您好\n", "<p>{{ unit }}</p>");
        // A break inside a value ends the first line; nothing after it reaches the header.
        let letter = letter.unwrap();
        assert_eq!(letter.subject, "回执 离石区");
        assert!(!letter.subject.contains(['\r', '\n']));
        assert!(letter.html.contains("&lt;b&gt;") && !letter.html.contains("<b>"));
    }

    #[test]
    fn mistakes_name_file_and_line() {
        let mistake = render_with("主题：甲\n\n{{ unti }}\n", "").unwrap_err();
        assert_eq!((mistake.file.as_str(), mistake.line), ("ack.txt", Some(3)));
        let mistake = render_with("主题：甲\n乙", "<p>\n{% if unit %}\n").unwrap_err();
        assert_eq!(mistake.file, "ack.html");
        assert!(mistake.line.is_some());
        let mistake = render_with("您好\n乙", "").unwrap_err();
        assert!(mistake.to_string().contains("主题"));
    }

    #[test]
    fn endless_loops_run_dry() {
        let nested = "{% for a in range(10000) %}{% for b in range(10000) %}x{% endfor %}{% endfor %}";
        let mistake = render_with(&format!("主题：甲\n{nested}"), "").unwrap_err();
        assert!(mistake.message.contains("超出限度"), "{mistake}");
    }
}
