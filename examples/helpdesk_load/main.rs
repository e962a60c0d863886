//! Measures how many requests the help desk answers, on two engines and beside the same service written
//! by hand on rusqlite.
//!
//! ```text
//! cargo build --release -p arbour-examples --features measure
//! target/release/helpdesk_load --seconds 3 --rounds 5
//! ```
//!
//! Each round starts each service anew on a store in a temporary folder, one after the other, so that
//! what else the machine does meets all alike. The table has the requests in a second, the median and the
//! 99th percentile of their times, from the round whose rate is the median. Nothing leaves the machine.

mod arguments;
mod client;
mod load;
mod service;

use std::io;
use std::process::ExitCode;

use arguments::Arguments;
use load::{Load, Measured};
use service::SERVICES;

/// Returns the median round, by its rate.
fn median(mut rounds: Vec<Measured>) -> Option<Measured> {
    rounds.sort_by(|one, other| one.rate.total_cmp(&other.rate));
    let middle = rounds.len() / 2;
    rounds.into_iter().nth(middle)
}

async fn run(arguments: &Arguments) -> io::Result<()> {
    println!("| requests | connections | {} |", SERVICES.map(|service| service.name).join(" | "));
    println!("|---|--:|{}", "--:|".repeat(SERVICES.len()));
    for load in [Load::Create, Load::Mixed] {
        for &connections in &arguments.connections {
            let mut measured = SERVICES.map(|_| Vec::new());
            for _ in 0..arguments.rounds {
                for (service, rounds) in SERVICES.iter().zip(&mut measured) {
                    let running = service.start()?;
                    let seconds = arguments.seconds;
                    rounds.push(load.run(running.address, connections, seconds).await?);
                }
            }
            let cells = measured.into_iter().filter_map(median).map(|median| {
                let Measured { rate, p50, p99 } = median;
                format!("{rate:.0} /s, {p50:.1} ms, {p99:.0} ms")
            });
            let cells = cells.collect::<Vec<_>>().join(" | ");
            println!("| {load} | {connections} | {cells} |");
        }
    }
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::read()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("helpdesk_load: {error}");
            ExitCode::FAILURE
        }
    }
}
