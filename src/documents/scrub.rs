//! Checking indexes against the documents.

use std::ops::{Bound, ControlFlow};
use std::time::Instant;

use arbour_core::{Cursor as _, Direction, KeyRange, KvRead, KvStore, KvWrite, Operation, Result};

use super::chunk::CHUNK;
use super::collection::Collection;
use super::entries::{Entries, id_key};
use super::known::Known;
use super::{Body, ScrubReport};
use crate::Progress;
use crate::chunk_size::ChunkSize;
use crate::key::successor;

/// The maximum number of findings that a report lists.
const LISTED_MAX: usize = 100;

/// A missing entry to add, or a key to remove.
struct Correction {
    index: usize,
    key: Vec<u8>,
    is_missing: bool,
}

/// The tree to walk through.
#[derive(Clone, Copy)]
enum Walk {
    /// The documents, to find missing entries.
    Documents,
    /// The entries of an index, to find those without a matching document.
    Index(usize),
}

/// The result of one step of a walk: where to continue, if anywhere, and what to correct.
struct Piece {
    next: Option<Vec<u8>>,
    corrections: Vec<Correction>,
    report: ScrubReport,
}

impl Piece {
    fn new() -> Self {
        Self { next: None, corrections: Vec::new(), report: ScrubReport::default() }
    }
}

