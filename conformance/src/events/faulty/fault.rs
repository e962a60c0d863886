//! The faults, each with the case meant for it, and how each changes what is written.

use arbour_core::DecodeError;

/// Passes the list of faults to another macro of this crate, after the given tokens. The enum and
/// one named test for each fault come from it.
#[doc(hidden)]
#[macro_export]
macro_rules! __event_faults {
    ($then:ident $($before:tt)*) => {
        $crate::$then! {
            $($before)*
            /// The second of several events that are appended together is not stored.
            SecondOfBatchLost "log::several_streams_atomic",
            /// The newest version of a stream is not stored: each event is its first.
            StreamHeadForgotten "log::expected_versions",
            /// The use of a key is not stored.
            KeyForgotten "log::key_repeats_original",
            /// The events of a stream are not stored.
            StreamEntryLost "reads::reads_at_every_bound",
            /// When all events were trimmed, positions begin again, as SQLite's do without
            /// AUTOINCREMENT.
            PositionsReused "log::goes_on_behind_what_was_given_up",
            /// Trimmed events stay.
            TrimKeepsEvents "log::goes_on_behind_what_was_given_up",
            /// Positions have 31 bits, as strato-db's do.
            PositionsOf31Bits "log::positions_beyond_32_bits",
            /// The clock is not stored: time goes back with the machine's.
            ClockForgotten "log::clock_never_goes_back",
            /// The hash of the newest event is not stored.
            HashForgotten "reads::hashes_chain_events",
            /// The position of a view is not stored: events are applied again.
            PositionForgotten "phases::view_is_fold",
            /// The position of a view is stored, but the view is not.
            ViewForgotten "phases::view_is_fold",
            /// The position of a view is committed with the next event's, not with its own.
            PositionCommittedLater "phases::view_is_fold",
            /// The results of handlers are not stored.
            ResultForgotten "dispatching::repeated_dispatch_same_outcome",
            /// The halt of a projection is not stored: it tries again and again.
            HaltForgotten "failures::halts_until_resumed",
            /// Dead letters are not stored, and lost.
            DeadLetterLost "failures::dead_letters_replayed",
            /// The quarantine of a stream is not stored.
            QuarantineForgotten "failures::quarantine_keeps_stream",
            /// A view that was changed in a transaction stays, even if the transaction is rolled back.
            RolledBackViewStays "own_commit::rolled_back_with_the_callers",
            /// The use of a key stays, even if the transaction is rolled back.
            RolledBackKeyStays "own_commit::rolled_back_with_the_callers",
            /// The head of the log is committed with the next transaction, not with its own.
            HeadCommittedLater "own_commit::waiters_notice_the_commit",
            /// The log takes at most four puts in a transaction.
            LongTransactionCut "own_commit::one_commit",
            /// The acknowledgement of a subscription is not stored.
            AcknowledgementForgotten "following::resumes_where_acknowledged",
            /// The consumer of a claim is not stored: two consumers get the event.
            ClaimForgotten "following::consumers_share_each_once",
            /// The version that is read is not stored.
            SwitchForgotten "rebuilds::rebuilt_beside_old",
            /// The switch to a newer version is not stored.
            TakeoverForgotten "rebuilds::newer_version_takes_over",
            /// The acknowledgement of a subscription is committed with the next transaction.
            AcknowledgedLater "following::starts_from_the_end",
            /// The acknowledged position of a subscription never becomes a lower one.
            NeverRewound "positions::rewound_is_handed_out_again",
            /// Claims are not deleted together.
            ClaimsOutliveRewind "positions::claims_are_rewound",
            /// The time of an event is that of the machine.
            ForeignClock "following::clock_is_the_tests_own",
            /// The runner of a subscription is not stored.
            RunnerForgotten "positions::later_runner_fences_the_earlier",
            /// The stored position of a subscription is one event too far.
            AcknowledgedBeyond "positions::acknowledged_only_forwards",
            /// The first event that is left after a trim is not stored.
            FirstForgotten "positions::trimmed_can_be_skipped",
            /// Dead letters are not entered in the index by stream.
            DeadStreamForgotten "failures::quarantine_keeps_stream",
            /// The progress of an interrupted rebuild is not stored.
            RebuildForgotten "rebuilds::rebuild_resumes",
            /// The mark of a version that is being built is not stored: it passes for one that was
            /// read before.
            BuildingForgotten "rebuilds::rebuild_resumes",
            /// Events completed after an open claim are not stored: they are handed out again.
            DoneForgotten "following::claims_stay_few",
            /// An entry of the indexes of a forgotten version stays.
            ForgottenKeepsIndexes "rebuilds::forgotten_leaves_nothing",
            /// The index by type does not store types.
            TypeForgotten "types::found_by_index_alike",
            /// The index by type keeps trimmed events.
            TrimKeepsTypes "types::found_by_index_alike",
            /// A copy does not maintain its index by type.
            CopyForgetsTypes "types::copy_keeps_its_own",
            /// A copy does not know the keys.
            CopyForgetsKeys "replicas::copy_is_byte_equal",
            /// What is left of a version whose forgetting was interrupted stays when it is built anew.
            RemainsStay "deploys::projection_raised",
            /// A name that is too long is cut, as MySQL cuts texts if it is not strict.
            LongNameCut "limits::long_names_refused",
            /// A snapshot of a stream is not stored.
            SnapshotForgotten "folds::snapshot_shortens_fold",
        }
    };
}

