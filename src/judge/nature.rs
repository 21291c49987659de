//! What a mail is: a submission, a question, a bounce, an automatic answer, or none of our business.

use crate::model::ledger::Nature;
use crate::model::mail::{AutomaticKind, Headers, Kind, MachineReport, Mail, OddityCode, Piece};

/// What the other judges found in the mail so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// A table of the campaign's form or a report was read.
    pub has_return: bool,
    /// Something is attached that may be a return although nobody read it as one; not the notice sent back.
    pub carries_something: bool,
    /// The sender's address stands in the roster.
    pub sender_known: bool,
    /// Subject, file names or text speak of the campaign's matter.
    pub speaks_of_matter: bool,
    /// It comes from the office's own address.
    pub from_ourselves: bool,
}

/// Says what the mail is. What carries a return is a submission whatever its subject or headers say, so that nothing
/// is lost to a wrong header; only whether it is answered depends on those ([`may_be_answered`]).
#[must_use]
pub fn nature(mail: &Mail, findings: Findings) -> Nature {
    if mail.oddities.iter().any(|oddity| matches!(oddity.code, OddityCode::NotAMail | OddityCode::NotOpened)) {
        return Nature::Unreadable;
    }
    let has_sign = |kind: AutomaticKind| mail.headers.automatic.iter().any(|sign| sign.kind == kind);
    match mail.machine_report {
        Some(MachineReport::Delivery(_)) => return Nature::Bounce,
        Some(MachineReport::Disposition) => return Nature::Receipt,
        Some(MachineReport::Other) | None => {}
    }
    // Our own letters come back by rules and copies; the digest holds a workbook with every unit's figures.
    if findings.from_ourselves && !mail.headers.automatic.is_empty() {
        return Nature::AutoReply;
    }
    // Another office that runs this program reminds us with a form, or tells us of all its units with a workbook.
    if has_sign(AutomaticKind::Mailtally) {
        return Nature::AutoReply;
    }
    if findings.has_return {
        return Nature::Submission;
    }
    if is_mailer_daemon(&mail.headers) {
        return Nature::Bounce;
    }
    // What a unit attaches is looked at even where a header or the subject is a machine's: county list servers and
    // forwarding rules leave their marks on honest returns that nobody could open.
    let brings_files = mail.pieces.iter().any(|piece| may_be_a_return(piece) && piece.kind != Kind::Image);
    let may_be_return = findings.carries_something && (findings.sender_known || findings.speaks_of_matter);
    let is_machine = mail.machine_report.is_some() || has_sign(AutomaticKind::AutoReply) || reads_as_auto_reply(mail);
    if is_machine && !(may_be_return && brings_files && mail.machine_report.is_none()) {
        return Nature::AutoReply;
    }
    if has_sign(AutomaticKind::List) && !may_be_return {
        return Nature::List;
    }
    if !findings.carries_something && reads_as_receipt(mail) {
        return Nature::Receipt;
    }
    match (findings.carries_something, findings.sender_known, findings.speaks_of_matter) {
        (true, true, _) | (true, _, true) => Nature::Submission,
        (false, true, _) => Nature::Question,
        (false, false, true) if asks(mail) || announces(mail) => Nature::Question,
        (_, false, _) => Nature::Foreign,
    }
}

/// Whether a machine's rules allow an answer (RFC 3834 section 2; mail.md 20–22). The caller decides whether one is due.
#[must_use]
pub fn may_be_answered(mail: &Mail) -> bool {
    mail.machine_report.is_none()
        && mail.headers.automatic.is_empty()
        && !reads_as_auto_reply(mail)
        && !reads_as_receipt(mail)
        && mail.headers.from.len() == 1
        && mail.headers.from.iter().all(|from| !is_a_machine(&from.address))
}

/// Addresses behind which nobody reads (RFC 3834 section 2).
#[must_use]
pub fn is_a_machine(address: &str) -> bool {
    let address = address.to_lowercase();
    let local = address.split('@').next().unwrap_or_default();
    let plain: String = local.chars().filter(|letter| !matches!(letter, '-' | '_' | '.')).collect();
    matches!(plain.as_str(), "mailerdaemon" | "postmaster" | "listserv" | "majordomo" | "")
        || plain.starts_with("noreply")
        || plain.starts_with("donotreply")
        || local.starts_with("owner-")
        || local.ends_with("-request")
        || local.ends_with("-owner")
}

