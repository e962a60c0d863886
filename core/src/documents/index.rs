//! Indexes: what they are over, and what state they are in.

use serde::{Deserialize, Serialize};

use crate::Direction;

/// An index over one field or several: entries of a tree that change with the documents, in the same
/// transaction.
///
/// A document is found by the values of the index's parts, from the first on, and comes in their
/// order. An index over a field of [many](super::Field::many) values has an entry for each of them.
///
/// ```
/// use arbour_core::documents::Index;
/// let by_name = Index::on("name").unique();
/// let largest_of_section = Index::on("section").then_descending("size");
/// let words = Index::words("description");
/// assert_eq!(largest_of_section.name, "section,-size");
/// # let _ = (by_name, words);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Index {
    /// What it is called; it must be a good part of a tree's name.
    pub name: String,
    /// What it is over.
    pub parts: Vec<IndexPart>,
    /// Whether two documents with the same values are refused. Null is never the same.
    pub unique: bool,
    /// Whether it holds only documents none of whose values is null.
    pub sparse: bool,
    /// Whether it holds the words of its one field, and not the field's value.
    pub words: bool,
}

/// A field of an [`Index`], and the direction in which the index sorts it.
///
/// ```
/// use arbour_core::Direction;
/// use arbour_core::documents::Index;
/// assert_eq!(Index::descending("size").parts[0].direction, Direction::Reverse);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexPart {
    /// The name of the field.
    pub field: String,
    /// [`Reverse`](Direction::Reverse) sorts the greatest value first.
    #[serde(with = "direction")]
    pub direction: Direction,
}

/// A direction as the sign it is shown by.
mod direction {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use crate::Direction;

    pub(super) fn serialize<S: Serializer>(
        direction: &Direction,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        (*direction == Direction::Reverse).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Direction, D::Error> {
        let reverse = bool::deserialize(deserializer)?;
        Ok(if reverse { Direction::Reverse } else { Direction::Forward })
    }
}

impl Index {
    /// Defines an index over a field. Its name is that of the field.
    ///
    /// ```
    /// use arbour_core::documents::Index;
    /// assert_eq!(Index::on("size").name, "size");
    /// ```
    #[must_use]
    pub fn on(field: &str) -> Self {
        let part = IndexPart { field: field.to_owned(), direction: Direction::Forward };
        let name = field.to_owned();
        Self { name, parts: vec![part], unique: false, sparse: false, words: false }
    }

    /// Defines an index that has the greatest value of a field first.
    ///
    /// ```
    /// use arbour_core::documents::Index;
    /// assert_eq!(Index::descending("size").name, "-size");
    /// ```
    #[must_use]
    pub fn descending(field: &str) -> Self {
        let part = IndexPart { field: field.to_owned(), direction: Direction::Reverse };
        Self { name: format!("-{field}"), parts: vec![part], ..Self::on(field) }
    }

    /// Defines an index over the words of a text: they are found in any order and any case. Words are
    /// those of Unicode's Standard Annex 29, in small letters.
    ///
    /// ```
    /// use arbour_core::documents::Index;
    /// assert!(Index::words("description").words);
    /// ```
    #[must_use]
    pub fn words(field: &str) -> Self {
        Self { name: format!("{field}:words"), words: true, ..Self::on(field) }
    }

    /// Adds a field: documents with the same values of those before come in its order.
    ///
    /// ```
    /// use arbour_core::documents::Index;
    /// assert_eq!(Index::on("section").then("name").name, "section,name");
    /// ```
    #[must_use]
    pub fn then(self, field: &str) -> Self {
        self.with(field, Direction::Forward)
    }

    /// Adds a field whose greatest value comes first.
    ///
    /// ```
    /// use arbour_core::documents::Index;
    /// assert_eq!(Index::on("section").then_descending("size").name, "section,-size");
    /// ```
    #[must_use]
    pub fn then_descending(self, field: &str) -> Self {
        self.with(field, Direction::Reverse)
    }

    fn with(mut self, field: &str, direction: Direction) -> Self {
        let sign = if direction == Direction::Reverse { "-" } else { "" };
        self.name = format!("{},{sign}{field}", self.name);
        self.parts.push(IndexPart { field: field.to_owned(), direction });
        self
    }

    /// Gives it a name of its own.
    ///
    /// ```
    /// use arbour_core::documents::Index;
    /// assert_eq!(Index::on("size").named("by size").name, "by size");
    /// ```
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Refuses a second document with the same values. Those with a null among them are not refused.
    ///
    /// ```
    /// use arbour_core::documents::Index;
    /// assert!(Index::on("email").unique().unique);
    /// ```
    #[must_use]
    pub fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    /// Leaves out documents that have null in it.
    ///
    /// ```
    /// use arbour_core::documents::Index;
    /// assert!(Index::on("deleted at").sparse().sparse);
    /// ```
    #[must_use]
    pub fn sparse(mut self) -> Self {
        self.sparse = true;
        self
    }
}

/// What an index can be used for, after FoundationDB's Record Layer.
///
/// ```
/// use arbour_core::documents::IndexState;
/// assert!(IndexState::Readable.is_complete() && !IndexState::WriteOnly.is_complete());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum IndexState {
    /// It is being built: writes keep it, searches do not use it.
    WriteOnly,
    /// It holds all documents: searches use it.
    Readable,
    /// It holds all documents, among them some with the same values although it is unique. Searches
    /// use it, and writes that would add to them are refused. Building it again, once they are
    /// mended, makes it readable.
    UniquePending,
    /// Nobody keeps it and nobody uses it, until it is enabled and built.
    Disabled,
}

impl IndexState {
    /// Tells whether it holds all documents.
    ///
    /// ```
    /// # use arbour_core::documents::IndexState;
    /// assert!(IndexState::UniquePending.is_complete());
    /// ```
    #[must_use]
    pub fn is_complete(self) -> bool {
        matches!(self, Self::Readable | Self::UniquePending)
    }

    /// Tells whether writes keep it.
    ///
    /// ```
    /// # use arbour_core::documents::IndexState;
    /// assert!(IndexState::WriteOnly.is_kept() && !IndexState::Disabled.is_kept());
    /// ```
    #[must_use]
    pub fn is_kept(self) -> bool {
        self != Self::Disabled
    }
}
