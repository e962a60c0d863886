//! What a transaction that writes documents knows of the highest key among them.

/// What is known about the highest key of a collection.
pub(super) enum HighestKey {
    /// Nothing: the first write looks its document up.
    Unknown,
    /// Not read yet, but worth reading, because more than one document is written.
    Wanted,
    /// No document has a higher key.
    Known(Vec<u8>),
}
