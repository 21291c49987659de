//! Storages that are slow to make, kept from run to run beside the build.

use std::fs;
use std::path::{Path, PathBuf};

use mailtally::model::mail::Digest;

use crate::Sizes;
use crate::mailbox::{Plan, Weight};
use crate::measure::run;
use crate::office::{Office, Reach, fill_maildir};

/// Changes with what the generator writes.
const GENERATOR: u32 = 1;

/// The kept folder of this name, which `make` fills where it is not whole. Another version of the tables is another
/// folder, since reading commands refuse an older one.
pub fn kept(sizes: &Sizes, name: &str, make: impl FnOnce(&Path)) -> PathBuf {
    let mut migrations: Vec<PathBuf> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    migrations.sort();
    let all: Vec<u8> = migrations.iter().flat_map(|path| fs::read(path).unwrap()).collect();
    let key = format!("{name}-{GENERATOR}-{}", Digest::of(&all).short());
    let folder = sizes.kept.canonicalize().unwrap().join(key);
    let whole = folder.join("whole");
    if !whole.exists() {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        eprintln!("   making {} (kept for later runs)", folder.display());
        make(&folder);
        fs::write(whole, "").unwrap();
    }
    folder
}

/// A storage of so many light returns by so many units, with an office on it.
pub fn returns(sizes: &Sizes, mails: u32, units: u32) -> Office {
    let folder = kept(sizes, &format!("returns-{mails}-{units}"), |folder| {
        let maildir = folder.join("maildir");
        fill_maildir(&maildir, Plan { mails, units, weight: Weight::Light });
        let office = Office::new(folder, units, &Reach::None);
        run(office.command(&["ingest"]).arg(&maildir));
        fs::remove_dir_all(&maildir).unwrap();
    });
    Office::new(&folder, units, &Reach::None)
}
