//! References by row and column, as SpreadsheetML 2003 keeps them, turned into those Excel shows: in D5, `R[-1]C` is `D4`.

use crate::model::grid::cell_name;

/// The formula of the cell at this place, without its `=`. One with a reference that cannot be turned (a whole row or
/// column) is marked, so that nobody takes its `C3` for a cell.
pub(in crate::read::text) fn as_a1(formula: &str, row: u32, column: u32) -> String {
    let formula = formula.trim().trim_start_matches('=');
    turned(formula, row, column).unwrap_or_else(|| format!("{formula} [R1C1]"))
}

fn turned(formula: &str, row: u32, column: u32) -> Option<String> {
    let mut out = String::with_capacity(formula.len());
    let mut rest = formula;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' | '\'' => {
                let inside = rest.get(1..)?;
                inside.find(first).map_or(rest.len(), |at| at + 2)
            }
            _ if is_word(first) => {
                let word = rest.find(|character: char| !is_word(character)).unwrap_or(rest.len());
                match reference(rest, row, column) {
                    Some((name, length)) => {
                        out.push_str(&name);
                        rest = rest.get(length..)?;
                        continue;
                    }
                    None if rest.get(..word).is_some_and(is_row_or_column) => return None,
                    None => word,
                }
            }
            _ => first.len_utf8(),
        };
        out.push_str(rest.get(..length)?);
        rest = rest.get(length..)?;
    }
    Some(out)
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '.')
}

/// `R`, `C3`: a whole row or column, or the beginning of one such as `R[-1]`.
fn is_row_or_column(word: &str) -> bool {
    let mut characters = word.chars();
    matches!(characters.next(), Some('R' | 'C')) && characters.all(|character| character.is_ascii_digit())
}

/// The cell a reference at the start of this text names, and how long the reference is.
fn reference(text: &str, row: u32, column: u32) -> Option<(String, usize)> {
    let (row, behind_row) = part(text.strip_prefix('R')?, row)?;
    let (column, behind) = part(behind_row.strip_prefix('C')?, column)?;
    // Part of a longer word, such as a function's name.
    if behind.starts_with(is_word) || behind.starts_with('(') {
        return None;
    }
    Some((cell_name(row, column), text.len() - behind.len()))
}

/// A number counted from 1, one in brackets counted from here, or nothing for here; and what follows.
fn part(text: &str, here: u32) -> Option<(u32, &str)> {
    if let Some(inside) = text.strip_prefix('[') {
        let (offset, behind) = inside.split_once(']')?;
        let place = i64::from(here) + i64::from(offset.parse::<i32>().ok()?);
        return Some((u32::try_from(place).ok()?, behind));
    }
    let length = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (digits, behind) = text.split_at_checked(length)?;
    if digits.is_empty() {
        return Some((here, behind));
    }
    Some((digits.parse::<u32>().ok()?.checked_sub(1)?, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_from_d5() {
        for (formula, expected) in [
            ("=SUM(R[-3]C:R[-1]C)", "SUM(D2:D4)"),
            ("=ROUND((RC[-3]+RC[-2]+R5C3)/10000,2)", "ROUND((A5+B5+C5)/10000,2)"),
            ("='一 表'!R3C2&\"R1C1\"", "'一 表'!B3&\"R1C1\""),
            ("=Sheet2!R[1]C[1]", "Sheet2!E6"),
            ("=SUM(C3)", "SUM(C3) [R1C1]"),
            ("=SUM(R[-1])", "SUM(R[-1]) [R1C1]"),
            ("=RC[-9]", "RC[-9]"),
            ("=\"没关", "\"没关"),
        ] {
            assert_eq!(as_a1(formula, 4, 3), expected, "{formula}");
        }
    }
}
