//! The body of a document, and its encoding.

use std::any::{TypeId, type_name};
use std::fmt;
use std::sync::Arc;

use arbour_core::engine::document_layout::JSON_CODEC;
use arbour_core::{DecodeError, EncodeError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{DocId, json_body};
use crate::AnyResult;
use crate::codec::Codec;

/// A type whose values can be documents: anything serde can serialize and deserialize.
///
/// ```
/// use arbour::documents::Body;
/// fn is_body<D: Body>() {}
/// is_body::<serde_json::Value>();
/// ```
pub trait Body: Serialize + DeserializeOwned + Send + Sync + 'static {}

impl<D: Serialize + DeserializeOwned + Send + Sync + 'static> Body for D {}

/// How bodies are encoded, and the number that identifies the codec in stored bytes.
///
/// ```
/// use arbour::documents::BodyCodec;
/// let codec = BodyCodec::<u32>::json();
/// assert_eq!((codec.number, codec.name), (1, "JSON"));
/// ```
#[non_exhaustive]
pub struct BodyCodec<D> {
    /// 1 is JSON, 2 is bincode; numbers from 16 on belong to programs.
    pub number: u8,
    /// The name used in error messages.
    pub name: &'static str,
    /// Appends the encoding of a body.
    pub encode: fn(&D, &mut Vec<u8>) -> Result<(), EncodeError>,
    /// Decodes a body.
    pub decode: fn(&[u8]) -> Result<D, DecodeError>,
}

/// The lowest number of a codec that is not Arbour's.
const OWN_NUMBER_MIN: u8 = 16;

impl<D: Body> BodyCodec<D> {
    /// Returns the JSON codec: readable, self-describing, and visible to SQL.
    ///
    /// ```
    /// # use arbour::documents::BodyCodec;
    /// assert_eq!((BodyCodec::<u32>::json().decode)(b"7").unwrap(), 7);
    /// ```
    #[must_use]
    pub fn json() -> Self {
        Self {
            number: JSON_CODEC,
            name: "JSON",
            encode: json_body::encode,
            decode: json_body::decode,
        }
    }

    /// Returns the bincode codec: compact, for types that serde can read without a self-describing
    /// format. A document that cannot be read back, for example of a type that skips or flattens
    /// fields or has untagged enums, is refused when it is written; a `serde_json::Value` is
    /// refused when the collection is opened.
    ///
    /// ```
    /// # use arbour::documents::BodyCodec;
    /// assert_eq!(BodyCodec::<u32>::bincode().number, 2);
    /// ```
    #[cfg(feature = "bincode")]
    #[must_use]
    pub fn bincode() -> Self {
        use crate::codec::Bincode;
        Self {
            number: 2,
            name: "bincode",
            encode: encode_and_read::<D, Bincode>,
            decode: Bincode::decode,
        }
    }

    /// Returns a codec of the program's own. Its number must be 16 or higher and never change;
    /// `None` for a lower one.
    ///
    /// ```
    /// use arbour::codec::Json;
    /// use arbour::documents::BodyCodec;
    /// assert_eq!(BodyCodec::<u32>::own::<Json>(16).unwrap().number, 16);
    /// assert!(BodyCodec::<u32>::own::<Json>(1).is_none());
    /// ```
    #[must_use]
    pub fn own<C: Codec<D>>(number: u8) -> Option<Self> {
        let name = type_name::<C>();
        (number >= OWN_NUMBER_MIN).then_some(Self {
            number,
            name,
            encode: encode_and_read::<D, C>,
            decode: C::decode,
        })
    }

    /// Tells whether the codec can read back what it writes; `false` if that is known to fail.
    ///
    /// ```
    /// # use arbour::documents::BodyCodec;
    /// assert!(BodyCodec::<serde_json::Value>::json().can_read_back());
    /// # #[cfg(feature = "bincode")]
    /// assert!(!BodyCodec::<serde_json::Value>::bincode().can_read_back());
    /// ```
    #[must_use]
    pub fn can_read_back(&self) -> bool {
        self.number != 2 || TypeId::of::<D>() != TypeId::of::<Value>()
    }
}

/// Encodes a body and decodes it again. For codecs other than JSON, only this shows whether the
/// type can be read back.
fn encode_and_read<D, C: Codec<D>>(body: &D, bytes: &mut Vec<u8>) -> Result<(), EncodeError> {
    let start = bytes.len();
    C::encode(body, bytes)?;
    let read = C::decode(bytes.get(start..).unwrap_or_default());
    read.map(drop).map_err(|cause| {
        let reason = format!(
            "its type cannot be read back from {}: write it as JSON, or write every field and tag \
             enums externally ({cause})",
            type_name::<C>()
        );
        EncodeError::new(reason).with_source(cause)
    })
}

impl<D> Clone for BodyCodec<D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D> Copy for BodyCodec<D> {}

impl<D> fmt::Debug for BodyCodec<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BodyCodec({} {})", self.number, self.name)
    }
}

/// Converts an encoded body from one schema version to the next or the one before.
pub(super) type Conversion = Arc<dyn Fn(&[u8]) -> AnyResult<Vec<u8>> + Send + Sync>;

/// A stored document.
///
/// ```
/// use arbour::documents::{DocId, Stored};
/// let ada = Stored { id: DocId::from("ada"), revision: 1, body: 1815 };
/// assert_eq!(ada.body, 1815);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Stored<D> {
    /// The id.
    pub id: DocId<'static>,
    /// The number of its last write, which each write increases by one. The first document of a
    /// collection starts at 1; a new one starts above the documents that were removed, so no
    /// revision of an id ever occurs twice.
    pub revision: u64,
    /// The document.
    pub body: D,
}

/// The result of a write.
///
/// ```
/// use arbour::documents::{DocId, Written};
/// let written = Written { id: DocId::from("ada"), revision: 1, is_new: true };
/// assert!(written.is_new);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The id of the document, including a generated one.
    pub id: DocId<'static>,
    /// The new revision of the document.
    pub revision: u64,
    /// Whether the document did not exist before.
    pub is_new: bool,
}
