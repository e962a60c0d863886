//! The body of a document, and how it is stored.

use std::any::{TypeId, type_name};
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::document::Document;
use super::{DocId, json_body};
use crate::codec::Codec;
use crate::{DecodeError, EncodeError};

/// How bodies are turned into bytes, and the number by which the stored bytes name it.
///
/// ```
/// use arbour_core::documents::BodyCodec;
/// let codec = BodyCodec::<u32>::json();
/// assert_eq!((codec.number, codec.name), (1, "JSON"));
/// ```
#[non_exhaustive]
pub struct BodyCodec<D> {
    /// 1 is JSON, 2 is bincode; 16 and more are a program's own.
    pub number: u8,
    /// What errors call it.
    pub name: &'static str,
    /// Appends the bytes of a body.
    pub encode: fn(&D, &mut Vec<u8>) -> Result<(), EncodeError>,
    /// Reads a body.
    pub decode: fn(&[u8]) -> Result<D, DecodeError>,
}

/// The lowest number of a codec that is none of Arbour's.
const OWN_NUMBER_MIN: u8 = 16;

impl<D: Document> BodyCodec<D> {
    /// JSON: readable, self-describing, and what SQL shows.
    ///
    /// ```
    /// # use arbour_core::documents::BodyCodec;
    /// assert_eq!((BodyCodec::<u32>::json().decode)(b"7").unwrap(), 7);
    /// ```
    #[must_use]
    pub fn json() -> Self {
        Self { number: 1, name: "JSON", encode: json_body::encode, decode: json_body::decode }
    }

    /// bincode: compact, for types that serde reads without looking at the data. A document that cannot
    /// be read back, as of a type that skips or flattens fields or has untagged enums, is refused when
    /// it is written; a `serde_json::Value` when the collection is opened.
    ///
    /// ```
    /// # use arbour_core::documents::BodyCodec;
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

    /// A codec of one's own, under a number of 16 or more that it keeps for ever; `None` for a lower
    /// one.
    ///
    /// ```
    /// use arbour_core::codec::Json;
    /// use arbour_core::documents::BodyCodec;
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

    /// Tells whether what it writes can be read again; false where that is known to fail.
    ///
    /// ```
    /// # use arbour_core::documents::BodyCodec;
    /// assert!(BodyCodec::<serde_json::Value>::json().can_read_back());
    /// # #[cfg(feature = "bincode")]
    /// assert!(!BodyCodec::<serde_json::Value>::bincode().can_read_back());
    /// ```
    #[must_use]
    pub fn can_read_back(&self) -> bool {
        self.number != 2 || TypeId::of::<D>() != TypeId::of::<Value>()
    }
}

/// Encodes a body and reads it again: of a codec other than JSON, only that tells whether the type can
/// be read from it.
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

/// Turns the bytes of a body of one schema version into those of the next.
///
/// ```
/// use arbour_core::documents::Upgrade;
/// let keep: Upgrade = std::sync::Arc::new(|body| Ok(body.to_vec()));
/// assert_eq!(keep(b"{}").unwrap(), b"{}");
/// ```
pub type Upgrade =
    Arc<dyn Fn(&[u8]) -> Result<Vec<u8>, Box<dyn StdError + Send + Sync>> + Send + Sync>;

/// A document as it is stored.
///
/// ```
/// use arbour_core::documents::{DocId, Stored};
/// let ada = Stored { id: DocId::from("ada"), revision: 1, body: 1815 };
/// assert_eq!(ada.body, 1815);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Stored<D> {
    /// The id.
    pub id: DocId<'static>,
    /// The number of its last write, one higher with each. The first document of a collection begins
    /// at 1; a new one begins above the documents that were removed, so that no revision of one id
    /// ever comes again.
    pub revision: u64,
    /// The document.
    pub body: D,
}

/// What a write did.
///
/// ```
/// use arbour_core::documents::{DocId, Written};
/// let written = Written { id: DocId::from("ada"), revision: 1, is_new: true };
/// assert!(written.is_new);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The id of the document, also where it was made.
    pub id: DocId<'static>,
    /// The revision the document has now.
    pub revision: u64,
    /// Whether there was no such document before.
    pub is_new: bool,
}
