//! Keeps every raw mail once, under the SHA-256 of its bytes, as a plain file that other programs can read.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::model::mail::Digest;

/// So many files are synced each by itself.
const FEW: usize = 3;

/// The folder `archive` of a storage: `archive/ab/cdef….eml`. All calls block; put them on a blocking thread.
#[derive(Debug)]
pub struct Archive {
    root: PathBuf,
    /// Files put by [`Archive::put_unsynced`] that a power cut could still take.
    unsynced: Mutex<Vec<PathBuf>>,
    /// Tells the temporary files of this process apart.
    serial: AtomicU64,
}

impl Archive {
    /// The archive of the storage in `storage`; its folder is made when the first mail is put.
    #[must_use]
    pub fn open(storage: &Path) -> Self {
        Self { root: storage.join("archive"), unsynced: Mutex::default(), serial: AtomicU64::new(0) }
    }

    /// Keeps these bytes; when it returns they survive a power cut. What is kept already is not written again.
    ///
    /// # Errors
    /// The disk's, with the path.
    pub fn put(&self, bytes: &[u8]) -> io::Result<Digest> {
        let digest = Digest::of(bytes);
        let path = self.path(&digest);
        self.place(&path, bytes, true)?;
        sync(&path)?;
        self.sync_folders_of(&path)?;
        Ok(digest)
    }

    /// Like [`Archive::put`], but a power cut may still take the mail until [`Archive::sync_all`] has returned: for
    /// batches. Nothing may be recorded of such a mail before.
    ///
    /// # Errors
    /// The disk's, with the path.
    pub fn put_unsynced(&self, bytes: &[u8]) -> io::Result<Digest> {
        let digest = Digest::of(bytes);
        let path = self.path(&digest);
        self.place(&path, bytes, false)?;
        self.unsynced.lock().unwrap_or_else(PoisonError::into_inner).push(path);
        Ok(digest)
    }

    /// Makes everything that was put unsynced survive a power cut: many files by one word to the file system they lie on,
    /// a few each by itself, so that nobody waits for what other programs have written meanwhile.
    ///
    /// # Errors
    /// The disk's, with the path; what was not yet safe is tried again by the next call.
    pub fn sync_all(&self) -> io::Result<()> {
        let paths = std::mem::take(&mut *self.unsynced.lock().unwrap_or_else(PoisonError::into_inner));
        let synced = if paths.len() > FEW { self.sync_file_system() } else { self.sync_each(&paths) };
        if synced.is_err() {
            self.unsynced.lock().unwrap_or_else(PoisonError::into_inner).extend(paths);
        }
        synced
    }

    fn sync_each(&self, paths: &[PathBuf]) -> io::Result<()> {
        paths.iter().try_for_each(|path| {
            sync(path)?;
            self.sync_folders_of(path)
        })
    }

    /// One barrier for files, folders and names alike. It tells of a write that failed since the last one (Linux 5.8).
    #[cfg(target_os = "linux")]
    fn sync_file_system(&self) -> io::Result<()> {
        let synced = File::open(&self.root).and_then(|root| Ok(rustix::fs::syncfs(root)?));
        synced.map_err(|error| at(&self.root, &error))
    }

    #[cfg(not(target_os = "linux"))]
    fn sync_file_system(&self) -> io::Result<()> {
        let folders = fs::read_dir(&self.root)?.collect::<io::Result<Vec<_>>>()?;
        for folder in folders {
            fs::read_dir(folder.path())?.try_for_each(|file| sync(&file?.path()))?;
            sync(&folder.path())?;
        }
        sync(&self.root)
    }

    /// The bytes of this mail, whose digest was computed again.
    ///
    /// # Errors
    /// `NotFound` where it is not kept; `InvalidData` where the file was altered; else the disk's. Each names the path.
    pub fn get(&self, digest: &Digest) -> io::Result<Vec<u8>> {
        let path = self.path(digest);
        let bytes = fs::read(&path).map_err(|error| at(&path, &error))?;
        if Digest::of(&bytes) == *digest {
            Ok(bytes)
        } else {
            let words =
                format!("{}: the archived mail was altered, its bytes no longer have this digest", path.display());
            Err(io::Error::new(io::ErrorKind::InvalidData, words))
        }
    }

