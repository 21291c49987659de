//! Mails from files: `.eml`, folders of them, Maildirs and mbox files, one mail in memory at a time.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufReader, Read as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, FixedOffset};

use super::mbox::{self, Mbox};

/// A mail in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundMail {
    /// The file's path; for an mbox followed by `#` and the mail's number from 1.
    pub path: String,
    /// The `From ` line of an mbox, else the topmost Received field, else a Maildir file's time of change; `None` where
    /// nothing tells. A plain file's own time says when it was copied, not when the mail came.
    pub received_at: Option<DateTime<FixedOffset>>,
    pub bytes: Vec<u8>,
}

/// A file that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {error}")]
pub struct UnreadFile {
    pub path: String,
    pub error: io::Error,
}

/// Every mail in these files and folders, in the order given, folders sorted by name and walked to the bottom.
///
/// A path named here is read whatever it is called. In a folder only mails are taken: `*.eml`, `*.mbox`, and what lies
/// in the `cur` and `new` of a Maildir. Links to folders are not followed. A mail longer than `max_mail_bytes` is an
/// error of its own; the others go on.
#[must_use]
pub fn mails(paths: &[PathBuf], max_mail_bytes: u32) -> Mails {
    let waiting = paths.iter().map(|path| Waiting { path: path.clone(), named: true, maildir: false }).collect();
    Mails { waiting, mbox: None, max_mail_bytes }
}

/// See [`mails`].
pub struct Mails {
    waiting: VecDeque<Waiting>,
    /// The mbox in hand, its path and how many mails it gave.
    mbox: Option<(Mbox<BufReader<File>>, String, usize)>,
    max_mail_bytes: u32,
}

struct Waiting {
    path: PathBuf,
    /// By the caller, not found in a folder.
    named: bool,
    /// Lies in a Maildir's `cur` or `new`.
    maildir: bool,
}

impl Iterator for Mails {
    type Item = Result<FoundMail, UnreadFile>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(found) = self.next_of_mbox() {
                return Some(found);
            }
            let waiting = self.waiting.pop_front()?;
            let path = waiting.path.display().to_string();
            match self.open(waiting) {
                Ok(Some(found)) => return Some(Ok(found)),
                Ok(None) => {}
                Err(error) => return Some(Err(UnreadFile { path, error })),
            }
        }
    }
}

impl Mails {
    fn next_of_mbox(&mut self) -> Option<Result<FoundMail, UnreadFile>> {
        let (mbox, path, count) = self.mbox.as_mut()?;
        *count += 1;
        let path = format!("{path}#{count}");
        match mbox.next() {
            None => {
                self.mbox = None;
                None
            }
            Some(Err(error)) => Some(Err(UnreadFile { path, error })),
            Some(Ok(entry)) if entry.cut => Some(Err(UnreadFile { path, error: too_long(self.max_mail_bytes) })),
            Some(Ok(entry)) => {
                let received_at = entry.at.or_else(|| topmost_received(&entry.bytes));
                Some(Ok(FoundMail { path, received_at, bytes: entry.bytes }))
            }
        }
    }

    /// Takes a path: a folder is put in its place in the queue, an mbox is opened, a mail is read.
    fn open(&mut self, waiting: Waiting) -> io::Result<Option<FoundMail>> {
        if fs::metadata(&waiting.path)?.is_dir() {
            let inside = entries(&waiting)?;
            for entry in inside.into_iter().rev() {
                self.waiting.push_front(entry);
            }
            return Ok(None);
        }
        let file = File::open(&waiting.path)?;
        let metadata = file.metadata()?;
        let path = waiting.path.display().to_string();
        let mut start = [0; 5];
        let mut reader = BufReader::new(file);
        let read = reader.by_ref().take(5).read(&mut start)?;
        let start = start.get(..read).unwrap_or_default();
        if mbox::is_mbox(start) && !waiting.maildir {
            let mbox = Mbox::new(BufReader::new(File::open(&waiting.path)?), self.max_mail_bytes as usize);
            self.mbox = Some((mbox, path, 0));
            return Ok(None);
        }
        let mut bytes = start.to_vec();
        reader.take(u64::from(self.max_mail_bytes) + 1).read_to_end(&mut bytes)?;
        if bytes.len() > self.max_mail_bytes as usize {
            return Err(too_long(self.max_mail_bytes));
        }
        let changed = || metadata.modified().ok().filter(|_| waiting.maildir).map(DateTime::<chrono::Utc>::from);
        let received_at = topmost_received(&bytes).or_else(|| changed().map(|at| at.fixed_offset()));
        Ok(Some(FoundMail { path, received_at, bytes }))
    }
}

fn too_long(max_mail_bytes: u32) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("longer than {max_mail_bytes} octets"))
}

