//! The engines and their raw APIs, compared with criterion; ends with the report.
//!
//! `ARBOUR_BENCH=quick` makes a run of a few minutes with small stores, to see that it works.

mod bench;
mod concurrent_reads;
mod durable_writers;
mod reads;
mod scale;
mod small_commits;
mod stores;
mod threads;
mod value_lengths;
mod writes;

use std::env;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use arbour_benches::report;
use arbour_benches::roster::roster;
use criterion::Criterion;

use crate::bench::Bench;
use crate::scale::Scale;
use crate::stores::Stores;

/// The measurements, in an order that keeps stores as they were loaded for as long as possible.
const TOPICS: [fn(&mut Bench<'_>); 6] = [
    reads::measure,
    concurrent_reads::measure,
    small_commits::measure,
    durable_writers::measure,
    small_commits::measure_bulk_load,
    value_lengths::measure,
];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("engines: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let measures = measures();
    let quick = !measures || env::var("ARBOUR_BENCH").is_ok_and(|scale| scale == "quick");
    let scale = if quick { Scale::QUICK } else { Scale::FULL };
    let target = report::target_folder();
    let figures = report::figures_folder(&target, quick);
    // Beside the figures, on a disk, because the system's folder for temporary files may be in
    // memory.
    let stores = Stores::new(&target)?;
    let entrants = roster();
    if measures {
        let run = report::describe_run(&entrants, stores.folder(), quick)?;
        run.write(&figures)?;
        // The stores that were made to query capabilities.
        stores.keep_only(|_| false);
    }
    let mut criterion = criterion(&scale, &figures);
    // One kind of work after the other: figures that are compared are measured within a few
    // minutes, so other load on the machine affects them alike.
    for measure in TOPICS {
        for entrant in &entrants {
            measure(&mut Bench::new(&mut criterion, entrant, &stores, scale));
            stores.keep_only(|key| key.is_shared(scale));
        }
    }
    criterion.final_summary();
    if measures {
        let written = report::write(&figures, &report::report_folder(&target))?;
        println!("{} figures: {}", written.figures, written.page.display());
        println!("table of docs/figures.md: {}", written.table.display());
    }
    Ok(())
}

/// Tells whether criterion was asked to measure, and not only to list or to test its benchmarks.
fn measures() -> bool {
    let asks = |argument: &str| env::args().any(|given| given == argument);
    asks("--bench") && !["--list", "--test"].into_iter().any(asks) && !profiles()
}

fn profiles() -> bool {
    env::args().any(|argument| argument.starts_with("--profile-time"))
}

/// The report draws its own plots, and criterion's are not used.
fn criterion(scale: &Scale, figures: &Path) -> Criterion {
    Criterion::default()
        .without_plots()
        .sample_size(scale.samples)
        .warm_up_time(scale.warm_up)
        .measurement_time(scale.measurement)
        .nresamples(10_000)
        .configure_from_args()
        .output_directory(figures)
}
