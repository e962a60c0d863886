//! Why something with documents was refused or failed.

use serde_json::Value;

use super::{DocId, IndexState};
use crate::{Cause, Error};

/// The result of an operation on documents.
///
/// ```
/// use arbour_core::documents::{DocError, DocResult};
/// fn fails() -> DocResult<()> {
///     Err(DocError::Invalid { collection: "notes".into(), reason: "it has no name".into() })
/// }
/// assert!(fails().is_err());
/// ```
pub type DocResult<T> = Result<T, DocError>;

/// Why something with documents was refused or failed.
///
/// A refused write has written nothing, and the transaction goes on.
///
/// ```
/// use arbour_core::documents::{DocError, DocId};
/// let error = DocError::Exists { collection: "users".into(), id: DocId::from("ada") };
/// assert!(error.to_string().starts_with(r#"users: there is a document "ada" already"#));
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocError {
    /// The store failed or refused; see [`Error::kind`].
    #[error(transparent)]
    Store(#[from] Error),

    /// The declaration, a query or a call can never succeed as it is: correct it.
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
        /// What was named.
        field: String,
        /// What could have been.
        known: Vec<String>,
    },

    /// The document to insert, or the id to change to, is there already.
    #[error("{collection}: there is a document \"{id}\" already: update it, or use another id")]
    Exists {
        /// The collection.
        collection: String,
        /// The id.
        id: DocId<'static>,
    },

    /// The document to change is not there.
    #[error("{collection}: there is no document \"{id}\": insert it first")]
    Missing {
        /// The collection.
        collection: String,
        /// The id.
        id: DocId<'static>,
    },

    /// The document was changed since: look at it as it is now, and decide anew.
    #[error(
        "{collection}: \"{id}\" is at revision {actual}, not at {expected}: it was changed \
             meanwhile, so read it again and decide anew"
    )]
    Revision {
        /// The collection.
        collection: String,
        /// The id.
        id: DocId<'static>,
        /// The revision the caller knew.
        expected: u64,
        /// The revision it is at; 0 if it is not there.
        actual: u64,
        /// The document as it is now, as serde would write it in JSON; null if it is not there.
        current: Box<Value>,
    },

    /// Another document has the same values in a unique index.
    #[error("{collection}: {} {} is taken by \"{holder}\": use another value, or change that \
             document first", .fields.join(", "), shown(.values))]
    Unique {
        /// The collection.
        collection: String,
        /// The fields of the index.
        fields: Vec<String>,
        /// Their values.
        values: Vec<Value>,
        /// The document that has them.
        holder: DocId<'static>,
    },

    /// The document lacks a field that is required.
    #[error("{collection}: {field:?} is required, and the document has none: give it a value")]
    Required {
        /// The collection.
        collection: String,
        /// The field.
        field: String,
    },

    /// A field has a value that it may not have.
    #[error("{collection}: {field:?} must be {expected}, not {}: correct the document, or declare \
             the field otherwise", brief(.found))]
    WrongType {
        /// The collection.
        collection: String,
        /// The field.
        field: String,
        /// What it may be.
        expected: &'static str,
        /// What it is.
        found: Box<Value>,
    },

    /// A filter or a sum asks a field for what its declaration excludes.
    #[error(
        "{collection}: the field {field:?} is declared to hold {declared}, and is asked for \
             {asked}: ask for what it holds, or declare it otherwise"
    )]
    KindMismatch {
        /// The collection.
        collection: String,
        /// The field.
        field: String,
        /// What it holds.
        declared: &'static str,
        /// What it was asked for.
        asked: &'static str,
    },

    /// A sum or an average is beyond the numbers that hold it.
    #[error(
        "{collection}: the sum of {field:?} is beyond {range}: sum over fewer documents, or add \
             up its values in a type of your own"
    )]
    SumRange {
        /// The collection.
        collection: String,
        /// The field.
        field: String,
        /// What holds a sum.
        range: &'static str,
    },

    /// A cursor is none, was changed on its way, or belongs to another query or store.
    #[error("{collection}: the cursor {reason}: begin anew without it")]
    Cursor {
        /// The collection.
        collection: String,
        /// What is wrong.
        reason: &'static str,
    },

    /// The query would read every document, and the caller forbids that.
    #[error("{collection}: no index answers the query, and reading all documents is forbidden: \
             declare an index over {}", .fields.join(" or "))]
    FullScan {
        /// The collection.
        collection: String,
        /// The fields that are filtered or sorted by.
        fields: Vec<String>,
    },

    /// A stored document cannot be read. The others can.
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
        /// Why not.
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
        /// The version this program declares.
        known: u32,
    },

    /// A document cannot be turned into bytes that can be read again, or JSON into a document.
    #[error("{collection}: the document does not fit: {cause}")]
    Unfit {
        /// The collection.
        collection: String,
        /// Why not.
        #[source]
        cause: Cause,
    },

    /// The collection was declared otherwise since it was opened here: open it again.
    #[error(
        "{collection}: another declaration has replaced the one it was opened with: open it \
             again"
    )]
    Redeclared {
        /// The collection.
        collection: String,
    },

    /// An index cannot be used in the state it is in.
    #[error("{collection}: the index {index:?} is {state:?}: build it")]
    IndexState {
        /// The collection.
        collection: String,
        /// The index.
        index: String,
        /// Its state.
        state: IndexState,
    },

    /// An index leads to a document that is not there: scrub the collection.
    #[error("{collection}: the index {index:?} leads to \"{id}\", which is not there: scrub it")]
    Dangling {
        /// The collection.
        collection: String,
        /// The index.
        index: String,
        /// The document.
        id: DocId<'static>,
    },

    /// The changes asked for were trimmed: read all documents, and follow from the newest change.
    #[error(
        "{collection}: changes up to {oldest} were trimmed, and those after {asked} are asked \
             for: read all documents, and follow from the newest change"
    )]
    Trimmed {
        /// The collection.
        collection: String,
        /// The position asked for.
        asked: u64,
        /// The last position that was trimmed.
        oldest: u64,
    },

    /// A position that the feed does not have yet was to be acknowledged. Nothing was written.
    #[error(
        "{collection}: the subscriber {subscriber:?} cannot acknowledge position {asked}, because \
             the newest change is {newest}: acknowledge only what was read from this feed"
    )]
    Beyond {
        /// The collection.
        collection: String,
        /// The subscriber.
        subscriber: String,
        /// The position that was to be acknowledged.
        asked: u64,
        /// The position of the newest change.
        newest: u64,
    },
}

fn shown(values: &[Value]) -> String {
    values.iter().map(brief).collect::<Vec<_>>().join(", ")
}

/// Shows a value in JSON, and of a long one only its beginning.
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
    use crate::{Cause, DecodeError};

    #[test]
    fn the_source_is_what_is_behind_and_can_be_asked_for() {
        let cause = Cause::new(DecodeError::new("4 bytes", "3"));
        let error = DocError::Unfit { collection: "people".to_owned(), cause };
        assert!(error.source().unwrap().is::<DecodeError>());
    }
}
