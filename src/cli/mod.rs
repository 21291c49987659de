//! The command line: arguments in, results to stdout, words for people to stderr, an exit code for programs.

mod backup;
mod campaign;
mod campaign_text;
mod check;
mod config_show;
mod demo;
mod files;
mod generate;
mod history;
mod init;
pub mod inspect;
pub mod inspect_json;
mod letters;
mod letters_preview;
pub mod log;
mod office;
mod person;
mod purge;
mod reload;
mod reread;
mod review;
mod review_act;
mod review_evidence;
mod review_show;
mod setup;
pub mod status;
mod tally;
mod unit;
mod unit_act;
mod unit_import;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use chrono::{DateTime, FixedOffset, NaiveDate};
use clap::{Args, Parser, Subcommand};

use crate::config::Mistakes;
use crate::inbox::InboxError;
use crate::store::StoreError;
use crate::work::WorkError;
use crate::work::opener::{self, READER_COMMAND};
use crate::work::poll::PollError;

/// Collects formal returns by e-mail: reads the tables, checks the figures, answers, reminds, and tallies.
#[derive(Parser)]
#[command(name = "mailtally", version, propagate_version = true)]
pub struct Cli {
    /// The configuration file [default: config/mailtally.toml, then /etc/mailtally/mailtally.toml; or MAILTALLY_CONFIG]
    #[arg(short, long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Fixes the clock of any command but `run`, for drills
    #[arg(long, global = true, value_name = "RFC3339", value_parser = DateTime::parse_from_rfc3339)]
    now: Option<DateTime<FixedOffset>>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Opens mails for its parent process, confined
    #[command(name = READER_COMMAND, hide = true)]
    Reader,
    /// Writes man pages and shell completions
    #[command(hide = true)]
    Generate {
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Asks a few questions and writes a working configuration
    Init(init::InitArgs),
    /// The configuration in force
    #[command(subcommand)]
    Config(config_show::ConfigCommand),
    /// Plays a whole campaign on sample mail in a temporary place; no network, no server
    Demo {
        /// Where the letters, digests and the tally are written [default: a new folder in the temporary directory]
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// The daemon: polls, ingests, sends, until SIGTERM
    Run,
    /// One round of all of it (poll, ingest, due reminders and digest, deliver), then exits
    Once,
    /// The same pipeline for .eml files, folders of them, Maildirs and mbox files; safe to repeat
    Ingest(IngestArgs),
    /// What the pipeline makes of a mail or of a bare attachment, recorded nowhere
    Inspect {
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// One JSON document; with several files one a line
        #[arg(long)]
        json: bool,
    },
    /// Every unit's status and the totals
    Status {
        #[command(flatten)]
        campaign: CampaignArg,
        #[arg(long, value_enum, default_value = "table")]
        format: status::Format,
    },
    /// The consolidated workbook (汇总表)
    Export {
        #[command(flatten)]
        campaign: CampaignArg,
        #[arg(long, value_name = "FILE.xlsx")]
        out: PathBuf,
    },
    /// The daily digest as it would be sent
    Digest(DigestArgs),
    /// The configuration, the database, and with --online the IMAP and SMTP logins and folders
    Check {
        /// Logs in to the servers as well
        #[arg(long)]
        online: bool,
    },
    /// What needs a person, and a person's word on it
    #[command(subcommand)]
    Review(review::ReviewCommand),
    /// The units of the roster, and what a person says of one
    #[command(subcommand)]
    Unit(unit::UnitCommand),
    /// A consistent copy of database and archive in one file, while the daemon runs
    Backup {
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Fills the configured storage, which must be empty, from a backup
    Restore {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// The office's collections, and the folder of a new one
    #[command(subcommand)]
    Campaign(campaign::CampaignCommand),
    /// Judges all archived mail again under today's configuration and shows what would change, unit by unit
    Reread {
        #[command(flatten)]
        campaign: CampaignArg,
        /// Changes it
        #[arg(long)]
        apply: bool,
        #[arg(long, value_enum, default_value = "text")]
        format: review::Format,
    },
    /// Removes raw mail and attachments of closed campaigns from the archive; the tally and the history stay
    Purge(purge::PurgeArgs),
    /// Letters that are owed, held or gone, and what they look like
    #[command(subcommand, alias = "letter")]
    Letters(letters::LettersCommand),
    /// Everything that happened, oldest first
    History {
        #[command(flatten)]
        campaign: CampaignArg,
        /// Only this unit
        #[arg(long, value_name = "CODE")]
        unit: Option<String>,
        #[arg(long, value_enum, default_value = "text")]
        format: history::Format,
    },
}

/// Which campaign is meant.
#[derive(Args, Clone)]
struct CampaignArg {
    /// Needed only where there are several
    #[arg(long = "campaign", value_name = "ID")]
    id: Option<String>,
}

#[derive(Args)]
struct IngestArgs {
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The time of arrival where the source carries none [default: now]
    #[arg(long, value_name = "RFC3339", value_parser = DateTime::parse_from_rfc3339)]
    received_at: Option<DateTime<FixedOffset>>,
}

#[derive(Args)]
struct DigestArgs {
    #[command(flatten)]
    campaign: CampaignArg,
    /// The day it is for [default: today]; what is sent is always of today
    #[arg(long, value_name = "DATE", conflicts_with = "send")]
    date: Option<NaiveDate>,
    /// Writes it there as .eml, .html and the workbook
    #[arg(long, value_name = "DIR", required_unless_present = "send", conflicts_with = "send")]
    out: Option<PathBuf>,
    /// Sends it to the staff
    #[arg(long)]
    send: bool,
}

/// Why a command did not do what it was asked; each has an exit code of its own.
#[derive(Debug)]
enum Failure {
    /// 1: network, disk, a storage in use.
    World(anyhow::Error),
    /// 2: the call or the configuration is wrong.
    Wrong(String),
    /// 3: `check` found something that must be fixed, and has said so.
    MustBeFixed,
}

impl From<Mistakes> for Failure {
    fn from(mistakes: Mistakes) -> Self {
        Self::Wrong(mistakes.to_string())
    }
}

impl From<crate::config::Mistake> for Failure {
    fn from(mistake: crate::config::Mistake) -> Self {
        Self::Wrong(mistake.to_string())
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::World(error)
    }
}

macro_rules! world {
    ($($error:ty),*) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::World(error.into())
            }
        })*
    };
}
world!(StoreError, WorkError, PollError, InboxError, std::io::Error, serde_json::Error);

