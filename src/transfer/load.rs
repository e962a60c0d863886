//! Loading a dump into a store.

use std::io::{Read, Seek};

use arbour_core::{KvStore, Result};

use super::undump::{Hashing, undump};
use super::{Transfer, TransferError, Transferred, mark};

/// Loads a dump into an empty store of any engine, and verifies it by reading it back.
///
/// The dump is read twice, so that it is known to be complete and unaltered before anything is
/// written. Use [`load_stream`] for a dump that can be read only once, for example from a pipe. If
/// loading is interrupted, the same call resumes it: entries that are already there are compared
/// and not written again.
///
/// # Errors
/// [`NotADump`](TransferError::NotADump), [`TooNew`](TransferError::TooNew),
/// [`Truncated`](TransferError::Truncated), [`Altered`](TransferError::Altered),
/// [`NotEmpty`](TransferError::NotEmpty), [`Io`](TransferError::Io): nothing was written.
/// [`Differs`](TransferError::Differs); errors of the store, such as
/// [`TooLarge`](crate::ErrorKind::TooLarge) if its limits are too low for the dump.
///
/// ```
/// use arbour::transfer::{TransferError, dump, load};
/// use arbour::{KvStore, MemoryStore};
/// use std::io::Cursor;
/// let (old, new) = (MemoryStore::new(), MemoryStore::new());
/// old.put(&old.tree("users")?, b"ada", b"1815")?;
/// let mut bytes = Vec::new();
/// dump(&old, &mut bytes)?;
///
/// let cut = load(Cursor::new(&bytes[..bytes.len() - 1]), &new).unwrap_err();
/// assert!(matches!(cut.downcast_ref(), Some(TransferError::Truncated { .. })));
/// assert_eq!(new.stats()?.entries, 0);
///
/// assert_eq!(load(Cursor::new(&bytes), &new)?.entries, 1);
/// # Ok::<(), arbour::Error>(())
/// ```
pub fn load(dump: impl Read + Seek, to: &impl KvStore) -> Result<Transferred> {
    Transfer::new().load(dump, to)
}

/// Loads a dump that can be read only once, from a pipe or a socket, into an empty store of any
/// engine, and verifies it by reading it back. It takes as much memory as [`load`].
///
/// Whether the dump is complete and unaltered is known only at its end. If it is not, everything
/// loaded from it is removed again. If loading is interrupted, the destination keeps its mark
/// ([`is_unfinished`](super::is_unfinished)), and the same call with the dump from its start
/// completes it.
///
/// # Errors
/// As [`load`].
///
/// ```
/// use arbour::transfer::{TransferError, dump, is_unfinished, load_stream};
/// use arbour::{KvStore, MemoryStore};
/// let (old, new) = (MemoryStore::new(), MemoryStore::new());
/// old.put(&old.tree("users")?, b"ada", b"1815")?;
/// let mut bytes = Vec::new();
/// dump(&old, &mut bytes)?;
///
/// let mut pipe = &bytes[..bytes.len() - 1];
/// let cut = load_stream(&mut pipe, &new).unwrap_err();
/// assert!(matches!(cut.downcast_ref(), Some(TransferError::Truncated { .. })));
/// assert_eq!((new.stats()?.entries, is_unfinished(&new)?), (0, false));
///
/// assert_eq!(load_stream(&bytes[..], &new)?.entries, 1);
/// # Ok::<(), arbour::Error>(())
/// ```
pub fn load_stream(dump: impl Read, to: &impl KvStore) -> Result<Transferred> {
    Transfer::new().load_stream(dump, to)
}

impl Transfer<'_> {
    /// Does the same as [`load`], with these options.
    ///
    /// # Errors
    /// As [`load`], and [`Cancelled`](TransferError::Cancelled).
    ///
    /// ```
    /// use arbour::MemoryStore;
    /// use arbour::transfer::{Transfer, dump};
    /// let mut bytes = Vec::new();
    /// dump(&MemoryStore::new(), &mut bytes)?;
    /// Transfer::new().replace().load(std::io::Cursor::new(bytes), &MemoryStore::new())?;
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn load(mut self, mut dump: impl Read + Seek, to: &impl KvStore) -> Result<Transferred> {
        let begin = dump.stream_position().map_err(TransferError::reading)?;
        self = self.in_steps(3);
        let mut meter = self.meter("check", None);
        let end = undump(&mut dump, Hashing::All, &mut |_, key, value| meter.entry(key, value))?;
        meter.finish()?;
        dump.seek(std::io::SeekFrom::Start(begin)).map_err(TransferError::reading)?;
        self.fill(to, "load", Some(end.entries), |visit| {
            // If the dump was altered between the two reads, the digest of the destination will not
            // match.
            undump(&mut dump, Hashing::Blocks, visit)?;
            Ok(end.digest)
        })
    }

    /// Does the same as [`load_stream`], with these options. If it [replaces](Self::replace)
    /// entries, they are lost when the dump turns out to be damaged; the destination then keeps its
    /// mark.
    ///
    /// # Errors
    /// As [`load`], and [`Cancelled`](TransferError::Cancelled).
    ///
    /// ```
    /// use arbour::MemoryStore;
    /// use arbour::transfer::{Transfer, dump};
    /// let mut bytes = Vec::new();
    /// dump(&MemoryStore::new(), &mut bytes)?;
    /// Transfer::new().chunk_bytes(64 << 10).load_stream(&bytes[..], &MemoryStore::new())?;
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn load_stream(mut self, dump: impl Read, to: &impl KvStore) -> Result<Transferred> {
        self = self.in_steps(2);
        let was_empty = mark::is_empty(to)?;
        let loaded =
            self.fill(to, "load", None, |visit| Ok(undump(dump, Hashing::All, visit)?.digest));
        let refused = loaded.as_ref().err().and_then(|error| error.downcast_ref());
        if was_empty && refused.is_some_and(TransferError::is_of_dump) {
            self.clear(to)?;
        }
        loaded
    }
}
