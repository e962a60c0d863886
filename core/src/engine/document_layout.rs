//! Where documents are stored, and how they are encoded. `arbour::documents` writes them; an engine
//! reads them if it shows them to its own tools, as the SQLite engine does in views.
//!
//! | tree | key | value |
//! |---|---|---|
//! | `arbour/meta` | `store id` | 16 random bytes |
//! | `arbour/catalog` | `collection` FF name | the declaration as it was last opened, and the state of each index |
//! | `arbour/catalog` | `highest id` FF name | the highest integer id of the removed documents |
//! | `arbour/catalog` | `highest revision` FF name | the highest revision of the removed documents, in eight bytes |
//! | `arbour/doc/COLLECTION` | id | header, body |
//! | `arbour/index/COLLECTION/INDEX` | values FF id | empty |
//! | `arbour/index/COLLECTION/INDEX` | start of a long entry FF FF SHA-256 | values FF id |
//! | `arbour/feed/COLLECTION` | position | the change |
//! | `arbour/feed-ack/COLLECTION` | subscriber | position |
//! | `arbour/feed-ack/COLLECTION` | empty, or FF if the store refuses the empty key | the position of the last trimmed change |
//! | `arbour/unchecked/COLLECTION` | id | empty: the document was written while an upgrade checked all |
//!
//! Every value begins with a format byte, except for empty ones and the highest id. The header of a document has a fixed
//! length, so that SQL can cut it off.

use crate::DecodeError;

/// The tree of the store's own properties.
pub const META_TREE: &str = "arbour/meta";

/// The tree of declarations.
pub const CATALOG_TREE: &str = "arbour/catalog";

/// The maximum length of the name of a collection or an index, in bytes: two of them fit into the
/// name of a tree.
pub const NAME_BYTES_MAX: usize = 100;

/// The first byte of values in the only format so far.
pub const FORMAT: u8 = 1;

/// The number of the codec whose bodies are JSON text.
pub const JSON_CODEC: u8 = 1;

/// The length of a document's [`Header`], in bytes.
pub const HEADER_BYTES: usize = 14;

/// Returns the name of the tree with the documents of a collection.
///
/// ```
/// use arbour_core::engine::document_layout::documents_tree;
/// assert_eq!(documents_tree("users"), "arbour/doc/users");
/// ```
#[must_use]
pub fn documents_tree(collection: &str) -> String {
    format!("arbour/doc/{collection}")
}

/// Returns the name of the tree with the entries of an index.
///
/// ```
/// use arbour_core::engine::document_layout::index_tree;
/// assert_eq!(index_tree("users", "email"), "arbour/index/users/email");
/// ```
#[must_use]
pub fn index_tree(collection: &str, index: &str) -> String {
    format!("arbour/index/{collection}/{index}")
}

/// Returns the name of the tree with the changes of a collection.
///
/// ```
/// assert_eq!(arbour_core::engine::document_layout::feed_tree("users"), "arbour/feed/users");
/// ```
#[must_use]
pub fn feed_tree(collection: &str) -> String {
    format!("arbour/feed/{collection}")
}

/// Returns the name of the tree with the positions that subscribers have acknowledged.
///
/// ```
/// assert_eq!(arbour_core::engine::document_layout::feed_ack_tree("users"), "arbour/feed-ack/users");
/// ```
#[must_use]
pub fn feed_ack_tree(collection: &str) -> String {
    format!("arbour/feed-ack/{collection}")
}

/// Returns the name of the tree with the ids of the documents that were written while an upgrade
/// checked all documents of a collection.
///
/// ```
/// use arbour_core::engine::document_layout::unchecked_tree;
/// assert_eq!(unchecked_tree("users"), "arbour/unchecked/users");
/// ```
#[must_use]
pub fn unchecked_tree(collection: &str) -> String {
    format!("arbour/unchecked/{collection}")
}

/// Precedes the body of a stored document: the format, the codec, the schema version in four bytes
/// and the revision in eight, both big-endian.
///
/// ```
/// use arbour_core::engine::document_layout::Header;
/// let header = Header { codec: 1, schema: 2, revision: 3 };
/// let mut value = Vec::new();
/// header.encode(&mut value);
/// value.extend_from_slice(b"{}");
/// assert_eq!(Header::split(&value)?, (header, &b"{}"[..]));
/// # Ok::<(), arbour_core::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The number of the body's codec.
    pub codec: u8,
    /// The schema version of the body.
    pub schema: u32,
    /// The revision of the document.
    pub revision: u64,
}

impl Header {
    /// Appends the header.
    ///
    /// ```
    /// use arbour_core::engine::document_layout::{HEADER_BYTES, Header};
    /// let mut value = Vec::new();
    /// Header { codec: 1, schema: 1, revision: 1 }.encode(&mut value);
    /// assert_eq!(value.len(), HEADER_BYTES);
    /// ```
    #[inline]
    pub fn encode(self, value: &mut Vec<u8>) {
        value.extend_from_slice(&[FORMAT, self.codec]);
        value.extend_from_slice(&self.schema.to_be_bytes());
        value.extend_from_slice(&self.revision.to_be_bytes());
    }

    /// Decodes the header of a value, and returns the body after it.
    ///
    /// # Errors
    /// A [`DecodeError`] if the value is shorter than a header, or has another format.
    ///
    /// ```
    /// use arbour_core::engine::document_layout::Header;
    /// assert!(Header::split(b"short").is_err());
    /// ```
    #[inline]
    pub fn split(value: &[u8]) -> Result<(Self, &[u8]), DecodeError> {
        match value {
            [FORMAT, codec, s0, s1, s2, s3, r0, r1, r2, r3, r4, r5, r6, r7, body @ ..] => {
                let schema = u32::from_be_bytes([*s0, *s1, *s2, *s3]);
                let revision = u64::from_be_bytes([*r0, *r1, *r2, *r3, *r4, *r5, *r6, *r7]);
                Ok((Self { codec: *codec, schema, revision }, body))
            }
            [FORMAT, ..] | [] => Err(DecodeError::new(
                format!("a header of {HEADER_BYTES} bytes"),
                value.len().to_string(),
            )),
            [format, ..] => Err(DecodeError::new("format 1", format!("format {format}"))),
        }
    }
}
