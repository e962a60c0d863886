//! Counting: events of commits into documents.

use arbour::documents::Collection;
use arbour::events::Recorded;
use arbour::{AnyResult, DynTransaction};

use super::Tally;
use crate::commit::Commit;

/// Counts a commit in the documents of one kind.
pub(crate) fn fold<D: Tally>(
    documents: &Collection<D>,
    event: &Recorded<Commit>,
    view: &mut DynTransaction<'_>,
) -> AnyResult {
    for share in D::shares(&event.body) {
        let earlier = documents.get(view, share.id)?;
        documents.put(view, D::count(earlier, &share, &event.body, event.time))?;
    }
    Ok(())
}
