//! Measures how many requests the help desk answers, on two engines and beside the same service written
//! by hand on rusqlite.
//!
//! ```text
//! cargo build --release -p arbour-examples --features measure
//! target/release/helpdesk_load --seconds 3 --rounds 5
//! ```
//!
//! Each round starts each service anew on a store in a temporary folder, one after the other, so that
//! what else the machine does meets all alike. The table has the medians of the rounds. Nothing leaves the
//! machine.

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
    println!("load\tconnections\tservice\trequests/s\tp50 ms\tp99 ms");
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
            for (service, rounds) in SERVICES.iter().zip(measured) {
                let Some(median) = median(rounds) else { continue };
                let Measured { rate, p50, p99 } = median;
                println!("{load}\t{connections}\t{}\t{rate:.0}\t{p50:.2}\t{p99:.2}", service.name);
            }
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
