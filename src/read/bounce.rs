//! Delivery reports and read receipts, as RFC 3464 has them and as NetEase, QQ and 21cn write them.

use super::mime::fields::Fields;
use super::mime::parameters::Parametrised;
use super::mime::{Leaf, header_block, headers, without_preamble};
use crate::model::mail::{DeliveryReport, Headers, MachineReport};

/// Longest diagnostic kept, in characters.
const LONGEST: usize = 500;
/// Octets of a delivery-status part, and characters of a body, that are looked at.
const MOST: usize = 1 << 18;

/// Wording that says the address itself is wrong.
const UNKNOWN_USER: [&str; 31] = [
    "user unknown",
    "unknown user",
    "no such user",
    "invalid user",
    "user not found",
    "user suspended",
    "user doesn't exist",
    "user does not exist",
    "mailbox not found",
    "no such mailbox",
    "unknown mailbox",
    "mailbox does not exist",
    "account does not exist",
    "address does not exist",
    "no such recipient",
    "recipient not found",
    "invalid recipient",
    "unknown recipient",
    "recipient unknown",
    "no mailbox here",
    "not a valid mailbox",
    "account is disabled",
    "用户不存在",
    "收件人不存在",
    "邮箱不存在",
    "帐号不存在",
    "账号不存在",
    "地址不存在",
    "不存在该用户",
    "无此用户",
    "没有这个用户",
];
const FULL_MAILBOX: [&str; 9] = [
    "mailbox full",
    "mailbox is full",
    "over quota",
    "quota exceeded",
    "exceeded storage",
    "空间不足",
    "容量已满",
    "邮箱已满",
    "信箱已满",
];
const REFUSED_FOR_CONTENT: [&str; 10] =
    ["spam", "垃圾邮件", "policy", "dt:spm", "blocked", "blacklist", "黑名单", "拒收", "frequency", "频率"];

/// What machine report a mail is, if any.
#[must_use]
pub fn read(fields: &Fields, headers: &Headers, leaves: &[Leaf], text: &str) -> Option<MachineReport> {
    let content_type = fields.first("content-type").map(Parametrised::parse).unwrap_or_default();
    let is_report = content_type.value == "multipart/report";
    let report_type = content_type.plain("report-type").unwrap_or_default().to_ascii_lowercase();
    let has = |wanted: &str| leaves.iter().any(|leaf| leaf.media_type == wanted);
    if report_type == "disposition-notification" || has("message/disposition-notification") {
        return Some(MachineReport::Disposition);
    }
    let status_parts = leaves.iter().filter(|leaf| leaf.media_type.ends_with("delivery-status")).collect::<Vec<_>>();
    if !status_parts.is_empty()
        || (is_report && report_type == "delivery-status")
        || reads_as_bounce(fields, headers, leaves, text)
    {
        let groups: Vec<Fields> = status_parts.iter().flat_map(|leaf| groups(&leaf.bytes)).collect();
        let actions: Vec<String> = groups.iter().filter_map(|group| group.text("action")).collect();
        let went_well = |action: &String| {
            ["delivered", "relayed", "expanded"].iter().any(|word| action.to_ascii_lowercase().starts_with(word))
        };
        if !actions.is_empty() && actions.iter().all(went_well) {
            return Some(MachineReport::Other);
        }
        return Some(MachineReport::Delivery(delivery(fields, headers, leaves, &groups, text)));
    }
    is_report.then_some(MachineReport::Other)
}

