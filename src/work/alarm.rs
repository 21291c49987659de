//! Alerts to the office's own people: something stands still until a person acts. One letter a cause and day.

use chrono::{DateTime, FixedOffset, NaiveTime, TimeDelta};

use super::accounting::Unaccounted;
use super::deliver::SENDING_ACCOUNT;
use super::render::AlertOrder;
use super::vitals::Vitals;
use super::{WorkError, without_addresses};
use crate::judge::letters::AlertFacts;
use crate::model::alarm::{Alarm, alarm};
use crate::model::letter::{LetterKey, LetterOrder};
use crate::model::mail::Digest;
use crate::store::{AccountState, Store};

/// How long a mailbox may be out of reach before somebody is told.
const OUT_OF_REACH: TimeDelta = TimeDelta::hours(1);
/// A disk with less than this many octets free is nearly full.
pub const LITTLE_ROOM: u64 = 1 << 30;
/// Mails named in one letter.
const MOST_NAMED: usize = 5;

/// What was found beside the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub unaccounted: Unaccounted,
    /// Octets free on the disk of the storage, where it could be asked.
    pub free: Option<u64>,
}

/// One thing that a person must see to.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// Stands in the letter's key: at most one letter of it a day.
    pub name: String,
    facts: AlertFacts,
    line: Line,
}

/// Its line in the log, where none was written when it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Line {
    Written,
    Unreachable { mailbox: String, since: DateTime<FixedOffset> },
    Unaccounted { unrecorded: usize, missing: usize, withheld: u32 },
    NearlyFull { free: u64 },
}

/// Everything that is wrong now and that a letter can tell of. Trouble of the sending account is not among them: that
/// letter could not leave. Log, digest, `check` and `/healthz` tell of it.
///
/// # Errors
/// The store's.
pub async fn causes(
    store: &Store,
    vitals: &Vitals,
    found: &Found,
    now: DateTime<FixedOffset>,
) -> Result<Vec<Cause>, WorkError> {
    let mut causes = Vec::new();
    for (name, state) in store.accounts().await? {
        if name != SENDING_ACCOUNT {
            // After a night switched off, what the last evening left is no news before the first look.
            let failing = vitals.is_failing(&name);
            causes.extend(of_account(&name, state, failing, now));
        }
    }
    let midnight = now.date_naive().and_time(NaiveTime::MIN).and_local_timezone(*now.offset()).single().unwrap_or(now);
    let set_aside = store.set_aside_since(midnight).await?;
    if !set_aside.is_empty() {
        causes.push(of_set_aside(&set_aside, now));
    }
    if !found.unaccounted.is_empty() {
        causes.push(of_unaccounted(&found.unaccounted, now));
    }
    if let Some(free) = found.free.filter(|free| *free < LITTLE_ROOM) {
        causes.push(of_little_room(free, now));
    }
    Ok(causes)
}

/// Owes a letter for each of these that was not told of today, and logs those that nobody has logged yet.
///
/// # Errors
/// The store's.
pub async fn owe_alerts(
    store: &Store,
    vitals: &Vitals,
    causes: Vec<Cause>,
    to: (&str, &[String], &str),
    now: DateTime<FixedOffset>,
) -> Result<usize, WorkError> {
    let (campaign, alert_to, sender_domain) = to;
    let day = now.format("%Y-%m-%d").to_string();
    let mut queued = 0;
    for cause in causes {
        if vitals.was_told(&cause.name, &day) {
            continue;
        }
        if !alert_to.is_empty() {
            let order = LetterOrder {
                key: LetterKey::Alert { cause: cause.name.clone(), day: day.clone() },
                campaign: campaign.to_owned(),
                unit: None,
                recipients: alert_to.to_vec(),
                facts: serde_json::to_value(AlertOrder(cause.facts)).unwrap_or_default(),
                due_at: now,
                expires_at: None,
            };
            queued += store.queue(&[order], sender_domain, now).await?;
        }
        log(&cause.line);
        vitals.tell(&cause.name, &day);
    }
    Ok(queued)
}

fn log(line: &Line) {
    match line {
        Line::Written => {}
        Line::Unreachable { mailbox, since } => {
            alarm!(Alarm::MailboxUnreachableForAnHour, mailbox, since = %since.format("%Y-%m-%d %H:%M"));
        }
        Line::Unaccounted { unrecorded, missing, withheld } => {
            alarm!(Alarm::ConservationFails, unrecorded, missing, withheld);
        }
        Line::NearlyFull { free } => alarm!(Alarm::DiskNearlyFull, free_mb = free / 1_048_576),
    }
}

