//! The cases about migrations, by topic.
//!
//! A case is a function over a [`MigrationBed`]. It declares a program, runs it, calls
//! [`settle`](MigrationBed::settle) and reads. The list in this file is the only one: tests, whole
//! runs and counts come from it.

use super::MigrationBed;
use crate::Factory;
use crate::harness::Case;

mod abandon;
mod backups;
mod chunks;
pub(super) mod claims;
#[allow(clippy::indexing_slicing, reason = "a test panics")]
mod deploys;
#[allow(clippy::indexing_slicing, reason = "a test panics")]
mod documents;
mod downs;
mod dry;
mod edits;
mod failures;
mod fixtures;
mod journal;
mod limits;
mod newer;
mod order;
mod progress;
mod runners;

/// Passes the list of cases to another macro of this crate, after the given tokens.
#[doc(hidden)]
#[macro_export]
macro_rules! __migrations_cases {
    ($then:ident $($before:tt)*) => {
        $crate::$then! {
            $($before)*
            order {
                numbers_then_names_then_groups runs_to_a_target late_runs_out_of_order_is_refused
                gap_runs_nothing chain_from_every_version bad_declarations_refused
            }
            journal {
                runs_once says_what_ran one_read_when_done damage_is_named
                newer_layout_is_told lost_entry_is_found adopts_what_others_ran
                verifies_what_should_hold
            }
            edits {
                edited_is_refused_line_ends_are_none missing_is_refused under_way_stays_as_it_is
            }
            newer {
                newer_store_is_refused read_only_by_choice knows_enough_to_go_on
                nobody_writes_beside_what_is_under_way
            }
            failures {
                error_keeps_nothing panic_keeps_nothing swallowed_store_error_fails
                refusals_name_the_key failed_check_keeps_nothing failed_chunk_keeps_those_before
                full_store_ends_the_run layers_are_not_written
            }
            chunks {
                resumes_at_cursor put_ahead_is_refused deleted_ahead_is_not_visited
                standing_cursor_is_refused chunks_end_in_time own_cursors ranges_are_kept
                cancelled_goes_on_further
            }
            progress {
                told_within_atomic_steps told_by_entries cancelled_within_a_step
            }
            dry {
                dry_run_writes_nothing dry_run_fails_as_the_run plan_is_what_runs
            }
            downs {
                undoes_in_opposite_order without_down_nothing_is_undone failed_down_keeps_nothing
            }
            documents {
                changed_through_their_collection changed_as_values_of_a_type failing_document_is_named
                needs_what_the_store_tells trees_and_collections_are_told_apart
                dry_run_of_documents_writes_nothing
            }
            abandon {
                both_ends_from_every_commit killed_anywhere_is_taken_back
                refuses_what_it_cannot_undo failed_undo_is_resumed copied_half_way
                compatible_steps_let_the_earlier_program_open two_programs_at_once
                downgrades_in_chunks
            }
            deploys {
                step_with_undo
            }
            runners {
                two_runners_one_applies busy_after_the_wait dead_runner_is_succeeded
                fenced_runner_keeps_nothing next_runner_need_not_wait
            }
            limits {
                long_names_refused
            }
            backups {
                backup_first_or_refused
            }
            fixtures {
                every_version_reaches_newest same_end_wherever_it_breaks wrong_steps_are_shown
                not_idempotent_is_shown
            }
        }
    };
}

/// Returns every case, in order of topic.
pub(crate) fn cases<F: Factory>() -> Vec<Case<MigrationBed<F>>> {
    crate::__migrations_cases!(__listed)
}
