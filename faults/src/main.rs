//! `arbour-faults`: makes faults on purpose and prints how the engines fare.

use std::path::PathBuf;
use std::process::ExitCode;

use arbour_faults::table::Table;
use arbour_faults::workload::{self, Life};
use arbour_faults::{Extent, Harness, Result, Share, check, failing, roster};
use clap::{Parser, Subcommand, ValueEnum};

/// Loses power, kills processes, damages files and fails system calls, and prints a table of the
/// outcomes for Arbour's engines, with the engines themselves beside them.
#[derive(Debug, Parser)]
#[command(name = "arbour-faults")]
struct Arguments {
    /// An engine; can be given several times. All engines of this build if not given.
    #[arg(long)]
    engine: Vec<String>,
    /// The number of images of losses of power.
    #[arg(long, default_value_t = 500)]
    images: u64,
    /// The number of damaged files.
    #[arg(long, default_value_t = 2000)]
    damage: u64,
    /// The number of failing calls of each kind in each way. Every call if not given.
    #[arg(long)]
    calls: Option<u64>,
    /// Fail only these calls, in the form of the table: "sync 61 EINTR of create". No other faults
    /// are injected then.
    #[arg(long)]
    only: Vec<String>,
    /// Fail only every N-th call, starting with the K-th: "0/4" to "3/4" divide them among four
    /// runs.
    #[arg(long, default_value = "0/1")]
    share: String,
    /// The seed for moments, sectors and bits: the same seed injects the same faults.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(subcommand)]
    part: Option<Part>,
}

/// The work of a process that the harness starts.
#[derive(Debug, Subcommand)]
enum Part {
    /// Commits to a store, under the recorder.
    #[command(hide = true)]
    Workload { engine: String, life: LifeName, root: PathBuf, notes: PathBuf },
    /// Checks stores that are named on standard input.
    #[command(hide = true)]
    Check,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LifeName {
    Create,
    Resume,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("arbour-faults: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<()> {
    match arguments.part {
        Some(Part::Check) => check::serve(),
        Some(Part::Workload { engine: name, life, root, notes }) => {
            let life = match life {
                LifeName::Create => Life::Create,
                LifeName::Resume => Life::Resume,
            };
            workload::run(roster::engine(&name)?, life, &root, &notes)
        }
        None => {
            let Arguments { engine: names, images, damage, calls, only, share, seed, .. } =
                arguments;
            let share = Share::parse(&share)?;
            let only = only.iter().map(|call| failing::parse(call)).collect::<Result<Vec<_>>>()?;
            let engines = if names.is_empty() {
                roster::engines()
            } else {
                names.iter().map(|name| roster::engine(name)).collect::<Result<_>>()?
            };
            let executable = std::env::current_exe().map_err(|source| {
                arbour_faults::Error::File { path: PathBuf::from("this program"), source }
            })?;
            let mut harness =
                Harness::new(executable, Extent { images, damage, calls, share, seed })?;
            let mut table = Table::default();
            let ran = engines.iter().try_for_each(|engine| {
                eprintln!("{} ...", engine.name);
                if only.is_empty() {
                    return arbour_faults::run(&mut harness, engine, &mut table);
                }
                only.iter().try_for_each(|(life, injection)| {
                    failing::run_chosen(&mut harness, engine, *life, [*injection], &mut table)
                })
            });
            // What was found counts, also if the harness fails later.
            println!("{table}");
            ran
        }
    }
}
