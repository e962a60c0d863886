//! The faults, each with the case meant for it, and what each does to what is written.

use arbour_core::DecodeError;

/// Hands the list of faults to another macro, so that the variants, their cases and the tests that
/// each come from it.
#[doc(hidden)]
#[macro_export]
macro_rules! __event_faults {
    ($then:ident) => {
        $then! {
            /// Of events that are appended together the second is not kept.
            SecondOfBatchLost "log::several_streams_atomic",
            /// The newest version of a stream is not kept: each event is its first.
            StreamHeadForgotten "log::expected_versions",
            /// What a key was used for is not kept.
            KeyForgotten "log::key_repeats_original",
            /// Which events a stream has is not kept.
            StreamEntryLost "reads::reads_at_every_bound",
            /// When all events were given up, positions begin again: as SQLite's do, without AUTOINCREMENT.
            PositionsReused "log::goes_on_behind_what_was_given_up",
            /// Events that were given up stay.
            TrimKeepsEvents "log::goes_on_behind_what_was_given_up",
            /// Positions have 31 bits, as strato-db's do.
            PositionsOf31Bits "log::positions_beyond_32_bits",
            /// The clock is not kept: time goes back with the machine's.
            ClockForgotten "log::clock_never_goes_back",
            /// The hash of the newest event is not kept.
            HashForgotten "reads::hashes_chain_events",
            /// The position of a view is not kept: events are applied again.
            PositionForgotten "phases::view_is_fold",
            /// The position of a view is kept, and the view is not.
            ViewForgotten "phases::view_is_fold",
            /// The position of a view is committed with the next event's, not with its own.
            PositionCommittedLater "phases::view_is_fold",
            /// What handlers returned is not kept.
            ResultForgotten "dispatching::repeated_dispatch_same_outcome",
            /// That a projection stands is not kept: it tries again and again.
            HaltForgotten "failures::halts_until_resumed",
            /// What was put aside is not kept, and lost.
            DeadLetterLost "failures::dead_letters_replayed",
            /// That a stream is in quarantine is not kept.
            QuarantineForgotten "failures::quarantine_keeps_stream",
            /// What a subscription acknowledged is not kept.
            AcknowledgementForgotten "following::resumes_where_acknowledged",
            /// Who has claimed an event is not kept: two consumers get it.
            ClaimForgotten "following::consumers_share_each_once",
            /// Which version is read is not kept.
            SwitchForgotten "rebuilds::rebuilt_beside_old",
            /// That a newer version took over is not kept.
            TakeoverForgotten "rebuilds::newer_version_takes_over",
            /// Which runner has a subscription is not kept.
            RunnerForgotten "positions::later_runner_fences_the_earlier",
            /// A subscription is kept one event further than it is.
            AcknowledgedBeyond "positions::acknowledged_only_forwards",
            /// Which event is the first that was not trimmed is not kept.
            FirstForgotten "positions::trimmed_can_be_skipped",
            /// What was put aside is not kept in the index by stream.
            DeadStreamForgotten "failures::quarantine_keeps_stream",
            /// Where a rebuild was broken off is not kept.
            RebuildForgotten "rebuilds::rebuild_resumes",
            /// That a version is being built is not kept: it passes for one that was read before.
            BuildingForgotten "rebuilds::rebuild_resumes",
            /// What was dealt with behind an open claim is not kept: it is handed out again.
            DoneForgotten "following::claims_stay_few",
            /// The indexes of a version that is forgotten stay.
            ForgottenKeepsIndexes "rebuilds::forgotten_leaves_nothing",
            /// Of what type an event is the index does not know.
            TypeForgotten "types::found_by_index_alike",
            /// The index by type keeps what was given up.
            TrimKeepsTypes "types::found_by_index_alike",
            /// A copy does not maintain its index by type.
            CopyForgetsTypes "types::copy_keeps_its_own",
            /// A copy does not know the keys.
            CopyForgetsKeys "replicas::copy_is_byte_equal",
            /// A snapshot of a stream is not kept.
            SnapshotForgotten "folds::snapshot_shortens_fold",
        }
    };
}

