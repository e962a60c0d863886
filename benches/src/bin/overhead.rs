//! Prints what Arbour costs above each engine's own API.

use std::process::ExitCode;

use arbour_benches::comparison::{Row, Scale};
use arbour_benches::{ENGINES, documents, events, machine, overhead, transfer};
use clap::Parser;
use clap::builder::PossibleValuesParser;

/// Runs raw and Arbour alternately in one process and prints the median of the ratios.
#[derive(Parser)]
struct Arguments {
    /// Print one line of JSON for each row instead of a table.
    #[arg(long)]
    json: bool,
    /// Measure documents and nothing else.
    #[arg(long)]
    documents: bool,
    /// Measure events and nothing else.
    #[arg(long, conflicts_with = "documents")]
    events: bool,
    /// Measure copies and loads of whole stores and nothing else.
    #[arg(long, conflicts_with_all = ["documents", "events"])]
    transfer: bool,
    /// Measure only this engine; may be given several times.
    #[arg(long = "engine", value_parser = PossibleValuesParser::new(ENGINES))]
    engines: Vec<String>,
    /// How often each side runs; 9 or more for figures to publish.
    #[arg(long, default_value_t = Scale::FULL.rounds)]
    rounds: usize,
    /// How many entries the stores hold.
    #[arg(long, default_value_t = Scale::FULL.entries)]
    entries: u64,
    /// How many keys are read in one go. Many short rounds find quiet moments on a busy machine.
    #[arg(long, default_value_t = Scale::FULL.reads)]
    reads: usize,
    /// How many commits that wait for the device are made in one go.
    #[arg(long, default_value_t = Scale::FULL.flushes)]
    flushes: usize,
    /// Exit with an error if a row is over its bound.
    #[arg(long)]
    check: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let scale = Scale {
        rounds: arguments.rounds.max(1),
        entries: arguments.entries.max(1_000),
        reads: arguments.reads.max(100),
        flushes: arguments.flushes.max(1),
    };
    if !arguments.json {
        println!("{}", machine::describe());
        let what = if arguments.documents {
            "documents of about 130 bytes"
        } else if arguments.events {
            "events with payloads of about 100 bytes"
        } else {
            "entries of 16 + 100 bytes"
        };
        println!("{} rounds, {} {what}, medians", scale.rounds, scale.entries);
        println!(
            "\n{:<28} {:<34} {:>10} {:>10} {:>6} {:>6}  bound",
            "engine", "operation", "raw ns", "arbour ns", "ratio", "best"
        );
    }
    let mut over = 0;
    let mut print = |row: Row| {
        if arguments.json {
            println!("{}", serde_json::json!(row));
        } else {
            let verdict = if row.is_within_bound() { "" } else { "  OVER" };
            println!(
                "{:<28} {:<34} {:>10.1} {:>10.1} {:>6.3} {:>6.3}  {}{verdict}",
                row.engine, row.op, row.raw_ns, row.arbour_ns, row.ratio, row.best_ratio, row.bound
            );
        }
        over += usize::from(!row.is_within_bound());
    };
    let measure = if arguments.documents {
        documents::measure
    } else if arguments.events {
        events::measure
    } else if arguments.transfer {
        transfer::measure
    } else {
        overhead::measure
    };
    if let Err(error) = measure(scale, &arguments.engines, &mut print) {
        eprintln!("overhead: {error:?}");
        return ExitCode::FAILURE;
    }
    if arguments.check && over > 0 {
        eprintln!("overhead: {over} rows are over their bound");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
