//! Building indexes while other writers continue.
//!
//! An index is built in batches. Each is a transaction that reads documents in the order of their
//! keys, adds their entries, and notes its progress in the catalog. Writers maintain the index from
//! the moment it is declared, and transactions are serial: a document has the right entries
//! afterwards, whether it is written before its batch or after it. The result is the index that
//! would exist if it had been declared before the first document (after FoundationDB's Record
//! Layer).

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::Instant;

use arbour_core::engine::TreeName;
use arbour_core::engine::document_layout::index_tree;
use arbour_core::{KvStore, Result, Tree};

use super::any_reader::{AnyReader, AnyTransaction};
use super::catalog::Record;
use super::chunk::{self, CHUNK};
use super::clearing::Clearing;
use super::collection::Collection;
use super::entries::Entries;
use super::fields::Decode;
use super::index_record::Build;
use super::known::Known;
use super::opened::Opened;
use super::{Body, IndexState, IndexStatus};
use crate::Progress;

/// What remains after a batch.
enum Left {
    Nothing,
    /// More work; this many documents are done.
    More(u64),
}

/// The indexes that a call builds, by their numbers.
#[derive(Clone, Default)]
struct Attempt {
    /// Those of which it has built a part.
    begun: BTreeSet<usize>,
    /// Those that a program with another declaration has outdated since: if it writes all the time, they
    /// would never be complete.
    outdated: BTreeSet<usize>,
    /// How far the trees of dropped indexes are cleared.
    dropped: Clearing,
    /// How far the indexes are cleared of the entries of earlier declarations.
    obsolete: Clearing,
}

impl Attempt {
    /// Returns the indexes to build, with their progress.
    fn pending(&mut self, known: &Known, own: usize) -> Vec<(usize, Build)> {
        let mut pending = Vec::new();
        for number in 0..own {
            let place = known.place(number);
            let Some(index) = place.and_then(|place| known.record.indexes.get(place)) else {
                continue;
            };
            if index.state != IndexState::WriteOnly {
                continue;
            }
            if self.begun.contains(&number) && !index.has_documents() {
                self.outdated.insert(number);
            }
            if !self.outdated.contains(&number) {
                pending.push((number, index.build.clone()));
            }
        }
        pending
    }
}

impl<D: Body> Collection<D> {
    /// Builds the indexes that are neither readable nor disabled, in batches of one transaction each,
    /// while other writers continue. If it ends early, by a break or a crash, the completed batches
    /// are kept, and the next call continues after them. Returns the final state of each index.
    ///
    /// A unique index is enforced from the moment it is declared: a write with the values of another
    /// document is refused, whether or not the index contains that document yet. For this, each call
    /// that writes such values reads the documents that the build has not reached;
    /// [`put_many`](Self::put_many) reads them once. If existing documents already had the same
    /// values, the index ends as [`UniquePending`](IndexState::UniquePending); see
    /// [`duplicates`](Self::duplicates).
    ///
    /// An index that a program with another declaration outdates meanwhile, because it cannot maintain it,
    /// is left to the next call.
    ///
    /// # Errors
    /// [`Undecodable`](super::DocError::Undecodable) for a document that cannot be decoded, and
    /// [`WrongType`](super::DocError::WrongType) for one with a value that an indexed field does not
    /// allow: rewrite or remove it, and build again. Errors of the store.
    pub fn build<S: KvStore>(
        &self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Vec<IndexStatus>> {
        let attempt = Attempt::default();
        Building { opened: &self.opened, documents: self, attempt }.run(store, progress)?;
        store.read(|snapshot| self.indexes(snapshot))
    }
}

/// Builds the indexes of a collection, whatever the type of its documents.
#[derive(Clone)]
struct Building<'b> {
    opened: &'b Opened,
    documents: &'b dyn Decode,
    attempt: Attempt,
}