/// A bounce that is no `multipart/report`, or not a whole one.
fn reads_as_bounce(fields: &Fields, headers: &Headers, leaves: &[Leaf], text: &str) -> bool {
    const SUBJECTS: [&str; 14] = [
        "退信",
        "投递失败",
        "无法投递",
        "无法送达",
        "未送达",
        "undeliver",
        "returned mail",
        "failure notice",
        "delivery failure",
        "delivery status notification",
        "mail delivery failed",
        "delivery has failed",
        "mail system error",
        "发送失败",
    ];
    // 21cn: `Hmm-Notify: bounce`, no delivery-status part. Exim and Gmail: X-Failed-Recipients.
    if fields.text("hmm-notify").is_some_and(|value| value.eq_ignore_ascii_case("bounce"))
        || fields.first("x-failed-recipients").is_some()
    {
        return true;
    }
    let from_machine = headers.from.iter().any(|from| {
        let local = from.address.split('@').next().unwrap_or_default().to_ascii_lowercase();
        matches!(local.as_str(), "postmaster" | "mailer-daemon" | "mail-daemon" | "mailerdaemon")
            // Exchange signs its reports so.
            || local.starts_with("microsoftexchange")
    }) || fields.first("return-path").is_some_and(|path| path == b"<>");
    let subject = headers.subject.as_deref().unwrap_or_default().to_lowercase();
    // Other systems send under an administrator's address; people who forward a bounce attach something.
    const OPENS: [&str; 7] =
        ["系统退信", "退信通知", "退信提醒", "来自", "邮件投递失败", "邮件发送失败", "undeliverable"];
    let brings_files = leaves.iter().any(|leaf| !leaf.is_body && !leaf.media_type.contains("rfc822"));
    let told = OPENS.iter().any(|start| subject.starts_with(start)) && subject.contains(['退', '败', 'u']);
    if told && !brings_files && reason(&text.chars().take(MOST).collect::<String>()).is_some() {
        return true;
    }
    from_machine
        && (fields.first("x-cm-original-message-id").is_some() || SUBJECTS.iter().any(|known| subject.contains(known)))
}

/// The groups of fields of a delivery-status part (RFC 3464 §2.1).
fn groups(bytes: &[u8]) -> Vec<Fields> {
    let bytes = bytes.get(..MOST).unwrap_or(bytes);
    let mut groups = Vec::new();
    let mut group: Vec<u8> = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        if line.trim_ascii().is_empty() {
            groups.push(Fields::parse(&group));
            group.clear();
        } else {
            group.extend_from_slice(line);
            group.push(b'\n');
        }
    }
    groups.push(Fields::parse(&group));
    groups.retain(|group| !group.is_empty());
    groups
}

fn delivery(fields: &Fields, headers: &Headers, leaves: &[Leaf], groups: &[Fields], text: &str) -> DeliveryReport {
    let embedded = leaves
        .iter()
        .filter(|leaf| matches!(leaf.media_type.as_str(), "message/rfc822" | "text/rfc822-headers" | "message/global"))
        .map(|leaf| Fields::parse(header_block(without_preamble(&leaf.bytes))))
        .find(|fields| !fields.is_empty());
    let text: String = text.chars().take(MOST).collect();
    // The first recipient that failed; a report about several is rare, our letters have one recipient each.
    let of_recipient = |name: &'static str| groups.iter().find_map(|group| group.text(name));
    let diagnostic = of_recipient("diagnostic-code").map(|value| without_type(&value)).or_else(|| reason(&text));
    let declared = of_recipient("status").and_then(|value| enhanced_code(&value));
    let exact = diagnostic.as_deref().and_then(enhanced_code);
    // NetEase writes `Status: 5.0.0` whatever happened; the server's own words know better.
    let status = match (declared, exact) {
        (Some(declared), Some(exact)) if declared.ends_with(".0.0") || declared.starts_with('2') => Some(exact),
        (declared, exact) => declared.or(exact),
    };
    let hard = is_hard(status.as_deref(), diagnostic.as_deref().unwrap_or(&text));
    DeliveryReport {
        original_message_id: original_message_id(fields, headers, groups, embedded.as_ref(), &text),
        recipient: recipient(fields, headers, groups, embedded.as_ref(), &text),
        status,
        diagnostic: diagnostic.map(|diagnostic| diagnostic.chars().take(LONGEST).collect()),
        hard,
    }
}

fn original_message_id(
    fields: &Fields,
    headers: &Headers,
    groups: &[Fields],
    embedded: Option<&Fields>,
    text: &str,
) -> Option<String> {
    let named = |fields: &Fields| {
        ["x-cm-original-message-id", "x-original-message-id", "original-message-id"]
            .into_iter()
            .find_map(|name| headers::identifiers(fields.first(name)?).into_iter().next())
    };
    let in_text = || {
        let place = text.to_ascii_lowercase().find("message-id:")?;
        let line = text.get(place + "message-id:".len()..)?.lines().next()?;
        headers::identifiers(line.trim().as_bytes()).into_iter().next().filter(|identifier| identifier.contains('@'))
    };
    named(fields)
        .or_else(|| groups.iter().find_map(named))
        .or_else(|| headers::identifiers(embedded?.first("message-id")?).into_iter().next())
        .or_else(in_text)
        .or_else(|| headers.in_reply_to.first().cloned())
        .or_else(|| headers.references.last().cloned())
}

