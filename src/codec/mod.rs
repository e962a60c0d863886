//! Codecs, which encode values to bytes and decode them.
//!
//! A [`Codec`] is a type without data that a [`TypedTree`](crate::TypedTree) names, so that a tree
//! holds one kind of value in one format:
//!
//! | codec | values | format |
//! |---|---|---|
//! | [`ZeroCopy`] | fixed-size types of the `zerocopy` crate | their memory representation; can be read in place |
//! | [`Bincode`] | anything serde can serialize | compact, not self-describing |
//! | [`Json`] | anything serde can serialize | readable, self-describing |
//! | [`Raw`] | byte strings, and `()` | unchanged |
//!
//! A codec can read back whatever it accepts. What its format would lose, and values nested deeper
//! than [`Limits::DEPTH_MAX`](crate::Limits::DEPTH_MAX), are refused at the write.
//!
//! A format must not change once values are stored in it. Formats that come from a library are
//! pinned by tests that compare fixed bytes.

#[cfg(feature = "bincode")]
mod bincode;
#[cfg(any(feature = "bincode", feature = "json"))]
mod checked;
#[cfg(any(feature = "bincode", feature = "json"))]
mod checking;
#[cfg(any(feature = "bincode", feature = "json"))]
mod inside;
#[cfg(feature = "json")]
mod json;
#[cfg(feature = "bincode")]
mod limited;
mod raw;
#[cfg(feature = "zerocopy")]
mod zero_copy;

pub use arbour_core::{DecodeError, EncodeError};
#[cfg(feature = "json")]
pub use json::Json;
#[cfg(feature = "documents")]
pub(crate) use json::write_json;
pub use raw::Raw;
#[cfg(feature = "zerocopy")]
pub use zero_copy::ZeroCopy;

#[cfg(feature = "bincode")]
pub use self::bincode::Bincode;

/// Encodes values of type `T` to bytes and decodes them.
///
/// ```
/// use arbour::codec::Codec;
/// use arbour::{DecodeError, EncodeError};
///
/// /// Stores characters as the bytes of UTF-8.
/// enum Character {}
///
/// impl Codec<char> for Character {
///     fn encode(value: &char, bytes: &mut Vec<u8>) -> Result<(), EncodeError> {
///         bytes.extend_from_slice(value.encode_utf8(&mut [0; 4]).as_bytes());
///         Ok(())
///     }
///
///     fn decode(bytes: &[u8]) -> Result<char, DecodeError> {
///         let mut characters = std::str::from_utf8(bytes)
///             .map_err(|error| DecodeError::new("UTF-8", "other bytes").with_source(error))?
///             .chars();
///         match (characters.next(), characters.next()) {
///             (Some(character), None) => Ok(character),
///             _ => Err(DecodeError::new("one character", "none or more")),
///         }
///     }
/// }
/// assert_eq!(Character::decode("é".as_bytes())?, 'é');
/// # Ok::<(), DecodeError>(())
/// ```
pub trait Codec<T> {
    /// Appends the encoding of a value.
    ///
    /// # Errors
    /// An [`EncodeError`] if the value cannot be encoded in this format; discard what was appended
    /// until then.
    ///
    /// ```
    /// use arbour::codec::{Codec, Raw};
    /// let mut bytes = Vec::new();
    /// Raw::encode(&vec![1, 2], &mut bytes)?;
    /// assert_eq!(bytes, [1, 2]);
    /// # Ok::<(), arbour::EncodeError>(())
    /// ```
    fn encode(value: &T, bytes: &mut Vec<u8>) -> Result<(), EncodeError>;

    /// Decodes a value from exactly these bytes.
    ///
    /// # Errors
    /// A [`DecodeError`] if they are not the bytes of one value: too few, too many, or of another
    /// type as far as the format can tell. It never panics.
    ///
    /// ```
    /// use arbour::codec::{Codec, Raw};
    /// let value: Vec<u8> = Raw::decode(&[1, 2])?;
    /// assert_eq!(value, [1, 2]);
    /// # Ok::<(), arbour::DecodeError>(())
    /// ```
    fn decode(bytes: &[u8]) -> Result<T, DecodeError>;

    /// Calls `run` with the encoding of a value. A codec whose values are bytes lends them instead
    /// of copying; the others encode into `spare`, whose content is overwritten.
    ///
    /// # Errors
    /// As [`encode`](Self::encode); in that case `run` was not called.
    ///
    /// ```
    /// use arbour::codec::{Codec, Raw};
    /// let length = Raw::with_encoded(&vec![1, 2], &mut Vec::new(), <[u8]>::len)?;
    /// assert_eq!(length, 2);
    /// # Ok::<(), arbour::EncodeError>(())
    /// ```
    fn with_encoded<R>(
        value: &T,
        spare: &mut Vec<u8>,
        run: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, EncodeError> {
        spare.clear();
        Self::encode(value, spare)?;
        Ok(run(spare))
    }
}

/// A codec that can read values in place, without copying or decoding.
///
/// ```
/// use arbour::codec::{InPlace, Raw};
/// let stored = [1, 2];
/// let viewed: &[u8] = <Raw as InPlace<Vec<u8>>>::view(&stored)?;
/// assert_eq!(viewed.as_ptr(), stored.as_ptr());
/// # Ok::<(), arbour::DecodeError>(())
/// ```
pub trait InPlace<T>: Codec<T> {
    /// The type of a value in place: the value itself, or what it dereferences to.
    type View: ?Sized;

    /// Interprets the bytes as a value.
    ///
    /// # Errors
    /// As [`decode`](Codec::decode).
    ///
    /// ```
    /// use arbour::codec::{InPlace, Raw};
    /// assert_eq!(<Raw as InPlace<Vec<u8>>>::view(b"ada")?, b"ada");
    /// # Ok::<(), arbour::DecodeError>(())
    /// ```
    fn view(bytes: &[u8]) -> Result<&Self::View, DecodeError>;
}
