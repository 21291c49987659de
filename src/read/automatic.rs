//! Header fields that say a machine wrote the mail, or that it must not be answered (RFC 3834 and the field's habits).

use crate::model::mail::{AutomaticKind, AutomaticSign};
use crate::read::mime::fields::Fields;
use crate::read::mime::words;

/// Longest field shown, in characters.
const LONGEST: usize = 120;

/// Every sign in the header, top to bottom. Who sent it is the judge's to weigh.
#[must_use]
pub fn signs(fields: &Fields) -> Vec<AutomaticSign> {
    fields
        .iter()
        .filter_map(|(name, value)| {
            let text = words::decode(value.get(..LONGEST * 8).unwrap_or(value));
            let kind = sign(name, text.trim().to_ascii_lowercase().as_str())?;
            let field: String = format!("{}: {}", capitalised(name), text.trim()).chars().take(LONGEST).collect();
            Some(AutomaticSign { kind, field })
        })
        .take(50)
        .collect()
}

fn sign(name: &str, value: &str) -> Option<AutomaticKind> {
    match name {
        // RFC 3834 §5: `no` alone means a person; parameters and comments may follow.
        "auto-submitted" => {
            let word = value.split([';', '(', ' ']).next().unwrap_or_default();
            (word != "no").then_some(AutomaticKind::AutoReply)
        }
        "precedence" | "x-precedence" => match value {
            "bulk" | "list" | "junk" => Some(AutomaticKind::List),
            "auto_reply" | "auto-reply" => Some(AutomaticKind::AutoReply),
            _ => None,
        },
        // Exchange's [MS-OXCMAIL] §2.2.3.2.14; NRN, RN and DR only ask for no receipts.
        "x-auto-response-suppress" => value
            .split([',', ';', ' '])
            .any(|word| matches!(word, "all" | "oof" | "autoreply"))
            .then_some(AutomaticKind::SuppressAnswer),
        "x-autoreply" | "x-autorespond" | "x-autoresponder" | "x-autoreply-from" | "x-mail-autoreply" => {
            (value != "no").then_some(AutomaticKind::AutoReply)
        }
        // QQ's vacation mail has no Auto-Submitted. X-QQ-AUTO-FWD is a person's mail, forwarded.
        "x-qq-auto-reply" | "x-qq-holidayreply" => {
            (!matches!(value, "false" | "no" | "0")).then_some(AutomaticKind::AutoReply)
        }
        "x-loop" => Some(AutomaticKind::SuppressAnswer),
        _ if name.starts_with("list-") => Some(AutomaticKind::List),
        _ => None,
    }
}

/// `auto-submitted` as people know it: `Auto-Submitted`.
fn capitalised(name: &str) -> String {
    let parts: Vec<String> = name
        .split('-')
        .map(|part| {
            let mut letters = part.chars();
            letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
        })
        .collect();
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(header: &str) -> Vec<AutomaticKind> {
        signs(&Fields::parse(header.as_bytes())).into_iter().map(|sign| sign.kind).collect()
    }

    #[test]
    fn every_sign_of_the_field() {
        use AutomaticKind::{AutoReply, List, SuppressAnswer};
        for (header, kind) in [
            ("Auto-Submitted: auto-replied", AutoReply),
            ("AUTO-SUBMITTED: auto-generated; owner=x", AutoReply),
            ("Precedence: bulk", List),
            ("X-Precedence: auto_reply", AutoReply),
            ("List-Unsubscribe: <mailto:x@y.example>", List),
            ("List-Id: news", List),
            ("X-Auto-Response-Suppress: DR, OOF", SuppressAnswer),
            ("X-Autoreply: yes", AutoReply),
            ("X-AutoReply-From: a@b.example", AutoReply),
            ("X-QQ-AUTO-REPLY: true", AutoReply),
            ("X-QQ-HolidayReply: true", AutoReply),
            ("X-Loop: a@b.example", SuppressAnswer),
        ] {
            assert_eq!(kinds(header), [kind], "{header}");
        }
    }

    #[test]
    fn what_is_no_sign() {
        for header in [
            "Auto-Submitted: no",
            "Auto-Submitted: no (person)",
            "X-QQ-AUTO-FWD: true",
            "Precedence: normal",
            "X-Auto-Response-Suppress: RN, NRN",
            "Subject: 自动回复: 关于自动回复设置的报告",
            "X-Priority: 3",
        ] {
            assert!(kinds(header).is_empty(), "{header}");
        }
    }

    #[test]
    fn the_field_is_shown_short() {
        let signs = signs(&Fields::parse(format!("auto-submitted: auto-{}", "x".repeat(500)).as_bytes()));
        assert!(signs[0].field.starts_with("Auto-Submitted: auto-x") && signs[0].field.chars().count() == LONGEST);
    }
}
