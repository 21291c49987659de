//! The shipped campaign, compiled in, so that the demo needs nothing but the program.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The shipped campaign's folder.
pub const CAMPAIGN_ID: &str = "2021-bayi";

/// Each file of the shipped campaign: name and content.
pub const CAMPAIGN: [(&str, &str); 11] = [
    ("campaign.toml", include_str!("../../config/campaigns/2021-bayi/campaign.toml")),
    ("form.toml", include_str!("../../config/campaigns/2021-bayi/form.toml")),
    ("units.csv", include_str!("../../config/campaigns/2021-bayi/units.csv")),
    ("ack.txt", include_str!("../../config/campaigns/2021-bayi/ack.txt")),
    ("ack.html", include_str!("../../config/campaigns/2021-bayi/ack.html")),
    ("reminder.txt", include_str!("../../config/campaigns/2021-bayi/reminder.txt")),
    ("reminder.html", include_str!("../../config/campaigns/2021-bayi/reminder.html")),
    ("digest.txt", include_str!("../../config/campaigns/2021-bayi/digest.txt")),
    ("digest.html", include_str!("../../config/campaigns/2021-bayi/digest.html")),
    ("alert.txt", include_str!("../../config/campaigns/2021-bayi/alert.txt")),
    ("alert.html", include_str!("../../config/campaigns/2021-bayi/alert.html")),
];

/// The main configuration file of the demo.
const MAIN: &str = r#"# Written by `mailtally demo`. Try it: mailtally -c THIS_FILE status
timezone = "Asia/Shanghai"

[storage]
dir = "../storage"

[smtp]
transport = "folder"
path = "../outbox"
from = "吕梁市双拥办 <office@163.example>"

[staff]
digest_to = ["staff@163.example"]
alert_to = ["staff@163.example"]

[campaigns]
dir = "campaigns"
"#;

/// Writes the demo's configuration below `folder` and returns its main file.
///
/// # Errors
/// Where the disk refuses.
pub fn write_configuration(folder: &Path) -> Result<PathBuf> {
    let campaign = folder.join("campaigns").join(CAMPAIGN_ID);
    std::fs::create_dir_all(&campaign).with_context(|| campaign.display().to_string())?;
    for (name, content) in CAMPAIGN {
        let path = campaign.join(name);
        std::fs::write(&path, content).with_context(|| path.display().to_string())?;
    }
    let main = folder.join("mailtally.toml");
    std::fs::write(&main, MAIN).with_context(|| main.display().to_string())?;
    Ok(main)
}
