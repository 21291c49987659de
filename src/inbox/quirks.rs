//! What each provider's IMAP server gets wrong, by its name. Nothing else in the program knows a provider.

/// Whether the host is NetEase's (163, 126, yeah.net and its business mail). They answer `NO SELECT Unsafe Login` to
/// every SELECT on a connection that has not sent ID (himalaya#651).
#[must_use]
pub fn is_netease(host: &str) -> bool {
    ["163.com", "126.com", "yeah.net", "188.com", "vip.163.com", "netease.com"].iter().any(|domain| {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        host == *domain || host.strip_suffix(domain).is_some_and(|front| front.ends_with('.'))
    })
}

/// Whether UIDs may mean other mails on the next connection (Tencent's servers, seen on QQ and Exmail).
#[must_use]
pub fn reshuffles_uids(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host == "qq.com" || host.ends_with(".qq.com")
}

/// Whether to send ID. To everybody else only where advertised: QQ drops the connection on a command it does not know.
#[must_use]
pub fn wants_id(host: &str, advertised: bool) -> bool {
    advertised || is_netease(host)
}

/// NetEase's refusal of a client it has not been introduced to. It is a fault of set-up, no bad password.
#[must_use]
pub fn is_unsafe_login(words: &str) -> bool {
    words.to_ascii_lowercase().contains("unsafe login")
}

/// Whether a refused LOGIN means "not now" instead of "not with this password": the response codes of RFC 5530, and
/// the words of servers that count connections. Whatever else is refused counts as a bad password, because the
/// providers lock accounts that insist (QQ names a dozen possible reasons in one sentence).
#[must_use]
pub fn is_busy(words: &str) -> bool {
    let words = words.to_ascii_uppercase();
    ["UNAVAILABLE", "INUSE", "[LIMIT]", "TOO MANY CONNECTION", "TOO MANY SIMULTANEOUS", "SERVER BUSY", "SYSTEM BUSY"]
        .iter()
        .any(|sign| words.contains(sign))
}

/// Whether a server hides older mail, as the web mail of NetEase and QQ does where 收取最近30天 is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hides {
    /// It shows mail that is older.
    Nothing,
    /// Its oldest mail is just as old as the setting lets it be.
    Probably,
    /// The mailbox is too young, or too empty, to tell.
    Unknown,
}

/// What the ages of the mails in a folder say about it, in days. An age just below thirty may be chance: only many mails
/// make it a sign. One that is older was not hidden.
#[must_use]
pub fn hides(ages: &[i64]) -> Hides {
    match ages.iter().max() {
        Some(oldest) if *oldest > 31 => Hides::Nothing,
        Some(oldest) if *oldest >= 27 && ages.len() >= 5 => Hides::Probably,
        Some(_) | None => Hides::Unknown,
    }
}

/// Whether the host's web mail has that setting: NetEase's, QQ's and Exmail's.
#[must_use]
pub fn may_hide(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    is_netease(&host) || host == "qq.com" || host.ends_with(".qq.com")
}

/// Names of the folder of sent mail, where no folder carries `\Sent`: Coremail and NetEase, QQ, and the usual English.
pub const SENT_NAMES: [&str; 6] = ["已发送", "已发送邮件", "Sent Messages", "Sent", "Sent Items", "INBOX.Sent"];

/// Whether a configured name means the provider's junk folder, so that `\Junk` answers to it: QQ lists `Junk`, and the
/// clerk sees 垃圾箱 or 垃圾邮件 in the browser.
#[must_use]
pub fn means_junk(name: &str) -> bool {
    ["垃圾邮件", "垃圾箱", "垃圾邮箱", "junk", "spam", "junk e-mail", "junk email"]
        .contains(&name.to_lowercase().as_str())
}

/// Whether a configured name means the folder of sent mail.
#[must_use]
pub fn means_sent(name: &str) -> bool {
    SENT_NAMES.iter().any(|known| known.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn netease_by_name_and_nobody_by_likeness() {
        assert!(is_netease("imap.163.com"));
        assert!(is_netease("IMAP.126.com."));
        assert!(is_netease("imap.qiye.163.com"));
        assert!(!is_netease("imap.not163.com"));
        assert!(!is_netease("163.com.unit.example"));
    }

    #[test]
    fn qq_gets_id_only_where_it_asks() {
        assert!(!wants_id("imap.qq.com", false));
        assert!(wants_id("imap.qq.com", true));
        assert!(wants_id("imap.163.com", false));
    }

    #[test]
    fn a_mailbox_whose_oldest_mail_is_a_month_old_probably_hides_the_rest() {
        assert_eq!(hides(&[0, 3, 9, 20, 29, 30]), Hides::Probably);
        assert_eq!(hides(&[29, 30]), Hides::Unknown, "two mails may be that old by chance");
        assert_eq!(hides(&[0, 3, 9, 20, 29, 400]), Hides::Nothing);
        assert_eq!(hides(&[0, 1, 2, 3, 4, 5]), Hides::Unknown);
        assert_eq!(hides(&[]), Hides::Unknown);
        assert!(may_hide("imap.163.com") && may_hide("imap.exmail.qq.com") && !may_hide("imap.unit.example"));
    }

    #[test]
    fn refusals_are_told_apart() {
        assert!(is_unsafe_login("NO SELECT Unsafe Login. Please contact kefu@188.com for help"));
        assert!(is_busy("[UNAVAILABLE] Temporary failure"));
        assert!(!is_busy("LOGIN Login error or password error"));
        assert!(!is_busy(
            "Login fail. Account is abnormal, service is not open, password is incorrect, login frequency limited"
        ));
    }

    #[test]
    fn junk_by_any_name() {
        assert!(means_junk("垃圾邮件"));
        assert!(means_junk("Junk"));
        assert!(!means_junk("广告邮件"));
    }
}
