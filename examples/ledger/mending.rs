//! Dead letters: listing them, and applying them later.

use std::io::Write;

use arbour::events::{DeadKind, DeadLetter};

use crate::arguments::Projected;
use crate::counted::counted;
use crate::failure::Failure;
use crate::ledger::Ledger;
use crate::table::{Cell, Table};

/// Prints the dead letters of all existing versions.
pub(crate) fn failed(
    ledger: &Ledger,
    projected: Option<Projected>,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let header =
        ["projection", "version", "position", "stream", "event", "which", "tries", "reason"];
    let mut table = Table::new(&header);
    for projection in Projected::chosen(projected) {
        for status in ledger.events.versions(projection)? {
            for letter in ledger.events.dead_letters_of(projection, status.version)? {
                table.row(row(projection, status.version, &letter));
            }
        }
    }
    Ok(table.print(out)?)
}

fn row(projection: &str, version: u32, letter: &DeadLetter) -> Vec<Cell> {
    let which = match letter.kind {
        DeadKind::Halting => "stands",
        DeadKind::Failed => "failed",
        DeadKind::Quarantined => "behind another",
    };
    vec![
        Cell::text(projection),
        Cell::number(u64::from(version)),
        Cell::number(letter.position),
        Cell::text(&letter.stream),
        Cell::text(&letter.event_type),
        Cell::text(which),
        Cell::number(u64::from(letter.tries)),
        Cell::text(&letter.reason),
    ]
}

/// Applies a dead-lettered event.
pub(crate) fn replay(
    ledger: &Ledger,
    projected: Projected,
    position: u64,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let projection = projected.name();
    if ledger.events.replay(projection, position)? {
        return Ok(writeln!(out, "1 event applied")?);
    }
    still_aside(ledger, projection, |letter| letter.position == position)
}

/// Applies the dead letters of a stream, as far as possible.
pub(crate) fn release(
    ledger: &Ledger,
    projected: Projected,
    stream: &str,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let projection = projected.name();
    let applied = ledger.events.release(projection, stream)?;
    writeln!(out, "{} applied", counted(applied, "event", "events"))?;
    still_aside(ledger, projection, |letter| letter.stream == stream)
}

/// Fails with the first event that is still dead-lettered, if there is one.
fn still_aside(
    ledger: &Ledger,
    projection: &str,
    is_meant: impl Fn(&DeadLetter) -> bool,
) -> Result<(), Failure> {
    let letters = ledger.events.dead_letters(projection)?;
    match letters.into_iter().find(is_meant) {
        None => Ok(()),
        Some(letter) => {
            Err(Failure::FailsAgain { position: letter.position, reason: letter.reason })
        }
    }
}
