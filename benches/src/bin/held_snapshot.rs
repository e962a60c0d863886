//! Prints what a held snapshot costs concurrent writers.

use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use arbour_benches::figures::{self, Table};
use arbour_benches::held_snapshot::{Held, Load, measure};
use arbour_benches::{ENGINES, machine};
use arbour_core::Durability;
use clap::Parser;
use clap::builder::PossibleValuesParser;

/// Writes two stores of each engine in turn, one of them while a snapshot of it lives.
#[derive(Parser)]
struct Arguments {
    /// Print one line of JSON for each engine instead of a table.
    #[arg(long)]
    json: bool,
    /// Measure only this engine; may be given several times.
    #[arg(long = "engine", value_parser = PossibleValuesParser::new(ENGINES))]
    engines: Vec<String>,
    /// Measure the engines' own APIs instead of Arbour.
    #[arg(long)]
    raw: bool,
    /// How long to write beside the snapshot; then for the same time without one.
    #[arg(long, default_value_t = Load::FULL.held.as_secs())]
    seconds: u64,
    /// How durable each write is.
    #[arg(long, default_value = "power-loss", value_parser = PossibleValuesParser::new(["none", "process-crash", "power-loss"]))]
    durability: String,
    /// Exit with an error if an engine is over a bound.
    #[arg(long)]
    check: bool,
    /// Measure all engines and their own APIs, and write the figures into this page.
    #[arg(long, value_name = "PAGE", conflicts_with_all = ["engines", "raw"])]
    write: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(page) = &arguments.write {
        return match write(page, &arguments) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("held_snapshot: {error}");
                ExitCode::FAILURE
            }
        };
    }
    let asked = if arguments.engines.is_empty() {
        ENGINES.iter().map(|engine| (*engine).to_owned()).collect()
    } else {
        arguments.engines.clone()
    };
    match asked.as_slice() {
        [engine] => one(engine, &arguments),
        several => each(several, &arguments),
    }
}

/// Measures each engine in a process of its own, so that none starts with memory that another has
/// released.
fn each(engines: &[String], arguments: &Arguments) -> ExitCode {
    if !arguments.json {
        println!("{}", machine::describe());
        println!(
            "one put a commit, durability {}, {} of {} entries written over, {} s each\n",
            arguments.durability,
            Load::FULL.changed,
            Load::FULL.entries,
            arguments.seconds
        );
        println!("{HEADER}");
    }
    let mut over = false;
    for engine in engines {
        let child = child_of(engine, arguments).and_then(|mut child| {
            child.args(arguments.raw.then_some("--raw"));
            child.args(arguments.json.then_some("--json"));
            child.args(arguments.check.then_some("--check"));
            child.status()
        });
        match child {
            Ok(status) => over |= !status.success(),
            Err(error) => {
                eprintln!("held_snapshot: {engine}: {error}");
                over = true;
            }
        }
    }
    if over { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Makes the command that measures one engine with the same load.
fn child_of(engine: &str, arguments: &Arguments) -> io::Result<Command> {
    let mut child = Command::new(env::current_exe()?);
    child.args(["--engine", engine, "--durability", &arguments.durability]);
    child.args(["--seconds", &arguments.seconds.to_string()]);
    Ok(child)
}

/// Measures each engine with Arbour and with its own API, and writes the rates into a page.
fn write(page: &Path, arguments: &Arguments) -> io::Result<()> {
    let mut table = Table::new("of the rate without a snapshot");
    // The engine in memory has no API beside this one.
    for engine in ENGINES.iter().filter(|engine| **engine != "memory") {
        for (row, raw) in [("Arbour", None), ("the engine's own API", Some("--raw"))] {
            let output = child_of(engine, arguments)?.arg("--json").args(raw).output()?;
            let held: serde_json::Value = serde_json::from_slice(&output.stdout)?;
            let ratio = held.get("ratio").and_then(serde_json::Value::as_f64);
            let ratio = ratio.ok_or_else(|| {
                io::Error::other(format!("{engine}: {}", String::from_utf8_lossy(&output.stderr)))
            })?;
            println!("{engine}, {row}: {ratio:.3}");
            table.set(row, engine, format!("{ratio:.2}"));
        }
    }
    let text = format!(
        "{}. One put for each commit, durability {}, {seconds} s beside the snapshot and {seconds} s without.\n\n\
         {table}",
        figures::occasion(),
        arguments.durability,
        seconds = arguments.seconds
    );
    figures::write(page, "held snapshot", &text)
}

fn one(engine: &str, arguments: &Arguments) -> ExitCode {
    let durability =
        Durability::ALL.into_iter().find(|level| level.to_string() == arguments.durability);
    let load = Load {
        held: Duration::from_secs(arguments.seconds.max(1)),
        durability: durability.unwrap_or_default(),
        raw: arguments.raw,
        ..Load::FULL
    };
    let mut over = false;
    let measured = measure(load, &[engine.to_owned()], &mut |held| {
        over |= !held.is_quick() || !held.is_bounded();
        if arguments.json {
            println!("{}", serde_json::json!(held));
        } else {
            print(&held);
        }
    });
    if let Err(error) = measured {
        eprintln!("held_snapshot: {error:?}");
        return ExitCode::FAILURE;
    }
    if arguments.check && over { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

const HEADER: &str = "engine         writes  free/s  held/s  ratio       memory MiB: 0, 1/4, 1/2, 3/4, end  \
    files MiB: free  held  kept";

fn print(held: &Held) {
    let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let memory: Vec<_> = held.resident.map(|bytes| format!("{:6.1}", mebibytes(bytes))).into();
    let kept = held.values_kept.map_or("-".to_owned(), |values| values.to_string());
    let slow = if held.is_quick() { "" } else { "  SLOW" };
    let grows = if held.is_bounded() { "" } else { "  GROWS" };
    println!(
        "{:<12} {:>8} {:>7.0} {:>7.0} {:>6.3} {:>40}  {:>15.1} {:>5.1} {:>5}{slow}{grows}",
        if held.raw { format!("{}, raw", held.engine) } else { held.engine.to_owned() },
        held.writes,
        held.free_rate,
        held.held_rate,
        held.ratio,
        memory.join(" "),
        mebibytes(held.free_growth),
        mebibytes(held.held_growth),
        kept,
    );
}
