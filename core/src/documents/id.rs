//! The id of a document, and where ids come from.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;
use uuid::Uuid;

use crate::DecodeError;
use crate::key::KeyPart as _;

/// The id of a document: what it is found by, unique in its collection.
///
/// ```
/// use arbour_core::documents::DocId;
/// assert_eq!(DocId::from("ada").to_string(), "ada");
/// assert_eq!(DocId::from(7), DocId::Integer(7));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocId<'a> {
    /// A number; ids sort by it.
    Integer(i64),
    /// A text that is not empty; ids sort by its bytes.
    Text(Cow<'a, str>),
    /// A UUID. Those of version 7 sort by when they were made.
    Uuid(Uuid),
}

/// Which sort of ids a collection has, and who makes them.
///
/// An id stands in the document, at the id's path. Who makes ids puts them there, where the document
/// has none or null.
///
/// ```
/// use arbour_core::documents::Ids;
/// assert!(Ids::Uuid.are_made() && !Ids::Chosen.are_made());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ids {
    /// Texts that the program chooses: a document without one is refused.
    Chosen,
    /// Numbers that the program chooses.
    ChosenInteger,
    /// UUIDs; a document without one gets one of version 7.
    Uuid,
    /// Numbers; a document without one gets the next: one more than the highest there ever was, also
    /// where that document was removed.
    Integer,
    /// Texts; a document without one gets the slug of this field, as `the-tale-of-genji`, with a
    /// number behind it where that is taken: `the-tale-of-genji-2`.
    Slug {
        /// The field that is made a slug.
        field: String,
    },
}

impl Ids {
    /// Tells whether a document may come without an id.
    ///
    /// ```
    /// # use arbour_core::documents::Ids;
    /// assert!(Ids::Integer.are_made());
    /// ```
    #[must_use]
    pub fn are_made(&self) -> bool {
        matches!(self, Self::Uuid | Self::Integer | Self::Slug { .. })
    }

    /// Reads the id that stands in a document; `None` if there is none.
    ///
    /// # Errors
    /// If what stands there is no id of this sort: says what would be one.
    ///
    /// ```
    /// use arbour_core::documents::{DocId, Ids};
    /// # use serde_json::json;
    /// assert_eq!(Ids::Integer.read(&json!(7)), Ok(Some(DocId::Integer(7))));
    /// assert_eq!(Ids::Integer.read(&json!(null)), Ok(None));
    /// assert_eq!(Ids::Integer.read(&json!("7")), Err("an integer of 64 bits"));
    /// ```
    pub fn read(&self, value: &Value) -> Result<Option<DocId<'static>>, &'static str> {
        if value.is_null() {
            return Ok(None);
        }
        let id = match value {
            Value::String(text) => self.accept(DocId::Text(Cow::Borrowed(text))),
            Value::Number(number) => {
                number.as_i64().map(DocId::Integer).filter(|_| self.are_numbers())
            }
            _ => None,
        };
        id.map(|id| Some(id.into_owned())).ok_or_else(|| self.expected())
    }

