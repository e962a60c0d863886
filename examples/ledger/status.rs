//! How far the documents lag behind the log.

use std::io::Write;
use std::process::ExitCode;

use arbour::events::VersionState;

use crate::failure::Failure;
use crate::ledger::{Ledger, PROJECTIONS};
use crate::notice;
use crate::table::{Cell, Table};

/// Prints the positions, and dead letters on the standard error.
pub(crate) fn status(ledger: &Ledger, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let mut letters = Vec::new();
    for projection in PROJECTIONS {
        letters.push((projection, ledger.events.dead_letters(projection)?));
    }
    let header = ["what", "version", "state", "position", "lag", "dead letters"];
    let mut table = Table::new(&header);
    let head = ledger.events.head()?.position;
    let none = || Cell::number(None);
    table.row(vec![Cell::text("log"), none(), Cell::text(""), Cell::number(head), none(), none()]);
    for projection in PROJECTIONS {
        for status in ledger.events.versions(projection)? {
            let aside = ledger.events.dead_letters_of(projection, status.version)?.len();
            let state = match status.state {
                VersionState::Active if status.is_halted => "stands",
                VersionState::Active => "read",
                VersionState::Building => "broken off",
                _ => "kept",
            };
            table.row(vec![
                Cell::text(projection),
                Cell::number(u64::from(status.version)),
                Cell::text(state),
                Cell::number(status.applied),
                Cell::number(status.lag),
                Cell::number(aside as u64),
            ]);
        }
    }
    table.print(out)?;
    out.flush()?;
    for (projection, letter) in letters
        .iter()
        .flat_map(|(projection, letters)| letters.iter().map(move |letter| (projection, letter)))
    {
        let (position, stream, reason) = (letter.position, &letter.stream, &letter.reason);
        let (stream, reason) = (stream.escape_debug(), reason.escape_debug());
        notice::print(format_args!("{projection}: position {position}, {stream}: {reason}"));
    }
    let is_sound = letters.iter().all(|(_, letters)| letters.is_empty());
    Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
