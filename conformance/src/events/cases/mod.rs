//! The cases about events, by topic.
//!
//! A case is a function over an [`EventBed`]. It opens events and dispatches, drops them, calls
//! [`settle`](EventBed::settle), opens them again and reads, so that the same text serves every
//! axis. The list in this file is the only one: tests, whole runs and counts come from it.

use super::EventBed;
use crate::Factory;
use crate::harness::Case;

pub(super) mod claims;
mod collections;
mod crashes;
mod deploys;
mod dispatching;
mod failures;
mod folds;
mod following;
mod identity;
mod limits;
mod log;
mod own_commit;
mod phases;
mod positions;
mod reads;
mod rebuilds;
mod replicas;
mod types;

/// Passes the list of cases to another macro of this crate, after the given tokens.
#[doc(hidden)]
#[macro_export]
macro_rules! __events_cases {
    ($then:ident $($before:tt)*) => {
        $crate::$then! {
            $($before)*
            log {
                positions_contiguous conflict_lands_nothing expected_versions several_streams_atomic
                key_repeats_original key_reused_is_refused goes_on_behind_what_was_given_up
                metadata_and_times_kept clock_never_goes_back positions_beyond_32_bits
                bad_appends_refused
            }
            reads {
                reads_at_every_bound visits_stream_and_stop hashes_chain_events undecodable_is_named
                older_payloads_upcast
            }
            phases {
                view_is_fold phases_in_order sub_events_depth_first endless_sub_events_fail
                failed_event_leaves_nothing preprocess_replaces replay_makes_same_bytes
            }
            failures {
                halts_until_resumed panic_is_failure retries_with_backoff waiters_share_a_backoff
                dead_letters_replayed quarantine_keeps_stream skipped_is_put_aside unknown_types_by_declaration
                undecodable_payload_fails failed_check_fails_event
            }
            dispatching {
                always_resolves waits_as_told handler_cannot_dispatch many_callers_each_own_result
                repeated_dispatch_same_outcome wait_for_is_recent_enough no_wakeup_is_lost
                no_turn_is_missed own_transaction_is_told follower_applies_what_comes
            }
            own_commit {
                one_commit rolled_back_with_the_callers refused_leaves_the_transaction
                failing_event_is_refused waiters_notice_the_commit own_commit_catches_up
            }
            following {
                catches_up_then_live resumes_where_acknowledged tail_leaves_nothing
                given_up_is_told projection_keeps_its_events consumers_share_each_once
                claims_run_out claims_stay_few starts_from_the_end pauses_and_stops
                clock_is_the_tests_own
            }
            positions {
                acknowledged_only_forwards later_runner_fences_the_earlier trimmed_can_be_skipped
                unchanged_commits_nothing rewound_is_handed_out_again claims_are_rewound
            }
            rebuilds {
                rebuilt_beside_old catching_up_tells_how_far rebuild_resumes rebuild_stands_at_failure
                older_handle_knows_the_switch newer_version_takes_over forgotten_leaves_nothing
                opening_builds_what_is_new earlier_program_comes_back
                two_programs_dispatch_through_the_switch
            }
            limits {
                long_names_refused
            }
            identity {
                lost_end_is_found foreign_log_is_found appended_is_applied_next_time logs_do_not_mix
            }
            replicas {
                copy_is_byte_equal copy_refuses_what_does_not_fit copy_of_what_is_left
            }
            types {
                found_by_index_alike made_of_what_is_there copy_keeps_its_own
            }
            collections {
                writes_are_events refusals_are_results deferred_refusals_are_results made_ids_come_again metadata_and_init
            }
            folds {
                snapshot_shortens_fold
            }
            crashes {
                view_is_fold_after_each_step
            }
            deploys {
                projection_raised
            }
        }
    };
}

/// Returns every case, in order of topic.
pub(crate) fn cases<F: Factory>() -> Vec<Case<EventBed<F>>> {
    crate::__events_cases!(__listed)
}
