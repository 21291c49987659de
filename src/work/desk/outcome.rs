//! What was decided of a mail: of one nobody could read, and in a few words for the log.

use std::collections::BTreeMap;

use crate::judge::decide::Times;
use crate::model::decision::{Decision, MailRecord};
use crate::model::ledger::{Actor, Event, EventKind, Nature, ReviewReason, Verdict};
use crate::model::mail::Digest;

/// A mail nobody could read: recorded as such, laid before a person, in nobody's way.
pub(super) fn set_aside(mail: &Digest, size: u64, times: Times) -> Decision {
    let event = |kind| Event {
        id: 0,
        act: 0,
        at: times.now,
        campaign: String::new(),
        unit: None,
        mail: Some(mail.clone()),
        by: Actor::Machine,
        kind,
    };
    let text = "读取这封邮件时程序出错，已搁置，原件已存档，请人工查看。".to_owned();
    Decision {
        record: MailRecord {
            sha256: mail.clone(),
            size,
            received_at: times.received_at,
            nature: Nature::Unreadable,
            campaign: None,
            unit: None,
            from_address: None,
            from_name: None,
            subject: None,
            message_id: None,
        },
        readings: Vec::new(),
        events: vec![
            event(EventKind::MailRecorded { nature: Nature::Unreadable, received_at: times.received_at }),
            event(EventKind::ReviewAsked { reason: ReviewReason::SetAside, item: None, text }),
        ],
        letters: Vec::new(),
        bounced_letters: Vec::new(),
    }
}

pub(super) fn outcome(decision: &Decision) -> String {
    let mut words: BTreeMap<usize, String> = BTreeMap::new();
    for (place, event) in decision.events.iter().enumerate() {
        let word = match &event.kind {
            EventKind::Filed(filing) => format!("{} {}", filing.item.as_str(), verdict_word(filing.verdict)),
            EventKind::Duplicated { item, .. } => format!("{} duplicate", item.as_str()),
            EventKind::ReviewAsked { .. } => "a person must look".to_owned(),
            EventKind::Bounced { hard, .. } => if *hard { "hard bounce" } else { "soft bounce" }.to_owned(),
            EventKind::MailRecorded { .. }
            | EventKind::ReviewSettled { .. }
            | EventKind::AssignedByPerson
            | EventKind::AcceptedByPerson { .. }
            | EventKind::Waived { .. }
            | EventKind::ReturnedByPerson { .. }
            | EventKind::DeadlineExtended { .. }
            | EventKind::AddressTaught { .. }
            | EventKind::NameTaught { .. }
            | EventKind::Undone { .. }
            | EventKind::LetterRuled { .. }
            | EventKind::OriginalsPurged { .. }
            | EventKind::LetterSent { .. } => continue,
        };
        words.insert(place, word);
    }
    if words.is_empty() { "nothing to file".to_owned() } else { words.into_values().collect::<Vec<_>>().join(", ") }
}

fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted => "accepted",
        Verdict::NeedsCorrection => "needs_correction",
        Verdict::NeedsReview => "needs_review",
    }
}
