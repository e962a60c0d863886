//! The list of faults: what is wrong, who was wrong so, and which case is meant for it.

/// Hands the list of faults to another macro, so that the enum, its tables and one named test for
/// each come from it.
#[doc(hidden)]
#[macro_export]
macro_rules! __doc_faults {
    ($then:ident) => {
        $then! {
            /// Setting a document that is there fails.
            SetInsertsOnly "writes::set_overwrites",
            /// Inserting a document that is there overwrites it.
            InsertOverwrites "writes::racing_inserts_one_wins",
            /// The revision that a write depends on is not looked at.
            RevisionIgnored "writes::conflict_returns_current",
            /// A conflict does not show the document as it is now, as CouchDB's 409.
            ConflictWithoutCurrent "writes::conflict_returns_current",
            /// The first row that is refused ends a bulk, as MongoDB's ordered inserts do.
            BulkStopsAtRefusal "writes::bulk_verdict_per_row",
            /// An update replaces the whole document, as MongoDB's without `$set`.
            UpdateReplaces "writes::update_merges_shallow_null_deletes",
            /// An update stores null where it should remove.
            UpdateKeepsNull "writes::update_merges_shallow_null_deletes",
            /// An update merges the objects in a document too.
            UpdateMergesDeep "writes::update_merges_shallow_null_deletes",
            /// A merge patch replaces the objects in a document.
            PatchMergesShallow "writes::patch_merges_deep",
            /// An upsert puts what it is given in the place of the document that is there, as SQLite's
            /// `INSERT OR REPLACE`.
            UpsertReplaces "writes::upsert_inserts_or_updates",
            /// Removing a document that is not there fails.
            RemovingAbsentFails "writes::remove_missing_is_ok",
            /// A document is left under its old id when it gets another.
            ChangeIdLeavesOld "writes::change_id_moves",
            /// A document that gets the id of another overwrites it.
            ChangeIdOverwrites "writes::change_id_moves",
            /// After a write that was refused nothing is written any more, as in a transaction of
            /// PostgreSQL.
            RefusalSpoilsTransaction "writes::refused_write_leaves_the_rest",
            /// What was written before a collection was opened is redone, whether it was committed or not.
            RollbackIsRedone "writes::rolled_back_with_the_transaction",
            /// A document over the limit is dropped, and reported as stored.
            TooLargeDropped "writes::over_limit_refused",

            /// The revisions of a document that was removed are given out again, as the row versions of
            /// most stores.
            RevisionsComeAgain "revisions::never_come_again",

            /// UUIDs do not sort by when they were made, as strato-db's of version 1.
            UuidsUnsorted "ids::uuid_made_and_sorted",
            /// The id of the last document is given out again once it was removed, as the rowid of
            /// SQLite without `AUTOINCREMENT`.
            IntegerIdsReused "ids::integers_go_on_after_removal",
            /// A document whose slug is taken overwrites the one that has it.
            SlugOverwrites "ids::slug_stays_unique",
            /// A document without an id is stored under the text `undefined`.
            AbsentIdIsUndefined "ids::chosen_is_required",
            /// UUIDs are not compared as texts.
            UuidsAreNoTexts "ids::uuids_are_texts",
            /// A number is taken for the text that spells it, as a column of SQLite with the affinity
            /// TEXT does.
            NumberIsTextId "ids::wrong_sort_refused",

            /// Defaults are not written into documents.
            DefaultNotWritten "fields::default_filled",
            /// A field that is required may be null.
            RequiredTakesNull "fields::required_refused",
            /// False takes room in a sparse index although it counts as null.
            FalseIsIndexed "fields::false_is_null_is_sparse",
            /// What is computed stays as it was when the document was inserted.
            ComputedOnce "fields::computed_at_write",
            /// A field takes values of any sort, as the columns of SQLite do.
            AnyTypeTaken "fields::wrong_type_refused",

            /// What JSON loses is dropped, and the document reported as stored: serde_json writes NaN as
            /// null.
            LossAccepted "accepted::losses_refused",
            /// Depth is not looked at when a document is written.
            DepthUnchecked "accepted::depth_limited",
            /// Integers beyond 64 bits are floats, as all numbers of JavaScript.
            WideIntegersAreFloats "accepted::wide_integers_exact",
            /// A float of 32 bits is the nearest of 64 in a field, and its own digits in the document.
            FloatsWidened "accepted::fields_are_those_of_json",
            /// A path finds nothing at a key that is a number.
            KeysAreTexts "accepted::fields_are_those_of_json",
            /// Comparing a field with a value of another kind finds nothing.
            KindsMixed "accepted::kinds_are_not_mixed",

            /// A unique index refuses nothing.
            UniqueNotEnforced "indexes::unique_refused_leaves_no_residue",
            /// A unique index tells the fields and not the document that has their values, as SQLite.
            UniqueNamesNoHolder "indexes::unique_names_field_value_holder",
            /// A document that a unique index refused leaves its entry there.
            RefusalLeavesEntry "indexes::unique_refused_leaves_no_residue",
            /// Null is taken by the first document that has it, as in SQL Server's unique indexes.
            NullIsTaken "indexes::unique_ignores_null",
            /// A document that is changed leaves its old entries in the indexes.
            UpdateLeavesEntry "indexes::update_moves_exactly_what_changed",
            /// A sparse index holds nulls.
            SparseHoldsNull "indexes::sparse_omits_null",
            /// A sparse index gives the order of documents that it does not hold, as MongoDB's did before
            /// 2.6.
            SparseSortLosesNull "indexes::sparse_omits_null",
            /// Of many values only the first is indexed.
            OnlyFirstOfMany "filters::contains_any",
            /// A document comes once for each of its values that was asked for, as from a join.
            ManyValuesRepeat "indexes::many_values_deduped",
            /// Numbers sort as the texts that spell them.
            NumbersSortAsText "indexes::numbers_in_order",
            /// Texts sort without regard to case, as CouchDB's by ICU.
            TextsSortWithoutCase "indexes::texts_in_order",
            /// All fields are sorted by in the direction of the first.
            OneDirectionForAll "indexes::compound_mixed_directions",
            /// Words are found within words and only side by side, as by strato-db's `LIKE '%word%'`.
            WordsAreSubstring "indexes::words_found",

            /// A condition on null is left out of a filter, as strato-db does with those of null.
            NullConditionSkipped "filters::nulls",
            /// An empty list means every document.
            EmptyListMeansAll "filters::in_list",
            /// A range holds the bounds that it excludes.
            RangeTakesBounds "filters::ranges",
            /// Beginnings are compared without regard to case, as by SQLite's `LIKE`.
            PrefixIgnoresCase "filters::prefixes",
            /// Parts of texts are compared with regard to case.
            SubstringMindsCase "filters::substrings",
            /// One of the values is enough where all are asked for.
            ContainsAllIsAny "filters::contains_all",
            /// What a filter says of null is unknown, and so is the opposite, as in SQL.
            NotSkipsNull "filters::and_or_not",
            /// A document that several alternatives mean comes once for each.
            OrRepeats "filters::and_or_not",
            /// Texts are over every number, as in SQLite.
            RangeTakesText "filters::sorts_of_values_are_not_compared",
            /// A field that is not declared is null in every document, as in MongoDB.
            UnknownFieldIsNull "filters::unknown_field_refused",

            /// The limit is forgotten where there is an offset.
            OffsetDropsLimit "queries::sorted_limited_offset",
            /// Many documents asked for at once come without those that are absent.
            GetManyDropsAbsent "queries::many_in_order",
            /// Many documents asked for at once come in the order of their ids, as by SQL's `IN`.
            GetManySorts "queries::many_in_order",
            /// A document is got by a field that is not unique, as by strato-db's `get(id, column)`.
            GetByAnyField "queries::by_unique_field",
            /// Existence is that of any document at all.
            ExistsIgnoresFilter "queries::one_all_exists_count",
            /// All documents are counted, whatever the filter.
            CountIgnoresFilter "queries::one_all_exists_count",
            /// A sum leaves out numbers that are no integers.
            SumIgnoresFloats "queries::aggregates",
            /// Values that are alike come once for each document.
            DistinctRepeats "queries::distinct_values",
            /// The limit is not that of the documents visited: strato-db's `each` takes it for the
            /// size of a batch.
            EachIgnoresLimit "queries::each_streams_and_stops",
            /// A visitor that breaks is called again.
            EachGoesOn "queries::each_streams_and_stops",
            /// One thread visits, however many were asked for.
            ThreadsTakeTurns "queries::threads_visit_each_once",
            /// A visitor that breaks ends its own thread's visits only.
            ThreadsGoOn "queries::threads_visit_each_once",
            /// The total is that of the page.
            TotalIsOfPage "queries::totals",
            /// A query that reads every document is explained as one by ids.
            ExplainHidesScan "queries::explain_shows_choice",
            /// A way is taken that reads more documents than another.
            WorseWayTaken "queries::fewest_rows_read",
            /// Each document is asked again what the index has answered.
            RestAlwaysAsked "queries::fewest_rows_read",
            /// A query that reads every document is answered although that is forbidden.
            FullScanAllowed "queries::full_scan_forbidden",

            /// Going back, the documents of a page come in reverse.
            PreviousIsReversed "cursors::pages_forward_and_back",
            /// A full last page has a next one, which is empty, as in strato-db.
            LastPageHasNext "cursors::last_page_says_so",
            /// Behind a cursor documents without a value to sort by are lost, as in strato-db.
            CursorLosesNulls "cursors::nulls_and_negatives",
            /// A cursor is a number of documents.
            CursorIsOffset "cursors::stable_under_writes",
            /// A cursor of another query is taken, as in strato-db.
            CursorUnbound "cursors::of_another_query_refused",
            /// A cursor that is none begins anew.
            CursorUnchecked "cursors::tampered_refused",

            /// What an index finds is not asked the conditions that the index does not answer.
            RestForgotten "planner::agrees_with_full_scan",

            /// Bodies of an older schema are not upgraded.
            NeverUpgraded "schema::upgraded_when_read",
            /// A body is written in the new schema and said to be of the old.
            OldSchemaKept "schema::written_back_when_written",
            /// Bodies of a newer schema are read as if they were of this one.
            NewerSchemaRead "schema::newer_refused_rest_readable",
            /// Documents that cannot be read are left out silently.
            UndecodableSkipped "schema::undecodable_named_rest_readable",
            /// Bodies are read by the codec they would be written with.
            OneCodecForAll "schema::codec_changed",

            /// What is written while an index is built is not in it.
            BuildMissesWrites "life::online_build_is_offline_build",
            /// A build that is resumed forgets what was built before.
            ResumedBuildForgets "life::build_resumes_at_each_chunk",
            /// An index over documents with the same values is readable although it is unique.
            PendingIsReadable "life::unique_pending_then_readable",
            /// A unique index refuses nothing until it is built.
            UniqueOffWhileBuilt "life::unique_while_built",
            /// Disabling an index does nothing.
            DisableShrugs "life::disabled_is_not_used",
            /// Nobody notices that another closure computes a field, as in strato-db.
            RevisionUnnoticed "life::redeclared_is_rebuilt",
            /// A new field is null in the documents there were, as in strato-db.
            NewFieldIsNull "life::new_field_is_derived",
            /// A scrub does not look for entries that dangle.
            ScrubFindsNoDangling "life::scrub_finds_and_mends",
            /// A scrub that is to mend only reports.
            ScrubNeverMends "life::scrub_finds_and_mends",
            /// A collection that was declared otherwise since is written as it was.
            StaleHandleWrites "life::stale_handle_refused",

            /// Who resumes misses the first change.
            FeedResumesLate "feed::resumes_without_loss",
            /// Changes are kept that were rolled back.
            FeedKeepsRolledBack "feed::nothing_from_rolled_back",
            /// Changes that were given up are left out silently.
            TrimmedIsSilent "feed::trimmed_is_refused",
            /// Changes are given up that a subscriber has not dealt with.
            TrimTakesUnacknowledged "feed::unacknowledged_is_kept",
            /// An earlier position replaces the one that was acknowledged.
            AcknowledgedGoesBack "feed::acknowledged_moves_forward_only",
            /// A position after the newest change is taken for the newest.
            BeyondIsNewest "feed::acknowledged_moves_forward_only",
        }
    };
}

macro_rules! define {
    ($($(#[$doc:meta])* $fault:ident $case:literal,)*) => {
        /// One thing that is wrong with a document store, as it was with a real one; whose, where that
        /// is known.
        ///
        /// ```
        /// use arbour_conformance::documents::faulty::DocFault;
        /// assert_eq!(DocFault::SetInsertsOnly.case(), "writes::set_overwrites");
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum DocFault {
            $($(#[$doc])* $fault,)*
        }

        impl DocFault {
            /// Every fault.
            ///
            /// ```
            /// use arbour_conformance::documents::faulty::DocFault;
            /// assert!(DocFault::ALL.contains(&DocFault::CursorIsOffset));
            /// ```
            pub const ALL: &'static [Self] = &[$(Self::$fault,)*];

            /// Returns the case meant for the fault, by topic and name. Others may fail too.
            ///
            /// ```
            /// use arbour_conformance::documents::faulty::DocFault;
            /// assert!(DocFault::ALL.iter().all(|fault| fault.case().contains("::")));
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

__doc_faults!(define);
