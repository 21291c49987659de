//! `purge`: raw mail of closed collections removed from the archive; shown first, done on request.

use std::io::Write;

use anyhow::anyhow;
use chrono::NaiveDate;
use serde_json::json;

use super::history::one_line;
use super::review::Format;
use super::review_act::ByArg;
use super::setup::Call;
use super::{Failure, office, person};
use crate::config::Config;
use crate::judge::retention::Stays;
use crate::store::Store;
use crate::work::purge::{self, Purge};

#[derive(clap::Args)]
pub(super) struct PurgeArgs {
    /// Only mail received before this day, in the office's time zone
    #[arg(long, value_name = "DATE")]
    before: NaiveDate,
    /// Removes it; without this, only shows what would go
    #[arg(long)]
    apply: bool,
    #[command(flatten)]
    by: ByArg,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Shows what would go, or removes it.
pub(super) async fn purge(call: &Call, arguments: PurgeArgs) -> Result<(), Failure> {
    let PurgeArgs { before, apply, by, format } = arguments;
    let config = call.load()?;
    let now = call.clock().now(config.offset);
    if before > now.date_naive() {
        return Err(Failure::Wrong(format!("--before {before}: that day has not come yet")));
    }
    let purge = if apply {
        let name = person::name(by.name.as_deref())?;
        let lock = office::locked(&config, "purge --apply")?;
        // Without a database there is nothing to purge, and none is made.
        Store::open_reading(&config.storage_dir, config.offset).await?.close().await;
        let store = Store::open(&config.storage_dir, config.offset).await?;
        let done = purge::apply(&store, &config.storage_dir, &config.campaigns, before, (&name, now)).await;
        store.close().await;
        drop(lock);
        done?
    } else {
        let store = Store::open_reading(&config.storage_dir, config.offset).await?;
        let planned = purge::plan(&store, &config.storage_dir, &config.campaigns, before, now).await;
        store.close().await;
        planned?
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    match format {
        Format::Text => print(&mut out, &config, &purge, before, apply)?,
        Format::Json => {
            serde_json::to_writer_pretty(&mut out, &document(&purge, before, apply))?;
            writeln!(out)?;
        }
    }
    out.flush()?;
    if purge.failures.is_empty() {
        return Ok(());
    }
    let failures = purge.failures.join("\n");
    Err(Failure::World(anyhow!("recorded as purged, but still in the archive; mend this and repeat:\n{failures}")))
}

fn print(
    out: &mut impl Write,
    config: &Config,
    purge: &Purge,
    before: NaiveDate,
    applied: bool,
) -> std::io::Result<()> {
    let word = if applied { "已清除" } else { "将清除" };
    writeln!(out, "{word} {before} 以前收到的邮件原件（含附件）{} 封", purge.mails())?;
    for (campaign, mails) in &purge.retention.goes {
        let title = config.campaigns.iter().find(|known| known.id == *campaign).map(|known| one_line(&known.title));
        let named = if campaign.is_empty() { "不属任何工作的来信" } else { campaign };
        let octets = purge.octets.get(campaign).copied().unwrap_or_default();
        writeln!(out, "  {named} {}：{} 封，{}", title.unwrap_or_default(), mails.len(), size(octets))?;
    }
    if !purge.left_over.is_empty() {
        writeln!(out, "  上次清除中断留下的原件：{} 封", purge.left_over.len())?;
    }
    let stays: usize = purge.retention.stays.values().map(Vec::len).sum();
    if stays > 0 {
        writeln!(out, "该日以前收到但保留 {stays} 封：")?;
    }
    for (why, mails) in &purge.retention.stays {
        writeln!(out, "  {} 封：{}", mails.len(), reason(why))?;
    }
    writeln!(out, "保留不动：读出的数字和文字、各单位报送情况、经过、发件人和主题、发出的信件。")?;
    if !applied {
        let nothing = purge.mails() == 0 && purge.left_over.is_empty();
        let next = if nothing {
            "没有要清除的。"
        } else {
            "以上尚未清除；清除后不能恢复，确认无误后执行："
        };
        writeln!(out, "{next}")?;
        if !nothing {
            writeln!(out, "  mailtally purge --before {before} --apply --by 姓名")?;
        }
        return Ok(());
    }
    writeln!(out, "邮箱里的邮件和以前的备份文件里的原件不在此列，请另行处理。")
}

fn reason(why: &Stays) -> String {
    match why {
        Stays::Open(campaign) => format!("所属工作 {campaign} 尚未结束"),
        Stays::NotConfigured(campaign) => format!("所属工作 {campaign} 的配置不在，无法确定已经结束"),
        Stays::CameDuring(campaign) => format!("不属任何工作，但在 {campaign} 期间收到"),
        Stays::Review => "待办尚未处理".to_owned(),
        Stays::Letter => "有关信件尚未发出或下落不明".to_owned(),
    }
}

fn document(purge: &Purge, before: NaiveDate, applied: bool) -> serde_json::Value {
    let goes = purge.retention.goes.iter().map(|(campaign, mails)| {
        json!({
            "campaign": (!campaign.is_empty()).then_some(campaign),
            "mails": mails,
            "octets": purge.octets.get(campaign),
        })
    });
    let stays = purge.retention.stays.iter().map(|(why, mails)| {
        let (reason, campaign) = match why {
            Stays::Open(campaign) => ("campaign_open", Some(campaign)),
            Stays::NotConfigured(campaign) => ("campaign_not_configured", Some(campaign)),
            Stays::CameDuring(campaign) => ("came_during_open_campaign", Some(campaign)),
            Stays::Review => ("review_open", None),
            Stays::Letter => ("letter_waiting", None),
        };
        json!({ "reason": reason, "campaign": campaign, "mails": mails })
    });
    json!({
        "before": before,
        "applied": applied,
        "purged": goes.collect::<Vec<_>>(),
        "kept": stays.collect::<Vec<_>>(),
        "left_over": purge.left_over,
        "failures": purge.failures,
    })
}

/// Octets for people.
fn size(octets: u64) -> String {
    const MEGABYTE: u64 = 1 << 20;
    if octets < MEGABYTE {
        format!("{} KB", octets.div_ceil(1024))
    } else {
        format!("{}.{} MB", octets / MEGABYTE, octets % MEGABYTE * 10 / MEGABYTE)
    }
}
