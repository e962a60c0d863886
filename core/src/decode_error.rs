//! Why bytes cannot be decoded as a key or value.

use std::borrow::Cow;
use std::error::Error as StdError;

use crate::{Error, ErrorKind, Operation};

/// A decoding error: what was expected, what was found, and where.
///
/// Key parts and codecs return it. Callers that know the tree and the key convert it to an
/// [`Error`] with [`into_error`](Self::into_error).
///
/// ```
/// use arbour_core::DecodeError;
/// let error = DecodeError::new("4 bytes", "3 bytes").within("part 1").within("group 2");
/// assert_eq!(error.to_string(), "group 2, part 1: expected 4 bytes, found 3 bytes");
/// ```
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct DecodeError(Box<Mismatch>);

/// Boxed, so that the results of decoding stay small.
#[derive(Debug, thiserror::Error)]
#[error("{place}expected {expected}, found {found}")]
struct Mismatch {
    /// Empty, or a list of places from the outermost in, ending in a colon and a space.
    place: String,
    expected: Cow<'static, str>,
    found: Cow<'static, str>,
    #[source]
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl DecodeError {
    /// Creates an error from what the decoder accepts and what it found, each as a noun.
    ///
    /// ```
    /// use arbour_core::DecodeError;
    /// let error = DecodeError::new("a byte of 00 or 01", "02");
    /// assert_eq!(error.to_string(), "expected a byte of 00 or 01, found 02");
    /// ```
    #[must_use]
    pub fn new(
        expected: impl Into<Cow<'static, str>>,
        found: impl Into<Cow<'static, str>>,
    ) -> Self {
        let (expected, found) = (expected.into(), found.into());
        Self(Box::new(Mismatch { place: String::new(), expected, found, source: None }))
    }

    /// Adds the error of the underlying library.
    ///
    /// ```
    /// use std::error::Error as _;
    /// use arbour_core::DecodeError;
    /// let cause = "x".parse::<u8>().unwrap_err();
    /// let error = DecodeError::new("a number", "\"x\"").with_source(cause);
    /// assert!(error.source().unwrap().is::<std::num::ParseIntError>());
    /// ```
    #[must_use]
    pub fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    /// Adds that it happened within `place`, which encloses the places added so far.
    ///
    /// ```
    /// use arbour_core::DecodeError;
    /// let error = DecodeError::new("1 byte", "none").within("key");
    /// assert_eq!(error.to_string(), "key: expected 1 byte, found none");
    /// ```
    #[must_use]
    pub fn within(mut self, place: &str) -> Self {
        let inner = std::mem::take(&mut self.0.place);
        let separator = if inner.is_empty() { ": " } else { ", " };
        self.0.place = format!("{place}{separator}{inner}");
        self
    }

    /// Converts it to an [`Error`] of kind [`Decode`](ErrorKind::Decode) that names the tree and
    /// the key of the entry, and keeps this one as its source.
    ///
    /// ```
    /// use arbour_core::{DecodeError, ErrorKind};
    /// let error = DecodeError::new("4 bytes", "3 bytes").into_error("scores", b"ada");
    /// assert_eq!(error.kind(), ErrorKind::Decode);
    /// assert_eq!((error.tree(), error.key()), (Some("scores"), Some("ada")));
    /// ```
    #[must_use]
    #[cold]
    pub fn into_error(self, tree: &str, key: &[u8]) -> Error {
        Error::new(ErrorKind::Decode, Operation::Decode, self.to_string())
            .with_tree(tree)
            .with_key(key)
            .with_source(self)
    }
}
