//! Ids of documents, and how they are generated.

use std::borrow::Cow;
use std::fmt;

use arbour_core::DecodeError;
use serde_json::Value;
use uuid::Uuid;

use crate::key::KeyPart as _;

/// The id of a document, unique in its collection.
///
/// ```
/// use arbour::documents::DocId;
/// assert_eq!(DocId::from("ada").to_string(), "ada");
/// assert_eq!(DocId::from(7), DocId::Integer(7));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocId<'a> {
    /// A number; ids sort by value.
    Integer(i64),
    /// A text that is not empty; ids sort by their bytes.
    Text(Cow<'a, str>),
    /// A UUID. Those of version 7 sort by creation time.
    Uuid(Uuid),
}

/// The type of the ids of a collection, and whether the program or the collection chooses them.
///
/// An id is part of the document, at the id's path. A generated id is written there, if the
/// document has none or null.
///
/// ```
/// use arbour::documents::Ids;
/// assert!(Ids::Uuid.are_made() && !Ids::Chosen.are_made());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ids {
    /// Texts chosen by the program: a document without one is refused.
    Chosen,
    /// Numbers chosen by the program.
    ChosenInteger,
    /// UUIDs; a document without one gets a UUID version 7.
    Uuid,
    /// Numbers; a document without one gets the next: one more than the highest ever used, even if
    /// that document was removed.
    Integer,
    /// Texts; a document without one gets the slug of this field, such as `the-tale-of-genji`,
    /// followed by a number if that is taken: `the-tale-of-genji-2`.
    Slug {
        /// The field to derive the slug from.
        field: String,
    },
}

/// What an integer beyond the range of ids is told.
const INTEGER_TOO_LARGE: &str = "an integer of at most 9223372036854775807 (2^63 - 1)";

impl Ids {
    /// Tells whether ids are generated for documents without one.
    ///
    /// ```
    /// # use arbour::documents::Ids;
    /// assert!(Ids::Integer.are_made());
    /// ```
    #[must_use]
    pub fn are_made(&self) -> bool {
        matches!(self, Self::Uuid | Self::Integer | Self::Slug { .. })
    }

    /// Reads an id from a document; `None` if there is none.
    ///
    /// # Errors
    /// A description of a valid id, if the value is not one.
    ///
    /// ```
    /// use arbour::documents::{DocId, Ids};
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
        id.map(|id| Some(id.into_owned())).ok_or_else(|| match value {
            Value::Number(number) if self.are_numbers() && number.is_u64() => INTEGER_TOO_LARGE,
            _ => self.expected(),
        })
    }

    /// Converts an id to this type if it can represent it: a text that spells a UUID becomes one.
    /// `None` for an id of another type, or an empty one.
    ///
    /// ```
    /// use arbour::documents::{DocId, Ids};
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

    /// Returns a description of ids of this type.
    ///
    /// ```
    /// assert_eq!(arbour::documents::Ids::Uuid.expected(), "a UUID");
    /// ```
    #[must_use]
    pub fn expected(&self) -> &'static str {
        match self {
            Self::Chosen | Self::Slug { .. } => "a text that is not empty",
            Self::Integer | Self::ChosenInteger => "an integer of 64 bits",
            Self::Uuid => "a UUID",
        }
    }

    /// Returns a description of ids of this type, for an error about an id that is not one. It is not
    /// the text of [`expected`](Self::expected), which stores hold, if that would mislead.
    pub(super) fn expected_instead_of(&self, id: &DocId<'_>) -> &'static str {
        match id {
            // An id of type `u64` beyond the range.
            DocId::Text(text) if self.are_numbers() && text.parse::<u64>().is_ok() => {
                INTEGER_TOO_LARGE
            }
            _ => self.expected(),
        }
    }

    fn are_numbers(&self) -> bool {
        matches!(self, Self::Integer | Self::ChosenInteger)
    }

    /// Decodes a key that [`DocId::encode`] wrote for an id of this type.
    ///
    /// # Errors
    /// A [`DecodeError`] if it is not such a key.
    ///
    /// ```
    /// use arbour::documents::{DocId, Ids};
    /// assert_eq!(Ids::Chosen.decode(b"ada")?, DocId::from("ada"));
    /// # Ok::<(), arbour::DecodeError>(())
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
    /// Appends the key of the document in its tree; keys sort as ids do.
    ///
    /// ```
    /// use arbour::documents::DocId;
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

    /// Returns the id as it appears in a document.
    ///
    /// ```
    /// use arbour::documents::DocId;
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

    /// Returns an id that borrows nothing.
    ///
    /// ```
    /// use arbour::documents::DocId;
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
