//! The declaration of a collection.

use std::fmt;

use serde_json::Value;

use super::{Body, BodyCodec, BodyFormat, Field, Ids, Index, json_body};
use crate::AnyResult;

/// Declares a collection: its name, the fields and indexes of its documents, and how they are
/// stored.
///
/// It is part of the program. The store remembers it, and opening a collection whose declaration
/// has changed builds the new indexes. Those that are no longer declared stay, and are kept right, until
/// [`drop_index`](super::DocumentStore::drop_index) removes them: another version of the program may
/// use them.
///
/// ```
/// use arbour::documents::{Declaration, Field, FieldKind, Ids, Index};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Package { name: String, section: Option<String>, size: u64, depends: Vec<String> }
///
/// let packages = Declaration::<Package>::new("packages")
///     .id("name", Ids::Chosen)
///     .field(Field::path("section"))
///     .field(Field::path("size").of(FieldKind::Integer))
///     .field(Field::path("depends").many())
///     .index(Index::on("section").then_descending("size"))
///     .index(Index::on("depends"));
/// assert_eq!(packages.name, "packages");
/// ```
#[non_exhaustive]
pub struct Declaration<D> {
    /// The name of the collection: 1 to 100 bytes, no slash, no NUL.
    pub name: String,
    /// The path of the id in a document.
    pub id_path: Vec<String>,
    /// The type of the ids.
    pub ids: Ids,
    /// A value at the path of the id that stands for an id that is not made yet, in addition to null.
    pub placeholder: Option<Value>,
    /// The fields. The id is also a field, named by its path, without being listed.
    pub fields: Vec<Field<D>>,
    /// The indexes.
    pub indexes: Vec<Index>,
    /// How bodies are encoded, and how differently encoded ones are read: for the suite's faults.
    #[doc(hidden)]
    pub format: BodyFormat<D>,
    /// Whether changes are recorded for subscribers.
    pub feed: bool,
}

