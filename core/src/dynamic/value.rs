//! A value of any engine.

use crate::buffer::Buffer;

/// A copy of a value read from a [`DynStore`](crate::DynStore). To read without copying use
/// [`get_with`](crate::KvRead::get_with).
///
/// ```
/// use arbour_core::{DynStore, DynValue, KvRead, KvStore, MemoryStore};
/// let store = DynStore::new(MemoryStore::new());
/// let users = store.tree("users")?;
/// store.put(&users, b"ada", b"1815")?;
/// let value: Option<DynValue> = store.snapshot()?.get(&users, b"ada")?;
/// assert_eq!(value.unwrap().as_ref(), b"1815");
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[derive(Debug)]
pub struct DynValue {
    bytes: Buffer,
}

impl DynValue {
    #[inline]
    pub(super) fn new(value: &[u8]) -> Self {
        let mut bytes = Buffer::new();
        bytes.extend_from_slice(value);
        Self { bytes }
    }
}

impl AsRef<[u8]> for DynValue {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
