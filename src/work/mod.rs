//! Where the pure core meets the edges: taking mail in, owing letters, delivering them, telling the office.

pub mod accounting;
pub mod alarm;
pub mod annotate;
pub mod backup;
pub mod collect;
pub mod deliver;
pub mod desk;
pub mod enclose;
pub mod entry;
pub mod failpoint;
pub mod haste;
pub mod opener;
pub mod owe;
pub mod poll;
pub mod purge;
pub mod render;
pub mod reread;
pub mod review;
pub mod ruling;
pub mod standings;
pub mod unit_words;
pub mod vitals;
pub mod workbook;

use crate::judge::letters::TemplateError;
use crate::model::letter::LetterKey;
use crate::store::StoreError;

/// What a server said, fit for the log: servers repeat addresses, and no address stands in a log line.
#[must_use]
pub fn without_addresses(said: &str) -> String {
    let shown = |word: &str| if word.contains('@') { "(address)".to_owned() } else { word.to_owned() };
    said.split_whitespace().map(shown).collect::<Vec<_>>().join(" ")
}

/// A letter's key, fit for the log: the list for a superior is named by its address, an alert may name an account.
#[must_use]
pub fn key_for_log(key: &LetterKey) -> String {
    match key {
        LetterKey::Arrears { campaign, stage, reader: _ } => format!("arrears/{campaign}/{stage}/(address)"),
        LetterKey::Ack { .. }
        | LetterKey::Answer { .. }
        | LetterKey::Reminder { .. }
        | LetterKey::Digest { .. }
        | LetterKey::Alert { .. } => {
            let shown = |part: &str| if part.contains('@') { "(address)".to_owned() } else { part.to_owned() };
            key.text().split('/').map(shown).collect::<Vec<_>>().join("/")
        }
    }
}

/// Why a piece of work could not be done: the world failed, not the mail. It is tried again.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the archive: {0}")]
    Archive(#[from] std::io::Error),
    #[error("no reading process could be started: {0}")]
    Reader(std::io::Error),
    #[error("a letter's template: {0}")]
    Template(#[from] TemplateError),
    #[error("people kept acting on the same mail while it was judged again; try once more")]
    Interrupted,
    #[error("the workbook could not be written: {0}")]
    Workbook(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_stands_in_what_is_logged() {
        assert_eq!(without_addresses("550 <a@unit.example>: no such user"), "550 (address) no such user");
        let list = LetterKey::Arrears {
            campaign: "2021-bayi".to_owned(),
            stage: "-3".to_owned(),
            reader: "head@county.example".to_owned(),
        };
        assert_eq!(key_for_log(&list), "arrears/2021-bayi/-3/(address)");
        let odd = LetterKey::Arrears {
            campaign: "2021-bayi".to_owned(),
            stage: "+1".to_owned(),
            reader: "a/b@county.example".to_owned(),
        };
        assert_eq!(key_for_log(&odd), "arrears/2021-bayi/+1/(address)");
        let alert = LetterKey::Alert { cause: "login-office@163.example".to_owned(), day: "2021-08-05".to_owned() };
        assert_eq!(key_for_log(&alert), "alert/(address)/2021-08-05");
    }
}
