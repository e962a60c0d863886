//! The mismatches between a store and a program that it allows.

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
