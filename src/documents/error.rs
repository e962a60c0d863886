//! Errors of the document layer.

use arbour_core::{Cause, Error, ErrorKind};
use serde_json::Value;

use super::{DocId, IndexState};

/// Why the document layer refused a call. [`Error::downcast_ref`] returns it.
///
/// A refused write has written nothing, and the transaction can continue.
///
/// ```
/// use arbour::KvStore;
/// use arbour::documents::{Collection, Declaration, DocError};
/// use serde_json::{Value, json};
/// let store = arbour::MemoryStore::new();
/// let users = Collection::open(&store, Declaration::<Value>::new("users"))?;
/// store.write(|transaction| users.insert(transaction, json!({"id": "ada"})))?;
///
/// let refused = store.write(|transaction| users.insert(transaction, json!({"id": "ada"})));
/// let error = refused.unwrap_err();
/// assert_eq!(error.kind(), arbour::ErrorKind::Exists);
/// match error.downcast_ref() {
///     Some(DocError::Exists { id, .. }) => assert_eq!(id.to_string(), "ada"),
///     _ => return Err(error),
/// }
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocError {
    /// The declaration, a query or a call is invalid and would fail again: correct it.
    #[error("{collection}: {reason}")]
    Invalid {
        /// The collection.
        collection: String,
        /// What is wrong.
        reason: String,
    },

    /// A filter, sort or aggregate names a field that is not declared.
    #[error("{collection}: there is no field {field:?}: declare it, or use one of {}",
            .known.join(", "))]
    UnknownField {
        /// The collection.
        collection: String,
        /// The field that was named.
        field: String,
        /// The fields that exist.
        known: Vec<String>,
    },

    /// The document to insert, or the id to change to, already exists.
    #[error("{collection}: there is a document \"{id}\" already: update it, or use another id")]
    Exists {
        /// The collection.
        collection: String,
        /// The id.
        id: DocId<'static>,
    },

    /// The document to change does not exist.
    #[error("{collection}: there is no document \"{id}\": insert it first")]
    Missing {
        /// The collection.
        collection: String,
        /// The id.
        id: DocId<'static>,
    },

    /// The document was changed meanwhile: read it again, and decide again.
    #[error(
        "{collection}: \"{id}\" is at revision {actual}, not at {expected}: it was changed \
             meanwhile, so read it again and decide anew"
    )]
    Revision {
        /// The collection.
        collection: String,
        /// The id.
        id: DocId<'static>,
        /// The revision the caller expected.
        expected: u64,
        /// The revision it is at; 0 if it does not exist.
        actual: u64,
        /// The current document, as serde would write it in JSON; null if it does not exist.
        current: Box<Value>,
    },

    /// Another document has the same values in a unique index.
    #[error("{collection}: {} {} is taken by \"{holder}\"{}: use another value, or change that \
             document first", .fields.join(", "), shown(.values), by_other(.foreign_index.as_deref()))]
    Unique {
        /// The collection.
        collection: String,
        /// The fields of the index.
        fields: Vec<String>,
        /// Their values.
        values: Vec<Value>,
        /// The document that has them.
        holder: DocId<'static>,
        /// The name of the index, if this program does not declare it but another one did.
        foreign_index: Option<String>,
    },

    /// The document lacks a field that is required.
    #[error("{collection}: {field:?} is required, and the document has none: give it a value")]
    Required {
        /// The collection.
        collection: String,
        /// The field.
        field: String,
    },

    /// A field has a value of a type that it does not allow.
    #[error("{collection}: {field:?} must be {expected}, not {}: correct the document, or declare \
             the field otherwise", brief(.found))]
    WrongType {
        /// The collection.
        collection: String,
        /// The field.
        field: String,
        /// The allowed type.
        expected: &'static str,
        /// The value found.
        found: Box<Value>,
    },

    /// A filter or a sum uses a field with a type that its declaration excludes.
    #[error(
        "{collection}: the field {field:?} is declared to hold {declared}, and is asked for \
             {asked}: ask for what it holds, or declare it otherwise"
    )]
    KindMismatch {
        /// The collection.
        collection: String,
        /// The field.
        field: String,
        /// The declared type.
        declared: &'static str,
        /// The requested type.
        asked: &'static str,
    },

    /// A sum or an average exceeds the range of its number type.
    #[error(
        "{collection}: the sum of {field:?} is beyond {range}: sum over fewer documents, or add \
             up its values in a type of your own"
    )]
    SumRange {
        /// The collection.
        collection: String,
        /// The field.
        field: String,
        /// The range of sums.
        range: &'static str,
    },

    /// A cursor is invalid, was changed in transit, or belongs to another query or store.
    #[error("{collection}: the cursor {reason}: begin anew without it")]
    Cursor {
        /// The collection.
        collection: String,
        /// What is wrong.
        reason: &'static str,
    },

    /// The query would read every document, which the caller forbids.
    #[error("{collection}: no index answers the query, and reading all documents is forbidden: \
             declare an index over {}", .fields.join(" or "))]
    FullScan {
        /// The collection.
        collection: String,
        /// The fields that are filtered or sorted by.
        fields: Vec<String>,
    },

    /// A stored document cannot be decoded. Other documents are not affected.
    #[error(
        "{collection}: the document at key \"{key}\" of tree {tree:?} cannot be read ({cause}): \
             store it again, or remove it"
    )]
    Undecodable {
        /// The collection.
        collection: String,
        /// The tree.
        tree: String,
        /// The key, escaped.
        key: String,
        /// The cause.
        #[source]
        cause: Cause,
    },

    /// A stored document was written by a newer program: upgrade this one.
    #[error(
        "{collection}: \"{id}\" has schema version {stored}, and this program knows {known}: \
             upgrade the program"
    )]
    TooNew {
        /// The collection.
        collection: String,
        /// The document.
        id: DocId<'static>,
        /// The version it was written with.
        stored: u32,
        /// The newest version this program declares.
        known: u32,
    },

    /// Programs of this schema version can no longer use the collection: a later program has
    /// [finished its upgrade](super::Collection::finish_upgrade). Start that program, or go back to the
    /// backup made before.
    #[error(
        "{collection}: the store is at schema version {stored}, and this program knows {known}: \
             start the later program, or restore the backup made before its finish_upgrade"
    )]
    Upgraded {
        /// The collection.
        collection: String,
        /// The version that the store is at.
        stored: u32,
        /// The version this program declares.
        known: u32,
    },

    /// The store is at an earlier schema version, in which this program cannot write documents, because
    /// it declares no [downgrade](super::Declaration::downgrade).
    #[error(
        "{collection}: the store is at schema version {stored}, and documents of version {known} \
             have no downgrade to it: declare one, or call finish_upgrade, which ends the use of \
             earlier programs"
    )]
    NotUpgraded {
        /// The collection.
        collection: String,
        /// The version that the store is at.
        stored: u32,
        /// The version this program declares.
        known: u32,
    },

    /// A document cannot be stored in the earlier schema version that the store is at.
    #[error(
        "{collection}: \"{id}\" cannot be stored in schema version {to}, which the store is at \
             ({cause}): change the document, or call finish_upgrade, which ends the use of earlier \
             programs"
    )]
    Downgrade {
        /// The collection.
        collection: String,
        /// The document.
        id: DocId<'static>,
        /// The version that the store is at.
        to: u32,
        /// The cause.
        #[source]
        cause: Cause,
    },

    /// A document cannot be encoded in a form that can be read back, or JSON does not fit the type
    /// of the documents.
    #[error("{collection}: the document does not fit: {cause}")]
    Unfit {
        /// The collection.
        collection: String,
        /// The cause.
        #[source]
        cause: Cause,
    },

    /// The collection was declared since it was opened here in a way that this handle cannot follow: with
    /// a feed or without one. Open it again.
    #[error(
        "{collection}: another declaration has replaced the one it was opened with: open it \
             again"
    )]
    Redeclared {
        /// The collection.
        collection: String,
    },

    /// The collection is being dropped, and some of its documents are gone.
    #[error(
        "{collection}: it is being dropped, and some of its documents are gone: complete that by \
             drop_collection, then open it anew"
    )]
    Dropping {
        /// The collection.
        collection: String,
    },

    /// The state of an index does not allow the operation.
    #[error("{collection}: the index {index:?} is {state:?}: build it")]
    IndexState {
        /// The collection.
        collection: String,
        /// The index.
        index: String,
        /// Its state.
        state: IndexState,
    },

    /// An index points to a document that does not exist: scrub the collection.
    #[error("{collection}: the index {index:?} leads to \"{id}\", which is not there: scrub it")]
    Dangling {
        /// The collection.
        collection: String,
        /// The index.
        index: String,
        /// The document.
        id: DocId<'static>,
    },

    /// The requested changes were trimmed: read all documents, and follow from the newest change.
    #[error(
        "{collection}: changes up to {oldest} were trimmed, and those after {asked} are asked \
             for: read all documents, and follow from the newest change"
    )]
    Trimmed {
        /// The collection.
        collection: String,
        /// The requested position.
        asked: u64,
        /// The last position that was trimmed.
        oldest: u64,
    },

    /// A position after the newest change cannot be acknowledged. Nothing was written.
    #[error(
        "{collection}: the subscriber {subscriber:?} cannot acknowledge position {asked}, because \
             the newest change is {newest}: acknowledge only what was read from this feed"
    )]
    Beyond {
        /// The collection.
        collection: String,
        /// The subscriber.
        subscriber: String,
        /// The position to acknowledge.
        asked: u64,
        /// The position of the newest change.
        newest: u64,
    },
}

