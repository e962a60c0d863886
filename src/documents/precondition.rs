//! Conditions for writes.

/// A condition for a write.
///
/// ```
/// use arbour::documents::Precondition;
/// assert_eq!(Precondition::default(), Precondition::None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precondition {
    /// No condition.
    #[default]
    None,
    /// The document does not exist; otherwise [`Exists`](super::DocError::Exists).
    Absent,
    /// The document exists; otherwise [`Missing`](super::DocError::Missing).
    Present,
    /// The document is at this revision; otherwise [`Revision`](super::DocError::Revision), with the
    /// current document.
    Revision(u64),
}
