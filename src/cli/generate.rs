//! `generate`: man pages and shell completions, made from the commands themselves when the package is built.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use clap::{Command, CommandFactory as _};
use clap_complete::Shell;

use super::{Cli, Failure};

/// The name the completions answer to.
const PROGRAM: &str = "mailtally";

/// Writes `man/*.1` and `completions/*` below the folder.
pub(super) fn generate(folder: &Path) -> Result<(), Failure> {
    let (man, completions) = (folder.join("man"), folder.join("completions"));
    for folder in [&man, &completions] {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    clap_mangen::generate_to(shown(Cli::command()), &man).with_context(|| man.display().to_string())?;
    for shell in [Shell::Bash, Shell::Fish, Shell::Zsh] {
        let mut command = shown(Cli::command());
        clap_complete::generate_to(shell, &mut command, PROGRAM, &completions)
            .with_context(|| completions.display().to_string())?;
    }
    Ok(())
}

/// Without the commands that are no person's: clap_complete names hidden ones as well.
fn shown(command: Command) -> Command {
    let kept: Vec<Command> = command.get_subcommands().filter(|command| !command.is_hide_set()).cloned().collect();
    let bare = Command::new(PROGRAM)
        .version(env!("CARGO_PKG_VERSION"))
        .about(command.get_about().cloned().unwrap_or_default())
        .propagate_version(true)
        .args(command.get_arguments().cloned())
        .subcommand_required(true);
    bare.subcommands(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every command with its whole name.
    fn all(command: &Command, name: &str, found: &mut Vec<(String, Command)>) {
        for part in command.get_subcommands() {
            let name = format!("{name}-{}", part.get_name());
            found.push((name.clone(), part.clone()));
            all(part, &name, found);
        }
    }

    #[test]
    fn every_command_says_what_it_is_for_and_has_a_page() {
        let folder = tempfile::tempdir().unwrap();
        generate(folder.path()).unwrap();
        let mut commands = Vec::new();
        all(&shown(Cli::command()), PROGRAM, &mut commands);
        assert!(commands.len() > 30, "{} commands", commands.len());
        for (name, command) in &commands {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            assert!(about.len() > 10, "{name} does not say what it is for");
            let page = fs::read_to_string(folder.path().join(format!("man/{name}.1"))).unwrap();
            assert!(page.contains(".TH") && page.contains(".SH SYNOPSIS"), "{name}: {page}");
            for argument in command.get_arguments().filter(|argument| !argument.is_positional()) {
                let long = argument.get_long().unwrap_or_default();
                assert!(page.contains(&long.replace('-', "\\-")), "{name} has no --{long}");
            }
        }
    }

    #[test]
    fn completions_know_the_commands_and_none_that_is_no_persons() {
        let folder = tempfile::tempdir().unwrap();
        generate(folder.path()).unwrap();
        for name in ["mailtally.bash", "mailtally.fish", "_mailtally"] {
            let script = fs::read_to_string(folder.path().join("completions").join(name)).unwrap();
            for command in ["purge", "review", "check", "init"] {
                assert!(script.contains(command), "{name} lacks {command}");
            }
            assert!(!script.contains("generate"), "{name}");
        }
        assert!(!folder.path().join("man/mailtally-generate.1").exists());
    }
}
