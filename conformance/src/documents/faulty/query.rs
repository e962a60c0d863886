//! Faults of queries.

use arbour::documents::{Body, Declaration, Filter};
use arbour_core::Direction;

use super::{DocFault, filter};
use crate::documents::Query;

/// Changes the query of the caller.
pub(super) fn bend<D: Body>(
    fault: DocFault,
    declaration: &Declaration<D>,
    query: &Query<D>,
) -> Query<D> {
    let mut bent = query.clone();
    bent.filter = filter::bend(fault, declaration, &query.filter);
    match fault {
        DocFault::OffsetDropsLimit if query.offset > 0 => bent.limit = None,
        DocFault::FullScanAllowed => bent.index_required = false,
        DocFault::OneDirectionForAll => {
            let first = query.sort.first().map_or(Direction::Forward, |(_, direction)| *direction);
            bent.sort.iter_mut().for_each(|(_, direction)| *direction = first);
        }
        DocFault::SparseSortLosesNull => {
            if let Some((field, _)) = query.sort.first()
                && is_sparse(declaration, field)
            {
                bent.filter = bent.filter.and(Filter::is_null(field).not());
            }
        }
        _ => {}
    }
    bent
}

/// Returns the queries whose concatenated answers are returned for one query.
pub(super) fn parts<D: Body>(fault: DocFault, query: &Query<D>) -> Vec<Query<D>> {
    let filters: Vec<Filter<D>> = match (fault, &query.filter) {
        (DocFault::OrRepeats, Filter::Or(filters)) => filters.clone(),
        (DocFault::ManyValuesRepeat, Filter::ContainsAny(field, values)) => {
            values.iter().map(|value| Filter::contains_any(field, [value.clone()])).collect()
        }
        _ => Vec::new(),
    };
    let part = |filter| {
        let mut part = query.clone();
        part.filter = filter;
        part
    };
    filters.into_iter().map(part).collect()
}

/// Tells whether a sparse index sorts by a field first.
fn is_sparse<D>(declaration: &Declaration<D>, field: &str) -> bool {
    declaration
        .indexes
        .iter()
        .any(|index| index.sparse && index.parts.first().is_some_and(|part| part.field == field))
}
