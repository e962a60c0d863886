//! What a program may do with a store, and which mismatches between them it allows.

/// What the program may do with a store.
///
/// ```
/// use arbour::migrations::{Access, Migrations};
/// let report = Migrations::new("app", "1.2").run(&arbour::MemoryStore::new())?;
/// assert_eq!(report.access, Access::ReadWrite);
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Read and write.
    #[default]
    ReadWrite,
    /// Only read: a newer program has migrated the store. Reopen it read-only.
    ReadOnly,
}

/// The mismatches between a store and the program that do not refuse the run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowed {
    pub(super) edited: bool,
    pub(super) missing: bool,
    pub(super) out_of_order: bool,
    pub(super) late: bool,
    /// A store that a newer program has migrated, for reading.
    pub(super) newer: bool,
}

impl Default for Allowed {
    fn default() -> Self {
        Self { edited: false, missing: false, out_of_order: false, late: true, newer: false }
    }
}
