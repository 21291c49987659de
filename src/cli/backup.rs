//! `backup` and `restore`: the storage in one file, and back.

use std::path::Path;

use anyhow::anyhow;

use super::Failure;
use super::setup::Call;
use crate::store::Store;
use crate::work::backup::{self, BackupError};

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::NotEmpty { .. } | BackupError::NoBackup { .. } => Self::Wrong(error.to_string()),
            BackupError::Store(_) | BackupError::File { .. } => Self::World(error.into()),
        }
    }
}

/// Writes a consistent copy of database and archive; works beside a running daemon.
pub(super) async fn back_up(call: &Call, out: &Path) -> Result<(), Failure> {
    let config = call.load()?;
    let store = Store::open_reading(&config.storage_dir, config.offset).await?;
    let done = backup::back_up(&store, &config.storage_dir, out, call.clock().now(config.offset)).await;
    store.close().await;
    let done = done?;
    println!("{}: the database and {} mails", out.display(), done.mails);
    if done.failures.is_empty() {
        return Ok(());
    }
    let missing = done.failures.join("\n");
    Err(Failure::World(anyhow!("everything else is in the backup, but these mails are not:\n{missing}")))
}

/// Fills the configured storage, which must be empty.
pub(super) async fn restore(call: &Call, file: &Path) -> Result<(), Failure> {
    let config = call.load()?;
    let lock = super::office::locked(&config, "restore")?;
    let done = backup::restore(file, &config.storage_dir, call.clock().now(config.offset)).await?;
    drop(lock);
    println!(
        "{}: the database and {} mails, as of {}",
        config.storage_dir.display(),
        done.mails,
        done.made_at.to_rfc3339()
    );
    for mail in &done.missing {
        println!("  missing already when the backup was made: mail {mail}");
    }
    if done.letters > 0 {
        println!(
            "  {} letters waited to be sent then and may have gone out since: each is looked for among the sent mail, and \
             is not sent unless a person says so",
            done.letters
        );
    }
    Ok(())
}