impl Building<'_> {
    fn run<S: KvStore>(
        &mut self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<()> {
        let began = Instant::now();
        let Some(total) = store.read(|snapshot| self.left(snapshot))? else { return Ok(()) };
        loop {
            let (left, next) = store.write(|transaction| {
                // After a conflict, what was not committed is built again.
                let mut next = self.clone();
                Ok((next.build_chunk(transaction)?, next))
            })?;
            *self = next;
            let Left::More(done) = left else { break };
            let name = self.opened.schema.name();
            if progress(Progress::new(name, began, 0).at(done, Some(total))).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Returns the number of documents if something is left to do.
    fn left(&self, reader: &dyn AnyReader) -> Result<Option<u64>> {
        if self.opened.known(reader)?.is_built() {
            return Ok(None);
        }
        reader.len(&self.opened.trees.documents).map(Some)
    }

    /// Builds one chunk, and records how far it got.
    fn build_chunk(&mut self, transaction: &mut dyn AnyTransaction) -> Result<Left> {
        let known = self.opened.known(transaction)?;
        let mut record = known.record.clone();
        let left = self.advance(transaction, &known, &mut record)?;
        self.opened.save(transaction, &record)?;
        Ok(left)
    }

    fn advance(
        &mut self,
        transaction: &mut dyn AnyTransaction,
        known: &Known,
        record: &mut Record,
    ) -> Result<Left> {
        if !self.clear_dropped(transaction, record)? {
            return Ok(Left::More(0));
        }
        let mut pending = self.attempt.pending(known, self.opened.schema.indexes.len());
        if !self.clear_obsolete(transaction, known, record, &mut pending)? {
            return Ok(Left::More(0));
        }
        // Build the indexes with the least progress first, and those with equal progress together.
        let least = pending
            .iter()
            .map(|(_, build)| build)
            .min_by(|left, right| left.after.cmp(&right.after));
        let Some(least) = least.cloned() else {
            self.verify_unique(transaction, known, record)?;
            return Ok(Left::Nothing);
        };
        let built = pending.iter().filter(|(_, build)| build.after == least.after);
        let built: Vec<usize> = built.map(|(number, _)| *number).collect();
        let (last, count) = self.build_documents(transaction, known, &least, &built)?;
        let done = least.done + count as u64;
        let is_end = count < CHUNK;
        for number in built {
            self.attempt.begun.insert(number);
            let place = known.place(number);
            let Some(index) = place.and_then(|place| record.indexes.get_mut(place)) else {
                continue;
            };
            if let Some(last) = &last {
                index.build = Build { is_cleared: true, after: last.clone(), done };
            }
            if is_end {
                index.build = Build::default();
                index.state = self.state_when_built(transaction, known, number)?;
            }
        }
        Ok(Left::More(done))
    }

    /// Removes the next entries of dropped indexes; tells whether none are left.
    fn clear_dropped(
        &mut self,
        transaction: &mut dyn AnyTransaction,
        record: &mut Record,
    ) -> Result<bool> {
        let names = record.dropped.iter().map(|name| index_tree(self.opened.schema.name(), name));
        let open = |name: String| transaction.open_tree(TreeName::layer(&name)?);
        let trees: Vec<Tree> = names.map(open).collect::<Result<_>>()?;
        let is_cleared = self.attempt.dropped.advance(transaction, &trees)?.len() < CHUNK;
        if is_cleared {
            record.dropped.clear();
        }
        Ok(is_cleared)
    }

    /// Removes the next entries of an earlier declaration from the indexes that will be built; tells whether
    /// none are left.
    fn clear_obsolete(
        &mut self,
        transaction: &mut dyn AnyTransaction,
        known: &Known,
        record: &mut Record,
        pending: &mut [(usize, Build)],
    ) -> Result<bool> {
        let obsolete = pending.iter().filter(|(_, build)| !build.is_cleared);
        let trees = obsolete.filter_map(|(number, _)| known.trees.index(*number));
        let trees: Vec<Tree> = trees.cloned().collect();
        if self.attempt.obsolete.advance(transaction, &trees)?.len() == CHUNK {
            return Ok(false);
        }
        for (number, build) in pending {
            build.is_cleared = true;
            let place = known.place(*number);
            if let Some(index) = place.and_then(|place| record.indexes.get_mut(place)) {
                index.build.is_cleared = true;
            }
        }
        Ok(true)
    }

    /// Adds the entries of the next documents. Returns the key of the last one in hexadecimal digits, and
    /// how many there were.
    fn build_documents(
        &self,
        transaction: &mut dyn AnyTransaction,
        known: &Known,
        from: &Build,
        indexes: &[usize],
    ) -> Result<(Option<String>, usize)> {
        let mut entries = Entries::default();
        let (schema, documents) = (&self.opened.schema, &self.opened.trees.documents);
        let (last, count) =
            chunk::visit(transaction, documents, &from.after, &mut |key, value| {
                self.documents.with_fields(key, value, &mut |fields| {
                    for &number in indexes {
                        if let Some(index) = schema.indexes.get(number) {
                            entries.add(schema, number, index, key, fields)?;
                        }
                    }
                    Ok(())
                })
            })?;
        entries.sort();
        for entry in entries.iter() {
            if let Some(tree) = known.trees.index(entry.index) {
                transaction.put(tree, entry.key, b"")?;
            }
        }
        Ok((last, count))
    }

    fn state_when_built(
        &self,
        reader: &dyn AnyReader,
        known: &Known,
        index: usize,
    ) -> Result<IndexState> {
        let is_unique = self.opened.schema.indexes.get(index).is_some_and(|index| index.unique);
        let is_pending =
            is_unique && !self.opened.find_duplicates(reader, known, index, 1)?.is_empty();
        Ok(if is_pending { IndexState::UniquePending } else { IndexState::Readable })
    }

    /// Checks again the unique indexes in which duplicates were found.
    fn verify_unique(
        &self,
        reader: &dyn AnyReader,
        known: &Known,
        record: &mut Record,
    ) -> Result<()> {
        for number in 0..self.opened.schema.indexes.len() {
            let place = known.place(number);
            if let Some(index) = place.and_then(|place| record.indexes.get_mut(place))
                && index.state == IndexState::UniquePending
            {
                index.state = self.state_when_built(reader, known, number)?;
            }
        }
        Ok(())
    }
}
