//! Prints what Arbour costs above each engine's own API.

use std::path::PathBuf;
use std::process::ExitCode;

use arbour_benches::comparison::{Row, Scale};
use arbour_benches::figures::{self, Table, nanoseconds};
use arbour_benches::{ENGINES, detached, documents, events, machine, overhead, transfer};
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
    /// Measure detached transactions and nothing else.
    #[arg(long, conflicts_with_all = ["documents", "events", "transfer"])]
    detached: bool,
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
    /// Write the figures of all engines into this page.
    #[arg(long, value_name = "PAGE", conflicts_with = "engines")]
    write: Option<PathBuf>,
}

impl Arguments {
    /// What is measured: the section of the page, and what there is a number of.
    fn topic(&self) -> (&'static str, &'static str) {
        if self.documents {
            ("documents", "documents of about 130 bytes")
        } else if self.events {
            ("events", "events with payloads of about 100 bytes")
        } else if self.transfer {
            ("transfer", "entries of 16 + 100 bytes")
        } else if self.detached {
            ("detached", "entries of 16 + 100 bytes")
        } else {
            ("overhead", "entries of 16 + 100 bytes")
        }
    }
}

/// The tables of a page: one for the engines themselves, and one for each layer above them.
#[derive(Default)]
struct Tables(Vec<(String, Table)>);

impl Tables {
    fn add(&mut self, row: &Row) {
        let (engine, layer) = row.engine.split_once(", ").unwrap_or((&row.engine, ""));
        let place = self.0.iter().position(|(known, _)| known == layer).unwrap_or_else(|| {
            let heading = match layer {
                "" => "operation, ns: raw → Arbour (ratio)".to_owned(),
                layer => format!("{layer}, ns"),
            };
            self.0.push((layer.to_owned(), Table::new(&heading)));
            self.0.len() - 1
        });
        let (raw, arbour) = (nanoseconds(row.raw_ns), nanoseconds(row.arbour_ns));
        let ratio = format!("({:.2})", row.ratio);
        // What is over its bound is bold.
        let ratio = if row.is_within_bound() { ratio } else { format!("**{ratio}**") };
        if let Some((_, table)) = self.0.get_mut(place) {
            table.set(row.op, engine, format!("{raw} → {arbour} {ratio}"));
        }
    }

    fn text(&self, rounds: usize, entries: u64, what: &str) -> String {
        let occasion = figures::occasion();
        let tables: Vec<String> = self.0.iter().map(|(_, table)| table.to_string()).collect();
        format!("{occasion}. {rounds} rounds, {entries} {what}, medians.\n\n{}", tables.join("\n"))
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let scale = Scale {
        rounds: arguments.rounds.max(1),
        entries: arguments.entries.max(1_000),
        reads: arguments.reads.max(100),
        flushes: arguments.flushes.max(1),
    };
    let (section, what) = arguments.topic();
    if !arguments.json {
        println!("{}", machine::describe());
        println!("{} rounds, {} {what}, medians", scale.rounds, scale.entries);
        println!(
            "\n{:<28} {:<34} {:>10} {:>10} {:>6} {:>6}  bound",
            "engine", "operation", "raw ns", "arbour ns", "ratio", "best"
        );
    }
    let (mut over, mut tables) = (0, Tables::default());
    let mut print = |row: Row| {
        tables.add(&row);
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
    } else if arguments.detached {
        detached::measure
    } else {
        overhead::measure
    };
    if let Err(error) = measure(scale, &arguments.engines, &mut print) {
        eprintln!("overhead: {error:?}");
        return ExitCode::FAILURE;
    }
    if let Some(page) = &arguments.write {
        let text = tables.text(scale.rounds, scale.entries, what);
        if let Err(error) = figures::write(page, section, &text) {
            eprintln!("overhead: cannot write {}: {error}", page.display());
            return ExitCode::FAILURE;
        }
    }
    if arguments.check && over > 0 {
        eprintln!("overhead: {over} rows are over their bound");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
