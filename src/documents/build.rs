//! Building indexes while other writers continue.
//!
//! An index is built in batches. Each is a transaction that reads documents in the order of their
//! keys, adds their entries, and notes its progress in the catalog. Writers maintain the index from
//! the moment it is declared, and transactions are serial: a document has the right entries
//! afterwards, whether it is written before its batch or after it. The result is the index that
//! would exist if it had been declared before the first document (after FoundationDB's Record
//! Layer).

use std::collections::BTreeSet;
use std::ops::{Bound, ControlFlow};
use std::time::Instant;

use arbour_core::engine::TreeName;
use arbour_core::engine::document_layout::index_tree;
use arbour_core::{Cursor as _, Direction, KeyRange, KvRead, KvStore, KvWrite, Result, Tree};

use super::catalog::{self, Record};
use super::collection::Collection;
use super::entries::Entries;
use super::index_record::{Build, bytes_of, hexadecimal};
use super::known::Known;
use super::{Body, IndexState, IndexStatus};
use crate::Progress;
use crate::key::successor;

/// The number of documents or entries processed in one transaction.
pub(super) const CHUNK: usize = 500;

/// What remains after a batch.
enum Left {
    Nothing,
    /// More work; this many documents are done.
    More(u64),
}

/// The indexes that a call builds, by their numbers.
#[derive(Default)]
struct Attempt {
    /// Those of which it has built a part.
    begun: BTreeSet<usize>,
    /// Those that a program with another declaration has outdated since: if it writes all the time, they
    /// would never be complete.
    outdated: BTreeSet<usize>,
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
        let began = Instant::now();
        let (is_done, total) = store.read(|snapshot| {
            let is_done = self.is_built(&*self.known(snapshot)?);
            let total = if is_done { 0 } else { snapshot.len(&self.trees.documents)? };
            Ok((is_done, total))
        })?;
        let mut attempt = Attempt::default();
        if !is_done {
            while let Left::More(done) =
                store.write(|transaction| self.build_chunk(transaction, &mut attempt))?
            {
                let reached = Progress::new(self.definition.name(), began, 0).at(done, Some(total));
                if progress(reached).is_break() {
                    break;
                }
            }
        }
        store.read(|snapshot| self.indexes(snapshot))
    }

    pub(super) fn is_built(&self, known: &Known) -> bool {
        let mut states = (0..self.definition.indexes.len()).map(|number| known.state(number));
        let is_pending = |state| matches!(state, IndexState::WriteOnly | IndexState::UniquePending);
        known.record.dropped.is_empty() && !states.any(is_pending)
    }

    /// Runs the next batch and notes the progress in the catalog.
    fn build_chunk<W: KvWrite>(&self, transaction: &mut W, attempt: &mut Attempt) -> Result<Left> {
        let known = self.known(transaction)?;
        let mut record = known.record.clone();
        let left = self.advance(transaction, &known, &mut record, attempt)?;
        catalog::save(transaction, &self.trees.catalog, &self.record_key, &record)?;
        Ok(left)
    }

    fn advance<W: KvWrite>(
        &self,
        transaction: &mut W,
        known: &Known,
        record: &mut Record,
        attempt: &mut Attempt,
    ) -> Result<Left> {
        if !self.clear_dropped(transaction, record)? {
            return Ok(Left::More(0));
        }
        let mut pending = attempt.pending(known, self.definition.indexes.len());
        if !clear_obsolete(transaction, known, record, &mut pending)? {
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
        let done = least.done + count;
        let is_end = count < CHUNK as u64;
        for number in built {
            attempt.begun.insert(number);
            let place = known.place(number);
            let Some(index) = place.and_then(|place| record.indexes.get_mut(place)) else {
                continue;
            };
            if let Some(last) = &last {
                index.build = Build { is_cleared: true, after: hexadecimal(last), done };
            }
            if is_end {
                index.build = Build::default();
                index.state = self.state_when_built(transaction, known, number)?;
            }
        }
        Ok(Left::More(done))
    }

    /// Removes the entries of dropped indexes; tells whether none are left. Clearing continues in the
    /// same transaction for as long as each tree is small enough.
    fn clear_dropped<W: KvWrite>(&self, transaction: &mut W, record: &mut Record) -> Result<bool> {
        while let Some(name) = record.dropped.last() {
            let name = index_tree(self.definition.name(), name);
            let tree = transaction.open_tree(TreeName::layer(&name)?)?;
            if clear(transaction, &tree)? == CHUNK {
                return Ok(false);
            }
            record.dropped.pop();
        }
        Ok(true)
    }

    /// Adds the entries of the next documents. Returns the key of the last one, and how many there
    /// were.
    fn build_documents<W: KvWrite>(
        &self,
        transaction: &mut W,
        known: &Known,
        from: &Build,
        indexes: &[usize],
    ) -> Result<(Option<Vec<u8>>, u64)> {
        let mut entries = Entries::default();
        let (mut last, mut count) = (None, 0);
        {
            let start = match bytes_of(&from.after) {
                after if after.is_empty() => Vec::new(),
                after => successor(&after),
            };
            let range = KeyRange::from_bounds(Bound::Included(&start), Bound::Unbounded);
            let mut cursor = transaction.scan(&self.trees.documents, range, Direction::Forward)?;
            while count < CHUNK as u64 {
                let Some((key, value)) = cursor.next()? else { break };
                let stored = self.decode(key, value)?;
                for &number in indexes {
                    if let Some(index) = self.definition.indexes.get(number) {
                        entries.add(
                            &self.definition,
                            number,
                            index,
                            key,
                            &self.definition.fields_of(&stored.body),
                        )?;
                    }
                }
                last = Some(key.to_vec());
                count += 1;
            }
        }
        entries.sort();
        for entry in entries.iter() {
            if let Some(tree) = known.trees.index(entry.index) {
                transaction.put(tree, entry.key, b"")?;
            }
        }
        Ok((last, count))
    }

    fn state_when_built<R: KvRead>(
        &self,
        reader: &R,
        known: &Known,
        index: usize,
    ) -> Result<IndexState> {
        let is_unique = self.definition.indexes.get(index).is_some_and(|index| index.unique);
        let is_pending = is_unique && !self.find_duplicates(reader, known, index, 1)?.is_empty();
        Ok(if is_pending { IndexState::UniquePending } else { IndexState::Readable })
    }

    /// Checks again the unique indexes in which duplicates were found.
    fn verify_unique<R: KvRead>(
        &self,
        reader: &R,
        known: &Known,
        record: &mut Record,
    ) -> Result<()> {
        for number in 0..self.definition.indexes.len() {
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

/// Removes the entries of an earlier declaration from the indexes that will be built; tells whether none
/// are left.
fn clear_obsolete<W: KvWrite>(
    transaction: &mut W,
    known: &Known,
    record: &mut Record,
    pending: &mut [(usize, Build)],
) -> Result<bool> {
    for (number, build) in pending {
        let place = known.place(*number);
        let (Some(index), Some(tree)) =
            (place.and_then(|place| record.indexes.get_mut(place)), known.trees.index(*number))
        else {
            continue;
        };
        if !build.is_cleared {
            build.is_cleared = clear(transaction, tree)? < CHUNK;
            index.build.is_cleared = build.is_cleared;
            if !build.is_cleared {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Removes the first entries of a tree, at most a chunk, and returns how many. The tree is empty if
/// they were less than a chunk.
pub(super) fn clear<W: KvWrite>(transaction: &mut W, tree: &Tree) -> Result<usize> {
    let mut keys = Vec::new();
    {
        let mut cursor = transaction.scan(tree, KeyRange::all(), Direction::Forward)?;
        while keys.len() < CHUNK {
            let Some((key, _)) = cursor.next()? else { break };
            keys.push(key.to_vec());
        }
    }
    for key in &keys {
        transaction.delete(tree, key)?;
    }
    Ok(keys.len())
}
