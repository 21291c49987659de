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
    /// Recorded without having been seen in a mailbox.
    from_files: u32,
}

impl MailLedger {
    /// What is said before everything else where it does not add up.
    pub(super) fn alarm(&self) -> Option<String> {
        (self.unrecorded > 0).then(|| {
            format!(
                "有 {} 封来信未入账，可能丢失报送材料，请管理员立即运行 mailtally check 检查，并人工查看信箱",
                self.unrecorded
            )
        })
    }
}

/// `unfetched` mails lie in a mailbox and could not be had: they are known, and a fault tells where.
pub(super) fn mail_ledger(mails: &BTreeMap<Nature, u32>, seen: u32, unfetched: u32) -> MailLedger {
    let recorded = mails.values().fold(0_u32, |sum, count| sum.saturating_add(*count));
    let count = |kind: Nature| mails.get(&kind).copied().unwrap_or(0);
    let kinds = Nature::ALL.into_iter().filter(|kind| count(*kind) > 0);
    let mut parts: Vec<String> = kinds.map(|kind| format!("{} {}", part(kind), count(kind))).collect();
    if unfetched > 0 {
        parts.push(format!("未能取回 {unfetched}"));
    }
    MailLedger {
        seen: seen.max(recorded).saturating_add(unfetched),
        parts,
        recorded,
        unrecorded: seen.saturating_sub(recorded),
        from_files: recorded.saturating_sub(seen),
    }
}

/// What could not be read lies before a person: in an account of all mail that is what became of it.
fn part(kind: Nature) -> &'static str {
    match kind {
        Nature::Unreadable => "搁置",
        Nature::Submission
        | Nature::Question
        | Nature::AutoReply
        | Nature::Bounce
        | Nature::Receipt
        | Nature::List
        | Nature::Foreign => nature(kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mail_is_somewhere_or_it_is_shouted() {
        let mails = BTreeMap::from([(Nature::Submission, 180), (Nature::Question, 9), (Nature::Unreadable, 2)]);
        let whole = mail_ledger(&mails, 191, 1);
        assert_eq!((whole.seen, whole.unrecorded, whole.alarm()), (192, 0, None));
        assert_eq!(whole.parts, ["报送 180", "咨询 9", "搁置 2", "未能取回 1"]);
        let lost = mail_ledger(&mails, 194, 0);
        assert_eq!((lost.seen, lost.unrecorded), (194, 3));
        assert!(lost.alarm().unwrap().contains("3 封来信未入账"));
    }
}
