//! The hash of everything in a store.

use std::fmt;

/// The hash of everything in a store, the same on every engine: SHA-256 over the records that a
/// dump would have.
///
/// ```
/// use arbour::MemoryStore;
/// use arbour::transfer::{Digest, digest};
/// let empty: Digest = digest(&MemoryStore::new())?;
/// assert!(empty.to_string().starts_with("e3b0c442"));
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl From<Digest> for [u8; 32] {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}
