//! Policies for a journal that does not match the program.

/// What to do about a mismatch between a step and the journal.
///
/// ```
/// use arbour::migrations::{Migrations, Policy};
/// let lenient = Migrations::new("app", "1.2").edited(Policy::Allow);
/// # let _ = lenient;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Refuse to run.
    Refuse,
    /// Report it in the plan, and run the rest.
    Allow,
}

/// What to do about a store that a newer program has migrated.
///
/// ```
/// assert_eq!(arbour::migrations::Newer::default(), arbour::migrations::Newer::Refuse);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Newer {
    /// Fail.
    #[default]
    Refuse,
    /// Allow reading, if the steps this program does not know permit it. The report then tells the
    /// program not to write.
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
    /// Only read: a newer program has migrated the store. Reopen it read-only.
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