fn recipient(
    fields: &Fields,
    headers: &Headers,
    groups: &[Fields],
    embedded: Option<&Fields>,
    text: &str,
) -> Option<String> {
    let typed = |name: &'static str| {
        groups
            .iter()
            .find_map(|group| group.text(name))
            .map(|value| without_type(&value))
            .and_then(|value| address_in(&value))
    };
    let ours = |address: &String| {
        headers.to.iter().chain(&headers.from).any(|known| known.address.eq_ignore_ascii_case(address))
    };
    let in_text = || {
        let mut addresses = text.lines().flat_map(addresses_of).filter(|address| !ours(address));
        addresses.next()
    };
    typed("final-recipient")
        .or_else(|| typed("original-recipient"))
        .or_else(|| address_in(&fields.text("x-failed-recipients")?))
        .or_else(|| address_in(&embedded?.text("to")?).filter(|address| !ours(address)))
        .or_else(in_text)
        .map(|address| address.to_lowercase())
}

/// `smtp; 550 …` and `rfc822; a@b` without what stands before the semicolon (RFC 3464 §2.3).
fn without_type(value: &str) -> String {
    match value.split_once(';') {
        Some((kind, rest)) if !kind.contains(' ') => rest.trim().to_owned(),
        _ => value.trim().to_owned(),
    }
}

fn address_in(value: &str) -> Option<String> {
    addresses_of(value).next()
}

/// Everything in a line that looks like an address.
fn addresses_of(line: &str) -> impl Iterator<Item = String> {
    let fits = |character: char| character.is_ascii_alphanumeric() || "@._-+=".contains(character);
    line.split(move |character: char| !fits(character))
        .map(|token| token.trim_matches(['.', '-', '=']))
        .filter(|token| {
            token
                .split_once('@')
                .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.') && !domain.contains('@'))
        })
        .map(str::to_owned)
}

/// The reason out of a body for people: what follows 退信原因, or the first line with an SMTP reply in it.
fn reason(text: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let headed =
        lines.iter().position(|line| ["退信原因", "失败原因", "错误原因"].iter().any(|head| line.contains(head)));
    if let Some(place) = headed {
        let told: Vec<&str> = lines
            .get(place..)?
            .iter()
            .take(6)
            .take_while(|line| !line.contains("解决方案") && !line.contains("建议"))
            .copied()
            .collect();
        return Some(told.join(" "));
    }
    let telling =
        |line: &&&str| has_reply_code(line) || UNKNOWN_USER.iter().any(|known| line.to_lowercase().contains(known));
    lines.iter().find(telling).map(|line| (*line).to_owned())
}

/// A refusal's three digits (RFC 5321 §4.2) as a word of its own.
fn has_reply_code(line: &str) -> bool {
    line.split(|character: char| !character.is_ascii_digit() && character != '.')
        .any(|word| word.len() == 3 && (word.starts_with("45") || word.starts_with("42") || word.starts_with("55")))
}

/// The first enhanced status code (RFC 3463): class, subject, detail.
fn enhanced_code(text: &str) -> Option<String> {
    text.split(|character: char| !character.is_ascii_digit() && character != '.')
        .map(|word| word.trim_matches('.'))
        .find(|word| {
            let parts: Vec<&str> = word.split('.').collect();
            matches!(parts.as_slice(), ["2" | "4" | "5", subject, detail]
                if (1..=3).contains(&subject.len()) && (1..=3).contains(&detail.len()))
        })
        .map(str::to_owned)
}

/// Whether the address will never work. Full mailboxes, spam and policy refusals, and everything temporary are soft.
fn is_hard(status: Option<&str>, words: &str) -> bool {
    let words = words.to_lowercase();
    let says = |known: &[&str]| known.iter().any(|known| words.contains(known));
    let status = status.unwrap_or_default();
    if status.starts_with('4') || status == "5.2.2" || says(&FULL_MAILBOX) {
        return false;
    }
    // 5.1.7 and 5.1.8 speak of the sender's address (RFC 3463 §3.2).
    if status.starts_with("5.1.") {
        return !matches!(status, "5.1.7" | "5.1.8");
    }
    !status.starts_with("5.7.") && says(&UNKNOWN_USER) && !says(&REFUSED_FOR_CONTENT)
}

#[cfg(test)]
mod tests;
