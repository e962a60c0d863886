//! The names of trees, validated before an engine sees them.

use std::borrow::Cow;

use crate::{Error, ErrorKind, Operation, Result};

/// Names under this prefix belong to Arbour's own layers.
const RESERVED_PREFIX: &str = "arbour/";

/// A validated tree name: 1 to 255 bytes of UTF-8 without NUL.
///
/// The rule is the same for every engine and is checked before the engine is called.
///
/// ```
/// use arbour_core::engine::TreeName;
/// assert!(TreeName::new("users/by name ✓").is_ok());
/// assert!(TreeName::new("").is_err());
/// assert!(TreeName::new("arbour/meta").is_err()); // Arbour's own
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TreeName<'a>(&'a str);

impl<'a> TreeName<'a> {
    /// The maximum length of a name, in bytes.
    ///
    /// ```
    /// assert_eq!(arbour_core::engine::TreeName::BYTES_MAX, 255);
    /// ```
    pub const BYTES_MAX: usize = 255;

    /// Validates the name of a user's tree.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if the name is empty, longer than 255 bytes, contains NUL
    /// or begins with `arbour/`.
    ///
    /// ```
    /// assert_eq!(arbour_core::engine::TreeName::new("users")?.as_str(), "users");
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn new(name: &'a str) -> Result<Self> {
        if name.starts_with(RESERVED_PREFIX) {
            return Err(refuse(name, "names that begin with \"arbour/\" are reserved for Arbour"));
        }
        Self::checked(name)
    }

    /// Validates the name of a tree of one of Arbour's layers.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if the name does *not* begin with `arbour/`, or breaks the
    /// other rules of [`new`](Self::new).
    ///
    /// ```
    /// use arbour_core::engine::TreeName;
    /// assert!(TreeName::layer("arbour/meta").is_ok());
    /// assert!(TreeName::layer("users").is_err());
    /// ```
    pub fn layer(name: &'a str) -> Result<Self> {
        if !name.starts_with(RESERVED_PREFIX) {
            return Err(refuse(name, "the name of a layer's tree must begin with \"arbour/\""));
        }
        Self::checked(name)
    }

    /// Validates a name found in a store, of either kind: for copying whole stores.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if the name is empty, longer than 255 bytes or contains NUL.
    ///
    /// ```
    /// assert!(arbour_core::engine::TreeName::stored("arbour/meta").is_ok());
    /// ```
    pub fn stored(name: &'a str) -> Result<Self> {
        Self::checked(name)
    }

    fn checked(name: &'a str) -> Result<Self> {
        if name.is_empty() {
            return Err(refuse(name, "a tree's name must not be empty"));
        }
        if name.len() > Self::BYTES_MAX {
            let message = format!("the tree's name has {} bytes, and the limit is 255", name.len());
            return Err(refuse(name, message));
        }
        if name.contains('\0') {
            return Err(refuse(name, "a tree's name must not contain NUL"));
        }
        Ok(Self(name))
    }

    /// Returns the name.
    ///
    /// ```
    /// assert_eq!(arbour_core::engine::TreeName::new("users")?.as_str(), "users");
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'a str {
        self.0
    }
}

fn refuse(name: &str, message: impl Into<Cow<'static, str>>) -> Error {
    let shown: String = name.chars().take(64).collect();
    Error::new(ErrorKind::InvalidArgument, Operation::Tree, message).with_tree(shown)
}
