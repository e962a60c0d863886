//! Folds documents again, and compares them with the existing ones.

use std::io::Write;
use std::ops::ControlFlow;

use arbour::events::{Events, ProjectionStatus, VersionState};

use crate::arguments::Projected;
use crate::failure::Failure;
use crate::ledger::Ledger;
use crate::notice;
use crate::progress::Progress;
use crate::table::{Cell, Table};

/// Rebuilds projections and prints the hashes of their documents, before and after.
pub(crate) fn rebuild(
    ledger: &Ledger,
    projected: Option<Projected>,
    keep: bool,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let mut table = Table::new(&["projection", "version", "which is", "hash of all documents"]);
    let mut rebuilt = Ok(());
    for projection in Projected::chosen(projected) {
        rebuilt = rebuild_one(ledger, projection, keep, &mut table);
        if rebuilt.is_err() {
            break;
        }
    }
    table.print(out)?;
    rebuilt
}

fn rebuild_one(
    ledger: &Ledger,
    projection: &'static str,
    keep: bool,
    table: &mut Table,
) -> Result<(), Failure> {
    let (old, new) = ledger.versions(projection);
    ledger.catch_up(projection)?;
    let is_begun =
        |status: &ProjectionStatus| status.version == new && status.state == VersionState::Building;
    if let Some(begun) = ledger.events.versions(projection)?.into_iter().find(is_begun) {
        notice::print(format_args!(
            "going on with a rebuild of {projection} that was broken off at position {}",
            begun.applied
        ));
    } else {
        // The leftovers of an earlier rebuild are not a view of the current program. A version that
        // is read, because another caller rebuilt it meanwhile, is not forgotten.
        ledger.events.forget(projection, new)?;
    }
    let both = ledger.both(projection)?;
    let progress = Progress::of_events(format!("rebuilding {projection}"));
    both.rebuild(projection, new, &mut |done| {
        progress.at(done);
        ControlFlow::Continue(())
    })?;
    progress.clear();
    if !are_at_one_position(&both, projection)? {
        return Err(Failure::Moved(projection));
    }
    let (before, after) = (both.digest(projection, old)?, both.digest(projection, new)?);
    for (version, which, digest) in [(old, "old", &before), (new, "new", &after)] {
        table.row(vec![
            Cell::text(projection),
            Cell::number(u64::from(version)),
            Cell::text(which),
            Cell::text(&hexadecimal(digest)),
        ]);
    }
    if before != after {
        return Err(Failure::Differ(projection));
    }
    if !keep {
        both.forget(projection, old)?;
    }
    Ok(())
}

fn are_at_one_position(events: &Events, projection: &str) -> Result<bool, Failure> {
    let mut positions: Vec<u64> = events
        .status()?
        .into_iter()
        .filter(|status| status.name == projection)
        .map(|status| status.applied)
        .collect();
    positions.dedup();
    Ok(positions.len() == 1)
}

fn hexadecimal(hash: &[u8; 32]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
