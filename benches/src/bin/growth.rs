//! Prints how the cost of each operation grows with the contents of a store.

use std::path::PathBuf;
use std::process::ExitCode;

use arbour_benches::figures::{self, Table};
use arbour_benches::growth::{Asked, BOUND, Growth, TOPICS, measure};
use arbour_benches::{ENGINES, machine};
use clap::Parser;
use clap::builder::PossibleValuesParser;

/// Does each operation in stores that hold 1, 4, 16 and 64 times as much.
#[derive(Parser)]
struct Arguments {
    /// Print one line of JSON for each row instead of a table.
    #[arg(long)]
    json: bool,
    /// Measure only this engine; may be given several times.
    #[arg(long = "engine", value_parser = PossibleValuesParser::new(ENGINES))]
    engines: Vec<String>,
    /// Measure only this topic; may be given several times.
    #[arg(long = "topic", value_parser = PossibleValuesParser::new(TOPICS))]
    topics: Vec<String>,
    /// Measure only operations whose names contain this.
    #[arg(long, default_value = "")]
    operation: String,
    /// How often each figure is taken at least; the average counts.
    #[arg(long, default_value_t = 1)]
    rounds: usize,
    /// Exit with an error if a row is over the bound.
    #[arg(long)]
    check: bool,
    /// Write the growth of all operations of these engines into this page.
    #[arg(long, value_name = "PAGE", conflicts_with_all = ["topics", "operation"])]
    write: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if !arguments.json {
        println!("{}", machine::describe());
        println!(
            "{} rounds or more, microseconds of processor time an operation; bound {BOUND}\n",
            arguments.rounds
        );
        println!(
            "{:<8} {:<40} {:<21} {:>7} {:>9} {:>9} {:>9} {:>9} {:>7}",
            "engine", "operation", "grows with", "largest", "1", "4", "16", "64", "growth"
        );
    }
    let (mut over, mut table) = (0, Table::new("operation, and what there is 64 times as much of"));
    let Arguments { json, engines, topics, operation, rounds, .. } = arguments;
    let measured = measure(rounds, &Asked { engines, topics, operation }, &mut |growth| {
        over += usize::from(!growth.is_within_bound());
        let factor = format!("{:.2}", growth.factor());
        // What is over the bound is bold.
        let factor = if growth.is_within_bound() { factor } else { format!("**{factor}**") };
        table.set(&format!("{}: {}", growth.operation, growth.by), growth.engine, factor);
        if json {
            println!("{}", serde_json::json!(growth));
        } else {
            print(&growth);
        }
    });
    if let Err(error) = measured {
        eprintln!("growth: {error:?}");
        return ExitCode::FAILURE;
    }
    if let Some(page) = &arguments.write {
        let text = format!(
            "{}. Processor time an operation, as a multiple of that in the smallest store; at most \
             {BOUND}.\n\n{table}",
            figures::occasion()
        );
        if let Err(error) = figures::write(page, "growth", &text) {
            eprintln!("growth: cannot write {}: {error}", page.display());
            return ExitCode::FAILURE;
        }
    }
    if arguments.check && over > 0 {
        eprintln!("growth: {over} rows are over the bound");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn print(growth: &Growth) {
    let figure = |place: usize| match growth.costs.get(place) {
        Some((_, nanoseconds)) => format!("{:.3}", nanoseconds / 1e3),
        None => "-".to_owned(),
    };
    let largest = growth.costs.last().map_or(0, |(size, _)| *size);
    let verdict = match (growth.is_bound, growth.is_within_bound()) {
        (false, _) => "",
        (true, true) => "ok",
        (true, false) => "OVER",
    };
    println!(
        "{:<8} {:<40} {:<21} {largest:>7} {:>9} {:>9} {:>9} {:>9} {:>7.2} {verdict}",
        growth.engine,
        growth.operation,
        growth.by,
        figure(0),
        figure(1),
        figure(2),
        figure(3),
        growth.factor(),
    );
}
