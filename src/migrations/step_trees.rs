//! The trees of a store as steps access them.

use std::ops::ControlFlow;
use std::time::Instant;

use arbour_core::engine::TreeName;
use arbour_core::engine::document_layout::{NAME_BYTES_MAX, documents_tree};
use arbour_core::{Cursor as _, Direction, Error, ErrorKind, KeyRange, Operation, Result};

use super::progress::Beat;
use super::raw_trees::RawTrees;
use super::record::Counts;
use super::source::Source;
use super::visit::{Budget, Visit, Visited, Walk, Window};
use crate::AnyResult;

/// A key and its value.
type Entry = (Vec<u8>, Vec<u8>);

/// The closure called for each visited entry.
type Visitor<'v> = dyn FnMut(&mut StepTrees<'_>, &[u8], &[u8]) -> AnyResult + 'v;

/// The maximum number of entries read ahead of the one a step is handed.
const WINDOW_ENTRIES: usize = 256;

/// The maximum number of bytes read ahead.
const WINDOW_BYTES: usize = 256 << 10;

/// The trees of a store as a step accesses them: by name, as bytes, in one transaction that reads
/// its own writes.
///
/// The type is the same for all engines, so a list of steps is written once. A tree need not exist
/// to be read, and writing creates it. Names under `arbour/` are read-only: they belong to Arbour's
/// own layers, which have their own ways of changing.
///
/// Once the store has failed, every further call fails, and the step fails even if it ignores the
/// error: a step that mistakes an error for the end of the entries cannot be committed. If the
/// store refuses a mistake of the step itself ([`TooLarge`](ErrorKind::TooLarge),
/// [`InvalidArgument`](ErrorKind::InvalidArgument)), nothing was written, and the step may
/// continue.
///
/// ```
/// use arbour::migrations::{Group, Migrations, Source, Step};
/// use arbour::{KvStore, MemoryStore};
/// let store = MemoryStore::new();
/// store.put(&store.tree("users")?, b"ada", b"1815")?;
/// // Counts the users by year of birth.
/// let step = Step::numbered(1).atomic(|trees| {
///     trees.each("users", |trees, _, year| {
///         let count = trees.get("years", year)?.map_or(0, |count| count[0]);
///         Ok(trees.put("years", year, &[count + 1])?)
///     })
/// });
/// let migrations = Migrations::new("app", "1.2").group(Group::new("users").step(step));
/// migrations.run(&store)?;
/// assert_eq!(store.get(&store.tree("years")?, b"1815")?.as_deref(), Some(&[1][..]));
/// # Ok::<(), arbour::Error>(())
/// ```
pub struct StepTrees<'t> {
    pub(super) raw: &'t mut dyn RawTrees,
    beat: &'t mut dyn Beat,
    is_read_only: bool,
    pub(super) counts: Counts,
    /// The bytes of keys and values read and written.
    pub(super) bytes: u64,
    touched: Touched,
    /// The id of the document that the step was handed last.
    pub(super) document: Option<String>,
    visits: Vec<Visit>,
    pub(super) stop: Option<Stop>,
}

/// The entry a step touched last, or the one it was handed when it failed.
#[derive(Default)]
struct Touched {
    tree: String,
    key: Vec<u8>,
    has_key: bool,
}

/// Why a step cannot continue.
#[derive(Clone, Debug)]
#[cfg_attr(
    not(feature = "documents"),
    expect(dead_code, reason = "steps over documents alone take a tree for a collection")
)]
pub(super) enum Stop {
    Cancelled,
    Store(Error),
    Ahead(Vec<u8>),
    /// The step visits a collection of documents as if it were a tree.
    Collection(String),
    /// The step visits a tree as if it were a collection of documents.
    Tree(String),
}

impl<'t> StepTrees<'t> {
    pub(super) fn new(raw: &'t mut dyn RawTrees, beat: &'t mut dyn Beat) -> Self {
        Self {
            raw,
            beat,
            is_read_only: false,
            counts: Counts::default(),
            bytes: 0,
            touched: Touched::default(),
            document: None,
            visits: Vec::new(),
            stop: None,
        }
    }

