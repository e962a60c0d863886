//! The list of faults: what is wrong, which engine had the fault, and the case meant for it.

/// Passes the list of faults to another macro of this crate, after the given tokens. The enum and
/// one named test for each fault come from it.
#[doc(hidden)]
#[macro_export]
macro_rules! __faults {
    ($then:ident $($before:tt)*) => {
        $crate::$then! {
            $($before)*
            /// The end of a prefix is its last byte raised by one, `ff` to `00` without a carry.
            PrefixForgetsCarry "prefix::carry_over_ff",
            /// The end of a prefix is the prefix and one `ff`, as in SurrealDB.
            PrefixEndsAtFf "prefix::ff_inside_is_included",
            /// A prefix scan begins after the prefix itself.
            PrefixExcludesItself "prefix::prefix_itself_included",
            /// The end of all keys is 32 times `ff`, as in go-ethereum's `MaximumKey`.
            PrefixEndsAt32Ff "prefix::thirty_three_ff",
            /// An inverted range reads the whole tree.
            InvertedRangeIsAll "order::inverted_range_is_empty",
            /// A range that excludes one key at both ends panics, as in the standard library.
            ExcludedEqualPanics "order::excluded_equal_is_empty",
            /// The lower bound is read although it is excluded.
            ExcludedStartIsRead "order::excluded_included",
            /// The upper bound is not read although it is included.
            IncludedEndIsMissed "order::included_included",
            /// A reverse scan begins at the end of the tree, not of the range.
            ReverseForgetsEnd "prefix::reverse_prefix",
            /// A reverse scan continues past the beginning of the range.
            ReverseForgetsStart "order::reverse_mirrors_forward",
            /// Keys are ordered by signed bytes: `80` before `7f`.
            SignedByteOrder "order::unsigned_bytewise",
            /// Shorter keys come first, as if the length were stored before the key.
            ShorterKeysFirst "order::digits_as_text",
            /// A key ends at its first NUL, as a C string does.
            KeyEndsAtNul "point::nul_suffix_is_another_key",
            /// Keys are converted to UTF-8, replacing invalid bytes.
            KeysAreText "point::non_utf8_keys",
            /// An empty value reads as an absent key.
            EmptyValueIsAbsent "point::empty_value_is_not_absent",
            /// Deleting an absent key fails, as `mdb_del` of LMDB does.
            DeletingAbsentFails "point::delete_missing_is_ok",
            /// A multi-get answers in sorted order.
            MultiGetSorts "point::multi_get_keeps_order_and_duplicates",
            /// A multi-get answers each key only once.
            MultiGetDropsDuplicates "point::multi_get_keeps_order_and_duplicates",
            /// A multi-get leaves out absent keys.
            MultiGetDropsAbsent "point::multi_get_keeps_order_and_duplicates",
            /// A cursor that has ended starts over.
            CursorRestarts "cursors::ended_cursor_stays_ended",
            /// A seek leaves the range of the scan.
            SeekLeavesRange "cursors::seek_outside_range",
            /// A seek to an existing key lands after it.
            SeekSkipsExactMatch "cursors::seek_exact_between_past_end",
            /// A seek cannot go back to what was already read.
            SeekOnlyOnward "cursors::seek_backwards",
            /// An error in the middle of a scan is taken for its end, as in go-ethereum and in
            /// parity-common.
            ScanSwallowsErrors "damage::garbage_never_passes_for_data",
            /// Trees whose names differ only by case are one, as SQLite's tables are.
            TreeNamesIgnoreCase "names::names_differ_by_case",
            /// Trees are listed even after they were emptied.
            EmptiedTreesListed "trees::emptied_and_refilled",
            /// Trees are not listed in order of their names.
            TreesUnsorted "trees::listed_sorted",
            /// Reading a tree that was never written fails, as opening a table of redb does.
            MissingTreeFails "trees::missing_reads_empty",
            /// A snapshot or a transaction resolves a name to another tree.
            ResolvedElsewhere "trees::resolved_in_a_transaction",
            /// Reads accept another store's handle by its name.
            ForeignHandleRead "handles::foreign_handle_refused_by_reads",
            /// Transactions accept another store's handle by its name.
            ForeignHandleWritten "handles::foreign_handle_refused_by_writes",
            /// Range deletions accept another store's handle by its name.
            ForeignRangeDeleted "handles::foreign_handle_refused_by_writes",
            /// Batches accept another store's handle by its name.
            ForeignHandleInBatch "batches::foreign_handle_refused",
            /// A snapshot is pinned when it is first read, like a DEFERRED transaction of SQLite.
            SnapshotPinnedLate "snapshots::pinned_at_begin",
            /// A snapshot reads the current state.
            SnapshotIsLive "snapshots::unaffected_by_overwrite",
            /// A snapshot pins each tree when it first reads it.
            SnapshotPerTree "snapshots::across_trees",
            /// A snapshot lists the current trees.
            TreeListIsLive "snapshots::tree_list_is_pinned",
            /// The cursor of a snapshot reads the current state, as sled's iterators do.
            CursorIsLive "readers::cursor_outlives_commits",
            /// Nothing is written while a snapshot lives, as in SQLite without its WAL.
            SnapshotBlocksWriters "readers::long_reader_does_not_block_writer",
            /// A snapshot cannot be read once its store was closed.
            SnapshotDiesWithStore "readers::outlive_close",
            /// Fewer snapshots can be open than the capabilities say.
            SnapshotsRefusedEarly "manifest::snapshots_to_the_limit",
            /// More snapshots can be open than the capabilities say.
            SnapshotsNotCounted "manifest::snapshots_to_the_limit",
            /// The capabilities name no limit for snapshots, and there is one.
            SnapshotsSecretlyLimited "manifest::snapshots_to_the_limit",
            /// A snapshot ends with the next commit, long before the age that the capabilities state.
            SnapshotEndsEarly "manifest::snapshots_until_their_age",
            /// The store holds more files open than the capabilities say.
            FilesNotCounted "manifest::open_files",
            /// The capabilities say that other machines keep the data, and none does.
            ClaimsReplication "manifest::lost_machine",
            /// A get in a transaction does not see its writes, as with RocksDB's plain write batch.
            GetMissesOwnWrites "own_writes::got",
            /// What was prefetched is read even after it was written.
            PrefetchedOutlivesWrites "own_writes::prefetched",
            /// Scans in a transaction do not see its writes.
            ScanMissesOwnWrites "own_writes::scanned",
            /// Reverse scans in a transaction do not see its writes.
            ReverseMissesOwnWrites "own_writes::scanned_in_reverse",
            /// Scans in a transaction show what it deleted.
            ScanShowsDeleted "own_writes::tombstone_hides_base",
            /// Scans in a transaction show an overwritten value beside the new one.
            ScanShowsReplaced "own_writes::write_replaces_base",
            /// The list of trees in a transaction ignores its writes.
            TreeListMissesOwnWrites "own_writes::trees_listed",
            /// A range deletion leaves what its own transaction wrote.
            DeleteRangeMissesOwnWrites "own_writes::delete_range_sees_them",
            /// A range deletion removes the excluded upper bound too.
            DeleteRangeTakesEnd "own_writes::delete_range_inside",
            /// A rollback commits.
            RollbackKeepsWrites "endings::rollback_undoes",
            /// Dropping a transaction commits it.
            DropCommits "endings::drop_undoes",
            /// After a panic in a transaction no other can begin, as with fjall's poisoned lock.
            PanicPoisonsWriter "endings::panic_undoes_and_frees",
            /// A commit contains the first tree only.
            CommitDropsTrees "transactions::across_trees",
            /// A refused write makes the transaction unusable, as MAP_FULL does in LMDB.
            RefusedWriteSpoils "transactions::failed_write_leaves_it_usable",
            /// A failed savepoint leaves its writes.
            SavepointLeaks "savepoints::undone",
            /// A commit does not run the checks that were to run before it.
            ChecksNotRun "commit_checks::failure_undoes",
            /// The checks run after the commit, as a hook does.
            ChecksRunLate "commit_checks::failure_undoes",
            /// The checks read the state before the transaction.
            ChecksMissWrites "commit_checks::read_what_is_committed",
            /// The checks run before a rollback too.
            ChecksRunAtRollback "commit_checks::not_run_without_commit",
            /// Transactions run concurrently and the last to commit wins.
            LastCommitWins "isolation::lost_update",
            /// Transactions run concurrently, and only writes to the same key conflict: plain
            /// snapshot isolation.
            OnlyWritesConflict "isolation::write_skew",
            /// Transactions run concurrently, and only existing keys conflict, as in RocksDB's
            /// TransactionDB, which locks no ranges.
            PhantomsAppear "isolation::phantom_in_empty_range",
            /// The commit of a detached transaction does not compare keys.
            CheckMissesKeys "conflicts::changed_keys",
            /// The commit of a detached transaction does not compare ranges: phantoms appear.
            CheckMissesRanges "conflicts::changed_ranges",
            /// The commit of a detached transaction does not compare ranges that were read backwards.
            CheckMissesReverseRanges "conflicts::changed_reverse_ranges",
            /// The commit of a detached transaction does not compare lengths.
            CheckMissesLengths "conflicts::changed_lengths",
            /// The commit of a detached transaction does not compare the list of trees.
            CheckMissesTrees "conflicts::changed_tree_lists",
            /// A snapshot for another thread reads the current state.
            SendSnapshotIsLive "detached::snapshot_is_pinned",
            /// A snapshot for another thread keeps writers out.
            SendSnapshotBlocksWriters "detached::holds_no_lock",
            /// A snapshot for another thread works on the one that made it.
            SendSnapshotStaysOnThread "detached::moves_between_threads",
            /// A batch lands in the middle of another thread's transaction.
            BatchOvertakes "isolation::batch_waits_for_transaction",
            /// A second writer fails at once instead of waiting, as SQLite's does by default.
            SecondWriterNeverWaits "writers::second_waits",
            /// Writers wait for the engine's own time, whatever the options say.
            BusyTimeoutIgnored "writers::second_gives_up_in_time",
            /// In a batch a put wins over a later delete, as in grovedb.
            BatchPutWins "batches::ordered_duplicates",
            /// In a batch a delete wins over a later put.
            BatchDeleteWins "batches::ordered_duplicates",
            /// A batch is applied up to the refused write, as in go-datastore's basic batch.
            BatchHalfApplied "batches::all_or_nothing",
            /// A batch contains the first tree only.
            BatchDropsTrees "batches::across_trees",
            /// A swap ignores the expected value.
            SwapIgnoresExpected "updates::swap_mismatch_reports_actual",
            /// A failed swap does not report the current value.
            SwapReportsNothing "updates::swap_mismatch_reports_actual",
            /// A swap takes an empty value for an absent key.
            SwapTakesEmptyForAbsent "updates::swap_tells_empty_from_absent",
            /// A swap reads and writes without a transaction.
            SwapRaces "updates::one_of_many_swaps_wins",
            /// An update reads and writes without a transaction.
            UpdateRaces "updates::concurrent_updates_are_exact",
            /// A key over the limit is cut off instead of refused.
            LongKeyCut "lengths::over_long_key_refused",
            /// A value over the limit is cut off instead of refused.
            LongValueCut "lengths::over_long_value_refused",
            /// Reading a key over the limit fails, as in LMDB.
            LongKeyReadFails "lengths::keys_nobody_can_store_are_absent",
            /// Checking a write without making it never fails.
            CheckAdmitsAll "lengths::over_long_key_refused",
            /// The longest key of the limits is refused.
            LongestKeyRefused "lengths::longest_key",
            /// A transaction may write more than the limits say.
            TransactionLimitIgnored "limits::of_transactions",
            /// What a transaction writes beyond the limits is left out of the commit.
            TransactionCut "limits::of_transactions",
            /// An empty key panics in the engine, as in fjall.
            EmptyKeyPanics "lengths::empty_key_by_manifest",
            /// A key or value that is too large is reported as `InvalidArgument`.
            TooLargeAsInvalid "lengths::over_long_key_refused",
            /// An occupied writer slot is reported as `Conflict`.
            BusyAsConflict "writers::same_thread_fails_at_once",
            /// A closed store is reported as `Io`.
            ClosedAsIo "closing::use_after_close_fails",
            /// A locked store is reported as `Io`.
            LockedAsIo "lifecycle::second_handle_by_manifest",
            /// A store opened read-only is reported as `Unsupported`.
            ReadOnlyAsUnsupported "lifecycle::read_only_by_manifest",
            /// An error of the system, such as a missing folder, is reported as `Corrupted`.
            IoAsCorrupted "lifecycle::unreachable_path_refused",
            /// A missing store is reported as `Io`.
            NotFoundAsIo "lifecycle::absent_is_not_created",
            /// A relative path is resolved anew at each use, as by SQLite's backup and by sled.
            PathResolvedAtEachUse "paths::relative_path_is_resolved_once",
            /// A symbolic link counts as a store of its own, separate from its target.
            LinksNotFollowed "paths::links_lead_to_one_store",
            /// A store continues to write after it was deleted, renamed or replaced.
            ExchangeUnnoticed "paths::exchanged_while_open",
            /// A newer format is reported as `Corrupted`.
            TooNewAsCorrupted "damage::newer_format_refused",
            /// A foreign handle is reported as `Engine`.
            ForeignAsEngine "handles::foreign_handle_refused_by_reads",
            /// Errors do not name the store.
            ErrorsWithoutPath "manifest::errors_name_their_place",
            /// Errors lose their cause, as in toyDB and OpenDAL, which flatten it to text.
            ErrorsWithoutSource "manifest::errors_name_their_place",
            /// A closed store can still be read.
            UsableAfterClose "closing::use_after_close_fails",
            /// Closing a closed store fails.
            CloseTwiceFails "closing::close_twice",
            /// Closing a store beside a transaction does nothing and reports success.
            CloseShrugs "closing::close_during_transaction",
            /// A store opened read-only accepts writes.
            ReadOnlyIsWritten "lifecycle::read_only_by_manifest",
            /// A second handle gets a store of its own instead of being locked out.
            SecondHandleOpens "lifecycle::second_handle_by_manifest",
            /// An absent store is created although the options forbid it.
            CreatesAgainstOptions "lifecycle::absent_is_not_created",
            /// Missing parent folders of a store are created, as by sled.
            CreatesFolders "lifecycle::unreachable_path_refused",
            /// The last commit is lost when the store is closed.
            CloseLosesLastCommit "lifecycle::reopened_data_is_there",
            /// The transactions of all stores share one static lock, as sled's do.
            StaticShared "lifecycle::two_stores_are_independent",
            /// A format of a later version is opened.
            NewerFormatOpened "damage::newer_format_refused",
            /// A file that is not a store is replaced by an empty store.
            DamageReplaced "damage::not_a_store_refused",
            /// Only a verification is said to detect damage, and it detects none.
            VerifiesNothing "damage::garbage_never_passes_for_data",
            /// A commit that has to survive the process stays in its memory, like Pebble's under
            /// go-ethereum.
            DurabilityLowered "durability::commits_outlive_the_process",
            /// A sync does nothing.
            SyncDoesNothing "durability::sync_makes_durable",
            /// The capabilities leave out the level that commits ask for by default.
            StrongestLevelMissing "durability::never_lowered",
            /// A backup misses a tree.
            BackupMissesTree "manifest::hot_backup",
            /// A backup overwrites an existing file at its path.
            BackupOverwrites "manifest::hot_backup",
            /// The capabilities deny that there is a backup.
            DeniesBackup "manifest::hot_backup",
            /// The capabilities claim a compaction that does not exist.
            ClaimsCompaction "manifest::compaction",
            /// The capabilities deny that a store can be opened read-only.
            DeniesReadOnly "lifecycle::read_only_by_manifest",
            /// The capabilities claim that a store can be opened read-only, which fails.
            ClaimsReadOnly "lifecycle::read_only_by_manifest",
            /// The capabilities claim optimistic transactions, but a second one waits.
            ClaimsOptimistic "isolation::conflict_by_manifest",
            /// The capabilities claim that several processes may open the store.
            ClaimsMultiProcess "lifecycle::second_handle_by_manifest",
            /// The capabilities deny that anything persists.
            DeniesPersistence "manifest::persistence_agrees_with_axes",
            /// The number of entries in a tree is an estimate.
            LenIsEstimate "manifest::counts_are_exact",
            /// The stats count every write as an entry.
            StatsCountWrites "manifest::counts_are_exact",
        }
    };
}

crate::__faults! {
    __define_faults
    /// One fault of a store, as a real engine or a layer above one had it; the engine is named
    /// where it is known.
    ///
    /// ```
    /// use arbour_conformance::faulty::Fault;
    /// assert_eq!(Fault::PrefixEndsAtFf.case(), "prefix::ff_inside_is_included");
    /// ```
    Fault;
}
