//! Byte buffers that a thread reuses.

use std::cell::Cell;
use std::mem;
use std::ops::{Deref, DerefMut};

/// A larger buffer is freed, so that one large value does not occupy memory for the lifetime of the
/// thread.
const KEPT_BYTES_MAX: usize = 64 << 10;

thread_local! {
    /// Two are enough for a key and a value.
    static SPARE: [Cell<Vec<u8>>; 2] = const { [Cell::new(Vec::new()), Cell::new(Vec::new())] };
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
    bytes: Vec<u8>,
}

impl Buffer {
    /// Returns an empty buffer.
    #[inline]
    #[must_use]
    pub fn new() -> Self {
        let spare = SPARE.try_with(|[first, second]| {
            let bytes = first.take();
            if bytes.capacity() > 0 { bytes } else { second.take() }
        });
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
        let mut bytes = mem::take(&mut self.bytes);
        if (1..=KEPT_BYTES_MAX).contains(&bytes.capacity()) {
            bytes.clear();
            let _ = SPARE.try_with(|[first, second]| {
                let previous = first.replace(bytes);
                if previous.capacity() > 0 {
                    second.set(previous);
                }
            });
        }
    }
}

impl Deref for Buffer {
    type Target = Vec<u8>;

    #[inline]
    fn deref(&self) -> &Vec<u8> {
        &self.bytes
    }
}

impl DerefMut for Buffer {
    #[inline]
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}
