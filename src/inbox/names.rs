//! Which folder on the server a configured name means.

use super::{quirks, utf7};

/// A folder as the server lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Folder {
    /// As it goes over the wire.
    pub wire: String,
    pub junk: bool,
    pub sent: bool,
    pub selectable: bool,
}

impl Folder {
    fn name(&self) -> String {
        utf7::decode(&self.wire)
    }
}

/// The wire name of the folder a configured name means: INBOX in any case, the same name decoded, or for a junk-like
/// name the folder flagged `\Junk` and for a sent-like name the one flagged `\Sent` (mail.md 6).
pub(super) fn resolve(folders: &[Folder], name: &str) -> Option<String> {
    if name.eq_ignore_ascii_case("INBOX") {
        return Some("INBOX".to_owned());
    }
    let selectable = || folders.iter().filter(|folder| folder.selectable);
    selectable()
        .find(|folder| folder.name() == name)
        .or_else(|| selectable().find(|folder| folder.junk && quirks::means_junk(name)))
        .or_else(|| selectable().find(|folder| folder.sent && quirks::means_sent(name)))
        .map(|folder| folder.wire.clone())
}

/// The wire name of the folder of sent mail: by its flag, then by the names providers give it.
pub(super) fn sent(folders: &[Folder]) -> Option<String> {
    let selectable = || folders.iter().filter(|folder| folder.selectable);
    selectable()
        .find(|folder| folder.sent)
        .or_else(|| selectable().find(|folder| quirks::means_sent(&folder.name())))
        .map(|folder| folder.wire.clone())
}

/// A wire name as a quoted string; `None` where it holds what no quoted string can (RFC 3501 §9).
pub(super) fn quoted(wire: &str) -> Option<String> {
    let proper = !wire.is_empty() && wire.bytes().all(|octet| (b' '..=b'~').contains(&octet));
    proper.then(|| format!("\"{}\"", wire.replace('\\', "\\\\").replace('"', "\\\"")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(wire: &str, flag: &str) -> Folder {
        Folder {
            wire: wire.to_owned(),
            junk: flag == "\\Junk",
            sent: flag == "\\Sent",
            selectable: flag != "\\Noselect",
        }
    }

    #[test]
    fn netease_by_decoded_names() {
        let folders = [folder("INBOX", ""), folder("&XfJT0ZAB-", ""), folder("&V4NXPpCuTvY-", "")];
        assert_eq!(resolve(&folders, "垃圾邮件").as_deref(), Some("&V4NXPpCuTvY-"));
        assert_eq!(resolve(&folders, "inbox").as_deref(), Some("INBOX"));
        assert_eq!(resolve(&folders, "广告邮件"), None);
        assert_eq!(sent(&folders).as_deref(), Some("&XfJT0ZAB-"));
    }

    #[test]
    fn flags_answer_where_names_do_not() {
        let folders = [folder("Junk", "\\Junk"), folder("Sent Messages", "\\Sent"), folder("Sent", "")];
        assert_eq!(resolve(&folders, "垃圾邮件").as_deref(), Some("Junk"));
        assert_eq!(resolve(&folders, "已发送").as_deref(), Some("Sent Messages"));
        assert_eq!(sent(&folders).as_deref(), Some("Sent Messages"));
        assert_eq!(resolve(&folders, "广告邮件"), None);
    }

    #[test]
    fn a_folder_that_cannot_be_opened_is_none() {
        let folders = [folder("&V4NXPpCuTvY-", "\\Noselect")];
        assert_eq!(resolve(&folders, "垃圾邮件"), None);
    }

    #[test]
    fn no_name_breaks_out_of_its_quotes() {
        assert_eq!(quoted("a\"b\\c").as_deref(), Some("\"a\\\"b\\\\c\""));
        assert_eq!(quoted("a\r\nA2 DELETE INBOX"), None);
        assert_eq!(quoted("垃圾"), None);
    }
}
