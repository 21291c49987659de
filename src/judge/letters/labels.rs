//! Chinese names for the words of the model, as staff read them.

use crate::model::ledger::{ItemStatus, Nature, ReviewReason, Verdict};
use crate::model::letter::{LetterKind, LetterState};
use crate::model::returns::Item;

/// A kind of mail as the digest counts it.
#[must_use]
pub fn nature(nature: Nature) -> &'static str {
    match nature {
        Nature::Submission => "报送",
        Nature::Question => "咨询",
        Nature::AutoReply => "自动回复",
        Nature::Bounce => "退信",
        Nature::Receipt => "已读回执",
        Nature::List => "群发邮件",
        Nature::Foreign => "无关邮件",
        Nature::Unreadable => "无法读取",
    }
}

/// What a unit owes, in general words; a campaign may title it otherwise.
#[must_use]
pub fn item(item: Item) -> &'static str {
    match item {
        Item::Table => "统计表",
        Item::Report => "报告",
    }
}

/// What was decided of an item that was filed.
#[must_use]
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted => "采用",
        Verdict::NeedsCorrection => "待单位更正",
        Verdict::NeedsReview => "待人工核定",
    }
}

/// How an item of a unit stands.
#[must_use]
pub fn item_status(status: ItemStatus) -> &'static str {
    match status {
        ItemStatus::Missing => "未报",
        ItemStatus::Accepted => "已采用",
        ItemStatus::NeedsCorrection => "待单位更正",
        ItemStatus::NeedsReview => "待办公室核定",
        ItemStatus::Waived => "免报",
    }
}

/// Why a person must look.
#[must_use]
pub fn reason(reason: ReviewReason) -> &'static str {
    match reason {
        ReviewReason::UnitUnknown => "报送单位不明",
        ReviewReason::UnitConflict => "报送单位相互矛盾",
        ReviewReason::ItemNeedsReview => "材料待核定",
        ReviewReason::FileUnread => "文件未能读取",
        ReviewReason::SenderDoubtful => "发件人存疑",
        ReviewReason::TimeDoubtful => "收件时间存疑",
        ReviewReason::OtherCampaign => "含另一项工作的报表",
        ReviewReason::Question => "单位来信咨询",
        ReviewReason::SetAside => "处理失败，已搁置",
        ReviewReason::RaisedByPerson => "工作人员要求复核",
    }
}

/// A letter's kind.
#[must_use]
pub fn letter_kind(kind: LetterKind) -> &'static str {
    match kind {
        LetterKind::Ack => "回执",
        LetterKind::Reminder => "催报",
        LetterKind::Digest => "每日简报",
        LetterKind::Alert => "告警",
    }
}

/// Where a letter stands.
#[must_use]
pub fn letter_state(state: LetterState) -> &'static str {
    match state {
        LetterState::Queued => "待发",
        LetterState::Sending => "正在发送",
        LetterState::Sent => "已发出",
        LetterState::Unknown => "是否送达不明",
        LetterState::Held => "已暂停，待人工处理",
        LetterState::Refused => "被对方拒收",
        LetterState::Cancelled => "已取消",
    }
}
