//! The status of a collection: the states of its indexes, the progress of a build, the result of a
//! scrub, and changes.

use super::{DocId, IndexState};

/// The state of an index in a store.
///
/// ```
/// use arbour::documents::{IndexState, IndexStatus};
/// let status = IndexStatus { name: "size".into(), state: IndexState::Readable };
/// assert!(status.state.is_complete());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexStatus {
    /// The index.
    pub name: String,
    /// Its state.
    pub state: IndexState,
}

/// The result of a scrub.
///
/// ```
/// use arbour::documents::ScrubReport;
/// assert!(ScrubReport::default().is_clean());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScrubReport {
    /// How many documents were checked.
    pub documents: u64,
    /// How many index entries were checked.
    pub entries: u64,
    /// The missing entries: the index and the document of the first hundred.
    pub missing: Vec<(String, DocId<'static>)>,
    /// How many entries were missing.
    pub missing_count: u64,
    /// The entries that match no document: the index and the escaped key of the first hundred.
    pub dangling: Vec<(String, String)>,
    /// How many entries are dangling.
    pub dangling_count: u64,
    /// The errors of the first hundred documents that cannot be decoded. Their entries are left
    /// unchanged.
    pub unreadable: Vec<String>,
    /// How many documents cannot be decoded.
    pub unreadable_count: u64,
}

impl ScrubReport {
    /// Tells whether nothing was found.
    ///
    /// ```
    /// # use arbour::documents::ScrubReport;
    /// assert_eq!(ScrubReport::default().documents, 0);
    /// ```
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.missing_count == 0 && self.dangling_count == 0 && self.unreadable_count == 0
    }
}

/// A change of a document.
///
/// ```
/// use arbour::documents::{Change, DocId};
/// let change = Change { position: 1, id: DocId::from("ada"), revision: Some(1) };
/// assert!(!change.is_removal());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its position: one more than that of the previous change.
    pub position: u64,
    /// The document.
    pub id: DocId<'static>,
    /// The revision after the change; `None` if the document was removed.
    pub revision: Option<u64>,
}

impl Change {
    /// Tells whether the document was removed.
    ///
    /// ```
    /// # use arbour::documents::{Change, DocId};
    /// assert!(Change { position: 1, id: DocId::from("ada"), revision: None }.is_removal());
    /// ```
    #[must_use]
    pub fn is_removal(&self) -> bool {
        self.revision.is_none()
    }
}
