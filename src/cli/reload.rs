//! The campaigns' files as the daemon watches them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::setup;
use crate::config::{self, Config, RosterChange};
use crate::daemon::reload::{Loaded, Source};
use crate::judge::register::Register;
use crate::model::campaign::Campaign;

/// Units named in the digest when many are changed at once.
const MOST_NAMED: usize = 8;

/// The configured campaigns.
pub(super) struct Files {
    main: PathBuf,
    campaigns: PathBuf,
    own_addresses: Vec<String>,
}

impl Files {
    pub fn of(config: &Config) -> Self {
        Self {
            main: config.file.clone(),
            campaigns: config.campaigns_dir.clone(),
            own_addresses: setup::own_addresses(config),
        }
    }
}

impl Source for Files {
    fn stamp(&self) -> String {
        let mut lines = Vec::new();
        let mut folders = vec![self.campaigns.clone()];
        // The campaigns' folders and what is in them; nothing lies deeper.
        for folder in std::fs::read_dir(&self.campaigns).into_iter().flatten().flatten() {
            folders.push(folder.path());
        }
        for folder in folders.iter().filter(|folder| folder.is_dir()) {
            lines
                .extend(std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| stamp_of(&entry.path())));
        }
        lines.sort();
        lines.join("\n")
    }

    fn load(&self, present: &Register) -> Result<Loaded, Vec<String>> {
        let read = config::load_campaigns(&self.main);
        let (_, campaigns) =
            read.map_err(|mistakes| mistakes.list().iter().map(ToString::to_string).collect::<Vec<_>>())?;
        let before: Vec<&Campaign> = present.campaigns().map(AsRef::as_ref).collect();
        let (told, counts) = changes(&before, &campaigns);
        Ok(Loaded { register: Register::new(campaigns, self.own_addresses.clone()), told, counts })
    }
}

/// Name, size and the moment of writing, as exact as the file system keeps it.
fn stamp_of(path: &Path) -> String {
    use std::os::unix::fs::MetadataExt;
    match std::fs::metadata(path) {
        Ok(data) => format!("{} {} {} {} {}", path.display(), data.len(), data.mtime(), data.mtime_nsec(), data.ino()),
        Err(_) => path.display().to_string(),
    }
}

/// What is different, for the digest and for the log.
fn changes(before: &[&Campaign], after: &[Campaign]) -> (Vec<String>, String) {
    let (mut told, mut counts) = (Vec::new(), Vec::new());
    let ids = |id: &str| before.iter().find(|campaign| campaign.id == id);
    for campaign in after {
        let Some(known) = ids(&campaign.id) else {
            told.push(format!("新增收集工作：{}（{}）", campaign.title, campaign.id));
            counts.push(format!("{}: new", campaign.id));
            continue;
        };
        let change = RosterChange::between(&known.roster, &campaign.roster);
        if !change.is_empty() {
            let (added, removed, changed) = (change.added.len(), change.removed.len(), change.changed.len());
            counts.push(format!("{}: {added} units added, {removed} removed, {changed} changed", campaign.id));
            told.push(format!(
                "“{}”名册已更新：新增 {added} 个、删除 {removed} 个、修改 {changed} 个单位（{}）；已收邮件如需重新归属，请运行 mailtally reread",
                campaign.title,
                named(&change)
            ));
        }
        if known.deadline != campaign.deadline {
            told.push(format!("“{}”截止时间改为 {}", campaign.title, campaign.deadline.format("%Y-%m-%d %H:%M")));
            counts.push(format!("{}: deadline moved", campaign.id));
        }
    }
    let now: BTreeSet<&str> = after.iter().map(|campaign| campaign.id.as_str()).collect();
    for gone in before.iter().filter(|campaign| !now.contains(campaign.id.as_str())) {
        told.push(format!("收集工作“{}”（{}）已从配置中移除", gone.title, gone.id));
        counts.push(format!("{}: gone", gone.id));
    }
    if counts.is_empty() {
        counts.push("no unit and no deadline".to_owned());
    }
    (told, counts.join("; "))
}