/// The mails and folders in a folder, sorted by name.
fn entries(folder: &Waiting) -> io::Result<Vec<Waiting>> {
    let is_maildir = is_maildir(&folder.path);
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder.path)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        let name = entry.file_name().to_string_lossy().into_owned();
        let maildir_part = is_maildir && (name == "cur" || name == "new");
        let wanted = match () {
            // A Maildir's tmp holds halves of mails.
            () if kind.is_dir() => !(is_maildir && name == "tmp"),
            () if kind.is_symlink() && path.is_dir() => false,
            () if folder.maildir => !name.starts_with('.'),
            () => has_ending(&path, &["eml", "mbox"]) || (folder.named && is_mbox_file(&path)),
        };
        if wanted {
            found.push(Waiting { path, named: false, maildir: maildir_part || folder.maildir });
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

fn is_maildir(path: &Path) -> bool {
    ["cur", "new", "tmp"].iter().all(|part| path.join(part).is_dir())
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    ending.is_some_and(|ending| endings.contains(&ending.as_str()))
}

/// mbox files of some programs have no ending at all.
fn is_mbox_file(path: &Path) -> bool {
    let mut start = [0; 5];
    path.extension().is_none()
        && path.is_file()
        && File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok()
        && mbox::is_mbox(&start)
}

/// The time in the topmost Received field: behind its last `;` (RFC 5321 §4.4). Looks at no more than the first
/// 64 KiB of the header.
#[must_use]
pub fn topmost_received(mail: &[u8]) -> Option<DateTime<FixedOffset>> {
    const FAR_ENOUGH: usize = 64 * 1024;
    let header = mail.get(..FAR_ENOUGH.min(mail.len()))?;
    let mut field: Option<String> = None;
    for line in header.split(|octet| *octet == b'\n') {
        let folded = line.first().is_some_and(|octet| *octet == b' ' || *octet == b'\t');
        match &mut field {
            Some(field) if folded => field.push_str(&String::from_utf8_lossy(line)),
            Some(_) => break,
            None if line.trim_ascii().is_empty() => return None,
            None => {
                let name = line.get(..9).unwrap_or_default();
                if name.eq_ignore_ascii_case(b"Received:") {
                    field = Some(String::from_utf8_lossy(line).into_owned());
                }
            }
        }
    }
    let field = field?;
    let (_, time) = field.rsplit_once(';')?;
    // `Sun, 1 Aug 2021 08:30:00 +0800 (CST)`: the comment says CST and means the offset before it.
    let time = time.split('(').next().unwrap_or_default();
    DateTime::parse_from_rfc2822(&time.split_ascii_whitespace().collect::<Vec<_>>().join(" ")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    const MAIL: &[u8] = b"Received: from a.example (unknown [198.51.100.7])\r\n\tby mx.unit.example with SMTP id x;\r\n\tSun,  1 Aug 2021 08:30:00 +0800 (CST)\r\nReceived: from b; Mon, 2 Aug 2021 00:00:00 +0000\r\nSubject: x\r\n\r\nbody\r\n";

    fn write(path: &Path, bytes: &[u8]) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        File::create(path).unwrap().write_all(bytes).unwrap();
    }

    #[test]
    fn the_topmost_received_field_tells_the_time() {
        assert_eq!(topmost_received(MAIL).unwrap().to_rfc3339(), "2021-08-01T08:30:00+08:00");
        assert_eq!(topmost_received(b"Subject: x\r\n\r\nReceived: x; Sun, 1 Aug 2021 08:30:00 +0800\r\n"), None);
        assert_eq!(topmost_received(b"Received: nothing"), None);
        assert_eq!(topmost_received(b""), None);
    }

    #[test]
    fn folders_are_walked_in_order_and_only_mails_taken() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        write(&at("b/2.eml"), b"Subject: 2\r\n\r\n");
        write(&at("b/1.EML"), b"Subject: 1\r\n\r\n");
        write(&at("a/deep/3.eml"), MAIL);
        write(&at("a/notes.txt"), b"no mail");
        let found: Vec<FoundMail> = mails(&[place.path().to_path_buf()], 1 << 20).map(Result::unwrap).collect();
        let names: Vec<&str> = found.iter().map(|mail| mail.path.rsplit('/').next().unwrap()).collect();
        assert_eq!(names, ["3.eml", "1.EML", "2.eml"]);
        assert_eq!(found[0].received_at.unwrap().to_rfc3339(), "2021-08-01T08:30:00+08:00");
        assert_eq!(found[1].received_at, None);
    }

    #[test]
    fn a_maildir_gives_cur_and_new_and_never_tmp() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join("Maildir").join(name);
        write(&at("cur/1:2,S"), b"Subject: seen\r\n\r\n");
        write(&at("new/2"), b"From me it is only text\r\n\r\n");
        write(&at("tmp/3"), b"Subject: half");
        write(&at("dovecot.index"), b"x");
        let found: Vec<FoundMail> = mails(&[place.path().to_path_buf()], 1 << 20).map(Result::unwrap).collect();
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].bytes, b"From me it is only text\r\n\r\n");
        // Without a Received field the file's own time is the time of delivery.
        assert!(found.iter().all(|mail| mail.received_at.is_some()));
    }

    #[test]
    fn an_mbox_is_numbered_and_what_cannot_be_read_is_said() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("sent");
        write(&path, b"From a Sun Aug  1 08:30:00 2021\nSubject: 1\n\nx\n\nFrom b\nSubject: 2\n\ny\n");
        let missing = place.path().join("missing.eml");
        let found: Vec<_> = mails(&[path, missing], 1 << 20).collect();
        assert_eq!(found.len(), 3);
        assert!(found[0].as_ref().unwrap().path.ends_with("sent#1"));
        assert!(found[1].as_ref().unwrap().path.ends_with("sent#2"));
        assert!(found[2].as_ref().unwrap_err().path.ends_with("missing.eml"));
    }

    #[test]
    fn a_mail_that_is_too_long_does_not_hold_back_the_next() {
        let place = tempfile::tempdir().unwrap();
        write(&place.path().join("1.eml"), &vec![b'x'; 5000]);
        write(&place.path().join("2.eml"), b"Subject: 2\r\n\r\n");
        let found: Vec<_> = mails(&[place.path().to_path_buf()], 1000).collect();
        assert!(found[0].is_err());
        assert_eq!(found[1].as_ref().unwrap().bytes, b"Subject: 2\r\n\r\n");
    }
}
