//! A value of any engine.

use crate::buffer::Buffer;

/// A copy of a value read from a [`DynStore`](crate::DynStore). To read without copying use
/// [`get_with`](crate::KvRead::get_with).
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
