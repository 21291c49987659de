//! Where the configuration is: what the command line says, then the environment, then the usual places.

use std::path::{Path, PathBuf};

use super::mistakes::{Mistake, Mistakes};

/// The environment variable that names the configuration file.
pub const VARIABLE: &str = "MAILTALLY_CONFIG";

/// Looked for in this order where nobody names a file.
pub const USUAL_PLACES: [&str; 2] = ["config/mailtally.toml", "/etc/mailtally/mailtally.toml"];

/// The configuration file: `given` (from `--config`), or the one `MAILTALLY_CONFIG` names, or the first of
/// [`USUAL_PLACES`] that is there.
///
/// # Errors
/// The named file is not there, or none is.
pub fn locate(given: Option<&Path>) -> Result<PathBuf, Mistakes> {
    let from_environment = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
    locate_among(given, from_environment, &USUAL_PLACES.map(Path::new))
}

fn locate_among(given: Option<&Path>, environment: Option<PathBuf>, usual: &[&Path]) -> Result<PathBuf, Mistakes> {
    let named = given.map(|path| (path.to_path_buf(), "--config")).or(environment.map(|path| (path, VARIABLE)));
    if let Some((path, said_by)) = named {
        if path.is_file() {
            return Ok(path);
        }
        return Err(Mistake::of_file(&path, format!("there is no such file ({said_by} names it)")).into());
    }
    if let Some(found) = usual.iter().find(|path| path.is_file()) {
        return Ok(found.to_path_buf());
    }
    let first = usual.first().copied().unwrap_or(Path::new(""));
    let places: Vec<String> = usual.iter().map(|path| path.display().to_string()).collect();
    let text = format!(
        "there is no configuration; looked for {}; write one with `mailtally init`, or name one with --config",
        places.join(" and ")
    );
    Err(Mistake::of_file(first, text).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_wins_over_the_environment_and_the_usual_places() {
        let folder = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, "").unwrap();
            path
        };
        let (given, environment, usual) = (make("given.toml"), make("environment.toml"), make("usual.toml"));
        let absent = folder.path().join("absent.toml");
        let places = [absent.as_path(), usual.as_path()];
        assert_eq!(locate_among(Some(&given), Some(environment.clone()), &places).unwrap(), given);
        assert_eq!(locate_among(None, Some(environment.clone()), &places).unwrap(), environment);
        assert_eq!(locate_among(None, None, &places).unwrap(), usual);
        let told = locate_among(Some(&absent), Some(environment), &places).unwrap_err().to_string();
        assert!(told.contains("absent.toml") && told.contains("--config"), "{told}");
        assert!(locate_among(None, None, &[&absent]).unwrap_err().to_string().contains("absent.toml"));
    }
}
