//! The filled form as a web page's table: pasted into a mail's body, or saved from a web form under an .xls name.

use super::form::{FilledForm, GROUPS, HEADERS, KEYS, TITLE};

/// The form as HTML, with the spans of the printed header.
#[must_use]
pub fn table(form: &FilledForm) -> String {
    let mut out = format!(
        "<div style=\"font-family:仿宋;font-size:14px\"><p align=\"center\"><b>{TITLE}</b></p>\
         <p>县(市、区)/单位名称：{}　　　　填报时间：{}</p><table border=\"1\" cellspacing=\"0\">",
        escape(&form.unit_name),
        escape(&form.filled_on)
    );
    let [own, troops] = GROUPS;
    out.push_str(&format!("<tr><td colspan=\"6\">{own}</td><td colspan=\"3\">{troops}</td>"));
    for header in HEADERS.iter().skip(9) {
        out.push_str(&format!("<td rowspan=\"2\">{header}</td>"));
    }
    out.push_str("</tr><tr>");
    for header in HEADERS.iter().take(9) {
        out.push_str(&format!("<td>{header}</td>"));
    }
    out.push_str("</tr>");
    for row in form.rows.iter().chain(form.sum_row.as_ref()) {
        out.push_str("<tr>");
        for (cell, _) in row.iter().zip(KEYS) {
            out.push_str(&format!("<td>{}</td>", escape(&cell.shown())));
        }
        out.push_str("</tr>");
    }
    out.push_str("</table>");
    for note in &form.notes {
        out.push_str(&format!("<p>{}</p>", escape(note)));
    }
    out.push_str("</div>");
    out
}

/// Text for the inside of an HTML or XML element or attribute.
#[must_use]
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