fn named(change: &RosterChange) -> String {
    let changed = change.changed.iter().map(|difference| &difference.unit);
    let mut names: Vec<&str> =
        change.added.iter().chain(&change.removed).chain(changed).map(|unit| unit.name.as_str()).collect();
    let more = names.len() > MOST_NAMED;
    names.truncate(MOST_NAMED);
    let names = names.join("、");
    if more { format!("{names}等") } else { names }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::DateTime;
    use tempfile::TempDir;

    use super::*;
    use crate::archive::Archive;
    use crate::daemon::reload::Watch;
    use crate::model::unit::UnitCode;
    use crate::read::Limits;
    use crate::store::Store;
    use crate::work::desk::Desk;
    use crate::work::opener::Opener;

    fn office() -> (TempDir, Config) {
        let folder = tempfile::tempdir().unwrap();
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/campaigns/2021-bayi");
        let campaign = folder.path().join("campaigns/2021-bayi");
        std::fs::create_dir_all(&campaign).unwrap();
        for entry in std::fs::read_dir(shipped).unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, campaign.join(path.file_name().unwrap())).unwrap();
        }
        let main = folder.path().join("mailtally.toml");
        std::fs::write(&main, "[storage]\ndir = \"data\"\n[campaigns]\ndir = \"campaigns\"\n").unwrap();
        let config = config::load(&main).unwrap();
        (folder, config)
    }

    #[tokio::test]
    async fn a_changed_roster_counts_at_once_and_a_wrong_one_never() {
        let (folder, config) = office();
        let roster = folder.path().join("campaigns/2021-bayi/units.csv");
        let good = std::fs::read_to_string(&roster).unwrap();
        let store = Store::open(&config.storage_dir, config.offset).await.unwrap();
        let archive = Archive::open(&config.storage_dir);
        let opener = Opener::Here(Limits::default());
        let desk = Desk::new(store, archive, setup::register(&config), opener, "x.example".to_owned());
        let watch = Watch::new(Box::new(Files::of(&config)));
        let now = DateTime::parse_from_rfc3339("2021-08-06T09:00:00+08:00").unwrap();
        let knows = |code: &str| {
            let register = desk.register();
            register.campaign("2021-bayi").unwrap().roster.unit(&UnitCode::new(code)).is_some()
        };
        let notes = || desk.register().notes().iter().map(|note| note.text.clone()).collect::<Vec<_>>();
        // A file that is being written is left alone until two looks find the same.
        let look = |now| watch.look(&desk, false, now) || watch.look(&desk, false, now);
        let first = Arc::as_ptr(&desk.register());
        assert!(!look(now), "nothing has changed");
        assert_eq!(Arc::as_ptr(&desk.register()), first);

        std::fs::write(&roster, format!("{good}N1,新设局,市直,,xsj@new.example,,\n")).unwrap();
        assert!(look(now));
        assert!(knows("N1"));
        assert!(notes()[0].contains("新增 1 个") && notes()[0].contains("新设局"), "{:?}", notes());

        std::fs::write(&roster, format!("{good}N1,新设局,市直,,没有邮箱,,\nN1,又一个,市直,,,,\n")).unwrap();
        assert!(!look(now));
        assert!(knows("N1"), "what was read before stays in force");
        let told = notes();
        assert!(told.iter().any(|note| note.contains("units.csv:") && note.contains("共 2 处")), "{told:?}");
        assert!(!look(now), "told once");
        assert_eq!(notes(), told);

        std::fs::write(&roster, &good).unwrap();
        let next_day = now + chrono::TimeDelta::hours(25);
        assert!(look(next_day));
        assert!(!knows("N1"));
        assert!(
            notes().len() == 1 && notes()[0].contains("删除 1 个"),
            "mended, and yesterday's is old: {:?}",
            notes()
        );
        assert!(watch.look(&desk, true, next_day), "forced");
        desk.store.close().await;
    }
}
