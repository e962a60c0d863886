//! What events cost above their engine, and how many are dispatched and applied per second.
//!
//! Where the other side is the engine's own API, it puts and scans exactly the entries that a log
//! stores, and commits them with the same durability: they survive a loss of power.

mod account;
mod append;
mod backlog;
mod bank;
mod callers;
mod deposit;
mod dispatch;
mod log;
mod read;
mod record;
mod teller;
#[cfg(test)]
mod tests;
mod wait;

use arbour_core::Result;

use crate::comparison::{Row, Rows, Scale};
use crate::scratch::Scratch;
use crate::subject::{Memory, Native, Subject, Visit, is_asked_for, visit_each};

/// Measures events in the named engines, or in all if none is named, and passes on each row as soon
/// as it is measured.
///
/// # Errors
/// What a store or a log reports.
///
/// ```
/// use arbour_benches::comparison::Scale;
/// use arbour_benches::events::measure;
/// let mut rows = Vec::new();
/// measure(Scale::QUICK, &["memory".to_owned()], &mut |row| rows.push(row))?;
/// assert!(rows.iter().any(|row| row.op == "apply, a document each"));
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub fn measure(scale: Scale, asked: &[String], report: &mut dyn FnMut(Row)) -> Result<()> {
    let mut rows = Rows { scale, report };
    if is_asked_for(Memory::NAME, asked) {
        let scratch = Scratch::new()?;
        dispatch::beside_strato_db::<Memory>(&mut rows, &scratch)?;
        callers::slowed::<Memory>(&mut rows, &scratch, false)?;
        backlog::measure::<Memory>(&mut rows, &scratch)?;
        wait::measure::<Memory>(&mut rows, &scratch)?;
    }
    visit_each(asked, &mut Measured(rows))
}

struct Measured<'r>(Rows<'r>);

impl Visit for Measured<'_> {
    fn visit<N: Native>(&mut self) -> Result<()> {
        let Self(rows) = self;
        let scratch = Scratch::new()?;
        dispatch::measure::<N>(rows, &scratch)?;
        dispatch::beside_strato_db::<N>(rows, &scratch)?;
        callers::measure::<N>(rows, &scratch)?;
        callers::slowed::<N>(rows, &scratch, N::GROUPS)?;
        backlog::measure::<N>(rows, &scratch)?;
        append::measure::<N>(rows, &scratch)?;
        read::measure::<N>(rows, &scratch)?;
        wait::measure::<N>(rows, &scratch)
    }
}
