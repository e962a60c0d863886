//! Walking through a tree in chunks, each of which is processed in one transaction.

use std::ops::{Bound, ControlFlow};

use arbour_core::{Direction, KeyRange, Result, Tree};

use super::any_reader::AnyReader;
use super::index_record::{bytes_of, hexadecimal};
use crate::key::successor;

/// The number of documents or entries processed in one transaction, if the engine takes that many.
pub(crate) const CHUNK: usize = 500;

/// Visits an entry, which is a key and its value.
pub(super) type Visit<'v> = &'v mut dyn FnMut(&[u8], &[u8]) -> Result<()>;

/// Visits the next entries of a tree, at most so many. `after` is the key of the last one before, in
/// hexadecimal digits, and empty at the start. Returns that of the last one visited, if there is one, and
/// how many there were. The tree has no more entries if they were fewer.
pub(super) fn visit(
    reader: &dyn AnyReader,
    tree: &Tree,
    after: &str,
    most: usize,
    visit: Visit<'_>,
) -> Result<(Option<String>, usize)> {
    let start = if after.is_empty() { Vec::new() } else { successor(&bytes_of(after)) };
    let range = KeyRange::from_bounds(Bound::Included(&start), Bound::Unbounded);
    let (mut last, mut count) = (Vec::new(), 0);
    let mut visit_one = |key: &[u8], value: &[u8]| {
        visit(key, value)?;
        last.clear();
        last.extend_from_slice(key);
        count += 1;
        Ok(if count == most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    };
    reader.scan(tree, range, Direction::Forward, &mut visit_one).map(drop)?;
    Ok(((count > 0).then(|| hexadecimal(&last)), count))
}
