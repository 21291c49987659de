//! Alerts to the office's own people: something stands still until a person acts. One letter a cause and day.

use chrono::{DateTime, FixedOffset};

use super::WorkError;
use super::deliver::SENDING_ACCOUNT;
use super::render::AlertOrder;
use crate::judge::letters::AlertFacts;
use crate::model::letter::{LetterKey, LetterOrder};
use crate::store::Store;

/// Owes an alert for every account that cannot log in, but the sending one, whose alert could not leave.
///
/// # Errors
/// The store's.
pub async fn owe_alerts(
    store: &Store,
    campaign: &str,
    alert_to: &[String],
    sender_domain: &str,
    now: DateTime<FixedOffset>,
) -> Result<usize, WorkError> {
    if alert_to.is_empty() {
        return Ok(0);
    }
    let mut orders = Vec::new();
    for (name, state) in store.accounts().await? {
        let stands_still = state.parked || state.not_before.is_some_and(|moment| moment > now);
        if !stands_still || name == SENDING_ACCOUNT {
            continue;
        }
        let reason = state.reason.unwrap_or_default();
        let told = [
            format!("信箱账号“{name}”登录失败，收信中断。服务器答复：{reason}"),
            "邮件仍在信箱中，不会丢失，恢复登录后继续处理。".to_owned(),
        ];
        let remedies = [
            "登录邮箱网页版，确认 IMAP 服务已开启、授权码有效。".to_owned(),
            "更新授权码并重新启动 mailtally，再运行 mailtally check --online，登录成功即恢复收信。".to_owned(),
        ];
        let facts = AlertFacts::new("信箱登录失败", now, &told, &remedies);
        orders.push(LetterOrder {
            key: LetterKey::Alert { cause: format!("login-{name}"), day: now.format("%Y-%m-%d").to_string() },
            campaign: campaign.to_owned(),
            unit: None,
            recipients: alert_to.to_vec(),
            facts: serde_json::to_value(AlertOrder(facts)).unwrap_or_default(),
            due_at: now,
            expires_at: None,
        });
    }
    Ok(store.queue(&orders, sender_domain, now).await?)
}
