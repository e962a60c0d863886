//! Byte buffers that a thread uses over and over.

use std::cell::RefCell;
use std::mem;
use std::ops::{Deref, DerefMut};

/// A larger buffer goes back to the allocator, so that one large value does not occupy memory for
/// as long as the thread lives.
const KEPT_BYTES_MAX: usize = 64 << 10;

/// How many buffers a thread keeps.
const KEPT_MAX: usize = 4;

thread_local! {
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// An empty buffer of the thread, or a new one; dropping it keeps its memory for the next.
///
/// Allocating and freeing costs more than copying a short key or value does.
#[derive(Debug)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
}

impl Buffer {
    #[inline]
    pub(crate) fn new() -> Self {
        // While the thread ends there are no spare buffers any more.
        let spare = SPARE.try_with(|spare| spare.borrow_mut().pop());
        Self { bytes: spare.ok().flatten().unwrap_or_default() }
    }
}

impl Drop for Buffer {
    #[inline]
    fn drop(&mut self) {
        let mut bytes = mem::take(&mut self.bytes);
        if bytes.capacity() <= KEPT_BYTES_MAX {
            bytes.clear();
            let _ = SPARE.try_with(|spare| {
                let mut spare = spare.borrow_mut();
                if spare.len() < KEPT_MAX {
                    spare.push(bytes);
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