fn is_mailer_daemon(headers: &Headers) -> bool {
    headers.from.first().is_some_and(|from| {
        let local = from.address.to_lowercase();
        local.starts_with("mailer-daemon") || local.starts_with("postmaster@")
    })
}

/// A vacation notice by its subject alone, where no header says so.
fn reads_as_auto_reply(mail: &Mail) -> bool {
    let Some(subject) = &mail.headers.subject else { return false };
    let mut subject: String = subject.to_lowercase().chars().filter(|letter| !letter.is_whitespace()).collect();
    for reply in ["re:", "re：", "回复:", "回复：", "答复:", "答复："] {
        subject = subject.strip_prefix(reply).unwrap_or(&subject).to_owned();
    }
    let opens_bracket = subject.starts_with(['[', '【', '(', '（']);
    let bare = subject.trim_start_matches(['[', '【', '(', '（']);
    let starts = [
        "自动回复",
        "自动答复",
        "休假自动回复",
        "外出自动回复",
        "系统自动回复",
        "外出(自动回复)",
        "不在办公室",
        "automaticreply",
        "autoreply",
        "auto-reply",
        "auto:",
        "outofoffice",
        "out-of-office",
    ];
    // 自动回复设置的报告 is about automatic replies.
    let ends_there = |rest: &str| {
        rest.is_empty()
            || opens_bracket
            || rest.starts_with([':', '：', ']', '】', ')', '）', '-', '—', '(', '（'])
            || rest.starts_with("关于")
    };
    starts.iter().any(|start| bare.strip_prefix(start).is_some_and(|rest| start.ends_with(':') || ends_there(rest)))
}

/// A read receipt in words, as clients write one that know nothing of RFC 8098.
fn reads_as_receipt(mail: &Mail) -> bool {
    let subject = mail.headers.subject.as_deref().unwrap_or_default().to_lowercase();
    let subject = subject.trim_start_matches(['[', '【']);
    let starts = ["已读", "收条", "阅读回执", "回执", "read:", "read："];
    let text = mail.body.text.to_lowercase();
    starts.iter().any(|start| subject.starts_with(start))
        && ["阅读", "was read"].iter().any(|words| text.contains(words))
}

/// Whether a piece could hold a return: anything attached for itself.
#[must_use]
pub fn may_be_a_return(piece: &Piece) -> bool {
    let small_picture = piece.kind == Kind::Image && piece.size < 20_000;
    !piece.inline && !small_picture && !comes_with_every_mail(piece)
}

/// A photograph pasted into a mail that says next to nothing else, as telephones send it; a signature's logo is smaller.
#[must_use]
pub fn is_a_picture_alone(mail: &Mail) -> bool {
    mail.body.own_text.chars().filter(|letter| !letter.is_whitespace()).count() <= 40
        && mail.pieces.iter().any(|piece| piece.inline && piece.kind == Kind::Image && piece.size >= 60_000)
}

/// Signatures, visiting cards and invitations that mail programs add by themselves.
#[must_use]
pub fn comes_with_every_mail(piece: &Piece) -> bool {
    let name = piece.name.to_lowercase();
    [".p7s", ".asc", ".vcf", ".ics"].iter().any(|ending| name.ends_with(ending))
}

/// Speaks of something attached, sent or to be found.
fn announces(mail: &Mail) -> bool {
    let subject = mail.headers.subject.as_deref().unwrap_or_default();
    ["附件", "报上", "报送", "上报", "查收", "查阅", "报表", "报告", "统计表"]
        .iter()
        .any(|word| subject.contains(word) || mail.body.own_text.contains(word))
}