    /// Makes an id fit: a text that spells a UUID is one. `None` for an id of another sort, or one
    /// that is empty.
    ///
    /// ```
    /// use arbour_core::documents::{DocId, Ids};
    /// assert_eq!(Ids::Chosen.accept(DocId::from("ada")), Some(DocId::from("ada")));
    /// assert_eq!(Ids::Chosen.accept(DocId::from(7)), None);
    /// ```
    #[must_use]
    pub fn accept<'a>(&self, id: DocId<'a>) -> Option<DocId<'a>> {
        match (self, id) {
            (Self::Chosen | Self::Slug { .. }, DocId::Text(text)) if !text.is_empty() => {
                Some(DocId::Text(text))
            }
            (Self::Integer | Self::ChosenInteger, id @ DocId::Integer(_)) => Some(id),
            (Self::Uuid, id @ DocId::Uuid(_)) => Some(id),
            (Self::Uuid, DocId::Text(text)) => Uuid::try_parse(&text).ok().map(DocId::Uuid),
            _ => None,
        }
    }

    /// Says what an id of this sort is.
    ///
    /// ```
    /// assert_eq!(arbour_core::documents::Ids::Uuid.expected(), "a UUID");
    /// ```
    #[must_use]
    pub fn expected(&self) -> &'static str {
        match self {
            Self::Chosen | Self::Slug { .. } => "a text that is not empty",
            Self::Integer | Self::ChosenInteger => "an integer of 64 bits",
            Self::Uuid => "a UUID",
        }
    }

    fn are_numbers(&self) -> bool {
        matches!(self, Self::Integer | Self::ChosenInteger)
    }

    /// Reads the key that [`DocId::encode`] made of an id of this sort.
    ///
    /// # Errors
    /// If it is no such key.
    ///
    /// ```
    /// use arbour_core::documents::{DocId, Ids};
    /// assert_eq!(Ids::Chosen.decode(b"ada")?, DocId::from("ada"));
    /// # Ok::<(), arbour_core::DecodeError>(())
    /// ```
    pub fn decode(&self, key: &[u8]) -> Result<DocId<'static>, DecodeError> {
        let id = match self {
            Self::Chosen | Self::Slug { .. } => DocId::Text(String::decode_part(key)?.into()),
            Self::Integer | Self::ChosenInteger => DocId::Integer(i64::decode_part(key)?),
            Self::Uuid => DocId::Uuid(Uuid::from_bytes(<[u8; 16]>::decode_part(key)?)),
        };
        Ok(id)
    }
}

impl DocId<'_> {
    /// Appends the key the document has in its tree; keys sort as ids do.
    ///
    /// ```
    /// use arbour_core::documents::DocId;
    /// let mut key = Vec::new();
    /// DocId::from("ada").encode(&mut key);
    /// assert_eq!(key, b"ada");
    /// ```
    #[inline]
    pub fn encode(&self, key: &mut Vec<u8>) {
        match self {
            Self::Integer(integer) => integer.encode_part(key),
            Self::Text(text) => text.as_ref().encode_part(key),
            Self::Uuid(uuid) => uuid.as_bytes().encode_part(key),
        }
    }

    /// Returns the id as it stands in a document.
    ///
    /// ```
    /// use arbour_core::documents::DocId;
    /// assert_eq!(DocId::from(7).to_json(), 7);
    /// ```
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Integer(integer) => (*integer).into(),
            Self::Text(text) => text.as_ref().into(),
            Self::Uuid(uuid) => uuid.to_string().into(),
        }
    }

    /// Makes it independent of what it was borrowed from.
    ///
    /// ```
    /// use arbour_core::documents::DocId;
    /// let id: DocId<'static> = DocId::from(String::from("ada").as_str()).into_owned();
    /// assert_eq!(id.to_string(), "ada");
    /// ```
    #[must_use]
    pub fn into_owned(self) -> DocId<'static> {
        match self {
            Self::Integer(integer) => DocId::Integer(integer),
            Self::Text(text) => DocId::Text(text.into_owned().into()),
            Self::Uuid(uuid) => DocId::Uuid(uuid),
        }
    }
}

impl fmt::Display for DocId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(integer) => integer.fmt(f),
            Self::Text(text) => text.fmt(f),
            Self::Uuid(uuid) => uuid.fmt(f),
        }
    }
}

impl<'a> From<&'a str> for DocId<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.into())
    }
}

impl<'a> From<&'a String> for DocId<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text.as_str().into())
    }
}

impl From<String> for DocId<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<i64> for DocId<'_> {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

impl From<Uuid> for DocId<'_> {
    fn from(uuid: Uuid) -> Self {
        Self::Uuid(uuid)
    }
}

impl<'a> From<&'a DocId<'_>> for DocId<'a> {
    fn from(id: &'a DocId<'_>) -> Self {
        match id {
            DocId::Integer(integer) => Self::Integer(*integer),
            DocId::Text(text) => Self::Text(text.as_ref().into()),
            DocId::Uuid(uuid) => Self::Uuid(*uuid),
        }
    }
}
