//! `demo`: plays a whole campaign on sample mail, with a progress bar, and says where to look.

use std::path::PathBuf;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};

use super::Failure;
use super::setup::Call;
use crate::demo::player::{self, Played};
use crate::model::ledger::UnitStatus;

/// Plays it into `out`, or into a new folder below the temporary directory.
pub(super) async fn demo(_call: &Call, out: Option<PathBuf>) -> Result<(), Failure> {
    let out = out.unwrap_or_else(|| std::env::temp_dir().join(format!("mailtally-demo-{}", std::process::id())));
    if out.join("storage").exists() {
        let text = format!("{}: an earlier demo was played here; choose another folder or remove it", out.display());
        return Err(Failure::Wrong(text));
    }
    std::fs::create_dir_all(&out).with_context(|| out.display().to_string())?;
    let out = std::fs::canonicalize(&out).with_context(|| out.display().to_string())?;
    let bar = ProgressBar::new(1);
    if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:40.red/white}] {percent}%") {
        bar.set_style(style.progress_chars("━╸─"));
    }
    println!("演示：2021年“八一”走访慰问情况报送，7月22日至8月13日");
    let played = player::play(&out, &|done, many, day| {
        bar.set_length(u64::try_from(many).unwrap_or(u64::MAX));
        bar.set_position(u64::try_from(done).unwrap_or(u64::MAX));
        bar.set_message(day.format("%m月%d日").to_string());
    })
    .await?;
    bar.finish_and_clear();
    tell(&played, &out);
    Ok(())
}

fn tell(played: &Played, out: &std::path::Path) {
    let standing = &played.standing;
    let counts: Vec<String> = UnitStatus::ALL
        .into_iter()
        .filter(|status| standing.count(*status) > 0)
        .map(|status| format!("{} {}", status.in_chinese(), standing.count(status)))
        .collect();
    println!("收到邮件 {} 封，发出信件 {} 封", played.mails, played.letters);
    println!("{} 个单位：{}", standing.units.len(), counts.join("，"));
    println!();
    println!("逐日经过、全部信件和简报：{}", played.index.display());
    println!("汇总表：                  {}", played.tally.display());
    println!("来信原件：                {}", out.join("mails").display());
    println!();
    println!("还可以试试：");
    println!("  mailtally -c {} --now 2021-08-13T09:00:00+08:00 status", played.main_file.display());
    println!("  mailtally -c {} history --unit 141102", played.main_file.display());
}