macro_rules! faults {
    ($($(#[$doc:meta])* $fault:ident $case:literal,)*) => {
        /// What is wrong with a store; see the [module](super).
        ///
        /// ```
        /// use arbour_conformance::events::faulty::EventFault;
        /// assert_eq!(EventFault::KeyForgotten.case(), "log::key_repeats_original");
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum EventFault {
            $($(#[$doc])* $fault,)*
        }

        impl EventFault {
            /// All of them.
            ///
            /// ```
            /// assert!(arbour_conformance::events::faulty::EventFault::ALL.len() >= 15);
            /// ```
            pub const ALL: &[Self] = &[$(Self::$fault,)*];

            /// Returns the case that has to reject it, as `topic::name`.
            ///
            /// ```
            /// use arbour_conformance::events::faulty::EventFault;
            /// assert!(EventFault::ALL.iter().all(|fault| fault.case().contains("::")));
            /// ```
            #[must_use]
            pub fn case(self) -> &'static str {
                match self {
                    $(Self::$fault => $case,)*
                }
            }
        }
    };
}

__event_faults!(faults);

/// What becomes of a write.
pub(super) enum Fate {
    Kept,
    Dropped,
    /// It is made with the next transaction.
    Delayed,
    Changed(Vec<u8>),
}

/// The key of the log's own head.
const LOG_HEAD: &[u8] = &[0xff];

impl EventFault {
    /// Says what becomes of a put; `number` counts those to the same tree in the transaction, from 0.
    pub(super) fn put(self, tree: &str, key: &[u8], value: &[u8], number: usize) -> Fate {
        let (Some(kind), of) = kind(tree) else { return Fate::Kept };
        let is_log_head = kind == "log" && key == LOG_HEAD;
        let is_stream_head = kind == "stream" && key.ends_with(&[0xff, 0xff]);
        let is_state = kind == "log" && key.len() > LOG_HEAD.len() && key.starts_with(LOG_HEAD);
        let is_dropped = match self {
            Self::SecondOfBatchLost => kind == "log" && number == 1,
            Self::StreamHeadForgotten => is_stream_head,
            Self::KeyForgotten => kind == "key",
            Self::StreamEntryLost => kind == "stream" && !is_stream_head,
            Self::ResultForgotten => kind == "result",
            Self::PositionForgotten => is_state,
            Self::ViewForgotten => kind == "doc",
            Self::DeadLetterLost => kind == "dead",
            Self::QuarantineForgotten => kind == "quarantine",
            Self::AcknowledgementForgotten => kind == "ack",
            Self::ClaimForgotten => kind == "lease" && key.contains(&0xff),
            Self::RunnerForgotten => kind == "lease" && !key.contains(&0xff),
            Self::DeadStreamForgotten => kind == "dead-stream",
            Self::TakeoverForgotten => {
                kind == "projection" && !key.contains(&0xff) && value.last() == Some(&3)
            }
            Self::DoneForgotten => kind == "lease" && value.get(1) == Some(&1),
            Self::SwitchForgotten => {
                kind == "projection" && !key.contains(&0xff) && value.last() == Some(&2)
            }
            Self::RebuildForgotten => is_state && key.last() == Some(&2),
            Self::TypeForgotten => kind == "type" && number == 1,
            Self::CopyForgetsTypes => kind == "type" && of == "copy",
            Self::CopyForgetsKeys => kind == "key" && of == "copy",
            Self::SnapshotForgotten => kind == "snapshot",
            _ => false,
        };
        if is_dropped {
            return Fate::Dropped;
        }
        match self {
            Self::PositionCommittedLater if is_state => Fate::Delayed,
            Self::HaltForgotten if is_state => changed(value, 57, &[0]),
            Self::BuildingForgotten if is_state => changed(value, 58, &[0]),
            Self::ClockForgotten if is_log_head => changed(value, 65, &i64::MIN.to_be_bytes()),
            Self::AcknowledgedBeyond if kind == "ack" => number_at(value, 1)
                .map_or(Fate::Kept, |position| changed(value, 1, &(position + 1).to_be_bytes())),
            Self::FirstForgotten if is_log_head => changed(value, 57, &1_u64.to_be_bytes()),
            Self::HashForgotten if is_log_head => changed(value, 25, &[0; 32]),
            Self::PositionsOf31Bits if is_log_head => number_at(value, 17)
                .map_or(Fate::Kept, |position| {
                    changed(value, 17, &(position & 0x7fff_ffff).to_be_bytes())
                }),
            Self::PositionsReused if is_log_head => {
                match (number_at(value, 17), number_at(value, 57)) {
                    (Ok(position), Ok(first)) if first > position => {
                        let mut bytes = value.to_vec();
                        write_at(&mut bytes, 17, &0_u64.to_be_bytes());
                        write_at(&mut bytes, 57, &1_u64.to_be_bytes());
                        Fate::Changed(bytes)
                    }
                    _ => Fate::Kept,
                }
            }
            _ => Fate::Kept,
        }
    }

    /// Tells whether a deletion is made.
    pub(super) fn keeps(self, tree: &str) -> bool {
        matches!(
            (self, kind(tree).0),
            (Self::TrimKeepsEvents, Some("log"))
                | (Self::TrimKeepsTypes, Some("type"))
                | (Self::ForgottenKeepsIndexes, Some("index"))
        )
    }
}

/// Splits the name of a layer's tree into its kind and what it is of.
fn kind(tree: &str) -> (Option<&str>, &str) {
    match tree.strip_prefix("arbour/") {
        Some(rest) => {
            let (kind, of) = rest.split_once('/').unwrap_or((rest, ""));
            (Some(kind), of)
        }
        None => (None, ""),
    }
}

fn number_at(value: &[u8], at: usize) -> Result<u64, DecodeError> {
    let bytes = value.get(at..).and_then(|rest| rest.first_chunk());
    let bytes = bytes.ok_or_else(|| DecodeError::new("8 bytes", "fewer"))?;
    Ok(u64::from_be_bytes(*bytes))
}

fn write_at(value: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = value.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}

fn changed(value: &[u8], at: usize, bytes: &[u8]) -> Fate {
    let mut changed = value.to_vec();
    write_at(&mut changed, at, bytes);
    Fate::Changed(changed)
}
