//! OpenFormula as Excel would write it: `of:=SUM([.C5:.C9];[$表2.B3])` is `SUM(C5:C9,'表2'!B3)`.
//!
//! Source: OpenDocument 1.2 part 2, 5.8 (references), 5.6 (separators).

/// The formula without its prefix, references and separators turned into Excel's. What cannot be turned stays in its
/// brackets, which no reader of formulas takes.
pub(super) fn as_excel(formula: &str) -> String {
    let body = formula.split_once('=').map_or(formula, |(_, body)| body);
    let mut out = String::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = rest.find(['"', '[', ';']) {
        let (front, behind) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(front);
        let mut characters = behind.chars();
        let mark = characters.next();
        let inside = characters.as_str();
        rest = match mark {
            Some('"') => {
                let (words, after) = inside.split_once('"').unwrap_or((inside, ""));
                out.push('"');
                out.push_str(words);
                out.push('"');
                after
            }
            Some('[') => {
                let (reference, after) = inside.split_once(']').unwrap_or((inside, ""));
                match as_reference(reference) {
                    Some(turned) => out.push_str(&turned),
                    None => out.push_str(&format!("[{reference}]")),
                }
                after
            }
            _ => {
                out.push(',');
                inside
            }
        };
    }
    out.push_str(rest);
    out
}

/// `.C5`, `.C5:.C9`, `$表2.$B$3`, `'一 表'.B3:.B4`.
fn as_reference(reference: &str) -> Option<String> {
    let (first, second) = match reference.rsplit_once(":.") {
        Some((first, second)) => (first, Some(second)),
        None => (reference, None),
    };
    let (sheet, corner) = first.rsplit_once('.')?;
    let plain =
        |corner: &str| !corner.is_empty() && corner.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'$');
    if sheet.contains('#') || !plain(corner) || !second.is_none_or(plain) {
        return None;
    }
    let mut turned = String::new();
    let sheet = sheet.trim_start_matches('$');
    if !sheet.is_empty() {
        let bare = sheet.strip_prefix('\'').and_then(|sheet| sheet.strip_suffix('\'')).unwrap_or(sheet);
        turned.push_str(&format!("'{bare}'!"));
    }
    turned.push_str(corner);
    if let Some(second) = second {
        turned.push(':');
        turned.push_str(second);
    }
    Some(turned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_separators_and_words() {
        for (formula, expected) in [
            ("of:=SUM([.C5:.C9])/10000", "SUM(C5:C9)/10000"),
            ("of:=ROUND(SUM([.C5];[.F5];[.$I$5])/10000;2)", "ROUND(SUM(C5,F5,$I$5)/10000,2)"),
            ("of:=[$'一 表'.B3]+[$Sheet2.B4:.B5]", "'一 表'!B3+'Sheet2'!B4:B5"),
            ("oooc:=[.A1]&\"；[;]\"", "A1&\"；[;]\""),
            ("of:=['file:///a.ods'#$表.A1]", "['file:///a.ods'#$表.A1]"),
            ("of:=[.#REF!]", "[.#REF!]"),
            ("of:=[.A1", "A1"),
        ] {
            assert_eq!(as_excel(formula), expected, "{formula}");
        }
    }
}
