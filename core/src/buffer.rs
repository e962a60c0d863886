//! Byte buffers that a thread reuses.

use std::cell::Cell;
use std::ops::{Deref, DerefMut};

/// A larger buffer is freed, so that one large value does not occupy memory for the lifetime of the
/// thread.
const KEPT_BYTES_MAX: usize = 64 << 10;

/// Boxed, so that a buffer is one word: the result of a read that returns one fits into registers,
/// and keeping it writes one word instead of three.
type Bytes = Box<Vec<u8>>;

thread_local! {
    /// Two are enough for a key and a value.
    static SPARE: [Cell<Option<Bytes>>; 2] = const { [Cell::new(None), Cell::new(None)] };
}

/// An empty buffer that reuses memory of this thread if possible; dropping it keeps the memory for
/// the next one.
///
/// Allocating and freeing costs more than copying a short key or value.
///
/// ```
/// use arbour_core::engine::Buffer;
/// let mut buffer = Buffer::new();
/// buffer.extend_from_slice(b"key");
/// assert_eq!(buffer.as_slice(), b"key");
/// ```
#[derive(Debug)]
pub struct Buffer {
    /// `None` if nothing was written yet and there was nothing to reuse.
    bytes: Option<Bytes>,
}

impl Buffer {
    /// Returns an empty buffer.
    #[inline]
    #[must_use]
    pub fn new() -> Self {
        let spare = SPARE.try_with(|[first, second]| first.take().or_else(|| second.take()));
        // While the thread exits, its spare buffers are gone.
        Self { bytes: spare.unwrap_or_default() }
    }
}

impl Default for Buffer {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Buffer {
    #[inline]
    fn drop(&mut self) {
        let Some(mut bytes) = self.bytes.take() else { return };
        if bytes.capacity() <= KEPT_BYTES_MAX {
            bytes.clear();
            let _ = SPARE.try_with(|[first, second]| {
                if let Some(previous) = first.replace(Some(bytes)) {
                    second.set(Some(previous));
                }
            });
        }
    }
}

impl Deref for Buffer {
    type Target = Vec<u8>;

    #[inline]
    fn deref(&self) -> &Vec<u8> {
        self.bytes.as_deref().unwrap_or(const { &Vec::new() })
    }
}

impl DerefMut for Buffer {
    #[inline]
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        self.bytes.get_or_insert_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{Buffer, KEPT_BYTES_MAX};

    #[test]
    fn two_buffers_are_kept_for_the_next_and_large_ones_are_freed() {
        let filled = |bytes: usize| {
            let mut buffer = Buffer::new();
            buffer.extend_from_slice(&vec![1; bytes]);
            buffer
        };
        let (key, value) = (filled(100), filled(200));
        let kept = [value.as_ptr(), key.as_ptr()];
        drop((key, value));
        let again = [Buffer::new(), Buffer::new()];
        assert!(again.iter().all(|buffer| buffer.is_empty()));
        assert_eq!(again.each_ref().map(|buffer| buffer.as_ptr()), kept);
        drop(filled(KEPT_BYTES_MAX + 1));
        assert_eq!(Buffer::new().capacity(), 0);
    }
}
