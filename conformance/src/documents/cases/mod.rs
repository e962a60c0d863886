//! The cases about documents, by topic.
//!
//! A case is a function over a [`DocBed`]. It opens a collection and writes, drops the collection,
//! calls [`settle`](DocBed::settle), opens the collection again and reads, so that the same text
//! serves every axis. The list in this file is the only one: tests, whole runs and counts come from
//! it.

use super::{DocBed, DocFactory};
use crate::Factory;
use crate::harness::Case;

mod accepted;
mod built;
mod catalog;
pub(super) mod claims;
mod cursors;
mod declarations;
mod deferred;
mod deploys;
mod explains;
mod feed;
mod fields;
mod filters;
mod foreign;
mod foreign_ends;
mod groups;
mod ids;
mod indexes;
mod kinds;
mod life;
mod limits;
mod merges;
mod oracle;
mod orders;
mod paths;
mod people;
mod planner;
mod plans;
mod programs;
mod queries;
mod raised;
mod redeclared;
mod relevance;
mod revisions;
mod samples;
mod schema;
mod scrubs;
mod transactions;
mod upgrade_ends;
mod upgrades;
mod visits;
mod whole;
mod writes;

/// Passes the list of cases to another macro of this crate, after the given tokens.
#[doc(hidden)]
#[macro_export]
macro_rules! __documents_cases {
    ($then:ident $($before:tt)*) => {
        $crate::$then! {
            $($before)*
            writes {
                insert_get_replace_delete set_overwrites conflict_returns_current
                racing_inserts_one_wins bulk_verdict_per_row update_merges_shallow_null_deletes
                patch_merges_deep upsert_inserts_or_updates changes_must_be_an_object
                remove_missing_is_ok change_id_moves refused_write_leaves_the_rest
                rolled_back_with_the_transaction atomic_with_other_trees over_limit_refused
            }
            whole {
                stored_is_returned changed_by_closure all_that_match
            }
            revisions {
                never_come_again
            }
            ids {
                uuid_made_and_sorted integers_go_on_after_removal slug_stays_unique
                chosen_is_required wrong_sort_refused awkward_ids_kept_apart uuids_are_texts
            }
            fields {
                default_filled required_refused false_is_null_is_sparse computed_at_write
                wrong_type_refused typed_and_schemaless_alike
            }
            accepted {
                losses_refused depth_limited wide_integers_exact fields_are_those_of_json
                kinds_are_not_mixed
            }
            kinds {
                moments_in_order dates_in_order date_times_in_order decimals_in_order bytes_in_order
                decimals_summed other_forms_refused
            }
            paths {
                each_element_is_a_value
            }
            indexes {
                unique_refused_leaves_no_residue unique_names_field_value_holder
                unique_ignores_null update_moves_exactly_what_changed sparse_omits_null
                fractions_leave_nothing many_values_deduped numbers_in_order texts_in_order compound_mixed_directions
                words_found words_begin_and_fold
            }
            deferred {
                exchanged taken_at_commit_refused nulls_many_values_and_compounds of_savepoints
                of_group_members of_detached of_other_programs declared_either_way
                while_built
            }
            filters {
                equal in_list ranges prefixes substrings contains_any contains_all nulls
                and_or_not custom sorts_of_values_are_not_compared many_are_not_compared
                unknown_field_refused
            }
            queries {
                sorted_limited_offset many_in_order by_unique_field one_all_exists_count
                aggregates distinct_values each_streams_and_stops threads_visit_each_once totals explain_shows_choice
                full_scan_forbidden fewest_rows_read cached_once
            }
            groups {
                counted_by_value sums_and_edges_by_value
            }
            cursors {
                pages_forward_and_back last_page_says_so nulls_and_negatives
                stable_under_writes of_another_query_refused tampered_refused
            }
            relevance {
                best_first pages_of_the_best words_are_needed
            }
            planner {
                agrees_with_full_scan
            }
            declarations {
                contradictions_refused collections_do_not_mix
            }
            schema {
                upgraded_when_read written_back_when_written newer_refused_rest_readable
                undecodable_named_rest_readable undecodable_is_mended codec_changed
            }
            upgrades {
                opening_writes_nothing opening_reads_little written_as_the_store_is downgrade_loses_nothing
                check_names_each_failure finished_in_chunks written_meanwhile_is_checked
                abandoned_leaves_nothing killed_at_each_commit opened_at_once indexes_shared
            }
            life {
                online_build_is_offline_build build_resumes_at_each_chunk
                unique_pending_then_readable unique_while_built disabled_is_not_used redeclared_is_rebuilt
                removed_index_is_kept new_field_is_derived scrub_finds_and_mends
                dangling_is_named stale_handle_refused
            }
            foreign {
                undeclared_are_kept unique_refuses_for_all built_beside_another
                computed_is_built_anew types_default_is_respected unrecorded_is_built_anew
                index_dropped_in_chunks dropped_while_used
            }
            deploys {
                index_added index_dropped index_changed unique_added schema_raised schema_raised_for_good
            }
            catalog {
                collections_listed dropped_in_chunks killed_at_each_commit
            }
            limits {
                long_keys_refused long_values_in_order long_values_paged long_values_unique
                long_values_leave_nothing other_limits_are_noticed
            }
            feed {
                resumes_without_loss nothing_from_rolled_back trimmed_is_refused
                unacknowledged_is_kept acknowledged_moves_forward_only
            }
        }
    };
}

/// Returns every case, in order of topic.
pub(crate) fn cases<F: Factory, M: DocFactory>() -> Vec<Case<DocBed<F, M>>> {
    crate::__documents_cases!(__listed)
}