    /// Removes this mail for good, and returns whether it was there. A power cut may bring it back until
    /// [`Archive::sync_removals`] has returned.
    ///
    /// # Errors
    /// The disk's, with the path.
    pub fn remove(&self, digest: &Digest) -> io::Result<bool> {
        let path = self.path(digest);
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(at(&path, &error)),
        }
    }

    /// Makes the removal of these mails survive a power cut.
    ///
    /// # Errors
    /// The disk's, with the path.
    pub fn sync_removals<'d>(&self, removed: impl Iterator<Item = &'d Digest>) -> io::Result<()> {
        let folders: BTreeSet<PathBuf> =
            removed.filter_map(|digest| self.path(digest).parent().map(Path::to_owned)).collect();
        folders.iter().try_for_each(|folder| sync(folder))
    }

    /// Octets of the file under this digest; `None` where there is none.
    #[must_use]
    pub fn size(&self, digest: &Digest) -> Option<u64> {
        fs::metadata(self.path(digest)).ok().filter(fs::Metadata::is_file).map(|metadata| metadata.len())
    }

    /// Whether a file stands under this digest; it is not read.
    #[must_use]
    pub fn contains(&self, digest: &Digest) -> bool {
        self.path(digest).is_file()
    }

    /// Where the mail of this digest is kept, or would be.
    #[must_use]
    pub fn path(&self, digest: &Digest) -> PathBuf {
        let (folder, name) = digest.as_str().split_at_checked(2).unwrap_or(("", digest.as_str()));
        self.root.join(folder).join(format!("{name}.eml"))
    }

    /// Brings the bytes under their name in one step, unless they stand there. A file that differs (an interrupted
    /// unsynced put, a damaged disk) is replaced by the right bytes.
    fn place(&self, path: &Path, bytes: &[u8], durable: bool) -> io::Result<()> {
        if fs::read(path).is_ok_and(|kept| kept == bytes) {
            return Ok(());
        }
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let temporary = path.with_extension(format!("{}-{serial}.tmp", std::process::id()));
        let mut written = write_new(&temporary, bytes, durable);
        if written.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            let folder = path.parent().unwrap_or(&self.root);
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| at(folder, &error))?;
            written = write_new(&temporary, bytes, durable);
        }
        let written = written.and_then(|()| fs::rename(&temporary, path));
        written.map_err(|error| {
            // The first error is the one to tell; a leftover is only untidy.
            let _ = fs::remove_file(&temporary);
            at(path, &error)
        })
    }

    /// A new name is safe only once its folder is; the folder may itself be new.
    fn sync_folders_of(&self, path: &Path) -> io::Result<()> {
        for folder in [path.parent(), Some(&self.root), self.root.parent()].into_iter().flatten() {
            sync(folder)?;
        }
        Ok(())
    }
}

fn write_new(path: &Path, bytes: &[u8], durable: bool) -> io::Result<()> {
    // A crashed process of the same id may have left this very name.
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    if durable { file.sync_all() } else { Ok(()) }
}

fn sync(path: &Path) -> io::Result<()> {
    File::open(path).and_then(|file| file.sync_all()).map_err(|error| at(path, &error))
}

/// The same error, saying which file it is about.
fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn keeps_a_mail_once_and_gives_it_back() {
        let storage = tempfile::tempdir().unwrap();
        let archive = Archive::open(storage.path());
        let mail = b"From: a@unit.example\r\n\r\n\xd6\xd0\xce\xc4".as_slice();
        let digest = archive.put(mail).unwrap();
        let path = archive.path(&digest);
        let written_at = fs::metadata(&path).unwrap().modified().unwrap();
        assert_eq!(archive.put(mail).unwrap(), digest);
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), written_at, "nothing is written twice");
        assert_eq!(archive.get(&digest).unwrap(), mail);
        assert!(archive.contains(&digest));
        assert!(!archive.contains(&Digest::of(b"another")));
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        let (folder, name) = digest.as_str().split_at(2);
        assert_eq!(path, storage.path().join("archive").join(folder).join(format!("{name}.eml")));
        let files = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(files, 1, "no temporary file stays behind");
    }

    #[test]
    fn an_altered_or_missing_mail_is_named() {
        let storage = tempfile::tempdir().unwrap();
        let archive = Archive::open(storage.path());
        let digest = archive.put(b"Subject: one\r\n\r\n").unwrap();
        fs::write(archive.path(&digest), b"Subject: two\r\n\r\n").unwrap();
        let error = archive.get(&digest).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(error.to_string().contains(digest.as_str().split_at(2).1), "{error}");
        archive.put(b"Subject: one\r\n\r\n").unwrap();
        assert_eq!(archive.get(&digest).unwrap(), b"Subject: one\r\n\r\n", "putting the right bytes again mends it");

        let absent = Digest::of(b"never put");
        let error = archive.get(&absent).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(error.to_string().contains(absent.as_str().split_at(2).1), "{error}");
    }

    #[test]
    fn a_batch_is_synced_at_once() {
        let storage = tempfile::tempdir().unwrap();
        let archive = Archive::open(storage.path());
        let digests: Vec<Digest> = (0..20_u8).map(|number| archive.put_unsynced(&[number, 0, 255]).unwrap()).collect();
        archive.sync_all().unwrap();
        for (number, digest) in (0..20_u8).zip(&digests) {
            assert_eq!(archive.get(digest).unwrap(), [number, 0, 255]);
        }
        archive.sync_all().unwrap();
    }

    #[test]
    fn many_threads_may_put_the_same_mail() {
        let storage = tempfile::tempdir().unwrap();
        let archive = Archive::open(storage.path());
        let mail = vec![b'x'; 100_000];
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| archive.put(&mail).unwrap());
            }
        });
        let digest = Digest::of(&mail);
        assert_eq!(archive.get(&digest).unwrap(), mail);
        assert_eq!(fs::read_dir(archive.path(&digest).parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named() {
        let storage = tempfile::tempdir().unwrap();
        fs::write(storage.path().join("archive"), b"a file where the folder should be").unwrap();
        let error = Archive::open(storage.path()).put(b"mail").unwrap_err();
        assert!(error.to_string().contains("archive"), "{error}");
    }
}
