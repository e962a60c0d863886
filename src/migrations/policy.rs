//! What is made of a journal that does not fit the program.

/// What is made of a step that does not fit the journal.
///
/// ```
/// use arbour::migrations::{Migrations, Policy};
/// let lenient = Migrations::new("app", "1.2").edited(Policy::Allow);
/// # let _ = lenient;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Nothing runs.
    Refuse,
    /// It is told in the plan, and the rest runs.
    Allow,
}

/// What is made of a store that a newer program has migrated.
///
/// ```
/// assert_eq!(arbour::migrations::Newer::default(), arbour::migrations::Newer::Refuse);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Newer {
    /// It is an error.
    #[default]
    Refuse,
    /// The program may read it, if the steps it does not know say so, and is told not to write.
    ReadOnly,
}

/// What the program may do with a store.
///
/// ```
/// use arbour::migrations::{Access, Migrations};
/// let report = Migrations::new("app", "1.2").run(&arbour::MemoryStore::new())?;
/// assert_eq!(report.access, Access::ReadWrite);
/// # Ok::<(), arbour::migrations::MigrationError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Read and write.
    #[default]
    ReadWrite,
    /// Only read: a newer program has migrated it. Open it anew, for reading only.
    ReadOnly,
}

/// The policies of a program.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policies {
    pub(super) edited: Policy,
    pub(super) missing: Policy,
    pub(super) out_of_order: Policy,
    pub(super) late: Policy,
    pub(super) newer: Newer,
}

impl Default for Policies {
    fn default() -> Self {
        Self {
            edited: Policy::Refuse,
            missing: Policy::Refuse,
            out_of_order: Policy::Refuse,
            late: Policy::Allow,
            newer: Newer::Refuse,
        }
    }
}