    /// Refuses all further writes, for checks.
    pub(super) fn make_read_only(&mut self) {
        self.is_read_only = true;
    }

    /// Returns a copy of the value of a key, or `None` if the key is absent.
    ///
    /// # Errors
    /// Errors of the store. See [`StepTrees`] for what is true after an error, here and below.
    ///
    /// ```
    /// # use arbour::AnyResult;
    /// # use arbour::migrations::StepTrees;
    /// fn is_there(trees: &mut StepTrees<'_>) -> AnyResult<bool> {
    ///     Ok(trees.get("rooms", b"study")?.is_some())
    /// }
    /// ```
    pub fn get(&mut self, tree: &str, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.ready(Operation::Get)?;
        self.touch(tree, Some(key));
        let found = self.raw.get(tree, key);
        let found = self.settle(found)?;
        self.counts.entries += 1;
        self.bytes += (key.len() + found.as_ref().map_or(0, Vec::len)) as u64;
        Ok(found)
    }

    /// Stores a value under a key, replacing any earlier value.
    ///
    /// # Errors
    /// [`TooLarge`](ErrorKind::TooLarge) above the limits of the store;
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for a name that is invalid or under
    /// `arbour/`, and for a key after the one being visited, because it would be visited again;
    /// errors of the store.
    ///
    /// ```
    /// # use arbour::AnyResult;
    /// # use arbour::migrations::StepTrees;
    /// fn add(trees: &mut StepTrees<'_>) -> AnyResult {
    ///     Ok(trees.put("rooms", b"study", b"ada")?)
    /// }
    /// ```
    pub fn put(&mut self, tree: &str, key: &[u8], value: &[u8]) -> Result<()> {
        self.writable(Operation::Put, tree)?;
        self.touch(tree, Some(key));
        let is_ahead =
            |visit: &Visit| visit.is_ahead(tree, key) && visit.source.range.contains(key);
        if self.visits.iter().any(is_ahead) {
            self.fail_at_visit();
            self.stop = Some(Stop::Ahead(key.to_vec()));
            return Err(self.stopped(Operation::Put));
        }
        let put = self.raw.put(tree, key, value);
        self.settle(put)?;
        self.counts.puts += 1;
        self.bytes += (key.len() + value.len()) as u64;
        Ok(())
    }

    /// Removes a key. Does nothing if it is absent. A removed entry is no longer visited.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    ///
    /// ```
    /// # use arbour::AnyResult;
    /// # use arbour::migrations::StepTrees;
    /// fn remove(trees: &mut StepTrees<'_>) -> AnyResult {
    ///     Ok(trees.delete("rooms", b"attic")?)
    /// }
    /// ```
    pub fn delete(&mut self, tree: &str, key: &[u8]) -> Result<()> {
        self.writable(Operation::Delete, tree)?;
        self.touch(tree, Some(key));
        let deleted = self.raw.delete(tree, key);
        self.settle(deleted)?;
        for visit in &mut self.visits {
            visit.is_stale |= visit.is_ahead(tree, key);
        }
        self.counts.deletes += 1;
        self.bytes += key.len() as u64;
        Ok(())
    }

    /// Removes every key of a range, or of the whole tree with [`KeyRange::all`]. Removed entries
    /// are no longer visited.
    ///
    /// This happens in one transaction: to remove millions of entries, delete them one by one in a
    /// step that visits [each](super::Step::each).
    ///
    /// # Errors
    /// As [`put`](Self::put).
    ///
    /// ```
    /// # use arbour::{AnyResult, KeyRange, migrations::StepTrees};
    /// fn clear(trees: &mut StepTrees<'_>) -> AnyResult {
    ///     Ok(trees.delete_range("rooms", KeyRange::all())?)
    /// }
    /// ```
    pub fn delete_range(&mut self, tree: &str, range: KeyRange<'_>) -> Result<()> {
        self.writable(Operation::DeleteRange, tree)?;
        self.touch(tree, None);
        let count = count(&*self.raw, self.beat, tree, range.clone(), self.counts.entries);
        let Some(count) = self.settle(count)? else {
            self.stop = Some(Stop::Cancelled);
            return Err(self.stopped(Operation::DeleteRange));
        };
        let deleted = self.raw.delete_range(tree, range);
        self.settle(deleted)?;
        for visit in &mut self.visits {
            visit.is_stale |= visit.source.tree == tree;
        }
        self.counts.deletes += count;
        Ok(())
    }

