//! Why a value cannot be encoded.

use std::borrow::Cow;
use std::error::Error as StdError;

use crate::{Error, ErrorKind, Operation};

/// A value that its codec cannot encode, such as a map with keys that JSON cannot represent.
///
/// ```
/// use arbour_core::EncodeError;
/// let error = EncodeError::new("the key of a map is not a string");
/// assert_eq!(error.to_string(), "cannot encode the value: the key of a map is not a string");
/// ```
#[derive(Debug, thiserror::Error)]
#[error("cannot encode the value: {reason}")]
pub struct EncodeError {
    reason: Cow<'static, str>,
    #[source]
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl EncodeError {
    /// Creates an error from what is wrong with the value.
    ///
    /// ```
    /// let error = arbour_core::EncodeError::new("it is too deep");
    /// # let _ = error;
    /// ```
    #[must_use]
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into(), source: None }
    }

    /// Adds the error of the underlying library.
    ///
    /// ```
    /// use std::error::Error as _;
    /// let error = arbour_core::EncodeError::new("it is bad").with_source(std::fmt::Error);
    /// assert!(error.source().is_some());
    /// ```
    #[must_use]
    pub fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// Converts it to an [`Error`] of kind [`InvalidArgument`](ErrorKind::InvalidArgument) that
    /// names the tree and the key the value was meant for, and keeps this one as its source.
    ///
    /// ```
    /// use arbour_core::{EncodeError, Operation};
    /// let error = EncodeError::new("it is too deep").into_error("scores", b"ada");
    /// assert_eq!((error.operation(), error.tree()), (Operation::Encode, Some("scores")));
    /// ```
    #[must_use]
    #[cold]
    pub fn into_error(self, tree: &str, key: &[u8]) -> Error {
        Error::new(ErrorKind::InvalidArgument, Operation::Encode, self.to_string())
            .with_tree(tree)
            .with_key(key)
            .with_source(self)
    }
}
