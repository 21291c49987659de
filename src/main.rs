//! The program: parses its arguments, sets up the log, and hands over to `cli`.

use std::process::ExitCode;

use clap::Parser;
use mailtally::cli::{self, Cli};

fn main() -> ExitCode {
    let cli = Cli::parse();
    cli::log::start(cli.usual_level());
    cli::log::tell_panics_in_one_line();
    cli::run(cli)
}