    /// Returns the names of the trees that hold an entry, sorted by bytes, including those under
    /// `arbour/`.
    ///
    /// # Errors
    /// Errors of the store.
    ///
    /// ```
    /// # use arbour::AnyResult;
    /// # use arbour::migrations::StepTrees;
    /// fn show(trees: &mut StepTrees<'_>) -> AnyResult {
    ///     Ok(println!("{:?}", trees.names()?))
    /// }
    /// ```
    pub fn names(&mut self) -> Result<Vec<String>> {
        self.ready(Operation::Trees)?;
        let names = self.raw.names();
        self.settle(names)
    }

    /// Returns a copy of the first entry of a range, or `None` if the range is empty.
    ///
    /// # Errors
    /// Errors of the store.
    ///
    /// ```
    /// # use arbour::AnyResult;
    /// # use arbour::migrations::{Source, StepTrees};
    /// fn is_empty(trees: &mut StepTrees<'_>) -> AnyResult<bool> {
    ///     Ok(trees.first("rooms")?.is_none())
    /// }
    /// ```
    pub fn first(&mut self, source: impl Into<Source>) -> Result<Option<Entry>> {
        self.end(&source.into(), Direction::Forward)
    }

    /// Returns a copy of the last entry of a range, or `None` if the range is empty.
    ///
    /// # Errors
    /// Errors of the store.
    ///
    /// ```
    /// # use arbour::AnyResult;
    /// # use arbour::migrations::{Source, StepTrees};
    /// fn last_of_ada(trees: &mut StepTrees<'_>) -> AnyResult<Option<(Vec<u8>, Vec<u8>)>> {
    ///     Ok(trees.last(Source::tree("notes").prefix(b"ada/"))?)
    /// }
    /// ```
    pub fn last(&mut self, source: impl Into<Source>) -> Result<Option<Entry>> {
        self.end(&source.into(), Direction::Reverse)
    }

    fn end(&mut self, source: &Source, direction: Direction) -> Result<Option<Entry>> {
        self.ready(Operation::Scan)?;
        self.touch(&source.tree, None);
        let found =
            self.raw.scan(&source.tree, source.range.clone(), direction).and_then(|mut cursor| {
                Ok(cursor.next()?.map(|(key, value)| (key.to_vec(), value.to_vec())))
            });
        self.counts.entries += 1;
        self.settle(found)
    }