fn asks(mail: &Mail) -> bool {
    let subject = mail.headers.subject.as_deref().unwrap_or_default();
    ["?", "？", "请问", "咨询", "如何", "是否", "能否", "怎么", "可否", "吗"]
        .iter()
        .any(|word| subject.contains(word) || mail.body.own_text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::{self, Limits};

    const NOTHING: Findings = Findings {
        has_return: false,
        carries_something: false,
        sender_known: false,
        speaks_of_matter: false,
        from_ourselves: false,
    };

    fn mail(headers: &str) -> Mail {
        let raw = format!("From: a@unit.example\r\nTo: office@163.example\r\nSubject: x\r\n{headers}\r\n您好\r\n");
        read::open(raw.as_bytes(), &Limits::default())
    }

    #[test]
    fn a_return_is_a_submission_whatever_its_headers_say_but_is_not_answered() {
        for header in ["Auto-Submitted: auto-generated\r\n", "List-Id: <x.example>\r\n", "Precedence: bulk\r\n"] {
            let mail = mail(header);
            assert_eq!(nature(&mail, Findings { has_return: true, ..NOTHING }), Nature::Submission, "{header}");
            assert!(!may_be_answered(&mail), "{header}");
        }
        assert!(may_be_answered(&mail("")));
    }

    #[test]
    fn machines_are_told_from_people() {
        assert_eq!(
            nature(&mail("X-QQ-AUTO-REPLY: true\r\n"), Findings { sender_known: true, ..NOTHING }),
            Nature::AutoReply
        );
        assert_eq!(nature(&mail("List-Unsubscribe: <https://x.example>\r\n"), NOTHING), Nature::List);
        assert_eq!(nature(&mail(""), NOTHING), Nature::Foreign);
        assert_eq!(nature(&mail(""), Findings { sender_known: true, ..NOTHING }), Nature::Question);
        for address in
            ["MAILER-DAEMON@x.example", "no-reply@x.example", "owner-list@x.example", "list-request@x.example"]
        {
            assert!(is_a_machine(address), "{address}");
        }
        assert!(!is_a_machine("replies@x.example"));
    }

    #[test]
    fn our_own_letters_are_not_read_as_returns() {
        let findings = Findings { has_return: true, from_ourselves: true, ..NOTHING };
        assert_eq!(nature(&mail("Auto-Submitted: auto-generated\r\n"), findings), Nature::AutoReply);
        assert_eq!(nature(&mail(""), findings), Nature::Submission, "the office forwards what came by other ways");
    }

    #[test]
    fn a_signature_or_a_card_is_no_return() {
        let part =
            |name: &str| format!("--b\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\r\nxxxxxx\r\n");
        let raw = |name: &str| {
            let head = "From: a@unit.example\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";
            read::open(format!("{head}{}--b--\r\n", part(name)).as_bytes(), &Limits::default())
        };
        let returns = |name: &str| raw(name).pieces.iter().filter(|piece| may_be_a_return(piece)).count();
        assert_eq!((returns("smime.p7s"), returns("card.VCF"), returns("table.xyz")), (0, 0, 1));
    }

    #[test]
    fn subjects_and_words_of_machines() {
        let nature_of = |subject: &str, text: &str| {
            let raw = format!("From: a@unit.example\r\nSubject: {subject}\r\n\r\n{text}\r\n");
            nature(&read::open(raw.as_bytes(), &Limits::default()), Findings { sender_known: true, ..NOTHING })
        };
        for subject in
            ["自动回复：提醒", "Re: 自动回复", "【自动回复】来信收到", "外出(自动回复)：提醒", "Out of Office: x"]
        {
            assert_eq!(nature_of(subject, "来信收到"), Nature::AutoReply, "{subject}");
        }
        assert_eq!(nature_of("自动回复设置的问题", "怎么设置"), Nature::Question);
        assert_eq!(nature_of("已读: 提醒", "您的邮件已在2021年8月5日阅读。"), Nature::Receipt);
        assert_eq!(nature_of("回执", "已收到，照办"), Nature::Question);
    }

    #[test]
    fn what_nobody_could_open_is_not_lost_to_a_list_or_a_vacation() {
        let file = Findings { carries_something: true, sender_known: true, ..NOTHING };
        assert_eq!(nature(&mail("List-Id: <x.example>\r\n"), file), Nature::Submission);
        assert_eq!(nature(&mail("List-Id: <x.example>\r\n"), Findings { sender_known: true, ..NOTHING }), Nature::List);
    }

    #[test]
    fn what_is_no_mail_is_unreadable() {
        let mail = read::open(b"\x00\x01\x02 not a mail at all", &Limits::default());
        assert_eq!(nature(&mail, NOTHING), Nature::Unreadable);
    }

    #[test]
    fn a_subject_that_only_speaks_of_automatic_replies_is_no_automatic_reply() {
        let raw =
            "From: a@unit.example\r\nSubject: =?UTF-8?B?5YWz5LqO6Ieq5Yqo5Zue5aSN6K6+572u55qE5oql5ZGK?=\r\n\r\nx\r\n";
        let mail = read::open(raw.as_bytes(), &Limits::default());
        assert_eq!(mail.headers.subject.as_deref(), Some("关于自动回复设置的报告"));
        assert!(may_be_answered(&mail));
    }
}
