//! Conservation in the digest: every mail that was seen is somewhere in the ledger.

use std::collections::BTreeMap;

use serde::Serialize;

use super::labels::nature;
use crate::model::ledger::Nature;

/// Every mail is somewhere: what was seen equals what was recorded.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct MailLedger {
    seen: u32,
    /// `报送 180`, in the order of natures; those without mail are left out.
    parts: Vec<String>,
    recorded: u32,
    unrecorded: u32,
    /// Recorded from files rather than from a mailbox.
    from_files: u32,
}

pub(super) fn mail_ledger(mails: &BTreeMap<Nature, u32>, seen: u32) -> MailLedger {
    let recorded = mails.values().fold(0_u32, |sum, count| sum.saturating_add(*count));
    let count = |kind: Nature| mails.get(&kind).copied().unwrap_or(0);
    let parts = Nature::ALL.into_iter().filter(|kind| count(*kind) > 0);
    MailLedger {
        seen: seen.max(recorded),
        parts: parts.map(|kind| format!("{} {}", nature(kind), count(kind))).collect(),
        recorded,
        unrecorded: seen.saturating_sub(recorded),
        from_files: recorded.saturating_sub(seen),
    }
}
