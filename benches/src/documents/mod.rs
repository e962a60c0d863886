//! What documents cost above their engine.
//!
//! The engine's own API writes and reads exactly the entries that the documents layer stores: one
//! table for the documents, one for each index, with the same bytes. Bulk writes are one
//! transaction that survives a loss of power, on both sides.

mod article;
mod bulk;
mod collection;
mod derived;
mod foreign;
mod get;
mod growth;
mod record;
mod strato_db;
#[cfg(test)]
mod tests;

use arbour_core::Result;

use crate::comparison::{Row, Rows, Scale};
use crate::scratch::Scratch;
use crate::subject::{Memory, Native, Subject, Visit, is_asked_for, visit_each};
use growth::Sizes;

/// Measures documents in the named engines, or in all if none is named, and passes on each row as
/// soon as it is measured.
///
/// # Errors
/// What a store or a collection reports.
///
/// ```
/// use arbour_benches::comparison::Scale;
/// use arbour_benches::documents::measure;
/// let mut rows = Vec::new();
/// measure(Scale::QUICK, &["redb".to_owned()], &mut |row| rows.push(row))?;
/// assert!(rows.iter().any(|row| row.engine == "redb" && row.op == "get by id"));
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub fn measure(scale: Scale, asked: &[String], report: &mut dyn FnMut(Row)) -> Result<()> {
    let mut rows = Rows { scale, report };
    if is_asked_for(Memory::NAME, asked) {
        let scratch = Scratch::new()?;
        strato_db::measure::<Memory>(&mut rows, &scratch)?;
        derived::measure::<Memory>(&mut rows, &scratch)?;
        foreign::measure::<Memory>(&mut rows, &scratch)?;
        Sizes::<Memory>::fill(scale, &scratch)?.search(&mut rows)?;
    }
    visit_each(asked, &mut Documents(rows))
}

struct Documents<'r>(Rows<'r>);

impl Visit for Documents<'_> {
    fn visit<N: Native>(&mut self) -> Result<()> {
        let Self(rows) = self;
        let scratch = Scratch::new()?;
        bulk::measure::<N>(rows, &scratch)?;
        get::measure::<N>(rows, &scratch)?;
        strato_db::measure::<N>(rows, &scratch)?;
        derived::measure::<N>(rows, &scratch)?;
        foreign::measure::<N>(rows, &scratch)?;
        let sizes = Sizes::<N>::fill(rows.scale, &scratch)?;
        sizes.search(rows)?;
        sizes.raw_get(rows, &scratch)
    }
}
