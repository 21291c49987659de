//! Who gives a command: the name that stands in the history beside an act.

use super::Failure;
use super::history::one_line;

/// Longest name kept, in characters.
const LONGEST: usize = 60;

/// The name given, or else the login name.
pub(super) fn name(by: Option<&str>) -> Result<String, Failure> {
    let named = match by {
        Some(name) => tidy(name),
        None => login().unwrap_or_default(),
    };
    if named.is_empty() {
        return Err(Failure::Wrong("who says so? Give --by NAME".to_owned()));
    }
    Ok(named)
}

fn login() -> Option<String> {
    let from_environment = ["USER", "LOGNAME"].into_iter().filter_map(|key| std::env::var(key).ok());
    from_environment.map(|name| tidy(&name)).find(|name| !name.is_empty()).or_else(|| {
        let output =
            std::process::Command::new("id").arg("-un").output().ok().filter(|output| output.status.success())?;
        Some(tidy(&String::from_utf8_lossy(&output.stdout)))
    })
}

fn tidy(name: &str) -> String {
    one_line(name).chars().take(LONGEST).collect()
}