crate::__event_faults! {
    __define_faults
    /// A fault of a store; see the [module](super).
    ///
    /// ```
    /// use arbour_conformance::events::faulty::EventFault;
    /// assert_eq!(EventFault::KeyForgotten.case(), "log::key_repeats_original");
    /// ```
    EventFault;
}

/// What happens to a write.
pub(super) enum Fate {
    Kept,
    Dropped,
    /// It is made with the next transaction.
    Delayed,
    /// It is made, and again with the next transaction, whether or not this one is rolled back.
    Leaked,
    Changed(Vec<u8>),
}

/// The key of the log's own head.
const LOG_HEAD: &[u8] = &[0xff];

impl EventFault {
    /// Decides about a put; `number` counts the puts to the same tree in the transaction, from 0.
    pub(super) fn put(self, tree: &str, key: &[u8], value: &[u8], number: usize) -> Fate {
        let (Some(kind), of) = kind(tree) else { return Fate::Kept };
        let is_log_head = kind == "log" && key == LOG_HEAD;
        let is_stream_head = kind == "stream" && key.ends_with(&[0xff, 0xff]);
        let is_state = kind == "log" && key.len() > LOG_HEAD.len() && key.starts_with(LOG_HEAD);
        let is_dropped = match self {
            Self::SecondOfBatchLost => kind == "log" && number == 1,
            Self::LongTransactionCut => kind == "log" && number >= 4,
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
            Self::HeadCommittedLater if is_log_head => Fate::Delayed,
            Self::AcknowledgedLater if kind == "ack" => Fate::Delayed,
            Self::ForeignClock if kind == "log" && !is_log_head && !is_state => {
                changed(value, 33, &i64::MAX.to_be_bytes())
            }
            _ if self.leaks(kind) => Fate::Leaked,
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

    /// Tells whether what is written to trees of this kind outlives a rollback.
    fn leaks(self, kind: &str) -> bool {
        matches!(
            (self, kind),
            (Self::RolledBackViewStays, "doc") | (Self::RolledBackKeyStays, "key")
        )
    }

    /// Tells whether a put that replaces a value is lost.
    pub(super) fn keeps_before(self, tree: &str, before: &[u8], value: &[u8]) -> bool {
        self == Self::NeverRewound && kind(tree).0 == Some("ack") && value < before
    }

    /// Tells whether a deletion of a range is lost, though others are not.
    pub(super) fn keeps_range(self, tree: &str) -> bool {
        matches!(
            (self, kind(tree).0),
            (Self::ClaimsOutliveRewind, Some("lease")) | (Self::RemainsStay, Some("doc"))
        )
    }

    /// Tells whether a deletion is lost; `number` counts those in the same tree in the transaction, from 0.
    pub(super) fn keeps(self, tree: &str, number: usize) -> bool {
        matches!(
            (self, kind(tree).0),
            (Self::TrimKeepsEvents, Some("log")) | (Self::TrimKeepsTypes, Some("type"))
        ) || self == Self::ForgottenKeepsIndexes && kind(tree).0 == Some("index") && number == 0
    }
}

/// Splits the name of a tree of the layer into its kind and its subject.
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
