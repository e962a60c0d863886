//! Iterating over a range with sled's iterator.

use std::borrow::Cow;

use arbour_core::engine::{LayeredCursor, LiveCursor};
use arbour_core::{Cursor, Direction, Error, KeyRange, Operation, Result, Tree};

use crate::catch_panic::catch_panic;
use crate::{SledEngine, error, key};

/// A cursor of a [`SledStore`](crate::SledStore)'s snapshot.
///
/// ```
/// use arbour_core::{Cursor, KvRead, KvStore, StoreOptions};
/// use arbour_sled::{SledCursor, SledStore};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.sled");
/// let store = SledStore::open(&path, &StoreOptions::new())?;
/// let users = store.tree("users")?;
/// let snapshot = store.snapshot()?;
/// let mut cursor: SledCursor<'_> = snapshot.prefix(&users, b"a")?;
/// assert_eq!(cursor.next()?, None);
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub type SledCursor<'t> = LayeredCursor<'t, SledEngine>;

/// A live cursor of a [`SledEngine`]: sled's own iterator.
///
/// That iterator is neither a snapshot nor live. It copies one leaf of the tree at a time, when it
/// reaches it, and returns the entries of the copy; so it may return a deleted entry, and miss one
/// inserted in a leaf it has copied. The cursor reads a few entries ahead, which has the same
/// effect. This satisfies [`LiveEngine`](arbour_core::engine::LiveEngine), and suffices for a
/// snapshot on top of it:
///
/// - *Every entry it returns existed at some time since the cursor was created*: a leaf is copied
///   no earlier than the first call of `next` or, after a seek, the first call after that.
/// - *An entry that existed throughout is returned, once and in order*: a copied leaf contains all
///   entries between its bounds, and the next leaf is found by the bound of the copy, wherever that
///   key is by then. Concurrent splits and merges move entries, but not across a bound that the
///   cursor has passed.
/// - *A change made before the snapshot is seen*: its batch was applied before the snapshot was
///   pinned, and therefore before any leaf was copied.
/// - *A change made after it is not*: its pre-image was in the undo log before sled was changed.
///   Whether the copy is from before or after the change, the log is read after the copy, and takes
///   precedence for its keys: it has the old value, or that there was none. A deleted entry that is
///   missing from the leaf is in the log as well.
///
/// ```
/// use arbour_core::engine::{Engine, LiveEngine, TreeName};
/// use arbour_core::{Cursor, Direction, KeyRange, StoreOptions};
/// use arbour_sled::{SledEngine, SledLiveCursor};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.sled");
/// let engine = SledEngine::open(&path, &StoreOptions::new())?;
/// let users = engine.open_tree(TreeName::new("users")?)?;
/// let mut cursor: SledLiveCursor<'_> =
///     engine.scan(&users, KeyRange::all(), Direction::Forward)?;
/// assert!(cursor.next()?.is_none());
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct SledLiveCursor<'e> {
    engine: &'e SledEngine,
    tree: Tree,
    /// What is left to read; `None` if nothing is.
    rest: Option<PanicSafeIter>,
    /// Entries read together, because each call of sled pays for catching its panics.
    read: Vec<(sled::IVec, sled::IVec)>,
    /// The index in `read` of the current entry.
    place: usize,
    /// How many entries to read together next: few at first, because many scans want only one.
    read_next: usize,
    /// The current key, if sled stores it in another form.
    decoded: Option<Vec<u8>>,
    range: KeyRange<'static>,
    direction: Direction,
    /// The error that occurred after the entries in `read`.
    failure: Option<Error>,
    failed: bool,
}

/// An iterator that is dropped within `catch_panic`. It keeps the database open, and may be the
/// last to do so if the engine was already released.
struct PanicSafeIter(Option<sled::Iter>);

impl Drop for PanicSafeIter {
    fn drop(&mut self) {
        let rest = self.0.take();
        // There is no caller left to report an error to.
        let _ = catch_panic(Operation::Close, move || {
            drop(rest);
            Ok(())
        });
    }
}

/// At least half of the entries of a leaf.
const READ_MAX: usize = 16;

impl<'e> SledLiveCursor<'e> {
    pub(crate) fn new(
        engine: &'e SledEngine,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<Self> {
        let rest = open(engine, tree, &range)?;
        let (tree, range) = (tree.clone(), range.into_owned());
        Ok(Self {
            engine,
            tree,
            rest,
            read: Vec::new(),
            place: 0,
            read_next: 1,
            decoded: None,
            range,
            direction,
            failure: None,
            failed: false,
        })
    }

    /// Reads more entries.
    fn read_on(&mut self) {
        self.read.clear();
        self.place = 0;
        let Some(PanicSafeIter(Some(rest))) = &mut self.rest else { return };
        let (read, direction, count) = (&mut self.read, self.direction, self.read_next);
        let outcome = catch_panic(Operation::Scan, || {
            for _ in 0..count {
                let next = match direction {
                    Direction::Forward => rest.next(),
                    Direction::Reverse => rest.next_back(),
                };
                match next {
                    Some(Ok(entry)) => read.push(entry),
                    Some(Err(cause)) => return Err(error::engine(cause, Operation::Scan)),
                    None => return Ok(false),
                }
            }
            Ok(true)
        });
        self.read_next = READ_MAX.min(2 * self.read_next);
        match outcome {
            Ok(true) => {}
            Ok(false) => self.rest = None,
            Err(error) => {
                self.rest = None;
                self.failure = Some(self.engine.locate(error.with_tree(self.tree.name())));
            }
        }
    }
}

/// Starts reading a range: sled's iterators cannot seek.
fn open(engine: &SledEngine, tree: &Tree, range: &KeyRange<'_>) -> Result<Option<PanicSafeIter>> {
    if range.is_empty() {
        return Ok(None);
    }
    let bounds = (key::encode_bound(range.start()), key::encode_bound(range.end()));
    engine.with(Operation::Scan, |database| {
        let rest = database.tree(tree).map(|tree| tree.range::<Cow<'_, [u8]>, _>(bounds));
        Ok(rest.map(|rest| PanicSafeIter(Some(rest))))
    })
}

impl Cursor for SledLiveCursor<'_> {
    #[inline]
    fn next(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        self.place += 1;
        if self.place >= self.read.len() {
            if let Some(error) = self.failure.take() {
                self.failed = true;
                self.read.clear();
                return Err(error);
            }
            self.read_on();
            if self.read.is_empty()
                && let Some(error) = self.failure.take()
            {
                self.failed = true;
                return Err(error);
            }
        }
        self.decoded = match self.read.get(self.place).map(|(key, _)| key::decode(key)) {
            Some(Cow::Owned(key)) => Some(key),
            _ => None,
        };
        Ok(self.shown())
    }

    fn seek(&mut self, key: &[u8]) -> Result<()> {
        if self.failed {
            return Ok(());
        }
        (self.failure, self.place, self.read_next) = (None, 0, 1);
        self.read.clear();
        let rest = self.range.from_key(key, self.direction);
        self.rest = open(self.engine, &self.tree, &rest).inspect_err(|_| self.failed = true)?;
        Ok(())
    }
}

impl LiveCursor for SledLiveCursor<'_> {
    #[inline]
    fn shown(&self) -> Option<(&[u8], &[u8])> {
        let (key, value) = self.read.get(self.place)?;
        Some((self.decoded.as_deref().unwrap_or(key), value))
    }
}
