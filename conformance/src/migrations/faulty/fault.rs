//! The faults, each with the case meant for it, and how each changes what is written.

use arbour::migrations::layout::{BEGUN_TREE, JOURNAL_TREE, LEASE_TREE, seal};

/// Passes the list of faults to another macro of this crate, after the given tokens. The enum and
/// one named test for each fault come from it.
#[doc(hidden)]
#[macro_export]
macro_rules! __migration_faults {
    ($then:ident $($before:tt)*) => {
        $crate::$then! {
            $($before)*
            /// No record of what ran is stored: it runs again.
            JournalForgotten "journal::runs_once",
            /// The head is not stored.
            HeadForgotten "journal::one_read_when_done",
            /// Entries are not stored, and the head is.
            EntryForgotten "journal::says_what_ran",
            /// The progress of a step is not stored: it starts over.
            CursorForgotten "chunks::resumes_at_cursor",
            /// The progress of a step is stored once, and later progress is not.
            CursorStands "failures::failed_chunk_keeps_those_before",
            /// The last entry of a chunk is not stored, but the cursor is after it.
            LastOfChunkLost "chunks::own_cursors",
            /// The journal is committed by itself: it stays even if the changes do not.
            JournalApart "fixtures::same_end_wherever_it_breaks",
            /// The changes are committed by themselves: they stay even if the journal does not.
            ChangesApart "failures::error_keeps_nothing",
            /// An undone step stays in the journal.
            DownKeepsEntry "downs::undoes_in_opposite_order",
            /// Deleted entries stay.
            DeletesForgotten "order::chain_from_every_version",
            /// Deleted ranges stay.
            RangesStay "chunks::deleted_ahead_is_not_visited",
            /// Index entries of the values that a document had before stay.
            OldIndexEntriesStay "documents::changed_through_their_collection",
            /// The steps that a run sets out to run are not stored.
            BegunForgotten "abandon::both_ends_from_every_commit",
            /// A step that is undone in part is still recorded as done.
            UndoneStaysDone "abandon::both_ends_from_every_commit",
            /// It is not stored that a step is compatible.
            CompatibleForgotten "deploys::step_with_undo",
            /// The store does not tell its limits.
            LimitsUntold "limits::long_names_refused",
            /// The holder of the lease is not stored.
            LeaseForgotten "runners::two_runners_one_applies",
            /// A lease expires as soon as it is taken.
            LeaseRunsOut "runners::busy_after_the_wait",
            /// A lease never expires.
            LeaseEndless "runners::dead_runner_is_succeeded",
            /// A lease is not released.
            LeaseKept "runners::next_runner_need_not_wait",
            /// The epoch of a lease is not raised.
            EpochStands "journal::says_what_ran",
            /// A takeover is not noticed: a lease that is held is not overwritten.
            TakeoverForgotten "runners::fenced_runner_keeps_nothing",
        }
    };
}

crate::__migration_faults! {
    __define_faults
    /// A fault of a store; see the [module](super).
    ///
    /// ```
    /// use arbour_conformance::migrations::faulty::MigrationFault;
    /// assert_eq!(MigrationFault::JournalForgotten.case(), "journal::runs_once");
    /// ```
    MigrationFault;
}

/// What happens to a put.
pub(super) enum Fate {
    Kept,
    Dropped,
    /// The last put to a tree of the application is undone, and this one is made.
    TakesLast,
    Changed(Vec<u8>),
}

const HEAD_KEY: &[u8] = &[0xff];

impl MigrationFault {
    /// Decides about a put, given the current value.
    pub(super) fn put(self, tree: &str, key: &[u8], value: &[u8], before: Option<&[u8]>) -> Fate {
        let is_journal = tree == JOURNAL_TREE;
        let is_head = is_journal && key == HEAD_KEY;
        let is_lease = tree == LEASE_TREE;
        // The state of an entry: 0 if it is in progress.
        let is_running = is_journal && !is_head && value.get(33) == Some(&0);
        let is_dropped = match self {
            Self::JournalForgotten => is_journal,
            Self::HeadForgotten => is_head,
            Self::EntryForgotten => is_journal && !is_head,
            Self::CursorForgotten => is_running,
            Self::BegunForgotten => tree == BEGUN_TREE,
            Self::UndoneStaysDone => {
                is_running && before.is_some_and(|before| before.get(33) == Some(&1))
            }
            Self::CursorStands => is_running && before.is_some(),
            Self::LeaseForgotten => is_lease,
            Self::LeaseKept => is_lease && until(value) == Some(0),
            Self::TakeoverForgotten => {
                is_lease
                    && before.is_some_and(|before| until(before).is_some_and(|until| until > 0))
            }
            _ => false,
        };
        if is_dropped {
            return Fate::Dropped;
        }
        match self {
            Self::CompatibleForgotten if is_journal && !is_head => {
                changed(key, value, 95, &[0; 10])
            }
            Self::LastOfChunkLost if is_running => Fate::TakesLast,
            Self::LeaseRunsOut if is_lease => changed(key, value, 9, &1_i64.to_be_bytes()),
            Self::LeaseEndless if is_lease && until(value) != Some(0) => {
                let mut endless = value.to_vec();
                write_at(&mut endless, 17, &u64::MAX.to_be_bytes());
                changed(key, &endless, 9, &i64::MAX.to_be_bytes())
            }
            Self::EpochStands if is_lease => changed(key, value, 1, &1_u64.to_be_bytes()),
            _ => Fate::Kept,
        }
    }

    /// Tells whether a deletion is not made.
    pub(super) fn keeps(self, tree: &str, is_range: bool) -> bool {
        match self {
            Self::DownKeepsEntry => tree == JOURNAL_TREE,
            Self::DeletesForgotten => !is_range && !tree.starts_with("arbour/"),
            Self::OldIndexEntriesStay => !is_range && tree.starts_with("arbour/index/"),
            Self::RangesStay => is_range,
            _ => false,
        }
    }

    /// Tells whether a put stays even if its transaction is rolled back.
    pub(super) fn outlives(self, tree: &str) -> bool {
        match self {
            Self::JournalApart => tree == JOURNAL_TREE,
            Self::ChangesApart => !tree.starts_with("arbour/"),
            _ => false,
        }
    }
}

/// The time until which a lease is held, in milliseconds since 1970.
fn until(value: &[u8]) -> Option<i64> {
    Some(i64::from_be_bytes(*value.get(9..)?.first_chunk()?))
}

fn write_at(value: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = value.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}

/// Changes bytes of a value, and updates its checksum.
fn changed(key: &[u8], value: &[u8], at: usize, bytes: &[u8]) -> Fate {
    let mut body = value.get(..value.len().saturating_sub(8)).unwrap_or_default().to_vec();
    write_at(&mut body, at, bytes);
    Fate::Changed(seal(key, body))
}