impl<D: Body> Collection<D> {
    /// Finds index entries that are missing and entries that match no document, in batches, while
    /// other writers continue. Nothing is written. A break ends it early, with the findings so far.
    ///
    /// # Errors
    /// Errors of the store. What is wrong is in the report.
    pub fn scrub<S: KvStore>(
        &self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<ScrubReport> {
        self.scrub_each(store, false, progress)
    }

    /// Checks the indexes as [`scrub`](Self::scrub) does, and corrects them: missing entries are added,
    /// and those that match no document are removed.
    ///
    /// # Errors
    /// As [`scrub`](Self::scrub).
    pub fn mend<S: KvStore>(
        &self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<ScrubReport> {
        self.scrub_each(store, true, progress)
    }

    fn scrub_each<S: KvStore>(
        &self,
        store: &S,
        mends: bool,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<ScrubReport> {
        let began = Instant::now();
        let (mut report, mut size) = (ScrubReport::default(), ChunkSize::new(CHUNK));
        let total = store.read(|snapshot| self.total(snapshot))?;
        let indexes = store.read(|snapshot| Ok(self.opened.known(snapshot)?.len()))?;
        let indexes = (0..indexes).map(Walk::Index);
        for walk in std::iter::once(Walk::Documents).chain(indexes) {
            let mut next = Some(Vec::new());
            while let Some(from) = next {
                let piece = if mends {
                    size.write(store, |transaction, most| {
                        let piece = self.look(transaction, walk, &from, most)?;
                        self.correct(transaction, &piece.corrections)?;
                        Ok(piece)
                    })?
                } else {
                    store.read(|snapshot| self.look(snapshot, walk, &from, CHUNK))?
                };
                next = piece.next;
                add(&mut report, piece.report);
                let done = report.documents + report.entries;
                let reached =
                    Progress::new(self.opened.schema.name(), began, 0).at(done, Some(total));
                if progress(reached).is_break() {
                    return Ok(report);
                }
            }
        }
        Ok(report)
    }

    /// Looks at the next documents or entries, at most so many.
    fn look<R: KvRead>(&self, reader: &R, walk: Walk, from: &[u8], most: usize) -> Result<Piece> {
        match walk {
            Walk::Documents => self.look_at_documents(reader, from, most),
            Walk::Index(index) => self.look_at_entries(reader, index, from, most),
        }
    }

    fn correct<W: KvWrite>(&self, transaction: &mut W, corrections: &[Correction]) -> Result<()> {
        let known = self.opened.known(transaction)?;
        for Correction { index, key, is_missing } in corrections {
            match known.trees.index(*index) {
                Some(index) if *is_missing => index.put(transaction, key)?,
                Some(index) => transaction.delete(&index.tree, key)?,
                None => {}
            }
        }
        Ok(())
    }

    /// Counts the documents and the entries of the indexes to check.
    fn total<R: KvRead>(&self, reader: &R) -> Result<u64> {
        let known = self.opened.known(reader)?;
        let mut total = reader.len(&self.opened.trees.documents)?;
        for (number, index) in known.trees.indexes() {
            if known.state(number).is_complete() {
                total += index.len(reader)?;
            }
        }
        Ok(total)
    }

    /// Finds entries that documents should have but lack.
    fn look_at_documents<R: KvRead>(&self, reader: &R, from: &[u8], most: usize) -> Result<Piece> {
        let known = self.opened.known(reader)?;
        let mut piece = Piece::new();
        let report = &mut piece.report;
        let mut entries = Entries::default();
        let mut last = None;
        let range = KeyRange::from_bounds(Bound::Included(from), Bound::Unbounded);
        let mut cursor = reader.scan(&self.opened.trees.documents, range, Direction::Forward)?;
        let mut count = 0;
        while count < most {
            let Some((key, value)) = cursor.next()? else { return Ok(piece) };
            count += 1;
            report.documents += 1;
            last = Some(successor(key));
            entries.clear();
            let collected = self.decode(key, value).and_then(|stored| {
                let fields = self.definition.fields_of(&stored.body);
                let seen = known.see(value, &fields);
                for number in 0..known.len() {
                    if known.state(number).is_complete() {
                        known.add(&mut entries, number, key, &fields, &seen)?;
                    }
                }
                Ok(())
            });
            if let Err(error) = collected {
                note(&mut report.unreadable, &mut report.unreadable_count, error.to_string());
                continue;
            }
            entries.sort();
            for entry in entries.iter() {
                let (Some(entries), Some(index)) =
                    (known.trees.index(entry.index), known.index(entry.index))
                else {
                    continue;
                };
                if !entries.contains(reader, entry.key)? {
                    let finding = (index.name.clone(), self.opened.id_at(key)?);
                    note(&mut report.missing, &mut report.missing_count, finding);
                    let key = entry.key.to_vec();
                    let correction = Correction { index: entry.index, key, is_missing: true };
                    piece.corrections.push(correction);
                }
            }
        }
        piece.next = last;
        Ok(piece)
    }

    /// Finds entries that match no document.
    fn look_at_entries<R: KvRead>(
        &self,
        reader: &R,
        index: usize,
        from: &[u8],
        most: usize,
    ) -> Result<Piece> {
        let known = self.opened.known(reader)?;
        let mut piece = Piece::new();
        let (Some(tree), Some(definition)) = (known.trees.index(index), known.index(index)) else {
            return Ok(piece);
        };
        if !known.state(index).is_complete() {
            return Ok(piece);
        }
        let mut entries = Entries::default();
        let range = KeyRange::from_bounds(Bound::Included(from), Bound::Unbounded);
        let mut last = Vec::new();
        let look = |entry: &[u8], key: &[u8]| {
            piece.report.entries += 1;
            last = successor(entry);
            let is_asked_for = tree.is_at(entry, key)
                && match id_key(entry, tree.id_direction) {
                    Err(_) => false,
                    Ok(own) => {
                        entries.clear();
                        match self.read_entries(reader, &known, index, &own, &mut entries) {
                            Ok(None) => false,
                            Ok(Some(is_read)) => !is_read || entries.contains(index, entry),
                            // A document that cannot be decoded may own the entry, so the entry stays.
                            Err(error) if error.operation() != Operation::Layer => {
                                return Err(error);
                            }
                            Err(_) => true,
                        }
                    }
                };
            if !is_asked_for {
                let finding = (definition.name.clone(), entry.escape_ascii().to_string());
                let report = &mut piece.report;
                note(&mut report.dangling, &mut report.dangling_count, finding);
                let key = key.to_vec();
                piece.corrections.push(Correction { index, key, is_missing: false });
            }
            let is_full = piece.report.entries == most as u64;
            Ok(if is_full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        };
        let flow = tree.scan(reader, range, Direction::Forward, look)?;
        piece.next = flow.is_break().then_some(last);
        Ok(piece)
    }

    /// Collects the entries of a document in an index; `None` if there is no document, and false if the
    /// index cannot contain it.
    fn read_entries<R: KvRead>(
        &self,
        reader: &R,
        known: &Known,
        index: usize,
        key: &[u8],
        entries: &mut Entries,
    ) -> Result<Option<bool>> {
        let read = reader.get_with(&self.opened.trees.documents, key, |value| {
            let body = self.decode(key, value)?.body;
            let fields = self.definition.fields_of(&body);
            known.add(entries, index, key, &fields, &known.see(value, &fields))
        })?;
        read.transpose()
    }
}

/// Counts a finding, and lists it unless the list is full.
fn note<F>(list: &mut Vec<F>, count: &mut u64, finding: F) {
    *count += 1;
    if list.len() < LISTED_MAX {
        list.push(finding);
    }
}

/// Adds the findings of a step to a report.
fn add(report: &mut ScrubReport, piece: ScrubReport) {
    fn list<F>(list: &mut Vec<F>, more: Vec<F>) {
        let room = LISTED_MAX.saturating_sub(list.len());
        list.extend(more.into_iter().take(room));
    }
    report.documents += piece.documents;
    report.entries += piece.entries;
    report.missing_count += piece.missing_count;
    report.dangling_count += piece.dangling_count;
    report.unreadable_count += piece.unreadable_count;
    list(&mut report.missing, piece.missing);
    list(&mut report.dangling, piece.dangling);
    list(&mut report.unreadable, piece.unreadable);
}
