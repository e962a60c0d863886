//! The list of faults: what is wrong, which database had the fault, and the case meant for it.

/// Passes the list of faults to another macro of this crate, after the given tokens. The enum and
/// one named test for each fault come from it.
#[doc(hidden)]
#[macro_export]
macro_rules! __doc_faults {
    ($then:ident $($before:tt)*) => {
        $crate::$then! {
            $($before)*
            /// Setting an existing document fails.
            SetInsertsOnly "writes::set_overwrites",
            /// Inserting an existing document overwrites it.
            InsertOverwrites "writes::racing_inserts_one_wins",
            /// The expected revision of a write is ignored.
            RevisionIgnored "writes::conflict_returns_current",
            /// A conflict does not show the current document, as CouchDB's 409.
            ConflictWithoutCurrent "writes::conflict_returns_current",
            /// The first refused row ends a bulk, as with MongoDB's ordered inserts.
            BulkStopsAtRefusal "writes::bulk_verdict_per_row",
            /// An update replaces the whole document, as MongoDB's does without `$set`.
            UpdateReplaces "writes::update_merges_shallow_null_deletes",
            /// An update stores null instead of removing the member.
            UpdateKeepsNull "writes::update_merges_shallow_null_deletes",
            /// An update also merges the objects in a document.
            UpdateMergesDeep "writes::update_merges_shallow_null_deletes",
            /// A merge patch replaces the objects in a document.
            PatchMergesShallow "writes::patch_merges_deep",
            /// An upsert replaces the existing document as a whole, as SQLite's `INSERT OR REPLACE`
            /// does.
            UpsertReplaces "writes::upsert_inserts_or_updates",
            /// Removing an absent document fails.
            RemovingAbsentFails "writes::remove_missing_is_ok",
            /// A document that gets another id also stays under the old one.
            ChangeIdLeavesOld "writes::change_id_moves",
            /// A document that gets the id of another one overwrites it.
            ChangeIdOverwrites "writes::change_id_moves",
            /// After a refused write nothing more is written, as in a transaction of PostgreSQL.
            RefusalSpoilsTransaction "writes::refused_write_leaves_the_rest",
            /// What was written before a collection was opened is written again, whether it was
            /// committed or not.
            RollbackIsRedone "writes::rolled_back_with_the_transaction",
            /// A document over the limit is dropped, and reported as stored.
            TooLargeDropped "writes::over_limit_refused",

            /// The revisions of a removed document are used again, as are the row versions of most
            /// stores.
            RevisionsComeAgain "revisions::never_come_again",

            /// UUIDs do not sort by their time of creation, like strato-db's of version 1.
            UuidsUnsorted "ids::uuid_made_and_sorted",
            /// The id of the last document is used again once it was removed, like the rowid of
            /// SQLite without `AUTOINCREMENT`.
            IntegerIdsReused "ids::integers_go_on_after_removal",
            /// A document whose slug is taken overwrites the document that has it.
            SlugOverwrites "ids::slug_stays_unique",
            /// A document without an id is stored under the text `undefined`.
            AbsentIdIsUndefined "ids::chosen_is_required",
            /// UUIDs are not compared as text.
            UuidsAreNoTexts "ids::uuids_are_texts",
            /// A number is treated as the text that spells it, as in a column of SQLite with the
            /// affinity TEXT.
            NumberIsTextId "ids::wrong_sort_refused",

            /// Defaults are not written into documents.
            DefaultNotWritten "fields::default_filled",
            /// A required field may be null.
            RequiredTakesNull "fields::required_refused",
            /// False takes space in a sparse index although it counts as null.
            FalseIsIndexed "fields::false_is_null_is_sparse",
            /// A computed value stays as it was when the document was inserted.
            ComputedOnce "fields::computed_at_write",
            /// A field accepts values of any kind, as the columns of SQLite do.
            AnyTypeTaken "fields::wrong_type_refused",

            /// A value that JSON loses is dropped, and the document reported as stored: serde_json
            /// writes NaN as null.
            LossAccepted "accepted::losses_refused",
            /// Depth is not checked when a document is written.
            DepthUnchecked "accepted::depth_limited",
            /// Integers beyond 64 bits are floats, like all numbers of JavaScript.
            WideIntegersAreFloats "accepted::wide_integers_exact",
            /// A float of 32 bits is the nearest one of 64 bits in a field, but its own digits in
            /// the document.
            FloatsWidened "accepted::fields_are_those_of_json",
            /// A path finds nothing at a key that is a number.
            KeysAreTexts "accepted::fields_are_those_of_json",
            /// Comparing a field with a value of another kind finds nothing.
            KindsMixed "accepted::kinds_are_not_mixed",

            /// Moments are compared as the texts that spell them, as in SQLite.
            MomentsAreTexts "kinds::moments_in_order",
            /// Dates are compared as the texts that spell them.
            DatesAreTexts "kinds::dates_in_order",
            /// Dates with a time are compared as the texts that spell them.
            DateTimesAreTexts "kinds::date_times_in_order",
            /// Decimal numbers are compared as the texts that spell them.
            DecimalsAreTexts "kinds::decimals_in_order",
            /// Bytes sort by their number first.
            BytesSortByLength "kinds::bytes_in_order",
            /// Decimal numbers are added as floats, as by SQLite.
            DecimalsSummedAsFloats "kinds::decimals_summed",
            /// A field of a kind takes any form.
            AnyFormTaken "kinds::other_forms_refused",

            /// A path finds nothing in the elements of an array.
            PathsEndAtArrays "paths::each_element_is_a_value",

            /// A unique index refuses nothing.
            UniqueNotEnforced "indexes::unique_refused_leaves_no_residue",
            /// A unique index reports the fields but not the document that has their values, as in
            /// SQLite.
            UniqueNamesNoHolder "indexes::unique_names_field_value_holder",
            /// A document that a unique index refused leaves its entry in it.
            RefusalLeavesEntry "indexes::unique_refused_leaves_no_residue",
            /// Only one document may have null, as in SQL Server's unique indexes.
            NullIsTaken "indexes::unique_ignores_null",
            /// Unique values are checked at each write, so two documents cannot exchange them, as in
            /// SQLite and MySQL.
            UniqueCheckedAtEachWrite "deferred::exchanged",
            /// Unique values that are to be checked at the commit are not checked at all.
            DeferredNotChecked "deferred::taken_at_commit_refused",
            /// Declaring that unique values are checked at the commit builds their index anew.
            DeferralRebuilds "deferred::declared_either_way",
            /// A changed document leaves its old entries in the indexes.
            UpdateLeavesEntry "indexes::update_moves_exactly_what_changed",
            /// A sparse index holds nulls.
            SparseHoldsNull "indexes::sparse_omits_null",
            /// A sparse index provides the order of documents that it does not hold, as MongoDB's
            /// did before 2.6.
            SparseSortLosesNull "indexes::sparse_omits_null",
            /// Only the first of many values is indexed.
            OnlyFirstOfMany "filters::contains_any",
            /// A document is returned once for each of its requested values, as from a join.
            ManyValuesRepeat "indexes::many_values_deduped",
            /// Numbers sort like the texts that spell them.
            NumbersSortAsText "indexes::numbers_in_order",
            /// Texts sort regardless of case, as CouchDB's do by ICU.
            TextsSortWithoutCase "indexes::texts_in_order",
            /// All fields are sorted in the direction of the first.
            OneDirectionForAll "indexes::compound_mixed_directions",
            /// Words are found within words and only in sequence, as by strato-db's `LIKE
            /// '%word%'`.
            WordsAreSubstring "indexes::words_found",
            /// A star after a word is left out.
            StarIsIgnored "indexes::words_begin_and_fold",
            /// A word with an accent is another one.
            WordsMindAccents "indexes::words_begin_and_fold",

            /// A condition on null is dropped from a filter, as strato-db does with null values.
            NullConditionSkipped "filters::nulls",
            /// An empty list matches every document.
            EmptyListMeansAll "filters::in_list",
            /// A range includes the bounds that it should exclude.
            RangeTakesBounds "filters::ranges",
            /// Prefixes are compared regardless of case, as by SQLite's `LIKE`.
            PrefixIgnoresCase "filters::prefixes",
            /// Substrings are compared case-sensitively.
            SubstringMindsCase "filters::substrings",
            /// One of the values is enough where all are required.
            ContainsAllIsAny "filters::contains_all",
            /// A comparison with null is unknown, and so is its negation, as in SQL.
            NotSkipsNull "filters::and_or_not",
            /// A document that matches several alternatives is returned once for each.
            OrRepeats "filters::and_or_not",
            /// Texts are greater than every number, as in SQLite.
            RangeTakesText "filters::sorts_of_values_are_not_compared",
            /// An undeclared field is null in every document, as in MongoDB.
            UnknownFieldIsNull "filters::unknown_field_refused",

            /// The limit is ignored if there is an offset.
            OffsetDropsLimit "queries::sorted_limited_offset",
            /// A get by many ids leaves out absent documents.
            GetManyDropsAbsent "queries::many_in_order",
            /// A get by many ids returns documents in the order of their ids, as SQL's `IN` does.
            GetManySorts "queries::many_in_order",
            /// A document can be found by a field that is not unique, as by strato-db's `get(id,
            /// column)`.
            GetByAnyField "queries::by_unique_field",
            /// `exists` is true if there is any document at all.
            ExistsIgnoresFilter "queries::one_all_exists_count",
            /// All documents are counted, whatever the filter.
            CountIgnoresFilter "queries::one_all_exists_count",
            /// A sum leaves out numbers that are not integers.
            SumIgnoresFloats "queries::aggregates",
            /// Equal values are returned once for each document.
            DistinctRepeats "queries::distinct_values",
            /// The limit does not apply to the documents visited: strato-db's `each` uses it as the
            /// size of a batch.
            EachIgnoresLimit "queries::each_streams_and_stops",
            /// A visitor that stops is called again.
            EachGoesOn "queries::each_streams_and_stops",
            /// One thread visits, however many were requested.
            ThreadsTakeTurns "queries::threads_visit_each_once",
            /// A visitor that stops ends only the visits of its own thread.
            ThreadsGoOn "queries::threads_visit_each_once",
            /// The total is that of the page.
            TotalIsOfPage "queries::totals",
            /// A query that reads every document is explained as one by ids.
            ExplainHidesScan "queries::explain_shows_choice",
            /// An access path is chosen that reads more documents than another.
            WorseWayTaken "queries::fewest_rows_read",
            /// Each document is checked again for conditions that the index has answered.
            RestAlwaysAsked "queries::fewest_rows_read",
            /// A query that reads every document is answered although that is forbidden.
            FullScanAllowed "queries::full_scan_forbidden",

            /// A write returns the document that it was given, without its id, as the driver of MongoDB
            /// for C# does.
            GivenIsReturned "whole::stored_is_returned",
            /// A closure that changes the id stores the document a second time.
            ChangedIdIsCopied "whole::changed_by_closure",
            /// An upsert replaces the document that is there.
            UpsertTakesNew "whole::changed_by_closure",
            /// The changes made before one that fails stay, as MongoDB's `updateMany` leaves them.
            ChangesStayAfterFailure "whole::all_that_match",

            /// Documents without a value are in no group.
            NullHasNoGroup "groups::counted_by_value",
            /// Groups come in the order of the documents.
            GroupsUnordered "groups::counted_by_value",
            /// A group whose values are all null has no sum.
            NullsHaveNoSum "groups::sums_and_edges_by_value",

            /// When paging backwards, the documents of a page come in reverse.
            PreviousIsReversed "cursors::pages_forward_and_back",
            /// A full last page has a next page, which is empty, as in strato-db.
            LastPageHasNext "cursors::last_page_says_so",
            /// After a cursor, documents without a value to sort by are lost, as in strato-db.
            CursorLosesNulls "cursors::nulls_and_negatives",
            /// A cursor is a number of documents.
            CursorIsOffset "cursors::stable_under_writes",
            /// A cursor of another query is accepted, as in strato-db.
            CursorUnbound "cursors::of_another_query_refused",
            /// An invalid cursor starts over.
            CursorUnchecked "cursors::tampered_refused",

            /// The document with the most occurrences of the words is the most relevant.
            RankedByFrequency "relevance::best_first",
            /// A ranked query without words is answered in the order of ids. SQLite does the same with
            /// `ORDER BY rank` if there is no `MATCH`.
            RankedWithoutWords "relevance::words_are_needed",

            /// The conditions that the index does not answer are not checked.
            RestForgotten "planner::agrees_with_full_scan",

            /// Bodies of an older schema are not upgraded.
            NeverUpgraded "schema::upgraded_when_read",
            /// A body is written in the new schema but marked with the old one.
            OldSchemaKept "schema::written_back_when_written",
            /// Bodies of a newer schema are read as if they were of this one.
            NewerSchemaRead "schema::newer_refused_rest_readable",
            /// Documents that cannot be read are left out silently.
            UndecodableSkipped "schema::undecodable_named_rest_readable",
            /// Bodies are read with the codec with which they would be written.
            OneCodecForAll "schema::codec_changed",

            /// Opening a collection with a higher schema version bars the earlier program.
            OpeningUpgrades "upgrades::opening_writes_nothing",
            /// Opening a collection reads its documents.
            OpeningReadsAll "upgrades::opening_reads_little",
            /// A program writes documents in its own version, whatever the store is at.
            OwnVersionWritten "upgrades::written_as_the_store_is",
            /// A document that cannot be stored in the earlier version is dropped, and reported as stored.
            DowngradeDrops "upgrades::downgrade_loses_nothing",
            /// A check ends with the first document that fails.
            CheckEndsAtFirst "upgrades::check_names_each_failure",
            /// The store switches to the new version before its documents are checked.
            SwitchedUnchecked "upgrades::check_names_each_failure",
            /// The earlier program writes on after the switch.
            EarlierWritesOn "upgrades::finished_in_chunks",
            /// What was written while an upgrade checked the documents is not checked.
            WrittenUnchecked "upgrades::written_meanwhile_is_checked",
            /// Abandoning an upgrade does nothing.
            AbandonForgotten "upgrades::abandoned_leaves_nothing",
            /// A conversion that was interrupted is taken for complete.
            HalfIsConverted "upgrades::killed_at_each_commit",
            /// What upgrades leave unchanged is indexed anew for each version.
            UnchangedIgnored "upgrades::indexes_shared",

            /// Documents written while an index is built are not in it.
            BuildMissesWrites "life::online_build_is_offline_build",
            /// A resumed build forgets what was built before.
            ResumedBuildForgets "life::build_resumes_at_each_chunk",
            /// A unique index over documents with equal values is readable.
            PendingIsReadable "life::unique_pending_then_readable",
            /// A unique index refuses nothing until it is built.
            UniqueOffWhileBuilt "life::unique_while_built",
            /// Disabling an index does nothing.
            DisableShrugs "life::disabled_is_not_used",
            /// A change of the closure that computes a field is not noticed, as in strato-db.
            RevisionUnnoticed "life::redeclared_is_rebuilt",
            /// A new field is null in existing documents, as in strato-db.
            NewFieldIsNull "life::new_field_is_derived",
            /// A scrub does not look for dangling entries.
            ScrubFindsNoDangling "life::scrub_finds_and_mends",
            /// A scrub that should repair only reports.
            ScrubNeverMends "life::scrub_finds_and_mends",
            /// A handle keeps writing by its old declaration after the declaration has changed.
            StaleHandleWrites "life::stale_handle_refused",

            /// A write forgets the indexes that another program declared.
            ForeignForgotten "foreign::undeclared_are_kept",
            /// Opening a collection removes the indexes that it does not declare.
            OpeningRemovesForeign "foreign::undeclared_are_kept",
            /// A unique index of another program refuses nothing.
            ForeignUniqueOff "foreign::unique_refuses_for_all",
            /// A write forgets the indexes of another program while they are built.
            ForeignForgottenInBuild "foreign::built_beside_another",
            /// An index that lacks what another program wrote is searched.
            OutdatedIsSearched "foreign::computed_is_built_anew",
            /// What an earlier version did not record is taken for complete.
            UnrecordedIsSearched "foreign::unrecorded_is_built_anew",
            /// Null is indexed where another program has stored nothing, whatever the type reads there.
            AbsentIsNull "foreign::types_default_is_respected",
            /// A dropped index leaves its entries.
            DropIndexLeavesEntries "foreign::index_dropped_in_chunks",
            /// An index that is being dropped is still searched.
            DroppedIsSearched "foreign::dropped_while_used",

            /// An index whose build ended early is searched once it is declared again.
            KilledBuildIsSearched "deploys::index_added",
            /// An index that is declared again while it is dropped keeps the entries that are left.
            ReopenedKeepsDropped "deploys::index_dropped",
            /// An index replaces the different one of the same name that another program declared.
            ChangedIndexReplaces "deploys::index_changed",
            /// A program does not notice a unique index that another one declared since it was started.
            RunningIgnoresUnique "deploys::unique_added",
            /// The earlier program cannot open a collection whose upgrade was begun.
            BegunUpgradeBars "deploys::schema_raised",
            /// What a program cannot write before an upgrade is finished is dropped, and reported as stored.
            NotUpgradedDrops "deploys::schema_raised_for_good",

            /// A list of collections does not tell their fields.
            ListLacksFields "catalog::collections_listed",
            /// What is being dropped can be opened, and is partly there.
            DroppingIsOpen "catalog::dropped_in_chunks",
            /// A dropped collection leaves the entries of its indexes.
            DropLeavesEntries "catalog::dropped_in_chunks",
            /// The record of a collection is removed before its documents, so that a process that dies in
            /// between leaves them to the next collection of that name.
            RecordDroppedFirst "catalog::killed_at_each_commit",

            /// An id that is too long is cut when a document is moved to it, as MySQL cuts texts if it
            /// is not strict.
            LongIdCut "limits::long_keys_refused",
            /// The name of a subscriber that is too long is cut.
            LongSubscriberCut "limits::long_keys_refused",
            /// Only the start of a text is sorted by, as by MySQL's `max_sort_length`.
            SortsByStart "limits::long_values_in_order",
            /// Documents with long values are left out of an index, as by MongoDB if it is told not to
            /// refuse them.
            LongValuesUnindexed "limits::long_values_paged",
            /// A unique index refuses values with the same start, as MySQL's over a prefix.
            UniqueByStart "limits::long_values_unique",
            /// The entry of a long value stays when the value changes.
            LongEntriesStay "limits::long_values_leave_nothing",
            /// An index with the whole of long values is kept where keys are too short for them.
            LimitUnnoticed "limits::other_limits_are_noticed",

            /// A subscriber that resumes misses the first change.
            FeedResumesLate "feed::resumes_without_loss",
            /// Changes that were rolled back are kept.
            FeedKeepsRolledBack "feed::nothing_from_rolled_back",
            /// Trimmed changes are left out silently.
            TrimmedIsSilent "feed::trimmed_is_refused",
            /// Changes are trimmed that a subscriber has not acknowledged.
            TrimTakesUnacknowledged "feed::unacknowledged_is_kept",
            /// An earlier position replaces the acknowledged one.
            AcknowledgedGoesBack "feed::acknowledged_moves_forward_only",
            /// A position after the newest change is taken for the newest.
            BeyondIsNewest "feed::acknowledged_moves_forward_only",
        }
    };
}

crate::__doc_faults! {
    __define_faults
    /// One fault of a document store, as a real one had it; it is named where it is known.
    ///
    /// ```
    /// use arbour_conformance::documents::faulty::DocFault;
    /// assert_eq!(DocFault::SetInsertsOnly.case(), "writes::set_overwrites");
    /// ```
    DocFault;
}
