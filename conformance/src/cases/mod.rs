//! The cases, by topic.
//!
//! A case is a function over a [`Bed`]. It writes, calls
//! [`settle`](Bed::settle), resolves its trees anew and reads, so that the same text serves every
//! axis. The list in this file is the only one: tests, whole runs and counts come from it.

use crate::harness::Case;
use crate::{Bed, Factory};

mod batches;
mod claims;
mod closing;
mod commit_checks;
mod conflicts;
mod cursors;
mod damage;
mod detached;
mod durability;
mod endings;
mod files;
mod grid;
mod handles;
mod histories;
mod isolation;
mod lengths;
mod lifecycle;
mod limits;
mod manifest;
mod names;
mod order;
mod own_writes;
mod paths;
mod point;
mod prefix;
mod readers;
mod retries;
mod savepoints;
mod snapshots;
mod transactions;
mod trees;
mod updates;
mod ways;
mod writers;

/// Passes the list of cases to another macro of this crate, after the given tokens.
#[doc(hidden)]
#[macro_export]
macro_rules! __cases {
    ($then:ident $($before:tt)*) => {
        $crate::$then! {
            $($before)*
            point {
                get_missing_is_none put_then_get overwrite delete_missing_is_ok delete_then_put
                empty_value_is_not_absent every_byte_in_values non_utf8_keys
                keys_that_text_would_merge nul_bytes nul_suffix_is_another_key
                contains_agrees_with_get multi_get_keeps_order_and_duplicates
            }
            lengths {
                empty_key_by_manifest keys_nobody_can_store_are_absent longest_key
                over_long_key_refused keys_of_awkward_lengths values_of_awkward_lengths
                one_mebibyte_value longest_value over_long_value_refused
            }
            order {
                unsigned_bytewise digits_as_text empty_tree included_included included_excluded
                excluded_included excluded_excluded open_ended_ranges inverted_range_is_empty
                excluded_equal_is_empty bounds_between_keys bounds_no_key_can_be
                every_range_of_a_grid reverse_mirrors_forward first_and_last
            }
            cursors {
                limits reverse_limits seek_exact_between_past_end seek_outside_range
                seek_backwards seek_everywhere ended_cursor_stays_ended
                interleaved_cursors_do_not_mix
            }
            prefix {
                empty_prefix_is_everything prefix_itself_included prefix_of_nothing ff ff_ff
                carry_over_ff ff_inside_is_included seventeen_ff thirty_three_ff reverse_prefix
                delimited_keys_do_not_mix delete_prefix pages_lose_nothing
            }
            trees {
                isolated resolved_twice_is_equal listed_sorted emptied_and_refilled
                prefix_names_do_not_bleed missing_reads_empty created_after_snapshot
                resolved_beside_a_transaction resolved_in_a_transaction a_thousand two_handles_in_one_transaction
            }
            names {
                names_accepted names_refused names_differ_by_case reserved_names_refused
            }
            handles {
                foreign_handle_refused_by_reads foreign_handle_refused_by_writes
                handle_of_closed_store_refused
            }
            snapshots {
                unaffected_by_put unaffected_by_overwrite unaffected_by_delete
                unaffected_by_delete_range unaffected_by_batch across_trees pinned_at_begin
                two_differ tree_list_is_pinned many_versions_of_one_key
            }
            readers {
                cursor_outlives_commits outlive_close long_reader_does_not_block_writer
                taken_beside_open_transaction no_torn_commit
                closures_run_freely
            }
            transactions {
                across_trees many_trees many_writes put_delete_put
                failed_write_leaves_it_usable closure_error_is_the_callers
                one_shots_inside_are_busy
            }
            endings {
                rollback_undoes drop_undoes invisible_before_commit panic_undoes_and_frees
                empty_commit_is_ok
            }
            own_writes {
                got scanned scanned_in_reverse scanned_in_part tombstone_hides_base
                write_replaces_base between_reads delete_range_inside
                delete_range_sees_them seek_over_them prefix_over_them trees_listed counted prefetched
            }
            savepoints {
                undone kept nested delete_range_undone reads_over_all_levels
                refused_write_is_undone panic_undoes_all
            }
            commit_checks {
                read_what_is_committed failure_undoes not_run_without_commit panic_undoes
                of_savepoints run_early of_group_members of_detached
            }
            isolation {
                lost_update write_skew phantom_in_empty_range conflict_by_manifest
                batch_waits_for_transaction
            }
            conflicts {
                lost_update write_skew changed_keys large_values changed_ranges
                changed_reverse_ranges
                changed_lengths changed_tree_lists range_deletions_see_all_keys
                blind_writes_do_not_conflict reads_of_undone_savepoints_count
            }
            detached {
                own_writes_are_seen snapshot_is_pinned holds_no_lock moves_between_threads
                dropped_leaves_nothing only_writes_take_the_writer refused_writes_leave_it_usable
                closed_stores_refuse_it
            }
            retries {
                joins_another_transaction retried_updates_are_exact retry_ends
                failed_closures_are_not_retried random_histories_are_serializable
            }
            histories {
                bank_transfer serializable no_torn_reads
            }
            writers {
                second_waits second_gives_up_in_time same_thread_fails_at_once
                follow_each_other
            }
            batches {
                ordered_duplicates same_as_one_by_one all_or_nothing empty cleared_and_reused
                across_trees foreign_handle_refused large visible_at_every_durability
            }
            updates {
                swap_absent_to_new swap_mismatch_reports_actual swap_to_absent
                swap_tells_empty_from_absent one_of_many_swaps_wins concurrent_updates_are_exact
                update_returns_previous update_declined update_deletes
            }
            lifecycle {
                reopened_data_is_there reopened_again_and_again dropped_without_close
                second_handle_by_manifest two_stores_are_independent read_only_by_manifest
                absent_is_not_created unreachable_path_refused
            }
            paths {
                relative_path_is_resolved_once links_lead_to_one_store exchanged_while_open
            }
            closing {
                use_after_close_fails close_twice close_during_transaction
                close_waits_for_transaction
            }
            durability {
                never_lowered clean_close_keeps_every_level commits_outlive_the_process
                sync_makes_durable
            }
            damage {
                newer_format_refused not_a_store_refused truncated_refused
                garbage_never_passes_for_data
            }
            manifest {
                hot_backup compaction copied_between_engines counts_are_exact
                persistence_agrees_with_axes errors_name_their_place snapshots_to_the_limit
                snapshots_until_their_age open_files lost_machine
            }
            limits {
                are_exact can_be_lowered of_transactions
            }
        }
    };
}

/// Returns every case, in order of topic.
pub(crate) fn cases<F: Factory>() -> Vec<Case<Bed<F>>> {
    crate::__cases!(__listed)
}
