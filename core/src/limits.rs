//! Limits on the lengths of keys and values.

use crate::batch::Write;
use crate::{Error, ErrorKind, Result};

/// The lengths of keys and values a store accepts, in bytes.
///
/// They are checked before the engine is called, because some engines panic or poison themselves on
/// what they cannot store. The default is the same for every engine, so that data fits wherever it
/// is moved: keys of 0 to 65,535 bytes, values of up to 64 MiB. Raise the value limit with
/// [`StoreOptions::limits`](crate::StoreOptions::limits) if the engine can store more.
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
}

impl Default for Limits {
    fn default() -> Self {
        Self { key_bytes_min: 0, key_bytes_max: 65_535, value_bytes_max: 64 * 1024 * 1024 }
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

    /// Returns the limits that satisfy both: those of the engine and those requested.
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