    /// Calls `each` for every entry of a tree or a range, in ascending order. It may write, also to
    /// the tree it visits, but not after the entry it is handed. An entry that it deletes is no
    /// longer visited.
    ///
    /// # Errors
    /// The error of `each`, after which the visit ends; errors of the store.
    ///
    /// ```
    /// # use arbour::AnyResult;
    /// # use arbour::migrations::StepTrees;
    /// fn shorten(trees: &mut StepTrees<'_>) -> AnyResult {
    ///     trees.each("notes", |trees, key, note| Ok(trees.put("notes", key, &note[1..])?))
    /// }
    /// ```
    pub fn each(
        &mut self,
        source: impl Into<Source>,
        mut each: impl FnMut(&mut StepTrees<'_>, &[u8], &[u8]) -> AnyResult,
    ) -> AnyResult {
        let (source, budget) = (&source.into(), &Budget::UNBOUNDED);
        let walk = Walk { source, direction: Direction::Forward, after: None, budget };
        self.visit(&walk, &mut each).map(drop)
    }

    /// Hands out the entries of a walk, until none is left or the budget is used up.
    pub(super) fn visit(&mut self, walk: &Walk<'_>, each: &mut Visitor<'_>) -> AnyResult<Visited> {
        let (source, direction) = (walk.source.clone(), walk.direction);
        let at = walk.after.unwrap_or_default().to_vec();
        let mut last = walk.after.map(<[u8]>::to_vec);
        self.visits.push(Visit { source, direction, at, is_stale: false });
        let visited = self.visit_windows(walk, &mut last, each);
        if visited.is_err() {
            self.fail_at_visit();
        }
        self.visits.pop();
        let is_end = visited?;
        if last.is_none() {
            self.refuse_collection(&walk.source.tree)?;
        }
        Ok(Visited { last, is_end })
    }

    /// Fails if a tree in which nothing was found does not exist, but a collection of documents of
    /// that name does. Otherwise the step would visit nothing and be recorded as done.
    fn refuse_collection(&mut self, tree: &str) -> Result<()> {
        if tree.len() > NAME_BYTES_MAX {
            return Ok(());
        }
        let is_other = has_entry(self.raw, &documents_tree(tree))
            .and_then(|is_collection| Ok(is_collection && !has_entry(self.raw, tree)?));
        if self.settle(is_other)? {
            self.stop = Some(Stop::Collection(tree.to_owned()));
            return Err(self.stopped(Operation::Scan));
        }
        Ok(())
    }

    /// Returns whether the visit reached the end.
    fn visit_windows(
        &mut self,
        walk: &Walk<'_>,
        last: &mut Option<Vec<u8>>,
        each: &mut Visitor<'_>,
    ) -> AnyResult<bool> {
        let budget = walk.budget;
        let (began, bytes_before, mut count) = (Instant::now(), self.bytes, 0);
        loop {
            let (window, is_last) =
                self.read_window(walk, last.as_deref(), budget.entries - count)?;
            let mut number = 0;
            while let Some((key, value)) = window.get(number) {
                self.visit_entry(key, value, last, each)?;
                (number, count) = (number + 1, count + 1);
                let is_used_up = count >= budget.entries
                    || self.bytes - bytes_before >= budget.bytes
                    || began.elapsed() >= budget.time;
                if is_used_up {
                    return Ok(false);
                }
                // The closure wrote to what is being visited: read the rest of the window again.
                if self.visits.last().is_some_and(|visit| visit.is_stale) {
                    break;
                }
            }
            if is_last && window.get(number).is_none() {
                return Ok(true);
            }
        }
    }

    fn visit_entry(
        &mut self,
        key: &[u8],
        value: &[u8],
        last: &mut Option<Vec<u8>>,
        each: &mut Visitor<'_>,
    ) -> AnyResult {
        self.ready(Operation::Scan)?;
        self.counts.entries += 1;
        self.bytes += (key.len() + value.len()) as u64;
        let at = last.get_or_insert_default();
        at.clear();
        at.extend_from_slice(key);
        if let Some(visit) = self.visits.last_mut() {
            visit.at.clone_from(at);
            visit.is_stale = false;
        }
        each(self, key, value)?;
        // If the closure ignored a failure, it gets no further entry.
        match &self.stop {
            Some(stop) => Err(error_of(stop, Operation::Scan).into()),
            None => Ok(()),
        }
    }

    /// Reads entries ahead, and tells whether they are the last.
    fn read_window(
        &mut self,
        walk: &Walk<'_>,
        last: Option<&[u8]>,
        most: u64,
    ) -> Result<(Window, bool)> {
        self.ready(Operation::Scan)?;
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(WINDOW_ENTRIES);
        let range = walk.source.rest(walk.direction, last);
        let read = || {
            let mut window = Window::default();
            let mut cursor = self.raw.scan(&walk.source.tree, range, walk.direction)?;
            while window.entries.len() < most && window.bytes.len() < WINDOW_BYTES {
                let Some((key, value)) = cursor.next()? else { return Ok((window, true)) };
                window.push(key, value);
            }
            Ok((window, false))
        };
        let read = read();
        self.settle(read)
    }

    /// Fails if the step cannot continue; otherwise reports that it is working.
    fn ready(&mut self, operation: Operation) -> Result<()> {
        if self.stop.is_none() && self.beat.beat(self.counts.entries).is_break() {
            self.stop = Some(Stop::Cancelled);
        }
        if self.stop.is_some() { Err(self.stopped(operation)) } else { Ok(()) }
    }

    fn writable(&mut self, operation: Operation, tree: &str) -> Result<()> {
        self.ready(operation)?;
        TreeName::new(tree)?;
        self.refuse_in_check(operation)
    }

    /// Fails in a check, which only reads.
    pub(super) fn refuse_in_check(&mut self, operation: Operation) -> Result<()> {
        if self.is_read_only {
            let message = "a check only reads: write in the step itself";
            return self.settle(Err(Error::new(ErrorKind::ReadOnly, operation, message)));
        }
        Ok(())
    }

    pub(super) fn stopped(&self, operation: Operation) -> Error {
        match &self.stop {
            Some(stop) => error_of(stop, operation),
            None => Error::new(ErrorKind::Engine, operation, "the step goes on"),
        }
    }

    /// Notes an error of the store after which the step cannot continue.
    pub(super) fn settle<R>(&mut self, result: Result<R>) -> Result<R> {
        if let Err(error) = &result
            && !matches!(error.kind(), ErrorKind::TooLarge | ErrorKind::InvalidArgument)
            && self.stop.is_none()
        {
            self.stop = Some(Stop::Store(error.clone()));
        }
        result
    }

    pub(super) fn touch(&mut self, tree: &str, key: Option<&[u8]>) {
        self.touched.tree.clear();
        self.touched.tree.push_str(tree);
        self.touched.key.clear();
        self.touched.key.extend_from_slice(key.unwrap_or_default());
        self.touched.has_key = key.is_some();
    }

    /// Notes the entry being visited as the one that failed.
    fn fail_at_visit(&mut self) {
        if let Some(visit) = self.visits.last() {
            let (tree, key) = (visit.source.tree.clone(), visit.at.clone());
            self.touch(&tree, Some(&key));
        }
    }

    /// Returns the current tree, and the key if there is a current entry.
    pub(super) fn place(&self) -> (Option<&str>, Option<&[u8]>) {
        let touched = &self.touched;
        let tree = (!touched.tree.is_empty()).then_some(touched.tree.as_str());
        (tree, touched.has_key.then_some(touched.key.as_slice()))
    }

    /// Returns why the step cannot continue.
    pub(super) fn why_stopped(&self) -> Option<Stop> {
        self.stop.clone()
    }
}

fn error_of(stop: &Stop, operation: Operation) -> Error {
    match stop {
        Stop::Store(error) => error.clone(),
        Stop::Cancelled => Error::new(ErrorKind::Busy, operation, "the run was cancelled"),
        Stop::Ahead(key) => {
            let message = "a step must not put an entry ahead of its place into the tree it visits";
            Error::new(ErrorKind::InvalidArgument, operation, message).with_key(key)
        }
        Stop::Collection(name) => {
            let message = "it is a collection of documents: visit it with `each_document`";
            Error::new(ErrorKind::InvalidArgument, operation, message).with_tree(name.as_str())
        }
        Stop::Tree(name) => {
            let message = "it is a tree and no collection of documents: visit it with `each`";
            Error::new(ErrorKind::InvalidArgument, operation, message).with_tree(name.as_str())
        }
    }
}

/// Tells whether a tree holds an entry.
pub(super) fn has_entry(raw: &dyn RawTrees, tree: &str) -> Result<bool> {
    let mut cursor = raw.scan(tree, KeyRange::all(), Direction::Forward)?;
    Ok(cursor.next()?.is_some())
}

/// Counts the entries of a range; `None` if the run was cancelled meanwhile.
pub(super) fn count(
    raw: &dyn RawTrees,
    beat: &mut dyn Beat,
    tree: &str,
    range: KeyRange<'_>,
    entries: u64,
) -> Result<Option<u64>> {
    let mut cursor = raw.scan(tree, range, Direction::Forward)?;
    let mut count = 0;
    while cursor.next()?.is_some() {
        count += 1;
        if count % 1024 == 0 && beat.beat(entries) == ControlFlow::Break(()) {
            return Ok(None);
        }
    }
    Ok(Some(count))
}
