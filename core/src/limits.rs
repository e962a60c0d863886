//! Limits on keys, values and transactions.

use crate::batch::Write;
use crate::{Error, ErrorKind, Operation, Result};

/// What a store accepts: the lengths of keys and values in bytes, and how much one transaction may
/// write.
///
/// Keys and values are checked before the engine is called, because some engines panic or poison
/// themselves on what they cannot store. The default is the same for every engine, so that data fits
/// wherever it is moved: keys of 0 to 65,535 bytes, values of up to 64 MiB, transactions of any size.
/// Raise the value limit with [`StoreOptions::limits`](crate::StoreOptions::limits) if the engine can
/// store more.
///
/// All layers obey the limits. An id or a name whose key would be too long is refused as
/// [`TooLarge`](ErrorKind::TooLarge), with the length and the limit, before anything is written; the
/// longest names that the layers allow need keys of 411 bytes. Long values of indexes are stored under
/// shortened keys. Work that is done in several transactions, such as building an index, a migration in
/// chunks, copying a store or rebuilding a view, is cut so that each fits.
///
/// ```
/// let limits = arbour_core::Limits::default();
/// assert_eq!(limits.key_bytes_max, 65_535);
/// assert_eq!(limits.value_bytes_max, 64 * 1024 * 1024);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The shortest key that can be stored: 0 if the empty key is valid.
    pub key_bytes_min: usize,
    /// The longest key that can be stored.
    pub key_bytes_max: usize,
    /// The longest value that can be stored.
    pub value_bytes_max: usize,
    /// The most writes of one transaction or batch: puts and deleted keys, each as often as it is made.
    /// [`usize::MAX`] if the engine has no such limit. A transaction with more fails with
    /// [`TooLarge`](ErrorKind::TooLarge) at its commit, and nothing of it is written.
    pub transaction_writes_max: usize,
    /// The most bytes of one transaction or batch: the keys and values of its writes. [`usize::MAX`] if
    /// the engine has no such limit.
    pub transaction_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            key_bytes_min: 0,
            key_bytes_max: 65_535,
            value_bytes_max: 64 * 1024 * 1024,
            transaction_writes_max: usize::MAX,
            transaction_bytes_max: usize::MAX,
        }
    }
}

impl Limits {
    /// The maximum nesting of arrays and objects in a value, counted as JSON nests them. Codecs
    /// refuse deeper values, both when writing and when reading.
    ///
    /// It is the same for every store and every format, so that a value fits wherever it is moved.
    /// `serde_json` reads no deeper; SQLite reads 1,000.
    ///
    /// ```
    /// assert_eq!(arbour_core::Limits::DEPTH_MAX, 127);
    /// ```
    pub const DEPTH_MAX: usize = 127;

    /// Returns the limits that satisfy both: those of the engine and those requested. Those of a
    /// transaction are the engine's, because only an engine that has such limits counts what a
    /// transaction writes.
    ///
    /// ```
    /// use arbour_core::Limits;
    /// let engine = Limits { key_bytes_min: 1, key_bytes_max: 511, ..Limits::default() };
    /// assert_eq!(Limits::default().within(engine).key_bytes_max, 511);
    /// ```
    #[must_use]
    pub fn within(self, engine: Self) -> Self {
        Self {
            key_bytes_min: self.key_bytes_min.max(engine.key_bytes_min),
            key_bytes_max: self.key_bytes_max.min(engine.key_bytes_max),
            value_bytes_max: self.value_bytes_max.min(engine.value_bytes_max),
            transaction_writes_max: engine.transaction_writes_max,
            transaction_bytes_max: engine.transaction_bytes_max,
        }
    }

    /// Tells whether a key of this length can be written. Reading any other key is not an error; it
    /// finds nothing, unless the key was written under wider limits.
    ///
    /// ```
    /// assert!(!arbour_core::Limits::default().admits_key(&[0; 70_000]));
    /// ```
    #[must_use]
    #[inline]
    pub fn admits_key(&self, key: &[u8]) -> bool {
        (self.key_bytes_min..=self.key_bytes_max).contains(&key.len())
    }

    /// Checks a write before the engine is called.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if the key is too short, [`ErrorKind::TooLarge`] if the key
    /// or the value is too long.
    ///
    /// ```
    /// use arbour_core::engine::Write;
    /// use arbour_core::{ErrorKind, KvStore, Limits, MemoryStore};
    /// let tree = MemoryStore::new().tree("users")?;
    /// let limits = Limits { value_bytes_max: 3, ..Limits::default() };
    /// assert!(limits.check(&Write { tree: &tree, key: b"k", value: Some(b"abc") }).is_ok());
    /// let error = limits.check(&Write { tree: &tree, key: b"k", value: Some(b"abcd") }).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::TooLarge);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[inline]
    pub fn check(&self, write: &Write<'_>) -> Result<()> {
        let value_bytes = write.value.map_or(0, <[u8]>::len);
        if self.admits_key(write.key) && value_bytes <= self.value_bytes_max {
            Ok(())
        } else {
            Err(self.refuse(write))
        }
    }

    /// Tells whether a transaction may write so much: so many puts and deletions, whose keys and values have
    /// so many bytes.
    ///
    /// ```
    /// use arbour_core::Limits;
    /// let limits = Limits { transaction_writes_max: 128, ..Limits::default() };
    /// assert!(limits.admits_transaction(128, 1 << 30) && !limits.admits_transaction(129, 0));
    /// ```
    #[must_use]
    #[inline]
    pub fn admits_transaction(&self, writes: usize, bytes: usize) -> bool {
        writes <= self.transaction_writes_max && bytes <= self.transaction_bytes_max
    }

    /// Checks a transaction before the engine commits it. An engine that states no limits need not call
    /// this.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] if it writes too much.
    ///
    /// ```
    /// use arbour_core::{ErrorKind, Limits};
    /// let limits = Limits { transaction_writes_max: 128, ..Limits::default() };
    /// let error = limits.check_transaction(129, 4000).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::TooLarge);
    /// assert!(error.to_string().contains("129 writes, and the limit is 128"));
    /// ```
    #[inline]
    pub fn check_transaction(&self, writes: usize, bytes: usize) -> Result<()> {
        if self.admits_transaction(writes, bytes) {
            return Ok(());
        }
        let (found, unit, max) = if writes > self.transaction_writes_max {
            (writes, "writes", self.transaction_writes_max)
        } else {
            (bytes, "bytes", self.transaction_bytes_max)
        };
        let message = format!("the transaction has {found} {unit}, and the limit is {max}");
        Err(Error::new(ErrorKind::TooLarge, Operation::Commit, message))
    }

    #[cold]
    fn refuse(&self, write: &Write<'_>) -> Error {
        let key_bytes = write.key.len();
        let (kind, message) = if key_bytes > self.key_bytes_max {
            let max = self.key_bytes_max;
            (ErrorKind::TooLarge, format!("the key has {key_bytes} bytes, and the limit is {max}"))
        } else if key_bytes < self.key_bytes_min {
            let min = self.key_bytes_min;
            let message = format!("the key has {key_bytes} bytes, and at least {min} are needed");
            (ErrorKind::InvalidArgument, message)
        } else {
            let (length, max) = (write.value.map_or(0, <[u8]>::len), self.value_bytes_max);
            (ErrorKind::TooLarge, format!("the value has {length} bytes, and the limit is {max}"))
        };
        Error::new(kind, write.operation(), message)
            .with_tree(write.tree.name())
            .with_key(write.key)
    }
}
