//! Fields: what a collection knows about its documents.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::{FieldKind, steps};

/// A value of documents of type `D` that can be filtered, sorted by and indexed.
///
/// It is read from a path or computed. If there is no value, it is null.
///
/// ```
/// use arbour::documents::{Field, FieldKind};
/// # use serde_json::{Value, json};
/// let size = Field::<Value>::path("size").of(FieldKind::Integer).default(0);
/// let authors = Field::<Value>::path("meta.authors").named("authors").many();
/// let initial = Field::computed("initial", |person: &Value| {
///     person["name"].as_str().and_then(|name| name.get(..1)).into()
/// });
/// assert_eq!((size.name.as_str(), authors.name.as_str()), ("size", "authors"));
/// # let _ = initial;
/// ```
#[non_exhaustive]
pub struct Field<D> {
    /// Its name in filters, sorts and indexes.
    pub name: String,
    #[doc(hidden)]
    pub source: FieldSource<D>,
    /// The allowed type of its value.
    pub kind: FieldKind,
    /// Whether its value is an array whose elements are indexed and compared individually.
    pub many: bool,
    /// Whether a document without a value is refused.
    pub required: bool,
    /// Its value in documents without one. If the field has a path, the default is written into the
    /// document.
    pub default: Option<Value>,
    /// Whether `false` counts as null, and therefore takes no space in a sparse index.
    pub false_is_null: bool,
    /// Raise it when you change what is computed, so that indexes are rebuilt.
    pub revision: u32,
    /// The version since which upgrades leave its value as it is; 0 if the last one may change it.
    pub unchanged_since: u32,
    /// Whether a stored document without a value is read as one in which it is null, and not with a
    /// default that the type has.
    pub(super) absent_is_null: bool,
}

/// Where the value of a [`Field`] comes from.
#[doc(hidden)]
pub enum FieldSource<D> {
    /// A path of object members, outermost first, as serde names them; `[]` stands for each element
    /// of an array.
    Path(Vec<String>),
    /// A closure over the document. It must depend on nothing else.
    Computed(Compute<D>),
}

/// Computes the value of a field.
pub(super) type Compute<D> = Arc<dyn Fn(&D) -> Value + Send + Sync>;

impl<D> Field<D> {
    /// Defines a field by its path: object members separated by dots, as serde names them. The path
    /// is also its name.
    ///
    /// `[]` after a member leads to each element of the array there, and makes the field one of
    /// [many](Self::many) values: `lines[].sku`. Arrays in elements are reached in the same way:
    /// `lines[].parts[].name`. Elements without the rest of the path have no value, and what is no
    /// array has no elements.
    ///
    /// ```
    /// use arbour::documents::Field;
    /// assert_eq!(Field::<serde_json::Value>::path("address.city").name, "address.city");
    /// assert!(Field::<serde_json::Value>::path("lines[].sku").many);
    /// ```
    #[must_use]
    pub fn path(path: &str) -> Self {
        let steps = steps::split(path);
        let many = steps::leads_to_many(&steps);
        Self { many, ..Self::new(path, FieldSource::Path(steps)) }
    }

    /// Defines a field that is computed from the document, and from nothing else. If you change the
    /// closure, raise the [`revision`](Self::revised).
    ///
    /// ```
    /// use arbour::documents::Field;
    /// let length = Field::computed("length", |word: &String| word.len().into());
    /// # let _ = length;
    /// ```
    #[must_use]
    pub fn computed(name: &str, compute: impl Fn(&D) -> Value + Send + Sync + 'static) -> Self {
        Self::new(name, FieldSource::Computed(Arc::new(compute)))
    }

    fn new(name: &str, source: FieldSource<D>) -> Self {
        Self {
            name: name.to_owned(),
            source,
            kind: FieldKind::Any,
            many: false,
            required: false,
            default: None,
            false_is_null: false,
            revision: 0,
            unchanged_since: 0,
            absent_is_null: false,
        }
    }