impl DocError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Exists { .. } | Self::Unique { .. } => ErrorKind::Exists,
            Self::Missing { .. } | Self::Trimmed { .. } => ErrorKind::Missing,
            Self::Revision { .. } | Self::Redeclared { .. } | Self::Dropping { .. } => {
                ErrorKind::Stale
            }
            Self::Undecodable { .. } => ErrorKind::Decode,
            Self::TooNew { .. } | Self::Upgraded { .. } => ErrorKind::TooNew,
            Self::Dangling { .. } => ErrorKind::Corrupted,
            Self::Invalid { .. }
            | Self::UnknownField { .. }
            | Self::Required { .. }
            | Self::WrongType { .. }
            | Self::KindMismatch { .. }
            | Self::SumRange { .. }
            | Self::Cursor { .. }
            | Self::FullScan { .. }
            | Self::Unfit { .. }
            | Self::NotUpgraded { .. }
            | Self::Downgrade { .. }
            | Self::IndexState { .. }
            | Self::Beyond { .. } => ErrorKind::InvalidArgument,
        }
    }
}

impl From<DocError> for Error {
    fn from(error: DocError) -> Self {
        Self::layered(error.kind(), error)
    }
}

/// Tells whether an error concerns only one document, so that the others can still be read.
pub(super) fn is_of_document(error: &Error) -> bool {
    matches!(
        error.downcast_ref(),
        Some(DocError::Undecodable { .. } | DocError::TooNew { .. } | DocError::Dangling { .. })
    )
}

/// Says that another program declared an index.
fn by_other(index: Option<&str>) -> String {
    index.map_or_else(String::new, |index| {
        format!(", and another program declared that the index {index:?} is unique")
    })
}

fn shown(values: &[Value]) -> String {
    values.iter().map(brief).collect::<Vec<_>>().join(", ")
}

/// Formats a value as JSON, shortened if it is long.
fn brief(value: &Value) -> String {
    const CHARACTERS_SHOWN: usize = 60;
    let text = super::json_form::number(value).unwrap_or_else(|| value.to_string());
    match text.char_indices().nth(CHARACTERS_SHOWN) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::DocError;
    use arbour_core::{Cause, DecodeError};

    #[test]
    fn the_source_is_what_is_behind_and_can_be_asked_for() {
        let cause = Cause::new(DecodeError::new("4 bytes", "3"));
        let error = DocError::Unfit { collection: "people".to_owned(), cause };
        assert!(error.source().unwrap().is::<DecodeError>());
    }
}