impl Cli {
    /// How much the command logs by itself: what works on the storage keeps a diary, the others speak of trouble only.
    #[must_use]
    pub fn usual_level(&self) -> &'static str {
        match self.command {
            Command::Run | Command::Once | Command::Ingest(_) => log::USUAL_LEVEL,
            Command::Reader
            | Command::Generate { .. }
            | Command::Init(_)
            | Command::Config(_)
            | Command::Demo { .. }
            | Command::Inspect { .. }
            | Command::Status { .. }
            | Command::Export { .. }
            | Command::Digest(_)
            | Command::Check { .. }
            | Command::Review(_)
            | Command::Unit(_)
            | Command::Backup { .. }
            | Command::Restore { .. }
            | Command::Campaign(_)
            | Command::Reread { .. }
            | Command::Purge(_)
            | Command::Letters(_)
            | Command::History { .. } => "warn",
        }
    }
}

/// How long what still runs apart may take once the command has ended.
const AT_MOST_AFTER_THE_END: Duration = Duration::from_millis(500);

/// Runs the command and says how it went.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    if matches!(cli.command, Command::Reader) {
        // Confined, it could not start the threads of a runtime.
        return if opener::serve().is_ok() { ExitCode::SUCCESS } else { ExitCode::from(1) };
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = runtime.map_err(Failure::from).and_then(|runtime| {
        let done = runtime.block_on(dispatch(cli));
        // A reader that hangs on a hostile file keeps its thread; nobody waits for it.
        runtime.shutdown_timeout(AT_MOST_AFTER_THE_END);
        done
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads our output has read enough (`mailtally status | head`).
        Err(Failure::World(error)) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(Failure::World(error)) => {
            eprintln!("mailtally: {}", line_by_line(&format!("{error:#}")));
            ExitCode::from(1)
        }
        Err(Failure::Wrong(words)) => {
            eprintln!("{}", line_by_line(&words));
            ExitCode::from(2)
        }
        Err(Failure::MustBeFixed) => ExitCode::from(3),
    }
}

/// Names of files, and words of servers, in an error steer no terminal; its lines stay lines.
fn line_by_line(words: &str) -> String {
    let shown = |line: &str| {
        let indent: String = line.chars().take_while(|sign| *sign == ' ').collect();
        indent + &history::one_line(line)
    };
    words.lines().map(shown).collect::<Vec<_>>().join("\n")
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        let json = cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
        io.or(json) == Some(std::io::ErrorKind::BrokenPipe)
    })
}

async fn dispatch(cli: Cli) -> Result<(), Failure> {
    let Cli { config, now, command } = cli;
    let call = setup::Call { config, now };
    match command {
        Command::Reader => Ok(()),
        Command::Generate { folder } => generate::generate(&folder),
        Command::Init(arguments) => init::init(&call, arguments),
        Command::Config(command) => config_show::config(&call, &command),
        Command::Demo { out } => demo::demo(&call, out).await,
        Command::Run => office::run(&call).await,
        Command::Once => office::once(&call).await,
        Command::Ingest(arguments) => office::ingest(&call, &arguments.paths, arguments.received_at).await,
        Command::Inspect { files, json } => inspect::inspect(&call, &files, json),
        Command::Status { campaign, format } => tally::status(&call, campaign.id.as_deref(), format).await,
        Command::Export { campaign, out } => tally::export(&call, campaign.id.as_deref(), &out).await,
        Command::Digest(arguments) => {
            let DigestArgs { campaign, date, out, .. } = arguments;
            tally::digest(&call, campaign.id.as_deref(), date, out.as_deref()).await
        }
        Command::Check { online } => check::check(&call, online).await,
        Command::Review(command) => review::review(&call, command).await,
        Command::Unit(command) => unit::unit(&call, command).await,
        Command::Backup { out } => backup::back_up(&call, &out).await,
        Command::Restore { file } => backup::restore(&call, &file).await,
        Command::Campaign(command) => campaign::campaign(&call, command).await,
        Command::Reread { campaign, apply, format } => {
            reread::reread(&call, campaign.id.as_deref(), apply, format).await
        }
        Command::Purge(arguments) => purge::purge(&call, arguments).await,
        Command::Letters(command) => letters::letters(&call, command).await,
        Command::History { campaign, unit, format } => {
            history::history(&call, campaign.id.as_deref(), unit.as_deref(), format).await
        }
    }
}
