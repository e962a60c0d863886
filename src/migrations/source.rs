//! The source of the entries a step visits.

use arbour_core::{Direction, KeyRange};

/// The entries to visit: those of a tree or of a range of it, in ascending order.
///
/// ```
/// use arbour::migrations::Source;
/// let all = Source::from("variables");
/// let some = Source::tree("variables").prefix(b"@ada:x");
/// assert_ne!(all, some);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub(super) tree: String,
    pub(super) range: KeyRange<'static>,
}

impl Source {
    /// Selects all entries of a tree.
    ///
    /// ```
    /// # use arbour::migrations::Source;
    /// assert_eq!(Source::tree("rooms"), Source::from("rooms"));
    /// ```
    #[must_use]
    pub fn tree(name: impl Into<String>) -> Self {
        Self { tree: name.into(), range: KeyRange::all() }
    }

    /// Restricts it to a range.
    ///
    /// ```
    /// # use arbour::{KeyRange, migrations::Source};
    /// let half = Source::tree("rooms").range(KeyRange::from(&b"m"[..]..));
    /// # let _ = half;
    /// ```
    #[must_use]
    pub fn range(mut self, range: KeyRange<'_>) -> Self {
        self.range = range.into_owned();
        self
    }

    /// Returns the range that is left after a key in a direction; all of it without a key.
    pub(super) fn rest(&self, direction: Direction, last: Option<&[u8]>) -> KeyRange<'static> {
        let range = self.range.clone();
        match (last, direction) {
            (None, _) => range,
            (Some(last), Direction::Forward) => range.resume_after(last),
            (Some(last), Direction::Reverse) => range.resume_before(last),
        }
    }

    /// Restricts it to keys with a prefix.
    ///
    /// ```
    /// # use arbour::{KeyRange, migrations::Source};
    /// let range = Source::tree("rooms").range(KeyRange::prefix(b"!a"));
    /// assert_eq!(Source::tree("rooms").prefix(b"!a"), range);
    /// ```
    #[must_use]
    pub fn prefix(self, prefix: &[u8]) -> Self {
        self.range(KeyRange::prefix(prefix))
    }
}

impl From<&str> for Source {
    fn from(tree: &str) -> Self {
        Self::tree(tree)
    }
}

impl From<String> for Source {
    fn from(tree: String) -> Self {
        Self::tree(tree)
    }
}