fn of_account(name: &str, state: AccountState, failing: bool, now: DateTime<FixedOffset>) -> Option<Cause> {
    let reason = state.reason.unwrap_or_default();
    if state.parked || state.not_before.is_some_and(|moment| moment > now) {
        let told = [
            format!("信箱账号“{name}”登录失败，收信中断。服务器答复：{reason}"),
            "邮件仍在信箱中，不会丢失，恢复登录后继续处理。".to_owned(),
        ];
        let remedies = [
            "登录邮箱网页版，确认 IMAP 服务已开启、授权码有效。".to_owned(),
            "更新授权码并重新启动 mailtally，再运行 mailtally check --online，登录成功即恢复收信。".to_owned(),
        ];
        let facts = AlertFacts::new("信箱登录失败", now, &told, &remedies);
        return Some(Cause { name: format!("login-{name}"), facts, line: Line::Written });
    }
    let since = state.unreachable_since.filter(|since| failing && now - *since >= OUT_OF_REACH)?;
    let told = [
        format!("信箱“{name}”自 {} 起连接不上，已超过一小时，收信中断。", since.format("%m月%d日 %H:%M")),
        "邮件仍在邮箱服务器上，不会丢失；程序一直在重试，恢复后自动继续。".to_owned(),
    ];
    let remedies = [
        "登录邮箱网页版，看服务是否正常、有无停机公告。".to_owned(),
        "检查本机网络、域名解析和防火墙，运行 mailtally check --online 查看原因。".to_owned(),
    ];
    let facts = AlertFacts::new("信箱连接不上", now, &told, &remedies);
    let line = Line::Unreachable { mailbox: without_addresses(name), since };
    Some(Cause { name: format!("unreachable-{name}"), facts, line })
}

fn of_set_aside(mails: &[Digest], now: DateTime<FixedOffset>) -> Cause {
    let told = [
        format!(
            "今日有 {} 封邮件程序无法读取，已放在一旁，没有计入，也没有答复发件人：{}。",
            mails.len(),
            named(mails)
        ),
        "原件完好，保存在归档中。此后当日再有此类邮件，只在每日报告中列出。".to_owned(),
    ];
    let remedies = [
        "运行 mailtally review list 查看，用 mailtally review show 编号 --files 文件夹 取出原件，人工处理。".to_owned(),
        "处理完毕运行 mailtally review dismiss 编号；并请把该邮件报告给程序维护人员。".to_owned(),
    ];
    let facts = AlertFacts::new("有邮件无法读取", now, &told, &remedies);
    Cause { name: "set-aside".to_owned(), facts, line: Line::Written }
}

fn of_unaccounted(unaccounted: &Unaccounted, now: DateTime<FixedOffset>) -> Cause {
    let Unaccounted { unrecorded, missing, withheld } = unaccounted;
    let mut told = Vec::new();
    if !unrecorded.is_empty() {
        told.push(format!("有 {} 封邮件收到已超过一小时仍未登记：{}。", unrecorded.len(), named(unrecorded)));
    }
    if !missing.is_empty() {
        told.push(format!("有 {} 封已登记邮件的原件不在归档中：{}。", missing.len(), named(missing)));
    }
    if *withheld > 0 {
        told.push(format!("有 {withheld} 封邮件列在信箱中，但邮件服务器一直没有交出。"));
    }
    let remedies = [
        "未登记的：查看日志中 mail_not_recorded 的原因（多为磁盘已满），排除后自动补登记。".to_owned(),
        "原件缺失的：运行 mailtally backup 可列出全部，从以前的备份中取回放入归档。".to_owned(),
        "没有交出的：在邮箱网页版中查看最近的邮件与登记是否相符，另存为 .eml 后用 mailtally ingest 登记。".to_owned(),
    ];
    let facts = AlertFacts::new("邮件账实不符", now, &told, &remedies);
    let line = Line::Unaccounted { unrecorded: unrecorded.len(), missing: missing.len(), withheld: *withheld };
    Cause { name: "conservation".to_owned(), facts, line }
}

fn of_little_room(free: u64, now: DateTime<FixedOffset>) -> Cause {
    let told = [
        format!("存放邮件的磁盘只剩 {} MB。", free / 1_048_576),
        "磁盘写满后收信即中断；邮件留在信箱中，不会丢失。".to_owned(),
    ];
    let remedies = ["清理磁盘，或把数据目录移到更大的磁盘；无需重新启动。".to_owned()];
    let facts = AlertFacts::new("磁盘空间不足", now, &told, &remedies);
    Cause { name: "disk".to_owned(), facts, line: Line::NearlyFull { free } }
}

fn named(mails: &[Digest]) -> String {
    let names: Vec<&str> = mails.iter().take(MOST_NAMED).map(Digest::short).collect();
    let more = if mails.len() > MOST_NAMED { "等" } else { "" };
    format!("{}{more}", names.join("、"))
}
