//! The cause of an error, of any type.

use std::error::Error as StdError;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// The cause of an error: another error, which can be downcast, or a text.
///
/// It is not an error itself, so that the `source` of the error that holds it is the cause and not
/// a pointer to it. Errors that hold one can be cloned.
///
/// ```
/// use arbour_core::Cause;
/// let cause = Cause::new("x".parse::<u8>().unwrap_err());
/// assert!(cause.is::<std::num::ParseIntError>());
/// assert_eq!(Cause::new("the count is missing").to_string(), "the count is missing");
/// ```
#[derive(Clone)]
pub struct Cause(Arc<dyn StdError + Send + Sync>);

impl Cause {
    /// Wraps an error or a text.
    ///
    /// ```
    /// # use arbour_core::{Cause, DecodeError};
    /// let cause = Cause::new(DecodeError::new("4 bytes", "3"));
    /// assert_eq!(cause.to_string(), "expected 4 bytes, found 3");
    /// ```
    pub fn new(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(Arc::from(cause.into()))
    }
}

impl Deref for Cause {
    type Target = dyn StdError + Send + Sync;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
