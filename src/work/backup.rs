//! Backup and restore: the database as it stands at one moment with every mail it speaks of, in one tar file.
//!
//! A backup is made beside a running daemon. Mail is archived before anything is recorded of it, and never changed, so
//! the archive of later is right for the database of earlier. The last entry says how many there are: a backup that was
//! cut off has none, and is refused.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use crate::archive::Archive;
use crate::model::mail::{Digest, Summing};
use crate::store::{DATABASE, LOCK, Store, StoreError};

/// The name of the last entry.
const CLOSE: &str = "complete.json";
/// The layout of the file; another number is another layout.
const FORMAT: u32 = 1;
/// The largest mail that is taken back; none larger is ever taken in.
const LARGEST_MAIL: u64 = 1 << 30;

/// The last entry of a backup.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Close {
    format: u32,
    made_at: DateTime<FixedOffset>,
    mails: usize,
    /// Mails the database speaks of that could not be had from the archive.
    missing: Vec<Digest>,
    /// Of the database.
    sha256: Digest,
}

/// What a backup holds.
#[derive(Clone, Debug, PartialEq)]
pub struct BackedUp {
    pub mails: usize,
    /// Why a mail the database speaks of is not in it: missing, or altered.
    pub failures: Vec<String>,
}

/// What was taken back.
#[derive(Clone, Debug, PartialEq)]
pub struct Restored {
    pub made_at: DateTime<FixedOffset>,
    pub mails: usize,
    /// Mails that were missing when the backup was made.
    pub missing: Vec<Digest>,
    /// Letters that were waiting to be sent, and now are looked for before anything goes out.
    pub letters: u64,
}

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{path}: {source}", path = path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{path}: this is no whole backup by mailtally: {why}", path = path.display())]
    NoBackup { path: PathBuf, why: String },
    #[error("{path}: the storage is not empty, and a backup never overwrites one", path = path.display())]
    NotEmpty { path: PathBuf },
}

fn at(path: &Path) -> impl Fn(io::Error) -> BackupError {
    move |source| BackupError::File { path: path.to_owned(), source }
}

/// Writes a backup of the storage into `out`, which appears only once it is whole. Mails that are missing from the
/// archive or altered are told, and everything else is in it.
///
/// # Errors
/// [`BackupError`]; then `out` is as it was.
pub async fn back_up(
    store: &Store,
    storage: &Path,
    out: &Path,
    now: DateTime<FixedOffset>,
) -> Result<BackedUp, BackupError> {
    let work = out.with_added_extension("part");
    // What an interrupted backup left.
    let _ = fs::remove_dir_all(&work);
    fs::DirBuilder::new().mode(0o700).create(&work).map_err(at(&work))?;
    let made = snapshot_and_pack(store, storage, &work, now).await;
    let placed = made.and_then(|made| {
        fs::rename(work.join("backup.tar"), out).map_err(at(out))?;
        sync_folder_of(out).map_err(at(out))?;
        Ok(made)
    });
    let _ = fs::remove_dir_all(&work);
    placed
}

async fn snapshot_and_pack(
    store: &Store,
    storage: &Path,
    work: &Path,
    now: DateTime<FixedOffset>,
) -> Result<BackedUp, BackupError> {
    store.snapshot(&work.join(DATABASE)).await?;
    let snapshot = Store::open_reading(work, *now.offset()).await?;
    let mails = snapshot.handed_in().await;
    snapshot.close().await;
    let (mails, archive, work) = (mails?, Archive::open(storage), work.to_owned());
    let path = work.clone();
    let packed = tokio::task::spawn_blocking(move || pack(&archive, &work, &mails, now)).await;
    packed.map_err(io::Error::other).flatten().map_err(at(&path))
}

fn pack(archive: &Archive, work: &Path, mails: &[Digest], now: DateTime<FixedOffset>) -> io::Result<BackedUp> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(work.join("backup.tar"))?;
    let mut tar = tar::Builder::new(BufWriter::new(file));
    let mtime = u64::try_from(now.timestamp()).unwrap_or_default();
    let database = work.join(DATABASE);
    let sha256 = digest_of(File::open(&database)?)?;
    append(&mut tar, DATABASE, fs::metadata(&database)?.len(), mtime, File::open(&database)?)?;
    let mut done = BackedUp { mails: 0, failures: Vec::new() };
    let mut missing = Vec::new();
    for mail in mails {
        match archive.get(mail) {
            Ok(bytes) => {
                let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                append(&mut tar, &entry_name(mail), size, mtime, bytes.as_slice())?;
                done.mails += 1;
            }
            Err(error) => {
                done.failures.push(error.to_string());
                missing.push(mail.clone());
            }
        }
    }
    let close = Close { format: FORMAT, made_at: now, mails: done.mails, missing, sha256 };
    let close = serde_json::to_vec_pretty(&close)?;
    append(&mut tar, CLOSE, u64::try_from(close.len()).unwrap_or(u64::MAX), mtime, close.as_slice())?;
    let file = tar.into_inner()?.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok(done)
}

fn append(tar: &mut tar::Builder<impl Write>, name: &str, size: u64, mtime: u64, content: impl Read) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o600);
    header.set_mtime(mtime);
    tar.append_data(&mut header, name, content)
}

fn entry_name(mail: &Digest) -> String {
    format!("archive/{mail}.eml")
}

