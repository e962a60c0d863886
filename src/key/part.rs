//! A part: the smallest piece of a key.

use arbour_core::DecodeError;

/// One value within a key: a string, a number, a byte string.
///
/// An implementation must keep three promises, or keys made of it are ambiguous:
/// 1. It never writes the bytes `FE` and `FF`.
/// 2. Decoding accepts exactly what encoding produces, so that each value has one key.
/// 3. A borrowed form and its [`Owned`](Self::Owned) form have the same bytes.
///
/// If the bytes sort as the values do, ranges of keys are ranges of values. It is best to build a
/// new part on an existing one:
///
/// ```
/// use arbour::DecodeError;
/// use arbour::key::{Key, KeyPart};
///
/// #[derive(Debug, PartialEq)]
/// struct RoomId(u64);
///
/// impl KeyPart for RoomId {
///     type Owned = RoomId;
///
///     fn encode_part(&self, key: &mut Vec<u8>) {
///         self.0.encode_part(key);
///     }
///
///     fn decode_part(bytes: &[u8]) -> Result<RoomId, DecodeError> {
///         u64::decode_part(bytes).map(RoomId)
///     }
/// }
/// let key = (RoomId(7), "name").to_key_bytes();
/// assert_eq!(<(RoomId, String)>::decode_key(&key)?.0, RoomId(7));
/// # Ok::<(), DecodeError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a part of a key",
    note = "parts are strings, byte strings, integers, `f64`, `bool`, `Ordered` and `Descending`"
)]
pub trait KeyPart {
    /// The part that decoding returns: for `&str` a [`String`].
    type Owned;

    /// Appends the bytes of the part.
    ///
    /// ```
    /// use arbour::key::KeyPart;
    /// let mut key = Vec::new();
    /// "ada".encode_part(&mut key);
    /// assert_eq!(key, b"ada");
    /// ```
    fn encode_part(&self, key: &mut Vec<u8>);

    /// Decodes a part from exactly these bytes.
    ///
    /// # Errors
    /// A [`DecodeError`] if they are not what [`encode_part`](Self::encode_part) writes for some
    /// value. It never panics.
    ///
    /// ```
    /// use arbour::key::KeyPart;
    /// assert_eq!(String::decode_part(b"ada")?, "ada");
    /// assert!(String::decode_part(b"\xff").is_err());
    /// # Ok::<(), arbour::DecodeError>(())
    /// ```
    fn decode_part(bytes: &[u8]) -> Result<Self::Owned, DecodeError>;
}

/// A part whose encoding is never a prefix of another value's, because it has a fixed width or a
/// terminator.
///
/// Such a part sorts by its values whatever follows it, and can be
/// [`Descending`](super::Descending). Implement it only for parts with this property.
///
/// ```
/// use arbour::key::{Ordered, PrefixFree};
/// fn sorts_whatever_follows(_: impl PrefixFree) {}
/// sorts_whatever_follows(7u64);
/// sorts_whatever_follows(Ordered("ada"));
/// ```
///
/// ```compile_fail,E0277
/// # use arbour::key::PrefixFree;
/// # fn sorts_whatever_follows(_: impl PrefixFree) {}
/// sorts_whatever_follows("ada"); // "ad" is a prefix of it
/// ```
#[diagnostic::on_unimplemented(
    message = "one `{Self}` can be the beginning of another",
    note = "wrap strings and byte strings in `Ordered`"
)]
pub trait PrefixFree: KeyPart {}

impl<P: KeyPart + ?Sized> KeyPart for &P {
    type Owned = P::Owned;

    #[inline]
    fn encode_part(&self, key: &mut Vec<u8>) {
        (**self).encode_part(key);
    }

    #[inline]
    fn decode_part(bytes: &[u8]) -> Result<Self::Owned, DecodeError> {
        P::decode_part(bytes)
    }
}

impl<P: PrefixFree + ?Sized> PrefixFree for &P {}
