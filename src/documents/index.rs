//! Indexes: their parts, options and states.

use serde::{Deserialize, Serialize};

use arbour_core::Direction;

/// An index over one field or several: entries in a tree that change together with the documents,
/// in the same transaction.
///
/// Documents are found by the values of the index's leading parts, in the order of the index. An
/// index over a [multi-valued](super::Field::many) field has one entry for each value.
///
/// Values may be longer than a key of the engine. Such values are stored whole, so they are found, sorted and
/// unique like others, but a search that meets one reads all entries with the same start: about
/// the first 470 bytes on an engine with keys of 511 bytes, and 65,500 bytes on most.
///
/// ```
/// use arbour::documents::Index;
/// let by_name = Index::on("name").unique();
/// let largest_of_section = Index::on("section").then_descending("size");
/// let words = Index::words("description");
/// assert_eq!(largest_of_section.name, "section,-size");
/// # let _ = (by_name, words);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Index {
    /// Its name, which becomes part of the name of a tree.
    pub name: String,
    #[doc(hidden)]
    pub parts: Vec<IndexPart>,
    /// Whether two documents with the same values are refused. Null never equals null here.
    pub unique: bool,
    /// Whether they are refused by the commit only, and not by the write.
    #[serde(default)]
    pub deferred: bool,
    /// Whether documents with a null value are left out.
    pub sparse: bool,
    /// Whether it contains the words of its one field instead of the field's value.
    pub words: bool,
}

/// A field of an [`Index`], and the direction in which the index sorts it.
#[doc(hidden)]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexPart {
    /// The name of the field.
    pub field: String,
    /// [`Reverse`](Direction::Reverse) sorts the greatest value first.
    #[serde(with = "direction")]
    pub direction: Direction,
}

/// Serializes a direction as a sign.
mod direction {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use arbour_core::Direction;

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
    /// Defines an index over a field, named after it.
    ///
    /// ```
    /// use arbour::documents::Index;
    /// assert_eq!(Index::on("size").name, "size");
    /// ```
    #[must_use]
    pub fn on(field: &str) -> Self {
        let part = IndexPart { field: field.to_owned(), direction: Direction::Forward };
        let name = field.to_owned();
        Self {
            name,
            parts: vec![part],
            unique: false,
            deferred: false,
            sparse: false,
            words: false,
        }
    }

    /// Defines an index that sorts the greatest value of a field first.
    ///
    /// ```
    /// use arbour::documents::Index;
    /// assert_eq!(Index::descending("size").name, "-size");
    /// ```
    #[must_use]
    pub fn descending(field: &str) -> Self {
        let part = IndexPart { field: field.to_owned(), direction: Direction::Reverse };
        Self { name: format!("-{field}"), parts: vec![part], ..Self::on(field) }
    }

    /// Defines an index over the words of a text, which are found in any order, by their beginnings
    /// too, and regardless of case and accents; see [`Filter::words`](super::Filter::words).
    ///
    /// ```
    /// use arbour::documents::Index;
    /// assert!(Index::words("description").words);
    /// ```
    #[must_use]
    pub fn words(field: &str) -> Self {
        Self { name: format!("{field}:words"), words: true, ..Self::on(field) }
    }

    /// Adds a field, which orders documents with equal values in the earlier ones.
    ///
    /// ```
    /// use arbour::documents::Index;
    /// assert_eq!(Index::on("section").then("name").name, "section,name");
    /// ```
    #[must_use]
    pub fn then(self, field: &str) -> Self {
        self.with(field, Direction::Forward)
    }

    /// Adds a field that sorts its greatest value first.
    ///
    /// ```
    /// use arbour::documents::Index;
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

    /// Sets a name of its own.
    ///
    /// ```
    /// use arbour::documents::Index;
    /// assert_eq!(Index::on("size").named("by size").name, "by size");
    /// ```
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Refuses a second document with the same values. Documents with a null among the values are
    /// never refused.
    ///
    /// ```
    /// use arbour::documents::Index;
    /// assert!(Index::on("email").unique().unique);
    /// ```
    #[must_use]
    pub fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    /// Refuses a second document with the same values right before the commit, so that documents can
    /// exchange their values in one transaction. In between, several may have the same ones. If
    /// several have them at the end, the commit fails with [`Unique`](super::DocError::Unique), and
    /// nothing is written.
    ///
    /// A write costs more than with [`unique`](Self::unique) only if it finds its values taken. A
    /// [savepoint](arbour_core::KvWrite::savepoint) is checked with its transaction. Members of a
    /// group, and each event of a projection, are checked at their own end and fail alone. An index
    /// that is still being built is checked at each write. Changing between the two forms does not
    /// build the index anew.
    ///
    /// ```
    /// use arbour::KvStore;
    /// use arbour::documents::{Collection, Declaration, Field, Index};
    /// use serde_json::{Value, json};
    /// let store = arbour::MemoryStore::new();
    /// let declaration = Declaration::<Value>::new("racks").field(Field::path("place"));
    /// let racks = declaration.index(Index::on("place").unique_deferred());
    /// let racks = Collection::open(&store, racks)?;
    /// store.write(|transaction| {
    ///     racks.insert(transaction, json!({"id": "a", "place": 1}))?;
    ///     racks.insert(transaction, json!({"id": "b", "place": 2}))
    /// })?;
    /// store.write(|transaction| {
    ///     racks.modify(transaction, "a", |rack| rack["place"] = 2.into())?;
    ///     racks.modify(transaction, "b", |rack| rack["place"] = 1.into())
    /// })?;
    /// assert_eq!(racks.get(&store.snapshot()?, "a")?.unwrap()["place"], 2);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn unique_deferred(mut self) -> Self {
        self.deferred = true;
        self.unique()
    }

    /// Leaves out documents with null in it.
    ///
    /// ```
    /// use arbour::documents::Index;
    /// assert!(Index::on("deleted at").sparse().sparse);
    /// ```
    #[must_use]
    pub fn sparse(mut self) -> Self {
        self.sparse = true;
        self
    }
}

/// The state of an index, after FoundationDB's Record Layer.
///
/// ```
/// use arbour::documents::IndexState;
/// assert!(IndexState::Readable.is_complete() && !IndexState::WriteOnly.is_complete());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum IndexState {
    /// It is not built yet, or has to be built anew: writes maintain it, searches do not use it.
    WriteOnly,
    /// It contains all documents: searches use it.
    Readable,
    /// It contains all documents, but some have the same values although it is unique. Searches use
    /// it, and writes that would add further duplicates are refused. Once the duplicates are
    /// resolved, building it again makes it readable.
    UniquePending,
    /// Writes do not maintain it and searches do not use it, until it is enabled and built, or, if it was
    /// dropped, declared anew.
    Disabled,
}

impl IndexState {
    /// Tells whether it contains all documents.
    ///
    /// ```
    /// # use arbour::documents::IndexState;
    /// assert!(IndexState::UniquePending.is_complete());
    /// ```
    #[must_use]
    pub fn is_complete(self) -> bool {
        matches!(self, Self::Readable | Self::UniquePending)
    }

    /// Tells whether writes maintain it.
    ///
    /// ```
    /// # use arbour::documents::IndexState;
    /// assert!(IndexState::WriteOnly.is_kept() && !IndexState::Disabled.is_kept());
    /// ```
    #[must_use]
    pub fn is_kept(self) -> bool {
        self != Self::Disabled
    }
}
