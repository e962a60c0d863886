//! Fields: what a collection knows about its documents.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::Integer;
use super::scalar::ScalarKind;

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
}

/// Where the value of a [`Field`] comes from.
#[doc(hidden)]
pub enum FieldSource<D> {
    /// A path of object members, outermost first, as serde names them.
    Path(Vec<String>),
    /// A closure over the document. It must depend on nothing else.
    Computed(Compute<D>),
}

/// Computes the value of a field.
pub(super) type Compute<D> = Arc<dyn Fn(&D) -> Value + Send + Sync>;

/// The allowed type of a [`Field`], in addition to null. A document with a value of another type is
/// refused.
///
/// ```
/// use arbour::documents::FieldKind;
/// # use serde_json::json;
/// assert!(FieldKind::Integer.admits(&json!(3)) && !FieldKind::Integer.admits(&json!(3.5)));
/// assert!(FieldKind::Any.admits(&json!("x")) && !FieldKind::Any.admits(&json!({})));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FieldKind {
    /// A boolean, a number or a text.
    Any,
    /// A boolean.
    Bool,
    /// A number without a fraction, of up to 128 bits; see [`Integer`].
    Integer,
    /// A number.
    Number,
    /// A text.
    Text,
}

impl FieldKind {
    /// Tells whether a value is allowed.
    ///
    /// ```
    /// # use arbour::documents::FieldKind;
    /// assert!(FieldKind::Text.admits(&serde_json::Value::Null));
    /// ```
    #[must_use]
    pub fn admits(self, value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::Bool(_) => matches!(self, Self::Any | Self::Bool),
            Value::Number(number) => match self {
                Self::Any | Self::Number => true,
                Self::Integer => number.is_i64() || number.is_u64(),
                Self::Bool | Self::Text => false,
            },
            Value::String(_) => matches!(self, Self::Any | Self::Text),
            Value::Object(_) => {
                matches!(self, Self::Any | Self::Number | Self::Integer)
                    && Integer::of(value).is_some()
            }
            Value::Array(_) => false,
        }
    }

    /// Tells whether fields of this kind can be compared with values of a type. Null is allowed in
    /// every field.
    #[must_use]
    pub(super) fn is_compared_with(self, sort: ScalarKind) -> bool {
        match self {
            _ if sort == ScalarKind::Null => true,
            Self::Any => true,
            Self::Bool => sort == ScalarKind::Bool,
            Self::Integer | Self::Number => sort == ScalarKind::Number,
            Self::Text => sort == ScalarKind::Text,
        }
    }

    /// Returns a description of the allowed values.
    ///
    /// ```
    /// assert_eq!(arbour::documents::FieldKind::Text.expected(), "a text");
    /// ```
    #[must_use]
    pub fn expected(self) -> &'static str {
        match self {
            Self::Any => "a bool, a number or a text",
            Self::Bool => "a bool",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::Text => "a text",
        }
    }
}

impl<D> Field<D> {
    /// Defines a field by its path: object members separated by dots, as serde names them. The path
    /// is also its name.
    ///
    /// ```
    /// use arbour::documents::Field;
    /// assert_eq!(Field::<serde_json::Value>::path("address.city").name, "address.city");
    /// ```
    #[must_use]
    pub fn path(path: &str) -> Self {
        Self::new(path, FieldSource::Path(path.split('.').map(str::to_owned).collect()))
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

    /// Sets the revision of the closure. Raising it rebuilds the indexes over the field.
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
            FieldSource::Path(path) => path.join("."),
            FieldSource::Computed(_) => "computed".to_owned(),
        };
        f.debug_struct("Field").field("name", &self.name).field("source", &source).finish()
    }
}
