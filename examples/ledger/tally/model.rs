//! Counting: events of commits into documents.

use arbour::documents::Collection;
use arbour::events::{Event, EventType, Handled, Model, Outbox};
use arbour::{KvRead, KvWrite};

use super::Tally;
use crate::commit::Commit;

/// The type of the events of commits.
pub(crate) fn imported() -> EventType<Commit> {
    EventType::new("commit-imported")
}

/// Maintains the documents of one kind.
pub(crate) struct Tallies<D> {
    imported: EventType<Commit>,
    documents: Collection<D>,
}

impl<D> Tallies<D> {
    pub(crate) fn new(documents: Collection<D>) -> Self {
        Self { imported: imported(), documents }
    }
}

impl<D: Tally> Model for Tallies<D> {
    type Change = Vec<D>;

    fn name(&self) -> &str {
        D::VIEW
    }

    fn reduce<R: KvRead>(
        &self,
        event: &Event<'_>,
        before: &R,
        _out: &mut Outbox,
    ) -> Handled<Option<Vec<D>>> {
        let Some(commit) = self.imported.read(event)? else { return Ok(None) };
        let mut counted = Vec::new();
        for share in D::shares(&commit) {
            let earlier = self.documents.get(before, share.id)?;
            counted.push(D::count(earlier, &share, &commit, event.time));
        }
        Ok(Some(counted))
    }

    fn apply<W: KvWrite>(&self, counted: Vec<D>, view: &mut W, _out: &mut Outbox) -> Handled<()> {
        for document in counted {
            self.documents.put(view, document)?;
        }
        Ok(())
    }
}
