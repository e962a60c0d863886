//! Makes the report of existing figures.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use arbour_benches::{figures, report};
use clap::Parser;

/// Makes the report of the figures of the last run of `cargo bench -p arbour-benches`.
#[derive(Parser)]
struct Arguments {
    /// Take the figures of the last quick run.
    #[arg(long, conflicts_with = "figures")]
    quick: bool,
    /// Take the figures of this folder of criterion's.
    #[arg(long, value_name = "FOLDER")]
    figures: Option<PathBuf>,
    /// Write the report to this folder.
    #[arg(long, value_name = "FOLDER")]
    into: Option<PathBuf>,
    /// Write the table of engines into this page.
    #[arg(long, value_name = "PAGE")]
    write: Option<PathBuf>,
}

fn main() -> ExitCode {
    match write(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("report: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write(arguments: Arguments) -> io::Result<()> {
    let target = report::target_folder();
    let figures =
        arguments.figures.unwrap_or_else(|| report::figures_folder(&target, arguments.quick));
    let into = arguments.into.unwrap_or_else(|| report::report_folder(&target));
    let written = report::write(&figures, &into)?;
    println!("{} figures: {}", written.figures, written.page.display());
    if let Some(page) = &arguments.write {
        figures::write(page, "engines", &fs::read_to_string(&written.table)?)?;
    }
    Ok(())
}