impl<D: Body> Declaration<D> {
    /// Declares a collection without fields, whose documents have an id at `id` that is a text
    /// chosen by the program.
    ///
    /// ```
    /// use arbour::documents::{Declaration, Ids};
    /// let notes = Declaration::<serde_json::Value>::new("notes");
    /// assert_eq!((notes.ids, notes.id_path), (Ids::Chosen, vec!["id".to_owned()]));
    /// ```
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            id_path: vec!["id".to_owned()],
            ids: Ids::Chosen,
            placeholder: None,
            fields: Vec::new(),
            indexes: Vec::new(),
            format: BodyFormat::new(),
            feed: false,
        }
    }

    /// Sets the path and the type of the ids.
    ///
    /// ```
    /// # use arbour::documents::{Declaration, Ids};
    /// let users = Declaration::<serde_json::Value>::new("users").id("meta.id", Ids::Uuid);
    /// assert_eq!(users.id_path, ["meta", "id"]);
    /// ```
    #[must_use]
    pub fn id(mut self, path: &str, ids: Ids) -> Self {
        self.id_path = path.split('.').map(str::to_owned).collect();
        self.ids = ids;
        self
    }

    /// Sets a value that stands for an id that is not made yet, so that the type of the id needs no
    /// option. It must be a value that is never made: 0 for integers, the nil UUID, the empty text.
    ///
    /// A document with the placeholder gets an id whenever it is written, whatever the method. One
    /// that an earlier program stored under such an id can be read and removed, and
    /// [`change_id`](super::Collection::change_id) gives it another id.
    ///
    /// ```
    /// use arbour::KvStore;
    /// use arbour::documents::{Collection, Declaration, Ids};
    /// use serde_json::{Value, json};
    /// let notes = Declaration::<Value>::new("notes").id("id", Ids::Integer).placeholder(0);
    /// let store = arbour::MemoryStore::new();
    /// let notes = Collection::open(&store, notes)?;
    /// let note = store.write(|transaction| notes.insert(transaction, json!({"id": 0})))?;
    /// assert_eq!(note["id"], 1);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn placeholder(mut self, id: impl Into<Value>) -> Self {
        self.placeholder = Some(id.into());
        self
    }

    /// Adds a field.
    ///
    /// ```
    /// # use arbour::documents::{Declaration, Field};
    /// let users = Declaration::<serde_json::Value>::new("users").field(Field::path("born"));
    /// assert_eq!(users.fields.len(), 1);
    /// ```
    #[must_use]
    pub fn field(mut self, field: Field<D>) -> Self {
        self.fields.push(field);
        self
    }

    /// Adds an index.
    ///
    /// ```
    /// # use arbour::documents::{Declaration, Field, Index};
    /// let users = Declaration::<serde_json::Value>::new("users")
    ///     .field(Field::path("email"))
    ///     .index(Index::on("email").unique());
    /// assert_eq!(users.indexes.len(), 1);
    /// ```
    #[must_use]
    pub fn index(mut self, index: Index) -> Self {
        self.indexes.push(index);
        self
    }

    /// Encodes bodies with another codec than JSON.
    ///
    /// ```
    /// # use arbour::documents::{BodyCodec, Declaration};
    /// # #[cfg(feature = "bincode")]
    /// let numbers = Declaration::<(String, u32)>::new("numbers").codec(BodyCodec::bincode());
    /// ```
    #[must_use]
    pub fn codec(mut self, codec: BodyCodec<D>) -> Self {
        self.format.codec = codec;
        self
    }

    /// Also reads bodies that were encoded with another codec.
    ///
    /// ```
    /// # use arbour::documents::{BodyCodec, Declaration};
    /// let notes = Declaration::<serde_json::Value>::new("notes").also_reads(BodyCodec::json());
    /// # let _ = notes;
    /// ```
    #[must_use]
    pub fn also_reads(mut self, codec: BodyCodec<D>) -> Self {
        self.format.also_read.push(codec);
        self
    }

    /// Upgrades bodies from version `from` to the next, and raises the declared version if it is
    /// lower. Bodies of earlier versions are upgraded when they are read.
    ///
    /// A store stays in the version in which its first program declared the collection until
    /// [`finish_upgrade`](super::Collection::finish_upgrade) is called, so that an earlier program can
    /// run beside this one and can come back. Until then, documents are written in that version,
    /// through [`downgrade`](Self::downgrade); and this program does without its indexes, except those
    /// over fields that are [unchanged](super::Field::unchanged_since).
    ///
    /// ```
    /// # use arbour::documents::Declaration;
    /// let notes = Declaration::<serde_json::Value>::new("notes").upgrade(1, |body| {
    ///     Ok(std::str::from_utf8(body)?.replace("colour", "color").into_bytes())
    /// });
    /// # let _ = notes;
    /// ```
    #[must_use]
    pub fn upgrade(
        mut self,
        from: u32,
        upgrade: impl Fn(&[u8]) -> AnyResult<Vec<u8>> + Send + Sync + 'static,
    ) -> Self {
        self.format.upgrade(from, upgrade);
        self
    }

    /// As [`upgrade`](Self::upgrade), for JSON bodies.
    ///
    /// ```
    /// # use arbour::documents::Declaration;
    /// let people = Declaration::<serde_json::Value>::new("people").upgrade_json(1, |mut person| {
    ///     person["born"] = person["year"].take();
    ///     Ok(person)
    /// });
    /// # let _ = people;
    /// ```
    #[must_use]
    pub fn upgrade_json(
        self,
        from: u32,
        upgrade: impl Fn(Value) -> AnyResult<Value> + Send + Sync + 'static,
    ) -> Self {
        self.upgrade(from, move |body| json_body::convert(body, &upgrade))
    }

    /// Converts bodies of the version after `to` to version `to`, so that they can be written to a store
    /// that is at an earlier version. Without it, writing to such a store is refused with
    /// [`NotUpgraded`](super::DocError::NotUpgraded).
    ///
    /// The result must be one that [`upgrade`](Self::upgrade) turns into the same document again:
    /// otherwise the write is refused with [`Downgrade`](super::DocError::Downgrade), because a part of
    /// the document would be lost. What the earlier version has no place for can usually stay in the
    /// body as a member that it ignores.
    ///
    /// ```
    /// # use arbour::documents::Declaration;
    /// let notes = Declaration::<serde_json::Value>::new("notes")
    ///     .upgrade(1, |body| Ok(std::str::from_utf8(body)?.replace("colour", "color").into_bytes()))
    ///     .downgrade(1, |body| Ok(std::str::from_utf8(body)?.replace("color", "colour").into_bytes()));
    /// # let _ = notes;
    /// ```
    #[must_use]
    pub fn downgrade(
        mut self,
        to: u32,
        downgrade: impl Fn(&[u8]) -> AnyResult<Vec<u8>> + Send + Sync + 'static,
    ) -> Self {
        self.format.downgrades.insert(to, std::sync::Arc::new(downgrade));
        self
    }

    /// As [`downgrade`](Self::downgrade), for JSON bodies.
    ///
    /// ```
    /// # use arbour::documents::Declaration;
    /// let people = Declaration::<serde_json::Value>::new("people")
    ///     .upgrade_json(1, |mut person| {
    ///         person["born"] = person["year"].take();
    ///         Ok(person)
    ///     })
    ///     .downgrade_json(1, |mut person| {
    ///         person["year"] = person["born"].take();
    ///         Ok(person)
    ///     });
    /// # let _ = people;
    /// ```
    #[must_use]
    pub fn downgrade_json(
        self,
        to: u32,
        downgrade: impl Fn(Value) -> AnyResult<Value> + Send + Sync + 'static,
    ) -> Self {
        self.downgrade(to, move |body| json_body::convert(body, &downgrade))
    }

    /// Records changes for subscribers, from now on.
    ///
    /// ```
    /// # use arbour::documents::Declaration;
    /// assert!(Declaration::<serde_json::Value>::new("notes").with_feed().feed);
    /// ```
    #[must_use]
    pub fn with_feed(mut self) -> Self {
        self.feed = true;
        self
    }

    /// Returns the name of the id in filters and sorts: its path.
    ///
    /// ```
    /// # use arbour::documents::Declaration;
    /// assert_eq!(Declaration::<serde_json::Value>::new("notes").id_name(), "id");
    /// ```
    #[must_use]
    pub fn id_name(&self) -> String {
        self.id_path.join(".")
    }
}

impl<D> fmt::Debug for Declaration<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Declaration")
            .field("name", &self.name)
            .field("ids", &self.ids)
            .field("placeholder", &self.placeholder)
            .field("fields", &self.fields)
            .field("indexes", &self.indexes)
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}