    /// Sets a name other than its path.
    ///
    /// ```
    /// use arbour::documents::Field;
    /// let city = Field::<serde_json::Value>::path("address.city").named("city");
    /// assert_eq!(city.name, "city");
    /// ```
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Sets the allowed type; see [`FieldKind`].
    ///
    /// ```
    /// use arbour::documents::{Field, FieldKind};
    /// let size = Field::<serde_json::Value>::path("size").of(FieldKind::Integer);
    /// assert_eq!(size.kind, FieldKind::Integer);
    /// ```
    #[must_use]
    pub fn of(mut self, kind: FieldKind) -> Self {
        self.kind = kind;
        self
    }

    /// Declares that its value is an array whose elements are indexed and compared individually. A
    /// single value counts as an array of one element.
    ///
    /// ```
    /// use arbour::documents::Field;
    /// assert!(Field::<serde_json::Value>::path("tags").many().many);
    /// ```
    #[must_use]
    pub fn many(mut self) -> Self {
        self.many = true;
        self
    }

    /// Refuses documents without a value. `false` and the empty text are values.
    ///
    /// ```
    /// use arbour::documents::Field;
    /// assert!(Field::<serde_json::Value>::path("name").required().required);
    /// ```
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Sets the value for documents without one.
    ///
    /// ```
    /// use arbour::documents::Field;
    /// let stock = Field::<serde_json::Value>::path("stock").default(0);
    /// assert_eq!(stock.default.unwrap(), 0);
    /// ```
    #[must_use]
    pub fn default(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(value.into());
        self
    }

    /// Treats `false` as null, so that a sparse index contains only `true`.
    ///
    /// ```
    /// use arbour::documents::Field;
    /// let open = Field::<serde_json::Value>::path("open").false_is_null();
    /// assert!(open.false_is_null);
    /// ```
    #[must_use]
    pub fn false_is_null(mut self) -> Self {
        self.false_is_null = true;
        self
    }

    /// Promises that the type of the documents reads null where a stored document has no value, and not
    /// a default of its own: then other programs can maintain indexes over the field.
    #[doc(hidden)]
    #[must_use]
    pub fn absent_is_null(mut self) -> Self {
        self.absent_is_null = true;
        self
    }

    /// Promises that its value is the same in documents of all versions from this one on: that no
    /// [upgrade](super::Declaration::upgrade) or downgrade between them changes it. Programs of these
    /// versions then share the indexes over the field, while they run side by side on one store.
    /// Without it, a program of a higher version does without its indexes until
    /// [`finish_upgrade`](super::Collection::finish_upgrade).
    ///
    /// For documents in JSON, [`check_upgrade`](super::Collection::check_upgrade) and
    /// `finish_upgrade` check the promise, and so does each write to a store at an earlier version.
    ///
    /// ```
    /// use arbour::documents::{Declaration, Field, Index};
    /// use serde_json::Value;
    /// let people = Declaration::<Value>::new("people")
    ///     .field(Field::path("name").unchanged_since(1))
    ///     .index(Index::on("name"))
    ///     .upgrade_json(1, |mut person| {
    ///         person["born"] = person["year"].take();
    ///         Ok(person)
    ///     });
    /// # let _ = people;
    /// ```
    #[must_use]
    pub fn unchanged_since(mut self, version: u32) -> Self {
        self.unchanged_since = version;
        self
    }

    /// Sets the revision of the closure. Raising it makes the indexes over the field other ones, which have
    /// to be built.
    ///
    /// ```
    /// use arbour::documents::Field;
    /// let length = Field::computed("length", |word: &String| word.chars().count().into()).revised(1);
    /// assert_eq!(length.revision, 1);
    /// ```
    #[must_use]
    pub fn revised(mut self, revision: u32) -> Self {
        self.revision = revision;
        self
    }
}

impl<D> Clone for Field<D> {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            source: match &self.source {
                FieldSource::Path(path) => FieldSource::Path(path.clone()),
                FieldSource::Computed(compute) => FieldSource::Computed(Arc::clone(compute)),
            },
            default: self.default.clone(),
            ..*self
        }
    }
}

impl<D> fmt::Debug for Field<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = match &self.source {
            FieldSource::Path(path) => steps::joined(path),
            FieldSource::Computed(_) => "computed".to_owned(),
        };
        f.debug_struct("Field").field("name", &self.name).field("source", &source).finish()
    }
}
