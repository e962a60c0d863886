//! Migrating, and showing the effects.

use std::io::{IsTerminal as _, Write, stderr};
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::Duration;

use arbour::migrations::{RecordState, Run, Tally, Target};
use arbour::{DynStore, Progress};
use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressStyle};

use crate::database::{Database, migrations};
use crate::failure::Failure;
use crate::moment::Moment;

/// Prints what would be different in each tree.
pub(crate) fn plan(store: &DynStore, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let dry = migrations::dry_run(store)?;
    for step in &dry.steps {
        let (entries, puts) = (entries(step.counts.entries), HumanCount(step.counts.puts));
        let words = migrations::words(&step.step);
        writeln!(out, "step {}: {words}: {entries} read, {puts} put", step.step)?;
    }
    for tree in &dry.changes {
        let kinds = [("+", &tree.added), ("~", &tree.changed), ("-", &tree.removed)];
        for (sign, tally) in kinds.iter().filter(|(_, tally)| tally.count > 0) {
            writeln!(out, "{sign} {}: {}", tree.tree, samples(tally))?;
        }
    }
    if dry.steps.is_empty() {
        eprintln!("nothing to do");
    }
    Ok(ExitCode::SUCCESS)
}

fn samples(tally: &Tally) -> String {
    let more = if tally.count > tally.samples.len() as u64 { ", ..." } else { "" };
    format!("{} ({}{more})", HumanCount(tally.count), tally.samples.join(", "))
}

/// Migrates, and prints a line for each step that ran.
pub(crate) fn migrate(
    store: &DynStore,
    to: Option<u64>,
    out: &mut impl Write,
) -> Result<ExitCode, Failure> {
    let run = to.map_or_else(Run::default, |step| Run::default().to(Target::number(step)));
    let bar = bar();
    let report = migrations::migrate(store, &run, &mut |progress| {
        show(&bar, &progress);
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    let report = report?;
    for step in &report.steps {
        let entries = entries(step.counts.entries);
        let (words, took) = (migrations::words(&step.step), took(step.took));
        writeln!(out, "step {}: {words}: {entries} in {took}", step.step)?;
    }
    if report.steps.is_empty() {
        eprintln!("nothing to do");
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints a line for each step: its description, when it ran and for how long, and the program.
pub(crate) fn status(database: &Database<DynStore>, out: &mut impl Write) -> Result<(), Failure> {
    for step in database.migrations.status()?.steps {
        let words = migrations::words(&step.step);
        let Some(record) = step.record else {
            writeln!(out, "step {}: {words}: to be done", step.step)?;
            continue;
        };
        if record.state == RecordState::Adopted {
            writeln!(out, "step {}: {words}: done by the sled program", step.step)?;
            continue;
        }
        let (when, took) = (Moment(record.started), took(record.took));
        writeln!(out, "step {}: {words}: {when} UTC, {took}, {}", step.step, record.program)?;
    }
    let unreadable = database.migrations.unreadable()?.len() as u64;
    if unreadable > 0 {
        let unreadable = entries(unreadable);
        eprintln!("{unreadable} of version 0 cannot be read: `unreadable` prints them");
    }
    Ok(())
}

fn entries(count: u64) -> String {
    format!("{} {}", HumanCount(count), if count == 1 { "entry" } else { "entries" })
}

fn took(time: Duration) -> String {
    if time < Duration::from_secs(10) {
        return format!("{} ms", time.as_millis());
    }
    HumanDuration(time).to_string()
}

/// A progress bar if the output is a terminal, otherwise nothing.
fn bar() -> ProgressBar {
    let bar = if stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    let template = "{msg}  {bar:30} {percent:>3} %  {human_pos} of {human_len}";
    // The template is constant; if it were wrong, the default would be used.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

fn show(bar: &ProgressBar, progress: &Progress) {
    let left =
        progress.left().map_or(String::new(), |left| format!(", {} left", HumanDuration(left)));
    let rate = HumanCount(progress.rate() as u64);
    bar.set_message(format!("step {} of {}, {rate}/s{left}", progress.number, progress.of));
    bar.set_length(progress.total.unwrap_or(progress.done));
    bar.set_position(progress.done);
}
