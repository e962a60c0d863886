//! Prints what Arbour costs above each engine's own API.

use std::process::ExitCode;

use arbour_benches::comparison::{Row, Scale};
use arbour_benches::machine;
use arbour_benches::overhead::measure;
use clap::Parser;

/// Runs raw and Arbour alternately in one process and prints the median of the ratios.
#[derive(Parser)]
struct Arguments {
    /// Print one line of JSON for each row instead of a table.
    #[arg(long)]
    json: bool,
    /// How often each side runs; 9 or more for figures to publish.
    #[arg(long, default_value_t = Scale::FULL.rounds)]
    rounds: usize,
    /// How many entries the stores hold.
    #[arg(long, default_value_t = Scale::FULL.entries)]
    entries: u64,
    /// Exit with an error if a row is over its bound.
    #[arg(long)]
    check: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let scale = Scale {
        rounds: arguments.rounds.max(1),
        entries: arguments.entries.max(1_000),
        ..Scale::FULL
    };
    if !arguments.json {
        println!("{}", machine::describe());
        println!("{} rounds, {} entries of 16 + 100 bytes, medians", scale.rounds, scale.entries);
        println!(
            "\n{:<24} {:<34} {:>10} {:>10} {:>6}  bound",
            "engine", "operation", "raw ns", "arbour ns", "ratio"
        );
    }
    let mut over = 0;
    let mut print = |row: Row| {
        if arguments.json {
            println!("{}", serde_json::json!(row));
        } else {
            let verdict = if row.is_within_bound() { "" } else { "  OVER" };
            println!(
                "{:<24} {:<34} {:>10.1} {:>10.1} {:>6.3}  {}{verdict}",
                row.engine, row.op, row.raw_ns, row.arbour_ns, row.ratio, row.bound
            );
        }
        over += usize::from(!row.is_within_bound());
    };
    if let Err(error) = measure(scale, &mut print) {
        eprintln!("overhead: {error:?}");
        return ExitCode::FAILURE;
    }
    if arguments.check && over > 0 {
        eprintln!("overhead: {over} rows are over their bound");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
