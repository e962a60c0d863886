//! Faults of paging.

use arbour::Result;
use arbour::documents::{Body, Declaration, DocError, Page, Stored};

use super::DocFault;
use super::declaration::value_named;
use super::memory::{Given, Memory};
use crate::documents::{Query, TestReader};

/// The cursor after a last page that claims to have a next one.
const BEHIND_LAST: &str = "behind the last page";

/// Searches, and remembers the returned cursors.
pub(super) fn search<D: Body>(
    fault: DocFault,
    memory: &Memory,
    below: &impl TestReader<D>,
    declaration: &Declaration<D>,
    query: &Query<D>,
) -> Result<Page<Stored<D>>> {
    let mut query = query.clone();
    let came_with = query.cursor.clone();
    let given = came_with.as_ref().and_then(|cursor| given(memory, cursor));
    match (fault, given) {
        (DocFault::LastPageHasNext, _)
            if came_with.as_ref().is_some_and(|cursor| cursor == BEHIND_LAST) =>
        {
            return Ok(Page::default());
        }
        (DocFault::CursorIsOffset, Some(Given { offset, is_previous: false })) => {
            query.cursor = None;
            query.offset += offset;
        }
        _ => {}
    }
    let answer = below.search(&query);
    let takes_any = match fault {
        DocFault::CursorUnbound => given.is_some(),
        DocFault::CursorUnchecked => given.is_none(),
        _ => false,
    };
    let mut page = match answer {
        Err(error)
            if takes_any && matches!(error.downcast_ref(), Some(DocError::Cursor { .. })) =>
        {
            query.cursor = None;
            below.search(&query)?
        }
        answer => answer?,
    };
    note(memory, &page, query.offset);
    bend(fault, declaration, &query, given, &mut page);
    Ok(page)
}

fn given(memory: &Memory, cursor: &str) -> Option<Given> {
    memory.cursors.lock().get(cursor).copied()
}

/// Remembers the cursors of a page.
fn note<D>(memory: &Memory, page: &Page<Stored<D>>, offset: usize) {
    let mut cursors = memory.cursors.lock();
    let mut note = |cursor: &Option<String>, given| {
        if let Some(cursor) = cursor {
            cursors.insert(cursor.clone(), given);
        }
    };
    note(&page.next, Given { offset: offset + page.items.len(), is_previous: false });
    note(&page.previous, Given { offset, is_previous: true });
}

/// Returns another page than the one found.
fn bend<D: Body>(
    fault: DocFault,
    declaration: &Declaration<D>,
    query: &Query<D>,
    given: Option<Given>,
    page: &mut Page<Stored<D>>,
) {
    let goes_back = given.is_some_and(|given| given.is_previous);
    match fault {
        DocFault::PreviousIsReversed if goes_back => page.items.reverse(),
        DocFault::CursorLosesNulls if query.cursor.is_some() => {
            if let Some((field, _)) = query.sort.first() {
                page.items
                    .retain(|stored| !value_named(declaration, field, &stored.body).is_null());
            }
        }
        DocFault::LastPageHasNext
            if page.next.is_none() && !goes_back && query.limit == Some(page.items.len()) =>
        {
            page.next = Some(BEHIND_LAST.to_owned());
        }
        _ => {}
    }
}
