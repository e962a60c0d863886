//! A value read through an overlay.

/// A value that was either written in the overlay or read from below.
///
/// ```
/// use arbour_core::{Error, KvRead, KvStore, KvWrite, MemoryStore};
/// let store = MemoryStore::new();
/// let users = store.tree("users")?;
/// store.write(|transaction| {
///     transaction.savepoint(|savepoint| {
///         savepoint.put(&users, b"ada", b"1815")?;
///         let value: Option<arbour_core::engine::OverlayValue<'_, _>> = savepoint.get(&users, b"ada")?;
///         assert_eq!(value.unwrap().as_ref(), b"1815");
///         Ok::<_, Error>(())
///     })
/// })?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub enum OverlayValue<'t, V> {
    /// The value was written in the overlay.
    Written(&'t [u8]),
    /// The value comes from below.
    Below(V),
}

impl<V: AsRef<[u8]>> AsRef<[u8]> for OverlayValue<'_, V> {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Written(value) => value,
            Self::Below(value) => value.as_ref(),
        }
    }
}
