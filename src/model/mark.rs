//! What is to be written beside the cells of a workbook before it goes back to whoever sent it.

use serde::{Deserialize, Serialize};

/// A remark on one cell, or on a sheet as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The sheet's name.
    pub sheet: String,
    /// As Excel names it (`N6`); `None` where the remark is about the whole sheet.
    pub cell: Option<String>,
    pub tone: Tone,
    /// One line of Chinese, made harmless.
    pub text: String,
}

/// What a mark asks for. The letter names the two colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Only told: light blue.
    Hint,
    /// The unit must mend it: yellow.
    Mend,
}

impl Tone {
    /// The colour of the cell, as `RRGGBB`.
    #[must_use]
    pub fn colour(self) -> u32 {
        match self {
            Self::Hint => 0x00DD_EBF7,
            Self::Mend => 0x00FF_EB3B,
        }
    }

    /// The word before the remark.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Hint => "提示",
            Self::Mend => "请更正",
        }
    }
}

impl Mark {
    /// The remark as it stands in a note at its own cell, which it need not name, with the other cells it names called as
    /// `elsewhere` says.
    #[must_use]
    pub fn said(&self, elsewhere: &dyn Fn(&str) -> Option<String>) -> String {
        let text =
            self.cell.as_deref().and_then(|cell| self.text.strip_prefix(cell)).unwrap_or(&self.text).trim_start();
        let mut said = format!("{}：", self.tone.word());
        let mut word = String::new();
        for character in text.chars() {
            if character.is_ascii_alphanumeric() {
                word.push(character);
            } else {
                push_word(&mut said, &word, elsewhere);
                word.clear();
                said.push(character);
            }
        }
        push_word(&mut said, &word, elsewhere);
        said
    }
}

fn push_word(said: &mut String, word: &str, elsewhere: &dyn Fn(&str) -> Option<String>) {
    match Some(word).filter(|word| !word.is_empty()).and_then(elsewhere) {
        Some(other) => said.push_str(&other),
        None => said.push_str(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_names_other_cells_only_and_by_their_new_names() {
        let mark = Mark {
            sheet: "Sheet1".into(),
            cell: Some("N6".into()),
            tone: Tone::Mend,
            text: "N6 总额填写为 9 万元，与 C6、AB66 不符，C66 除外。".into(),
        };
        let elsewhere = |cell: &str| (cell == "C6").then(|| "A5".to_owned());
        assert_eq!(mark.said(&elsewhere), "请更正：总额填写为 9 万元，与 A5、AB66 不符，C66 除外。");
        assert_eq!(mark.said(&|_| None), "请更正：总额填写为 9 万元，与 C6、AB66 不符，C66 除外。");
    }
}