/// Of a file too large to hold.
fn digest_of(mut content: impl Read) -> io::Result<Digest> {
    let (mut sum, mut part) = (Summing::default(), vec![0; 1 << 16]);
    loop {
        match content.read(&mut part)? {
            0 => return Ok(sum.finish()),
            read => sum.update(part.get(..read).unwrap_or_default()),
        }
    }
}

/// Fills the storage, whose lock the caller holds, from a backup. Nothing of it stands there before all of it was read
/// and found right.
///
/// # Errors
/// [`BackupError`]; then the storage is empty as before.
pub async fn restore(backup: &Path, storage: &Path, now: DateTime<FixedOffset>) -> Result<Restored, BackupError> {
    if holds_anything(storage).map_err(at(storage))? {
        return Err(BackupError::NotEmpty { path: storage.to_owned() });
    }
    let work = storage.join("restoring");
    let (from, to) = (backup.to_owned(), work.clone());
    let unpacked = tokio::task::spawn_blocking(move || unpack(&from, &to)).await;
    let unpacked = unpacked.map_err(|error| at(backup)(io::Error::other(error))).flatten();
    let restored = match unpacked {
        Ok(close) => take_over(close, backup, &work, storage, now).await,
        Err(error) => Err(error),
    };
    let _ = fs::remove_dir_all(&work);
    restored
}

/// Whether anything but the lock of whoever asks is in the folder.
fn holds_anything(storage: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(storage)? {
        if entry?.file_name() != LOCK {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn take_over(
    close: Close,
    backup: &Path,
    work: &Path,
    storage: &Path,
    now: DateTime<FixedOffset>,
) -> Result<Restored, BackupError> {
    let refused = |why: String| BackupError::NoBackup { path: backup.to_owned(), why };
    // Opening it for writing brings an older backup up to date.
    let store = Store::open(work, *now.offset()).await?;
    let wrong = store.check().await;
    let known = store.handed_in().await;
    let waiting = store.note_restoration(close.made_at, now).await;
    store.close().await;
    if let Some(line) = wrong?.first() {
        return Err(refused(format!("its database is damaged: {line}")));
    }
    let archive = Archive::open(work);
    let absent = known?.into_iter().find(|mail| !archive.contains(mail) && !close.missing.contains(mail));
    if let Some(mail) = absent {
        return Err(refused(format!("the mail {mail} is not in it")));
    }
    // The database last: where it stands, the archive stands.
    for name in ["archive", DATABASE] {
        let (from, to) = (work.join(name), storage.join(name));
        if from.exists() {
            fs::rename(&from, &to).map_err(at(&to))?;
        }
    }
    sync_folder_of(&storage.join(DATABASE)).map_err(at(storage))?;
    Ok(Restored { made_at: close.made_at, mails: close.mails, missing: close.missing, letters: waiting? })
}

/// Unpacks a backup into a new folder; what it claims is compared with what it holds.
fn unpack(backup: &Path, work: &Path) -> Result<Close, BackupError> {
    let refused = |why: String| BackupError::NoBackup { path: backup.to_owned(), why };
    let file = File::open(backup).map_err(at(backup))?;
    fs::DirBuilder::new().mode(0o700).create(work).map_err(at(work))?;
    let archive = Archive::open(work);
    let mut tar = tar::Archive::new(BufReader::new(file));
    let (mut mails, mut database, mut close) = (0_usize, None, None);
    for entry in tar.entries().map_err(at(backup))? {
        let mut entry = entry.map_err(|error| refused(error.to_string()))?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if close.is_some() {
            return Err(refused(format!("{name} stands behind its end")));
        }
        match name.as_str() {
            DATABASE => database = Some(unpack_database(&mut entry, work).map_err(at(work))?),
            CLOSE => {
                let read: Close = serde_json::from_reader(&mut entry).map_err(|error| refused(error.to_string()))?;
                close = Some(read);
            }
            _ => {
                unpack_mail(&mut entry, &name, &archive).map_err(|error| refused(format!("{name}: {error}")))?;
                mails += 1;
            }
        }
    }
    archive.sync_all().map_err(at(work))?;
    let close = close.ok_or_else(|| refused("its end is missing".to_owned()))?;
    if close.format != FORMAT {
        return Err(refused(format!("its layout {} is not the one this program knows", close.format)));
    }
    if database.as_ref() != Some(&close.sha256) || mails != close.mails {
        return Err(refused("it does not hold what it says it holds".to_owned()));
    }
    Ok(close)
}

fn unpack_database(content: &mut impl Read, work: &Path) -> io::Result<Digest> {
    let path = work.join(DATABASE);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    io::copy(content, &mut file)?;
    file.sync_all()?;
    digest_of(File::open(&path)?)
}

/// Only a name this program gives is taken, and only with the content it promises.
fn unpack_mail(content: &mut impl Read, name: &str, archive: &Archive) -> io::Result<()> {
    let named = name.strip_prefix("archive/").and_then(|name| name.strip_suffix(".eml")).and_then(Digest::parse);
    let Some(named) = named else { return Err(io::Error::other("no such entry belongs in a backup")) };
    let mut bytes = Vec::new();
    content.take(LARGEST_MAIL).read_to_end(&mut bytes)?;
    if Digest::of(&bytes) != named {
        return Err(io::Error::other("the mail was altered, its bytes do not have this digest"));
    }
    archive.put_unsynced(&bytes).map(|_| ())
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
